"""Runs all probes against one target, and removes what they made."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from parity.jobs.settings.catalogue import catalogue
from parity.jobs.settings.hosted import MAX_ATTEMPTS, HostedSettings
from parity.jobs.settings.probes import PROBES, Probe
from parity.jobs.settings.probing import NotSeen, Probing, Seen
from parity.model import HarnessError, Target
from parity.model.errors import TargetDown
from parity.model.evidence import NOT_RUN
from parity.targets import Namespace, ParseClient
from parity.targets.client import Habits, client_key_of
from parity.targets.sweep import Sweeper, sweep_classes

LEAST_ATTEMPTS = 10
"""How many failed log-ins are made, unless the hosted app allowed more."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """A probe that found nothing out.

    Attributes:
        reason: Why, in one sentence.
        error: Whether the harness or the network is to blame, not the setting.
    """

    reason: str
    error: bool = False


Result = Seen | NotFound


def survey(
    target: Target,
    hosted: HostedSettings,
    left: list[str],
    *,
    version: str | None = None,
    allow_mail: bool = False,
) -> Generator[tuple[str, Result], None, None]:
    """Find out what a server does for each setting.

    What the probes made is removed however this ends: whoever does not take all of it closes it.

    Args:
        target: Where to ask.
        hosted: What the hosted app had: how many failed log-ins to make, fields of users.
        left: Gets the paths of what could not be removed.
        version: Parse Server's version, if known.
        allow_mail: Whether the server may send an e-mail to an address that does not exist.

    Yields:
        The name of each setting and what became of its probe.
    """
    namespace = Namespace(secrets.token_hex(3))
    with _swept(target, namespace, left) as client:
        probing = Probing(
            client,
            namespace,
            version=version,
            user_fields=hosted.probe_user,
            allow_mail=allow_mail,
            attempts=_attempts(hosted),
        )
        down = ""
        for name, probe in PROBES.items():
            result = NotFound(down, error=True) if down else _ask(probing, probe)
            if isinstance(result, _Down):
                down, result = f"{NOT_RUN}{result.reason}", NotFound(result.reason, error=True)
            yield name, result


@dataclass(frozen=True, slots=True)
class _Down:
    reason: str


def _ask(probing: Probing, probe: Probe) -> Result | _Down:
    try:
        if probe.writes and probing.no_writes:
            return NotFound(probing.no_writes)
        return probe.ask(probing)
    except NotSeen as why:
        return NotFound(str(why))
    except TargetDown as error:
        return _Down(str(error))
    except HarnessError as error:
        return NotFound(str(error), error=True)
    except AssertionError as error:
        # Reply[...] and Reply.results: the answer lacks what every Parse server sends.
        return NotFound(str(error), error=True)


@contextmanager
def _swept(target: Target, namespace: Namespace, left: list[str]) -> Iterator[ParseClient]:
    """Hand out a client, and remove what was made with it, also after Ctrl-C."""
    sweeper = Sweeper(target)
    habits = Habits(key=client_key_of(target))
    client = ParseClient(target, habits, observer=sweeper.observe)
    try:
        yield client
    finally:
        client.close()
        left += sweeper.sweep()
        if target.keys.master_key is not None:
            left += sweep_classes(target, namespace)


def _attempts(hosted: HostedSettings) -> int:
    allowed = hosted.values.get(catalogue()["LOCKOUT"].key)
    return min(MAX_ATTEMPTS, max(LEAST_ATTEMPTS, int(allowed or 0) + 1))
