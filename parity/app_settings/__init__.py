"""The app settings of the guide's step 6: what the hosted app had, what the server does now.

A setting is a row of ``settings.toml`` and a probe in ``probes/``. The probe finds out by behaviour
what the server does; :mod:`parity.app_settings.judge` holds it against what the hosted app had.
"""

from parity.app_settings.catalogue import Setting, catalogue
from parity.app_settings.hosted import HostedSettings, read_hosted, template
from parity.app_settings.judge import Judged, judge
from parity.app_settings.survey import survey

__all__ = [
    "HostedSettings",
    "Judged",
    "Setting",
    "catalogue",
    "judge",
    "read_hosted",
    "survey",
    "template",
]
