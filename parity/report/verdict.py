"""What a run's evidence says: pass, fail, or that it could not judge."""

from __future__ import annotations

from collections.abc import Iterable

from parity.model import Outcome
from parity.model.evidence import CheckEvent, Evidence
from parity.model.verdict import Verdict, Word
from parity.report.causes import causes
from parity.report.tally import Tally, plural

_PYTEST_OK = frozenset({None, 0})


def verdict(evidence: Evidence) -> Verdict:
    """Judge a run.

    A failed check fails the run. Without one, anything that kept a target from being judged
    (an error, an interruption, no check that judged it, a pytest that ended badly) makes it
    "could not judge". Only what remains passes.

    Args:
        evidence: A complete run.

    Returns:
        The verdict on the run and on each of its targets.
    """
    by_target = {
        target.name: [check for check in evidence.checks if check.target == target.name]
        for target in evidence.header.targets
    }
    targets = {name: _judge_target(evidence, name, checks) for name, checks in by_target.items()}
    tally = Tally.of(evidence.checks)
    doubts = _doubts_of_run(evidence)
    for name, checks in by_target.items():
        doubts += _doubts_of_target(evidence, name, checks, f" on {name}")
    word = _word(tally, doubts)
    if word is Word.PASS:
        on = "" if len(targets) == 1 else f" on {plural(len(targets), 'target')}"
        said = [_passes(tally, on, evidence.header.unit)]
    elif word is Word.FAIL:
        said = [_fails(evidence.checks, by_target, evidence.header.unit), *doubts]
    else:
        said = doubts
    answers = [_full_stop(note.message) for note in evidence.notices if note.level == "answer"]
    answers += _known_causes(evidence)
    sentence = " ".join([*answers, *said, *_known(evidence, None)])
    return Verdict(word, sentence, targets)


def _judge_target(evidence: Evidence, name: str, checks: list[CheckEvent]) -> Verdict:
    tally = Tally.of(checks)
    doubts = _doubts_of_target(evidence, name, checks, "")
    if evidence.footer.interrupted:
        doubts.insert(0, "The run was interrupted.")
    word = _word(tally, doubts)
    if word is Word.PASS:
        said = [_passes(tally, "", evidence.header.unit)]
    elif word is Word.FAIL:
        said = [_fails(checks, {}, evidence.header.unit), *doubts]
    else:
        said = doubts
    return Verdict(word, " ".join([*said, *_known(evidence, name)]), {})


def _word(tally: Tally, doubts: list[str]) -> Word:
    if tally[Outcome.FAIL]:
        return Word.FAIL
    return Word.COULD_NOT_JUDGE if doubts else Word.PASS


def _doubts_of_run(evidence: Evidence) -> list[str]:
    doubts = []
    footer = evidence.footer
    if footer.interrupted:
        doubts.append("The run was interrupted: what came after was not checked.")
    if not evidence.header.targets:
        doubts.append("The run had no target, so it tested nothing.")
    notices = [n for n in evidence.notices if n.level == "error" and n.target is None]
    doubts += [_full_stop(notice.message) for notice in notices]
    tally = Tally.of(evidence.checks)
    explained = footer.interrupted or tally[Outcome.FAIL] or tally[Outcome.ERROR]
    if footer.exit_status not in _PYTEST_OK and not explained:
        doubts.append(
            f"pytest ended with exit status {footer.exit_status}, "
            "although no check of this evidence failed."
        )
    return doubts


def _doubts_of_target(
    evidence: Evidence, name: str, checks: list[CheckEvent], where: str
) -> list[str]:
    doubts = []
    tally = Tally.of(checks)
    errors = tally[Outcome.ERROR]
    unit = evidence.header.unit
    if errors:
        doubts.append(f"{plural(errors, unit)}{where} ended in an error and judged nothing.")
    if not tally.total:
        doubts.append(f"No {unit} was judged{where}: a run that tested nothing does not pass.")
    elif not tally.judged and not errors:
        doubts.append(f"No {unit}{where} was judged: all of them are unsupported.")
    notices = [n for n in evidence.notices if n.level == "error" and n.target == name]
    return doubts + [_full_stop(notice.message) for notice in notices]


def _passes(tally: Tally, where: str, unit: str) -> str:
    passed, known = tally[Outcome.PASS], tally[Outcome.KNOWN_DIFFERENCE]
    unsupported = tally[Outcome.UNSUPPORTED]
    text = f"{plural(passed, unit)}{where} {'passes' if passed == 1 else 'pass'}"
    if known:
        text += f"; {known:,} {'meets' if known == 1 else 'meet'} only known differences"
    if unsupported:
        text += f"; {unsupported:,} could not be tested"
    return f"{text}."


def _fails(checks: Iterable[CheckEvent], by_target: dict[str, list[CheckEvent]], unit: str) -> str:
    tally = Tally.of(checks)
    failed = tally[Outcome.FAIL]
    verb = "fails" if failed == 1 else "fail"
    text = f"{failed:,} of {plural(tally.judged, unit)} {verb}"
    failed_on = {name: Tally.of(each)[Outcome.FAIL] for name, each in by_target.items()}
    where = [f"{number:,} on {name}" for name, number in failed_on.items() if number]
    if len(where) > 1:
        text += f": {', '.join(where)}"
    elif len(by_target) > 1:
        text += f", {'all ' if failed > 1 else ''}{where[0].removeprefix(f'{failed:,} ')}"
    return f"{text}."


def _known_causes(evidence: Evidence) -> list[str]:
    """Name the faults that keep checks from judging, with what to do; each is said once."""
    known = (group.cause for group in causes(evidence) if group.cause.code)
    return [_full_stop(str(cause)) for cause in dict.fromkeys(known)]


def _known(evidence: Evidence, target: str | None) -> list[str]:
    """Count the registered differences that would break an app and were observed."""
    observed = {
        difference.known
        for check in evidence.checks
        if target in {None, check.target}
        for difference in check.differences
    }
    breaking = sum(
        1
        for each in evidence.known_differences
        if each.severity == "breaking"
        and (each.id in observed or (target is None and each.observed))
    )
    if not breaking:
        return []
    verb = "was" if breaking == 1 else "were"
    return [f"{plural(breaking, 'breaking known difference')} {verb} observed."]


def _full_stop(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
