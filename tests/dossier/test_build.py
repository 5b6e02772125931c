"""What a dossier says: what the gates say, what their evidence shows, and never more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parity.dossier import Dossier, answer
from parity.dossier.model import Met, OpenDifference, Share
from parity.gate import load_gate
from parity.gate.result import GateResult, RuleResult, State
from parity.gate.rules import GateFile
from parity.model import Outcome
from parity.model.evidence import TableEvent
from parity.model.verdict import Word
from tests.dossier.rich import dossier, rich, set_replay
from tests.gate.world import Spec, audit, check, entry, replay, suites, waiver, world

PASS, FAIL, UNKNOWN = Word.PASS, Word.FAIL, Word.COULD_NOT_JUDGE


def _gate(number: str, word: Word, waived: int = 0) -> GateResult:
    rules = load_gate(number, GateFile()).rules
    judged = tuple(
        RuleResult(rule, State.WAIVED if n < waived else State.HOLDS)
        for n, rule in enumerate(rules)
    )
    return GateResult(number, "?", word, "because", "2026-08-01T12:00:00Z", "0.1.0", judged)


def _only(found: tuple[OpenDifference, ...], name: str) -> OpenDifference:
    (one,) = (each for each in found if each.id == name)
    return one


@pytest.mark.parametrize(
    ("eight", "eleven", "said"),
    [
        (PASS, PASS, "The app may point at the new server and may ship: gates 8 and 11 pass."),
        (
            FAIL,
            FAIL,
            "The app may not point at the new server and may not ship: gates 8 and 11 fail.",
        ),
        (
            UNKNOWN,
            UNKNOWN,
            (
                "Whether the app may point at the new server and may ship is not known: "
                "gates 8 and 11 could not judge."
            ),
        ),
        (
            PASS,
            FAIL,
            (
                "The app may not ship: gate 11 fails. "
                "The app may point at the new server: gate 8 passes."
            ),
        ),
        (
            FAIL,
            PASS,
            "The app may not point at the new server: gate 8 fails. By itself, gate 11 passes.",
        ),
        (
            UNKNOWN,
            PASS,
            (
                "Whether the app may point at the new server is not known: gate 8 could not judge. "
                "By itself, gate 11 passes."
            ),
        ),
        (
            FAIL,
            UNKNOWN,
            (
                "The app may not point at the new server: gate 8 fails. "
                "Whether the app may ship is not known: gate 11 could not judge."
            ),
        ),
        (
            PASS,
            UNKNOWN,
            (
                "Whether the app may ship is not known: gate 11 could not judge. "
                "The app may point at the new server: gate 8 passes."
            ),
        ),
        (
            UNKNOWN,
            FAIL,
            (
                "The app may not ship: gate 11 fails. Whether the app may point at the new server "
                "is not known: gate 8 could not judge."
            ),
        ),
    ],
)
def test_the_answer_begins_with_what_the_gates_refuse(eight: Word, eleven: Word, said: str) -> None:
    assert answer((_gate("8", eight), _gate("11", eleven))) == said


def test_an_answer_counts_what_is_waived_and_says_what_was_thrown_away() -> None:
    assert answer((_gate("8", PASS, waived=2),), embedded=True) == (
        "The app may point at the new server: gate 8 passes, with 2 rules waived. "
        "The servers that were tested were thrown away afterwards."
    )


def test_a_migration_that_is_well_passes_and_has_nothing_open(tmp_path: Path) -> None:
    made = dossier(world(tmp_path, "11"))
    assert made.word is PASS
    assert [gate.word for gate in made.gates] == [PASS, PASS]
    assert (made.gaps, made.unknown, made.known, made.warnings) == ((), (), (), ())
    assert len(made.steps) == 12


def test_without_evidence_the_dossier_refuses_and_names_every_command(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs.clear()
    made = dossier(w)
    assert made.word is FAIL
    assert made.answer.startswith("The app may not point")
    assert "parity verify --from hosted --to selfhosted" in {gap.command for gap in made.gaps}
    assert made.traffic == ()
    missing = {job for section in made.sections for job, _ in section.missing}
    assert {"suites", "verify", "audit", "size", "settings", "deployment", "scan"} <= missing


@pytest.mark.parametrize("name", ["suites", "replay", "verify", "audit", "preflight", "size"])
def test_a_job_without_evidence_refuses(tmp_path: Path, name: str) -> None:
    w = world(tmp_path)
    del w.specs[name]
    made = dossier(w, "8")
    assert made.word is FAIL
    assert made.answer.startswith("The app may not")
    assert any(gap.state is State.MISSING for gap in made.gaps)


def test_evidence_that_cannot_be_read_is_no_pass_and_is_listed(tmp_path: Path) -> None:
    w = world(tmp_path).write()
    (tmp_path / "run-verify" / "evidence.jsonl").write_text('{"event": "header"}\n')
    made = dossier(w, "8")
    assert made.word is not PASS
    (bad,) = (file for file in made.files if file.verdict == "unreadable")
    assert bad.path == "run-verify/evidence.jsonl"
    assert len(bad.sha256) == len("sha256:") + 64


def test_stale_evidence_is_a_gap_once_for_both_gates(tmp_path: Path) -> None:
    made = dossier(rich(tmp_path))
    (gap,) = (each for each in made.gaps if each.rule == "audit")
    assert gap.state is State.LAPSED
    assert gap.gates == ("8", "11")
    assert gap.reasons == ("run-audit: it is 12.0 days old, and 7 are allowed",)
    assert made.gaps[0].state is State.FAILED, "the worst comes first"


def test_coverage_has_the_numbers_of_the_replay_and_what_was_not_judged(tmp_path: Path) -> None:
    w = world(tmp_path)
    set_replay(w)
    (found,) = dossier(w, "8").traffic
    assert (found.total, found.all_signatures) == (128, 4)
    assert found.requests == Share(108, 120)
    assert found.signatures == Share(2, 3)
    assert found.clients == Share(4, 7)
    assert found.recording == "sha256:rec"
    assert ("needs prior state", 6, "from before the recording") in found.became
    assert found.not_judged == (
        ("made before the recording", 6),
        ("a push would leave the server", 2),
    )
    assert found.source.judged_by == ("gate 8",)


def test_a_replay_without_its_numbers_covers_nothing(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["replay"].drop("verdict")
    made = dossier(w, "8")
    assert made.traffic == ()
    assert any(
        "has no numbers of a whole replay" in why for gap in made.gaps for why in gap.reasons
    )


def test_an_unknown_difference_of_traffic_says_what_it_costs(tmp_path: Path) -> None:
    w = world(tmp_path)
    set_replay(w)
    found = _only(dossier(w, "8").unknown, "replay/GET /classes/Post")
    assert found.met == (
        Met("run-replay", "replay", "selfhosted", "request", Share(12, 120), Share(3, 7)),
    )
    assert found.severity == "breaking"
    assert found.remedy == "remedy"
    assert found.effect.startswith("12 of 60 requests: different; 3 of 7 clients are hit.")


def test_what_a_gate_lets_differ_is_still_an_open_difference(tmp_path: Path) -> None:
    w = world(tmp_path)
    set_replay(w)
    w.override(
        "8", "replay", same_requests=80, same_signatures=50, same_clients=50, judged_signatures=70
    )
    made = dossier(w, "8")
    assert made.word is PASS, made.gaps
    assert [each.id for each in made.unknown] == ["replay/GET /classes/Post"]


def test_a_known_difference_has_its_share_of_the_traffic(tmp_path: Path) -> None:
    w = world(tmp_path)
    set_replay(w)
    found = _only(dossier(w, "8").known, "KD-0101")
    assert found.met == (Met("run-replay", "replay", "selfhosted", "request", Share(40, 120)),)
    assert found.allowed == "benign differences are allowed"


@pytest.mark.parametrize(
    ("allow", "waived", "said"),
    [
        ((), False, ""),
        (("KD-1",), False, "allowed by its id"),
        ((), True, "waived by Ada"),
    ],
)
def test_a_breaking_difference_is_refused_unless_somebody_allows_it(
    tmp_path: Path, *, allow: tuple[str, ...], waived: bool, said: str
) -> None:
    w = world(tmp_path)
    w.specs["suites"].events += [
        check("k", area="objects", outcome=Outcome.KNOWN_DIFFERENCE, known="KD-1"),
        entry("KD-1", "breaking"),
    ]
    w.override("8", "known-differences", allow=list(allow))
    if waived:
        w.allow(waivers=(waiver("known-differences"),))
    made = dossier(w, "8")
    assert _only(made.known, "KD-1").allowed == said
    assert (made.word is PASS) == bool(said)


def test_a_difference_that_the_evidence_does_not_describe_is_not_hidden(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["suites"].events.append(
        check("k", area="objects", outcome=Outcome.KNOWN_DIFFERENCE, known="KD-9999")
    )
    found = _only(dossier(w, "8").known, "KD-9999")
    assert (found.severity, found.allowed) == ("unregistered", "")


def test_a_failing_check_that_no_rule_looks_at_is_shown_last_and_says_so(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["suites"].events += [
        check("suites/a::may", area="objects", level="may", outcome=Outcome.FAIL, code="X"),
        check("suites/z::must", area="objects", outcome=Outcome.FAIL),
    ]
    made = dossier(w, "8")
    assert [(each.id, each.counted) for each in made.unknown] == [
        ("suites/z::must", True),
        ("suites/a::may", False),
    ]
    assert (
        "1 check fails at which no rule of the gates looks: see open differences" in made.warnings
    )


def test_what_a_newer_whole_run_mended_is_not_open(tmp_path: Path) -> None:
    w = world(tmp_path)
    older = audit(name="run-older", age_days=3)
    older.change("audit/AUD-ID-TYPE", outcome=Outcome.FAIL)
    w.specs["older"] = older
    assert dossier(w, "8").unknown == ()


def test_what_fails_in_a_newer_run_of_a_part_is_open(tmp_path: Path) -> None:
    w = world(tmp_path)
    part = suites(name="run-part", age_days=0.5, arguments=("-k", "objects"))
    part.change("suites/objects/test_it.py::test_1", outcome=Outcome.FAIL)
    w.specs["part"] = part
    found = _only(dossier(w, "8").unknown, "suites/objects/test_it.py::test_1")
    assert found.counted
    assert found.met[0].run == "run-part"


def test_the_costliest_difference_comes_first(tmp_path: Path) -> None:
    w = world(tmp_path)
    spec = replay()
    names = {"replay/GET /classes/Post": (3, 1), "replay/POST /login": (50, 6)}
    for name, (requests, clients) in names.items():
        why = f"{requests} of 60 requests: different; {clients} of 7 clients are hit"
        spec.change(name, outcome=Outcome.FAIL, reason=why)
    w.specs["replay"] = spec
    assert [each.id for each in dossier(w, "8").unknown] == [
        "replay/POST /login",
        "replay/GET /classes/Post",
    ]


def test_jobs_are_shown_by_subject_with_their_tables(tmp_path: Path) -> None:
    made = dossier(rich(tmp_path))
    by_id = {section.id: section for section in made.sections}
    (size,) = (report for report in by_id["sizing"].reports if report.source.job == "size")
    assert [table.title for table in size.tables] == ["The knee"]
    outcomes = {each.id: each.outcome for each in size.checks}
    assert outcomes.pop("size/growth") == "fail"
    assert set(outcomes.values()) == {"pass"}
    verify = next(report for report in by_id["data"].reports if report.source.job == "verify")
    assert verify.totals == {"collections": 3, "documents (source)": 3000, "missing": 6}
    assert verify.notices == ("a warning",)
    (settings,) = by_id["settings"].reports
    assert "step 6" in settings.source.judged_by


def test_a_job_that_no_rule_asks_for_is_shown_by_its_newest_run(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["old"] = Spec("web", [check("web/old")], name="run-web-old", age_days=2)
    w.specs["new"] = Spec("web", [check("web/new")], name="run-web-new", age_days=1)
    made = dossier(w, "8")
    found = {r.source.run: r for s in made.sections for r in s.reports if r.source.job == "web"}
    assert list(found) == ["run-web-new"]


def test_checks_of_a_large_run_are_counted_by_area(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["suites"].events += [check(f"more/{n}", area="objects") for n in range(400)]
    made = dossier(w, "8")
    (report,) = (r for s in made.sections for r in s.reports if r.source.job == "suites")
    assert report.checks == ()
    assert report.areas["objects"] == {"pass": 402}


@pytest.mark.parametrize(
    ("rule", "expires", "state", "used"),
    [
        ("sizing", "2026-08-31", "in use", ("8", "11")),
        ("sizing", "2026-07-01", "expired", ()),
        ("verify", "2026-08-31", "not needed", ()),
    ],
)
def test_a_waiver_says_what_it_does(
    tmp_path: Path, rule: str, expires: str, state: str, used: tuple[str, ...]
) -> None:
    w = world(tmp_path, "11")
    w.specs["size"].events.append(check("size/growth", outcome=Outcome.FAIL))
    w.allow(waivers=(waiver(rule, expires),))
    (line,) = dossier(w).waivers
    assert (line.state, line.gates) == (state, used)


def test_a_waiver_of_the_other_gate_is_of_no_rule_that_was_asked(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.allow(waivers=(waiver("deployment"),))
    (line,) = dossier(w, "8").waivers
    assert line.state == "of no rule that was asked"


def test_embedded_evidence_is_said_in_the_answer(tmp_path: Path) -> None:
    w = world(tmp_path)
    for spec in w.specs.values():
        spec.target = replace(spec.target, embedded=True)
    w.allow(allow_embedded=True)
    made = dossier(w, "8")
    assert made.word is PASS
    assert "thrown away afterwards" in made.answer
    assert any("the gate file lets it count" in warning for warning in made.warnings)


def test_a_gate_that_was_not_asked_is_not_answered(tmp_path: Path) -> None:
    made = dossier(world(tmp_path), "8")
    assert made.answer == "The app may point at the new server: gate 8 passes."
    assert "gate 11 was not asked: whether the app may ship is not answered here" in made.warnings


def test_a_gate_that_would_not_pass_any_more_is_named(tmp_path: Path) -> None:
    w = world(tmp_path, "11")
    w.specs["verify"].change("verify/Post", outcome=Outcome.FAIL)
    made = dossier(w)
    assert "gate 8 said pass on 2026-08-01, and judged again now it says fail" in made.warnings
    assert made.kept[0].word is PASS
    assert made.kept[1].problem == "it has no result here: parity gate 11"


def test_signatures_are_asked_of_every_role_that_the_steps_name(tmp_path: Path) -> None:
    made = dossier(world(tmp_path, "11"))
    assert [what for _, what in made.signs][:2] == [
        "May the app point at the new server?",
        "May the app ship?",
    ]
    assert ("release manager", "steps 10 and 12") in made.signs


def test_versions_and_digests_name_the_runs_that_say_them(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["suites"].digests["cloud"] = "sha256:one"
    w.specs["replay"].digests["cloud"] = "sha256:two"
    found = {(each.what, each.value): each.runs for each in dossier(w, "8").measured_on}
    assert found["digest of cloud", "sha256:one"] == ("run-suites",)
    assert found["digest of cloud", "sha256:two"] == ("run-replay",)
    assert "run-audit" in found["server of selfhosted", "9.10.0"]


def test_every_run_is_a_file_of_the_dossier_with_its_rules(tmp_path: Path) -> None:
    w = world(tmp_path, "11")
    w.specs["unused"] = Spec("seed", [check("seed/x")])
    made: Dossier = dossier(w)
    files = {file.path: file for file in made.files}
    assert set(files) == {
        "gate-8.json",
        *(f"{spec.header().run_id}/evidence.jsonl" for spec in w.specs.values()),
    }
    assert "verify" in files["run-verify/evidence.jsonl"].rules
    assert files["run-seed/evidence.jsonl"].rules == ()


def test_a_table_of_collections_without_numbers_has_no_sums(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["verify"].put_table(
        TableEvent("collections", "C", ("collection", "equal"), (("_User", True),), "")
    )
    made = dossier(w, "8")
    (report,) = (r for s in made.sections for r in s.reports if r.source.job == "verify")
    assert report.totals == {"collections": 1}
