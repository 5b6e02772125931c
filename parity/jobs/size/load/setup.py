"""Settles what all processes of a run must agree on, before the load begins.

Which operations of the profile can be sent at all, and which classes stand in for the app's own.
"""

from __future__ import annotations

import random
from typing import Final

from parity.jobs.size.load.bind import CannotBind, bind, classes_of, fields_of
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.rows import WRITES_ROWS, made_up_fields, stand_in_name
from parity.jobs.size.load.store import OF_ROWS, Row, Setup, Store, open_store
from parity.model import UserError
from parity.profiles.profile import Ask, Operation

_TRIES: Final = 50
_FEW: Final = 1000
"""Rows of a class that are looked at to see whether a query can be made."""


def set_up(order: LoadOrder, mark: str) -> Setup:
    """Look at the target and make what the load needs there.

    Args:
        order: What was asked for.
        mark: Mark of the run.

    Raises:
        UserError: Nothing of the profile can be sent.
        HarnessError: The target does not answer as it should.
    """
    if order.kind not in ("rest", "mongo"):
        return Setup(mark)
    store = open_store(order)
    try:
        return _Preparation(order, mark, store).setup()
    except store.ERRORS as error:
        raise store.cannot_use(error) from None
    finally:
        store.close()


def needed_fields(order: LoadOrder, class_name: str) -> set[str]:
    """Return the fields whose values the queries of a profile need."""
    found: set[str] = {"objectId"}
    for operation in order.profile.operations:
        for name, where in ((operation.class_name, operation.where), *classes_of(operation.where)):
            if name == class_name and operation.ask in OF_ROWS:
                found |= fields_of(where)
    # Who may see a session is decided by whose it is.
    return found | {"user"} if class_name == "_Session" else found


class _Preparation:
    def __init__(self, order: LoadOrder, mark: str, store: Store) -> None:
        self.order = order
        self.mark = mark
        self.store = store
        self.rng = random.Random(order.seed)  # noqa: S311 - chooses rows, protects nothing
        self.rows: dict[str, list[Row]] = {}
        self.made: set[str] = set()

    def setup(self) -> Setup:
        operations = self.order.profile.operations
        reasons = {number: self.obstacle(one) for number, one in enumerate(operations)}
        skipped = {number: why for number, why in reasons.items() if why}
        sent = [one for number, one in enumerate(operations) if number not in skipped]
        if not any(one.weight > 0 for one in sent):
            reason = "; ".join(sorted(set(skipped.values()))) or "no weight is above 0"
            raise UserError(
                f"nothing of the profile {self.order.profile.name!r} can be sent to "
                f"{self.order.target.name!r}: {reason}",
                "Derive a profile from the app's own traffic: parity profile.",
                code="profile",
            )
        written = {one.class_name for one in sent if one.ask in WRITES_ROWS} | self.made
        written |= self.store.own_classes({one.ask for one in sent})
        return Setup(
            self.mark,
            skipped,
            {name: self.stand_in(name) for name in sorted(written)},
            tuple(sorted(self.made)),
        )

    def stand_in(self, class_name: str) -> str:
        name = stand_in_name(self.mark, class_name)
        fields = made_up_fields(self.order.profile.operations, class_name)
        self.store.stand_in(name, class_name, fields)
        return name

    def obstacle(self, operation: Operation) -> str:
        """Return why an operation cannot be sent; empty if it can."""
        name = operation.class_name
        if operation.ask is Ask.DOWNLOAD and self.order.read_only:
            return "no file of the app is known"
        if operation.ask in WRITES_ROWS and name in self.store.UNTOUCHED:
            return f"{name} is written by sign-ups and installations only"
        if operation.ask not in OF_ROWS:
            return self.store.refusal(operation, {})
        if self.sampled(name):
            return self.unsendable(operation)
        if self.order.read_only or name in self.store.UNTOUCHED:
            return f"{name} has no rows"
        if any(classes_of(operation.where)):
            return f"{name} has no rows to make a query of"
        self.made.add(name)
        return ""

    def unsendable(self, operation: Operation) -> str:
        rows = self.sampled(operation.class_name)
        reason = ""
        for row in self.rng.sample(rows, min(_TRIES, len(rows))):
            try:
                where = bind(operation.where, row, self.pick, self.rng)
            except CannotBind as error:
                reason = f"{operation.name}: {error}"
            else:
                return self.store.refusal(operation, where)
        return reason

    def pick(self, class_name: str) -> Row | None:
        rows = self.sampled(class_name) if class_name else []
        return self.rng.choice(rows) if rows else None

    def sampled(self, class_name: str) -> list[Row]:
        if class_name not in self.rows:
            fields = needed_fields(self.order, class_name)
            self.rows[class_name] = self.store.sample(class_name, fields, _FEW)
        return self.rows[class_name]
