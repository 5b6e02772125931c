"""Files of the app: do old ones resolve, and do new ones land in the chosen store?

:func:`try_files` stores files through the server and looks what becomes of them;
:mod:`parity.jobs.files.checks` makes evidence of that.
"""

from parity.jobs.files.codes import Code
from parity.jobs.files.download import Downloader
from parity.jobs.files.results import Bench, Found, Kept, Wanted
from parity.jobs.files.store import left_in_gridfs, read_expected
from parity.jobs.files.trial import try_files

__all__ = [
    "Bench",
    "Code",
    "Downloader",
    "Found",
    "Kept",
    "Wanted",
    "left_in_gridfs",
    "read_expected",
    "try_files",
]
