"""The job of ``parity scan``: one check for each rule, so that it shows what was looked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from parity.job import Events, Job, Run
from parity.jobs.scan.codes import CODES, SDK_UNKNOWN, area_of, explained, when
from parity.jobs.scan.engine import scan
from parity.jobs.scan.files import MAX_BYTES
from parity.jobs.scan.model import Group, Match, ScanReport
from parity.jobs.scan.output import json_of, sarif_of
from parity.model import Kind, Outcome, Secret, Style, Target, UserError
from parity.model.digest import digest_of_all
from parity.model.evidence import (
    AskedFact,
    CheckEvent,
    DifferenceFact,
    KnownDifferenceEvent,
    NoticeEvent,
    TableEvent,
    TargetFacts,
)
from parity.model.finding import Code
from parity.targets.app import App, digest_of_part

TARGET: Final = "source"
"""The target that a scan judges."""
SHOWN: Final = 20
"""Places that one check shows, and files that were not read that a terminal shows."""

_NOTHING: Final = {
    "cloud-code": "no cloud code was given",
    "clients": "no source of a client was given",
    "traffic": "no recording was given (--recording)",
}


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What is scanned.

    Attributes:
        paths: Folders and files; what of them is cloud code is found out.
        cloud: Folders and files that are cloud code, whatever they look like.
        recordings: Recorded traffic.
        max_bytes: Larger files are not read, and named.
        sarif: Where SARIF is written, if it is.
        app: The app that it is about; what of ``paths`` is its cloud code is known then.
    """

    paths: tuple[Path, ...] = ()
    cloud: tuple[Path, ...] = ()
    recordings: tuple[Path, ...] = ()
    max_bytes: int = MAX_BYTES
    sarif: Path | None = None
    app: App = field(default_factory=App)


