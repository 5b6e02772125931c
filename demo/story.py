"""The story of the demo, act by act."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from demo.migrate import migrate
from demo.plant import put_app
from demo.servers import Servers
from demo.shell import Shell, Unexpected
from demo.traffic import use_the_app
from parity.cli.stack import config_text
from parity.model import Target
from parity.paths import shipped
from parity.stack import hosted_member, selfhosted_member

DOCUMENTS: Final = 20_000
NO_FILE_KEY: Final[dict[str, Any]] = {"fileKey": None}
"""Parse Server takes a fileKey as the key that files in GridFS are encrypted with; the app's
files are not."""
AREAS: Final = ("smoke", "objects", "queries", "users", "sessions", "files", "cloud", "compat")
GATE_FILE: Final = Path(__file__).parent / "parity-gate.toml"
PLANTED: Final = {
    "lost rows": ("verify", "VER-MISSING"),
    "a missing index": ("indexes", "GameScore"),
    "a hosted-only module": ("scan-cloud", "SCAN-MODULE-MAILGUN"),
    "an old SDK": ("scan-clients", "SCAN-SDK-OLD"),
    "a breaking difference": ("replay", "POST /functions/topScores"),
}
"""What is wrong at first: the rule of gate 8 that fails by it, and what its reason names."""


@dataclass(slots=True)
class World:
    """What the acts share.

    Attributes:
        shell: Runs the commands.
        servers: The mongod and the Parse Servers.
        targets: What ``parity.toml`` holds.
    """

    shell: Shell
    servers: Servers
    targets: dict[str, Target]

    @property
    def folder(self) -> Path:
        """Where the app, the recording and the runs are."""
        return self.shell.folder

    def serve(self, name: str, cloud: str, **options: Any) -> Target:
        """Start a server, or start it again, and write ``parity.toml``."""
        member = {"hosted": hosted_member(), "selfhosted": selfhosted_member()}[name]
        target = self.servers.start(member, self.folder / cloud, options)
        self.configure(target)
        return target

    def configure(self, target: Target, *lines: str) -> None:
        """Put a target into ``parity.toml``, and its secrets into the environment."""
        self.targets[target.name] = target
        text = config_text(tuple(self.targets.values()))
        more = "".join(f"{each}\n" for each in lines)
        (self.folder / "parity.toml").write_text(f"{text}{more}", "utf-8")
        self.shell.environ = {
            secret.source: secret.value
            for each in self.targets.values()
            for _, secret in each.secrets()
        } | {"PARITY_CONFIG": "parity.toml", "PARITY_REPORTS": "reports"}

    def copy(self, source: str, *, damaged: bool = False) -> None:
        """Make the database of the new server a copy of another one; its server is stopped."""
        self.servers.stop("selfhosted")
        copied = migrate(self.servers.mongo_uri, source, "selfhosted", damaged=damaged)
        self.shell.say(f"{copied:,} documents copied from {source!r} to 'selfhosted'")


def tell(shell: Shell) -> None:
    """Tell the whole story.

    Raises:
        Unexpected: Something did not end as it should.
        UserError: A server did not start.
    """
    with Servers() as servers:
        world = World(shell, servers, {})
        the_hosted_app(world)
        the_new_server(world)
        the_migration(world)
        gate_8_fails(world)
        what_was_wrong_is_mended(world)
        gate_8_passes(world)
        the_deployment(world)
    shell.say(f"It took {shell.elapsed_s:.0f} s. Everything is in {shell.folder.name}/.")


def the_hosted_app(world: World) -> None:
    """An app lives on the hosted service."""
    shell = world.shell
    shell.title("1. An app on the hosted service: data, files, cloud code, traffic")
    put_app(world.folder / "app", faulty=True)
    fixture = shipped("scenarios/cloud/main.js")
    (world.folder / "test-server.js").write_text(
        f"require({json.dumps(str(world.folder / 'app/cloud/main.js'))});\n"
        f"require({json.dumps(str(fixture))});\n",
        "utf-8",
    )
    seed = ("--mongo", world.servers.database("hosted"), "--documents", str(DOCUMENTS))
    shell.run("parity", "seed", *seed, shown=2)
    hosted = world.serve("hosted", "app/hosted/main.js", **NO_FILE_KEY)
    # On another name, so that it is kept: what the data was like when the recording began.
    before = migrate(world.servers.mongo_uri, "hosted", "before")
    shell.say(f"{before:,} documents copied aside, for the replay")
    world.serve("selfhosted", "test-server.js")
    shell.run(
        "parity", "preflight", "--target", "selfhosted", "--from", "hosted",
        "--parse-server", "9.10.0", expect=(0, 1), shown=2,
    )  # fmt: skip
    with _meanwhile(
        shell, "pytest", str(shipped("suites")), "-q", "--target", "selfhosted",
        *(argument for area in AREAS for argument in ("--area", area)),
    ):  # fmt: skip
        _record(world, hosted)


def _record(world: World, hosted: Target) -> None:
    shell = world.shell
    with shell.capturing("--upstream", "hosted", "--out", "app.jsonl") as url:
        sent = use_the_app(replace(hosted, url=url))
    shell.say(f"{sent:,} requests of its clients were recorded")


@contextmanager
def _meanwhile(shell: Shell, *command: str) -> Iterator[None]:
    """Run a command beside what the context does."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(shell.run, *command, shown=1)
        yield
        done.result()


