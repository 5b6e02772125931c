"""How long ``pytest suites/`` takes, and how much of it is ours rather than the server's."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from parity.model.evidence import Evidence, read_evidence

LIMIT_S = 60.0
LIMIT_SHARE = 0.35


def main() -> None:
    """Run the suites as ``make suites`` does, then in one process to see what is ours."""
    wall, evidence = run("-n", "2")
    count, requests = len(evidence.checks), sum(check.requests for check in evidence.checks)
    print(f"suites: {count} checks, {requests} requests")
    print(
        f"  two processes      {wall:7.2f} s   limit {LIMIT_S:.0f} s   ratio {wall / LIMIT_S:.2f}"
    )
    wall, evidence = run("-n", "0")
    server = sum(check.server_s for check in evidence.checks) + ready_s(evidence)
    ours, share = wall - server, (wall - server) / wall
    print(f"  one process        {wall:7.2f} s")
    print(
        f"    waiting          {server:7.2f} s   for the server, {ready_s(evidence):.2f} s to start"
    )
    print(
        f"    harness          {ours:7.2f} s   share {share:.0%}   limit {LIMIT_SHARE:.0%}"
        f"   ratio {share / LIMIT_SHARE:.2f}   {1000 * ours / count:.1f} ms a check"
    )


def run(*arguments: str) -> tuple[float, Evidence]:
    """Run all suites.

    Args:
        *arguments: Of pytest.

    Returns:
        Wall time in seconds, and the evidence.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "suites", "-q", "--report-dir", folder]
        started = time.perf_counter()
        result = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        wall = time.perf_counter() - started
        if result.returncode:
            sys.exit(f"the suites did not pass, so there is nothing to measure:\n{result.stdout}")
        (file,) = Path(folder).glob("*/evidence.jsonl")
        return wall, read_evidence(file)


def ready_s(evidence: Evidence) -> float:
    """Return the seconds that starting and probing the targets took."""
    for notice in evidence.notices:
        match = re.search(r"started and probed in ([\d.]+) s", notice.message)
        if match:
            return float(match[1])
    raise LookupError("the evidence does not say how long the start took")


if __name__ == "__main__":
    main()
