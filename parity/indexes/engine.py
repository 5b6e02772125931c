"""Index advice, from the first explain to the last proposal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from pymongo import ReadPreference
from pymongo.database import Database
from pymongo.errors import OperationFailure

from parity.indexes.bind import bind
from parity.indexes.codes import NO_INDEX_HELPS
from parity.indexes.explain import Seen, explain, named
from parity.indexes.implied import Implied, implied
from parity.indexes.judge import cost_of, judge
from parity.indexes.limits import Server as Mongod
from parity.indexes.limits import look_at_server
from parity.indexes.merge import Wish, duplicates
from parity.indexes.model import (
    Advice,
    AdviceOptions,
    IndexUse,
    JudgedQuery,
    Progress,
    Proposal,
    TryOut,
)
from parity.indexes.needs import describe_useless
from parity.indexes.propose import Place, Slow, propose, wishes_of
from parity.indexes.sample import TIME_LIMIT_EXCEEDED, Row, Sample, draw, load_schemas
from parity.indexes.sent import MOST_IDS, Sent, Server, shown_filter
from parity.indexes.tryout import try_out
from parity.profiles.profile import Ask, Operation, Profile
from parity.wire.mongo_query import Untranslatable
from parity.wire.storage import ClassSchema

_WRITES: Final = frozenset({Ask.CREATE, Ask.UPDATE, Ask.DELETE, Ask.BATCH})


def advise(
    database: Database[dict[str, Any]],
    profile: Profile,
    *,
    options: AdviceOptions | None = None,
    try_on: TryOut | None = None,
    progress: Progress | None = None,
) -> Advice:
    """Say which queries of a profile have no index, and which indexes would help.

    Only reads ``database``; what is tried is tried on a copy, on the server of ``try_on``.

    Args:
        database: The migrated data.
        profile: What the app asks for.
        options: How it is looked at.
        try_on: Where proposals may be tried; ``None`` to try nothing.
        progress: Gets a line now and then.

    Raises:
        OperationFailure: MongoDB refuses something that all of it needs.
    """
    chosen = options or AdviceOptions()
    if chosen.secondary:
        database = database.with_options(read_preference=ReadPreference.SECONDARY_PREFERRED)
    run = _Run(database, profile, chosen, progress or (lambda _: None))
    run.look()
    proposals = run.propose()
    if try_on is not None and proposals:
        proposals = try_out(database, proposals, run.questions(proposals), try_on, run.progress)
    return run.advice(proposals)


@dataclass(slots=True)
class _Asked:
    """One query of the profile with several sets of values, and what MongoDB did for each."""

    signature: str
    class_name: str
    rate: float
    sent: list[Sent] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    problem: str = ""
    broken: bool = False


class _Run:
    def __init__(
        self,
        database: Database[dict[str, Any]],
        profile: Profile,
        options: AdviceOptions,
        progress: Progress,
    ) -> None:
        self.database = database
        self.profile = profile
        self.options = options
        self.progress = progress
        self.until = time.monotonic() + options.budget_s
        self.schemas = load_schemas(database)
        self.collections = frozenset(database.list_collection_names())
        self.mongod: Mongod = look_at_server(database, options.mongo_version)
        self.samples: dict[str, Sample | None] = {}
        self.asked: list[_Asked] = []
        self.judged: list[JudgedQuery] = []

    # Looking

    def look(self) -> None:
        """Explain every query and judge it."""
        operations = [
            operation for operation in self.profile.operations if operation.ask in _QUERIES
        ]
        total = sum(operation.weight for operation in self.profile.operations)
        for number, operation in enumerate(operations, 1):
            self.progress(f"query {number} of {len(operations)}: {operation.class_name}")
            rate = self.profile.peak_rate * operation.weight / total
            self.asked += self._unique(self._ask(operation, rate))
        for query in implied(self.profile):
            if query.collection in self.collections:
                self.asked += self._unique([self._ask_implied(query)])
        self.judged = sorted(map(self._judge, self.asked), key=_by_cost)

    def sample(self, collection: str) -> Sample | None:
        """Return rows of a collection; ``None`` if it has none."""
        if collection not in self.samples:
            found = None
            if collection in self.collections:
                schema = self.schemas.get(collection) or ClassSchema(collection)
                limit = self.options.max_time_ms
                found = draw(self.database[collection], schema, max_time_ms=limit)
            self.samples[collection] = found if found and found.stored else None
        return self.samples[collection]

    def _ask(self, operation: Operation, rate: float) -> list[_Asked]:
        name = operation.name
        parts: list[_Asked] = []
        whole = _Asked(name, operation.class_name, rate)
        if self.sample(operation.class_name) is None:
            whole.problem = f"{operation.class_name} has no rows here, or is no class"
            return [whole]
        try:
            for number in range(self.options.samples):
                self._within_budget()
                sent = self._sent(operation, self._random(name, number))
                for at, query in enumerate(sent):
                    if len(parts) <= at:
                        title = f"{name} · {query.part} {query.collection}" if query.part else name
                        parts.append(_Asked(title, operation.class_name, rate))
                    self._explain(parts[at], query)
        except Untranslatable as error:
            whole.problem = str(error)
        except _OverBudget as error:
            whole.problem, whole.broken = str(error), True
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            whole.problem = f"not a query of Parse ({type(error).__name__}: {error})"
        except OperationFailure as error:
            whole.problem = f"MongoDB refuses it ({named(error)})"
            whole.broken = True
        return [part for part in parts if part.seen] if not whole.problem else [whole]

    def _ask_implied(self, query: Implied) -> _Asked:
        found = _Asked(f"{query.collection}: {query.name}", query.collection, query.rate)
        sample = self.sample(query.collection)
        if sample is None:
            found.problem = f"{query.collection} has no rows here"
            return found
        try:
            for number in range(self.options.samples):
                self._within_budget()
                sent = query.bind(sample, self._random(query.name, number))
                if sent is None:
                    found.problem = f"no row of {query.collection} has {', '.join(query.keys)}"
                    return found
                self._explain(found, sent)
        except _OverBudget as error:
            found.problem, found.broken = str(error), True
            found.seen.clear()
        return found

    def _sent(self, operation: Operation, random: Random) -> list[Sent]:
        where = bind(operation.where, operation.class_name, self.sample, random)
        server = Server(
            self.schemas,
            self._fetch,
            self.options.server_version,
            self._user(operation.class_name, random),
        )
        server.query(
            operation.class_name,
            where,
            order=operation.order,
            limit=operation.limit,
            skip=operation.skip,
            keys=operation.keys,
            count=operation.ask is Ask.COUNT,
        )
        return server.sent

    def _fetch(self, sent: Sent) -> list[Row]:
        cursor = self.database[sent.collection].find(dict(sent.filter))
        return list(cursor.limit(MOST_IDS).max_time_ms(self.options.max_time_ms))

    def _user(self, class_name: str, random: Random) -> str | None:
        """Return somebody who may read a row of the class, or any user."""
        sample = self.sample(class_name)
        readers = [
            reader
            for row in (sample.stored if sample else [])
            for reader in row.get("_rperm") or []
            if reader != "*" and not str(reader).startswith("role:")
        ]
        if not readers and (users := self.sample("_User")) is not None:
            readers = [row["_id"] for row in users.stored]
        return str(random.choice(readers)) if readers else None

    def _explain(self, asked: _Asked, sent: Sent) -> None:
        if asked.seen and asked.seen[-1].cut:
            return  # Once is enough to know.
        sample = self.sample(sent.collection)
        if sample is None:
            return
        asked.sent.append(sent)
        limit = self.options.max_time_ms
        asked.seen.append(explain(self.database, sent, max_time_ms=limit, rows=sample.rows))

    def _random(self, name: str, number: int) -> Random:
        return Random(f"{self.options.seed}/{name}/{number}")  # noqa: S311 - no secret

    def _within_budget(self) -> None:
        if time.monotonic() > self.until:
            raise _OverBudget(f"the {self.options.budget_s:g} s for all queries were used up")

    def _unique(self, found: list[_Asked]) -> Iterator[_Asked]:
        names = {asked.signature for asked in self.asked}
        for asked in found:
            name, number = asked.signature, 2
            while asked.signature in names:
                asked.signature, number = f"{name} #{number}", number + 1
            names.add(asked.signature)
            yield asked

    def _judge(self, asked: _Asked) -> JudgedQuery:
        if not asked.seen:
            reason = asked.problem or "it asks a collection that has no rows"
            return JudgedQuery(
                asked.signature,
                asked.class_name,
                asked.class_name,
                asked.rate,
                IndexUse.UNJUDGED,
                reason=reason,
                broken=asked.broken,
            )
        first = asked.sent[0]
        sample = self.sample(first.collection)
        rows = sample.rows if sample else 0
        use, codes, reason = judge(asked.seen, rows, self.options.small_rows)
        cost = cost_of(asked.seen)
        mean_s = sum(look.ms for look in asked.seen) / len(asked.seen) / 1000
        return JudgedQuery(
            asked.signature,
            asked.class_name,
            first.collection,
            asked.rate,
            use,
            codes,
            reason,
            cost,
            shown_filter(first),
            first.sort,
            asked.rate * mean_s,
        )

    # Proposing

    def propose(self) -> list[Proposal]:
        """Propose indexes for what is slow."""
        by_name = {asked.signature: asked for asked in self.asked}
        wishes: dict[str, list[Wish]] = {}
        for at, judged in enumerate(self.judged):
            if judged.use is not IndexUse.SLOW:
                continue
            self.progress(f"index for {judged.signature}")
            asked = by_name[judged.signature]
            slow = Slow(judged.signature, asked.rate, tuple(asked.sent), tuple(asked.seen))
            found, why = wishes_of(slow, self._place(judged.collection))
            wishes.setdefault(judged.collection, []).extend(found)
            if not found:
                advice = f"{why}. {describe_useless(asked.sent[0].filter)}"
                codes = (NO_INDEX_HELPS,)
                self.judged[at] = replace(judged, codes=codes, advice=advice)
        proposals: list[Proposal] = []
        for collection, wished in wishes.items():
            kept, left = propose(wished, self._place(collection))
            proposals += kept
            self._left_out({wish.signature for one in left for wish in one.wishes})
        return sorted(proposals, key=lambda proposal: -proposal.saves)

    def questions(self, proposals: list[Proposal]) -> dict[str, list[Sent]]:
        """Return for each query that a proposal serves how it is asked."""
        wanted = {name for proposal in proposals for name in proposal.serves}
        return {asked.signature: asked.sent for asked in self.asked if asked.signature in wanted}

    def _place(self, collection: str) -> Place:
        sample = self.sample(collection)
        assert sample is not None
        return Place(
            self.database[collection],
            sample,
            self.database[collection].index_information(),
            self._writes(collection),
            self.mongod,
            self.options.max_time_ms,
            self.options.small_rows,
        )

    def _writes(self, collection: str) -> float:
        total = sum(operation.weight for operation in self.profile.operations)
        return sum(
            self.profile.peak_rate * operation.weight * operation.parts / total
            for operation in self.profile.operations
            if operation.ask in _WRITES and operation.class_name == collection
        )

    def _left_out(self, names: set[str]) -> None:
        for at, judged in enumerate(self.judged):
            if judged.signature in names:
                advice = "Left out: other queries of this collection gain more from an index."
                self.judged[at] = replace(judged, advice=advice)

    # The result

    def advice(self, proposals: list[Proposal]) -> Advice:
        """Put everything together."""
        touched = sorted({query.collection for query in self.judged} & self.collections)
        sizes, notes = 0, []
        for name in touched:
            sizes += self._index_bytes(name)
            for shorter, longer in duplicates(self.database[name].index_information()):
                notes.append(
                    f"{name}: the index {shorter} is the beginning of {longer}, which does the "
                    f"same; each write pays for both. Think of dropping {shorter}."
                )
        proposed = sum(proposal.bytes for proposal in proposals)
        cache = self.mongod.cache_bytes
        if cache and sizes + proposed > cache / 2:
            notes.append(
                f"Indexes would have about {(sizes + proposed) / 1e6:,.0f} MB, and MongoDB's cache "
                f"{cache / 1e6:,.0f} MB: leave room for the documents."
            )
        return Advice(
            tuple(self.judged),
            tuple(proposals),
            tuple(notes),
            self.mongod.version,
            sizes,
            proposed,
            cache,
        )

    def _index_bytes(self, collection: str) -> int:
        try:
            return int(self.database.command("collStats", collection)["totalIndexSize"])
        except (OperationFailure, KeyError) as error:
            if isinstance(error, OperationFailure) and error.code == TIME_LIMIT_EXCEEDED:
                raise
            return 0


_QUERIES: Final = frozenset({Ask.QUERY, Ask.COUNT})


class _OverBudget(Exception):
    """There is no time left."""


def _by_cost(judged: JudgedQuery) -> tuple[bool, float, float, str]:
    cost = judged.cost
    examined = max(cost.docs, cost.keys) if cost else 0.0
    return judged.use is not IndexUse.SLOW, -judged.load, -examined * judged.rate, judged.signature
