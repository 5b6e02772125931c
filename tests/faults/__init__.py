"""Deliberately wrong servers: a proxy that breaks one behaviour, and the proof that we notice."""
