"""Parse's error codes, and error responses as values.

Sources: REST guide "Error Codes" (docs, ``_includes/common/errors.md``) for the codes and their
ranges; Parse JavaScript SDK ``src/ParseError.js`` for the names and for 159, 162, 210, 211;
parse-server 6.x ``src/middlewares.js`` (``handleParseErrors``) for the three shapes of a body.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self


class ErrorCode(IntEnum):
    """A documented error code; ``meaning`` says in one line what it stands for.

    Where guide and SDK give one code two names, the member has the name of the JavaScript SDK.
    """

    meaning: str

    def __new__(cls, code: int, meaning: str = "") -> Self:
        """Make a member that is the integer ``code`` and carries its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OTHER_CAUSE = -1, "something else, or nothing to do with Parse"
    INTERNAL_SERVER_ERROR = 1, "the server failed and does not say how"
    SERVICE_UNAVAILABLE = 2, "the service is down for now"
    CLIENT_DISCONNECTED = 4, "the connection broke"
    CONNECTION_FAILED = 100, "the server cannot be reached, or a rate limit was hit (6.0+)"
    OBJECT_NOT_FOUND = 101, "no such object, no right to see it, or a wrong login"
    INVALID_QUERY = 102, "a query parameter or constraint is not valid"
    INVALID_CLASS_NAME = 103, "the class name is missing or not valid"
    MISSING_OBJECT_ID = 104, "the object id is missing"
    INVALID_KEY_NAME = 105, "a field name is not valid or reserved"
    INVALID_POINTER = 106, "a pointer is malformed"
    INVALID_JSON = 107, "the body is not the JSON that was expected"
    COMMAND_UNAVAILABLE = 108, "the feature is for internal use only"
    NOT_INITIALIZED = 109, "the SDK was not initialised"
    INCORRECT_TYPE = 111, "a field already has another type"
    INVALID_CHANNEL_NAME = 112, "a push channel's name is not valid"
    INVALID_SUBSCRIPTION_TYPE = 113, "the kind of push subscription is not valid"
    INVALID_DEVICE_TOKEN = 114, "the device token is not valid"
    PUSH_MISCONFIGURED = 115, "push is not set up, or the push is not valid"
    OBJECT_TOO_LARGE = 116, "the object, or the config, is too large"
    INVALID_LIMIT = 117, "limit is not valid"
    INVALID_SKIP = 118, "skip is not valid"
    OPERATION_FORBIDDEN = 119, "permissions do not allow this to clients"
    CACHE_MISS = 120, "not in the SDK's cache"
    INVALID_NESTED_KEY = 121, "a key inside an object is not valid"
    INVALID_FILE_NAME = 122, "the file name is not valid"
    INVALID_ACL = 123, "the ACL is not valid"
    TIMEOUT = 124, "the request took too long on the server"
    INVALID_EMAIL_ADDRESS = 125, "the e-mail address is not valid"
    MISSING_CONTENT_TYPE = 126, "a file came without a content type"
    MISSING_CONTENT_LENGTH = 127, "a file came without a length"
    INVALID_CONTENT_LENGTH = 128, "a file came with a wrong length"
    FILE_TOO_LARGE = 129, "the file is too large"
    FILE_SAVE_ERROR = 130, "the file could not be saved"
    INVALID_INSTALLATION_ID = 132, "the installation id is not valid"
    INVALID_DEVICE_TYPE = 133, "the device type is not valid"
    INVALID_CHANNELS_ARRAY = 134, "the list of channels is not valid"
    MISSING_REQUIRED_FIELD = 135, "a required field is missing"
    CHANGED_IMMUTABLE_FIELD = 136, "a field that cannot change was changed"
    DUPLICATE_VALUE = 137, "a unique field already has this value"
    INVALID_EXPIRATION = 138, "a push's expiration is not valid"
    INVALID_ROLE_NAME = 139, "the role's name is not valid, or a value is reserved"
    EXCEEDED_QUOTA = 140, "the app has reached its number of classes"
    SCRIPT_FAILED = 141, "cloud code failed, or there is no such function or job"
    VALIDATION_ERROR = 142, "cloud code refused the request"
    INVALID_IMAGE_DATA = 143, "the JavaScript SDK's image error; in the guide: webhook or receipt"
    INVALID_PURCHASE_RECEIPT = 144, "the receipt is not valid"
    PAYMENT_DISABLED = 145, "the device does not allow payments"
    INVALID_PRODUCT_IDENTIFIER = 146, "the product's identifier is not valid"
    PRODUCT_NOT_FOUND_IN_APP_STORE = 147, "the store does not have the product"
    INVALID_SERVER_RESPONSE = 148, "the store's answer is not valid"
    PRODUCT_DOWNLOAD_FILESYSTEM_ERROR = 149, "the product could not be written to the device"
    INVALID_IMAGE = 150, "the image is not valid"
    UNSAVED_FILE_ERROR = 151, "a file was used before it was saved"
    INVALID_PUSH_TIME_ERROR = 152, "the push time is not valid"
    FILE_DELETE_ERROR = 153, "the file could not be deleted"
    INEFFICIENT_QUERY = 154, "the query was too costly and was refused"
    REQUEST_LIMIT_EXCEEDED = 155, "the app sent too many requests"
    MISSING_PUSH_ID = 156, "the push id is missing"
    MISSING_DEVICE_TYPE = 157, "the device type is missing"
    HOSTING_ERROR = 158, "hosting failed"
    DUPLICATE_REQUEST = 159, "hosted: refused for now; self-hosted: this request id was used before"
    INVALID_EVENT_NAME = 160, "the analytics event's name is not valid"
    FILE_DELETE_UNNAMED_ERROR = 161, "a file without a name cannot be deleted"
    INVALID_VALUE = 162, "a field's value is not valid"
    USERNAME_MISSING = 200, "the username is missing or empty"
    PASSWORD_MISSING = 201, "the password is missing or empty"
    USERNAME_TAKEN = 202, "the username is taken"
    EMAIL_TAKEN = 203, "the e-mail address is taken"
    EMAIL_MISSING = 204, "the e-mail address is missing"
    EMAIL_NOT_FOUND = 205, "no user has this e-mail address"
    SESSION_MISSING = 206, "this needs the user's own session"
    MUST_CREATE_USER_THROUGH_SIGNUP = 207, "users are made by signing up"
    ACCOUNT_ALREADY_LINKED = 208, "the account belongs to another user"
    INVALID_SESSION_TOKEN = 209, "the session token is not valid any more"
    MFA_ERROR = 210, "a second factor could not be set up or checked"
    MFA_TOKEN_REQUIRED = 211, "a second factor is needed"
    LINKED_ID_MISSING = 250, "the linked account has no id"
    INVALID_LINKED_SESSION = 251, "the linked account's session is not valid"
    UNSUPPORTED_SERVICE = 252, "this way to log in is not supported or switched off"
    INVALID_AUTH_DATA = 253, "authData is not valid"
    INVALID_SCHEMA_OPERATION = 255, "the schema cannot change like this (class not empty, …)"
    APP_NAME_INVALID = 256, "the app's name is not valid"
    AGGREGATE_ERROR = 600, "several errors at once"
    FILE_READ_ERROR = 601, "the SDK could not read a file"
    X_DOMAIN_REQUEST = 602, "the browser hid the real error"
    MISSING_API_KEY = 902, "the request has no API key"
    INVALID_API_KEY = 903, "the request's API key is wrong"
    LINKING_NOT_SUPPORTED = 999, "this account cannot be linked at sign-up"


