"""The five outcomes, as pytest runs a check and as it reports it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

import pytest

from parity.compare import differences
from parity.model import (
    BadReply,
    HarnessError,
    Outcome,
    TargetDown,
    TargetTimeout,
    UserError,
    Writes,
)
from parity.model.evidence import NOT_RUN, NOT_TESTED
from parity.plugin import allure
from parity.plugin.checks import describe_check, is_check
from parity.plugin.expect import CheckFailure
from parity.plugin.recorder import Record
from parity.plugin.repeat import transcript
from parity.plugin.state import RECORD, RECORDER, RUN
from parity.report.causes import CAUSE_LINE, cause_of
from parity.stack import stack_problem
from parity.targets import ParseClient
from parity.wire import Redactor

CONFIRM_S = 5.0
"""Seconds that a target gets to show that it is alive after a request failed."""
STATUS: dict[str, tuple[str, str, str]] = {
    Outcome.KNOWN_DIFFERENCE: ("known difference", "k", "KNOWN DIFFERENCE"),
    Outcome.UNSUPPORTED: ("unsupported", "u", "UNSUPPORTED"),
    Outcome.ERROR: ("error", "E", "ERROR"),
    Outcome.FAIL: ("failed", "F", "FAILED"),
    NOT_RUN: ("not run", "-", "NOT RUN"),
    NOT_TESTED: ("not tested", "-", "NOT TESTED"),
}
NOT_JUDGED = (NOT_RUN, NOT_TESTED)


class OutcomesPlugin:
    """Runs each check with a record, and turns what happened into one of the five outcomes."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Keep a record of each check and write it to the evidence."""
        if not is_check(item):
            return (yield)
        recorder = item.config.stash[RECORDER]
        record = recorder.begin(describe_check(item))
        item.stash[RECORD] = record
        try:
            return (yield)
        finally:
            recorder.finish(record)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Do not run what the target cannot do, or a check of a target that is down."""
        record = item.stash.get(RECORD, None)
        if record is None:
            return
        allure.label(record.check)
        run, check = item.config.stash[RUN], record.check
        down = run.down_file(check.target)
        if down.exists():
            record.outcome = Outcome.ERROR
            record.reason = NOT_RUN + down.read_text(encoding="utf-8")
            pytest.skip(record.reason)
        if check.effect != "reads" and run.targets[check.target].writes is Writes.FORBIDDEN:
            pytest.skip(f"writes to target {check.target!r} are forbidden")
        if (
            check.effect == "destructive"
            and run.targets[check.target].writes is not Writes.DISPOSABLE
        ):
            pytest.skip(f"destructive, and target {check.target!r} is not disposable")
        run.need(check.target, *check.requires)

    # The last to be called is the first to see the report: before Allure attaches what it finds.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Decide the outcome and put the evidence beside it."""
        record = item.stash.get(RECORD, None)
        if record is None:
            return (yield)
        redactor = item.config.stash[RUN].redactor
        if call.when == "setup":
            item.user_properties += _properties(record)
        decided, error = False, call.excinfo.value if call.excinfo is not None else None
        if error is not None:
            _redact_exception(error, redactor)
            decided = self._judge_error(item, record, error)
        report = yield
        # What a check printed comes with every later phase, also of a check that passes.
        report.sections[:] = [(name, redactor.text(text)) for name, text in report.sections]
        if decided:
            _show_outcome(item, record, report, error)
        elif error is None and report.when == "call":
            self._judge_success(item, record, report)
        if record.outcome is not None and report.outcome != "passed":
            prefix = next((p for p in NOT_JUDGED if record.reason.startswith(p)), None)
            # An attribute of our own, because it has to travel from a worker to the controller.
            vars(report)["parity_outcome"] = prefix or str(record.outcome)
        _attach_exchanges(item, record, report)
        if not report.passed:
            _redact(report, redactor)
        return report

    def pytest_assertrepr_compare(
        self, config: pytest.Config, op: str, left: object, right: object
    ) -> list[str] | None:
        """Explain a plain assert of a check; pytest's own text may show half of a secret."""
        recorder = config.stash.get(RECORDER, None)
        shown = (dict, list, str)
        if recorder is None or recorder.current is None or not isinstance(left, shown):
            return None
        redacted = recorder.run.redactor.json([left, right if isinstance(right, shown) else None])
        other = redacted[1] if isinstance(right, shown) else right
        lines = [f"{redacted[0]!r} {op} {other!r}"]
        if op == "==":
            lines += [str(difference) for difference in differences(other, redacted[0])]
        return lines

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Show the five outcomes under their own names."""
        outcome = getattr(report, "parity_outcome", None)
        return STATUS.get(outcome) if outcome else None

    def _judge_success(self, item: pytest.Item, record: Record, report: pytest.TestReport) -> None:
        run = item.config.stash[RUN]
        target, facts = run.targets[record.check.target], run.facts[record.check.target]
        unobserved = [
            entry
            for entry in run.registers[target.name].expected_by(record.check.id)
            if entry.id not in record.expect.observed
            and facts.version is not None
            and (entry.always or target.embedded)
        ]
        if unobserved:
            record.outcome = Outcome.FAIL
            record.reason = "; ".join(
                f"{entry.id} is no longer observed ({entry.title}): remove its entry, or narrow "
                f"its versions, {entry.versions}"
                for entry in unobserved
            )
            report.outcome, report.longrepr = "failed", record.reason
        elif record.expect.observed:
            ids = ", ".join(sorted(record.expect.observed))
            record.outcome = Outcome.KNOWN_DIFFERENCE
            record.reason = ids
            report.outcome = "skipped"
            report.wasxfail = ids
        else:
            record.outcome = Outcome.PASS

    def _judge_error(self, item: pytest.Item, record: Record, error: BaseException) -> bool:
        """Say what became of a check that raised; return whether this decided its outcome."""
        if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception):
            if record.outcome is None:
                record.outcome, record.reason = Outcome.UNSUPPORTED, str(error)
            return False
        if record.outcome in (Outcome.FAIL, Outcome.ERROR):
            return False  # a broken teardown after a failure: the failure is what matters
        record.reason = str(error).partition("\n")[0] or type(error).__name__
        if isinstance(error, HarnessError | UserError):
            record.outcome = Outcome.ERROR
            if isinstance(error, TargetDown | TargetTimeout | BadReply):
                _mark_if_down(item, record.check.target, str(error))
        else:
            record.outcome = Outcome.FAIL
            if isinstance(error, CheckFailure):
                record.failed = error.differences
        _name_cause(item, record, error)
        return True


class JunitErrorsPlugin:
    """Lets JUnit count our errors as errors: it goes by the phase that failed.

    Two halves of one plugin, because the phase is put back for everybody else.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Say "setup" before JUnit looks."""
        if getattr(report, "parity_outcome", None) == Outcome.ERROR and report.when == "call":
            report.when, report.parity_when = "setup", "call"


class JunitErrorsEndPlugin:
    """The second half of :class:`JunitErrorsPlugin`."""

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Put the phase back after JUnit looked."""
        if getattr(report, "parity_when", None):
            report.when = report.parity_when


