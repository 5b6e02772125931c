"""Which queries of a load profile have no index, and which indexes would help."""

from parity.indexes.engine import advise
from parity.indexes.model import (
    Advice,
    AdviceOptions,
    IndexUse,
    JudgedQuery,
    Proposal,
    Tried,
    TryOut,
)

__all__ = [
    "Advice",
    "AdviceOptions",
    "IndexUse",
    "JudgedQuery",
    "Proposal",
    "Tried",
    "TryOut",
    "advise",
]
