"""Without a fault the proxy is transparent; with one it is wrong on that port alone."""

from __future__ import annotations

import gzip
import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from parity.model import Target
from parity.paths import shipped
from parity.stack import selfhosted_member, start_stack, stop_stack
from tests.faults.attribution import HEADER, OUTSIDE
from tests.faults.faults import NAMED
from tests.faults.model import Fault
from tests.faults.proxy import Proxy

FAULTS = {each.name: each for each in NAMED}
PASSING = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    stack = start_stack([selfhosted_member()], cloud=shipped("scenarios/cloud/main.js"))
    yield stack.targets[0]
    stop_stack(stack)


@pytest.fixture
def proxy(server: Target) -> Iterator[Proxy]:
    assert server.keys.master_key is not None
    with Proxy(server.url, server.keys.master_key.value, spare_sweeps=True) as proxy:
        yield proxy


@pytest.fixture
def keys(server: Target) -> dict[str, str]:
    assert server.keys.rest_key is not None
    return {
        "X-Parse-Application-Id": server.app_id.value,
        "X-Parse-REST-API-Key": server.keys.rest_key.value,
    }


def send(method: str, url: str, headers: dict[str, str], **options: Any) -> requests.Response:
    return requests.request(
        method, url, headers=headers, timeout=30, allow_redirects=False, **options
    )


def told(reply: requests.Response) -> dict[str, str]:
    return {k.lower(): v for k, v in reply.headers.items() if k.lower() not in PASSING}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "classes/ProxyRow?where=%7B%22name%22%3A%22%C3%A5+%2B%F0%9F%9A%80%22%7D"),
        ("GET", "classes/ProxyRow?where={bad"),
        ("GET", "classes/ProxyRow/missing000"),
        ("GET", "users/me"),
        ("GET", "nowhere/at/all"),
        ("OPTIONS", "classes/ProxyRow"),
        ("HEAD", "health"),
        ("GET", "health"),
    ],
)
def test_replies_are_those_of_the_server(
    method: str, path: str, server: Target, proxy: Proxy, keys: dict[str, str]
) -> None:
    right = proxy.listen()
    send("POST", f"{server.url}/classes/ProxyRow", keys, json={"name": "å +🚀"})

    direct = send(method, f"{server.url}/{path}", keys)
    passed = send(method, f"{right.url}/{path}", keys)

    assert (passed.status_code, passed.content) == (direct.status_code, direct.content)
    assert told(passed) == told(direct)
    assert passed.headers.get("Connection") == direct.headers.get("Connection")
    if method == "HEAD":
        assert passed.headers.get("Content-Length") == direct.headers.get("Content-Length")


def test_location_leads_through_the_proxy(proxy: Proxy, keys: dict[str, str]) -> None:
    right = proxy.listen()
    created = send("POST", f"{right.url}/classes/ProxyRow", keys, json={"n": 2**53})

    assert created.status_code == 201
    assert created.headers["Location"].startswith(right.url)
    found = send("GET", created.headers["Location"], keys)
    assert found.json() == {"n": 2**53, "updatedAt": created.json()["createdAt"], **created.json()}


def test_binary_files_round_trip(server: Target, proxy: Proxy, keys: dict[str, str]) -> None:
    right = proxy.listen()
    content = bytes(range(256)) * 8192
    headers = {**keys, "Content-Type": "image/png"}

    uploaded = send("POST", f"{right.url}/files/all.png", headers, data=content)

    assert uploaded.status_code == 201
    assert uploaded.json()["url"].startswith(right.url)
    assert uploaded.headers["Location"] == uploaded.json()["url"]
    passed = send("GET", uploaded.json()["url"], {})
    direct = send("GET", uploaded.json()["url"].replace(right.url, server.url), {})
    assert passed.content == direct.content == content
    assert passed.headers["Content-Type"] == direct.headers["Content-Type"] == "image/png"


def test_a_files_url_in_a_request_is_that_of_the_server(
    server: Target, proxy: Proxy, keys: dict[str, str]
) -> None:
    right = proxy.listen()
    fields = {"link": f"{right.url}/files/a.txt"}

    created = send("POST", f"{right.url}/classes/ProxyLink", keys, json=fields).json()

    path = f"classes/ProxyLink/{created['objectId']}"
    stored = send("GET", f"{server.url}/{path}", keys).json()
    assert stored["link"] == f"{server.url}/files/a.txt"
    assert send("GET", f"{right.url}/{path}", keys).json()["link"] == fields["link"]
    where = {"where": f'{{"link":"{fields["link"]}"}}'}
    found = send("GET", f"{right.url}/classes/ProxyLink", keys, params=where).json()
    assert [row["objectId"] for row in found["results"]] == [created["objectId"]]


