"""Chooses a part of a recording, with everything that it needs to be replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.access import MODIFY, SCAN, TOUCH, Access, access, strings
from parity.model import UserError
from parity.wire.operation import Action, Operation, parse_json, parse_operation


def matching(pattern: str) -> Callable[[RecordedExchange, Operation], bool]:
    """Return a test for ``--only``: by method and path, ``GET /classes/Post*``, or by id.

    Args:
        pattern: With ``*`` and ``?`` as in a shell.
    """

    def test(exchange: RecordedExchange, operation: Operation) -> bool:
        return fnmatchcase(operation.request, pattern) or fnmatchcase(exchange.id, pattern)

    return test


def select(
    exchanges: Iterable[RecordedExchange],
    mount: str,
    wanted: Callable[[RecordedExchange, Operation], bool],
) -> tuple[frozenset[int], frozenset[int]]:
    """Choose exchanges and their prerequisites.

    Those are what minted the values they use, and what wrote to the objects and classes that
    they read.

    Args:
        exchanges: The whole recording.
        mount: Path of the recorded mount.
        wanted: Tells which ones are meant.

    Returns:
        Numbers of the exchanges to send, and of those among them that are meant.

    Raises:
        UserError: None is meant.
    """
    writers: dict[str, list[int]] = {}
    needs: list[tuple[str, ...]] = []
    chosen: set[int] = set()
    for number, exchange in enumerate(exchanges):
        operation = _operation(exchange, mount)
        response = exchange.response
        recorded = None if response is None else parse_json(response.body)
        touched = access(operation, recorded)
        needs.append(tuple(_needs(exchange, operation, touched)))
        for thing in _writes(operation, touched):
            writers.setdefault(thing, []).append(number)
        if wanted(exchange, operation):
            chosen.add(number)
    if not chosen:
        raise UserError(
            "no exchange of the recording is meant by that",
            "Give an id of the recording, or a method and a path: --only 'GET /classes/Post*'.",
            code="only",
        )
    return frozenset(_closure(chosen, needs, writers)), frozenset(chosen)


def _closure(
    chosen: set[int], needs: list[tuple[str, ...]], writers: dict[str, list[int]]
) -> set[int]:
    found, open_ones = set(chosen), sorted(chosen)
    while open_ones:
        number = open_ones.pop()
        for thing in needs[number]:
            for writer in writers.get(thing, ()):
                if writer < number and writer not in found:
                    found.add(writer)
                    open_ones.append(writer)
    return found


def _needs(exchange: RecordedExchange, operation: Operation, touched: Access) -> Iterable[str]:
    for thing, use in touched.uses:
        # Who reads needs what was written; who writes to an object needs the object.
        if use in (SCAN, TOUCH) or not thing.startswith("class "):
            yield thing
    yield from operation.segments
    for part in (operation, *operation.parts):
        yield from strings(part.params)
    yield from strings(operation.body)
    for _, value in exchange.request.headers:
        yield value
    if operation.action is Action.FUNCTION:
        yield "*"


def _writes(operation: Operation, touched: Access) -> Iterable[str]:
    yield from touched.mints
    for thing, use in touched.uses:
        if use in (MODIFY, TOUCH):
            yield thing
    if operation.changes:
        yield "*"


def _operation(exchange: RecordedExchange, mount: str) -> Operation:
    request = exchange.request
    return parse_operation(request.method, request.url, request.body, mount)
