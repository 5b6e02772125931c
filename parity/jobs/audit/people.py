"""Rules of the classes that Parse itself knows: users, sessions, installations, roles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.duplicates import Rule
from parity.jobs.audit.references import ROLES
from parity.jobs.audit.schema import AUTH_DATA
from parity.jobs.audit.walk import Document
from parity.model.finding import Code

Check = Callable[[Document], None]

BCRYPT: Final = re.compile(r"\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
"""``$2b$10$`` and 22 characters of salt and 31 of hash; the cost is 4 to 31.

Source: OpenBSD bcrypt; parse-server ``src/password.js`` hashes with cost 10. Measured: 2.8.4 and
9.10.0 compare ``$2a$``, ``$2b$`` and ``$2y$``, and neither ``$2x$`` nor ``$2$``.
"""


def fold_case(text: str) -> str:
    """Fold text as the case-insensitive index compares: case away, accents kept.

    Source: parse-server ``MongoCollection.caseInsensitiveCollation`` (``en_US``, strength 2).
    """
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def rules_for(name: str, context: Context) -> list[Check]:
    """Return what checks each document of one of Parse's own classes; empty for other classes."""
    unique = [partial(context.duplicates.add, rule) for rule in UNIQUE if rule.collection == name]
    special: dict[str, list[Check]] = {
        "_User": [partial(_user, context), _AuthData(context)],
        "_Session": [partial(_session, context)],
        "_Role": [partial(_role, context)],
    }
    return [*special.get(name, []), *unique]


def _text(key: str, document: Mapping[str, Any]) -> str | None:
    value = document.get(key)
    return value if type(value) is str else None


def _device(document: Mapping[str, Any]) -> tuple[str, str] | None:
    token = _text("deviceToken", document)
    return None if not token else (token, _text("appIdentifier", document) or "")


def _unique(
    code: Code, collection: str, key: str, folded: Callable[[Any], Any] | None = None
) -> Rule:
    return Rule(code, collection, key, (key,), partial(_text, key), folded)


UNIQUE: Final = (
    _unique(codes.USERNAME_DUPLICATE, "_User", "username"),
    _unique(codes.USERNAME_CASE, "_User", "username", fold_case),
    _unique(codes.EMAIL_DUPLICATE, "_User", "email"),
    _unique(codes.EMAIL_CASE, "_User", "email", fold_case),
    _unique(codes.ROLE_DUPLICATE, "_Role", "name"),
    _unique(codes.SESSION_DUPLICATE, "_Session", "_session_token"),
    _unique(codes.INSTALLATION_DUPLICATE, "_Installation", "installationId"),
    Rule(
        codes.DEVICE_TOKEN_DUPLICATE,
        "_Installation",
        "deviceToken",
        ("deviceToken", "appIdentifier"),
        _device,
    ),
)


def _user(context: Context, document: Document) -> None:
    findings, identity = context.findings, document.get("_id")
    if _text("username", document) is None:
        findings.add(codes.USERNAME_MISSING, "_User", "username", identity)
    if "email" in document and document["email"] is None:
        findings.add(codes.EMAIL_NULL, "_User", "email", identity)
    if "authData" in document:
        findings.add(codes.AUTH_DATA_FIELD, "_User", "authData", identity)
    if isinstance(document.get("_session_token"), str):
        findings.add(codes.SESSION_LEGACY, "_User", "_session_token", identity)
    hashed = document.get("_hashed_password")
    if hashed is None:
        if not any(key.startswith("_auth_data_") and document[key] for key in document):
            findings.add(codes.PASSWORD_MISSING, "_User", "_hashed_password", identity)
    elif type(hashed) is not str or not BCRYPT.fullmatch(hashed):
        findings.add(codes.PASSWORD_UNSOUND, "_User", "_hashed_password", identity)


class _AuthData:
    """Notes the account of each provider; a rule for each provider is made when it is met."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.rules: dict[str, Rule] = {}

    def __call__(self, document: Document) -> None:
        for key in document:
            if key.startswith("_auth_data_") and AUTH_DATA.fullmatch(key):
                self.context.duplicates.add(self._rule(key), document)

    def _rule(self, key: str) -> Rule:
        if key not in self.rules:
            value = partial(_provider_id, key)
            name = f"{key}.id"
            self.rules[key] = Rule(codes.AUTH_DATA_DUPLICATE, "_User", name, (key,), value)
        return self.rules[key]


def _provider_id(key: str, document: Mapping[str, Any]) -> Any:
    data = document.get(key)
    identity = data.get("id") if type(data) is dict else None
    return identity if type(identity) in {str, int} else None


def _session(context: Context, document: Document) -> None:
    findings, identity = context.findings, document.get("_id")
    for key, there in (
        ("_session_token", _text("_session_token", document)),
        ("_p_user", document.get("_p_user")),
    ):
        if not there:
            findings.add(codes.SESSION_FORM, "_Session", key, identity)
    expires = document.get("expiresAt", document.get("_expiresAt"))
    if isinstance(expires, datetime) and expires < context.now:
        findings.add(codes.SESSION_EXPIRED, "_Session", "expiresAt", identity)


def _role(context: Context, document: Document) -> None:
    name = _text("name", document)
    if name is not None:
        context.references.present[ROLES].append(hash(name))
