"""How long a verification takes, beside what reading both sides costs at least.

The documents are in a mongod in memory, so the disk has no part in it. In turns with the
verification, on the same mongod: reading both sides raw once with as many processes (the limit),
comparing dictionaries as one would write it with pymongo, and the server's own ``dbHash``, which
says only whether something differs. 100 differences of 12 kinds are planted; all have to be found
and classed, and nothing else.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import string
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bson import Binary, Int64
from pymongo import MongoClient
from pymongo.collection import Collection

from parity.jobs.verify.bsonraw import RAW
from parity.jobs.verify.engine import Options, verify_databases
from parity.jobs.verify.result import VerifyResult
from parity.jobs.verify.sides import LocalSides
from parity.jobs.verify.walk import Progress
from parity.model import Secret
from parity.targets.mongo import Access, Reader
from tests.mongod import Mongod, running_mongod

ALPHABET = string.ascii_letters + string.digits
START = datetime(2016, 1, 1, tzinfo=UTC)
NAME = "GameScore"
ROUNDS = 3
Document = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--no-dictionaries", action="store_true", help="leave the slow peer out")
    given = parser.parse_args()
    with running_mongod() as mongod:
        with mongod.client() as client:  # room for both sides: the limit is not to be the cache
            client.admin.command("setParameter", wiredTigerEngineRuntimeConfig="cache_size=3G")
        _fill(mongod, given.documents)
        planted = _plant(mongod)
        _measure(mongod, planted, given.rounds, dictionaries=not given.no_dictionaries)


def _measure(mongod: Mongod, planted: Counter[str], rounds: int, *, dictionaries: bool) -> None:
    accesses = [Access(name, Secret(mongod.database_uri(name))) for name in ("source", "copy")]
    last: list[VerifyResult] = []
    memory: list[int] = []

    def verified() -> None:
        with _watched(memory):
            last.append(verify_databases(accesses[0], accesses[1], Options()))

    measures: dict[str, Callable[[], Any]] = {
        "raw read, 2 processes": lambda: _raw(accesses),
        "parity verify": verified,
        "dbHash, both at once": lambda: _db_hash(mongod),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            costs[name].append(_cost(measure, mongod))
    if dictionaries:
        costs["dictionaries, pymongo"] = [_cost(lambda: _dictionaries(mongod), mongod)]
    _print(costs, last[-1], planted, memory)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took.

    Attributes:
        wall: Seconds on the clock; means little while others use the machine.
        cpu: Seconds of processor, of the client, its workers and mongod together.
    """

    wall: float
    cpu: float


def _print(
    costs: dict[str, list[Cost]], result: VerifyResult, planted: Counter[str], memory: list[int]
) -> None:
    walls = {name: statistics.median(c.wall for c in each) for name, each in costs.items()}
    cpus = {name: statistics.median(c.cpu for c in each) for name, each in costs.items()}
    (collection,) = result.collections
    documents = collection.source_documents + collection.destination_documents
    size = collection.source_bytes + collection.destination_bytes
    print(f"{documents:,} documents on both sides together, {size / 1e6:,.0f} MB; medians")
    print("                           wall s    CPU s   documents/s   this / verify: wall    CPU")
    ours = "parity verify"
    for name, wall in walls.items():
        print(
            f"  {name:24} {wall:7.2f}  {cpus[name]:7.2f}  {documents / wall:12,.0f}"
            f"  {wall / walls[ours]:20.2f}  {cpus[name] / cpus[ours]:5.2f}"
        )
    limit = "raw read, 2 processes"
    pairs = zip(costs[ours], costs[limit], strict=True)
    rounds = ", ".join(f"{one.wall / other.wall:.2f}" for one, other in pairs)
    print(
        f"  verify / raw read: wall {walls[ours] / walls[limit]:.2f} (by round {rounds}), ", end=""
    )
    print(f"CPU {cpus[ours] / cpus[limit]:.2f}; limit 1.70, aim 1.30")
    found = Counter(collection.counts)
    print(f"  planted {planted.total()}: {dict(sorted(planted.items()))}")
    print(f"  found   {found.total()}: {dict(sorted(found.items()))}")
    print(f"  found exactly what was planted: {found == planted}")
    print(f"  memory at most {max(memory) / 1024:.0f} MB: verifier and both workers together")


def _cost(measure: Callable[[], Any], mongod: Mongod) -> Cost:
    wall, cpu = time.perf_counter(), _cpu(mongod)
    measure()
    return Cost(time.perf_counter() - wall, _cpu(mongod) - cpu)


