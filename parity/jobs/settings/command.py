"""``parity settings``: does the server have the settings of the hosted app?"""

from __future__ import annotations

from pathlib import Path

import click

from parity.job import run_job
from parity.jobs.settings.hosted import HostedSettings, read_hosted, template
from parity.jobs.settings.job import SettingsJob
from parity.model import ExitCode, UserError
from parity.options import config_option, configured, json_option, report_dir_option


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
    if show_template:
        click.echo(template(), nl=False)
        return ExitCode.PASS
    if target is None:
        raise UserError("which server? --target is missing", "Give it: --target selfhosted")
    said = read_hosted(hosted) if hosted else HostedSettings()
    chosen, folder = configured(target, config)
    job = SettingsJob(chosen, said, allow_mail=allow_mail)
    return run_job(job, reports or folder, as_json=as_json)
