"""Load: Locust users that are Parse clients, open-loop pacing, and the process that owns Locust.

Locust replaces parts of Python's standard library when it is imported (gevent), so nothing here
imports it but the modules that only run inside of Locust: ``locustfile``, ``users`` and those that
the files of ``loadtests/`` import.
"""
