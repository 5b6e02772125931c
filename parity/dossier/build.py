"""Makes the dossier of what the gates, the steps and the evidence say. It asks no server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Final

from parity.dossier.differences import known, unknown
from parity.dossier.model import (
    Dossier,
    Gap,
    Kept,
    MeasuredOn,
    OpenDifference,
    WaiverLine,
)
from parity.dossier.seal import digest, evidence_files
from parity.dossier.sections import sections
from parity.dossier.traffic import coverage
from parity.dossier.uses import Use, of_gates, of_steps
from parity.gate import GateFile, GateResult, Now, StepResult, board, judge, load_gate, load_steps
from parity.gate.judge import Results
from parity.gate.previous import Previous
from parity.gate.result import RuleResult, State
from parity.model.evidence import TargetFacts
from parity.model.verdict import Word

MAY: Final = {"8": "point at the new server", "11": "ship"}
"""What the app may do if a gate passes."""
_ORDER: Final = (Word.FAIL, Word.COULD_NOT_JUDGE, Word.PASS)


def build(asked: Iterable[str], now: Now, results: Results, reports: Path) -> Dossier:
    """Judge the gates and the steps, and gather what they rest on.

    Args:
        asked: Numbers of the gates, ``8`` before ``11``.
        now: The evidence, the user's file, the time.
        results: Result files of the gates.
        reports: Folder with the runs.
    """
    file = now.file
    gates = tuple(judge(load_gate(each, file), now, results) for each in asked)
    steps = board(load_steps(file), now, results)
    by_gates, by_steps = of_gates(gates, now), of_steps(steps, now)
    uses = (*by_gates, *by_steps)
    fails = unknown(by_gates)
    return Dossier(
        made_at=now.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        suite_version=now.suite_version,
        word=min((gate.word for gate in gates), key=_ORDER.index),
        answer=answer(gates, embedded=_embedded(by_gates)),
        gates=gates,
        kept=tuple(_kept(gate.number, results) for gate in gates),
        steps=steps,
        signs=tuple(_signs(gates, steps)),
        decisions=file.decisions,
        traffic=tuple(coverage(by_gates, now)),
        unknown=fails,
        known=known(by_gates, gates),
        sections=sections(uses, gates, steps, now),
        gaps=tuple(_gaps(gates)),
        warnings=tuple(dict.fromkeys(_warnings(gates, by_gates, fails, now, results))),
        changed=tuple(_changed(gates)),
        waivers=tuple(_waivers(file, gates)),
        measured_on=tuple(_measured_on(uses)),
        targets=tuple(_targets(uses)),
        files=tuple(evidence_files(uses, gates, now, reports)),
        gate_file=file.source,
        gate_file_sha256=digest(Path(file.source)) if file.source else "",
    )


def answer(gates: Iterable[GateResult], *, embedded: bool = False) -> str:
    """Return what the gates answer; what they refuse or do not know comes first.

    Args:
        gates: The gates, judged.
        embedded: Whether they were judged by servers that were thrown away afterwards.
    """
    gates = tuple(gates)
    said = []
    for word in _ORDER:
        of_word = [gate for gate in gates if gate.word is word]
        if of_word:
            alone = word is Word.PASS and len(of_word) < len(gates)
            said.append(_said(word, of_word, alone=alone))
    if embedded:
        said.append("The servers that were tested were thrown away afterwards.")
    return " ".join(said)


def _said(word: Word, gates: list[GateResult], *, alone: bool) -> str:
    what = [MAY[gate.number] for gate in gates]
    named = f"gate{'s' if len(gates) > 1 else ''} {' and '.join(gate.number for gate in gates)}"
    plural = len(gates) > 1
    if word is Word.FAIL:
        return f"The app may not {' and may not '.join(what)}: {named} fail{'' if plural else 's'}."
    if word is Word.COULD_NOT_JUDGE:
        may = " and ".join(f"may {each}" for each in what)
        return f"Whether the app {may} is not known: {named} could not judge."
    waived = {r.rule.id for gate in gates for r in gate.rules if r.state is State.WAIVED}
    besides = f", with {len(waived)} rule{'s' if len(waived) > 1 else ''} waived" if waived else ""
    passes = f"{named} pass{'' if plural else 'es'}{besides}"
    if alone and gates[0].number != "8":
        # Gate 11 may not open what gate 8 keeps shut.
        return f"By itself, {passes}."
    return f"The app may {' and may '.join(what)}: {passes}."


def _embedded(uses: Iterable[Use]) -> bool:
    return any(
        facts.embedded
        for use in uses
        if use.proves
        for facts in use.run.targets.values()
        if use.target in ("*", facts.name)
    )


def _kept(number: str, results: Results) -> Kept:
    found = results.get(number)
    if found is None:
        return Kept(number, None, "", f"it has no result here: parity gate {number}")
    if isinstance(found, Previous):
        at = found.judged_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        return Kept(number, found.word, at)
    return Kept(number, None, "", found.what)


def _signs(gates: Iterable[GateResult], steps: Iterable[StepResult]) -> Iterator[tuple[str, str]]:
    """Yield who has to sign for what: one for each gate, one for each role that a step names."""
    for gate in gates:
        yield "decides on the checkpoint", gate.title
    roles: dict[str, list[str]] = {}
    for step in steps:
        if step.step.needs_person:
            roles.setdefault(step.step.decides, []).append(str(step.step.number))
    for role, numbers in roles.items():
        yield role, f"step{'s' if len(numbers) > 1 else ''} {' and '.join(numbers)}"


def _gaps(gates: tuple[GateResult, ...]) -> Iterator[Gap]:
    """Yield what does not hold, each once, however many gates demand it."""
    found: dict[tuple[str, tuple[str, ...]], list[tuple[str, RuleResult]]] = {}
    for gate in gates:
        for each in gate.rules:
            if each.state is not State.HOLDS:
                key = each.rule.id, tuple(reason.text for reason in each.reasons)
                found.setdefault(key, []).append((gate.number, each))
    order = list(State)
    for (rule, reasons), of in sorted(
        found.items(), key=lambda item: order.index(item[1][0][1].state)
    ):
        first = of[0][1]
        waiver = first.waiver if first.state is State.WAIVED else None
        yield Gap(
            gates=tuple(number for number, _ in of),
            rule=rule,
            title=first.rule.title,
            state=first.state,
            reasons=reasons,
            command=first.rule.command,
            waived="" if waiver is None else f"{waiver.name} until {waiver.expires}",
        )


def _warnings(
    gates: tuple[GateResult, ...],
    uses: tuple[Use, ...],
    fails: tuple[OpenDifference, ...],
    now: Now,
    results: Results,
) -> Iterator[str]:
    if _embedded(uses):
        yield (
            "some evidence is of servers of the embedded stack, which were thrown away"
            + (": the gate file lets it count" if now.file.allow_embedded else "")
        )
    for gate in gates:
        kept = results.get(gate.number)
        if isinstance(kept, Previous) and kept.word is not gate.word:
            yield (
                f"gate {gate.number} said {kept.word} on {kept.judged_at:%Y-%m-%d}, and judged "
                f"again now it says {gate.word}"
            )
        yield from gate.notes
    asked = [each.number for each in gates]
    for number, what in MAY.items():
        if number not in asked:
            yield f"gate {number} was not asked: whether the app may {what} is not answered here"
    uncounted = sum(not fail.counted for fail in fails)
    if uncounted:
        checks = "check fails" if uncounted == 1 else "checks fail"
        yield f"{uncounted} {checks} at which no rule of the gates looks: see open differences"
    for gate in gates:
        for said in dict.fromkeys(rule.carried for rule in gate.rules if rule.carried):
            ids = [rule.rule.id for rule in gate.rules if rule.carried == said]
            yield f"{said}, for gate {gate.number} as well: {', '.join(ids)}"


def _changed(gates: tuple[GateResult, ...]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield what the gate file changed, each once, however many gates have the rule."""
    found: dict[tuple[str, str], list[str]] = {}
    for gate in gates:
        for each in gate.rules:
            for change in each.changed:
                found.setdefault((each.rule.id, change), []).append(gate.number)
    for (rule, change), numbers in found.items():
        yield tuple(numbers), rule, change


