"""Settings as checks, known differences and a table of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from parity.jobs.settings.catalogue import Value
from parity.jobs.settings.judge import Judged
from parity.jobs.settings.probes import PROBES
from parity.model import Kind, Outcome
from parity.model.evidence import (
    CheckEvent,
    DifferenceFact,
    Finding,
    KnownDifferenceEvent,
    Severity,
    TableEvent,
)

Redact = Callable[[str], str]


def check_of(judged: Judged, target: str, redact: Redact) -> CheckEvent:
    """Return the check of one setting.

    Args:
        judged: What became of it.
        target: Name of the target.
        redact: Keeps secrets out of what a server said.
    """
    setting, side = judged.setting, judged.side
    finding = None
    if side is not None and judged.outcome is not Outcome.KNOWN_DIFFERENCE:
        cause = f"{redact(judged.said)}. {side.effect}"
        finding = Finding(setting.code, side.severity, cause, _remedy(judged))
    return CheckEvent(
        id=f"settings/{setting.name}",
        nodeid=f"settings/{setting.name}[{target}]",
        target=target,
        area=setting.area,
        level="should" if _weight(judged) == "benign" else "must",
        effect="writes" if PROBES[setting.name].writes else "reads",
        spec=(),
        title=setting.title,
        outcome=judged.outcome,
        reason=redact(_reason(judged)),
        differences=_differences(judged),
        findings=(finding,) if finding else (),
    )


def known_of(judged: Judged, target: str) -> KnownDifferenceEvent | None:
    """Return the entry for a difference that a person accepted; ``None`` for all others."""
    if judged.outcome is not Outcome.KNOWN_DIFFERENCE:
        return None
    setting = judged.setting
    return KnownDifferenceEvent(
        id=setting.code,
        title=setting.title,
        severity=_weight(judged),
        cause=f"Accepted: {judged.accepted}",
        effect=judged.meaning,
        remedy=_remedy(judged),
        provenance=setting.source,
        targets=(target,),
        observed=1,
    )


def table_of(judged: Iterable[Judged], redact: Redact) -> TableEvent:
    """Return the table that people read: setting, hosted, server, meaning."""
    rows = tuple(
        (
            each.setting.name,
            hosted_words(each),
            server_words(each),
            redact(each.meaning) + (f" Accepted: {each.accepted}" if each.accepted else ""),
        )
        for each in judged
    )
    return TableEvent(
        id="settings",
        title="App settings",
        columns=("setting", "hosted", "server", "meaning"),
        rows=rows,
        note="hosted: what the settings file says, else (documented) what the hosted service did "
        "for everybody; server: found out by its behaviour.",
    )


def hosted_words(judged: Judged) -> str:
    """Say what the hosted app had."""
    if judged.hosted is None:
        return "not known"
    words = judged.setting.words(judged.hosted)
    return f"{words} (documented)" if judged.origin == "default" else words


def server_words(judged: Judged) -> str:
    """Say what the server does."""
    return "not seen" if judged.server is None else judged.setting.words(judged.server)


def _reason(judged: Judged) -> str:
    if judged.outcome is Outcome.PASS and not judged.warns:
        return ""
    if judged.outcome is Outcome.FAIL:
        return f"hosted: {hosted_words(judged)}; server: {server_words(judged)} ({judged.said})"
    if judged.outcome is Outcome.KNOWN_DIFFERENCE:
        return f"accepted: {judged.accepted}"
    return judged.meaning


def _remedy(judged: Judged) -> str:
    setting = judged.setting
    remedy = judged.side.remedy if judged.side is not None else "Nothing: it was accepted."
    return f"{remedy} Option: {setting.option} (since {setting.since})."


def _weight(judged: Judged) -> Severity:
    """Return the severity of what was seen, else the worse one of what could be."""
    if judged.side is not None:
        return judged.side.severity
    if judged.outcome is Outcome.KNOWN_DIFFERENCE:
        return "benign"
    sides: tuple[Severity, ...] = (judged.setting.more.severity, judged.setting.less.severity)
    return next((each for each in sides if each != "benign"), "benign")


def _differences(judged: Judged) -> tuple[DifferenceFact, ...]:
    if judged.outcome not in (Outcome.FAIL, Outcome.KNOWN_DIFFERENCE):
        return ()
    known = judged.setting.code if judged.outcome is Outcome.KNOWN_DIFFERENCE else None
    expected: Value | str = "not known" if judged.hosted is None else judged.hosted
    return (
        DifferenceFact(
            path=f"$.{judged.setting.key}",
            kind=Kind.VALUE,
            expected=expected,
            actual=judged.server,
            known=known,
            source=judged.setting.hosted_source or judged.setting.guide,
        ),
    )
