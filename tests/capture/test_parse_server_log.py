"""Verbose logs in: what 2.8.4 and 9.10.0 wrote when they were looked at, in all four forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.capture.exchanges import TRUNCATED_BODY
from parity.capture.importers import Imported, Problem, UnreadableSource, kind_of
from parity.capture.importers.parse_server_log import (
    KEYS_NOT_LOGGED,
    PAIRED_BY_ORDER,
    REBUILT_ERROR,
)
from tests.capture.sources import exchanges, problems, read
from tests.examples import examples

HEADERS = {
    "host": "127.0.0.1:1337",
    "accept-encoding": "gzip, deflate, br",
    "x-parse-application-id": "an-app",
    "content-type": "application/json",
    "content-length": "20",
}
SDK = {"host": "127.0.0.1:1337", "content-type": "text/plain", "content-length": "20"}
ALL_FORMS = pytest.mark.parametrize("form", ["file", "json", "text-9", "text-2"])


class Log:
    """Writes a log as a Parse Server does.

    Args:
        form: ``file``, ``json`` (console), ``text-9`` or ``text-2`` (console of 9.x and 2.x).
    """

    def __init__(self, path: Path, form: str = "file") -> None:
        self.path = path
        self.form = form
        self._second = 0
        path.write_text("node: a warning of somebody else\n\n")

    def request(
        self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        headers, body = HEADERS if headers is None else headers, {} if body is None else body
        fields = {"method": method, "url": url, "headers": headers, "body": body}
        message = f"REQUEST for [{method}] {url}: {self._pretty(body)}"
        pairs = {"method": method, "url": url, **headers}
        self._entry("verbose", message, fields, pairs)

    def response(self, method: str, url: str, response: Any, **more: Any) -> None:
        result = {**more, "response": response}
        message = f"RESPONSE from [{method}] {url}: {self._pretty(result)}"
        self._entry("verbose", message, {"result": result}, more)

    def error(self, code: int, message: str) -> None:
        if self.form == "text-2":
            pairs = {"code": code, "message": message}
            self._entry(
                "error", f"Error generating response. ParseError {{ code: {code} }}", {}, pairs
            )
        pairs = {"code": code, "message": message}
        self._entry("error", message, {"code": code, "stack": "Error: …"}, pairs)

    def text(self, line: str) -> None:
        with self.path.open("a") as file:
            file.write(line + "\n")

    @staticmethod
    def _pretty(value: Any) -> str:
        return json.dumps(value, indent=2, ensure_ascii=False)

    def _entry(self, level: str, message: str, fields: dict[str, Any], pairs: Any) -> None:
        self._second += 1
        if self.form in {"file", "json"}:
            entry = {**fields, "level": level, "message": message}
            if self.form == "file":
                entry["timestamp"] = f"2026-11-23T06:04:{self._second:02}.500Z"
            self.text(json.dumps(entry, ensure_ascii=False))
        elif self.form == "text-9":
            self.text(f"{level}: {message} {json.dumps(fields)}")
        else:
            row = ", ".join(f"{name}={value}" for name, value in pairs.items())
            self.text(f"\x1b[36m{level}\x1b[39m: {message} {row}")


@ALL_FORMS
def test_requests_and_responses_are_read_in_every_form(tmp_path: Path, form: str) -> None:
    log = Log(tmp_path / "a.log", form)
    body = {"title": 'one\n{two} "three": ü', "n": 1.5}
    log.request("POST", "/parse/classes/Post", body)
    location = "http://127.0.0.1:1337/parse/classes/Post/aaaaaaaaaa"
    log.response(
        "POST", "/parse/classes/Post", {"objectId": "aaaaaaaaaa"}, status=201, location=location
    )
    query = "/parse/classes/Post?where=%7B%22a%22%3A+1%7D"
    log.request("GET", query)
    log.response("GET", query, {"results": [{"z": 1, "a": 2}]})
    first, second = exchanges(log.path)
    assert first.request.url == "http://127.0.0.1:1337/parse/classes/Post"
    assert json.loads(first.request.body) == body
    assert ("x-parse-application-id", "an-app") in first.request.headers
    assert ("accept-encoding", "gzip, deflate, br") in first.request.headers
    assert first.response is not None
    assert first.response.status == 201
    assert ("Location", location) in first.response.headers
    assert json.loads(first.response.body) == {"objectId": "aaaaaaaaaa"}
    assert second.request.url.endswith(query)
    assert second.request.body == b""
    assert second.response is not None
    assert (second.response.status, second.response.body) == (
        200,
        b'{"results":[{"z":1,"a":2}]}',
    )
    assert first.notes == second.notes == ()
    times = [(each.at, each.elapsed_ms) for each in (first, second)]
    if form == "file":
        assert times == [(1795413841.5, 1000.0), (1795413843.5, 1000.0)]
    else:
        assert times == [(None, None), (None, None)]


@ALL_FORMS
@pytest.mark.parametrize(
    ("code", "message", "status"),
    [(101, "Object not found.", 404), (141, 'Invalid function: "x"', 400), (1, "Oops", 500)],
)
def test_an_error_is_the_response_of_the_one_request_that_waits(
    tmp_path: Path, form: str, code: int, message: str, status: int
) -> None:
    log = Log(tmp_path / "a.log", form)
    log.request("GET", "/parse/classes/Post/nope")
    log.error(code, message)
    log.request("GET", "/parse/config")
    log.response("GET", "/parse/config", {"params": {}})
    first, second = exchanges(log.path)
    assert first.response is not None
    assert first.response.status == status
    assert json.loads(first.response.body) == {"code": code, "error": message}
    assert first.notes == (REBUILT_ERROR,)
    assert second.notes == ()


def test_an_error_while_two_requests_wait_is_nobodys_response(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    log.request("GET", "/parse/classes/A/x")
    log.request("GET", "/parse/classes/B/x")
    log.error(101, "Object not found.")
    log.response("GET", "/parse/classes/B/x", {"objectId": "x"})
    first, second = exchanges(log.path)
    assert first.response is None
    assert second.response is not None
    assert second.response.status == 200


def test_an_error_that_cloud_code_logged_is_not_the_response_that_follows(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    log.request("POST", "/parse/functions/f")
    log.error(101, "Object not found.")
    log.response("POST", "/parse/functions/f", {"result": 1})
    (found,) = exchanges(log.path)
    assert found.response is not None
    assert (found.response.status, found.response.body) == (200, b'{"result":1}')
    assert found.notes == ()


def test_equal_requests_at_one_time_are_paired_by_order_and_say_so(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    for title in ("one", "two"):
        log.request("POST", "/parse/classes/Post", {"title": title})
    for name in ("aaaaaaaaaa", "bbbbbbbbbb"):
        log.response("POST", "/parse/classes/Post", {"objectId": name}, status=201)
    log.request("POST", "/parse/classes/Post", {"title": "three"})
    log.response("POST", "/parse/classes/Post", {"objectId": "cccccccccc"}, status=201)
    found = exchanges(log.path)
    assert [json.loads(each.response.body)["objectId"][0] for each in found if each.response] == [
        *"abc"
    ]
    assert [each.notes for each in found] == [(PAIRED_BY_ORDER,), (PAIRED_BY_ORDER,), ()]


def test_a_request_of_the_javascript_sdk_becomes_what_the_sdk_sent(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    log.request("GET", "/parse/classes/Post", {"where": {"a": 1}}, SDK)
    log.response("GET", "/parse/classes/Post", {"results": []})
    (found,) = exchanges(log.path)
    assert found.request.method == "POST"
    body = json.loads(found.request.body)
    assert body["_method"] == "GET"
    assert body["where"] == {"a": 1}
    assert {"_ApplicationId", "_JavaScriptKey"} < set(body)
    assert found.notes == (KEYS_NOT_LOGGED,)


def test_a_decoded_url_is_encoded_again(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    url = '/parse/classes/Post?where={"a": {"$ne": "x: {y"}}&limit=2'
    log.request("GET", url)
    (found,) = exchanges(log.path)
    assert found.request.url == (
        "http://127.0.0.1:1337/parse/classes/Post?where=%7B%22a%22:%20%7B%22$ne%22:%20%22x:%20"
        "%7By%22%7D%7D&limit=2"
    )


def test_requests_that_are_never_answered_do_not_hold_up_the_others(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    log.request("GET", "/parse/never")
    for number in range(600):
        log.request("GET", f"/parse/classes/P{number}")
        log.response("GET", f"/parse/classes/P{number}", {})
    found = exchanges(log.path)
    assert [each.number for each in found] == list(range(1, 602))
    assert [each.number for each in found if each.response is None] == [1]


def test_a_body_beyond_the_limit_is_left_out_and_noted(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    log.request("POST", "/parse/classes/Post", {"a": "x" * 2000})
    log.response("POST", "/parse/classes/Post", {"a": "x" * 2000})
    (found,) = exchanges(log.path, 1000)
    assert found.notes == (
        TRUNCATED_BODY,
        f"{TRUNCATED_BODY}: request",
        f"{TRUNCATED_BODY}: response",
    )
    assert found.request.body == b""
    assert found.response is not None
    assert found.response.body == b""


@pytest.mark.parametrize(
    "line",
    [
        '{"level":"verbose","message":"REQUEST for [GET] /parse/x: {}","headers":',
        '{"level":"verbose","message":"REQUEST for [GET] /parse/x: {}"}',
        '{"level":"verbose","message":"RESPONSE from [GET] /parse/x: <html>"}',
        'verbose: REQUEST for [GET] /parse/x: {"a": ',
    ],
)
def test_a_broken_line_is_reported_and_the_rest_used(tmp_path: Path, line: str) -> None:
    log = Log(tmp_path / "a.log")
    log.text(line)
    log.request("GET", "/parse/config")
    log.response("GET", "/parse/config", {})
    found = read(log.path)
    assert [each.where for each in found if isinstance(each, Problem)] == ["line 3"]
    assert [each.response is not None for each in found if isinstance(each, Imported)] == [True]


def test_a_log_that_was_not_verbose_says_what_to_do(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    log.text("info: Parse LiveQuery Server starts running")
    with pytest.raises(UnreadableSource, match="VERBOSE=1"):
        read(log.path)


def test_a_response_without_its_request_is_passed_over(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    log.response("GET", "/parse/users", {})
    log.request("GET", "/parse/config")
    assert len(exchanges(log.path)) == 1
    assert problems(log.path) == []


@given(st.data())
@settings(max_examples=examples(100))
def test_any_damage_is_reported_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = Log(folder / "a.log", data.draw(st.sampled_from(["file", "text-9", "text-2"])))
    for number in range(3):
        log.request("POST", f"/parse/classes/P{number}", {"a": [number, "}"]})
        log.response("POST", f"/parse/classes/P{number}", {"objectId": "aaaaaaaaaa"}, status=201)
        log.error(101, "Object not found.")
    text = log.path.read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    log.path.write_text(text[:start] + data.draw(st.text(max_size=5)) + text[end:], "utf-8")
    found = read(log.path)
    assert len([each for each in found if isinstance(each, Imported)]) >= 1


PREFIXES = {
    "heroku": "2017-01-20T10:00:{:02}.123456+00:00 app[web.{}]: ",
    "syslog": "Jan 20 10:00:{:02} host node[{}]: ",
    "papertrail": "Jan 20 10:00:{:02} my-app app/web.{}: ",
    "compose": "parse_{1}   | ",
}


@pytest.mark.parametrize("form", ["json", "text-9", "text-2"])
@pytest.mark.parametrize("platform", PREFIXES)
def test_what_a_platform_writes_in_front_of_lines_changes_nothing(
    tmp_path: Path, platform: str, form: str
) -> None:
    log = Log(tmp_path / "plain.log", form)
    for number in range(3):
        log.request("POST", f"/parse/classes/Post{number}", {"title": "one\ntwo", "n": number})
        log.response("POST", f"/parse/classes/Post{number}", {"objectId": f"aaaaaaaaa{number}"})
    plain = exchanges(log.path)
    lines = log.path.read_text("utf-8").splitlines()
    # Two processes, each with all of it, and a third one that is no Parse Server.
    mixed = [
        line
        for number, text in enumerate(lines)
        for line in (
            PREFIXES[platform].format(number % 60, 1) + text,
            "2017-01-20T10:00:00.000000+00:00 heroku[router]: at=info method=POST host=x",
            PREFIXES[platform].format(number % 60, 2) + text.replace("Post", "Other"),
        )
    ]
    path = tmp_path / "platform.txt"
    path.write_text("\n".join(mixed) + "\n", "utf-8")
    assert kind_of(path) == "Parse Server log"
    for name in ("Post", "Other"):
        found = [exchange for exchange in exchanges(path) if f"/{name}" in exchange.request.url]
        assert [(each.request.body, each.notes) for each in found] == [
            (each.request.body, each.notes) for each in plain
        ]
        assert all(each.response is not None for each in found)
        assert platform != "heroku" or all(each.at is not None for each in found)
