"""Known differences in recorded traffic: when an app meets them, and how they show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parity.compare import Asked, Looks, Recognition, Shown, Shows, Traffic, When, load_register
from parity.model import Difference, Kind, UserError
from parity.wire.operation import parse_operation

ENTRY = """
[[difference]]
id = "KD-9999"
title = "t"
area = "users"
versions = ">=2.0"
severity = "benign"
provenance = "recorded"
source = "s"
cause = "c"
effect = "e"
remedy = "r"
owner = "o"
"""
APP = ("X-Parse-Application-Id", "app")
KEY = ("X-Parse-REST-API-Key", "key")
MASTER = ("X-Parse-Master-Key", "m")
DEVICE = ("X-Parse-Installation-Id", "d")
TOKEN = ("X-Parse-Session-Token", "r:1")
MISSING = Difference("$.sessionToken", Kind.MISSING, "r:1", None)
SIGN_UP = Asked("POST /users")
REFUSED = {"code": 123, "error": "no"}
DONE = {"objectId": "abcdefghij", "createdAt": "2026-01-02T03:04:05.006Z"}


def asked(
    method: str = "GET", url: str = "/classes/Post", body: Any = None, *headers: tuple[str, str]
) -> Asked:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    operation = parse_operation(method, "/1" + url, raw, "/1")
    return Asked.of(operation, "/1" + url, (APP, *headers), raw)


def post(body: Any) -> Asked:
    return asked("POST", "/classes/P", body)


def how(value: str) -> Asked:
    return asked("GET", "/classes/P", None, ("x-HOW", value))


PUT = asked("PUT", "/classes/P/abc", {"a": 1})
INCREMENT = asked("PUT", "/classes/P/abc", {"a": {"__op": "Increment", "amount": 1}})
BATCH = asked("POST", "/batch", {"requests": [{"method": "POST", "path": "/1/classes/P"}]})


@pytest.mark.parametrize(
    ("pattern", "request_", "covers"),
    [
        ("GET /classes/*", "GET /classes/Post", True),
        ("GET /classes/*", "GET /classes/Post/abc", False),
        ("GET /classes/*/*", "GET /classes/Post/abc", True),
        ("* /batch", "POST /batch", True),
        ("GET /classes/Post", "POST /classes/Post", False),
        ("GET /", "GET /", True),
        ("GET /*", "GET /", True),
        ("GET /*", "GET /a.c/d", False),
        ("GET /a.c", "GET /abc", False),
    ],
)
def test_a_star_stands_for_one_segment_or_any_method(
    pattern: str, request_: str, *, covers: bool
) -> None:
    assert When((pattern,)).holds(Asked(request_)) is covers
    assert When(("* /*", "* /*/*", "* /*/*/*"), (pattern,)).holds(Asked(request_)) is not covers


CLASS = ("* /classes/*",)


@pytest.mark.parametrize(
    ("when", "request_", "holds"),
    [
        (When(CLASS, path="/classes/[a-z]+"), asked(url="/classes/post"), True),
        (When(CLASS, path="/classes/[a-z]+"), asked(), False),
        (When(CLASS, auth=("master",)), asked("GET", "/classes/P", None, MASTER), True),
        (When(CLASS, auth=("master", "no-device")), asked("GET", "/classes/P", None, MASTER), True),
        (
            When(CLASS, auth=("master", "no-device")),
            asked("GET", "/classes/P", None, MASTER, DEVICE),
            False,
        ),
        (When(CLASS, auth=("no-key",)), asked("GET", "/classes/P", None, KEY), False),
        (When(CLASS, auth=("no-key", "no-session")), asked(), True),
        (When(CLASS, auth=("session",)), asked("GET", "/classes/P", None, TOKEN), True),
        (
            When(CLASS, auth=("session", "master", "device")),
            asked(
                "POST",
                "/classes/P",
                {
                    "_ApplicationId": "app",
                    "_MasterKey": "m",
                    "_SessionToken": "r:1",
                    "_InstallationId": "d",
                },
            ),
            False,  # a server reads the body only where no header names an app
        ),
        (When(CLASS, headers={"X-How": "a+"}), how("aa"), True),
        (When(CLASS, headers={"X-How": "a+"}), how("ab"), False),
        (When(CLASS, headers={"X-How": ".*"}), asked(), False),
        (When(CLASS, sent={"a": "null"}), post({"a": None}), True),
        (When(CLASS, sent={"a": ".*"}), post({"b": None}), False),
        (When(CLASS, sent={"a.$regex": "x"}), post({"a": {"$regex": "x"}}), True),
        (When(CLASS, sent={"a.*": "x"}), post({"a": ["y", "x"]}), True),
        (When(CLASS, sent={"*.**.t": "x"}), post({"a": [{"b": {"t": "x"}}]}), True),
        (When(CLASS, sent={"*.*.**.t": "x"}), post({"a": {"t": "x"}}), False),
        (When(CLASS, sent={"a|b": "x"}), post({"b": "x"}), True),
        (When(CLASS, sent={"a|b": "x"}), post({"c": "x"}), False),
        (When(CLASS, names={"$": r".*\..*"}), post({"a.b": 1}), True),
        (When(CLASS, names={"$": r".*\..*"}), post({"a": {"c.b": 1}}), False),
        (When(CLASS, names={"w.**": "b"}), asked(url='/classes/P?w={"$or":[{"b":1}]}'), True),
        (When(CLASS, above={"limit": 1000}), asked(url="/classes/P?limit=1001"), True),
        (When(CLASS, above={"limit": 1000}), asked(url="/classes/P?limit=1000"), False),
        (When(CLASS, above={"a": 2}), post({"a": [1, 2, 3]}), True),
        (When(CLASS, above={"a": 2}), post({"a": "ab"}), False),
        (When(CLASS, above={"$body": 9}), post({"a": "abc"}), True),
        (When(CLASS, above={"$url": 20}), post({"a": "x" * 99}), False),
        (When(CLASS, broken={"$body": "not-json"}), post(b'{"a":'), True),
        (When(CLASS, broken={"$body": "not-json"}), post(b'{"a":NaN}'), True),
        (When(CLASS, broken={"$body": "not-json"}), post({"a": 1}), False),
        (When(CLASS, broken={"$body": "not-json"}), post(b""), False),
        (When(CLASS, broken={"$body": "not-utf-8"}), post(b'{"a":"\xff"}'), True),
        (When(CLASS, broken={"$body": "not-utf-8"}), post(b'{"a":"\xc3\xa4"}'), False),
        (When(CLASS, broken={"where": "not-json"}), asked(url='/classes/P?where={"a":'), True),
        (When(CLASS, broken={"where": "not-json"}), asked(url='/classes/P?where={"a":1}'), False),
        (When(CLASS, broken={"a": "no-pattern"}), post({"a": "(x"}), True),
        (When(CLASS, broken={"a": "no-pattern"}), post({"a": "(x)"}), False),
    ],
)  # fmt: skip
def test_a_request_alone_says_whether_it_meets_a_difference(
    when: When, request_: Asked, *, holds: bool
) -> None:
    assert when.holds(request_) is holds


def test_the_commands_of_a_batch_are_requests_of_their_own() -> None:
    commands = [{"method": "PUT", "path": "/1/classes/P/abc", "body": {"a": 1}}]
    batch = asked("POST", "/batch", {"requests": commands}, MASTER)
    assert [part.request for part in batch.parts] == ["PUT /classes/P/abc"]
    assert When(("PUT /classes/*/*",), auth=("master",), sent={"a": "1"}).holds(batch.parts[0])


def shows(difference: Difference, *places: Shown, **looks: Any) -> bool:
    traffic = Traffic(SIGN_UP, 201, 201, {"a": 1, "sessionToken": "r:1"}, {"a": 1})
    return Shows(places=places, **looks).explains(difference, traffic)


TOKEN_GONE = Shown("$.sessionToken", missing=True)


@pytest.mark.parametrize(
    ("looks", "known"),
    [
        ({}, True),
        ({"live": Looks(status=201)}, True),
        ({"live": Looks(status=200)}, False),
        ({"recorded": Looks(has=("sessionToken",))}, True),
        ({"recorded": Looks(has=("updatedAt",))}, False),
        ({"live": Looks(only=("a",))}, True),
        ({"live": Looks(only=("a", "b"))}, False),
        ({"live": Looks(values={"a": "1"})}, True),
        ({"live": Looks(values={"a": "2"})}, False),
        ({"live": Looks(lengths={"a": 1})}, False),
        ({"live": Looks(text=".*")}, False),
        ({"requests": ("POST /classes/*",)}, False),
    ],
)
def test_a_place_is_known_only_where_both_answers_are_as_it_says(
    looks: dict[str, Any], *, known: bool
) -> None:
    assert shows(MISSING, TOKEN_GONE, **looks) is known


def test_what_is_there_but_other_is_not_taken_for_missing() -> None:
    assert not shows(Difference("$.sessionToken", Kind.VALUE, "r:1", "r:2"), TOKEN_GONE)


@pytest.mark.parametrize(
    ("pattern", "path", "is_it"),
    [
        ("$.*", "$.badge", True),
        ("$.*", "$.a.b", False),
        ("$.*", "$.a[0]", False),
        ("$.*", "$", False),
        ("$.**", "$.a[0].b", True),
        ("$.**", "$", False),
        ("$[*].a", "$[10].a", True),
        ("$[*].a", "$[10].b", False),
    ],
)
def test_stars_in_a_path(pattern: str, path: str, *, is_it: bool) -> None:
    assert shows(Difference(path, Kind.MISSING, 1, None), Shown(pattern, missing=True)) is is_it


def test_a_name_that_was_expected_has_to_come_again() -> None:
    place = Shown("$.error", expected_pattern="bad (?P<name>.*)", pattern=r"Bad: {name}\.")
    assert shows(Difference("$.error", Kind.VALUE, "bad x.y", "Bad: x.y."), place)
    assert not shows(Difference("$.error", Kind.VALUE, "bad x.y", "Bad: xzy."), place)


def test_a_request_names_the_class() -> None:
    place = Shown("$.className", pattern="{class}")
    traffic = Traffic(Asked("GET /classes/Post"))
    for name, known in (("Post", True), ("Other", False)):
        found = Difference("$.className", Kind.EXTRA, None, name)
        assert Shows(places=(place,)).explains(found, traffic) is known


ACCEPTED = Shows(Looks(status=400, code=123), Looks(as_usual=True))
REJECTED = Shows(Looks(status=201), Looks(status=400, code=123, error="no|never"))


@pytest.mark.parametrize(
    ("rule", "traffic", "known"),
    [
        (ACCEPTED, (400, 201, REFUSED, DONE), True),
        (ACCEPTED, (None, None, REFUSED, DONE), True),
        (ACCEPTED, (400, 200, REFUSED, DONE), False),
        (ACCEPTED, (400, 201, REFUSED, {**DONE, "more": 1}), False),
        (ACCEPTED, (400, 201, REFUSED, {"objectId": "abcdefghij"}), False),
        (ACCEPTED, (400, 201, REFUSED, {**DONE, "createdAt": "yesterday"}), False),
        (ACCEPTED, (400, 201, REFUSED, {**DONE, "objectId": None}), False),
        (ACCEPTED, (400, 201, REFUSED, {}), False),
        (ACCEPTED, (400, 201, {**REFUSED, "code": 124}, DONE), False),
        (ACCEPTED, (400, 201, {"code": 123}, DONE), False),
        (ACCEPTED, (401, 201, REFUSED, DONE), False),
        (REJECTED, (201, 400, DONE, REFUSED), True),
        (REJECTED, (201, 400, DONE, {"code": 123, "error": "yes"}), False),
        (REJECTED, (201, 400, DONE, {**REFUSED, "more": 1}), False),
        (REJECTED, (201, 400, DONE, {"code": True, "error": "no"}), False),
        (REJECTED, (201, 500, DONE, REFUSED), False),
        (REJECTED, (200, 400, DONE, REFUSED), False),
    ],
)
def test_an_answer_that_becomes_an_error_or_none_is_known_as_a_whole(
    rule: Shows, traffic: tuple[Any, ...], *, known: bool
) -> None:
    exchange = Traffic(Asked("POST /classes/Post"), *traffic)
    for path in ("$", "$status", "$.code", "$.objectId", "$header.Location"):
        assert rule.explains(Difference(path, Kind.VALUE, 1, 2), exchange) is known
    for path in ("$header.Content-Type", "$.a.b", "$[0]"):
        assert not rule.explains(Difference(path, Kind.VALUE, 1, 2), exchange)


@pytest.mark.parametrize(
    ("request_", "status", "body", "is_usual"),
    [
        (PUT, 200, {"updatedAt": DONE["createdAt"]}, True),
        (PUT, 200, {"updatedAt": DONE["createdAt"], "a": 1}, False),
        (INCREMENT, 200, {"updatedAt": DONE["createdAt"], "a": 2}, True),
        (asked("PUT", "/classes/P", {}), 200, {"updatedAt": DONE["createdAt"]}, False),
        (asked("PUT", "/users/abc", {}), 200, {"updatedAt": DONE["createdAt"]}, True),
        (asked("POST", "/roles", {}), 201, DONE, True),
        (asked("POST", "/classes/P/abc", {}), 201, DONE, False),
        (asked(), 200, {"results": []}, True),
        (asked(), 200, {"results": [], "count": 1}, False),
        (asked(url="/classes/P?count=1"), 200, {"results": [], "count": 1}, True),
        (asked(), 200, {"results": {}}, False),
        (asked(url="/classes/P/abc"), 200, {"results": []}, False),
        (BATCH, 200, [{"success": DONE}], True),
        (BATCH, 200, [{"error": REFUSED}], True),
        (BATCH, 200, [{"success": {}}], False),
        (BATCH, 200, [{}], False),
        (BATCH, 200, [], False),
        (asked("DELETE", "/classes/P/abc"), 200, {}, False),
        (asked(), 200, "text", False),
    ],
)  # fmt: skip
def test_what_a_request_is_answered_that_is_carried_out(
    request_: Asked, status: int, body: Any, *, is_usual: bool
) -> None:
    assert Looks(as_usual=True).fits(status, body, request_) is is_usual


WHEN = '[difference.when]\nrequests = ["GET /users"]\n'
PLACES = '[difference.shows]\nplaces = [{ path = "$.a", missing = true }]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLACES, "not when an app meets it"),
        (WHEN, "nothing recognises it"),
        (WHEN.replace("GET ", "") + PLACES, "is not a method and a path"),
        ("[difference.when]\nrequests = []\n" + PLACES, "names no requests"),
        (WHEN + 'auth = ["boss"]\n' + PLACES, "is none of master"),
        (WHEN + 'path = "("\n' + PLACES, "missing \\)"),
        (WHEN + 'broken = { a = "odd" }\n' + PLACES, "is none of not-json"),
        (WHEN + "method = 1\n" + PLACES, "method: there is above"),
        ('unseen = "u"\n' + WHEN + PLACES, "cannot be seen"),
        (WHEN + PLACES.replace("missing = true", "kind = 'extra'"), "not one of actual"),
        (WHEN + PLACES.replace("missing = true", "actual = 1, kind = 'odd'"), "is none of missing"),
        (WHEN + "[difference.shows]\nlive = { status = 200 }\n", "not one error and one success"),
        (WHEN + "[difference.shows]\nlive = { status = 400 }\n", "any would be taken"),
        (WHEN + "[difference.shows]\nlive = { code = 1 }\n", "recorded has no status"),
        ('[[difference.recognise]]\npath = "$"\nmissing = true\n', "names no checks"),
        (
            '[[difference.recognise]]\npath = "$"\nmissing = true\nchecks = ["a"]\nrequests = []\n',
            "requests: there is",
        ),
    ],
)
def test_an_entry_that_is_too_wide_or_malformed_is_refused(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_text(ENTRY + text, "utf-8")

    with pytest.raises(UserError, match=said):
        load_register([tmp_path])


def test_an_app_meets_what_it_brings_about_also_where_it_shows_later(tmp_path: Path) -> None:
    text = ENTRY + WHEN + '[difference.after]\nrequests = ["POST /users"]\n' + PLACES
    (tmp_path / "a.toml").write_text(text, "utf-8")
    register = load_register([tmp_path])
    entry = next(iter(register))
    read, made = Asked("GET /users"), Asked("POST /users")
    found = Difference("$.a", Kind.MISSING, 1, None)

    assert (entry.meets(read), entry.meets(made)) == (False, True)
    assert register.met_by(Asked("POST /batch", parts=(made,))) == [entry]
    assert register.recognise_traffic(found, Traffic(read)) is entry
    assert register.recognise_traffic(found, Traffic(made)) is None


def test_how_a_difference_shows_in_traffic_is_no_matter_of_checks() -> None:
    recognition = Recognition("$.a", missing=True, checks=("test_x.py::test_y",))
    found = Difference("$.a", Kind.MISSING, 1, None)
    assert recognition.recognises(found, "suites/test_x.py::test_y")
    assert not recognition.recognises(found, "suites/test_x.py::test_z")
