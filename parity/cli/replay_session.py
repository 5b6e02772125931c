"""What ``parity replay`` does: targets, one replay or two, evidence, and what is said of it."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from parity.capture.recording import open_recording
from parity.cli.replay_targets import Asked, open_targets
from parity.compare import Register, load_register
from parity.compare.known import parse_version
from parity.jobs.replay import evidence, numbers
from parity.jobs.replay.dry_run import counts
from parity.jobs.replay.engine import Observer, Options, Progress, Replay
from parity.jobs.replay.evidence import Subject
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.noise import NO_NOISE, read_noise, write_noise
from parity.jobs.replay.run import Examples, Recorder
from parity.jobs.replay.run import replay as run_replay
from parity.jobs.replay.selection import matching, select
from parity.jobs.replay.source import Source, digest_of, open_source
from parity.jobs.replay.survey import survey
from parity.model import ExitCode, Target, UserError, Writes
from parity.model.evidence import TargetFacts
from parity.paths import shipped
from parity.report.oldjob import Job
from parity.targets import server_version
from parity.targets.identity import code_digest, measured_on
from parity.wire import Redactor

PLAIN_PROGRESS_EVERY_S = 10.0


def run(asked: Asked) -> ExitCode:
    """Do what the command line asks for.

    Raises:
        UserError: Something to change first.
        HarnessError: A target went down.
    """
    if asked.dry_run:
        return _dry_run(asked)
    with open_targets(asked) as targets:
        return _control(asked, targets) if asked.control else _replay(asked, targets)


def _dry_run(asked: Asked) -> ExitCode:

    with open_recording(asked.recording, allow_truncated=asked.allow_truncated) as reader:
        found = counts(reader, reader.header.base_url, asked.only)
    if asked.as_json:
        click.echo(json.dumps(found, indent=1))
        return ExitCode.PASS
    for name, value in found.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, count in value.items():
                click.echo(f"  {count:>10,}  {key}")
        else:
            click.echo(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
    return ExitCode.PASS


def _replay(asked: Asked, targets: list[Target]) -> ExitCode:

    if len(targets) > 2:
        raise UserError("a replay compares two targets at most", "Give --target once or twice.")
    judged = targets[-1]
    version = _version(judged)
    redactor = _redactor(targets)
    register = _register(asked, judged, version)
    with Job(
        name="replay",
        unit="signature",
        targets=(_facts(judged, version, targets),),
        reports=asked.reports or Path("reports"),
        redactor=redactor,
        arguments=tuple(sys.argv[1:]),
        digests=measured_on(judged) | _digests(asked),
    ) as job:
        source = open_source(
            asked.recording, job.folder, redactor, allow_truncated=asked.allow_truncated
        )
        expected = "the recording"
        if len(targets) == 2:
            source = _answers_of(asked, targets[0], source, job, redactor)
            expected = targets[0].name
        session = _Session(asked, source, judged, expected, job.folder, redactor, register)
        try:
            session.run()
        except KeyboardInterrupt:
            session.write(job)
            raise
        session.write(job)
        verdict = job.finish()
        _say(asked, job, session, f"{verdict.word.value}: {verdict.sentence}")
    return job.exit_code


class _Session:
    """One replay as the command runs it."""

    def __init__(
        self,
        asked: Asked,
        source: Source,
        target: Target,
        expected: str,
        folder: Path,
        redactor: Redactor,
        register: Register,
    ) -> None:

        self.source = source
        self.target = target
        self.register = register
        self.redactor = redactor
        self.folder = folder
        self.asked = asked
        self.subject = Subject(source.name, target.name, expected)
        self.examples = Examples(self.subject, source.origin, redactor)
        self.survey = survey(source.lines(), source.mount)
        self.progress: Progress | None = None

    def run(self, observe: Observer | None = None) -> Replay:

        options = _options(self.asked, self.source)
        folder = self.asked.resume or self.folder
        show = _progress(self.target.name, self.survey.exchanges)
        journal = folder / f"journal-{self.target.name}.jsonl"
        if self.asked.resume is not None and not journal.exists():
            raise UserError(
                f"{journal} is not there: nothing of that run can be gone on with",
                "Give the report folder of a replay against the same target.",
                code="resume",
            )
        inputs = {
            "recording": self.source.digest() if self.source.imported is None else "imported",
            "target": self.target.url,
            "state": self.asked.state,
            "only": f"{self.asked.only} {self.asked.repeat}",
            "read_only": str(self.asked.read_only),
        }

        def watch(progress: Progress) -> None:
            self.progress = progress
            show(progress)

        return run_replay(
            self.source,
            self.target,
            survey=self.survey,
            register=self.register,
            options=options,
            journal=journal,
            inputs=inputs,
            folder=self.folder,
            examples=self.examples,
            watch=watch,
            observe=observe,
        )

    def write(self, job: Job) -> None:
        """Write everything that was found out as evidence."""
        if self.progress is None:
            return
        tally = self.progress.tally
        if self.source.truncated:
            job.notice(
                "warning",
                f"The end of {self.source.name} is missing; what is whole of it was used.",
            )
        for each in evidence.known_differences(tally, self.register, self.target.name):
            job.known(each)
            if self.asked.fail_on_breaking and each.severity == "breaking":
                job.notice("error", f"{each.id} is breaking: {each.title}.", self.target.name)
        for check in evidence.checks(
            tally, self.subject, self.examples.by_signature, self.redactor
        ):
            job.check(check)
        for table in numbers.tables(tally, self.subject, self.survey):
            job.table(table)
        if tally.total:
            job.notice("info", numbers.headline(tally, self.subject), self.target.name)
        if self.asked.speed is not None and self.progress.lag_s > 1:
            job.notice(
                "warning",
                f"Requests were up to {self.progress.lag_s:.1f} s later than recorded: more lanes "
                "or a lower speed keep the pace.",
            )


def _answers_of(
    asked: Asked, target: Target, source: Source, job: Job, redactor: Redactor
) -> Source:
    """Replay against the first of two targets, and return what it answered as a recording."""
    path = job.folder / f"answers-{target.name}.jsonl"
    register = _register(asked, target, _version(target))
    session = _Session(asked, source, target, "the recording", job.folder, redactor, register)
    recorder = Recorder(path, target, redactor)
    try:
        session.run(recorder.write)
    finally:
        recorder.close()
    return open_source(path, job.folder, redactor, allow_truncated=False)


def _control(asked: Asked, targets: list[Target]) -> ExitCode:

    first, again = targets[0], targets[-1]
    if asked.config is not None and not asked.read_only and first.writes is not Writes.FORBIDDEN:
        raise UserError(
            "the second replay of a control would meet what the first has written",
            "Control a configured target with --read-only; the embedded ones are fresh each time.",
            code="control",
        )
    redactor = _redactor(targets)
    with Job(
        name="control",
        unit="signature",
        targets=(_facts(first, _version(first), [first]),),
        reports=asked.reports or Path("reports"),
        redactor=redactor,
        arguments=tuple(sys.argv[1:]),
        digests=_digests(asked),
    ) as job:
        source = open_source(
            asked.recording, job.folder, redactor, allow_truncated=asked.allow_truncated
        )
        answers = _answers_of(asked, first, source, job, redactor)
        session = _Session(
            asked, answers, again, f"the first replay on {first.name}", job.folder, redactor,
            Register({}),
        )  # fmt: skip
        tally = session.run().progress.tally
        path = job.folder / "noise.toml"
        entries = write_noise(tally, path, first.url)
        job.notice("info", f"{entries} places differ between two replays on {first.name}.")
    click.echo(
        f"{entries} places differ between two replays on {first.name}. Look through {path}, "
        "accept what is noise, and replay with --noise."
        if entries
        else f"No noise: two replays on {first.name} do not differ."
    )
    return ExitCode.PASS


def _digests(asked: Asked) -> dict[str, str]:
    """Return what the result depends on, for gates: the recording and the cloud code."""
    found = {}
    if asked.recording.is_file():
        found["recording"] = digest_of(asked.recording)
    if asked.cloud is not None and asked.cloud.is_file():
        found["cloud"] = code_digest([asked.cloud.read_bytes()])
    return found


def _options(asked: Asked, source: Source) -> Options:

    selected = judged = None
    pattern = asked.repeat or asked.only
    if pattern:
        selected, judged = select(source, source.mount, matching(pattern))
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


def _register(asked: Asked, target: Target, version: str | None) -> Register:

    folders = [shipped("scenarios/known-differences"), *asked.known_differences]
    return load_register(folders).applying(target.style, parse_version(version))


def _version(target: Target) -> str | None:

    return server_version(target)


def _facts(judged: Target, version: str | None, targets: list[Target]) -> TargetFacts:

    facts = TargetFacts.of(judged, server_version=version)
    if len(targets) == 1:
        return facts
    return replace(facts, note=f"compared with {targets[0].name} ({targets[0].url})")


def _redactor(targets: list[Target]) -> Redactor:

    known = {
        secret.value: "$" + (secret.source or f"{target.name}_{key}".upper().replace("-", "_"))
        for target in targets
        for key, secret in target.secrets()
    }
    return Redactor(known, secrets.token_bytes(16))


def _progress(name: str, total: int) -> Callable[[Progress], None]:
    """Return what shows progress on stderr: a line that is rewritten, or now and then a line."""
    begun = last = time.monotonic()
    terminal = sys.stderr.isatty()

    def show(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if not terminal and now - last < PLAIN_PROGRESS_EVERY_S:
            return
        last = now
        rate = progress.done / max(now - begun, 0.001)
        left = (total - progress.done) / rate if rate else 0.0
        different = progress.tally.outcomes[Class.DIFFERENT]
        text = (
            f"{name}: {progress.done:,} of {total:,} requests, {rate:,.0f}/s, "
            f"{left:,.0f} s left, {different:,} different"
        )
        click.echo(f"\r\x1b[K{text}" if terminal else text, err=True, nl=not terminal)

    return show


def _say(asked: Asked, job: Job, session: _Session, sentence: str) -> None:

    if sys.stderr.isatty():
        click.echo(err=True)
    if asked.as_json:
        click.echo((job.folder / "summary.json").read_text(encoding="utf-8"))
        return
    assert session.progress is not None
    tally = session.progress.tally
    click.echo(numbers.headline(tally, session.subject))
    for outcome, count in tally.outcomes.most_common():
        click.echo(f"  {count:>9,}  {outcome.value}")
    click.echo(sentence)
    click.echo(f"report: {os.path.relpath(job.folder / 'report.html')}")
