from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.wire import (
    FileNameFormat,
    FileUrl,
    TokenFormat,
    is_installation_id,
    is_object_id,
    parse_file_name,
    parse_file_url,
    token_format,
)
from parity.wire.ids import FILE_NAMES, SESSION_TOKENS

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
HEX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("r:i4PucfXrFKZTRRXfrAJIMOAVe", TokenFormat.HOSTED),
        ("i4PucfXrFKZTRRXfrAJIMOAVe", TokenFormat.LEGACY),
        ("r:" + HEX, TokenFormat.PARSE_SERVER),
        ("r:" + HEX.upper(), None),
        ("r:" + HEX[:31], None),
        ("r:i4PucfXrFKZTRRXfrAJIMOAV", None),
        ("r:i4PucfXrFKZTRRXfrAJIMOAVe\n", None),
        ("", None),
    ],
)
def test_token_formats(token: str, expected: TokenFormat | None) -> None:
    assert token_format(token) is expected


@given(st.sampled_from(TokenFormat), st.data())
def test_no_token_has_two_formats(name: TokenFormat, data: st.DataObject) -> None:
    token = data.draw(st.from_regex(SESSION_TOKENS[name], fullmatch=True))

    assert token_format(token) is name


@pytest.mark.parametrize(
    ("text", "expected"),
    [("kMIdopcyK7", True), ("kMIdopcyK", False), ("kMIdopcyK7x", False), ("kMIdopcyK_", False)],
)
def test_object_ids_are_ten_letters_and_digits(text: str, *, expected: bool) -> None:
    assert is_object_id(text) is expected


def test_installation_ids_are_lower_case_uuids() -> None:
    assert is_installation_id(UUID)
    assert not is_installation_id(UUID.upper())
    assert not is_installation_id(HEX)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"tfss-{UUID}-hello.txt", (FileNameFormat.HOSTED, f"tfss-{UUID}", "hello.txt")),
        (f"{UUID}-a-b_c.png", (FileNameFormat.HOSTED_LEGACY, UUID, "a-b_c.png")),
        (f"{HEX}_hello.txt", (FileNameFormat.PARSE_SERVER, HEX, "hello.txt")),
    ],
)
def test_file_names(text: str, expected: tuple[FileNameFormat, str, str]) -> None:
    found = parse_file_name(text)

    assert found is not None
    assert (found.format, found.id, found.name) == expected


@given(st.sampled_from(FileNameFormat), st.data())
def test_no_file_name_has_two_formats(name: FileNameFormat, data: st.DataObject) -> None:
    found = parse_file_name(data.draw(st.from_regex(FILE_NAMES[name], fullmatch=True)))

    assert found is not None
    assert found.format is name


@pytest.mark.parametrize("text", ["hello.txt", HEX, f"{HEX}_", f"tfss-{UUID}-", f"mfp_{UUID}-a"])
def test_other_file_names_were_not_minted(text: str) -> None:
    assert parse_file_name(text) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            f"http://files.parsetfss.com/{UUID}/tfss-{UUID}-a%20b.txt",
            FileUrl("http://files.parsetfss.com", UUID, f"tfss-{UUID}-a b.txt"),
        ),
        (
            f"https://example.com:1337/parse/files/my%2Fapp/{HEX}_a.txt",
            FileUrl("https://example.com:1337/parse/files", "my/app", f"{HEX}_a.txt"),
        ),
        ("http://example.com/files/app/a.txt", FileUrl("http://example.com/files", "app", "a.txt")),
    ],
)
def test_file_urls(url: str, expected: FileUrl) -> None:
    assert parse_file_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.txt",
        "http://[",
        "http://files.parse.com/",
        "http://files.parse.com/only",
        "http://example.com/parse/classes/Post/a",
        "http://example.com/parse/files/app/",
        "ftp://files.parse.com/key/a.txt",
    ],
)
def test_other_urls_are_no_file_urls(url: str) -> None:
    assert parse_file_url(url) is None


@given(st.text(string.printable))
def test_file_url_parser_takes_any_text(text: str) -> None:
    found = parse_file_url("http://files.parse.com/" + text)

    assert found is None or found.name
