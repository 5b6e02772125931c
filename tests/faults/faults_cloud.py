"""Wrong servers whose cloud code is wrong: functions, their users and errors, triggers, jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.faults.messages import Request, Response, answer, map_values, refusal
from tests.faults.model import Catalogue, State

cloud = Catalogue("cloud")


def calls(request: Request) -> bool:
    """Return whether a request calls a function."""
    return request.verb == "POST" and request.route.startswith("functions/")


def hooked(request: Request) -> bool:
    """Return whether a request writes to a class that has triggers."""
    return request.route.startswith("classes/Parity") and request.verb in ("POST", "PUT", "DELETE")


def has_trigger(request: Request) -> bool:
    """Return whether the class is one of the fixture's own; those have no run's mark."""
    name = request.route.split("/")[1] if hooked(request) else ""
    return bool(name) and "_" not in name


def in_result(response: Response, change: Any) -> Response:
    """Apply a change to every value in a function's result."""
    if not response.ok or "result" not in response.members:
        return response
    return response.with_members(result=map_values(response.members["result"], change))


@cloud.on_reply
def result_unwrapped(request: Request, response: Response, _: State) -> Response:
    """A function's result is the whole body, without result around it."""
    if not (calls(request) and response.ok and "result" in response.members):
        return response
    result = response.members["result"]
    return response.with_json(result if isinstance(result, dict | list) else {"value": result})


@cloud.on_reply
def result_missing_when_null(request: Request, response: Response, _: State) -> Response:
    """A function that returns null answers {}."""
    is_null = calls(request) and response.json == {"result": None}
    return response.with_json({}) if is_null else response


@cloud.on_reply
def result_dates_are_strings(request: Request, response: Response, _: State) -> Response:
    """A date that a function returns is a string."""

    def flatten(value: Any) -> Any:
        is_date = isinstance(value, dict) and value.get("__type") == "Date"
        return value.get("iso") if is_date else value

    return in_result(response, flatten) if calls(request) else response


@cloud.on_reply
def result_objects_are_plain(request: Request, response: Response, _: State) -> Response:
    """An object that a function returns has no class, so SDKs make no Parse.Object of it."""

    def forget(value: Any) -> Any:
        if not (isinstance(value, dict) and value.get("__type") in ("Object", "Pointer")):
            return value
        return {k: v for k, v in value.items() if k not in ("__type", "className")}

    return in_result(response, forget) if calls(request) else response


@cloud.on_reply
def result_is_cut(request: Request, response: Response, _: State) -> Response:
    """Long lists and texts in a result are cut after 100."""
    return (
        in_result(response, lambda v: v[:100] if isinstance(v, str | list) else v)
        if calls(request)
        else response
    )


@cloud.on_reply
def result_of_ascii(request: Request, response: Response, _: State) -> Response:
    """Text in a result loses what is not ASCII."""

    def ask(value: Any) -> Any:
        return value.encode("ascii", "replace").decode() if isinstance(value, str) else value

    return in_result(response, ask) if calls(request) else response


@cloud.on_reply
def result_numbers_are_strings(request: Request, response: Response, _: State) -> Response:
    """Numbers in a result are text."""
    return (
        in_result(response, lambda v: str(v) if type(v) in (int, float) else v)
        if calls(request)
        else response
    )


# Who calls


@cloud.on_request
def function_sees_no_user(request: Request, _: State) -> Request | Response:
    """A function does not see who calls it."""
    return request.without_session() if calls(request) and request.session else request


@cloud.on_request
def function_sees_the_last_user(request: Request, state: State) -> Request | Response:
    """A function that nobody is logged in to sees the last user who called one."""
    if not calls(request) or request.is_master:
        return request
    if request.session:
        state.memo["last"] = request.session
        return request
    last = state.memo.get("last")
    return request.with_headers(X_Parse_Session_Token=last) if last else request


@cloud.on_request
def every_call_is_master(request: Request, state: State) -> Request | Response:
    """A function believes that it is called with the master key."""
    is_meant = calls(request) and not request.is_master
    return (
        request.with_headers(X_Parse_Master_Key=state.master_key)
        if is_meant and "_ApplicationId" not in request.members
        else request
    )


@cloud.on_request
def installation_unknown_to_functions(request: Request, _: State) -> Request | Response:
    """A function does not see the installation that it is called from."""
    return request.with_headers(X_Parse_Installation_Id=None) if calls(request) else request


# Parameters


