"""``parity init``: the ``parity.toml`` of an app, from what its files say."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from parity.html import visible
from parity.init import Found, Setting, detect, write_files
from parity.init.detect import HOSTED_SETTINGS
from parity.init.write import CONFIG, LOCAL_URL, SECRETS, Written
from parity.jobs.settings.hosted import template
from parity.model import ExitCode
from parity.targets.dotenv import with_dotenv

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument(
    "folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option("--url", metavar="URL", help="The new server, with its mount path.")
@click.option("--deployed-url", metavar="URL", help="Where clients will reach it.")
@click.option("--recording", type=_PATH, metavar="FILE", help="Recorded traffic of the app.")
@click.option("--cloud", type=_PATH, metavar="PATH", help="Cloud code of the app.")
@click.option(
    "--client",
    "clients",
    multiple=True,
    type=_PATH,
    metavar="PATH",
    help="Source of a client; may be repeated.",
)
@click.option("--web", type=_PATH, metavar="FILE", help="A recording of the website.")
@click.option(
    "--disposable",
    is_flag=True,
    help="The new server runs on a copy of the data that is thrown away, so a replay may write.",
)
@click.option("--yes", is_flag=True, help="Ask nothing: take what was found.")
def init(
    *,
    folder: Path,
    url: str | None,
    deployed_url: str | None,
    recording: Path | None,
    cloud: Path | None,
    clients: tuple[Path, ...],
    web: Path | None,
    disposable: bool,
    yes: bool,
) -> ExitCode:
    """Write the parity.toml of an app: its servers, its traffic, its sources.

    \b
        parity init
        parity init --yes --recording traffic/app.jsonl --disposable
        parity status           # then: where the app stands, what to run

    Keys, addresses and folders are looked for in index.js, JSON configurations, .env,
    .parse.local, config/global.json, Podfiles and Gradle files. No key is shown; those that stand
    in a file go to .env, which git ignores. A file that is there already stays as it is.
    """  # noqa: D301 - click wants the control character
    found = detect(folder, os.environ)
    _take_servers(found, url, deployed_url)
    for name, path in (("recording", recording), ("cloud", cloud), ("web", web)):
        if path is not None:
            setattr(found, name, _inside(path, folder))
    found.clients = tuple(_inside(client, folder) for client in clients) or found.clients
    if not yes and sys.stdin.isatty():
        disposable = _ask(found, disposable=disposable)
    found.hosted_settings = found.hosted_settings or HOSTED_SETTINGS
    environ = with_dotenv(folder / CONFIG, os.environ)
    written = write_files(folder, found, environ, disposable=disposable)
    if not (folder / HOSTED_SETTINGS).exists():
        (folder / HOSTED_SETTINGS).write_text(template(), "utf-8")
        written.append(Written(HOSTED_SETTINGS, "written: say in it what the hosted app had"))
    _tell(found, folder, written)
    return ExitCode.PASS


def _take_servers(found: Found, url: str | None, deployed_url: str | None) -> None:
    """Let what a person said of the servers go before what was found."""
    if url:
        found.selfhosted["url"] = Setting(value=url, place="--url")
    public = found.selfhosted.get("public_url", Setting()).value
    deployed = deployed_url or (public if public.startswith("https://") else "")
    if deployed:
        place = "--deployed-url" if deployed_url else found.selfhosted["public_url"].place
        found.deployed = {
            name: setting for name, setting in found.selfhosted.items() if name in SECRETS
        } | {"url": Setting(value=deployed, place=place)}


def _inside(path: Path, folder: Path) -> str:
    """Return a path as parity.toml says it: from its own folder."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _ask(found: Found, *, disposable: bool) -> bool:
    """Ask for what only a person knows, with what was found as the answer."""
    address = found.selfhosted.get("url", Setting())
    url = click.prompt("Address of the new server", default=address.value or LOCAL_URL)
    if url != address.value:
        found.selfhosted["url"] = replace(address, value=url, place="you")
    for name, what in (
        ("recording", "Recorded traffic (empty: not yet)"),
        ("cloud", "Folder of the cloud code (empty: there is none)"),
        ("web", "Recording of the website (empty: there is none)"),
    ):
        setattr(found, name, click.prompt(what, default=getattr(found, name)).strip())
    clients = click.prompt("Sources of the clients", default=" ".join(found.clients))
    found.clients = tuple(clients.split())
    return disposable or click.confirm(
        "Is the new server on a copy of the data that may be thrown away, so that a replay may "
        "write to it?",
        default=False,
    )


def _address(value: str) -> str:
    """Return an address without the password that somebody may have put into it."""
    scheme, slashes, rest = value.rpartition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"


def _tell(found: Found, folder: Path, written: list[Written]) -> None:
    for target, settings in found.targets.items():
        for name, setting in sorted(settings.items()):
            shown = "a secret" if name in SECRETS else _address(setting.value)
            click.echo(visible(f"{target:<10}  {name:<14}  {shown}  ({setting.place})"))
    for name in ("recording", "cloud", "clients", "web"):
        value = getattr(found, name)
        said = " ".join(value) if isinstance(value, tuple) else value
        click.echo(visible(f"{'app':<10}  {name:<14}  {said or 'not found'}"))
    for file in written:
        click.echo(visible(f"{file.name}: {file.what}"))
    click.echo("Next: parity status" + ("" if folder == Path() else f"  (in {folder})"))
