"""The conditions of a migration on a real mongod with authentication on."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pymongo import MongoClient

from parity.jobs.preflight import codes
from parity.jobs.preflight.codes import CODES
from parity.jobs.preflight.conditions import Limits
from parity.jobs.preflight.engine import PreflightOptions, PreflightReport, preflight
from parity.jobs.preflight.status import MigrationStatus
from parity.model import Outcome, Secret, UserError
from parity.model.finding import Code
from tests.jobs.preflight.delay import delaying_proxy
from tests.mongod import Mongod, running_mongod

Client = MongoClient[dict[str, Any]]

PASSWORD = "p@ss/word"
ROLES = {
    "owner": [{"role": "dbOwner", "db": "app"}],
    "reader": [{"role": "read", "db": "app"}],
    "writer": [{"role": "readWrite", "db": "app"}],
    "both": [{"role": "readWrite", "db": "app"}, {"role": "dbAdmin", "db": "app"}],
    "elsewhere": [{"role": "dbOwner", "db": "other"}],
    "everywhere": [{"role": "root", "db": "admin"}],
    "watcher": [
        {"role": "dbOwner", "db": "app"},
        {"role": "clusterMonitor", "db": "admin"},
    ],
}
FAST = PreflightOptions(pings=20, timeout_s=2.0, limits=Limits(60_000, 60_000))


@dataclass(frozen=True, slots=True)
class Guarded:
    """A mongod that asks for a user."""

    mongod: Mongod

    def uri(self, user: str, database: str = "app", port: int | None = None) -> Secret:
        address = f"127.0.0.1:{port or self.mongod.port}"
        options = "authSource=admin&directConnection=true"
        return Secret(f"mongodb://{user}:{quote(PASSWORD, safe='')}@{address}/{database}?{options}")


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with running_mongod("--auth") as mongod:
        # The localhost exception: the first user is made without one.
        with mongod.client() as client:
            _make(client, "everywhere")
        there = Guarded(mongod)
        with _administrator(there) as client:
            for user in ROLES.keys() - {"everywhere"}:
                _make(client, user)
        yield there


def _make(client: Client, user: str) -> None:
    client.admin.command("createUser", user, pwd=PASSWORD, roles=ROLES[user])


def _administrator(there: Guarded) -> Client:
    return MongoClient(there.uri("everywhere", "admin").value)


def _code(report: PreflightReport, code: Code) -> Outcome:
    [found] = [each.outcome for each in report.judged if each.name == code.id]
    return found


def _measured(report: PreflightReport, code: Code) -> str:
    [found] = [each.seen for each in report.judged if each.name == code.id]
    return found


def _failed(report: PreflightReport) -> set[Code]:
    return {CODES[each.name] for each in report.judged if each.outcome is Outcome.FAIL}


@pytest.mark.parametrize("code", CODES.values(), ids=str)
def test_every_code_says_what_it_means(code: Code) -> None:
    assert code.title.endswith(".")
    assert code.cause
    assert code.remedy
    assert code.source


def test_a_fit_database_fails_nothing() -> None:
    with running_mongod(replica_set=True) as mongod:
        options = PreflightOptions(
            hosted_bytes=1000,
            parse_server="8.6.94",
            status=MigrationStatus("copying", retries=0),
            pings=20,
            limits=Limits(60_000, 60_000, clock_s=60),
        )
        report = preflight(Secret(mongod.database_uri("app")), "selfhosted", options)
    assert {each.outcome for each in report.judged} == {Outcome.PASS}
    assert not any(each.warns for each in report.judged)
    assert {each.name for each in report.judged} == set(CODES)
    assert report.mongo_version is not None


# Reachable


def test_a_host_that_nobody_knows() -> None:
    report = preflight(Secret("mongodb://no-such-host.invalid/app"), "selfhosted", FAST)
    assert _failed(report) == {codes.DNS}


def test_a_srv_name_that_nobody_knows() -> None:
    report = preflight(Secret("mongodb+srv://no-such-host.invalid/app"), "selfhosted", FAST)
    assert _failed(report) == {codes.DNS}


def test_a_port_that_refuses() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        report = preflight(Secret(f"mongodb://127.0.0.1:{port}/app"), "selfhosted", FAST)
    assert _failed(report) == {codes.REFUSED}
    assert _code(report, codes.DNS) is Outcome.PASS


def test_a_port_that_accepts_and_says_nothing() -> None:
    options = PreflightOptions(timeout_s=0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        report = preflight(Secret(f"mongodb://127.0.0.1:{port}/app"), "selfhosted", options)
    assert _failed(report) == {codes.TIMEOUT}
    assert report.latency is None


def test_tls_where_mongodb_has_none(guarded: Guarded) -> None:
    uri = Secret(guarded.uri("owner").value + "&tls=true")
    assert _failed(preflight(uri, "selfhosted", FAST)) == {codes.TLS}


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    key, cert, both = (tmp_path / name for name in ("key.pem", "cert.pem", "both.pem"))
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both


def test_mongodb_that_wants_tls(certificate: Path) -> None:
    arguments = ("--tlsMode=requireTLS", f"--tlsCertificateKeyFile={certificate}")
    options = PreflightOptions(pings=20, timeout_s=2.0)
    with running_mongod(*arguments) as mongod:
        plain = preflight(Secret(mongod.database_uri("app")), "selfhosted", options)
        strange = mongod.database_uri("app?tls=true&directConnection=true")
        untrusted = preflight(Secret(strange), "selfhosted", options)
        good = preflight(Secret(f"{strange}&tlsCAFile={certificate}"), "selfhosted", options)
    assert _failed(plain) == {codes.TLS}
    assert "does not ask for it" in _measured(plain, codes.TLS)
    assert _failed(untrusted) == {codes.TLS}
    assert "certificate" in _measured(untrusted, codes.TLS)
    assert _code(good, codes.TLS) is Outcome.PASS
    assert _measured(good, codes.ENCRYPTION) == "TLS"


@pytest.mark.parametrize("user", ["nobody:x@", "owner:wrong@", ""])
def test_a_user_that_is_not_accepted(guarded: Guarded, user: str) -> None:
    uri = f"mongodb://{user}127.0.0.1:{guarded.mongod.port}/app"
    report = preflight(Secret(uri + ("?authSource=admin" if user else "")), "selfhosted", FAST)
    assert _failed(report) == {codes.AUTH}


def test_nothing_of_the_uri_is_shown(guarded: Guarded) -> None:
    for user in ("owner", "nobody"):
        report = preflight(guarded.uri(user), "selfhosted", FAST)
        for each in report.judged:
            assert PASSWORD not in str((each.seen, each.findings))
            assert quote(PASSWORD, safe="") not in str((each.seen, each.findings))


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("mongodb://user:p@ss@host/app", "mongo-uri"),
        ("postgres://host/app", "mongo-uri"),
        ("mongodb://host/app?authMechanism=nonsense", "mongo-uri"),
        ("mongodb://host:99999/app", "mongo-uri"),
        ("mongodb://host", "mongo-database"),
    ],
)
def test_a_uri_that_is_none(uri: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        preflight(Secret(uri), "selfhosted")
    assert caught.value.code == code
    assert "p@ss" not in str(caught.value)


# The guide's conditions


@pytest.mark.parametrize(
    ("user", "fits"),
    [
        ("owner", True),
        ("both", True),
        ("everywhere", True),
        ("watcher", True),
        ("reader", False),
        ("writer", False),
        ("elsewhere", False),
    ],
)
def test_rights_are_read_and_not_guessed(guarded: Guarded, user: str, *, fits: bool) -> None:
    report = preflight(guarded.uri(user), "selfhosted", FAST)
    assert _code(report, codes.AUTH) is Outcome.PASS
    assert (codes.PRIVILEGES not in _failed(report)) is fits
    if user == "reader":
        assert "insert" in _measured(report, codes.PRIVILEGES)


def test_a_destination_with_collections(guarded: Guarded) -> None:
    with _administrator(guarded) as client:
        client["app"].create_collection("_User")
        try:
            report = preflight(guarded.uri("owner"), "selfhosted", FAST)
        finally:
            client.drop_database("app")
    assert _failed(report) == {codes.NOT_EMPTY}
    assert "_User" in _measured(report, codes.NOT_EMPTY)
    assert codes.NOT_EMPTY not in _failed(preflight(guarded.uri("owner"), "selfhosted", FAST))


def test_room_for_ten_times_the_hosted_size(mongod: Mongod) -> None:
    name = f"room-{uuid.uuid4().hex[:8]}"
    uri = Secret(mongod.database_uri(name))
    with mongod.client() as client:
        disk = client["admin"].command("dbStats")
    total = int(disk["fsTotalSize"])
    for size, expected in ((total, Outcome.FAIL), (1, Outcome.PASS), (None, Outcome.UNSUPPORTED)):
        options = PreflightOptions(hosted_bytes=size, pings=1)
        assert _code(preflight(uri, "selfhosted", options), codes.ROOM) is expected


def test_injected_latency_fails(guarded: Guarded) -> None:
    limits = Limits(median_ms=20, p99_ms=100)
    with delaying_proxy(guarded.mongod.port, 0.03) as port:
        uri = guarded.uri("owner", port=port)
        slow = preflight(uri, "selfhosted", PreflightOptions(pings=20, limits=limits))
        patient = PreflightOptions(pings=20, limits=Limits(60_000, 60_000))
        allowed = preflight(uri, "selfhosted", patient)
    assert _code(slow, codes.LATENCY) is Outcome.FAIL
    assert slow.latency is not None
    assert slow.latency.median_ms >= 30
    assert _code(allowed, codes.LATENCY) is Outcome.PASS


def test_pings_are_at_least_200_unless_somebody_says_otherwise(mongod: Mongod) -> None:
    done: list[int] = []
    uri = Secret(mongod.database_uri("pings"))
    report = preflight(uri, "selfhosted", progress=lambda number, _total: done.append(number))
    assert report.latency is not None
    assert report.latency.pings == len(done) >= 200


# Parse Server and production


def test_what_a_user_may_not_ask_is_not_seen(guarded: Guarded) -> None:
    plain = preflight(guarded.uri("owner"), "selfhosted", FAST)
    watching = preflight(guarded.uri("watcher"), "selfhosted", FAST)
    for code in (codes.STORAGE_ENGINE, codes.JOURNAL, codes.CONNECTIONS):
        assert _code(plain, code) is Outcome.UNSUPPORTED
        assert _code(watching, code) is not Outcome.UNSUPPORTED
    assert _failed(watching) == {codes.JOURNAL}  # the mongod of the tests has none


def test_a_standalone_is_a_warning(guarded: Guarded) -> None:
    report = preflight(guarded.uri("owner"), "selfhosted", FAST)
    [found] = [each for each in report.judged if each.name == codes.REPLICA_SET.id]
    assert found.outcome is Outcome.PASS
    assert found.warns


@pytest.mark.parametrize(
    ("parse_server", "outcome"),
    [
        ("9.10.0", Outcome.FAIL),
        ("8.6.94", Outcome.PASS),
        ("3.10.0", Outcome.FAIL),
        ("99.0.0", Outcome.UNSUPPORTED),
        ("new", Outcome.UNSUPPORTED),
        (None, Outcome.UNSUPPORTED),
    ],
)
def test_the_pair_of_versions(mongod: Mongod, parse_server: str | None, outcome: Outcome) -> None:
    options = PreflightOptions(parse_server=parse_server, pings=1)  # against MongoDB 6.0
    report = preflight(Secret(mongod.database_uri("pair")), "selfhosted", options)
    assert _code(report, codes.VERSION) is outcome


def test_too_few_connections(mongod: Mongod) -> None:
    options = PreflightOptions(pings=1, limits=Limits(60_000, 60_000, connections=10**7))
    report = preflight(Secret(mongod.database_uri("few")), "selfhosted", options)
    assert codes.CONNECTIONS in _failed(report)


# The migration itself

NOW = datetime(2016, 4, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        (MigrationStatus("cancelled"), {codes.CANCELLED}),
        (MigrationStatus("failed"), {codes.CANCELLED}),
        (MigrationStatus("syncing", NOW - timedelta(hours=25)), {codes.NOT_FINALIZED}),
        (MigrationStatus("syncing", NOW - timedelta(hours=23), 5), set()),
        (MigrationStatus("finalized", NOW - timedelta(hours=99)), set()),
        (MigrationStatus("copying", None, 6), {codes.RETRIES}),
        (MigrationStatus("copying", None, 6, 10), set()),
    ],
)
def test_how_the_migration_goes(status: MigrationStatus, failed: set[Code]) -> None:
    options = PreflightOptions(status=status, now=NOW)
    report = preflight(Secret("mongodb://no-such-host.invalid/app"), "selfhosted", options)
    assert _failed(report) - {codes.DNS} == failed


def test_a_connection_that_is_lost_could_not_be_judged() -> None:
    from parity.model import TargetDown  # noqa: PLC0415 - beside its only use

    with running_mongod() as mongod, contextlib.ExitStack() as stack:
        uri = Secret(mongod.database_uri("app"))
        stack.enter_context(pytest.raises(TargetDown))
        preflight(
            uri,
            "selfhosted",
            FAST,
            progress=lambda number, _: mongod.kill() if number == 1 else None,
        )
