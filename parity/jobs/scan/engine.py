"""One scan: files in, findings and the list of what the cloud code registers out."""

from __future__ import annotations

import multiprocessing
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path

from parity.jobs.scan.clients import (
    Part,
    read_file,
    started_without_server,
    used_without_version,
)
from parity.jobs.scan.cloud import cloud_findings, texts_read
from parity.jobs.scan.codes import SYNTAX
from parity.jobs.scan.definitions import registered
from parity.jobs.scan.dependencies import Asked, sdk_matches
from parity.jobs.scan.files import MAX_BYTES, File, Found, ending_of, read_files
from parity.jobs.scan.ignoring import Ignore, apply, ignores_in
from parity.jobs.scan.keys import keys_in
from parity.jobs.scan.languages import language_of
from parity.jobs.scan.model import (
    Definition,
    Group,
    Match,
    Place,
    Role,
    ScanReport,
    Skipped,
    in_order,
)
from parity.jobs.scan.script import Script, parse_script, string_of
from parity.jobs.scan.source import Source
from parity.jobs.scan.symbols import Symbols
from parity.jobs.scan.traffic import read_traffic, traffic_findings
from parity.jobs.scan.values import requires
from parity.model.digest import digest_of_all, digest_of_bytes
from parity.targets.sources import SCRIPTS, UNREAD

Progress = Callable[[str], None]
_WORTH_PROCESSES = 3_000_000
"""Bytes to parse that are worth the half second that starting processes takes."""
_MOST_DEFINITIONS = 200_000
_PACKAGE_FOLDER = re.compile(r".*/parse[.-]\d[\d.]*/", re.IGNORECASE)


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
    scripts, others, unread = _split(found, forced, progress)
    secrets: set[str] = set()
    with _Clients(others) as clients:
        findings, definitions = _scan_cloud(found, scripts, secrets, progress)
        progress(f"look through {len(others):,} files of clients")
        parts = clients.parts()
    for part in parts:
        findings += part.matches
        secrets |= part.secrets
    findings += started_without_server(parts)
    findings += sdk_matches(_sdks(found, parts))
    traffic = tuple(
        read_traffic(each, lambda n, each=each: progress(f"{each}: {n:,} requests"))  # type: ignore[misc]
        for each in recordings
    )
    findings += [finding for each in traffic for finding in traffic_findings(each)]
    ignores = [*_ignores(scripts), *(ignore for part in parts for ignore in part.ignores)]
    judged, remarks = apply(in_order(findings), ignores)
    return ScanReport(
        findings=tuple(judged),
        definitions=definitions,
        skipped=(*found.skipped, *unread, *remarks),
        cloud_files=len(scripts),
        client_files=len(others),
        bytes=sum(len(file.data) for file in found.files),
        groups=_groups(scripts, others, parts),
        traffic=traffic,
        secrets=frozenset(secrets),
        digests=_digests(scripts, others),
    )


class _Clients:
    """The files of clients, read in processes beside the cloud code if there is much to read."""

    def __init__(self, files: list[File]) -> None:
        self._files = files
        self._elsewhere = "\n".join(
            file.data.decode("latin-1")
            for file in files
            if file.ending in {"gradle", "kts", "properties"} and len(file.data) < _MOST_DEFINITIONS
        )
        self._pool: Executor | None = None
        self._work: dict[int, Future[Part]] = {}

    def __enter__(self) -> _Clients:
        heavy = [
            index for index, file in enumerate(self._files) if file.mentions and not file.vendored
        ]
        if sum(len(self._files[index].data) for index in heavy) > _WORTH_PROCESSES:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(os.cpu_count() or 1, mp_context=context)
            # The largest first, so that none of them is left for the end.
            for index in sorted(heavy, key=lambda index: -len(self._files[index].data)):
                file = self._files[index]
                self._work[index] = self._pool.submit(read_file, file, self._elsewhere)
        return self

    def parts(self) -> list[Part]:
        return [
            self._work[index].result() if index in self._work else read_file(file, self._elsewhere)
            for index, file in enumerate(self._files)
        ]

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _sdks(found: Found, parts: list[Part]) -> list[tuple[Place, Asked]]:
    """Return every SDK with its place; of an installed package only its manifest speaks."""
    folders = {(asked.sdk, place.file.rpartition("/")[0]) for place, asked in found.installed}
    listed = list(_once_a_package(found.installed))
    for part in parts:
        for place, asked in part.asked:
            above = (
                sdk == asked.sdk and place.file.startswith(f"{folder}/") for sdk, folder in folders
            )
            if part.role != "vendored" or not any(above):
                listed.append((place, asked))
    return [*listed, *used_without_version(parts, found.installed)]


