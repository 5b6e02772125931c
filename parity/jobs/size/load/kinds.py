"""The kinds of load: what is settled before, what users share, what is removed afterwards."""

from __future__ import annotations

from parity.jobs.size.load.acting import Arrangement, Load
from parity.jobs.size.load.order import LoadOrder


def arrange_load(order: LoadOrder, mark: str) -> Arrangement:
    """Settle what all processes of a run must agree on; see :class:`Arrangement`."""
    if order.kind == "rest":
        from parity.jobs.size.load.arranging import arrange  # noqa: PLC0415 - one kind is needed

        return arrange(order, mark)
    if order.kind == "mongo":
        from parity.jobs.size.load.mongo_arranging import arrange_mongo  # noqa: PLC0415

        return arrange_mongo(order, mark)
    return Arrangement(mark)


def make_load(order: LoadOrder, arrangement: Arrangement, worker: int) -> Load:
    """Return what the users of one process share."""
    if order.kind == "rest":
        from parity.jobs.size.load.rest import RestLoad  # noqa: PLC0415 - one kind is needed

        return RestLoad(order, arrangement, worker)
    if order.kind == "mongo":
        from parity.jobs.size.load.mongo import MongoLoad  # noqa: PLC0415

        return MongoLoad(order, arrangement, worker)
    from parity.jobs.size.load.nothing import NothingLoad  # noqa: PLC0415

    return NothingLoad(order, arrangement, worker)
