"""Wrong servers whose sessions are wrong: tokens, logout, who sees which session."""

from __future__ import annotations

from typing import Any

from tests.faults.faults_users import logs_in, signs_up
from tests.faults.messages import Request, Response, answer, refusal
from tests.faults.model import Catalogue, State

sessions = Catalogue("sessions")


@sessions.on_request
def token_survives_logout(request: Request, _: State) -> Request | Response:
    """A session token survives logout."""
    return answer(200, {}) if request.route == "logout" else request


@sessions.on_reply
def log_out_reports_an_error(request: Request, response: Response, _: State) -> Response:
    """A logout succeeds and is answered as an error."""
    is_meant = request.route == "logout" and response.ok
    return answer(400, {"code": 209, "error": "Invalid session token"}) if is_meant else response


def log_out_ends_all_sessions(request: Request, state: State) -> Request | Response:
    """A logout ends every session of the user."""
    owners = state.memo.setdefault("owners", {})
    dead = state.memo.setdefault("dead", set())
    if request.route == "logout" and request.session:
        owner = owners.get(request.session)
        dead.update(token for token, user in owners.items() if user == owner)
        return request
    if request.session in dead:
        return refusal(209, "Invalid session token")
    return request


def _learn_owner(request: Request, response: Response, state: State) -> Response:
    token = response.members.get("sessionToken")
    if (signs_up(request) or logs_in(request)) and isinstance(token, str):
        state.memo.setdefault("owners", {})[token] = response.members.get("objectId")
    return response


sessions.add(
    "log-out-ends-all-sessions",
    "A logout ends every session of the user.",
    request=log_out_ends_all_sessions,
    reply=_learn_owner,
)


@sessions.on_reply
def one_token_for_all_log_ins(request: Request, response: Response, state: State) -> Response:
    """Every log-in of a user answers the same token."""
    tokens = state.memo.setdefault("tokens", {})
    token, user = response.members.get("sessionToken"), response.members.get("objectId")
    if not (signs_up(request) or logs_in(request)) or not token or not isinstance(user, str):
        return response
    return response.with_members(sessionToken=tokens.setdefault(user, token))


def bad_tokens_are_anonymous(request: Request, state: State) -> Request | Response:
    """A request with a dead token is served as if it had none."""
    if request.session and not _is_live(request.session, state):
        return request.without_session()
    return request


def _is_live(token: str, state: State) -> bool:
    return token in state.memo.get("live", set())


def _learn_live(request: Request, response: Response, state: State) -> Response:
    live = state.memo.setdefault("live", set())
    token = response.members.get("sessionToken")
    if (signs_up(request) or logs_in(request)) and isinstance(token, str):
        live.add(token)
    if request.route == "logout" and response.ok:
        live.discard(request.session)
    return response


sessions.add(
    "bad-tokens-are-anonymous",
    "A request with a dead token is served as if it had none.",
    request=bad_tokens_are_anonymous,
    reply=_learn_live,
)


@sessions.on_reply
def bad_token_has_another_code(_: Request, response: Response, state: State) -> Response:
    """A dead session token is reported as code 101."""
    return response.with_members(code=101) if response.code == 209 else response


@sessions.on_reply
def bad_token_is_401(_: Request, response: Response, state: State) -> Response:
    """A dead session token is answered 401."""
    return response.with_status(401) if response.code == 209 else response


@sessions.on_reply
def dead_tokens_answer(request: Request, response: Response, state: State) -> Response:
    """users/me and sessions/me still answer a token that is dead."""
    owners = state.memo.setdefault("owners", {})
    token = response.members.get("sessionToken")
    if (signs_up(request) or logs_in(request)) and isinstance(token, str):
        owners[token] = response.members.get("objectId")
    is_me = request.route in ("users/me", "sessions/me") and response.code == 209
    owner = owners.get(request.session) if is_me else None
    if owner is None:
        return response
    return answer(200, {"objectId": owner, "sessionToken": request.session})


@sessions.on_request
def everybodys_sessions(request: Request, state: State) -> Request | Response:
    """A user sees the sessions of everybody."""
    is_meant = request.is_find and request.route in ("sessions", "classes/_Session")
    return request.as_master(state.master_key) if is_meant else request


