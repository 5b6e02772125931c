"""Which exchange waits for which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.access import access
from parity.jobs.replay.order import Node, Order
from tests.jobs.replay.recorded import exchange, node_of

OBJECTS = ("aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc")
CLASSES = ("Post", "Note", "_Role")


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a made-up recording.

    Attributes:
        what: ``create``, ``update``, …
        name: Its class.
        object_id: Its object.
        lane: Its lane.
        field: A field that it writes.
    """

    what: str
    name: str
    object_id: str
    lane: str
    field: str


STEPS = st.builds(
    Step,
    st.sampled_from(["create", "update", "delete", "get", "query", "function", "read", "batch"]),
    st.sampled_from(CLASSES),
    st.sampled_from(OBJECTS),
    st.sampled_from("abc"),
    st.sampled_from("fg"),
)


def recorded(step: Step, number: int) -> RecordedExchange:
    """Return the exchange of a step."""
    classes, one = f"/classes/{step.name}", f"/classes/{step.name}/{step.object_id}"
    more: dict[str, Any] = {"number": number, "lane": step.lane}
    match step.what:
        case "create":
            return exchange(
                "POST", classes, {step.field: 1}, answer={"objectId": f"n{number:09}"}, **more
            )
        case "update":
            return exchange("PUT", one, {step.field: 2}, answer={}, **more)
        case "delete":
            return exchange("DELETE", one, answer={}, **more)
        case "get":
            return exchange("GET", one, answer={"objectId": step.object_id}, **more)
        case "query":
            return exchange("GET", classes, answer={"results": []}, **more)
        case "batch":
            part = {"method": "PUT", "path": f"/1{one}", "body": {step.field: 2}}
            return exchange("POST", "/batch", {"requests": [part]}, answer=[], **more)
        case "function":
            return exchange("POST", "/functions/f", {}, answer={}, **more)
        case _:
            return exchange("GET", "/config", answer={}, **more)


def conflict(one: Step, other: Step) -> bool:
    """Return whether two requests may not run side by side, by a rule of its own."""
    kinds = {one.what, other.what}
    writes = {"create", "update", "delete", "batch"}
    if one.lane == other.lane or "function" in kinds:
        return True
    if any(each.what in writes and each.name == "_Role" for each in (one, other)):
        return True
    if "query" in kinds and kinds & writes and one.name == other.name:
        return True
    same = one.object_id == other.object_id
    touching = writes - {"create"}
    return same and any(
        x.what in touching and y.what in touching | {"get"} for x, y in ((one, other), (other, one))
    )


@given(st.data(), st.lists(STEPS, min_size=1, max_size=25))
def test_nothing_that_conflicts_runs_side_by_side_and_everything_ends(
    data: st.DataObject, steps: list[Step]
) -> None:
    order = Order()
    running: list[Node] = []
    ended: list[int] = []
    nodes = [node_of(recorded(step, number), number) for number, step in enumerate(steps)]

    def start(node: Node) -> None:
        for other in running:
            assert not conflict(steps[node.number], steps[other.number])
        earlier = [n for n in range(node.number) if conflict(steps[n], steps[node.number])]
        assert set(earlier) <= set(ended), "what was before and matters has ended"
        running.append(node)

    def finish() -> None:
        node = running.pop(data.draw(st.integers(0, len(running) - 1)))
        ended.append(node.number)
        for each in order.finish(node):
            start(each)

    for node in nodes:
        if order.add(node, access(node.operation, node.response)):
            start(node)
        while data.draw(st.booleans()) and running:
            finish()
    while running:
        finish()
    assert sorted(ended) == list(range(len(steps)))
    assert len(order) == 0
    for lane in "abc":
        of_lane = [n for n in ended if steps[n].lane == lane]
        assert of_lane == sorted(of_lane)


def ready(*exchanges: RecordedExchange) -> list[bool]:
    """Plan exchanges whose fields are all known; return which could run at once."""
    order = Order()
    found = []
    for number, each in enumerate(exchanges):
        node = node_of(each, number)
        touched = access(node.operation, node.response)
        order._fields |= {hash(field) for field in touched.fields}
        found.append(order.add(node, touched))
    return found


MAKER = exchange("POST", "/classes/A", {}, answer={"objectId": "minted0000"}, lane="a")
POINTER = {"__type": "Pointer", "className": "A", "objectId": "minted0000"}


@pytest.mark.parametrize(
    "user",
    [
        exchange("GET", "/classes/A/minted0000", lane="b"),
        exchange("POST", "/classes/B", {"a": POINTER}, lane="b"),
        exchange("POST", "/classes/B", {"ACL": {"minted0000": {"read": True}}}, lane="b"),
        exchange("GET", "/classes/B?where=%7B%22a%22:%22minted0000%22%7D", lane="b"),
        exchange("GET", "/classes/B?owner=minted0000", lane="b"),
        exchange("GET", "/config", headers=(("X-Parse-Session-Token", "minted0000"),), lane="b"),
        exchange(
            "POST", "/batch", {"requests": [{"method": "GET", "path": "/1/classes/B/minted0000"}]},
            lane="b",
        ),
        exchange(
            "POST", "/batch",
            {"requests": [{"method": "GET", "path": '/1/classes/B?where={"a":"minted0000"}'}]},
            lane="b",
        ),
        exchange(
            "POST", "/classes/B", {"_method": "GET", "where": '{"a":"minted0000"}'}, lane="b"
        ),
    ],
    ids=["path", "pointer", "acl", "where", "param", "header", "batch", "batch where", "text"],
)  # fmt: skip
def test_a_request_waits_across_lanes_for_what_mints_a_value_it_uses(
    user: RecordedExchange,
) -> None:
    assert ready(MAKER, user) == [True, False]


def test_a_request_that_uses_nothing_of_another_lane_waits_for_nobody() -> None:
    other = exchange("POST", "/classes/B", {"a": 1}, lane="b")
    assert ready(MAKER, other) == [True, True]


def test_a_download_waits_for_the_deletion_of_its_file_and_back() -> None:
    get = exchange("GET", "/files/app/tfss-a.txt", lane="a")
    delete = exchange("DELETE", "/files/tfss-a.txt", lane="b")
    assert ready(get, delete) == [True, False]
    assert ready(delete, get) == [True, False]


def test_the_first_request_with_a_new_field_runs_alone() -> None:
    order = Order()
    nodes = [
        node_of(exchange("POST", "/classes/A", {"f": n}, answer={}, lane=str(n)), n)
        for n in range(3)
    ]
    first, second, third = nodes
    assert order.add(first, access(first.operation, None))
    assert not order.add(second, access(second.operation, None))
    assert order.finish(first) == [second]
    assert order.add(third, access(third.operation, None)), "the field is known by now"


def test_nothing_is_kept_of_what_has_ended() -> None:
    order = Order()
    for number in range(100):
        node = node_of(exchange("POST", "/classes/A", {"f": 1}, answer={"objectId": "x"}), number)
        assert order.add(node, access(node.operation, node.response))
        order.finish(node)
    assert (len(order), order._users, order._minting, order._lanes) == (0, {}, {}, {})
