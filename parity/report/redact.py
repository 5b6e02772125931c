"""One path for every text of a run: an event without secrets and personal data."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from parity.model.events import (
    AskedFact,
    CapabilityFact,
    CheckEvent,
    DifferenceFact,
    Event,
    ExchangeFact,
    Header,
    KnownDifferenceEvent,
    NoticeEvent,
    SelectionEvent,
    TableEvent,
    TargetFacts,
)
from parity.model.finding import Finding
from parity.wire import Redactor

_STEP: Final = re.compile(r"[.\[/]")


def redact_event(event: Event, redactor: Redactor) -> Event:
    """Return an event whose every text is redacted; a second time changes nothing.

    Args:
        event: As a job or a check made it.
        redactor: Knows the secrets of the run.
    """
    if isinstance(event, CheckEvent):
        return _check(event, redactor)
    if isinstance(event, TableEvent):
        return redact_table(event, redactor)
    if isinstance(event, NoticeEvent):
        return replace(event, message=redactor.text(event.message))
    if isinstance(event, SelectionEvent):
        return event  # pytest's own ids, which checks have in clear as well
    return _known(event, redactor)


def redact_header(header: Header, redactor: Redactor) -> Header:
    """Return a header whose command line, target facts and options are redacted."""
    return replace(
        header,
        asked={
            name: AskedFact(_cell(fact.given, redactor), _cell(fact.shipped, redactor))
            for name, fact in header.asked.items()
        },
        arguments=tuple(redactor.text(argument) for argument in header.arguments),
        targets=tuple(_target(target, redactor) for target in header.targets),
    )


def redact_difference(fact: DifferenceFact, redactor: Redactor) -> DifferenceFact:
    """Return a difference whose values are redacted by the names on their path.

    What is below ``_auth_data_facebook`` is as secret as the field itself.
    """
    names = names_on(fact.path)
    return replace(
        fact,
        path=redactor.text(fact.path),
        expected=redact_value(fact.expected, names, redactor),
        actual=redact_value(fact.actual, names, redactor),
        source=redactor.text(fact.source),
    )


def names_on(path: str) -> list[str]:
    """Return the names of the fields and the places in arrays on a path, outermost first."""
    return [step.rstrip("]").strip("'\"") for step in _STEP.split(path) if step]


def redact_value(value: Any, names: list[str], redactor: Redactor) -> Any:
    """Return a JSON value, redacted as what stands below fields of these names."""
    # One field at a time: the redactor stops at a depth, and what it makes of a deeper value is no
    # object any more, so a path of any length is never rebuilt as nested objects.
    shown = redactor.json(value)
    for name in names:
        (shown,) = redactor.json({name: shown}).values()
    return shown


def _check(check: CheckEvent, redactor: Redactor) -> CheckEvent:
    text = redactor.text
    return replace(
        check,
        id=text(check.id),
        nodeid=text(check.nodeid),
        title=text(check.title),
        reason=text(check.reason),
        differences=tuple(redact_difference(fact, redactor) for fact in check.differences),
        exchanges=tuple(_exchange(fact, redactor) for fact in check.exchanges),
        findings=tuple(_finding(finding, redactor) for finding in check.findings),
    )


def _finding(finding: Finding, redactor: Redactor) -> Finding:
    text = redactor.text
    return replace(
        finding,
        cause=text(finding.cause),
        remedy=text(finding.remedy),
        reproduce=text(finding.reproduce),
        seen=text(finding.seen),
    )


def _exchange(fact: ExchangeFact, redactor: Redactor) -> ExchangeFact:
    return replace(
        fact,
        url=redactor.url(fact.url),
        request_headers=redactor.headers(fact.request_headers),
        request_body=redactor.text(fact.request_body),
        response_headers=redactor.headers(fact.response_headers),
        response_body=redactor.text(fact.response_body),
        repeat=redactor.text(fact.repeat),
    )


def redact_table(table: TableEvent, redactor: Redactor) -> TableEvent:
    """Return a table whose every text is redacted."""
    return replace(
        table,
        title=redactor.text(table.title),
        rows=tuple(tuple(_cell(cell, redactor) for cell in row) for row in table.rows),
        note=redactor.text(table.note),
    )


def _cell(cell: Any, redactor: Redactor) -> Any:
    return redactor.text(cell) if isinstance(cell, str) else redactor.json(cell)


def _known(entry: KnownDifferenceEvent, redactor: Redactor) -> KnownDifferenceEvent:
    text = redactor.text
    return replace(
        entry,
        title=text(entry.title),
        cause=text(entry.cause),
        effect=text(entry.effect),
        remedy=text(entry.remedy),
        provenance=text(entry.provenance),
    )


def _target(target: TargetFacts, redactor: Redactor) -> TargetFacts:
    return replace(
        target,
        url=redactor.url(target.url),
        note=redactor.text(target.note),
        capabilities=tuple(
            CapabilityFact(fact.name, fact.available, redactor.text(fact.reason))
            for fact in target.capabilities
        ),
    )