class ScanJob(Job):
    """Finds what will not work after the move, without executing or fetching anything.

    Args:
        options: What is scanned.

    Raises:
        UserError: Nothing is to be scanned.
    """

    name = "scan"
    unit = "rule"

    def __init__(self, options: ScanOptions) -> None:
        if not (options.paths or options.cloud or options.recordings):
            raise UserError(
                "nothing to scan is given",
                "Give the folder of the cloud code and those of the apps: "
                "parity scan cloud/ app-src/",
            )
        self.options = options
        self._report: ScanReport | None = None

    @property
    def report(self) -> ScanReport:
        """What was found."""
        assert self._report is not None
        return self._report

    def targets(self) -> Sequence[TargetFacts]:
        """Return the source code as the one target."""
        return (TargetFacts.of(Target(TARGET, Style.PARSE_SERVER, "(source code)", Secret(""))),)

    def digests(self) -> Mapping[str, str]:
        """Return those of what is scanned; the cloud code of the app need not be named as such."""
        options = self.options
        cloud, given = _resolved(options.cloud), _resolved(options.paths)
        if options.app.cloud is not None:
            cloud |= given & _resolved([options.app.cloud])
        parts = {"clients": given - cloud, "recording": _resolved(options.recordings)}
        parts["cloud"] = cloud
        return {
            # Several where the app has one are something else than what the app has.
            name: digest_of_part(name, places)
            if name == "clients" or len(places) == 1
            else digest_of_all(digest_of_part(name, [place]) for place in places)
            for name, places in parts.items()
            if places and all(place.exists() for place in places)
        }

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the option that leaves something out."""
        return {"max_bytes": AskedFact(self.options.max_bytes, MAX_BYTES)}

    def read(self, run: Run) -> None:
        """Scan, and keep the keys that were seen out of every output."""
        options = self.options
        self._report = scan(
            options.paths,
            cloud=options.cloud,
            recordings=options.recordings,
            max_bytes=options.max_bytes,
            progress=run.progress,
        )
        run.hide(dict.fromkeys(self.report.secrets, "$KEY_IN_SOURCE"))

    def events(self, run: Run) -> Events:
        """Yield what comments suppress, a check for each rule, tables, and what was not read."""
        self.read(run)
        yield from known_entries(self.report)
        yield from checks_of(self.report)
        yield from tables_of(self.report)
        for skipped in self.report.skipped:
            text = f"Not read: {skipped.path}: {skipped.reason}."
            yield NoticeEvent("error" if skipped.doubt else "info", None, text)
        if self.options.sarif is not None:
            _write_sarif(self.options.sarif, run.redactor.json(sarif_of(self.report)))

    def closing(self) -> Iterator[str]:
        """Show every finding below its file, the clients of recordings, and what was read."""
        yield from _finding_lines(self.report)
        yield from _traffic_lines(self.report)
        yield from _other_lines(self.report)

    def result(self) -> Mapping[str, Any]:
        """Return everything that was found; ``schemas/scan.schema.json`` describes it."""
        return json_of(self.report)


def _resolved(places: Iterable[Path]) -> set[Path]:
    return {place.resolve() for place in places}


def _write_sarif(path: Path, value: Any) -> None:
    try:
        path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise UserError(
            f"--sarif {path}: {error.strerror or error}", "Give a file that can be written."
        ) from None


def checks_of(report: ScanReport) -> Iterator[CheckEvent]:
    """Yield a check for each rule."""
    for code in CODES.values():
        yield _check(code, report)


def known_entries(report: ScanReport) -> Iterator[KnownDifferenceEvent]:
    """Yield an entry for each rule of which a comment suppresses a finding."""
    for code in CODES.values():
        ignored = [
            finding for finding in report.findings if finding.code is code and finding.ignored
        ]
        if ignored:
            reasons = dict.fromkeys(each.ignored or "" for each in ignored)
            yield KnownDifferenceEvent(
                id=code.id,
                title=code.title,
                severity=code.severity,
                cause=code.cause,
                effect=code.cause,
                remedy=code.remedy,
                provenance=f"suppressed in the source: {'; '.join(reasons)}",
                targets=(TARGET,),
                observed=1,
            )


def tables_of(report: ScanReport) -> Iterator[TableEvent]:
    """Yield what was read, what the cloud code registers, and the versions of the clients."""
    if report.groups:
        yield TableEvent(
            id="files",
            title="What was read",
            columns=("role", "language", "files", "bytes"),
            rows=tuple(
                (group.role, group.language, group.files, group.bytes) for group in report.groups
            ),
            note="Vendored: copies of an SDK and installed packages, read for their versions. "
            "What was not read is said below, with the reason.",
        )
    if report.definitions:
        yield TableEvent(
            id="definitions",
            title="What the cloud code registers",
            columns=("kind", "name", "class or path", "validated", "where"),
            rows=tuple(
                (
                    definition.kind,
                    definition.name,
                    definition.class_name,
                    definition.validated,
                    str(definition.place),
                )
                for definition in report.definitions
            ),
            note="Names that are made while the code runs are SCAN-DEFINITION-UNKNOWN.",
        )
    for number, traffic in enumerate(report.traffic):
        yield TableEvent(
            id="clients" if not number else f"clients-{number + 1}",
            title=f"Clients in {traffic.recording}",
            columns=(
                "version",
                "SDK",
                "requests",
                "requests %",
                "clients",
                "clients %",
                "can move",
            ),
            rows=tuple(
                (
                    share.version or "(none)",
                    share.sdk,
                    share.requests,
                    _percent(share.requests, traffic.requests),
                    share.clients,
                    _percent(share.clients, traffic.clients),
                    {True: "yes", False: f"no, from {share.floor} on", None: "unknown"}[
                        share.can_move
                    ],
                )
                for share in traffic.shares
            ),
            note=f"{traffic.requests:,} requests of {traffic.clients:,} clients; a client that "
            "sends two versions counts for both.",
        )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _check(code: Code, report: ScanReport) -> CheckEvent:
    """Judge a rule; one whose input was not given is unsupported, so that nothing passes by it."""
    given = {
        "cloud-code": report.cloud_files,
        "clients": report.client_files,
        "traffic": sum(traffic.requests for traffic in report.traffic),
    }
    matches = [match for match in report.findings if match.code is code]
    active = [match for match in matches if match.ignored is None]
    if not given[area_of(code)] and not matches:
        return _event(code, Outcome.UNSUPPORTED, _NOTHING[area_of(code)], [])
    if active and code is SDK_UNKNOWN:
        return _event(code, Outcome.ERROR, _sentence(active), matches)
    if active and code.severity != "benign":
        return _event(code, Outcome.FAIL, _sentence(active), matches)
    if not active and matches:
        return _event(code, Outcome.KNOWN_DIFFERENCE, f"{len(matches)} suppressed", matches)
    unread = [skipped for skipped in report.skipped if skipped.doubt]
    kept = [skipped for skipped in unread if skipped.area == area_of(code)]
    if kept and not active:
        more = f" and {len(kept) - 1:,} more" if len(kept) > 1 else ""
        reason = f"{kept[0].path}{more} was not read: {kept[0].reason}"
        return _event(code, Outcome.ERROR, reason, matches)
    return _event(code, Outcome.PASS, _sentence(active) if active else "", matches)


def _sentence(findings: list[Match]) -> str:
    first = findings[0]
    more = f" and {len(findings) - 1:,} more" if len(findings) > 1 else ""
    return f"{first.detail} at {first.place}{more}"


def _event(code: Code, outcome: Outcome, reason: str, matches: list[Match]) -> CheckEvent:
    found = replace(code.finding(), cause=explained(code))
    return CheckEvent(
        id=f"scan/{code.id}",
        nodeid=f"scan/{code.id}[{TARGET}]",
        target=TARGET,
        area=area_of(code).replace("traffic", "clients"),
        level="may" if code.severity == "benign" else "must",
        effect="reads",
        spec=(),
        title=code.title,
        outcome=outcome,
        reason=reason,
        differences=tuple(
            DifferenceFact(
                path=str(match.place),
                kind=Kind.EXTRA,
                expected=None,
                actual=match.detail,
                known=None if match.ignored is None else code.id,
                source=code.source,
            )
            for match in matches[:SHOWN]
        ),
        findings=(found,) if any(match.ignored is None for match in matches) else (),
    )


def _finding_lines(report: ScanReport) -> list[str]:
    lines: list[str] = []
    explained_already: set[Code] = set()
    file = None
    for match in report.findings:
        code, place = match.code, match.place
        if place.file != file:
            file = place.file
            lines += ["", file]
        where = f"{place.line}:{place.column}" if place.line else ""
        word = code.severity if match.ignored is None else "ignored"
        lines.append(f"  {where:<8} {code} ({word}) {match.detail}")
        if match.ignored is not None:
            lines.append(f"           because {match.ignored}")
        elif code not in explained_already:
            explained_already.add(code)
            lines += [
                f"           {code.cause} {when(code)}".rstrip(),
                f"           change: {code.remedy}",
            ]
    return [*lines[1:], ""] if lines else []


def _traffic_lines(report: ScanReport) -> list[str]:
    lines = []
    for traffic in report.traffic:
        lines.append(
            f"{traffic.recording}: {traffic.requests:,} requests of {traffic.clients:,} clients"
        )
        for share in traffic.shares:
            moves = {True: "can move", False: f"cannot move before {share.floor}", None: "unknown"}
            requests, clients = share.requests / traffic.requests, share.clients / traffic.clients
            lines.append(
                f"  {share.version or '(no version)':<24} {requests:>6.1%} of requests, "
                f"{clients:>6.1%} of clients, {share.sdk}: {moves[share.can_move]}"
            )
        lines.append("")
    return lines


def _other_lines(report: ScanReport) -> list[str]:
    lines = []
    counts = Counter(definition.kind for definition in report.definitions)
    if counts:
        listed = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        lines.append(f"registered: {listed} (names: --json, report)")
    lines += [f"not read: {each.path}: {each.reason}" for each in report.skipped[:SHOWN]]
    if len(report.skipped) > SHOWN:
        lines.append(f"and {len(report.skipped) - SHOWN:,} more, see the report")
    if not report.bytes:
        return lines
    by_role: dict[str, list[Group]] = {}
    for group in report.groups:
        by_role.setdefault(group.role, []).append(group)
    for role, groups in by_role.items():
        listed = ", ".join(f"{group.files:,} {group.language}" for group in groups)
        lines.append(f"read as {role}: {listed}")
    lines.append(
        f"{report.cloud_files:,} files of cloud code, {report.client_files:,} of clients, "
        f"{report.bytes / 1e6:.1f} MB"
    )
    return lines
