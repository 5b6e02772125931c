"""Traffic in: recordings, importers, and the capture proxy."""
