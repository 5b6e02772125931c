"""TLS: is the certificate one that clients accept, and nothing spoken that is broken?"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from parity.jobs.deployment import codes
from parity.jobs.deployment.checks import Check, DeploymentOptions
from parity.jobs.deployment.http import HttpSession
from parity.model import HarnessError, TargetDown, TargetTimeout
from parity.model.finding import Finding
from parity.model.judged import Judged
from parity.targets.tls import client_context

HTTP_PATIENCE_S: Final = 5.0
# X509_V_ERR_* of OpenSSL's x509_vfy.h
_NOT_YET, _EXPIRED, _HOST, _ADDRESS = 9, 10, 62, 64
_OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
_NAMES = {ssl.TLSVersion.TLSv1: "TLS 1.0", ssl.TLSVersion.TLSv1_1: "TLS 1.1"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a TLS connection goes, and from where.

    Attributes:
        host: Host name or address, also the name that the certificate has to carry.
        port: TCP port.
        timeout_s: Seconds to wait.
        source: Address of this machine; ``None`` for the system's.
        target: Name of the target, for messages.
    """

    host: str
    port: int
    timeout_s: float
    source: str | None
    target: str

    @classmethod
    def of(cls, http: HttpSession) -> Address:
        """Return where an http's target is."""
        parts = urlsplit(http.target.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        target = http.target
        return cls(parts.hostname or "", port, target.timeout_s, http.source_address, target.name)


@dataclass(frozen=True, slots=True)
class Chain:
    """What came of connections that verify, and of one that only looks.

    Attributes:
        protocol: What was spoken: ``TLSv1.3``; ``None`` if no connection came about at all.
        error: Why the chain, the dates or the host name were not accepted; ``None`` if they were.
        chain_error: The same without looking at the host name.
        certificate: The server's certificate; ``None`` if it could not be read.
    """

    protocol: str | None
    error: ssl.SSLError | None
    chain_error: ssl.SSLError | None
    certificate: x509.Certificate | None


def check_tls(http: HttpSession, options: DeploymentOptions, now: datetime | None = None) -> Judged:
    """Judge the certificate and the protocols of a server.

    Args:
        http: Who asks.
        options: How many days the certificate has to be good for, and the port of plain HTTP.
        now: The present; ``None`` for the machine's.

    Raises:
        HarnessError: Nobody answers there.
    """
    url = http.target.url
    if urlsplit(url).scheme != "https":
        return Check.TLS.judged(f"{url} has no TLS", [codes.TLS_NONE.finding(f"url is {url}")])
    address = Address.of(http)
    chain = _connect(address, http.target.ca)
    if chain.protocol is None:
        finding = codes.TLS_HANDSHAKE.finding(_said(chain.error))
        return Check.TLS.judged(f"no TLS connection: {_said(chain.error)}", [finding])
    findings = [*_of_chain(chain, address.host, options.min_days, now or datetime.now(UTC))]
    if chain.error is not None and not any(finding.fails for finding in findings):
        # Whatever we read in the certificate: clients decide as OpenSSL does.
        findings.append(codes.TLS_CHAIN.finding(_said(chain.error)))
    spoken, unknown = _old_protocols(address)
    if spoken:
        findings.append(codes.TLS_OLD_PROTOCOL.finding(f"{' and '.join(spoken)} accepted"))
    findings += _plain_http(http, options.http_port)
    parts = [chain.protocol.replace("TLSv", "TLS "), _validity(chain, now or datetime.now(UTC))]
    if not spoken:
        parts.append(
            f"{' and '.join(unknown)} could not be tried" if unknown else "nothing older than 1.2"
        )
    if chain.error is None:
        parts.append(_hsts(http))
    return Check.TLS.judged("; ".join(part for part in parts if part), findings)


def verifies(found: Judged) -> bool:
    """Return whether keys may be sent over connections like those that were judged."""
    broken = {
        codes.TLS_HANDSHAKE.id,
        codes.TLS_CHAIN.id,
        codes.TLS_HOST.id,
        codes.TLS_EXPIRED.id,
        codes.TLS_NOT_YET.id,
    }
    return not any(finding.code in broken for finding in found.findings)


def _connect(address: Address, ca: Path | None) -> Chain:
    context = client_context(ca)
    try:
        with _handshake(address, context) as connection:
            return Chain(connection.version(), None, None, _certificate(connection))
    except ssl.SSLError as error:
        first = error
    context = client_context(ca)
    context.check_hostname = False
    chain_error: ssl.SSLError | None = None
    try:
        with _handshake(address, context):
            pass
    except ssl.SSLError as error:
        chain_error = error
    try:
        # Nothing is sent here; it only looks at what clients refuse.
        with _handshake(address, _blind()) as connection:
            certificate = _certificate(connection)
            return Chain(connection.version(), first, chain_error, certificate)
    except ssl.SSLError as error:
        return Chain(None, error, None, None)


@contextlib.contextmanager
def _handshake(address: Address, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    source = (address.source, 0) if address.source else None
    where = f"target {address.target!r} at {address.host}:{address.port}"
    try:
        plain = socket.create_connection(
            (address.host, address.port), address.timeout_s, source_address=source
        )
    except TimeoutError as error:
        raise TargetTimeout(f"{where} takes no connection") from error
    except OSError as error:
        raise TargetDown(f"{where} is not reachable: {error.strerror or error}") from error
    with plain:
        try:
            connection = context.wrap_socket(plain, server_hostname=address.host)
        except ssl.SSLError:
            raise
        except TimeoutError as error:
            raise TargetTimeout(f"{where} does not finish the TLS handshake") from error
        except OSError as error:
            # A server that wants no such connection may just hang up.
            raise ssl.SSLError(f"the server hangs up: {error.strerror or error}") from error
        with connection:
            yield connection


def _blind() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _certificate(connection: ssl.SSLSocket) -> x509.Certificate | None:
    raw = connection.getpeercert(binary_form=True)
    try:
        return x509.load_der_x509_certificate(raw) if raw else None
    except ValueError:
        return None


def _of_chain(chain: Chain, host: str, min_days: int, now: datetime) -> Iterator[Finding]:
    certificate = chain.certificate
    if certificate is not None:
        yield from _of_dates(certificate, min_days, now)
        names = _names(certificate)
        if not any(_matches(name, host) for name in names):
            yield codes.TLS_HOST.finding(f"it is for {', '.join(names[:5]) or 'no host'}")
    elif _code(chain.error) in (_HOST, _ADDRESS):
        yield codes.TLS_HOST.finding(_said(chain.error))
    error = chain.chain_error
    if error is None:
        return
    own_dates = certificate is not None and not (
        certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    )
    # OpenSSL looks at the dates last: where they are what it refuses, it accepted the rest.
    if _code(error) not in (_EXPIRED, _NOT_YET) or not own_dates:
        yield codes.TLS_CHAIN.finding(_said(error))


def _of_dates(certificate: x509.Certificate, min_days: int, now: datetime) -> Iterator[Finding]:
    end = certificate.not_valid_after_utc
    days = (end - now).days
    if certificate.not_valid_before_utc > now:
        yield codes.TLS_NOT_YET.finding(f"valid from {certificate.not_valid_before_utc:%Y-%m-%d}")
    if end <= now:
        yield codes.TLS_EXPIRED.finding(f"it expired on {end:%Y-%m-%d}")
    elif days < min_days:
        text = f"it expires on {end:%Y-%m-%d}, in {days} days; {min_days} are asked for"
        yield codes.TLS_EXPIRES_SOON.finding(text)
    elif days < 2 * min_days:
        yield codes.TLS_RENEW.finding(f"it expires on {end:%Y-%m-%d}, in {days} days")


def _names(certificate: x509.Certificate) -> list[str]:
    """Return the host names and addresses of a certificate; those of the subject do not count."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    names: list[str] = found.get_values_for_type(x509.DNSName)
    return names + [str(address) for address in found.get_values_for_type(x509.IPAddress)]


def _matches(name: str, host: str) -> bool:
    """Return whether a name of a certificate covers a host (RFC 9525, section 6)."""
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        pass
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    head, _, rest = name.partition(".")
    return name == host or (head == "*" and "." in rest and host.partition(".")[2] == rest)


def _old_protocols(address: Address) -> tuple[list[str], list[str]]:
    """Try TLS 1.0 and 1.1: those that the server speaks, and those that we cannot speak."""
    spoken, unknown = [], []
    for version in _OLD:
        context = _blind()
        try:
            with warnings.catch_warnings():
                # Python warns of what is tried here on purpose.
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
                # Newer OpenSSL allows their signatures only at level 0.
                context.set_ciphers("ALL:@SECLEVEL=0")
            with _handshake(address, context):
                spoken.append(_NAMES[version])
        except (ValueError, TargetTimeout):
            unknown.append(_NAMES[version])
        except ssl.SSLError as error:
            if error.reason in ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"):
                unknown.append(_NAMES[version])
    return spoken, unknown


def _plain_http(http: HttpSession, port: int) -> Iterator[Finding]:
    """Ask for ``/health`` without TLS; an answer of anything but the API is no matter."""
    parts = urlsplit(http.target.url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    url = f"http://{host}:{port}{parts.path}/health"
    try:
        reply = http.send("GET", url, timeout_s=min(HTTP_PATIENCE_S, http.target.timeout_s))
    except HarnessError:
        return
    if reply.ok and isinstance(reply.json, dict) and "status" in reply.json:
        yield codes.TLS_PLAIN_HTTP.finding(f"http on port {port} answers {reply.status}")
    elif 300 <= reply.status < 400 and reply.headers.get("Location", "").startswith("http://"):
        text = f"http on port {port} redirects to {reply.headers['Location'].partition('?')[0]}"
        yield codes.TLS_PLAIN_HTTP.finding(text)


def _hsts(http: HttpSession) -> str:
    try:
        reply = http.send("GET", http.at("health"))
    except HarnessError:
        return ""
    return "HSTS is set" if "Strict-Transport-Security" in reply.headers else "no HSTS"


def _validity(chain: Chain, now: datetime) -> str:
    if chain.certificate is None:
        return ""
    end = chain.certificate.not_valid_after_utc
    issuer = chain.certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    by = f" by {issuer[0].value!s}" if issuer else ""
    return f"a certificate{by} until {end:%Y-%m-%d} ({(end - now).days} days)"


def _code(error: ssl.SSLError | None) -> int | None:
    return error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None


def _said(error: ssl.SSLError | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    return str(getattr(error, "reason", None) or error)
