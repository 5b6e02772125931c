"""Judges a gate: every rule by its evidence, then waivers, then one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Final

from parity.gate.evaluate import evaluate
from parity.gate.known import evaluate_known
from parity.gate.lapse import Now
from parity.gate.previous import Previous, Unreadable
from parity.gate.result import FAILS, GateResult, Reason, RuleResult, State, worst
from parity.gate.rules import Gate, Rule, Waiver
from parity.gate.runs import Run
from parity.model.verdict import Word

LONGEST_WAIVER: Final = timedelta(days=180)
"""What a person takes responsibility for is looked at again."""
Results = Mapping[str, Previous | Unreadable | None]
"""The result files of earlier gates by number; ``None`` if there is none."""


def judge(gate: Gate, now: Now, results: Results) -> GateResult:
    """Judge a gate.

    Args:
        gate: What must hold.
        now: The evidence, the user's file, the time.
        results: Results of earlier gates.
    """
    rules = judge_rules(gate.rules, now, results, gate.carried)
    rules = tuple(replace(rule, changed=gate.changed.get(rule.rule.id, ())) for rule in rules)
    word, sentence = _verdict(rules)
    return GateResult(
        number=gate.number,
        title=gate.title,
        word=word,
        sentence=sentence,
        judged_at=now.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        suite_version=now.suite_version,
        rules=rules,
        notes=tuple(_notes(rules, now)),
        gate_file=now.file.source,
    )


def judge_rules(
    rules: Iterable[Rule], now: Now, results: Results, carried: frozenset[str] = frozenset()
) -> tuple[RuleResult, ...]:
    """Judge rules together: known differences are those of the evidence of the others.

    Args:
        rules: The rules, those of kind ``known`` last.
        now: The evidence, the user's file, the time.
        results: Results of earlier gates.
        carried: Ids of rules whose evidence may be older, if an earlier gate accepted it.
    """
    judged = []
    looked_at: list[tuple[Run, str]] = []
    for rule in rules:
        if rule.kind == "known":
            result = evaluate_known(rule, looked_at)
        elif rule.kind == "gate":
            result = _of_gate(rule, now, results)
        else:
            result, runs = evaluate(rule, now)
            looked_at += [(run, now.file.targets.name(rule.target)) for run in runs]
            if rule.id in carried:
                result = _carried(result, now, results)
        judged.append(_waived(result, now))
    return tuple(judged)


def _of_gate(rule: Rule, now: Now, results: Results) -> RuleResult:
    """Judge a rule that wants an earlier gate to have been open."""
    previous = results.get(rule.gate)
    if previous is None:
        reason = Reason(State.MISSING, f"gate {rule.gate} has no result here: {rule.command}")
        return RuleResult(rule, reason.state, (reason,))
    if isinstance(previous, Unreadable):
        reason = Reason(State.DOUBTFUL, previous.what, "result-bad")
        return RuleResult(rule, reason.state, (reason,))
    reasons = []
    if previous.word is not Word.PASS:
        reasons.append(
            Reason(
                State.FAILED if previous.word is Word.FAIL else State.DOUBTFUL,
                f"gate {rule.gate} said {previous.word} on {previous.judged_at:%Y-%m-%d}",
            )
        )
    age = (now.at - previous.judged_at) / timedelta(days=1)
    if age > rule.max_age_days:
        text = f"gate {rule.gate} is {age:.1f} days old, and {rule.max_age_days:g} are allowed"
        reasons.append(Reason(State.LAPSED, text, "age"))
    if age < -1 / 288:
        reasons.append(Reason(State.LAPSED, f"gate {rule.gate} is from the future", "future"))
    fact = f"gate {rule.gate}: {previous.word} on {previous.judged_at:%Y-%m-%d %H:%M} UTC"
    return RuleResult(rule, worst(tuple(reasons)), tuple(reasons), (fact,))


def _carried(result: RuleResult, now: Now, results: Results) -> RuleResult:
    """Let evidence be older that gate 8 has accepted, if nothing else speaks against it."""
    previous = results.get("8")
    if not isinstance(previous, Previous) or previous.judged_at > now.at + timedelta(minutes=5):
        return result
    accepted = previous.holding.get(result.rule.id, frozenset())
    mine = {(proof.run, proof.sha256) for proof in result.proofs}
    result = _gone(result, accepted, now)
    only_old = result.reasons and all(reason.cause == "age" for reason in result.reasons)
    young = all(proof.age_days <= now.file.carry_max_age_days for proof in result.proofs)
    if not mine or not mine <= accepted:
        return result
    said = f"accepted by gate 8 on {previous.judged_at:%Y-%m-%d}"
    if only_old and young:
        return replace(result, state=State.HOLDS, reasons=(), carried=said)
    return replace(result, carried=said if result.state is State.HOLDS else "")


def _gone(result: RuleResult, accepted: frozenset[tuple[str, str]], now: Now) -> RuleResult:
    """Name evidence that gate 8 accepted and that is gone or was changed since."""
    here = {each.run_id: each.sha256 for each in now.runs.good}
    facts = tuple(
        f"gate 8 accepted {run}, which is not here any more"
        for run, _ in sorted(accepted)
        if run not in here
    )
    changed = tuple(
        Reason(State.DOUBTFUL, f"the evidence of {run} is not what gate 8 accepted", "changed", run)
        for run, sha256 in sorted(accepted)
        if here.get(run, sha256) != sha256
    )
    reasons = (*result.reasons, *changed)
    return replace(result, state=worst(reasons), reasons=reasons, facts=(*result.facts, *facts))


def _waived(result: RuleResult, now: Now) -> RuleResult:
    waivers = [each for each in now.file.waivers if each.rule == result.rule.id]
    if not waivers:
        return result
    waiver = max(waivers, key=lambda each: each.until)
    if waiver.until < now.at.date():
        reason = Reason(State.FAILED, f"{_said(waiver)} has expired: mend it, or waive it anew")
        return replace(result, state=State.FAILED, reasons=(reason, *result.reasons), waiver=waiver)
    if waiver.until > now.at.date() + LONGEST_WAIVER:
        text = f"{_said(waiver)} lasts longer than {LONGEST_WAIVER.days} days: name an earlier day"
        reason = Reason(State.FAILED, text)
        return replace(result, state=State.FAILED, reasons=(reason, *result.reasons), waiver=waiver)
    state = result.state if result.state is State.HOLDS else State.WAIVED
    return replace(result, state=state, waiver=waiver)


def _said(waiver: Waiver) -> str:
    return f"the waiver of {waiver.name}, until {waiver.expires},"


def _verdict(rules: tuple[RuleResult, ...]) -> tuple[Word, str]:
    failing = [rule.rule.id for rule in rules if rule.state in FAILS]
    doubtful = [rule.rule.id for rule in rules if rule.state is State.DOUBTFUL]
    waived = [rule.rule.id for rule in rules if rule.state is State.WAIVED]
    holding = [rule for rule in rules if rule.state is State.HOLDS]
    besides = f" Waived: {', '.join(waived)}." if waived else ""
    if failing:
        said = f"{len(failing)} of {len(rules)} rules do not hold: {', '.join(failing)}."
        if doubtful:
            said += f" Could not be judged: {', '.join(doubtful)}."
        return Word.FAIL, said + besides
    if doubtful:
        return Word.COULD_NOT_JUDGE, f"Could not be judged: {', '.join(doubtful)}.{besides}"
    if not any(each.proofs for each in holding):
        return Word.COULD_NOT_JUDGE, f"Nothing was tested: no rule holds by evidence.{besides}"
    holds = "The one rule holds." if len(holding) == 1 else f"{len(holding)} rules hold."
    return Word.PASS, holds + besides


def _notes(rules: tuple[RuleResult, ...], now: Now) -> Iterable[str]:
    for rule in rules:
        if rule.waiver is not None and rule.state is State.HOLDS:
            yield f"{rule.rule.id} holds: {_said(rule.waiver)} is not needed any more"
    named = {reason.run for rule in rules for reason in rule.reasons}
    for bad in now.runs.bad:
        if bad.folder.name not in named:
            yield f"{bad.code}: {bad.what}; every rule has newer evidence, or it is of another job"
