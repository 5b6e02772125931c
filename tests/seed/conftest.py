"""A real Parse Server that starts on a database which is there already."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from parity.model import Secret, Target
from parity.stack import Member
from parity.stack.install import install
from parity.stack.launch import server_order
from parity.stack.parts import find_node, find_npm
from parity.stack.processes import clean_environment, kill, spawn
from parity.stack.stack import embedded_target, new_keys
from parity.stack.supervisor import SERVER_SCRIPT
from parity.targets import ParseClient
from tests.deadlines import line_of
from tests.mongod import Mongod


@contextlib.contextmanager
def serving(member: Member, uri: str) -> Iterator[Target]:
    """Run a Parse Server on a database.

    Args:
        member: The server.
        uri: URI of the database.
    """
    app_id, keys = new_keys(member.name)
    node = find_node()
    npm = functools.partial(find_npm, node)
    folder = install([member.version], npm=npm, progress=lambda _: None)[member.version]
    order = server_order(member, (app_id, keys), folder, None)
    with tempfile.TemporaryDirectory() as scratch:
        command = [node.command[0], str(SERVER_SCRIPT), str(folder), *order.fixes]
        log = Path(scratch) / "log"
        env = clean_environment(os.environ)
        child = spawn(member.name, command, log=log, cwd=Path(scratch), talk=True, env=env)
        try:
            assert child.popen.stdin is not None
            assert child.popen.stdout is not None
            logs = str(Path(scratch) / "logs")
            options = {**order.options, "databaseURI": uri, "logsFolder": logs}
            # A server with a fileKey takes it as the key that files in GridFS are encrypted with.
            del options["fileKey"]
            line = json.dumps({"mount": member.mount, "options": options})
            child.popen.stdin.write(line.encode() + b"\n")
            child.popen.stdin.flush()
            answer = line_of(child.popen)
            assert answer, log.read_text("utf-8", "replace")[-3000:]
            yield embedded_target(
                name=member.name,
                style=member.style,
                url=f"http://127.0.0.1:{json.loads(answer)['port']}{member.mount}",
                app_id=app_id,
                mongo=Secret(uri),
                keys=keys,
                version=member.version,
                note="",
            )
        finally:
            kill([child])


@contextlib.contextmanager
def client_of(target: Target) -> Iterator[ParseClient]:
    client = ParseClient(target)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def database_name(mongod: Mongod, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name for a database of this test alone; the database is dropped at its end."""
    name = f"seed_{abs(hash(request.node.nodeid)):x}"[:60]
    yield name
    with mongod.client() as client:
        client.drop_database(name)