def test_compressed_requests_arrive_as_they_were_sent(proxy: Proxy, keys: dict[str, str]) -> None:
    right = proxy.listen()
    headers = {**keys, "Content-Type": "application/json", "Content-Encoding": "gzip"}

    reply = send(
        "POST", f"{right.url}/classes/ProxyRow", headers, data=gzip.compress(b'{"name":"zip"}')
    )

    assert reply.status_code == 201


def test_a_connection_serves_several_requests(proxy: Proxy, keys: dict[str, str]) -> None:
    right = proxy.listen()
    address = urlsplit(right.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    ports = []
    for _ in range(3):
        connection.request("GET", f"{address.path}/health", headers=keys)
        assert connection.getresponse().read() == b'{"status":"ok"}'
        ports.append(connection.sock.getsockname()[1])
    connection.close()

    assert len(set(ports)) == 1


def test_requests_at_the_same_time_do_not_mix(proxy: Proxy, keys: dict[str, str]) -> None:
    right = proxy.listen()

    def round_trip(number: int) -> int:
        made = send("POST", f"{right.url}/classes/ProxyRow", keys, json={"n": number}).json()
        row = send("GET", f"{right.url}/classes/ProxyRow/{made['objectId']}", keys).json()
        return int(row["n"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(round_trip, range(24))) == list(range(24))


def test_a_fault_is_on_its_own_port(proxy: Proxy, keys: dict[str, str]) -> None:
    right, wrong = proxy.listen(), proxy.listen(FAULTS["created-is-200"])

    statuses = [
        send("POST", f"{each.url}/classes/ProxyRow", keys, json={}).status_code
        for each in (right, wrong, right)
    ]

    assert statuses == [201, 200, 201]


def test_state_belongs_to_one_listener(proxy: Proxy, keys: dict[str, str]) -> None:
    def left_of_two_adds(fault: Fault) -> list[int]:
        url = f"{proxy.listen(fault).url}/classes/ProxyList"
        made = send("POST", url, keys, json={"list": []}).json()
        row = f"{url}/{made['objectId']}"
        for number in (1, 2):
            add = {"list": {"__op": "Add", "objects": [number]}}
            assert send("PUT", row, keys, json=add).status_code == 200
        return list(send("GET", row, keys).json()["list"])

    assert left_of_two_adds(FAULTS["lost-add"]) == [1]
    assert left_of_two_adds(FAULTS["lost-add"]) == [1]


def test_what_is_sent_outside_of_checks_is_served_rightly(
    proxy: Proxy, keys: dict[str, str]
) -> None:
    wrong = proxy.listen(FAULTS["created-is-200"])
    outside = {**keys, HEADER: OUTSIDE}

    created = send("POST", f"{wrong.url}/classes/ProxyRow", outside, json={})
    row = f"{wrong.url}/classes/ProxyRow/{created.json()['objectId']}"
    swept = send("DELETE", row, outside)

    assert (created.status_code, swept.status_code) == (201, 200)
    assert send("GET", row, keys).status_code == 200, "the sweep was spared"


def test_the_control_notes_what_a_fault_would_change(proxy: Proxy, keys: dict[str, str]) -> None:
    watch = [FAULTS[name] for name in ("created-is-200", "order-ignored", "delete-is-204")]
    right = proxy.listen(watch=watch)
    first, second = ({**keys, HEADER: name} for name in ("first", "second"))

    for n in (1, 2):
        send("POST", f"{right.url}/classes/ProxyOrder", first, json={"n": n})
    rows = send("GET", f"{right.url}/classes/ProxyOrder?order=-n", second).json()["results"]
    send("GET", f"{right.url}/classes/ProxyOrder?order=createdAt", first)

    assert [row["n"] for row in rows] == [2, 1]
    assert right.sightings.requests == {"first": 3, "second": 1}
    assert right.sightings.touched["created-is-200"] == {"first"}
    assert right.sightings.touched["order-ignored"] == {"second"}, "the other order is the default"
    assert right.sightings.touched["delete-is-204"] == set()


def test_a_wrong_server_notes_what_it_changed(proxy: Proxy, keys: dict[str, str]) -> None:
    created = proxy.listen(FAULTS["created-is-200"], note=True)
    ordered = proxy.listen(FAULTS["order-ignored"], note=True)
    for n in (1, 2):
        as_n = {**keys, HEADER: str(n)}
        assert send("POST", f"{created.url}/classes/ProxyNote", as_n, json={"n": n}).ok
    send("GET", f"{created.url}/classes/ProxyNote", {**keys, HEADER: "read"})
    for order in ("-n", "createdAt"):
        send("GET", f"{ordered.url}/classes/ProxyNote?order={order}", {**keys, HEADER: order})

    assert created.sightings.altered == {"1": "reply", "2": "reply"}
    assert ordered.sightings.altered == {"-n": "request"}, "the other order is the default"


def test_a_server_that_is_gone_is_502(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Proxy(f"http://127.0.0.1:{port}/parse") as proxy:
        assert send("GET", f"{proxy.listen().url}/health", {}).status_code == 502
