"""Rules of the classes that Parse itself knows: users, sessions, installations, roles, hooks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from bson import Int64

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.duplicates import Rule
from parity.jobs.audit.references import ROLES
from parity.jobs.audit.schema import AUTH_DATA
from parity.jobs.audit.values import describe
from parity.jobs.audit.walk import Document
from parity.model.finding import Code

Check = Callable[[Document], None]

_ADDRESS: Final = re.compile(r".+@.+", re.DOTALL)
"""Source: parse-server ``RestWrite._validateEmail``: ``/^.+@.+$/``."""
_TEXT_IDS: Final = frozenset(
    f"_auth_data_{name}" for name in ("facebook", "twitter", "google", "apple", "anonymous")
)
"""Providers whose SDKs send ids as text, so that a number is never found."""

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
        "_Installation": [partial(_installation, context)],
        "_Hooks": [partial(_hook, context)],
        "_GlobalConfig": [partial(_config, context)],
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
    if not _text("username", document):
        findings.add(codes.USERNAME_MISSING, "_User", "username", identity)
    if "email" in document and document["email"] is None:
        findings.add(codes.EMAIL_NULL, "_User", "email", identity)
    address = document.get("email")
    if type(address) is str and not _ADDRESS.fullmatch(address):
        findings.add(codes.EMAIL_FORM, "_User", "email", identity)
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
        for key, value in document.items():
            if key.startswith("_auth_data_") and AUTH_DATA.fullmatch(key):
                self.context.duplicates.add(self._rule(key), document)
                if value is not None and (flaw := _auth_data_flaw(key, value)):
                    findings, identity = self.context.findings, document.get("_id")
                    findings.add(codes.AUTH_DATA_FORM, "_User", key, identity, flaw)

    def _rule(self, key: str) -> Rule:
        if key not in self.rules:
            value = partial(_provider_id, key)
            name = f"{key}.id"
            self.rules[key] = Rule(codes.AUTH_DATA_DUPLICATE, "_User", name, (key,), value)
        return self.rules[key]


def _hook(context: Context, document: Document) -> None:
    for_what = _text("functionName", document) or (
        _text("className", document) and _text("triggerName", document)
    )
    if not for_what or not _text("url", document):
        context.findings.add(codes.HOOK_FORM, "_Hooks", "", document.get("_id"))


def _config(context: Context, document: Document) -> None:
    identity, parameters = document.get("_id"), document.get("params")
    flaw = ""
    if type(identity) not in {int, float, Int64} or identity != 1:
        flaw = f"the _id is {describe(identity)}, not the number 1"
    elif type(parameters) is not dict:
        flaw = f"params is {describe(parameters)}"
    elif type(document.get("masterKeyOnly", {})) is not dict:
        flaw = f"masterKeyOnly is {describe(document['masterKeyOnly'])}"
    if flaw:
        context.findings.add(codes.CONFIG_FORM, "_GlobalConfig", "", identity, flaw)


def _auth_data_flaw(key: str, value: Any) -> str:
    """Say what keeps a log-in from finding a user's account of a provider; empty: nothing."""
    if type(value) is not dict:
        return f"{describe(value)} instead of object"
    identity = value.get("id")
    if type(identity) is str and identity:
        return ""
    if type(identity) is int and key not in _TEXT_IDS:
        return ""
    return "no id" if identity is None else f"the id is {describe(identity)}, not text"


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
    if expires is None:
        findings.add(codes.SESSION_ENDLESS, "_Session", "expiresAt", identity)
    else:
        context.sessions_end = True
    if isinstance(expires, datetime) and expires < context.now:
        findings.add(codes.SESSION_EXPIRED, "_Session", "expiresAt", identity)


def _role(context: Context, document: Document) -> None:
    name, identity = _text("name", document), document.get("_id")
    if name is not None:
        context.references.present[ROLES].append(hash(name))
    if not name:
        context.findings.add(codes.ROLE_NAME, "_Role", "name", identity)
    if not {"_rperm", "_wperm", "_acl", "ACL"} & document.keys():
        context.findings.add(codes.ROLE_OPEN, "_Role", "", identity)


def _installation(context: Context, document: Document) -> None:
    if not _text("deviceToken", document) and not _text("installationId", document):
        identity = document.get("_id")
        context.findings.add(codes.INSTALLATION_FORM, "_Installation", "", identity)