def _waivers(file: GateFile, gates: tuple[GateResult, ...]) -> Iterator[WaiverLine]:
    for waiver in file.waivers:
        of = [(g.number, rule) for g in gates for rule in g.rules if rule.rule.id == waiver.rule]
        used = tuple(n for n, each in of if each.state is State.WAIVED and each.waiver == waiver)
        if used:
            yield WaiverLine(waiver, "in use", used)
        elif not of:
            yield WaiverLine(waiver, "of no rule that was asked", ())
        elif any(each.waiver == waiver and each.state is not State.HOLDS for _, each in of):
            yield WaiverLine(waiver, "expired", ())
        else:
            yield WaiverLine(waiver, "not needed", ())


def _measured_on(uses: Iterable[Use]) -> Iterator[MeasuredOn]:
    """Yield versions and digests; the same value of several runs once."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for use in uses:
        if not use.proves:
            continue
        run = use.run
        said = [("parse-parity", run.evidence.header.suite_version)]
        said += [
            (f"server of {target.name}", target.server_version)
            for target in run.targets.values()
            if use.target in ("*", target.name) and target.server_version is not None
        ]
        said += [(f"digest of {name}", of) for name, of in run.evidence.header.digests.items()]
        for key in said:
            found.setdefault(key, {})[run.run_id] = None
    for (what, value), runs in sorted(found.items()):
        yield MeasuredOn(what, value, tuple(runs))


def _targets(uses: Iterable[Use]) -> Iterator[TargetFacts]:
    """Yield what was measured, as the newest run says it; nothing of source code."""
    newest = sorted(uses, key=lambda each: each.run.started_at, reverse=True)
    seen = set()
    for use in newest:
        for target in use.run.targets.values():
            wanted = use.target in ("*", target.name) and use.rule.measures != "code"
            if wanted and use.proves and target.name not in seen:
                seen.add(target.name)
                yield target
