"""The Parse protocol, once: types, ids, operators, errors, headers, queries; and redaction."""

from parity.wire.errors import ErrorCode, ParseError, parse_error
from parity.wire.headers import (
    Auth,
    ClientVersion,
    auth_body,
    auth_headers,
    basic_auth,
    parse_client_version,
    read_auth,
)
from parity.wire.redaction import Redactor

__all__ = [
    "Auth",
    "ClientVersion",
    "ErrorCode",
    "ParseError",
    "Redactor",
    "auth_body",
    "auth_headers",
    "basic_auth",
    "parse_client_version",
    "parse_error",
    "read_auth",
]
