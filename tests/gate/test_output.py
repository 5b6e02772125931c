"""What is written: JSON by its schema, Markdown and pages; hostile evidence is text in both."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parity.gate import GateResult, board, load_steps, read_result
from parity.gate.output import board_json, gate_json, gate_markdown
from parity.gate.page import board_page, gate_page
from parity.gate.rules import Decision
from parity.gate.text import markdown, sentence
from parity.html import visible
from parity.model import Outcome
from parity.model.evidence import NoticeEvent
from tests.gate.world import Spec, check, collections, entry, waiver, world

HOSTILE = (
    "</style><script>alert(1)</script><img src=x onerror=alert(2)>|`[x](http://e)@team\u202e\x1b[2J"
)


def _schema(name: str) -> Draft202012Validator:
    text = (files("parity.gate") / "schemas" / f"{name}.schema.json").read_text("utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _hostile(tmp_path: Path) -> GateResult:
    w = world(tmp_path)
    fails = check(HOSTILE, area="objects", outcome=Outcome.FAIL, code=HOSTILE)
    known = check("k", area="objects", outcome=Outcome.KNOWN_DIFFERENCE, known=HOSTILE)
    w.specs["suites"].events += [fails, known, entry(HOSTILE, "breaking")]
    w.specs["suites"].arguments = ("-k", HOSTILE)
    w.specs["suites"].digests["options"] = HOSTILE
    w.specs["verify"].put_table(collections(*((x, "verified") for x in ("_User", HOSTILE))))
    w.specs["verify"].events.append(NoticeEvent("error", None, HOSTILE))
    w.specs["audit"].target = w.specs["audit"].target.__class__(
        **{
            name: getattr(w.specs["audit"].target, name)
            for name in w.specs["audit"].target.__slots__
            if name != "server_version"
        },
        server_version=HOSTILE,
    )
    w.write()
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "evidence.jsonl").write_text(f'{{"event": "{HOSTILE[:20]}"}}\n')
    one = waiver("sizing")
    w.allow(waivers=(one.__class__(one.rule, HOSTILE, HOSTILE, one.expires),))
    return w.judge()


@pytest.mark.parametrize("number", ["8", "11"])
def test_a_result_fits_its_schema_and_is_read_back(number: str, tmp_path: Path) -> None:
    w = world(tmp_path, number)
    w.allow(waivers=(waiver("sizing"),))
    result = w.judge()
    value = json.loads(json.dumps(gate_json(result)))
    _schema("gate").validate(value)
    w.keep(result)
    previous = read_result(tmp_path / f"gate-{number}.json", number)
    assert previous is not None
    assert getattr(previous, "word", None) == result.word


def test_a_result_of_hostile_evidence_fits_its_schema(tmp_path: Path) -> None:
    _schema("gate").validate(json.loads(json.dumps(gate_json(_hostile(tmp_path)))))


def test_a_schema_refuses_what_is_no_result(tmp_path: Path) -> None:
    value: dict[str, Any] = gate_json(world(tmp_path).judge())
    assert not _schema("gate").is_valid({**value, "verdict": "fine"})
    assert not _schema("gate").is_valid({**value, "more": 1})


def _harmless(page: str) -> None:
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert page.count("</style>") == 1
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_hostile_evidence_is_text_on_the_page(tmp_path: Path) -> None:
    page = gate_page(_hostile(tmp_path))
    _harmless(page)
    assert page.count("&lt;script&gt;alert(1)") > 5


def test_hostile_evidence_is_text_in_markdown(tmp_path: Path) -> None:
    text = gate_markdown(_hostile(tmp_path))
    assert "<script" not in text
    assert "<img" not in text
    assert "@team" not in text
    assert re.search(r"(?<!\\)\]\(http", text) is None
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 5 for line in rows)


def test_the_page_shows_rules_waivers_changes_and_evidence(tmp_path: Path) -> None:
    w = world(tmp_path)
    del w.specs["size"]
    w.allow(waivers=(waiver("sizing"),))
    w.override("8", "suites", max_age_days=14)
    result = w.judge()
    page = gate_page(result)
    for text in (
        "Gate 8: pass",
        "<strong>Waived</strong> by Ada until 2026-08-31: it is measured next week",
        "max_age_days: 7 → 14",
        "run-suites",
        "sha256:rec",
        *(rule.rule.title for rule in result.rules),
    ):
        assert text in page
    assert "sizing" in gate_markdown(result)
    assert "Ada until 2026-08-31" in gate_markdown(result)


def test_the_board_fits_its_schema_and_its_page_is_harmless(tmp_path: Path) -> None:
    w = world(tmp_path, "11")
    w.specs["suites"].events.append(check(HOSTILE, area="smoke", outcome=Outcome.FAIL))
    w.allow(decisions=(Decision(4, HOSTILE, "2026-07-30", HOSTILE),))
    steps = board(load_steps(w.file), w.now(), {})
    value = json.loads(json.dumps(board_json(steps, "2026-08-01T12:00:00Z")))
    _schema("status").validate(value)
    _harmless(board_page(steps, "2026-08-01T12:00:00Z"))


def test_unseen_characters_are_spelt_out() -> None:
    assert visible("a\x1b[2Jb\u202ec\u2028d\ud800") == "a\\u001b[2Jb\\u202ec\\u2028d\\ud800"
    assert visible("plain ñ 漢") == "plain ñ 漢"
    assert visible(3) == 3


def test_markdown_has_no_markup_left() -> None:
    assert markdown("a|b\n*c*") == r"a\|b\\n\*c\*"


def test_a_sentence_does_not_touch_names() -> None:
    assert sentence("no run of x") == "No run of x."
    assert sentence("run-1: it") == "run-1: it."
    assert sentence("why?") == "Why?"


def test_a_spec_needs_its_check() -> None:
    with pytest.raises(AssertionError):
        Spec("x", []).drop("nothing")
