"""Evidence: what a run did and saw, as JSON Lines.

One header, one event a line, one footer with counts. pytest workers write a file each, the
controller merges them, and the report reads the result; nothing else passes between them.
This module writes what it is given: whoever builds an event redacts it first.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Final, Self

from pydantic import Field

from parity.model.chart import Chart, Limit, Mark
from parity.model.events import (
    FORMAT,
    NOT_RUN,
    NOT_TESTED,
    VERSION,
    AskedFact,
    CapabilityFact,
    CheckEvent,
    ChosenFact,
    DifferenceFact,
    Effect,
    Event,
    Evidence,
    ExchangeFact,
    Footer,
    Header,
    KnownDifferenceEvent,
    Level,
    NoticeEvent,
    SelectionEvent,
    TableEvent,
    TargetFacts,
)
from parity.model.evidence_errors import (
    BadEvidence,
    EvidenceError,
    MissingEvidence,
    NewerEvidence,
    TruncatedEvidence,
    UnwritableEvidence,
)
from parity.model.finding import Finding, Severity
from parity.model.formats import Format, Misfit, NotJson, without_surrogates
from parity.model.outcome import Outcome
from parity.model.plain import BODY_LIMIT, body_text, plain, utc_now

__all__ = [
    "BODY_LIMIT",
    "FORMAT",
    "NOT_RUN",
    "NOT_TESTED",
    "VERSION",
    "AskedFact",
    "BadEvidence",
    "CapabilityFact",
    "Chart",
    "CheckEvent",
    "ChosenFact",
    "DifferenceFact",
    "Effect",
    "Event",
    "Evidence",
    "EvidenceError",
    "EvidenceWriter",
    "ExchangeFact",
    "Finding",
    "Footer",
    "Header",
    "KnownDifferenceEvent",
    "Level",
    "Limit",
    "Mark",
    "MissingEvidence",
    "NewerEvidence",
    "NoticeEvent",
    "SelectionEvent",
    "Severity",
    "TableEvent",
    "TargetFacts",
    "TruncatedEvidence",
    "UnwritableEvidence",
    "body_text",
    "iterate_evidence",
    "merge_evidence",
    "plain",
    "read_evidence",
    "utc_now",
]

HEADER: Final = Format[Header](Header)
LINES: Final = Format[Event | Footer](Annotated[Event | Footer, Field(discriminator="event")])
ANY_LINE: Final = Format[Header | Event | Footer](
    Annotated[Header | Event | Footer, Field(discriminator="event")]
)
_OLDEST_WITH_FINDINGS: Final = 4
"""Until then a check had one ``finding``, or none."""


SEAL_KEY: Final = "PARITY_SEAL_KEY"
"""Environment variable with the key of the seal; CI has it, and nobody else."""
_OLDEST_SEALED: Final = 4
KEYED: Final = "blake2b-keyed"


def _line_of(value: dict[str, Any]) -> bytes:
    # ASCII only: no body can smuggle in a line separator or an unpaired surrogate.
    text = without_surrogates(json.dumps(value, separators=(",", ":"), allow_nan=False))
    return f"{text}\n".encode("ascii")


class Seal:
    """The seal of one file: a hash of its bytes, keyed where ``PARITY_SEAL_KEY`` is set.

    It shows that nobody altered evidence by hand. Without a key whoever knows this code can make
    another seal; with one, only who has the key.
    """

    def __init__(self) -> None:
        key = os.environ.get(SEAL_KEY, "").encode()
        self._name = KEYED if key else "blake2b"
        # A key of any length; BLAKE2b itself takes 64 bytes at most.
        self._hash = hashlib.blake2b(key=hashlib.sha256(key).digest() if key else b"")

    def add(self, line: bytes) -> None:
        """Add a line with its end."""
        self._hash.update(line)

    def over(self, footer: bytes) -> str:
        """Return the seal of all lines so far and the footer without its seal."""
        last = self._hash.copy()
        last.update(footer)
        return f"{self._name}:{last.hexdigest()}"


class EvidenceWriter:
    """Writes one evidence file, line by line, so that a killed run leaves what it saw.

    A context manager: leaving it normally writes the footer if :meth:`close` was not called;
    leaving it with an exception writes none, and the file says of itself that it is truncated.

    Args:
        path: The file; its folder is made, an existing file is an error.
        header: The first line.

    Raises:
        UnwritableEvidence: If the file exists or cannot be written.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.header = header
        self._seal = Seal()
        self._events = 0
        self._counts = _no_counts(header)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: each line reaches the system at once, and closing has nothing to lose.
            self._file: FileIO | None = path.open("xb", buffering=0)
        except OSError as error:
            raise UnwritableEvidence(path, error) from None
        self._line(HEADER.plain(header))

    def check(self, check: CheckEvent) -> None:
        """Write one check; see :meth:`write`."""
        self.write(check)

    def write(self, event: Event) -> None:
        """Write one event; it has reached the operating system when this returns.

        Raises:
            ValueError: If a check names a target that the header does not have.
            UnwritableEvidence: If the disk refuses it.
        """
        if isinstance(event, CheckEvent):
            if event.target not in self._counts:
                raise ValueError(f"{event.nodeid}: target {event.target!r} is not in the header")
            self._counts[event.target][event.outcome] += 1
        self._line(LINES.plain(event))
        self._events += 1

    def close(self, *, interrupted: bool = False, exit_status: int | None = None) -> None:
        """Write the footer and close the file; a second call does nothing.

        Args:
            interrupted: Whether somebody or a crash stopped the run.
            exit_status: pytest's exit status, if known.
        """
        if self._file is None:
            return
        footer = Footer(self._events, self._counts, utc_now(), interrupted, exit_status)
        unsealed = _line_of(LINES.plain(footer))
        self._line(LINES.plain(replace(footer, seal=self._seal.over(unsealed))))
        self._abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._abandon()

    def _line(self, value: dict[str, Any]) -> None:
        if self._file is None:
            raise ValueError(f"{self.path} is closed")
        line = _line_of(value)
        self._seal.add(line)
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise UnwritableEvidence(self.path, error) from None

    def _abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def read_evidence(path: Path) -> Evidence:
    """Read and check a whole file.

    Raises:
        MissingEvidence: If there is no such file.
        TruncatedEvidence: If it has no footer, or fewer events than the footer says.
        NewerEvidence: If a later version wrote it.
        BadEvidence: If a line is not what the format says.
    """
    by_kind: dict[type[Any], list[Any]] = defaultdict(list)
    for line in iterate_evidence(path):
        by_kind[type(line)].append(line)
    return Evidence(
        header=by_kind[Header][0],
        checks=tuple(by_kind[CheckEvent]),
        known_differences=tuple(by_kind[KnownDifferenceEvent]),
        notices=tuple(by_kind[NoticeEvent]),
        footer=by_kind[Footer][0],
        tables=tuple(by_kind[TableEvent]),
        selections=tuple(by_kind[SelectionEvent]),
    )


