"""Users go on as before: accounts whose owners agreed (see docs/audit.md)."""

from __future__ import annotations

import pytest

from parity.jobs.audit import codes
from parity.jobs.audit.logins import LoginResult
from parity.model import HarnessError, Outcome, Target
from parity.model.finding import Code
from parity.plugin.expect import Expect

pytestmark = [
    pytest.mark.area("data"),
    pytest.mark.effect("writes"),
    pytest.mark.spec("rest/users#logging-in", "rest/sessions"),
]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            codes.LOGIN_PASSWORD,
            id=str(codes.LOGIN_PASSWORD),
            marks=pytest.mark.title("A migrated user logs in with the old password."),
        ),
        pytest.param(
            codes.LOGIN_SESSION,
            id=str(codes.LOGIN_SESSION),
            marks=pytest.mark.title("A session of the old kind upgrades to a revocable one."),
        ),
    ],
)
def test_users_go_on(target: Target, logins: list[LoginResult], expect: Expect, code: Code) -> None:
    """Every account that may be tried goes on as before."""
    mine = [login for login in logins if login.code is code]
    tried = [each for each in mine if each.outcome is not Outcome.UNSUPPORTED]
    if not tried:
        pytest.skip(mine[0].reason if mine else f"no account has what {code} needs")
    for each in tried:
        if each.outcome is Outcome.ERROR:
            raise HarnessError(f"{target.name}: account {each.number}: {each.reason}")
    refused = [
        {"account": each.number, "reason": each.reason}
        for each in tried
        if each.outcome is Outcome.FAIL
    ]
    expect.equal(refused, [], at=f"$.{code}")
