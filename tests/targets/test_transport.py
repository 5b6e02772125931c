"""A private certificate authority, and the address that connections come from."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import trustme

from demo.proxy import TlsProxy
from parity.model import Secret, Style, Target, TargetDown
from parity.targets.transport import Transport
from tests.fake_parse import FakeParse


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def proxy(authority: trustme.CA, fake_parse: FakeParse) -> Iterator[TlsProxy]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with TlsProxy(context, fake_parse.target().url.rpartition("/")[0]) as running:
        yield running


def asked(target: Target, source_address: str | None = None) -> int:
    transport = Transport(target, source_address=source_address)
    try:
        prepared = transport.prepare(requests.Request("GET", f"{target.url}/health"))
        return transport.send(prepared, 20)[0].status_code
    finally:
        transport.close()


def test_a_private_authority_is_trusted_where_it_is_named(
    proxy: TlsProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    target = Target("x", Style.PARSE_SERVER, f"{proxy.origin}/parse", Secret("app"))

    with pytest.raises(TargetDown, match="certificate"):
        asked(target)

    assert asked(replace(target, ca=file)) > 0


def test_the_host_name_is_checked_with_a_private_authority_too(
    proxy: TlsProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    url = f"https://127.0.0.1:{proxy.port}/parse"

    with pytest.raises(TargetDown, match=r"127\.0\.0\.1"):
        asked(Target("x", Style.PARSE_SERVER, url, Secret("app"), ca=file))
