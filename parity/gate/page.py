"""Gates and the board as HTML: one file each, which needs no network and no JavaScript."""

from __future__ import annotations

from typing import Any, Final

from parity import html
from parity.gate.board import StepResult, StepState
from parity.gate.output import STATES, WORDS
from parity.gate.result import GateResult, State
from parity.gate.text import sentence
from parity.model.verdict import Word

WORD_ICONS: Final = {
    Word.PASS: "pass",
    Word.FAIL: "fail",
    Word.COULD_NOT_JUDGE: "error",
}
STATE_ICONS: Final = {
    State.HOLDS: "pass",
    State.WAIVED: "known-difference",
    State.DOUBTFUL: "error",
    State.MISSING: "unsupported",
    State.LAPSED: "known-difference",
    State.FAILED: "fail",
}
STEP_ICONS: Final = {
    StepState.DONE: "pass",
    StepState.OPEN: "unsupported",
    StepState.STALE: "known-difference",
    StepState.FAILED: "fail",
}


def gate_page(result: GateResult) -> str:
    """Return a gate as HTML. Everything in it is escaped: evidence is hostile text."""
    return _render("gate.html", gate=result)


def board_page(steps: tuple[StepResult, ...], judged_at: str) -> str:
    """Return the board as HTML.

    Args:
        steps: The steps in order.
        judged_at: When, in UTC.
    """
    counts = {state: sum(step.state is state for step in steps) for state in StepState}
    return _render("board.html", steps=steps, judged_at=judged_at, counts=counts)


def _render(name: str, **values: Any) -> str:
    return html.render(
        "parity.gate",
        name,
        style=("gate.css",),
        filters={
            "sentence": sentence,
            "word": WORDS.__getitem__,
            "word_icon": WORD_ICONS.__getitem__,
            "state": STATES.__getitem__,
            "state_icon": STATE_ICONS.__getitem__,
            "step_icon": STEP_ICONS.__getitem__,
        },
        **values,
    )
