"""The database of the target is sound in itself: the audit, one check for each of its codes."""

from __future__ import annotations

import pytest

from parity.jobs.audit import codes
from parity.jobs.audit.checks import FETCHED, LOGINS
from parity.jobs.audit.engine import AuditReport
from parity.model import Target
from parity.model.finding import Code
from parity.plugin.expect import Expect

pytestmark = [
    pytest.mark.area("data"),
    pytest.mark.effect("reads"),
    pytest.mark.spec("migration-guide/1-migrate-parse-db"),
]


def _checks() -> list[object]:
    decided = [code for code in codes.CODES.values() if code not in FETCHED and code not in LOGINS]
    return [
        pytest.param(
            code,
            id=str(code),
            marks=[
                pytest.mark.title(f"{code}: there is none of: {code.title}"),
                pytest.mark.level("should" if code.severity == "benign" else "must"),
            ],
        )
        for code in decided
    ]


@pytest.mark.parametrize("code", _checks())
def test_data_is_sound(target: Target, audited: AuditReport, expect: Expect, code: Code) -> None:
    """Nothing of this kind is wrong with the stored data, unless it is harmless."""
    if code is codes.FILE_MISSING and not audited.gridfs:
        pytest.skip("no files are in GridFS, so their existence cannot be looked up")
    found = [
        {
            "collection": each.collection,
            "field": each.field,
            "count": each.count,
            "examples": [one.id for one in each.examples],
            "mend": each.remedy,
        }
        for each in audited.of(code)
        if each.fails
    ]
    expect.equal(found, [], at=f"$.{code}")


def test_something_was_read(target: Target, audited: AuditReport, expect: Expect) -> None:
    """The database holds documents: an audit of nothing finds nothing."""
    expect.equal(audited.documents > 0, expected=True, at="$.documents")
