"""Which names a file may have."""

from __future__ import annotations

import pytest

from parity.compare import Matching
from parity.plugin.expect import Expect
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("files"),
    pytest.mark.spec("rest/errors#file-errors", "rest/files#uploading-files"),
    pytest.mark.requires("file_upload"),
]


@pytest.mark.parametrize(
    "name",
    ["report.txt", "UPPER_lower9.TXT", "0.txt", "_under.txt", "a..b.txt", "many.dots.in.it.txt"],
)
def test_plain_name_is_accepted(parse: ParseClient, expect: Expect, name: str) -> None:
    """A name of letters, digits, underscores and dots is accepted, and the file is served."""
    reply = parse.upload(name, name.encode(), "text/plain")

    expect.status(reply, 201)
    expect.equal(reply["name"].endswith(name), True, at="$.name.kept")
    expect.equal(parse.download(reply["url"]).text, name, at="$body")


def test_extension_is_what_follows_the_last_dot(parse: ParseClient, expect: Expect) -> None:
    """A dot elsewhere in the name makes no extension."""
    expect.status(parse.upload("report.2.txt", b"second", "text/plain"), 201)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("%C3%BCber.txt", id="umlaut"),
        pytest.param("%F0%9F%8E%89.txt", id="emoji"),
        pytest.param("a%25b.txt", id="percent"),
        pytest.param("a+b.txt", id="plus"),
        pytest.param("a&b.txt", id="ampersand"),
        pytest.param("a(b).txt", id="bracket"),
        pytest.param("a%5Cb.txt", id="backslash"),
        pytest.param("a%00b.txt", id="nul"),
        pytest.param("a%3Cb%3E.txt", id="angle"),
    ],
)
def test_name_with_a_bad_character_is_refused(
    parse: ParseClient, expect: Expect, name: str
) -> None:
    """A name with a character that file names may not have is refused with code 122."""
    expect.error(parse.upload(name, b"x", "text/plain"), 122)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a%2Fb.txt", id="folder"),
        pytest.param("..%2F..%2Fescape.txt", id="parent"),
        pytest.param("%2Fetc%2Fpasswd", id="absolute"),
    ],
)
def test_name_with_a_path_is_refused(parse: ParseClient, expect: Expect, name: str) -> None:
    """A name that would be a path is refused with code 122."""
    expect.error(parse.upload(name, b"x", "text/plain"), 122)


@pytest.mark.level("may")
@pytest.mark.parametrize("name", [".hidden", "-dash.txt", "~tilde.txt", "@at.txt"])
def test_name_must_begin_with_a_letter_digit_or_underscore(
    parse: ParseClient, expect: Expect, name: str
) -> None:
    """A name that begins with another sign than a letter, a digit or _ is refused with 122."""
    expect.error(parse.upload(name, b"x", "text/plain"), 122)


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("name", "in_url"),
    [
        pytest.param("two words.txt", "two%20words.txt", id="space"),
        pytest.param("me@home.txt", "me%40home.txt", id="at"),
        pytest.param("a~b-c.txt", "a~b-c.txt", id="tilde-and-dash"),
    ],
)
def test_name_with_a_tolerated_character_is_escaped_in_the_url(
    parse: ParseClient, expect: Expect, name: str, in_url: str
) -> None:
    """Space, @, ~ and - are tolerated in a name; the URL has them escaped and works."""
    reply = parse.upload(name, b"tolerated", "text/plain")

    url = Matching(rf".+[-_]{in_url}", "a URL that ends with the escaped name")
    expect.contains(reply, {"url": url}, status=201)
    expect.equal(reply["name"].endswith(name), True, at="$.name.kept")
    expect.equal(parse.download(reply["url"]).text, "tolerated", at="$body")


def test_name_of_128_characters_is_accepted(parse: ParseClient, expect: Expect) -> None:
    """The longest name that is allowed has 128 characters."""
    name = "n" * 124 + ".txt"

    reply = parse.upload(name, b"long", "text/plain")

    expect.status(reply, 201)
    expect.equal(reply["name"].endswith(name), True, at="$.name.kept")
    expect.equal(parse.download(reply["url"]).text, "long", at="$body")


def test_name_of_129_characters_is_refused(parse: ParseClient, expect: Expect) -> None:
    """A name of more than 128 characters is refused with code 122."""
    expect.error(parse.upload("n" * 125 + ".txt", b"long", "text/plain"), 122)


@pytest.mark.level("should")
@pytest.mark.parametrize("path", ["files", "files/"], ids=["bare", "slash"])
def test_missing_name_is_refused(parse: ParseClient, expect: Expect, path: str) -> None:
    """An upload without a name is refused with code 122."""
    reply = parse.request("POST", path, data=b"x", headers={"Content-Type": "text/plain"})

    expect.error(reply, 122)


@pytest.mark.level("may")
def test_name_without_extension_gets_that_of_the_type(parse: ParseClient, expect: Expect) -> None:
    """A name without an extension gets the one of the content type."""
    reply = parse.upload("picture", b"\x89PNG", "image/png")

    made = Matching(r".+[-_]picture\.png", "the given name with .png")
    expect.contains(reply, {"name": made}, status=201)
    expect.header(parse.download(reply["url"]), "Content-Type", "image/png")
