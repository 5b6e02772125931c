"""The gate file: what it can say, and that what it cannot is an error with its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from parity.gate import GateFile, load_gate, load_gate_file, load_steps
from parity.gate.rules import Decision, Targets, Waiver
from parity.model import UserError


def _read(tmp_path: Path, text: str) -> GateFile:
    path = tmp_path / "gate.toml"
    path.write_text(text)
    return load_gate_file(path)


def test_everything_that_it_can_say(tmp_path: Path) -> None:
    file = _read(
        tmp_path,
        """
        [targets]
        server = "new"
        deployed = "live"
        [settings]
        allow_embedded = true
        carry_max_age_days = 30
        [measured_on]
        server_version = "9.10.0"
        digests = { recording = "sha256:1" }
        [schedule]
        1 = 2026-12-01
        [[waiver]]
        rule = "sizing"
        name = "Ada"
        reason = "small"
        expires = 2026-12-31
        [[decision]]
        step = 4
        name = "Bob"
        date = "2026-11-01"
        note = "there are none"
        state = "not applicable"
        [gate.8.rules.suites]
        max_age_days = 14
        areas = { smoke = 3 }
        """,
    )
    assert file.targets == Targets("new", "live")
    assert (file.allow_embedded, file.carry_max_age_days) == (True, 30.0)
    assert file.measured_on.digests == {"recording": "sha256:1"}
    assert file.schedule == {1: date(2026, 12, 1)}
    assert file.waivers == (Waiver("sizing", "Ada", "small", "2026-12-31"),)
    expected = Decision(4, "Bob", "2026-11-01", "there are none", "not applicable")
    assert file.decisions == (expected,)
    gate = load_gate("8", file)
    (suites,) = (rule for rule in gate.rules if rule.id == "suites")
    assert (suites.max_age_days, suites.areas["smoke"]) == (14, 3)
    assert suites.areas["objects"] > 100
    assert gate.changed["suites"][0] == "max_age_days: 7 → 14"


def test_what_gate_8_was_told_holds_for_gate_11_unless_it_is_told_too(tmp_path: Path) -> None:
    file = _read(
        tmp_path,
        "[gate.8.rules.verify]\nmax_age_days = 3\nminimum = 9\n"
        "[gate.11.rules.verify]\nmax_age_days = 2\n",
    )
    (verify,) = (rule for rule in load_gate("11", file).rules if rule.id == "verify")
    assert (verify.max_age_days, verify.minimum) == (2, 9)
    step = load_steps(file)[0]
    assert [rule.max_age_days for rule in step.rules if rule.id == "verify"] == [3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not TOML"),
        ("[setings]", "unknown field 'setings'"),
        ("[settings]\nallow_embedded = 1", "expected true or false"),
        ("[settings]\ncarry_max_age_days = 0", "above 0"),
        ("[settings]\ncarry_max_age_days = true", "above 0"),
        ("settings = 3", "expected a table"),
        ("[targets]\nserver = 3", "targets.server"),
        ("[measured_on]\nversion = '1'", "unknown field 'version'"),
        ("[measured_on.digests]\ncloudcode = 'x'", "cloudcode"),
        ("[schedule]\n13 = 2026-01-01", "1 to 12"),
        ("[schedule]\n1 = '2026-01-01'", "without quotes"),
        ("[waiver]\nrule = 'sizing'", "two brackets"),
        ("[[waiver]]\nrule = 'sizing'\nname = 'A'\nreason = 'b'", "'expires' is missing"),
        ("[[waiver]]\nrule = 'sizing'\nname = 'A'\nexpires = 2026-01-01", "'reason' is missing"),
        ("[[waiver]]\nrule = 'sizing'\nreason = 'A'\nexpires = 2026-01-01", "'name' is missing"),
        ("[[waiver]]\nname = 'A'\nreason = 'b'\nexpires = 2026-01-01", "'rule' is missing"),
        ("[[waiver]]\nrule = 'sizing'\nname = ' '\nreason = 'b'\nexpires = 2026-01-01", "empty"),
        ("[[waiver]]\nrule = 'sizing'\nname = 'A'\nreason = 'b'\nexpires = 'soon'", "waiver 1"),
        ("[[waiver]]\nrule = 'size'\nname = 'A'\nreason = 'b'\nexpires = 2026-01-01", "no rule"),
        ("[[decision]]\nstep = 4\nname = 'A'\ndate = 2026-01-01\nnote = ''", "note is empty"),
        ("[[decision]]\nstep = 13\nname = 'A'\ndate = 2026-01-01\nnote = 'x'", "1 to 12"),
        ("[gate.9.rules]", "there are the gates"),
        ("[gate.8.rule.x]", "unknown field 'rule'"),
        ("[gate.8.rules]\nsuites = 3", "expected a table"),
        ("[gate.8.rules.suite]\nminimum = 3", "no rule 'suite'"),
        ("[gate.8.rules.deployment]\nminimum = 3", "no rule 'deployment'"),
        ("[gate.8.rules.suites]\nminimun = 3", "unknown field 'minimun'"),
        ("[gate.8.rules.suites]\njob = 'x'", "job cannot be changed"),
        ("[gate.8.rules.suites]\nkind = 'known'", "kind cannot be changed"),
        ("[gate.8.rules.suites]\nminimum = 0", "at least one check"),
        ("[gate.8.rules.suites]\nareas = { smoke = 0 }", "at least one check"),
        ("[gate.8.rules.suites]\nlevels = []", "levels is empty"),
        ("[gate.8.rules.suites]\nlevels = ['most']", "must, should, may"),
        ("[gate.8.rules.suites]\nmax_age_days = 0", "above 0"),
        ("[gate.8.rules.suites]\nmax_age_days = inf", "finite"),
        ("[gate.8.rules.replay]\nleast_requests = 0", "at least 1"),
        ("[gate.8.rules.suites]\nper_row = { x = 3 }", "per_row.x"),
    ],
)
def test_what_it_cannot_say_is_an_error_with_its_place(
    text: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        load_gate("8", _read(tmp_path, text))
    assert said in error.value.what
    assert "gate.toml" in error.value.what
    assert error.value.code == "gate-file"


def test_a_file_that_is_not_there_is_an_error_and_the_default_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="cannot read"):
        load_gate_file(tmp_path / "no.toml")
    monkeypatch.chdir(tmp_path)
    assert load_gate_file(None) == GateFile()
    (tmp_path / "parity-gate.toml").write_text("[settings]\nallow_embedded = true\n")
    assert load_gate_file(None).allow_embedded


def test_there_are_the_twelve_steps_in_order() -> None:
    steps = load_steps(GateFile())
    assert [step.number for step in steps] == list(range(1, 13))
    assert all(step.rules or step.needs_person for step in steps)


def test_every_rule_says_how_its_evidence_is_made() -> None:
    rules = [*load_gate("11", GateFile()).rules]
    rules += [rule for step in load_steps(GateFile()) for rule in step.rules]
    assert [each.id for each in rules if not each.command and each.kind != "known"] == []
