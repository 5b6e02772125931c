"""The objects of a source on disk, to be read in the order of their ids.

A source is larger than memory and in any order; a database is asked for one object at a time in
the order of ``_id``. So the source is written to SQLite first. It is also what a run that was
killed goes on from: each page of objects is written together with the place where the next begins.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parity.model import UserError
from parity.model.plain import utc_now

FORMAT: Final = "1"
CACHE_KIB: Final = 32_768
BATCH: Final = 2_000
"""Rows written or read at once."""

_TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE classes (
  number INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, stamp TEXT NOT NULL,
  last BLOB, rows INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  done INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT '');
CREATE TABLE pages (
  class INTEGER NOT NULL, after BLOB NOT NULL, last BLOB NOT NULL, rows INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a source.

    Attributes:
        key: What it is found by: its id, or owner and related id of a join row, as bytes that
            sort as MongoDB sorts the strings.
        body: The object as JSON text.
        doubt: Why its meaning is not certain, or nothing.
    """

    key: bytes
    body: bytes
    doubt: str = ""

    def value(self) -> dict[str, Any]:
        """Return the object."""
        made: dict[str, Any] = json.loads(self.body)
        return made


@dataclass(frozen=True, slots=True)
class ClassState:
    """How far the reading of one class is.

    Attributes:
        number: Number of its table.
        name: The class.
        last: Id of the last object that was read (REST).
        rows: Objects that were read.
        bytes: Their size as JSON.
        done: Whether all were read, or a problem ended it.
        problem: Why it was not read to its end, or nothing.
    """

    number: int
    name: str
    last: bytes | None
    rows: int
    bytes: int
    done: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Page:
    """A range of ids that one answer covered: ``after < id <= last``."""

    after: bytes
    last: bytes
    rows: int


