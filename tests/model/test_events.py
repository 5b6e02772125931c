from __future__ import annotations

import pytest

from parity.model import Secret, Style, Target
from parity.model.events import Header, TableEvent, TargetFacts
from parity.model.plain import body_text, utc_now
from parity.model.target import Keys


def test_a_long_body_says_how_much_was_left_out() -> None:
    assert body_text(b"abc", 3) == "abc"
    assert body_text("abcdé", 3) == "abc…(+3 bytes)"
    assert body_text(b"\xffab", 9) == "\ufffdab"


def test_target_facts_hold_no_secret() -> None:
    target = Target(
        name="selfhosted",
        style=Style.PARSE_SERVER,
        url="http://127.0.0.1:1/parse",
        app_id=Secret("planted-app"),
        keys=Keys(rest_key=Secret("planted-rest"), master_key=Secret("planted-master")),
        mongo=Secret("planted-mongo"),
        version="9.10.0",
    )

    shown = TargetFacts.of(target)

    assert shown.keys == ("rest_key", "master_key")
    assert shown.server_version == "9.10.0"
    assert TargetFacts.of(target, server_version="8.6.0").server_version == "8.6.0"
    assert "planted" not in repr(shown)


def test_the_time_is_utc_with_milliseconds() -> None:
    started = Header("run", utc_now(), "0.1.0", None, (), ()).started_at

    assert started.endswith("Z")


def test_a_row_of_a_table_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="row 1 has 1 cells for 2 columns"):
        TableEvent("t", "title", ("a", "b"), ((1, 2), (3,)))


def test_a_cell_that_json_cannot_hold_becomes_text() -> None:
    table = TableEvent("t", "title", ("a",), ((float("nan"),), (b"x",)))

    assert table.rows == (("nan",), ("b'x'",))
