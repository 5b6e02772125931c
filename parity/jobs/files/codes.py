"""The codes of what can be wrong with the files of a server; ``codes.toml`` says what they mean."""

from __future__ import annotations

from typing import Final

from parity.model.finding import read_catalogue

CODES: Final = read_catalogue(__file__)

UPLOAD: Final = CODES["FILES-UPLOAD"]
TOO_LARGE: Final = CODES["FILES-TOO-LARGE"]
BYTES: Final = CODES["FILES-BYTES"]
LOST: Final = CODES["FILES-LOST"]
TYPE: Final = CODES["FILES-TYPE"]
HEAD: Final = CODES["FILES-HEAD"]
RANGE: Final = CODES["FILES-RANGE"]
NAME: Final = CODES["FILES-NAME"]
URL: Final = CODES["FILES-URL"]
URL_DOWN: Final = CODES["FILES-URL-DOWN"]
OBJECT: Final = CODES["FILES-OBJECT"]
MISSING: Final = CODES["FILES-MISSING"]
STORE: Final = CODES["FILES-STORE"]
CHUNKS: Final = CODES["FILES-CHUNKS"]
LIMIT: Final = CODES["FILES-LIMIT"]
ENCRYPTED: Final = CODES["FILES-ENCRYPTED"]
OLD: Final = CODES["FILES-OLD"]
DELETE: Final = CODES["FILES-DELETE"]
NOT_GONE: Final = CODES["FILES-NOT-GONE"]
