"""Operations on rows: query, count, get, create, update, delete, batch; and how each is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from parity.jobs.size.load.filling import CannotFill, fill
from parity.jobs.size.load.matching import matches, out_of_order, same
from parity.jobs.size.load.pools import OwnRow
from parity.jobs.size.load.rest_http import (
    Wrong,
    encoded,
    json_of,
    object_of,
    string_of,
    text_of,
)
from parity.jobs.size.load.stand_ins import NUMBER, PAD, WRITES_ROWS, made_up_row
from parity.profiles.profile import Ask, Operation

if TYPE_CHECKING:
    from parity.jobs.size.load.rest import RestClient, RestLoad

DEFAULT_LIMIT: Final = 100
"""Rows of a query without a limit (REST guide, "Queries")."""
_TRIES: Final = 8
_OWN_GETS: Final = 8
"""Of so many gets one asks for a row that this run wrote, to compare all that is in it."""
_SEED_ROWS: Final = 20
_MADE_ROWS: Final = 200
_BATCH: Final = 50

Do = Callable[[], str]


def query(client: RestClient, operation: Operation) -> Do:
    """Return what sends a query of a shape and looks at every row that comes."""
    limit = DEFAULT_LIMIT if operation.limit is None else operation.limit
    fixed = _params(operation)
    path = f"classes/{client.load.read_class(operation.class_name)}"
    name, whole = operation.name, not operation.keys

    def do() -> str:
        where, row = _filled(client, operation)
        params = {"where": text_of(where), **fixed} if where else fixed
        found = object_of(client.ask(client.wire.get(path, params, client.token)), 200)
        rows = found.get("results")
        if not isinstance(rows, list):
            raise Wrong("no results")
        if len(rows) > limit:
            raise Wrong(f"more rows than the limit: {len(rows)} of {limit}")
        for each in rows:
            if not isinstance(each, dict) or "objectId" not in each:
                raise Wrong("a row without an objectId")
            if where and matches(where, each, whole=whole) is False:
                raise Wrong("a row that does not match the where")
        if operation.order and out_of_order(operation.order, rows):
            raise Wrong("the rows are out of order")
        if row is not None and not operation.skip and len(rows) < limit:
            _must_have(client, path, where, row, rows)
        return name

    return do


def count(client: RestClient, operation: Operation) -> Do:
    """Return what counts rows; the row that the values are from counts at least."""
    path = f"classes/{client.load.read_class(operation.class_name)}"
    name = operation.name

    def do() -> str:
        where, row = _filled(client, operation)
        params = {"where": text_of(where)} if where else {}
        params |= {"count": "1", "limit": "0"}
        found = object_of(client.ask(client.wire.get(path, params, client.token)), 200)
        number = found.get("count")
        if type(number) is not int or number < 0:
            raise Wrong("no count")
        if found.get("results") not in ([], None):
            raise Wrong("more rows than the limit: limit is 0")
        if number == 0 and row is not None and matches(where, row, whole=False):
            _still_there(client, path, where, row, "a row that matches was not counted")
        return name

    return do


def get(client: RestClient, operation: Operation) -> Do:
    """Return what gets a row by its id; now and then one of the run's own, to compare it."""
    load, name = client.load, operation.class_name
    params = {key: value for key, value in _params(operation).items() if key in ("keys", "include")}
    path = f"classes/{load.read_class(name)}/"
    done = operation.name

    def do() -> str:
        rows = load.samples.get(name)
        own = load.pools.take(name) if not rows or load.rng.randrange(_OWN_GETS) == 0 else None
        if own is not None:
            try:
                own_path = f"classes/{own.class_name}/{own.object_id}"
                _compare(client.ask(client.wire.get(own_path, None, client.token)), own)
            finally:
                load.pools.put(name, own)
            return done
        if not rows:
            raise Wrong("no row is known to get")
        object_id = str(load.rng.choice(rows)["objectId"])
        row = object_of(client.ask(client.wire.get(path + object_id, params, client.token)), 200)
        if row.get("objectId") != object_id:
            raise Wrong("another row than was asked for")
        return done

    return do


