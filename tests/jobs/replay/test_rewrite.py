"""A recorded request, as it is sent to a target."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.capture.recording import Headers, RecordedRequest
from parity.jobs.replay.rewrite import MissingKey, Rewriter, Rewritten
from parity.model import Target
from tests.jobs.replay.recorded import dumped, target

TOKEN, LIVE_TOKEN = "r:recorded0000000000000000X", "r:0123456789abcdef0123456789abcdef"
FILE, LIVE_FILE = "tfss-0f0f0f0f-1111-2222-3333-444444444444-a b.png", "0" * 32 + "_a b.png"
BOUND = {
    "recorded00": "minted0000",
    "recorded01": "minted0001",
    TOKEN: LIVE_TOKEN,
    FILE: LIVE_FILE,
}
ALL_KEYS = target(master_key="live-master", javascript_key="live-js", rest_key="live-rest")
POINTER = {"__type": "Pointer", "className": "P", "objectId": "recorded00"}


def rewriter(mount: str = "/1", to: Target | None = None) -> Rewriter:
    """Return a rewriter that knows what is in BOUND."""
    return Rewriter(to or ALL_KEYS, mount, BOUND.get)


def sent(
    url: str,
    body: Any = None,
    headers: Headers = (),
    *,
    method: str = "POST",
    to: Target | None = None,
) -> Rewritten:
    """Rewrite a request."""
    raw = dumped(body)
    content = json.loads(raw) if raw[:1] in (b"{", b"[") else None
    return rewriter(to=to).rewrite(RecordedRequest(method, url, headers, raw), content)


def body_of(body: Any, **more: Any) -> Any:
    """Return the body that is sent for a recorded one."""
    return json.loads(sent("/1/classes/P", body, **more).body)


ORIGIN = "http://127.0.0.1:1337"


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        ("/1/classes/P", "/parse/classes/P"),
        ("/1/classes/P/recorded00", "/parse/classes/P/minted0000"),
        ("/1/classes/P/unknown000", "/parse/classes/P/unknown000"),
        ("/1/classes/recorded0", "/parse/classes/recorded0"),
        ("/1", "/parse"),
        ("/10/classes/P", "/10/classes/P"),
        ("/1/files/a%20b.txt", "/parse/files/a%20b.txt"),
        ("/1/files/recorded-app/x.png", "/parse/files/live-app/x.png"),
        (f"/1/files/app/{quote(FILE)}", f"/parse/files/live-app/{quote(LIVE_FILE)}"),
        ("/1/classes/P?", "/parse/classes/P?"),
        ("/1/classes/P?limit=5&limit", "/parse/classes/P?limit=5&limit"),
        ("/1/classes/P?a=recorded00", "/parse/classes/P?a=minted0000"),
        ("/1/login?username=a%40b&password=x+y", "/parse/login?username=a%40b&password=x+y"),
        ("/1/classes/P?where=%7Bbroken", "/parse/classes/P?where=%7Bbroken"),
        ("/1/c?_ApplicationId=recorded", "/parse/c?_ApplicationId=live-app"),
        ("/1/c?_JavaScriptKey=recorded", "/parse/c?_JavaScriptKey=live-js"),
        ("/1/c?_MasterKey=recorded", "/parse/c?_MasterKey=live-master"),
    ],
)
def test_a_path_is_below_the_mount_of_the_target(recorded: str, live: str) -> None:
    assert sent(recorded).url == ORIGIN + live


@pytest.mark.parametrize(
    ("mount", "url", "recorded", "live"),
    [
        ("/parse", "https://api.example/1", "/parse/users", "https://api.example/1/users"),
        ("", "http://h/parse", "/users/recorded00", "http://h/parse/users/minted0000"),
        ("/a/b", "http://h", "/a/b/users", "http://h/users"),
    ],
)
def test_mounts_are_rewritten_in_any_direction(
    mount: str, url: str, recorded: str, live: str
) -> None:
    request = RecordedRequest("GET", recorded, (), b"")
    assert rewriter(mount, target(url)).rewrite(request, None).url == live


def test_a_query_in_the_url_names_the_live_objects() -> None:
    where = {"author": POINTER, "x": {"$in": ["recorded01", "other"]}, "n": 1.50}
    url = sent(f"/1/classes/P?where={quote(json.dumps(where))}&limit=1").url
    text = unquote(url.partition("where=")[2].partition("&")[0])
    assert text == json.dumps(where).replace("recorded00", "minted0000").replace(
        "recorded01", "minted0001"
    )
    assert url.endswith("&limit=1")


def test_a_query_without_anything_minted_stays_as_it_was_sent() -> None:
    raw = "/1/classes/P?where=%7b%22a%22%3A+%22b%22%7D&order=-createdAt"
    assert sent(raw).url == ORIGIN + raw.replace("/1/", "/parse/")


@pytest.mark.parametrize(
    "body",
    [
        {"author": POINTER},
        {"ACL": {"recorded00": {"read": True}, "*": {}}},
        {"likes": {"__op": "AddRelation", "objects": [POINTER]}},
        {"_method": "GET", "where": {"$relatedTo": {"object": POINTER, "key": "likes"}}},
        {"list": ["recorded00", ["recorded00"]]},
        {"_SessionToken": TOKEN, "a": 1},
        {"picture": {"__type": "File", "name": FILE}},
    ],
)
def test_a_body_names_what_the_target_minted(body: Any) -> None:
    text = json.dumps(body)
    for recorded, live in BOUND.items():
        text = text.replace(json.dumps(recorded), json.dumps(live))
    assert sent("/1/classes/P", body).body == text.encode()


def test_a_query_that_is_text_in_a_body_names_the_live_objects() -> None:
    found = body_of({"_method": "GET", "where": json.dumps({"author": POINTER})})
    assert json.loads(found["where"])["author"]["objectId"] == "minted0000"


def test_a_text_that_an_app_calls_where_is_data() -> None:
    body = {"where": json.dumps({"author": POINTER})}
    assert body_of(body) == body


def test_a_part_of_a_text_is_no_id() -> None:
    assert body_of({"title": "recorded00 and more"}) == {"title": "recorded00 and more"}


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        ("http://files.parsetfss.com/key/" + quote(FILE), True),
        ("https://old.example/1/files/app/" + quote(FILE), True),
        ("http://files.parsetfss.com/key/tfss-unknown.png", False),
        ("https://example.com/" + quote(FILE), False),
    ],
)
def test_the_url_of_a_file_is_that_of_the_target(recorded: str, live: bool) -> None:  # noqa: FBT001
    expected = f"{ORIGIN}/parse/files/live-app/{quote(LIVE_FILE)}" if live else recorded
    assert body_of({"url": recorded}) == {"url": expected}


def test_a_batch_has_its_paths_and_bodies_rewritten() -> None:
    where = quote(json.dumps({"a": "recorded01"}))
    found = body_of(
        {
            "requests": [
                {"method": "PUT", "path": "/1/classes/P/recorded00", "body": {"a": POINTER}},
                {"method": "GET", "path": f"/1/classes/P?where={where}"},
                {"method": "DELETE", "path": "/1/classes/P/unknown000"},
            ]
        }
    )
    one, two, three = found["requests"]
    assert one["path"] == "/parse/classes/P/minted0000"
    assert one["body"]["a"]["objectId"] == "minted0000"
    assert json.loads(unquote(two["path"].partition("where=")[2])) == {"a": "minted0001"}
    assert three["path"] == "/parse/classes/P/unknown000"


def test_credentials_of_headers_are_those_of_the_target() -> None:
    headers = (
        ("X-Parse-Application-Id", "recorded"),
        ("x-parse-rest-api-key", "recorded"),
        ("X-Parse-Master-Key", "recorded"),
        ("X-Parse-Client-Key", "recorded"),
        ("X-Parse-Session-Token", TOKEN),
        ("X-Parse-Installation-Id", "unknown"),
        ("X-Own", "stays"),
    )
    assert sent("/1/classes/P", None, headers).headers == {
        "X-Parse-Application-Id": "live-app",
        "x-parse-rest-api-key": "live-rest",
        "X-Parse-Master-Key": "live-master",
        "X-Parse-Session-Token": LIVE_TOKEN,
        "X-Parse-Installation-Id": "unknown",
        "X-Own": "stays",
    }


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Content-Length",
        "Connection",
        "Transfer-Encoding",
        "Expect",
        "Cookie",
        "Accept-Encoding",
    ],
)
def test_what_is_about_the_recorded_transfer_is_not_sent(name: str) -> None:
    assert sent("/1/classes/P", None, ((name, "x"),)).headers == {}


def test_a_request_id_is_new_so_that_a_server_does_not_take_it_for_a_repetition() -> None:
    one, other = (
        sent("/1/classes/P", None, (("X-Parse-Request-Id", "recorded"),)).headers for _ in range(2)
    )
    assert "recorded" not in (*one.values(), *other.values())
    assert one != other


def basic(pair: str) -> Headers:
    """Return a header with HTTP Basic."""
    return (("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),)


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        ("recorded:master", "live-app:live-master"),
        ("recorded:javascript-key=js", "live-app:javascript-key=live-js"),
        ("recorded:", "live-app:"),
    ],
)
def test_credentials_of_http_basic_are_those_of_the_target(recorded: str, live: str) -> None:
    found = sent("/1/classes/P", None, basic(recorded)).headers["Authorization"]
    assert base64.b64decode(found.partition(" ")[2]).decode() == live


@pytest.mark.parametrize("value", ["Bearer x", "Basic %%%", "Basic"])
def test_another_authorization_stays(value: str) -> None:
    assert sent("/1/classes/P", None, (("Authorization", value),)).headers["Authorization"] == value


def test_credentials_of_a_body_are_those_of_the_target() -> None:
    body = {"_ApplicationId": "app", "_JavaScriptKey": "js", "_MasterKey": "m", "a": 1}
    assert body_of(body) == {
        "_ApplicationId": "live-app",
        "_JavaScriptKey": "live-js",
        "_MasterKey": "live-master",
        "a": 1,
    }


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_data_that_is_equal_to_a_credential_stays(separators: tuple[str, str]) -> None:
    body = {"_ApplicationId": "blog", "title": "blog", "list": ["blog"]}
    raw = json.dumps(body, separators=separators).encode()
    assert body_of(raw) == body | {"_ApplicationId": "live-app"}


@pytest.mark.parametrize(
    ("url", "body", "headers"),
    [
        ("/1/classes/P", None, (("X-Parse-Master-Key", "recorded"),)),
        ("/1/classes/P", {"_MasterKey": "recorded"}, ()),
        ("/1/classes/P", None, basic("app:master")),
        ("/1/classes/P?_MasterKey=recorded", None, ()),
    ],
    ids=["header", "body", "basic", "query"],
)
def test_what_needs_the_master_key_is_not_sent_without_one(
    url: str, body: Any, headers: Headers
) -> None:
    with pytest.raises(MissingKey, match="master"):
        sent(url, body, headers, to=target(rest_key="r"))


def test_a_key_that_the_target_does_not_have_is_not_sent() -> None:
    to = target()
    assert sent("/1/classes/P", None, (("X-Parse-REST-API-Key", "r"),), to=to).headers == {}
    assert body_of({"_JavaScriptKey": "recorded"}, to=to) == {"_JavaScriptKey": ""}


@pytest.mark.parametrize("header", ["X-Parse-Client-Key", "X-Parse-Windows-Key"])
def test_another_kind_of_client_key_stands_for_one_that_the_target_does_not_have(
    header: str,
) -> None:
    to = target(javascript_key="live-js", master_key="live-master")
    found = sent("/1/classes/P", None, ((header, "recorded"),), to=to).headers
    assert found == {"X-Parse-Javascript-Key": "live-js"}
    only_master = target(master_key="live-master")
    assert sent("/1/classes/P", None, ((header, "recorded"),), to=only_master).headers == {}


def test_escapes_do_not_hide_an_id() -> None:
    raw = b'{"requests":[{"method":"GET","path":"\\/1\\/classes\\/P\\/recorded00"}]}'
    assert body_of(raw)["requests"][0]["path"] == "/parse/classes/P/minted0000"
    assert body_of(b'{"a":"\\u0072ecorded00"}') == {"a": "minted0000"}
    acl = body_of(b'{"ACL":{"\\u0072ecorded00":{"read":true}}}')
    assert acl == {"ACL": {"minted0000": {"read": True}}}


def test_ids_that_change_places_are_not_changed_twice() -> None:
    swapped = {"recorded00": "recorded01", "recorded01": "recorded00"}
    request = RecordedRequest("POST", "/1/c", (), b'["recorded00","recorded01"]')
    found = Rewriter(target(), "/1", swapped.get).rewrite(request, ["recorded00", "recorded01"])
    assert json.loads(found.body) == ["recorded01", "recorded00"]


@pytest.mark.parametrize("raw", [b"\x89PNG recorded00", b'{"broken": "recorded00"', b""])
def test_a_body_that_is_no_json_stays_byte_for_byte(raw: bytes) -> None:
    request = RecordedRequest("POST", "/1/files/a.png", (), raw)
    assert rewriter().rewrite(request, None).body == raw


TEXTS = st.text(max_size=6) | st.sampled_from(list(BOUND))
VALUES = st.recursive(
    TEXTS | st.integers(-99, 99) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


def walked(value: Any) -> Any:
    """Return a value with everything renamed that is bound."""
    if isinstance(value, str):
        return BOUND.get(value, value)
    if isinstance(value, list):
        return [walked(each) for each in value]
    if isinstance(value, dict):
        return {walked(key): walked(each) for key, each in value.items()}
    return value


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans(), st.sampled_from([None, 2]))
def test_everything_that_is_bound_is_renamed_and_nothing_else(
    body: dict[str, Any],
    ascii_only: bool,  # noqa: FBT001
    indent: int | None,
) -> None:
    raw = json.dumps(body, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    content = json.loads(raw)
    found = rewriter().rewrite(RecordedRequest("POST", "/1/classes/P", (), raw), content).body
    assert json.loads(found) == walked(content)
    if walked(content) == content:
        assert found == raw


def test_keys_that_were_refused_stay_wrong() -> None:
    headers = (("X-Parse-Application-Id", "recorded-app"), ("X-Parse-REST-API-Key", "wrong"))
    body = {"_ApplicationId": "recorded-app", "_JavaScriptKey": "wrong", "at": POINTER}
    request = RecordedRequest("POST", "/1/classes/P", headers, dumped(body))

    found = rewriter().rewrite(request, body, refused=True)

    assert found.headers == dict(headers)
    assert json.loads(found.body) == {**body, "at": {**POINTER, "objectId": "minted0000"}}


@pytest.mark.parametrize("to", [ALL_KEYS, target()])
def test_an_empty_key_is_no_key_and_does_not_become_one(to: Target) -> None:
    empty = sent("/1/classes/P", headers=(("X-Parse-Master-Key", ""),), to=to)
    assert empty.headers == {"X-Parse-Master-Key": ""}
    body = {"_ApplicationId": "app", "_MasterKey": "", "a": 1}
    assert body_of(body, to=to) == {"_ApplicationId": "live-app", "_MasterKey": "", "a": 1}
    assert sent("/1/classes/P?_MasterKey=&a=1", to=to).url.endswith("/classes/P?_MasterKey=&a=1")
