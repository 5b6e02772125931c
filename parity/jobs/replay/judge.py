"""Judges one replayed exchange: equal, known to differ, different, or not to be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from parity.compare import Asked, Register, Traffic
from parity.compare.values import MISSING
from parity.jobs.replay.access import mints
from parity.jobs.replay.askers import Askers
from parity.jobs.replay.bindings import Bindings, Times
from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.jobs.replay.noise import NO_NOISE, NOISE, Noise
from parity.jobs.replay.order import Node
from parity.jobs.replay.pairing import Pairing
from parity.jobs.replay.prior import (
    EXPLAINED_CODES,
    IF_DIFFERENT,
    OLD_SESSION,
    Known,
    Made,
    needs_prior_state,
    parts_of_prior_state,
    token_of,
)
from parity.jobs.replay.rows import (
    distance_of,
    hides_order,
    match_rows,
    missing_and_extra,
    order_of,
    wrong_order,
)
from parity.model import Difference, Kind
from parity.wire.ids import token_format
from parity.wire.operation import Action, Operation, parse_json

CLIENT_HEADERS: Final = (
    "X-Parse-Job-Status-Id",
    "X-Parse-Push-Status-Id",
    "Retry-After",
    "Content-Disposition",
)
"""Response headers that clients read, compared by presence or value; ``Location`` and
``Content-Type`` have rules of their own, and a browser also reads ``Access-Control-Allow-Origin``.
What else a response carries is about the transfer, or
no client reads it (docs/replay.md lists them)."""


FOREIGN_ROWS: Final = "rows that no request of the recording created"
SERVERS_CHOICE: Final = "a limit without an order: which rows come is the server's choice"
MASKED: Final = "its session token was masked when it was recorded"
UNSEEN_ORDER: Final = "rows changed places, and what they are ordered by is not in the answer"
_RELATION_OPS = frozenset({"AddRelation", "RemoveRelation"})


class Judge:
    """Compares responses of one target with recorded ones.

    Args:
        bindings: Shared with whoever rewrites requests.
        times: The same.
        register: Known differences that apply to the target.
        mounts: Path of the recorded and of the live mount.
        literal: Whether the target has a copy of the recorded server's data.
        noise: Accepted noise of a control.
    """

    def __init__(
        self,
        *,
        bindings: Bindings,
        times: Times,
        register: Register,
        mounts: tuple[str, str],
        literal: bool = False,
        noise: Noise = NO_NOISE,
    ) -> None:
        self._bindings = bindings
        self._times = times
        self._register = register
        self._mounts = mounts
        self._literal = literal
        self._noise = noise
        self._relations: set[str] = set()
        self._made = Made()
        self._askers = Askers()
        self._unnamed: set[str] = set()

    def judge(self, node: Node, answer: Answer) -> Judgement:
        """Compare the answer with the recorded response and learn from it.

        Args:
            node: An exchange with a recorded response.
            answer: What the target answered.
        """
        number, operation, exchange = node.number, node.operation, node.exchange
        response, recorded = exchange.response, node.response
        assert response is not None
        pairing = Pairing(
            self._bindings,
            self._times,
            number,
            literal=self._literal,
            class_name=operation.class_name,
            relations=self._relations,
            refused=self._made.refused,
            unnamed=self._unnamed,
        )
        live = parse_json(answer.body)
        self._note_unnamed(operation, recorded)
        prior, old_parts = "", {}
        if not self._literal:
            known = Known(pairing, self._made, exchange.request)
            if why := self._why_session_is_unknown(node, pairing, live):
                outcome = Class.UNSUPPORTED if why is MASKED else Class.PRIOR_STATE
                return Judgement(outcome, reason=why)
            if operation.parts and isinstance(recorded, list):
                old_parts = parts_of_prior_state(operation, recorded, known)
            else:
                prior = needs_prior_state(operation, response.status, recorded, known)
        if prior and (prior not in IF_DIFFERENT or response.status != answer.status):
            return self._structure(node, answer, live, prior)
        prior = self._compare(node, answer, live, pairing, old_parts) or pairing.prior
        found = self._explained(pairing.found, node, answer, live)
        if any(entry is None for _, entry in found):
            outcome = Class.DIFFERENT
        elif prior:
            by_choice = prior in (SERVERS_CHOICE, UNSEEN_ORDER)
            outcome = Class.UNSUPPORTED if by_choice else Class.PRIOR_STATE
        else:
            outcome = Class.KNOWN if found else Class.EQUAL
        return Judgement(outcome, found, prior, pairing.learned, pairing.times_learned)

    def _compare(
        self, node: Node, answer: Answer, live: Any, pairing: Pairing, old_parts: Mapping[int, str]
    ) -> str:
        """Compare all of two answers; return why only a part of them could be, or ``""``."""
        exchange, recorded, response = node.exchange, node.response, node.exchange.response
        assert response is not None
        if response.status != answer.status:
            pairing.found.append(Difference("$status", Kind.VALUE, response.status, answer.status))
        reason = ""
        if recorded is None and live is None:
            if response.body.strip() != answer.body.strip():
                pairing.found.append(_bytes_differ(response.body, answer.body))
        else:
            if live is None and answer.body:
                live = _text(answer.body)
            reason = self._body(node.operation, recorded, live, pairing, old_parts)
        # Last: a Location names the object that the body has just bound.
        old_headers = dict_of(response.headers)
        self._headers(old_headers, answer.headers, answer.status, pairing)
        if origin := dict_of(exchange.request.headers).get("origin", ""):
            _cors(origin, old_headers, answer.headers, pairing)
        return reason

    def note(self, node: Node, judgement: Judgement) -> None:
        """Remember what an exchange made when it was recorded, whatever became of it now.

        Args:
            node: An exchange with a recorded response.
            judgement: What became of it.
        """
        assert node.exchange.response is not None
        self._made.note(node.operation, node.exchange.response.status)
        self._askers.note(node.operation, node.response)
        self._note_relations(node.operation)
        if judgement.outcome in (Class.EQUAL, Class.KNOWN, Class.DIFFERENT) and not self._literal:
            self._made.refused.update(
                value
                for value in mints(node.operation, node.response)
                if self._bindings.live(value) is None
            )

    def _why_session_is_unknown(self, node: Node, pairing: Pairing, live: Any) -> str:
        """Return why a refused session says nothing of the target; ``""`` if it does."""
        assert node.exchange.response is not None
        if node.exchange.response.status >= 400 or not _is_invalid_session(live):
            return ""
        token = token_of(node.exchange.request)
        if token is None or not pairing.is_foreign(token):
            return ""
        return OLD_SESSION if token_format(token) else MASKED

    def _body(
        self,
        operation: Operation,
        recorded: Any,
        live: Any,
        pairing: Pairing,
        old_parts: Mapping[int, str],
    ) -> str:
        if operation.action is Action.BATCH and isinstance(recorded, list):
            return _batch(operation, recorded, live, pairing, old_parts)
        if operation.action is Action.UPLOAD and isinstance(recorded, dict):
            _upload(recorded, live, pairing)
            return ""
        if _is_result(recorded) and _is_result(live):
            return _results(operation, recorded, live, pairing)
        pairing.values(recorded, MISSING if live is None else live, "$", operation.object_id)
        return ""

    def _headers(
        self, recorded: Mapping[str, str], live: Mapping[str, str], status: int, pairing: Pairing
    ) -> None:
        old, new = recorded.get("location"), live.get("location")
        if old is not None:
            pairing.location(old, new, self._mounts)
        elif new is not None and status != 201:
            # Of a creation it is documented: a recording without it did not keep its headers, or
            # shows no creation, which the status says.
            pairing.found.append(Difference("$header.Location", Kind.EXTRA, None, new))
        old, new = _media(recorded.get("content-type", "")), _media(live.get("content-type", ""))
        if old != new and old:
            pairing.found.append(Difference("$header.Content-Type", Kind.VALUE, old, new or None))
        for name in CLIENT_HEADERS:
            old, new = recorded.get(name.lower(), ""), live.get(name.lower(), "")
            if bool(old) != bool(new):
                kind = Kind.MISSING if old else Kind.EXTRA
                pairing.found.append(Difference(f"$header.{name}", kind, old or None, new or None))

    def _note_unnamed(self, operation: Operation, recorded: Any) -> None:
        """Remember a user who signed up without a name: the server mints one."""
        body = operation.body
        signs_up = operation.action is Action.CREATE and operation.class_name == "_User"
        if signs_up and isinstance(body, dict) and "username" not in body:
            object_id = recorded.get("objectId") if isinstance(recorded, dict) else None
            if isinstance(object_id, str):
                self._unnamed.add(object_id)

    def _note_relations(self, operation: Operation) -> None:
        for part in operation.parts or (operation,):
            if part.changes and isinstance(part.body, dict):
                for name, value in part.body.items():
                    if isinstance(value, dict) and _makes_relation(value):
                        self._relations.add(f"{part.class_name}.{name}")

    def _explained(
        self,
        found: list[Difference],
        node: Node,
        answer: Answer,
        live: Any,
    ) -> list[tuple[Difference, str | None]]:
        if not found:
            return []
        operation, exchange = node.operation, node.exchange
        request, response = exchange.request, exchange.response
        assert response is not None
        asked = Asked.of(operation, request.url, request.headers, request.body)
        traffic = Traffic(
            self._renamed(asked),
            response.status,
            answer.status,
            node.response,
            _text(answer.body) if live is None else live,
            self._askers.user_of(token_of(request)),
        )
        return [(difference, self._explain(difference, operation, traffic)) for difference in found]

    def _renamed(self, asked: Asked) -> Asked:
        """Return a request with the ids that it was sent with now, which its answer repeats."""
        parts = tuple(self._renamed(part) for part in asked.parts)
        return replace(asked, sent=self._live(asked.sent), parts=parts)

    def _live(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._live(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._live(inner) for inner in value]
        bound = self._bindings.live(value) if isinstance(value, str) else None
        return value if bound is None else bound

    def _explain(
        self, difference: Difference, operation: Operation, traffic: Traffic
    ) -> str | None:
        entry = self._register.recognise_traffic(difference, traffic)
        number, inner = _inside(difference) if traffic.asked.parts else (0, None)
        if entry is None and inner is not None and number < len(traffic.asked.parts):
            recorded, answered = (
                _of_part(each, number) for each in (traffic.recorded, traffic.answered)
            )
            asked = traffic.asked.parts[number]
            part = Traffic(asked, recorded=recorded, answered=answered, user=traffic.user)
            entry = self._register.recognise_traffic(inner, part)
        if entry is None and self._noise.explains(operation, difference):
            return NOISE
        return None if entry is None else entry.id

    def _structure(self, node: Node, answer: Answer, live: Any, reason: str) -> Judgement:
        """Judge what does not depend on the rows that were there: is it a Parse answer at all?"""
        recorded, response = node.response, node.exchange.response
        assert response is not None
        status = response.status
        found: list[Difference] = []
        if answer.status >= 500:
            found.append(Difference("$status", Kind.VALUE, status, answer.status))
        elif recorded is not None and live is None and answer.body:
            found.append(Difference("$", Kind.TYPE, "a Parse response", _text(answer.body)))
        elif status < 400 and answer.status < 400:
            found += _shape(recorded, live)
        elif (fault := _foreign_code(reason, live, "$.code")) is not None:
            found.append(fault)
        judged = self._explained(found, node, answer, live)
        unknown = any(entry is None for _, entry in judged)
        return Judgement(Class.DIFFERENT if unknown else Class.PRIOR_STATE, judged, reason)


def _of_part(answer: Any, number: int) -> Any:
    """Return what a part of a batch was answered, an error or not; ``None`` if there is none."""
    part = answer[number] if isinstance(answer, list) and number < len(answer) else None
    return part.get("success", part.get("error")) if isinstance(part, dict) else None


def _makes_relation(value: dict[str, Any]) -> bool:
    if value.get("__op") == "Batch":
        return any(_makes_relation(each) for each in value.get("ops") or [] if each)
    return value.get("__op") in _RELATION_OPS or value.get("__type") == "Relation"


def dict_of(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return headers by lower-case name; of repeated ones the last."""
    return {name.lower(): value for name, value in headers}


