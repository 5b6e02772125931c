"""The jobs of ``parity replay``: one replay of recorded traffic, or two as a control of noise."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from parity.compare import Register, load_register
from parity.compare.known import parse_version
from parity.job import Events, Job, Run, asked_of
from parity.jobs.replay import evidence, numbers
from parity.jobs.replay.engine import Observer, Options, Progress
from parity.jobs.replay.evidence import Subject
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.noise import NO_NOISE, read_noise, write_noise
from parity.jobs.replay.run import Examples, Recorder, replay
from parity.jobs.replay.selection import matching, select
from parity.jobs.replay.source import Source, open_source
from parity.jobs.replay.survey import survey
from parity.jobs.replay.tally import Tally
from parity.model import Target, UserError, Writes
from parity.model.digest import digest_of_recording
from parity.model.evidence import AskedFact, NoticeEvent, TargetFacts
from parity.paths import shipped
from parity.targets import secrets_of, server_version
from parity.targets.identity import code_digest, measured_on


@dataclass(frozen=True, slots=True)
class Asked:
    """What to replay and how, as the command line says it; see the options of ``parity replay``."""

    recording: Path
    targets: tuple[str, ...] = ()
    config: Path | None = None
    speed: float | None = None
    lanes: int = 16
    state: str = "fresh"
    read_only: bool = False
    allow: tuple[str, ...] = ()
    only: str | None = None
    repeat: str | None = None
    resume: Path | None = None
    control: bool = False
    noise: Path | None = None
    cloud: Path | None = None
    allow_truncated: bool = False
    known_differences: tuple[Path, ...] = ()
    fail_on_breaking: bool = False
    app: int | None = None


class _Traffic(Job):
    """What both jobs share.

    Args:
        asked: What to replay and how.
        servers: One target, or two of which the second is judged by the first.
    """

    unit = "signature"
    judged: Target

    def __init__(self, asked: Asked, servers: Sequence[Target]) -> None:
        self.asked_for, self.servers = asked, tuple(servers)
        self._versions: dict[str, str | None] = {}

    def targets(self) -> Sequence[TargetFacts]:
        """Return the target that is judged."""
        return (TargetFacts.of(self.judged, server_version=self._version(self.judged)),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of every target that gets requests."""
        return secrets_of(self.servers)

    def digests(self) -> Mapping[str, str]:
        """Return what the result depends on, for gates: the recording and the cloud code."""
        recording, cloud = self.asked_for.recording, self.asked_for.cloud
        found = {"recording": digest_of_recording(recording)}
        if cloud is not None:
            found["cloud"] = code_digest(cloud)
        return found

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the options; the last target is the one that is judged."""
        apart = ("recording", "targets", "config")
        others = AskedFact([server.name for server in self.servers[:-1]], [])
        shipped = asked_of(self.asked_for, Asked(self.asked_for.recording), *apart)
        return shipped | {"compared_with": others}

    def _version(self, target: Target) -> str | None:
        if target.name not in self._versions:
            self._versions[target.name] = server_version(target)
        return self._versions[target.name]

    def _register(self, target: Target) -> Register:
        folders = [shipped("scenarios/known-differences"), *self.asked_for.known_differences]
        return load_register(folders).applying(target.style, parse_version(self._version(target)))

    def _opened(self, run: Run) -> Source:
        return open_source(
            self.asked_for.recording,
            run.folder,
            run.redactor,
            allow_truncated=self.asked_for.allow_truncated,
        ).of_app(self.asked_for.app)

    def _answers(self, run: Run, target: Target, source: Source) -> Source:
        """Replay against the first of two targets, and return what it answered as a recording."""
        path = run.folder / f"answers-{target.name}.jsonl"
        one = _OneReplay(
            self.asked_for, source, target, "the recording", run, self._register(target)
        )
        recorder = Recorder(path, target, run.redactor)
        try:
            one.go(recorder.write)
        finally:
            recorder.close()
        return open_source(path, run.folder, run.redactor, allow_truncated=False)


class ReplayJob(_Traffic):
    """Replays recorded traffic against a target and explains every difference.

    Args:
        asked: What to replay and how.
        servers: The target; or two, then the second is compared with the first, both live.

    Raises:
        UserError: There are more than two.
    """

    name: ClassVar = "replay"

    def __init__(self, asked: Asked, servers: Sequence[Target]) -> None:
        super().__init__(asked, servers)
        if len(servers) > 2:
            raise UserError("a replay compares two targets at most", "Give --target once or twice.")
        self.judged = self.servers[-1]
        self._one: _OneReplay | None = None

    def targets(self) -> Sequence[TargetFacts]:
        """Return the target that is judged, and what with."""
        [facts] = super().targets()
        if len(self.servers) == 1:
            return (facts,)
        first = self.servers[0]
        return (replace(facts, note=f"compared with {first.name} ({first.url})"),)

    def digests(self) -> Mapping[str, str]:
        """Return what the result depends on, and what the target is made of."""
        return measured_on(self.judged) | dict(super().digests())

    def events(self, run: Run) -> Events:
        """Replay, and yield one check for each signature, also of a replay that is stopped."""
        source, expected = self._opened(run), "the recording"
        if len(self.servers) == 2:
            source, expected = self._answers(run, self.servers[0], source), self.servers[0].name
        register = self._register(self.judged)
        self._one = _OneReplay(self.asked_for, source, self.judged, expected, run, register)
        try:
            self._one.go()
        except KeyboardInterrupt:
            yield from self._found()
            raise
        yield from self._found()

    def closing(self) -> Iterator[str]:
        """Say how much behaves the same, and what became of the rest."""
        assert self._one is not None
        yield numbers.headline(self._one.tally, self._one.subject)
        for outcome, count in self._one.tally.outcomes.most_common():
            yield f"  {count:>9,}  {outcome.value}"

    def result(self) -> Any:
        """Return the numbers of the replay."""
        assert self._one is not None
        return numbers.result(self._one.tally, self._one.subject)

    def _found(self) -> Events:
        one, asked = self._one, self.asked_for
        assert one is not None
        if one.progress is None:
            return
        name = self.judged.name
        if one.source.truncated:
            message = f"The end of {one.source.name} is missing; what is whole of it was used."
            yield NoticeEvent("warning", None, message)
        if one.source.imported is not None and len(one.source.imported.files) > 1:
            count = len(one.source.imported.files)
            yield NoticeEvent("info", None, f"{count} files were replayed in the order of time.")
        for entry in evidence.known_differences(one.tally, one.register, name):
            yield entry
            if asked.fail_on_breaking and entry.severity == "breaking":
                yield evidence.breaking_check(entry, name)
        yield from evidence.checks(one.tally, one.subject, one.examples.by_signature)
        yield from numbers.tables(one.tally, one.subject, one.survey)
        if one.tally.total:
            yield NoticeEvent("info", name, numbers.headline(one.tally, one.subject))
        if asked.speed is not None and one.progress.lag_s > 1:
            yield NoticeEvent(
                "warning",
                None,
                f"Requests were up to {one.progress.lag_s:.1f} s later than recorded: more lanes "
                "or a lower speed keep the pace.",
            )


class ControlJob(_Traffic):
    """Replays twice against the same server, and writes what differs as noise to review.

    Args:
        asked: What to replay and how.
        servers: One target twice, or two equal ones that nobody has written to.

    Raises:
        UserError: The second replay would meet what the first has written.
    """

    name: ClassVar = "control"

    def __init__(self, asked: Asked, servers: Sequence[Target]) -> None:
        super().__init__(asked, servers)
        self.judged = self.servers[0]
        writes = not asked.read_only and self.judged.writes is not Writes.FORBIDDEN
        if asked.config is not None and writes:
            raise UserError(
                "the second replay of a control would meet what the first has written",
                "Control a configured target with --read-only; the embedded ones are fresh each "
                "time.",
                code="control",
            )
        self._entries = 0
        self._file: Path | None = None

    def events(self, run: Run) -> Events:
        """Replay twice, and yield a check for each signature, with a warning where it is noisy."""
        first, again = self.servers[0], self.servers[-1]
        source = self._answers(run, first, self._opened(run))
        expected = f"the first replay on {first.name}"
        one = _OneReplay(self.asked_for, source, again, expected, run, Register({}))
        one.go()
        self._file = run.folder / "noise.toml"
        self._entries = write_noise(one.tally, self._file, first.url)
        yield from evidence.noise_checks(one.tally, first.name)
        yield NoticeEvent("info", None, self._sentence())

    def closing(self) -> Iterator[str]:
        """Say how much noise there is and what to do with it."""
        yield self._sentence()
        if self._entries:
            yield f"Look through {self._file}, accept what is noise, and replay with --noise."

    def result(self) -> dict[str, Any]:
        """Return how many places differ, and the file that lists them."""
        return {"places": self._entries, "file": str(self._file)}

    def _sentence(self) -> str:
        if self._entries:
            return f"{self._entries} places differ between two replays on {self.judged.name}."
        return f"No noise: two replays on {self.judged.name} do not differ."


class _OneReplay:
    """One replay on one target, with what is kept of it."""

    def __init__(
        self,
        asked: Asked,
        source: Source,
        target: Target,
        expected: str,
        run: Run,
        register: Register,
    ) -> None:
        self.asked_for, self.source, self.target, self.register = asked, source, target, register
        self.subject = Subject(source.name, target.name, expected)
        self.examples = Examples(self.subject, source.origin, run.redactor)
        self.survey = survey(source.lines(), source.mount)
        self.progress: Progress | None = None
        self._run = run
        self._begun = time.monotonic()

    @property
    def tally(self) -> Tally:
        """What was found out so far."""
        return self.progress.tally if self.progress is not None else Tally()

    def go(self, observe: Observer | None = None) -> None:
        """Replay it all.

        Args:
            observe: Gets every exchange that is finished.
        """
        folder = self.asked_for.resume or self._run.folder
        journal = folder / f"journal-{self.target.name}.jsonl"
        if self.asked_for.resume is not None and not journal.exists():
            raise UserError(
                f"{journal} is not there: nothing of that run can be gone on with",
                "Give the report folder of a replay against the same target.",
                code="resume",
            )
        replay(
            self.source,
            self.target,
            survey=self.survey,
            register=self.register,
            options=self._options(),
            journal=journal,
            inputs={
                "recording": self.source.digest() if self.source.imported is None else "imported",
                "target": self.target.url,
                "state": self.asked_for.state,
                "only": f"{self.asked_for.only} {self.asked_for.repeat} {self.asked_for.app}",
                "read_only": str(self.asked_for.read_only),
            },
            folder=self._run.folder,
            examples=self.examples,
            watch=self._watch,
            observe=observe,
        )

    def _options(self) -> Options:
        asked = self.asked_for
        selected = judged = None
        if pattern := asked.repeat or asked.only:
            selected, judged = select(self.source, self.source.mount, matching(pattern))
        return Options(
            speed=asked.speed,
            lanes=asked.lanes,
            literal=asked.state == "migrated",
            read_only=asked.read_only,
            allow=frozenset(asked.allow),
            has_cloud_code=asked.config is not None or asked.cloud is not None,
            selected=selected,
            judged=judged,
            noise=read_noise(asked.noise) if asked.noise else NO_NOISE,
        )

    def _watch(self, progress: Progress) -> None:
        self.progress = progress
        done, total = progress.done, self.survey.exchanges
        rate = done / max(time.monotonic() - self._begun, 0.001)
        left = (total - done) / rate if rate else 0.0
        different = progress.tally.outcomes[Class.DIFFERENT]
        self._run.progress(
            f"{self.target.name}: {done:,} of {total:,} requests, {rate:,.0f}/s, "
            f"{left:,.0f} s left, {different:,} different"
        )
