"""Equality of Parse values, matchers for minted values, and the register of known differences."""

from parity.compare.known import (
    KnownDifference,
    Recognition,
    Register,
    Severity,
    Traffic,
    load_register,
)
from parity.compare.matchers import (
    AnyOf,
    Anything,
    Containing,
    Matcher,
    Matching,
    Unordered,
    a_date,
    a_session_token,
    an_object_id,
)
from parity.compare.values import describe, differences

__all__ = [
    "AnyOf",
    "Anything",
    "Containing",
    "KnownDifference",
    "Matcher",
    "Matching",
    "Recognition",
    "Register",
    "Severity",
    "Traffic",
    "Unordered",
    "a_date",
    "a_session_token",
    "an_object_id",
    "describe",
    "differences",
    "load_register",
]