def _results(operation: Operation, recorded: Any, live: Any, pairing: Pairing) -> str:
    """Compare two results of a query; return why only a part of it could be judged, or ``""``."""
    old, new = recorded["results"], live["results"]
    rows = match_rows(old, new, pairing)
    order = order_of(operation)
    limit = operation.params.get("limit", 100)
    most = int(limit) if str(limit).isdecimal() else None
    pairing.found += _beyond(most, old, new)
    full = most is not None and len(old) >= most and not _named_by_id(operation)
    reason = ""
    if rows.foreign:
        reason = FOREIGN_ROWS
        if most is not None and len(new) > most:
            pass  # more than was asked for
        elif (most is not None and len(old) >= most) or operation.params.get("skip"):
            # Foreign rows filled the page and shut out others, which come now.
            rows.extra.clear()
        else:
            # A foreign row excuses a row of its own kind, never one that the recording made.
            own = [n for n in rows.extra if pairing.bindings.recorded(_id_of(new[n])) is not None]
            others = [n for n in rows.extra if n not in own]
            rows.extra = own + others[len(rows.foreign) :]
    elif full and order is None and len(new) == len(old) and (rows.missing or rows.extra):
        # Which rows a limit lets through is the server's choice when no order is asked for.
        reason = SERVERS_CHOICE
        rows.missing.clear()
        rows.extra.clear()
    for number, index in rows.pairs:
        pairing.values(old[number], new[index], f"$.results[{number}]")
    pairing.found += missing_and_extra(rows, old, new, "$.results")
    if order and hides_order(rows, old, order):
        reason = reason or UNSEEN_ORDER
    elif order is not None:
        near = distance_of(operation) if not order else None
        pairing.found += wrong_order(rows, old, new, order, "$.results", near)
    for name, value in recorded.items():
        if name != "results" and not (reason and name == "count"):
            pairing.values(value, live.get(name, MISSING), f"$.{name}")
    pairing.found += [
        Difference(f"$.{name}", Kind.EXTRA, None, live[name])
        for name in live
        if name not in recorded
    ]
    return reason


