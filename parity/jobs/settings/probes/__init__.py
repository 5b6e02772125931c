"""One small function for each setting that finds out by behaviour what the server does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parity.jobs.settings.probes import data, files, log_in, mail, sessions, social
from parity.jobs.settings.probing import Probing, Seen


@dataclass(frozen=True, slots=True)
class Probe:
    """How one setting is found out.

    Attributes:
        ask: Finds it out; raises :class:`parity.jobs.settings.probing.NotSeen` if it cannot.
        writes: Whether it creates something.
    """

    ask: Callable[[Probing], Seen]
    writes: bool = True


PROBES: dict[str, Probe] = {
    "REVOCABLE-SESSIONS": Probe(sessions.revocable, writes=False),
    "SESSION-EXPIRY": Probe(sessions.expiry),
    "SESSION-LENGTH": Probe(sessions.length),
    "REVOKE-ON-PASSWORD-CHANGE": Probe(sessions.revoked_on_password_change),
    "NEW-METHODS": Probe(social.new_methods),
    "USERNAME-SIGN-UP": Probe(log_in.username_sign_up),
    "ANONYMOUS-USERS": Probe(log_in.anonymous_users),
    "FACEBOOK-LOGIN": Probe(social.facebook_login),
    "FACEBOOK-APP": Probe(social.facebook_app),
    "CLIENT-CLASSES": Probe(data.client_classes),
    "PUBLIC-FILE-UPLOAD": Probe(files.by_nobody),
    "ANONYMOUS-FILE-UPLOAD": Probe(files.by_anonymous_user),
    "USER-FILE-UPLOAD": Probe(files.by_user),
    "HTML-FILE-UPLOAD": Probe(files.html),
    "PUBLIC-USERS": Probe(data.public_users),
    "PUBLIC-EMAILS": Probe(mail.public_emails),
    "PASSWORD-RESET": Probe(mail.password_reset),
    "RESET-UNKNOWN-EMAIL": Probe(mail.reset_unknown),
    "EMAIL-VERIFICATION": Probe(mail.verification),
    "UNVERIFIED-LOGIN": Probe(mail.unverified_login),
    "LOCKOUT": Probe(log_in.lockout),
    "WEAK-PASSWORDS": Probe(log_in.weak_passwords),
    "CUSTOM-OBJECT-IDS": Probe(data.custom_object_ids),
    "ERROR-DETAILS": Probe(data.error_details, writes=False),
}
"""The probe of each setting, in the order in which they run."""
