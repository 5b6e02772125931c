"""What a run writes down so that a later one need not read clean collections again.

Only a collection without any difference is written down, with what both servers said of it
before it was read. A later run believes it if both servers still say the same, within a day.
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

from pymongo.uri_parser import parse_uri
from xxhash import xxh3_128_hexdigest

from parity.jobs.verify.result import CollectionResult, State
from parity.jobs.verify.structure import Described
from parity.model import UserError
from parity.model.formats import Misfit, decode
from parity.targets.mongo import Access

NAME: Final = "verify-state.jsonl"
FORMAT: Final = "parity-verify-state"
VERSION: Final = 1
BELIEVED_FOR: Final = timedelta(days=1)

Identity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a state belongs to; another run must have the same.

    Attributes:
        source: Hosts and database of the source, without credentials.
        destination: The same of the destination.
    """

    source: str
    destination: str


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
        self._path = folder / NAME
        self._append({"format": FORMAT, "version": VERSION, "inputs": asdict(inputs)})

    def finished(self, name: str, identity: Identity) -> CollectionResult | None:
        """Return the result of an earlier run, if it still holds.

        Args:
            name: Name of the collection.
            identity: What both servers say of it now, see :func:`identity_of`.
        """
        known = self._known.get(name)
        if known is None or known[0] != identity or not _is_recent(known[1].finished_at):
            return None
        return replace(known[1], resumed=True)

    def save(self, result: CollectionResult, identity: Identity) -> None:
        """Write down a finished collection, if nothing at all differs in its documents.

        Args:
            result: The result; its structure is looked at again by every run.
            identity: What both servers said before it was read.
        """
        if result.state is State.VERIFIED and not result.counts:
            self._append({"identity": identity, "result": _plain(result)})

    def _append(self, value: dict[str, Any]) -> None:
        text = json.dumps(value, sort_keys=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{xxh3_128_hexdigest(text.encode())} {text}\n")
            file.flush()
            os.fsync(file.fileno())


def identity_of(
    name: str, sides: tuple[Mapping[str, Described], Mapping[str, Described]]
) -> Identity:
    """Return what both servers say of a collection: its UUID, its number of documents, its size."""
    return {
        which: [each.uuid, each.documents, each.size] if each is not None else None
        for which, side in zip(("source", "destination"), sides, strict=True)
        for each in (side.get(name),)
    }


def _plain(result: CollectionResult) -> dict[str, Any]:
    return asdict(replace(result, structure=(), examples=()))


def _load(path: Path, inputs: Inputs) -> dict[str, tuple[Identity, CollectionResult]]:
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
            result = decode(CollectionResult, value["result"], "result")
        except (Misfit, KeyError):
            continue
        found[result.name] = (value["identity"], result)
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
