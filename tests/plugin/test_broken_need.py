"""What a target does wrong is never called unsupported: a run that needs it does not pass."""

from __future__ import annotations

import pytest

from parity.model import Outcome
from tests.fake_parse import FakeParse
from tests.plugin.conftest import Run, evidence_of

SUITE = '''
import pytest

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#signing-up")]


def test_guest(new_guest):
    """A guest signs up."""
    new_guest()


@pytest.mark.requires("anonymous_users")
def test_marked(parse):
    """The config is answered."""
    parse.get("config")
'''


@pytest.mark.parametrize(("status", "outcome"), [(500, Outcome.ERROR), (400, Outcome.UNSUPPORTED)])
def test_a_sign_up_that_breaks_is_an_error_and_one_that_is_refused_is_unsupported(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run, status: int, outcome: Outcome
) -> None:
    configured.makepyfile(test_suite=SUITE)
    body = b'{"code":1,"error":"no"}'
    fake_parse.misbehave = lambda method, path: (
        (status, {"Content-Type": "application/json"}, body) if path == "users" else None
    )

    result = run()

    assert result.ret != 0
    assert [check.outcome for check in evidence_of(configured.path).checks] == [outcome, outcome]
