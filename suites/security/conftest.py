"""What the security checks share: classes with secrets in them, and how a leak is judged."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from packaging.version import Version

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.plugin.state import RUN
from parity.targets import ParseClient, Reply

Withheld = Callable[..., None]
Refused = Callable[[Reply], None]


@pytest.fixture
def withheld(expect: Expect) -> Withheld:
    """Expect that an answer does not show a secret anywhere, headers included.

    ``withheld(reply, secret)``; the secret itself never reaches the message of a failure.
    """

    def check(reply: Reply, secret: str) -> None:
        shown = secret in reply.text or any(secret in value for value in reply.headers.values())
        expect.equal("shown" if shown else "withheld", "withheld", at="$secret")

    return check


@pytest.fixture
def refused(expect: Expect) -> Refused:
    """Expect that a request was refused, whatever code a version of the server has for that.

    A server that breaks (5xx) did not refuse.
    """

    def check(reply: Reply) -> None:
        outcome = "done" if reply.ok else "broken" if reply.status >= 500 else "refused"
        expect.equal(outcome, "refused", at="$request")

    return check


@dataclass(frozen=True, slots=True)
class Guarded:
    """A class in which clients must not see one field.

    Attributes:
        name: The class.
        row: Object id of its only row.
        secret: What the field ``secret.pin`` holds.
    """

    name: str
    row: str
    secret: str


@pytest.fixture
def guarded(
    request: pytest.FixtureRequest, parse: ParseClient, master: ParseClient, new_class: NewClass
) -> Guarded:
    """A class with a row whose field ``secret`` is protected from everybody."""
    version = request.config.stash[RUN].facts[parse.target.name].version
    if version is not None and Version(version) < Version("3.2"):
        pytest.skip(f"Parse Server {version} has no protectedFields: they came with 3.2")
    name, secret = new_class("Guarded"), uuid.uuid4().hex
    row = master.create(name, {"title": "a", "secret": {"pin": secret}})
    everybody = {"*": True}
    rights = dict.fromkeys(("find", "get", "count", "create", "update", "delete"), everybody)
    changed = master.put(
        f"schemas/{name}",
        {"classLevelPermissions": {**rights, "protectedFields": {"*": ["secret"]}}},
    )
    assert changed.status == 200, f"protectedFields cannot be set: {changed.status} {changed.text}"
    return Guarded(name, row["objectId"], secret)
