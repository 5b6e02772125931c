"""What can be said of a query; what each code means is in ``codes.toml`` beside this module."""

from __future__ import annotations

from typing import Final

from parity.model.finding import read_catalogue

CODES: Final = read_catalogue(__file__)

NO_INDEX: Final = CODES["SIZE-NO-INDEX"]
UNSELECTIVE: Final = CODES["SIZE-UNSELECTIVE"]
SORT_IN_MEMORY: Final = CODES["SIZE-SORT-IN-MEMORY"]
NO_INDEX_HELPS: Final = CODES["SIZE-NO-INDEX-HELPS"]
# What speaks against an index that would help
KEY_TOO_LONG: Final = CODES["SIZE-KEY-TOO-LONG"]
PARALLEL_ARRAYS: Final = CODES["SIZE-PARALLEL-ARRAYS"]
TOO_MANY_INDEXES: Final = CODES["SIZE-TOO-MANY-INDEXES"]

BLOCKING: Final = frozenset({KEY_TOO_LONG, TOO_MANY_INDEXES})
"""A proposal with one of these cannot be built as it is."""
