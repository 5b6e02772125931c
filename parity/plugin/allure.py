"""Allure: a step for each exchange, and the exchanges of a check that did not simply pass."""

from __future__ import annotations

from urllib.parse import urlsplit

import allure
import pytest

from parity.model import Exchange
from parity.plugin.checks import Check
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
