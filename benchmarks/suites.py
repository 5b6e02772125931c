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
    """Run the suites with one process and print wall time and overhead beside their limits."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [sys.executable, "-m", "pytest", "suites", "-q", "-n", "0"]
        result = subprocess.run(
            [*command, "--report-dir", folder], capture_output=True, text=True, check=False
        )
        wall = time.perf_counter() - started
        if result.returncode:
            sys.exit(f"the suites did not pass, so there is nothing to measure:\n{result.stdout}")
        (file,) = Path(folder).glob("*/evidence.jsonl")
        evidence = read_evidence(file)
    server = sum(check.server_s for check in evidence.checks) + ready_s(evidence)
    requests = sum(check.requests for check in evidence.checks)
    share = (wall - server) / wall
    count = len(evidence.checks)
    print(f"suites: {count} checks, {requests} requests, one process")
    ratio = wall / LIMIT_S
    print(f"  wall time          {wall:7.2f} s   limit {LIMIT_S:.0f} s   ratio {ratio:.2f}")
    print(f"  waiting for server {server:7.2f} s   (of it {ready_s(evidence):.2f} s to start)")
    print(
        f"  harness overhead   {wall - server:7.2f} s   share {share:.0%}, limit {LIMIT_SHARE:.0%}"
        f"   {1000 * (wall - server) / count:.1f} ms a check"
    )


def ready_s(evidence: Evidence) -> float:
    """Return the seconds that starting and probing the targets took."""
    for notice in evidence.notices:
        match = re.search(r"started and probed in ([\d.]+) s", notice.message)
        if match:
            return float(match[1])
    raise LookupError("the evidence does not say how long the start took")


if __name__ == "__main__":
    main()
