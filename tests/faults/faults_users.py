"""Wrong servers whose users are wrong: signing up, logging in, who sees and changes what."""

from __future__ import annotations

import uuid
from typing import Any

from tests.faults.messages import Request, Response, answer
from tests.faults.model import Catalogue, State

users = Catalogue("users")
USER_ROUTES = ("users", "classes/_User")


def of_users(request: Request) -> bool:
    """Return whether a request is about users, by either path."""
    return request.route.startswith(USER_ROUTES) or request.route == "login"


def signs_up(request: Request) -> bool:
    """Return whether a request signs up, or logs in with authData."""
    return request.verb == "POST" and request.route in USER_ROUTES


def logs_in(request: Request) -> bool:
    """Return whether a request logs in."""
    return request.route == "login"


def credentials(request: Request) -> dict[str, Any]:
    """Return the parameters of a log-in, wherever they are."""
    return {**request.params, **request.members}


# Signing up


@users.on_reply
def sign_up_without_token(request: Request, response: Response, _: State) -> Response:
    """A sign-up does not answer a session token."""
    return response.without("sessionToken") if signs_up(request) and response.ok else response


@users.on_reply
def sign_up_is_200(request: Request, response: Response, _: State) -> Response:
    """A sign-up is answered 200."""
    is_new = signs_up(request) and response.status == 201
    return response.with_status(200) if is_new else response


@users.on_reply
def sign_up_without_location(request: Request, response: Response, _: State) -> Response:
    """The reply to a sign-up has no Location."""
    return response.with_headers(Location=None) if signs_up(request) else response


@users.on_reply
def sign_up_echoes_everything(request: Request, response: Response, _: State) -> Response:
    """The reply to a sign-up repeats what was sent, with the password."""
    if not (signs_up(request) and response.ok):
        return response
    return response.with_json({**request.members, **response.members})


@users.on_request
def duplicate_username_accepted(request: Request, state: State) -> Request | Response:
    """A user name can be taken twice."""
    taken = state.memo.setdefault("names", set())
    name = request.members.get("username")
    if not signs_up(request) or not isinstance(name, str):
        return request
    if name not in taken:
        taken.add(name)
        return request
    return request.with_json({**request.members, "username": f"{name}-{uuid.uuid4().hex}"})


@users.on_request
def duplicate_email_accepted(request: Request, state: State) -> Request | Response:
    """An e-mail address can be used twice."""
    taken = state.memo.setdefault("emails", set())
    email = request.members.get("email")
    if not of_users(request) or not isinstance(email, str):
        return request
    if email not in taken:
        taken.add(email)
        return request
    return request.with_json({**request.members, "email": f"{uuid.uuid4().hex}@example.com"})


@users.on_reply
def sign_up_errors_have_another_code(request: Request, response: Response, _: State) -> Response:
    """What is wrong with a sign-up is reported as code 142."""
    is_meant = signs_up(request) and response.code in (125, 200, 201, 202, 203)
    return response.with_members(code=142) if is_meant else response


@users.on_reply
def generated_usernames_repeat(request: Request, response: Response, state: State) -> Response:
    """Every user who has no user name is given the same one."""
    name = response.members.get("username")
    if not (signs_up(request) and isinstance(name, str)) or "username" in request.members:
        return response
    return response.with_members(username=state.memo.setdefault("name", name))


# Logging in


@users.on_request
def any_password_will_do(request: Request, state: State) -> Request | Response:
    """A wrong password logs in."""
    known = state.memo.setdefault("passwords", {})
    if signs_up(request) and isinstance(request.members.get("username"), str):
        known[request.members["username"]] = request.members.get("password")
    if not logs_in(request):
        return request
    right = known.get(str(credentials(request).get("username")))
    given = credentials(request).get("password")
    if right is None or given is None or right == given:
        return request
    if request.verb == "GET":
        return request.with_params(password=right)
    return request.with_json({**request.members, "password": right})


@users.on_reply
def failed_log_in_has_another_code(request: Request, response: Response, _: State) -> Response:
    """A wrong password is reported as code 209."""
    is_meant = logs_in(request) and response.code == 101
    return response.with_members(code=209) if is_meant else response


@users.on_reply
def failed_log_in_is_401(request: Request, response: Response, _: State) -> Response:
    """A wrong password is answered 401."""
    return response.with_status(401) if logs_in(request) and response.code == 101 else response


@users.on_reply
def log_in_without_fields(request: Request, response: Response, _: State) -> Response:
    """A log-in answers the token and the id, but none of the user's fields."""
    if not (logs_in(request) and response.ok):
        return response
    kept = ("objectId", "sessionToken", "createdAt", "updatedAt")
    return response.with_json({k: v for k, v in response.members.items() if k in kept})


@users.on_request
def user_names_in_lower_case(request: Request, _: State) -> Request | Response:
    """User names do not keep their case, and log in with any."""
    if signs_up(request) and isinstance(request.members.get("username"), str):
        name = request.members["username"].lower()
        return request.with_json({**request.members, "username": name})
    if logs_in(request) and isinstance(credentials(request).get("username"), str):
        name = credentials(request)["username"].lower()
        if request.verb == "GET":
            return request.with_params(username=name)
        return request.with_json({**request.members, "username": name})
    return request


