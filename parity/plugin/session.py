"""From the first collected check to the last written page: what happens once in a session."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from parity.model import HarnessError, Outcome, UserError
from parity.model.evidence import (
    Evidence,
    NoticeEvent,
    SelectionEvent,
    merge_evidence,
    read_evidence,
)
from parity.plugin import allure
from parity.plugin.checks import TARGET_FIXTURE, is_check, only_looks, select, selection_of
from parity.plugin.options import RunOptions
from parity.plugin.recorder import Recorder
from parity.plugin.run import Run, RunPlan
from parity.plugin.schedule import TargetScheduling
from parity.plugin.state import RECORDER, RUN
from parity.plugin.summary import print_summary
from parity.report import write_report, write_summary
from parity.report.causes import causes
from parity.report.tally import JUDGED
from parity.targets.sweep import orphans, sweep_classes

NO_TESTS = 5
"""pytest's exit code for "nothing was collected"; ours as well for "nothing was checked"."""
EVIDENCE = "evidence.jsonl"
REPORT = "report.html"
SUMMARY = "summary.json"


class SessionPlugin:
    """Holds one session together, in the first process or in a worker of pytest-xdist.

    Args:
        config: pytest's configuration.
        options: What the user asked for.
    """

    def __init__(self, config: pytest.Config, options: RunOptions) -> None:
        workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.config = config
        self.is_worker = workerinput is not None
        self.workers: list[str] = []
        if workerinput is not None:
            plan = RunPlan.from_json(workerinput["parity_plan"])
            worker = str(workerinput["workerid"])
        else:
            plan, worker = RunPlan.make(options.seed), "main"
        self.run = Run(options, plan, worker, config.invocation_params.args)
        self.recorder = Recorder(self.run)
        self.evidence: Evidence | None = None
        self.collected: list[pytest.Item] = []
        self.selection: SelectionEvent | None = None
        config.stash[RUN] = self.run
        config.stash[RECORDER] = self.recorder

    # Collection

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each check once for each target."""
        if TARGET_FIXTURE in metafunc.fixturenames:
            names = self.run.target_names
            metafunc.parametrize(TARGET_FIXTURE, names, ids=names, indirect=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Check what the checks say of themselves, and apply ``--area`` and ``--level``.

        Checks that only read go first, whatever the order of the others: an audit of somebody's
        database must not find the odd rows that other checks make on purpose.
        """
        try:
            selected = select(items, self.run.options)
        except UserError as error:
            raise pytest.UsageError(str(error)) from error
        chosen = set(selected)
        left_out = [item for item in items if item not in chosen]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
        items[:] = sorted(selected, key=only_looks)

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_collection_modifyitems")
    def note_collected(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        """Keep what was collected before anything leaves some of it out."""
        self.collected = [item for item in items if is_check(item)]
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start the run once there is something to check; a worker asks the controller to."""
        if self.config.option.collectonly or not any(is_check(item) for item in session.items):
            return
        self.selection = selection_of(self.collected, session.items)
        if self.is_worker:
            self.run.plan.wanted_file.touch()
        else:
            self._start()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker which run it belongs to."""
        node.workerinput["parity_plan"] = self.run.plan.as_json()
        self.workers.append(str(node.workerinput["workerid"]))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Give each target to one worker, unless another way was asked for with ``--dist``."""
        if config.getoption("dist") != "load":
            return None
        return TargetScheduling(config, log, self.run.target_names)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Start the run in the controller when the first worker has found checks."""
        if not self.run.started and self.run.plan.wanted_file.exists():
            self._start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Let a worker join the run before its first check."""
        if self.is_worker and is_check(item) and not self.run.started:
            self.run.join()
        return (yield)

    # The end

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Sweep, write the evidence, merge it, write the report, stop the servers."""
        if self.is_worker:
            if not self.run.started and self.run.shared_file.exists():
                self.run.join()
            self._close(exitstatus)
            return
        try:
            if self.run.started:
                self._close(exitstatus)
                self._finish(session, exitstatus)
        finally:
            self.run.stop()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print one section with the outcomes and where the report is."""
        if self.evidence is not None:
            print_summary(terminalreporter, self.evidence, self._shown_folder())

    def pytest_unconfigure(self) -> None:
        """Stop the servers also when the session ended before its end."""
        if not self.is_worker:
            self.run.stop()

    # Inside

    def _start(self) -> None:
        self.run.suites = suite_files(self.config)
        try:
            self.run.start(self._say)
        except (UserError, HarnessError) as error:
            with contextlib.suppress(OSError):
                self.run.folder.rmdir()
            raise pytest.UsageError(str(error)) from error
        if self.config.get_verbosity() >= 0:
            for line in describe_targets(self.run):
                self._say(line)
        self._list_orphans()

    def _say(self, text: str) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"parity: {text}")

    def _list_orphans(self) -> None:
        for name, target in self.run.targets.items():
            if target.embedded:
                continue
            left = orphans(target, self.run.namespace)
            if left:
                self.run.orphans[name] = left
                self._say(
                    f"target {name!r} holds {len(left)} classes of runs that were killed: "
                    + ", ".join(left[:5])
                    + (" …" if len(left) > 5 else "")
                )

    def _close(self, exitstatus: int) -> None:
        """Sweep what this process wrote and close its evidence."""
        if not self.run.started:
            return
        evidence = self.run.open_evidence()
        if self.selection is not None:
            evidence.write(self.selection)
        for name, left in self._sweep().items():
            evidence.write(NoticeEvent("warning", name, f"could not be removed: {', '.join(left)}"))
        if self.run.ready_s:
            ready = f"targets started and probed in {self.run.ready_s:.2f} s"
            evidence.write(NoticeEvent("info", None, ready))
        for name, classes in self.run.orphans.items():
            evidence.write(
                NoticeEvent("warning", name, f"left by killed runs: {', '.join(classes)}")
            )
        self.recorder.close(interrupted=exitstatus == 2, exit_status=int(exitstatus))

    def _sweep(self) -> dict[str, list[str]]:
        """Remove what this process wrote, and in the end the classes that all of them made."""
        left = self.recorder.sweep()
        for name, target in self.run.targets.items():
            down = self.run.down_file(name).exists()
            if not (self.is_worker or target.embedded or down):
                left[name] = left.get(name, []) + sweep_classes(target, self.run.namespace)
        return {name: paths for name, paths in left.items() if paths}

    def _finish(self, session: pytest.Session, exitstatus: int) -> None:
        folder = self.run.folder
        parts = {each: folder / f"evidence-{each}.jsonl" for each in ("main", *self.workers)}
        try:
            merge_evidence(
                parts,
                folder / EVIDENCE,
                self.run.header(),
                interrupted=int(exitstatus) == 2,
                exit_status=int(exitstatus),
            )
            write_report(folder / EVIDENCE, folder / REPORT)
            write_summary(folder / EVIDENCE, folder / SUMMARY)
            self.evidence = read_evidence(folder / EVIDENCE)
            results = self.config.getoption("--alluredir", None)
            if results:
                allure.write_categories(Path(results), causes(self.evidence))
        except UserError as error:
            # The verdict must not be better than the evidence.
            print(f"\nparity: {error}", file=sys.stderr)  # noqa: T201
            session.exitstatus = session.exitstatus or 1
            return
        for part in parts.values():
            part.unlink()
        if session.exitstatus == 0 and any(
            check.outcome is Outcome.ERROR for check in self.evidence.checks
        ):
            # To pytest a check that was not tested is a skip; it is no pass.
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if session.exitstatus == 0 and not all(
            map(was_checked, self.evidence.footer.counts.values())
        ):
            session.exitstatus = NO_TESTS

    def _shown_folder(self) -> Path:
        folder = self.run.folder
        with contextlib.suppress(ValueError):
            return folder.relative_to(self.config.invocation_params.dir)
        return folder


def describe_targets(run: Run) -> list[str]:
    """Return one line for each target: name, style, version, URL, keys (masked), note."""
    lines = []
    for name, target in run.targets.items():
        keys = ", ".join(f"{key.removesuffix('_key')} ***" for key, _ in target.keys.items())
        version = run.facts[name].version or "version unknown"
        note = f" ({target.note})" if target.note else ""
        lines.append(
            f"target {name}: {target.style} {version} at {target.url}, keys {keys or 'none'}, "
            f"writes {target.writes}{note}"
        )
    return lines


def suite_files(config: pytest.Config) -> list[Path]:
    """Return the Python files that the command line names, whichever checks of them are run."""
    found: set[Path] = set()
    for argument in config.args:
        path = config.invocation_params.dir / argument.partition("::")[0]
        if path.is_file():
            found.add(path)
        for folder, inner, files in os.walk(path):
            # Virtual environments and caches are no part of a suite.
            inner[:] = [each for each in inner if not each.startswith((".", "__"))]
            found |= {Path(folder) / file for file in files if file.endswith(".py")}
    return sorted(found)


def was_checked(counts: Mapping[str, int]) -> bool:
    """Return whether a target with these counts of outcomes was judged at all."""
    return any(counts[each] for each in JUDGED)
