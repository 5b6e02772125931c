"""Coverage of recorded traffic, from the evidence of replays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from parity.dossier.model import Coverage, Share
from parity.dossier.uses import Use, source
from parity.gate import Now
from parity.gate.runs import Run
from parity.gate.traffic import Shares, shares


def coverage(uses: Iterable[Use], now: Now) -> Iterator[Coverage]:
    """Yield the coverage of each replay that a gate was judged by.

    A replay without the numbers of a whole one is left out; its gate says so.

    Args:
        uses: What the gates were judged by.
        now: The time.
    """
    by: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        if use.rule.kind == "traffic" and use.proves:
            by.setdefault((use.run.run_id, use.target), []).append(use)
    for (_, target), found in by.items():
        run = found[0].run
        numbers = shares(run)
        if numbers is not None:
            yield _coverage(run, target, numbers, now, [each.by for each in found])


def _coverage(run: Run, target: str, found: Shares, now: Now, judged_by: list[str]) -> Coverage:
    exchanges, reasons = run.table("exchanges"), run.table("reasons")
    assert exchanges is not None  # without it there are no shares
    return Coverage(
        source=source(run, target, now, judged_by),
        recording=run.evidence.header.digests.get("recording", ""),
        total=found.total,
        requests=_share(found, "requests"),
        signatures=_share(found, "signatures"),
        clients=_share(found, "clients"),
        all_signatures=len(run.checks(target)),
        became=tuple((str(r[0]), int(r[1]), _text(r[2:])) for r in exchanges.rows),
        not_judged=()
        if reasons is None
        else tuple((str(r[0]), r[1]) for r in reasons.rows if len(r) > 1 and _is_count(r[1])),
        note=exchanges.note,
    )


def _share(found: Shares, name: str) -> Share:
    return Share(found.same[name], found.judged[name])


def _text(rest: tuple[Any, ...]) -> str:
    return str(rest[0]) if rest else ""


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
