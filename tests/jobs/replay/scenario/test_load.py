from __future__ import annotations

from pathlib import Path

import pytest

from parity.jobs.replay.scenario import load_scenario, load_scenarios
from parity.model import UserError

HEAD = """id: a-b
title: Something happens here.
area: objects
provenance: observed
source: a test
"""
STEPS = """steps:
  - method: GET
    path: /config
    expect:
      both: {status: 200}
"""


def write(tmp_path: Path, text: str, name: str = "objects-a-b.yaml") -> Path:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_scenario_is_read(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, HEAD + "difference: KD-0001\n" + STEPS))

    assert scenario.differences == ("KD-0001",)
    assert (scenario.level, scenario.effect) == ("should", "writes")
    assert scenario.steps[0].line == 8
    assert scenario.steps[0].hosted == {"status": 200}


def test_the_master_key_is_needed_where_it_is_used(tmp_path: Path) -> None:
    scenario = load_scenario(
        write(tmp_path, HEAD + STEPS.replace("method", "as: master\n    method"))
    )

    assert scenario.needs == ("master_key",)


def test_answers_of_servers_are_chosen_by_version(tmp_path: Path) -> None:
    text = HEAD + STEPS + "      parse-server: [{versions: '<5', status: 500}, {status: 201}]\n"

    old, new = load_scenario(write(tmp_path, text)).steps[0].server

    assert old.applies("2.8.4")
    assert not old.applies("9.10.0")
    assert old.applies(None)
    assert new.applies("9.10.0")
    assert new.expectation == {"status": 201}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "line 1: the file: 'steps' is a required property"),
        (HEAD + STEPS + "extra: 1\n", "line 1: the file: Additional properties"),
        (HEAD + STEPS.replace("GET", "FETCH"), "line 7: steps.0.method: 'FETCH' is not one of"),
        (HEAD + STEPS.replace("200", "'200'"), "line 10: steps.0.expect.both.status: '200'"),
        (HEAD + STEPS.replace("/config", "config"), "line 8: steps.0.path: 'config'"),
        (HEAD + STEPS.replace("/config", "/a/${x}"), "line 8: nothing before this captures 'x'"),
        (HEAD + STEPS.replace("/config", "/${shell:ls}"), "line 8: ${shell:…} is unknown"),
        (HEAD + STEPS.replace("/config", "/${open('x')}"), 'line 8: "/${open'),
        (HEAD + STEPS.replace("method", "as: bob\n    method"), "line 7: nobody is called 'bob'"),
        (HEAD + STEPS.replace("both", "parse-server"), "line 10: neither hosted nor both"),
        (HEAD + STEPS.replace("200", "{$match: maybe}"), "line 10: $match: 'maybe'"),
        (HEAD + STEPS.replace("{status", "{versions: '>2', status"), "line 10: versions belongs"),
        (HEAD + STEPS + "      parse-server: {versions: abc, status: 1}\n", "line 11: versions:"),
        (HEAD + "effect: reads\nusers: [bob]\n" + STEPS, "line 6: it signs users up"),
        (
            HEAD + "effect: reads\n" + STEPS.replace("GET", "PUT"),
            "line 6: it signs users up or writes",
        ),
        (HEAD + "needs: [magic]\n" + STEPS, "line 6: no capability 'magic'"),
        (HEAD + "users: [rest]\n" + STEPS, "line 6: a user cannot be called 'rest'"),
        (HEAD.replace("a-b", "a-c") + STEPS, "line 1: the file has to be called objects-a-c.yaml"),
        (HEAD + "x: !!python/name:os.system\n" + STEPS, "line 6, column 4: '' is neither"),
        (HEAD + "x: !<tag:yaml.org,2002:python/object:os> {}\n", "line 6, column 4: the tag"),
        ("- a\n- b\n", "line 1: the file: ['a', 'b'] is not of type 'object'"),
    ],
    ids=lambda value: value[-40:].replace("\n", " "),
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)

    with pytest.raises(UserError) as caught:
        load_scenario(file)

    assert f"objects-a-b.yaml: {message}" in caught.value.what


def test_all_problems_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a: [", "objects-a.yaml")
    (tmp_path / "objects-b.yaml").write_bytes(b"\xff\xfe")
    write(tmp_path, HEAD + STEPS)

    with pytest.raises(UserError) as caught:
        load_scenarios(tmp_path)

    assert "objects-a.yaml: line 1" in caught.value.what
    assert "objects-b.yaml: byte 0: not UTF-8" in caught.value.what


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        load_scenarios(tmp_path / "nowhere")
