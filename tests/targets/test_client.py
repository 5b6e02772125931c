from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from parity.model import (
    BadReply,
    Exchange,
    Keys,
    Secret,
    Style,
    Target,
    TargetDown,
    TargetTimeout,
    Writes,
)
from parity.targets import ParseClient
from parity.targets.interlocks import WriteRefused
from tests.fake_parse import APP_ID, MASTER_KEY, REST_KEY, FakeParse, html


def client(fake: FakeParse, **changes: Any) -> ParseClient:
    return ParseClient(fake.target(**changes))


def test_a_created_row_can_be_read_back(fake_parse: FakeParse) -> None:
    parse = client(fake_parse)

    created = parse.create("Score", {"n": 1, "name": "Zoë 🎮"})
    found = parse.fetch("Score", created["objectId"])

    assert (created.status, found.status) == (201, 200)
    assert found["name"] == "Zoë 🎮"


def test_errors_are_values(fake_parse: FakeParse) -> None:
    reply = client(fake_parse).fetch("Score", "nosuchid01")

    assert reply.error is not None
    assert (reply.status, reply.error.code, reply.error.message) == (404, 101, "Object not found.")


def test_credentials_travel_in_headers(fake_parse: FakeParse) -> None:
    client(fake_parse).using(session_token="r:abc", installation_id="inst").find("Score")

    sent = fake_parse.headers[-1]
    assert sent["X-Parse-Application-Id"] == APP_ID
    assert sent["X-Parse-REST-API-Key"] == REST_KEY
    assert sent["X-Parse-Session-Token"] == "r:abc"
    assert sent["X-Parse-Installation-Id"] == "inst"
    assert "X-Parse-Master-Key" not in sent


def test_the_master_key_is_sent_only_when_asked_for(fake_parse: FakeParse) -> None:
    client(fake_parse).as_master().find("Score")

    assert fake_parse.headers[-1]["X-Parse-Master-Key"] == MASTER_KEY
    assert "X-Parse-REST-API-Key" not in fake_parse.headers[-1]


def test_credentials_travel_in_the_body_as_the_javascript_sdk_sends_them(
    fake_parse: FakeParse,
) -> None:
    keys = Keys(javascript_key=Secret("js"))
    parse = client(fake_parse, keys=keys).using(key="javascript_key", in_body=True)

    parse.find("Score", {"a": 1}, limit=2)

    assert fake_parse.requests[-1] == ("POST", "classes/Score")
    assert json.loads(fake_parse.bodies[-1]) == {
        "where": {"a": 1},
        "limit": 2,
        "_method": "GET",
        "_ApplicationId": APP_ID,
        "_JavaScriptKey": "js",
    }
    assert "X-Parse-Application-Id" not in fake_parse.headers[-1]
    assert fake_parse.headers[-1]["Content-Type"] == "text/plain"


def test_a_tunnelled_delete_is_a_post_with_a_method(fake_parse: FakeParse) -> None:
    client(fake_parse).using(tunnel=True).destroy("Score", "x")

    assert fake_parse.requests[-1] == ("POST", "classes/Score/x")
    assert json.loads(fake_parse.bodies[-1]) == {"_method": "DELETE"}


def test_an_observer_sees_every_exchange(fake_parse: FakeParse) -> None:
    seen: list[Exchange] = []
    parse = ParseClient(fake_parse.target(), observer=seen.append)

    parse.create("Score", {"n": 1})
    fake_parse.misbehave = lambda method, path: html()
    with pytest.raises(BadReply):
        parse.find("Score")

    assert [each.request.method for each in seen] == ["POST", "GET"]
    assert seen[0].response is not None
    assert seen[0].elapsed_s > 0


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (html(), "Welcome to nginx!"),
        (html(502), "status 502, text/html"),
        ((200, {}, b""), "0 bytes"),
        ((200, {"Content-Type": "application/json"}, b'{"results": ['), '{"results": ['),
        ((200, {"Content-Type": "application/json"}, b'"ok"'), '"ok"'),
        ((200, {}, b"\xff\xfe\x00"), r"\xff\xfe\x00"),
    ],
)
def test_what_is_not_parse_is_an_error_with_the_target_and_the_bytes(
    fake_parse: FakeParse, answer: Any, shown: str
) -> None:
    fake_parse.misbehave = lambda method, path: answer

    with pytest.raises(BadReply) as caught:
        client(fake_parse).find("Score")

    assert "target 'fake'" in str(caught.value)
    assert shown in str(caught.value)


def test_what_is_not_parse_is_accepted_where_it_was_asked_for(fake_parse: FakeParse) -> None:
    fake_parse.misbehave = lambda method, path: html(404)

    reply = client(fake_parse).get("", raw=True)

    assert (reply.status, reply.json) == (404, None)
    assert b"nginx" in reply.body


def test_a_server_that_never_answers_is_an_error_within_the_timeout(fake_parse: FakeParse) -> None:
    def hang(method: str, path: str) -> None:
        fake_parse.hung.wait(60)

    fake_parse.misbehave = hang

    with pytest.raises(TargetTimeout, match=r"target 'fake' did not answer GET .* within 0.2 s"):
        client(fake_parse, timeout_s=0.2).find("Score")


def test_a_server_that_is_down_is_an_error_that_names_it() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/parse"
    target = Target("gone", Style.PARSE_SERVER, url, Secret("a"))

    with pytest.raises(TargetDown, match=r"target 'gone' is not reachable: .*refused"):
        ParseClient(target).find("Score")


def test_a_forbidden_write_is_not_sent(fake_parse: FakeParse) -> None:
    with pytest.raises(WriteRefused):
        client(fake_parse, writes=Writes.FORBIDDEN).create("Score", {})

    assert fake_parse.requests == []


def test_proxies_and_netrc_are_not_used(
    fake_parse: FakeParse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert client(fake_parse).get("config").ok


def test_a_download_carries_no_credentials(fake_parse: FakeParse) -> None:
    client(fake_parse).as_user("r:secret").download(f"{fake_parse.url}/files/x")

    assert not [name for name in fake_parse.headers[-1] if name.startswith("X-Parse")]