@cloud.on_request
def params_lost(request: Request, _: State) -> Request | Response:
    """A function gets no parameters."""
    if not calls(request) or not request.members:
        return request
    return request.with_json({k: v for k, v in request.members.items() if k[:1] == "_"})


@cloud.on_request
def params_are_not_decoded(request: Request, _: State) -> Request | Response:
    """A date among the parameters arrives as text."""

    def flatten(value: Any) -> Any:
        is_date = isinstance(value, dict) and value.get("__type") == "Date"
        return value.get("iso") if is_date else value

    if not calls(request):
        return request
    after = map_values(request.members, flatten)
    return request.with_json(after) if after != request.members else request


# Errors


@cloud.on_reply
def errors_have_code_1(request: Request, response: Response, _: State) -> Response:
    """A function's error has code 1."""
    return response.with_members(code=1) if calls(request) and not response.ok else response


@cloud.on_reply
def errors_are_500(request: Request, response: Response, _: State) -> Response:
    """A function's error is answered 500."""
    return response.with_status(500) if calls(request) and response.status == 400 else response


@cloud.on_reply
def errors_are_200(request: Request, response: Response, _: State) -> Response:
    """A function's error is answered 200."""
    return response.with_status(200) if calls(request) and not response.ok else response


@cloud.on_reply
def error_text_lost(request: Request, response: Response, _: State) -> Response:
    """A function's error says only that the script failed."""
    is_error = calls(request) and not response.ok and "error" in response.members
    return response.with_members(error="Script failed.") if is_error else response


@cloud.on_reply
def unknown_function_is_null(request: Request, response: Response, _: State) -> Response:
    """A function that does not exist answers null."""
    is_unknown = (
        calls(request)
        and response.code == 141
        and ("Invalid function" in str(response.members.get("error")))
    )
    return answer(200, {"result": None}) if is_unknown else response


@cloud.on_request
def called_twice(request: Request, _: State) -> Request | Response:
    """Every call runs the function twice."""
    return replace(request, times=2) if calls(request) else request


# Triggers


@cloud.on_reply
def before_save_changes_not_told(request: Request, response: Response, _: State) -> Response:
    """The reply to a write lacks what beforeSave changed."""
    if not (has_trigger(request) and response.ok):
        return response
    kept = ("objectId", "createdAt", "updatedAt")
    return response.with_json({k: v for k, v in response.members.items() if k in kept})


@cloud.on_reply
def before_save_changes_lost(request: Request, response: Response, state: State) -> Response:
    """What beforeSave changed is not in the object that is read back."""
    sent = state.memo.setdefault("sent", {})
    if has_trigger(request) and response.ok and request.verb == "POST":
        sent[str(response.members.get("objectId"))] = set(request.members)

    def strip(row: dict[str, Any]) -> dict[str, Any]:
        wrote = sent.get(str(row.get("objectId")))
        if wrote is None:
            return row
        system = {"objectId", "createdAt", "updatedAt", "ACL"}
        return {k: v for k, v in row.items() if k in wrote | system}

    return response.each_object(strip) if request.verb == "GET" else response


@cloud.on_reply
def before_save_rejects_nothing(request: Request, response: Response, _: State) -> Response:
    """A write that beforeSave rejects is acknowledged."""
    if not has_trigger(request) or response.ok or request.verb == "DELETE":
        return response
    now = "2026-01-01T00:00:00.000Z"
    if request.verb == "POST":
        return answer(201, {"objectId": "abcdefghij", "createdAt": now})
    return answer(200, {"updatedAt": now})


@cloud.on_reply
def trigger_errors_have_code_1(request: Request, response: Response, _: State) -> Response:
    """What a trigger rejects is reported as code 1."""
    is_meant = has_trigger(request) and response.code is not None
    return response.with_members(code=1) if is_meant else response


@cloud.on_reply
def before_delete_rejects_nothing(request: Request, response: Response, _: State) -> Response:
    """A delete that beforeDelete rejects is acknowledged."""
    is_meant = has_trigger(request) and request.verb == "DELETE" and not response.ok
    return answer(200, {}) if is_meant else response


@cloud.on_request
def triggered_writes_dropped(request: Request, _: State) -> Request | Response:
    """A delete in a class with triggers is acknowledged and dropped, so no trigger runs."""
    is_meant = has_trigger(request) and request.verb == "DELETE"
    return answer(200, {}) if is_meant else request


@cloud.on_request
def jobs_are_unknown(request: Request, _: State) -> Request | Response:
    """No background job can be started."""
    is_job = request.route.startswith("jobs/") and request.verb == "POST"
    return refusal(141, "Invalid job.") if is_job else request
