"""Comments that suppress a finding: ``parity-scan: ignore SCAN-CONFIG because <reason>``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from parity.jobs.scan.model import Match, Skipped, printable

_COMMENT = re.compile(
    r"parity-scan:\s*ignore(?P<file>-file)?\s+(?P<codes>SCAN-[A-Z-]+(?:\s*,\s*SCAN-[A-Z-]+)*)"
    r"(?:\s+because\s+(?P<reason>[^\n]*\S))?"
)
_END = re.compile(r"\s*(?:\*/|-->)\s*$")
_MOST = 300


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that suppresses.

    Attributes:
        file: Where it stands.
        line: Its line.
        lines: Lines that it is about; empty for the whole file.
        codes: Rules.
        reason: Why; empty if none is given, and then it does nothing.
    """

    file: str
    line: int
    lines: frozenset[int]
    codes: frozenset[str]
    reason: str


def ignores_in(file: str, text: str, comments: Iterable[tuple[int, str]]) -> Iterator[Ignore]:
    """Yield the suppressing comments of a file.

    Args:
        file: Its path.
        text: Its source, one character a byte.
        comments: Its comments with where they start, likewise.
    """
    lines: list[str] | None = None
    for start, comment in comments:
        for match in _COMMENT.finditer(comment) if "parity-scan" in comment else ():
            lines = text.split("\n") if lines is None else lines
            first = text.count("\n", 0, start) + 1
            last = first + comment.rstrip("\n").count("\n")
            before = text[text.rfind("\n", 0, start) + 1 : start]
            about = {first, last} if before.strip() else {last, _next_code(lines, last)}
            reason = _END.sub("", match["reason"] or "")[:_MOST].strip()
            yield Ignore(
                file=file,
                line=first,
                lines=frozenset() if match["file"] else frozenset(about),
                codes=frozenset(re.split(r"\s*,\s*", match["codes"])),
                reason=printable(reason.encode("latin-1").decode("utf-8", "replace")),
            )


def _next_code(lines: list[str], line: int) -> int:
    """Return the next line that is neither empty nor a comment by itself."""
    while line < len(lines):
        line += 1
        text = lines[line - 1].strip()
        if text and not text.startswith(("//", "/*", "*", "#", "<!--")):
            return line
    return line


def apply(findings: Iterable[Match], ignores: list[Ignore]) -> tuple[list[Match], list[Skipped]]:
    """Suppress findings.

    Returns:
        The findings, some with the reason that suppresses them; and remarks about comments
        that have no reason or nothing to suppress.
    """
    by_file: dict[str, list[Ignore]] = {}
    for ignore in ignores:
        by_file.setdefault(ignore.file, []).append(ignore)
    used: set[Ignore] = set()
    judged = []
    for finding in findings:
        match = _match(finding, by_file.get(finding.place.file, ()))
        if match is not None:
            used.add(match)
            finding = replace(finding, ignored=match.reason)  # noqa: PLW2901 - the same, judged
        judged.append(finding)
    remarks = [
        Skipped(
            f"{ignore.file}:{ignore.line}",
            "parity-scan: ignore is not followed, because it gives no reason (because …)"
            if not ignore.reason
            else "parity-scan: ignore suppresses nothing; remove it",
        )
        for ignore in ignores
        if ignore not in used
    ]
    return judged, remarks


def _match(finding: Match, ignores: Iterable[Ignore]) -> Ignore | None:
    for ignore in ignores:
        about = not ignore.lines or finding.place.line in ignore.lines
        if about and ignore.reason and finding.code.id in ignore.codes:
            return ignore
    return None
