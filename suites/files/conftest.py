"""What the file checks share: uploads that are known to have worked, and the URLs around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from parity.targets import ParseClient

Upload = Callable[..., "Stored"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was uploaded for one check.

    Attributes:
        name: Name that the server gave it.
        url: Where it can be fetched.
    """

    name: str
    url: str

    @property
    def value(self) -> dict[str, str]:
        """The value that an object's field is set to (REST guide, "Associating with Objects")."""
        return {"__type": "File", "name": self.name}

    @property
    def read(self) -> dict[str, str]:
        """The value that an object's field is read as."""
        return {"__type": "File", "name": self.name, "url": self.url}


@pytest.fixture
def upload(parse: ParseClient) -> Upload:
    """Upload a file with the REST key: ``upload(b"text", "hello.txt")``."""

    def make(
        content: bytes = b"Hello, World!",
        name: str = "hello.txt",
        content_type: str = "text/plain",
    ) -> Stored:
        reply = parse.upload(name, content, content_type)
        reply.needed("a file", 201)
        return Stored(reply["name"], reply["url"])

    return make
