"""All runs of a folder of reports, as gates and the board read them.

Whole evidence is kept but for requests and responses. What cannot be read is kept as well, with
its name and its error: it may have been the run that failed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from parity.model.evidence import (
    CheckEvent,
    Evidence,
    EvidenceError,
    MissingEvidence,
    TableEvent,
    TargetFacts,
    read_evidence,
)

EVIDENCE: Final = "evidence.jsonl"
SUMMARY: Final = "summary.json"
_LONGEST_HEADER: Final = 1_000_000


class Judged(Protocol):
    """What :func:`parity.report.verdict` says of a run, as far as it is needed here."""

    @property
    def word(self) -> str:
        """Return ``pass``, ``fail`` or ``could-not-judge``."""

    @property
    def sentence(self) -> str:
        """Return why."""

    @property
    def targets(self) -> Mapping[str, Judged]:
        """Return the verdict on each target."""


Judge = Callable[[Evidence], Judged]


@dataclass(frozen=True, slots=True)
class Run:
    """One complete run.

    Attributes:
        folder: Its folder.
        evidence: Its evidence without exchanges.
        sha256: Digest of the evidence file.
        verdict: What the report says of it.
    """

    folder: Path
    evidence: Evidence
    sha256: str
    verdict: Judged

    @property
    def run_id(self) -> str:
        """Return the name of the run."""
        return self.evidence.header.run_id

    @property
    def job(self) -> str:
        """Return what ran."""
        return self.evidence.header.job

    @property
    def started_at(self) -> datetime:
        """Return when it began, in UTC."""
        return datetime.fromisoformat(self.evidence.header.started_at)

    @property
    def targets(self) -> dict[str, TargetFacts]:
        """Return the targets by name."""
        return {target.name: target for target in self.evidence.header.targets}

    def digests(self, target: str) -> dict[str, str]:
        """Return what a run says of its inputs and of one target."""
        facts = self.targets.get(target)
        return {**self.evidence.header.digests, **(facts.digests if facts else {})}

    def checks(self, target: str) -> tuple[CheckEvent, ...]:
        """Return the checks on a target, or with ``*`` all of them."""
        checks = self.evidence.checks
        return tuple(check for check in checks if target in ("*", check.target))

    def table(self, name: str) -> TableEvent | None:
        """Return a table by its id."""
        return next((each for each in self.evidence.tables if each.id == name), None)

    def doubts(self, target: str) -> list[str]:
        """Return why this run could not judge a target, whatever its checks say.

        Args:
            target: Its name, or ``*`` for all.
        """
        evidence = self.evidence
        found = []
        if not evidence.footer.seal:
            found.append("it was written before evidence was sealed, so nobody knows who edited it")
        if evidence.footer.interrupted:
            found.append("it was interrupted")
        if evidence.footer.exit_status not in (None, 0, 1):
            found.append(f"pytest ended with exit status {evidence.footer.exit_status}")
        found += [
            notice.message
            for notice in evidence.notices
            if notice.level == "error" and (notice.target is None or target in ("*", notice.target))
        ]
        return found


@dataclass(frozen=True, slots=True)
class BadRun:
    """A run whose evidence cannot be used.

    Attributes:
        folder: Its folder.
        code: ``evidence-truncated``, ``evidence-bad``, ….
        what: What is wrong with it.
        at: When it began as far as can be told, else when its file was last written.
        job: What ran, if its header can be read.
        targets: Names of its targets, if its header can be read.
    """

    folder: Path
    code: str
    what: str
    at: datetime
    job: str | None = None
    targets: frozenset[str] | None = None

    def concerns(self, job: str, target: str) -> bool:
        """Return whether it may hold evidence of a job on a target."""
        if self.job not in (None, job):
            return False
        return self.targets is None or target == "*" or target in self.targets


@dataclass(frozen=True, slots=True)
class Runs:
    """What a folder of reports holds.

    Attributes:
        good: Complete runs, the newest first.
        bad: What cannot be used, the newest first.
    """

    good: tuple[Run, ...] = ()
    bad: tuple[BadRun, ...] = ()

    def of(self, job: str, target: str) -> tuple[Run, ...]:
        """Return the runs of a job that have checks or tables on a target, the newest first."""
        return tuple(
            each
            for each in self.good
            if each.job == job and (target == "*" or target in each.targets)
        )


def read_runs(
    reports: Path, judge: Judge, progress: Callable[[int, int], None] = lambda _, __: None
) -> Runs:
    """Read every run of a folder.

    Args:
        reports: Folder with a folder for each run; if it is not there, there are no runs.
        judge: Gives the verdict on a run.
        progress: Is called with the number of runs read and of all runs.
    """
    folders = _folders(reports)
    good, bad = [], []
    for number, folder in enumerate(folders, start=1):
        try:
            good.append(_read(folder, judge))
        except EvidenceError as error:
            bad.append(_bad(folder, error))
        except OSError as error:
            bad.append(_bad(folder, MissingEvidence(f"cannot read {folder}: {error.strerror}")))
        progress(number, len(folders))
    good.sort(key=lambda each: (each.started_at, each.run_id), reverse=True)
    bad.sort(key=lambda each: (each.at, each.folder.name), reverse=True)
    return Runs(tuple(good), tuple(bad))


def _folders(reports: Path) -> list[Path]:
    """Return what looks like a run: a folder with evidence or that of a worker, or that had some.

    A run that leaves a page but no evidence is no silence: it may have been the one that failed.
    """
    if not reports.is_dir():
        return []
    folders = (path for path in reports.iterdir() if path.is_dir())
    return sorted(folder for folder in folders if _parts(folder) or _summary(folder))


def _parts(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.glob("evidence*.jsonl") if path.is_file()]
    except OSError:
        return []


def _summary(folder: Path) -> dict[str, Any]:
    """Return the summary that every run writes at its end; nothing if there is none."""
    try:
        value = json.loads((folder / SUMMARY).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    is_ours = isinstance(value, dict) and value.get("format") == "parity-summary"
    return value if is_ours else {}


def _read(folder: Path, judge: Judge) -> Run:
    path = folder / EVIDENCE
    evidence = read_evidence(path)
    sha256 = _sha256([path])
    verdict = judge(evidence)
    checks = tuple(replace(check, exchanges=()) for check in evidence.checks)
    return Run(folder, replace(evidence, checks=checks), f"sha256:{sha256}", verdict)


def _sha256(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _bad(folder: Path, error: EvidenceError) -> BadRun:
    parts = _parts(folder)
    header = next(filter(None, map(_header, parts)), {}) or _summary(folder)
    try:
        at = datetime.fromisoformat(header["started_at"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        at = max((_modified(part) for part in parts), default=datetime.now(UTC))
    job = header.get("job", "suites") if header else None
    targets = header.get("targets")
    names = None
    if isinstance(targets, list) and all(isinstance(target, dict) for target in targets):
        names = frozenset(str(target.get("name")) for target in targets)
    return BadRun(folder, error.code, error.what, at, job if isinstance(job, str) else None, names)


def _header(path: Path) -> dict[str, Any]:
    """Return the first line of a broken file as far as it says what ran; nothing if it does not."""
    try:
        with path.open("rb") as file:
            value = json.loads(file.readline(_LONGEST_HEADER))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) and value.get("event") == "header" else {}


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.now(UTC)