def the_new_server(world: World) -> None:
    """Its sources are looked through, and a new server answers its recorded traffic."""
    world.shell.title("2. A new server: does it answer the recorded traffic the same?")
    _scan(world, expect=1)
    _replay(world, expect=1)
    world.shell.run("parity", "settings", "--target", "selfhosted", "--hosted", str(HOSTED_SETTINGS))
    world.shell.run("parity", "files", "--target", "selfhosted")


def _scan(world: World, *, expect: int) -> None:
    sources = ("app/cloud", "app/ios", "app/web", "--recording", "app.jsonl")
    world.shell.run("parity", "scan", *sources, "--reports", "reports", expect=(expect,), shown=3)


def _replay(world: World, *, expect: int) -> None:
    world.copy("before")
    world.serve("selfhosted", "app/cloud/main.js", **NO_FILE_KEY)
    world.shell.run(
        "parity", "replay", "app.jsonl", "--target", "selfhosted", "--config", "parity.toml",
        "--state", "migrated", "--report-dir", "reports", expect=(expect,),
    )  # fmt: skip


HOSTED_SETTINGS: Final = Path(__file__).parent / "hosted-settings.toml"


def the_migration(world: World) -> None:
    """The data moves, not quite whole."""
    world.shell.title("3. The data moves")
    _move(world, damaged=True)
    world.shell.run("parity", "profile", "app.jsonl", "--out", "app-profile.toml")
    _indexes(world, expect=1)
    world.shell.run(
        "parity", "size", "--target", "selfhosted", "--profile", "app-profile.toml", "--quick",
    )  # fmt: skip


def _move(world: World, *, damaged: bool) -> None:
    world.copy("hosted", damaged=damaged)
    # Before the server starts: it makes indexes of its own.
    world.shell.run(
        "parity", "verify", "--from", "hosted", "--to", "selfhosted", expect=(int(damaged),)
    )
    world.serve("selfhosted", "app/cloud/main.js", **NO_FILE_KEY)
    world.shell.run("parity", "audit", "--target", "selfhosted", "--check-files", shown=3)


def _indexes(world: World, *, expect: int) -> None:
    world.shell.run(
        "parity", "indexes", "--target", "selfhosted", "--profile", "app-profile.toml",
        expect=(expect,),
    )  # fmt: skip


def gate_8_fails(world: World) -> None:
    """Gate 8 names what was planted, and nothing else."""
    world.shell.title("4. Gate 8: may the app point at the new server?")
    gate = _gate(world, "8", expect=1)
    rules = {each["id"]: each for each in gate["rules"]}
    failing = {name for name, each in rules.items() if each["state"] != "holds"}
    wanted = {rule for rule, _ in PLANTED.values()}
    if failing != wanted:
        raise Unexpected(f"gate 8 fails by {sorted(failing)}, and {sorted(wanted)} were planted")
    for fault, (rule, named) in PLANTED.items():
        reasons = " ".join(each["text"] for each in rules[rule]["reasons"])
        if named not in reasons:
            raise Unexpected(f"rule {rule} does not name {named} ({fault}): {reasons}")
        world.shell.say(f"{fault}: named by the rule {rule} ({named})")


def what_was_wrong_is_mended(world: World) -> None:
    """Somebody mends it, and everything that it touches is tested again."""
    world.shell.title("5. What was wrong is mended, and tested again")
    put_app(world.folder / "app", faulty=False)
    _scan(world, expect=0)
    _replay(world, expect=0)
    _move(world, damaged=False)
    _indexes(world, expect=0)


def gate_8_passes(world: World) -> None:
    """Gate 8 is open."""
    world.shell.title("6. Gate 8 again")
    _gate(world, "8", expect=0)


def _gate(world: World, number: str, *, expect: int) -> dict[str, Any]:
    world.shell.run(
        "parity", "gate", number, "--gate-file", str(GATE_FILE), expect=(expect,), shown=40
    )
    result: dict[str, Any] = json.loads((world.folder / f"reports/gate-{number}.json").read_text())
    return result


def the_deployment(world: World) -> None:
    """The server stands behind a TLS proxy, and the app may ship."""
    world.shell.title("7. The deployed server, and gate 11")
