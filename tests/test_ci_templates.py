"""The CI templates: what a parser can find wrong with them, without a CI."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from parity.cli import main
from parity.gate import GateFile, load_gate
from parity.paths import shipped
from parity.targets.settings import load_settings

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "ci"
GITHUB, GITLAB = "github-actions.yml", "gitlab-ci.yml"
TEMPLATES = (GITHUB, GITLAB)
_KEYWORDS = ("variables", "stages", "workflow", "default", "include", "image")
_ENDS = frozenset({"||", "&&", "|", ";", ">", ">>", "2>", "2>&1", "&"})


@dataclass(frozen=True, slots=True)
class Script:
    """What one step runs."""

    job: str
    text: str
    env: dict[str, str]


@cache
def read(name: str) -> dict[str, Any]:
    value = YAML(typ="safe").load((FOLDER / name).read_text("utf-8"))
    assert isinstance(value, dict)
    return value


def jobs(name: str) -> dict[str, dict[str, Any]]:
    document = read(name)
    if name == GITHUB:
        found = document["jobs"]
        assert isinstance(found, dict)
        return found
    return {
        key: _extended(document, each)
        for key, each in document.items()
        if key not in _KEYWORDS and not key.startswith(".")
    }


def _extended(document: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """Return a job of GitLab with what it extends: maps are merged, all else is replaced."""
    base = document[job["extends"]] if "extends" in job else {}
    return _merged(base, job)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for name, value in over.items():
        old = both.get(name)
        is_map = isinstance(old, dict) and isinstance(value, dict)
        both[name] = _merged(old, value) if is_map else value  # type: ignore[arg-type]
    return both


def scripts(name: str) -> list[Script]:
    found = []
    for job, each in jobs(name).items():
        if name == GITHUB:
            env = dict(each.get("env", {}))
            found += [
                Script(job, step["run"], {**env, **step.get("env", {})})
                for step in each["steps"]
                if "run" in step
            ]
        else:
            before = each.get("before_script", read(name)["default"]["before_script"])
            # The runner hands all lines of a job to one shell.
            found.append(Script(job, "\n".join([*before, *each["script"]]), {}))
    return found


def commands(name: str, program: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the job and the arguments of each call of a program."""
    for script in scripts(name):
        text = script.text.replace("\\\n", " ").replace('"$(parity suites)"', "suites/")
        for line in text.splitlines():
            words = shlex.split(line, comments=True) if f"{program} " in line else []
            if words[:1] == [program]:
                end = next((n for n, word in enumerate(words) if word in _ENDS), len(words))
                yield script.job, words[1:end]


def parity_lines() -> list[tuple[str, str, list[str]]]:
    return [(name, job, args) for name in TEMPLATES for job, args in commands(name, "parity")]