def _beyond(most: int | None, old: list[Any], new: list[Any]) -> list[Difference]:
    """Return a Difference if more rows came than were asked for."""
    if most is None or len(new) <= max(most, len(old)):
        return []
    return [Difference("$.results", Kind.LENGTH, most, len(new))]


def _id_of(row: Any) -> str:
    object_id = row.get("objectId") if isinstance(row, dict) else None
    return object_id if isinstance(object_id, str) else ""


def _named_by_id(operation: Operation) -> bool:
    """Return whether a query names its rows, so that a limit leaves the server no choice."""
    where = operation.params.get("where")
    wanted = where.get("objectId") if isinstance(where, dict) else None
    if isinstance(wanted, dict) and isinstance(wanted.get("$in"), list):
        limit = operation.params.get("limit", 100)
        return len(wanted["$in"]) <= int(limit)
    return isinstance(wanted, str)


def _batch(
    operation: Operation,
    recorded: list[Any],
    live: Any,
    pairing: Pairing,
    old_parts: Mapping[int, str],
) -> str:
    """Compare two answers to a batch, each part alone; return why some parts were not judged."""
    if not isinstance(live, list) or len(live) != len(recorded):
        kind = Kind.LENGTH if isinstance(live, list) else Kind.TYPE
        pairing.found.append(Difference("$", kind, recorded, live))
        return ""
    reason = ""
    for number, (old, new) in enumerate(zip(recorded, live, strict=True)):
        why = old_parts.get(number, "")
        if why and _is_part(new) and (why not in IF_DIFFERENT or old.keys() != new.keys()):
            reason = reason or why
            if fault := _foreign_code(why, new.get("error"), f"$[{number}].error.code"):
                pairing.found.append(fault)
            continue
        owner = operation.parts[number].object_id if number < len(operation.parts) else ""
        if isinstance(old, dict) and isinstance(old.get("success"), dict):
            owner = old["success"].get("objectId") or owner
        pairing.values(old, new, f"$[{number}]", owner)
    return reason


