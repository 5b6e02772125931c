"""Errors that are not findings about a server.

::

    ParityError
    ├── UserError        the user must change something: a message with the remedy, exit 2
    └── HarnessError     the server could not be judged: outcome "error"
        ├── TargetDown       no connection
        ├── TargetTimeout    no response in time
        ├── BadReply         a response that is not Parse: HTML, empty, broken JSON
        └── SetUpFailed      what a check needs first could not be made
"""

from __future__ import annotations

from collections.abc import Callable


class ParityError(Exception):
    """Base of every error that parse-parity raises on purpose."""

    def redact(self, text: Callable[[str], str]) -> None:
        """Redact what it says, in place, so that whoever shows it shows no secret.

        Args:
            text: From text to text.
        """
        self.args = tuple(text(part) if isinstance(part, str) else part for part in self.args)


class UserError(ParityError):
    """Something that the user did or has to do.

    Args:
        what: What happened, in one sentence.
        remedy: What to do about it.
        code: A stable code for scripts.
    """

    def __init__(self, what: str, remedy: str = "", *, code: str = "usage") -> None:
        self.what = what
        self.remedy = remedy
        self.code = code
        super().__init__(f"{what}\n{remedy}" if remedy else what)

    def redact(self, text: Callable[[str], str]) -> None:
        """Redact what happened and what to do as well."""
        super().redact(text)
        self.what, self.remedy = text(self.what), text(self.remedy)


class HarnessError(ParityError):
    """The target could not be judged; the message names the target."""


class TargetDown(HarnessError):
    """The target refused or dropped the connection."""


class TargetTimeout(HarnessError):
    """The target did not answer within its timeout."""


class BadReply(HarnessError):
    """The target answered with something that is not Parse; the message shows the bytes."""


class SetUpFailed(HarnessError):
    """What a check needs before it can begin could not be made; the message has the answer."""