@users.on_request
def passwords_of_8_characters(request: Request, _: State) -> Request | Response:
    """Only the first 8 characters of a password count."""

    def cut(value: Any) -> Any:
        return value[:8] if isinstance(value, str) else value

    if logs_in(request) and request.verb == "GET" and "password" in request.params:
        return request.with_params(password=cut(request.params["password"]))
    if of_users(request) and "password" in request.members:
        return request.with_json({**request.members, "password": cut(request.members["password"])})
    return request


# Reading users


def is_user_row(row: Any) -> bool:
    """Return whether a JSON value is a user."""
    return isinstance(row, dict) and "username" in row and "objectId" in row


@users.on_reply
def token_in_lists(request: Request, response: Response, _: State) -> Response:
    """A list of users has their session tokens."""
    if not (of_users(request) and response.rows):
        return response
    return response.each_object(lambda row: {**row, "sessionToken": "r:" + uuid.uuid4().hex})


@users.on_reply
def token_in_other_users(request: Request, response: Response, _: State) -> Response:
    """A user who is retrieved by id shows a session token."""
    is_meant = request.is_fetch and of_users(request) and response.ok
    return response.with_members(sessionToken="r:" + uuid.uuid4().hex) if is_meant else response


@users.on_reply
def password_hash_shown(request: Request, response: Response, _: State) -> Response:
    """A user has the hash of the password."""
    if not (of_users(request) and response.ok and request.verb == "GET"):
        return response
    return response.each_object(
        lambda row: {**row, "_hashed_password": "$2y$10$abc"} if is_user_row(row) else row
    )


@users.on_reply
def me_without_token(request: Request, response: Response, _: State) -> Response:
    """users/me does not answer the session token."""
    is_me = request.route == "users/me" and response.ok
    return response.without("sessionToken") if is_me else response


@users.on_reply
def me_answers_the_last_user(request: Request, response: Response, state: State) -> Response:
    """users/me with a token that is not valid answers the last user who asked."""
    if request.route != "users/me":
        return response
    if response.ok:
        state.memo["last"] = response
        return response
    last: Response = state.memo.get("last", answer(200, {}))
    return last


@users.on_reply
def emails_are_public(request: Request, response: Response, state: State) -> Response:
    """Other users see an e-mail address."""
    if not (of_users(request) and request.verb == "GET" and response.ok):
        return response
    return response.each_object(
        lambda row: {"email": "alice@example.com", **row} if is_user_row(row) else row
    )


@users.on_request
def users_query_ignores_where(request: Request, _: State) -> Request | Response:
    """A query for users finds all of them."""
    is_meant = request.is_find and of_users(request) and request.where
    return request.with_params(where=None) if is_meant else request


# Changing users


@users.on_request
def anybody_may_change_users(request: Request, state: State) -> Request | Response:
    """Any user, or nobody, may change a user."""
    is_meant = request.is_update and of_users(request)
    return request.as_master(state.master_key) if is_meant else request


@users.on_request
def anybody_may_delete_users(request: Request, state: State) -> Request | Response:
    """Any user, or nobody, may delete a user."""
    is_meant = request.is_delete and of_users(request)
    return request.as_master(state.master_key) if is_meant else request


@users.on_request
def user_delete_dropped(request: Request, _: State) -> Request | Response:
    """Deleting a user is acknowledged and dropped."""
    is_meant = request.is_delete and of_users(request) and request.session
    return answer(200, {}) if is_meant else request


@users.on_request
def new_password_dropped(request: Request, _: State) -> Request | Response:
    """A new password is acknowledged and dropped."""
    if not (request.is_update and of_users(request) and "password" in request.members):
        return request
    return request.with_json({k: v for k, v in request.members.items() if k != "password"})


@users.on_request
def user_fields_dropped(request: Request, _: State) -> Request | Response:
    """Changes of a user's own fields are acknowledged and dropped."""
    if not (request.is_update and of_users(request)):
        return request
    kept = ("password", "username", "authData", "_method")
    return request.with_json({k: v for k, v in request.members.items() if k in kept})


@users.on_request
def anonymous_is_always_new(request: Request, state: State) -> Request | Response:
    """An anonymous user who comes back is a new one."""
    auth = request.members.get("authData")
    auth = auth if isinstance(auth, dict) else {}
    anonymous = auth.get("anonymous")
    if not signs_up(request) or not isinstance(anonymous, dict) or "id" not in anonymous:
        return request
    fresh = {**anonymous, "id": str(uuid.uuid4())}
    return request.with_json({**request.members, "authData": {**auth, "anonymous": fresh}})


@users.on_reply
def user_not_found_has_another_code(request: Request, response: Response, _: State) -> Response:
    """What others may not do to a user is reported as code 119."""
    is_meant = request.on_row and of_users(request) and response.code in (101, 206, 209)
    return response.with_members(code=119) if is_meant else response


@users.on_request
def roles_have_no_members(request: Request, _: State) -> Request | Response:
    """The members of a role are not stored."""
    if not (request.route.startswith(("roles", "classes/_Role")) and "users" in request.members):
        return request
    return request.with_json({k: v for k, v in request.members.items() if k != "users"})
