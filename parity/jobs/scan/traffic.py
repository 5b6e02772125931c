"""Which SDKs sent the requests of a recording, and whether they can follow the move."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from parity.capture.exchanges import RecordedRequest
from parity.capture.recording import open_recording
from parity.jobs.scan.codes import TRAFFIC_OLD, TRAFFIC_UNKNOWN
from parity.jobs.scan.model import ClientShare, Match, Place, Traffic, printable
from parity.jobs.scan.sdk import FLOORS, NAMES, can_move, sdk_of
from parity.model.plain import body_text
from parity.wire.headers import parse_client_version, read_auth

_LONGEST_BODY = 1024 * 1024


def read_traffic(path: Path, progress: Callable[[int], None] = lambda _: None) -> Traffic:
    """Count the client versions of a recording.

    Args:
        path: The recording.
        progress: Called with the number of requests read.

    Raises:
        RecordingError: It is missing, truncated or no recording.
    """
    requests: Counter[str] = Counter()
    lanes: dict[str, set[str]] = {}
    clients: set[str] = set()
    with open_recording(path) as recording:
        for number, exchange in enumerate(recording, 1):
            version = _version(exchange.request)
            requests[version] += 1
            lanes.setdefault(version, set()).add(exchange.lane)
            clients.add(exchange.lane)
            progress(number)
    shares = tuple(_share(each, count, len(lanes[each])) for each, count in requests.most_common())
    return Traffic(str(path), requests.total(), len(clients), shares)


def traffic_findings(traffic: Traffic) -> Iterator[Match]:
    """Yield the client versions that cannot follow the move, or of which nobody knows."""
    place = Place(traffic.recording, 0, 0)
    for share in traffic.shares:
        detail = (
            f"{share.version} ({share.sdk}): {share.requests:,} of {traffic.requests:,} requests, "
            f"{share.clients:,} of {traffic.clients:,} clients"
        )
        if share.can_move is False:
            yield Match(TRAFFIC_OLD, place, f"{detail}; needs {share.floor}")
        elif share.can_move is None and share.version:
            yield Match(TRAFFIC_UNKNOWN, place, detail)


def _version(request: RecordedRequest) -> str:
    headers = {name: value for name, value in request.headers}  # noqa: C416 - a list of pairs
    for name, value in request.headers:
        if name.lower() == "x-parse-client-version" and value.strip():
            return _printable(value)
    auth = read_auth(headers, _json(request.body))
    return _printable(auth.client_version or "") if auth else ""


def _json(body: bytes) -> object:
    if b"_ClientVersion" not in body or len(body) > _LONGEST_BODY:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _printable(text: str) -> str:
    return body_text(printable(text.strip()), 80)


def _share(version: str, requests: int, clients: int) -> ClientShare:
    parsed = parse_client_version(version)
    sdk = sdk_of(parsed.sdk) if parsed else None
    name = NAMES.get(sdk or "", parsed.sdk if parsed else "unknown")
    if not version:
        name = "REST or a client of your own"
    return ClientShare(
        version=version,
        sdk=name,
        requests=requests,
        clients=clients,
        can_move=can_move(sdk, parsed.version) if parsed else None,
        floor=FLOORS.get(sdk or ""),
    )
