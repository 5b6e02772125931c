"""``parity indexes``: the index advisor of :mod:`parity.indexes` as a job."""