def _once_a_package(
    installed: Iterable[tuple[Place, Asked]],
) -> Iterator[tuple[Place, Asked]]:
    """Yield the first assembly of each NuGet package: it has one for each platform."""
    seen: set[str] = set()
    for place, asked in installed:
        package = _PACKAGE_FOLDER.match(place.file)
        if package is None or package[0] not in seen:
            yield place, asked
        if package is not None:
            seen.add(package[0])


def _groups(scripts: list[Script], others: list[File], parts: list[Part]) -> tuple[Group, ...]:
    counts: dict[tuple[Role, str], list[int]] = {}
    read: list[tuple[Role, str, int]] = [
        ("cloud", language_of(ending_of(script.file)), len(script.source)) for script in scripts
    ]
    read += [
        (part.role, language_of(file.ending), len(file.data))
        for file, part in zip(others, parts, strict=True)
    ]
    for role, language, size in read:
        counts.setdefault((role, language), []).append(size)
    return tuple(
        Group(role, language, len(sizes), sum(sizes))
        for (role, language), sizes in sorted(counts.items())
    )


def _split(
    found: Found, forced: set[str], progress: Progress
) -> tuple[list[Script], list[File], list[Skipped]]:
    """Tell cloud code, with all that it loads, from the rest and from what cannot be read."""
    candidates = {
        file.name: file
        for file in found.files
        if (file.ending in SCRIPTS or file.ending in UNREAD)
        and not (file.vendored or file.sdk or file.name.endswith(".d.ts"))
    }
    chosen = _cloud_names(candidates, forced)
    scripts: dict[str, Script] = {}
    todo = sorted(name for name in chosen if candidates[name].ending in SCRIPTS)
    while todo:
        name = todo.pop()
        if name in scripts:
            continue
        progress(f"parse {name}")
        scripts[name] = parse_script(name, candidates[name].data)
        todo += [each for each in _loaded(scripts[name], candidates) if each not in scripts]
    unread = _unread(candidates, chosen)
    left_out = {*scripts, *(skipped.path for skipped in unread)}
    others = [file for file in found.files if file.name not in left_out]
    return [scripts[name] for name in sorted(scripts)], others, unread


def _unread(candidates: dict[str, File], chosen: set[str]) -> list[Skipped]:
    return [
        Skipped(
            file.name,
            f"{language_of(file.ending)} is not read; give the compiled JavaScript",
            doubt=True,
            area="cloud-code" if file.name in chosen else "clients",
        )
        for file in candidates.values()
        if file.ending in UNREAD and (file.name in chosen or file.speaks)
    ]


def _cloud_names(candidates: dict[str, File], forced: set[str]) -> set[str]:
    registering = {name for name, file in candidates.items() if file.registers}
    folders = {posixpath.dirname(each) for each in registering}
    folders |= {
        posixpath.dirname(name)
        for name in candidates
        if posixpath.splitext(posixpath.basename(name))[0] == "main"
    }
    chosen = set(registering)
    for name, file in candidates.items():
        parts = name.split("/")
        clouds = ["/".join(parts[: i + 1]) for i, each in enumerate(parts[:-1]) if each == "cloud"]
        is_cloud = any(
            cloud == folder or folder.startswith(f"{cloud}/")
            for cloud in clouds
            for folder in folders
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
        for ending in ("", ".js", ".cjs", ".mjs", ".ts", "/index.js", "/index.ts"):
            if start + ending in candidates and candidates[start + ending].ending in SCRIPTS:
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
    templates = texts_read(symbols)
    for script in scripts:
        if not script.file.endswith(tuple(templates)):
            findings += _broken(script)
        # Only to keep them out of outputs: in cloud code a key is where it should be.
        for _ in keys_in(Source(script.file, script.source, "js"), secrets, "cloud"):
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


def _ignores(scripts: list[Script]) -> list[Ignore]:
    found: list[Ignore] = []
    for script in scripts:
        if b"parity-scan" in script.source:
            comments = [
                (node.start_byte, (node.text or b"").decode("latin-1"))
                for node in script.of("comment")
            ]
            found += ignores_in(script.file, script.source.decode("latin-1"), comments)
    return found


def _digests(scripts: list[Script], others: list[File]) -> dict[str, str]:
    # As a target's `cloud` is digested, so that both can be held against each other.
    parts = {
        "cloud": [script.source for script in scripts],
        "clients": [other.data for other in others],
    }
    return {
        name: digest_of_all(map(digest_of_bytes, sources))
        for name, sources in parts.items()
        if sources
    }
