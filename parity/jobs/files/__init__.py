"""Files of the app: do old ones resolve, and do new ones land in the chosen store?

:func:`parity.jobs.files.trial.try_files` stores files through the server and looks what becomes of
them; :class:`FilesJob` makes evidence of that.
"""

from parity.jobs.files.job import FilesJob
from parity.jobs.files.results import FilesOptions, StepResult, TrialContext
from parity.jobs.files.store import read_expected

__all__ = ["FilesJob", "FilesOptions", "StepResult", "TrialContext", "read_expected"]
