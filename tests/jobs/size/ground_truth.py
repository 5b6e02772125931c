"""Seven systems whose limit is known because it was built: does the tool name it, every time?

::

    python -m tests.jobs.size.ground_truth                 # all of them
    python -m tests.jobs.size.ground_truth c e --times 3   # two of them, three times
    python -m tests.jobs.size.ground_truth --keep out      # keeps the reports

The tool gets the target and the profile, and nothing that says which case it is.
Real servers and real time: the machine has to be quiet.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.profiles.profile import Ask, Operation
from tests.jobs.size.ground import (
    CLASS,
    READS,
    Ground,
    cpu_group,
    ground,
    narrow_loopback,
    own_network,
    profile,
    size,
)

SMALL = 20_000
QUICK = ("--quick",)
BATCHES = (
    Operation(Ask.GET, 6, CLASS),
    Operation(Ask.BATCH, 1, CLASS, payload_bytes=60, parts=40),
)
SCANS = (
    Operation(Ask.GET, 8, CLASS),
    Operation(Ask.QUERY, 2, CLASS, where={"label": "?"}, limit=20),
)
TEAMS = (
    Operation(Ask.GET, 4, CLASS),
    Operation(Ask.QUERY, 6, CLASS, where={"team": "?"}, limit=50, keys=("number",)),
)

LONG = (Operation(Ask.QUERY, 1, CLASS, where={"team": "?"}, limit=20),)
NARROW_MBIT = 20

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One system.

    Attributes:
        title: What was built.
        run: Builds it, sizes it, and returns what the tool said.
        wrong: Says what is wrong with that; empty if nothing.
    """

    title: str
    run: Callable[[Path | None], Said]
    wrong: Callable[[Said], str]


def small_cache(keep: Path | None) -> Said:
    with ground(750_000, 3_900, ("--slowms=10000",), on_disk=True) as place:
        return _size(place, keep, 30, *TEAMS, more=("--no-indexes", *QUICK))


def ample(keep: Path | None) -> Said:
    with ground(SMALL) as place:
        return _size(place, keep, 20, *READS, more=QUICK)


def few_connections(keep: Path | None) -> Said:
    with ground(SMALL, mongod=("--maxConns=20",)) as place:
        return _size(place, keep, 30, *BATCHES, more=QUICK)


def no_index(keep: Path | None) -> Said:
    with ground(500_000, 300) as place:
        return _size(place, keep, 30, *SCANS, more=("--try-indexes", *QUICK))


def slow_parse_server(keep: Path | None) -> Said:
    with ground(SMALL) as place, cpu_group(0.25, place.parse_pid):
        return _size(place, keep, 150, *READS, more=QUICK)


def slow_generator(keep: Path | None) -> Said:
    with ground(SMALL) as place, cpu_group(0.1) as group:
        return _size(place, keep, 500, *READS, more=QUICK, group=group)


def narrow_network(keep: Path | None) -> Said:
    with own_network(), ground(5_000, 6_000) as place, narrow_loopback(NARROW_MBIT):
        return _size(place, keep, 15, *LONG, more=(f"--network-mbit={NARROW_MBIT}", *QUICK))


def _size(
    place: Ground,
    keep: Path | None,
    peak: float,
    *operations: Operation,
    more: tuple[str, ...] = (),
    group: Path | None = None,
) -> Said:
    _, said = size(place, profile(peak, *operations), *more, group=group)
    if keep is not None:
        shutil.copytree(place.folder / "reports", keep, dirs_exist_ok=True)
    return said


def _named(said: Said) -> list[str]:
    return said["saturation"]["named"] if said["saturation"] else []


def _part(said: Said, name: str) -> str:
    return next(str(each["fit"]) for each in said["parts"] if each["id"] == name)


def _wrong(said: Said, *expected: tuple[bool, str]) -> str:
    return "; ".join(text for holds, text in expected if not holds)


def wrong_cache(said: Said) -> str:
    return _wrong(
        said,
        (said["fit"] == "too small", f"the verdict is {said['fit']}"),
        ("cache" in said["because"], f"it is because of {said['because']}"),
        ("MongoDB's cache" in said["answer"], f"the cache is not named: {said['answer']}"),
    )


def wrong_ample(said: Said) -> str:
    return _wrong(said, (said["fit"] == "fits", f"the verdict is {said['fit']}"))


def wrong_connections(said: Said) -> str:
    named = _named(said)
    return _wrong(
        said,
        (said["fit"] in ("too small", "tight"), f"the verdict is {said['fit']}"),
        (named[:1] == ["CONNECTIONS"], f"named is {named}"),
    )


def wrong_index(said: Said) -> str:
    why = next(each["sentence"] for each in said["parts"] if each["id"] == "indexes")
    proven = max((each["speedup"] for each in said["tried_indexes"]), default=0.0)
    return _wrong(
        said,
        # How long a scan takes decides which of the two, and that is the machine's.
        (said["fit"] in ("too small", "tight"), f"the verdict is {said['fit']}"),
        (_part(said, "indexes") != "fits", "the indexes are said to fit"),
        ("label" in why, f"the query is not named: {why}"),
        (proven >= 10, f"the proposed index is {proven:.1f} times as fast"),
        (_named(said)[:1] in (["QUERIES"], ["MONGOD_CPU"]), f"named is {_named(said)}"),
    )


def wrong_parse_server(said: Said) -> str:
    named = _named(said)
    mongo = {"MONGOD_CPU", "CACHE", "TICKETS", "DISK"}
    return _wrong(
        said,
        (said["fit"] in ("too small", "tight"), f"the verdict is {said['fit']}"),
        (named[:1] == ["PARSE_SERVER"], f"named is {named}"),
        (not mongo & set(named), f"MongoDB is named: {named}"),
    )


def wrong_generator(said: Said) -> str:
    return _wrong(
        said,
        (said["fit"] == "could not judge", f"the verdict is {said['fit']}"),
        (_part(said, "generator") == "could not judge", "the generator is not named"),
    )


def wrong_network(said: Said) -> str:
    named = _named(said)
    return _wrong(
        said,
        (said["fit"] in ("too small", "tight"), f"the verdict is {said['fit']}"),
        (named[:1] == ["NETWORK"], f"named is {named}"),
    )


CASES = {
    "a": Case("256 MB of cache, 3 GB of working set", small_cache, wrong_cache),
    "b": Case("ample", ample, wrong_ample),
    "c": Case("20 connections", few_connections, wrong_connections),
    "d": Case("no index on 500 k rows", no_index, wrong_index),
    "e": Case("Parse Server has a quarter of a core", slow_parse_server, wrong_parse_server),
    "f": Case("the generator has a tenth of a core", slow_generator, wrong_generator),
    "g": Case("20 Mbit/s for everything", narrow_network, wrong_network),
}


def main() -> int:
    """Run the cases that were asked for; return 1 if the tool was wrong about any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], help="a to g; all without any")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the reports")
    asked = parser.parse_args()
    failed = 0
    for turn in range(asked.times):
        for name in asked.cases or CASES:
            case = CASES[name]
            begun = time.monotonic()
            said = case.run(asked.keep)
            wrong = case.wrong(said)
            failed += bool(wrong)
            print(  # noqa: T201 - a command of ours
                f"{turn + 1}  {name}  {'WRONG: ' + wrong if wrong else 'right'}  "
                f"[{case.title}; {time.monotonic() - begun:.0f} s]\n"
                f"      {said['fit']} ({said['confidence']}), named {_named(said)}: "
                f"{said['answer']}",
                flush=True,
            )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
