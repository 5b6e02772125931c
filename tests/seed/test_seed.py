"""What a seed holds, that it is always the same, and where it is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import bcrypt
import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from parity.jobs.audit.engine import audit_database
from parity.model import HarnessError, UserError
from parity.seed import (
    SeedPlan,
    class_schemas,
    encoded_batches,
    password_of,
    seed_database,
    username_of,
)
from parity.seed.engine import BATCH_BYTES, BATCH_DOCUMENTS
from parity.seed.files import file_name
from parity.seed.ids import object_ids
from parity.seed.passwords import HASHES
from parity.wire import is_object_id, parse_file_name, token_format
from parity.wire.ids import FileNameFormat, TokenFormat
from parity.wire.storage import parse_schema, to_mongo, to_rest
from tests.examples import examples
from tests.mongod import Mongod

Db = Database[dict[str, Any]]
Rows = dict[str, list[dict[str, Any]]]


def rows_of(plan: SeedPlan) -> Rows:
    found: Rows = {}
    for name, batch in encoded_batches(plan):
        found.setdefault(name, []).extend(bson.decode(each) for each in batch)
    return found


@pytest.fixture(scope="module")
def rows() -> Rows:
    return rows_of(SeedPlan.sized(2000, seed=7))


@pytest.fixture
def empty(mongod: Mongod) -> Iterator[Db]:
    with mongod.client() as client:
        name = f"seed_{uuid4().hex[:12]}"
        yield client[name]
        client.drop_database(name)


def test_the_same_plan_gives_the_same_bytes() -> None:
    plan = SeedPlan.sized(500, seed=4, quirks=True)
    assert list(encoded_batches(plan)) == list(encoded_batches(plan))


def test_another_number_gives_other_rows() -> None:
    one, other = (rows_of(SeedPlan.sized(200, seed=number)) for number in (1, 2))
    ids = [{row["_id"] for row in each["GameScore"]} for each in (one, other)]
    assert not ids[0] & ids[1]


@given(documents=st.integers(100, 1_000_000_000))
def test_a_plan_has_exactly_as_many_rows_as_asked_for(documents: int) -> None:
    plan = SeedPlan.sized(documents)
    assert plan.documents == documents
    assert min(plan.sizes.values()) >= 1


@settings(max_examples=examples(10))
@given(documents=st.integers(100, 700), seed=st.integers(-5, 10**9))
def test_every_row_that_is_planned_is_made_once(documents: int, seed: int) -> None:
    found = rows_of(SeedPlan.sized(documents, seed))
    planned = SeedPlan.sized(documents, seed).sizes
    assert {name: len(found[name]) for name in planned} == dict(planned)
    for name, each in found.items():
        assert len({str(row["_id"]) for row in each}) == len(each), name


@pytest.mark.parametrize(
    "arguments", [(99,), (0,), (-1,), (2_000_000_000,)], ids=lambda each: str(each[0])
)
def test_sizes_out_of_range_are_refused(arguments: tuple[int]) -> None:
    with pytest.raises(UserError, match="cannot be made"):
        SeedPlan.sized(*arguments)


@pytest.mark.parametrize("size", [570, 2000])
def test_documents_have_the_mean_size_that_was_asked_for(size: int) -> None:
    plan = SeedPlan.sized(5000, bytes_per_document=size)
    total = sum(
        len(each) for name, batch in encoded_batches(plan) if name in plan.sizes for each in batch
    )
    assert total / plan.documents == pytest.approx(size, rel=0.05)


def test_batches_are_bounded() -> None:
    for _, batch in encoded_batches(SeedPlan.sized(3000, bytes_per_document=20_000)):
        assert len(batch) <= BATCH_DOCUMENTS
        assert sum(map(len, batch[:-1])) <= BATCH_BYTES


@given(st.integers(0, 62**10 - 2), st.integers(1, 10**6))
def test_object_ids_never_clash(number: int, distance: int) -> None:
    identity = object_ids(1, "GameScore")
    assert is_object_id(identity(number))
    assert identity(number) != identity(number + distance)


@pytest.mark.parametrize("number", range(len(HASHES)))
def test_each_hash_is_that_of_its_password(number: int) -> None:
    password = f"seed-password-{number}"
    # The library knows $2a and $2b; $2y is PHP's word for $2b.
    stored = HASHES[number].replace("$2y$", "$2b$")
    assert bcrypt.checkpw(password.encode(), stored.encode())


def test_every_era_of_tokens_files_and_hashes_is_there(rows: Rows) -> None:
    sessions = {token_format(row["_session_token"]) for row in rows["_Session"]}
    assert sessions == {TokenFormat.HOSTED, TokenFormat.PARSE_SERVER}
    eras = set()
    for row in rows["Photo"]:
        minted = parse_file_name(row["image"])
        assert minted is not None
        eras.add(minted.format)
    assert eras == set(FileNameFormat)
    prefixes = {row["_hashed_password"][:4] for row in rows["_User"] if "_hashed_password" in row}
    assert prefixes == {"$2a$", "$2b$", "$2y$"}


def test_a_user_is_called_as_documented(rows: Rows) -> None:
    assert rows["_User"][3]["username"] == username_of(3)
    assert password_of(3) == "seed-password-3"
    assert password_of(24) is None
    assert "_hashed_password" not in rows["_User"][24]


def test_class_sizes_are_skewed(rows: Rows) -> None:
    sizes = Counter({name: len(each) for name, each in rows.items()})
    [(largest, most), *_] = sizes.most_common()
    assert largest == "GameScore"
    assert most > 100 * len(rows["Setting"])


def test_all_rows_are_as_the_storage_format_says(rows: Rows) -> None:
    """Read each row as a server does, write it as a server does, and read it again."""
    for schema in class_schemas(SeedPlan.sized(2000, seed=7)):
        name = schema.class_name
        for row in rows[name]:
            shown = to_rest(name, row, schema)
            assert to_rest(name, to_mongo(name, shown, schema), schema) == shown


def test_schemas_come_back_from_their_documents(rows: Rows) -> None:
    expected = {schema.class_name: schema for schema in class_schemas(SeedPlan.sized(2000))}
    assert {row["_id"]: parse_schema(row) for row in rows["_SCHEMA"]} == expected


def test_a_seed_is_sound_and_quirks_are_not(empty: Db) -> None:
    report = seed_database(empty, SeedPlan.sized(1000))
    assert audit_database(empty).findings == ()
    stored = {name: empty[name].count_documents({}) for name in empty.list_collection_names()}
    assert stored == report.collections
    seed_database(empty, SeedPlan.sized(1000, quirks=True), drop_first=True)
    found = {finding.code.id for finding in audit_database(empty).findings}
    assert {"AUD-ACL-ONLY-LEGACY", "AUD-SESSION-LEGACY", "AUD-FILE-HOSTED"} <= found
    assert len(found) >= 20


def test_what_is_stored_is_what_was_encoded(empty: Db) -> None:
    plan = SeedPlan.sized(300)
    seed_database(empty, plan)
    for name, expected in rows_of(plan).items():
        assert list(empty[name].find()) == expected


def test_progress_ends_with_everything(empty: Db) -> None:
    told: list[tuple[int, int, str]] = []
    report = seed_database(
        empty, SeedPlan.sized(300), lambda stored, all_, name: told.append((stored, all_, name))
    )
    assert told[-1][0] == sum(report.collections.values())
    assert [each[0] for each in told] == sorted(each[0] for each in told)
    assert {each[1] for each in told} == {300}


def test_a_database_with_something_in_it_is_left_alone(empty: Db) -> None:
    empty["Precious"].insert_one({"_id": "x"})
    with pytest.raises(UserError, match="not empty: Precious") as caught:
        seed_database(empty, SeedPlan.sized(100))
    assert caught.value.code == "seed-not-empty"
    assert empty.list_collection_names() == ["Precious"]
    seed_database(empty, SeedPlan.sized(100), drop_first=True)
    assert "Precious" not in empty.list_collection_names()


def test_a_database_of_mongodb_itself_is_refused(mongod: Mongod) -> None:
    with mongod.client() as client, pytest.raises(UserError, match="belongs to MongoDB"):
        seed_database(client["admin"], SeedPlan.sized(100), drop_first=True)


def test_a_server_that_refuses_a_row_is_an_error_and_no_success(empty: Db) -> None:
    def spoil(stored: int, _all: int, name: str) -> None:
        if name == "_GlobalConfig":
            # Everything but Parse's rows is refused from here on.
            empty.create_collection("fs.chunks", validator={"never": 1})

    with pytest.raises(HarnessError, match="may hold a part"):
        seed_database(empty, SeedPlan.sized(100), spoil)


def test_file_names_are_in_gridfs(rows: Rows) -> None:
    names = {row["filename"] for row in rows["fs.files"]}
    assert {row["image"] for row in rows["Photo"]} <= names
    assert file_name(7, 0) in names
    by_file = Counter(row["files_id"] for row in rows["fs.chunks"])
    assert max(by_file.values()) > 1
