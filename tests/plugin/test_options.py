from __future__ import annotations

import pytest

from tests.fake_parse import FakeParse
from tests.plugin.conftest import Run, evidence_of, run_pytest


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--targt", "fake"], "unknown option --targt, did you mean '--target'?"),
        (["--target", "fakee"], "no target 'fakee', did you mean 'fake'?"),
        (["--level", "mist"], "--level mist: did you mean 'must'?"),
        (["--area", "objcts"], "--area objcts: did you mean 'objects'?"),
        (["-m", "aera"], "unknown marker 'aera' in -m, did you mean 'area'?"),
        (["--seed", "x"], "--seed x: give a whole number"),
        (["--config", "nowhere.toml"], "nowhere.toml cannot be read: No such file"),
        (["--known-differences", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_a_wrong_option_is_an_error_with_the_nearest_name(
    run: Run, arguments: list[str], told: str
) -> None:
    result = run(*arguments)

    assert result.ret == 4
    assert told in result.stderr.str() + result.stdout.str()
    assert "Traceback" not in result.stderr.str()


def test_collecting_needs_no_server_and_no_configuration(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_suite='''
        import pytest

        @pytest.mark.area("objects")
        @pytest.mark.spec("rest/objects")
        def test_it(parse):
            """It works."""
        '''
    )

    result = run_pytest(pytester, "--co", "-q")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["test_suite.py::test_it?hosted?", "test_suite.py::test_it?selfhosted?"]
    )
    assert not (pytester.path / "reports").exists()


def test_the_command_line_goes_before_the_environment_before_the_ini(
    configured: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured.makeini("[pytest]\nparity_seed = 1\n")

    assert "seed 1," in run("--co").stdout.str()
    monkeypatch.setenv("PARITY_SEED", "2")
    assert "seed 2," in run("--co").stdout.str()
    assert "seed 3," in run("--co", "--seed", "3").stdout.str()


def test_areas_and_levels_select(run: Run) -> None:
    run("--level", "may").assert_outcomes(passed=1, deselected=1)
    run("--area", "objects").assert_outcomes(passed=2)


def test_a_check_that_says_too_little_of_itself_is_refused(
    configured: pytest.Pytester, run: Run
) -> None:
    configured.makepyfile(
        test_suite="""
        import pytest

        @pytest.mark.level("sometimes")
        def test_it(parse):
            assert parse
        """
    )

    result = run()

    assert result.ret == 4
    told = result.stderr.str()
    for problem in ('@pytest.mark.area("…")', "level 'sometimes'", "mark.spec", "docstring"):
        assert problem in told


def test_tests_that_use_no_target_run_without_one(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_plain(): assert True")

    result = run_pytest(pytester)

    result.assert_outcomes(passed=1)
    assert not (pytester.path / "reports").exists()
    result.stdout.no_fnmatch_line("*parse-parity ===*")


def test_an_unwritable_report_folder_is_told_at_the_start(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run
) -> None:
    (configured.path / "taken").write_text("a file, not a folder", encoding="utf-8")

    result = run("--report-dir", "taken")

    assert result.ret == 4
    assert "cannot be written" in result.stderr.str()
    assert fake_parse.requests == []


def test_a_full_disk_is_told_at_the_start(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run
) -> None:
    configured.makeconftest(
        """
        import shutil
        from collections import namedtuple

        usage = namedtuple("usage", "total used free")
        shutil.disk_usage = lambda path: usage(10**12, 10**12 - 4096, 4096)
        """
    )

    result = run()

    assert result.ret == 4
    assert "only 0 MB are free" in result.stderr.str()
    assert fake_parse.requests == []


def test_the_seed_makes_the_data(configured: pytest.Pytester, run: Run) -> None:
    configured.makepyfile(
        test_suite='''
        import pytest

        @pytest.mark.area("objects")
        @pytest.mark.spec("rest/objects")
        def test_it(rng, parse):
            """It prints."""
            print("drew", rng.random())
        '''
    )

    def drawn(*arguments: str) -> list[str]:
        lines = run("-s", *arguments).stdout.lines
        return [line for line in lines if "drew" in line]

    assert drawn("--seed", "1") == drawn("--seed", "1") != drawn("--seed", "2")


def test_an_interrupted_run_is_marked_and_keeps_its_evidence(
    configured: pytest.Pytester, run: Run
) -> None:
    configured.makepyfile(
        test_suite='''
        import pytest

        pytestmark = [pytest.mark.area("objects"), pytest.mark.spec("rest/objects")]

        def test_first(parse, new_class, expect):
            """The first one passes."""
            expect.status(parse.create(new_class()), 201)

        def test_second(parse):
            """In the second one somebody presses Ctrl-C."""
            raise KeyboardInterrupt
        '''
    )

    result = run()

    assert result.ret == 2
    evidence = evidence_of(configured.path)
    assert evidence.footer.interrupted
    assert len(evidence.checks) >= 1
    assert list(configured.path.glob("reports/*/report.html"))