def _foreign_code(why: str, live: Any, path: str) -> Difference | None:
    """Return a difference if a server refuses with a code that prior state does not explain."""
    code = live.get("code") if isinstance(live, dict) else None
    codes = EXPLAINED_CODES.get(why)
    if code is None or codes is None or code in codes:
        return None
    words = " or ".join(map(str, sorted(codes))) or "no error"
    return Difference(path, Kind.VALUE, words, code)


def _is_part(answer: Any) -> bool:
    """Return whether something is what a part of a batch is answered."""
    return isinstance(answer, dict) and ("success" in answer or "error" in answer)


def _is_invalid_session(live: Any) -> bool:
    """Return whether a server does not know the session: code 209 (REST guide "Error Codes")."""
    return isinstance(live, dict) and live.get("code") == 209


def _upload(recorded: dict[str, Any], live: Any, pairing: Pairing) -> None:
    if not isinstance(live, dict) or "name" not in recorded:
        pairing.values(recorded, MISSING if live is None else live, "$")
        return
    pairing.file_name(recorded["name"], live.get("name", MISSING), "$.name")
    pairing.file_url(recorded.get("url", MISSING), live.get("url", MISSING), "$.url")
    rest = {key: value for key, value in recorded.items() if key not in ("name", "url")}
    pairing.values(rest, {k: v for k, v in live.items() if k not in ("name", "url")}, "$")


