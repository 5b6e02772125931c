"""What a client must not be able to write."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.security.conftest import Refused, Withheld

pytestmark = [pytest.mark.area("security"), pytest.mark.effect("destructive")]

ROUNDS = 10
"""Requests after which a deletion that the server does beside its answer is seen."""
CODE = {"_bsontype": "Code", "code": "0"}
FAR_AWAY = {"__type": "Date", "iso": "2999-01-01T00:00:00.000Z"}


@pytest.mark.spec("advisory/GHSA-p6h4-93qp-jhcm", "advisory/CVE-2026-30938")
@pytest.mark.parametrize(
    ("place", "word"),
    [
        (place, word)
        for place in ("alone", "nested", "in_list", "after")
        for word in ("_bsontype", "constructor", "__proto__")
        if (place, word) != ("after", "__proto__")  # two advisories at once
    ],
)
def test_forbidden_words_are_refused_anywhere(
    parse: ParseClient, new_class: NewClass, place: str, word: str, refused: Refused
) -> None:
    """Names that reach into the server's own objects are refused wherever they stand."""
    field = CODE if word == "_bsontype" else {word: {"a": 1}}
    bodies: dict[str, dict[str, Any]] = {
        "alone": {"a": field},
        "nested": {"a": {"b": {"c": field}}},
        "after": {"a": {"b": 1}, "c": field},
        "in_list": {"a": [1, field]},
    }

    refused(parse.create(new_class("Word"), bodies[place]))


@pytest.mark.spec("advisory/CVE-2026-32878")
def test_no_field_is_added_through_a_prototype(
    parse: ParseClient, master: ParseClient, expect: Expect, new_class: NewClass, refused: Refused
) -> None:
    """A member of __proto__ is no field of the object, and none of its class."""
    name = new_class("Proto")
    parse.create(name, {"title": "a"})
    reply = parse.create(name, {"title": "a", "__proto__": {"parityInjected": 1}})

    added = "parityInjected" in master.get(f"schemas/{name}")["fields"]
    expect.equal("added" if added else "none", "none", at="$field")
    refused(reply)


@pytest.mark.spec("advisory/GHSA-5v7g-9h8f-8pgg")
@pytest.mark.parametrize("path", ["sessions", "classes/_Session"])
def test_nobody_chooses_the_token_of_a_session(
    parse: ParseClient, expect: Expect, new_guest: NewGuest, path: str, refused: Refused
) -> None:
    """The token of a session that a user creates is made by the server."""
    alice, chosen = new_guest("alice"), f"r:{uuid.uuid4().hex}"
    made = alice.client.post(path, {"sessionToken": chosen})

    taken = made.json.get("sessionToken") == chosen
    expect.equal("chosen" if taken else "made", "made", at="$token")
    refused(parse.as_user(chosen).me())


@pytest.mark.spec("advisory/GHSA-5v7g-9h8f-8pgg")
def test_nobody_chooses_how_long_a_session_lasts(expect: Expect, new_guest: NewGuest) -> None:
    """A session that a user creates ends when the server says."""
    alice = new_guest("alice")
    token = alice.client.post("sessions", {"expiresAt": FAR_AWAY}).json.get("sessionToken")
    session = alice.client.as_user(token or alice.token).get("sessions/me")

    ends = str((session.json.get("expiresAt") or {}).get("iso", ""))[:4]
    late = ends >= str(dt.datetime.now(dt.UTC).year + 100)
    expect.equal("in centuries" if late else "as the server says", "as the server says", at="$ends")


@pytest.mark.spec("advisory/CVE-2026-33527")
@pytest.mark.parametrize("field", ["expiresAt", "createdWith", "sessionToken", "installationId"])
@pytest.mark.parametrize("value", [None, {"__op": "Delete"}], ids=["null", "delete"])
def test_nobody_empties_a_field_of_a_session(
    expect: Expect, new_guest: NewGuest, field: str, value: Any, refused: Refused
) -> None:
    """A user cannot take away end, origin or token of a session of its own."""
    alice = new_guest("alice")
    before = alice.client.get("sessions/me")

    reply = alice.client.put(f"sessions/{before['objectId']}", {field: value})
    refused(reply)
    if not reply.ok:
        expect.body(alice.client.get("sessions/me"), before.json, status=200)


@pytest.mark.spec("advisory/GHSA-cc6h-c8m4-hgrx")
@pytest.mark.parametrize("operator", ["$in", "$regex"])
def test_no_installation_is_deleted_by_an_operator(
    parse: ParseClient, master: ParseClient, expect: Expect, operator: str, refused: Refused
) -> None:
    """A device token that is an operator matches no installation of another device."""
    token, device = uuid.uuid4().hex, {"installationId": str(uuid.uuid4()), "deviceType": "ios"}
    made = parse.post(
        "installations",
        {"installationId": str(uuid.uuid4()), "deviceType": "ios", "deviceToken": token},
    )
    own = parse.post("installations", {**device, "deviceToken": uuid.uuid4().hex})

    pattern = [token] if operator == "$in" else f"^{token[:20]}"
    reply = parse.post("installations", {**device, "deviceToken": {operator: pattern}})
    for _ in range(ROUNDS):  # the server deletes beside the answer
        left = master.find("_Installation", {"deviceToken": token})
    for row in (made, own):
        master.destroy("_Installation", row["objectId"])
    expect.equal("there" if left.results else "deleted", "there", at="$installation")
    refused(reply)


@pytest.mark.spec("parse-server/9.10.0#DatabaseController.validateQuery")
@pytest.mark.parametrize("column", ["_rperm", "_wperm"])
def test_permissions_of_a_row_cannot_be_written_as_columns(
    parse: ParseClient, expect: Expect, new_class: NewClass, column: str
) -> None:
    """A row whose permissions are null, as no ACL makes them, does not close its class."""
    name = new_class("Perm")
    parse.create(name, {"title": "a"})
    parse.create(name, {"title": "b", column: None})

    expect.status(parse.find(name), 200)


@pytest.mark.spec("advisory/GHSA-vpj2-qq7w-5qq6", "advisory/GHSA-6hh7-46r2-vf29")
@pytest.mark.parametrize("name", ["hasOwnProperty", "valueOf"])
def test_names_of_every_object_are_no_functions(
    parse: ParseClient, name: str, refused: Refused
) -> None:
    """What every object of JavaScript has by itself cannot be called as a cloud function."""
    # Not constructor, which ends Parse Server 8.6.0, and toString, which 2.8.4 never answers.
    refused(parse.post(f"functions/{name}", {}))


@pytest.mark.spec("rest/users#logging-in")
def test_clients_cannot_log_in_as_another_user(
    parse: ParseClient, new_guest: NewGuest, withheld: Withheld, refused: Refused
) -> None:
    """Only the master key logs in as a user without a password."""
    alice, bob = new_guest("alice"), new_guest("bob")
    for client in (parse, bob.client):
        reply = client.post("loginAs", {"userId": alice.id}, raw=True)  # 404 before 5.0: no JSON
        withheld(reply, "sessionToken")
        refused(reply)
