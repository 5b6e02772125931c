"""Real traffic: the Parse JavaScript SDK, recorded by ``parity capture`` in front of a server.

``python -m tests.sdk.record --out FILE [--sdk 1.6.14]`` starts an embedded Parse Server, records
and prints the counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parity.capture.recording import RecordingFooter, open_recording
from parity.model import Target
from parity.stack import selfhosted_member, start_stack, stop_stack
from parity.stack.parts import find_node
from tests.capture.run_capture import running_capture
from tests.cloud import CLOUD
from tests.sdk.install import NEW, sdk_folder

DRIVER = Path(__file__).parent / "driver.js"
CLIENTS = ("ada", "ben", "cleo", "dan")
DEADLINE_S = 240.0


def record_sdk(target: Target, out: Path, sdk: str = NEW, clients: int = 4) -> RecordingFooter:
    """Let clients of the JavaScript SDK use a server through ``parity capture``.

    The server must be empty and have the cloud code of ``scenarios/cloud/main.js``. A client
    ``admin`` prepares classes and shared objects; the others then run side by side.

    Args:
        target: The server; it is written to, and needs a JavaScript and a master key.
        out: The recording, a new file.
        sdk: Version of the SDK, see :mod:`tests.sdk.install`.
        clients: How many run side by side, from 1 to 4; each makes about 120 requests.

    Returns:
        The footer of the recording.

    Raises:
        RuntimeError: A client saw something else than it expected; with what it said.
    """
    folder = sdk_folder(sdk)
    with tempfile.TemporaryDirectory() as place, running_capture(target, out, Path(place)) as url:
        shared = _finish([_client(target, url, folder, "admin", "prepare", {})])[0]
        users = [_client(target, url, folder, name, "use", shared) for name in CLIENTS[:clients]]
        _finish([*users, _client(target, url, folder, "admin", "administrate", shared)])
    with open_recording(out) as recording:
        assert recording.footer is not None
        return recording.footer


def _client(
    target: Target, url: str, folder: Path, name: str, part: str, shared: dict[str, Any]
) -> subprocess.Popen[str]:
    keys = dict(target.keys.items())
    settings = {
        "url": url,
        "folder": str(folder),
        "name": name,
        "part": part,
        "installationId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"parity-sdk-{name}")),
        "appId": target.app_id.value,
        "javascriptKey": keys["javascript_key"].value,
        "masterKey": keys["master_key"].value if name == "admin" else None,
        "shared": shared,
    }
    popen = subprocess.Popen(
        [find_node().command[0], str(DRIVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert popen.stdin is not None
    # Keys go through a pipe, not the command line.
    popen.stdin.write(json.dumps(settings))
    popen.stdin.close()
    popen.stdin = None
    return popen


def _finish(clients: list[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    results = []
    try:
        for client in clients:
            out, err = client.communicate(timeout=DEADLINE_S)
            if client.returncode:
                raise RuntimeError(f"a client of the SDK failed:\n{err[-4000:]}")
            results.append(json.loads(out))
    finally:
        for client in clients:
            if client.poll() is None:
                client.kill()
                client.wait()
    return results


@contextmanager
def sdk_server() -> Iterator[Target]:
    """Run an embedded Parse Server with the cloud code that the clients call."""
    stack = start_stack([selfhosted_member()], cloud=CLOUD)
    try:
        yield stack.targets[0]
    finally:
        stop_stack(stack)


def main() -> None:
    """Record against a new embedded server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sdk", default=NEW)
    arguments = parser.parse_args()
    with sdk_server() as target:
        footer = record_sdk(target, arguments.out, arguments.sdk)
    sys.stdout.write(json.dumps(footer.counts, indent=1) + "\n")


if __name__ == "__main__":
    main()
