"""Is the master key of use from outside?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from parity.jobs.deployment.codes import Check, Code
from parity.jobs.deployment.doors import Door, Reception, Way
from parity.jobs.deployment.judged import Finding, Judged, judged, untested
from parity.jobs.deployment.keys import tells_keys_apart
from parity.model import Secret

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


def look_at_master_key(door: Door, inside: Door | None, *, from_inside: bool) -> Judged:
    """Send the right master key from this address, and pretend to have another one.

    Args:
        door: The server as strangers reach it.
        inside: The server where the master key works, if there is such a way.
        from_inside: Whether this machine is one from which the master key shall work.

    Raises:
        HarnessError: No connection, no answer in time, or the server asks to wait.
    """
    target = door.asker.target
    key = target.keys.master_key
    if key is None:
        return untested(
            Check.MASTER_KEY,
            "no master key is configured, so it cannot be tried",
            f'Add master_key = "env:NAME" under [targets.{target.name}]; it is sent to the '
            "server over TLS and nowhere else.",
        )
    if from_inside:
        return _seen_from_inside(door, key)
    accepted = [way for way in Way if door.try_key(key, way=way) is Reception.ACCEPTED]
    if accepted:
        text = f"accepted from here ({', '.join(accepted)})"
        return judged(Check.MASTER_KEY, text, [Finding(Code.MASTER_REACHABLE, text)])
    findings = [Finding(Code.MASTER_SPOOF, f"accepted with {each}") for each in _spoofed(door, key)]
    if findings:
        return judged(Check.MASTER_KEY, "refused from here as long as nobody lies", findings)
    if tells_keys_apart(door):
        how = "refused from here, and known to the server"
    elif inside is not None and tells_keys_apart(inside):
        how = "refused from here, and accepted from inside"
    else:
        return untested(
            Check.MASTER_KEY,
            "refused from here, but so is every other key: it may be the wrong one",
            "Look whether the configured master_key is the server's; --inside-target NAME gives a "
            "way on which it works.",
        )
    text = f"{how}; {len(SPOOFS)} headers that claim an allowed address change nothing"
    return judged(Check.MASTER_KEY, text)


def _spoofed(door: Door, key: Secret) -> Iterator[str]:
    for headers in SPOOFS:
        if door.try_key(key, extra=headers) is Reception.ACCEPTED:
            yield ", ".join(f"{name}: {value}" for name, value in headers.items())
            return  # one is enough


def _seen_from_inside(door: Door, key: Secret) -> Judged:
    plain = door.try_key(key)
    if plain is Reception.ACCEPTED:
        lied = door.try_key(key, extra={"X-Forwarded-For": STRANGE_ADDRESS})
        if lied is not Reception.ACCEPTED:
            text = f"X-Forwarded-For: {STRANGE_ADDRESS} is believed, so 127.0.0.1 would be as well"
            return judged(Check.MASTER_KEY, text, [Finding(Code.MASTER_SPOOF, text)])
    return untested(
        Check.MASTER_KEY,
        f"from an address that shall be allowed, the key is {plain}; others were not tried",
        "Run it from a machine outside, without --from-inside.",
    )
