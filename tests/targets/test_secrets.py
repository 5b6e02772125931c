"""Secrets by reference, and their names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parity.model import Secret, Style, Target, UserError
from parity.targets.secrets import (
    MOST_BYTES,
    mongo_password,
    read_secret,
    read_secret_file,
    secrets_of,
)


@pytest.mark.parametrize(
    ("uri", "password"),
    [
        ("mongodb://u:p%40ss@h/db", "p%40ss"),
        ("mongodb://u:p@ss@h/db", "p@ss"),
        ("mongodb://u:p/ss@h:27017/db", "p/ss"),
        ("mongodb+srv://u:pw@h/db?x=y", "pw"),
        ("mongodb://h/db", ""),
        ("mongodb://u@h/db", ""),
        ("", ""),
    ],
)
def test_the_password_of_a_uri_is_found_also_where_no_parser_reads_it(
    uri: str, password: str
) -> None:
    assert mongo_password(uri) == password


def test_a_password_is_a_secret_as_it_stands_and_decoded() -> None:
    uri = Secret("mongodb://u:p%40ss@h/db", "MONGODB_URI")
    target = Target("t", Style.PARSE_SERVER, "http://h/parse", Secret("app", "APP"), mongo=uri)
    names = secrets_of([target])
    assert names == {
        "app": "$APP",
        uri.value: "$MONGODB_URI",
        "p%40ss": "$MONGO_PASSWORD",
        "p@ss": "$MONGO_PASSWORD",
    }


def test_a_secret_without_a_source_is_named_after_its_target() -> None:
    target = Target("my-app", Style.PARSE_SERVER, "http://h/parse", Secret("app"))
    assert secrets_of([target]) == {"app": "$MY_APP_APP_ID"}


def test_references_are_looked_up(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfvalue\r\n")
    assert read_secret("env:A", tmp_path, {"A": "value"}, "it") == Secret("value", "A")
    assert read_secret("file:key", tmp_path, {}, "it").value == "value"


@pytest.mark.parametrize("reference", ["plain-secret", "other:value", "http://x", 77])
def test_what_is_no_reference_is_not_repeated(reference: object, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_secret(reference, tmp_path, {}, "it")
    assert (
        str(reference) not in str(caught.value) or not reference or reference in {"env:", "file:"}
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"first-line\nsecond-line\n", "more than one line"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"x" * (MOST_BYTES + 1), "longer than"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_without_quoting_it(
    content: bytes, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        read_secret_file(file)
    assert "first-line" not in str(caught.value)


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(ValueError, match=r"no regular file|cannot be read"):
            read_secret_file(path)
