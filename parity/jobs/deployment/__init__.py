"""The server that clients will reach: is it safe, reachable, and does it survive a restart?

Everything here asks over the network, as anybody can; nothing reads a configuration of the server.
"""

from parity.jobs.deployment.codes import Check, Code, explain
from parity.jobs.deployment.engine import look
from parity.jobs.deployment.judged import Finding, Judged
from parity.jobs.deployment.options import Options

__all__ = ["Check", "Code", "Finding", "Judged", "Options", "explain", "look"]
