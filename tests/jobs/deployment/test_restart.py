"""Restarts of a real server, with everything kept, and with one thing lost at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from parity.jobs.deployment import codes
from parity.jobs.deployment.canary import Canary, master_client
from parity.jobs.deployment.key_probe import KeyProbe
from parity.jobs.deployment.restart import check_restart
from parity.model import Outcome, Writes
from parity.model.judged import Judged
from parity.targets import Namespace
from tests.jobs.deployment.world import Authority, Deployment, deployed
from tests.mongod import Mongod

DEADLINE_S = 120.0


@pytest.fixture(scope="module")
def server(mongod: Mongod, authority: Authority) -> Iterator[Deployment]:
    """A deployment that these tests restart."""
    with deployed(mongod, authority) as running:
        yield running


def restarted(
    server: Deployment,
    folder: Path,
    while_down: Callable[[Deployment], None] = lambda _: None,
    *,
    comes_back: bool = True,
    **options: Any,
) -> Judged:
    """Restart when the command asks for it; the command waits in a thread, as a person would."""
    asked = threading.Event()
    told: list[str] = []
    found: list[Judged] = []

    def tell(text: str) -> None:
        told.append(text)
        if "Restart the server" in text:
            asked.set()

    with server.outside() as http, server.inside() as inside:
        master = master_client(KeyProbe.of(http), KeyProbe.of(inside))
        with Canary(
            http, master, Namespace("res123"), folder / "state.json", leave_files=False
        ) as canary:
            canary.write()
            wanted = server.options(restart=True, **{"restart_wait_s": DEADLINE_S, **options})
            thread = threading.Thread(
                target=lambda: found.append(check_restart(http, canary, wanted, tell))
            )
            thread.start()
            assert asked.wait(DEADLINE_S)
            # Servers are started by the main thread, with which they die.
            server.server.stop()
            if comes_back:
                down = threading.Event()
                while not any("is down" in each for each in told) and thread.is_alive():
                    down.wait(0.05)
                while_down(server)
                server.proxy.upstream = server.server.start()
            thread.join(DEADLINE_S)
            if not comes_back:
                server.proxy.upstream = server.server.start()
    assert found
    return found[0]


def deleted(*collections: str) -> Callable[[Deployment], None]:
    """Empty collections, by the start of their names."""

    def delete(server: Deployment) -> None:
        with server.mongod.client() as client:
            database = client[server.database]
            for name in database.list_collection_names():
                if name.startswith(collections):
                    assert database[name].delete_many({}).deleted_count

    return delete


def codes_of(found: Judged) -> list[str]:
    return [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("collections", "lost"),
    [
        (("_Session",), [codes.RESTART_SESSION.id]),
        (("fs.files", "Parityres123_"), [codes.RESTART_OBJECT.id, codes.RESTART_FILE.id]),
        # Without its user, a session is no session.
        (("_User",), [codes.RESTART_SESSION.id, codes.RESTART_USER.id]),
    ],
    ids=["session", "object-and-file", "user"],
)
def test_what_is_lost_fails(
    server: Deployment, tmp_path: Path, collections: tuple[str, ...], lost: list[str]
) -> None:
    found = restarted(server, tmp_path, deleted(*collections))
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, lost)


def test_a_server_that_does_not_come_back_fails(server: Deployment, tmp_path: Path) -> None:
    found = restarted(server, tmp_path, comes_back=False, restart_wait_s=3.0)
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.RESTART_NOT_BACK.id])


def test_no_restart_is_not_tested(good: Deployment, tmp_path: Path) -> None:
    told: list[str] = []
    with (
        good.outside() as http,
        Canary(http, None, Namespace("res123"), tmp_path / "s", leave_files=False) as canary,
    ):
        unasked = check_restart(http, canary, good.options(), told.append)
        assert told == []
        canary.write()
        options = good.options(restart=True, restart_wait_s=0.5)
        unseen = check_restart(http, canary, options, told.append)

    assert unasked.outcome is Outcome.UNSUPPORTED
    assert "--restart" in unasked.remedy
    assert unseen.outcome is Outcome.UNSUPPORTED
    assert "no restart was seen" in unseen.seen


def test_a_forbidden_target_is_not_tested(good: Deployment, tmp_path: Path) -> None:
    with (
        good.outside(good.target(writes=Writes.FORBIDDEN)) as http,
        Canary(http, None, Namespace("res123"), tmp_path / "s", leave_files=True) as canary,
    ):
        canary.write()
        found = check_restart(http, canary, good.options(restart=True), lambda _: None)
    assert found.outcome is Outcome.UNSUPPORTED
