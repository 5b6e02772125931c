"""Real Parse Servers: two that have the settings of an app, and three that are wrong on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from parity.jobs.settings.catalogue import catalogue
from parity.jobs.settings.hosted import HostedSettings
from parity.jobs.settings.judge import ComparedSetting, judge
from parity.jobs.settings.probes import PROBES
from parity.jobs.settings.survey import Result, survey
from parity.model import Target, Writes
from parity.stack import Member, Stack

ADAPTERS = Path(__file__).parent / "adapters"
REFUSES = {"module": str(ADAPTERS / "refuse.cjs"), "enabled": True}
ACCEPTS = {"module": str(ADAPTERS / "accept.cjs"), "enabled": True}
NO_UPLOAD = {
    "enableForPublic": False,
    "enableForAnonymousUser": False,
    "enableForAuthenticatedUser": False,
}
EVERY_UPLOAD = {**dict.fromkeys(NO_UPLOAD, True), "fileExtensions": [".*"]}

NEW = "9.10.0"
OLD = "2.8.4"

APP = HostedSettings(
    values={
        "require_revocable_sessions": True,
        "expire_inactive_sessions": True,
        "session_length_days": 365,
        "revoke_sessions_on_password_change": True,
        "new_login_methods_by_default": False,
        "username_password_login": True,
        "anonymous_users": True,
        "facebook_login": True,
        "facebook_restricted_to_apps": True,
        "client_class_creation": True,
        "public_file_upload": True,
        "anonymous_file_upload": True,
        "user_file_upload": True,
        "html_file_upload": True,
        "users_readable_by_others": True,
        "emails_readable_by_others": True,
        "password_reset_by_email": True,
        "reset_tells_unknown_email": True,
        "verify_emails": False,
        "login_without_verified_email": True,
        "locked_after_failed_logins": 0,
        "weak_passwords": True,
        "custom_object_ids": False,
        "detailed_errors": True,
    }
)
"""What the app of these tests had."""


def members(mails: Path) -> list[Member]:
    """Return the servers.

    Args:
        mails: Folder that gets one file of addresses for each server that can send e-mail.
    """

    def mail(name: str) -> dict[str, Any]:
        return {
            "emailAdapter": {
                "module": str(ADAPTERS / "mail.cjs"),
                "options": {"file": str(mails / name)},
            },
            "appName": "App",
            "publicServerURL": "http://127.0.0.1/parse",
        }

    return [
        Member(
            "right",
            NEW,
            options={
                **mail("right"),
                "auth": {"facebook": {"enabled": True, "appIds": ["1"]}},
                "fileUpload": EVERY_UPLOAD,
                "enforcePrivateUsers": False,
                "protectedFields": {"_User": {"authenticated": []}},
                "passwordPolicy": {"resetPasswordSuccessOnInvalidEmail": False},
                "enableSanitizedErrorResponse": False,
            },
        ),
        Member(
            "wrong",
            NEW,
            options={
                "expireInactiveSessions": False,
                "revokeSessionOnPasswordReset": False,
                "enableAnonymousUsers": False,
                "auth": {"facebook": {"enabled": False}, "google": ACCEPTS},
                "allowClientClassCreation": False,
                "fileUpload": NO_UPLOAD,
                "accountLockout": {"threshold": 3, "duration": 5},
                "passwordPolicy": {"validatorPattern": "^.{8,}$"},
                "allowCustomObjectId": True,
            },
        ),
        Member(
            "strict",
            NEW,
            options={
                **mail("strict"),
                "sessionLength": 3600,
                "verifyUserEmails": True,
                "preventLoginWithUnverifiedEmail": True,
                "auth": {"facebook": ACCEPTS},
                "fileUpload": {**NO_UPLOAD, "enableForAuthenticatedUser": True},
                "passwordPolicy": {"doNotAllowUsername": True},
            },
        ),
        # Their adapters ask Facebook and Google, which a test does not.
        Member(
            "old",
            OLD,
            options={
                **mail("old"),
                "auth": {"facebook": REFUSES, "google": REFUSES},
            },
        ),
        Member(
            "old-wrong",
            OLD,
            options={
                "expireInactiveSessions": False,
                "revokeSessionOnPasswordReset": False,
                "enableAnonymousUsers": False,
                "auth": {"facebook": ACCEPTS, "google": REFUSES},
                "allowClientClassCreation": False,
                "accountLockout": {"threshold": 3, "duration": 5},
                "passwordPolicy": {"validatorPattern": "^.{8,}$"},
            },
        ),
    ]


@dataclass(slots=True)
class Servers:
    """The running servers, and what they were found to do."""

    stack: Stack
    mails: Path
    _results: dict[str, dict[str, Result]] = field(default_factory=dict)

    def target(self, name: str) -> Target:
        return next(each for each in self.stack.targets if each.name == name)

    def results(self, name: str) -> dict[str, Result]:
        """Return what the probes say; they run once for each server."""
        if name not in self._results:
            # Not "disposable": what the probes write stays within the names of their run.
            target = replace(self.target(name), writes=Writes.NAMESPACED)
            left: list[str] = []
            found = dict(survey(target, APP, left, version=target.version, allow_mail=True))
            assert left == []
            assert list(found) == list(PROBES)
            self._results[name] = found
        return self._results[name]

    def judged(self, name: str, hosted: HostedSettings = APP) -> dict[str, ComparedSetting]:
        found = self.results(name)
        return {key: judge(catalogue()[key], hosted, result) for key, result in found.items()}

    def mails_of(self, name: str) -> list[str]:
        """Return the addresses that a server wrote to."""
        file = self.mails / name
        return file.read_text().split() if file.exists() else []

    def rows(self, name: str) -> dict[str, int]:
        """Return how many rows there are by collection, and how many classes of ours."""
        uri = self.target(name).mongo
        assert uri is not None
        with MongoClient[dict[str, Any]](uri.value) as client:
            database = client.get_default_database()
            counts = {
                each: database[each].count_documents({})
                for each in database.list_collection_names()
                if each != "_SCHEMA"
            }
            ours = database["_SCHEMA"].count_documents({"_id": {"$regex": "^Parity"}})
        return {each: count for each, count in {**counts, "classes": ours}.items() if count}
