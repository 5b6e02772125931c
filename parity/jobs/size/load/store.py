"""What a workload needs of a store: the Parse Server of an app, or MongoDB itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

from pydantic import TypeAdapter

from parity.jobs.size.load.order import LoadOrder
from parity.model.errors import HarnessError
from parity.profiles.profile import Ask, Operation

Row = Mapping[str, Any]
"""A row as JSON of REST, unless it is said that it is as the store has it."""
DEFAULT_LIMIT: Final = 100
"""Rows of a query without a limit (REST guide, "Queries")."""
OF_ROWS: Final = frozenset({Ask.QUERY, Ask.COUNT, Ask.GET})
"""Operations that read rows of a class."""
OF_SESSIONS: Final = frozenset({Ask.SIGN_UP, Ask.LOG_IN, Ask.LOG_OUT})
NOT_THERE: Final = "a row that was saved is not there"
NOT_WHAT_WAS_SENT: Final = "a saved value is not what was sent"


class Wrong(Exception):
    """An answer that a Parse server would not give; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request of the schedule.

    Attributes:
        name: What was done: ``query Post where(author)``; a log-out without anybody logged in is
            a log-in.
        sent: When it was sent, on the monotonic clock.
        ended: When its answer was complete.
        failure: Why the answer is wrong; empty if it is right.
        received: Bytes of the body.
    """

    name: str
    sent: float
    ended: float
    failure: str = ""
    received: int = 0


@dataclass(frozen=True, slots=True)
class Setup:
    """What is settled once for all processes of a run, before they begin.

    Attributes:
        mark: Mark of the run.
        skipped: Why an operation of the profile is not sent, by its number.
        stand_ins: Class that is written in place of each class of the profile.
        made: Classes that the app has no rows of; the run makes some, in the stand-in.
    """

    mark: str
    skipped: dict[int, str] = field(default_factory=dict)
    stand_ins: dict[str, str] = field(default_factory=dict)
    made: tuple[str, ...] = ()

    def to_json(self) -> Any:
        """Return it for another process."""
        return TypeAdapter(Setup).dump_python(self, mode="json")

    @classmethod
    def from_json(cls, data: Any) -> Setup:
        """Read what :meth:`to_json` wrote."""
        return TypeAdapter(Setup).validate_python(data)

    def weights(self, order: LoadOrder) -> tuple[float, ...]:
        """Return the weight of each operation, 0 for those that are not sent."""
        operations = enumerate(order.profile.operations)
        return tuple(0.0 if n in self.skipped else one.weight for n, one in operations)

    def read_class(self, class_name: str) -> str:
        """Return the class that is queried in place of one of the profile."""
        return self.stand_ins[class_name] if class_name in self.made else class_name


class User(Protocol):
    """One user of a load: does one thing after the other."""

    def perform(self, number: int) -> Outcome:
        """Do an operation of the profile and check the answer."""

    def close(self) -> None:
        """Close its connections."""


class Load(Protocol):
    """What the users of one process share."""

    def user(self) -> User:
        """Return a new user."""

    def take_files(self) -> list[str]:
        """Return the names of the files that were uploaded since the last call."""

    def close(self) -> None:
        """Close what is shared."""


Find = Callable[[Row, Row | None], tuple[list[Row], Row]]
"""Asks a query with values, and tells the row that they are from, which may decide who asks.

