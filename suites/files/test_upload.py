"""Uploading: what the reply says, and that the bytes arrive."""

from __future__ import annotations

import base64
import random
import re

import pytest

from parity.compare import Matching
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewGuest
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("files"),
    pytest.mark.spec("rest/files#uploading-files"),
    pytest.mark.requires("file_upload"),
]

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
A_HOSTED_NAME = Matching(rf"tfss-{UUID}-hello\.txt", "tfss-, a UUID and the name that was given")
A_HOSTED_URL = Matching(
    rf"http://files\.parsetfss\.com/{UUID}/.+", "a URL on files.parsetfss.com with the file key"
)
ALL_BYTES = bytes(range(256))
KEYS = ("rest_key", "client_key", "javascript_key", "dotnet_key", "master_key")
MIB = 1024 * 1024


@pytest.fixture(params=KEYS)
def keyed(request: pytest.FixtureRequest, parse: ParseClient) -> ParseClient:
    """A client that sends one of the keys."""
    if getattr(parse.target.keys, request.param) is None:
        pytest.skip(f"no {request.param} is configured")
    return parse.using(key=request.param)


def test_upload_answers_201_with_name_and_url_only(parse: ParseClient, expect: Expect) -> None:
    """An upload answers 201 and a body of just the file's name and URL."""
    reply = parse.upload("hello.txt", b"Hello, World!", "text/plain")

    name = reply["name"]
    assert isinstance(name, str), f"the name is {name!r}"
    url = Matching(rf"https?://.+/{re.escape(name)}", "a URL that ends with the file's name")
    expect.body(reply, {"name": Matching(r".+", "a file name"), "url": url}, status=201)
    expect.header(reply, "Content-Type", Matching(r"application/json(;.*)?", "JSON"))


def test_upload_location_is_the_url(parse: ParseClient, expect: Expect) -> None:
    """The Location header of an upload is the URL of the file."""
    reply = parse.upload("hello.txt", b"Hello, World!", "text/plain")

    expect.header(reply, "Location", reply["url"])


def test_upload_keeps_the_given_name_at_the_end(parse: ParseClient, expect: Expect) -> None:
    """The server puts something unique before the given name and keeps the name as it was."""
    reply = parse.upload("My_Photo.JPG", b"\xff\xd8\xff", "image/jpeg")

    made = Matching(r".+[-_]My_Photo\.JPG", "a prefix and the name that was given")
    expect.contains(reply, {"name": made}, status=201)


def test_upload_name_has_the_hosted_form(parse: ParseClient, expect: Expect) -> None:
    """The name of an uploaded file is tfss-, a UUID and the given name."""
    reply = parse.upload("hello.txt", b"Hello, World!", "text/plain")

    expect.contains(reply, {"name": A_HOSTED_NAME})


def test_upload_url_is_on_the_file_host(parse: ParseClient, expect: Expect) -> None:
    """The URL of an uploaded file is on the file host and does not name the application."""
    reply = parse.upload("hello.txt", b"Hello, World!", "text/plain")

    expect.contains(reply, {"url": A_HOSTED_URL})


def test_same_name_twice_makes_two_files(parse: ParseClient, expect: Expect) -> None:
    """Two uploads of one name are two files, and the second does not overwrite the first."""
    first = parse.upload("same.txt", b"first", "text/plain")
    second = parse.upload("same.txt", b"second", "text/plain")

    expect.equal(first["name"] == second["name"], False, at="$.sameName")
    expect.equal(parse.download(first["url"]).text, "first", at="$body")
    expect.equal(parse.download(second["url"]).text, "second", at="$body")


@pytest.mark.parametrize(
    ("name", "content_type", "content"),
    [
        pytest.param("a.txt", "text/plain", b"x", id="one-byte"),
        pytest.param("a.bin", "application/octet-stream", ALL_BYTES, id="every-byte"),
        pytest.param("a.bin", "application/octet-stream", b"\0" * 1000, id="zeros"),
        pytest.param("a.txt", "text/plain", "Zürich ✓ 🎉\n".encode(), id="utf-8"),
        pytest.param("a.txt", "text/plain", b"\xef\xbb\xbfone\r\ntwo\rthree\n", id="bom-and-crlf"),
        pytest.param("a.json", "application/json", b'{"b": 1, "a": 2}', id="json"),
        pytest.param("a.json", "application/json", b'{"base64": "aGk="}', id="json-like-the-sdks"),
        pytest.param("a.txt", "text/plain", b"not { json", id="not-json"),
        pytest.param("a.bin", "application/x-www-form-urlencoded", b"a=1&b=%20", id="form"),
    ],
)
def test_content_comes_back_byte_for_byte(
    parse: ParseClient, expect: Expect, name: str, content_type: str, content: bytes
) -> None:
    """The bytes of a file are stored and served as they were sent."""
    reply = parse.upload(name, content, content_type)
    expect.status(reply, 201)

    fetched = parse.download(reply["url"])
    expect.status(fetched, 200)
    expect.equal(fetched.body.hex(), content.hex(), at="$body")


