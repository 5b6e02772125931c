"""Allure steps: one for each exchange, with the redacted request and response attached."""

from __future__ import annotations

import json
from collections.abc import Iterable

import allure
import pytest

from parity.model import Exchange
from parity.plugin.checks import Check
from parity.plugin.repeat import fact
from parity.wire import Redactor

_enabled = False


def enable(config: pytest.Config) -> None:
    """Switch the steps on if the run writes Allure results: they cost time without a reader."""
    global _enabled  # noqa: PLW0603 - allure itself is process-wide
    _enabled = bool(config.getoption("--alluredir", None))


def attach(exchange: Exchange, redactor: Redactor) -> None:
    """Add a step for one exchange."""
    if not _enabled:
        return
    shown = fact(exchange, redactor)
    with allure.step(f"{shown.method} {shown.url} → {shown.status or 'no response'}"):
        _attach("request", shown.request_headers, shown.request_body)
        _attach("response", shown.response_headers, shown.response_body)
        allure.attach(shown.repeat, "repeat", allure.attachment_type.TEXT)


def label(check: Check) -> None:
    """Give the running test its labels, so that Allure groups by area and target."""
    if not _enabled:
        return
    allure.dynamic.parent_suite(check.target)
    allure.dynamic.suite(check.area)
    allure.dynamic.feature(check.area)
    allure.dynamic.title(check.title)
    allure.dynamic.tag(check.level)
    _describe(check.spec)


def _describe(spec: Iterable[str]) -> None:
    allure.dynamic.description("Stated by " + ", ".join(spec))


def _attach(name: str, headers: dict[str, str], body: str) -> None:
    text = json.dumps({"headers": headers, "body": body}, indent=2, ensure_ascii=False)
    allure.attach(text, name, allure.attachment_type.JSON)
