"""Start every Parse Server of the table, save an object and send a batch.

``python -m benchmarks.versions`` is not part of ``make bench``: it installs all of them, 1.4 GB. A
maintainer runs it after changing a lock, a fix, or the pinned node or mongod. It ends with 1 if a
version fails.
"""

from __future__ import annotations

import statistics
import sys
import time
from urllib.parse import urlsplit

import requests

from parity.model import Target, UserError
from parity.stack import selfhosted_member, start_stack, stop_stack
from parity.stack.install import install, stderr_progress
from parity.stack.parts import find_node, find_npm
from parity.stack.versions import SELFHOSTED_VERSION, VERSIONS

ROUNDS = 3


def main() -> int:
    """Try every version, print seconds beside those of the default version.

    Returns:
        1 if one of them failed, else 0.
    """
    install(list(VERSIONS), npm=lambda: find_npm(find_node()), progress=stderr_progress)
    seconds: dict[str, float] = {}
    failures: dict[str, str] = {}
    for version in VERSIONS:
        try:
            seconds[version] = statistics.median(try_version(version) for _ in range(ROUNDS))
        except (UserError, AssertionError, requests.RequestException) as error:
            failures[version] = str(error)
    print(f"start to first POST, median of {ROUNDS}; ratio to {SELFHOSTED_VERSION}")
    peer = seconds.get(SELFHOSTED_VERSION, float("nan"))
    for version in VERSIONS:
        told = failures.get(version) or f"{seconds[version]:6.2f} s   {seconds[version] / peer:.2f}"
        print(f"  {version:8} {told}")
    return 1 if failures else 0


def try_version(version: str) -> float:
    """Start a version, save an object and send a batch.

    Args:
        version: A version of the table.

    Returns:
        Seconds from start to the answer to the first POST.

    Raises:
        UserError: It did not start.
        AssertionError: It answered something else.
    """
    started = time.perf_counter()
    stack = start_stack([selfhosted_member(version)])
    try:
        target = stack.targets[0]
        reply = _post(target, "classes/GameScore", {"score": 1337})
        seconds = time.perf_counter() - started
        assert reply.status_code == 201, reply.text
        path = f"{urlsplit(target.url).path}/classes/GameScore"
        batch = {"requests": [{"method": "POST", "path": path, "body": {"score": 1}}]}
        reply = _post(target, "batch", batch)
        assert reply.status_code == 200, reply.text
        assert "objectId" in reply.json()[0]["success"], reply.text
        return seconds
    finally:
        stop_stack(stack)


def _post(target: Target, path: str, body: object) -> requests.Response:
    assert target.keys.rest_key is not None
    headers = {
        "X-Parse-Application-Id": target.app_id.value,
        "X-Parse-REST-API-Key": target.keys.rest_key.value,
    }
    return requests.post(f"{target.url}/{path}", json=body, headers=headers, timeout=30)


if __name__ == "__main__":
    sys.exit(main())