@pytest.mark.parametrize(
    ("name", "schema", "more"),
    [
        (GITHUB, "vendor.github-workflows", ()),
        (GITLAB, "vendor.gitlab-ci", ("--data-transform", "gitlab-ci")),
    ],
)
def test_a_template_fits_the_schema_of_its_ci(
    name: str, schema: str, more: tuple[str, ...]
) -> None:
    # The schemas are in the wheel of check-jsonschema; nothing is fetched.
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *more]
    done = subprocess.run(
        [*command, str(FOLDER / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "job", "arguments"),
    parity_lines(),
    ids=[f"{name}-{' '.join(args)[:50]}" for name, _, args in parity_lines()],
)
def test_every_parity_command_is_understood(
    name: str, job: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for argument in arguments:
        # Options that want a file or a folder look whether it is there.
        path = tmp_path / argument
        if argument.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        elif "." in argument and not argument.startswith("-"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    with _parsed(arguments) as inner:
        assert inner.args == []


def _parsed(arguments: list[str]) -> click.Context:
    """Parse a command line as `parity` does, and run nothing."""
    with click.Context(main, info_name="parity") as context:
        name, command, rest = main.resolve_command(context, list(arguments))
        assert command is not None
        return command.make_context(name, list(rest), parent=context)


def test_a_renamed_option_is_noticed() -> None:
    with pytest.raises(click.NoSuchOption):
        _parsed(["gate", "8", "--explained"])
    with pytest.raises(click.UsageError, match="No such command"):
        _parsed(["gates", "8"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_pytest_command_is_understood(name: str, pytestconfig: pytest.Config) -> None:
    calls = list(commands(name, "pytest"))
    assert len(calls) == 2
    for _, arguments in calls:
        # This pytest has our plugin; parsing changes nothing in it.
        parsed = pytestconfig._parser.parse(arguments)
        assert parsed.file_or_dir == ["suites/"]
        assert str(parsed.report_dir) == "reports"
        if "--area" in arguments:
            area = arguments[arguments.index("--area") + 1]
            assert (shipped("suites") / area).is_dir()
    with pytest.raises(pytest.UsageError):
        pytestconfig._parser.parse(["suites/", "--renamed"])


def test_both_templates_ask_the_same() -> None:
    def asked(name: str, program: str) -> set[str]:
        return {" ".join(args) for _, args in commands(name, program)}

    assert asked(GITHUB, "parity") == asked(GITLAB, "parity")
    assert {each.partition(" --junit")[0] for each in asked(GITHUB, "pytest")} == {
        each.partition(" --junit")[0] for each in asked(GITLAB, "pytest")
    }


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_rule_of_both_gates_gets_its_evidence(name: str) -> None:
    makes = {"size": "size", "suites": "pytest"}
    called = {args[0] for _, args in commands(name, "parity")}
    called |= {"pytest" for _ in commands(name, "pytest")}
    rules = [rule for number in ("8", "11") for rule in load_gate(number, GateFile()).rules]
    wanted = {makes.get(rule.job, rule.job) for rule in rules if rule.job}
    assert {"verify", "replay", "scan", "deployment"} <= wanted
    assert wanted <= called
    assert {"gate", "dossier", "settings"} <= called
    audits = [args for _, args in commands(name, "parity") if args[0] == "audit"]
    assert all("--check-files" in args for args in audits), "the rule `files` wants it"


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_judged_by_a_part(name: str) -> None:
    """Evidence of a part proves nothing, so a template must not make such."""
    rules = [each for number in ("8", "11") for each in load_gate(number, GateFile()).rules]
    for rule in rules:
        program = "pytest" if rule.job == "suites" else "parity"
        for _, args in commands(name, program):
            if program == "pytest" or args[0] == rule.job:
                assert not set(args) & set(rule.partial), args


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_job_ends_and_keeps_its_evidence(name: str) -> None:
    for job, each in jobs(name).items():
        assert each.get("timeout-minutes") or each.get("timeout"), job
        if name == GITLAB:
            assert each["artifacts"]["when"] == "always", job
            assert "reports/" in each["artifacts"]["paths"], job
            continue
        kept = [s for s in each["steps"] if "upload-artifact" in s.get("uses", "")]
        assert kept, job
        assert all("!cancelled()" in step["if"] for step in kept), "also when a check failed"


def test_the_gate_gets_what_every_job_kept() -> None:
    github = jobs(GITHUB)
    assert set(github["gate"]["needs"]) == set(github) - {"gate"}
    assert github["gate"]["if"].startswith("${{ !cancelled()"), "also when a job has failed"
    names = {
        step["with"]["name"]
        for job, each in github.items()
        if job != "gate"
        for step in each["steps"]
        if "upload-artifact" in step.get("uses", "")
    }
    assert all(name.startswith("evidence-") for name in names)
    patterns = [
        step["with"].get("pattern")
        for step in github["gate"]["steps"]
        if "download-artifact" in step.get("uses", "")
    ]
    assert "evidence-*" in patterns
    stages = read(GITLAB)["stages"]
    assert stages[-1] == jobs(GITLAB)["gate"]["stage"] == "gate"
    assert {each["stage"] for each in jobs(GITLAB).values()} == set(stages)


def _programs(folder: Path, parity: str) -> dict[str, str]:
    """Return an environment with a ``parity`` and a ``pytest`` of our own, which are counted."""
    log = folder / "called"
    log.touch()
    tools = folder / "bin"
    tools.mkdir()
    for name, body in (("parity", parity), ("pytest", "exit 1"), ("python", ""), ("apt-get", "")):
        path = tools / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {log}\n{body}\n')
        path.chmod(0o755)
    return {"PATH": f"{tools}:/usr/bin:/bin"}


def _bash(text: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script as both CIs do: it ends at the first line that fails, also in a pipe."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("single", [True, False])
def test_runs_of_all_jobs_end_up_side_by_side(tmp_path: Path, single: bool) -> None:  # noqa: FBT001 - a case
    """GitHub keeps the folder ``reports`` in an artifact only if something was beside it."""
    (script,) = (each for each in scripts(GITHUB) if "fetched/" in each.text)
    wanted = set()
    for number, inner in enumerate(("", "reports/") if not single else ("",)):
        run = tmp_path / "fetched" / f"evidence-{number}" / f"{inner}run-{number}"
        run.mkdir(parents=True)
        (run / "evidence.jsonl").write_text("{}")
        wanted.add(f"run-{number}/evidence.jsonl")
    kept = tmp_path / "reports" / "run-of-gate-8"
    kept.mkdir(parents=True)
    done = _bash(script.text, tmp_path, {"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    found = (tmp_path / "reports").rglob("*.jsonl")
    assert {str(each.relative_to(tmp_path / "reports")) for each in found} == wanted
    assert kept.is_dir(), "what gate 8 was judged by stays"


def test_without_any_evidence_the_gate_is_still_judged(tmp_path: Path) -> None:
    (script,) = (each for each in scripts(GITHUB) if "fetched/" in each.text)
    assert _bash(script.text, tmp_path, {"PATH": "/usr/bin:/bin"}).returncode == 0
    assert (tmp_path / "reports").is_dir()


@pytest.mark.parametrize("status", [0, 1, 2])
@pytest.mark.parametrize("name", TEMPLATES)
def test_the_server_is_restarted_when_parity_asks_and_its_verdict_counts(
    tmp_path: Path, name: str, status: int
) -> None:
    env = _programs(
        tmp_path,
        f'[ "$1" = suites ] && exit 0\n'
        f"echo \"Restart the server of 'deployed' now.\" >&2; echo pass; exit {status}",
    )
    (tmp_path / "bin" / "pytest").write_text("#!/bin/bash\n")
    restart = tmp_path / "scripts" / "restart-deployed"
    restart.parent.mkdir()
    restart.write_text("#!/bin/bash\necho restarted >> called\n")
    restart.chmod(0o755)
    (script,) = (each for each in scripts(name) if "restart-deployed" in each.text)
    done = _bash(script.text, tmp_path, env)
    assert done.returncode == status, done.stderr
    assert (tmp_path / "called").read_text().count("restarted") == 1
    assert "pass" in done.stdout


@pytest.mark.parametrize("job", ["data", "suites", "gate"])
def test_a_job_of_gitlab_goes_on_after_a_failure_and_fails(tmp_path: Path, job: str) -> None:
    env = _programs(tmp_path, '[ "$1" = suites ] && exit 0\nexit 1')
    (script,) = (each for each in scripts(GITLAB) if each.job == job)
    done = _bash(script.text, tmp_path, {**env, "PARITY_GATE": "8"})
    assert done.returncode == 1
    called = (tmp_path / "called").read_text()
    wanted = {
        "data": ("parity preflight", "parity verify", "parity audit"),
        "suites": ("pytest", "parity settings", "parity files"),
        "gate": ("parity gate 8", "parity dossier --gate 8"),
    }[job]
    assert all(each in called for each in wanted), called
    assert "traffic/site.har" not in called, "there is none"


def test_needs_name_jobs_and_come_before() -> None:
    seen: set[str] = set()
    for job, each in jobs(GITHUB).items():
        assert set(each.get("needs", ())) <= seen, job
        seen.add(job)
        for step in each["steps"]:
            assert ("run" in step) != ("uses" in step), step


def test_the_data_is_verified_before_anything_writes_to_it() -> None:
    for job in ("suites", "replay", "size"):
        assert "data" in jobs(GITHUB)[job]["needs"]
    stages = read(GITLAB)["stages"]
    assert all(stages.index("data") < stages.index(each) for each in ("suites", "replay", "size"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_script_is_made_of_foreign_text(name: str) -> None:
    """What an expression expands to would be run by the shell: a title of a pull request, …."""
    for script in scripts(name):
        assert "${{" not in script.text, script
        assert "eval " not in script.text
        done = subprocess.run(
            ["bash", "-n"], input=script.text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_secret_is_shown(name: str) -> None:
    for script in scripts(name):
        assert not re.search(r"^\s*(env|printenv|set|export|set -x)\s*$", script.text, re.MULTILINE)
        assert "set -x" not in script.text
        secret = [key for key, value in script.env.items() if "secrets." in str(value)]
        for key in secret:
            # Commands take them from the environment by themselves.
            assert key not in script.text, key


def test_secrets_go_only_where_they_are_needed() -> None:
    document = read(GITHUB)
    assert "secrets." not in str(document["env"])
    assert "secrets." not in str(jobs(GITHUB)["scan"]), "it runs for pull requests from forks"
    assert "secrets." not in str(jobs(GITHUB)["gate"])
    for job, each in jobs(GITHUB).items():
        for step in each["steps"]:
            assert "secrets." not in str(step.get("with", {})), job
    assert document["permissions"] == {"contents": "read"}
    text = (FOLDER / GITHUB).read_text()
    assert "pull_request_target" not in text
    checkouts = [
        step
        for each in jobs(GITHUB).values()
        for step in each["steps"]
        if "actions/checkout" in step.get("uses", "")
    ]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    uses = re.findall(r"uses: (\S+)", text)
    assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", use) for use in uses)


def test_the_secrets_are_those_of_the_settings() -> None:
    """Each job gets the secrets of the targets that its commands name, and no others."""
    text = (FOLDER / "parity.toml").read_text()
    of_target = {
        block.partition("]")[0]: set(re.findall(r'"env:(\w+)"', block))
        for block in text.split("[targets.")[1:]
    }
    settings = load_settings(
        FOLDER / "parity.toml",
        {name: "mongodb://h/db" for names in of_target.values() for name in names},
    )
    assert set(settings.targets) == set(of_target)
    for job, each in jobs(GITHUB).items():
        named = {
            word
            for program in ("parity", "pytest")
            for where, args in commands(GITHUB, program)
            if where == job
            for option, word in itertools.pairwise(args)
            if option in ("--target", "--from", "--to")
        }
        wanted = {name for target in named for name in of_target[target]}
        given = {key for key, value in each.get("env", {}).items() if "secrets." in value}
        assert given == wanted, job
        assert all(each["env"][key] == f"${{{{ secrets.{key} }}}}" for key in given)


def test_the_readme_names_every_file_and_secret_that_is_wanted() -> None:
    readme = (FOLDER / "README.md").read_text()
    settings = (FOLDER / "parity.toml").read_text()
    for name in re.findall(r'"env:(\w+)"', settings):
        assert f"`{name}`" in readme, name
    for name in (
        *TEMPLATES,
        "parity.toml",
        "parity-gate.toml",
        "requirements-parity.txt",
        "hosted-settings.toml",
        "traffic/app.jsonl",
        "traffic/app.toml",
        "traffic/site.har",
        "scripts/restart-deployed",
        "PARITY_COMMENT_TOKEN",
        "PARITY_GATE_8_JOB",
    ):
        assert f"`{name}`" in readme, name
