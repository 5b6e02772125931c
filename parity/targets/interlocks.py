"""What is never done to a target, whatever a suite asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from parity.model import Target, UserError, Writes
from parity.targets.namespace import PREFIX

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
READ_PATHS = ("login", "verifyPassword")
"""Paths that read although a client may send them as POST with ``_method``."""

GLOBAL_PATHS = frozenset({"config", "hooks", "push", "graphql"})
"""Paths whose writes concern the whole app, not one class or user of the run."""

SYSTEM_PATHS = {
    "_User": "users",
    "_Role": "roles",
    "_Session": "sessions",
    "_Installation": "installations",
}
"""System classes by the path that serves them; others are the app's own business."""


class WriteRefused(UserError):
    """A write to a target whose settings forbid it."""


def is_write(method: str, path: str) -> bool:
    """Return whether a request may change a server.

    Args:
        method: The effective HTTP method (after ``_method``).
        path: Path below the mount, without a leading slash.
    """
    return method.upper() not in READ_METHODS and path.split("?", maxsplit=1)[0] not in READ_PATHS


def refuse_write(target: Target, method: str, path: str, body: Any = None) -> None:
    """Raise if a request would write where the target's settings do not allow it.

    Args:
        target: Where the request would go.
        method: Its HTTP method.
        path: Path below the mount, without a leading slash.
        body: Its JSON body, which names the user of a sign-up and the requests of a batch.

    Raises:
        WriteRefused: With the setting that would allow it.
    """
    if isinstance(body, dict) and isinstance(body.get("_method"), str):
        method = body["_method"]
    if target.writes is Writes.DISPOSABLE or not is_write(method, path):
        return
    if target.writes is Writes.FORBIDDEN:
        raise WriteRefused(
            f"{method} {path} would write to {target.name!r}, whose writes are forbidden",
            f'Set writes = "namespaced" under [targets.{target.name}] if it may be tested on.',
            code="writes-forbidden",
        )
    for each in _writes_of(target, path, body):
        if not _is_namespaced(*each):
            raise WriteRefused(
                f"{method} {each[0]} would write to {target.name!r} outside of the run's names",
                f"Only classes and users whose names start with {PREFIX!r} may be written "
                f'there; writes = "disposable" allows everything.',
                code="writes-namespaced",
            )


def _writes_of(target: Target, path: str, body: Any) -> Iterator[tuple[str, Any]]:
    """Yield path and body of what a request writes: itself, or the writes of a batch."""
    if path != "batch" or not isinstance(body, dict):
        yield path, body
        return
    mount = urlsplit(target.url).path.strip("/") + "/"
    for each in body.get("requests") or []:
        if not isinstance(each, dict) or not is_write(str(each.get("method", "")), ""):
            continue
        inner = str(each.get("path", "")).lstrip("/")
        # A path with another mount is refused by a Parse Server; look at it all the same.
        below = inner.removeprefix(mount) if inner.startswith(mount) else inner.partition("/")[2]
        yield below, each.get("body")


def _is_namespaced(path: str, body: Any) -> bool:
    head, _, rest = path.partition("?")[0].strip("/").partition("/")
    if head == "classes" and rest.startswith("_"):
        system_class, _, rest = rest.partition("/")
        head = SYSTEM_PATHS.get(system_class, "config")
    name = rest.partition("/")[0]
    if head in ("classes", "schemas", "purge"):
        return name.startswith(PREFIX)
    if head in ("users", "roles") and not name:
        named = "username" if head == "users" else "name"
        given = body.get(named) if isinstance(body, dict) else ""
        # A sign-up without a user name is refused by the server or is anonymous.
        return not given or str(given).lower().startswith(PREFIX.lower())
    if head in ("functions", "jobs"):
        return name.lower().startswith(PREFIX.lower())
    return head not in GLOBAL_PATHS


def refuse_shared_database(targets: Iterable[Target], *, allowed: bool) -> None:
    """Raise if two targets are known to reach the same database.

    The migration guide warns of running both servers on one database unawares.

    Args:
        targets: Targets of the run.
        allowed: Whether the user asked for it.

    Raises:
        UserError: Naming both targets.
    """
    seen: dict[str, str] = {}
    for target in targets:
        if target.mongo is None or allowed:
            continue
        database = _database(target.mongo.value)
        if database in seen:
            raise UserError(
                f"{seen[database]!r} and {target.name!r} reach the same database",
                "Point one of them elsewhere, or set allow_shared_database = true if it is meant.",
                code="shared-database",
            )
        seen[database] = target.name


def _database(uri: str) -> str:
    """Return hosts and database of a MongoDB URI, without credentials and options."""
    parts = urlsplit(uri)
    hosts = parts.netloc.rpartition("@")[2].lower()
    name = parts.path.strip("/") or "test"
    return f"{','.join(sorted(hosts.split(',')))}/{name}"
