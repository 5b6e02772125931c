"""Scenario files to scenarios; every problem with its line, all problems at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from packaging.specifiers import InvalidSpecifier

from parity.compare.versions import Versions
from parity.jobs.replay.scenario.document import BadDocument, Document, Place, read_document
from parity.jobs.replay.scenario.expectation import Expectation
from parity.jobs.replay.scenario.model import Answer, Scenario, Step
from parity.jobs.replay.scenario.template import GIVEN, KINDS, references
from parity.model import UserError
from parity.targets import CAPABILITIES

ACTORS = ("rest", "master", "none", "javascript")
SUCCESS = {"status": {"$anyOf": [200, 201]}}
"""What a step without an expectation has to answer: the request that prepares another."""
SCHEMA = Path(__file__).parent / "schemas" / "scenario.schema.json"


class Problem(ValueError):
    """One thing that is wrong, and where."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(reason)
        self.place = place


def load_scenarios(folder: Path) -> tuple[Scenario, ...]:
    """Read every ``*.yaml`` of a folder.

    Args:
        folder: Where the files are.

    Returns:
        The scenarios in the order of their ids.

    Raises:
        UserError: There is no such folder; or all problems of all files.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder", "Name a folder of scenarios.", code="scenario")
    found: list[Scenario] = []
    problems: list[str] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            found.append(_load(file))
        except (BadDocument, OSError) as error:
            problems.append(f"{file.name}: {error}")
    if problems:
        raise _bad(problems)
    return tuple(sorted(found, key=lambda each: each.id))


def load_scenario(file: Path) -> Scenario:
    """Read one scenario.

    Raises:
        UserError: What is wrong, with its line.
    """
    try:
        return _load(file)
    except (BadDocument, OSError) as error:
        raise _bad([f"{file.name}: {error}"]) from error


def _bad(problems: list[str]) -> UserError:
    return UserError(
        "The scenarios cannot be read:\n  " + "\n  ".join(problems),
        "Correct the files; docs/scenarios.md describes each field.",
        code="scenario",
    )


def _load(file: Path) -> Scenario:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadDocument(f"byte {error.start}: not UTF-8") from error
    document = read_document(text)
    _check_form(document)
    try:
        return _scenario(document, file)
    except Problem as problem:
        raise BadDocument(f"line {document.line(problem.place)}: {problem}") from problem


def _check_form(document: Document) -> None:
    error = best_match(_validator().iter_errors(document.value))
    if error is None:
        return
    place = tuple(error.absolute_path)
    shown = ".".join(map(str, place)) or "the file"
    message = error.message if len(error.message) < 200 else error.message[:200] + " …"
    raise BadDocument(f"line {document.line(place)}: {shown}: {message}")


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


def _scenario(document: Document, file: Path) -> Scenario:
    raw: dict[str, Any] = document.value
    if file.stem != f"{raw['area']}-{raw['id']}":
        raise Problem(("id",), f"the file has to be called {raw['area']}-{raw['id']}.yaml")
    users = tuple(raw.get("users", ()))
    for user in users:
        if user in (*ACTORS, *GIVEN):
            raise Problem(("users",), f"a user cannot be called {user!r}")
    needs = list(raw.get("needs", ()))
    for name in needs:
        if name not in CAPABILITIES:
            raise Problem(("needs",), f"no capability {name!r}; there is {', '.join(CAPABILITIES)}")
    steps, known = [], {*users, *GIVEN}
    for index, each in enumerate(raw["steps"]):
        step = _step(each, index, document, users)
        _check_references(each, index, known, known | set(step.capture))
        known |= set(step.capture)
        steps.append(step)
    if any(step.actor == "master" for step in steps) and "master_key" not in needs:
        needs.append("master_key")
    if users and "anonymous_users" not in needs:
        needs.append("anonymous_users")
    effect = raw.get("effect", "writes")
    if effect == "reads" and (users or any(s.method in ("POST", "PUT", "DELETE") for s in steps)):
        raise Problem(("effect",), "it signs users up or writes, so its effect is not reads")
    difference = raw.get("difference", "none")
    return Scenario(
        id=raw["id"],
        title=raw["title"],
        area=raw["area"],
        differences=() if difference == "none" else tuple(_list(difference)),
        provenance=raw["provenance"],
        source=raw["source"],
        level=raw.get("level", "should"),
        effect=effect,
        needs=tuple(needs),
        users=users,
        steps=tuple(steps),
        file=file,
    )


def _step(raw: Mapping[str, Any], index: int, document: Document, users: tuple[str, ...]) -> Step:
    place: Place = ("steps", index)
    actor = raw.get("as", "rest")
    if actor not in (*ACTORS, *users):
        known = ", ".join((*ACTORS, *users))
        raise Problem((*place, "as"), f"nobody is called {actor!r}; there is {known}")
    expect = raw.get("expect", {"both": SUCCESS})
    both = expect.get("both", {})
    if not both and "hosted" not in expect:
        raise Problem((*place, "expect"), "neither hosted nor both says what is expected")
    if "versions" in {**both, **expect.get("hosted", {})}:
        raise Problem((*place, "expect"), "versions belongs below parse-server")
    hosted = {**both, **expect.get("hosted", {})}
    server = [{**both, **each} for each in _list(expect.get("parse-server", []))]
    for each in (hosted, *server):
        try:
            Expectation.build(each)
        except ValueError as error:
            raise Problem((*place, "expect"), str(error)) from error
    return Step(
        number=index + 1,
        line=document.line(place),
        actor=actor,
        method=raw["method"],
        path=raw["path"].removeprefix("/"),
        query=raw.get("query", {}),
        headers=raw.get("headers", {}),
        body=raw.get("body"),
        text=raw.get("text"),
        capture=raw.get("capture", {}),
        hosted=hosted,
        server=tuple(_answer(each, (*place, "expect", "parse-server")) for each in server),
    )


def _answer(raw: dict[str, Any], place: Place) -> Answer:
    try:
        versions = Versions(raw.pop("versions", ""))
    except InvalidSpecifier as error:
        raise Problem(place, f"versions: {error}") from error
    return Answer(versions, raw)


def _check_references(
    raw: Mapping[str, Any], index: int, before: set[str], after: set[str]
) -> None:
    for part in ("path", "query", "headers", "body", "text", "expect"):
        place: Place = ("steps", index, part)
        try:
            found = references(raw.get(part))
        except ValueError as error:
            raise Problem(place, str(error)) from error
        known = after if part == "expect" else before
        for kind, name in sorted(found):
            if kind and kind not in KINDS:
                raise Problem(place, f"${{{kind}:…}} is unknown; there is {', '.join(KINDS)}")
            if kind == "fill" and not name.isdigit():
                raise Problem(place, f"${{fill:{name}}}: a number of letters is needed")
            if not kind and name not in known:
                raise Problem(place, f"nothing before this captures {name!r}")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
