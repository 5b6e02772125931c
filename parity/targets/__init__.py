"""Where to send: settings, clients, capability probes and safety interlocks."""

from parity.targets.app import App
from parity.targets.client import ParseClient
from parity.targets.interlocks import refuse_shared_database, refuse_write
from parity.targets.namespace import Namespace
from parity.targets.probes import CAPABILITIES, Capability, ServerFacts, probe, server_version
from parity.targets.reply import Reply
from parity.targets.secrets import secrets_of
from parity.targets.settings import Settings, load_app, load_settings

__all__ = [
    "CAPABILITIES",
    "App",
    "Capability",
    "Namespace",
    "ParseClient",
    "Reply",
    "ServerFacts",
    "Settings",
    "load_app",
    "load_settings",
    "probe",
    "refuse_shared_database",
    "refuse_write",
    "secrets_of",
    "server_version",
]
