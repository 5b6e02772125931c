"""Users that behave as clients of a Parse app, over REST; answers are checked by content."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

from parity.jobs.size.load import rest_rows, rest_users
from parity.jobs.size.load.acting import Arrangement, Outcome
from parity.jobs.size.load.arranging import OF_ROWS, needed_fields, plain_client
from parity.jobs.size.load.filling import classes_of
from parity.jobs.size.load.http import Answer, NoAnswer
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.pools import Pools
from parity.jobs.size.load.rest_http import Wire, Wrong
from parity.jobs.size.load.samples import PROBES, Row, sample_rows
from parity.jobs.size.load.stand_ins import made_up_fields, template_of
from parity.profiles.profile import Ask, Operation

READ_BACK_EVERY: Final = 20
"""Of so many writes of a kind one is read back at once and compared; the first one is."""
TEMPLATES: Final = 50
_SESSIONS: Final = frozenset({Ask.SIGN_UP, Ask.LOG_IN, Ask.LOG_OUT})


class RestLoad:
    """What the users of one process share.

    Args:
        order: What was asked for.
        arrangement: What all processes agreed on.
        worker: Number of this process, from 0.
    """

    def __init__(self, order: LoadOrder, arrangement: Arrangement, worker: int) -> None:
        self.order = order
        self.arrangement = arrangement
        self.operations = order.profile.operations
        self.rng = random.Random(f"{order.seed}/{worker}")  # noqa: S311 - protects nothing
        self.wire = Wire(order)
        self.pools = Pools(self.rng)
        self.samples: dict[str, list[Row]] = {}
        self.templates: dict[str, list[dict[str, Any]]] = {}
        self.uploaded: list[str] = []
        self.prefix = f"Parity{arrangement.mark}"
        self.worker = worker
        self._numbers = 0
        self._writes: dict[str, int] = {}
        self.sent = [
            (n, each) for n, each in enumerate(self.operations) if n not in arrangement.skipped
        ]
        self._sample()
        if not order.read_only:
            rest_rows.seed(self)
            rest_users.sign_up_some(self, _SESSIONS)

    def client(self) -> RestClient:
        """Return a new user."""
        return RestClient(self)

    def take_files(self) -> Sequence[str]:
        """Return the names of the files that were uploaded since the last call."""
        files, self.uploaded = self.uploaded, []
        return files

    def close(self) -> None:
        """Nothing is shared that would have to be closed."""

    def number(self) -> int:
        """Return a number that is new in this run."""
        self._numbers += 1
        return self._numbers * 1000 + self.worker

    def read_class(self, class_name: str) -> str:
        """Return the class that is queried in place of one of the profile."""
        if class_name in self.arrangement.made:
            return self.arrangement.stand_ins[class_name]
        return class_name

    def is_read_back(self, what: str) -> bool:
        """Tell whether a write is one of those that are read back at once."""
        count = self._writes.get(what, 0)
        self._writes[what] = count + 1
        return count % READ_BACK_EVERY == 0

    def pick(self, class_name: str) -> Mapping[str, Any] | None:
        """Return some row of a class that was sampled."""
        rows = self.samples.get(class_name)
        return self.rng.choice(rows) if rows else None

    def _sample(self) -> None:
        """Read rows of the app: those that queries are made of, and some to copy for new rows."""
        client = plain_client(self.order)
        read = [each for _, each in self.sent if each.ask in OF_ROWS]
        inner = {name for each in read for name, _ in classes_of(each.where)}
        try:
            for name in sorted({each.class_name for each in read} | inner):
                if name not in self.arrangement.made:
                    fields = needed_fields(self.order, name)
                    self.samples[name] = sample_rows(client, name, fields, self.rng, PROBES)
            for name in self.arrangement.stand_ins:
                rows = [] if name in self.arrangement.made else self._some(client, name)
                self.templates[name] = [template_of(row) for row in rows]
        finally:
            client.close()

    def _some(self, client: Any, class_name: str) -> list[Row]:
        reply = client.get(f"classes/{class_name}", params={"limit": TEMPLATES})
        rows = reply.results if reply.ok else []
        return [row for row in rows if isinstance(row, dict)]

    def fields(self, class_name: str) -> dict[str, str]:
        """Return the fields of a class that the app has no rows of."""
        return made_up_fields(self.operations, class_name)


class RestClient:
    """One user: one connection, and a session if the app has users."""

    def __init__(self, load: RestLoad) -> None:
        self.load = load
        self.pools = load.pools
        self.wire = load.wire
        self.connection = load.wire.connection()
        self.token = load.rng.choice(load.pools.tokens) if load.pools.tokens else ""
        self.answer = Answer(0, b"", 0.0, 0.0)
        self.first_sent = 0.0
        self.received = 0
        makers: dict[Ask, Callable[[RestClient, Operation], Callable[[], str]]] = {
            **rest_rows.MAKERS,
            **rest_users.MAKERS,
        }
        self._do: list[Callable[[], str] | None] = [None] * len(load.operations)
        for number, operation in load.sent:
            self._do[number] = makers[operation.ask](self, operation)

    def perform(self, operation: int) -> Outcome:
        """Do an operation of the profile and check the answer."""
        do = self._do[operation]
        assert do is not None
        name = ""
        self.first_sent = 0.0
        self.received = 0
        failure = ""
        try:
            name = do()
        except (NoAnswer, Wrong) as error:
            failure = f"{self.load.operations[operation].ask}: {error}"
            if isinstance(error, NoAnswer):
                return self._outcome(self.load.operations[operation].name, failure, lost=True)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            # An answer of a form that nobody thought of.
            failure = f"{self.load.operations[operation].ask}: {type(error).__name__}: {error}"
        return self._outcome(name or self.load.operations[operation].name, failure, lost=False)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def ask(self, request: bytes) -> Answer:
        """Send a request; times of the operation count from the first to the last."""
        if not self.first_sent:
            self.first_sent = monotonic()
        self.answer = self.connection.send(request)
        self.received += len(self.answer.body)
        return self.answer

    def check(self, request: bytes) -> Answer:
        """Send a request that only checks what another one did; its time does not count."""
        return self.connection.send(request)

    def _outcome(self, name: str, failure: str, *, lost: bool) -> Outcome:
        ended = monotonic() if lost or not self.answer.ended else self.answer.ended
        return Outcome(name, self.first_sent or ended, ended, failure, self.received)
