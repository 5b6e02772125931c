"""The app settings of the guide's step 6: what the hosted app had, what the server does now.

A setting is a row of ``settings.toml`` and a probe in ``probes/``. The probe finds out by behaviour
what the server does; :mod:`parity.jobs.settings.judge` holds it against what the hosted app had.
Nothing is imported here, because ``parity explain`` reads the rows without the job.
"""
