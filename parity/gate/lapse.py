"""Whether evidence still speaks of what is in use now. Every reason why it does not is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from parity.gate.rules import GateFile, Rule
from parity.gate.runs import Run, Runs
from parity.model.evidence import TargetFacts

TIED: Final = {
    "clients": ("scan",),
    "cloud": ("scan",),
    "database": ("verify", "audit", "size", "indexes"),
    "hosted_settings": ("settings",),
    "known_differences": ("suites",),
    # Not of a deployment: it is looked at from outside, where the options show less.
    "options": ("suites", "replay", "settings", "files", "size"),
    "recording": ("replay",),
    "suites": ("suites",),
}
"""The digests that a user can declare, and the jobs whose evidence has to have them then."""

# Runs of these jobs measure the same thing by these names; else only runs of one job are compared.
_ALIKE: Final = {
    "cloud": ("suites", "replay"),
    "database": TIED["database"],
    "mongod": ("preflight", *TIED["database"]),
    "recording": ("replay", "size", "indexes"),
    "options": TIED["options"],
}
# A scan reads the folders that it is given, so another digest is another folder, or none.
_NOT_COMPARED: Final = ("scan",)
# The digest of the suites is that of the files that were selected, so a run of one file has
# another one than a run of all.
_OF_THE_SELECTION: Final = ("suites",)
# These say what the settings say, and never asked a Parse Server for its version.
_CONFIGURED: Final = ("verify", "audit", "preflight", "scan")
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Now:
    """What evidence is held against.

    Attributes:
        runs: Everything there is.
        file: What the user says.
        at: The time, in UTC.
        suite_version: Version of the parse-parity that judges.
    """

    runs: Runs
    file: GateFile
    at: datetime
    suite_version: str

    def age_days(self, run: Run) -> float:
        """Return the age of a run in days; negative if it comes from the future."""
        return (self.at - run.started_at) / timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lapse:
    """Why evidence does not count any more.

    Attributes:
        cause: ``age``, ``future``, ``embedded``, ``server-version``, ``url``, ``style``,
            ``suite-version``, or ``digest:`` with a name.
        text: The same in one sentence.
    """

    cause: str
    text: str


def lapses(run: Run, rule: Rule, now: Now) -> tuple[Lapse, ...]:
    """Return why the evidence of a run has lapsed; nothing if it still counts.

    Args:
        run: The run that shall prove the rule.
        rule: The rule.
        now: What is in use.
    """
    name = now.file.targets.name(rule.target)
    found = [*_age(run, rule, now), *_suite_version(run, now), *_digests(run, name, now)]
    facts = run.targets.get(name)
    if facts is not None:
        found += _embedded(facts, now)
        if rule.measures == "server":
            found += _server(facts, rule, now)
    return tuple(found)


def _age(run: Run, rule: Rule, now: Now) -> Iterator[Lapse]:
    age = now.age_days(run)
    if age > rule.max_age_days:
        yield Lapse("age", f"it is {age:.1f} days old, and {rule.max_age_days:g} are allowed")
    if now.at + _CLOCKS_DIFFER < run.started_at:
        yield Lapse("future", f"it says that it began in the future, {run.started_at:%Y-%m-%d}")


def _embedded(facts: TargetFacts, now: Now) -> Iterator[Lapse]:
    if facts.embedded and not now.file.allow_embedded:
        yield Lapse(
            "embedded",
            f"{facts.name} was a server of the embedded stack, which is thrown away afterwards",
        )


def _suite_version(run: Run, now: Now) -> Iterator[Lapse]:
    was = run.evidence.header.suite_version
    for wanted, whose in (
        (now.suite_version, "this is"),
        (now.file.measured_on.suite_version, "the gate file says"),
    ):
        if wanted is not None and was != wanted:
            yield Lapse("suite-version", f"parse-parity {was} made it, and {whose} {wanted}")
            return


def _server(facts: TargetFacts, rule: Rule, now: Now) -> Iterator[Lapse]:
    declared = now.file.measured_on
    newest = _newest(now, facts.name, lambda each: each.server_version, skip=_CONFIGURED)
    was = facts.server_version
    if declared.server_version not in (None, was):
        said = was or "an unknown version"
        yield Lapse(
            "server-version",
            f"it was measured on {said}, and the gate file says {declared.server_version}",
        )
    elif newest is not None and newest[0] != was:
        yield Lapse(
            "server-version",
            f"it was measured on {was or 'an unknown version'}, and {newest[1].run_id} found "
            f"{newest[0]}",
        )
    elif rule.target == "server":
        yield from _deployed(facts, now)
    yield from _address(facts, now, declared.url)


def _deployed(facts: TargetFacts, now: Now) -> Iterator[Lapse]:
    """Yield a lapse if another version is deployed than was tested."""
    there = _newest(
        now, now.file.targets.deployed, lambda each: each.server_version, skip=_CONFIGURED
    )
    if there is not None and there[0] != facts.server_version:
        yield Lapse(
            "server-version",
            f"it was measured on {facts.server_version or 'an unknown version'}, and "
            f"{there[1].run_id} found {there[0]} on {now.file.targets.deployed}",
        )


def _address(facts: TargetFacts, now: Now, declared: str | None) -> Iterator[Lapse]:
    # The embedded servers listen on another port each time.
    newest = None if facts.embedded else _newest(now, facts.name, lambda each: each.url)
    if declared is not None and declared.rstrip("/") != facts.url.rstrip("/"):
        yield Lapse("url", f"it was measured on {facts.url}, and the gate file says {declared}")
    elif newest is not None and newest[0].rstrip("/") != facts.url.rstrip("/"):
        yield Lapse(
            "url", f"it was measured on {facts.url}, and {newest[1].run_id} asked {newest[0]}"
        )
    style = _newest(now, facts.name, lambda each: each.style)
    if style is not None and style[0] != facts.style:
        yield Lapse("style", f"its target was of style {facts.style}, and now it is {style[0]}")


def _newest(
    now: Now, target: str, fact: Callable[[TargetFacts], _T | None], skip: tuple[str, ...] = ()
) -> tuple[_T, Run] | None:
    """Return what the newest run says of a target, and that run."""
    for run in now.runs.good:
        facts = run.targets.get(target)
        value = fact(facts) if facts is not None and run.job not in skip else None
        if value is not None:
            return value, run
    return None


def _digests(run: Run, target: str, now: Now) -> Iterator[Lapse]:
    mine = run.digests(target)
    declared = now.file.measured_on.digests
    for name in sorted({*mine, *declared}):
        was, wanted = mine.get(name), declared.get(name)
        if wanted is not None:
            if was is None and run.job in TIED[name]:
                yield Lapse(f"digest:{name}", f"it does not say on which {name} it was measured")
            elif was not in (None, wanted):
                yield Lapse(
                    f"digest:{name}", f"the {name} was {was}, and the gate file says {wanted}"
                )
        elif name not in _OF_THE_SELECTION and run.job not in _NOT_COMPARED:
            newest = next(
                (
                    each
                    for each in now.runs.good
                    if name in each.digests(target)
                    and (each.job == run.job or {each.job, run.job} <= {*_ALIKE.get(name, ())})
                    and (target == "*" or target in each.targets)
                ),
                run,
            )
            if newest.digests(target)[name] != was:
                yield Lapse(
                    f"digest:{name}",
                    f"the {name} was {was}, and {newest.run_id} was measured on "
                    f"{newest.digests(target)[name]}",
                )
