"""Pages: one HTML file each, which loads nothing, runs nothing and says so to the browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
)
from jinja2.bccache import Bucket
from markupsafe import Markup

from parity.html.text import visible_lines


class _Compiled(BytecodeCache):
    """What this process compiled already: that takes longer than to render a page."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code, if it is of this very source."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code."""
        self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def render(
    package: str,
    template: str,
    *,
    style: tuple[str, ...] = (),
    filters: Mapping[str, Callable[..., Any]] | None = None,
    **values: Any,
) -> str:
    """Return a page. Every value is escaped: evidence is hostile text.

    Args:
        package: The package whose folder ``templates`` has the template: ``parity.gate``.
        template: Its file. It extends ``html/page.html``; ``html/parts.html`` has the macros.
        style: Further style sheets from the same folder, after the shared one.
        filters: Filters of the template by name.
        **values: What the template shows.

    Raises:
        jinja2.TemplateError: If the template asks for something that is not there.
    """
    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader(package, "templates"),
                PrefixLoader({"html": PackageLoader("parity.html", "templates")}),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible_lines,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
    )
    environment.filters.update(filters or {})
    sheets = [("parity.html", "style.css"), *((package, name) for name in style)]
    text = "".join(
        files(each).joinpath("templates", name).read_text("utf-8") for each, name in sheets
    )
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    environment.globals.update(
        style=Markup(text),  # noqa: S704 - our own files, not evidence
        style_digest=digest,
    )
    return environment.get_template(template).render(**values)
