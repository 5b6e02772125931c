"""What the files of an app say of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a server, as a file says it.

    Attributes:
        variable: The environment variable that holds it; empty if it is written there.
        value: The value itself, or the default where the variable is not set; may be a secret.
        place: Where it was found: ``index.js:14``.
    """

    variable: str = ""
    value: str = field(default="", repr=False)
    place: str = ""

    def __bool__(self) -> bool:
        return bool(self.variable or self.value)


Settings = dict[str, Setting]
"""By the name of the setting in ``parity.toml``: ``url``, ``app_id``, ``rest_key``, …."""


@dataclass(slots=True)
class Found:
    """Everything that was found of one app.

    Attributes:
        selfhosted: The new server.
        hosted: The app on the hosted service.
        deployed: The server that clients will reach.
        recording: Recorded traffic, relative to the folder.
        cloud: Folder or file of the cloud code.
        clients: Folders and files of the clients.
        web: A recording of the website, or a list of its URLs.
        hosted_settings: What the hosted app had set.
        variables: Names of the variables of a ``.env`` that is there already.
    """

    selfhosted: Settings = field(default_factory=dict)
    hosted: Settings = field(default_factory=dict)
    deployed: Settings = field(default_factory=dict)
    recording: str = ""
    cloud: str = ""
    clients: tuple[str, ...] = ()
    web: str = ""
    hosted_settings: str = ""
    variables: frozenset[str] = frozenset()

    @property
    def targets(self) -> dict[str, Settings]:
        """What is known of each target, by its name."""
        return {"hosted": self.hosted, "selfhosted": self.selfhosted, "deployed": self.deployed}
