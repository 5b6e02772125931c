"""Settings for machines; the shape is in ``schemas/settings.schema.json``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parity.jobs.settings.evidence import Redact, hosted_words, server_words
from parity.jobs.settings.judge import Judged


def json_of(judged: Iterable[Judged], redact: Redact) -> list[dict[str, Any]]:
    """Return the settings as JSON.

    Args:
        judged: What became of each.
        redact: Keeps secrets out of what a server said.
    """
    return [_entry(each, redact) for each in judged]


def _entry(judged: Judged, redact: Redact) -> dict[str, Any]:
    setting, side = judged.setting, judged.side
    return {
        "name": setting.name,
        "key": setting.key,
        "title": setting.title,
        "outcome": str(judged.outcome),
        "hosted": judged.hosted,
        "hosted_from": judged.origin,
        "hosted_words": hosted_words(judged),
        "server": judged.server,
        "server_words": server_words(judged),
        "saw": redact(judged.said),
        "meaning": redact(judged.meaning),
        "severity": side.severity if side else None,
        "remedy": side.remedy if side else "",
        "warns": judged.warns,
        "accepted": judged.accepted,
        "option": setting.option,
        "since": setting.since,
        "source": setting.source,
    }
