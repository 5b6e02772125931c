"""Fetching a file by its URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.compare import AnyOf, Matching
from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.files.conftest import Stored, Upload

pytestmark = [
    pytest.mark.area("files"),
    pytest.mark.spec("rest/files#uploading-files"),
    pytest.mark.requires("file_upload"),
]


@pytest.fixture
def hello(upload: Upload) -> Stored:
    """A stored text of 13 bytes."""
    return upload(b"Hello, World!")


def test_url_serves_the_file_without_any_key(
    parse: ParseClient, expect: Expect, hello: Stored
) -> None:
    """Anybody who knows the URL of a file may fetch it, without keys or session."""
    fetched = parse.download(hello.url)

    expect.status(fetched, 200)
    expect.equal(fetched.text, "Hello, World!", at="$body")


@pytest.mark.parametrize(
    ("name", "content_type", "served"),
    [
        pytest.param("a.txt", "text/plain", r"text/plain(;.*)?", id="text"),
        pytest.param("a.jpg", "image/jpeg", r"image/jpeg", id="jpeg"),
        pytest.param("a.PNG", "image/png", r"image/png", id="png-in-capitals"),
        pytest.param("a.gif", "image/gif", r"image/gif", id="gif"),
        pytest.param("a.pdf", "application/pdf", r"application/pdf", id="pdf"),
        pytest.param("a.json", "application/json", r"application/json(;.*)?", id="json"),
        pytest.param("a.mp4", "video/mp4", r"video/mp4", id="mp4"),
        pytest.param("a.zip", "application/zip", r"application/zip", id="zip"),
    ],
)
def test_content_type_is_served(
    parse: ParseClient, expect: Expect, upload: Upload, name: str, content_type: str, served: str
) -> None:
    """A file is served with the content type that it was uploaded with."""
    stored = upload(b"content", name, content_type)

    header = Matching(served, content_type)
    expect.header(parse.download(stored.url), "Content-Type", header)


def test_unknown_extension_keeps_its_content_type(
    parse: ParseClient, expect: Expect, upload: Upload
) -> None:
    """A file whose extension is not known is served with the type that it was uploaded with."""
    stored = upload(b"content", "data.pfoo", "application/x-parity")

    expect.header(parse.download(stored.url), "Content-Type", "application/x-parity")


@pytest.mark.level("may")
def test_extension_decides_when_no_type_is_sent(parse: ParseClient, expect: Expect) -> None:
    """A file that was uploaded without a content type is served with that of its extension."""
    reply = parse.request("POST", "files/a.png", data=b"\x89PNG")

    expect.status(reply, 201)
    expect.header(parse.download(reply["url"]), "Content-Type", "image/png")


@pytest.mark.level("should")
def test_content_length_is_the_size(parse: ParseClient, expect: Expect, hello: Stored) -> None:
    """A file is served with its size in bytes."""
    expect.header(parse.download(hello.url), "Content-Length", "13")


@pytest.mark.level("should")
def test_head_answers_the_headers_alone(parse: ParseClient, expect: Expect, hello: Stored) -> None:
    """HEAD answers the headers of the file and no content."""
    head = parse.request("HEAD", hello.url, raw=True)

    expect.status(head, 200)
    expect.header(head, "Content-Length", "13")
    expect.header(head, "Content-Type", Matching(r"text/plain(;.*)?", "text/plain"))
    expect.equal(head.text, "", at="$body")


@pytest.mark.level("may")
def test_browsers_may_fetch_from_any_origin(
    parse: ParseClient, expect: Expect, hello: Stored
) -> None:
    """A file may be fetched by the script of a page of any origin."""
    expect.header(parse.download(hello.url), "Access-Control-Allow-Origin", "*")


@pytest.mark.level("may")
def test_range_answers_a_part(parse: ParseClient, expect: Expect, hello: Stored) -> None:
    """A range request answers 206 and just those bytes, as players of audio and video need it."""
    part = parse.request("GET", hello.url, headers={"Range": "bytes=2-5"}, raw=True)

    expect.status(part, 206)
    expect.header(part, "Content-Range", "bytes 2-5/13")
    expect.header(part, "Content-Length", "4")
    expect.equal(part.text, "llo,", at="$body")


@pytest.mark.level("may")
def test_open_range_answers_the_rest(parse: ParseClient, expect: Expect, hello: Stored) -> None:
    """A range without an end answers the file from there on."""
    part = parse.request("GET", hello.url, headers={"Range": "bytes=7-"}, raw=True)

    expect.status(part, 206)
    expect.equal(part.text, "World!", at="$body")


def test_missing_file_is_404(parse: ParseClient, expect: Expect, hello: Stored) -> None:
    """The URL of a file that does not exist answers 404."""
    missing = parse.download(hello.url.replace(hello.name, "nothere.txt"))

    expect.status(missing, 404)


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e%2fx", "..%5c..%5cx", "%00"])
def test_url_cannot_leave_the_files(
    parse: ParseClient, expect: Expect, hello: Stored, path: str
) -> None:
    """A URL that names a path outside of the files is not served."""
    reply = parse.download(hello.url.replace(hello.name, path))

    expect.equal(reply.status, AnyOf(400, 403, 404), at="$status")


def test_url_serves_the_file_of_its_name_only(
    parse: ParseClient, expect: Expect, upload: Upload
) -> None:
    """Each of several files is served at its own URL, as often as one asks."""
    stored = [upload(f"file {number}".encode(), f"{number}.txt") for number in range(3)]

    for _ in range(2):
        texts = [parse.download(each.url).text for each in reversed(stored)]
        expect.equal(texts, ["file 2", "file 1", "file 0"], at="$bodies")
