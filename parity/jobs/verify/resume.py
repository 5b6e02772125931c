"""What a run writes down so that a later one need not read clean collections again.

Only a collection without any difference is written down, with what both servers said of it
before it was read. A later run believes it if both servers still say the same, testify that
nothing was written to it since, and that is less than a day ago.
Anything else is read again: a state that is doubted costs time, one that is believed wrongly
costs the proof.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bson.timestamp import Timestamp
from pymongo.uri_parser import parse_uri
from xxhash import xxh3_128_hexdigest

from parity.jobs.verify.result import CollectionResult, State
from parity.jobs.verify.structure import Described
from parity.jobs.verify.writes import written_since
from parity.model import UserError
from parity.model.formats import Misfit, decode
from parity.targets.mongo import Access, Reader

NAME: Final = "verify-state.jsonl"
FORMAT: Final = "parity-verify-state"
VERSION: Final = 2
BELIEVED_FOR: Final = timedelta(days=1)

Identity = dict[str, Any]
Descriptions = tuple[dict[str, Described], dict[str, Described]]
Moment = list[int]
"""Seconds and number, as in a BSON timestamp."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a state belongs to; another run must have the same.

    Attributes:
        source: Hosts and database of the source, without credentials.
        destination: The same of the destination.
    """

    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier run wrote down of one collection.

    Attributes:
        identity: What both servers said of it then.
        since: When that was on the clocks of source and destination; ``None`` for a standalone.
        result: What was found.
    """

    identity: Identity
    since: list[Moment | None]
    result: CollectionResult


def inputs_of(source: Access, destination: Access) -> Inputs:
    """Return what a state of these two databases belongs to."""
    return Inputs(*(_place(access) for access in (source, destination)))


def _place(access: Access) -> str:
    database = access.database  # refuses a URI that cannot be read, without quoting it
    nodes = parse_uri(access.uri.value)["nodelist"]
    return f"{','.join(sorted(f'{host}:{port}' for host, port in nodes))}/{database}"


class StateFile:
    """Collections that are finished, in the folder of a run.

    Args:
        folder: The report folder of this run.
        inputs: What is compared.
        earlier: The report folder of the run to continue, if any.

    Raises:
        UserError: The earlier run compared something else, or left no state.
    """

    def __init__(self, folder: Path, inputs: Inputs, earlier: Path | None = None) -> None:
        self._known = {} if earlier is None else _load(earlier / NAME, inputs)
        self._described: Descriptions = ({}, {})
        self._since: list[Moment | None] = [None, None]
        self._believed: set[str] = set()
        self._path = folder / NAME
        self._append({"format": FORMAT, "version": VERSION, "inputs": asdict(inputs)})

    def begin(self, readers: tuple[Reader, Reader], described: Descriptions) -> None:
        """Note what both servers say before anything is read, and what was written since earlier.

        Args:
            readers: Connections to source and destination.
            described: What they say of their collections.
        """
        self._described = described
        self._since = [_moment(reader) for reader in readers]
        known = self._known
        oplogs = [self._oplog(side, reader) for side, reader in enumerate(readers)]
        self._believed = {name for name in known if self._holds(known[name], oplogs)}

    def _oplog(self, side: int, reader: Reader) -> set[str] | None:
        """Return what was written to a side since the earlier run; ``None`` if nobody knows."""
        # All are of one run.
        moments = [moment for known in self._known.values() if (moment := known.since[side])]
        return written_since(reader, Timestamp(*min(moments))) if moments else None

    def _holds(self, known: Known, oplogs: list[set[str] | None]) -> bool:
        """Tell whether both sides have what they had when an earlier run read it."""
        name = known.result.name
        now = identity_of(name, self._described)
        return _is_recent(known.result.finished_at) and all(
            _is_untouched(name, known.identity[side], now[side], written)
            for side, written in zip(now, oplogs, strict=True)
        )

    def finished(self, name: str) -> CollectionResult | None:
        """Return the result of an earlier run, if it still holds.

        Args:
            name: Name of the collection.
        """
        return replace(self._known[name].result, resumed=True) if name in self._believed else None

    def save(self, result: CollectionResult) -> None:
        """Write down a finished collection, if nothing at all differs in its documents.

        Args:
            result: The result; its structure is looked at again by every run.
        """
        if result.state is State.VERIFIED and not result.counts:
            identity = identity_of(result.name, self._described)
            value = {"identity": identity, "since": self._since, "result": _plain(result)}
            self._append(value)

    def _append(self, value: dict[str, Any]) -> None:
        text = json.dumps(value, sort_keys=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{xxh3_128_hexdigest(text.encode())} {text}\n")
            file.flush()
            os.fsync(file.fileno())


def identity_of(
    name: str, sides: tuple[Mapping[str, Described], Mapping[str, Described]]
) -> Identity:
    """Return what both servers say of a collection: UUID, number of documents, size, writes."""
    return {
        which: [found.uuid, found.documents, found.size, found.writes] if found else None
        for which, side in zip(("source", "destination"), sides, strict=True)
        for found in (side.get(name),)
    }


def _moment(reader: Reader) -> Moment | None:
    time = reader.catch_up()
    return None if time is None else [time.time, time.inc]


def _is_untouched(
    name: str, then: list[Any] | None, now: list[Any] | None, written: set[str] | None
) -> bool:
    """Tell whether a server testifies that nothing was written to a collection in between.

    Args:
        name: The collection.
        then: What the server said of it, see :func:`identity_of`; ``None`` if it had none.
        now: What it says now.
        written: What its oplog shows as written in between; ``None`` if nobody knows.
    """
    if then is None or now is None:
        return then is now
    *facts, counts = then
    if facts != now[:-1] or not counts:
        return False
    if counts["process"] == now[-1].get("process"):
        return bool(counts == now[-1])
    return written is not None and name not in written


def _plain(result: CollectionResult) -> dict[str, Any]:
    return asdict(replace(result, structure=(), examples=()))


def _load(path: Path, inputs: Inputs) -> dict[str, Known]:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise UserError(
            f"there is nothing to resume: {path} cannot be read ({error.strerror})",
            "Give --resume the report folder of an earlier `parity verify`.",
            code="resume",
        ) from None
    # A line that does not fit its digest is one that the kill cut off, or that was edited.
    values = [value for line in lines if (value := _checked(line)) is not None]
    head = values[0] if values else {}
    if head.get("format") != FORMAT or head.get("version") != VERSION:
        raise UserError(
            f"{path} is not a state that this version can resume",
            "Run without --resume.",
            code="resume",
        )
    if head.get("inputs") != asdict(inputs):
        raise UserError(
            f"{path} belongs to another comparison",
            "Give --resume a run between the same two databases, or run without it.",
            code="resume",
        )
    found = {}
    for value in values[1:]:
        try:
            known = decode(Known, value, "line")
        except (Misfit, KeyError):
            continue
        found[known.result.name] = known
    return found


def _checked(line: str) -> dict[str, Any] | None:
    digest, _, text = line.partition(" ")
    if xxh3_128_hexdigest(text.encode()) != digest:
        return None
    value = json.loads(text)
    return value if isinstance(value, dict) else None


def _is_recent(finished_at: str) -> bool:
    try:
        age = datetime.now(UTC) - datetime.fromisoformat(finished_at)
    except (ValueError, TypeError):
        return False
    return timedelta(0) <= age < BELIEVED_FOR
