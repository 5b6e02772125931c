"""The network between the load and the server: which interface, how wide, how much used."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import psutil
import pytest

from parity.jobs.size.probes.network import Link, link_to, sample_link
from parity.jobs.size.probes.sampler import Sampler
from parity.jobs.size.usage import usage_of

HERE = "http://127.0.0.1:1337/parse"
AWAY = "http://192.0.2.1:1337/parse"
CARDS = {"eth7": [("192.0.2.7", socket.AF_INET)], "lo": [("127.0.0.1", socket.AF_INET)]}


@pytest.fixture
def one_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with one interface, through which every other machine is reached."""

    class Datagram:
        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> Datagram:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def connect(self, _: object) -> None:
            pass

        def getsockname(self) -> tuple[str, int]:
            return "192.0.2.7", 40_000

    addresses = {
        name: [SimpleNamespace(family=family, address=address)]
        for name, cards in CARDS.items()
        for address, family in cards
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: addresses)
    monkeypatch.setattr(socket, "socket", Datagram)


def speeds(monkeypatch: pytest.MonkeyPatch, mbit_s: int) -> None:
    stats = SimpleNamespace(speed=mbit_s)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {"eth7": stats, "lo": stats})


def test_the_interface_says_how_much_it_carries(
    one_card: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds(monkeypatch, 1000)
    assert link_to(AWAY) == (Link("eth7", 125e6), "")


def test_what_was_given_goes_before_what_the_interface_says(
    one_card: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds(monkeypatch, 10_000)
    assert link_to(AWAY, 100)[0] == Link("eth7", 12.5e6)


def test_an_interface_that_does_not_say_is_not_taken_for_one_without_a_limit(
    one_card: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds(monkeypatch, 0)
    link, why = link_to(AWAY)
    assert link is None
    assert "--network-mbit" in why


def test_on_this_machine_there_is_no_network_unless_a_limit_is_given() -> None:
    assert link_to(HERE) == (None, "the server is on this machine")
    link, _ = link_to(HERE, 20)
    assert link is not None
    assert (link.interface, link.bytes_s) == ("lo", 2.5e6)


def test_a_host_without_a_way_to_it_is_said_so() -> None:
    link, why = link_to("http://no-such-host.invalid/parse", 10)
    assert (link, why) == (None, "no interface leads to no-such-host.invalid")


def test_what_goes_through_is_counted_in_the_samples() -> None:
    link, _ = link_to(HERE, 20)
    assert link is not None
    sampler = Sampler(None, None, (), {}, link)
    sampler.take()
    sent = 4 << 20
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as one,
        server.accept()[0] as other,
    ):
        for _ in range(sent >> 16):
            one.sendall(b"x" * 65_536)
            got = 0
            while got < 65_536:
                got += len(other.recv(65_536))
    first, last = sampler.samples[0], sampler.take()
    usage = usage_of(sampler.samples, first.at, last.at, requests=1, generator=0)
    assert usage.network_s is not None
    assert usage.network_s * usage.seconds >= sent
    assert sample_link(Link("no-such-interface", 1)) is None
