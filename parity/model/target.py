"""Where requests go, and what may be done there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path

from parity.model.secret import Secret


class Style(StrEnum):
    """The conventions of an endpoint."""

    HOSTED = "hosted"
    """api.parse.com: mounted at ``/1``, every request needs a client key."""
    PARSE_SERVER = "parse-server"
    """A self-hosted Parse Server: any mount path, client keys optional."""


class Writes(StrEnum):
    """What may be written to a target."""

    FORBIDDEN = "forbidden"
    """Nothing: only requests that read are sent."""
    NAMESPACED = "namespaced"
    """Only classes and users that carry the run's prefix."""
    DISPOSABLE = "disposable"
    """Anything: the whole app is thrown away afterwards."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one app, as the migration guide's step 2 names them.

    Source: Parse migration guide, "Set up a local Parse Server" (clientKey, restAPIKey,
    javascriptKey, dotNetKey, masterKey, fileKey).
    """

    rest_key: Secret | None = None
    client_key: Secret | None = None
    javascript_key: Secret | None = None
    dotnet_key: Secret | None = None
    master_key: Secret | None = None
    file_key: Secret | None = None

    def items(self) -> Iterator[tuple[str, Secret]]:
        """Yield the name and value of each key that is set."""
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None:
                yield each.name, value


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint with its style, keys and permissions.

    Attributes:
        name: What the user calls it: ``hosted``, ``selfhosted``, ``staging``.
        style: Which conventions it follows.
        url: Base URL with the mount path and without a trailing slash.
        app_id: The application id.
        keys: The keys that are known for it.
        writes: What may be written.
        mongo: MongoDB URI of its database, if known.
        version: Server version as configured; ``None`` asks the server.
        timeout_s: Seconds to wait for a response before the request is an error.
        embedded: Whether it is part of the embedded default stack, thrown away afterwards.
        note: One line that reports show beside the name (the stand-in says so here).
        ca: PEM file of a private certificate authority, trusted beside those of the system.
        public_url: Base URL that clients use, with the mount path, where it is not ``url``.
        origins: Web origins of the app, ``https://app.example``; empty if no browser uses the
            server, ``None`` if nobody said.
        dashboard: URL of the Parse Dashboard, where it is not beside the server at ``/dashboard``.
        cloud: File or folder with the cloud code that the server has loaded; evidence says so.
    """

    name: str
    style: Style
    url: str
    app_id: Secret
    keys: Keys = field(default_factory=Keys)
    writes: Writes = Writes.FORBIDDEN
    mongo: Secret | None = None
    version: str | None = None
    timeout_s: float = 15.0
    embedded: bool = False
    note: str = ""
    ca: Path | None = None
    public_url: str | None = None
    origins: tuple[str, ...] | None = None
    dashboard: str | None = None
    cloud: Path | None = None

    def secrets(self) -> Iterator[tuple[str, Secret]]:
        """Yield every secret of this target with its setting's name."""
        yield "app_id", self.app_id
        yield from self.keys.items()
        if self.mongo is not None:
            yield "mongo", self.mongo
