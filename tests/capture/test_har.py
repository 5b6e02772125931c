"""HAR files in: every body, every odd entry, and every way to be broken."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.capture.exchanges import MISSING_BODY, TRUNCATED_BODY
from parity.capture.importers import Imported, Problem, UnreadableSource
from tests.capture.sources import exchanges, har, har_entry, problems, read
from tests.examples import examples

PNG = b"\x89PNG\r\n\x00\xff"


def encoded(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "text": base64.b64encode(data).decode(), "encoding": "base64"}


def test_an_entry_is_read_with_time_headers_and_both_bodies(tmp_path: Path) -> None:
    entry = har_entry(
        method="post",
        headers={"X-Parse-Application-Id": "a", ":authority": "api.parse.com"},
        post={"mimeType": "application/json", "text": '{"a":"ü"}'},
        status=201,
        answer_headers={"Location": "x"},
        connection="443",
    )
    (found,) = exchanges(har(tmp_path / "a.har", entry))
    assert found.request.method == "POST"
    assert found.request.url == "https://api.parse.com/1/classes/Post"
    assert found.request.headers == (("X-Parse-Application-Id", "a"),)
    assert found.request.body == '{"a":"ü"}'.encode()
    assert found.response is not None
    assert (found.response.status, found.response.body) == (201, b"{}")
    assert found.response.headers == (("Location", "x"),)
    assert (found.at, found.elapsed_ms, found.connection) == (1457543550.25, 12.5, "443")


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (PNG, ""),
        (gzip.compress(PNG), "gzip"),
        (zlib.compress(PNG), "deflate"),
        (gzip.compress(gzip.compress(PNG)), "gzip, gzip"),
        (PNG, "gzip"),  # decoded by the tool that wrote the file; the header stayed
    ],
    ids=["plain", "gzip", "deflate", "gzip twice", "decoded before"],
)
def test_a_binary_body_is_decoded_whether_or_not_it_still_was_compressed(
    tmp_path: Path, data: bytes, encoding: str
) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    entry = har_entry(content=encoded(data), answer_headers=headers)
    (found,) = exchanges(har(tmp_path / "a.har", entry))
    assert found.response is not None
    assert found.response.body == PNG


def test_a_form_without_text_is_put_together(tmp_path: Path) -> None:
    params = [{"name": "a b", "value": "1&2"}, {"name": "c", "value": "ü"}]
    entry = har_entry(method="POST", post={"mimeType": "x", "params": params})
    (found,) = exchanges(har(tmp_path / "a.har", entry))
    assert found.request.body == b"a+b=1%262&c=%C3%BC"


@pytest.mark.parametrize("response", [{"status": 0}, None, {"status": -1}])
def test_an_entry_without_a_response_has_none(
    tmp_path: Path, response: dict[str, Any] | None
) -> None:
    (found,) = exchanges(har(tmp_path / "a.har", har_entry() | {"response": response}))
    assert found.response is None


def test_a_body_that_was_not_kept_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    entries = har_entry(content={"size": 10}), har_entry(content={"size": 0})
    missing, empty = exchanges(har(tmp_path / "a.har", *entries))
    assert missing.notes == (MISSING_BODY, f"{MISSING_BODY}: response")
    assert empty.notes == ()


@pytest.mark.parametrize(
    "entry",
    [
        har_entry("wss://api.parse.com/1"),
        har_entry(_webSocketMessages=[]),
        har_entry(status=101),
        har_entry("data:text/plain,x"),
        har_entry("chrome-extension://abc/x.js"),
    ],
)
def test_what_is_no_exchange_of_http_is_counted_apart(
    tmp_path: Path, entry: dict[str, Any]
) -> None:
    found = read(har(tmp_path / "a.har", entry, har_entry()))
    assert isinstance(found[0], Problem)
    assert found[0].kind == "not_http"
    assert isinstance(found[1], Imported)
    assert found[1].number == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"request": {"method": "GET", "headers": []}}, "url"),
        ({"request": {"method": "GET", "url": "http://x/", "headers": [{"name": 1}]}}, "headers"),
        ({"request": 5}, "request"),
        ({"response": {"status": 200, "headers": [], "content": {"text": 5}}}, "body"),
    ],
)
def test_an_entry_of_another_shape_is_reported_and_the_rest_used(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    path = har(tmp_path / "a.har", har_entry(), har_entry() | change, har_entry())
    (problem,) = problems(path)
    assert problem.kind == "unreadable"
    assert problem.where.startswith("entry 2, line ")
    assert reason in problem.reason
    assert len(read(path)) == 3


@pytest.mark.parametrize(
    ("broken", "by"),
    [
        ('"method": "GET"', '"method": GET'),
        ('"status": 200,', '"status": 200,,'),
        ('"time": 12.5,', '"time": 12.5'),
        ('"text": "{}"', '"text": "{}'),  # a missing quote swallows what follows
        ('"content": {', '"content": '),  # a missing brace closes the array too early
        ('"method": "GET",', '"method": "GET", {'),
    ],
)
def test_broken_json_is_reported_with_its_position_and_the_other_entries_are_used(
    tmp_path: Path, broken: str, by: str
) -> None:
    path = har(tmp_path / "a.har", *(har_entry(_n=n) for n in range(1, 6)))
    text = path.read_text()
    second = text.index("_n", text.index('"_n": 1') + 9)  # inside the second entry's end
    start = text.rindex(broken, 0, second)
    path.write_text(text[:start] + by + text[start + len(broken) :])
    line = text[:start].count("\n") + 1
    found = read(path)
    bad = [each for each in found if isinstance(each, Problem)]
    good = [each for each in found if isinstance(each, Imported)]
    assert bad
    first_line = int(bad[0].where.partition(",")[0].removeprefix("line "))
    assert line - 25 <= first_line <= line + 5
    assert len(good) >= 3


def test_a_har_that_was_cut_off_gives_what_is_whole(tmp_path: Path) -> None:
    path = har(tmp_path / "a.har", *[har_entry()] * 3)
    path.write_text(path.read_text()[:-200])
    found = read(path)
    assert [type(each) for each in found] == [Imported, Imported, Problem]
    assert "the file ends within this entry" in problems(path)[0].reason


@pytest.mark.parametrize("text", ["", " \n", "[]", "{}", '{"log": {}}', "\x00\x01", "<html>"])
def test_what_is_no_har_is_a_named_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.har"
    path.write_text(text)
    with pytest.raises(UnreadableSource, match=r"a\.har"):
        read(path)


def test_half_a_surrogate_pair_costs_its_entry_only(tmp_path: Path) -> None:
    path = har(tmp_path / "a.har", har_entry(content={"text": "\ud800"}), har_entry())
    assert [type(each) for each in read(path)] == [Problem, Imported]


def test_a_body_beyond_the_limit_is_left_out_and_noted(tmp_path: Path) -> None:
    entries = (
        har_entry(method="POST", post={"text": "x" * 2000}),
        har_entry(content={"text": "y" * 2000}),
        har_entry(content=encoded(b"\xff" * 2000)),
        har_entry(
            content=encoded(gzip.compress(b"z" * 2000)), answer_headers={"Content-Encoding": "gzip"}
        ),
        har_entry(content={"text": "y" * 1000}),
    )
    found = exchanges(har(tmp_path / "a.har", *entries), 1000)
    of_response = (TRUNCATED_BODY, f"{TRUNCATED_BODY}: response")
    of_request = (TRUNCATED_BODY, f"{TRUNCATED_BODY}: request")
    assert [each.notes for each in found] == [of_request, *[of_response] * 3, ()]
    assert found[0].request.body == b""
    assert found[1].response is not None
    assert found[1].response.body == b""


def test_a_body_of_100_mb_takes_no_memory(tmp_path: Path) -> None:
    path = har(tmp_path / "a.har", har_entry(), har_entry(content={"text": "HERE"}), har_entry())
    head, tail = path.read_bytes().split(b"HERE")
    with path.open("wb") as file:
        file.write(head)
        for _ in range(100):
            file.write(b"x" * 1024 * 1024)
        file.write(tail)
    tracemalloc.start()
    found = exchanges(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [TRUNCATED_BODY in each.notes for each in found] == [False, True, False]
    assert peak < 10 * 1024 * 1024


def test_deep_nesting_costs_its_entry_only(tmp_path: Path) -> None:
    path = har(tmp_path / "a.har", har_entry(_x="HERE"), har_entry())
    path.write_text(path.read_text().replace('"HERE"', "[" * 5000 + "]" * 5000))
    assert [type(each) for each in read(path)] == [Problem, Imported]


@given(st.data())
@settings(max_examples=examples(150))
def test_any_damage_is_reported_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    entries = [har_entry(_n=n, post={"text": '{"a": [1, "}"]}'}) for n in range(4)]
    text = json.dumps({"log": {"entries": entries}})
    start = data.draw(st.integers(text.index("[") + 1, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    path = tmp_path_factory.mktemp("har") / "a.har"
    path.write_text(text[:start] + data.draw(st.text(max_size=5)) + text[end:], "utf-8")
    found = read(path)
    good = [each for each in found if isinstance(each, Imported)]
    assert all(each.request.url.startswith("http") for each in good)
    # Of four entries, damage in one place touches two at the most; what cannot be told apart
    # from the end of the list is not counted.
    whole = [n for n in range(4) if json.dumps(entries[n]) in path.read_text("utf-8")]
    before = [n for n in whole if text.index(json.dumps(entries[n])) < start]
    assert len(good) >= len(before)
