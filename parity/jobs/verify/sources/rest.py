"""Reads a whole app through the REST API with its master key, without leaving an object out.

Pages go by ``objectId``: each asks for the ids after the last that came, so that objects that
appear or vanish in between move nothing (REST guide, "Queries"; ``skip`` ended at 10,000 on the
hosted service). A page that is shorter than asked for is no end, because a server may have a
smaller ``maxLimit``: only an empty one is. What was read is counted against what the server
counts, range by range where they disagree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from parity.jobs.verify.sources.index import Entry, Page, SourceIndex, join_key, key_of, shown_key
from parity.jobs.verify.sources.options import SourceOptions
from parity.jobs.verify.sources.pace import Pace, wait_after
from parity.jobs.verify.sources.rows import Row, RowError, read_page
from parity.model import HarnessError, Target, UserError
from parity.targets import ParseClient
from parity.targets.reply import Reply

FIRST_ROWS: Final = 100
PAGE_BYTES: Final = 4 << 20
"""Answers are kept about this small, whatever the objects are."""
IDS_AT_ONCE: Final = 50
"""Ids in one query: a URL of about 1.5 kB, which every proxy lets through."""
OBJECT_NOT_FOUND: Final = 101
_RETRIED_CODES: Final = frozenset({1, 124, 140, 154, 155, 159})
"""Internal error, timeout, and the hosted limits on rates.
Source: REST guide, "Error codes"; ``differences.md``, limits."""

Progress = Callable[[str, int], None]
"""Called with a class and the objects that were read of it so far."""


@dataclass(frozen=True, slots=True)
class Census:
    """What the server says about how many objects a class has, after all were read.

    Attributes:
        problem: Why the reading cannot be taken for complete, or nothing.
        reread: Ranges of ids that were read again.
    """

    problem: str = ""
    reread: int = 0


class RestReader:
    """Reads classes of one target into an index.

    Args:
        target: Where to read; it has a master key.
        options: Rates, retries, page size.
    """

    def __init__(self, target: Target, options: SourceOptions) -> None:
        if target.keys.master_key is None:
            raise UserError(
                f"target {target.name!r} has no master key, and only that reads every object",
                f'Set master_key = "env:NAME" in [targets.{target.name}].',
                code="source-master-key",
            )
        self._target = target
        self._options = options
        self._client = ParseClient(target).as_master()
        self._pace = Pace(options.max_rps, options.max_mb_s, options.pause, options.clock)
        self._rows = min(FIRST_ROWS, options.page_rows)
        self.requests = 0

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def schemas(self) -> dict[str, dict[str, Any]] | None:
        """Return the schema of each class, or ``None`` if the source has no ``/schemas``."""
        try:
            reply = self._send("schemas", dict)
        except _NotThere:
            return None
        found = reply.json.get("results") if isinstance(reply.json, dict) else None
        if not isinstance(found, list):
            return None
        return {
            each["className"]: each
            for each in found
            if isinstance(each, dict) and isinstance(each.get("className"), str)
        }

    def read_class(self, name: str, index: SourceIndex, progress: Progress) -> None:
        """Read all objects of a class that are not in the index yet.

        Args:
            name: The class.
            index: Where they go.
            progress: Told after each page.

        Raises:
            HarnessError: The source cannot be read on; what was read is kept.
        """
        state = index.begin(name)
        if state.done:
            return
        after, rows = state.last or b"", state.rows
        while True:
            entries = self._page(name, after)
            if not entries:
                break
            index.add(name, entries, Page(after, entries[-1].key, len(entries)))
            after, rows = entries[-1].key, rows + len(entries)
            progress(name, rows)
        census = self._census(name, index)
        index.finish(name, census.problem)

    def fetch(
        self, name: str, keys: Iterable[bytes], sure: Collection[bytes] = ()
    ) -> dict[bytes, Entry]:
        """Read some objects again, by id.

        Args:
            name: The class.
            keys: Keys of the objects.
            sure: Those of them that are asked for one by one if a list does not show them.

        Returns:
            Those that exist.
        """
        wanted = [key for key in keys if _readable(key)]
        found: dict[bytes, Entry] = {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            part = wanted[start : start + IDS_AT_ONCE]
            ids = [key.decode() for key in part]
            where = {"objectId": {"$in": ids}}
            entries = self._entries(name, where, lambda: len(part), b"", ordered=False)  # noqa: B023
            found.update((each.key, each) for each in entries if each.key in part)
        # A list that leaves out what exists would make a loss look like a deletion.
        for key in wanted:
            if key in sure and key not in found and (entry := self._one(name, key)) is not None:
                found[key] = entry
        return found

    def _one(self, name: str, key: bytes) -> Entry | None:
        found: list[Row] = []

        def judge(reply: Reply) -> None:
            found[:] = read_page(b'{"results":[' + reply.body + b"]}")

        try:
            self._send(f"classes/{name}/{quote(key.decode(), safe='')}", dict, judge)
        except _NotThere:
            return None
        return _entry(found[0], name)

    def read_relation(
        self,
        key: str,
        class_name: str,
        target_class: str,
        owners: Iterator[bytes],
        index: SourceIndex,
        progress: Progress,
    ) -> None:
        """Read the members of a relation, owner by owner.

        Args:
            key: The relation's field.
            class_name: The class of the owners.
            target_class: The class of the members.
            owners: Keys of the owners to ask for, in order.
            index: Where the pairs go, as the class ``_Join:<key>:<class_name>``.
            progress: Told after each owner.

        Raises:
            HarnessError: The source cannot be read on; what was read is kept.
        """
        name = f"_Join:{key}:{class_name}"
        state = index.begin(name)
        if state.done:
            return
        done, rows = state.last or b"", state.rows
        for owner in owners:
            if owner <= done or not _readable(owner):
                continue
            found = list(self._members(key, class_name, target_class, owner))
            index.add(name, found, Page(done, owner, len(found)))
            done, rows = owner, rows + len(found)
            progress(name, rows)
        index.finish(name)

    def _members(
        self, key: str, class_name: str, target_class: str, owner: bytes
    ) -> Iterator[Entry]:
        owning_id = owner.decode()
        pointer = {"__type": "Pointer", "className": class_name, "objectId": owning_id}
        after = b""
        while True:
            where: dict[str, Any] = {"$relatedTo": {"object": pointer, "key": key}}
            if after:
                where["objectId"] = {"$gt": after.decode()}
            entries = self._entries(target_class, where, self._limit, after, keys="objectId")
            if not entries:
                return
            after = entries[-1].key
            for entry in entries:
                related_id = entry.key.decode()
                body = json.dumps({"owningId": owning_id, "relatedId": related_id}).encode()
                yield Entry(join_key(owning_id, related_id), body)

    # Counting

    def _census(self, name: str, index: SourceIndex) -> Census:
        """Count what was read against what the server counts, and mend what differs."""
        state = index.state(name)
        assert state is not None
        if self._count(name, b"", None) == state.rows:
            return Census()
        pages = index.pages(name)
        reread = 0
        for page in pages:
            counted = self._count(name, page.after, page.last)
            if counted == page.rows:
                continue
            reread += 1
            entries = list(self._range(name, page))
            index.replace(name, page, entries)
            counted = self._count(name, page.after, page.last)
            if counted != len(entries):
                return Census(
                    f"between the ids {shown_key(page.after)!r} and {shown_key(page.last)!r} the "
                    f"source lists {len(entries)} objects and counts {counted}",
                    reread,
                )
        last = pages[-1].last if pages else b""
        late = list(self._range(name, Page(last, b"", 0)))
        if late:
            index.add(name, late, Page(last, late[-1].key, len(late)))
        state = index.state(name)
        assert state is not None
        if not pages and not late and (counted := self._count(name, b"", None)):
            return Census(f"the source lists no object and counts {counted}", reread)
        return Census("", reread)

    def _range(self, name: str, page: Page) -> Iterator[Entry]:
        after = page.after
        while True:
            entries = self._page(name, after, page.last or None)
            if not entries:
                return
            yield from entries
            after = entries[-1].key

    def _count(self, name: str, after: bytes, last: bytes | None) -> int:
        # A condition makes a Parse Server count; without one it estimates (MongoCollection.count).
        limits = {"$gt": after.decode()} | ({"$lte": last.decode()} if last else {})
        params = {"where": {"objectId": limits}, "count": 1, "limit": 0}
        reply = self._send(f"classes/{name}", lambda: params)
        counted = reply.json.get("count") if isinstance(reply.json, dict) else None
        if not isinstance(counted, int) or isinstance(counted, bool):
            raise HarnessError(
                f"target {self._target.name!r} answered a count of {name} without a count"
            )
        return counted

    # Asking

    def _limit(self) -> int:
        return self._rows

    def _page(self, name: str, after: bytes, last: bytes | None = None) -> list[Entry]:
        limits = ({"$gt": after.decode()} if after else {}) | (
            {"$lte": last.decode()} if last else {}
        )
        where = {"objectId": limits} if limits else {}
        return self._entries(name, where, self._limit, after)

    def _entries(
        self,
        name: str,
        where: dict[str, Any],
        limit: Callable[[], int],
        after: bytes,
        *,
        keys: str = "",
        ordered: bool = True,
    ) -> list[Entry]:
        def params() -> dict[str, Any]:
            asked: dict[str, Any] = {"order": "objectId", "limit": limit()}
            if where:
                asked["where"] = where
            if keys:
                asked["keys"] = keys
            return asked

        found: list[Row] = []

        def judge(reply: Reply) -> None:
            found[:] = read_page(reply.body)

        reply = self._send(f"classes/{name}", params, judge)
        self._adapt(len(reply.body), len(found))
        entries = [_entry(row, name) for row in found]
        for entry in entries if ordered else ():
            if entry.key <= after:
                raise HarnessError(
                    f"target {self._target.name!r} lists {name} out of order: "
                    f"{shown_key(entry.key)!r} after {shown_key(after)!r}; "
                    "objects may be left out, so it was not read on"
                )
            after = entry.key
        return entries

    def _send(
        self,
        path: str,
        params: Callable[[], dict[str, Any]],
        judge: Callable[[Reply], None] | None = None,
    ) -> Reply:
        """Send a request until it is answered, with smaller pages after each failure."""
        problem = ""
        for failures in range(1, self._options.tries + 1):
            self._pace.before_request()
            self.requests += 1
            retry_after = None
            try:
                reply = self._client.get(path, params=params(), raw=True)
                self._pace.after_answer(len(reply.body))
                if reply.ok:
                    reply.must_be_parse()
                    if judge is not None:
                        judge(reply)
                    return reply
                problem = f"status {reply.status} {reply.text.strip()[:300]}"
                retry_after = reply.headers.get("Retry-After")
                _raise_if_final(reply, self._target, path)
            except RowError as error:
                problem = f"its answer to {path} is broken: {error}"
            except HarnessError as error:
                if isinstance(error, _Final):
                    raise
                problem = str(error)
            self._rows = max(1, self._rows // 2)
            if failures < self._options.tries:
                self._options.pause(wait_after(failures, retry_after))
        raise HarnessError(
            f"target {self._target.name!r} did not answer GET {path} in {self._options.tries} "
            f"tries; at last: {problem}"
        )

    def _adapt(self, size: int, rows: int) -> None:
        if rows == 0:
            return
        fits = max(1, PAGE_BYTES * rows // max(1, size))
        self._rows = max(1, min(self._options.page_rows, self._rows * 2, fits))


class _Final(HarnessError):
    """Asking again would not help."""


class _NotThere(_Final):
    """The server has no such endpoint or object."""


def _raise_if_final(reply: Reply, target: Target, path: str) -> None:
    error = reply.error
    if reply.status >= 500 or reply.status in (408, 425, 429):
        return
    if error is not None and error.code in _RETRIED_CODES:
        return
    shown = f"status {reply.status} {reply.text.strip()[:300]}"
    if path == "schemas" or (error is not None and error.code == OBJECT_NOT_FOUND):
        raise _NotThere(f"target {target.name!r} answers {path} with {shown}")
    hint = "; check master_key in its settings" if reply.status in (401, 403) else ""
    raise _Final(f"target {target.name!r} refuses GET {path}: {shown}{hint}")


def _entry(row: Row, name: str) -> Entry:
    object_id = row.value.get("objectId")
    if not isinstance(object_id, str) or not object_id:
        raise HarnessError(f"an object of {name} came without an objectId")
    return Entry(key_of(object_id), dump(row.value), row.doubt)


def dump(value: dict[str, Any]) -> bytes:
    """Return an object as JSON text that :meth:`Entry.value` reads back exactly."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _readable(key: bytes) -> bool:
    """Return whether an id can be sent in a query: no lone surrogates."""
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True
