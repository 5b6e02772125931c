"""The five outcomes of a check and the exit codes of a command."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """What became of one check on one target. Never merged with each other."""

    PASS = "pass"
    FAIL = "fail"
    KNOWN_DIFFERENCE = "known-difference"
    """A registered difference was observed, and nothing else differed."""
    UNSUPPORTED = "unsupported"
    """A probe said that the target cannot do this; the reason is shown."""
    ERROR = "error"
    """The harness or the network failed, so the server was not judged."""


class ExitCode(IntEnum):
    """Exit codes of every ``parity`` command; pytest keeps its own."""

    PASS = 0
    FAIL = 1
    CANNOT_JUDGE = 2
    """Configuration, network or truncated evidence."""
    INTERRUPTED = 130