def iterate_evidence(path: Path) -> Iterator[Header | Event | Footer]:
    """Yield the header, each event and the footer, checking as it goes.

    For files that are too large to hold. What came before an error was well-formed, but only
    reaching the end means that the evidence is complete.

    Raises:
        EvidenceError: As :func:`read_evidence`.
    """
    reader = _Reader(path)
    try:
        with path.open("rb") as file:
            for raw in file:
                yield reader.read(raw)
    except OSError as error:
        raise MissingEvidence(f"cannot read {path}: {error.strerror or error}") from None
    reader.finish()


class _Reader:
    """Checks lines in order: header, events, footer, end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.header: Header | None = None
        self.version = VERSION
        self.footer: Footer | None = None
        self._seal = Seal()
        self._expected = ""
        self.events = 0
        self.counts: dict[str, dict[str, int]] = {}

    def read(self, raw: bytes) -> Header | Event | Footer:
        self.number += 1
        if self.footer is not None:
            raise self._bad("something follows the footer")
        try:
            return self._header(raw) if self.header is None else self._event(raw)
        except NotJson:
            # Only the last line can lack its end: the writer was stopped within it.
            if not raw.endswith(b"\n") and (self.number > 1 or raw.startswith(b"{")):
                raise TruncatedEvidence(
                    f"{self.path} is truncated: line {self.number} has no end"
                ) from None
            raise self._bad("not JSON") from None
        except Misfit as error:
            raise self._bad(str(error)) from None

    def finish(self) -> None:
        if self.footer is None:
            raise TruncatedEvidence(f"{self.path} is truncated: it has no footer")
        missing = self.footer.events - self.events
        if missing > 0:
            raise TruncatedEvidence(
                f"{self.path} is truncated: its footer counts {self.footer.events} events, "
                f"it holds {self.events}"
            )
        if missing < 0 or self.footer.counts != self.counts:
            raise self._bad("the footer's counts are not those of the events")
        self._check_seal(self.footer.seal)

    def _event(self, raw: bytes) -> Event | Footer:
        event = LINES.parse(self._today(raw))
        if isinstance(event, Footer):
            self.footer = event
            unsealed = raw.replace(f'"seal":"{event.seal}"'.encode(), b'"seal":""')
            self._expected = self._seal.over(unsealed.rstrip(b"\n") + b"\n")
            return event
        self._seal.add(raw)
        if isinstance(event, CheckEvent):
            if event.target not in self.counts:
                raise Misfit(f"check.target: {event.target!r} is not in the header")
            self.counts[event.target][event.outcome] += 1
        self.events += 1
        return event

    def _check_seal(self, seal: str) -> None:
        # An older version has no seal; one that has a seal is a newer one with another number.
        if self.version < _OLDEST_SEALED and not seal:
            return
        made, wanted = seal.partition(":")[0], self._expected.partition(":")[0]
        if made != wanted and made == KEYED:
            raise self._bad(f"it is sealed with a key: set {SEAL_KEY} as where it was made")
        if made != wanted and wanted == KEYED:
            raise self._bad(f"{SEAL_KEY} is set here, and it is not sealed with a key")
        if not hmac.compare_digest(seal, self._expected):
            raise self._bad("its seal does not fit: it was altered after the run")

    def _today(self, raw: bytes) -> bytes:
        """Return a line of an older version as this version would have written it."""
        if self.version >= _OLDEST_WITH_FINDINGS or b'"finding"' not in raw:
            return raw
        value = _parsed(raw)
        if isinstance(value, dict) and "finding" in value:
            finding = value.pop("finding")
            value["findings"] = [] if finding is None else [finding]
        return json.dumps(value).encode()

    def _header(self, raw: bytes) -> Header:
        value = _parsed(raw)
        if not isinstance(value, dict) or (value.get("event"), value.get("format")) != (
            "header",
            FORMAT,
        ):
            raise Misfit(f"expected the header of a {FORMAT} file")
        version = value.get("version")
        if type(version) is not int or version < 1:
            raise Misfit(f"header.version: expected {VERSION}, got {version!r}")
        if version > VERSION:
            raise NewerEvidence(
                f"{self.path} has format version {version}; this parse-parity reads {VERSION}"
            )
        self.version = version
        self._seal.add(raw)
        self.header = HEADER.decode(value | {"version": VERSION}, "header")
        self.counts = _no_counts(self.header)
        return self.header

    def _bad(self, why: str) -> BadEvidence:
        return BadEvidence(f"{self.path}, line {self.number}: {why}")


def merge_evidence(
    parts: Mapping[str, Path],
    out: Path,
    header: Header,
    *,
    interrupted: bool = False,
    exit_status: int | None = None,
) -> None:
    """Merge the workers' files into one, in an order that does not depend on the workers.

    Args:
        parts: Each worker's name and file.
        out: The file to write; it must not exist.
        header: Its first line. Every part must be of the same run.
        interrupted: Whether the run was stopped; one interrupted part is enough.
        exit_status: pytest's exit status.

    Raises:
        TruncatedEvidence: If a part is missing or short; the message names the worker.
        NewerEvidence: If a part was written by a later version.
        BadEvidence: If a part is broken, or belongs to another run or worker.
        UnwritableEvidence: If ``out`` cannot be written.
    """
    evidence = [_read_part(worker, path, header) for worker, path in sorted(parts.items())]
    checks = [check for part in evidence for check in part.checks]
    notices = {notice for part in evidence for notice in part.notices}
    # Every worker collects the same; what only one of them chose is kept as well.
    selections = dict.fromkeys(chosen for part in evidence for chosen in part.selections)
    with EvidenceWriter(out, header) as writer:
        for selection in selections:
            writer.write(selection)
        for notice in sorted(
            notices, key=lambda notice: (notice.level, notice.target or "", notice.message)
        ):
            writer.write(notice)
        for known in _merge_known(evidence):
            writer.write(known)
        for table in (table for part in evidence for table in part.tables):
            writer.write(table)
        for check in sorted(checks, key=lambda check: (check.nodeid, check.worker)):
            writer.write(check)
        stopped = interrupted or any(part.footer.interrupted for part in evidence)
        writer.close(interrupted=stopped, exit_status=exit_status)


def _read_part(worker: str, path: Path, header: Header) -> Evidence:
    try:
        part = read_evidence(path)
    except (MissingEvidence, TruncatedEvidence) as error:
        raise TruncatedEvidence(f"worker {worker}: {error.what}") from None
    except BadEvidence as error:
        raise BadEvidence(f"worker {worker}: {error.what}") from None
    found = (part.header.run_id, part.header.worker)
    if found != (header.run_id, worker):
        raise BadEvidence(
            f"worker {worker}: {path} is of run {found[0]!r} and worker {found[1]!r}, "
            f"not of run {header.run_id!r}"
        )
    return part


def _merge_known(evidence: list[Evidence]) -> list[KnownDifferenceEvent]:
    merged: dict[str, KnownDifferenceEvent] = {}
    for entry in (known for part in evidence for known in part.known_differences):
        seen = merged.get(entry.id)
        if seen is None:
            merged[entry.id] = entry
        else:
            targets = tuple(sorted({*seen.targets, *entry.targets}))
            observed = seen.observed + entry.observed
            merged[entry.id] = replace(seen, targets=targets, observed=observed)
    return [merged[name] for name in sorted(merged)]


def _no_counts(header: Header) -> dict[str, dict[str, int]]:
    return {
        target.name: dict.fromkeys((str(outcome) for outcome in Outcome), 0)
        for target in header.targets
    }


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise NotJson("not JSON") from None
