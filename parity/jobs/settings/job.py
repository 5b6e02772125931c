"""The job of ``parity settings``: one check for each setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from parity.job import Events, Job, Run
from parity.jobs.settings.catalogue import Value, catalogue
from parity.jobs.settings.evidence import check_of, known_of, table_of
from parity.jobs.settings.hosted import HostedSettings
from parity.jobs.settings.judge import ComparedSetting, Origin, judge
from parity.jobs.settings.survey import survey
from parity.model import Outcome, Target
from parity.model.events import AskedFact, CheckEvent, Event, NoticeEvent, TargetFacts
from parity.model.finding import Severity
from parity.targets import secrets_of, server_version
from parity.targets.identity import measured_on

_WORDS = {
    Outcome.PASS: "ok",
    Outcome.FAIL: "FAIL",
    Outcome.KNOWN_DIFFERENCE: "accepted",
    Outcome.UNSUPPORTED: "not known",
    Outcome.ERROR: "error",
}
_WIDTH = max(map(len, catalogue()))


@dataclass(frozen=True, slots=True)
class SettingResult:
    """One setting as ``--json`` prints it; a value of ``None`` is not known, or was not seen."""

    name: str
    key: str
    title: str
    outcome: Outcome
    hosted: Value | None
    hosted_from: Origin
    hosted_words: str
    server: Value | None
    server_words: str
    saw: str
    meaning: str
    severity: Severity | None
    remedy: str
    warns: bool
    accepted: str
    option: str
    since: str
    source: str


@dataclass(frozen=True, slots=True)
class SettingsResult:
    """What ``--json`` prints."""

    target: str
    server_version: str | None
    not_removed: tuple[str, ...]
    settings: tuple[SettingResult, ...]


class SettingsJob(Job):
    """Finds out by behaviour whether a server has the settings of the hosted app.

    Args:
        target: The server to ask.
        hosted: What the hosted app had.
        allow_mail: Whether the server may send an e-mail to an address that does not exist.
    """

    name = "settings"
    unit = "setting"

    def __init__(self, target: Target, hosted: HostedSettings, *, allow_mail: bool = False) -> None:
        self.target, self.hosted, self.allow_mail = target, hosted, allow_mail
        self.server_version: str | None = None
        self.compared: list[ComparedSetting] = []
        self.left: list[str] = []

    def targets(self) -> Sequence[TargetFacts]:
        """Return the one target."""
        self.server_version = server_version(self.target)
        return (TargetFacts.of(self.target, server_version=self.server_version),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of the target."""
        return secrets_of([self.target])

    def digests(self) -> Mapping[str, str]:
        """Return what the server was like, and the digest of the settings file."""
        file = {"hosted_settings": self.hosted.digest} if self.hosted.digest else {}
        return {**measured_on(self.target), **file}

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the one option."""
        return {"allow_mail": AskedFact(self.allow_mail, False)}

    def events(self, run: Run) -> Events:
        """Yield a check for each setting, then all of them as a table and what was left behind."""
        try:
            # Closed by hand, so that what the probes made has gone before it is told what has not.
            with closing(
                survey(
                    self.target,
                    self.hosted,
                    self.left,
                    version=self.server_version,
                    allow_mail=self.allow_mail,
                )
            ) as results:
                for name, result in results:
                    one = judge(catalogue()[name], self.hosted, result)
                    self.compared.append(one)
                    run.progress(f"{len(self.compared)} of {len(catalogue())} settings: {name}")
                    if (entry := known_of(one, self.target.name)) is not None:
                        yield entry
                    yield check_of(one, self.target.name)
        except GeneratorExit:
            raise
        except BaseException:
            yield from self._ending(run)
            raise
        yield from self._ending(run)

    def lines(self, event: Event) -> Iterator[str]:
        """Show each setting, and what it means where the server is not as the hosted app."""
        if not isinstance(event, CheckEvent):
            return
        one, indent = self.compared[-1], " " * 11
        yield f"{_word(one):>9}  {one.setting.name:<{_WIDTH}}  {one.server_words}"
        if one.outcome in (Outcome.FAIL, Outcome.KNOWN_DIFFERENCE):
            yield f"{indent}hosted: {one.hosted_words}"
        if one.outcome is not Outcome.PASS or one.warns:
            yield f"{indent}{one.meaning}"
        if one.accepted and one.outcome is Outcome.KNOWN_DIFFERENCE:
            yield f"{indent}accepted: {one.accepted}"
        elif one.side is not None:
            yield f"{indent}{one.side.severity}: {one.side.remedy}"

    def result(self) -> SettingsResult:
        """Return every setting with both values and what they mean."""
        settings = tuple(map(_setting_result, self.compared))
        return SettingsResult(self.target.name, self.server_version, tuple(self.left), settings)

    def _ending(self, run: Run) -> Events:
        yield table_of(self.compared)
        for path in self.left:
            run.ask(f"could not be removed: {path}")
            yield NoticeEvent("warning", self.target.name, f"Could not be removed: {path}.")


def _word(one: ComparedSetting) -> str:
    if one.warns:
        return "warning"
    unseen = one.outcome is Outcome.UNSUPPORTED and one.server is None
    return "not seen" if unseen else _WORDS[one.outcome]


def _setting_result(one: ComparedSetting) -> SettingResult:
    setting, side = one.setting, one.side
    return SettingResult(
        name=setting.name,
        key=setting.key,
        title=setting.title,
        outcome=one.outcome,
        hosted=one.hosted,
        hosted_from=one.origin,
        hosted_words=one.hosted_words,
        server=one.server,
        server_words=one.server_words,
        saw=one.said,
        meaning=one.meaning,
        severity=side.severity if side else None,
        remedy=side.remedy if side else "",
        warns=one.warns,
        accepted=one.accepted,
        option=setting.option,
        since=setting.since,
        source=setting.source,
    )
