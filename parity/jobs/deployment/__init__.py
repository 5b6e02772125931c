"""The server that clients will reach: is it safe, reachable, and does it survive a restart?

Everything here asks over the network, as anybody can; nothing reads a configuration of the server.
"""

from parity.jobs.deployment.checks import Check, DeploymentOptions
from parity.jobs.deployment.job import DeploymentJob

__all__ = ["Check", "DeploymentJob", "DeploymentOptions"]