def _cpu(mongod: Mongod) -> float:
    """Return the processor seconds so far of this process, its ended children and mongod."""
    fields = Path(f"/proc/{mongod.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    total = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


@dataclass(frozen=True, slots=True)
class RawRead:
    """Read a collection with the bare command and look at nothing."""

    def run(self, reader: Reader, _progress: Progress) -> int:
        """Return the bytes of the replies."""
        size = 0
        command: dict[str, Any] = {"find": NAME, "batchSize": 20_000}
        with reader.client.start_session() as session:
            while True:
                reply: Any = reader.db.command(command, codec_options=RAW, session=session)
                size += len(reply.raw)
                if not (number := reply["cursor"]["id"]):
                    return size
                command = {"getMore": number, "collection": NAME}


def _raw(accesses: list[Access]) -> None:
    sides = LocalSides(accesses[0], accesses[1])
    try:
        task: Any = RawRead()
        sides.run(task, task)
    finally:
        sides.close()


def _db_hash(mongod: Mongod) -> None:
    threads = [
        threading.Thread(target=_hash_one, args=(mongod, name)) for name in ("source", "copy")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _hash_one(mongod: Mongod, name: str) -> None:
    with MongoClient[Document](mongod.uri) as client:
        client[name].command("dbHash")


def _dictionaries(mongod: Mongod) -> int:
    """Compare as one would write it first; it takes 1, 1.0 and a long 1 for the same."""
    with MongoClient[Document](mongod.uri) as client:
        left, right = (client[name][NAME].find().sort("_id", 1) for name in ("source", "copy"))
        one, other = next(left, None), next(right, None)
        found = 0
        while one is not None or other is not None:
            if other is None or (one is not None and one["_id"] < other["_id"]):
                one, found = next(left, None), found + 1
            elif one is None or other["_id"] < one["_id"]:
                other, found = next(right, None), found + 1
            else:
                found += one != other
                one, other = next(left, None), next(right, None)
        return found


class _watched:  # noqa: N801 - it is used like a function
    """Notes the resident memory of this process and its children while something runs."""

    def __init__(self, into: list[int]) -> None:
        self._into = into
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        own = resource.getpagesize() // 1024
        while not self._stop.wait(0.02):
            total = 0
            for each in _family():
                try:
                    text = Path(f"/proc/{each}/statm").read_text("ascii")
                except OSError:
                    continue
                total += int(text.split()[1]) * own
            self._into.append(total)


def _family() -> Iterator[str]:
    yield "self"
    for task in Path("/proc/self/task").iterdir():
        try:
            children = (task / "children").read_text("ascii").split()
        except OSError:
            continue
        for child in children:
            command = Path(f"/proc/{child}/cmdline")
            if command.exists() and b"mongod" not in command.read_bytes().split(b"\0")[0]:
                yield child


def _fill(mongod: Mongod, count: int) -> None:
    rng = random.Random(7)
    with mongod.client() as client:
        targets = [client[name][NAME] for name in ("source", "copy")]
        batch: list[Document] = []
        for number in range(count):
            batch.append(_document(rng, number))
            if len(batch) == 10_000 or number == count - 1:
                for target in targets:
                    target.insert_many(batch, ordered=False)
                batch = []


def _document(rng: random.Random, number: int) -> Document:
    user = "".join(rng.choices(ALPHABET, k=10))
    return {
        "_id": "".join(rng.choices(ALPHABET, k=10)),
        "_created_at": START,
        "_updated_at": START + timedelta(seconds=number),
        "score": number + 1,
        "ratio": number * 0.37 + 0.1,
        "playerName": f"player {number}",
        "text": rng.randbytes(64).hex(),
        "_p_user": f"_User${user}",
        "location": [number % 180 + 0.5, number % 90 + 0.25],
        "_rperm": ["*"],
        "_wperm": [user],
        "_acl": {"*": {"r": True}, user: {"w": True, "r": True}},
        "settings": {"volume": 1.5, "levels": [1, 2, 3]},
        "nothing": None,
        "picture": f"tfss-{rng.randbytes(12).hex()}-picture.png",
        "total": Int64(5),
        "raw": Binary(rng.randbytes(24)),
    }


def _plant(mongod: Mongod) -> Counter[str]:
    """Plant 100 differences in the copy and return how many of each code."""
    with mongod.client() as client:
        source, copy = client["source"][NAME], client["copy"][NAME]
        documents = list(source.aggregate([{"$sample": {"size": 90}}]))
        chosen = iter({each["_id"]: each for each in documents}.values())
        planted: Counter[str] = Counter()
        for times, code, change in _CHANGES:
            for _ in range(times):
                document = next(chosen)
                change(copy, document)
                planted[code] += 1
        extra = 100 - planted.total()
        copy.insert_many([_document(random.Random(1000 + number), 5) for number in range(extra)])
        planted["VER-EXTRA"] = extra
        return planted


def _set(
    path: str, value: Callable[[Document], Any]
) -> Callable[[Collection[Any], Document], None]:
    return lambda copy, each: _changed(
        copy.update_one({"_id": each["_id"]}, {"$set": {path: value(each)}})
    )


def _changed(result: Any) -> None:
    assert result.modified_count == 1


def _delete(copy: Collection[Any], each: Document) -> None:
    copy.delete_one({"_id": each["_id"]})


def _reorder(copy: Collection[Any], each: Document) -> None:
    each["text"] = each.pop("text")
    copy.replace_one({"_id": each["_id"]}, each)


def _flip_bit(each: Document) -> Binary:
    return Binary(bytes([each["raw"][0] ^ 1]) + each["raw"][1:])


_CHANGES: list[tuple[int, str, Callable[[Collection[Any], Document], None]]] = [
    (20, "VER-MISSING", _delete),
    (13, "VER-CHANGED", _set("playerName", lambda each: each["playerName"] + "!")),
    (10, "VER-CHANGED", _set("ratio", lambda each: each["ratio"] + 1e-9)),
    (9, "VER-TYPE", _set("score", lambda each: Int64(each["score"]))),
    (9, "VER-TYPE", _set("score", lambda each: float(each["score"]))),
    (7, "VER-ORDER", _reorder),
    (6, "VER-CHANGED", _set("added", lambda _: None)),
    (5, "VER-CHANGED", _set("location.0", lambda each: each["location"][0] + 1e-6)),
    (5, "VER-CHANGED", _set("settings.volume", lambda _: 1.5000001)),
    (3, "VER-ACL", _set("_rperm", lambda _: ["*", "x"])),
    (3, "VER-CHANGED", _set("raw", _flip_bit)),
]

if __name__ == "__main__":
    main()
