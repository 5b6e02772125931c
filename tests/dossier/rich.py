"""A migration in evidence in which everything happened that a dossier shows."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

from parity.dossier import Dossier, build
from parity.gate import Now, read_result
from parity.gate.rules import Decision, Waiver
from parity.model import Outcome
from parity.model.chart import Chart
from parity.model.evidence import Event, KnownDifferenceEvent, NoticeEvent, TableEvent
from tests.gate.world import Spec, World, check, collections, entry, waiver, world

HOSTILE = (
    "</style><script>document.title='owned'</script><img src=x onerror='owned=1'>"
    "|`[x](http://e)@team#1\u202e\x1b[2J"
)


def dossier(w: World, *asked: str, now: Now | None = None) -> Dossier:
    """Make the dossier of a world; without numbers, of both gates."""
    reports = w.write().reports
    results = {each: read_result(reports / f"gate-{each}.json", each) for each in ("8", "11")}
    return build(asked or ("8", "11"), now or w.now(), results, reports)


def set_replay(w: World, hostile: str = "") -> None:
    """Replay 128 requests of 7 clients: 12 differ, 40 by a registered difference, 8 not judged."""
    differs = check("replay/GET /classes/Post", area="objects", outcome=Outcome.FAIL, code="RPL-D")
    known = check("replay/POST /classes/Post", area="objects", known="KD-0101")
    push = check("replay/POST /push", area="push", outcome=Outcome.UNSUPPORTED)
    w.specs["replay"].events = [
        replace(differs, reason="12 of 60 requests: different; 3 of 7 clients are hit"),
        replace(known, outcome=Outcome.KNOWN_DIFFERENCE),
        check("replay/POST /login", area="users"),
        replace(push, reason="not sent"),
        KnownDifferenceEvent(
            "KD-0101", "Responses lack a header", "benign", "c", "e", "r", "p", ("selfhosted",), 40
        ),
        TableEvent(
            "verdict",
            "Shares",
            ("of", "the same", "judged", "share"),
            (("requests", 108, 120, "-"), ("signatures", 2, 3, "-"), ("clients", 4, 7, "-")),
        ),
        TableEvent(
            "exchanges",
            "Requests",
            ("outcome", "requests", "what it means"),
            (
                ("equal", 68, "as recorded"),
                ("known difference", 40, "explained"),
                ("different", 12, "nothing explains it"),
                ("needs prior state", 6, "from before the recording"),
                ("not sent", 2, "for safety"),
            ),
            "The recording holds 128 requests of 7 clients.",
        ),
        TableEvent(
            "reasons",
            "Not judged",
            ("why", "requests"),
            ((f"made before the recording{hostile}", 6), ("a push would leave the server", 2)),
        ),
    ]


def rich(folder: Path, hostile: str = "") -> World:
    """Return a world where something of each kind went wrong.

    Args:
        folder: For its reports.
        hostile: Is put into every name that a server, a database or a person could choose.
    """
    w = world(folder, "11")
    set_replay(w, hostile)
    suites: list[Event] = w.specs["suites"].events
    suites += [
        check(f"suites/objects/test_a.py::test_x{hostile}", area="objects", outcome=Outcome.FAIL),
        check("suites/queries/test_b.py::test_may", level="may", outcome=Outcome.FAIL),
        check("k", area="objects", outcome=Outcome.KNOWN_DIFFERENCE, known=f"KD-0203{hostile}"),
        entry(f"KD-0203{hostile}", "breaking"),
    ]
    lost = check("verify/Post", outcome=Outcome.FAIL, code=f"VER-MISSING{hostile}")
    w.specs["verify"].change("verify/Post", outcome=Outcome.FAIL, findings=lost.findings)
    w.specs["verify"].put_table(
        TableEvent(
            "collections",
            "Collections",
            ("collection", "state", "documents (source)", "missing", "MB"),
            tuple((name, "verified", 1000, 2, 1.5) for name in ("_User", "_SCHEMA", "Post")),
        )
    )
    w.specs["verify"].events.append(NoticeEvent("warning", None, f"a warning{hostile}"))
    w.specs["audit"].age_days = 12
    w.specs["audit"].put_table(collections(*((f"C{n}{hostile}", "-") for n in range(60))))
    w.specs["size"].events += [
        check("size/growth", outcome=Outcome.FAIL, code="SIZE-STORAGE"),
        TableEvent(
            "knee",
            f"The knee{hostile}",
            ("rate", "p95 (ms)", "page"),
            ((100, 12.1, "a.html"), (200, 14.9, None), (400, 88.5, None)),
            hostile,
            Chart("line", "rate", ("p95 (ms)",)),
            ("page",),
        ),
    ]
    bad = check(f"settings/upload{hostile}", outcome=Outcome.FAIL, code="SET-UPLOAD")
    w.specs["settings"] = Spec("settings", [check("settings/sessions"), bad])
    w.specs["deployment"].digests["options"] = "sha256:" + "ab" * 32
    w.allow(
        waivers=(
            Waiver("sizing", f"Ada{hostile}", f"a disk is ordered{hostile}", "2026-08-31"),
            waiver("preflight"),
            waiver("gate-8", "2026-07-01"),
        ),
        decisions=(Decision(4, "Bob", "2026-07-30", f"no pages{hostile}", "not applicable"),),
        schedule={1: dt.date(2026, 7, 1), 12: dt.date(2026, 9, 1)},
    )
    w.override("8", "replay", max_age_days=14)
    w.write()
    broken = folder / "run-broken"
    broken.mkdir()
    # Of a job that no rule asks for, so that the rules are judged by what can be read.
    header = {"event": "header", "job": "seed", "run_id": f"x{hostile}"}
    (broken / "evidence.jsonl").write_text(json.dumps(header) + "\n")
    return w
