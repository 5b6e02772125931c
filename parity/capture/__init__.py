"""Traffic in: the recording format, importers, and the recording reverse proxy."""
