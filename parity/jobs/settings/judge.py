"""Holds what the server does against what the hosted app had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from parity.jobs.settings.catalogue import Setting, Side, Value
from parity.jobs.settings.hosted import HostedSettings
from parity.jobs.settings.probing import Seen
from parity.jobs.settings.survey import NotFound, Result
from parity.model import Outcome

Origin = Literal["file", "default", "unknown"]
"""Where the hosted value comes from: the settings file, the documentation of the hosted service,
or nobody knows it."""


@dataclass(frozen=True, slots=True)
class ComparedSetting:
    """What became of one setting.

    Attributes:
        setting: The setting.
        outcome: One of the five.
        hosted: What the hosted app had; ``None`` if that is not known.
        origin: How that is known.
        server: What the server does; ``None`` if that could not be found out.
        said: What the probe saw, or why it saw nothing.
        meaning: What it means for the app's users, in one sentence.
        side: Severity, effect and remedy, where there is something to do.
        accepted: Why a person accepts the difference; empty if nobody does.
    """

    setting: Setting
    outcome: Outcome
    hosted: Value | None
    origin: Origin
    server: Value | None
    said: str
    meaning: str
    side: Side | None = None
    accepted: str = ""

    @property
    def hosted_words(self) -> str:
        """What the hosted app had."""
        if self.hosted is None:
            return "not known"
        words = self.setting.words(self.hosted)
        return f"{words} (documented)" if self.origin == "default" else words

    @property
    def server_words(self) -> str:
        """What the server does."""
        return "not seen" if self.server is None else self.setting.words(self.server)

    @property
    def warns(self) -> bool:
        """Return whether there is something to do although nothing failed."""
        return self.side is not None and self.outcome in (Outcome.PASS, Outcome.UNSUPPORTED)


def judge(setting: Setting, hosted: HostedSettings, result: Result) -> ComparedSetting:
    """Judge one setting.

    Args:
        setting: The setting.
        hosted: What the settings file says.
        result: What became of its probe.

    Returns:
        A pass if the server does what the hosted app had, or what the hosted service did for
        everybody where the file does not say it; unsupported if one of both is not known.
    """
    value, origin = _hosted(setting, hosted)
    if isinstance(result, NotFound):
        outcome = Outcome.ERROR if result.error else Outcome.UNSUPPORTED
        return ComparedSetting(setting, outcome, value, origin, None, result.reason, result.reason)
    accepted = hosted.accepted.get(setting.key, "")
    outcome, meaning, side = _verdict(setting, value, origin, result, accepted=bool(accepted))
    return ComparedSetting(
        setting, outcome, value, origin, result.value, result.said, meaning, side, accepted
    )


def _hosted(setting: Setting, hosted: HostedSettings) -> tuple[Value | None, Origin]:
    if setting.key in hosted.values:
        value = hosted.values[setting.key]
        return value, "unknown" if value is None else "file"
    if setting.hosted is None:
        return None, "unknown"
    return setting.hosted, "default"


def _verdict(
    setting: Setting, hosted: Value | None, origin: Origin, seen: Seen, *, accepted: bool
) -> tuple[Outcome, str, Side | None]:
    if seen.breach:
        side = Side("security", seen.breach, f"{setting.option}: use the adapter of the server.")
        return Outcome.FAIL, seen.breach, side
    door = None
    if setting.open_door and seen.value is True and origin != "file":
        door = setting.more
    if hosted is None:
        does = setting.words(seen.value)
        if accepted:
            return Outcome.KNOWN_DIFFERENCE, f"The hosted value is not known. Now: {does}.", None
        meaning = f"The hosted value is not known; the server: {does}."
        return Outcome.UNSUPPORTED, meaning, door
    if not setting.same(hosted, seen.value):
        side = setting.side(hosted, seen.value)
        return Outcome.KNOWN_DIFFERENCE if accepted else Outcome.FAIL, side.effect, side
    if accepted:
        remedy = f"Remove {setting.key} from [accepted] of the settings file."
        meaning = "An accepted difference is not there any more."
        return Outcome.FAIL, meaning, Side("benign", meaning, remedy)
    if door is not None:
        return Outcome.PASS, f"As before, and an open door: {door.effect}", door
    return Outcome.PASS, "As before.", None
