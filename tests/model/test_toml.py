"""One reader of TOML: every problem at once, at its line, with the nearest name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.formats import Format, Place
from parity.model.toml import Document, WrongToml


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel."""

    spokes: int
    made: str = ""


@dataclass(frozen=True, slots=True)
class Bicycle:
    """A bicycle."""

    name: str
    wheels: tuple[Wheel, ...] = ()
    lamp: Wheel | None = None
    parts: dict[str, Wheel] = field(default_factory=dict)


FORM: Format[Bicycle] = Format(Bicycle)


def problems(text: str) -> list[str]:
    with pytest.raises(WrongToml) as error:
        Document(text).read(FORM)
    return str(error.value).split("\n")


def test_a_file_becomes_its_dataclass() -> None:
    text = 'name = "x"\n[[wheels]]\nspokes = 36\nmade = 2020-01-02\n[parts.bell]\nspokes = 0\n'

    assert Document(text).read(FORM) == Bicycle(
        "x", (Wheel(36, "2020-01-02"),), None, {"bell": Wheel(0)}
    )


def test_every_problem_is_told_at_once_with_its_line() -> None:
    text = """# a comment with = and [brackets]
nam = "x"
lamp = { spokes = "many", maed = "" }
[[wheels]]
spokes = 36
[[wheels]]
spokes = true
[parts.'a.b']
spoke = 3
"""

    assert problems(text) == [
        "field 'name' is missing",
        "line 2: unknown field 'nam', did you mean 'name'?",
        "line 3: lamp.spokes: expected int, got 'many'",
        "line 3: lamp: unknown field 'maed', did you mean 'made'?",
        "line 7: wheels[1].spokes: expected int, got True",
        "line 8: parts.a.b: field 'spokes' is missing",
        "line 9: parts.a.b: unknown field 'spoke', did you mean 'spokes'?",
    ]


def test_text_that_is_no_toml_is_told_with_its_line() -> None:
    assert problems('name = "x"\nlamp = \n')[0].startswith("line 2: not TOML: ")


words = st.text(st.sampled_from("ab.#='\"[]\\ \n{},é"), max_size=5)


class Writer:
    """Writes TOML in every way that it has, and notes the line of each key."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.where: dict[Place, int] = {}

    def quoted(self, text: str) -> str:
        bare = text.isascii() and text.isalnum()
        return text if bare and self.draw(st.booleans()) else json.dumps(text)

    def noise(self) -> None:
        noises = ["", "# x = 1 [a]", "  # '''", "#"]
        self.lines.extend(self.draw(st.lists(st.sampled_from(noises), max_size=2)))

    def header(self, text: str, *places: Place) -> None:
        self.noise()
        self.lines.append(text)
        for place in places:
            self.where.setdefault(place, len(self.lines))

    def value(self, place: Place, depth: int = 0) -> str:
        kinds = ["plain", "text", "literal", "long", "list", "table"]
        kind = self.draw(st.sampled_from(kinds[: 3 if depth > 1 else 6]))
        words_ = self.draw(words)
        if kind == "plain":
            plain = ["1", "-2.5e3", "true", "2020-01-02 03:04:05", "inf"]
            return self.draw(st.sampled_from(plain))
        if kind == "literal":
            return "'" + words_.replace("'", "").replace("\n", "") + "'"
        if kind == "long" and depth == 0:
            return f'"""\n{words_.replace(chr(92), "").replace(chr(34), chr(92) * 2)}"""'
        if kind == "list":
            return f"[{', '.join(self.elements(place, depth))}]"
        if kind == "table":
            return "{" + ", ".join(self.pairs(place, depth)) + "}"
        return json.dumps(words_)

    def elements(self, place: Place, depth: int) -> list[str]:
        numbers = range(self.draw(st.integers(0, 2)))
        self.where |= {(*place, number): 0 for number in numbers}
        return [self.value((*place, number), depth + 1) for number in numbers]

    def pairs(self, place: Place, depth: int) -> list[str]:
        names = self.draw(st.lists(words, max_size=2, unique=True))
        self.where |= {(*place, name): 0 for name in names}
        return [f"{self.quoted(n)} = {self.value((*place, n), depth + 1)}" for n in names]

    def assignments(self, place: Place) -> None:
        for name in self.draw(st.lists(words, max_size=3, unique=True)):
            self.noise()
            before = set(self.where)
            full: Place = (*place, name)
            self.where[full] = 0
            key = self.quoted(name)
            if self.draw(st.booleans()):
                full, key = (*full, "dotted"), f"{key} . dotted"
                self.where[full] = 0
            text = f"{key} = {self.value(full)}"
            self.where |= dict.fromkeys(set(self.where) - before, len(self.lines) + 1)
            self.lines.extend(text.split("\n"))


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Place, int]]:
    writer = Writer(draw)
    writer.assignments(())
    for number in range(draw(st.integers(0, 2))):
        name = f"table{number}"
        writer.header(f" [ {name} . 'in ner' ]", (name,), (name, "in ner"))
        writer.assignments((name, "in ner"))
    for number in range(draw(st.integers(0, 3))):
        writer.header("[[ many ]] # comment", ("many",), ("many", number))
        writer.assignments(("many", number))
        writer.header("[many.below]", ("many", number, "below"))
    return "\n".join(writer.lines), writer.where


@given(documents())
def test_every_key_has_its_line(made: tuple[str, dict[Place, int]]) -> None:
    text, where = made

    document = Document(text)

    assert {place: document.line(place) for place in where} == where


def test_what_is_missing_stands_where_its_table_is() -> None:
    document = Document("a = 1\n[b]\nc = [1,\n 2]\n")

    places: list[Place] = [("b", "x"), ("b", "c", 1), ("b", "c", 7), ("z",)]
    assert [document.line(place) for place in places] == [2, 4, 3, 0]
