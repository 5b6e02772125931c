"""Recorded and live values, up to the renaming of what a server mints."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from parity.jobs.replay.pairing import OLD_RELATION
from parity.model import Difference, Kind
from tests.jobs.replay.minted import BASE, FILES, IDS, RENAMED, TOKENS
from tests.jobs.replay.recorded import LIVE, MADE, iso, pairing, paths


def one(recorded: Any, live: Any, **known: Any) -> list[Difference]:
    """Compare two values; return the Differences."""
    with tempfile.TemporaryDirectory() as folder:
        pair = pairing(Path(folder), **known)
    pair.values(recorded, live, "$")
    return pair.found


@pytest.mark.parametrize(
    ("recorded", "live", "kind"),
    [
        (1, 1.0, None),
        (1.0, 1, None),
        (1, True, Kind.TYPE),
        (True, 1, Kind.TYPE),
        (0, False, Kind.TYPE),
        (1, "1", Kind.TYPE),
        ("1", 1, Kind.TYPE),
        (None, 0, Kind.TYPE),
        (None, "", Kind.TYPE),
        (None, False, Kind.TYPE),
        ([], {}, Kind.TYPE),
        (2**53, 2**53 + 1, Kind.VALUE),
        (0.1, 0.2, Kind.VALUE),
        ("a", "A", Kind.VALUE),
        ("a", "a ", Kind.VALUE),
        ([1, 2], [2, 1], Kind.VALUE),
        ([1], [1, 1], Kind.LENGTH),
    ],
    ids=repr,
)
def test_values_have_types(recorded: Any, live: Any, kind: Kind | None) -> None:
    kinds = {each.kind for each in one({"a": recorded}, {"a": live})}
    assert kinds == (set() if kind is None else {kind})


def test_null_is_not_a_missing_key() -> None:
    assert [each.kind for each in one({"a": None}, {})] == [Kind.MISSING]
    assert [each.kind for each in one({}, {"a": None})] == [Kind.EXTRA]
    assert one({"a": None}, {"a": None}) == []


def test_one_recorded_id_is_never_two_live_ids() -> None:
    recorded = [{"objectId": IDS[0]}, {"objectId": IDS[0]}]
    live = [{"objectId": "minted0000"}, {"objectId": "minted0001"}]
    assert paths(one(recorded, live)) == ["$[1].objectId"]


def test_two_recorded_ids_are_never_one_live_id() -> None:
    recorded = [{"objectId": IDS[0]}, {"objectId": IDS[1]}]
    live = [{"objectId": "minted0000"}, {"objectId": "minted0000"}]
    assert paths(one(recorded, live)) == ["$[1].objectId"]


def test_a_pointer_goes_to_the_object_that_its_id_is_bound_to() -> None:
    recorded = {"objectId": IDS[0], "next": {"__type": "Pointer", "objectId": IDS[0]}}
    right = {"objectId": "minted0000", "next": {"__type": "Pointer", "objectId": "minted0000"}}
    wrong = {"objectId": "minted0000", "next": {"__type": "Pointer", "objectId": "minted0001"}}
    assert one(recorded, right) == []
    assert paths(one(recorded, wrong)) == ["$.next.objectId"]


def test_what_has_no_form_of_an_id_is_not_taken_for_one() -> None:
    assert paths(one({"objectId": IDS[0]}, {"objectId": "short"})) == ["$.objectId"]
    assert paths(one({"sessionToken": TOKENS[0]}, {"sessionToken": "no-token"})) == [
        "$.sessionToken"
    ]


def test_an_id_that_a_client_chose_may_have_any_form() -> None:
    assert one({"objectId": "my own id"}, {"objectId": "my own id"}) == []


def test_a_recorded_id_in_a_text_field_is_the_live_id_now() -> None:
    bound = {IDS[0]: "minted0000"}
    assert one({"owner": IDS[0]}, {"owner": "minted0000"}, bound=bound) == []
    assert paths(one({"owner": IDS[0]}, {"owner": IDS[0]}, bound=bound)) == ["$.owner"]


def test_a_text_field_teaches_no_binding() -> None:
    assert paths(one({"owner": IDS[0]}, {"owner": "minted0000"})) == ["$.owner"]


def test_keys_of_an_acl_are_ids_of_users() -> None:
    bound = {IDS[0]: "minted0000"}
    recorded = {"ACL": {IDS[0]: {"read": True}, "*": {}}}
    assert one(recorded, {"ACL": {"minted0000": {"read": True}, "*": {}}}, bound=bound) == []
    found = one(recorded, {"ACL": {"minted0001": {"read": True}, "*": {}}}, bound=bound)
    assert [(each.path, each.kind) for each in found] == [
        (f"$.ACL.{IDS[0]}", Kind.MISSING),
        ("$.ACL.minted0001", Kind.EXTRA),
    ]


def test_keys_elsewhere_are_names() -> None:
    bound = {IDS[0]: "minted0000"}
    assert len(one({"votes": {IDS[0]: 1}}, {"votes": {"minted0000": 1}}, bound=bound)) == 2


def file(name: str, url: str, **more: Any) -> dict[str, Any]:
    """Return a File."""
    return {"__type": "File", "name": name, "url": url, **more}


LIVE_FILE = "0123456789abcdef0123456789abcdef_cat.png"
LIVE_URL = f"http://127.0.0.1/parse/files/app/{LIVE_FILE}"


def test_a_file_has_another_prefix_and_host_and_the_name_of_the_client() -> None:
    recorded = {"picture": file(FILES[0], BASE + FILES[0])}
    assert one(recorded, {"picture": file(LIVE_FILE, LIVE_URL)}) == []


@pytest.mark.parametrize(
    ("live", "path"),
    [
        (file(LIVE_FILE.replace("cat", "dog"), LIVE_URL), "$.picture.name"),
        (file(LIVE_FILE, LIVE_URL.replace("0", "1")), "$.picture.url"),
        (file(LIVE_FILE, "no url"), "$.picture.url"),
        (file(LIVE_FILE, LIVE_URL, size=5), "$.picture.size"),
        ({"__type": "File", "name": LIVE_FILE}, "$.picture.url"),
        ({"__type": "File", "url": LIVE_URL}, "$.picture.name"),
    ],
)
def test_what_is_wrong_with_a_file_is_reported(live: dict[str, Any], path: str) -> None:
    assert path in paths(one({"picture": file(FILES[0], BASE + FILES[0])}, {"picture": live}))


def test_one_recorded_file_is_one_live_file() -> None:
    recorded = [file(FILES[0], BASE + FILES[0]), file(FILES[0], BASE + FILES[0])]
    other = LIVE_FILE.replace("0", "9")
    live = [file(LIVE_FILE, LIVE_URL), file(other, LIVE_URL.replace(LIVE_FILE, other))]
    assert "$[1].name" in paths(one(recorded, live))


def test_a_date_of_the_app_is_the_same_to_the_millisecond() -> None:
    recorded = {"due": {"__type": "Date", "iso": MADE}}
    assert one(recorded, {"due": {"__type": "Date", "iso": MADE}}) == []
    assert paths(one(recorded, {"due": {"__type": "Date", "iso": LIVE}})) == ["$.due.iso"]


def test_a_session_expires_at_another_time() -> None:
    recorded = {"sessionToken": TOKENS[0], "expiresAt": {"__type": "Date", "iso": MADE}}
    token = RENAMED[TOKENS[0]]
    live = {"sessionToken": token, "expiresAt": {"__type": "Date", "iso": LIVE}}
    assert one(recorded, live) == []
    broken = {"sessionToken": token, "expiresAt": {"__type": "Date", "iso": "soon"}}
    assert paths(one(recorded, broken)) == ["$.expiresAt.iso"]


def test_a_session_without_its_token_expires_at_another_time_as_well() -> None:
    recorded = {"expiresAt": {"__type": "Date", "iso": MADE}}
    live = {"expiresAt": {"__type": "Date", "iso": LIVE}}
    assert one(recorded, live, class_name="_Session") == []


def test_what_an_app_calls_expires_at_is_data() -> None:
    recorded = {"objectId": IDS[0], "expiresAt": {"__type": "Date", "iso": MADE}}
    live = {"objectId": "minted0000", "expiresAt": {"__type": "Date", "iso": LIVE}}
    assert paths(one(recorded, live, class_name="Coupon")) == ["$.expiresAt.iso"]


def test_times_that_an_app_keeps_within_a_field_are_data() -> None:
    recorded = {"objectId": IDS[0], "createdAt": MADE, "meta": {"createdAt": iso(30)}}
    live = {"objectId": "minted0000", "createdAt": LIVE, "meta": {"createdAt": iso(30)}}
    assert one(recorded, live) == []
    live["meta"] = {"createdAt": iso(31)}
    assert paths(one(recorded, live)) == ["$.meta.createdAt"]


def test_a_time_without_the_form_of_one_is_reported() -> None:
    recorded = {"objectId": IDS[0], "createdAt": MADE}
    for wrong in ("2026-01-02T03:04:05Z", "today", ""):
        live = {"objectId": "minted0000", "createdAt": wrong}
        assert paths(one(recorded, live)) == ["$.createdAt"]


def test_an_update_that_does_not_change_the_time_is_reported(tmp_path: Path) -> None:
    pair = pairing(tmp_path)
    pair.values(
        {"objectId": IDS[0], "updatedAt": iso(1)}, {"objectId": "m" * 10, "updatedAt": LIVE}, "$"
    )
    pair.exchange += 1
    pair.values({"updatedAt": iso(2)}, {"updatedAt": LIVE}, "$", IDS[0])
    assert paths(pair.found) == ["$.updatedAt"]


def test_a_relation_that_nothing_wrote_shows_that_its_class_is_older(tmp_path: Path) -> None:
    relation = {"likes": {"__type": "Relation", "className": "_User"}}
    pair = pairing(tmp_path, class_name="Post")
    pair.values(relation, {}, "$")
    assert (pair.found, pair.prior) == ([], OLD_RELATION)


def test_a_relation_that_the_recording_wrote_is_missed(tmp_path: Path) -> None:
    relation = {"likes": {"__type": "Relation", "className": "_User"}}
    for known in ({"relations": frozenset({"Post.likes"})}, {"literal": True}):
        pair = pairing(tmp_path, class_name="Post", **known)
        pair.values(relation, {}, "$")
        assert (paths(pair.found), pair.prior) == (["$.likes"], "")


def test_on_a_copy_of_the_data_ids_are_the_recorded_ones(tmp_path: Path) -> None:
    pair = pairing(tmp_path, literal=True)
    pair.values(
        {"objectId": IDS[0], "createdAt": MADE}, {"objectId": IDS[0], "createdAt": MADE}, "$"
    )
    assert (pair.found, pair.learned) == ([], [])
    pair.values({"objectId": IDS[0]}, {"objectId": "minted0000"}, "$")
    pair.values({"objectId": IDS[1]}, {"objectId": "minted0000"}, "$")
    assert len(pair.found) == 1, "the first may be new, the second clashes with it"


@pytest.mark.parametrize(
    ("recorded", "live", "same"),
    [
        ("http://h/1/classes/A/recorded00", "http://l/parse/classes/A/minted0000", True),
        ("http://h/1/classes/A/recorded00", "http://l/parse/classes/A/recorded00", False),
        ("http://h/1/classes/A/recorded00", "http://l/parse/classes/B/minted0000", False),
        ("http://h/1/classes/A/recorded00", "http://l/1/classes/A/minted0000", False),
        ("http://h/1/classes/A/recorded00", None, False),
        ("http://h/1/classes/A/recorded00", "http://[bad", False),
        ("http://[bad", "http://[bad", True),
        ("/elsewhere", "/elsewhere", True),
    ],
)
def test_a_location_is_the_same_below_the_mount(
    tmp_path: Path,
    recorded: str,
    live: str | None,
    same: bool,  # noqa: FBT001
) -> None:
    pair = pairing(tmp_path, bound={"recorded00": "minted0000"})
    pair.location(recorded, live, ("/1", "/parse"))
    assert paths(pair.found) == ([] if same else ["$header.Location"])


def session(made: str, ends: str) -> dict[str, Any]:
    """Return a session."""
    expiry = {"__type": "Date", "iso": ends}
    return {"objectId": "session000", "createdAt": made, "expiresAt": expiry}


@pytest.mark.parametrize(
    ("live", "same"),
    [
        (session("2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"), True),
        (session("2026-01-01T00:00:00.000Z", "2027-01-01T00:59:00.000Z"), True),
        (session("2026-01-01T00:00:00.000Z", "2027-01-01T01:01:00.000Z"), False),
        (session("2026-01-01T00:00:00.000Z", "2026-12-31T22:59:00.000Z"), False),
    ],
    ids=["same", "nearly", "longer", "shorter"],
)
def test_a_session_lives_as_long_as_before(live: dict[str, Any], same: bool) -> None:  # noqa: FBT001
    recorded = session("2015-01-01T00:00:00.000Z", "2016-01-01T00:00:00.000Z")
    found = paths(one(recorded, live, class_name="_Session"))
    assert found == ([] if same else ["$.expiresAt.iso"])
