from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from parity.compare import load_register
from parity.compare.catalogue import Catalogue, Status, load_catalogue
from parity.compare.known import Register
from parity.model import UserError
from parity.paths import shipped

RESEARCH = shipped("scenarios").parent.parent / "shared" / "research" / "differences.json"
ENTRY = """
[areas]
objects = ["a", "b"]
[[not_observable]]
slug = "a"
hosted = "h"
server = "s"
severity = "benign"
provenance = "issue"
source = "x"
reason = "mail"
because = "No mail."
"""


def catalogue() -> Catalogue:
    return load_catalogue(shipped("scenarios/catalogue.toml"))


def register() -> Register:
    return load_register([shipped("scenarios/known-differences")])


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "catalogue.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_entry_is_placed_once() -> None:
    assert catalogue().problems(register()) == []


def test_the_catalogue_holds_what_research_found() -> None:
    if not RESEARCH.is_file():
        pytest.skip("the research is not beside this checkout")
    found = {load["id"]: load["area"] for load in json.loads(RESEARCH.read_text("utf-8"))}

    assert len(found) == 152
    assert catalogue().areas == found


def test_all_152_are_in_our_own_list() -> None:
    assert len(catalogue().areas) == 152


def test_every_check_that_an_entry_names_is_there() -> None:
    named = {check for each in catalogue() for check in each.checks}
    named |= {check for e in register() for r in e.recognise for check in r.checks}

    assert [check for check in sorted(named) if not exists(check)] == []


def exists(check: str) -> bool:
    path, _, name = check.partition("::")
    function, _, parameters = name.partition("[")
    text = (shipped("suites").parent / path).read_text("utf-8")
    if not re.search(rf"^def {re.escape(function)}\(", text, re.MULTILINE):
        return False
    if function == "test_scenario":
        scenario = parameters.removesuffix("]")
        return any(
            file.stem.partition("-")[2] == scenario
            for file in shipped("scenarios/compat").glob("*.yaml")
        )
    return True


def test_what_behaves_alike_names_a_check() -> None:
    guards = [each for each in catalogue() if each.status is Status.SAME]

    assert guards
    assert all(guard.checks for guard in guards)


def test_an_entry_that_is_placed_nowhere_is_told(tmp_path: Path) -> None:
    found = load_catalogue(write(tmp_path, ENTRY)).problems(Register())

    assert found == ["b: placed nowhere"]


def test_an_entry_that_is_registered_as_well_is_told(tmp_path: Path) -> None:
    entry = next(iter(register()))
    text = ENTRY.replace('"a"', f'"{entry.slug}"')
    one = Register({entry.id: entry})

    assert f"{entry.slug}: placed twice" in load_catalogue(write(tmp_path, text)).problems(one)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"mail"', '"magic"', "'magic' is not a valid Reason; there is hosted-service"),
        ('because = "No mail."', "", "a: because is missing"),
        ('source = "x"', 'source = "x"\nextra = 1', "a: unknown field extra"),
        ('slug = "a"', 'slug = "c"', "c: not in the list of areas"),
        ('"benign"', '"bad"', "a: severity 'bad' is none of"),
        ('"issue"', '"rumour"', "a: provenance 'rumour' is none of"),
        ("[[not_observable]]", "[[unseen]]", "unseen: no such table"),
        ('["a", "b"]', '["a", "b"]\nusers = ["a"]', "a: in the areas objects and users"),
        ('["a", "b"]', "[", "Invalid value"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = write(tmp_path, ENTRY.replace(old, new))

    with pytest.raises(UserError) as caught:
        load_catalogue(file)

    assert message in caught.value.what