Returns the rows and the condition that they must match, both as the store has them.
"""


class StoreConnection(ABC):
    """One user's way to a store. What it sends is timed, unless it only checks something.

    Attributes:
        token: Session that it works with; empty for none.
        sent: When the first request of an operation was sent, on the monotonic clock.
        ended: When the last one was answered.
        received: Bytes of the bodies.
    """

    token = ""
    sent = 0.0
    ended = 0.0
    received = 0

    @abstractmethod
    def finder(self, operation: Operation) -> Find:
        """Return what asks a query of a shape."""

    @abstractmethod
    def counter(self, operation: Operation) -> Callable[[Row, Row | None], int]:
        """Return what counts the rows of a shape."""

    @abstractmethod
    def getter(self, operation: Operation) -> Callable[[str], Row | None]:
        """Return what gets a row by its id, as the store has it; ``None``: nobody may see it."""

    @abstractmethod
    def fetch(self, class_name: str, object_id: str, *, timed: bool = False) -> Row | None:
        """Return all of a row that everybody may read; ``None`` if there is none."""

    @abstractmethod
    def create(self, class_name: str, fields: Row) -> str:
        """Create a row; return its id."""

    @abstractmethod
    def create_many(self, class_name: str, rows: list[dict[str, Any]]) -> list[str]:
        """Create several rows as one batch; return their ids."""

    @abstractmethod
    def update(self, class_name: str, object_id: str, fields: Row) -> None:
        """Change some fields of a row."""

    @abstractmethod
    def delete(self, class_name: str, object_id: str) -> None:
        """Delete a row."""

    @abstractmethod
    def sign_up(self, name: str, password: str) -> tuple[str, str]:
        """Make a user; return the id and a session token."""

    @abstractmethod
    def log_in(self, name: str, password: str) -> tuple[str, str]:
        """Begin a session; return the id of the user and the token."""

    @abstractmethod
    def log_out(self, token: str) -> None:
        """End a session."""

    @abstractmethod
    def is_logged_in(self, token: str) -> bool:
        """Tell whether a session works; not timed."""

    @abstractmethod
    def register(self, fields: Row) -> None:
        """Register a device: an installation."""

    @abstractmethod
    def upload(self, name: str, content: bytes) -> str:
        """Upload a file; return the name that it got."""

    @abstractmethod
    def download(self, name: str) -> bytes:
        """Return the content of a file."""

    @abstractmethod
    def call(self, function: str, parameters: Row) -> None:
        """Call a cloud function; any result is right, an error is not."""

    @abstractmethod
    def close(self) -> None:
        """Close what is this user's own."""


class Store(ABC):
    """What the users of one process share of a store.

    Attributes:
        ERRORS: What a connection raises when no answer comes.
        ROW_ID: The key of a row's id, as the store has it.
        UNTOUCHED: Classes that are neither written nor made up.
    """

    ERRORS: ClassVar[tuple[type[Exception], ...]] = ()
    ROW_ID: ClassVar[str] = "objectId"
    UNTOUCHED: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def connect(self) -> StoreConnection:
        """Return the connection of a new user."""

    @abstractmethod
    def sample(self, class_name: str, fields: Iterable[str], most: int) -> list[Row]:
        """Return rows that are spread over a class, with the fields that are needed."""

    @abstractmethod
    def templates(self, class_name: str, most: int) -> list[Row]:
        """Return some whole rows of a class, to copy for new ones."""

    @abstractmethod
    def refusal(self, operation: Operation, where: Row) -> str:
        """Return why an operation cannot be sent, with some values in it; empty if it can."""

    @abstractmethod
    def stand_in(self, name: str, class_name: str, fields: Mapping[str, str]) -> None:
        """Make the class that is written in place of another, with its fields and indexes.

        Args:
            name: Its name.
            class_name: The app's class.
            fields: Types of its fields, if the app has no such class.
        """

    def own_classes(self, asks: Collection[Ask]) -> set[str]:  # noqa: ARG002 - a server has its own
        """Return the classes that operations on users and devices write."""
        return set()

    def begin(self, setup: Setup, fields: Mapping[str, Mapping[str, str]]) -> None:  # noqa: B027
        """Take note of the classes that stand in for others, and of the fields of made-up ones."""

    @abstractmethod
    def sort_key(self, operation: Operation) -> tuple[str, int] | None:
        """Return what rows are ordered by first, as the store has it: ``("score", -1)``."""

    def rehearse(self, load: Any) -> None:  # noqa: B027
        """Prove before a load begins that every operation of it is really sent."""

    @abstractmethod
    def failure(self, error: Exception) -> str:
        """Return what to say of one of :attr:`ERRORS`, without a value of anybody."""

    @abstractmethod
    def cannot_use(self, error: Exception) -> HarnessError:
        """Return what to say when it happens before the load begins."""

    @abstractmethod
    def close(self) -> None:
        """Close what is shared."""


def open_store(order: LoadOrder) -> Store:
    """Open the store that an order is about.

    Raises:
        HarnessError: MongoDB does not answer.
    """
    if order.kind == "mongo":
        from parity.jobs.size.load.mongo_store import MongoStore  # noqa: PLC0415 - one is needed

        return MongoStore(order)
    from parity.jobs.size.load.rest_store import RestStore  # noqa: PLC0415

    return RestStore(order)
