"""A real Parse Server on a database that somebody else has filled."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parity.model import Keys, Secret, Style, Target, Writes
from parity.stack import selfhosted_member
from parity.stack import stack as stack_values
from parity.stack.install import install
from parity.stack.launch import server_order
from parity.stack.parts import find_node, find_npm
from parity.stack.processes import die_with_me
from tests.deadlines import line_of

SCRIPT = Path(stack_values.__file__).with_name("server.cjs")


class DoesNotStart(Exception):
    """The server ended with this message instead of listening."""


@contextlib.contextmanager
def parse_server(database_uri: str, version: str | None = None) -> Iterator[Target]:
    """Run a Parse Server; its mount is ``/parse``.

    Args:
        database_uri: The database.
        version: Its version; ``None`` for the self-hosted default.

    Raises:
        DoesNotStart: It refuses the database.
    """
    member = selfhosted_member(version) if version else selfhosted_member()
    node = find_node()
    folder = install([member.version], npm=lambda: find_npm(node), progress=lambda _line: None)
    app_id, keys = Secret("app"), Keys(rest_key=Secret("rest"), master_key=Secret("master"))
    order = server_order(member, (app_id, keys), folder[member.version], None)
    scratch = tempfile.TemporaryDirectory(prefix="parity-audit-")
    options: dict[str, Any] = {
        **order.options,
        "databaseURI": database_uri,
        "logsFolder": str(Path(scratch.name) / "logs"),
    }
    process = subprocess.Popen(
        [*die_with_me(), *node.command, str(SCRIPT), order.folder, *order.fixes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=scratch.name,  # it makes a folder for logs there before it knows its options
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        order_line = json.dumps({"mount": member.mount, "options": options})
        process.stdin.write(order_line.encode() + b"\n")
        process.stdin.flush()
        said = json.loads(line_of(process) or b'{"error": "nothing was said"}')
        if "error" in said:
            raise DoesNotStart(said["error"])
        url = f"http://127.0.0.1:{said['port']}{member.mount}"
        yield Target(
            "selfhosted", Style.PARSE_SERVER, url, app_id, keys, Writes.DISPOSABLE,
            mongo=Secret(database_uri), version=member.version,
        )  # fmt: skip
    finally:
        process.kill()
        process.wait(20)
        scratch.cleanup()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
