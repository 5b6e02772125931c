"""Starting and stopping a stack."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parity.model import Keys, Secret, Target, UserError
from parity.stack.directory import is_live
from parity.stack.install import Progress, install, stderr_progress
from parity.stack.order import STATUS_FILE, Order, ServerOrder
from parity.stack.parts import find_mongod, find_node, find_npm, library_remedy
from parity.stack.processes import wait_for_end
from parity.stack.stack import (
    Member,
    Stack,
    embedded_target,
    env_prefix,
    hosted_member,
    new_keys,
    selfhosted_member,
)
from parity.stack.versions import needs_of

STOP_TIMEOUT_S = 15.0

COMMON_OPTIONS: dict[str, Any] = {
    # The suites make classes as they go and upload files as everybody.
    "allowClientClassCreation": True,
    "fileUpload": {
        "enableForPublic": True,
        "enableForAnonymousUser": True,
        "enableForAuthenticatedUser": True,
    },
    "silent": True,
}
"""Options of every server; everything else keeps the default of its version.

Source: measured for the versions of the table: client class creation is off from 7.0 on, public
and anonymous upload from 5.0 on.
"""

OPTION_OF_KEY = {
    "rest_key": "restAPIKey",
    "client_key": "clientKey",
    "javascript_key": "javascriptKey",
    "dotnet_key": "dotNetKey",
    "master_key": "masterKey",
    "file_key": "fileKey",
}
"""Parse Server's option for each key. Source: Parse migration guide, "Set up Parse Server"."""

# Supervisors that this process started: they are its children and have to be reaped by it.
_started: dict[int, subprocess.Popen[bytes]] = {}


def default_members() -> tuple[Member, ...]:
    """Return the members of the embedded default: ``hosted`` and ``selfhosted``."""
    return hosted_member(), selfhosted_member()


def start_stack(
    members: Sequence[Member] | None = None,
    *,
    owner_pid: int | None = None,
    cloud: Path | None = None,
    progress: Progress | None = None,
) -> Stack:
    """Start a mongod and Parse Servers on free loopback ports.

    They end with :func:`stop_stack`, or when the owner ends, however it ends.

    Args:
        members: The servers; ``None`` for :func:`default_members`.
        owner_pid: The process that owns the stack; ``None`` for this one.
        cloud: Cloud code that all members load.
        progress: Gets a line now and then; ``None`` prints it on stderr.

    Returns:
        The running stack.

    Raises:
        UserError: A program is missing, npm failed, or a process did not start.
    """
    members = default_members() if members is None else tuple(members)
    _check(members, cloud)
    node = find_node()
    mongod = find_mongod()
    folders = install(
        [member.version for member in members],
        npm=lambda: find_npm(node),
        progress=progress or stderr_progress,
    )
    identities = {member.name: new_keys(member.name) for member in members}
    order = Order(
        owner_pid=os.getpid() if owner_pid is None else owner_pid,
        mongod=mongod.command[0],
        node=node.command[0],
        servers=[
            server_order(member, identities[member.name], folders[member.version], cloud)
            for member in members
        ],
    )
    pid, answer = _run_supervisor(order)
    mongo_uri = answer["mongo_uri"]
    return Stack(
        targets=tuple(
            _target(member, identities[member.name], answer["urls"][member.name], mongo_uri)
            for member in members
        ),
        directory=Path(answer["directory"]),
        supervisor_pid=pid,
        mongo_uri=mongo_uri,
    )


def stop_stack(stack: Stack) -> None:
    """Stop a stack and remove its directory. Stopping one that is stopped does nothing.

    Args:
        stack: What :func:`start_stack` returned.

    Raises:
        UserError: It could not be stopped in time.
    """
    # The directory's lock proves that the process is still the supervisor, not a later process
    # with the same number.
    if is_live(stack.directory):
        with contextlib.suppress(ProcessLookupError):
            os.kill(stack.supervisor_pid, signal.SIGTERM)
    popen = _started.pop(stack.supervisor_pid, None)
    if not _has_ended(stack, popen):
        raise UserError(
            f"the embedded stack (process {stack.supervisor_pid}) does not stop",
            f"End it with: kill -9 {stack.supervisor_pid}",
            code="stack-stop",
        )


