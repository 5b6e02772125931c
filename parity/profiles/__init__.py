"""Load profiles: read, written, shipped, and derived from a recording."""

from parity.profiles.read import load_profile, read_profile
from parity.profiles.write import profile_toml

__all__ = ["load_profile", "profile_toml", "read_profile"]
