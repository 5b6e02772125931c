"""A parity.toml for two databases of a test."""

from __future__ import annotations

from pathlib import Path

from tests.jobs.verify.databases import Pair

TEXT = """\
reports = "{reports}"

[targets.hosted]
style = "hosted"
url = "http://127.0.0.1:1/1"
app_id = "app"
rest_key = "env:REST_KEY"
mongo = "env:SOURCE_URI"

[targets.selfhosted]
style = "parse-server"
url = "http://127.0.0.1:1/parse"
app_id = "app"
mongo = "env:COPY_URI"
"""


def write_settings(folder: Path) -> Path:
    """Write a parity.toml, with reports beside it, and return its path."""
    path = folder / "parity.toml"
    path.write_text(TEXT.format(reports=(folder / "reports").as_posix()), "utf-8")
    return path


def environment(pair: Pair) -> dict[str, str]:
    """Return the variables that the settings refer to."""
    source, copy = (access.uri.value for access in pair.accesses)
    return {"REST_KEY": "rest-key-of-the-test", "SOURCE_URI": source, "COPY_URI": copy}


def arguments(config: Path) -> list[str]:
    """Return the command line of a verification."""
    return ["verify", "--from", "hosted", "--to", "selfhosted", "--config", str(config)]
