"""Digests: what a dossier was made from, and whether the evidence is still that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from parity.dossier.model import EvidenceFile
from parity.dossier.uses import Use
from parity.gate import GateResult, Now
from parity.gate.runs import EVIDENCE
from parity.model import UserError

FORMAT: Final = "parity-dossier"
VERSION: Final = 1
_LARGEST_BYTES: Final = 200_000_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the evidence of a dossier.

    Attributes:
        seal: The seal of the dossier, to be compared with the signed page.
        answer: What the dossier answers.
        made_at: When it was made.
        same: Number of files that are what they were.
        problems: What is not as it was, one sentence each.
        newer: Runs that the dossier does not know.
    """

    seal: str
    answer: str
    made_at: str
    same: int
    problems: tuple[str, ...]
    newer: tuple[str, ...]


def digest(path: Path) -> str:
    """Return the digest of a file, ``sha256:…``; empty if it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                found.update(block)
    except OSError:
        return ""
    return f"sha256:{found.hexdigest()}"


def evidence_files(
    uses: Iterable[Use], gates: Iterable[GateResult], now: Now, reports: Path
) -> Iterator[EvidenceFile]:
    """Yield every file that verdicts were made from: of good runs, of bad runs, of gates.

    Args:
        uses: What gates and steps were judged by.
        gates: The gates that were asked; one may want the result of another.
        now: The evidence.
        reports: Folder with the runs.
    """
    rules: dict[str, dict[str, None]] = {}
    for use in uses:
        rules.setdefault(use.run.folder.name, {})[use.rule.id] = None
    for run in now.runs.good:
        name = run.folder.name
        used = tuple(rules.get(name, ()))
        word = str(run.verdict.word)
        yield EvidenceFile(f"{name}/{EVIDENCE}", run.sha256, run.job, word, used)
    for bad in now.runs.bad:
        for path in sorted(bad.folder.glob("evidence*.jsonl")):
            where = f"{bad.folder.name}/{path.name}"
            yield EvidenceFile(where, digest(path), bad.job or "", "unreadable")
    wanted = {r.rule.gate: r.rule.id for g in gates for r in g.rules if r.rule.kind == "gate"}
    for number, rule in wanted.items():
        path = reports / f"gate-{number}.json"
        if path.exists():
            yield EvidenceFile(path.name, digest(path), "gate", "", (rule,))


def seal(value: Mapping[str, Any]) -> str:
    """Return the digest of a dossier's JSON value, without its field ``seal``.

    The value is written with sorted names, without spaces, in ASCII.
    """
    bare = {name: each for name, each in value.items() if name != "seal"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def check(path: Path, reports: Path, gate_file: Path | None) -> Checked:
    """Compare a dossier with the evidence on disk.

    Args:
        path: The JSON of a dossier, which is input like any other.
        reports: Folder with the runs.
        gate_file: The user's file, if the dossier names one; ``None`` takes the name it says.

    Raises:
        UserError: The file is not there, or is no dossier.
    """
    value = _read(path)
    problems = []
    if seal(value) != value["seal"]:
        problems.append("the dossier itself was changed: its seal is not that of its content")
    same = 0
    for where, was in _files(value, path):
        problem = _compare(reports / where, where, was)
        same += not problem
        problems += problem
    problems += _gate_file(value, gate_file)
    known = {PurePosixPath(where).parts[0] for where, _ in _files(value, path)}
    newer = sorted(
        each.name
        for each in (reports.iterdir() if reports.is_dir() else ())
        if each.is_dir() and each.name not in known and any(each.glob("evidence*.jsonl"))
    )
    return Checked(
        value["seal"], value["answer"], value["made_at"], same, tuple(problems), tuple(newer)
    )


def _compare(path: Path, where: str, was: str) -> list[str]:
    now = digest(path)
    if now == was:
        return [] if now else [f"{where} could not be read when the dossier was made, nor now"]
    if not path.exists():
        return [f"{where} is not there"]
    return [f"{where} was changed: it was {was or 'not readable'}, and is {now or 'not readable'}"]


def _gate_file(value: Mapping[str, Any], gate_file: Path | None) -> list[str]:
    said = value["gate_file"]
    if not said["path"]:
        return []
    path = gate_file or Path(said["path"])
    found = _compare(path, f"the gate file {path}", said["sha256"])
    return [f"{each}; it may be given with --gate-file" if not path.exists() else each
            for each in found]  # fmt: skip


def _files(value: Mapping[str, Any], path: Path) -> Iterator[tuple[str, str]]:
    for each in value["files"]:
        where = PurePosixPath(each["path"])
        if where.is_absolute() or ".." in where.parts or not where.parts:
            raise _no_dossier(path, f"it names a file outside of the reports: {where}")
        yield str(where), each["sha256"]


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise _no_dossier(path, "it is larger than a dossier can be")
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror or error}",
            "Give the JSON that `parity dossier` wrote: --check reports/dossier.json.",
            code="dossier",
        ) from None
    except (ValueError, RecursionError):
        raise _no_dossier(path, "it is not JSON") from None
    try:
        if value["format"] != FORMAT:
            raise _no_dossier(path, "it says that it is something else")
        if value["version"] != VERSION:
            raise _no_dossier(path, f"its version is {value['version']!r}, and {VERSION} is read")
        texts = [value["seal"], value["answer"], value["made_at"]]
        texts += [value["gate_file"][name] for name in ("path", "sha256")]
        texts += [each[name] for each in value["files"] for name in ("path", "sha256")]
    except (KeyError, TypeError) as error:
        raise _no_dossier(path, f"something is missing: {error}") from None
    if not all(isinstance(text, str) for text in texts):
        raise _no_dossier(path, "a path or a digest is no text")
    return dict(value)


def _no_dossier(path: Path, why: str) -> UserError:
    return UserError(
        f"{path} is no dossier: {why}",
        "Give the JSON that `parity dossier` wrote: --check reports/dossier.json.",
        code="dossier",
    )
