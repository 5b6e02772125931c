"""Settles what all processes of a run must agree on, before the load begins.

Which operations of the profile can be sent at all, and which classes stand in for the app's own.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

from parity.jobs.size.load.acting import Arrangement
from parity.jobs.size.load.filling import CannotFill, classes_of, fields_of, fill
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.samples import Row, sample_rows
from parity.jobs.size.load.stand_ins import WRITES_ROWS, made_up_fields, make_stand_in
from parity.model import UserError, Writes
from parity.profiles.profile import Ask, Operation
from parity.targets.client import ParseClient
from parity.targets.interlocks import WriteRefused, refuse_write

SYSTEM_WRITES: Final = frozenset({"_User", "_Installation", "_Session", "_Role"})
"""Classes whose writes other operations of a profile are made for: sign-up, installation."""
OF_ROWS: Final = frozenset({Ask.QUERY, Ask.COUNT, Ask.GET})
_TRIES: Final = 50


def arrange(order: LoadOrder, mark: str) -> Arrangement:
    """Look at the target and make what the load needs there.

    Args:
        order: What was asked for.
        mark: Mark of the run.

    Raises:
        UserError: Nothing of the profile can be sent.
        HarnessError: The target does not answer as a Parse server does.
    """
    client = plain_client(order)
    try:
        return _Arranger(order, mark, client).arrange()
    finally:
        client.close()


def plain_client(order: LoadOrder) -> ParseClient:
    """Return a client that sends what the app's own clients send."""
    return ParseClient(order.target).using(key=client_key(order))


def client_key(order: LoadOrder) -> Any:
    """Return the name of the key that the app's clients send; ``None`` if there is none."""
    names = [name for name, _ in order.target.keys.items()]
    wanted = ("rest_key", "client_key", "javascript_key", "dotnet_key")
    return next((name for name in wanted if name in names), None)


class _Arranger:
    def __init__(self, order: LoadOrder, mark: str, client: ParseClient) -> None:
        self.order = order
        self.mark = mark
        self.client = client
        self.rng = random.Random(order.seed)  # noqa: S311 - chooses rows, protects nothing
        self.rows: dict[str, list[Row]] = {}
        self.skipped: dict[int, str] = {}
        self.made: set[str] = set()

    def arrange(self) -> Arrangement:
        operations = self.order.profile.operations
        for number, operation in enumerate(operations):
            reason = self.obstacle(operation)
            if reason:
                self.skipped[number] = reason
        sent = [each for n, each in enumerate(operations) if n not in self.skipped]
        if not any(each.weight > 0 for each in sent):
            reasons = "; ".join(sorted(set(self.skipped.values()))) or "no weight is above 0"
            raise UserError(
                f"nothing of the profile {self.order.profile.name!r} can be sent to "
                f"{self.order.target.name!r}: {reasons}",
                "Derive a profile from the app's own traffic: parity profile.",
                code="profile",
            )
        written = {each.class_name for each in sent if each.ask in WRITES_ROWS} | self.made
        return Arrangement(
            self.mark, self.skipped, self.stand_ins(written), tuple(sorted(self.made))
        )

    def stand_ins(self, written: set[str]) -> dict[str, str]:
        if not written:
            return {}
        master = self.client.as_master()
        return {
            name: make_stand_in(
                master, self.mark, name, made_up_fields(self.order.profile.operations, name)
            )
            for name in sorted(written)
        }

    def obstacle(self, operation: Operation) -> str:
        """Return why an operation cannot be sent; empty if it can."""
        if operation.ask in OF_ROWS:
            return self.no_rows(operation)
        if operation.ask in WRITES_ROWS and operation.class_name in SYSTEM_WRITES:
            return f"{operation.class_name} is written by sign-ups and installations only"
        if operation.ask is Ask.FUNCTION:
            return self.refused(f"functions/{operation.function}")
        if operation.ask is Ask.DOWNLOAD and self.order.read_only:
            return "no file of the app is known"
        return ""

    def refused(self, path: str) -> str:
        try:
            refuse_write(self.order.target, "POST", path, {})
        except WriteRefused:
            return (
                f'{path}: writes = "{Writes.NAMESPACED}" keeps functions of the app from being '
                "called, because nobody knows what they write"
            )
        return ""

    def no_rows(self, operation: Operation) -> str:
        rows = self.sampled(operation.class_name)
        if rows and operation.ask is Ask.GET:
            return ""
        reason = f"{operation.class_name} has no rows" if not rows else self.unfilled(operation)
        if not reason:
            return ""
        if self.order.read_only or operation.class_name in SYSTEM_WRITES:
            return reason
        if not rows and all(not self.sampled(name) for name, _ in classes_of(operation.where)):
            if list(classes_of(operation.where)):
                return f"{operation.class_name} has no rows to make a query of"
            self.made.add(operation.class_name)
            return ""
        return reason

    def unfilled(self, operation: Operation) -> str:
        rows = self.sampled(operation.class_name)
        reason = ""
        for row in self.rng.sample(rows, min(_TRIES, len(rows))):
            try:
                fill(operation.where, row, self.pick, self.rng)
            except CannotFill as error:
                reason = f"{operation.name}: {error}"
            else:
                return ""
        return reason

    def pick(self, class_name: str) -> Mapping[str, Any] | None:
        rows = self.sampled(class_name) if class_name else []
        return self.rng.choice(rows) if rows else None

    def sampled(self, class_name: str) -> list[Row]:
        if class_name not in self.rows:
            fields = needed_fields(self.order, class_name)
            self.rows[class_name] = sample_rows(self.client, class_name, fields, self.rng, 1)
        return self.rows[class_name]


def needed_fields(order: LoadOrder, class_name: str) -> set[str]:
    """Return the fields whose values the queries of a profile need."""
    found: set[str] = {"objectId"}
    for operation in order.profile.operations:
        if operation.ask not in OF_ROWS:
            continue
        if operation.class_name == class_name:
            found |= fields_of(operation.where)
        for name, where in classes_of(operation.where):
            if name == class_name:
                found |= fields_of(where)
    return found
