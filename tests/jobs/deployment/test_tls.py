"""TLS: each fault on a real handshake, and a good server without any."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from demo.proxy import Answer, TlsProxy
from parity.jobs.deployment import DeploymentOptions, codes
from parity.jobs.deployment.http import HttpSession
from parity.jobs.deployment.tls import _matches, check_tls, verifies
from parity.model import Outcome, Secret, Style, Target, TargetDown
from parity.model.judged import Judged
from tests.jobs.deployment.world import Authority, page

NOW = datetime.now(UTC)
HEALTH = '{"status":"ok"}'


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None, *headers: tuple[str, str]) -> Iterator[TlsProxy]:
    """Run something that answers every path, with this certificate."""

    async def answer(request: object) -> Answer:
        return Answer(200, [("Content-Type", "application/json"), *headers], HEALTH.encode())

    with TlsProxy(context, pages={"/": answer}) as proxy:
        yield proxy


def looked(
    authority: Authority | None,
    context: ssl.SSLContext | None,
    *,
    host: str = "localhost",
    http_port: int = 1,
    headers: tuple[tuple[str, str], ...] = (),
) -> Judged:
    with serving(context, *headers) as proxy:
        scheme = "http" if context is None else "https"
        url = f"{scheme}://{host}:{proxy.port}/parse"
        ca = None if authority is None else authority.file
        http = HttpSession(Target("x", Style.PARSE_SERVER, url, Secret("app"), ca=ca))
        try:
            return check_tls(http, DeploymentOptions(http_port=http_port))
        finally:
            http.close()


def from_tls_1_0(context: ssl.SSLContext, highest: ssl.TLSVersion) -> ssl.SSLContext:
    """Let a server speak what is broken, up to a version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, highest
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def codes_of(found: Judged) -> set[str]:
    return {finding.code for finding in found.findings}


def test_a_good_certificate_passes(authority: Authority) -> None:
    found = looked(authority, authority.context())

    assert (found.outcome, found.findings) == (Outcome.PASS, ())
    assert "TLS 1.3; a certificate by trustme" in found.seen
    assert "nothing older than 1.2; no HSTS" in found.seen
    assert verifies(found)


def test_hsts_is_noted(authority: Authority) -> None:
    header = ("Strict-Transport-Security", "max-age=1")
    assert "HSTS is set" in looked(authority, authority.context(), headers=(header,)).seen


def test_an_address_without_tls_fails() -> None:
    found = looked(None, None)

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, {codes.TLS_NONE.id})


def test_an_authority_that_nobody_trusts_fails(authority: Authority) -> None:
    found = looked(None, authority.context())

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, {codes.TLS_CHAIN.id})
    assert not verifies(found)


def test_a_missing_intermediate_fails(authority: Authority) -> None:
    intermediate = authority.ca.create_child_ca()
    leaf = intermediate.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with leaf.private_key_and_cert_chain_pem.tempfile() as whole:
        context.load_cert_chain(whole)
    assert looked(authority, context).outcome is Outcome.PASS

    alone = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    blob = trustme.Blob(leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes())
    with blob.tempfile() as without:
        alone.load_cert_chain(without)
    assert codes_of(looked(authority, alone)) == {codes.TLS_CHAIN.id}


def test_a_certificate_for_another_host_fails(authority: Authority) -> None:
    found = looked(authority, authority.context("parse.example"))

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, {codes.TLS_HOST.id})
    assert "it is for parse.example" in found.findings[0].seen


def test_an_expired_certificate_fails(authority: Authority) -> None:
    context = authority.context(
        not_before=NOW - timedelta(days=90), not_after=NOW - timedelta(days=1)
    )
    found = looked(authority, context)

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, {codes.TLS_EXPIRED.id})
    assert not verifies(found)


def test_every_fault_of_a_certificate_is_told_at_once(authority: Authority) -> None:
    context = authority.context(
        "parse.example", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)
    )

    assert codes_of(looked(None, context)) == {
        codes.TLS_EXPIRED.id,
        codes.TLS_HOST.id,
        codes.TLS_CHAIN.id,
    }


