from __future__ import annotations

from typing import Any

import pytest

from parity.model import Secret, Style, Target, UserError, Writes
from parity.targets import refuse_shared_database, refuse_write
from parity.targets.interlocks import WriteRefused


def target(name: str = "x", writes: Writes = Writes.FORBIDDEN, mongo: str | None = None) -> Target:
    uri = Secret(mongo) if mongo else None
    return Target(name, Style.PARSE_SERVER, "http://h/parse", Secret("a"), writes=writes, mongo=uri)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "classes/X"), ("GET", "users/me"), ("POST", "login"), ("OPTIONS", "classes/X")],
)
def test_reading_is_never_refused(method: str, path: str) -> None:
    refuse_write(target(), method, path)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "classes/X", {}),
        ("PUT", "classes/X/1", {}),
        ("DELETE", "classes/X/1", None),
        ("POST", "users", {"username": "parity1"}),
        ("POST", "logout", None),
        ("POST", "functions/parityEcho", {}),
        ("POST", "batch", {"requests": []}),
        ("POST", "classes/ParityX", {"_method": "DELETE"}),
    ],
)
def test_a_forbidden_target_is_not_written_to(method: str, path: str, body: Any) -> None:
    with pytest.raises(WriteRefused, match="'x', whose writes are forbidden"):
        refuse_write(target(), method, path, body)


def test_a_read_tunnelled_in_a_post_is_a_read() -> None:
    refuse_write(target(), "POST", "classes/X", {"_method": "GET", "where": {}})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "classes/Parityab12cd_Score1", {}),
        ("DELETE", "schemas/Parityab12cd_Score1", None),
        ("POST", "users", {"username": "parityab12cd_alice"}),
        ("POST", "classes/_User", {"username": "parityab12cd_alice"}),
        ("POST", "users", {"authData": {"anonymous": {}}}),
        ("PUT", "users/abcdefghij", {}),
        ("DELETE", "classes/_Session/abcdefghij", None),
        ("POST", "files/x.txt", None),
        ("POST", "roles", {"name": "Parityab12cd_admins"}),
        ("POST", "functions/parityEcho", {}),
        (
            "POST",
            "batch",
            {"requests": [{"method": "POST", "path": "/parse/classes/Parityab12cd_X"}]},
        ),
    ],
)
def test_a_namespaced_target_takes_what_carries_the_prefix(
    method: str, path: str, body: Any
) -> None:
    refuse_write(target(writes=Writes.NAMESPACED), method, path, body)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "classes/GameScore", {}),
        ("PUT", "classes/GameScore/abcdefghij", {}),
        ("DELETE", "schemas/GameScore", None),
        ("POST", "users", {"username": "alice"}),
        ("POST", "classes/_User", {"username": "alice"}),
        ("POST", "roles", {"name": "admins"}),
        ("POST", "push", {}),
        ("PUT", "config", {}),
        ("POST", "hooks/functions", {}),
        ("POST", "jobs/cleanup", {}),
        ("POST", "functions/chargeCard", {}),
        ("DELETE", "purge/GameScore", None),
        ("POST", "classes/_GlobalConfig", {}),
        ("POST", "batch", {"requests": [{"method": "POST", "path": "/1/classes/GameScore"}]}),
        ("POST", "batch", {"requests": [{"method": "POST", "path": "/1/push"}]}),
    ],
)
def test_a_namespaced_target_takes_nothing_else(method: str, path: str, body: Any) -> None:
    with pytest.raises(WriteRefused, match="outside of the run's names"):
        refuse_write(target(writes=Writes.NAMESPACED), method, path, body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mongodb://h:27017/app", "mongodb://h:27017/app?retryWrites=true"),
        ("mongodb://u:p@h/app", "mongodb://v:q@H/app"),
        ("mongodb://a,b/app", "mongodb://b,a/app"),
    ],
)
def test_two_targets_on_one_database_are_refused_unless_asked_for(one: str, other: str) -> None:
    pair = [target("old", mongo=one), target("new", mongo=other)]

    with pytest.raises(UserError, match="'old' and 'new' reach the same database") as caught:
        refuse_shared_database(pair, allowed=False)
    refuse_shared_database(pair, allowed=True)

    assert "p@" not in str(caught.value)


def test_two_databases_of_one_server_are_two() -> None:
    pair = [target("old", mongo="mongodb://h/app"), target("new", mongo="mongodb://h/app2")]

    refuse_shared_database([*pair, target("third")], allowed=False)
