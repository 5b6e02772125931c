"""A migration from start to end, on this machine."""
