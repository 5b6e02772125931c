"""A real mongod, a real Parse Server and data of a known shape, for sizing them."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo import ASCENDING, MongoClient
from pymongo.database import Database

from parity.model import Target
from parity.profiles import profile_toml
from parity.profiles.profile import Ask, Operation, Profile
from tests.jobs.audit.parse_server import parse_server
from tests.mongod import running_mongod

CPU_GROUPS = Path("/sys/fs/cgroup/cpu")
"""Where cgroup v1 has its CPU controller."""
PERIOD_US = 100_000
CLONE_NEWNET = 0x40000000
"""Source: ``linux/sched.h``."""
CLASS = "Item"
TEAM_ROWS = 50
"""Rows with the same ``team``, which has an index; ``label`` has as many and has none."""
SPREAD = timedelta(days=400)
BATCH = 2_000
_PERMISSIONS = {
    name: {"*": True} for name in ("find", "get", "count", "create", "update", "delete", "addField")
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What is sized.

    Attributes:
        target: The Parse Server, with its MongoDB.
        folder: For configuration and reports.
        mongod_pid: Process of mongod.
        parse_pid: Process of Parse Server.
    """

    target: Target
    folder: Path
    mongod_pid: int
    parse_pid: int


@contextlib.contextmanager
def ground(
    rows: int, row_bytes: int = 600, mongod: Sequence[str] = (), *, on_disk: bool = False
) -> Iterator[Ground]:
    """Run a mongod with data and a Parse Server on it.

    Args:
        rows: Rows of the class.
        row_bytes: Size of each.
        mongod: Arguments of mongod.
        on_disk: Whether the data is on a disk; else in memory where there is room.
    """
    if on_disk:
        os.environ["TMPDIR"] = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="parity-size-"))
    try:
        with running_mongod(*mongod) as database:
            with database.client() as client:
                fill(client["app"], rows, row_bytes)
            with parse_server(database.database_uri("app")) as target:
                pid = _listener(target.url)
                yield Ground(target, folder, database.pid, pid)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if on_disk:
            del os.environ["TMPDIR"]


