"""The network between the load and the server: how much of it is used, where that is visible."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from parity.jobs.size.probes.processes import is_here

_BYTES_PER_MBIT = 1_000_000 / 8
_ANY_PORT = 9


@dataclass(frozen=True, slots=True)
class Link:
    """The interface that the load goes through.

    Attributes:
        interface: Its name: ``eth0``.
        bytes_s: What it carries in one direction.
    """

    interface: str
    bytes_s: float


@dataclass(frozen=True, slots=True)
class LinkSample:
    """Bytes that went through it since the machine started; they only grow.

    Attributes:
        received: Bytes in.
        sent: Bytes out.
    """

    received: int
    sent: int


def link_to(url: str, mbit_s: float | None = None) -> tuple[Link | None, str]:
    """Find the interface on the way to a server; nothing is sent.

    Args:
        url: URL of the server.
        mbit_s: What the network carries, in million bits a second; ``None``: what the interface
            says, which virtual ones often do not (``/sys/class/net/<name>/speed``).

    Returns:
        The link, or ``None`` and the reason why it is not known.
    """
    host = urlsplit(url).hostname or ""
    interface = _interface_to(host)
    if interface is None:
        return None, f"no interface leads to {host}"
    if mbit_s is None:
        if is_here(host):
            return None, "the server is on this machine"
        mbit_s = float(psutil.net_if_stats()[interface].speed)
    if mbit_s <= 0:
        return None, f"{interface} does not say how much it carries; --network-mbit says it"
    return Link(interface, mbit_s * _BYTES_PER_MBIT), ""


def sample_link(link: Link) -> LinkSample | None:
    """Read the counters; ``None`` if the interface has gone."""
    counters = psutil.net_io_counters(pernic=True, nowrap=True).get(link.interface)
    return None if counters is None else LinkSample(counters.bytes_recv, counters.bytes_sent)


def _interface_to(host: str) -> str | None:
    """Return the interface that the kernel would send through."""
    if is_here(host):
        # What goes to an address of this machine stays on its loopback interface.
        return _interface_with(lambda address: ipaddress.ip_address(address).is_loopback)
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, _ANY_PORT, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, proto) as sock:
            sock.connect(address)  # of a datagram socket: it chooses the way and sends nothing
            ours = str(sock.getsockname()[0]).partition("%")[0]
    except OSError:
        return None
    return _interface_with(lambda address: address == ours)


def _interface_with(fits: Callable[[str], bool]) -> str | None:
    return next(
        (
            name
            for name, addresses in psutil.net_if_addrs().items()
            for address in addresses
            if address.family in (socket.AF_INET, socket.AF_INET6)
            and fits(address.address.partition("%")[0])
        ),
        None,
    )