def stack_problem(stack: Stack) -> str | None:
    """Say what is wrong with a running stack.

    Args:
        stack: A stack.

    Returns:
        ``None`` if all its processes run, else who ended how, with the end of its log.
    """
    if not is_live(stack.directory):
        return "the embedded stack is not running any more"
    try:
        status = json.loads((stack.directory / STATUS_FILE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return str(status["problem"])


def _check(members: Sequence[Member], cloud: Path | None) -> None:
    for member in members:
        needs_of(member.version)
    if cloud is not None and not cloud.is_file():
        raise UserError(
            f"no cloud code at {cloud}", "Give the path of a main.js.", code="no-cloud-code"
        )


def server_order(
    member: Member, identity: tuple[Secret, Keys], folder: Path, cloud: Path | None
) -> ServerOrder:
    """Work out what one server is started with.

    Args:
        member: The server.
        identity: Its application id and keys.
        folder: Folder with its node_modules.
        cloud: Its cloud code, if any.

    Returns:
        What the supervisor must know to start it.
    """
    needs = needs_of(member.version)
    app_id, keys = identity
    options: dict[str, Any] = {
        **COMMON_OPTIONS,
        **needs.options,
        "appId": app_id.value,
        **{OPTION_OF_KEY[name]: secret.value for name, secret in keys.items()},
    }
    if cloud is not None:
        options["cloud"] = str(cloud.absolute())
    return ServerOrder(
        name=member.name,
        title=f"Parse Server {member.version} ({member.name})",
        folder=str(folder),
        fixes=list(needs.fixes),
        mount=member.mount,
        # None takes an option away: to Parse Server a fileKey of null is a key as well.
        options={k: v for k, v in {**options, **member.options}.items() if v is not None},
    )


def _target(member: Member, identity: tuple[Secret, Keys], url: str, mongo_uri: str) -> Target:
    app_id, keys = identity
    return embedded_target(
        name=member.name,
        style=member.style,
        url=url,
        app_id=app_id,
        mongo=Secret(f"{mongo_uri}/{member.name}", f"{env_prefix(member.name)}_MONGO"),
        keys=keys,
        version=member.version,
        note=member.note,
    )


def _run_supervisor(order: Order) -> tuple[int, dict[str, Any]]:
    # -P: a module in the current folder must not stand in for one that the supervisor imports.
    popen = subprocess.Popen(
        [sys.executable, "-P", "-m", "parity.stack.supervisor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = _ask(popen, json.dumps(asdict(order)).encode())
    except BaseException:  # Ctrl-C above all
        popen.terminate()
        popen.wait(STOP_TIMEOUT_S)
        raise
    answer = json.loads(out) if out else {"error": err or "its owner has ended"}
    if "error" in answer:
        popen.wait(STOP_TIMEOUT_S)
        raise UserError(
            f"the embedded stack did not start: {answer['error']}",
            library_remedy(answer["error"])
            or "`parity doctor` says what is there and what is missing.",
            code="stack-start",
        )
    _started[popen.pid] = popen
    return popen.pid, answer


def _ask(popen: subprocess.Popen[bytes], question: bytes) -> tuple[bytes, str]:
    """Send the order; return what came on stdout and stderr until the supervisor let go of them."""
    assert popen.stdin is not None
    assert popen.stdout is not None
    assert popen.stderr is not None
    with popen.stdout, popen.stderr:
        with contextlib.suppress(BrokenPipeError), popen.stdin:
            popen.stdin.write(question)
        return popen.stdout.read(), popen.stderr.read().decode("utf-8", "replace").strip()


def _has_ended(stack: Stack, popen: subprocess.Popen[bytes] | None) -> bool:
    if popen is None:
        return not is_live(stack.directory) or wait_for_end(stack.supervisor_pid, STOP_TIMEOUT_S)
    try:
        popen.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return False
    return True
