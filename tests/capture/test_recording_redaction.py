"""Nothing secret reaches a recording, and what was equal stays equal."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from parity.capture.recording import RecordingWriter, open_recording
from parity.wire import Redactor, TokenFormat, token_format
from tests.capture.recorded import (
    HEADER,
    JSON_TYPE,
    KEY,
    content,
    exchange,
    read,
    sequence,
    write,
)

PLANTED = (
    "0123456789abcdef0123456789abcdef",
    "ann@mail.example",
    "ann%40mail.example",
    "hunter2",
    "app-id-of-the-app",
    "key-of-the-app",
)


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.zst"])
def test_nothing_planted_is_in_the_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, sequence(), redactor=Redactor({}, KEY))
    text = content(path).decode()
    assert [each for each in PLANTED if each in text] == []
    plain = content(write(tmp_path / f"plain-{name}", sequence())).decode()
    assert [each for each in PLANTED if each in plain] == list(PLANTED)


def test_equal_values_stay_equal_in_headers_bodies_queries_batches_and_nested_json(
    tmp_path: Path,
) -> None:
    found = read(write(tmp_path / "r.jsonl", sequence(), redactor=Redactor({}, KEY)))
    sign_up, log_in, create, batch, sdk, query = (each.request for each in found)
    user = json.loads(sign_up.body)
    email, password = user["email"], user["password"]
    assert user["username"] == email
    answers = [json.loads(each.response.body) for each in found[:2] if each.response]
    token = answers[0]["sessionToken"]
    assert answers[1]["sessionToken"] == token
    assert token_format(token) is TokenFormat.PARSE_SERVER
    assert parse_qs(urlsplit(log_in.url).query) == {"username": [email], "password": [password]}
    assert dict(create.headers)["X-Parse-Session-Token"] == token
    assert dict(batch.headers)["X-Parse-Session-Token"] == token
    first, second = json.loads(batch.body)["requests"]
    assert first["body"]["email"] == email
    assert email in unquote(second["path"])
    assert json.loads(sdk.body)["_SessionToken"] == token
    assert json.loads(json.loads(sdk.body)["where"]) == {"email": email}
    assert json.loads(parse_qs(urlsplit(query.url).query)["where"][0]) == {"email": email}
    assert answers[0]["objectId"] == "uuuuuuuuuu"


def test_the_header_says_whether_it_is_redacted_and_holds_no_secret(tmp_path: Path) -> None:
    source = type(HEADER)(
        base_url="https://app-id:javascript-key=hunter2@api.parse.com/1",
        created_at="",
        source="import ann@mail.example.har",
        redacted=False,
        tool="t",
        facts={"session": "r:0123456789abcdef0123456789abcdef"},
    )
    with RecordingWriter(tmp_path / "r.jsonl", source, redactor=Redactor({}, KEY)):
        pass
    text = content(tmp_path / "r.jsonl").decode()
    assert [each for each in PLANTED if each in text] == []
    with open_recording(tmp_path / "r.jsonl") as reader:
        assert reader.header.redacted
    with open_recording(write(tmp_path / "plain.jsonl", [])) as reader:
        assert not reader.header.redacted


def test_known_secrets_are_shown_by_their_name_wherever_they_stand(tmp_path: Path) -> None:
    redactor = Redactor({"s3cr3t-of-the-app": "$REST_KEY"}, KEY)
    sent = exchange(
        1,
        url="/1/classes/Post?note=s3cr3t-of-the-app",
        body=b'{"text":"use s3cr3t-of-the-app"}',
        answer=b"see s3cr3t-of-the-app",
        lane="s3cr3t-of-the-app",
        notes=("s3cr3t-of-the-app",),
    )
    text = content(write(tmp_path / "r.jsonl", [sent], redactor=redactor)).decode()
    assert "s3cr3t-of-the-app" not in text
    assert text.count("$REST_KEY") == 5


def test_every_header_of_a_name_that_repeats_is_redacted(tmp_path: Path) -> None:
    headers = (
        ("Set-Cookie", "a=hunter2"),
        ("set-cookie", "b=hunter2"),
        ("Location", "http://h/1/users/x?email=ann@mail.example"),
        ("X-Other", "kept"),
    )
    sent = exchange(1, answer_headers=headers)
    found = read(write(tmp_path / "r.jsonl", [sent], redactor=Redactor({}, KEY)))[0].response
    assert found is not None
    assert [name for name, _ in found.headers] == [name for name, _ in headers]
    assert found.headers[3] == ("X-Other", "kept")
    assert not any(each in str(found.headers) for each in PLANTED)


@pytest.mark.parametrize("number", ["1e400", "-1E+999", "0.1", "1" * 400, "1" * 5000, "-0"])
def test_a_number_that_nothing_else_can_hold_stays_beside_a_secret(
    tmp_path: Path, number: str
) -> None:
    body = f'{{"password":"hunter2","n":{number}}}'.encode()
    found = read(write(tmp_path / "r.jsonl", [exchange(1, body=body)], redactor=Redactor({}, KEY)))
    written = found[0].request.body.decode()
    assert "hunter2" not in written
    assert written.endswith(f'"n":{"0" if number == "-0" else number}}}') or number == "-0"


def test_a_body_without_a_secret_is_written_byte_for_byte(tmp_path: Path) -> None:
    body = b' {"n" : 1e400, "n": 1.10, "s": "\\ud800", "t":"\xc3\xbc"}\n'
    found = read(write(tmp_path / "r.jsonl", [exchange(1, body=body)], redactor=Redactor({}, KEY)))
    assert found[0].request.body == body


def test_half_a_surrogate_pair_beside_a_secret_stays_an_escape(tmp_path: Path) -> None:
    body = b'{"password":"hunter2","s":"\\ud800"}'
    found = read(write(tmp_path / "r.jsonl", [exchange(1, body=body)], redactor=Redactor({}, KEY)))
    assert found[0].request.body.endswith(b'"s":"\\ud800"}')


def test_text_that_is_not_utf_8_is_redacted_and_an_image_is_not_touched(tmp_path: Path) -> None:
    latin = '{"name":"Jürgen","password":"hunter2"}'.encode("latin-1")
    image = b"\x89PNG\xff ann@mail.example \x00"
    sent = [
        exchange(1, body=latin),
        exchange(2, body=image, headers=(("Content-Type", "image/png"),)),
    ]
    found = read(write(tmp_path / "r.jsonl", sent, redactor=Redactor({}, KEY)))
    assert b"hunter2" not in found[0].request.body
    assert "Jürgen".encode("latin-1") in found[0].request.body
    assert found[1].request.body == image


def test_a_large_body_is_redacted_like_a_small_one(tmp_path: Path) -> None:
    body = json.dumps({"filler": "x" * 5000, "password": "hunter2"}).encode()
    found = read(
        write(
            tmp_path / "r.jsonl",
            [exchange(1, body=body, headers=(JSON_TYPE,))],
            redactor=Redactor({}, KEY),
        )
    )
    assert b"hunter2" not in found[0].request.body
