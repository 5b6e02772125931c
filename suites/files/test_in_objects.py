"""Files as values of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.compare import a_date
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewUser
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.files.conftest import Upload

pytestmark = [
    pytest.mark.area("files"),
    pytest.mark.spec("rest/files#associating-with-objects"),
    pytest.mark.requires("file_upload"),
]


def test_file_is_associated_by_its_name(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """A field that was set to a file's name reads as the file with its name and URL."""
    profile, stored = new_class("PlayerProfile"), upload()

    made = parse.create(profile, {"name": "Andrew", "picture": stored.value})
    expect.keys(made, ["objectId", "createdAt"])

    row = {"name": "Andrew", "picture": stored.read, **made.json, "updatedAt": made["createdAt"]}
    expect.body(parse.fetch(profile, made["objectId"]), row, status=200)


def test_url_that_is_read_serves_the_file(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """The URL that is read from an object serves the file's content."""
    profile = new_class("PlayerProfile")
    made = parse.create(profile, {"picture": upload(b"through the object").value})

    picture = parse.fetch(profile, made["objectId"])["picture"]
    expect.equal(parse.download(picture["url"]).text, "through the object", at="$body")


def test_url_that_is_written_is_ignored(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """A file is stored by its name: another URL that a client sends with it is dropped."""
    profile, stored = new_class("PlayerProfile"), upload()
    forged = {**stored.value, "url": "http://files.example/forged.txt"}

    made = parse.create(profile, {"picture": forged})
    expect.contains(parse.fetch(profile, made["objectId"]), {"picture": stored.read})

    updated = parse.update(profile, made["objectId"], {"picture": forged})
    expect.body(updated, {"updatedAt": a_date}, status=200)
    expect.contains(parse.fetch(profile, made["objectId"]), {"picture": stored.read})


def test_file_may_be_written_as_it_was_read(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """A file that was read with its URL may be written back, as the SDKs do."""
    profile, stored = new_class("PlayerProfile"), upload()

    made = parse.create(profile, {"picture": stored.read})

    expect.contains(parse.fetch(profile, made["objectId"]), {"picture": stored.read})


def test_query_results_have_the_url(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """Rows of a query carry the file's URL, those without a file carry nothing."""
    profile, stored = new_class("PlayerProfile"), upload()
    parse.create(profile, {"rank": 1, "picture": stored.value})
    parse.create(profile, {"rank": 2})

    rows = parse.find(profile, order="rank").results
    expect.equal(rows[0]["picture"], stored.read, at="$.results[0].picture")
    expect.absent(rows[1], "picture", at="$.results[1]")


def test_included_object_has_the_url(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """A file of an included object is read with its URL too."""
    profile, game, stored = new_class("PlayerProfile"), new_class("Game"), upload()
    made = parse.create(profile, {"picture": stored.value})
    pointer = {"__type": "Pointer", "className": profile, "objectId": made["objectId"]}
    parse.create(game, {"player": pointer})

    rows = parse.find(game, include="player").results
    expect.equal(rows[0]["player"]["picture"], stored.read, at="$.results[0].player.picture")


def test_file_is_replaced_by_another(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """A field may be set to another file; the first one stays where it is."""
    profile, first, second = new_class("PlayerProfile"), upload(b"first"), upload(b"second")
    made = parse.create(profile, {"picture": first.value})

    expect.status(parse.update(profile, made["objectId"], {"picture": second.value}), 200)

    expect.contains(parse.fetch(profile, made["objectId"]), {"picture": second.read})
    expect.equal(parse.download(first.url).text, "first", at="$body")


def test_delete_operator_removes_the_field_not_the_file(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """Deleting the field of an object leaves the file itself in place."""
    profile, stored = new_class("PlayerProfile"), upload()
    made = parse.create(profile, {"picture": stored.value})

    removed = parse.update(profile, made["objectId"], {"picture": {"__op": "Delete"}})

    expect.status(removed, 200)
    expect.absent(parse.fetch(profile, made["objectId"]), "picture")
    expect.status(parse.download(stored.url), 200)


def test_deleting_the_object_keeps_the_file(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """Deleting an object leaves its files in place."""
    profile, stored = new_class("PlayerProfile"), upload(b"orphan")
    made = parse.create(profile, {"picture": stored.value})

    expect.status(parse.destroy(profile, made["objectId"]), 200)

    expect.equal(parse.download(stored.url).text, "orphan", at="$body")


def test_one_file_in_two_objects(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """Several objects, also of several classes, may have the same file."""
    profile, game, stored = new_class("PlayerProfile"), new_class("Game"), upload()

    one = parse.create(profile, {"picture": stored.value})
    two = parse.create(game, {"cover": stored.value})

    expect.contains(parse.fetch(profile, one["objectId"]), {"picture": stored.read})
    expect.contains(parse.fetch(game, two["objectId"]), {"cover": stored.read})


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: {"deep": x}], ids=["array", "object"])
def test_file_inside_of_a_value_is_kept_as_it_was_sent(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass, wrap: Any
) -> None:
    """A file with its URL inside of an array or an object is read as it was written."""
    profile, stored = new_class("PlayerProfile"), upload()

    made = parse.create(profile, {"pictures": wrap(stored.read)})

    expect.contains(parse.fetch(profile, made["objectId"]), {"pictures": wrap(stored.read)})


def test_batch_may_associate_files(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """Requests of a batch may set fields to files."""
    profile, stored = new_class("PlayerProfile"), upload()
    body = {"picture": stored.value}

    reply = parse.batch([{"method": "POST", "path": f"classes/{profile}", "body": body}])

    made = reply.json[0]["success"]
    expect.contains(parse.fetch(profile, made["objectId"]), {"picture": stored.read})


def test_user_may_have_a_file(expect: Expect, upload: Upload, new_user: NewUser) -> None:
    """A field of a user may be a file, and reads with its URL at log-in."""
    stored = upload()
    alice = new_user("alice", avatar=stored.value)

    expect.contains(alice.client.me(), {"avatar": stored.read}, status=200)
    expect.contains(alice.client.log_in(alice.username, alice.password), {"avatar": stored.read})


@pytest.mark.parametrize(
    "wrong", ["hello.txt", 1, True, {"a": 1}, ["hello.txt"]], ids=lambda x: type(x).__name__
)
def test_file_column_takes_nothing_else(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass, wrong: Any
) -> None:
    """A column of files refuses any other type of value with code 111."""
    profile, stored = new_class("PlayerProfile"), upload()
    made = parse.create(profile, {"picture": stored.value})

    expect.error(parse.update(profile, made["objectId"], {"picture": wrong}), 111)
    expect.contains(parse.fetch(profile, made["objectId"]), {"picture": stored.read})


@pytest.mark.level("may")
def test_file_without_a_name_is_refused(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A file value without a name is refused with code 111."""
    expect.error(parse.create(new_class("PlayerProfile"), {"picture": {"__type": "File"}}), 111)


@pytest.mark.level("may")
def test_query_by_file(
    parse: ParseClient, expect: Expect, upload: Upload, new_class: NewClass
) -> None:
    """A query for a file finds the objects that have it, and those alone."""
    profile, mine, other = new_class("PlayerProfile"), upload(), upload()
    made = parse.create(profile, {"picture": mine.value})
    parse.create(profile, {"picture": other.value})

    expect.ids(parse.find(profile, {"picture": mine.value}), [made["objectId"]])


@pytest.mark.level("should")
def test_file_of_the_hosted_service_reads_with_its_url(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A migrated object whose file is still on the hosted service reads with the URL there."""
    file_key = parse.target.keys.file_key
    if file_key is None:
        pytest.skip("no file_key is configured")
    profile = new_class("PlayerProfile")
    name = "tfss-6dedb9e6-02b2-4116-8ed2-05e4a7c96c0b-hello.txt"

    made = parse.create(profile, {"picture": {"__type": "File", "name": name}})

    picture = {
        "__type": "File",
        "name": name,
        "url": f"http://files.parsetfss.com/{file_key.value}/{name}",
    }
    expect.contains(parse.fetch(profile, made["objectId"]), {"picture": picture})
