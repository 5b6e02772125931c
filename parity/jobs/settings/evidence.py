"""Settings as checks, known differences and a table of a run."""

from __future__ import annotations

from collections.abc import Iterable

from parity.jobs.settings.catalogue import Value
from parity.jobs.settings.judge import ComparedSetting
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


def check_of(compared: ComparedSetting, target: str) -> CheckEvent:
    """Return the check of one setting.

    Args:
        compared: What became of it.
        target: Name of the target.
    """
    setting, side = compared.setting, compared.side
    finding = None
    if side is not None and compared.outcome is not Outcome.KNOWN_DIFFERENCE:
        cause = f"{compared.said}. {side.effect}"
        finding = Finding(setting.code, side.severity, cause, _remedy(compared))
    return CheckEvent(
        id=f"settings/{setting.name}",
        nodeid=f"settings/{setting.name}[{target}]",
        target=target,
        area=setting.area,
        level="should" if _weight(compared) == "benign" else "must",
        effect="writes" if PROBES[setting.name].writes else "reads",
        spec=(),
        title=setting.title,
        outcome=compared.outcome,
        reason=_reason(compared),
        differences=_differences(compared),
        findings=(finding,) if finding else (),
    )


def known_of(compared: ComparedSetting, target: str) -> KnownDifferenceEvent | None:
    """Return the entry for a difference that a person accepted; ``None`` for all others."""
    if compared.outcome is not Outcome.KNOWN_DIFFERENCE:
        return None
    setting = compared.setting
    return KnownDifferenceEvent(
        id=setting.code,
        title=setting.title,
        severity=_weight(compared),
        cause=f"Accepted: {compared.accepted}",
        effect=compared.meaning,
        remedy=_remedy(compared),
        provenance=setting.source,
        targets=(target,),
        observed=1,
    )


def table_of(compared: Iterable[ComparedSetting]) -> TableEvent:
    """Return the table that people read: setting, hosted, server, meaning."""
    rows = tuple(
        (
            one.setting.name,
            one.hosted_words,
            one.server_words,
            one.meaning + (f" Accepted: {one.accepted}" if one.accepted else ""),
        )
        for one in compared
    )
    return TableEvent(
        id="settings",
        title="App settings",
        columns=("setting", "hosted", "server", "meaning"),
        rows=rows,
        note="hosted: what the settings file says, else (documented) what the hosted service did "
        "for everybody; server: found out by its behaviour.",
    )


def _reason(compared: ComparedSetting) -> str:
    if compared.outcome is Outcome.PASS and not compared.warns:
        return ""
    if compared.outcome is Outcome.FAIL:
        return f"hosted: {compared.hosted_words}; server: {compared.server_words} ({compared.said})"
    if compared.outcome is Outcome.KNOWN_DIFFERENCE:
        return f"accepted: {compared.accepted}"
    return compared.meaning


def _remedy(compared: ComparedSetting) -> str:
    setting = compared.setting
    remedy = compared.side.remedy if compared.side is not None else "Nothing: it was accepted."
    return f"{remedy} Option: {setting.option} (since {setting.since})."


def _weight(compared: ComparedSetting) -> Severity:
    """Return the severity of what was seen, else the worse one of what could be."""
    if compared.side is not None:
        return compared.side.severity
    if compared.outcome is Outcome.KNOWN_DIFFERENCE:
        return "benign"
    sides: tuple[Severity, ...] = (compared.setting.more.severity, compared.setting.less.severity)
    return next((severity for severity in sides if severity != "benign"), "benign")


def _differences(compared: ComparedSetting) -> tuple[DifferenceFact, ...]:
    if compared.outcome not in (Outcome.FAIL, Outcome.KNOWN_DIFFERENCE):
        return ()
    known = compared.setting.code if compared.outcome is Outcome.KNOWN_DIFFERENCE else None
    expected: Value | str = "not known" if compared.hosted is None else compared.hosted
    return (
        DifferenceFact(
            path=f"$.{compared.setting.key}",
            kind=Kind.VALUE,
            expected=expected,
            actual=compared.server,
            known=known,
            source=compared.setting.hosted_source or compared.setting.guide,
        ),
    )
