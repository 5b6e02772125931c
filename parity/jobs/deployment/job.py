"""The job of ``parity deployment``: nine checks of one deployed server, one after the other."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from parity.job import Events, Job, Run, asked_of
from parity.jobs.deployment.canary import Canary, clear, master_client, read_state
from parity.jobs.deployment.checks import WRITING, Check, DeploymentOptions
from parity.jobs.deployment.cors import check_cors
from parity.jobs.deployment.dashboard import check_dashboard
from parity.jobs.deployment.health import check_health
from parity.jobs.deployment.http import HttpSession
from parity.jobs.deployment.key_probe import KeyProbe
from parity.jobs.deployment.keys import check_keys
from parity.jobs.deployment.latency import check_latency
from parity.jobs.deployment.master import check_master_key
from parity.jobs.deployment.public import check_public_url
from parity.jobs.deployment.restart import check_restart
from parity.jobs.deployment.tls import check_tls, verifies
from parity.model import HarnessError, Outcome, Target, UserError
from parity.model.events import (
    NOT_RUN,
    AskedFact,
    CheckEvent,
    Effect,
    Event,
    NoticeEvent,
    TableEvent,
    TargetFacts,
)
from parity.model.finding import Finding
from parity.model.judged import Judged
from parity.targets import Namespace, secrets_of, server_version

_WORDS = {
    Outcome.PASS: "ok",
    Outcome.FAIL: "FAIL",
    Outcome.UNSUPPORTED: "not tested",
    Outcome.ERROR: "ERROR",
}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check as ``--json`` prints it; ``seen`` is why nothing was where it was not judged."""

    check: str
    outcome: Outcome
    title: str
    seen: str
    remedy: str
    numbers: Mapping[str, Any]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class DeploymentResult:
    """What ``--json`` prints; ``notices`` say what could not be removed."""

    target: str
    url: str
    server_version: str | None
    checks: tuple[CheckResult, ...]
    notices: tuple[str, ...]


