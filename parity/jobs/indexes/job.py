"""The job of ``parity indexes``: one check for each query that a Parse Server sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pymongo import MongoClient

from parity.indexes import Advice, AdviceOptions, IndexUse, TryOut, advise
from parity.indexes.model import Cost, Keys, Tried
from parity.indexes.tryout import orphans
from parity.job import Events, Job, Run, asked_of
from parity.jobs.indexes.evidence import check_of, lines_of, remedy_of, tables_of
from parity.model import Target
from parity.model.evidence import AskedFact, NoticeEvent, TargetFacts
from parity.model.plain import picked, plain
from parity.profiles.profile import Profile
from parity.targets import secrets_of
from parity.targets.identity import database_measured_on
from parity.targets.mongo import Access, Reader, reported
from parity.targets.namespace import PREFIX

PATIENCE_MS = 10_000


@dataclass(frozen=True, slots=True)
class QueryAdvice:
    """A query as ``--json`` prints it; ``cost`` is null where nothing was measured."""

    query: str
    class_name: str
    collection: str
    verdict: IndexUse
    codes: tuple[str, ...]
    reason: str
    rate: float
    load: float
    filter: dict[str, Any]
    sort: Keys
    remedy: str
    cost: Cost | None


@dataclass(frozen=True, slots=True)
class ProposedIndex:
    """A proposal as ``--json`` prints it."""

    collection: str
    keys: Keys
    serves: tuple[str, ...]
    saves: float
    bytes: int
    writes: float
    shell: str
    command: dict[str, Any]
    codes: tuple[str, ...]
    notes: tuple[str, ...]
    replaces: str
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class IndexesResult:
    """What ``--json`` prints beside the verdict."""

    mongo_version: str
    index_bytes: int
    proposed_bytes: int
    cache_bytes: int
    queries: tuple[QueryAdvice, ...]
    proposals: tuple[ProposedIndex, ...]
    notes: tuple[str, ...]


class IndexesJob(Job):
    """Explains each query of a load profile on the migrated data, and proposes indexes.

    Args:
        target: The target, with the URI of the migrated database.
        profile: What the clients ask for.
        options: How the database is looked at.
        try_on: Where proposals may be tried on a copy; ``None`` to try nothing.
    """

    name = "indexes"
    unit = "query shape"
    version = 2

    def __init__(
        self, target: Target, profile: Profile, options: AdviceOptions, try_on: TryOut | None = None
    ) -> None:
        self.target, self.profile, self.options, self.try_on = target, profile, options, try_on
        self.advice = Advice((), ())

    def targets(self) -> Sequence[TargetFacts]:
        """Return the one target."""
        return (TargetFacts.of(self.target),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of the target, and of the server of the copy."""
        known = [self.target]
        if self.try_on is not None:
            known.append(replace(self.target, name="scratch", mongo=self.try_on.uri))
        return secrets_of(known)

    def digests(self) -> Mapping[str, str]:
        """Return those of the database, and of the recording that the profile was made from."""
        recording = {"recording": self.profile.digest} if self.profile.digest else {}
        return database_measured_on(self.target) | recording

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the options; a version that is not given is the target's."""
        shipped = AdviceOptions()
        version = self.target.version or shipped.server_version
        return asked_of(self.options, replace(shipped, server_version=version), "seed")

    def events(self, run: Run) -> Events:
        """Yield a check for each query, costliest first, and the numbers as tables."""
        assert self.target.mongo is not None
        preference = "secondaryPreferred" if self.options.secondary else "primaryPreferred"
        access = Access(self.target.name, self.target.mongo, preference)
        with Reader(access) as reader, reported(self.target.name):
            for name in self._orphans():
                text = f"The scratch database {name} was left by a run that was killed: drop it."
                run.ask(text)
                yield NoticeEvent("warning", None, text)
            self.advice = advise(
                reader.db,
                self.profile,
                options=self.options,
                try_on=self.try_on,
                progress=run.progress,
            )
        for query in self.advice.judged:
            yield check_of(query, self.advice, self.target.name)
        yield from tables_of(self.advice)
        for note in self.advice.notes:
            yield NoticeEvent("info", None, note)

    def _orphans(self) -> list[str]:
        if self.try_on is None:
            return []
        with MongoClient[dict[str, Any]](
            self.try_on.uri.value, serverSelectionTimeoutMS=PATIENCE_MS
        ) as client:
            return orphans(client, PREFIX)

    def closing(self) -> Iterable[str]:
        """Say which queries are slow, and print the commands that help."""
        return lines_of(self.advice)

    def result(self) -> IndexesResult:
        """Return every query and every proposal."""
        advice = self.advice
        queries = (
            picked(
                QueryAdvice,
                query,
                # A key "signature" is taken for that of a URL, and redacted.
                query=query.signature,
                verdict=query.use,
                codes=tuple(map(str, query.codes)),
                filter=plain(dict(query.filter)),
                remedy=remedy_of(query, advice.proposals),
            )
            for query in advice.judged
        )
        proposals = (
            picked(
                ProposedIndex,
                proposal,
                command=plain(dict(proposal.command)),
                codes=tuple(map(str, proposal.codes)),
            )
            for proposal in advice.proposals
        )
        return picked(IndexesResult, advice, queries=tuple(queries), proposals=tuple(proposals))
