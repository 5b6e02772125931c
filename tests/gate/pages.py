"""The pages of gates and the board: everything happened that can, and all is well."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from parity.gate import board, load_steps, read_result
from parity.gate.page import board_page, gate_page
from parity.gate.rules import Decision, Waiver
from parity.model import Outcome
from parity.model.evidence import NoticeEvent
from tests.gate.world import World, check, entry, waiver, world

LONG = "suites/objects/test_x.py::test_" + "a_name_that_does_not_end_" * 20 + "W" * 400
PAYLOAD = f"</style><script>document.title='owned'</script><img src=x onerror='owned=1'>{LONG}"


def troubled(folder: Path) -> World:
    """A migration in which everything happened that can, and hostile names."""
    w = world(folder, "11")
    suites = w.specs["suites"].events
    suites.append(check(PAYLOAD, area="objects", outcome=Outcome.FAIL))
    suites.append(check("k", area="objects", outcome=Outcome.KNOWN_DIFFERENCE, known="KD-0203"))
    suites.append(entry("KD-0203", "breaking"))
    w.specs["verify"].events.append(NoticeEvent("error", None, PAYLOAD))
    w.specs["audit"].age_days = 12
    w.specs["replay"].digests["options"] = "sha256:" + "f" * 400
    del w.specs["size"]
    w.allow(
        waivers=(Waiver("sizing", PAYLOAD, PAYLOAD, "2026-08-31"), waiver("preflight")),
        decisions=(Decision(4, "Bob", "2026-07-30", PAYLOAD, "not applicable"),),
        schedule={1: dt.date(2026, 7, 1), 12: dt.date(2026, 9, 1)},
    )
    w.override("8", "replay", max_age_days=14)
    return w


def _gate(w: World, folder: Path) -> Path:
    page = folder / "gate.html"
    page.write_text(gate_page(w.judge()), encoding="utf-8")
    return page


def _board(w: World, folder: Path) -> Path:
    result = w.judge()
    results = {"8": read_result(folder / "gate-8.json", "8")}
    steps = board(load_steps(w.file), w.now(), results)
    page = folder / "board.html"
    page.write_text(board_page(steps, result.judged_at), encoding="utf-8")
    return page


PAGES = {
    "fail": lambda folder: _gate(troubled(folder), folder),
    "pass": lambda folder: _gate(world(folder, "11"), folder),
    "board-troubled": lambda folder: _board(troubled(folder), folder),
    "board": lambda folder: _board(world(folder, "11"), folder),
}
