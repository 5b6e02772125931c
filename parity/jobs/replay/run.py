"""Runs one replay from beginning to end, and keeps what is worth showing."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from parity.capture.recording import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
    RecordingWriter,
)
from parity.compare import Register
from parity.jobs.replay.engine import Observer, Options, Progress, Replay
from parity.jobs.replay.evidence import Subject, exchange_facts
from parity.jobs.replay.journal import Journal
from parity.jobs.replay.judgement import Answer, Judgement
from parity.jobs.replay.order import Node
from parity.jobs.replay.rewrite import Rewritten
from parity.jobs.replay.source import Source
from parity.jobs.replay.survey import Survey
from parity.model import Target
from parity.model.evidence import ExchangeFact, utc_now
from parity.wire import Redactor
from parity.wire.signature import signature

SHOWN_PER_SIGNATURE = 3
MOST_SHOWN = 400
LOOK_EVERY_S = 0.5

T = TypeVar("T")


class Examples:
    """Keeps the first exchanges of every cluster, redacted, for the evidence.

    Args:
        subject: What is replayed.
        origin: Scheme and host of the recorded server.
        redactor: Keeps secrets out.
    """

    def __init__(self, subject: Subject, origin: str, redactor: Redactor) -> None:
        self.by_signature: dict[str, tuple[ExchangeFact, ...]] = {}
        self._subject = subject
        self._origin = origin
        self._redactor = redactor
        self._kept = 0

    def keep(self, node: Node, sent: Rewritten | None, answer: Answer | None) -> None:
        """Keep an exchange that the tally calls worth showing."""
        name = signature(node.operation)
        before = self.by_signature.get(name, ())
        if self._kept >= MOST_SHOWN or len(before) >= 2 * SHOWN_PER_SIGNATURE:
            return
        facts = exchange_facts(
            node.exchange, sent, answer, self._subject, self._origin, self._redactor
        )
        self.by_signature[name] = before + facts
        self._kept += 1


class Recorder:
    """Records what a target answers, so that another one can be compared with it.

    Args:
        path: The recording to write.
        target: Who answers.
        redactor: Keeps secrets out.
    """

    def __init__(self, path: Path, target: Target, redactor: Redactor) -> None:
        self.path = path
        self._origin_length = len(target.url) - len(_path_of(target.url))
        header = RecordingHeader(
            base_url=target.url,
            created_at=utc_now(),
            source=f"replay on {target.name}",
            redacted=True,
            tool="parse-parity",
        )
        self._writer = RecordingWriter(path, header, redactor=redactor)

    def write(
        self, node: Node, sent: Rewritten | None, answer: Answer | None, _judgement: Judgement
    ) -> None:
        """Write one exchange as it was sent and answered; nothing if it was not."""
        if sent is None or answer is None:
            return
        request = RecordedRequest(
            node.exchange.request.method,
            sent.url[self._origin_length :],
            tuple(sent.headers.items()),
            sent.body,
        )
        response = RecordedResponse(answer.status, tuple(answer.headers.items()), answer.body)
        self._writer.write(
            replace(node.exchange, request=request, response=response, elapsed_ms=answer.elapsed_ms)
        )

    def close(self) -> None:
        """Finish the recording."""
        self._writer.close()


def replay(
    source: Source,
    target: Target,
    *,
    survey: Survey,
    register: Register,
    options: Options,
    journal: Path,
    inputs: dict[str, str],
    folder: Path,
    examples: Examples,
    watch: Callable[[Progress], None],
    observe: Observer | None = None,
) -> Replay:
    """Replay a recording against a target.

    Args:
        source: The recording.
        target: Where to.
        survey: What the recording holds.
        register: Known differences that apply to the target.
        options: How.
        journal: The journal's file; an existing one is gone on with.
        inputs: What the journal belongs to.
        folder: Folder of the run.
        examples: Keeps what is worth showing.
        watch: Called twice a second with how far it is, also when it is interrupted.
        observe: Gets every exchange that is finished.

    Returns:
        The finished replay, with its tally.

    Raises:
        HarnessError: The target went down.
        UserError: The journal belongs to something else.
        KeyboardInterrupt: Somebody stopped it; ``watch`` has seen how far it came.
    """
    diary = Journal(journal, inputs)
    one = Replay(
        target,
        mount=source.mount,
        register=register,
        options=replace(options, time_ordered=survey.time_ordered),
        journal=diary,
        folder=folder,
        shown=examples.keep,
        started_at=survey.started_at,
        observe=observe,
    )
    try:
        run_loop(_watched(one, source, watch))
        finished = True
    except BaseException:
        finished = False
        raise
    finally:
        watch(one.progress)
        diary.close(remove=finished)
    return one


async def _watched(
    one: Replay, exchanges: Iterable[RecordedExchange], watch: Callable[[Progress], None]
) -> None:
    async def look() -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            watch(one.progress)

    looking = asyncio.create_task(look())
    try:
        await one.run(exchanges)
    finally:
        looking.cancel()


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the fastest loop there is."""
    # Exchanges leave no cycles behind; looking for them would take a tenth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    if sys.platform == "win32":  # pragma: no cover - uvloop does not exist there
        return asyncio.run(main)
    import uvloop  # noqa: PLC0415 - not on every platform

    return uvloop.run(main)


def _path_of(url: str) -> str:
    rest = url.partition("://")[2]
    slash = rest.find("/")
    return "" if slash < 0 else rest[slash:]
