"""Recorded traffic as checks: each exchange of a recording is one, replayed once a target."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from parity.compare import KnownDifference
from parity.jobs.replay.engine import Options
from parity.jobs.replay.evidence import Subject
from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.jobs.replay.order import Node
from parity.jobs.replay.rewrite import Rewritten
from parity.jobs.replay.run import Examples, replay
from parity.jobs.replay.source import CASSETTE_SUFFIXES, RECORDING_SUFFIXES, Source, open_source
from parity.jobs.replay.survey import survey
from parity.model import (
    Exchange,
    ExchangeRequest,
    ExchangeResponse,
    HarnessError,
    Target,
    UserError,
)
from parity.paths import shipped
from parity.plugin.expect import CheckFailure, redacted
from parity.plugin.recorder import Record
from parity.plugin.run import Run
from parity.plugin.state import RECORD, RECORDER, RUN
from parity.stack import default_members, start_stack, stop_stack

MOST_ITEMS = 20_000
"""Exchanges that may be items of pytest; `parity replay` has no limit."""
DEFAULT_FOLDER = "scenarios/recordings"
"""What the project ships."""


# Without repr: pytest prints the arguments of a check that fails, and these hold recorded values.
@dataclass(slots=True, repr=False)
class Recordings:
    """The recordings of a session, and what became of their exchanges.

    Attributes:
        sources: By the name that items have.
        ids: Ids of the exchanges of each recording, in order.
    """

    sources: dict[str, Source] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    _done: dict[tuple[str, str], dict[str, _Result]] = field(default_factory=dict)
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def load(self, paths: list[Path], run: Run) -> None:
        """Open recordings, importing what has to be.

        Raises:
            UserError: One cannot be opened, or is too large for pytest.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="parity-recordings-")
        for path in paths:
            source = open_source(path, Path(self._folder.name), run.redactor, allow_truncated=False)
            parts = source.apart()
            if len(parts) > 1 and not run.embedded:
                raise UserError(
                    f"{path} holds requests of {len(parts)} applications, and the target is one",
                    f"Replay them one at a time: parity replay {path} --app 1",
                    code="applications",
                )
            for number, part in enumerate(parts, 1):
                self._add(f"{path.stem}-app{number}" if len(parts) > 1 else path.stem, part)

    def _add(self, name: str, source: Source) -> None:
        self.sources[name] = source
        self.ids[name] = [exchange.id for exchange in source]
        if len(self.ids[name]) > MOST_ITEMS:
            raise UserError(
                f"{source.name} has more than {MOST_ITEMS:,} exchanges, too many for pytest",
                f"Replay it with: parity replay {source.name}",
                code="recording-large",
            )

    def close(self) -> None:
        """Remove what was imported."""
        if self._folder is not None:
            self._folder.cleanup()

    def settle(self, request: pytest.FixtureRequest, target: Target, name: str, one: str) -> None:
        """Judge one exchange as the check that is running.

        Args:
            request: Of the check.
            target: Its target; the recording is replayed at the first check of it.
            name: Name of the recording.
            one: Id of the exchange.

        Raises:
            CheckFailure: It differs, and nothing explains it.
            HarnessError: It got no answer.
        """
        __tracebackhide__ = True
        run = request.config.stash[RUN]
        key = (target.name, name)
        if key not in self._done:
            self._done[key] = self._replay(run, target, self.sources[name])
        result = self._done[key].get(one)
        if result is None:
            raise HarnessError("the replay ended before this exchange")
        request.config.stash[RECORDER].observe(result.exchange)
        _conclude(request.node.stash[RECORD], run, target, result.judgement)

    def _replay(self, run: Run, target: Target, source: Source) -> dict[str, _Result]:
        results: dict[str, _Result] = {}

        def observe(
            node: Node, sent: Rewritten | None, answer: Answer | None, judgement: Judgement
        ) -> None:
            exchange = _exchange(target, node, sent, answer)
            results[node.exchange.id] = _Result(judgement, exchange)

        assert self._folder is not None
        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        cloud = cloud_code(run)
        with _empty(run, target, cloud) as server:
            replay(
                source,
                server,
                survey=survey(source.lines(), source.mount),
                register=run.registers[target.name],
                options=Options(has_cloud_code=not run.embedded or cloud is not None),
                journal=folder / "journal.jsonl",
                inputs={},
                folder=folder,
                examples=Examples(Subject(source.name, target.name), source.origin, run.redactor),
                watch=lambda _: None,
                observe=observe,
            )
        return results


@dataclass(frozen=True, slots=True, repr=False)
class _Result:
    judgement: Judgement
    exchange: Exchange


def cloud_code(run: Run) -> Path | None:
    """Return the cloud code of embedded servers that recordings are replayed on.

    What the project ships was recorded with its own; what an app recorded needs that of the app.
    """
    if run.options.cloud is not None or run.options.recordings:
        return run.options.cloud
    return shipped("scenarios/cloud/main.js")


@contextmanager
def _empty(run: Run, target: Target, cloud: Path | None) -> Iterator[Target]:
    """Give the target; an embedded one as a server of its own that nobody has written to."""
    if not run.embedded:
        yield target
        return
    member = next(member for member in default_members() if member.name == target.name)
    stack = start_stack([member], cloud=cloud)
    try:
        yield stack.targets[0]
    finally:
        stop_stack(stack)


def recording_paths(config: pytest.Config) -> list[Path]:
    """Return the recordings that a session replays: those asked for, else the shipped ones."""
    asked = list(config.stash[RUN].options.recordings) or [shipped(DEFAULT_FOLDER)]
    return [recording for path in asked for recording in _recordings_of(path)]


def _recordings_of(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    inside = sorted(path.iterdir())
    if any(file.suffix in CASSETTE_SUFFIXES for file in inside):
        return [path]
    return [file for file in inside if file.is_dir() or file.suffix in RECORDING_SUFFIXES]


def _exchange(
    target: Target, node: Node, sent: Rewritten | None, answer: Answer | None
) -> Exchange:
    request = node.exchange.request
    url = request.url if sent is None else sent.url
    headers = dict(request.headers) if sent is None else sent.headers
    body = request.body if sent is None else sent.body
    response = None
    if answer is not None:
        response = ExchangeResponse(answer.status, dict(answer.headers), answer.body, None)
    elapsed = 0.0 if answer is None else answer.elapsed_ms / 1000
    made = ExchangeRequest(request.method, url, headers, body)
    return Exchange(target.name, made, response, elapsed, node.exchange.at)


def _conclude(record: Record, run: Run, target: Target, judgement: Judgement) -> None:
    __tracebackhide__ = True
    known: dict[str, KnownDifference] = run.registers[target.name].entries
    unknown = []
    for difference, entry in judgement.differences:
        shown = redacted(difference, run.redactor)
        if entry is None:
            unknown.append(shown)
        else:
            record.expect.observed.setdefault(entry, (known[entry], []))[1].append(shown)
    if judgement.outcome is Class.ERROR:
        raise HarnessError(judgement.reason)
    if unknown:
        raise CheckFailure(unknown, record.check)
    if judgement.outcome not in (Class.EQUAL, Class.KNOWN):
        pytest.skip(f"{judgement.outcome.value}: {judgement.reason}")
