"""``parity audit``: is one Parse database sound in itself?

:func:`parity.jobs.audit.engine.audit_database` reads every collection once; what the codes mean is
in ``codes.toml``.
"""
