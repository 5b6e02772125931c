"""Settings from ``parity.toml`` and the environment, validated as a whole."""

from __future__ import annotations

import difflib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from packaging.version import InvalidVersion, Version

from parity.model import Keys, Secret, Style, Target, Writes
from parity.model.toml import Document, Wrong, nearest, open_toml, problems_of
from parity.targets.app import App, app_of
from parity.targets.dotenv import with_dotenv
from parity.targets.secrets import read_secret_file

KEY_NAMES = (
    "rest_key",
    "client_key",
    "javascript_key",
    "dotnet_key",
    "master_key",
    "file_key",
)
TARGET_FIELDS = (
    "style",
    "url",
    "app_id",
    *KEY_NAMES,
    "mongo",
    "writes",
    "version",
    "timeout",
    "note",
    "ca",
    "public_url",
    "origins",
    "dashboard",
    "cloud",
)
TOP_FIELDS = ("app", "targets", "known_differences", "reports", "allow_shared_database")
SECRET_FIELDS = frozenset({*KEY_NAMES, "mongo"})
_REFERENCE = re.compile(r"(env|file):(.+)")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user configured.

    Attributes:
        targets: The targets that are configured, by name; empty means the embedded default.
        known_differences: Folders of a team's own known differences.
        reports: Folder that runs are written to.
        allow_shared_database: Whether two targets may reach the same database.
        source: The file they came from; ``None`` without one.
        app: The app that moves.
    """

    targets: dict[str, Target] = field(default_factory=dict)
    known_differences: tuple[Path, ...] = ()
    reports: Path = Path("reports")
    allow_shared_database: bool = False
    source: Path | None = None
    app: App = field(default_factory=App)


def load_settings(
    file: Path | None, environ: Mapping[str, str], only: tuple[str, ...] = ()
) -> Settings:
    """Read and check a configuration.

    Args:
        file: A ``parity.toml``; ``None`` gives the embedded default.
        environ: Where ``env:NAME`` references are looked up, before a ``.env`` beside the file.
        only: Names of the targets that will be used; secrets of others are not looked up.

    Returns:
        The settings.

    Raises:
        UserError: Every problem of the file, each with its line.
    """
    if file is None:
        return Settings()
    return _Reader(file, _document(file), with_dotenv(file, environ), only).settings()


def load_app(file: Path) -> App:
    """Read nothing but ``[app]`` of a configuration: no secret is looked up.

    Args:
        file: A ``parity.toml``.

    Raises:
        UserError: Every problem of the table, each with its line.
    """
    return _Reader(file, _document(file), {}, ()).only_app()


def _document(file: Path) -> Document:
    remedy = "Give the path of a parity.toml with --config or PARITY_CONFIG."
    return open_toml(file, remedy, "config")


class _Reader:
    """Collects every problem of one document before it complains."""

    def __init__(
        self,
        file: Path,
        document: Document,
        environ: Mapping[str, str],
        only: tuple[str, ...],
    ) -> None:
        self.file = file
        self.document = document
        self.environ = environ
        self.only = only
        self.problems: list[Wrong] = []

    def settings(self) -> Settings:
        for key in self.document.value:
            if key not in TOP_FIELDS:
                self.problem((), key, f"unknown setting {key!r}, {nearest(key, TOP_FIELDS)}")
        app = self.app()
        targets = self.targets()
        if app.cloud is not None and app.cloud.exists():
            targets = {name: _running(target, app.cloud) for name, target in targets.items()}
        folders = self.folders()
        reports = self.document.value.get("reports", "reports")
        if not isinstance(reports, str):
            self.problem((), "reports", "reports is a path in quotes")
            reports = "reports"
        shared = self.document.value.get("allow_shared_database", False)
        if not isinstance(shared, bool):
            self.problem((), "allow_shared_database", "allow_shared_database is true or false")
        self.complain()
        return Settings(targets, folders, Path(reports), bool(shared), self.file, app)

    def only_app(self) -> App:
        app = self.app()
        self.complain()
        return app

    def complain(self) -> None:
        if self.problems:
            raise problems_of(
                self.file, self.problems, "docs/configuration.md describes each setting.", "config"
            )

    def app(self) -> App:
        def problem(key: str, text: str) -> None:
            self.problem(("app",), key, text)

        return app_of(self.document.value.get("app", {}), self.file.parent, problem)

    def problem(self, table: tuple[str, ...], key: str, text: str) -> None:
        self.problems.append(Wrong(self.document.line((*table, key)), text))

    def targets(self) -> dict[str, Target]:
        tables = self.document.value.get("targets", {})
        if not isinstance(tables, dict) or not tables:
            self.problem((), "targets", "no [targets.NAME] table, so there is nothing to test")
            return {}
        for name in self.only:
            if name not in tables:
                self.problem((), "targets", f"no target {name!r}, {nearest(name, tables)}")
        found: dict[str, Target] = {}
        for name, table in tables.items():
            if not isinstance(table, dict):
                self.problem((), name, f"[targets.{name}] is a table")
                continue
            target = self.target(name, table)
            if target is not None:
                found[name] = target
        return found

    def target(self, name: str, table: dict[str, Any]) -> Target | None:
        where = ("targets", name)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            self.problem(where, "", f"target name {name!r} has other than letters, digits, - and _")
        for key in table:
            if key not in TARGET_FIELDS:
                self.problem(where, key, f"unknown setting {key!r}, {nearest(key, TARGET_FIELDS)}")
        before = len(self.problems)
        style = self.choice(where, table, "style", Style)
        writes = self.choice(where, table, "writes", Writes, Writes.FORBIDDEN)
        url = self.url(where, table)
        public_url = self.url(where, table, "public_url") if "public_url" in table else None
        dashboard = self.url(where, table, "dashboard") if "dashboard" in table else None
        origins = self.origins(where, table)
        version, note = self.version(where, table), self.text(where, table, "note")
        timeout = self.timeout(where, table)
        used = not self.only or name in self.only
        ca = self.authority(where, table) if used else None
        cloud = self.code(where, table) if used else None
        secrets = {
            key: self.secret(where, key, table[key], used=used)
            for key in ("app_id", *SECRET_FIELDS)
            if key in table
        }
        if "app_id" not in table:
            self.problem(where, "app_id", f"[targets.{name}] has no app_id")
        if style is Style.HOSTED and not any(key in table for key in KEY_NAMES):
            text = f"[targets.{name}] has no key; hosted style needs one, e.g. rest_key"
            self.problem(where, "style", text)
        if len(self.problems) > before or not used or style is None or writes is None:
            return None
        return Target(
            name=name,
            style=style,
            url=url,
            app_id=secrets["app_id"],
            keys=Keys(**{key: secrets[key] for key in KEY_NAMES if key in secrets}),
            writes=writes,
            mongo=secrets.get("mongo"),
            version=version or None,
            timeout_s=timeout,
            note=note,
            ca=ca,
            public_url=public_url,
            origins=origins,
            cloud=cloud,
            dashboard=dashboard,
        )

    def choice(
        self,
        where: tuple[str, ...],
        table: dict[str, Any],
        key: str,
        kind: Any,
        default: Any = None,
    ) -> Any:
        choices = tuple(str(each) for each in kind)
        value = table.get(key, default)
        if value is None:
            text = f"[{'.'.join(where)}] has no {key}: one of {', '.join(choices)}"
            self.problem(where, key, text)
        elif value not in choices:
            hint = nearest(str(value), choices)
            self.problem(where, key, f"{key} = {value!r} is not known, {hint}")
        else:
            return kind(value)
        return None

    def url(self, where: tuple[str, ...], table: dict[str, Any], key: str = "url") -> str:
        value = table.get(key)
        if not isinstance(value, str):
            self.problem(where, key, f"[{'.'.join(where)}] has no {key}")
            return ""
        parts = _split(value)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            self.problem(where, key, f"{key} = {value!r} is not an http:// or https:// address")
        elif parts.username or parts.password:
            self.problem(where, key, f"{key} holds a user name or password; use the key settings")
        elif parts.query or parts.fragment:
            self.problem(where, key, f"{key} holds a query; give the address up to the mount path")
        elif wrong := _wrong_address(value, parts):
            self.problem(where, key, f"{key} = {value!r} {wrong}")
        return value.rstrip("/")

    def origins(self, where: tuple[str, ...], table: dict[str, Any]) -> tuple[str, ...] | None:
        value = table.get("origins")
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            parts = [_split(each) for each in value]
            if all(
                each is not None
                and each.scheme in ("http", "https")
                and each.hostname
                and not (each.path or each.query or each.fragment or "@" in each.netloc)
                and not _wrong_address(origin, each)
                for origin, each in zip(value, parts, strict=True)
            ):
                return tuple(value)
        text = 'origins is a list like ["https://app.example"], without paths; [] if there is none'
        self.problem(where, "origins", text)
        return None

    def code(self, where: tuple[str, ...], table: dict[str, Any]) -> Path | None:
        name = self.text(where, table, "cloud")
        if not name:
            return None
        path = self.file.parent / Path(name).expanduser()
        if not path.exists():
            self.problem(where, "cloud", f"cloud = {name!r}: there is no such file or folder")
        return path

    def authority(self, where: tuple[str, ...], table: dict[str, Any]) -> Path | None:
        name = self.text(where, table, "ca")
        if not name:
            return None
        path = self.file.parent / Path(name).expanduser()
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except ssl.SSLError:
            self.problem(where, "ca", f"ca = {name!r} holds no certificate in PEM")
        except OSError as error:
            self.problem(where, "ca", f"ca = {name!r}: {_reason(error)}")
        return path

    def text(self, where: tuple[str, ...], table: dict[str, Any], key: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            self.problem(where, key, f"{key} is text in quotes")
        elif not value.isprintable():
            # It is shown in terminals and pages, where an escape would act.
            self.problem(where, key, f"{key} holds a line break or what cannot be printed")
        else:
            return value
        return ""

    def version(self, where: tuple[str, ...], table: dict[str, Any]) -> str:
        value = self.text(where, table, "version")
        try:
            if "version" in table:
                Version(value)
        except InvalidVersion:
            text = f"version = {value!r} is not a version of Parse Server, such as 9.10.0"
            self.problem(where, "version", text)
        return value

    def timeout(self, where: tuple[str, ...], table: dict[str, Any]) -> float:
        value = table.get("timeout", 15)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 600:
            return float(value)
        self.problem(where, "timeout", f"timeout = {value!r} is not a number of seconds up to 600")
        return 15.0

    def secret(self, where: tuple[str, ...], key: str, value: object, *, used: bool) -> Secret:
        reference = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if reference is None:
            if key == "app_id" and isinstance(value, str) and value:
                return Secret(value)
            # The value is not repeated: it may be a real secret.
            self.problem(where, key, f'{key} is not a reference; write "env:NAME" or "file:PATH"')
            return Secret("")
        kind, name = reference.groups()
        if not used:
            return Secret("", name)
        if kind == "env":
            return self.from_environment(where, key, name)
        return self.from_file(where, key, name)

    def from_environment(self, where: tuple[str, ...], key: str, name: str) -> Secret:
        value = self.environ.get(name, "")
        if not value:
            close = difflib.get_close_matches(name, list(self.environ), n=1, cutoff=0.8)
            hint = f", but {close[0]} is" if close else ""
            self.problem(where, key, f"{key} = env:{name}, and {name} is not set{hint}")
        return Secret(value, name)

    def from_file(self, where: tuple[str, ...], key: str, name: str) -> Secret:
        path = Path(name).expanduser()
        path = path if path.is_absolute() else self.file.parent / path
        try:
            value = read_secret_file(path)
        except ValueError as error:
            self.problem(where, key, f"{key} = file:{name}, and that {error}")
            return Secret("")
        return Secret(value, f"{where[-1]}_{key}".upper().replace("-", "_"))

    def folders(self) -> tuple[Path, ...]:
        value = self.document.value.get("known_differences", [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.problem((), "known_differences", "known_differences is a list of folders")
            return ()
        folders = tuple(self.file.parent / each for each in value)
        for folder in folders:
            if not folder.is_dir():
                self.problem((), "known_differences", f"{folder} is not a folder")
        return folders


def _running(target: Target, cloud: Path) -> Target:
    """Return a target with the cloud code of the app, unless it says that it runs other code."""
    runs_it = target.style is Style.PARSE_SERVER and target.cloud is None
    return replace(target, cloud=cloud) if runs_it else target


def _wrong_address(url: str, parts: SplitResult) -> str:
    """Say what no connection could be made to; empty if there is nothing."""
    # urlsplit takes line breaks and tabs out of what it reads.
    if not url.isprintable() or " " in url:
        return "holds a space or what cannot be printed"
    if parts.port == 0:
        return "has port 0, which nobody can listen on"
    host = parts.hostname or ""
    try:
        if ":" not in host:  # an IPv6 address has no labels
            host.encode("idna")
    except UnicodeError:
        return f"has no host name: {host!r}"
    return ""


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at here, because it is checked when it is read
    except ValueError:
        return None
    return parts


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
