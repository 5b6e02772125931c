"""The rules of a scan; what each one means is in ``codes.toml`` beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parity.jobs.scan.model import Area
from parity.model.finding import Code, read_catalogue

CODES: Final = read_catalogue(__file__)

_MODULE: Final = "SCAN-MODULE-"
HOSTED_MODULES: Final[Mapping[str, Code]] = {
    name.removeprefix(_MODULE).lower(): code
    for name, code in CODES.items()
    if name.startswith(_MODULE)
}
"""Native modules of the hosted service: name for ``require`` to the rule about it."""

# Cloud code
SYNTAX: Final = CODES["SCAN-SYNTAX"]
CLOUD_PATH: Final = CODES["SCAN-CLOUD-PATH"]
REQUIRE_DYNAMIC: Final = CODES["SCAN-REQUIRE-DYNAMIC"]
HTTP_REQUEST: Final = CODES["SCAN-HTTP-REQUEST"]
USE_MASTER_KEY: Final = CODES["SCAN-USE-MASTER-KEY"]
RESPONSE_CALLBACK: Final = CODES["SCAN-RESPONSE-CALLBACK"]
NO_ANSWER: Final = CODES["SCAN-NO-ANSWER"]
JOB_STATUS: Final = CODES["SCAN-JOB-STATUS"]
JOB_SCHEDULE: Final = CODES["SCAN-JOB-SCHEDULE"]
BACKBONE_CALLBACK: Final = CODES["SCAN-BACKBONE-CALLBACK"]
PARSE_PROMISE: Final = CODES["SCAN-PARSE-PROMISE"]
BACKBONE_CLASS: Final = CODES["SCAN-BACKBONE-CLASS"]
CURRENT_USER: Final = CODES["SCAN-CURRENT-USER"]
PUSH_NO_MASTER: Final = CODES["SCAN-PUSH-NO-MASTER"]
ANALYTICS: Final = CODES["SCAN-ANALYTICS"]
CONFIG: Final = CODES["SCAN-CONFIG"]
HOSTING_MODULE: Final = CODES["SCAN-HOSTING-MODULE"]
HOSTING_LISTEN: Final = CODES["SCAN-HOSTING-LISTEN"]
DEFINITION_UNKNOWN: Final = CODES["SCAN-DEFINITION-UNKNOWN"]
CLOUD_URL: Final = CODES["SCAN-CLOUD-URL"]
# Clients
CLIENT_URL: Final = CODES["SCAN-CLIENT-URL"]
CLIENT_INIT: Final = CODES["SCAN-CLIENT-INIT"]
CLIENT_KEY: Final = CODES["SCAN-CLIENT-KEY"]
CLIENT_MASTER_KEY: Final = CODES["SCAN-CLIENT-MASTER-KEY"]
CLIENT_ATS: Final = CODES["SCAN-CLIENT-ATS"]
SERVER_MASTER_KEY: Final = CODES["SCAN-SERVER-MASTER-KEY"]
SDK_OLD: Final = CODES["SCAN-SDK-OLD"]
SDK_UNKNOWN: Final = CODES["SCAN-SDK-UNKNOWN"]
# Recorded traffic
TRAFFIC_OLD: Final = CODES["SCAN-TRAFFIC-OLD"]
TRAFFIC_UNKNOWN: Final = CODES["SCAN-TRAFFIC-UNKNOWN"]

_CLIENT_KINDS: Final = ("CLIENT", "SDK", "SERVER")
_FLOORED: Final = (SDK_OLD, SDK_UNKNOWN, TRAFFIC_OLD)
_FIRST_GOOD: Final = "First good versions: "


def area_of(code: Code) -> Area:
    """Return what a rule reads."""
    kind = code.id.split("-")[1]
    if kind in _CLIENT_KINDS:
        return "clients"
    return "traffic" if kind == "TRAFFIC" else "cloud-code"


def since(code: Code) -> str:
    """Return from which version on a rule is so.

    Returns:
        A Parse Server version (``3.0.0``), ``any``, ``before 2.1.4``, or the first versions of
        SDKs that are not concerned (``iOS 1.12, …``).
    """
    if code in _FLOORED:
        return code.effect.removeprefix(_FIRST_GOOD).rstrip(".")
    if code.versions.startswith("<"):
        return f"before {code.versions[1:]}"
    return code.versions.removeprefix(">=") or "any"


def when(code: Code) -> str:
    """Return :func:`since` as a sentence; empty if it is so everywhere."""
    if code in _FLOORED:
        return code.effect
    if code.versions.startswith("<"):
        return f"Parse Server {since(code)} only."
    return f"Since Parse Server {since(code)}." if code.versions else ""


def explained(code: Code) -> str:
    """Return why a rule is there, since when, and where that can be read."""
    return " ".join(text for text in (code.cause, when(code), f"Source: {code.source}.") if text)
