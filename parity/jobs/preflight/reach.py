"""Reaching a MongoDB, and naming the reason where it cannot be reached."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import (
    ConfigurationError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)
from pymongo.uri_parser import parse_uri

from parity.jobs.preflight import codes
from parity.jobs.preflight.codes import failed
from parity.model import UserError
from parity.model.judged import Judged

TIMEOUT_S: Final = 10.0
_AUTH_CODES: Final = frozenset({13, 18, 334, 8000})
"""Unauthorized, AuthenticationFailed, MechanismUnavailable; 8000 is Atlas for all of them."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a MongoDB URI says.

    Attributes:
        hosts: Host and port of each member that it names.
        database: The database that will receive the data.
        user: Name of the user; empty if there is none.
        tls: Whether it asks for TLS.
    """

    hosts: tuple[tuple[str, int], ...]
    database: str
    user: str
    tls: bool

    @property
    def local(self) -> bool:
        """Whether every host is this machine."""
        return all(_is_loopback(host) for host, _ in self.hosts)


def read_uri(uri: str, name: str) -> Address | Judged:
    """Read a MongoDB URI.

    Args:
        uri: The URI; it is never quoted in a message.
        name: Name of the target, for messages.

    Returns:
        Its parts, or the finding that its ``mongodb+srv`` name does not resolve.

    Raises:
        UserError: It is no URI, or names no database.
    """
    try:
        parts = parse_uri(uri, validate=True)
    except InvalidURI as error:
        raise UserError(
            f"the MongoDB URI of {name} is not valid ({type(error).__name__})",
            "Write mongodb://user:password@host:27017/database; percent-encode the password.",
            code="mongo-uri",
        ) from None
    except (ConfigurationError, ValueError):
        if uri.startswith("mongodb+srv:"):
            return failed(codes.DNS, "the mongodb+srv name has no SRV record (or none was found)")
        raise UserError(
            f"the MongoDB URI of {name} has an option that does not exist or does not fit",
            "See the MongoDB manual, Connection Strings.",
            code="mongo-uri",
        ) from None
    if not parts["database"]:
        raise UserError(
            f"the MongoDB URI of {name} names no database",
            "Add it at the end: mongodb://host:27017/database",
            code="mongo-database",
        )
    options = {key.lower(): value for key, value in parts["options"].items()}
    hosts = tuple((host, int(port or 27017)) for host, port in parts["nodelist"])
    tls = bool(options.get("tls", options.get("ssl", False)))
    return Address(hosts, str(parts["database"]), parts["username"] or "", tls)


def connect(
    uri: str, address: Address, timeout_s: float = TIMEOUT_S
) -> MongoClient[dict[str, Any]] | Judged:
    """Connect and authenticate.

    Args:
        uri: The URI.
        address: What :func:`read_uri` made of it.
        timeout_s: Seconds to wait for each step.

    Returns:
        A client that has answered a ping (close it), or the finding that says why there is none.
    """
    problem = _first_problem(address, timeout_s)
    if problem is not None:
        return problem
    milliseconds = int(timeout_s * 1000)
    client: MongoClient[dict[str, Any]] | None = None
    try:
        client = MongoClient(
            uri,
            appname="parse-parity",
            serverSelectionTimeoutMS=milliseconds,
            connectTimeoutMS=milliseconds,
            retryReads=False,
        )
        client.admin.command("ping")
        client.get_database(address.database).command("connectionStatus")
    except OperationFailure as error:
        _close(client)
        if error.code in _AUTH_CODES:
            who = f"the user {address.user!r}" if address.user else "a connection without a user"
            return failed(codes.AUTH, f"MongoDB refuses {who} (code {error.code})")
        return failed(codes.TIMEOUT, f"MongoDB answers with error {error.code}")
    except (PyMongoError, ValueError, OSError) as error:
        _close(client)
        return _why(error, address, timeout_s)
    return client


def _close(client: MongoClient[dict[str, Any]] | None) -> None:
    if client is not None:
        client.close()


def _first_problem(address: Address, timeout_s: float) -> Judged | None:
    """Try the hosts one by one; one that accepts a connection is enough."""
    problems = []
    for host, port in address.hosts:
        if host.startswith("/"):
            return None
        try:
            socket.create_connection((host, port), timeout_s).close()
        except socket.gaierror:
            problems.append(failed(codes.DNS, f"{host} does not resolve"))
        except ConnectionRefusedError:
            problems.append(failed(codes.REFUSED, f"{host}:{port} refuses connections"))
        except TimeoutError:
            text = f"{host}:{port} does not answer within {timeout_s:g} s"
            problems.append(failed(codes.TIMEOUT, text))
        except OSError as error:
            text = f"{host}:{port} cannot be reached: {error.strerror or type(error).__name__}"
            problems.append(failed(codes.REFUSED, text))
        else:
            return None
    return problems[0] if problems else None


def _why(error: Exception, address: Address, timeout_s: float) -> Judged:
    """Say why a host that accepts connections does not talk to us."""
    text = str(error)
    if address.tls:
        if "CERTIFICATE" in text.upper():
            return failed(codes.TLS, "the certificate is not trusted or not for this host")
        if "SSL" in text or "TLS" in text:
            return failed(codes.TLS, "the TLS handshake fails; MongoDB may not speak TLS")
    elif any(_speaks_tls(host, port, timeout_s) for host, port in address.hosts):
        return failed(codes.TLS, "MongoDB wants TLS, and the URI does not ask for it")
    if "SSL" in text:
        return failed(codes.TLS, "TLS cannot be set up with the files that the URI names")
    return failed(
        codes.TIMEOUT,
        f"a connection is accepted, but no MongoDB that fits the URI answers within "
        f"{timeout_s:g} s ({type(error).__name__})",
        "Check replicaSet and directConnection in the URI, and that the members can be reached "
        "under the names that rs.conf() shows.",
    )


def _speaks_tls(host: str, port: int, timeout_s: float) -> bool:
    context = ssl.create_default_context()
    # Only whether there is TLS is asked here, and nothing is sent through it.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout_s) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return True
    except ssl.SSLError as error:
        # A server that asks for a client's certificate speaks TLS as well.
        return "CERTIFICATE_REQUIRED" in str(error) or "HANDSHAKE_FAILURE" in str(error)
    except OSError:
        return False


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith(("127.", "/"))
