from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.jobs.preflight.status import MigrationStatus, read_status
from parity.model import Outcome, UserError


def test_a_status_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "migration.json"
    file.write_text('{"state": "syncing", "copied_at": "2016-04-20T12:00:00+02:00", "retries": 1}')
    moment = datetime(2016, 4, 20, 10, tzinfo=UTC)
    assert read_status(file) == MigrationStatus("syncing", moment, 1)


def test_a_copy_that_ends_in_the_future_is_not_judged() -> None:
    status = MigrationStatus(copied_at=datetime(2036, 4, 20, 10, tzinfo=UTC))
    finalized = status.judge(datetime(2016, 4, 20, 10, tzinfo=UTC))[1]
    assert finalized.outcome is Outcome.UNSUPPORTED
    assert "in the future" in finalized.seen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        '{"state": "done"}',
        '{"state": 5}',
        '{"sate": "syncing"}',
        '{"copied_at": "yesterday"}',
        '{"copied_at": "2016-04-20T10:00:00"}',
        '{"copied_at": 5}',
        '{"retries": -1}',
        '{"retries": true}',
        '{"max_retries": null, "retries": 1.5}',
        "[" * 100_000,
    ],
)
def test_what_cannot_be_understood_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "migration.json"
    file.write_text(text)
    with pytest.raises(UserError, match="no migration status") as caught:
        read_status(file)
    assert caught.value.code == "migration-status"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_status(tmp_path / "gone.json")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(["state", "copied_at", "retries", "max_retries", "x"]), _JSON)
)
def test_any_json_is_a_status_or_an_error_of_the_user(
    tmp_path: Path, value: dict[str, object]
) -> None:
    file = tmp_path / "migration.json"
    file.write_text(json.dumps(value))
    try:
        status = read_status(file)
    except UserError:
        return
    assert status.judge(datetime(2016, 4, 20, tzinfo=UTC))
