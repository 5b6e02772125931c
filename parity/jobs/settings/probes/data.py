"""Probes of rows: who may make classes, choose ids, read users, and what errors tell."""

from __future__ import annotations

from parity.jobs.settings.probing import NotSeen, Probing, Seen, code_of, must_answer, told
from parity.wire.errors import ErrorCode


def client_classes(p: Probing) -> Seen:
    """Save an object of a class that does not exist."""
    reply = must_answer(p.nobody.create(p.namespace.class_name("Probe"), {"probe": True}))
    if reply.status == 201:
        return Seen(True, "a client makes a class by saving an object")
    if code_of(reply) == ErrorCode.OPERATION_FORBIDDEN:
        return Seen(False, f"saving an object of a new class answers {told(reply)}")
    raise NotSeen(f"saving an object of a new class answers {told(reply)}")


def custom_object_ids(p: Probing) -> Seen:
    """Create an object with an id, in a class that the master key made."""
    name = p.namespace.class_name("Own")
    fields = {"probe": {"type": "Boolean"}}
    made = p.master.post(f"schemas/{name}", {"className": name, "fields": fields})
    if not made.ok:
        raise NotSeen(f"no class can be made with the master key: {told(made)}")
    reply = must_answer(p.nobody.create(name, {"objectId": "parity0001", "probe": True}))
    if reply.status == 201:
        return Seen(True, "a client chooses the id of a new object")
    if code_of(reply) in (ErrorCode.INVALID_KEY_NAME, ErrorCode.MISSING_OBJECT_ID):
        return Seen(False, f"an object with an id of the client's own answers {told(reply)}")
    raise NotSeen(f"an object with an id of the client's own answers {told(reply)}")


def public_users(p: Probing) -> Seen:
    """Read a user who has just signed up as another user."""
    reader = p.as_user(p.bob)
    reply = must_answer(reader.get(f"users/{p.alice.id}"))
    if reply.ok:
        return Seen(True, "a user can read another one")
    if code_of(reply) in (ErrorCode.OBJECT_NOT_FOUND, ErrorCode.OPERATION_FORBIDDEN):
        return Seen(False, f"reading another user answers {told(reply)}")
    raise NotSeen(f"reading another user answers {told(reply)}")


def error_details(p: Probing) -> Seen:
    """Ask for the schemas without the master key, which every version refuses with a reason."""
    reply = must_answer(p.nobody.get("schemas"))
    if reply.error is None:
        raise NotSeen(f"the schemas without the master key answer {told(reply)}")
    return Seen("master key" in reply.error.message, f"an error reads {reply.error.message!r}")
