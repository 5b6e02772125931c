"""afterSave, beforeDelete and afterDelete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from parity.compare import Containing, a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewGuest
from parity.targets import ParseClient, Reply

if TYPE_CHECKING:
    from suites.cloud.conftest import Logged

pytestmark = [
    pytest.mark.area("cloud"),
    pytest.mark.requires("cloud_fixture"),
]

NewLocked = Callable[..., Reply]

after_save = pytest.mark.spec("cloudcode/cloud-code#aftersave-triggers")
before_delete = pytest.mark.spec("cloudcode/cloud-code#beforedelete-triggers")
after_delete = pytest.mark.spec("cloudcode/cloud-code#afterdelete-triggers")


@pytest.fixture
def new_locked(parse: ParseClient, logged: str) -> Iterator[NewLocked]:
    """Create rows that cannot be deleted; they can again when the check is over."""
    made: list[Reply] = []

    def create(client: ParseClient = parse, **fields: Any) -> Reply:
        made.append(client.create(logged, fields or {"locked": True}))
        return made[-1]

    yield create
    for row in made:
        parse.update(logged, row["objectId"], {"locked": False, "failure": {"__op": "Delete"}})


@after_save
def test_effect_of_after_save_is_there_with_the_reply(
    parse: ParseClient, expect: Expect, logged: str, log: Logged
) -> None:
    """What afterSave does is done when the save is answered, and it is done once."""
    made = parse.create(logged, {"name": "first"})
    expect.body(made, {"objectId": an_object_id, "createdAt": a_date}, status=201)

    entry = {"name": "first", "existed": False, "original": None, "userId": None, "master": False}
    expect.equal(log(made["objectId"], "afterSave"), [Containing(entry)], at="$.log")


@after_save
def test_after_save_sees_the_update(
    parse: ParseClient, expect: Expect, logged: str, log: Logged
) -> None:
    """On update afterSave sees the whole object, that it existed, and what it was."""
    made = parse.create(logged, {"name": "first"})

    expect.body(
        parse.update(logged, made["objectId"], {"other": 1}), {"updatedAt": a_date}, status=200
    )
    expect.status(parse.update(logged, made["objectId"], {"name": "second"}), 200)

    entries = [
        Containing({"name": "first", "existed": False, "original": None}),
        Containing({"name": "first", "existed": True, "original": "first"}),
        Containing({"name": "second", "existed": True, "original": "first"}),
    ]
    expect.equal(log(made["objectId"], "afterSave"), entries, at="$.log")


@after_save
def test_after_save_sees_who_saved(
    master: ParseClient, new_guest: NewGuest, expect: Expect, logged: str, log: Logged
) -> None:
    """The trigger afterSave sees the user who saved, and whether it was the master key."""
    alice = new_guest("alice")
    made = alice.client.create(logged, {"name": "by alice"})
    expect.status(master.update(logged, made["objectId"], {"name": "by master"}), 200)

    entries = [
        Containing({"name": "by alice", "userId": alice.id, "master": False}),
        Containing({"name": "by master", "userId": None, "master": True}),
    ]
    expect.equal(log(made["objectId"], "afterSave"), entries, at="$.log")


@after_save
def test_failing_after_save_does_not_fail_the_save(
    parse: ParseClient, expect: Expect, logged: str, log: Logged
) -> None:
    """A save is answered as a success however afterSave ends, and the object is stored."""
    made = parse.create(logged, {"failAfter": True})

    expect.body(made, {"objectId": an_object_id, "createdAt": a_date}, status=201)
    expect.contains(parse.fetch(logged, made["objectId"]), {"failAfter": True}, status=200)
    expect.equal(len(log(made["objectId"], "afterSave")), 1, at="$.entries")


@after_save
def test_refused_save_runs_no_after_save(
    parse: ParseClient, expect: Expect, logged: str, log: Logged
) -> None:
    """An update that is refused does not run afterSave."""
    made = parse.create(logged, {"name": "text"})

    expect.error(parse.update(logged, made["objectId"], {"name": 1}), 111)

    expect.equal(len(log(made["objectId"], "afterSave")), 1, at="$.entries")


@before_delete
def test_refused_delete_keeps_the_object(
    parse: ParseClient, expect: Expect, logged: str, log: Logged, new_locked: NewLocked
) -> None:
    """A delete that beforeDelete refuses is answered with its message, and the object stays."""
    made = new_locked()

    refused = parse.destroy(logged, made["objectId"])

    expect.body(refused, {"code": 141, "error": "this object is locked"}, status=400)
    expect.contains(parse.fetch(logged, made["objectId"]), {"locked": True}, status=200)
    expect.equal(log(made["objectId"], "afterDelete"), [], at="$.log")


@before_delete
def test_refused_delete_has_an_own_code(
    parse: ParseClient, expect: Expect, logged: str, new_locked: NewLocked
) -> None:
    """A code of its own that beforeDelete refuses with reaches the client."""
    failure = {"how": "parse", "code": 4711, "message": "own"}
    made = new_locked(failure=failure)

    refused = parse.destroy(logged, made["objectId"])

    expect.body(refused, {"code": 4711, "error": "own"}, status=400)
    expect.status(parse.fetch(logged, made["objectId"]), 200)


@before_delete
def test_master_deletes_may_be_refused(
    master: ParseClient, expect: Expect, logged: str, new_locked: NewLocked
) -> None:
    """The trigger beforeDelete may refuse deletes with the master key."""
    made = new_locked(master)

    expect.error(master.destroy(logged, made["objectId"]), 141, message="this object is locked")
    expect.status(master.fetch(logged, made["objectId"]), 200)


@before_delete
def test_unlocked_object_is_deleted(
    parse: ParseClient, expect: Expect, logged: str, new_locked: NewLocked
) -> None:
    """The trigger beforeDelete sees the object as it is stored: once unlocked, it is deleted."""
    made = new_locked()
    expect.error(parse.destroy(logged, made["objectId"]), 141)

    expect.status(parse.update(logged, made["objectId"], {"locked": False}), 200)

    expect.body(parse.destroy(logged, made["objectId"]), {}, status=200)
    expect.error(parse.fetch(logged, made["objectId"]), 101, status=404)


@before_delete
def test_batch_refuses_each_delete_by_itself(
    parse: ParseClient, expect: Expect, logged: str, new_locked: NewLocked
) -> None:
    """In a batch beforeDelete refuses each object by itself."""
    locked, free = new_locked(), parse.create(logged, {})
    paths = [f"classes/{logged}/{made['objectId']}" for made in (locked, free)]

    reply = parse.batch([{"method": "DELETE", "path": path} for path in paths])

    refused: dict[str, Any] = {"code": 141, "error": "this object is locked"}
    expect.body(reply, [{"error": refused}, {"success": {}}], status=200)
    expect.status(parse.fetch(logged, locked["objectId"]), 200)
    expect.error(parse.fetch(logged, free["objectId"]), 101, status=404)


@after_delete
def test_after_delete_sees_the_object(
    parse: ParseClient, new_guest: NewGuest, expect: Expect, logged: str, log: Logged
) -> None:
    """The trigger afterDelete runs once, with the object as it was and the user who deleted it."""
    alice = new_guest("alice")
    made = parse.create(logged, {"name": "gone"})

    expect.body(alice.client.destroy(logged, made["objectId"]), {}, status=200)

    entry = Containing({"name": "gone", "userId": alice.id, "master": False})
    expect.equal(log(made["objectId"], "afterDelete"), [entry], at="$.log")


@after_delete
def test_deletes_by_functions_run_the_triggers(
    parse: ParseClient, expect: Expect, logged: str, log: Logged, new_locked: NewLocked
) -> None:
    """Both beforeDelete and afterDelete run for objects that a cloud function destroys."""
    locked, free = new_locked(), parse.create(logged, {"name": "free"})

    def destroyed(object_id: str) -> Any:
        return parse.call("parityDestroy", {"className": logged, "objectId": object_id})

    expect.error(destroyed(locked["objectId"]), 141, message="this object is locked")
    expect.body(destroyed(free["objectId"]), {"result": "destroyed"}, status=200)

    entry = Containing({"name": "free"})
    expect.equal(log(free["objectId"], "afterDelete"), [entry], at="$.log")