@dataclass(frozen=True, slots=True)
class ParseError:
    """What an error response said.

    Attributes:
        code: The code as sent, documented or not (cloud code may choose its own); ``None`` when
            the body has none, as in ``{"error": "unauthorized"}``.
        message: The text as sent; empty when there was none.
    """

    code: int | None
    message: str

    @property
    def known(self) -> ErrorCode | None:
        """The documented code, or ``None`` if there is none or it is not documented."""
        return _KNOWN.get(self.code) if self.code is not None else None

    def __str__(self) -> str:
        return self.message if self.code is None else f"{self.code} {self.message}"


_KNOWN = {int(code): code for code in ErrorCode}


def parse_error(status: int, body: Any) -> ParseError | None:
    """Read a response's error.

    Three shapes occur: ``{code, error}`` for Parse errors, ``{error}`` alone where a request is
    turned away before it is handled (401 hosted, 403 and 413 self-hosted), and
    ``{code, message}`` for an unexpected failure (500 self-hosted).

    Args:
        status: HTTP status. For an element of a batch response pass 400 and the value of its
            ``error`` key.
        body: The parsed JSON body, or ``None`` if it was not JSON.

    Returns:
        The error, or ``None`` below status 400 (an object may have fields called ``code`` and
        ``error``) and for a body that has none of the shapes.
    """
    if status < 400 or not isinstance(body, dict):
        return None
    if "error" not in body and "message" not in body:
        return None
    code = body.get("code")
    if isinstance(code, bool) or not isinstance(code, int):
        code = None
    message = body["error"] if "error" in body else body["message"]
    if not isinstance(message, str):
        message = json.dumps(message, ensure_ascii=False)
    return ParseError(code, message)
