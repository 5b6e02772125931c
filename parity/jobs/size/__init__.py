"""Is the migrated MongoDB big enough? Profiles, load, probes, the knee, a verdict."""
