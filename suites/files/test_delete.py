"""Deleting files, which only the master key may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.files.conftest import Upload

pytestmark = [
    pytest.mark.area("files"),
    pytest.mark.spec("rest/files#deleting-files"),
    pytest.mark.requires("file_upload"),
]


def test_master_key_deletes_a_file(
    parse: ParseClient, master: ParseClient, expect: Expect, upload: Upload
) -> None:
    """The master key deletes a file, and its URL answers 404 from then on."""
    stored = upload()

    expect.status(master.delete(f"files/{stored.name}", raw=True), 200)

    expect.status(parse.download(stored.url), 404)


def test_rest_key_cannot_delete_a_file(parse: ParseClient, expect: Expect, upload: Upload) -> None:
    """A client without the master key cannot delete a file, and the file stays."""
    stored = upload(b"still here")

    # raw: a server that deletes it answers with an empty body, which is a failure, not an error.
    expect.error(parse.delete(f"files/{stored.name}", raw=True), None, status=403)

    expect.equal(parse.download(stored.url).text, "still here", at="$body")


def test_uploader_cannot_delete_the_file(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """Even the user who uploaded a file cannot delete it without the master key."""
    alice = new_guest("alice")
    stored = alice.client.upload("hello.txt", b"still here", "text/plain")

    refused = alice.client.delete(f"files/{stored['name']}", raw=True)

    expect.error(refused, None, status=403)
    expect.equal(parse.download(stored["url"]).text, "still here", at="$body")


def test_other_files_of_the_same_name_stay(
    parse: ParseClient, master: ParseClient, expect: Expect, upload: Upload
) -> None:
    """Deleting one of two files that were uploaded by the same name leaves the other."""
    first, second = upload(b"first", "same.txt"), upload(b"second", "same.txt")

    expect.status(master.delete(f"files/{first.name}", raw=True), 200)

    expect.status(parse.download(first.url), 404)
    expect.equal(parse.download(second.url).text, "second", at="$body")


def test_second_delete_is_an_error(master: ParseClient, expect: Expect, upload: Upload) -> None:
    """Deleting a file again is refused with code 153."""
    stored = upload()
    expect.status(master.delete(f"files/{stored.name}", raw=True), 200)

    expect.error(master.delete(f"files/{stored.name}"), 153)


def test_delete_of_a_missing_file_is_an_error(master: ParseClient, expect: Expect) -> None:
    """Deleting a file that never existed is refused with code 153."""
    expect.error(master.delete("files/parity-never-uploaded.txt"), 153)


def test_object_keeps_the_value_of_a_deleted_file(
    parse: ParseClient,
    master: ParseClient,
    expect: Expect,
    upload: Upload,
    new_class: NewClass,
) -> None:
    """Deleting a file does not change the objects that refer to it."""
    profile, stored = new_class("PlayerProfile"), upload()
    made = parse.create(profile, {"picture": stored.value})

    expect.status(master.delete(f"files/{stored.name}", raw=True), 200)

    expect.contains(parse.fetch(profile, made["objectId"]), {"picture": stored.read}, status=200)