def create(client: RestClient, operation: Operation) -> Do:
    """Return what creates a row, and reads some of them back."""
    load, name = client.load, operation.class_name
    target = load.arrangement.stand_ins[name]

    def do() -> str:
        fields = new_fields(load, operation)
        answer = client.ask(
            client.wire.request("POST", f"classes/{target}", encoded(fields), client.token)
        )
        own = OwnRow(target, string_of(object_of(answer, 201), "objectId"), fields)
        _read_back(client, own, "create")
        load.pools.put(name, own)
        return f"create {name}"

    return do


def update(client: RestClient, operation: Operation) -> Do:
    """Return what changes a row of the run; without one it creates one."""
    load, name = client.load, operation.class_name
    instead = create(client, operation)

    def do() -> str:
        own = load.pools.take(name)
        if own is None:
            return instead()
        changed: dict[str, Any] = {NUMBER: load.number()}
        _pad(changed, operation.payload_bytes)
        path = f"classes/{own.class_name}/{own.object_id}"
        answer = client.ask(client.wire.request("PUT", path, encoded(changed), client.token))
        string_of(object_of(answer, 200), "updatedAt")
        own.fields = {**own.fields, **changed}
        _read_back(client, own, "update")
        load.pools.put(name, own)
        return f"update {name}"

    return do


def delete(client: RestClient, operation: Operation) -> Do:
    """Return what deletes a row of the run; without one it creates one."""
    load, name = client.load, operation.class_name
    instead = create(client, operation)

    def do() -> str:
        own = load.pools.take(name)
        if own is None:
            return instead()
        path = f"classes/{own.class_name}/{own.object_id}"
        object_of(client.ask(client.wire.request("DELETE", path, None, client.token)), 200)
        if load.is_read_back("delete"):
            answer = client.check(client.wire.get(path, None, client.token))
            if answer.status != 404:
                raise Wrong("the row is still there afterwards")
        return f"delete {name}"

    return do


def batch(client: RestClient, operation: Operation) -> Do:
    """Return what creates several rows in one request."""
    load, name = client.load, operation.class_name
    target = load.arrangement.stand_ins[name]

    def do() -> str:
        parts = [new_fields(load, operation) for _ in range(operation.parts)]
        for own in _create_many(client, target, parts, client.ask):
            _read_back(client, own, "batch")
            load.pools.put(name, own)
        return f"batch {name}"

    return do


MAKERS: Final = {
    Ask.QUERY: query,
    Ask.COUNT: count,
    Ask.GET: get,
    Ask.CREATE: create,
    Ask.UPDATE: update,
    Ask.DELETE: delete,
    Ask.BATCH: batch,
}


def seed(load: RestLoad) -> None:
    """Write the first rows: some to update and delete, more of classes that the app does not have.

    Raises:
        HarnessError: The server does not take them.
    """
    from parity.jobs.size.load.http import NoAnswer  # noqa: PLC0415
    from parity.model.errors import HarnessError  # noqa: PLC0415 - beside its only use

    needs = {each.class_name for _, each in load.sent if each.ask in WRITES_ROWS}
    client = load.client()
    try:
        for name, target in load.arrangement.stand_ins.items():
            made = name in load.arrangement.made
            number = _MADE_ROWS if made else _SEED_ROWS if name in needs else 0
            operation = next(
                (e for _, e in load.sent if e.class_name == name and e.ask in WRITES_ROWS),
                Operation(Ask.CREATE, 1.0, name),
            )
            for start in range(0, number, _BATCH):
                size = min(_BATCH, number - start)
                parts = [new_fields(load, operation) for _ in range(size)]
                for own in _create_many(client, target, parts, client.check):
                    load.pools.put(name, own)
            if made:
                answer = client.check(client.wire.get(f"classes/{target}", {"limit": "1000"}))
                load.samples[name] = object_of(answer, 200)["results"]
    except (Wrong, NoAnswer) as error:
        raise HarnessError(f"the first rows of {load.prefix}_… were not taken: {error}") from None
    finally:
        client.close()


