"""Replays a recording through wrong servers: which of their faults does the replay report?

One Parse Server stands behind the fault proxy, and its data is removed between trials. Every
request carries the id of its exchange in the header that the proxy takes away, so that it is known
which exchanges a fault changed and what the replay made of each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pymongo
import requests

from parity.capture.recording import RecordedExchange, open_recording
from parity.compare import Register, load_register
from parity.compare.known import parse_version
from parity.jobs.replay.engine import Options, Replay
from parity.jobs.replay.journal import Journal
from parity.jobs.replay.judgement import Answer, Class, Judgement, place
from parity.jobs.replay.order import Node
from parity.jobs.replay.rewrite import Rewritten
from parity.jobs.replay.source import Source
from parity.jobs.replay.survey import survey
from parity.model import Difference, HarnessError, Target
from parity.paths import shipped
from parity.wire.signature import signature
from tests.faults.attribution import HEADER
from tests.faults.model import Fault
from tests.faults.proxy import Proxy
from tests.sdk.install import NEW
from tests.sdk.record import record_sdk, sdk_server

REQUEST_S = 30.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the replay made of one exchange.

    Attributes:
        signature: Method and route.
        outcome: What became of it.
        unexplained: Differences that nothing explains.
        known: The entries that explain the others.
        reason: Why it was not judged, or in part only.
    """

    signature: str
    outcome: Class
    unexplained: tuple[Difference, ...]
    known: tuple[str, ...]
    reason: str

    @property
    def places(self) -> tuple[str, ...]:
        """Where it differs, ``[*]`` for any index."""
        return tuple(place(each) for each in self.unexplained)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the replay made of a server.

    Attributes:
        exchanges: All of them, by id.
        altered: Those that the fault changed, and what of them: ``request``, ``reply``, ``both``.
        stopped: Why the replay could not go on; empty if it did.
        touched: Of the right server, for each fault that was watched: the exchanges that it would
            have changed.
    """

    exchanges: dict[str, Exchange]
    altered: dict[str, str]
    stopped: str = ""
    touched: dict[str, set[str]] = field(default_factory=dict)

    @property
    def different(self) -> dict[str, Exchange]:
        """The exchanges that differ without explanation."""
        return {k: v for k, v in self.exchanges.items() if v.outcome is Class.DIFFERENT}

    @property
    def is_reported(self) -> bool:
        """Whether a person would read of it."""
        return bool(self.stopped or self.different)

    @property
    def outcomes(self) -> Counter[Class]:
        """Number of exchanges by outcome."""
        return Counter(exchange.outcome for exchange in self.exchanges.values())

    def places(self) -> set[str]:
        """Return where anything differs, ``[*]`` for any index."""
        return {each for exchange in self.different.values() for each in exchange.places}

    def first(self) -> tuple[str, Exchange] | None:
        """Return the first exchange that differs, of those that the fault changed if one does."""
        own = {k: v for k, v in self.different.items() if k in self.altered}
        return next(iter((own or self.different).items()), None)

    def unseen(self) -> dict[str, Exchange]:
        """Return the exchanges whose reply was changed and that were not found different."""
        return {
            name: self.exchanges[name]
            for name, what in self.altered.items()
            if what != "request"
            and name in self.exchanges
            and self.exchanges[name].outcome is not Class.DIFFERENT
        }


class ReplayBench:
    """Replays one recording against the server, right or wrong.

    Args:
        server: The embedded server.
        store: Its data.
        proxy: A proxy in front of it.
        recording: What to replay.
        folder: For journals.
    """

    def __init__(
        self, server: Target, store: Store, proxy: Proxy, recording: Path, folder: Path
    ) -> None:
        self.server = server
        self.register = _register(server)
        self._proxy = proxy
        self._folder = folder
        self._numbers = itertools.count(1)
        self._store = store
        with open_recording(recording) as reader:
            total = reader.footer.exchanges if reader.footer is not None else None
            base_url = reader.header.base_url
        self.source = Source(recording, recording.name, base_url, total, truncated=False)
        self._survey = survey(self.source.lines(), self.source.mount)

    def run(
        self,
        fault: Fault | None = None,
        *,
        watch: Sequence[Fault] = (),
        lanes: int = 16,
        recorded: Callable[[RecordedExchange], RecordedExchange] | None = None,
    ) -> Replayed:
        """Empty the server and replay the recording through the proxy.

        Args:
            fault: What the server gets wrong; ``None`` for nothing.
            watch: For the right server: faults whose effect is noted without being passed on.
            lanes: Most requests under way at once.
            recorded: Changes what was recorded, exchange by exchange.
        """
        self._store.empty()
        listener = self._proxy.listen(fault, watch=watch, note=True)
        target = replace(self.server, url=listener.url)
        journal = Journal(self._folder / f"journal-{next(self._numbers)}.jsonl", {})
        found: dict[str, Exchange] = {}

        def observe(
            node: Node, _sent: Rewritten | None, _answer: Answer | None, judgement: Judgement
        ) -> None:
            found[node.exchange.id] = _exchange(node, judgement)

        one = Replay(
            target,
            mount=self.source.mount,
            register=self.register,
            options=Options(lanes=lanes, time_ordered=self._survey.time_ordered),
            journal=journal,
            folder=self._folder,
            shown=lambda *_: None,
            started_at=self._survey.started_at,
            observe=observe,
        )
        stopped = ""
        try:
            asyncio.run(one.run(named(map(recorded, self.source) if recorded else self.source)))
        except HarnessError as error:
            stopped = str(error)
        finally:
            journal.close()
        ordered = {each.id: found[each.id] for each in self.source if each.id in found}
        seen = listener.sightings
        return Replayed(ordered, dict(seen.altered), stopped, dict(seen.touched))


class Store:
    """Empties a Parse Server, as if it had just been started for the first time.

    Classes and fields go through the server, which keeps schemas in memory; rows go through the
    database, which is faster and asks no trigger.

    Args:
        server: With its master key and its database; its state now is what "empty" means.
    """

    def __init__(self, server: Target) -> None:
        assert server.mongo is not None
        assert server.keys.master_key is not None
        self._url = f"{server.url}/schemas"
        self._mongo: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(server.mongo.value)
        self._database = self._mongo.get_default_database()
        self._http = requests.Session()
        self._http.headers.update(
            {
                "X-Parse-Application-Id": server.app_id.value,
                "X-Parse-Master-Key": server.keys.master_key.value,
            }
        )
        self._at_first = self._schemas()

    def close(self) -> None:
        """Close the connections."""
        self._mongo.close()
        self._http.close()

    def empty(self) -> None:
        """Remove every row, every class and every field that was not there at first."""
        for name in self._database.list_collection_names():
            if name != "_SCHEMA":
                self._database[name].delete_many({})
        for name, schema in self._schemas().items():
            before = self._at_first.get(name)
            if before is None:
                self._ask("DELETE", name)
                continue
            change: dict[str, Any] = {}
            new = schema["fields"].keys() - before["fields"].keys()
            if new:
                change["fields"] = {field: {"__op": "Delete"} for field in new}
            if schema["classLevelPermissions"] != before["classLevelPermissions"]:
                change["classLevelPermissions"] = before["classLevelPermissions"]
            if change:
                self._ask("PUT", name, change)
        for name in self._database.list_collection_names():
            if name.startswith("_Join:"):
                self._database[name].drop()

    def _schemas(self) -> dict[str, Any]:
        found = self._http.get(self._url, timeout=REQUEST_S)
        found.raise_for_status()
        return {each["className"]: each for each in found.json()["results"]}

    def _ask(self, method: str, name: str, body: object = None) -> None:
        url = f"{self._url}/{name}"
        self._http.request(method, url, json=body, timeout=REQUEST_S).raise_for_status()


@contextlib.contextmanager
def replay_bench(
    folder: Path, recording: Path | None = None, clients: int = 1
) -> Iterator[ReplayBench]:
    """Start a server with the cloud fixture and a proxy, and stop both at the end.

    Args:
        folder: For journals, and the recording if it is made.
        recording: What to replay; ``None`` records the JavaScript SDK on the same server first.
        clients: How many of them run side by side, if it is recorded.
    """
    with sdk_server() as server, contextlib.ExitStack() as stack:
        assert server.keys.master_key is not None
        store = Store(server)
        stack.callback(store.close)
        if recording is None:
            recording = folder / "sdk.jsonl"
            record_sdk(server, recording, NEW, clients)
        proxy = stack.enter_context(Proxy(server.url, server.keys.master_key.value))
        yield ReplayBench(server, store, proxy, recording, folder)


def named(exchanges: Iterable[RecordedExchange]) -> Iterator[RecordedExchange]:
    """Yield exchanges whose requests say which one they are."""
    for exchange in exchanges:
        headers = (*exchange.request.headers, (HEADER, exchange.id))
        yield replace(exchange, request=replace(exchange.request, headers=headers))


def _register(server: Target) -> Register:
    register = load_register([shipped("scenarios/known-differences")])
    return register.applying(server.style, parse_version(server.version))


def _exchange(node: Node, judgement: Judgement) -> Exchange:
    return Exchange(
        signature(node.operation),
        judgement.outcome,
        tuple(each for each, known in judgement.differences if known is None),
        tuple(known for _, known in judgement.differences if known is not None),
        judgement.reason,
    )
