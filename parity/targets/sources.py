"""Which files of a folder are source: of an app's clients, or of its cloud code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

INSTALLED: Final = frozenset(
    {
        "bower_components", "Carthage", "jspm_packages", "node_modules", "Pods", "vendor",
    }
)  # fmt: skip
"""Folders of installed packages: read for versions, not for findings."""
TOOLS: Final = frozenset(
    {".bundle", ".git", ".gradle", ".hg", ".svn", ".venv", "__pycache__", "DerivedData"}
)
"""Folders that tools keep beside the code."""
SCRIPTS: Final = frozenset({"js", "cjs", "mjs", "ts"})
MARKUP: Final = frozenset(
    {
        "html", "htm", "xhtml", "ejs", "jade", "pug", "haml", "slim", "erb", "rhtml", "hbs",
        "handlebars", "mustache", "jsp", "jspx", "jspf", "gsp", "asp", "aspx", "ascx", "master",
        "cshtml", "razor", "vbhtml", "vue", "svelte", "twig", "liquid", "jinja", "j2", "njk", "tpl",
        "php", "phtml",
    }
)  # fmt: skip
"""Endings of files that may hold ``<script>`` elements."""
UNREAD: Final = frozenset({"coffee", "litcoffee", "iced", "ls", "cljs"})
"""Languages that become JavaScript and that no grammar is at hand for: doubt, never silence."""
CODE: Final = frozenset(
    {
        "as", "bash", "bundle", "c", "cc", "cpp", "cs", "dart", "es6", "go", "groovy", "h", "ino",
        "java", "jsbundle", "jsx", "kt", "kts", "lua", "m", "mm", "pl", "pm", "py", "rb", "scala",
        "sh", "swift", "tsx", "vb", *SCRIPTS, *MARKUP, *UNREAD,
    }
)  # fmt: skip
DATA: Final = frozenset(
    {
        "asset", "conf", "config", "csproj", "entitlements", "env", "fsproj", "gradle", "json",
        "local", "plist", "podspec", "prefab", "project", "properties", "props", "storyboard",
        "strings", "targets", "toml", "unity", "vbproj", "xaml", "xcconfig", "xib", "xml", "yaml",
        "yml",
    }
)  # fmt: skip
_PINS: Final = frozenset({"cartfile", "classpath", "lock", "podfile", "resolved"})
"""Of files that pin the version of an SDK."""
SOURCE: Final = CODE | DATA | _PINS
"""Endings, in lower case, of what people write; a name without an ending is its own."""


def source_files(place: Path) -> Iterator[Path]:
    """Yield the files of a folder that are source, in no order; a file is source itself.

    Folders of tools and of installed packages are left out, and no link is followed.

    Args:
        place: A folder or a file.

    Raises:
        OSError: A folder cannot be listed.
    """
    if place.is_file():
        yield place
        return
    for folder, names, files in os.walk(place, onerror=_raise):
        names[:] = [name for name in names if name not in TOOLS | INSTALLED]
        for name in files:
            path = Path(folder, name)
            if name.lower().rpartition(".")[2] in SOURCE and path.is_file():
                yield path


def _raise(error: OSError) -> None:
    raise error
