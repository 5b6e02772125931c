"""The grammar of what a server mints: ids, session tokens, file names, file URLs.

Sources: recorded traffic (hosted 2015, 2016; self-hosted 2017); parse-server
``src/cryptoUtils.js`` (``newObjectId``, ``newToken``) and ``src/Controllers/FilesController.js``
(the prefix of a file name, the legacy file hosts).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

_HEX_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

OBJECT_ID: Final = re.compile(r"[A-Za-z0-9]{10}")
"""Both styles; the ids of jobs (``X-Parse-Job-Status-Id``) and pushes are object ids too."""
INSTALLATION_ID: Final = re.compile(_HEX_UUID)
"""Minted by SDKs; parse-server lower-cases it (``RestWrite.handleInstallation``)."""


class TokenFormat(StrEnum):
    """Which server minted a session token."""

    LEGACY = "legacy"
    """Hosted, not revocable: 25 letters and digits (recorded 2014, 2015)."""
    HOSTED = "hosted"
    """Hosted, revocable: ``r:`` and 25 letters and digits (recorded 2016)."""
    PARSE_SERVER = "parse-server"
    """Self-hosted: ``r:`` and 32 lower-case hexadecimal digits (recorded 2017)."""


SESSION_TOKENS: Final = {
    TokenFormat.PARSE_SERVER: re.compile(r"r:[0-9a-f]{32}"),
    TokenFormat.HOSTED: re.compile(r"r:[A-Za-z0-9]{25}"),
    TokenFormat.LEGACY: re.compile(r"[A-Za-z0-9]{25}"),
}


class FileNameFormat(StrEnum):
    """Which server minted a file name."""

    HOSTED = "hosted"
    """``tfss-<uuid>-<name>`` (recorded 2015, 2016)."""
    HOSTED_LEGACY = "hosted-legacy"
    """``<uuid>-<name>``, before ``tfss-`` (``FilesController.expandFilesInObject``)."""
    PARSE_SERVER = "parse-server"
    """``<32 hexadecimal digits>_<name>`` (recorded 2017)."""


FILE_NAMES: Final = {
    FileNameFormat.HOSTED: re.compile(rf"(?P<id>tfss-{_HEX_UUID})-(?P<name>.+)"),
    FileNameFormat.HOSTED_LEGACY: re.compile(rf"(?P<id>{_HEX_UUID})-(?P<name>.+)"),
    FileNameFormat.PARSE_SERVER: re.compile(r"(?P<id>[0-9a-f]{32})_(?P<name>.+)"),
}

LEGACY_FILE_HOSTS: Final = frozenset({"files.parsetfss.com", "files.parse.com"})
"""The hosted service's file hosts, both gone since January 2017."""


def is_object_id(text: str) -> bool:
    """Tell whether ``text`` has the form of a minted object id (10 letters and digits)."""
    return OBJECT_ID.fullmatch(text) is not None


def is_installation_id(text: str) -> bool:
    """Tell whether ``text`` has the form of an installation id (a lower-case UUID)."""
    return INSTALLATION_ID.fullmatch(text) is not None


def token_format(text: str) -> TokenFormat | None:
    """Return the format of a session token, or ``None`` if it has none of the three."""
    for name, pattern in SESSION_TOKENS.items():
        if pattern.fullmatch(text):
            return name
    return None


@dataclass(frozen=True, slots=True)
class MintedFileName:
    """A file name as a server stores it.

    Attributes:
        format: Who minted it.
        id: The part that the server made, without the separator: ``tfss-<uuid>``.
        name: What the client called the file.
    """

    format: FileNameFormat
    id: str
    name: str


def parse_file_name(text: str) -> MintedFileName | None:
    """Split a minted file name, or return ``None`` if it has none of the three formats."""
    for name, pattern in FILE_NAMES.items():
        if match := pattern.fullmatch(text):
            return MintedFileName(name, match["id"], match["name"])
    return None


@dataclass(frozen=True, slots=True)
class FileUrl:
    """Where a file is served.

    Attributes:
        base: Everything before the owner: ``http://files.parsetfss.com`` or
            ``https://example.com/parse/files``.
        owner: The file key (hosted) or the application id (self-hosted), decoded.
        name: The stored file name, decoded.
    """

    base: str
    owner: str
    name: str


def parse_file_url(url: str) -> FileUrl | None:
    """Split ``http://<legacy host>/<file key>/<name>`` or ``<mount>/files/<app id>/<name>``.

    Returns:
        The parts, or ``None`` for any other URL.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    rest, _, name = parts.path.rpartition("/")
    folder, _, owner = rest.rpartition("/")
    served = host in LEGACY_FILE_HOSTS or folder.endswith("/files")
    if parts.scheme not in {"http", "https"} or not (host and owner and name and served):
        return None
    return FileUrl(f"{parts.scheme}://{parts.netloc}{folder}", unquote(owner), unquote(name))