@sessions.on_request
def other_sessions_can_be_touched(request: Request, state: State) -> Request | Response:
    """A user may read and delete the session of another."""
    is_meant = request.on_row and request.route.startswith(("sessions/", "classes/_Session/"))
    return request.as_master(state.master_key) if is_meant else request


@sessions.on_request
def session_delete_dropped(request: Request, _: State) -> Request | Response:
    """Deleting a session is acknowledged and dropped."""
    is_meant = request.verb == "DELETE" and request.route.startswith("sessions/")
    return answer(200, {}) if is_meant else request


@sessions.on_reply
def session_without_user(request: Request, response: Response, _: State) -> Response:
    """A session does not say whose it is."""
    is_meant = request.route.startswith(("sessions", "classes/_Session")) and response.ok
    return (
        response.each_object(lambda row: {k: v for k, v in row.items() if k != "user"})
        if is_meant
        else response
    )


@sessions.on_reply
def session_never_expires(request: Request, response: Response, _: State) -> Response:
    """A session has no expiresAt."""
    is_meant = request.route.startswith(("sessions", "classes/_Session")) and response.ok
    return (
        response.each_object(lambda row: {k: v for k, v in row.items() if k != "expiresAt"})
        if is_meant
        else response
    )


@sessions.on_reply
def session_expires_in_the_past(request: Request, response: Response, _: State) -> Response:
    """expiresAt of a session is the time of its creation."""

    def expire(row: dict[str, Any]) -> dict[str, Any]:
        if "expiresAt" not in row or "createdAt" not in row:
            return row
        return {**row, "expiresAt": {"__type": "Date", "iso": row["createdAt"]}}

    is_meant = request.route.startswith(("sessions", "classes/_Session")) and response.ok
    return response.each_object(expire) if is_meant else response


@sessions.on_reply
def created_with_is_signup(request: Request, response: Response, _: State) -> Response:
    """Every session was created with a sign-up."""

    def relabel(row: dict[str, Any]) -> dict[str, Any]:
        if "createdWith" not in row:
            return row
        return {**row, "createdWith": {"action": "signup", "authProvider": "password"}}

    is_meant = request.route.startswith(("sessions", "classes/_Session")) and response.ok
    return response.each_object(relabel) if is_meant else response


@sessions.on_request
def installation_not_noted(request: Request, _: State) -> Request | Response:
    """A session does not note the installation that it was made from."""
    bare = request.with_headers(X_Parse_Installation_Id=None)
    if "_InstallationId" not in request.members:
        return bare
    return bare.with_json({k: v for k, v in request.members.items() if k != "_InstallationId"})


def tokens_of_another_format(request: Request, response: Response, state: State) -> Response:
    """Session tokens do not begin with r:."""
    token = response.members.get("sessionToken")
    if not isinstance(token, str) or not (signs_up(request) or logs_in(request)):
        return response
    return response.with_members(sessionToken=token.removeprefix("r:"))


def _restore_prefix(request: Request, _: State) -> Request | Response:
    token = request.session
    if not token or token.startswith("r:") or len(token) != 32:
        return request
    if "_SessionToken" in request.members:
        return request.with_json({**request.members, "_SessionToken": f"r:{token}"})
    return request.with_headers(X_Parse_Session_Token=f"r:{token}")


sessions.add(
    "tokens-of-another-format",
    "Session tokens do not begin with r:.",
    request=_restore_prefix,
    reply=tokens_of_another_format,
)


def _answer_by_url(request: Request, state: State) -> Request | Response:
    is_meant = request.verb == "GET" and request.route in ("users/me", "sessions/me")
    cached: Response | None = state.memo.get(request.route) if is_meant else None
    return cached or request


def _keep_by_url(request: Request, response: Response, state: State) -> Response:
    if request.verb == "GET" and request.route in ("users/me", "sessions/me") and response.ok:
        state.memo[request.route] = response
    return response


sessions.add(
    "me-is-cached-by-url",
    "A cache answers users/me to everybody with whoever asked first.",
    request=_answer_by_url,
    reply=_keep_by_url,
)
