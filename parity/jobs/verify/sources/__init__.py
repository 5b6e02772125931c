"""Sources that are not MongoDB: the hosted JSON export, and a REST API with master key.

::

    from parity.jobs.verify.sources import RestSource, SourceOptions, open_export, verify_source

    source = open_export(Path("export.zip"))         # or RestSource(target, classes=())
    options = SourceOptions(work=folder, resume=False)
    result = verify_source(source, "mongodb://…/database", options, progress, found)

The result is a :class:`parity.jobs.verify.result.VerifyResult`, as between two databases.
``progress(phase, name, rows)`` is called now and then with ``"read"`` or ``"compare"``;
``found(difference)`` with every differing object. Settings that cannot be used are a
``UserError``; a side that cannot be reached is a ``HarnessError``; a class that cannot be read to
its end is ``State.NOT_JUDGED`` in the result. The index of the source stays in ``options.work``
when the run did not get to its end, and ``resume=True`` goes on with it.
"""

from parity.jobs.verify.sources.export import ExportSource, open_export
from parity.jobs.verify.sources.options import Found, Progress, RestSource, SourceOptions
from parity.jobs.verify.sources.run import verify_source

__all__ = [
    "ExportSource",
    "Found",
    "Progress",
    "RestSource",
    "SourceOptions",
    "open_export",
    "verify_source",
]
