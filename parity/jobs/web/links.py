"""Links of a page that lead to the hosted service, or to the old site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

LINKING: Final = frozenset(
    {"href", "src", "action", "formaction", "data", "poster", "srcset", "background", "content"}
)
"""Attributes that make a browser ask for something; ``content`` for refreshes and previews."""
HOSTED_HOST: Final = re.compile(
    r"(?:api|files|push)\.parse\.com|files\.parsetfss\.com|(?:[\w-]+\.)*parseapp\.com"
    r"|(?:www\.)?parsecdn\.com"
)
"""What ended with the hosted service: API, files, websites, the SDK's CDN."""
_URL: Final = re.compile(
    r"(?:https?:)?(?:\\?/){2}(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?)"
    r"[^\s\"'<>()]*"
)
_SCRIPTS: Final = ("javascript", "ecmascript", "css", "json")


def hosted_links(mime: str, text: str, old: str | None) -> list[str]:
    """Return the links that lead to the hosted service or the old site, each once, in order.

    In HTML, attributes and the text of scripts and styles are looked at, not what people read.

    Args:
        mime: Media type of the answer.
        text: Its text.
        old: Host (and port) of the old site; ``None`` if links to it stay right.
    """
    if "html" in mime:
        parser = _Links()
        parser.feed(text)
        parser.close()
        candidates = [*parser.urls, *_urls("\n".join(parser.scripts))]
    elif any(part in mime for part in _SCRIPTS):
        candidates = list(_urls(text))
    else:
        return []
    return list(dict.fromkeys(url for url in candidates if leads_away(url, old)))


def leads_away(url: str, old: str | None) -> bool:
    """Tell whether a URL leads to the hosted service or to the old site."""
    match = _URL.match(url)
    if match is None:
        return False
    host = match["host"].lower()
    if old is not None and host == old.lower():
        return True
    name = urlsplit(f"//{host}").hostname or ""
    return HOSTED_HOST.fullmatch(name) is not None


def _urls(text: str) -> Iterator[str]:
    return (match[0] for match in _URL.finditer(text))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.urls: list[str] = []
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag in {"script", "style"}
        for name, value in attrs:
            if value and name == "style":
                self.scripts.append(value)
            elif value and (name in LINKING or name.startswith(("data-", "on"))):
                self.urls += _urls(value)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - its signature
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts.append(data)
