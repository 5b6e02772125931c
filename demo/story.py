"""The story of the demo, act by act."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from demo import deploy
from demo.migrate import index, mend, migrate
from demo.plant import put_app
from demo.proxy import TlsProxy
from demo.servers import Servers
from demo.shell import LINES_OF_A_LIST, Shell, Unexpected
from demo.traffic import use_the_app
from parity.model import Target
from parity.paths import shipped
from parity.stack import hosted_member, selfhosted_member
from parity.stack.hand_use import config_text

DOCUMENTS: Final = 10_000
NO_FILE_KEY: Final[dict[str, Any]] = {"fileKey": None}
"""Parse Server takes a fileKey as the key that files in GridFS are encrypted with; the app's
files are not."""
AREAS: Final = ("smoke", "objects", "queries", "users", "sessions", "files", "cloud", "compat")
DECIDED: Final = ("parity-gate.toml", "hosted-settings.toml")
"""What the team of the app has decided; copied to where the commands look for it."""
PLANTED: Final = {
    "lost rows": ("verify", "VER-MISSING"),
    "a missing index": ("indexes", "GameScore"),
    "a hosted-only module": ("scan-cloud", "SCAN-MODULE-MAILGUN"),
    "an old SDK": ("scan-clients", "SCAN-SDK-OLD"),
    "a breaking difference": ("replay", "POST /functions/topScores"),
}
"""What is wrong at first: the rule of gate 8 that fails by it, and what its reason names."""
PEAK: Final = "10"
OBJECTIVE: Final = ("--p95", "500", "--p99", "2000")
BOUNDED: Final = ("--seconds", "2", "--headroom", "2", "--max-minutes", "2")
DOWN_S: Final = 3.0
"""How long the deployed server is away at its restart; long enough to be missed."""


@dataclass(slots=True)
class World:
    """What the acts share.

    Attributes:
        shell: Runs the commands.
        servers: The mongod and the Parse Servers.
        targets: What ``parity.toml`` holds, each with lines of its own.
    """

    shell: Shell
    servers: Servers
    targets: dict[str, tuple[Target, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the app, the recording and the runs are."""
        return self.shell.folder

    @property
    def suites(self) -> str:
        """Where the suites are, as seen from the folder."""
        return os.path.relpath(shipped("suites"), self.folder)

    def serve(self, name: str, cloud: str, database: str = "", **options: Any) -> Target:
        """Start a server, or start it again, and write ``parity.toml``."""
        member = {"hosted": hosted_member(), "selfhosted": selfhosted_member()}[name]
        target = self.servers.start(member, self.folder / cloud, options, database)
        self.configure(target)
        return target

    def point_at(self, database: str) -> None:
        """Let ``parity.toml`` name another database of the new server; the server stays."""
        target, lines = self.targets["selfhosted"]
        assert target.mongo is not None
        mongo = replace(target.mongo, value=self.servers.database(database))
        self.configure(replace(target, mongo=mongo), *lines)

    def configure(self, target: Target, *lines: str) -> None:
        """Put a target into ``parity.toml``, and its secrets into the environment."""
        self.targets[target.name] = (target, lines)
        text = "".join(
            config_text((each,)).rstrip() + "".join(f"\n{line}" for line in more) + "\n\n"
            for each, more in self.targets.values()
        )
        (self.folder / "parity.toml").write_text(text, "utf-8")
        self.shell.environ = {
            secret.source: secret.value
            for each, _ in self.targets.values()
            for _, secret in each.secrets()
        } | {"PARITY_CONFIG": "parity.toml", "PARITY_REPORTS": "reports"}


def tell(shell: Shell) -> None:
    """Tell the whole story.

    Raises:
        Unexpected: Something did not end as it should.
        UserError: A server did not start.
    """
    with Servers() as servers:
        world = World(shell, servers)
        for act in ACTS:
            act(world)
    shell.say(f"\nIt took {shell.elapsed_s:.0f} s. Everything is in {shell.folder.name}/.")


def the_hosted_app(world: World) -> None:
    """An app lives on the hosted service, and a new server is set up."""
    shell = world.shell
    shell.title("1. An app on the hosted service: data, files, cloud code, traffic")
    put_app(world.folder / "app", faulty=True)
    for name in DECIDED:
        shutil.copyfile(Path(__file__).parent / name, world.folder / name)
    seed = ("--mongo", world.servers.database("hosted"), "--documents", str(DOCUMENTS))
    shell.run("parity", "seed", *seed, shown=2)
    index(world.servers.mongo_uri, "hosted")
    hosted = world.serve("hosted", "app/hosted/main.js", **NO_FILE_KEY)
    before = migrate(world.servers.mongo_uri, "hosted", "rehearsal")
    shell.say(f"{before:,} documents are copied aside: what was there when the recording began")
    # On a database of its own: what the suites are about is the server.
    world.serve("selfhosted", _test_server(world), "suites")
    world.point_at("selfhosted")
    shell.run("parity", "preflight", "--target", "selfhosted", "--from", "hosted", shown=2)
    suites = ("pytest", world.suites, "-q", "--target", "selfhosted")
    with _meanwhile(shell, *suites, *(word for area in AREAS for word in ("--area", area))):
        _record(world, hosted)


def _test_server(world: World) -> str:
    """Write cloud code that loads the app's and the fixture of the suites."""
    fixture = shipped("scenarios/cloud/main.js")
    (world.folder / "test-server.js").write_text(
        f"require('./app/cloud/main.js');\nrequire({json.dumps(str(fixture))});\n", "utf-8"
    )
    return "test-server.js"


