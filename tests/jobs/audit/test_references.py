"""The quick look of the first pass and the slow one of the second see the same references."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.audit.context import Context, is_hosted_file
from parity.jobs.audit.documents import ClassChecker
from parity.jobs.audit.joins import RoleCircles
from parity.jobs.audit.references import References
from parity.jobs.audit.schema import field_type, read_schema
from parity.jobs.audit.values import split_pointer
from tests.jobs.audit.sound import HOSTED_FILE, OWN_FILE

SCHEMA = read_schema(
    [{"_id": "Post", "author": "*_User", "photo": "file", "tags": "array", "extra": "object"}]
)["Post"]

_ids = st.text(st.characters(codec="utf-8"), max_size=6)
_names = st.sampled_from(["_User", "Post", "Gone"])
_pointers = st.builds(
    lambda name, identity: {"__type": "Pointer", "className": name, "objectId": identity},
    _names,
    _ids,
)
_files = st.builds(
    lambda name, url: {"__type": "File", "name": name, **url},
    st.sampled_from([HOSTED_FILE, OWN_FILE, "x"]),
    st.sampled_from([{}, {"url": "http://files.parsetfss.com/a/b"}, {"url": "http://["}]),
)
_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | _pointers | _files,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
_who = st.lists(st.sampled_from(["*", "user", "role:admin", "role:"]), max_size=3)
_documents = st.fixed_dictionaries(
    {"_id": _ids},
    optional={
        "_p_author": st.none() | st.builds("{}${}".format, _names, _ids) | _ids,
        "photo": st.none() | st.sampled_from([HOSTED_FILE, OWN_FILE, ""]),
        "tags": st.lists(_values, max_size=3),
        "extra": st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), _values),
        "_rperm": _who,
        "_wperm": _who,
    },
)


@given(_documents, st.booleans(), st.sampled_from([None, True, False]))
def test_both_looks_see_the_same(
    document: dict[str, Any],
    gridfs: bool,  # noqa: FBT001 - Hypothesis passes it by place
    file_key: bool | None,  # noqa: FBT001
) -> None:
    context = Context(gridfs=gridfs, file_key=file_key)
    checker = ClassChecker(SCHEMA, context)
    checker.check(b"", [document])
    quick = sorted(
        (key, target, value)
        for (_, key, target), hashes in context.references.wanted.items()
        for value in hashes
    )
    slow = sorted(
        (key, target, hash(identity))
        for key, value in document.items()
        for target, identity in checker.references(key, value)
    )
    assert quick == slow


@given(st.sets(st.integers(-(2**63), 2**63 - 1)), st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_suspects_are_what_is_wanted_and_not_there(present: set[int], wanted: list[int]) -> None:
    references = References()
    references.present["Post"].extend(present)
    references.wanted["A", "k", "Post"].extend(wanted)
    found = references.suspects().get("A", {}).get("k", {}).get("Post", frozenset())
    assert found == set(wanted) - present


@given(st.text())
def test_a_pointer_is_a_class_and_an_id(text: str) -> None:
    pointer = split_pointer(text)
    if pointer is None:
        name, _, identity = text.partition("$")
        assert not name or not identity
    else:
        assert "$".join(pointer) == text
        assert all(pointer)


def _reaches(edges: set[tuple[str, str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        each = waiting.pop()
        for parent, child in edges:
            if parent == each and child not in reached:
                reached.add(child)
                waiting.append(child)
    return reached


@given(st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"))))
def test_every_role_that_inherits_from_itself_is_in_a_circle(edges: set[tuple[str, str]]) -> None:
    circles = RoleCircles()
    for parent, child in edges:
        circles.add({"owningId": parent, "relatedId": child})
    groups = circles.groups()
    found = {role for group in groups for role in group}
    looped = {role for role in "abcdef" if role in _reaches(edges, role)}
    assert looped <= found
    assert bool(groups) == bool(looped)
    # What hangs between two circles is shown with them; nothing else is.
    for role in found - looped:
        assert _reaches(edges, role) & looped
        assert any(role in _reaches(edges, other) for other in looped)


def test_a_long_chain_of_roles_is_no_circle() -> None:
    circles = RoleCircles()
    for number in range(20_000):
        circles.add({"owningId": f"r{number}", "relatedId": f"r{number + 1}"})
    assert circles.groups() == []


@given(st.text())
def test_a_type_is_known_or_it_is_not(text: str) -> None:
    type_ = field_type(text)
    assert type_.text == text
    if type_.kind in {"pointer", "relation"}:
        assert type_.target
        assert type_.target in text
    else:
        assert not type_.target


def test_hosted_file_names() -> None:
    assert is_hosted_file(HOSTED_FILE)
    assert is_hosted_file(HOSTED_FILE.removeprefix("tfss-"))
    assert not is_hosted_file(OWN_FILE)
    assert not is_hosted_file("photo.jpg")
