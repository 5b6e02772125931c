"""One scenario on one target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parity.compare.values import MISSING
from parity.jobs.replay.scenario.expectation import Expectation, pick
from parity.jobs.replay.scenario.model import Scenario, Step
from parity.jobs.replay.scenario.template import Names, UnknownName
from parity.targets import ParseClient, Reply

AS_PARSE_SERVER = "known answer of Parse Server: "
"""Stands before the paths of the second comparison, so that no known difference explains it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scenario runs on.

    Attributes:
        client: Returns the client of an actor: ``rest``, ``master``, ``none``, ``javascript``.
        new_user: Signs a user up: name to its client and its members (``objectId``, ``username``,
            ``sessionToken``).
        new_class: Makes a class name that is new in this run.
        new_name: Makes another name that is new in this run.
        judge: Compares a reply with an expectation; raises for what is not a known difference.
        version: Parse Server version of the target, if that is known.
    """

    client: Callable[[str], ParseClient]
    new_user: Callable[[str], tuple[ParseClient, Mapping[str, str]]]
    new_class: Callable[[str], str]
    new_name: Callable[[str], str]
    judge: Callable[[Reply, Expectation], None]
    version: str | None = None


def run_scenario(scenario: Scenario, stage: Stage) -> None:
    """Send the requests of a scenario in order and judge each reply.

    The expectation is what the hosted service answers. Where a known difference explains a reply
    and the scenario writes down what Parse Server answers, the reply has to be exactly that:
    neither the one nor the other is a failure.

    Args:
        scenario: What to send.
        stage: Where to send it.

    Raises:
        AssertionError: Whatever ``stage.judge`` raises for a reply.
        HarnessError: The target could not be asked.
    """
    users = {name: stage.new_user(name) for name in scenario.users}
    rest = stage.client("rest")
    given = {"mount": rest.mount, "url": rest.target.url}
    names = Names(
        {**given, **{name: members for name, (_, members) in users.items()}},
        stage.new_class,
        stage.new_name,
    )
    for step in scenario.steps:
        client = users[step.actor][0] if step.actor in users else stage.client(step.actor)
        reply = send(step, client, names)
        missing = _capture(step, reply, names)
        try:
            judge_step(step, reply, names, stage)
        except UnknownName:
            if not missing:
                raise
        if missing:
            raise AssertionError(f"step {step.number}: nothing at {missing[0]} in {reply!r}")


def send(step: Step, client: ParseClient, names: Names) -> Reply:
    """Send the request of a step.

    Args:
        step: What to send.
        client: As whom.
        names: What the references stand for.

    Returns:
        The reply, whether it is JSON or not.
    """
    return client.request(
        step.method,
        names.fill(step.path),
        names.fill(step.body),
        params=names.fill(step.query),
        headers={name: str(names.fill(value)) for name, value in step.headers.items()},
        data=None if step.text is None else str(names.fill(step.text)).encode(),
        raw=True,
    )


def judge_step(step: Step, reply: Reply, names: Names, stage: Stage) -> None:
    """Compare a reply with what the hosted service answers, and with what is known instead.

    Raises:
        AssertionError: It is neither.
    """
    known = [each.expectation for each in step.server if each.applies(stage.version)]
    # A known difference belongs to the step that writes it down, not to the whole scenario.
    prefix = "" if known else f"step {step.number}: "
    hosted = Expectation.build(names.fill(step.hosted), prefix)
    stage.judge(reply, hosted)
    if not known or not hosted.compare(reply, "$"):
        return
    instead = [Expectation.build(names.fill(each), AS_PARSE_SERVER) for each in known]
    if all(each.compare(reply, "$") for each in instead):
        stage.judge(reply, instead[-1])


def _capture(step: Step, reply: Reply, names: Names) -> list[str]:
    """Keep what a step captures, before its reply is judged; return the paths with nothing."""
    missing = []
    for name, path in step.capture.items():
        value = pick(reply, path)
        if value is MISSING:
            missing.append(path)
        else:
            names.values[name] = value
    return missing
