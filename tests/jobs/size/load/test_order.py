from __future__ import annotations

import json

from parity.jobs.size.load.order import LoadOrder
from parity.model import Secret, Style, Target, Writes
from tests.jobs.size.load.conftest import order


def test_an_order_arrives_as_it_was_sent() -> None:
    target = Target(
        "app", Style.PARSE_SERVER, "http://127.0.0.1:9/parse", Secret("app"),
        writes=Writes.DISPOSABLE,
    )  # fmt: skip
    sent = order(target, seed=7, mark="abc123", speed=2.0, grace_s=1.5)
    assert LoadOrder.from_json(json.loads(json.dumps(sent.to_json()))) == sent
