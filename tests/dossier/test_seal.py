"""Whether evidence is still what a dossier was made from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.dossier import check, dossier_json, seal
from parity.model import UserError
from tests.dossier.rich import dossier
from tests.gate.world import Spec, World, world
from tests.gate.world import check as one


@pytest.fixture
def made(tmp_path: Path) -> World:
    """A world with its dossier of both gates beside the runs."""
    w = world(tmp_path / "reports", "11")
    write(w)
    return w


def write(w: World) -> None:
    value = dossier_json(dossier(w))
    (w.reports / "dossier.json").write_text(json.dumps(value, indent=2))


def looked(w: World) -> list[str]:
    return list(check(w.reports / "dossier.json", w.reports, None).problems)


def change(w: World, how: Callable[[dict[str, Any]], None], *, again: bool) -> None:
    """Change the JSON of the dossier, and seal it again or not."""
    path = w.reports / "dossier.json"
    value = json.loads(path.read_text())
    how(value)
    if again:
        value["seal"] = seal(value)
    path.write_text(json.dumps(value))


def test_untouched_evidence_is_unchanged(made: World) -> None:
    found = check(made.reports / "dossier.json", made.reports, None)
    assert (found.problems, found.newer) == ((), ())
    assert found.same == len(made.specs) + 1
    assert found.answer == "The app may point at the new server and may ship: gates 8 and 11 pass."


def test_one_changed_byte_of_evidence_is_named(made: World) -> None:
    path = made.reports / "run-verify" / "evidence.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"pass"', b'"Pass"', 1))
    (problem,) = looked(made)
    assert problem.startswith("run-verify/evidence.jsonl was changed: it was sha256:")


def test_evidence_that_is_gone_is_named(made: World) -> None:
    (made.reports / "run-audit" / "evidence.jsonl").unlink()
    assert looked(made) == ["run-audit/evidence.jsonl is not there"]


def test_the_result_of_gate_8_is_evidence_of_gate_11(made: World) -> None:
    path = made.reports / "gate-8.json"
    path.write_text(path.read_text().replace('"pass"', '"fail"', 1))
    (problem,) = looked(made)
    assert problem.startswith("gate-8.json was changed")


def test_a_dossier_that_was_edited_breaks_its_seal(made: World) -> None:
    change(made, lambda v: v.update(answer="The app may ship."), again=False)
    assert looked(made) == ["the dossier itself was changed: its seal is not that of its content"]


def test_a_dossier_that_was_edited_and_sealed_again_has_another_seal(made: World) -> None:
    before = check(made.reports / "dossier.json", made.reports, None).seal
    change(made, lambda v: v.update(answer="The app may ship."), again=True)
    after = check(made.reports / "dossier.json", made.reports, None)
    assert after.problems == ()
    assert after.seal != before, "so that it is not the one on the signed page"


def test_newer_runs_are_named_and_break_nothing(made: World) -> None:
    Spec("verify", [one("verify/_User")], name="run-later").write(made.reports)
    found = check(made.reports / "dossier.json", made.reports, None)
    assert (found.problems, found.newer) == ((), ("run-later",))


def test_unreadable_evidence_is_held_to_its_digest_too(tmp_path: Path) -> None:
    w = world(tmp_path, "11").write()
    path = tmp_path / "run-verify" / "evidence.jsonl"
    path.write_text('{"event": "header"}\n')
    write(w)
    assert looked(w) == []
    path.write_text("{}\n")
    assert len(looked(w)) == 1


def test_the_gate_file_is_held_to_its_digest(tmp_path: Path) -> None:
    w = world(tmp_path / "reports")
    source = tmp_path / "parity-gate.toml"
    source.write_text("# nothing is waived\n")
    w.allow(source=str(source))
    write(w)
    assert looked(w) == []
    source.write_text("# everything is waived\n")
    (problem,) = looked(w)
    assert problem.startswith(f"the gate file {source} was changed")
    source.unlink()
    (problem,) = looked(w)
    assert "is not there; it may be given with --gate-file" in problem


@pytest.mark.parametrize("where", ["../secret", "/etc/hostname", "a/../../b"])
def test_a_dossier_cannot_make_it_read_other_files(made: World, where: str) -> None:
    change(made, lambda v: v["files"][0].update(path=where), again=True)
    with pytest.raises(UserError, match="outside of the reports"):
        looked(made)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no json", "it is not JSON"),
        ("[]", "something is missing"),
        ('{"format": "parity-gate"}', "it says that it is something else"),
        ('{"format": "parity-dossier", "version": 2}', "its version is 2"),
        ('{"format": "parity-dossier", "version": 1}', "something is missing: 'seal'"),
        ("[" * 100_000, "it is not JSON"),
    ],
)
def test_what_is_no_dossier_is_an_error_and_no_pass(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "dossier.json"
    path.write_text(text)
    with pytest.raises(UserError, match=why):
        check(path, tmp_path, None)


def test_a_digest_that_is_no_text_is_an_error(made: World) -> None:
    change(made, lambda v: v["files"][0].update(sha256=None), again=True)
    with pytest.raises(UserError, match="no text"):
        looked(made)


def test_a_dossier_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        check(tmp_path / "dossier.json", tmp_path, None)