class DeploymentJob(Job):
    """Judges a deployed server as strangers, clients and browsers see it.

    Args:
        target: The server as clients reach it.
        options: What to ask for.

    Raises:
        UserError: Options contradict each other, or the address is none of this machine.
    """

    name = "deployment"

    def __init__(self, target: Target, options: DeploymentOptions) -> None:
        _refuse(target, options)
        self.target, self.options = target, options
        self.server_version: str | None = None
        self.judged: list[Judged] = []
        self.notices: list[str] = []
        self._started = 0.0

    def targets(self) -> Sequence[TargetFacts]:
        """Return the one target, with its version where the master key works.

        Raises:
            UserError: The way from inside does not lead to a server that takes the master key.
        """
        self.server_version = self.target.version
        if self.options.inside is not None:
            try:
                self.server_version = server_version(replace(self.options.inside, version=None))
            except HarnessError as error:
                raise UserError(
                    f"--inside-target: {error}",
                    "It has to reach the server, on a way on which the master key works.",
                    code="inside-target",
                ) from error
        return (TargetFacts.of(self.target, server_version=self.server_version),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of the target on both ways."""
        return secrets_of([self.target, *([self.options.inside] if self.options.inside else [])])

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the options."""
        return asked_of(self.options, DeploymentOptions())

    def events(self, run: Run) -> Events:
        """Yield the nine checks in the order of :class:`Check`, then what was seen as tables.

        What is written to the server is removed when it ends, also by an exception.
        """
        self._started = time.monotonic()
        with contextlib.ExitStack() as ends:
            http = _open(ends, self.target, self.options.source_address)
            yield from self._checks(http, run, ends)
        yield from self._tables()

    def lines(self, event: Event) -> Iterator[str]:
        """Show each check, what is wrong, and what to do about it."""
        if not isinstance(event, CheckEvent):
            return
        judged = self.judged[-1]
        yield f"{_WORDS[judged.outcome]:>10}  {judged.name:<12}  {judged.seen}"
        for finding in judged.findings:
            yield f"{'':>10}  {'' if finding.fails else 'warning: '}{finding.code}: {finding.seen}"
            yield f"{'':>12}  {finding.remedy}"
        if judged.remedy:
            yield f"{'':>12}  {judged.remedy}"

    def result(self) -> DeploymentResult:
        """Return every check with everything that was measured."""
        return DeploymentResult(
            self.target.name,
            self.target.url,
            self.server_version,
            tuple(map(_check_result, self.judged)),
            tuple(self.notices),
        )

    def _checks(self, http: HttpSession, run: Run, ends: contextlib.ExitStack) -> Events:
        run.progress("TLS")
        tls = _careful(Check.TLS, lambda: check_tls(http, self.options))
        yield self._done(tls)
        if tls.outcome is Outcome.ERROR:
            yield from self._not_run(list(Check)[1:], f"the server does not answer: {tls.seen}")
            return
        if not verifies(tls):
            why = "the certificate does not verify, and no key is sent over such a connection"
            yield from self._not_run(list(Check)[1:], why)
            return
        run.progress("health")
        health = _careful(Check.HEALTH, lambda: check_health(http, self.options))
        yield self._done(health)
        if health.outcome is Outcome.ERROR:
            yield from self._not_run(list(Check)[2:], f"the server does not answer: {health.seen}")
            return
        yield from self._of_live_server(http, run, ends)

    def _of_live_server(self, http: HttpSession, run: Run, ends: contextlib.ExitStack) -> Events:
        options = self.options
        run.progress("CORS")
        yield self._done(_careful(Check.CORS, lambda: check_cors(http)))

        def timed(done: int, most: int) -> None:
            run.progress(f"latency: pair {done} of at most {most}")

        yield self._done(_careful(Check.LATENCY, lambda: check_latency(http, options, timed)))
        run.progress("keys")
        try:
            probe = KeyProbe.of(http)
            inside = KeyProbe.of(_open(ends, options.inside)) if options.inside else None
        except HarnessError as error:
            yield from self._not_run(list(Check)[4:], str(error))
            return
        yield self._done(_careful(Check.DEFAULT_KEYS, lambda: check_keys(probe, inside)))
        run.progress("master key")
        from_inside = options.from_inside
        yield self._done(
            _careful(
                Check.MASTER_KEY, lambda: check_master_key(probe, inside, from_inside=from_inside)
            )
        )
        run.progress("dashboard")
        yield self._done(_careful(Check.DASHBOARD, lambda: check_dashboard(http)))
        run.progress("public URL")
        master = master_client(probe, inside)
        state = run.folder.parent / f".deployment-{self.target.name}.json"
        if (old := read_state(state)) is not None:
            for left in clear(state, old, http, master):
                yield self._notice(
                    run, f"An earlier run was killed, and could not be cleared up after: {left}."
                )
        namespace = Namespace(run.id[-6:])
        canary = Canary(http, master, namespace, state, leave_files=options.leave_files)
        yield from self._of_canary(http, canary, run)

    def _of_canary(self, http: HttpSession, canary: Canary, run: Run) -> Events:
        options, is_closed = self.options, False
        try:
            if failed := _write(canary):
                yield from self._not_run([Check.PUBLIC_URL, Check.RESTART], failed)
                return
            yield self._done(
                _careful(Check.PUBLIC_URL, lambda: check_public_url(http, canary, options))
            )
            run.progress("restart")
            yield self._done(
                _careful(Check.RESTART, lambda: check_restart(http, canary, options, run.ask))
            )
        except GeneratorExit:
            is_closed = True  # nobody takes events any more, and to yield would be an error
            raise
        finally:
            canary.remove()
            for left in canary.left:
                notice = self._notice(run, f"Could not be removed: {left}.")
                if not is_closed:
                    yield notice

    def _done(self, found: Judged) -> CheckEvent:
        lasted_s, self._started = time.monotonic() - self._started, time.monotonic()
        self.judged.append(found)
        effect: Effect = "writes" if found.name in WRITING else "reads"
        target = self.target.name
        return found.event(self.name, target, area="deployment", effect=effect, duration_s=lasted_s)

    def _not_run(self, checks: list[Check], why: str) -> Iterator[CheckEvent]:
        for check in checks:
            yield self._done(check.doubtful(f"{NOT_RUN}{why}"))

    def _notice(self, run: Run, text: str) -> NoticeEvent:
        run.ask(text)
        self.notices.append(text)
        return NoticeEvent("warning", self.target.name, text)

    def _tables(self) -> Iterator[TableEvent]:
        yield TableEvent(
            id="seen",
            title="What was seen",
            columns=("check", "outcome", "seen"),
            rows=tuple((found.name, str(found.outcome), found.seen) for found in self.judged),
        )
        rows = tuple(
            (
                found.name,
                finding.code,
                "fails" if finding.fails else "warning",
                finding.seen,
                finding.remedy,
            )
            for found in self.judged
            for finding in found.findings
        )
        if rows:
            columns = ("check", "code", "weight", "seen", "what to do")
            yield TableEvent(id="findings", title="Findings", columns=columns, rows=rows)


def _refuse(target: Target, options: DeploymentOptions) -> None:
    """Refuse what cannot be meant.

    Raises:
        UserError: Options contradict each other, or the address is none of this machine.
    """
    inside, address = options.inside, options.source_address
    if options.from_inside and inside is not None:
        raise UserError(
            "--from-inside and --inside-target are both given",
            "--from-inside says that this machine is inside; then no other way is needed.",
        )
    if inside is not None and inside.app_id.value != target.app_id.value:
        raise UserError(
            f"{inside.name!r} is another app than {target.name!r}",
            "--inside-target names a way to the same server.",
        )
    if inside is not None and inside.name == target.name and address is None:
        raise UserError(
            f"--inside-target is the target {target.name!r} itself",
            "That is possible with --source-address only: then the system's own address is inside.",
        )
    if address is not None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as trial:
                trial.bind((address, 0))
        except OSError as error:
            raise UserError(
                f"--source-address {address}: {error.strerror or error}",
                "Give an address of this machine: ip -brief address",
            ) from error


def _open(
    ends: contextlib.ExitStack, target: Target, source_address: str | None = None
) -> HttpSession:
    http = HttpSession(target, source_address)
    ends.callback(http.close)
    return http


def _write(canary: Canary) -> str:
    """Write; return why not, if the server or the network kept it from that."""
    try:
        canary.write()
    except (HarnessError, AssertionError) as error:
        return str(error)
    return ""


def _careful(check: Check, judge: Callable[[], Judged]) -> Judged:
    """Judge; what the network or this machine got wrong is an error of this check alone."""
    try:
        return judge()
    except HarnessError as error:
        return check.doubtful(str(error))


def _check_result(found: Judged) -> CheckResult:
    return CheckResult(
        found.name,
        found.outcome,
        found.title,
        found.seen,
        found.remedy,
        found.numbers,
        found.findings,
    )
