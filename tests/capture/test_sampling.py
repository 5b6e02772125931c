"""A sample holds whole clients."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.capture import sampling
from parity.capture.proxy import Rules
from parity.capture.sampling import Sampler
from tests.capture.inside import inside
from tests.capture.upstreams import Conversation, Upstream

KEY = b"k" * 32
INSTALLATIONS = [str(UUID(int=number)) for number in range(2000)]


def minting(token: str) -> bytes:
    return json.dumps({"objectId": "abcdefghij", "sessionToken": token}).encode()


def first(sampler: Sampler, *, kept: bool) -> str:
    """Return an address whose client is (not) in the sample."""
    return next(
        address
        for number in range(1000)
        if sampler.keeps(None, None, address := f"10.0.0.{number}") is kept
    )


def test_about_the_asked_share_of_the_clients_is_kept() -> None:
    sampler = Sampler(0.1, KEY)
    kept = [sampler.keeps(installation, None, "10.0.0.1") for installation in INSTALLATIONS]
    assert 140 <= sum(kept) <= 260
    assert kept == [
        Sampler(0.1, KEY).keeps(installation, None, "10.9.9.9") for installation in INSTALLATIONS
    ]


def test_another_key_chooses_others_and_a_larger_share_keeps_the_smaller_one() -> None:
    one, other, larger = Sampler(0.3, KEY), Sampler(0.3, b"o" * 32), Sampler(0.6, KEY)
    chosen = {installation for installation in INSTALLATIONS if one.keeps(installation, None, "")}
    assert chosen != {
        installation for installation in INSTALLATIONS if other.keeps(installation, None, "")
    }
    assert chosen < {
        installation for installation in INSTALLATIONS if larger.keeps(installation, None, "")
    }


@pytest.mark.parametrize(("share", "kept"), [(0.0, False), (1.0, True)])
def test_none_and_all_are_exact(share: float, *, kept: bool) -> None:
    sampler = Sampler(share, KEY)
    assert all(sampler.keeps(installation, None, "") is kept for installation in INSTALLATIONS)


@pytest.mark.parametrize("kept", [True, False])
def test_a_token_belongs_to_the_client_it_was_minted_for(*, kept: bool) -> None:
    sampler = Sampler(0.5, KEY)
    address = first(sampler, kept=kept)
    tokens = [f"r:{number:032x}" for number in range(50)]
    for token in tokens:
        sampler.learn("/1/users", lambda token=token: minting(token), kept=kept)  # type: ignore[misc]
    # Also from elsewhere, as a phone that changes its network.
    assert all(sampler.keeps(None, token, address) is kept for token in tokens)
    assert all(sampler.keeps(None, token, "192.0.2.1") is kept for token in tokens)


@pytest.mark.parametrize("path", ["/1/login", "/1/loginAs", "/parse/users/abc", "/1/batch",
                                  "/1/upgradeToRevocableSession"])  # fmt: skip
def test_every_way_to_get_a_token_is_known(path: str) -> None:
    sampler = Sampler(0.5, KEY)
    tokens = [f"r:{number:032x}" for number in range(20)]
    body = json.dumps([{"success": {"sessionToken": token}} for token in tokens]).encode()
    sampler.learn(path, lambda: body, kept=True)
    assert all(sampler.keeps(None, token, "") for token in tokens)


def test_tokens_that_somebody_reads_of_others_do_not_become_his() -> None:
    sampler = Sampler(0.5, KEY)
    tokens = [f"r:{number:032x}" for number in range(40)]
    before = [Sampler(0.5, KEY).keeps(None, token, "") for token in tokens]
    body = json.dumps({"results": [{"sessionToken": token} for token in tokens]}).encode()
    sampler.learn("/1/classes/_Session", lambda: body, kept=True)
    assert [sampler.keeps(None, token, "") for token in tokens] == before


def test_a_token_seen_with_an_installation_follows_it() -> None:
    sampler = Sampler(0.5, KEY)
    for number, installation in enumerate(INSTALLATIONS[:50]):
        kept = sampler.keeps(installation, f"r:{number:032x}", "")
        assert sampler.keeps(None, f"r:{number:032x}", "") is kept


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "REMEMBERED", 10)
    sampler = Sampler(0.5, KEY)
    for number in range(200):
        sampler.learn("/1/login", lambda: minting(f"r:{number:032x}"), kept=True)  # noqa: B023
    assert len(sampler._inherited) == 10
    assert sampler.keeps(None, f"r:{199:032x}", "")


@given(
    st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.floats(0, 1),
)  # fmt: skip
def test_any_identity_is_decided_and_stays_decided(
    installation: str, token: str, address: str, share: float
) -> None:
    sampler = Sampler(share, KEY)
    kept = sampler.keeps(installation, token, address)
    assert sampler.keeps(installation, token, address) is kept
    if installation and token:
        assert sampler.keeps(None, token, address) is kept


def test_a_capture_records_whole_clients_and_counts_the_others(tmp_path: Path) -> None:
    out = tmp_path / "app.jsonl"

    def script(talk: Conversation) -> None:
        # The token is a function of the sender, as a server's would be.
        number = int(talk.headers.get("x-number", "0"))
        talk.answer(minting(f"r:{number:032x}") if "login" in talk.target else b"{}")

    rules = Rules(sample=0.5, key=KEY)
    with Upstream(script) as upstream, inside(upstream.url, out, rules=rules) as running:
        for number in range(12):
            sdk = {"X-Parse-Installation-Id": INSTALLATIONS[number], "X-Number": str(number)}
            running.ask("GET", "/parse/login?username=a", headers=sdk)
            # The same client in the manner of the JavaScript SDK, and then by its token only.
            fields = {"_InstallationId": INSTALLATIONS[number], "_method": "GET"}
            running.ask("POST", body=json.dumps(fields), headers={"X-Number": str(number)})
            token = {"X-Parse-Session-Token": f"r:{number:032x}", "X-Number": str(number)}
            running.ask("GET", headers=token)
        counts = running.end().counts
        by_client: dict[str, int] = {}
        for exchange in running.exchanges():
            number_sent = dict(exchange.request.headers)["X-Number"]
            by_client[number_sent] = by_client.get(number_sent, 0) + 1
    assert set(by_client.values()) == {3}
    assert counts["kept"] == 3 * len(by_client)
    assert counts["kept"] + counts["dropped_sample"] == counts["seen"] == 36
    assert 0 < len(by_client) < 12
