"""What one process sees of its checks: exchanges, differences, outcomes; written as evidence."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from parity.compare import KnownDifference
from parity.model import Difference, Exchange, Outcome
from parity.model.evidence import CheckEvent, DifferenceFact, ExchangeFact, Finding
from parity.plugin import allure
from parity.plugin.checks import Check
from parity.plugin.expect import Expect
from parity.plugin.repeat import fact
from parity.plugin.run import Run
from parity.targets.sweep import Sweeper


@dataclass(slots=True)
class Record:
    """One check while it runs.

    Attributes:
        check: What it says of itself.
        expect: Its expectations, with the known differences that they observed.
        exchanges: Every request that it sent, also while it was set up.
        outcome: What became of it; ``None`` while it runs.
        reason: Why, in one sentence.
        failed: What differed without being known.
        finding: The known fault of the server that it met.
    """

    check: Check
    expect: Expect
    started: float = field(default_factory=time.perf_counter)
    exchanges: list[Exchange] = field(default_factory=list)
    outcome: Outcome | None = None
    reason: str = ""
    failed: list[Difference] = field(default_factory=list)
    finding: Finding | None = None


class Recorder:
    """Collects the records of one process and writes them to its evidence.

    Args:
        run: The run that the checks belong to.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.current: Record | None = None
        self.observed: dict[str, tuple[KnownDifference, set[str]]] = {}
        self._sweepers: dict[str, Sweeper] = {}

    def begin(self, check: Check) -> Record:
        """Start the record of a check."""
        register = self.run.registers[check.target]
        self.current = Record(check, Expect(check, register, self.run.redactor))
        return self.current

    def observe(self, exchange: Exchange) -> None:
        """Add an exchange to the check that runs (called by its clients, from any thread)."""
        if self.current is not None:
            self.current.exchanges.append(exchange)
            allure.step(exchange, self.run.redactor)
        target = self.run.targets[exchange.target]
        if not target.embedded:
            self._sweepers.setdefault(target.name, Sweeper(target)).observe(exchange)

    def sweep(self) -> dict[str, list[str]]:
        """Delete what this process created on targets that are not thrown away anyway.

        Returns:
            What is left, by target.
        """
        return {name: sweeper.sweep() for name, sweeper in self._sweepers.items()}

    def facts(self, record: Record) -> tuple[ExchangeFact, ...]:
        """Return the exchanges of a check, redacted."""
        return tuple(fact(exchange, self.run.redactor) for exchange in record.exchanges)

    def finish(self, record: Record) -> None:
        """Write a finished check to the evidence."""
        self.current = None
        for entry, _ in record.expect.observed.values():
            self.observed.setdefault(entry.id, (entry, set()))[1].add(record.check.nodeid)
        self.run.open_evidence().check(self.event(record))

    def event(self, record: Record) -> CheckEvent:
        """Return what is known of a check so far, redacted."""
        check, outcome = record.check, record.outcome or Outcome.PASS
        return CheckEvent(
            id=check.id,
            nodeid=check.nodeid,
            target=check.target,
            area=check.area,
            level=check.level,  # type: ignore[arg-type]
            effect=check.effect,  # type: ignore[arg-type]
            spec=check.spec,
            title=check.title,
            outcome=outcome,
            reason=self.run.redactor.text(record.reason),
            duration_s=round(time.perf_counter() - record.started, 6),
            server_s=round(waited_s(record.exchanges), 6),
            requests=len(record.exchanges),
            worker=self.run.worker,
            differences=tuple(self._differences(record)),
            exchanges=self.facts(record) if outcome is not Outcome.PASS else (),
            findings=(record.finding,) if record.finding is not None else (),
        )

    def close(self, *, interrupted: bool, exit_status: int | None) -> None:
        """Write what concerns the whole process, and the footer."""
        if not self.run.started:
            return
        evidence = self.run.open_evidence()
        registers = self.run.registers
        entries = {e.id: e for register in registers.values() for e in register}
        for entry in entries.values():
            checks = self.observed.get(entry.id, (entry, set()))[1]
            applies = tuple(n for n, register in registers.items() if entry.id in register.entries)
            evidence.write(entry.event(applies, len(checks)))
        evidence.close(interrupted=interrupted, exit_status=exit_status)

    def _differences(self, record: Record) -> list[DifferenceFact]:
        source = ", ".join(record.check.spec)
        found: list[tuple[Difference, str | None]] = [(each, None) for each in record.failed]
        for entry, differences in record.expect.observed.values():
            found += [(difference, entry.id) for difference in differences]
        return [
            DifferenceFact(each.path, each.kind, each.expected, each.actual, known, source)
            for each, known in found
        ]


def waited_s(exchanges: Sequence[Exchange]) -> float:
    """Return the seconds in which at least one exchange was under way.

    Args:
        exchanges: In any order; those of concurrent requests overlap.
    """
    total, until = 0.0, 0.0
    for each in sorted(exchanges, key=lambda exchange: exchange.started_at):
        end = each.started_at + each.elapsed_s
        total += max(0.0, end - max(each.started_at, until))
        until = max(until, end)
    return total