def _inside(difference: Difference) -> tuple[int, Difference | None]:
    """Return which part of a batch a Difference is in, and the Difference as that part's own."""
    head, bracket, rest = difference.path.partition("]")
    number = head.removeprefix("$[")
    if not bracket or not number.isdigit():
        return 0, None
    for word in (".success", ".error"):
        if rest == word or rest.startswith((word + ".", word + "[")):
            rest = rest[len(word) :]
            break
    inner = Difference("$" + rest, difference.kind, difference.expected, difference.actual)
    return int(number), inner


def _shape(recorded: Any, live: Any) -> list[Difference]:
    if isinstance(recorded, dict) and isinstance(live, dict):
        if ("results" in recorded) != ("results" in live):
            return [Difference("$.results", Kind.MISSING, "rows", None)]
        return []
    if type(recorded) is not type(live):
        return [Difference("$", Kind.TYPE, recorded, live)]
    return []


def _is_result(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("results"), list)


def _bytes_differ(recorded: bytes, live: bytes) -> Difference:
    if _is_text(recorded) and _is_text(live):
        return Difference("$", Kind.VALUE, _text(recorded), _text(live))
    if len(recorded) != len(live):
        return Difference("$", Kind.LENGTH, f"{len(recorded)} bytes", f"{len(live)} bytes")
    return Difference("$", Kind.VALUE, f"{len(recorded)} bytes", "other bytes")


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body


def _text(body: bytes) -> str:
    return body[:500].decode("utf-8", "replace")


def _cors(
    origin: str, recorded: Mapping[str, str], live: Mapping[str, str], pairing: Pairing
) -> None:
    """Compare whether the browser that sent a request may read the answer.

    Source: Fetch standard, "CORS check".
    """
    name = "Access-Control-Allow-Origin"
    old, new = (each.get(name.lower(), "") for each in (recorded, live))
    if old in ("*", origin) and new not in ("*", origin):
        kind = Kind.VALUE if new else Kind.MISSING
        pairing.found.append(Difference(f"$header.{name}", kind, old, new or None))


def _media(value: str) -> str:
    return value.partition(";")[0].strip().lower()
