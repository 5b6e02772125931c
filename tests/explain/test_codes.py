"""Every code that a finding can have is explained, by an entry that says enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import parity
from parity.explain.codes import catalogue_files, load_codes
from parity.explain.facts import Fact, load_facts
from parity.model.evidence import Severity

PACKAGE = Path(parity.__file__).parent
SEVERITIES: tuple[Severity, ...] = ("breaking", "benign", "security")
KNOWN = {fact.id for fact in load_codes()}


def test_every_package_with_codes_is_read_and_no_code_is_in_two() -> None:
    jobs = {file.parent.name for file in catalogue_files()}

    assert jobs >= {
        "audit", "deployment", "files", "indexes", "preflight", "replay", "scan", "size", "verify",
        "web",
    }  # fmt: skip
    assert len(KNOWN) == len(load_codes()) > 200


@pytest.mark.parametrize("fact", load_codes(), ids=lambda fact: fact.id)
def test_an_entry_has_severity_title_and_remedy(fact: Fact) -> None:
    assert fact.severity in SEVERITIES
    assert fact.title
    assert fact.remedy
    assert re.search(r"\{[a-z_]+\}|\{\{", fact.remedy) is None


@pytest.mark.parametrize("file", catalogue_files(), ids=lambda file: file.parent.name)
def test_an_entry_says_why_or_what_comes_of_it(file: Path) -> None:
    blocks = re.split(r"^(?=\[[A-Z])", file.read_text("utf-8"), flags=re.MULTILINE)[1:]

    assert [
        block.splitlines()[0]
        for block in blocks
        if not re.search(r"^(?:cause|effect) = ", block, re.MULTILINE)
    ] == []


def test_every_code_that_evidence_can_carry_is_explained() -> None:
    """A code is a text like ``DEP-TLS-NONE`` somewhere in the package."""
    prefixes = sorted({name.partition("-")[0] for name in KNOWN})
    written = {
        match[1]
        for file in PACKAGE.rglob("*.py")
        for match in re.finditer(
            rf'"((?:{"|".join(prefixes)})-[A-Z][A-Z-]*[A-Z])"', file.read_text("utf-8")
        )
    }

    assert len(written) > 150
    assert written - KNOWN == set()


def test_every_setting_has_its_code() -> None:
    assert len([fact for fact in load_facts() if fact.id.startswith("SET-")]) >= 20


def test_it_reads_what_jobs_know_without_importing_them() -> None:
    imported = {
        match[1]
        for file in (PACKAGE / "explain").glob("*.py")
        for match in re.finditer(r"from (parity\.jobs[\w.]*) import", file.read_text("utf-8"))
    }

    assert imported == {"parity.jobs.settings.catalogue"}
    assert "import" not in (PACKAGE / "jobs" / "settings" / "__init__.py").read_text(
        "utf-8"
    ).replace("imported", "")
