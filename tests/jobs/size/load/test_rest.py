"""REST users: each answer is looked at, and each way to be wrong has a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from parity.jobs.size.load.cleanup import clean
from parity.jobs.size.load.order import LoadOrder, check_order
from parity.jobs.size.load.rest_store import RestStore, Wire
from parity.jobs.size.load.setup import set_up
from parity.jobs.size.load.workload import Workload
from parity.model import Keys, Target, UserError, Writes
from parity.profiles.profile import Ask, Operation
from parity.targets.client import ParseClient
from tests.faults.messages import Request, Response
from tests.faults.model import Fault, State
from tests.faults.proxy import Proxy
from tests.jobs.size.load.conftest import OPERATIONS, ROWS, order, post, remains

QUERY = Operation(Ask.QUERY, 1, "Post", where={"author": "?"}, order="-score", limit=20)


def aim(load: Workload, target: Target) -> None:
    """Let users that begin from now on ask another server."""
    assert isinstance(load.store, RestStore)
    load.store.wire = Wire(target)


@contextmanager
def running(asked: LoadOrder, mark: str) -> Iterator[Workload]:
    load = None
    try:
        load = Workload(asked, set_up(asked, mark), 0)
        yield load
    finally:
        left = clean(asked, mark, load.take_files() if load else ())
        assert left == []


def test_every_operation_works_and_nothing_stays_behind(server: Target) -> None:
    mark = "tstaaa"
    with running(order(server), mark) as load:
        client = load.user()
        names = set()
        for _ in range(4):
            for number in range(len(OPERATIONS)):
                outcome = client.perform(number)
                assert outcome.failure == ""
                assert outcome.sent < outcome.ended
                names.add(outcome.name)
        client.close()
        assert remains(server, mark)  # there was something to remove
        uploaded = list(load.uploaded)
    assert {name.split()[0] for name in names} == {str(operation.ask) for operation in OPERATIONS}
    assert remains(server, mark) == []
    reader = ParseClient(server)
    paths = [f"{server.url}/files/{server.app_id.value}/{name}" for name in uploaded]
    assert paths
    assert {reader.download(path).status for path in paths} == {404}
    rows = reader.find("Post", limit=1000).results
    reader.close()
    assert sorted(row["score"] for row in rows) == list(range(ROWS))


def test_rows_that_are_written_look_like_the_apps_own(server: Target) -> None:
    with running(order(server), "tstaab") as load:
        assert load.user().perform(6).failure == ""
        master = ParseClient(server).as_master()
        [row] = master.find("Paritytstaab_Post", order="-createdAt", limit=1).results
        schema = master.get("schemas/Paritytstaab_Post").json
        master.close()
    assert set(post(0)) <= set(row)
    assert 450 < len(str(row)) < 700
    assert schema["fields"]["tags"]["type"] == "Array"


def rows_changed(change: Callable[[list[Any]], list[Any]]) -> Fault:
    def reply(request: Request, response: Response, _: State) -> Response:
        asked = request.of_class and request.is_find and request.where
        if not asked or not response.rows or "author" not in request.where:
            return response
        return response.with_members(results=change(response.rows))

    return Fault("rows", "*", "rows", reply=reply)


def fault(wanted: Callable[[Request], bool], change: Callable[[Response], Response]) -> Fault:
    def reply(request: Request, response: Response, _: State) -> Response:
        return change(response) if wanted(request) else response

    return Fault("wrong", "*", "wrong", reply=reply)


def lost_write(request: Request, _: State) -> Request | Response:
    if request.is_create and request.of_class:
        made = {"objectId": "lost000001", "createdAt": "2026-01-01T00:00:00.000Z"}
        return Response(201, (("Content-Type", "application/json"),)).with_json(made)
    return request


def without(response: Response, *names: str) -> Response:
    value = response.json
    return response.with_json({key: each for key, each in value.items() if key not in names})


CREATE, UPDATE, GET = OPERATIONS[6], OPERATIONS[7], OPERATIONS[5]


@pytest.mark.parametrize(
    ("operation", "wrong", "reason"),
    [
        (QUERY, rows_changed(lambda rows: [{**rows[0], "author": "else"}, *rows[1:]]),
         "query: a row that does not match the where"),
        (QUERY, rows_changed(lambda rows: rows * 20), "query: more rows than the limit: 200 of 20"),
        (QUERY, rows_changed(lambda rows: rows[::-1]), "query: the rows are out of order"),
        (QUERY, rows_changed(lambda rows: []), "query: a row that matches was not found"),
        (QUERY, rows_changed(lambda rows: [{"score": 1}]), "query: a row without an objectId"),
        (QUERY, fault(lambda r: r.is_find, lambda _: Response(200, (), b"<html>")),
         "query: the body is not JSON"),
        (QUERY, fault(lambda r: r.is_find, lambda r: r.with_json({"rows": []})),
         "query: no results"),
        (QUERY, fault(lambda r: r.is_find and "author" in r.where,
                      lambda r: r.with_status(500).with_json({"code": 1})),
         "query: status 500, code 1"),
        (OPERATIONS[4], fault(lambda r: "count" in r.params, lambda r: r.with_members(count=0)),
         "count: a row that matches was not counted"),
        (OPERATIONS[4], fault(lambda r: "count" in r.params, lambda r: without(r, "count")),
         "count: no count"),
        (GET, fault(lambda r: r.is_fetch, lambda r: r.with_members(objectId="other")),
         "get: another row than was asked for"),
        (CREATE, fault(lambda r: r.is_create and r.of_class, lambda r: without(r, "objectId")),
         "create: no objectId"),
        (CREATE, Fault("lost", "*", "lost", request=lost_write),
         "create: a row that was saved is not there"),
        (CREATE, fault(lambda r: r.is_fetch, lambda r: r.with_members(score="changed")),
         "create: a saved value is not what was sent"),
        (UPDATE, fault(lambda r: r.is_update, lambda r: without(r, "updatedAt")),
         "update: no updatedAt"),
        (UPDATE, fault(lambda r: r.is_fetch, lambda r: r.with_members(parityNumber=-1)),
         "update: a saved value is not what was sent"),
        (OPERATIONS[8], fault(lambda r: r.is_fetch, lambda r: r.with_status(200)),
         "delete: the row is still there afterwards"),
        (OPERATIONS[9], fault(lambda r: r.route == "batch", lambda r: r.with_json(r.json[:2])
                              if len(r.json) == 3 else r),
         "batch: not as many answers as requests in the batch"),
        (OPERATIONS[10], fault(lambda r: "files/" in r.route, lambda r: without(r, "name")),
         "upload: no name"),
        (OPERATIONS[11], fault(lambda r: r.route.startswith("files/") and r.is_read,
                               lambda r: replace(r, body=r.body[:-1])),
         "download: the bytes are not those of the file"),
        (OPERATIONS[1], fault(lambda r: r.route == "login", lambda r: r.with_members(objectId="x")),
         "log-in: another user than the one who logged in"),
        (OPERATIONS[12], fault(lambda r: r.route == "installations", lambda r: r.with_json({})),
         "installation: no objectId"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_wrong_server_is_seen_and_what_is_wrong_is_named(
    server: Target, operation: Operation, wrong: Fault, reason: str
) -> None:
    mark = "tstbbb"
    with running(order(server, operation), mark) as load, Proxy(server.url) as proxy:
        # The first rows and users are written on the right server.
        aim(load, replace(server, url=proxy.listen(wrong).url))
        client = load.user()
        outcomes = [client.perform(0).failure for _ in range(3)]
        client.close()
        assert reason in outcomes


def test_a_session_that_outlives_its_log_out_is_seen(server: Target) -> None:
    still = Fault(
        "still", "*", "still",
        request=lambda asked, _: Response(200, (), b"{}") if asked.route == "logout" else asked,
    )  # fmt: skip
    with running(order(server), "tstbbc") as load, Proxy(server.url) as proxy:
        aim(load, replace(server, url=proxy.listen(still).url))
        client = load.user()
        assert client.perform(1).failure == ""
        assert client.perform(2).failure == "log-out: the session still works afterwards"
        client.close()


def test_a_row_that_somebody_else_deleted_is_no_failure(server: Target) -> None:
    with running(order(server, QUERY), "tstccc") as load:
        load.samples["Post"] = [{"objectId": "gone000001", "author": "nobody", "score": 1}]
        client = load.user()
        assert client.perform(0).failure == ""
        client.close()


def test_a_server_that_is_down_is_a_failure_with_a_name(server: Target) -> None:
    with running(order(server, QUERY), "tstccd") as load:
        aim(load, replace(server, url="http://127.0.0.1:9/parse"))
        client = load.user()
        outcome = client.perform(0)
        client.close()
    assert outcome.failure == "query: no connection: Connection refused"


def test_classes_that_the_app_does_not_have_are_made_up_and_said(server: Target) -> None:
    other = Operation(
        Ask.QUERY, 1, "Nowhere", where={"kind": "?", "score": {"$gte": "?"}}, order="score"
    )
    asked = order(server, other)
    setup = set_up(asked, "tstddd")
    assert setup.made == ("Nowhere",)
    load = Workload(asked, setup, 0)
    client = load.user()
    assert [client.perform(0).failure for _ in range(5)] == [""] * 5
    client.close()
    assert clean(asked, "tstddd") == []
    assert remains(server, "tstddd") == []


def test_functions_are_not_called_where_only_names_of_the_run_may_be_written(
    server: Target,
) -> None:
    function = Operation(Ask.FUNCTION, 1, function="hello")
    careful = replace(server, writes=Writes.NAMESPACED)
    setup = set_up(order(careful, function, QUERY), "tsteee")
    assert list(setup.skipped) == [0]
    assert setup.weights(order(careful, function, QUERY)) == (0.0, 1)
    with pytest.raises(UserError, match="nothing of the profile"):
        set_up(order(careful, function), "tsteee")


def test_everything_is_written_within_the_names_of_the_run(server: Target) -> None:
    """A target with writes = "namespaced" refuses all else in the client that cleans up."""
    mark = "tsteef"
    with running(order(replace(server, writes=Writes.NAMESPACED)), mark) as load:
        client = load.user()
        assert {client.perform(n).failure for n in range(len(OPERATIONS))} == {""}
        client.close()
    assert remains(server, mark) == []


def test_a_target_that_forbids_writes_is_refused_unless_only_reads_are_sent(
    server: Target,
) -> None:
    forbidden = replace(server, writes=Writes.FORBIDDEN)
    with pytest.raises(UserError) as refused:
        check_order(order(forbidden))
    assert refused.value.code == "writes-forbidden"
    reading = check_order(order(forbidden, read_only=True))
    assert {operation.ask for operation in reading.profile.operations} == {
        Ask.QUERY,
        Ask.COUNT,
        Ask.GET,
        Ask.DOWNLOAD,
    }
    setup = set_up(reading, "tstfff")
    assert setup.stand_ins == {}
    load = Workload(reading, setup, 0)
    client = load.user()
    assert [client.perform(n).failure for n, _ in load.sent] == ["", "", ""]
    client.close()
    assert remains(server, "tstfff") == []


def test_without_a_master_key_nothing_is_written(server: Target) -> None:
    without_key = replace(server, keys=Keys(rest_key=server.keys.rest_key))
    with pytest.raises(UserError) as refused:
        check_order(order(without_key))
    assert refused.value.code == "no-master-key"


def test_an_order_survives_the_pipe(server: Target) -> None:
    asked = order(server, mark="abc123", seed=5, read_only=True)
    assert LoadOrder.from_json(asked.to_json()) == replace(
        asked, target=replace(server, version=server.version)
    )
