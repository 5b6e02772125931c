"""The checks of ``parity deployment`` and its finding codes, stable for scripts.

What each one means is in ``codes.toml`` beside this module; :func:`explain` reads it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from parity.model.evidence import Severity


class Check(StrEnum):
    """What is judged, in the order in which it is judged. Gate 11 names each of them."""

    TLS = "tls"
    HEALTH = "health"
    CORS = "cors"
    LATENCY = "latency"
    DEFAULT_KEYS = "default-keys"
    MASTER_KEY = "master-key"
    DASHBOARD = "dashboard"
    PUBLIC_URL = "public-url"
    RESTART = "restart"


TITLES: dict[Check, str] = {
    Check.TLS: "The server speaks TLS as it should, and its certificate is good for a while.",
    Check.HEALTH: "The server says that it is well, each time and itself.",
    Check.CORS: "The app's web pages may call the server.",
    Check.LATENCY: "The database is near the server.",
    Check.DEFAULT_KEYS: "No key is one that everybody knows or can guess.",
    Check.MASTER_KEY: "The master key is of no use from outside.",
    Check.DASHBOARD: "The dashboard lets nobody in without a login of its own.",
    Check.PUBLIC_URL: "URLs that the server hands out lead back to it.",
    Check.RESTART: "Data, sessions and files survive a restart.",
}


class Code(StrEnum):
    """One thing that is wrong with a deployed server."""

    TLS_NONE = "DEP-TLS-NONE"
    TLS_HANDSHAKE = "DEP-TLS-HANDSHAKE"
    TLS_CHAIN = "DEP-TLS-CHAIN"
    TLS_HOST = "DEP-TLS-HOST"
    TLS_EXPIRED = "DEP-TLS-EXPIRED"
    TLS_NOT_YET = "DEP-TLS-NOT-YET"
    TLS_EXPIRES_SOON = "DEP-TLS-EXPIRES-SOON"
    TLS_RENEW = "DEP-TLS-RENEW"
    TLS_OLD_PROTOCOL = "DEP-TLS-OLD-PROTOCOL"
    TLS_PLAIN_HTTP = "DEP-TLS-PLAIN-HTTP"
    HEALTH_STATUS = "DEP-HEALTH-STATUS"
    HEALTH_FLAPS = "DEP-HEALTH-FLAPS"
    HEALTH_CACHED = "DEP-HEALTH-CACHED"
    CORS_PREFLIGHT = "DEP-CORS-PREFLIGHT"
    CORS_ORIGIN = "DEP-CORS-ORIGIN"
    CORS_TWICE = "DEP-CORS-TWICE"
    CORS_HEADERS = "DEP-CORS-HEADERS"
    CORS_METHODS = "DEP-CORS-METHODS"
    CORS_FOREIGN = "DEP-CORS-FOREIGN"
    CORS_ANY = "DEP-CORS-ANY"
    LATENCY_FAR = "DEP-LATENCY-FAR"
    KEY_DEFAULT = "DEP-KEY-DEFAULT"
    KEY_ANY = "DEP-KEY-ANY"
    KEY_WEAK = "DEP-KEY-WEAK"
    KEY_SAME = "DEP-KEY-SAME"
    KEY_CLIENT_WEAK = "DEP-KEY-CLIENT-WEAK"
    MASTER_REACHABLE = "DEP-MASTER-REACHABLE"
    MASTER_SPOOF = "DEP-MASTER-SPOOF"
    DASHBOARD_OPEN = "DEP-DASHBOARD-OPEN"
    DASHBOARD_LOGIN = "DEP-DASHBOARD-LOGIN"
    DASHBOARD_PLAIN = "DEP-DASHBOARD-PLAIN"
    PLAYGROUND_OPEN = "DEP-PLAYGROUND-OPEN"
    GRAPHQL_OPEN = "DEP-GRAPHQL-OPEN"
    URL_LOCATION = "DEP-URL-LOCATION"
    URL_FILE = "DEP-URL-FILE"
    URL_FILE_UNREADABLE = "DEP-URL-FILE-UNREADABLE"
    RESTART_NOT_BACK = "DEP-RESTART-NOT-BACK"
    RESTART_USER = "DEP-RESTART-USER"
    RESTART_SESSION = "DEP-RESTART-SESSION"
    RESTART_OBJECT = "DEP-RESTART-OBJECT"
    RESTART_FILE = "DEP-RESTART-FILE"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means.

    Attributes:
        severity: What it does to an app.
        fails: Whether its check fails; otherwise it is a warning.
        cause: What is wrong, and why it matters.
        remedy: What to do.
        source: Where the demand comes from.
    """

    severity: Severity
    fails: bool
    cause: str
    remedy: str
    source: str


def explain(code: Code) -> Explanation:
    """Return what a code means."""
    return _catalogue()[code]


@cache
def _catalogue() -> dict[Code, Explanation]:
    text = Path(__file__).with_name("codes.toml").read_text(encoding="utf-8")
    return {Code(name): Explanation(**entry) for name, entry in tomllib.loads(text).items()}
