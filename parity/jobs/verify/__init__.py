"""Proves that a migrated database holds what its source holds, and that it is sound."""
