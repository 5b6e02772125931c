"""What ``parity explain`` knows of the codes that findings have: those of every command."""

from __future__ import annotations

from collections.abc import Iterator

from parity.cli.explain_facts import Fact
from parity.indexes.codes import CODES as INDEXES
from parity.jobs.audit.codes import CODES as AUDIT
from parity.jobs.audit.codes import remedy_of
from parity.jobs.deployment import codes as deployment
from parity.jobs.files import codes as files
from parity.jobs.preflight.codes import CODES as PREFLIGHT
from parity.jobs.replay.codes import CODES as REPLAY
from parity.jobs.scan.codes import CODES as SCAN
from parity.jobs.scan.codes import when
from parity.jobs.verify.codes import CODES as VERIFY
from parity.jobs.web import codes as web

FINDING = "finding"


def load_codes() -> list[Fact]:
    """Return what each code means, command by command."""
    return [
        *_preflight(), *_verify(), *_audit(), *_scan(), *_replay(), *_web(), *_files(),
        *_indexes(), *_deployment(),
    ]  # fmt: skip


def _fact(
    command: str,
    code: str,
    severity: str,
    title: str,
    effect: str,
    remedy: str = "",
    source: str = "",
    *,
    cause: str = "",
    versions: str = "",
) -> Fact:
    return Fact(
        id=code,
        slug="",
        title=title,
        area=command,
        severity=severity,
        status=FINDING,
        provenance="",
        source=source,
        observable=f"`parity {command}` reports it",
        versions=versions,
        cause=cause,
        effect=effect,
        remedy=remedy,
    )


def _preflight() -> Iterator[Fact]:
    for code in PREFLIGHT.values():
        yield _fact(
            "preflight", code.id, code.severity, f"Not so: {code.title}", code.cause, code.remedy,
            code.source,
        )  # fmt: skip


def _verify() -> Iterator[Fact]:
    for said in VERIFY.values():
        yield _fact("verify", said.id, said.severity, said.title, "", said.remedy, cause=said.cause)


def _audit() -> Iterator[Fact]:
    for code in AUDIT.values():
        yield _fact(
            "audit", code.id, code.severity, code.title, code.effect, remedy_of(code), code.source,
            versions=code.versions,
        )  # fmt: skip


def _scan() -> Iterator[Fact]:
    for code in SCAN.values():
        why = f"{code.cause} {when(code)}".rstrip()
        yield _fact(
            "scan", code.id, code.severity, f"Not so: {code.title}", why, code.remedy, code.source
        )


def _replay() -> Iterator[Fact]:
    for code in REPLAY.values():
        remedy = code.remedy.format(entry="KD-…")
        yield _fact("replay", code.id, code.severity, code.title, code.cause, remedy)


def _web() -> Iterator[Fact]:
    for code in web.CODES.values():
        yield _caused("web", code.id, code.severity, code.cause, code.remedy)


def _files() -> Iterator[Fact]:
    for code in files.CODES.values():
        yield _caused("files", code.id, code.severity, code.cause, code.remedy)


def _indexes() -> Iterator[Fact]:
    for code in INDEXES.values():
        yield _fact("indexes", code.id, code.severity, code.title, code.cause)


def _deployment() -> Iterator[Fact]:
    for code in deployment.CODES.values():
        yield _caused("deployment", code.id, code.severity, code.cause, code.remedy, code.source)


def _caused(
    command: str, code: str, severity: str, cause: str, remedy: str, source: str = ""
) -> Fact:
    """Return a fact whose title is the first sentence of what is said of it."""
    title, stop, effect = cause.partition(". ")
    return _fact(command, code, severity, title + "." * bool(stop), effect, remedy, source)