class SourceIndex:
    """A SQLite file with the objects of one source.

    Each class has a table ``rows_<number>``, so that one can be dropped and indexed alone; its
    name is the only thing that is put into SQL as text (S608), and it is ours.

    Args:
        path: Where it is; its folder exists.
        fingerprint: What tells this source and these settings from others.
        resume: Whether to go on with a file that is there, or to begin anew.

    Attributes:
        started: When the reading began, in the first of the runs, as servers write times.

    Raises:
        UserError: There is no file to go on with, or it is of another source.
    """

    def __init__(self, path: Path, fingerprint: str, *, resume: bool) -> None:
        self.path = path
        if not resume:
            self._delete()
        elif not path.exists():
            raise UserError(
                f"{path.parent} has nothing to go on with: no {path.name}",
                "Run without --resume; a run that reads its source to the end leaves none.",
                code="resume",
            )
        self._db = sqlite3.connect(path, isolation_level=None)
        try:
            self._open(fingerprint)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise UserError(
                f"{path} cannot be resumed: {error}", "Run without --resume.", code="resume"
            ) from error

    def _open(self, fingerprint: str) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "temp_store=FILE",
            f"cache_size=-{CACHE_KIB}",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        known = self._db.execute("SELECT name FROM sqlite_master WHERE name = 'meta'").fetchone()
        if known is None:
            self._db.executescript(_TABLES)
            self.started = utc_now()
            made = (("format", FORMAT), ("source", fingerprint), ("started", self.started))
            self._db.executemany("INSERT INTO meta VALUES (?, ?)", made)
            return
        meta = dict(self._db.execute("SELECT name, value FROM meta"))
        self.started = meta.pop("started", "")
        if not self.started or meta != {"format": FORMAT, "source": fingerprint}:
            self._db.close()
            raise UserError(
                f"{self.path} is of another source, or was read with other settings",
                "Run without --resume, or give the same --from and --classes.",
                code="resume",
            )

    def close(self, *, remove: bool) -> None:
        """Close the file.

        Args:
            remove: Whether it goes away, because nobody will go on from it.
        """
        self._db.close()
        if remove:
            self._delete()

    def _delete(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").unlink()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def state(self, name: str) -> ClassState | None:
        """Return how far the reading of a class is, or ``None`` if it has not begun."""
        row = self._db.execute(
            "SELECT number, name, last, rows, bytes, done, problem FROM classes WHERE name = ?",
            (name,),
        ).fetchone()
        if row is None:
            return None
        number, class_name, last, rows, size, done, problem = row
        return ClassState(number, class_name, last, rows, size, bool(done), problem)

    def begin(self, name: str, stamp: str = "") -> ClassState:
        """Return the state of a class, from before if it was read from the same bytes.

        Args:
            name: The class.
            stamp: Changes when what it is read from does.
        """
        row = self._db.execute(
            "SELECT number, stamp FROM classes WHERE name = ?", (name,)
        ).fetchone()
        if row is not None and row[1] != stamp:
            self.forget(name)
            row = None
        if row is None:
            with self._transaction():
                made = self._db.execute(
                    "INSERT INTO classes (name, stamp) VALUES (?, ?)", (name, stamp)
                )
                table = f"rows_{made.lastrowid}"
                self._db.execute(
                    f"CREATE TABLE {table} (key BLOB NOT NULL, body BLOB NOT NULL, "
                    "doubt TEXT NOT NULL)"
                )
        state = self.state(name)
        assert state is not None
        return state

    def forget(self, name: str) -> None:
        """Drop what was read of a class."""
        state = self.state(name)
        if state is None:
            return
        with self._transaction():
            self._db.execute(f"DROP TABLE rows_{state.number}")
            self._db.execute("DELETE FROM pages WHERE class = ?", (state.number,))
            self._db.execute("DELETE FROM classes WHERE number = ?", (state.number,))

    def add(self, name: str, entries: list[Entry], page: Page | None = None) -> None:
        """Write objects, and where the next page begins, as one.

        Args:
            name: A class that was begun.
            entries: Its objects.
            page: The range of ids that the answer covered (REST).
        """
        number = self._number(name)
        size = sum(len(entry.body) for entry in entries)
        with self._transaction():
            self._insert(number, entries)
            self._db.execute(
                "UPDATE classes SET rows = rows + ?, bytes = bytes + ?, last = ? WHERE number = ?",
                (len(entries), size, page.last if page else None, number),
            )
            if page is not None:
                values = (number, page.after, page.last, page.rows)
                self._db.execute("INSERT INTO pages VALUES (?, ?, ?, ?)", values)

    def replace(self, name: str, page: Page, entries: list[Entry]) -> None:
        """Write a range of ids anew, because the source changed or left something out.

        Args:
            name: The class.
            page: The range, as it was added.
            entries: All objects of that range.
        """
        number = self._number(name)
        with self._transaction():
            self._db.execute(
                f"DELETE FROM rows_{number} WHERE key > ? AND key <= ?",  # noqa: S608
                (page.after, page.last),
            )
            self._insert(number, entries)
            self._db.execute(
                "UPDATE pages SET rows = ? WHERE class = ? AND after = ?",
                (len(entries), number, page.after),
            )
            self._db.execute(
                f"UPDATE classes SET rows = (SELECT count(*) FROM rows_{number}) WHERE number = ?",  # noqa: S608
                (number,),
            )

    def _insert(self, number: int, entries: Iterable[Entry]) -> None:
        self._db.executemany(
            f"INSERT INTO rows_{number} VALUES (?, ?, ?)",  # noqa: S608
            ((entry.key, entry.body, entry.doubt) for entry in entries),
        )

    def finish(self, name: str, problem: str = "") -> None:
        """Note that a class was read to its end, or to a problem.

        Args:
            name: The class.
            problem: Why not all of it could be read.
        """
        number = self._number(name)
        with self._transaction():
            self._db.execute(f"CREATE INDEX IF NOT EXISTS keys_{number} ON rows_{number} (key)")
            self._db.execute(
                "UPDATE classes SET done = 1, problem = ? WHERE number = ?", (problem, number)
            )

    def pages(self, name: str) -> list[Page]:
        """Return the ranges of ids that were read of a class, in order."""
        number = self._number(name)
        found = self._db.execute(
            "SELECT after, last, rows FROM pages WHERE class = ? ORDER BY after", (number,)
        )
        return [Page(*row) for row in found]

    def entries(self, name: str) -> Iterator[Entry]:
        """Yield the objects of a class that is finished, in the order of their keys."""
        number = self._number(name)
        found = self._db.execute(f"SELECT key, body, doubt FROM rows_{number} ORDER BY key")  # noqa: S608
        while rows := found.fetchmany(BATCH):
            for row in rows:
                yield Entry(*row)

    def has(self, name: str, key: bytes) -> bool:
        """Return whether a class that is finished has this object."""
        state = self.state(name)
        if state is None:
            return False
        query = f"SELECT 1 FROM rows_{state.number} WHERE key = ?"  # noqa: S608
        return self._db.execute(query, (key,)).fetchone() is not None

    def _number(self, name: str) -> int:
        state = self.state(name)
        assert state is not None, f"{name} was not begun"
        return state.number


def key_of(object_id: str) -> bytes:
    """Return the key of an object: bytes that sort as MongoDB sorts the strings."""
    return object_id.encode("utf-8", "surrogatepass")


def join_key(owning_id: str, related_id: str) -> bytes:
    """Return the key of a row of a join table."""
    return key_of(owning_id) + b"\0" + key_of(related_id)


def shown_key(key: bytes) -> str:
    """Return a key for people: an id, or ``owner→related``."""
    return key.decode("utf-8", "backslashreplace").replace("\0", "→")
