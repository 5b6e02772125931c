"""The app settings of the guide's step 6: what the hosted app had, what the server does now.

A setting is a row of ``settings.toml`` and a probe in ``probes/``. The probe finds out by behaviour
what the server does; :mod:`parity.jobs.settings.judge` holds it against what the hosted app had.
"""

from parity.jobs.settings.catalogue import Setting, catalogue
from parity.jobs.settings.hosted import HostedSettings, read_hosted, template
from parity.jobs.settings.job import SettingsJob
from parity.jobs.settings.judge import ComparedSetting, judge
from parity.jobs.settings.survey import survey

__all__ = [
    "ComparedSetting",
    "HostedSettings",
    "Setting",
    "SettingsJob",
    "catalogue",
    "judge",
    "read_hosted",
    "survey",
    "template",
]