@pytest.mark.parametrize("size", [255 * 1024, 255 * 1024 + 1, MIB, 5 * MIB])
def test_large_file_comes_back_whole(
    parse: ParseClient, expect: Expect, rng: random.Random, size: int
) -> None:
    """A file of up to some megabytes comes back whole, also at the edges of storage chunks."""
    content = rng.randbytes(size)
    reply = parse.upload("large.bin", content, "application/octet-stream")
    expect.status(reply, 201)

    fetched = parse.download(reply["url"])
    expect.equal(len(fetched.body), size, at="$body.length")
    expect.equal(fetched.body == content, True, at="$body.same")


@pytest.mark.level("should")
def test_file_over_10_mb_is_refused(parse: ParseClient, expect: Expect) -> None:
    """A file of more than 10 MB is refused with code 129."""
    reply = parse.upload("huge.bin", b"\0" * (10 * MIB + 1), "application/octet-stream")

    expect.error(reply, 129)


@pytest.mark.level("may")
def test_empty_file_is_refused(parse: ParseClient, expect: Expect) -> None:
    """An upload without any content is refused with code 130."""
    expect.error(parse.upload("empty.txt", b"", "text/plain"), 130)


def test_upload_with_each_key(keyed: ParseClient, expect: Expect) -> None:
    """Every key of the app may upload a file."""
    reply = keyed.upload("hello.txt", b"by key", "text/plain")

    expect.status(reply, 201)
    expect.equal(keyed.download(reply["url"]).text, "by key", at="$body")


def test_upload_without_a_key_is_refused(parse: ParseClient, expect: Expect) -> None:
    """An upload with the application id alone is refused."""
    reply = parse.using(key=None).upload("hello.txt", b"no key", "text/plain")

    expect.error(reply, None, status=401, message="unauthorized")


def test_upload_by_a_logged_in_user(
    new_guest: NewGuest, parse: ParseClient, expect: Expect
) -> None:
    """A logged-in user may upload a file, and everybody may fetch it."""
    alice = new_guest("alice")

    reply = alice.client.upload("hello.txt", b"by alice", "text/plain")
    expect.status(reply, 201)
    expect.equal(parse.download(reply["url"]).text, "by alice", at="$body")


def test_upload_with_an_invalid_session_is_refused(parse: ParseClient, expect: Expect) -> None:
    """An upload with a session token that does not exist is refused with code 209."""
    stranger = parse.as_user("r:" + "0" * 32)

    expect.error(stranger.upload("hello.txt", b"by nobody", "text/plain"), 209)


def test_upload_as_the_javascript_sdk_sends_it(
    js_sdk: ParseClient, parse: ParseClient, expect: Expect
) -> None:
    """A JSON body with base64 and _ContentType, as the JavaScript SDK sends it, is decoded."""
    body = {"base64": base64.b64encode(ALL_BYTES).decode(), "_ContentType": "image/png"}

    reply = js_sdk.post("files/pic.png", body)

    expect.keys(reply, ["name", "url"])
    expect.status(reply, 201)
    fetched = parse.download(reply["url"])
    expect.equal(fetched.body.hex(), ALL_BYTES.hex(), at="$body")
    expect.header(fetched, "Content-Type", "image/png")


def test_upload_as_the_javascript_sdk_sends_it_for_a_user(
    new_guest: NewGuest, js_sdk: ParseClient, expect: Expect
) -> None:
    """The session token in the body of an SDK's upload is honoured, and a wrong one refused."""
    alice = new_guest("alice")
    body = {"base64": base64.b64encode(b"hi").decode(), "_ContentType": "text/plain"}

    expect.status(js_sdk.as_user(alice.token).post("files/a.txt", body), 201)
    wrong = js_sdk.as_user("r:" + "0" * 32)
    expect.error(wrong.post("files/a.txt", body), 209)


def test_html_may_be_uploaded(parse: ParseClient, expect: Expect) -> None:
    """A file of any type may be uploaded, HTML too."""
    expect.status(parse.upload("page.html", b"<p>Hello</p>", "text/html"), 201)


def test_svg_may_be_uploaded(parse: ParseClient, expect: Expect) -> None:
    """A file of any type may be uploaded, SVG too."""
    expect.status(parse.upload("drawing.svg", b"<svg/>", "image/svg+xml"), 201)
