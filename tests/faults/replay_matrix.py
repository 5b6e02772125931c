"""Every fault against the replay of a recording (``python -m tests.faults.replay_matrix``).

Writes, for each wrong server, how many exchanges its fault changed, how many the replay found
different and where the first differs. A fault that changed exchanges and was not reported is
ABSORBED, and the table says by what: a reason not to judge, a known difference, or nothing at all.
Where nothing was changed and something differs, the replay calls a right server wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from parity.jobs.replay.judgement import Class
from tests.faults.faults import MUTANTS, NAMED
from tests.faults.model import Fault
from tests.faults.replay_trial import ReplayBench, Replayed, replay_bench

NOT_EXERCISED, REPORTED, ABSORBED = "not exercised", "reported", "ABSORBED"
BY_ITSELF = "DIFFERS BY ITSELF"
INVISIBLE = {
    "no-cors": "Only browsers read these headers, and no request of the recording is from one; "
    "with an Origin it is reported.",
    "anybody-may-change-users": "Nobody in the recording tries to change somebody else.",
    "names-lose-their-extension": "Parse Server puts back the extension of the content type.",
}
"""Faults that change requests and nothing that a client of the recording can see, and why."""


def row(fault: Fault, replayed: Replayed) -> dict[str, Any]:
    """Return what became of one wrong server, for table and JSON.

    Args:
        fault: What it gets wrong.
        replayed: What the replay made of it.
    """
    first = replayed.first()
    unseen = replayed.unseen()
    return {
        "fault": fault.name,
        "area": fault.area,
        "seen": fault.seen,
        "verdict": _verdict(fault, replayed),
        "altered": len(replayed.altered),
        "different": len(replayed.different),
        "altered and different": len(replayed.altered.keys() & replayed.different.keys()),
        "exchange": first[0] if first else "",
        "signature": first[1].signature if first else "",
        "places": list(first[1].places) if first else [],
        "unseen": [
            f"{each.signature}: {how} ({count}, such as exchange {example})"
            for (each, how), (count, example) in _grouped(unseen.items(), replayed)
        ],
        "stopped": replayed.stopped,
    }


def _verdict(fault: Fault, replayed: Replayed) -> str:
    if replayed.is_reported:
        return REPORTED if replayed.altered else BY_ITSELF
    if not replayed.altered:
        return NOT_EXERCISED
    return INVISIBLE.get(fault.name, ABSORBED)


def _grouped(
    unseen: Iterable[tuple[str, Any]], replayed: Replayed
) -> list[tuple[tuple[Any, str], tuple[int, str]]]:
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], tuple[Any, str]] = {}
    for name, each in unseen:
        how = str(each.outcome)
        if each.outcome is Class.KNOWN:
            how += " " + ", ".join(sorted(set(each.known)))
        elif each.reason:
            how += f": {each.reason}"
        how += f" [{replayed.altered[name]}]"
        key = (each.signature, how)
        counts[key] += 1
        examples.setdefault(key, (each, name))
    return [
        ((examples[key][0], key[1]), (count, examples[key][1]))
        for key, count in counts.most_common()
    ]


def table(rows: Sequence[dict[str, Any]], what: str) -> str:
    """Return all rows as Markdown.

    Args:
        rows: See :func:`row`.
        what: What was replayed, one sentence.
    """
    counts = Counter(each["verdict"] for each in rows)
    lines = [
        "# Wrong servers against the replay",
        "",
        what,
        "",
        *(f"- {verdict}: {counts[verdict]}" for verdict in sorted(counts)),
        "",
        "| fault | area | verdict | changed | different | first difference |",
        "|---|---|---|---|---|---|",
    ]
    order = {ABSORBED: 0, BY_ITSELF: 0, REPORTED: 2, NOT_EXERCISED: 3}
    for each in sorted(rows, key=lambda item: (order.get(item["verdict"], 1), item["area"])):
        where = f"{each['signature']} `{' '.join(each['places'][:2])}`" if each["places"] else ""
        lines.append(
            f"| {each['fault']} | {each['area']} | {each['verdict']} | {each['altered']} "
            f"| {each['different']} | {each['stopped'] or where} |"
        )
    lines += ["", "## Changed replies that were not found different", ""]
    for each in rows:
        if each["verdict"] not in (REPORTED, ABSORBED):
            continue
        lines += [f"- {each['fault']}: {how}" for how in each["unseen"]]
    return "\n".join(lines) + "\n"


def fill(bench: ReplayBench, faults: Sequence[Fault], *, complete: bool) -> list[dict[str, Any]]:
    """Replay through the right server and every wrong one.

    Args:
        bench: The server.
        faults: What it gets wrong.
        complete: Replay also what a look at the right server shows to touch nothing.

    Raises:
        RuntimeError: The right server differs, so that nothing else would say anything.
    """
    control = bench.run(watch=faults)
    _be_right(control)
    touched = [each for each in faults if complete or control.touched.get(each.name)]
    _say(f"{len(touched)} of {len(faults)} faults touch {len(control.exchanges)} exchanges")
    rows = [row(each, Replayed({}, {})) for each in faults if each not in touched]
    for number, fault in enumerate(touched, 1):
        started = time.monotonic()
        rows.append(row(fault, bench.run(fault)))
        last = rows[-1]
        _say(
            f"{number}/{len(touched)} {fault.area}/{fault.name}: {last['verdict']}, "
            f"{last['altered']} changed, {last['different']} different, {last['signature']} "
            f"{' '.join(last['places'][:2])} {last['stopped']} "
            f"({time.monotonic() - started:.1f} s)"
        )
    # What the trials left behind must not have made anything different by itself.
    _be_right(bench.run())
    return rows


def _be_right(replayed: Replayed) -> None:
    wrong = {k: v for k, v in replayed.exchanges.items() if v.outcome is not Class.EQUAL}
    if wrong or replayed.stopped or not replayed.exchanges:
        name, each = next(iter(wrong.items()), ("", None))
        raise RuntimeError(
            f"the right server is not found right: {len(wrong)} of {len(replayed.exchanges)} "
            f"exchanges; {name} {each} {replayed.stopped}"
        )


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main() -> int:
    """Run everything, write ``reports/replay-faults.{json,md}``; 1 if a fault is absorbed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path, nargs="?", help="made with the SDK if not given")
    parser.add_argument("--clients", type=int, default=2, help="of the recording that is made")
    parser.add_argument("--fault", action="append", default=[], help="only this one; repeatable")
    parser.add_argument("--mutants", action="store_true", help="the mutants as well")
    parser.add_argument("--complete", action="store_true", help="also what seems to touch nothing")
    parser.add_argument("--out", type=Path, default=Path("reports/replay-faults"))
    given = parser.parse_args()
    faults = [*NAMED, *(MUTANTS if given.mutants or given.fault else ())]
    if given.fault:
        faults = [fault for fault in faults if fault.name in given.fault]
    with (
        tempfile.TemporaryDirectory(prefix="parity-replay-faults-") as place,
        replay_bench(Path(place), given.recording, given.clients) as bench,
    ):
        rows = fill(bench, faults, complete=given.complete)
        what = f"{bench.source.total} exchanges of the JavaScript SDK against Parse Server "
        what += f"{bench.server.version}."
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.with_suffix(".json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    given.out.with_suffix(".md").write_text(table(rows, what), encoding="utf-8")
    absorbed = [each["fault"] for each in rows if each["verdict"] == ABSORBED]
    unchanged = [each["fault"] for each in rows if each["verdict"] == BY_ITSELF]
    # A reason that no longer holds is taken out.
    seen = [each["fault"] for each in rows if each["verdict"] == REPORTED]
    stale = [each for each in seen if each in INVISIBLE]
    _say(f"{len(seen)} of {len(rows)} reported; {given.out}.md")
    _say(f"{len(absorbed)} absorbed: {', '.join(absorbed) or 'none'}")
    if stale:
        _say(f"called invisible, and reported: {', '.join(stale)}")
    if unchanged:
        _say(f"nothing was changed, and something differs: {', '.join(unchanged)}")
    return 1 if absorbed or stale or unchanged else 0


if __name__ == "__main__":
    sys.exit(main())
