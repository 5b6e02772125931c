"""Settings of the property tests of this folder."""

from __future__ import annotations

from hypothesis import settings

# A deadline is an assertion on wall-clock time, and the machine may be busy.
settings.register_profile("parity", deadline=None)
settings.load_profile("parity")
