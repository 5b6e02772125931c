"""Is the migrated MongoDB big enough for the traffic? Profiles, load, probes, the knee, a verdict."""
