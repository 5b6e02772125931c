"""Cassettes of VCR and vcrpy in: values only, whatever tags and anchors they have."""

from __future__ import annotations

import base64
import gzip
import json
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.capture.exchanges import MISSING_BODY, TRUNCATED_BODY
from parity.capture.importers import Imported, ObjectTag, Problem, UnreadableSource, source_files
from tests.capture.sources import exchanges, problems, read
from tests.examples import examples

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("PARITY_RECORDINGS") or CHECKOUT.parent / "shared" / "recordings")

VCR = """\
---
http_interactions:
- request:
    method: post
    uri: https://api.parse.com/1/classes/Post
    body:
      encoding: UTF-8
      string: '{"title":"it''s"}'
    headers:
      Content-Type:
      - application/json
      X-Two:
      - one
      - two
  response:
    status:
      code: 201
      message: Created
    headers:
      Location:
      - https://api.parse.com/1/classes/Post/aaaaaaaaaa
    body:
      encoding: ASCII-8BIT
      string: '{"objectId":"aaaaaaaaaa"}

'
    http_version:
  recorded_at: Wed, 09 Mar 2016 17:20:27 GMT
- request:
    method: get
    uri: https://api.parse.com/1/classes/Post/aaaaaaaaaa
    body:
      encoding: US-ASCII
      base64_string: ''
    headers: {}
  response:
    status:
      code: 200
      message: OK
    headers:
      Content-Encoding: gzip
    body:
      encoding: ASCII-8BIT
      base64_string: |
        BASE64
    http_version:
  recorded_at: Wed, 09 Mar 2016 17:20:28 GMT
recorded_with: VCR 3.0.1
""".replace("BASE64", base64.b64encode(gzip.compress(b'{"title":"1"}')).decode())

VCRPY = """\
interactions:
- request:
    body: !!binary |
      iVBORw0KGgr/
    headers: &id001
      accept:
      - '*/*'
    method: POST
    uri: https://api.parse.com/1/files/a.png
  response:
    body:
      string: '{"name": "a.png"}'
    headers:
      date: ['Wed, 09 Mar 2016 17:20:27 GMT']
    status: {code: 201, message: Created}
- request:
    body: null
    headers: *id001
    method: GET
    uri: https://api.parse.com/1/classes/Post
  response:
    body: {string: '{"results": []}'}
    headers: {}
    status: {code: 200, message: OK}
version: 1
""".replace("", "")


