"""Which queries of a load profile have no index, and which indexes would help."""

from parity.indexes.engine import advise
from parity.indexes.model import (
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
