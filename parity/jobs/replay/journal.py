"""The journal of a replay: what was sent and what became of it, so that a killed one goes on.

A write is announced before it is sent and entered when its answer has been judged. On resuming,
what is entered is not sent again, and what was only announced is looked up on the server.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from parity.jobs.replay.judgement import Class, Judgement
from parity.model import Difference, Kind, UserError
from parity.model.evidence import plain

FORMAT = "parity-replay-journal"
VERSION = 1
_NOTHING = -1
_MOST = 1 << 32
"""No recording has as many exchanges; a larger number is a damaged line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a journal says about one exchange.

    Attributes:
        judgement: What became of it; ``None`` if it was announced and never entered.
        elapsed_ms: How long the answer took; ``None`` if it was not sent.
        announced_at: Seconds since the epoch.
    """

    judgement: Judgement | None
    elapsed_ms: float | None = None
    announced_at: float = 0.0


class Journal:
    """Writes, and after a kill reads, the journal of one replay.

    Args:
        path: The file.
        inputs: What the replay depends on: digest of the recording, target, options.

    Raises:
        UserError: The file is the journal of something else, or cannot be used.
    """

    def __init__(self, path: Path, inputs: dict[str, str]) -> None:
        self.path = path
        self._offsets: array[int] = array("q")
        self._announced: dict[int, float] = {}
        self._unwritten: list[bytes] = []
        self.resumed = path.exists()
        if self.resumed:
            self._check(inputs)
        try:
            # Only for its owner: to go on, live session tokens have to be in it.
            self._file: BinaryIO = open(path, "ab", buffering=0, opener=_private)  # noqa: SIM115
            self._reader: BinaryIO = path.open("rb")
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}", "Choose another report folder.") from None
        if not self.resumed:
            self._write({"format": FORMAT, "version": VERSION, "inputs": inputs})
            self.flush()

    def announce(self, number: int, at: float) -> None:
        """Say that a write is about to be sent; it is with the operating system on return.

        Args:
            number: Number of the exchange.
            at: Seconds since the epoch.
        """
        self._write({"a": number, "at": at})
        self.flush()

    def enter(self, number: int, judgement: Judgement, elapsed_ms: float | None) -> None:
        """Say what became of an exchange; :meth:`flush` brings it to the operating system.

        Args:
            number: Number of the exchange.
            judgement: What became of it.
            elapsed_ms: How long the answer took.
        """
        entry: dict[str, Any] = {"n": number, "o": judgement.outcome.value, "t": elapsed_ms}
        if judgement.learned:
            entry["b"] = judgement.learned
        if judgement.times:
            entry["m"] = judgement.times
        if judgement.reason:
            entry["r"] = judgement.reason
        if judgement.differences:
            entry["d"] = [
                [each.path, each.kind, plain(each.expected), plain(each.actual), known]
                for each, known in judgement.differences
            ]
        self._write(entry)
        if len(self._unwritten) > 256:
            self.flush()

    def find(self, number: int) -> Entry | None:
        """Return what an earlier run entered or announced, or ``None``."""
        if number < len(self._offsets) and self._offsets[number] != _NOTHING:
            self._reader.seek(self._offsets[number])
            try:
                return _entry(orjson.loads(self._reader.readline()))
            except (KeyError, TypeError, ValueError):
                raise self._damaged(self._offsets[number]) from None
        if number in self._announced:
            return Entry(None, announced_at=self._announced[number])
        return None

    def flush(self) -> None:
        """Give everything to the operating system."""
        if self._unwritten:
            data = memoryview(b"".join(self._unwritten))
            self._unwritten.clear()
            while data:
                data = data[self._file.write(data) :]

    def close(self, *, remove: bool = False) -> None:
        """Write what is left and close the file.

        Args:
            remove: Whether nothing is left to go on with; it holds live session tokens.
        """
        self.flush()
        self._file.close()
        self._reader.close()
        if remove:
            self.path.unlink(missing_ok=True)

    def _write(self, value: dict[str, Any]) -> None:
        self._unwritten.append(orjson.dumps(value, default=str) + b"\n")

    def _check(self, inputs: dict[str, str]) -> None:
        lines = self._lines()
        _, header = next(lines, (0, {}))
        if header.get("format") != FORMAT or header.get("version") != VERSION:
            raise UserError(
                f"{self.path} is no journal of a replay", "Name the folder of the earlier run."
            )
        recorded = header.get("inputs")
        if recorded != inputs:
            changed = [
                name
                for name in sorted({*inputs, *(recorded or {})})
                if (recorded or {}).get(name) != inputs.get(name)
            ]
            raise UserError(
                f"the earlier run cannot be resumed: {', '.join(changed)} changed since",
                "Resume with the same recording, target and options, or begin anew.",
                code="resume",
            )
        for offset, entry in lines:
            number = entry.get("n", entry.get("a"))
            if type(number) is not int or not 0 <= number < _MOST:
                raise self._damaged(offset)
            if "n" in entry:
                missing = number + 1 - len(self._offsets)
                self._offsets.extend([_NOTHING] * missing)
                self._offsets[number] = offset
                self._announced.pop(number, None)
            else:
                at = entry.get("at")
                self._announced[number] = float(at) if isinstance(at, int | float) else 0.0

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with self.path.open("r+b") as file:
            offset = 0
            for line in iter(file.readline, b""):
                if not line.endswith(b"\n"):
                    # The process was killed within this line; what is appended must begin anew.
                    file.truncate(offset)
                    return
                try:
                    value = orjson.loads(line)
                except orjson.JSONDecodeError:
                    raise self._damaged(offset) from None
                yield offset, value if isinstance(value, dict) else {}
                offset += len(line)

    def _damaged(self, offset: int) -> UserError:
        return UserError(
            f"{self.path} is damaged at byte {offset}", "Begin the replay anew.", code="resume"
        )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _entry(value: dict[str, Any]) -> Entry:
    found: list[tuple[Difference, str | None]] = [
        (Difference(path, Kind(kind), expected, actual), known)
        for path, kind, expected, actual, known in value.get("d", [])
    ]
    learned = [(recorded, live) for recorded, live in value.get("b", [])]
    times = [(owner, recorded, live) for owner, recorded, live in value.get("m", [])]
    judgement = Judgement(Class(value["o"]), found, value.get("r", ""), learned, times)
    return Entry(judgement, value.get("t"))
