from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.html import visible_lines
from parity.model import Kind, Outcome
from parity.model.evidence import (
    CapabilityFact,
    CheckEvent,
    DifferenceFact,
    EvidenceWriter,
    ExchangeFact,
    Header,
    KnownDifferenceEvent,
    NoticeEvent,
    TargetFacts,
    TruncatedEvidence,
    read_evidence,
)
from parity.report import page as page_module
from parity.report import write_report
from parity.report.html import indented, json_value, seconds, slices
from parity.report.tally import Tally

Make = Callable[..., Any]
PAYLOAD = (
    "</script></style></pre>\"'><script>document.title='owned'</script><img src=x onerror=alert(1)>"
)


class Tags(HTMLParser):
    """Collects what a page consists of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parse(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    return tags


@pytest.fixture
def report(tmp_path: Path) -> Callable[[Path], str]:
    def report(evidence: Path) -> str:
        write_report(evidence, tmp_path / "report.html")
        return (tmp_path / "report.html").read_text("utf-8")

    return report


def test_the_page_holds_every_check(sample: Path, report: Make) -> None:
    text = "".join(parse(report(sample)).text)

    assert all(check.id in text for check in read_evidence(sample).checks)
    assert "5 of 430 checks fail, all on selfhosted." in text


def test_every_failure_and_error_has_its_repeat_line(sample: Path, report: Make) -> None:
    text = "".join(parse(report(sample)).text)
    bad = [c for c in read_evidence(sample).checks if c.outcome in {Outcome.FAIL, Outcome.ERROR}]

    assert len(bad) == 7
    for check in bad:
        assert all(exchange.repeat in text for exchange in check.exchanges)


def test_failures_show_paths_with_both_sides(sample: Path, report: Make) -> None:
    text = "".join(parse(report(sample)).text)

    for shown in ("$.score", "9007199254740993", "9007199254740992", "rest/objects#objects-1"):
        assert shown in text
    assert "(+1,002 characters)" in text


def test_every_known_difference_is_explained(sample: Path, report: Make) -> None:
    text = "".join(parse(report(sample)).text)

    for difference in read_evidence(sample).known_differences:
        assert difference.id in text
        assert difference.title in text
    assert "Registered here, but not observed" in text


def test_what_was_not_tested_is_said(sample: Path, report: Make) -> None:
    text = "".join(parse(report(sample)).text)

    assert "probe aggregate: GET /aggregate said 404" in text
    assert "roles, analytics, config, push-notifications, geopoints, hooks, schemas" in text


def test_an_area_judged_on_one_target_only_is_a_gap(
    report: Make, write_run: Make, make_check: Make
) -> None:
    evidence = write_run(
        make_check(1, "hosted", area="files"), make_check(1, "selfhosted", area="objects")
    )
    text = " ".join("".join(parse(report(evidence)).text).split())

    assert "hosted: objects" in text
    assert "selfhosted: files" in text


def test_the_page_loads_nothing(sample: Path, report: Make) -> None:
    html = report(sample)
    tags = parse(html).tags

    assert not {name for name, _ in tags} & {"script", "img", "iframe", "object", "embed", "form"}
    assert [a["href"] for name, a in tags if name == "link"] == ["data:,"]
    for name, attributes in tags:
        assert not [
            attribute
            for attribute in attributes
            if attribute.startswith("on") or attribute == "style"
        ]
        if name in {"a", "use"}:
            assert (attributes["href"] or "").startswith("#")
    style = re.search("<style>(.*?)</style>", html, re.DOTALL)
    assert style
    assert "url(" not in style.group(1)
    assert "@import" not in style.group(1)


def test_every_anchor_has_its_place_and_every_id_is_unique(sample: Path, report: Make) -> None:
    tags = parse(report(sample)).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    wanted = {str(a["href"])[1:] for name, a in tags if name in {"a", "use"}}

    assert len(ids) == len(set(ids))
    assert wanted <= set(ids)
    labelled = {str(a["aria-labelledby"]) for _, a in tags if "aria-labelledby" in a}
    assert labelled <= set(ids)


def test_headings_skip_no_level(sample: Path, report: Make) -> None:
    levels = [
        int(name[1]) for name, _ in parse(report(sample)).tags if re.fullmatch("h[1-6]", name)
    ]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def hostile(cls: type[Any], **proper: Any) -> Any:
    """Build an event whose every text field holds a script."""
    values = {field.name: PAYLOAD for field in fields(cls) if field.type == "str"}
    return cls(**{**values, **proper})


def hostile_run(path: Path) -> Path:
    target: TargetFacts = hostile(
        TargetFacts,
        style="parse-server",
        writes="disposable",
        server_version=PAYLOAD,
        embedded=False,
        keys=(PAYLOAD,),
        capabilities=(CapabilityFact(PAYLOAD, available=False, reason=PAYLOAD),),
    )
    header = Header(
        run_id=PAYLOAD,
        started_at="2026-07-30T12:34:56.789Z",
        suite_version=PAYLOAD,
        seed=1,
        arguments=(PAYLOAD,),
        targets=(target,),
        digests={PAYLOAD: PAYLOAD},
    )
    exchange = hostile(
        ExchangeFact,
        request_headers={PAYLOAD: PAYLOAD},
        response_headers={PAYLOAD: PAYLOAD},
        status=200,
        elapsed_ms=1.0,
    )
    difference = DifferenceFact(
        PAYLOAD, Kind.VALUE, {PAYLOAD: PAYLOAD}, [PAYLOAD], PAYLOAD, PAYLOAD
    )
    with EvidenceWriter(path, header) as writer:
        for level in ("info", "warning", "error"):
            writer.write(hostile(NoticeEvent, level=level, target=PAYLOAD))
        for observed in (0, 1):
            known = hostile(
                KnownDifferenceEvent,
                id=f"{PAYLOAD}{observed}",
                severity="breaking",
                targets=(PAYLOAD,),
                observed=observed,
            )
            writer.write(known)
        for outcome in Outcome:
            writer.check(make_hostile_check(outcome, difference, exchange))
    return path


def make_hostile_check(outcome: Outcome, difference: DifferenceFact, exchange: ExchangeFact) -> Any:
    return hostile(
        CheckEvent,
        id=f"{PAYLOAD}{outcome}",
        level="must",
        effect="reads",
        spec=(PAYLOAD,),
        outcome=outcome,
        differences=(difference,),
        exchanges=(exchange,),
    )


def test_scripts_in_every_field_are_text(tmp_path: Path, report: Make) -> None:
    html = report(hostile_run(tmp_path / "evidence.jsonl"))
    page = parse(html)

    assert not {name for name, _ in page.tags} & {"script", "img"}
    assert not [a for _, a in page.tags if "onerror" in a]
    assert [name for name, _ in page.tags].count("style") == 1
    assert "".join(page.text).count("document.title='owned'") > 60


def test_unseen_characters_are_spelt_out(report: Make, write_run: Make, make_check: Make) -> None:
    sneaky = "a\u202eb\x00c\x1b[31md\r\u2028e\ud800f\u200bg\x85h"
    check = make_check(outcome=Outcome.FAIL, title=sneaky, reason=sneaky)
    html = report(write_run(check))

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e\u200b\ud800]", html)
    assert r"a\u202eb\u0000c\u001b[31md\r\u2028e\ud800f\u200bg\u0085h" in html


def test_ordinary_text_is_left_alone() -> None:
    assert visible_lines("tab\tline\nÜmläut 日本語 🎉") == "tab\tline\nÜmläut 日本語 🎉"
    assert visible_lines(3) == 3


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_a_small_run_of_each_outcome_has_a_page(
    report: Make, write_run: Make, make_check: Make, outcome: Outcome | None
) -> None:
    events = [] if outcome is None else [make_check(outcome=outcome)]
    html = report(write_run(*events))

    assert "Could not judge" in html or "Fail" in html


def test_a_run_without_targets_has_a_page(report: Make, write_run: Make) -> None:
    assert "The run had no target." in report(write_run(targets=()))


def test_an_interrupted_run_says_so(report: Make, write_run: Make, make_check: Make) -> None:
    text = "".join(parse(report(write_run(make_check(), interrupted=True))).text)

    assert "interrupted" in text
    assert "The run was interrupted: what came after was not checked." in text


def test_a_known_difference_without_an_entry_is_shown(
    report: Make, write_run: Make, make_check: Make
) -> None:
    difference = DifferenceFact("$.a", Kind.VALUE, 1, 2, "KD-9999")
    html = report(
        write_run(make_check(outcome=Outcome.KNOWN_DIFFERENCE, differences=(difference,)))
    )

    assert "KD-9999" in html
    assert "The evidence does not describe this entry." in html


def test_many_failures_keep_their_repeat_lines_but_not_their_bodies(
    report: Make, write_run: Make, make_check: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "WITH_EXCHANGES", 2)
    exchange = ExchangeFact("GET", "u", {}, "sent-body", 200, {}, "", 1.0, "curl again")
    checks = [make_check(n, outcome=Outcome.FAIL, exchanges=(exchange,)) for n in range(5)]
    html = report(write_run(*checks))

    assert html.count("curl again") == 5
    assert html.count("sent-body") == 2
    assert html.count("Its 1 request with responses: see evidence.jsonl.") == 3


def test_truncated_evidence_gives_no_page(sample: Path, tmp_path: Path) -> None:
    cut = tmp_path / "evidence.jsonl"
    cut.write_bytes(sample.read_bytes()[:-10])

    with pytest.raises(TruncatedEvidence):
        write_report(cut, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@given(json_values, st.sampled_from([(", ", ": "), (",", ":")]))
def test_indenting_changes_only_white_space_between_tokens(
    value: Any, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, separators=separators)

    shown = indented(text)

    assert json.loads(shown) == value
    if isinstance(value, dict | list):
        assert shown == json.dumps(value, indent=2)


@given(json_values, st.integers(0, 60))
def test_indenting_loses_nothing_of_a_clipped_body(value: Any, cut: int) -> None:
    text = json.dumps([value])[: cut + 1]

    assert "".join(indented(text).split()) == "".join(text.split())


@given(st.text())
def test_text_that_is_not_json_is_left_alone(text: str) -> None:
    body = f"x{text}"

    assert indented(body) == body


def test_numbers_and_repeated_keys_are_shown_as_they_were_sent() -> None:
    assert indented('{"a":1.00,"a":9007199254740993.10}') == (
        '{\n  "a": 1.00,\n  "a": 9007199254740993.10\n}'
    )


def test_deep_nesting_does_not_blow_up_the_page() -> None:
    assert len(indented("[" * 16_384)) < 1_000_000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0 ms"),
        (0.4804, "480 ms"),
        (0.9999, "1.0 s"),
        (3.21, "3.2 s"),
        (59.96, "1 min 0 s"),
        (125.4, "2 min 5 s"),
        (3725.0, "1 h 2 min"),
    ],
)
def test_durations_are_for_people(value: float, shown: str) -> None:
    assert seconds(value) == shown


def test_values_keep_their_json_type_and_are_clipped() -> None:
    assert json_value("1") == '"1"'
    assert json_value(1) == "1"
    assert json_value("é" * 5000).endswith("… (+3,002 characters)")


@given(st.lists(st.integers(0, 10**6), min_size=5, max_size=5).filter(any))
def test_a_bar_is_full_and_shows_every_outcome(numbers: list[int]) -> None:
    tally = Tally(dict(zip(Outcome, numbers, strict=True)))

    cut = slices(tally)

    assert [outcome for outcome, _, _ in cut] == [o for o in Outcome if tally[o]]
    assert sum(float(width) for _, _, width in cut) == pytest.approx(100, abs=0.1)
    assert all(float(width) >= 2 for _, _, width in cut)


def test_the_page_does_not_depend_on_the_machine(sample: Path, tmp_path: Path) -> None:
    write_report(sample, tmp_path / "a.html")
    write_report(sample, tmp_path / "b.html")

    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert str(tmp_path) not in (tmp_path / "a.html").read_text("utf-8")


def test_the_slowest_check_comes_first(report: Make, write_run: Make, make_check: Make) -> None:
    checks = [replace(make_check(n), duration_s=float(n)) for n in range(15)]
    html = report(write_run(*checks))
    slowest = html[html.index('id="slowest"') :]

    assert slowest.index("test_14[") < slowest.index("test_13[") < slowest.index("test_5[")
    assert "test_4[" not in slowest
