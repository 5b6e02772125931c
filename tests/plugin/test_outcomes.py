from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any

import pytest

from parity.model import Outcome
from tests.fake_parse import FakeParse, html
from tests.plugin.conftest import Run, evidence_of, write_config

KNOWN = """
[[difference]]
id = "KD-9001"
title = "A creation answers 200"
area = "objects"
versions = ">=2.0"
severity = "breaking"
provenance = "observed"
source = "here"
cause = "c"
effect = "e"
remedy = "r"
owner = "us"
[[difference.recognise]]
path = "$status"
expected = 201
actual = 200
checks = ["test_suite.py::test_creates"]
"""


def outcomes(pytester: pytest.Pytester) -> dict[str, Outcome]:
    checks = evidence_of(pytester.path).checks
    return {check.id.partition("::")[2]: check.outcome for check in checks}


def answers_200(method: str, path: str) -> Any:
    body = b'{"objectId":"id00000001","createdAt":"2026-01-01T00:00:00.000Z"}'
    answer = (200, {"Content-Type": "application/json"}, body)
    return answer if method == "POST" and "Score" in path else None


def register(pytester: pytest.Pytester, text: str = KNOWN) -> None:
    folder = pytester.mkdir("known")
    (folder / "entries.toml").write_text(text, encoding="utf-8")


def test_a_server_that_does_right_passes(configured: pytest.Pytester, run: Run) -> None:
    result = run()

    assert result.ret == 0
    assert outcomes(configured) == {"test_creates": Outcome.PASS, "test_finds": Outcome.PASS}


def test_a_failure_shows_request_response_source_and_one_line_that_repeats_it(
    fake_parse: FakeParse, run: Run
) -> None:
    fake_parse.misbehave = answers_200

    result = run("-k", "creates")

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*expected 201 at $status, got 200*",
            "*expected by rest/objects#creating-objects*",
            '> {"n": 1}',
            "< 200 in * ms",
            '< {"objectId": "id00000001"*',
            "repeat the last request*",
            '*curl -sS -i -X POST*/classes/Parity*-H "X-Parse-Application-Id: $FAKE_APP_ID"*',
        ]
    )


def test_a_registered_difference_is_its_own_outcome(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run
) -> None:
    register(configured)
    fake_parse.misbehave = answers_200

    result = run("--known-differences", "known", "-k", "creates")

    assert result.ret == 0
    assert outcomes(configured) == {"test_creates": Outcome.KNOWN_DIFFERENCE}
    result.stdout.fnmatch_lines(
        ["known differences observed: 1 (1 breaking)", "  KD-9001 breaking: A creation*"]
    )
    assert evidence_of(configured.path).known_differences[-1].observed == 1


def test_a_registered_difference_that_is_gone_fails_and_asks_for_removal(
    configured: pytest.Pytester, run: Run
) -> None:
    register(configured)

    result = run("--known-differences", "known")

    assert result.ret == 1
    assert outcomes(configured)["test_creates"] is Outcome.FAIL
    result.stdout.fnmatch_lines(["*KD-9001 is no longer observed*remove its entry*"])


def test_a_difference_that_an_option_decides_may_be_gone(
    configured: pytest.Pytester, run: Run
) -> None:
    register(configured, KNOWN.replace('owner = "us"', 'owner = "us"\nalways = false'))

    assert run("--known-differences", "known").ret == 0


def test_a_difference_of_other_versions_is_not_excused(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run
) -> None:
    register(configured, KNOWN.replace(">=2.0", "<9"))
    fake_parse.misbehave = answers_200

    assert run("--known-differences", "known", "-k", "creates").ret == 1


def test_what_a_probe_denies_is_unsupported_with_its_reason(
    configured: pytest.Pytester, run: Run
) -> None:
    configured.makepyfile(
        test_suite='''
        import pytest

        @pytest.mark.area("cloud")
        @pytest.mark.spec("rest/cloud-code")
        @pytest.mark.requires("cloud_fixture")
        def test_calls(parse, expect):
            """A function can be called."""
            expect.status(parse.call("parityEcho"), 200)
        '''
    )

    result = run()

    assert outcomes(configured) == {"test_calls": Outcome.UNSUPPORTED}
    result.stdout.fnmatch_lines(["*needs cloud_fixture: *not loaded*", "*1 unsupported*"])
    assert result.ret == 5, "a run that judged nothing does not pass"


def test_nothing_is_written_to_a_target_that_forbids_it(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run
) -> None:
    write_config(configured, fake_parse, writes="forbidden")

    result = run()

    assert {method for method, _ in fake_parse.requests} == {"GET", "OPTIONS"}
    assert set(outcomes(configured).values()) == {Outcome.UNSUPPORTED}
    assert result.ret == 5


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_is_not_parse_is_an_error_outcome_everywhere(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run, workers: str
) -> None:
    fake_parse.misbehave = lambda m, path: html() if "Score" in path else None

    result = run("-n", workers, "--junitxml=junit.xml")

    assert result.ret == 1
    assert set(outcomes(configured).values()) == {Outcome.ERROR}
    result.stdout.fnmatch_lines(["*target 'fake' answered POST*something that is not Parse*nginx*"])
    result.assert_outcomes(errors=2)
    suite = ET.parse(configured.path / "junit.xml").getroot()[0]
    assert (suite.get("errors"), suite.get("failures")) == ("2", "0")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_target_that_dies_in_mid_run_is_one_error_not_hundreds(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run, workers: str
) -> None:
    configured.makepyfile(
        test_suite='''
        import pytest

        pytestmark = [pytest.mark.area("objects"), pytest.mark.spec("rest/objects")]

        @pytest.mark.parametrize("number", range(40))
        def test_creates(parse, new_class, expect, number):
            """A created object answers 201."""
            expect.status(parse.create(new_class(), {"n": number}), 201)
        '''
    )

    def die_later(method: str, path: str) -> None:
        if len(fake_parse.requests) > 20:
            fake_parse.die()

    fake_parse.misbehave = die_later

    result = run("-n", workers)

    counts = Counter(check.outcome for check in evidence_of(configured.path).checks)
    assert counts[Outcome.FAIL] == 0
    assert counts[Outcome.PASS] + counts[Outcome.ERROR] == 40
    assert counts[Outcome.ERROR] > 20
    shown = result.parseoutcomes()
    assert shown.get("errors", 0) + shown.get("error", 0) <= 2
    result.stdout.fnmatch_lines(["*checks were not run on fake, which is down: target 'fake' is*"])
    assert result.ret == 1


def test_a_target_that_is_down_at_the_start_is_one_message(fake_parse: FakeParse, run: Run) -> None:
    fake_parse.stop()

    result = run()

    assert result.ret == 4
    result.stderr.fnmatch_lines(["*target 'fake' is not reachable*"])
    result.stdout.no_fnmatch_line("*FAILED*")


def test_a_broken_fixture_of_a_suite_is_a_failure_of_the_check_not_of_the_server(
    configured: pytest.Pytester, run: Run
) -> None:
    configured.makepyfile(
        test_suite='''
        import pytest

        @pytest.mark.area("objects")
        @pytest.mark.spec("rest/objects")
        def test_needs_a_row(parse, new_class):
            """A row can be read."""
            assert parse.fetch(new_class(), "nosuchid01")["n"] == 1
        '''
    )

    result = run()

    assert outcomes(configured) == {"test_needs_a_row": Outcome.FAIL}
    result.stdout.fnmatch_lines(["*expected 'n' in the reply, got 404*"])