def fill(db: Database[dict[str, Any]], rows: int, row_bytes: int) -> None:
    """Make the class; its documents are in the form in which Parse Server stores them."""
    rng = random.Random(rows)
    alphabet = string.ascii_letters + string.digits
    text = "".join(rng.choices(alphabet, k=1 << 20))
    now = datetime.now(UTC)
    db["_SCHEMA"].insert_one(
        {
            "_id": CLASS, "objectId": "string", "createdAt": "date", "updatedAt": "date",
            "number": "number", "team": "string", "label": "string", "text": "string",
            "_metadata": {"class_permissions": _PERMISSIONS},
        }
    )  # fmt: skip
    collection = db[CLASS]
    for first in range(0, rows, BATCH):
        batch = []
        for number in range(first, min(first + BATCH, rows)):
            at = now - SPREAD * rng.random()
            begin = rng.randrange(len(text) - row_bytes)
            # Rows of one team are all over the collection, as rows of an app are.
            team = (number * 7919) % max(1, rows // TEAM_ROWS)
            batch.append(
                {
                    "_id": "".join(rng.choices(alphabet, k=10)),
                    "_created_at": at, "_updated_at": at,
                    "_rperm": ["*"], "_wperm": ["*"], "number": number, "team": f"team{team}",
                    "label": f"label{team}", "text": text[begin : begin + row_bytes],
                }
            )  # fmt: skip
        collection.insert_many(batch, ordered=False)
    collection.create_index([("team", ASCENDING)])


def profile(peak: float, *operations: Operation) -> Profile:
    """Return a profile of this class."""
    return Profile("ground", operations or READS, peak, peak / 3, clients=50, source="test")


READS = (
    Operation(Ask.GET, 6, CLASS),
    Operation(Ask.QUERY, 3, CLASS, where={"team": "?"}, limit=10),
    Operation(Ask.UPDATE, 1, CLASS, payload_bytes=60),
)
"""What an app does with rows that it knows."""


def size(
    place: Ground, asked: Profile, *arguments: str, group: Path | None = None
) -> tuple[int, dict[str, Any]]:
    """Run ``parity size`` as people do, and return its exit code and what it said.

    Args:
        place: What is sized.
        asked: The profile.
        *arguments: More of the command line.
        group: CPU control group to run it in.
    """
    command, environment = size_command(place, asked, *arguments)
    if group is not None:
        # The shell joins the group before it becomes the command, so that all of it is in.
        join = f'echo $$ > {group / "cgroup.procs"} && exec "$@"'
        command = ["sh", "-c", join, "sh", *command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise AssertionError(f"parity size said nothing ({done.returncode}): {done.stderr}")
    return done.returncode, json.loads(done.stdout)


def size_command(
    place: Ground, asked: Profile, *arguments: str
) -> tuple[list[str], dict[str, str]]:
    """Write the configuration and the profile; return the command and its environment."""
    config, file = place.folder / "parity.toml", place.folder / "profile.toml"
    file.write_text(profile_toml(asked), "utf-8")
    config.write_text(
        f"""[targets.app]
style = "parse-server"
url = "{place.target.url}"
app_id = "env:GROUND_APP_ID"
rest_key = "env:GROUND_REST_KEY"
master_key = "env:GROUND_MASTER_KEY"
mongo = "env:GROUND_MONGO"
version = "{place.target.version}"
writes = "disposable"
""",
        "utf-8",
    )
    keys, mongo = place.target.keys, place.target.mongo
    assert keys.rest_key is not None
    assert keys.master_key is not None
    assert mongo is not None
    environment = {
        **os.environ,
        "GROUND_APP_ID": place.target.app_id.value,
        "GROUND_REST_KEY": keys.rest_key.value,
        "GROUND_MASTER_KEY": keys.master_key.value,
        "GROUND_MONGO": mongo.value,
    }
    command = [
        sys.executable, "-m", "parity", "size", "--target", "app", "--config", str(config),
        "--profile", str(file), "--report-dir", str(place.folder / "reports"), "--json",
        *arguments,
    ]  # fmt: skip
    return command, environment


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """Give this process, and what it starts, a loopback of its own (network_namespaces(7)).

    Raises:
        OSError: That is not allowed here.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/self/ns/net").open("rb") as before:
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "no network namespace can be made")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)


@contextlib.contextmanager
def narrow_loopback(mbit_s: int) -> Iterator[None]:
    """Let the loopback of :func:`own_network` carry only so much."""
    limit = ["rate", f"{mbit_s}mbit", "burst", "256kb", "latency", "400ms"]
    subprocess.run(["tc", "qdisc", "add", "dev", "lo", "root", "tbf", *limit], check=True)
    try:
        yield
    finally:
        subprocess.run(["tc", "qdisc", "del", "dev", "lo", "root"], check=True)


@contextlib.contextmanager
def cpu_group(cores: float, *pids: int) -> Iterator[Path]:
    """Make a control group that may use part of a core, and put processes into it.

    Raises:
        OSError: Control groups cannot be made here.
    """
    above = _own_group()
    folder = above / f"parity-{os.getpid()}-{random.randrange(1 << 30):08x}"
    folder.mkdir()
    try:
        (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (folder / "cpu.cfs_quota_us").write_text(str(int(cores * PERIOD_US)))
        for pid in pids:
            (folder / "cgroup.procs").write_text(str(pid))
        yield folder
    finally:
        for member in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                (above / "cgroup.procs").write_text(member)
        folder.rmdir()


def _own_group() -> Path:
    """Return the CPU control group that this process is in."""
    for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
        _, kinds, path = line.split(":", 2)
        if "cpu" in kinds.split(","):
            return CPU_GROUPS / path.lstrip("/")
    return CPU_GROUPS


def _listener(url: str) -> int:
    from parity.jobs.size.probes.processes import parse_servers  # noqa: PLC0415 - needs a server

    watched, why = parse_servers(url)
    assert watched is not None, why
    pid = watched.pids[0]
    watched.close()
    return pid


def client_of(place: Ground) -> MongoClient[dict[str, Any]]:
    """Return a client of the ground's MongoDB; whoever asks for it closes it."""
    assert place.target.mongo is not None
    return MongoClient(place.target.mongo.value)
