"""One fault is one red: a server that answers every batch with 500 is told as that, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.model import Outcome
from parity.model.evidence import read_evidence
from parity.paths import shipped
from parity.stack import selfhosted_member, start_stack, stop_stack
from tests.faults.bench import configuration, environment
from tests.faults.messages import Request, Response, answer
from tests.faults.model import Fault, State
from tests.faults.proxy import Proxy
from tests.forked import run_module

ROUTER_2_3_0 = {"code": 1, "message": "Internal server error."}


def _every_batch(request: Request, _: State) -> Request | Response:
    return answer(500, ROUTER_2_3_0) if request.route == "batch" else request


@pytest.mark.timeout(300)
def test_a_server_without_batches_fails_few_checks_and_is_told_first(tmp_path: Path) -> None:
    """As a Parse Server from npm answers with router 2.3.0, the probes of a run included."""
    fault = Fault("no-batch", "objects", "every batch is answered with 500", request=_every_batch)
    suites, config = shipped("suites"), tmp_path / "parity.toml"
    stack = start_stack([selfhosted_member()])
    try:
        with Proxy(stack.targets[0].url) as proxy:
            config.write_text(configuration({fault.name: proxy.listen(fault).url}), "utf-8")
            done = run_module(
                *("pytest", str(suites / "queries"), str(suites / "objects" / "test_batch.py")),
                *("--config", str(config), "--report-dir", str(tmp_path / "runs"), "--tb=no"),
                *("-n", "0", "-p", "no:cacheprovider"),
                cwd=suites.parent,
                env=environment(stack.targets[0]),
                timeout=240,
            )
    finally:
        stop_stack(stack)

    (file,) = (tmp_path / "runs").glob("*/evidence.jsonl")
    checks = read_evidence(file).checks
    failed = [check.id for check in checks if check.outcome is Outcome.FAIL]
    untested = [check for check in checks if check.outcome is Outcome.ERROR]
    summary = done.out.partition("= parse-parity =")[2].splitlines()[1:]
    assert summary[0].startswith(f"cause on {fault.name}: The npm package router 2.3.0"), done.out
    assert "Pin router to 2.2.0" in summary[1]
    assert len(checks) > 200
    assert len(failed) == 1, failed
    assert {check.finding.code for check in untested if check.finding} == {"SUITE-ROUTER"}
    assert done.code == 1
