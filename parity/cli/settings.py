"""``parity settings``: does the server have the settings of the hosted app?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.mongo_target import Ticker, configured, echo_json, redactor_of
from parity.model import ExitCode, Outcome, Target, UserError
from parity.options import config_option, json_option, report_dir_option

if TYPE_CHECKING:
    from parity.jobs.settings import HostedSettings, Judged
    from parity.report.oldjob import Job
    from parity.wire import Redactor

_WORDS = {
    Outcome.PASS: "ok",
    Outcome.FAIL: "FAIL",
    Outcome.KNOWN_DIFFERENCE: "accepted",
    Outcome.UNSUPPORTED: "not known",
    Outcome.ERROR: "error",
}


@click.command()
@click.option("--target", metavar="NAME", help="A target of parity.toml: the server to ask.")
@config_option
@click.option(
    "--hosted",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the hosted app had, as TOML; see --template.",
)
@click.option(
    "--allow-mail",
    is_flag=True,
    help="The server may send an e-mail to an address that does not exist.",
)
@report_dir_option
@json_option
@click.option("--template", "show_template", is_flag=True, help="Print a settings file and stop.")
def settings(
    *,
    target: str | None,
    config: Path | None,
    hosted: Path | None,
    allow_mail: bool,
    reports: Path | None,
    as_json: bool,
    show_template: bool,
) -> ExitCode:
    """Find out by behaviour whether a server has the settings of the hosted app.

    \b
        parity settings --template > hosted-settings.toml      # then say what the app had
        parity settings --target selfhosted --config parity.toml --hosted hosted-settings.toml
        parity settings --target selfhosted --json | jq '.settings[] | select(.outcome == "fail")'

    Users, files and classes of the run's own are made and removed again; that needs writes =
    "namespaced" and the master key. Sign-ups with Facebook and Google are tried with a token that
    is made up; docs/settings.md says which Parse Servers ask those services about it.
    """  # noqa: D301 - click wants the control character
    from parity.jobs.settings import (  # noqa: PLC0415 - not for `parity --help`
        HostedSettings,
        read_hosted,
        template,
    )

    if show_template:
        click.echo(template(), nl=False)
        return ExitCode.PASS
    if target is None:
        raise UserError("which server? --target is missing", "Give it: --target selfhosted")
    said = read_hosted(hosted) if hosted else HostedSettings()
    chosen, folder = configured(target, config)
    return _run(chosen, reports or folder, said, allow_mail=allow_mail, as_json=as_json)


def _run(
    target: Target, reports: Path, hosted: HostedSettings, *, allow_mail: bool, as_json: bool
) -> ExitCode:
    from parity.jobs.settings.output import json_of  # noqa: PLC0415 - not for `parity --help`
    from parity.model.evidence import TargetFacts  # noqa: PLC0415
    from parity.report.oldjob import Job  # noqa: PLC0415
    from parity.targets import server_version  # noqa: PLC0415
    from parity.targets.identity import measured_on  # noqa: PLC0415

    version = server_version(target)
    redactor = redactor_of([target])
    digests = measured_on(target)
    if hosted.digest:
        digests["hosted_settings"] = hosted.digest
    with Job(
        name="settings",
        unit="setting",
        targets=(TargetFacts.of(target, server_version=version),),
        reports=reports,
        arguments=tuple(sys.argv[1:]),
        redactor=redactor,
        digests=digests,
    ) as job:
        judged, left = _survey(job, target, hosted, redactor, version, allow_mail=allow_mail)
        verdict = job.finish()
    if as_json:
        echo_json(
            {
                "format": "parity-settings",
                "version": 1,
                "run": str(job.folder),
                "sentence": verdict.sentence,
                "exit_code": int(job.exit_code),
                "target": target.name,
                "server_version": version,
                "not_removed": left,
                "settings": json_of(judged, redactor.text),
            }
        )
    else:
        _tell(judged, left, redactor)
        click.echo(f"{verdict.sentence}\nreport: {job.folder / 'report.html'}")
    return job.exit_code


def _survey(
    job: Job,
    target: Target,
    hosted: HostedSettings,
    redactor: Redactor,
    version: str | None,
    *,
    allow_mail: bool,
) -> tuple[list[Judged], list[str]]:
    """Probe and judge; whatever happens, what was judged so far is in the evidence."""
    from parity.jobs.settings import catalogue, judge, survey  # noqa: PLC0415 - as above
    from parity.jobs.settings.evidence import check_of, known_of, table_of  # noqa: PLC0415
    from parity.jobs.settings.survey import Result  # noqa: PLC0415

    judged: list[Judged] = []
    ticker = Ticker()

    def found(name: str, result: Result) -> None:
        one = judge(catalogue()[name], hosted, result)
        judged.append(one)
        entry = known_of(one, target.name)
        if entry is not None:
            job.known(entry)
        job.check(check_of(one, target.name, redactor.text))
        if ticker.due():
            ticker.show(f"{len(judged)} of {len(catalogue())} settings: {name}")

    left: list[str] = []
    try:
        survey(target, hosted, found, left, version=version, allow_mail=allow_mail)
    finally:
        ticker.done()
        job.table(table_of(judged, redactor.text))
        for each in left:
            job.notice("warning", f"Could not be removed: {redactor.text(each)}.", target.name)
    return judged, [redactor.text(each) for each in left]


def _tell(judged: list[Judged], left: list[str], redactor: Redactor) -> None:
    from parity.jobs.settings.evidence import hosted_words, server_words  # noqa: PLC0415

    width = max(len(each.setting.name) for each in judged)
    for each in judged:
        click.echo(f"{_word(each):>9}  {each.setting.name:<{width}}  {server_words(each)}")
        indent = " " * 11
        if each.outcome in (Outcome.FAIL, Outcome.KNOWN_DIFFERENCE):
            click.echo(f"{indent}hosted: {hosted_words(each)}")
        if each.outcome is not Outcome.PASS or each.warns:
            click.echo(f"{indent}{redactor.text(each.meaning)}")
        if each.accepted and each.outcome is Outcome.KNOWN_DIFFERENCE:
            click.echo(f"{indent}accepted: {each.accepted}")
        elif each.side is not None:
            click.echo(f"{indent}{each.side.severity}: {each.side.remedy}")
    for path in left:
        click.echo(f"could not be removed: {path}", err=True)


def _word(judged: Judged) -> str:
    if judged.warns:
        return "warning"
    unseen = judged.outcome is Outcome.UNSUPPORTED and judged.server is None
    return "not seen" if unseen else _WORDS[judged.outcome]