def cassette(folder: Path, text: str, name: str = "c.yml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_vcr_cassette_is_read_with_times_lists_and_encoded_bodies(tmp_path: Path) -> None:
    first, second = exchanges(cassette(tmp_path, VCR))
    assert first.request.method == "POST"
    assert first.request.body == b'{"title":"it\'s"}'
    assert first.request.headers == (
        ("Content-Type", "application/json"),
        ("X-Two", "one"),
        ("X-Two", "two"),
    )
    assert first.response is not None
    assert (first.response.status, first.response.body) == (
        201,
        b'{"objectId":"aaaaaaaaaa"}\n',
    )
    assert first.at == 1457544027.0
    assert second.response is not None
    assert second.response.body == b'{"title":"1"}'


def test_a_vcrpy_cassette_is_read_with_binary_bodies_and_anchors(tmp_path: Path) -> None:
    first, second = exchanges(cassette(tmp_path, VCRPY))
    assert first.request.body == b"\x89PNG\r\n\x1a\n\xff"
    assert first.at == 1457544027.0
    assert second.request.headers == (("accept", "*/*"),)
    assert second.request.body == b""
    assert second.at is None


@pytest.mark.parametrize("name", ["interactions", "http_interactions"])
def test_a_cassette_in_json_is_read(tmp_path: Path, name: str) -> None:
    one = {
        "request": {"method": "GET", "uri": "http://h/1/config", "body": "", "headers": {}},
        "response": {
            "status": {"code": 200},
            "headers": {"A": "b"},
            "body": {"string": "ü"},
        },
    }
    path = cassette(tmp_path, json.dumps({name: [one, {"request": 1}, one]}), "c.json")
    found = read(path)
    assert [type(each) for each in found] == [Imported, Problem, Imported]
    assert isinstance(found[0], Imported)
    assert found[0].response is not None
    assert found[0].response.body == "ü".encode()


def test_text_stays_text_whatever_yaml_would_make_of_it(tmp_path: Path) -> None:
    text = VCR.replace("- application/json", "- 2016-03-09").replace("- one", "- 0123")
    text = text.replace("- two", "- on").replace("'{\"title\":\"it''s\"}'", "12345678901234567890")
    found = exchanges(cassette(tmp_path, text))[0].request
    assert [value for _, value in found.headers] == ["2016-03-09", "0123", "on"]
    assert found.body == b"12345678901234567890"


@pytest.mark.parametrize(
    "tag",
    [
        "!ruby/object:OpenStruct",
        "!ruby/struct:VCR::Request",
        "!ruby/regexp",
        "!!python/object/apply:os.system",
        "!!python/name:os.system",
        "!!python/object/new:type",
        "!unknown",
        "!<tag:x,2000:y>",
    ],
)
@pytest.mark.parametrize("place", ["string: {} 'x'", "string:\n        - {} [x]", "x: {} {{a: b}}"])
def test_a_tag_that_makes_objects_refuses_the_file_and_runs_nothing(
    tmp_path: Path, tag: str, place: str
) -> None:
    text = VCR.replace("base64_string: ''", place.format(tag))
    line = text[: text.index(tag)].count("\n") + 1
    with pytest.raises(ObjectTag, match=f"line {line} has the tag") as caught:
        read(cassette(tmp_path, text))
    assert "Nothing of it was executed" in caught.value.remedy


def test_a_command_in_a_tag_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = VCR.replace(
        "string: '{\"title\":\"it''s\"}'", f"x: !!python/object/apply:os.mkdir [{mark}]"
    )
    with pytest.raises(ObjectTag):
        read(cassette(tmp_path, text))
    assert not mark.exists()


def test_an_alias_bomb_is_refused_quickly(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"      a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    text = VCR.replace("base64_string: ''\n", bomb)
    found = read(cassette(tmp_path, text))
    assert [type(each) for each in found] == [Imported, Problem]
    assert "aliases" in problems(cassette(tmp_path, text))[0].reason


@pytest.mark.parametrize(
    ("broken", "by", "reason"),
    [
        ("    method: get\n", "    method: [get\n", "no YAML"),
        ("    method: get\n", "   method: get\n", "no YAML"),
        ("    method: get\n", "", "method"),
        ("      code: 200\n", "      code: two\n", "status"),
        ("      code: 200\n", "      code: 1000\n", "no status"),
        ("    headers: {}\n", "    headers: [a]\n", "headers"),
        ("base64_string: ''", "string: *nowhere", "alias"),
        ("base64_string: ''", "string: !binary 'x'", "base64"),
        ("base64_string: ''", "string: " + "[" * 100 + "]" * 100, "deep"),
    ],
)
def test_a_broken_interaction_is_reported_with_its_line_and_the_others_are_used(
    tmp_path: Path, broken: str, by: str, reason: str
) -> None:
    text = VCR.replace("recorded_with", VCR.partition("http_interactions:\n")[2]).replace(
        broken, by, 1
    )
    path = cassette(tmp_path, text)
    found = read(path)
    assert [type(each) for each in found] == [Imported, Problem, Imported, Imported]
    (problem,) = problems(path)
    assert reason in problem.reason
    line = int(problem.where.rpartition("line ")[2])
    begins = [number for number, each in enumerate(text.splitlines(), 1) if each[:2] == "- "]
    assert begins[1] <= line < begins[2]


@pytest.mark.parametrize(
    "text", ["interactions: 5", "http_interactions:\n  a: b", "interactions:\n  [1"]
)
def test_what_is_no_cassette_is_a_named_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableSource, match=r"c\.yml"):
        read(cassette(tmp_path, text))


def test_a_body_that_yaml_lost_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    text = VCR.replace("Content-Encoding: gzip", "Content-Length: '7'")
    start = text.index("      base64_string: |")
    text = text[:start] + "      string: ''\n" + text[text.index("    http_version", start) :]
    assert exchanges(cassette(tmp_path, text))[1].notes == (
        MISSING_BODY,
        f"{MISSING_BODY}: response",
    )
    head = text.replace("method: get", "method: head")
    assert exchanges(cassette(tmp_path, head))[1].notes == ()


def test_bodies_beyond_the_limit_are_left_out_and_noted(tmp_path: Path) -> None:
    text = VCR.replace("it''s", "x" * 3000)
    first, second = exchanges(cassette(tmp_path, text), 2000)
    assert (first.notes, second.notes) == ((TRUNCATED_BODY, f"{TRUNCATED_BODY}: request"), ())


@pytest.mark.parametrize("style", ["'{}'", '"{}"', "|\n        {}", "{}"])
def test_a_body_of_many_megabytes_never_reaches_the_parser(tmp_path: Path, style: str) -> None:
    size = 50 if style == "'{}'" else 3
    body = style.format("x" * (size * 1024 * 1024))
    path = cassette(tmp_path, VCR.replace("'{\"title\":\"it''s\"}'", body))
    tracemalloc.start()
    first, second = exchanges(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (first.notes, second.notes) == ((TRUNCATED_BODY, f"{TRUNCATED_BODY}: request"), ())
    assert first.request.body == b""
    assert first.response is not None
    assert second.response is not None
    assert second.response.body == b'{"title":"1"}'
    assert peak < 5 * size * 1024 * 1024


@given(st.data())
@settings(max_examples=examples(100))
def test_any_damage_is_reported_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from([VCR, VCRPY]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    damaged = text[:start] + data.draw(st.text(max_size=6)) + text[end:]
    path = cassette(tmp_path_factory.mktemp("c"), damaged)
    try:
        found = read(path)
    except UnreadableSource:
        return
    assert all(isinstance(each, Imported | Problem) for each in found)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="no recordings; PARITY_RECORDINGS says where")
@pytest.mark.parametrize(
    ("era", "files", "count"), [("hosted-2016", 38, 78), ("selfhosted-2017", 37, 85)]
)
def test_every_recorded_cassette_is_read_whole(era: str, files: int, count: int) -> None:
    paths = source_files((FOLDER / era,))
    assert len(paths) == files
    found = [exchange for path in paths for exchange in exchanges(path)]
    assert len(found) == count
    assert all(each.response is not None and each.at is not None for each in found)
    assert {each.request.method for each in found} == {"GET", "POST", "PUT"}


def b64(text: str) -> str:
    return f'!binary "{base64.b64encode(text.encode()).decode()}"'


def test_texts_that_ruby_wrote_as_binary_are_text(tmp_path: Path) -> None:
    text = f"""
http_interactions:
- {b64("request")}:
    {b64("method")}: {b64("get")}
    {b64("uri")}: {b64("https://api.parse.com/1/classes/Post")}
    headers:
      {b64("X-Parse-Master-Key")}:
      - {b64("planted-müster")}
      ? {b64("Content-Type")}
      : - application/json
  response:
    status:
      code: 200
    headers:
      {b64("Location")}: [{b64("https://api.parse.com/1/classes/Post/a")}]
    body:
      string: {b64('{"results":[]}')}
  recorded_at: {b64("Wed, 09 Mar 2016 17:11:01 GMT")}
"""
    (found,) = exchanges(cassette(tmp_path, text))
    assert (found.request.method, found.request.url) == (
        "GET",
        "https://api.parse.com/1/classes/Post",
    )
    assert found.request.headers == (
        ("X-Parse-Master-Key", "planted-müster"),
        ("Content-Type", "application/json"),
    )
    assert found.response is not None
    assert found.response.headers == (("Location", "https://api.parse.com/1/classes/Post/a"),)
    assert found.response.body == b'{"results":[]}'
    assert found.at == 1457543461.0


@pytest.mark.parametrize(
    "written",
    [
        "!ruby/string 'a text'",
        "!ruby/string:ActiveSupport::SafeBuffer 'a text'",
        "!str:Sub 'a text'",
        "!ruby/string:Sub\n        str: a text\n        '@html_safe': true",
        "!<tag:ruby.yaml.org,2002:string> 'a text'",
    ],
)
def test_a_text_of_a_class_of_its_own_is_its_text(tmp_path: Path, written: str) -> None:
    text = VCR.replace("base64_string: ''", f"string: {written}", 1)
    assert b"a text" in {
        exchange.request.body for exchange in exchanges(cassette(tmp_path, text))
    } | {
        exchange.response.body
        for exchange in exchanges(cassette(tmp_path, text))
        if exchange.response
    }
