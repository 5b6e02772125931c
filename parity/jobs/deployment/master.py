"""Is the master key of use from outside?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from parity.jobs.deployment import codes
from parity.jobs.deployment.checks import Check
from parity.jobs.deployment.key_probe import KeyAnswer, KeyProbe, SentAs
from parity.jobs.deployment.keys import tells_keys_apart
from parity.model import Secret
from parity.model.judged import Judged

SPOOFS: Final[tuple[Mapping[str, str], ...]] = (
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-For": "::1"},
    {"X-Forwarded-For": "127.0.0.1, 127.0.0.1"},
    {"X-Forwarded-For": "10.0.0.1"},
    {"X-Forwarded-For": "172.17.0.1"},
    {"X-Forwarded-For": "192.168.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1"},
    {"X-Client-IP": "127.0.0.1"},
    {"CF-Connecting-IP": "127.0.0.1", "True-Client-IP": "127.0.0.1"},
)
"""Headers by which a client says that it has an address that masterKeyIps often allows:
loopback (Parse Server's default), and addresses of private networks."""
STRANGE_ADDRESS: Final = "203.0.113.7"
"""An address that belongs to nobody (RFC 5737)."""


def check_master_key(probe: KeyProbe, inside: KeyProbe | None, *, from_inside: bool) -> Judged:
    """Send the right master key from this address, and pretend to have another one.

    Args:
        probe: The server as strangers reach it.
        inside: The server where the master key works, if there is such a way.
        from_inside: Whether this machine is one from which the master key shall work.

    Raises:
        HarnessError: No connection, no answer in time, or the server asks to wait.
    """
    target = probe.http.target
    key = target.keys.master_key
    if key is None:
        return Check.MASTER_KEY.untested(
            "no master key is configured, so it cannot be tried",
            f'Add master_key = "env:NAME" under [targets.{target.name}]; it is sent to the '
            "server over TLS and nowhere else.",
        )
    if from_inside:
        return _seen_from_inside(probe, key)
    accepted = [way for way in SentAs if probe.answer_to(key, way=way) is KeyAnswer.ACCEPTED]
    if accepted:
        text = f"accepted from here ({', '.join(accepted)})"
        return Check.MASTER_KEY.judged(text, [codes.MASTER_REACHABLE.finding(text)])
    findings = [
        codes.MASTER_SPOOF.finding(f"accepted with {headers}") for headers in _spoofed(probe, key)
    ]
    if findings:
        return Check.MASTER_KEY.judged("refused from here as long as nobody lies", findings)
    if tells_keys_apart(probe):
        how = "refused from here, and known to the server"
    elif inside is not None and tells_keys_apart(inside):
        how = "refused from here, and accepted from inside"
    else:
        return Check.MASTER_KEY.untested(
            "refused from here, but so is every other key: it may be the wrong one",
            "Look whether the configured master_key is the server's; --inside-target NAME gives a "
            "way on which it works.",
        )
    text = f"{how}; {len(SPOOFS)} headers that claim an allowed address change nothing"
    return Check.MASTER_KEY.judged(text)


def _spoofed(probe: KeyProbe, key: Secret) -> Iterator[str]:
    for headers in SPOOFS:
        if probe.answer_to(key, extra=headers) is KeyAnswer.ACCEPTED:
            yield ", ".join(f"{name}: {value}" for name, value in headers.items())
            return  # one is enough


def _seen_from_inside(probe: KeyProbe, key: Secret) -> Judged:
    plain = probe.answer_to(key)
    if plain is KeyAnswer.ACCEPTED:
        lied = probe.answer_to(key, extra={"X-Forwarded-For": STRANGE_ADDRESS})
        if lied is not KeyAnswer.ACCEPTED:
            text = f"X-Forwarded-For: {STRANGE_ADDRESS} is believed, so 127.0.0.1 would be as well"
            return Check.MASTER_KEY.judged(text, [codes.MASTER_SPOOF.finding(text)])
    return Check.MASTER_KEY.untested(
        f"from an address that shall be allowed, the key is {plain}; others were not tried",
        "Run it from a machine outside, without --from-inside.",
    )
