"""Background jobs, which only the master key may start."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from parity.compare import an_object_id
from parity.model import Writes
from parity.plugin.expect import Expect
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("cloud"),
    pytest.mark.spec("rest/cloud-code#background-jobs"),
    pytest.mark.requires("cloud_fixture"),
]

DEADLINE_S = 20


@pytest.fixture
def jobs_allowed(parse: ParseClient, triggers: None) -> None:
    """Jobs concern the whole app, so only targets that are disposable run them."""
    if parse.target.writes is not Writes.DISPOSABLE:
        pytest.skip("jobs are run only where writes are disposable")


@pytest.mark.usefixtures("jobs_allowed")
def test_job_needs_the_master_key(parse: ParseClient, expect: Expect) -> None:
    """A client without the master key cannot start a job."""
    about = uuid.uuid4().hex

    # Parse Server tears the connection down after this refusal, so nothing else should use it.
    closing = {"Connection": "close"}
    refused = parse.post("jobs/parityJob", {"about": about}, headers=closing)
    expect.error(refused, None, status=403)

    expect.body(parse.find("ParityLog", {"about": about}), {"results": []}, status=200)


@pytest.mark.usefixtures("jobs_allowed")
def test_job_runs_with_its_parameters(
    parse: ParseClient, master: ParseClient, expect: Expect
) -> None:
    """The master key starts a job, is answered at once, and the job runs with the parameters."""
    about = uuid.uuid4().hex

    expect.body(master.post("jobs/parityJob", {"about": about}), {}, status=200)

    expect.equal(len(_entries(parse, about)), 1, at="$.entries")


@pytest.mark.level("may")
@pytest.mark.usefixtures("jobs_allowed")
def test_job_is_answered_with_its_status_id(master: ParseClient, expect: Expect) -> None:
    """A started job is answered with the id of its status in a header."""
    reply = master.post("jobs/parityJob", {"about": uuid.uuid4().hex})

    expect.header(reply, "X-Parse-Job-Status-Id", an_object_id)


@pytest.mark.level("may")
@pytest.mark.usefixtures("jobs_allowed")
def test_missing_job_is_141(master: ParseClient, expect: Expect) -> None:
    """A job that does not exist is refused with code 141."""
    expect.error(master.post("jobs/parityNoSuchJob", {}), 141)


def _entries(parse: ParseClient, about: str) -> list[Any]:
    """Wait for the entry that the job logs; return what is there at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    rows = parse.find("ParityLog", {"about": about}).results
    while not rows and time.monotonic() < deadline:
        rows = parse.find("ParityLog", {"about": about}).results
    return rows