def new_fields(load: RestLoad, operation: Operation) -> dict[str, Any]:
    """Return the fields of a new row: like one of the app's own, and of the profile's size."""
    name = operation.class_name
    templates = load.templates.get(name)
    if templates:
        fields = dict(load.rng.choice(templates))
    else:
        fields = made_up_row(load.fields(name), load.rng)
    fields[NUMBER] = load.number()
    _pad(fields, operation.payload_bytes)
    return fields


def _pad(fields: dict[str, Any], size: int) -> None:
    missing = size - len(encoded(fields)) - len(PAD) - 6
    if missing > 0:
        fields[PAD] = "x" * missing


def _create_many(
    client: RestClient, target: str, parts: list[dict[str, Any]], send: Callable[[bytes], Any]
) -> list[OwnRow]:
    path = f"{client.wire.mount}/classes/{target}"
    body = {"requests": [{"method": "POST", "path": path, "body": each} for each in parts]}
    answers = json_of(send(client.wire.request("POST", "batch", encoded(body), client.token)), 200)
    if not isinstance(answers, list) or len(answers) != len(parts):
        raise Wrong("not as many answers as requests in the batch")
    rows = []
    for fields, answer in zip(parts, answers, strict=True):
        made = answer.get("success") if isinstance(answer, dict) else None
        if not isinstance(made, dict):
            code = answer.get("error", {}).get("code") if isinstance(answer, dict) else None
            raise Wrong(f"a request of the batch failed, code {code}")
        rows.append(OwnRow(target, string_of(made, "objectId"), fields))
    return rows


def _read_back(client: RestClient, own: OwnRow, what: str) -> None:
    if client.load.is_read_back(what):
        path = f"classes/{own.class_name}/{own.object_id}"
        _compare(client.check(client.wire.get(path, None, client.token)), own)


def _compare(answer: Any, own: OwnRow) -> None:
    if answer.status == 404:
        raise Wrong("a row that was saved is not there")
    row = object_of(answer, 200)
    if row.get("objectId") != own.object_id:
        raise Wrong("another row than was asked for")
    for key, value in own.fields.items():
        if key not in row or not same(value, row[key]):
            raise Wrong("a saved value is not what was sent")


def _params(operation: Operation) -> dict[str, str]:
    params: dict[str, str] = {}
    if operation.order:
        params["order"] = operation.order
    if operation.limit is not None:
        params["limit"] = str(operation.limit)
    if operation.skip:
        params["skip"] = str(operation.skip)
    if operation.keys:
        params["keys"] = ",".join(operation.keys)
    if operation.include:
        params["include"] = ",".join(operation.include)
    return params


def _filled(
    client: RestClient, operation: Operation
) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    """Return a query with values, and the row that they are from."""
    load = client.load
    if not operation.where:
        return {}, None

    def pick(class_name: str) -> Mapping[str, Any] | None:
        return load.pick(class_name or operation.class_name)

    reason = ""
    for _ in range(_TRIES):
        row = load.pick(operation.class_name)
        if row is None:
            raise Wrong("no row is known to take values from")
        try:
            return fill(operation.where, row, pick, load.rng), row
        except CannotFill as error:
            reason = str(error)
    raise Wrong(reason)


def _must_have(
    client: RestClient,
    path: str,
    where: Mapping[str, Any],
    row: Mapping[str, Any],
    rows: list[dict[str, Any]],
) -> None:
    """Look for the row that the values are from among all that match; ask again before blaming."""
    if matches(where, row, whole=False) is not True:
        return
    if not any(each["objectId"] == row["objectId"] for each in rows):
        _still_there(client, path, where, row, "a row that matches was not found")


def _still_there(
    client: RestClient, path: str, where: Mapping[str, Any], row: Mapping[str, Any], what: str
) -> None:
    # Somebody else may have changed or deleted it since it was sampled.
    answer = client.check(client.wire.get(f"{path}/{row['objectId']}", None, client.token))
    if answer.status == 404:
        return
    if matches(where, object_of(answer, 200), whole=True):
        raise Wrong(what)
