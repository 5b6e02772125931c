"""Allure: a step for each exchange, and the exchanges of a check that did not simply pass."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import allure
import pytest

from parity.model import Exchange
from parity.plugin.checks import Check
from parity.report.causes import Group
from parity.wire import Redactor

_enabled = False


def enable(config: pytest.Config) -> None:
    """Switch this on if the run writes Allure results: it costs time without a reader."""
    global _enabled  # noqa: PLW0603 - allure itself is process-wide
    _enabled = bool(config.getoption("--alluredir", None))


def step(exchange: Exchange, redactor: Redactor) -> None:
    """Add a step that names an exchange: ``POST /parse/classes/GameScore → 201``."""
    if _enabled:
        path = redactor.url(urlsplit(exchange.request.url).path)
        status = exchange.response.status if exchange.response else "no response"
        with allure.step(f"{exchange.request.method} {path} → {status}"):
            pass


def attach(transcript: str) -> None:
    """Attach the redacted exchanges of the running test."""
    if _enabled:
        allure.attach(transcript, "exchanges", allure.attachment_type.TEXT)


def write_categories(folder: Path, groups: Iterable[Group]) -> None:
    """Let Allure group what did not pass by cause.

    Args:
        folder: Where the results are.
        groups: The causes; a check quotes its cause in its message.
    """
    categories = [
        {
            "name": str(group.cause),
            "messageRegex": rf"[\s\S]*{_literal(group.cause.text)}[\s\S]*",
            "matchedStatuses": ["failed", "broken", "skipped"],
        }
        for group in groups
    ]
    text = json.dumps(categories, ensure_ascii=False, indent=1)
    (folder / "categories.json").write_text(text, encoding="utf-8")


def _literal(text: str) -> str:
    """Return a pattern for just this text, for Java's and for JavaScript's expressions."""
    return re.sub(r"[.*+?^${}()|\[\]\\/]", r"\\\g<0>", text)


def label(check: Check) -> None:
    """Give the running test its labels, so that Allure groups by target and area."""
    if not _enabled:
        return
    allure.dynamic.parent_suite(check.target)
    allure.dynamic.suite(check.area)
    allure.dynamic.feature(check.area)
    allure.dynamic.title(check.title)
    allure.dynamic.tag(check.level)
    allure.dynamic.description("Stated by " + ", ".join(check.spec))
