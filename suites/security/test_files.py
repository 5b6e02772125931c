"""Files that a browser would run as a page of the server's own host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.security.conftest import Refused

pytestmark = [
    pytest.mark.area("security"),
    pytest.mark.effect("destructive"),
    pytest.mark.requires("file_upload"),
]

PAGE = b"<html><script>alert(1)</script></html>"


@pytest.mark.spec("advisory/GHSA-9prm-jqwx-45x9", "advisory/GHSA-hcj7-6gxh-24ww")
@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", "text/html"),
        ("a.HTM", "text/html"),
        ("a.html.", "text/html"),
        ("a.xhtml", "application/xhtml+xml"),
        ("a.xht", "application/xhtml+xml"),
        ("a.svg", "image/svg+xml"),
        ("a.svgz", "image/svg+xml"),
        ("a.xml", "text/xml"),
        ("a.xsl", "text/xml"),
        ("page", "text/html"),
        ("page", "text/html;charset=utf-8"),
        ("page", "image/svg+xml"),
        ("page.unknown", "text/html"),
    ],
    ids=[
        *("html", "htm", "trailing-dot", "xhtml", "xht", "svg", "svgz", "xml", "xsl"),
        *("no-name", "charset", "svg-no-name", "unknown-name"),
    ],
)
def test_page_cannot_be_uploaded(
    parse: ParseClient, master: ParseClient, refused: Refused, name: str, content_type: str
) -> None:
    """A client cannot upload what a browser runs as a page of the server."""
    reply = parse.upload(name, PAGE, content_type)

    if reply.ok:
        master.delete(f"files/{reply['name']}", raw=True)
    refused(reply)


@pytest.mark.spec("parse-server/8.6.94#FilesController.createFile")
def test_picture_is_not_served_as_a_page(
    parse: ParseClient, master: ParseClient, expect: Expect
) -> None:
    """The name of a file decides as what it is served, whatever type was claimed for it."""
    stored = parse.upload("a.png", PAGE, "text/html")
    served = parse.download(stored["url"])
    master.delete(f"files/{stored['name']}", raw=True)

    kind = served.headers.get("Content-Type", "").partition(";")[0]
    expect.equal("a page" if kind == "text/html" else "no page", "no page", at="$served")
