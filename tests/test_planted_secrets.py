"""Secrets planted wherever a run can meet them, and every output of every command looked through.

The keys of the app stand in ``parity.toml`` (by reference and in a note), in the environment, in
rows of the database, in recorded traffic and in cloud code; the password of MongoDB stands in its
URI. Whatever a command prints or writes, none of them may be in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from pymongo import MongoClient

from parity.cli import main
from parity.model import Target
from parity.stack import Member, start_stack, stop_stack
from parity.stack.versions import SELFHOSTED_VERSION

PASSWORD = "mongo-p@ss/w:rd-planted"
"""Every character that has to be encoded in a URI."""
TOKEN = "r:5f3c1e0b9a8d7c6e5f4a3b2c1d0e9f8a"
HASH = "$2b$10$plantedplantedplantedpluO3sUmGh6zVn8xq0yT0mS0eR9cJx2Ka"
MAIL = "planted.person@example.com"
USER_PASSWORD = "planted-user-password-1"
MOMENT = datetime(2016, 3, 4, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class World:
    """A server, its database and a copy that differs, and everything that is planted.

    Attributes:
        folder: Configuration and inputs.
        secrets: What must be in no output, by a name for people.
        environ: The environment of the commands.
    """

    folder: Path
    secrets: dict[str, str]
    environ: dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("planted")
    stack = start_stack([Member("new", SELFHOSTED_VERSION)])
    try:
        yield plant(folder, stack.targets[0])
    finally:
        stop_stack(stack)


def plant(folder: Path, target: Target) -> World:
    keys = {name: secret.value for name, secret in target.keys.items()}
    assert target.mongo is not None
    address, _, database = target.mongo.value.removeprefix("mongodb://").partition("/")
    database = database.partition("?")[0]
    with MongoClient[dict[str, Any]](target.mongo.value) as client:
        fill(client, database, keys)
        client["admin"].command(
            "createUser", "planted", pwd=PASSWORD, roles=[{"role": "root", "db": "admin"}]
        )
    user = f"planted:{quote(PASSWORD, safe='')}@{address}"
    environ = {f"NEW_{name.upper()}": value for name, value in keys.items()}
    environ |= {
        "NEW_APP_ID": target.app_id.value,
        "NEW_MONGO": f"mongodb://{user}/{database}?authSource=admin",
        "OLD_MONGO": f"mongodb://{user}/{database}-old?authSource=admin",
    }
    write_configuration(folder, target, keys)
    write_traffic(folder, target, keys)
    write_sources(folder, keys)
    secrets = keys | {
        "app id": target.app_id.value,
        "password of MongoDB": PASSWORD,
        "encoded password of MongoDB": quote(PASSWORD, safe=""),
        "session token": TOKEN[2:],
        "hash": HASH,
        "e-mail address": MAIL,
        "password of a user": USER_PASSWORD,
    }
    return World(folder, secrets, environ)


def fill(client: MongoClient[dict[str, Any]], database: str, keys: dict[str, str]) -> None:
    """Write a database and an older one that differs from it in every secret."""
    echo = f"key {keys['rest_key']} master {keys['master_key']}"
    for name, mark in ((database, "new"), (f"{database}-old", "old")):
        db = client[name]
        db["_SCHEMA"].update_one(
            {"_id": "Post"},
            {"$set": {"objectId": "string", "text": "string", "mail": "string"}},
            upsert=True,
        )
        db["_SCHEMA"].update_one(
            {"_id": "_User"}, {"$set": {"objectId": "string", "username": "string"}}, upsert=True
        )
        row = {"_created_at": MOMENT, "_updated_at": MOMENT}
        db["Post"].insert_one({"_id": "post1", "text": f"{mark} {echo}", "mail": MAIL, **row})
        db["Post"].insert_one(
            {"_id": f"post-{mark}", "text": echo, "_p_owner": f"_User${keys['file_key']}", **row}
        )
        db["_User"].insert_one(
            {
                "_id": "user1",
                "username": f"{mark}-{MAIL}",
                "email": MAIL,
                "_hashed_password": HASH,
                "_auth_data_facebook": {"id": f"{mark}-1", "access_token": keys["client_key"]},
                **row,
            }
        )
        db["_Session"].insert_one(
            {"_id": f"session-{mark}", "_session_token": TOKEN, "_p_user": "_User$gone", **row}
        )


def write_configuration(folder: Path, target: Target, keys: dict[str, str]) -> None:
    lines = []
    for name, note in (("new", f"its master key is {keys['master_key']}"), ("old", "")):
        mongo = f"{name.upper()}_MONGO"
        lines += [
            f"[targets.{name}]",
            'style = "parse-server"',
            f'url = "{target.url}"' if name == "new" else 'url = "http://127.0.0.1:9/parse"',
            'app_id = "env:NEW_APP_ID"',
            *(f'{key} = "env:NEW_{key.upper()}"' for key in keys),
            f'mongo = "env:{mongo}"',
            f'writes = "{"disposable" if name == "new" else "forbidden"}"',
            f'note = "{note}"',
            "origins = []",
        ]
    (folder / "parity.toml").write_text("\n".join(lines) + "\n", "utf-8")


def write_traffic(folder: Path, target: Target, keys: dict[str, str]) -> None:
    """Write a HAR file whose requests and answers hold every secret."""
    headers = [
        {"name": "X-Parse-Application-Id", "value": target.app_id.value},
        {"name": "X-Parse-REST-API-Key", "value": keys["rest_key"]},
        {"name": "X-Parse-Session-Token", "value": TOKEN},
        {"name": "Content-Type", "value": "application/json"},
    ]
    user = {"objectId": "user1", "username": "u", "email": MAIL, "sessionToken": TOKEN}
    login = {"username": "u", "password": USER_PASSWORD, "_method": "GET"}
    calls = [
        ("GET", "classes/Post", None, {"results": [{"objectId": "post9", "text": MAIL}]}),
        ("POST", "login", login, user),
        ("POST", "functions/echo", {"key": keys["master_key"]}, {"result": keys["master_key"]}),
        ("GET", f"users/me?sessionToken={TOKEN}", None, user),
    ]
    entries = [
        {
            "startedDateTime": f"2016-03-04T12:00:0{number}.000Z",
            "time": 5,
            "request": {
                "method": method,
                "url": f"{target.url}/{path}",
                "httpVersion": "HTTP/1.1",
                "headers": headers,
                "queryString": [],
                "cookies": [],
                "headersSize": -1,
                "bodySize": -1,
                **(
                    {"postData": {"mimeType": "application/json", "text": json.dumps(body)}}
                    if body
                    else {}
                ),
            },
            "response": {
                "status": 200,
                "statusText": "OK",
                "httpVersion": "HTTP/1.1",
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "cookies": [],
                "content": {
                    "size": 1,
                    "mimeType": "application/json",
                    "text": json.dumps(answer),
                },
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": -1,
            },
            "cache": {},
            "timings": {"send": 0, "wait": 5, "receive": 0},
        }
        for number, (method, path, body, answer) in enumerate(calls)
    ]
    har = {"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}}
    (folder / "app.har").write_text(json.dumps(har), "utf-8")
    site = f"/start?token={TOKEN}&mail={MAIL}\n"
    (folder / "urls.txt").write_text(site, "utf-8")
    elsewhere = f"http://elsewhere.example/start?sessionToken={TOKEN}\n"
    (folder / "wrong.txt").write_text(elsewhere, "utf-8")


def write_sources(folder: Path, keys: dict[str, str]) -> None:
    cloud, client = folder / "cloud", folder / "client"
    cloud.mkdir()
    client.mkdir()
    (cloud / "main.js").write_text(
        f'Parse.initialize("app", "{keys["javascript_key"]}", "{keys["master_key"]}");\n'
        f'Parse.Cloud.define("echo", (request, response) => response.success("{MAIL}"));\n',
        "utf-8",
    )
    (client / "app.js").write_text(
        f'const masterKey = "{keys["master_key"]}"; fetch("https://api.parse.com/1/users");\n'
        f'Parse.initialize("app", "{keys["javascript_key"]}"); Parse.masterKey = masterKey;\n',
        "utf-8",
    )


COMMANDS = {
    "preflight": ("preflight", "--target=new", "--from=old", "--pings=3"),
    "verify": ("verify", "--from=old", "--to=new"),
    "audit": ("audit", "--target=new", "--check-files=all"),
    "audit --mongo": ("audit", "--mongo=env:NEW_MONGO"),
    "indexes": ("indexes", "--target=new", "--profile=social", "--samples=1"),
    "size": (
        "size", "--target=new", "--profile=social", "--quick", "--seconds=0.5", "--peak=2",
        "--max-rate=4", "--max-minutes=0.1",
    ),
    "settings": ("settings", "--target=new"),
    "files": ("files", "--target=new"),
    "web": ("web", "{folder}/urls.txt", "--target=new", "--from=http://127.0.0.1:9"),
    "deployment": ("deployment", "--target=new", "--from-inside", "--samples=10"),
    "scan": ("scan", "{folder}/client", "--cloud={folder}/cloud", "--recording={folder}/app.jsonl"),
    "replay": ("replay", "{folder}/app.jsonl", "--target=new"),
    "replay --read-only": ("replay", "{folder}/app.har", "--target=new", "--read-only"),
    "profile": ("profile", "{folder}/app.jsonl", "--out={reports}/app.toml"),
    "import": (
        "import", "{folder}/app.har", "--out={reports}/again.jsonl", "--target=new",
        "--config={folder}/parity.toml",
    ),
    "export": ("export", "{folder}/app.jsonl", "--har={reports}/again.har"),
}  # fmt: skip
"""Each command that reads a secret, so that it meets one; a new job is added here."""
NO_JSON = {"profile", "import", "export"}


@pytest.fixture(scope="module", autouse=True)
def _recording(world: World) -> None:
    out = world.folder / "app.jsonl"
    config = f"--config={world.folder / 'parity.toml'}"
    har = str(world.folder / "app.har")
    arguments = ["import", har, f"--out={out}", config, "--target=new"]
    assert CliRunner(env=world.environ).invoke(main, arguments).exit_code == 0
    assert not leaks(world, out.read_text("utf-8"))


def leaks(world: World, text: str) -> list[str]:
    """Return the names of the secrets that stand in a text."""
    return [name for name, value in world.secrets.items() if value in text]


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_output_of_any_command_holds_a_secret(
    world: World, tmp_path: Path, name: str, *, as_json: bool
) -> None:
    if as_json and name in NO_JSON:
        pytest.skip("it has no --json")
    reports = tmp_path / "reports"
    reports.mkdir()
    places = {"folder": world.folder, "reports": reports}
    arguments = [argument.format(**places) for argument in COMMANDS[name]]
    environ = world.environ | {
        "PARITY_CONFIG": str(world.folder / "parity.toml"),
        "PARITY_REPORTS": str(reports),
    }
    ran = CliRunner(env=environ).invoke(main, [*arguments, *(["--json"] if as_json else [])])

    found = {"terminal": leaks(world, ran.output + ran.stderr)}
    written = [path for path in reports.rglob("*") if path.is_file()]
    for path in written:
        found[path.name] = leaks(world, path.read_bytes().decode("utf-8", "replace"))
    assert {place: names for place, names in found.items() if names} == {}, ran.output
    assert ran.exit_code in (0, 1, 2), ran.output
    assert "error in parse-parity itself" not in ran.output
    assert written, ran.output  # it has got as far as judging


def test_an_input_that_is_refused_is_not_quoted_with_its_secrets(
    world: World, tmp_path: Path
) -> None:
    environ = world.environ | {"PARITY_CONFIG": str(world.folder / "parity.toml")}
    urls = str(world.folder / "wrong.txt")
    arguments = ["web", urls, "--target=new", "--from=http://127.0.0.1:9"]
    ran = CliRunner(env=environ).invoke(main, [*arguments, f"--report-dir={tmp_path}"])
    assert ran.exit_code == 2
    assert "wrong.txt" in ran.output
    assert leaks(world, ran.output) == []


@pytest.mark.parametrize("command", ["verify", "audit", "preflight", "indexes", "size", "files"])
def test_a_password_that_breaks_its_uri_is_in_no_message(
    world: World, tmp_path: Path, command: str
) -> None:
    target = ("--from=old", "--to=new") if command == "verify" else ("--target=new",)
    profile = ("--profile=social",) if command in ("indexes", "size") else ()
    broken = f"mongodb://planted:{PASSWORD}@127.0.0.1:1/app"
    environ = world.environ | {
        "PARITY_CONFIG": str(world.folder / "parity.toml"),
        "PARITY_REPORTS": str(tmp_path),
        "NEW_MONGO": broken,
        "OLD_MONGO": broken,
    }
    ran = CliRunner(env=environ).invoke(main, [command, *target, *profile])
    assert ran.exit_code in (1, 2)
    assert "error in parse-parity itself" not in ran.output
    everything = ran.output + "".join(
        path.read_bytes().decode("utf-8", "replace")
        for path in tmp_path.rglob("*")
        if path.is_file()
    )
    assert "planted" not in everything.replace("test_planted", "").replace(str(world.folder), "")
