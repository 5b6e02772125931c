"""What became of each thing that is tried, and of each file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from parity.jobs.files.codes import Code
from parity.jobs.files.download import Downloader, Fetched
from parity.jobs.files.samples import Sample
from parity.jobs.files.store import ENCRYPTED_BY, Mongo, Stored
from parity.model import Kind, Outcome, Target
from parity.model.evidence import DifferenceFact
from parity.targets import Namespace, ParseClient

GONE: Final = frozenset({403, 404, 410})
"""Statuses of a file that is not there; S3 answers 403 to who may not list the bucket."""


@dataclass(slots=True)
class Found:
    """What became of one thing that was tried.

    Attributes:
        name: Name of its check: ``read-back``.
        title: What holds if it passes.
        differences: What was otherwise, a file each.
        code: What is wrong.
        doubts: Why it could not be judged: the network, a host that is not allowed.
        unsupported: Why it was not tried; empty if it was.
        tried: How many files were looked at.
        requests: Requests that were sent for it.
    """

    name: str
    title: str
    differences: list[DifferenceFact] = field(default_factory=list)
    code: Code | None = None
    doubts: list[str] = field(default_factory=list)
    unsupported: str = ""
    tried: int = 0
    requests: int = 0

    def add(self, code: Code, sample: str, expected: Any, actual: Any) -> None:
        """Note something that is wrong; the first one names the finding."""
        self.code = self.code or code
        self.differences.append(DifferenceFact(sample, Kind.VALUE, expected, actual))

    def answered(self, fetched: Fetched) -> bool:
        """Tell whether there is an answer; note a doubt if there is none."""
        self.tried += 1
        self.requests += not fetched.refused
        if fetched.status is None and fetched.problem not in self.doubts:
            self.doubts.append(fetched.problem)
        return fetched.status is not None

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
            bad = len({each.path for each in self.differences})
            return f"{bad} of {max(self.tried, bad)}: {self.differences[0].actual}"
        if self.doubts:
            return "; ".join(self.doubts[:3])
        return self.unsupported or ("" if self.tried else "no file could be stored")


@dataclass(frozen=True, slots=True)
class Kept:
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
    stored: Stored | None = None

    @property
    def encrypted(self) -> bool:
        """Whether GridFS holds it encrypted, by its length."""
        return self.stored is not None and self.stored.length == self.sample.size + ENCRYPTED_BY


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asks for.

    Attributes:
        store: ``gridfs``, ``s3``, ``gcs``, ``host:…``; ``None`` if no store was named.
        limit: The server's limit on uploads in bytes; ``None`` if nobody said.
    """

    store: str | None = None
    limit: int | None = None


@dataclass(slots=True)
class Bench:
    """What the steps of one trial share.

    Attributes:
        target: The server; it has a master key.
        master: A client that sends the master key, and whose exchanges are swept.
        downloads: Fetches files.
        namespace: Names of the run.
        mongo: The database of the app; ``None`` if it is not known.
        wanted: What the user asks for.
        progress: Told what is done now.
        kept: Files of the samples that the server has taken.
        others: Files of other steps that it has taken.
        fetched: What came back for the kept ones, by name.
        deleted: Names that the server said it has deleted.
    """

    target: Target
    master: ParseClient
    downloads: Downloader
    namespace: Namespace
    mongo: Mongo | None
    wanted: Wanted
    progress: Callable[[str], None]
    kept: list[Kept] = field(default_factory=list)
    others: list[Kept] = field(default_factory=list)
    fetched: dict[str, Fetched] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    @property
    def encrypted(self) -> bool:
        """Whether GridFS holds new files encrypted."""
        return any(each.encrypted for each in self.kept)
