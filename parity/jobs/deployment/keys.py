"""Keys that everybody knows, and keys that can be guessed. No key is ever shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import log2
from typing import Final

from parity.jobs.deployment import codes
from parity.jobs.deployment.checks import Check
from parity.jobs.deployment.key_probe import KeyAnswer, KeyProbe
from parity.model import Secret, Target
from parity.model.finding import Finding
from parity.model.judged import Judged

KNOWN_KEYS: Final = (
    "myMasterKey",
    "MASTER_KEY",
    "masterKey",
    "mySecretMasterKey",
    "yourMasterKey",
    "yourmasterkey",
    "YOUR_MASTER_KEY",
    "my-master-key",
    "masterkey",
    "master",
    "mk",
    "test",
    "test-master-key",
    "secret",
    "password",
    "changeme",
    "123456",
    "xxx",
    "<MASTER_KEY>",
    "REPLACE_WITH_YOUR_MASTER_KEY",
)
"""Master keys of examples. Sources: READMEs, guides and compose files of parse-server,
parse-server-example and parse-dashboard, as they stand in public repositories."""
KNOWN_PAIRS: Final = (
    ("myAppId", "myMasterKey"),
    ("APPLICATION_ID", "MASTER_KEY"),
    ("appId", "masterKey"),
    ("myAppId", "mySecretMasterKey"),
    ("test", "test"),
)
"""Application id and master key of examples: an example app may run beside the real one."""
KNOWN_APP_IDS: Final = frozenset({*(app for app, _ in KNOWN_PAIRS), "app", "parse", "yourAppId"})
LEAST_BITS: Final = 64
_ALPHABETS = (("[a-z]", 26), ("[A-Z]", 26), ("[0-9]", 10), (r"[\W_]", 16))
_SECRET_KEYS = ("master_key", "file_key")
_WORDS = re.compile(
    "replace|with|here|master|secret|password|pass|parse|server|client|javascript|dotnet|rest|api|file|your|"
    "app|application|test|admin|change|me|my|the|key|id|dev|prod|demo|example|qwerty|abc|"
    r"0?123(?:4(?:5(?:6(?:7(?:8(?:90?)?)?)?)?)?)?",
    re.IGNORECASE,
)


def check_keys(probe: KeyProbe, inside: KeyProbe | None) -> Judged:
    """Try the keys that everybody knows, and look at the shape of those that are configured.

    Args:
        probe: The server as strangers reach it.
        inside: The server where the master key works, if there is such a way.

    Raises:
        HarnessError: No connection, no answer in time, or the server asks to wait.
    """
    probes = [way for way in (probe, inside) if way is not None]
    findings = list(_of_shapes(probe.http.target))
    for way in probes:
        if way.accepts_any:
            findings.append(codes.KEY_ANY.finding("a master key that was made up is accepted"))
        else:
            findings += _of_known(way)
    tried = len(KNOWN_KEYS) + len(KNOWN_PAIRS)
    text = f"{tried} keys of public examples tried"
    if any(finding.fails for finding in findings):
        return Check.DEFAULT_KEYS.judged(text, findings)
    if not any(map(tells_keys_apart, probes)):
        return Check.DEFAULT_KEYS.untested(
            f"{text}: this server refuses every key alike from here, so that says nothing",
            "Give the target its master_key, and with --inside-target a way on which it works.",
        )
    text += ", none of them known; no secret key is short or common"
    return Check.DEFAULT_KEYS.judged(text, findings)


def tells_keys_apart(probe: KeyProbe) -> bool:
    """Return whether a server lets in, or at least knows, the key that is configured."""
    key = probe.http.target.keys.master_key
    return key is not None and probe.answer_to(key) is not KeyAnswer.REFUSED


def bits(key: str) -> float:
    """Return how hard a key is to guess by trying, at most, in bits.

    A word of examples counts as one bit. The rest counts as if it were random in its alphabet,
    but no longer than twice the number of its different characters.

    Args:
        key: The key.
    """
    left, words = _WORDS.subn("", key)
    different = len(set(left))
    if not different:
        return float(words)
    alphabet = sum(size for kind, size in _ALPHABETS if re.search(kind, left))
    if re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", left):
        alphabet = 16
    return words + min(len(left), 2 * different) * log2(alphabet)


def _of_known(probe: KeyProbe) -> Iterator[Finding]:
    for number, name in enumerate(KNOWN_KEYS, 1):
        found = probe.answer_to(Secret(name))
        if found is not KeyAnswer.REFUSED:
            text = f"key {number} of {len(KNOWN_KEYS)} from public examples is {found}"
            yield codes.KEY_DEFAULT.finding(text)
            return  # there is one master key
    for app_id, name in KNOWN_PAIRS:
        if probe.answer_to(Secret(name), app_id=Secret(app_id)) is KeyAnswer.ACCEPTED:
            text = f"beside the app, an example app {app_id!r} runs with its public master key"
            yield codes.KEY_DEFAULT.finding(text)
            return


def _of_shapes(target: Target) -> Iterator[Finding]:
    master = target.keys.master_key
    keys = dict(target.keys.items())
    for name in _SECRET_KEYS:
        key = keys.get(name)
        if key is not None and (key.value in KNOWN_KEYS or bits(key.value) < LEAST_BITS):
            text = f"{name} has about {bits(key.value):.0f} bits; {LEAST_BITS} are asked for"
            yield codes.KEY_WEAK.finding(text)
    same = [
        name
        for name, key in (("app_id", target.app_id), *keys.items())
        if master is not None and name != "master_key" and key.value == master.value
    ]
    if same:
        yield codes.KEY_SAME.finding(f"{', '.join(same)} and master_key are the same")
    weak = [
        name
        for name, key in keys.items()
        if name not in _SECRET_KEYS and bits(key.value) < LEAST_BITS
    ]
    if target.app_id.value in KNOWN_APP_IDS:
        weak.insert(0, "app_id")
    if weak:
        yield codes.KEY_CLIENT_WEAK.finding(f"short or from an example: {', '.join(weak)}")