def test_a_certificate_that_is_not_valid_yet_fails(authority: Authority) -> None:
    context = authority.context(
        not_before=NOW + timedelta(days=1), not_after=NOW + timedelta(days=90)
    )

    assert codes_of(looked(authority, context)) == {codes.TLS_NOT_YET.id}


@pytest.mark.parametrize(
    ("days", "outcome", "code"),
    [
        (13, Outcome.FAIL, codes.TLS_EXPIRES_SOON.id),
        (15, Outcome.PASS, codes.TLS_RENEW.id),
        (29, Outcome.PASS, None),
    ],
)
def test_a_certificate_that_ends_soon_fails_and_later_warns(
    authority: Authority, days: int, outcome: Outcome, code: str | None
) -> None:
    end = NOW + timedelta(days=days, hours=6)
    found = looked(authority, authority.context(not_after=end))

    assert (found.outcome, codes_of(found)) == (outcome, {code} if code else set())
    assert verifies(found)


def test_old_protocols_fail(authority: Authority) -> None:
    found = looked(authority, from_tls_1_0(authority.context(), ssl.TLSVersion.TLSv1_3))

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, {codes.TLS_OLD_PROTOCOL.id})
    assert "TLS 1.0 and TLS 1.1 accepted" in found.findings[0].seen
    assert verifies(found)


def test_a_server_of_old_protocols_only_fails(authority: Authority) -> None:
    found = looked(authority, from_tls_1_0(authority.context(), ssl.TLSVersion.TLSv1_1))

    assert found.outcome is Outcome.FAIL
    assert codes.TLS_HANDSHAKE.id in codes_of(found)
    assert not verifies(found)


def test_the_api_without_tls_beside_it_fails(authority: Authority) -> None:
    with serving(None) as plain:
        found = looked(authority, authority.context(), http_port=plain.port)

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, {codes.TLS_PLAIN_HTTP.id})


@pytest.mark.parametrize(
    ("status", "location", "found"),
    [
        (301, "https://localhost/parse/health", set()),
        (302, "http://elsewhere.example/", {codes.TLS_PLAIN_HTTP.id}),
        (404, "", set()),
        (200, "", set()),
    ],
)
def test_what_else_answers_without_tls_is_no_matter(
    authority: Authority, status: int, location: str, found: set[str]
) -> None:
    other = page("<h1>nginx</h1>", status, *([("Location", location)] if location else []))
    with TlsProxy(None, pages={"/": other}) as plain:
        assert codes_of(looked(authority, authority.context(), http_port=plain.port)) == found


def test_a_port_that_speaks_no_tls_fails() -> None:
    with serving(None) as proxy:
        url = f"https://localhost:{proxy.port}/parse"
        found = check_tls(
            HttpSession(Target("x", Style.PARSE_SERVER, url, Secret("a"))), DeploymentOptions()
        )

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, {codes.TLS_HANDSHAKE.id})


def test_a_server_that_hangs_up_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    listener.accept()[0].close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/parse"
        found = check_tls(
            HttpSession(Target("x", Style.PARSE_SERVER, url, Secret("a"))), DeploymentOptions()
        )
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(20)

    assert codes_of(found) == {codes.TLS_HANDSHAKE.id}


def test_nobody_there_is_an_error_and_no_finding() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"https://127.0.0.1:{port}/parse"
    with pytest.raises(TargetDown, match="not reachable"):
        check_tls(
            HttpSession(Target("x", Style.PARSE_SERVER, url, Secret("a"))), DeploymentOptions()
        )


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("parse.example", "PARSE.example.", True),
        ("*.example.org", "parse.example.org", True),
        ("*.example.org", "a.parse.example.org", False),
        ("*.example.org", "example.org", False),
        ("*.org", "example.org", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("parse.example", "127.0.0.1", False),
    ],
)
def test_a_name_covers_a_host(name: str, host: str, covered: bool) -> None:  # noqa: FBT001
    assert _matches(name, host) is covered
