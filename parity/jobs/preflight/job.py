"""The job of ``parity preflight``: one check for each condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from parity.job import Events, Job, Run, asked_of
from parity.jobs.preflight.codes import CODES
from parity.jobs.preflight.engine import PreflightOptions, preflight
from parity.model import Outcome, Target, UserError
from parity.model.evidence import AskedFact, CheckEvent, Event, Level, TargetFacts
from parity.model.judged import Judged
from parity.targets import secrets_of
from parity.targets.identity import address_of
from parity.targets.mongo import Access, Reader

_WORDS = {Outcome.PASS: "ok", Outcome.FAIL: "FAIL", Outcome.UNSUPPORTED: "not seen"}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as ``--json`` prints it; ``remedy`` is empty where it holds."""

    code: str
    outcome: Outcome
    severity: str
    title: str
    measured: str
    remedy: str


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """What ``--json`` prints beside the verdict.

    Attributes:
        mongo_version: Version of the server; ``None`` if it did not say.
        conditions: Every condition.
    """

    mongo_version: str | None
    conditions: tuple[Condition, ...]


class PreflightJob(Job):
    """Judges whether one MongoDB is fit to receive the data.

    Args:
        target: The target, with the URI of the database that will receive the data.
        options: What to ask for.
        source: Its size is the hosted size, if the options name none.
    """

    name = "preflight"
    unit = "condition"

    def __init__(
        self, target: Target, options: PreflightOptions, source: Target | None = None
    ) -> None:
        self.target, self.options, self.source = target, options, source
        self.judged: tuple[Judged, ...] = ()
        self.mongo_version: str | None = None

    def targets(self) -> Sequence[TargetFacts]:
        """Return the one target."""
        return (TargetFacts.of(self.target),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of the target and of the source."""
        return secrets_of([self.target, *([self.source] if self.source else [])])

    def digests(self) -> Mapping[str, str]:
        """Return the digest of where the data shall go."""
        return address_of(self.target)

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the limits, and what the hosted data is measured by."""
        options, shipped = self.options, PreflightOptions(parse_server=self.target.version)
        own = asked_of(options, shipped, "limits", "status", "timeout_s", "now")
        source = AskedFact(self.source.name if self.source else None, None)
        limits = asked_of(options.limits, shipped.limits)
        status = asked_of(options.status, shipped.status)
        return own | limits | status | {"source": source}

    def events(self, run: Run) -> Events:
        """Yield a check for each condition."""
        options = self.options
        if self.source is not None:
            options = replace(options, hosted_bytes=measured_size(self.source))
        assert self.target.mongo is not None

        def progress(done: int, total: int) -> None:
            run.progress(f"ping {done} of {total}")

        found = preflight(self.target.mongo, self.target.name, options, progress)
        self.judged, self.mongo_version = found.judged, found.mongo_version
        for judged in found.judged:
            level: Level = "should" if CODES[judged.name].severity == "benign" else "must"
            yield judged.event(self.name, self.target.name, area="data", level=level)

    def lines(self, event: Event) -> Iterator[str]:
        """Show each condition, and what to do where it does not hold."""
        if not isinstance(event, CheckEvent):
            return
        judged = next(judged for judged in self.judged if event.id.endswith(f"/{judged.name}"))
        word = "warning" if judged.warns else _WORDS[judged.outcome]
        yield f"{word:>8}  {judged.name:<20} {judged.seen}"
        for finding in judged.findings:
            yield f"{'':>8}  {finding.remedy}"

    def result(self) -> PreflightResult:
        """Return the version of the server and every condition."""
        return PreflightResult(self.mongo_version, tuple(map(_condition, self.judged)))


def measured_size(source: Target) -> int:
    """Return the size of the data and indexes of a source, in bytes.

    Raises:
        UserError: It has no ``mongo``, or its database is empty.
    """
    if source.mongo is None:
        raise UserError(
            f"the target {source.name!r} has no mongo, so its size cannot be measured",
            "Say it: --hosted-size 3GB (the hosted dashboard shows it under Analytics).",
            code="no-mongo",
        )
    with Reader(Access(source.name, source.mongo)) as reader:
        stats = reader.command({"dbStats": 1})
    size = int(stats["dataSize"]) + int(stats["indexSize"])
    if not size:
        raise UserError(
            f"the database of {source.name!r} is empty, so its size says nothing",
            "Correct the name of the database at the end of its URI, or give --hosted-size.",
            code="empty-database",
        )
    return size


def _condition(judged: Judged) -> Condition:
    remedy = judged.findings[0].remedy if judged.findings else ""
    severity = CODES[judged.name].severity
    return Condition(judged.name, judged.outcome, severity, judged.title, judged.seen, remedy)
