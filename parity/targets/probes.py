"""What a target can do, found out by asking it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from parity.model import BadReply, HarnessError, Target, UserError, Writes
from parity.targets.client import ParseClient
from parity.targets.identity import measured_on
from parity.targets.namespace import Namespace
from parity.targets.reply import Reply
from parity.targets.sweep import Sweeper, sweep_classes

FIXTURE_FUNCTION = "parityFixture"
"""Function of ``scenarios/cloud/main.js`` that answers which version of the fixture is loaded."""
FIXTURE_VERSION = 1
SERVER_ERROR = 500
"""Statuses from here on say that the server is at fault (RFC 9110, section 15.6)."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether a target can do something, and how we know.

    Attributes:
        name: One of :data:`CAPABILITIES`.
        available: Whether it can.
        reason: What the probe saw, in a few words.
        broken: Whether it is there and wrong: no option of a server explains a status of 500, so
            checks that need it are not *unsupported*, they could not be judged.
    """

    name: str
    available: bool
    reason: str
    broken: bool = False


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the probes found out about one target.

    Attributes:
        target: Name of the target.
        version: Parse Server version, or ``None`` if neither configured nor told.
        capabilities: By name.
        digests: What it is, see :func:`parity.targets.identity.measured_on`.
    """

    target: str
    version: str | None
    capabilities: dict[str, Capability]
    digests: dict[str, str] = field(default_factory=dict)

    def missing(self, names: tuple[str, ...]) -> Capability | None:
        """Return the first of these capabilities that is not available.

        Raises:
            UserError: A name is not known.
        """
        for name in names:
            if name not in CAPABILITIES:
                raise UserError(
                    f"there is no capability {name!r}", f"There is {', '.join(CAPABILITIES)}."
                )
            if not self.capabilities[name].available:
                return self.capabilities[name]
        return None

    def as_json(self) -> dict[str, Any]:
        """Return the facts as JSON, for another process."""
        return {
            "target": self.target,
            "version": self.version,
            "capabilities": [asdict(capability) for capability in self.capabilities.values()],
            "digests": self.digests,
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> ServerFacts:
        """Return the facts that :meth:`as_json` wrote."""
        capabilities = [Capability(**each) for each in document["capabilities"]]
        return cls(
            document["target"],
            document["version"],
            {c.name: c for c in capabilities},
            document["digests"],
        )


def probe(target: Target, namespace: Namespace) -> ServerFacts:
    """Ask a target what it can do.

    Args:
        target: Where to ask.
        namespace: Names for what the probes have to write.

    Returns:
        The facts.

    Raises:
        HarnessError: The target does not answer, or not as a Parse server does.
    """
    sweeper = Sweeper(target)
    client = ParseClient(target, observer=sweeper.observe)
    try:
        _must_accept_keys(client)
        version, master = _master_key(client)
        found = [master]
        for name, ask in _PROBES.items():
            found.append(_careful(name, ask, client, namespace))
        by_name = {c.name: c for c in found}
        return ServerFacts(target.name, target.version or version, by_name, measured_on(target))
    finally:
        client.close()
        if not target.embedded:
            sweeper.sweep()
            sweep_classes(target, namespace)


def server_version(target: Target) -> str | None:
    """Ask a target for its version, without writing anything.

    Args:
        target: Where to ask.

    Returns:
        The configured version, else what the server says to the master key, else ``None``.

    Raises:
        HarnessError: The target does not answer, or refuses the keys.
    """
    client = ParseClient(target)
    try:
        _must_accept_keys(client)
        return target.version or _master_key(client)[0]
    finally:
        client.close()


def _must_accept_keys(client: ParseClient) -> None:
    """Raise if the target answers, but refuses the configured keys."""
    target = client.target
    # Any key may be the only one that is configured.
    names = [name for name, _ in target.keys.items() if name != "file_key"]
    keyed = client.using(key="rest_key" if "rest_key" in names else names[0] if names else None)
    reply = keyed.get("config")
    if reply.status in (401, 403):
        raise HarnessError(
            f"target {target.name!r} at {target.url} refuses the keys: status {reply.status} "
            f"{reply.text.strip()}; check app_id and the keys in its settings"
        )


def _master_key(client: ParseClient) -> tuple[str | None, Capability]:
    name = "master_key"
    if client.target.keys.master_key is None:
        return None, Capability(name, available=False, reason="no master_key is configured")
    try:
        reply = client.as_master().get("serverInfo")
    except BadReply:
        # The hosted service had no such endpoint; a query that needs the key tells as well.
        reply = client.as_master().get("classes/_Installation", params={"limit": 0})
    if not reply.ok:
        return None, _not_available(name, "serverInfo", reply)
    version = reply.json.get("parseServerVersion") if isinstance(reply.json, dict) else None
    return version, Capability(name, available=True, reason="serverInfo accepts it")


def _cloud_fixture(client: ParseClient, namespace: Namespace) -> Capability:  # noqa: ARG001
    name = "cloud_fixture"
    reply = client.call(FIXTURE_FUNCTION)
    if not reply.ok:
        if reply.status >= SERVER_ERROR:
            return _not_available(name, "a cloud function", reply)
        reason = "scenarios/cloud/main.js is not loaded on it"
        return Capability(name, available=False, reason=reason)
    loaded = reply.json.get("result") if isinstance(reply.json, dict) else None
    if loaded != FIXTURE_VERSION:
        reason = f"it has loaded version {loaded} of the fixture, not {FIXTURE_VERSION}"
        return Capability(name, available=False, reason=reason)
    reason = f"version {FIXTURE_VERSION} of scenarios/cloud/main.js is loaded"
    return Capability(name, available=True, reason=reason)


def _file_upload(client: ParseClient, namespace: Namespace) -> Capability:
    reply = client.upload(f"{namespace.prefix}probe.txt", b"probe", "text/plain")
    return _accepted("file_upload", "an upload with the REST key", reply, 201)


def _client_class_creation(client: ParseClient, namespace: Namespace) -> Capability:
    reply = client.create(namespace.class_name("Probe"), {"probe": True})
    return _accepted("client_class_creation", "a new class with the REST key", reply, 201)


def _anonymous_users(client: ParseClient, namespace: Namespace) -> Capability:
    auth_data = {"anonymous": {"id": str(uuid.uuid4())}}
    body = {"username": namespace.user_name("probe"), "authData": auth_data}
    return _accepted("anonymous_users", "an anonymous sign-up", client.post("users", body), 201)


def _batch(client: ParseClient, namespace: Namespace) -> Capability:  # noqa: ARG001
    # A read of what every app has: it works where clients may not make classes.
    reply = client.batch([{"method": "GET", "path": "config"}])
    return _accepted("batch", "a batch of one command", reply, 200)


def _accepted(name: str, what: str, reply: Reply, status: int) -> Capability:
    """Return a capability that is there if a request was answered with this status."""
    if reply.status == status:
        return Capability(name, available=True, reason=f"{what} is accepted")
    return _not_available(name, what, reply)


def _not_available(name: str, what: str, reply: Reply) -> Capability:
    reason = f"{what} is answered with {reply.status} {reply.text.strip()}"
    return Capability(name, available=False, reason=reason, broken=reply.status >= SERVER_ERROR)


_Probe = Callable[[ParseClient, Namespace], Capability]

_PROBES: dict[str, _Probe] = {
    "cloud_fixture": _cloud_fixture,
    "file_upload": _file_upload,
    "client_class_creation": _client_class_creation,
    "anonymous_users": _anonymous_users,
    "batch": _batch,
}
CAPABILITIES: dict[str, str] = {
    "master_key": "a master key is configured and accepted",
    "cloud_fixture": "scenarios/cloud/main.js is loaded",
    "file_upload": "files may be uploaded with the REST key",
    "client_class_creation": "clients may create classes",
    "anonymous_users": "anonymous users may sign up",
    "batch": "a batch of requests is answered",
}
"""What can be asked for with ``@pytest.mark.requires``, and what it means."""


def _careful(name: str, ask: _Probe, client: ParseClient, namespace: Namespace) -> Capability:
    if client.target.writes is Writes.FORBIDDEN:
        return Capability(name, available=False, reason="writes to this target are forbidden")
    try:
        return ask(client, namespace)
    except BadReply as error:
        return Capability(name, available=False, reason=str(error), broken=True)
