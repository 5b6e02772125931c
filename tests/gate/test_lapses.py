"""Each cause of a lapse is noticed, for each rule that it concerns, and is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from parity.gate import Word
from parity.gate.rules import MeasuredOn
from tests.gate.world import (
    FOR_8,
    FOR_11,
    MINE,
    NOW,
    Spec,
    World,
    causes,
    check,
    facts,
    reasons,
    states,
    world,
)

Break = Callable[[World], None]
ONE = "suites/objects/test_it.py::test_0"


def _of(number: str) -> list[tuple[str, str]]:
    return [(number, spec) for spec in FOR_11 if number == "11" or spec in FOR_8]


@pytest.mark.parametrize(("number", "spec"), [*_of("8"), *_of("11")])
def test_evidence_lapses_with_age(number: str, spec: str, tmp_path: Path) -> None:
    w = world(tmp_path, number)
    w.specs[spec].age_days = 100
    result = w.judge()
    assert states(result) == dict.fromkeys(MINE[spec], "lapsed")
    for rule in MINE[spec]:
        assert causes(result, rule) == {"age"}
        assert "100.0 days old" in reasons(result, rule)


@pytest.mark.parametrize(("number", "spec"), [*_of("8"), *_of("11")])
def test_evidence_of_another_parse_parity_has_lapsed(
    number: str, spec: str, tmp_path: Path
) -> None:
    w = world(tmp_path, number)
    w.specs[spec].suite_version = "0.0.9"
    result = w.judge()
    assert states(result) == dict.fromkeys(MINE[spec], "lapsed")
    assert all(causes(result, rule) == {"suite-version"} for rule in MINE[spec])


@pytest.mark.parametrize(("number", "spec"), [*_of("8"), *_of("11")])
def test_evidence_from_the_future_has_lapsed(number: str, spec: str, tmp_path: Path) -> None:
    w = world(tmp_path, number)
    w.specs[spec].age_days = -2
    result = w.judge()
    assert {rule: causes(result, rule) for rule in MINE[spec]} == {
        rule: {"future"} for rule in MINE[spec]
    }
    assert result.word is Word.FAIL


@pytest.mark.parametrize(("number", "spec"), [*_of("8"), *_of("11")])
def test_evidence_of_a_thrown_away_server_does_not_count(
    number: str, spec: str, tmp_path: Path
) -> None:
    w = world(tmp_path, number)
    w.specs[spec].target = replace(w.specs[spec].target, embedded=True)
    result = w.judge()
    if spec == "scan":  # it has no server
        assert result.word is Word.PASS
        return
    assert states(result) == dict.fromkeys(MINE[spec], "lapsed")
    assert all(causes(result, rule) == {"embedded"} for rule in MINE[spec])
    w.allow(allow_embedded=True)
    assert w.judge().word is Word.PASS


def _other_server(w: World) -> None:
    w.specs["replay"].target = facts("selfhosted", "9.11.0")
    w.specs["replay"].age_days = 0.5


def _other_address(w: World) -> None:
    w.specs["replay"].target = replace(facts(), url="https://other.example.org/parse")
    w.specs["replay"].age_days = 0.5


def _newer(name: str, old: str, new: str) -> Break:
    def do(w: World) -> None:
        w.specs["suites"].digests[name] = old
        w.specs["replay"].digests[name] = new
        w.specs["replay"].age_days = 0.5

    return do


def _newer_database(w: World) -> None:
    """The audit is newer, and of a database that was dropped and filled again."""
    for name in ("verify", "size", "indexes"):
        w.specs[name].digests["database"] = "sha256:1"
    w.specs["audit"].digests["database"] = "sha256:2"
    w.specs["audit"].age_days = 0.5


def _other_register(w: World) -> None:
    digests = {"known_differences": "sha256:other"}
    part = [check(ONE, area="objects")]
    w.specs["part"] = Spec("suites", part, age_days=0.5, digests=digests, name="part")  # type: ignore[arg-type]


def _other_hosted_settings(w: World) -> None:
    part = [check("settings/LOCKOUT", area="users")]
    digests = {"hosted_settings": "sha256:other"}
    w.specs["part"] = Spec("settings", part, age_days=0.5, digests=digests, name="part")  # type: ignore[arg-type]


def _deployed_is_newer(w: World) -> None:
    w.specs["elsewhere"] = Spec(
        "settings", [], age_days=0.1, target=facts("deployed", "9.12.0"), name="elsewhere"
    )


def _declared(**said: object) -> Break:
    return lambda w: w.allow(measured_on=MeasuredOn(**said))  # type: ignore[arg-type]


LAPSED: list[tuple[str, Break, dict[str, set[str]], str]] = [
    ("a newer version of the server", _other_server,
     {key: {"server-version"} for key in ("suites", "file-store", "settings")}, "9.11.0"),
    ("another address", _other_address,
     {key: {"url"} for key in ("suites", "file-store", "settings")}, "https://other.example.org/parse"),
    ("other cloud code", _newer("cloud", "sha256:1", "sha256:2"), {"suites": {"digest:cloud"}},
     "sha256:2"),
    ("other options", _newer("options", "sha256:1", "sha256:2"), {"suites": {"digest:options"}},
     "sha256:1"),
    ("other known differences", _other_register,
     {"suites": {"digest:known_differences"}}, "sha256:other"),
    ("another version is deployed", _deployed_is_newer,
     {key: {"server-version"} for key in ("suites", "replay", "file-store", "settings")}, "9.12.0"),
    ("declared version", _declared(server_version="9.9.9"),
     {key: {"server-version"} for key in ("suites", "replay", "file-store", "settings")},
     "the gate file says 9.9.9"),
    ("declared address", _declared(url="https://x.example.org"),
     {key: {"url"} for key in ("suites", "replay", "file-store", "settings")}, "https://x.example.org"),
    ("other hosted settings", _other_hosted_settings,
     {"settings": {"digest:hosted_settings"}}, "sha256:other"),
    ("declared hosted settings", _declared(digests={"hosted_settings": "sha256:new"}),
     {"settings": {"digest:hosted_settings"}}, "sha256:new"),
    ("declared recording", _declared(digests={"recording": "sha256:new"}),
     {"replay": {"digest:recording"}}, "sha256:new"),
    ("declared cloud code, and the evidence does not say",
     _declared(digests={"cloud": "sha256:new"}),
     {name: {"digest:cloud"} for name in ("scan-cloud", "scan-clients", "scan-traffic")},
     "does not say on which cloud"),
    ("declared database, and the evidence does not say",
     _declared(digests={"database": "sha256:new"}),
     {name: {"digest:database"} for name in ("verify", "audit", "files", "sizing", "indexes")},
     "does not say"),
    ("the database was made anew", _newer_database,
     {name: {"digest:database"} for name in ("verify", "sizing", "indexes")}, "sha256:2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("do", "wanted", "text"), [each[1:] for each in LAPSED], ids=[each[0] for each in LAPSED]
)
def test_evidence_lapses_when_what_it_was_measured_on_changes(
    do: Break, wanted: dict[str, set[str]], text: str, tmp_path: Path
) -> None:
    w = world(tmp_path)
    do(w)
    result = w.judge()
    assert states(result) == dict.fromkeys(wanted, "lapsed")
    assert {rule: causes(result, rule) for rule in wanted} == wanted
    assert all(text in reasons(result, rule) for rule in wanted)
    assert result.word is Word.FAIL


def test_a_rule_names_every_lapse(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["suites"].age_days, w.specs["suites"].suite_version = 50, "0.0.1"
    _declared(server_version="1.0")(w)
    assert causes(w.judge(), "suites") == {"age", "suite-version", "server-version"}


@pytest.mark.parametrize("age", [1, 59])
def test_the_last_day_of_the_greatest_age_still_counts(age: int, tmp_path: Path) -> None:
    w = world(tmp_path)
    w.override("8", "suites", max_age_days=age)
    w.specs["suites"].age_days = age
    assert w.judge().word is Word.PASS
    w.at = NOW + timedelta(minutes=1)
    assert "suites" in states(w.judge())
