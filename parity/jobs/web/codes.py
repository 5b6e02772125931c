"""The finding codes of ``parity web``, stable for scripts, and what each one means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from parity.model.evidence import Severity


class Code(StrEnum):
    """One kind of difference between two websites. The value is what users see."""

    MISSING = "WEB-MISSING"
    STATUS = "WEB-STATUS"
    REDIRECT = "WEB-REDIRECT"
    TYPE = "WEB-TYPE"
    BODY = "WEB-BODY"
    COOKIE = "WEB-COOKIE"
    COOKIE_FLAG = "WEB-COOKIE-FLAG"
    CACHE = "WEB-CACHE"
    HOSTED_LINK = "WEB-HOSTED-LINK"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means: severity, what breaks, and what to do."""

    severity: Severity
    cause: str
    remedy: str


EXPLAINED: Final = {
    Code.MISSING: Explanation(
        "breaking",
        "The new server has no such page: visitors and links from elsewhere meet an error.",
        "Mount the route beside the API (app.use, express.static), or redirect to where it is now.",
    ),
    Code.STATUS: Explanation(
        "breaking",
        "The page answers with another status: browsers, clients and crawlers act by it.",
        "Look at the server's log for this path; a route may be missing, or come after another.",
    ),
    Code.REDIRECT: Explanation(
        "breaking",
        "The redirect leads elsewhere than before, or still to a host that goes away.",
        "Make the target relative, or put the new address in it (--domain-stays if the old "
        "address will lead to the new server).",
    ),
    Code.TYPE: Explanation(
        "breaking",
        "The content type is another: browsers refuse scripts and styles, or offer a download.",
        "Set the type where the route answers (res.type), or serve the file with express.static.",
    ),
    Code.BODY: Explanation(
        "breaking",
        "The page has another content, after everything that servers make anew is taken out.",
        "Deploy the same files and templates, with the same data; if a part changes by itself, "
        "compare side by side with --from, which asks the old site twice.",
    ),
    Code.COOKIE: Explanation(
        "breaking",
        "The page sets a cookie no more: who logs in here is not remembered.",
        "Mount the same session middleware with the same cookie name (key).",
    ),
    Code.COOKIE_FLAG: Explanation(
        "security",
        "A cookie has lost HttpOnly or Secure: scripts may read it, or it goes out unencrypted.",
        "Set httpOnly and secure of the cookie; behind a proxy also app.set('trust proxy', 1).",
    ),
    Code.CACHE: Explanation(
        "security",
        "The page was private, and now shared caches may keep it and show it to others.",
        "Send Cache-Control: private or no-store for this route.",
    ),
    Code.HOSTED_LINK: Explanation(
        "breaking",
        "The page leads to the hosted service or to the old site, which both go away.",
        "Make the links relative or put the new address in them; scripts need "
        "Parse.serverURL of the new server (--domain-stays if the old address stays in use).",
    ),
}
