"""The fixtures that a check may ask for. They are public: a team's own suites use them too."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from parity.model import Target
from parity.plugin.expect import Expect
from parity.plugin.recorder import Record, Recorder
from parity.plugin.state import RECORD, RECORDER, RUN
from parity.targets import Namespace, ParseClient

NewClass = Callable[..., str]
NewUser = Callable[..., "User"]
NewGuest = Callable[..., "User"]


@dataclass(frozen=True, slots=True)
class User:
    """A user that was signed up for one check.

    Attributes:
        id: Object id.
        username: User name, with the run's prefix.
        password: Password.
        token: Session token.
        client: A client with that session.
    """

    id: str
    username: str
    password: str
    token: str
    client: ParseClient


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    """The target that this check runs on; every check is run once for each target."""
    return request.config.stash[RUN].targets[request.param]


@pytest.fixture
def parse(request: pytest.FixtureRequest, target: Target) -> ParseClient:
    """A client with the REST key and no session."""
    return _pool(request).client(target)


@pytest.fixture
def master(parse: ParseClient, request: pytest.FixtureRequest) -> ParseClient:
    """A client with the master key; without one the check is unsupported."""
    request.config.stash[RUN].need(parse.target.name, "master_key")
    return parse.as_master()


@pytest.fixture
def expect(request: pytest.FixtureRequest, target: Target) -> Expect:  # noqa: ARG001 - a check has one
    """Compares replies with what the documentation says, knowing the known differences."""
    record: Record = request.node.stash[RECORD]
    return record.expect


@pytest.fixture(scope="session")
def namespace(request: pytest.FixtureRequest) -> Namespace:
    """Names that belong to this run alone."""
    return request.config.stash[RUN].namespace


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers that are the same for the same ``--seed`` and check, on every target."""
    record: Record | None = request.node.stash.get(RECORD, None)
    name = record.check.id if record is not None else request.node.nodeid
    return random.Random(  # noqa: S311 - test data
        f"{request.config.stash[RUN].plan.seed}/{name}"
    )


@pytest.fixture
def new_class(request: pytest.FixtureRequest, target: Target, namespace: Namespace) -> NewClass:
    """Make up class names: ``new_class("GameScore")`` returns one that is new.

    Where clients may not create classes, the class is made with the master key.
    """
    run = request.config.stash[RUN]
    client = _pool(request).client(target)

    def make(base: str = "GameScore") -> str:
        name = namespace.class_name(base)
        if run.facts[target.name].missing(("client_class_creation",)) is not None:
            missing = run.facts[target.name].missing(("master_key",))
            if missing is not None:
                pytest.skip(
                    f"needs a new class, and neither clients nor we may create it: {missing.reason}"
                )
            made = client.as_master().post(f"schemas/{name}", {"className": name})
            made.needed(f"the class {name}")
        return name

    return make


@pytest.fixture
def new_user(parse: ParseClient, namespace: Namespace) -> NewUser:
    """Sign users up, each with a session of its own.

    ``alice = new_user("alice", score=1)`` is a :class:`User`.
    """

    def make(base: str = "user", password: str | None = None, **fields: Any) -> User:
        username = namespace.user_name(base)
        password = password or f"pw-{uuid.uuid4().hex}"
        reply = parse.using(revocable_session=True).sign_up(username, password, **fields)
        reply.needed("a test user", 201)
        token = reply["sessionToken"]
        return User(reply["objectId"], username, password, token, parse.as_user(token))

    return make


@pytest.fixture
def new_guest(request: pytest.FixtureRequest, parse: ParseClient, namespace: Namespace) -> NewGuest:
    """Sign users up by anonymous authData, which is fast.

    ``alice = new_guest("alice", phone="1")`` is a :class:`User` whose ``password`` is the anonymous
    id. No password is hashed; use them where a check is not about passwords. Where a target
    refuses anonymous users, the check is unsupported.
    """
    request.config.stash[RUN].need(parse.target.name, "anonymous_users")

    def make(base: str = "guest", **fields: Any) -> User:
        username = namespace.user_name(base)
        anonymous_id = str(uuid.uuid4())
        body = {"username": username, "authData": {"anonymous": {"id": anonymous_id}}, **fields}
        reply = parse.using(revocable_session=True).post("users", body)
        reply.needed("a guest", 201)
        token = reply["sessionToken"]
        return User(reply["objectId"], username, anonymous_id, token, parse.as_user(token))

    return make


class Pool:
    """One connection pool for each target, shared by all checks of a process.

    Args:
        recorder: Is told of every exchange.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._clients: dict[str, ParseClient] = {}

    def client(self, target: Target) -> ParseClient:
        """Return the client of a target, with the REST key or whichever key there is."""
        if target.name not in self._clients:
            client = ParseClient(target, observer=self._recorder.observe)
            self._clients[target.name] = client
        return self._clients[target.name]

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()


@pytest.fixture(scope="session")
def _parity_pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    pool = Pool(request.config.stash[RECORDER])
    yield pool
    pool.close()


def _pool(request: pytest.FixtureRequest) -> Pool:
    pool: Pool = request.getfixturevalue("_parity_pool")
    return pool
