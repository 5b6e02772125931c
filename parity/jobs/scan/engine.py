"""One scan: files in, findings and the list of what the cloud code registers out."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from parity.jobs.scan.clients import Source, client_findings, keys_in
from parity.jobs.scan.cloud import cloud_findings
from parity.jobs.scan.codes import SYNTAX
from parity.jobs.scan.definitions import registered
from parity.jobs.scan.dependencies import Asked
from parity.jobs.scan.files import MAX_BYTES, SCRIPTS, File, Found, read_files
from parity.jobs.scan.ignoring import Ignore, apply, ignores_in
from parity.jobs.scan.lexer import comments
from parity.jobs.scan.model import Definition, Match, Place, ScanReport, Skipped, in_order
from parity.jobs.scan.script import Script, parse_script, string_of, text_of
from parity.jobs.scan.symbols import Symbols
from parity.jobs.scan.traffic import read_traffic, traffic_findings
from parity.jobs.scan.values import requires
from parity.targets.identity import code_digest

Progress = Callable[[str], None]


def scan(
    roots: Sequence[Path],
    *,
    cloud: Sequence[Path] = (),
    recordings: Sequence[Path] = (),
    max_bytes: int = MAX_BYTES,
    progress: Progress = lambda _: None,
) -> ScanReport:
    """Scan source and recordings; nothing is executed and nothing fetched.

    Args:
        roots: Folders and files; what of them is cloud code is found out.
        cloud: Folders and files whose JavaScript is cloud code, whatever it looks like.
        recordings: Recorded traffic.
        max_bytes: Larger files are not read, and named.
        progress: Called with what is being done.

    Returns:
        The report.

    Raises:
        UserError: A path does not exist.
        RecordingError: A recording cannot be read.
    """
    found = read_files(
        [*cloud, *roots], max_bytes=max_bytes, progress=lambda n: progress(f"read {n:,} files")
    )
    forced = {Path(posixpath.normpath(each.as_posix())).as_posix() for each in cloud}
    scripts, others = _split(found, forced, progress)
    secrets: set[str] = set()
    findings, definitions = _scan_cloud(found, scripts, secrets, progress)
    progress(f"look through {len(others):,} files of clients")
    findings += _scan_clients(others, secrets)
    traffic = tuple(
        read_traffic(each, lambda n, each=each: progress(f"{each}: {n:,} requests"))  # type: ignore[misc]
        for each in recordings
    )
    findings += [finding for each in traffic for finding in traffic_findings(each)]
    ignores = _ignores(scripts, others)
    judged, remarks = apply(in_order(findings), ignores)
    return ScanReport(
        findings=tuple(judged),
        definitions=definitions,
        skipped=(*found.skipped, *_typescript(others), *remarks),
        cloud_files=len(scripts),
        client_files=len(others),
        bytes=sum(len(each.data) for each in found.files),
        traffic=traffic,
        secrets=frozenset(secrets),
        digests=_digests(scripts, others),
    )


def _split(found: Found, forced: set[str], progress: Progress) -> tuple[list[Script], list[File]]:
    """Tell cloud code, with all that it loads, from the rest."""
    candidates = {
        each.name: each for each in found.files if each.ending in SCRIPTS and not each.is_sdk
    }
    chosen = _cloud_names(candidates, forced)
    scripts: dict[str, Script] = {}
    todo = sorted(chosen)
    while todo:
        name = todo.pop()
        if name in scripts:
            continue
        progress(f"parse {name}")
        scripts[name] = parse_script(name, candidates[name].data)
        todo += [each for each in _loaded(scripts[name], candidates) if each not in scripts]
    others = [each for each in found.files if each.name not in scripts]
    return [scripts[name] for name in sorted(scripts)], others


def _cloud_names(candidates: dict[str, File], forced: set[str]) -> set[str]:
    registering = {name for name, file in candidates.items() if file.registers}
    folders = {posixpath.dirname(each) for each in registering}
    folders |= {posixpath.dirname(name) for name in candidates if name.endswith("/main.js")}
    chosen = set(registering)
    for name, file in candidates.items():
        parts = name.split("/")
        clouds = ["/".join(parts[: i + 1]) for i, each in enumerate(parts[:-1]) if each == "cloud"]
        is_cloud = any(
            each == folder or folder.startswith(f"{each}/") for each in clouds for folder in folders
        )
        given = file.root in forced or posixpath.basename(file.root) == "cloud"
        if is_cloud or given:
            chosen.add(name)
    return chosen


def _loaded(script: Script, candidates: dict[str, File]) -> Iterable[str]:
    for _, module in requires(script):
        text = string_of(module) if module is not None else None
        if text is None or not text.startswith("."):
            continue
        start = posixpath.normpath(posixpath.join(posixpath.dirname(script.file), text))
        for ending in ("", ".js", ".cjs", ".mjs", "/index.js"):
            if start + ending in candidates:
                yield start + ending
                break


def _scan_cloud(
    found: Found, scripts: list[Script], secrets: set[str], progress: Progress
) -> tuple[list[Match], tuple[Definition, ...]]:
    if not scripts:
        return [], ()
    progress(f"read the names of {len(scripts):,} files of cloud code")
    symbols = Symbols(scripts)
    known = registered(symbols)
    findings = list(cloud_findings(symbols, known, found.packages_of))
    for script in scripts:
        findings += _broken(script)
        # Only to keep them out of outputs: in cloud code a key is where it should be.
        for _ in keys_in(Source(script.file, script.source.decode("utf-8", "replace")), secrets):
            pass
    return findings, known.definitions


def _broken(script: Script) -> list[Match]:
    if not script.root.has_error:
        return []
    cursor = script.root.walk()
    place = Place(script.file, 1, 1)
    while cursor.node is not None:
        node = cursor.node
        if node.is_error or node.is_missing:
            place = script.place(node)
            break
        if node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return [Match(SYNTAX, place, "syntax error")]
    return [Match(SYNTAX, place, "syntax error")]


def _scan_clients(others: list[File], secrets: set[str]) -> list[Match]:
    sources = []
    findings = []
    for each in others:
        if each.is_sdk:
            asked = Asked("js", each.sdk_version or _version_in(each.name), 0)
            if asked.code:
                findings.append(Match(asked.code, Place(each.name, 1, 1), asked.detail))
        else:
            sources.append(Source(each.name, each.text))
    return findings + list(client_findings(sources, secrets))


def _version_in(name: str) -> str:
    stem = name.rpartition("/")[2].removesuffix(".js").removesuffix(".min")
    return stem.removeprefix("parse-") if any(each.isdigit() for each in stem) else ""


def _typescript(others: list[File]) -> list[Skipped]:
    return [
        Skipped(
            each.name,
            "cloud code in TypeScript is not read; give the compiled JavaScript",
            doubt=True,
        )
        for each in others
        if each.ending in {"ts", "tsx"} and each.registers
    ]


def _ignores(scripts: list[Script], others: list[File]) -> list[Ignore]:
    found: list[Ignore] = []
    for script in scripts:
        if b"parity-scan" in script.source:
            text = script.source.decode("utf-8", "replace")
            nodes = script.of("comment")
            # Offsets in characters, as the text has them.
            listed = [
                (len(script.source[: each.start_byte].decode("utf-8", "replace")), text_of(each))
                for each in nodes
            ]
            found += ignores_in(script.file, text, listed)
    for file in others:
        if b"parity-scan" in file.data:
            found += ignores_in(file.name, file.text, comments(file.text, file.ending))
    return found


def _digests(scripts: list[Script], others: list[File]) -> dict[str, str]:
    # As a target's `cloud` is digested, so that both can be held against each other.
    parts = {
        "cloud": [each.source for each in scripts],
        "clients": [each.data for each in others],
    }
    return {name: code_digest(sources) for name, sources in parts.items() if sources}
