"""The JavaScript SDK through ``parity capture``: oldest and newest, as apps use them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from parity.capture.recording import RecordedExchange, open_recording
from parity.model import Target
from parity.stack import selfhosted_member, start_stack, stop_stack
from tests.cloud import CLOUD
from tests.sdk.install import NEW, OLD, VERSIONS
from tests.sdk.record import record_sdk

CLIENTS = 2


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Target]]:
    """An empty server for each SDK."""
    members = [replace(selfhosted_member(), name=name) for name in ("old", "new")]
    stack = start_stack(members, cloud=CLOUD)
    yield dict(zip((OLD, NEW), stack.targets, strict=True))
    stop_stack(stack)


def effective(exchange: RecordedExchange) -> str:
    """Return method and first part of the path below the mount, `_method` honoured."""
    fields = {}
    if exchange.request.body.startswith(b"{"):
        fields = json.loads(exchange.request.body)
    method = fields.get("_method", exchange.request.method)
    return f"{method} {exchange.request.url.split('?')[0].split('/')[2]}"


@pytest.mark.parametrize("sdk", [OLD, NEW])
def test_everything_that_the_sdk_says_is_recorded(
    servers: dict[str, Target], tmp_path: Path, sdk: str
) -> None:
    target = servers[sdk]
    out = tmp_path / "sdk.jsonl"
    footer = record_sdk(target, out, sdk, clients=CLIENTS)
    counts = footer.counts
    assert counts["seen"] == counts["kept"] == footer.exchanges >= 120 * CLIENTS
    assert not counts["no_response"]
    assert not counts["truncated"]
    with open_recording(out) as recording:
        assert recording.header.base_url == target.url
        exchanges = list(recording)
    assert all(
        exchange.response is not None and exchange.response.status < 500 for exchange in exchanges
    )
    lanes = Counter(exchange.lane.partition("-")[0] for exchange in exchanges)
    # `fetch` of a file's URL has neither an installation nor a session.
    assert lanes == {"installation": footer.exchanges - CLIENTS, "connection": CLIENTS}
    assert (
        len({exchange.lane for exchange in exchanges if exchange.lane.startswith("inst")})
        == CLIENTS + 1
    )
    seen = {effective(exchange) for exchange in exchanges}
    assert seen >= {
        "POST users", "POST classes", "GET classes", "PUT classes", "DELETE classes",
        "POST batch", "POST functions", "POST files", "GET files", "GET config", "PUT config",
        "POST logout", "GET users", "GET sessions", "POST installations", "PUT installations",
        "POST events",
    }  # fmt: skip
    versions = {
        json.loads(exchange.request.body).get("_ClientVersion")
        for exchange in exchanges
        if exchange.request.headers and b"_ClientVersion" in exchange.request.body
    }
    assert versions == {f"js{sdk}"}
    text = out.read_text("utf-8")
    for name, secret in target.secrets():
        assert secret.value not in text, name
    assert "sdk-password" not in text
    assert "@example.org" not in text


def test_the_locks_name_no_registry() -> None:
    for version in (OLD, NEW):
        lock = json.loads((VERSIONS / version / "package-lock.json").read_text("utf-8"))
        packages = {path: each for path, each in lock["packages"].items() if path}
        assert packages["node_modules/parse"]["version"] == version
        assert all("integrity" in package for package in packages.values())
        assert not any("resolved" in package for package in packages.values())
