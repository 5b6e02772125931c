"""What became of each thing that is tried, and of each file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from parity.jobs.files.download import Downloader, Fetched
from parity.jobs.files.samples import Sample
from parity.jobs.files.store import ENCRYPTED_BY, GridFSFile, Mongo
from parity.model import Kind, Outcome, Target
from parity.model.events import NOT_RUN, CheckEvent, DifferenceFact
from parity.model.finding import Code, Finding, worst_first
from parity.targets import Namespace, ParseClient

SHOWN: Final = 20
"""Files that one check shows."""
_LESS: Final = frozenset({"range", "head", "empty", "name", "limit"})
"""Things that many apps do without."""
GONE: Final = frozenset({403, 404, 410})
"""Statuses of a file that is not there; S3 answers 403 to who may not list the bucket."""


@dataclass(slots=True)
class StepResult:
    """What became of one thing that was tried.

    Attributes:
        name: Name of its check: ``read-back``.
        title: What holds if it passes.
        differences: What was otherwise, a file each.
        codes: What is wrong with each of them; the worst first.
        doubts: Why it could not be judged: the network, a host that is not allowed.
        unsupported: Why it was not tried; empty if it was.
        tried: How many files were looked at.
        requests: Requests that were sent for it.
    """

    name: str
    title: str
    differences: list[DifferenceFact] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    unsupported: str = ""
    tried: int = 0
    requests: int = 0

    def add(self, code: Code, sample: str, expected: Any, actual: Any) -> None:
        """Note something that is wrong; a finding for each kind."""
        self.codes.append(code)
        self.differences.append(DifferenceFact(sample, Kind.VALUE, expected, actual))

    def answered(self, fetched: Fetched) -> bool:
        """Tell whether there is an answer; note a doubt if there is none."""
        self.tried += 1
        self.requests += not fetched.not_sent
        if fetched.status is None and fetched.problem not in self.doubts:
            self.doubts.append(fetched.problem)
        return fetched.status is not None

    @property
    def not_run(self) -> bool:
        """Whether nothing was judged because nobody answers where the files are."""
        return self.outcome is Outcome.ERROR and self.reason.startswith(NOT_RUN)

    def event(self, target: str, seconds: float) -> CheckEvent:
        """Return the check of it.

        Args:
            target: Name of the target.
            seconds: How long it took.
        """
        name = f"files/{self.name}"
        return CheckEvent(
            id=name,
            nodeid=f"{name}[{target}]",
            target=target,
            area="files",
            level="should" if self.name in _LESS else "must",
            effect="writes",
            spec=("rest/files",),
            title=self.title,
            outcome=self.outcome,
            reason=self.reason,
            duration_s=seconds,
            requests=self.requests,
            differences=tuple(self.differences[:SHOWN]),
            findings=self.findings,
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One for each kind of problem."""
        return worst_first(code.finding() for code in dict.fromkeys(self.codes))

    @property
    def outcome(self) -> Outcome:
        """One of pass, fail, unsupported, error."""
        if self.differences:
            return Outcome.FAIL
        if self.doubts:
            return Outcome.ERROR
        return Outcome.UNSUPPORTED if self.unsupported or not self.tried else Outcome.PASS

    @property
    def reason(self) -> str:
        """Why, in one sentence; empty for a pass."""
        if self.differences:
            bad = len({fact.path for fact in self.differences})
            return f"{bad} of {max(self.tried, bad)}: {self.differences[0].actual}"
        if self.doubts:
            return "; ".join(self.doubts[:3])
        return self.unsupported or ("" if self.tried else "no file could be stored")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that the server has taken.

    Attributes:
        sample: What was sent.
        name: The name that the server gave it.
        url: Where the server says that it is.
        upload_ms: Milliseconds of the upload.
        stored: What GridFS has of it; ``None`` if nothing, or if nobody could look.
    """

    sample: Sample
    name: str
    url: str
    upload_ms: float
    stored: GridFSFile | None = None

    @property
    def encrypted(self) -> bool:
        """Whether GridFS holds it encrypted, by its length."""
        return self.stored is not None and self.stored.length == self.sample.size + ENCRYPTED_BY


@dataclass(frozen=True, slots=True)
class FilesOptions:
    """What the user asks for.

    Attributes:
        store: ``gridfs``, ``s3``, ``gcs``, ``host:…``; ``None`` if no store was named.
        limit: The server's limit on uploads in bytes; ``None`` if nobody said.
    """

    store: str | None = None
    limit: int | None = None


@dataclass(slots=True)
class TrialContext:
    """What the steps of one trial share.

    Attributes:
        target: The server; it has a master key.
        master: A client that sends the master key, and whose exchanges are swept.
        downloads: Fetches files.
        namespace: Names of the run.
        mongo: The database of the app; ``None`` if it is not known.
        options: What the user asks for.
        progress: Told what is done now.
        uploaded: Files of the samples that the server has taken.
        others: Files of other steps that it has taken.
        fetched: What came back for the kept ones, by name.
        deleted: Names that the server said it has deleted.
    """

    target: Target
    master: ParseClient
    downloads: Downloader
    namespace: Namespace
    mongo: Mongo | None
    options: FilesOptions
    progress: Callable[[str], None]
    uploaded: list[UploadedFile] = field(default_factory=list)
    others: list[UploadedFile] = field(default_factory=list)
    fetched: dict[str, Fetched] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    @property
    def encrypted(self) -> bool:
        """Whether GridFS holds new files encrypted."""
        return any(upload.encrypted for upload in self.uploaded)
