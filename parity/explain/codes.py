"""What each code of a finding means: the entries of every ``codes.toml``, as facts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import parity
from parity import jobs
from parity.explain.facts import Fact
from parity.model.finding import Code, read_catalogue

FINDING: Final = "finding"
CONDITIONS: Final = frozenset({"preflight", "scan"})
"""Commands whose titles say what holds when all is well."""
_TEMPLATE: Final = re.compile(r"\{\w+\}|\{\{")


def catalogue_files() -> list[Path]:
    """Return the ``codes.toml`` of each package that has one; its folder has the command's name."""
    package = Path(parity.__file__).parent
    jobs_codes = [file for place in jobs.__path__ for file in Path(place).glob("*/codes.toml")]
    return sorted([*jobs_codes, *package.glob("*/codes.toml")])


def load_codes() -> list[Fact]:
    """Return what each code means, command by command."""
    return [
        _fact(file.parent.name, code)
        for file in catalogue_files()
        for code in read_catalogue(str(file)).values()
    ]


def _fact(command: str, code: Code) -> Fact:
    title, cause, effect = code.title, code.cause, code.effect
    if not title:
        # The first sentence of the cause is the title of codes that have none.
        title, stop, cause = cause.partition(". ")
        title += "." * bool(stop)
    elif command in CONDITIONS:
        title = f"Not so: {title}"
    return Fact(
        id=code.id,
        slug="",
        title=title,
        area=command,
        severity=code.severity,
        status=FINDING,
        provenance="",
        source=code.source,
        observable=f"`parity {command}` reports it",
        versions=code.versions,
        cause=cause,
        effect=effect,
        remedy=_filled(code.remedy),
    )


class _Places(dict[str, str]):
    """Shows each place that a finding fills by its name."""

    def __missing__(self, name: str) -> str:
        return f"<{name}>"


def _filled(remedy: str) -> str:
    return remedy.format_map(_Places()) if _TEMPLATE.search(remedy) else remedy
