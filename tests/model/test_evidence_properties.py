from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from parity.model import Kind, Outcome
from parity.model.chart import ChartKind
from parity.model.evidence import (
    Chart,
    CheckEvent,
    DifferenceFact,
    Event,
    ExchangeFact,
    Finding,
    KnownDifferenceEvent,
    Limit,
    Mark,
    NoticeEvent,
    TableEvent,
    TruncatedEvidence,
    read_evidence,
)
from tests.model.samples import TARGETS, header, lines, write

# Half a surrogate pair is no text: a test of its own says what becomes of it.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
count = st.integers(0, 10**6)
seconds = st.floats(0, 1e6, allow_nan=False)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(text, each, max_size=3),
    max_leaves=8,
)
headers = st.dictionaries(text, text, max_size=3)
differences = st.builds(
    DifferenceFact,
    path=text,
    kind=st.sampled_from(Kind),
    expected=json_values,
    actual=json_values,
    known=st.none() | text,
    source=text,
)
exchanges = st.builds(
    ExchangeFact,
    method=text,
    url=text,
    request_headers=headers,
    request_body=text,
    status=st.none() | st.integers(100, 599),
    response_headers=headers,
    response_body=text,
    elapsed_ms=seconds,
    repeat=text,
)
findings = st.builds(
    Finding,
    code=text,
    severity=st.sampled_from(["breaking", "benign", "security"]),
    cause=text,
    remedy=text,
    reproduce=text,
)
checks = st.builds(
    CheckEvent,
    id=text,
    nodeid=text,
    target=st.sampled_from(TARGETS),
    area=text,
    level=st.sampled_from(["must", "should", "may"]),
    effect=st.sampled_from(["reads", "writes", "destructive"]),
    spec=st.lists(text, max_size=2).map(tuple),
    title=text,
    outcome=st.sampled_from(Outcome),
    reason=text,
    duration_s=seconds,
    server_s=seconds,
    requests=count,
    worker=text,
    differences=st.lists(differences, max_size=2).map(tuple),
    exchanges=st.lists(exchanges, max_size=2).map(tuple),
    findings=st.lists(findings, max_size=2).map(tuple),
)
cells = st.lists(st.tuples(json_values, json_values), max_size=3)
numbers = st.floats(allow_nan=False, allow_infinity=False)
paths = st.sampled_from(["locust.html", "load/stats.csv", "a b/ü.txt"]) | st.none()


@st.composite
def charts(draw: st.DrawFn, columns: tuple[str, ...]) -> Chart:
    kind: ChartKind = draw(st.sampled_from(["line", "steps", "bars", "points"]))
    x, *y = draw(st.permutations(columns))
    right = (y.pop(),) if kind != "bars" and len(y) > 1 and draw(st.booleans()) else ()
    axes = ["left", "right"] if right else ["left"]
    marks = st.lists(st.builds(Mark, x=numbers, label=text), max_size=2)
    limits = st.lists(
        st.builds(Limit, y=numbers, label=text, axis=st.sampled_from(axes)), max_size=2
    )
    return Chart(
        kind,
        x,
        tuple(y),
        right,
        x_label=draw(text),
        y_label=draw(text),
        right_label=draw(text),
        x_log=kind != "bars" and draw(st.booleans()),
        y_log=draw(st.booleans()),
        right_log=draw(st.booleans()),
        marks=() if kind == "bars" else tuple(draw(marks)),
        limits=tuple(draw(limits)),
        group="" if kind == "bars" else draw(text),
    )


@st.composite
def drawn_tables(draw: st.DrawFn) -> TableEvent:
    columns = tuple(draw(st.lists(text, min_size=3, max_size=3, unique=True)))
    rows = tuple(draw(st.lists(st.tuples(json_values, json_values, paths), max_size=3)))
    chart = draw(st.none() | charts(columns))
    return TableEvent(draw(text), draw(text), columns, rows, draw(text), chart, columns[2:])


tables = drawn_tables() | st.builds(
    TableEvent,
    id=text,
    title=text,
    columns=st.tuples(text, text),
    rows=cells.map(tuple),
    note=text,
)
known_differences = st.builds(
    KnownDifferenceEvent,
    id=text,
    title=text,
    severity=st.sampled_from(["breaking", "benign", "security"]),
    cause=text,
    effect=text,
    remedy=text,
    provenance=text,
    targets=st.lists(text, max_size=2).map(tuple),
    observed=count,
)
notices = st.builds(
    NoticeEvent,
    level=st.sampled_from(["info", "warning", "error"]),
    target=st.none() | text,
    message=text,
)
events = st.lists(checks | known_differences | notices | tables, max_size=5)

no_fixture_check = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
_numbers = iter(range(10**9))


def fresh(folder: Path) -> Path:
    """Return a path that no example has used: Hypothesis shares one tmp_path between them."""
    return folder / f"{next(_numbers)}.jsonl"


def validator() -> Draft202012Validator:
    schema = json.loads(
        (files("parity.model") / "schemas" / "evidence.schema.json").read_text("utf-8")
    )
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


VALIDATOR = validator()


@no_fixture_check
@given(events=events)
def test_what_is_written_is_read_back(tmp_path: Path, events: list[Event]) -> None:
    read = read_evidence(write(fresh(tmp_path), events))

    assert read.header == header()
    assert list(read.checks) == [event for event in events if isinstance(event, CheckEvent)]
    assert list(read.tables) == [event for event in events if isinstance(event, TableEvent)]
    assert list(read.notices) == [event for event in events if isinstance(event, NoticeEvent)]
    assert list(read.known_differences) == [
        event for event in events if isinstance(event, KnownDifferenceEvent)
    ]
    assert read.footer.events == len(events)


@no_fixture_check
@given(events=events)
def test_every_line_is_valid_against_the_schema(tmp_path: Path, events: list[Event]) -> None:
    for line in lines(write(fresh(tmp_path), events)):
        VALIDATOR.validate(line)


@no_fixture_check
@given(events=events, data=st.data())
def test_a_file_cut_anywhere_is_truncated(
    tmp_path: Path, events: list[Event], data: st.DataObject
) -> None:
    path = write(fresh(tmp_path), events)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 2))])

    with pytest.raises(TruncatedEvidence):
        read_evidence(path)


@no_fixture_check
@given(events=st.lists(checks | notices, min_size=1, max_size=4), data=st.data())
def test_a_lost_line_is_truncated(tmp_path: Path, events: list[Event], data: st.DataObject) -> None:
    path = write(fresh(tmp_path), events)
    kept = path.read_bytes().splitlines(keepends=True)
    del kept[data.draw(st.integers(1, len(events)))]
    path.write_bytes(b"".join(kept))

    with pytest.raises(TruncatedEvidence, match="footer counts"):
        read_evidence(path)