def _record(world: World, hosted: Target) -> None:
    capture = ("parity", "capture", "--upstream", "hosted", "--out", "app.jsonl")
    with world.shell.beside(
        *capture, "--listen", "127.0.0.1:0", until=r"listening on (\S+)"
    ) as url:
        sent = use_the_app(replace(hosted, url=url))
    world.shell.say(f"{sent:,} requests of its clients are recorded")


@contextmanager
def _meanwhile(shell: Shell, *command: str) -> Iterator[None]:
    """Run a command beside what the context does."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(shell.run, *command, shown=1)
        yield
        done.result()


def the_new_server(world: World) -> None:
    """The sources are looked through, and the new server answers the recorded traffic."""
    world.shell.title("2. A new server: does it answer the recorded traffic the same?")
    _scan(world, expect=1)
    _replay(world, expect=1)
    shell = world.shell
    shell.run("parity", "files", "--target", "selfhosted", "--expect-store", "gridfs", shown=2)
    settings = ("--hosted", "hosted-settings.toml")
    shell.run("parity", "settings", "--target", "selfhosted", *settings, shown=2)


def _scan(world: World, *, expect: int) -> None:
    sources = ("app/cloud", "app/ios", "app/web", "--recording", "app.jsonl")
    world.shell.run("parity", "scan", *sources, "--reports", "reports", expect=(expect,), shown=3)


def _replay(world: World, *, expect: int) -> None:
    """Replay on a copy of the data as it was when the recording began."""
    world.servers.stop("selfhosted")
    migrate(world.servers.mongo_uri, "rehearsal", "replayed")
    world.serve("selfhosted", "app/cloud/main.js", "replayed", **NO_FILE_KEY)
    world.shell.run(
        "parity", "replay", "app.jsonl", "--target", "selfhosted", "--config", "parity.toml",
        "--state", "migrated", "--report-dir", "reports", expect=(expect,),
    )  # fmt: skip


def the_migration(world: World) -> None:
    """The data moves, not quite whole."""
    shell = world.shell
    shell.title("3. The data moves")
    world.servers.stop("selfhosted")
    world.point_at("selfhosted")
    copied = migrate(world.servers.mongo_uri, "hosted", "selfhosted", damaged=True)
    shell.say(f"{copied:,} documents are copied")
    _verify(world, expect=1)
    shell.run("parity", "profile", "app.jsonl", "--out", "app-profile.toml", shown=4)
    _indexes(world, expect=1)
    # The recorded hours were played in seconds: its clients would send so much in the evening.
    size = ("--profile", "app-profile.toml", "--no-indexes", "--peak", PEAK, *BOUNDED)
    shell.run("parity", "size", "--target", "selfhosted", *size, *OBJECTIVE)


def _verify(world: World, *, expect: int) -> None:
    # Before the server starts: it makes indexes of its own.
    world.shell.run(
        "parity", "verify", "--from", "hosted", "--to", "selfhosted", expect=(expect,), shown=4
    )
    world.serve("selfhosted", "app/cloud/main.js", **NO_FILE_KEY)
    world.shell.run("parity", "audit", "--target", "selfhosted", "--check-files", shown=3)


def _indexes(world: World, *, expect: int) -> None:
    profile = ("--profile", "app-profile.toml")
    world.shell.run("parity", "indexes", "--target", "selfhosted", *profile, expect=(expect,))


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
    world.servers.stop("selfhosted")
    world.point_at("selfhosted")
    found = mend(world.servers.mongo_uri, "hosted", "selfhosted")
    world.shell.say(f"{found} lost documents are brought, and the index is made")
    _verify(world, expect=0)
    _indexes(world, expect=0)


def gate_8_passes(world: World) -> None:
    """Gate 8 is open."""
    world.shell.title("6. Gate 8 again")
    _gate(world, "8", expect=0)


def _gate(world: World, number: str, *, expect: int) -> dict[str, Any]:
    world.shell.run("parity", "gate", number, expect=(expect,), shown=LINES_OF_A_LIST)
    result = world.folder / f"reports/gate-{number}.json"
    read: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return read


def the_deployment(world: World) -> None:
    """The server stands behind a TLS proxy, and the app may ship."""
    shell = world.shell
    shell.title("7. The server is deployed behind TLS. Gate 11: may the app ship?")
    with TlsProxy(deploy.certificate(world.folder)) as proxy:
        public_url = f"{proxy.origin}/parse"
        serving = {**NO_FILE_KEY, **deploy.options(public_url)}
        server = world.serve("selfhosted", "app/cloud/main.js", **serving)
        proxy.upstream = server.url.removesuffix("/parse")
        world.configure(deploy.deployed(server, public_url), *deploy.LINES)
        shell.run(
            "pytest", world.suites, "-q", "--target", "deployed", "--area", "smoke",
            shown=1,
        )  # fmt: skip
        how = ("--inside-target", "selfhosted", "--source-address", deploy.OUTSIDE, "--restart")
        look = ("parity", "deployment", "--target", "deployed", *how)
        with shell.beside(*look, until="Restart the server"):
            world.servers.stop("selfhosted")
            time.sleep(DOWN_S)
            world.serve("selfhosted", "app/cloud/main.js", **serving)
        _gate(world, "11", expect=0)
    board = ("status", "--html", "reports/status.html")
    shell.run("parity", *board, shown=LINES_OF_A_LIST)
    shell.run("parity", "dossier", shown=LINES_OF_A_LIST)


ACTS: Final = (
    the_hosted_app,
    the_new_server,
    the_migration,
    gate_8_fails,
    what_was_wrong_is_mended,
    gate_8_passes,
    the_deployment,
)