def _properties(record: Record) -> list[tuple[str, str]]:
    """Return what JUnit says of a check beside its name."""
    check = record.check
    return [("target", check.target), ("area", check.area), ("spec", ", ".join(check.spec))]


def _show_outcome(
    item: pytest.Item, record: Record, report: pytest.TestReport, error: BaseException | None
) -> None:
    """Show an error in one message instead of a traceback, and what was not tested as skipped."""
    if record.outcome is not Outcome.ERROR:
        return
    if record.reason.startswith(NOT_TESTED):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {record.reason}")
    else:
        report.longrepr = str(error)


def _attach_exchanges(item: pytest.Item, record: Record, report: pytest.TestReport) -> None:
    """Put the exchanges beside a check that did not simply pass."""
    if not (report.failed or record.expect.observed):
        return
    text = transcript(item.config.stash[RECORDER].facts(record), record.check.target)
    allure.attach(text)
    if report.failed:
        report.sections.append(("Exchanges", text))


def _name_cause(item: pytest.Item, record: Record, error: BaseException) -> None:
    """Say why a check did not pass in the words that all checks with that cause have."""
    run, check = item.config.stash[RUN], record.check
    known = run.causes.get(check.target)
    sign = known.sign(record.exchanges) if known is not None else None
    if known is not None and sign is not None:
        record.finding = known.code.finding(run.redactor.text(known.seen))
        if not check.id.endswith(sign.judged_by):
            record.outcome = Outcome.ERROR
            record.reason = f"{NOT_TESTED}{record.finding.cause.partition('. ')[0]}"
    mount = urlsplit(run.targets[check.target].url).path
    cause = cause_of(item.config.stash[RECORDER].event(record), mount)
    if cause is None:
        return
    item.user_properties.append(("cause", str(cause)))
    if isinstance(error, AssertionError | HarnessError):
        # JUnit and Allure quote the exception; Allure's categories go by what it says.
        error.args = (f"{error}\n{CAUSE_LINE}{cause.text}",)


def _mark_if_down(item: pytest.Item, target: str, reason: str) -> None:
    """Note that a target is down, if it does not answer a harmless request either."""
    run = item.config.stash[RUN]
    client = ParseClient(run.targets[target])
    try:
        client.get("config", timeout_s=CONFIRM_S)
    except HarnessError:
        problem = stack_problem(run.stack) if run.stack is not None else None
        reason = f"{reason} ({problem})" if problem else reason
        run.down_file(target).write_text(run.redactor.text(reason), encoding="utf-8")
    finally:
        client.close()


def _redact_exception(error: BaseException, redactor: Redactor) -> None:
    """Redact what an exception says, before pytest, JUnit and Allure each quote it."""
    error.args = tuple(
        redactor.text(part) if isinstance(part, str) else part for part in error.args
    )
    # pytest.skip and pytest.fail keep their reason beside args, and that is what reports quote.
    if isinstance(getattr(error, "msg", None), str):
        error.msg = redactor.text(error.msg)  # type: ignore[attr-defined]


def _redact(report: pytest.TestReport, redactor: Redactor) -> None:
    """Replace secrets in a traceback: assertion messages and locals may quote a reply."""
    longrepr: Any = report.longrepr
    if isinstance(longrepr, str):
        report.longrepr = redactor.text(longrepr)
        return
    if isinstance(longrepr, tuple):  # of a skip: file, line, reason
        path, line, reason = longrepr
        report.longrepr = (path, line, redactor.text(reason))
        return
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = redactor.text(crash.message)
    for chained in getattr(longrepr, "chain", None) or []:
        for entry in chained[0].reprentries:
            entry.lines[:] = [redactor.text(line) for line in entry.lines]
            if getattr(entry, "reprlocals", None) is not None:
                entry.reprlocals.lines[:] = [_local(x, redactor) for x in entry.reprlocals.lines]
            if getattr(entry, "reprfuncargs", None) is not None:
                entry.reprfuncargs.args[:] = [
                    (name, _local(str(value), redactor)) for name, value in entry.reprfuncargs.args
                ]
        if chained[1] is not None:
            chained[1].message = redactor.text(chained[1].message)


def _local(text: str, redactor: Redactor) -> str:
    """Redact the value of a variable; a shortened one may hold half of a secret."""
    if "..." in text:
        return text.partition(" = ")[0] + " = (shortened, so not shown)"
    return redactor.text(text)
