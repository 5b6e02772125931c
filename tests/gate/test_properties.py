"""Whatever is taken away, a gate never passes that did not pass before."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from parity.gate import Word
from parity.gate.text import markdown
from parity.html import visible
from parity.model import Outcome
from parity.model.evidence import CheckEvent, TableEvent
from tests.examples import examples
from tests.gate.world import FOR_8, World, world

OUTCOMES = st.sampled_from(list(Outcome))


@st.composite
def broken(draw: st.DrawFn) -> tuple[str, str, Outcome, str, str]:
    """Return which check is broken and how, and which event or run is taken away."""
    hurt = draw(st.sampled_from(sorted(FOR_8)))
    checks = [event.id for event in FOR_8[hurt]().events if isinstance(event, CheckEvent)]
    taken = draw(st.sampled_from(sorted(FOR_8)))
    kinds = (CheckEvent, TableEvent)
    events = ["", *(e.id for e in FOR_8[taken]().events if isinstance(e, kinds))]
    return (
        hurt,
        draw(st.sampled_from(checks)),
        draw(OUTCOMES),
        taken,
        draw(st.sampled_from(events)),
    )


def _hurt(w: World, case: tuple[str, str, Outcome, str, str]) -> None:
    spec, check, outcome, _, _ = case
    w.specs[spec].change(check, outcome=outcome)


@settings(max_examples=examples(60), deadline=None)
@given(broken())
def test_taking_evidence_away_never_turns_a_gate_to_pass(
    case: tuple[str, str, Outcome, str, str],
) -> None:
    *_, taken, event = case
    with tempfile.TemporaryDirectory() as folder:
        whole = world(Path(folder, "whole"))
        _hurt(whole, case)
        before = whole.judge()
        less = world(Path(folder, "less"))
        _hurt(less, case)
        if event:
            less.specs[taken].drop(event)
        else:
            del less.specs[taken]
        after = less.judge()
    # All of this evidence is required: without a piece of it there is no pass at all.
    assert after.word is not Word.PASS
    assert (
        before.word is not Word.PASS
        or case[2] in (Outcome.PASS, Outcome.KNOWN_DIFFERENCE)
        or (case[0] == "preflight")
    )


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(sorted(FOR_8)), st.data())
def test_a_line_or_a_byte_that_is_lost_never_makes_a_pass(spec: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        w = world(Path(folder)).write()
        path = Path(folder, f"run-{spec}", "evidence.jsonl")
        lines = path.read_bytes().splitlines(keepends=True)
        if data.draw(st.booleans()):
            del lines[data.draw(st.integers(0, len(lines) - 1))]
        else:
            whole = b"".join(lines)
            lines = [whole[: data.draw(st.integers(0, len(whole) - 2))]]
        path.write_bytes(b"".join(lines))
        assert w.judge().word is not Word.PASS


@given(st.text())
def test_any_text_is_harmless(text: str) -> None:
    assert visible(text).isprintable() or all(
        each.isprintable() or each not in "\n\r\t\x1b\u202e" for each in visible(text)
    )
    assert "<" not in markdown(text)
    assert "\n" not in markdown(text)
