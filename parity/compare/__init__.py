"""Equality of Parse values, matchers for minted values, and the register of known differences."""

from parity.compare.asked import Asked, When
from parity.compare.known import KnownDifference, Register, Severity, load_register
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
from parity.compare.shown import Looks, Recognition, Shown, Shows, Traffic
from parity.compare.values import describe, differences

__all__ = [
    "AnyOf",
    "Anything",
    "Asked",
    "Containing",
    "KnownDifference",
    "Looks",
    "Matcher",
    "Matching",
    "Recognition",
    "Register",
    "Severity",
    "Shown",
    "Shows",
    "Traffic",
    "Unordered",
    "When",
    "a_date",
    "a_session_token",
    "an_object_id",
    "describe",
    "differences",
    "load_register",
]
