"""Proves before the load begins that every operation makes a round trip to MongoDB.

A cursor of PyMongo sends nothing until it is read. A load test that makes cursors and never reads
them measures nothing, very fast.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from pymongo.monitoring import CommandListener

from parity.jobs.size.load.mongo_client import connect
from parity.model.errors import HarnessError
from parity.profiles.profile import Ask

if TYPE_CHECKING:
    from parity.jobs.size.load.mongo import MongoLoad

COMMANDS: Final[dict[Ask, tuple[str, ...]]] = {
    Ask.QUERY: ("find",),
    Ask.COUNT: ("aggregate", "count"),
    Ask.GET: ("find",),
    Ask.CREATE: ("insert",),
    Ask.UPDATE: ("findAndModify", "insert"),
    Ask.DELETE: ("delete", "insert"),
    Ask.BATCH: ("insert",),
    Ask.SIGN_UP: ("insert",),
    Ask.LOG_IN: ("insert",),
    Ask.LOG_OUT: ("delete", "insert"),
    Ask.INSTALLATION: ("insert",),
    Ask.UPLOAD: ("insert",),
    Ask.DOWNLOAD: ("find", "insert"),
}
"""The commands of which each operation sends at least one that is answered."""


class Answered(CommandListener):
    """Counts the commands that a server has answered."""

    def __init__(self) -> None:
        self.commands: Counter[str] = Counter()

    def started(self, event: Any) -> None:
        """A command that was sent says nothing yet."""

    def succeeded(self, event: Any) -> None:
        """Count an answer."""
        self.commands[event.command_name] += 1

    def failed(self, event: Any) -> None:
        """Count an answer that is an error: the round trip was made."""
        self.commands[event.command_name] += 1


def self_test(load: MongoLoad) -> None:
    """Do every operation once, on a connection that counts what is answered.

    Raises:
        HarnessError: One of them sent nothing, or what it got is wrong.
    """
    answered = Answered()
    client, database = connect(load.order.target, 2, [answered])
    with client:
        user = load.client(database)
        for number, operation in load.sent:
            before = answered.commands.copy()
            outcome = user.perform(number)
            if outcome.failure:
                raise HarnessError(f"the self-test of the Mongo user failed: {outcome.failure}")
            sent = answered.commands - before
            wanted = COMMANDS[operation.ask]
            if not any(sent[name] for name in wanted):
                raise HarnessError(
                    f"the self-test of the Mongo user failed: {operation.name} sent no "
                    f"{' or '.join(wanted)}; was its cursor never read?"
                )
