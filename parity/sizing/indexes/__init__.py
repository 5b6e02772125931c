"""Which queries of a load profile have no index, and which indexes would help."""

from parity.sizing.indexes.engine import advise
from parity.sizing.indexes.model import (
    Advice,
    Code,
    Judged,
    Options,
    Proposal,
    Tried,
    TryOut,
    Word,
)

__all__ = [
    "Advice",
    "Code",
    "Judged",
    "Options",
    "Proposal",
    "Tried",
    "TryOut",
    "Word",
    "advise",
]
