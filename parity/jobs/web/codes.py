"""The codes of how two websites can differ; what each means is in ``codes.toml``."""

from __future__ import annotations

from typing import Final

from parity.model.finding import read_catalogue

CODES: Final = read_catalogue(__file__)

MISSING: Final = CODES["WEB-MISSING"]
STATUS: Final = CODES["WEB-STATUS"]
REDIRECT: Final = CODES["WEB-REDIRECT"]
TYPE: Final = CODES["WEB-TYPE"]
BODY: Final = CODES["WEB-BODY"]
COOKIE: Final = CODES["WEB-COOKIE"]
COOKIE_FLAG: Final = CODES["WEB-COOKIE-FLAG"]
CACHE: Final = CODES["WEB-CACHE"]
HOSTED_LINK: Final = CODES["WEB-HOSTED-LINK"]
