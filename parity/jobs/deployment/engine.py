"""All checks of one deployed server, one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from parity.jobs.deployment.asking import Asker
from parity.jobs.deployment.canary import Canary, clear, master_client, read_state
from parity.jobs.deployment.codes import Check
from parity.jobs.deployment.cors import look_at_cors
from parity.jobs.deployment.dashboard import look_at_dashboard
from parity.jobs.deployment.doors import Door
from parity.jobs.deployment.health import look_at_health
from parity.jobs.deployment.judged import Judged, doubtful
from parity.jobs.deployment.keys import look_at_keys
from parity.jobs.deployment.latency import look_at_latency
from parity.jobs.deployment.master import look_at_master_key
from parity.jobs.deployment.options import Options
from parity.jobs.deployment.public import look_at_public_url
from parity.jobs.deployment.restart import look_at_restart
from parity.jobs.deployment.tls import look_at_tls, verifies
from parity.model import HarnessError, Outcome, Target
from parity.model.events import NOT_RUN
from parity.targets import Namespace

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Telling:
    """Where what a person has to know goes.

    Attributes:
        ask: What the person has to do now.
        progress: What goes on.
        notice: What the run has to say beside its checks: what could not be removed.
    """

    ask: Progress
    progress: Progress
    notice: Progress


def look(
    target: Target, options: Options, namespace: Namespace, state: Path, telling: Telling
) -> Generator[Judged]:
    """Judge a deployed server, check after check.

    What is written for it is removed when the iterator ends, also by an exception or when it is
    closed.

    Args:
        target: The server as clients reach it.
        options: What to ask for.
        namespace: Names for what is written.
        state: A private file that says what is there, for the case that this process is killed.
        telling: Who is told what.

    Yields:
        The nine checks in the order of :class:`Check`.
    """
    with contextlib.ExitStack() as ends:
        asker = Asker(target, options.source_address)
        ends.callback(asker.close)
        telling.progress("TLS")
        tls = _careful(Check.TLS, lambda: look_at_tls(asker, options))
        yield tls
        if tls.outcome is Outcome.ERROR:
            yield from _not_run(list(Check)[1:], f"the server does not answer: {tls.measured}")
            return
        if not verifies(tls):
            why = "the certificate does not verify, and no key is sent over such a connection"
            yield from _not_run(list(Check)[1:], why)
            return
        telling.progress("health")
        health = _careful(Check.HEALTH, lambda: look_at_health(asker, options))
        yield health
        if health.outcome is Outcome.ERROR:
            yield from _not_run(list(Check)[2:], f"the server does not answer: {health.measured}")
            return
        yield from _look_on(asker, options, namespace, state, telling, ends)


def _look_on(
    asker: Asker,
    options: Options,
    namespace: Namespace,
    state: Path,
    telling: Telling,
    ends: contextlib.ExitStack,
) -> Iterator[Judged]:
    """Judge a server that answers."""
    telling.progress("CORS")
    yield _careful(Check.CORS, lambda: look_at_cors(asker))

    def timed(done: int, most: int) -> None:
        telling.progress(f"latency: pair {done} of at most {most}")

    yield _careful(Check.LATENCY, lambda: look_at_latency(asker, options, timed))
    telling.progress("keys")
    try:
        door = Door.of(asker)
        inside = _inside(options, ends)
    except HarnessError as error:
        yield from _not_run(list(Check)[4:], str(error))
        return
    yield _careful(Check.DEFAULT_KEYS, lambda: look_at_keys(door, inside))
    telling.progress("master key")
    from_inside = options.from_inside
    yield _careful(
        Check.MASTER_KEY, lambda: look_at_master_key(door, inside, from_inside=from_inside)
    )
    telling.progress("dashboard")
    yield _careful(Check.DASHBOARD, lambda: look_at_dashboard(asker))
    telling.progress("public URL")
    master = master_client(door, inside)
    if (old := read_state(state)) is not None:
        for each in clear(state, old, asker, master):
            telling.notice(f"An earlier run was killed, and could not be cleared up after: {each}.")
    canary = Canary(asker, master, namespace, state, leave_files=options.leave_files)
    try:
        failed = _write(canary)
        if failed is not None:
            yield from _not_run([Check.PUBLIC_URL, Check.RESTART], failed)
            return
        yield _careful(Check.PUBLIC_URL, lambda: look_at_public_url(asker, canary, options))
        telling.progress("restart")
        yield _careful(Check.RESTART, lambda: look_at_restart(asker, canary, options, telling.ask))
    finally:
        canary.remove()
        for each in canary.left:
            telling.notice(f"Could not be removed: {each}.")


def _write(canary: Canary) -> str | None:
    """Write; return why not, if the server or the network kept it from that."""
    try:
        canary.write()
    except (HarnessError, AssertionError) as error:
        return str(error)
    return None


def _inside(options: Options, ends: contextlib.ExitStack) -> Door | None:
    if options.inside is None:
        return None
    asker = Asker(options.inside)
    ends.callback(asker.close)
    return Door.of(asker)


def _careful(check: Check, judge: Callable[[], Judged]) -> Judged:
    """Judge; what the network or this machine got wrong is an error of this check alone."""
    try:
        return judge()
    except HarnessError as error:
        return doubtful(check, str(error))


def _not_run(checks: list[Check], why: str) -> Iterator[Judged]:
    for each in checks:
        yield doubtful(each, f"{NOT_RUN}{why}")
