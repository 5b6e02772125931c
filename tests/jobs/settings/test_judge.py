"""What counts as the same, what it means if it is not, and what evidence says of it."""

from __future__ import annotations

import pytest

from parity.jobs.settings.catalogue import Value, catalogue
from parity.jobs.settings.evidence import check_of, known_of, table_of
from parity.jobs.settings.hosted import HostedSettings
from parity.jobs.settings.judge import ComparedSetting, judge
from parity.jobs.settings.probing import Seen
from parity.jobs.settings.survey import NotFound
from parity.model import Outcome

BOTH = [False, True]


def judged(name: str, server: Value, said: str = "it did", **hosted: object) -> ComparedSetting:
    setting = catalogue()[name]
    values = {setting.key: hosted["value"]} if "value" in hosted else {}
    accepted = {setting.key: "we decided it"} if hosted.get("accepted") else {}
    file = HostedSettings(values=values, accepted=accepted)  # type: ignore[arg-type]
    return judge(setting, file, Seen(server, said))


SWITCHES = [name for name, each in catalogue().items() if each.kind == "switch"]


@pytest.mark.parametrize("name", SWITCHES)
def test_the_same_value_passes_and_another_one_fails_on_its_side(name: str) -> None:
    setting = catalogue()[name]
    for value in BOTH:
        assert judged(name, value, value=value).outcome is Outcome.PASS
    more, less = judged(name, True, value=False), judged(name, False, value=True)
    assert (more.outcome, more.side) == (Outcome.FAIL, setting.more)
    assert (less.outcome, less.side) == (Outcome.FAIL, setting.less)
    assert more.meaning == setting.more.effect


@pytest.mark.parametrize("name", SWITCHES)
def test_without_a_hosted_value_the_documented_one_counts_else_nothing(name: str) -> None:
    setting = catalogue()[name]
    for value in BOTH:
        one = judged(name, value)
        if setting.hosted is None:
            assert (one.outcome, one.origin) == (Outcome.UNSUPPORTED, "unknown")
            assert setting.words(value) in one.meaning
        else:
            same = value == setting.hosted
            assert one.origin == "default"
            assert one.outcome is (Outcome.PASS if same else Outcome.FAIL)


def test_a_value_that_is_said_to_be_unknown_is_not_taken_from_the_documentation() -> None:
    one = judged("PUBLIC-USERS", False, value=None)
    assert (one.outcome, one.hosted) == (Outcome.UNSUPPORTED, None)


@pytest.mark.parametrize(
    ("hosted", "server", "side"),
    [(0, 3, "less"), (3, 0, "more"), (3, 5, "more"), (5, 3, "less")],
)
def test_an_account_that_is_never_locked_is_the_widest_setting(
    hosted: int, server: int, side: str
) -> None:
    setting = catalogue()["LOCKOUT"]
    assert judged("LOCKOUT", server, value=hosted).side is getattr(setting, side)
    assert judged("LOCKOUT", hosted, value=hosted).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("server", "outcome"), [(365.0, "pass"), (365.01, "pass"), (364.9, "fail"), (400, "fail")]
)
def test_lengths_of_sessions_are_the_same_within_half_an_hour(server: float, outcome: str) -> None:
    assert judged("SESSION-LENGTH", server, value=365).outcome == outcome


def test_a_breach_fails_whatever_the_hosted_app_had() -> None:
    setting = catalogue()["FACEBOOK-LOGIN"]
    for values in ({}, {setting.key: True}, {setting.key: None}):
        for accepted in ({}, {setting.key: "yes"}):
            hosted = HostedSettings(values=values, accepted=accepted)
            one = judge(setting, hosted, Seen(True, "accepted", breach="anybody gets in"))
            assert one.outcome is Outcome.FAIL
            assert one.side is not None
            assert one.side.severity == "security"


def test_an_open_door_has_a_finding_unless_somebody_said_that_it_was_open() -> None:
    silent = judged("PUBLIC-FILE-UPLOAD", True)
    unknown = judged("PUBLIC-FILE-UPLOAD", True, value=None)
    said = judged("PUBLIC-FILE-UPLOAD", True, value=True)
    assert (silent.outcome, silent.warns) == (Outcome.PASS, True)
    assert (unknown.outcome, unknown.warns) == (Outcome.UNSUPPORTED, True)
    assert (said.outcome, said.warns) == (Outcome.PASS, False)
    check = check_of(silent, "selfhosted")
    assert check.finding is not None
    assert (check.finding.code, check.finding.severity) == ("SET-PUBLIC-FILE-UPLOAD", "security")
    assert check_of(said, "selfhosted").finding is None


def test_an_accepted_difference_is_known_and_keeps_its_severity() -> None:
    one = judged("PUBLIC-USERS", False, accepted=True)
    assert one.outcome is Outcome.KNOWN_DIFFERENCE
    check, entry = check_of(one, "selfhosted"), known_of(one, "selfhosted")
    assert entry is not None
    assert (entry.id, entry.severity) == ("SET-PUBLIC-USERS", "breaking")
    assert "we decided it" in entry.cause
    assert [difference.known for difference in check.differences] == [entry.id]
    assert check.finding is None


def test_accepting_settles_a_value_that_nobody_knows() -> None:
    one = judged("ANONYMOUS-USERS", True, accepted=True)
    entry = known_of(one, "selfhosted")
    assert one.outcome is Outcome.KNOWN_DIFFERENCE
    assert entry is not None
    assert entry.severity == "benign"


def test_what_was_accepted_and_is_not_there_any_more_fails() -> None:
    one = judged("PUBLIC-USERS", True, value=True, accepted=True)
    assert one.outcome is Outcome.FAIL
    assert one.side is not None
    assert "[accepted]" in one.side.remedy


@pytest.mark.parametrize(("error", "outcome"), [(True, "error"), (False, "unsupported")])
def test_a_probe_that_saw_nothing_never_passes(error: bool, outcome: str) -> None:  # noqa: FBT001
    for setting in catalogue().values():
        one = judge(setting, HostedSettings(), NotFound("because", error=error))
        assert one.outcome == outcome
        check = check_of(one, "selfhosted")
        assert (check.reason, check.finding) == ("because", None)


def test_a_failed_check_says_value_cause_remedy_and_option() -> None:
    one = judged("CLIENT-CLASSES", False, "saving answers 400 119 SECRET", value=True)
    check = check_of(one, "selfhosted")
    assert (check.id, check.level, check.area) == ("settings/CLIENT-CLASSES", "must", "schema")
    assert check.reason == "hosted: allowed; server: refused (saving answers 400 119 SECRET)"
    assert check.finding is not None
    assert "SECRET" in check.finding.cause
    assert "allowClientClassCreation" in check.finding.remedy
    assert "2.1.4" in check.finding.remedy
    (difference,) = check.differences
    assert (difference.path, difference.expected, difference.actual) == (
        "$.client_class_creation",
        True,
        False,
    )


def test_the_table_names_setting_hosted_server_and_meaning() -> None:
    rows = [judged("LOCKOUT", 3), judged("PUBLIC-USERS", False, accepted=True)]
    table = table_of(rows)
    assert table.columns == ("setting", "hosted", "server", "meaning")
    assert table.rows[0][:3] == (
        "LOCKOUT",
        "never locked (documented)",
        "after 3 wrong passwords",
    )
    assert table.rows[1][3].endswith("Accepted: we decided it")
