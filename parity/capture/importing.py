"""Makes one recording of many files: keeps what is the app's, and counts everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from parity.capture.base_url import BaseUrl, endpoint_of, infer_base_url, place_of
from parity.capture.exchanges import (
    CLOCK_JUMP,
    MISSING_BODY,
    NO_TIME,
    TRUNCATED_BODY,
    RecordedExchange,
    RecordedRequest,
)
from parity.capture.importers import (
    DEFAULT_MAX_BODY,
    READERS,
    Imported,
    Problem,
    UnreadableSource,
    kind_of,
)
from parity.capture.lanes import lane_of
from parity.model import Keys, Secret, UserError
from parity.wire import Auth, basic_auth
from parity.wire.headers import read_auth
from parity.wire.operation import parse_json

COUNTS = (
    *("seen", "kept", "other_host", "other_path", "not_http", "unreadable"),
    *("no_response", "truncated", "missing_body", "clock_jumps"),
)
"""Every count of an import; ``seen`` is ``kept`` and the four reasons to leave something out."""

MOST_PROBLEMS = 50
_LOOK_AT = 10_000
_LOOK_AT_BYTES = 64 * 1024 * 1024
_JUMP_S = 1.0
_COUNTED_NOTES = {
    TRUNCATED_BODY: "truncated",
    MISSING_BODY: "missing_body",
    CLOCK_JUMP: "clock_jumps",
}


@dataclass(slots=True)
class FileReport:
    """What became of one file.

    Attributes:
        path: The file.
        kind: What it is: ``"HAR"``; empty if that is not known.
        counts: The counts of :data:`COUNTS`.
        lanes: Names of the lanes in it.
        first_at: Time of its first exchange, seconds since the epoch.
        last_at: Time of its last one.
        problems: What could not be used and why, the first fifty.
        error: Why nothing of it, or nothing behind a point, could be used; empty if all could.
    """

    path: Path
    kind: str = ""
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTS, 0)))
    lanes: set[str] = field(default_factory=set)
    first_at: float | None = None
    last_at: float | None = None
    problems: list[str] = field(default_factory=list)
    error: str = ""


@dataclass(slots=True)
class ImportReport:
    """What became of all files.

    Attributes:
        base: Where the app's requests went.
        files: One report a file, in order.
        endpoints: Kept requests by endpoint: ``classes/Post``.
        methods: Kept requests by method.
        notes: Kept exchanges by what was not as usual with them.
        applications: Kept requests by application id, as it was sent.
    """

    base: BaseUrl
    files: list[FileReport]
    endpoints: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    applications: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> Counter[str]:
        """The counts of all files together."""
        total = Counter(dict.fromkeys(COUNTS, 0))
        for file in self.files:
            total.update(file.counts)
        return total

    @property
    def lanes(self) -> int:
        """How many clients there are."""
        return len(set().union(*(file.lanes for file in self.files)))


class Import:
    """Reads files as one recording.

    Args:
        files: The files, in any order: those that began first are read first, since one recording
            may use what an earlier one has made.
        base: Where the app's requests went; ``None`` finds it from the first 10,000 exchanges.
        max_body: Longest body to keep, in bytes.
        lane_key: Secret for the names of lanes; see :func:`parity.capture.lanes.lane_of`.
        progress: Called now and then with the file and the number of entries seen in it.

    Raises:
        UserError: No file could be read, or nothing in them is to Parse.
    """

    def __init__(
        self,
        files: Sequence[Path],
        *,
        base: BaseUrl | None = None,
        max_body: int = DEFAULT_MAX_BODY,
        lane_key: bytes = b"",
        progress: Callable[[Path, int], None] | None = None,
    ) -> None:
        self._max_body = max_body
        self._lane_key = lane_key
        self._progress = progress
        files = _by_time(files, max_body)
        self._reports = [FileReport(path) for path in files]
        self._stems = _unique_stems(files)
        self._entries = self._all_entries()
        if base is None:
            looked_at = self._look()
            self._entries = chain(looked_at, self._entries)
            base = infer_base_url(
                each.request for _, each in looked_at if isinstance(each, Imported)
            )
        self.report = ImportReport(base, self._reports)

    def exchanges(self) -> Iterator[RecordedExchange]:
        """Give the app's exchanges, file by file in the order of time; the report grows meanwhile.

        Raises:
            UserError: No file could be read.
        """
        for index, entry in self._entries:
            report = self._reports[index]
            if isinstance(entry, Problem):
                continue
            exchange = self._exchange(entry, index)
            if exchange is not None:
                self._account(exchange, report)
                yield exchange
        if not any(each.counts["seen"] for each in self._reports):
            raise self._nothing()

    def _all_entries(self) -> Iterator[tuple[int, Imported | Problem]]:
        for index, report in enumerate(self._reports):
            try:
                report.kind = kind_of(report.path)
                for entry in READERS[report.kind](report.path, self._max_body):
                    report.counts["seen"] += 1
                    if isinstance(entry, Problem):
                        _note_problem(report, entry)
                    if self._progress:
                        self._progress(report.path, report.counts["seen"])
                    yield index, entry
            except UnreadableSource as error:
                report.error = error.reason

    def _look(self) -> list[tuple[int, Imported | Problem]]:
        found: list[tuple[int, Imported | Problem]] = []
        size = exchanges = 0
        for index, entry in self._entries:
            found.append((index, entry))
            if isinstance(entry, Imported):
                exchanges += 1
                size += len(entry.request.body) + len(
                    entry.response.body if entry.response else b""
                )
            if exchanges >= _LOOK_AT or size >= _LOOK_AT_BYTES:
                break
        if not exchanges:
            raise self._nothing()
        return found

    def _nothing(self) -> UserError:
        reasons = [
            f"{report.path}: {report.error or next(iter(report.problems), 'nothing in it')}"
            for report in self._reports
        ]
        more = f" … and {len(reasons) - 5} more" if len(reasons) > 5 else ""
        return UserError(
            f"nothing could be read: {'; '.join(reasons[:5])}{more}",
            "Supported are HAR 1.2, VCR and vcrpy cassettes (YAML, JSON), and verbose logs of "
            "Parse Server.",
            code="import-unreadable",
        )

    def _exchange(self, entry: Imported, index: int) -> RecordedExchange | None:
        report = self._reports[index]
        elsewhere, url = place_of(entry.request.url, self.report.base)
        if elsewhere:
            report.counts[elsewhere] += 1
            return None
        at, notes = self._time(entry, report)
        request = replace(_with_credentials(entry.request), url=url)
        name = f"{report.path.name}#{entry.number}"
        connection = f"{self._stems[index]}#{entry.connection}"
        return RecordedExchange(
            id=f"{self._stems[index]}#{entry.number}",
            lane=lane_of(request.headers, request.body, connection, key=self._lane_key),
            at=at,
            elapsed_ms=entry.elapsed_ms,
            request=request,
            response=entry.response,
            origin=name,
            notes=entry.notes + notes,
        )

    def _time(self, entry: Imported, report: FileReport) -> tuple[float, tuple[str, ...]]:
        if entry.at is None:
            return report.last_at or 0.0, (NO_TIME,)
        jumped = report.last_at is not None and entry.at < report.last_at - _JUMP_S
        return entry.at, (CLOCK_JUMP,) if jumped else ()

    def _account(self, exchange: RecordedExchange, report: FileReport) -> None:
        report.counts["kept"] += 1
        report.counts["no_response"] += exchange.response is None
        for note, name in _COUNTED_NOTES.items():
            report.counts[name] += note in exchange.notes
        report.lanes.add(exchange.lane)
        if NO_TIME not in exchange.notes:
            if report.first_at is None:
                report.first_at = exchange.at
            report.last_at = exchange.at
        self.report.notes.update(exchange.notes)
        if app := application_of(exchange):
            self.report.applications[app] += 1
        self.report.methods[exchange.request.method] += 1
        self.report.endpoints[endpoint_of(exchange.request.url, self.report.base.mount)] += 1


def application_of(exchange: RecordedExchange) -> str:
    """Return the id of the application that a request names; ``""`` if it names none.

    One that the server did not know is none: 401 or 403 without a session say so.
    """
    if exchange.response is not None and exchange.response.status in (401, 403):
        return ""
    request = exchange.request
    in_body = b"_ApplicationId" in request.body
    sent = read_auth(dict(request.headers), parse_json(request.body) if in_body else None)
    return sent.app_id.value if sent is not None else ""


def _by_time(files: Sequence[Path], max_body: int) -> list[Path]:
    """Return files by the time of their first exchange, whatever the order they are given in."""
    if len(files) < 2:
        return list(files)
    return sorted(files, key=lambda path: (_first_at(path, max_body), path.name, str(path)))


def _first_at(path: Path, max_body: int) -> float:
    with suppress(UnreadableSource):
        for entry in islice(READERS[kind_of(path)](path, max_body), _LOOK_AT):
            if isinstance(entry, Imported) and entry.at is not None:
                return entry.at
    return float("-inf")


def _note_problem(report: FileReport, problem: Problem) -> None:
    report.counts[problem.kind] += 1
    if len(report.problems) < MOST_PROBLEMS:
        report.problems.append(f"{problem.where}: {problem.reason}")


def _unique_stems(files: Sequence[Path]) -> list[str]:
    stems: dict[str, Path] = {}
    for path in files:
        stem, number = path.stem, 1
        while stem in stems:
            number += 1
            stem = f"{path.stem}-{number}"
        stems[stem] = path
    return list(stems)


def _with_credentials(request: RecordedRequest) -> RecordedRequest:
    """Move the keys of ``https://app-id:javascript-key=…@host/`` into their header."""
    parts = urlsplit(request.url)
    names = {name.lower() for name, _ in request.headers}
    if parts.username is None or parts.password is None or "authorization" in names:
        return request
    app_id, password = unquote(parts.username), unquote(parts.password)
    key = password.removeprefix("javascript-key=")
    keys = Keys(javascript_key=Secret(key)) if key != password else Keys(master_key=Secret(key))
    value = basic_auth(Auth(app_id=Secret(app_id), keys=keys))
    return replace(request, headers=(*request.headers, ("Authorization", value)))
