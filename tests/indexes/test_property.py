"""For any query: what is proposed is used by MongoDB and changes no result, or nothing helps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.indexes import AdviceOptions, IndexUse, advise
from parity.indexes.bind import bind
from parity.indexes.codes import NO_INDEX_HELPS
from parity.indexes.explain import command_of
from parity.indexes.sample import draw, load_schemas
from parity.indexes.sent import Sent, Server
from parity.profiles.profile import Ask, Operation
from tests.examples import examples
from tests.indexes.conftest import Mongo, build, only, profile, schema
from tests.mongod import Mongod

ROWS = 3000
OPTIONS = AdviceOptions(small_rows=100, samples=2)
SKEWED, UNIQUE, RANGED, POINTER, ARRAY, WHEN = "skewed", "unique", "ranged", "owner", "list", "when"
FIELDS = (SKEWED, UNIQUE, RANGED, POINTER, ARRAY, WHEN, "createdAt")

equal = st.just("?")
several = st.just({"$in": ["?", "?", "?"]})
above = st.just({"$gt": "?"})
between = st.just({"$gte": "?", "$lte": "?"})
unequal = st.just({"$ne": "?"})
conditions = st.dictionaries(
    st.sampled_from(FIELDS), st.one_of(equal, several, above, between, unequal), max_size=3
)
branches = st.lists(
    st.dictionaries(
        st.sampled_from((UNIQUE, POINTER, ARRAY, RANGED)), equal, min_size=1, max_size=2
    ),
    min_size=2,
    max_size=3,
)
orders = st.lists(
    st.tuples(st.sampled_from(("", "-")), st.sampled_from((RANGED, WHEN, "createdAt", UNIQUE))),
    max_size=2,
    unique_by=lambda each: each[1],
).map(lambda each: ",".join(sign + name for sign, name in each))


@st.composite
def operations(given_: st.DrawFn) -> Operation:
    where: dict[str, Any] = dict(given_(conditions))
    if given_(st.booleans()) and given_(st.booleans()):
        where["$or"] = given_(branches)
    ask = given_(st.sampled_from((Ask.QUERY, Ask.QUERY, Ask.QUERY, Ask.COUNT)))
    order = given_(orders) if ask is Ask.QUERY else ""
    limit = given_(st.sampled_from((None, 1, 10, 1000)))
    return Operation(ask, 1.0, "Thing", where, order, limit)


@pytest.fixture(scope="module")
def things(mongod: Mongod) -> Iterator[Mongo]:
    with mongod.client() as client:
        database = client["advice_property"]
        client.drop_database(database.name)
        schema(
            database,
            "Thing",
            skewed="string",
            unique="string",
            ranged="number",
            owner="*_User",
            list="array",
            when="date",
        )
        chance = random.Random(11)
        start = datetime(2015, 1, 1, tzinfo=UTC)
        database["Thing"].insert_many(
            {
                "_id": f"t{number}",
                "skewed": f"s{int(chance.paretovariate(0.6)) % 40}",
                "unique": f"u{number}",
                "ranged": chance.randrange(1500),
                "_p_owner": f"_User$u{chance.randrange(300)}",
                "list": [f"l{chance.randrange(400)}" for _ in range(chance.randrange(4))],
                "when": start + timedelta(hours=chance.randrange(9000)),
                "_created_at": start + timedelta(minutes=number),
            }
            for number in range(ROWS)
        )
        yield database
        client.drop_database(database.name)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operation=operations())
def test_a_proposal_is_used_and_changes_no_row(things: Mongo, operation: Operation) -> None:
    things["Thing"].drop_indexes()
    asked = profile(operation)
    advice = advise(things, asked, options=OPTIONS)
    judged = only(advice)
    if judged.use is not IndexUse.SLOW:
        assert judged.use is IndexUse.SERVED
        assert advice.proposals == ()
        return
    if not advice.proposals:
        assert judged.codes == (NO_INDEX_HELPS,)
        assert judged.advice
        return
    sent = _sent(things, operation)
    before = _rows(things, sent)
    build(things, advice)
    later = only(advise(things, asked, options=OPTIONS))
    names = {proposal.command["indexes"][0]["name"] for proposal in advice.proposals}
    assert later.cost is not None
    assert set(later.cost.index) & names, (judged, advice.proposals)
    assert judged.cost is not None
    assert _examined(later.cost) < _examined(judged.cost) or not later.cost.sorts
    assert _rows(things, sent) == before


def _examined(cost: Any) -> float:
    return float(max(cost.docs, cost.keys))


def _sent(things: Mongo, operation: Operation) -> Sent:
    schemas = load_schemas(things)
    sample = draw(things["Thing"], schemas["Thing"])
    where = bind(operation.where, "Thing", {"Thing": sample}.get, Random(3))
    server = Server(schemas, lambda _: [])
    count = operation.ask is Ask.COUNT
    return server.query("Thing", where, order=operation.order, limit=operation.limit, count=count)


def _rows(things: Mongo, sent: Sent) -> Any:
    reply = things.command(command_of(sent))
    if sent.count:
        return reply["n"]
    rows = list(things["Thing"].find(dict(sent.filter)))
    limited = list(
        things["Thing"].find(dict(sent.filter), limit=sent.limit, sort=list(sent.sort) or None)
    )
    keys = [key for key, _ in sent.sort]
    # Which of several equal rows is returned is open; how many, and in which order, is not.
    ordered = [[each.get(key) for key in keys] for each in limited]
    return sorted(row["_id"] for row in rows), ordered
