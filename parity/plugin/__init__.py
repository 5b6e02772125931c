"""The pytest plugin: ``pip install`` registers it, and a check asks for its fixtures.

Each part is a module with its own hooks:

- :mod:`parity.plugin.options` – command line, environment, ini
- :mod:`parity.plugin.checks` – markers, ``--area`` and ``--level``
- :mod:`parity.plugin.fixtures` – ``target``, ``parse``, ``master``, ``expect``, …
- :mod:`parity.plugin.outcomes` – the five outcomes and the evidence of a failure
- :mod:`parity.plugin.session` – start, end, evidence, report
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from parity.model import UserError
from parity.plugin import allure
from parity.plugin.checks import MARKERS, check_marker_expression
from parity.plugin.expect import CheckFailure, Expect
from parity.plugin.fixtures import (
    NewClass,
    NewGuest,
    NewUser,
    User,
    _parity_pool,
    expect,
    master,
    namespace,
    new_class,
    new_guest,
    new_user,
    parse,
    rng,
    target,
)
from parity.plugin.options import add_options, check_flags, read_options
from parity.plugin.outcomes import JunitErrorsEndPlugin, JunitErrorsPlugin, OutcomesPlugin
from parity.plugin.session import SessionPlugin
from parity.plugin.state import RUN

__all__ = [
    "CheckFailure",
    "Expect",
    "NewClass",
    "NewGuest",
    "NewUser",
    "User",
    "_parity_pool",
    "expect",
    "master",
    "namespace",
    "new_class",
    "new_guest",
    "new_user",
    "parse",
    "rng",
    "target",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register our options."""
    add_options(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None]:
    """Name the nearest option when one is unknown; every conftest has been heard by now."""
    yield
    known, unknown = parser.parse_known_and_unknown_args(args)
    flags = [f"--{name.replace('_', '-')}" for name in vars(known)]
    try:
        check_flags(early_config.invocation_params.args, unknown, flags)
    except UserError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_configure(config: pytest.Config) -> None:
    """Register markers and parts; a wrong option or configuration ends pytest here."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    try:
        check_marker_expression(config)
        session = SessionPlugin(config, read_options(config))
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    allure.enable(config)
    config.pluginmanager.register(session, "parity-session")
    config.pluginmanager.register(OutcomesPlugin(), "parity-outcomes")
    config.pluginmanager.register(JunitErrorsPlugin(), "parity-junit")
    config.pluginmanager.register(JunitErrorsEndPlugin(), "parity-junit-end")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what will be checked, before anything is started."""
    run = config.stash[RUN]
    try:
        names = ", ".join(run.target_names)
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    source = run.options.config or "none, so the embedded default"
    return [
        f"parity: run {run.plan.run_id}, seed {run.plan.seed}, targets {names}",
        f"parity: configuration {source} (command line before environment before ini)",
    ]
