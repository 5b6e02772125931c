"""A deployment on this machine: mongod, Parse Server, and a TLS proxy in front of it.

Outside is 127.0.0.2: the proxy tells the server from which address a client comes, and the server
allows the master key for 127.0.0.1 only, as it does by default.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import trustme

from demo.proxy import Answer, Edit, Forwarded, Page, TlsProxy
from parity.jobs.deployment import DeploymentOptions
from parity.jobs.deployment.http import HttpSession
from parity.model import Keys, Secret, Style, Target, Writes
from parity.stack.stack import new_keys
from tests.jobs.deployment.server import ParseServer
from tests.mongod import Mongod

OUTSIDE = "127.0.0.2"
ORIGIN = "https://app.example"
SAFE: dict[str, Any] = {
    "trustProxy": True,
    "masterKeyIps": ["127.0.0.1"],
    "allowOrigin": [ORIGIN],
    "allowClientClassCreation": False,
}


@dataclass(frozen=True, slots=True)
class Authority:
    """A private certificate authority.

    Attributes:
        ca: It.
        file: Its certificate.
    """

    ca: trustme.CA
    file: Path

    def context(
        self,
        host: str = "localhost",
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> ssl.SSLContext:
        """Return a server's context with a certificate for a host."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf = self.ca.issue_cert(host, not_before=not_before, not_after=not_after)
        leaf.configure_cert(context)
        return context


@dataclass(slots=True)
class Deployment:
    """A server that can be restarted, behind a proxy.

    Attributes:
        authority: Who vouches for the proxy.
        mongod: Its MongoDB.
        database: Name of its database.
        server: The Parse Server.
        proxy: The proxy that does everything right.
        app_id: Application id.
        keys: Keys of the app.
    """

    authority: Authority
    mongod: Mongod
    database: str
    server: ParseServer
    proxy: TlsProxy
    app_id: Secret
    keys: Keys

    def target(self, proxy: TlsProxy | None = None, **changes: Any) -> Target:
        """Return the target behind a proxy."""
        target = Target(
            "deployed",
            Style.PARSE_SERVER,
            f"{(proxy or self.proxy).origin}/parse",
            self.app_id,
            self.keys,
            Writes.NAMESPACED,
            ca=self.authority.file,
            origins=(ORIGIN,),
            public_url=f"{self.proxy.origin}/parse",
        )
        return replace(target, **changes)

    @contextlib.contextmanager
    def outside(self, target: Target | None = None) -> Iterator[HttpSession]:
        """Ask from outside."""
        http = HttpSession(target or self.target(), OUTSIDE)
        try:
            yield http
        finally:
            http.close()

    @contextlib.contextmanager
    def inside(self) -> Iterator[HttpSession]:
        """Ask from the address that may use the master key."""
        http = HttpSession(self.target())
        try:
            yield http
        finally:
            http.close()

    @contextlib.contextmanager
    def behind(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        forwarded: Forwarded = "replace",
        edit: Edit | None = None,
        pages: Mapping[str, Page] | None = None,
    ) -> Iterator[TlsProxy]:
        """Run another proxy in front of the same server; it may be wrong."""
        context = tls or self.authority.context()
        upstream = self.proxy.upstream
        with TlsProxy(context, upstream, forwarded=forwarded, edit=edit, pages=pages) as proxy:
            yield proxy

    def options(self, **changes: Any) -> DeploymentOptions:
        """Return options for a test: nothing is on the port of plain HTTP, and no pauses."""
        return replace(
            DeploymentOptions(source_address=OUTSIDE, http_port=1, health_pause_s=0.0, samples=20),
            **changes,
        )


@contextlib.contextmanager
def deployed(
    mongod: Mongod,
    authority: Authority,
    options: Mapping[str, Any] | None = None,
    keys: Keys | None = None,
    database_port: int | None = None,
) -> Iterator[Deployment]:
    """Deploy a server.

    Args:
        mongod: Its MongoDB.
        authority: Who vouches for the proxy.
        options: Parse Server options beside those of a safe deployment.
        keys: Its keys; new ones if not given.
        database_port: Port of a proxy in front of MongoDB.
    """
    app_id, own = new_keys("deployed")
    name = f"deployment_{uuid4().hex[:10]}"
    port = database_port or mongod.port
    uri = f"mongodb://127.0.0.1:{port}/{name}?directConnection=true"
    with TlsProxy(authority.context()) as proxy:
        all_options = {**SAFE, "publicServerURL": f"{proxy.origin}/parse", **(options or {})}
        with ParseServer(uri, app_id, keys or own, all_options) as server:
            proxy.upstream = server.start()
            yield Deployment(authority, mongod, name, server, proxy, app_id, keys or own)
    with mongod.client() as client:
        client.drop_database(name)


def page(body: str, status: int = 200, *headers: tuple[str, str]) -> Page:
    """Return a page that the proxy serves itself, with the rest of its path not found."""

    async def serve(request: Any) -> Answer:
        return Answer(status, [("Content-Type", "text/html"), *headers], body.encode())

    return serve
