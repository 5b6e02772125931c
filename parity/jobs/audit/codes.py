"""The finding codes of ``parity audit``, stable for scripts.

What each one means, what it breaks and how it is mended is in ``codes.toml`` beside this module;
:func:`explain` reads it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from parity.model.evidence import Severity


class Code(StrEnum):
    """One kind of unsoundness. The value is what users see."""

    # Objects and fields
    ID_TYPE = "AUD-ID-TYPE"
    TIMESTAMP_MISSING = "AUD-TIMESTAMP-MISSING"
    FIELD_TYPE = "AUD-FIELD-TYPE"
    FIELD_UNKNOWN = "AUD-FIELD-UNKNOWN"
    FIELD_NAME = "AUD-FIELD-NAME"
    KEY_UNKNOWN = "AUD-KEY-UNKNOWN"
    NUMBER_NOT_FINITE = "AUD-NUMBER-NOT-FINITE"
    GEO_RANGE = "AUD-GEO-RANGE"
    DOCUMENT_LARGE = "AUD-DOCUMENT-LARGE"
    HOSTED_API = "AUD-HOSTED-API"
    # Pointers and relations
    POINTER_MISSING = "AUD-POINTER-MISSING"
    POINTER_CLASS = "AUD-POINTER-CLASS"
    POINTER_FORM = "AUD-POINTER-FORM"
    JOIN_OWNER_MISSING = "AUD-JOIN-OWNER-MISSING"
    JOIN_RELATED_MISSING = "AUD-JOIN-RELATED-MISSING"
    JOIN_FORM = "AUD-JOIN-FORM"
    JOIN_FIELD = "AUD-JOIN-FIELD"
    JOIN_DUPLICATE = "AUD-JOIN-DUPLICATE"
    # Schema and class permissions
    SCHEMA_MISSING = "AUD-SCHEMA-MISSING"
    SCHEMA_TYPE = "AUD-SCHEMA-TYPE"
    CLASS_NAME = "AUD-CLASS-NAME"
    CLP_NO_COUNT = "AUD-CLP-NO-COUNT"
    CLP_INCOMPLETE = "AUD-CLP-INCOMPLETE"
    CLP_PRINCIPAL = "AUD-CLP-PRINCIPAL"
    # Access control of objects
    ACL_NULL = "AUD-ACL-NULL"
    ACL_FORM = "AUD-ACL-FORM"
    ACL_ONLY_LEGACY = "AUD-ACL-ONLY-LEGACY"
    ACL_NO_LEGACY = "AUD-ACL-NO-LEGACY"
    ACL_ONE_SIDED = "AUD-ACL-ONE-SIDED"
    ACL_DISAGREE = "AUD-ACL-DISAGREE"
    ACL_USER_MISSING = "AUD-ACL-USER-MISSING"
    ACL_ROLE_MISSING = "AUD-ACL-ROLE-MISSING"
    # Users, roles, sessions, installations
    USERNAME_MISSING = "AUD-USERNAME-MISSING"
    USERNAME_DUPLICATE = "AUD-USERNAME-DUPLICATE"
    USERNAME_CASE = "AUD-USERNAME-CASE"
    EMAIL_NULL = "AUD-EMAIL-NULL"
    EMAIL_DUPLICATE = "AUD-EMAIL-DUPLICATE"
    EMAIL_CASE = "AUD-EMAIL-CASE"
    PASSWORD_MISSING = "AUD-PASSWORD-MISSING"
    PASSWORD_UNSOUND = "AUD-PASSWORD-UNSOUND"
    AUTH_DATA_FIELD = "AUD-AUTH-DATA-FIELD"
    AUTH_DATA_DUPLICATE = "AUD-AUTH-DATA-DUPLICATE"
    ROLE_DUPLICATE = "AUD-ROLE-DUPLICATE"
    ROLE_CYCLE = "AUD-ROLE-CYCLE"
    SESSION_ORPHAN = "AUD-SESSION-ORPHAN"
    SESSION_EXPIRED = "AUD-SESSION-EXPIRED"
    SESSION_LEGACY = "AUD-SESSION-LEGACY"
    SESSION_FORM = "AUD-SESSION-FORM"
    SESSION_DUPLICATE = "AUD-SESSION-DUPLICATE"
    INSTALLATION_DUPLICATE = "AUD-INSTALLATION-DUPLICATE"
    DEVICE_TOKEN_DUPLICATE = "AUD-DEVICE-TOKEN-DUPLICATE"
    # Files
    FILE_HOSTED = "AUD-FILE-HOSTED"
    FILE_NO_KEY = "AUD-FILE-NO-KEY"
    FILE_MISSING = "AUD-FILE-MISSING"
    FILE_UNREACHABLE = "AUD-FILE-UNREACHABLE"
    FILE_ENCRYPTED = "AUD-FILE-ENCRYPTED"
    # Indexes
    INDEX_MISSING = "AUD-INDEX-MISSING"
    INDEX_NOT_UNIQUE = "AUD-INDEX-NOT-UNIQUE"
    INDEX_UNBUILDABLE = "AUD-INDEX-UNBUILDABLE"
    INDEX_KEY_LONG = "AUD-INDEX-KEY-LONG"
    # Accounts whose owners agreed
    LOGIN_PASSWORD = "AUD-LOGIN-PASSWORD"
    LOGIN_SESSION = "AUD-LOGIN-SESSION"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means.

    Attributes:
        title: What was found, in one line.
        severity: ``breaking``: the app notices; ``security``: somebody may read or do what they
            may not; ``benign``: worth knowing, and no reason to fail.
        breaks: What goes wrong.
        versions: In which Parse Server or MongoDB versions; empty: in all.
        mend: The query or command that mends it; ``{collection}`` and ``{field}`` are filled in.
        source: How we know.
    """

    title: str
    severity: Severity
    breaks: str
    mend: str
    source: str
    versions: str = ""


def explain(code: Code) -> Explanation:
    """Return what a code means."""
    return _catalogue()[code]


@cache
def _catalogue() -> dict[Code, Explanation]:
    text = Path(__file__).with_name("codes.toml").read_text(encoding="utf-8")
    return {Code(name): Explanation(**entry) for name, entry in tomllib.loads(text).items()}
