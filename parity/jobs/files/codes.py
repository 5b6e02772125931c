"""The finding codes of ``parity files``, stable for scripts, and what each one means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from parity.model.evidence import Severity


class Code(StrEnum):
    """One thing that is wrong with the files of a server. The value is what users see."""

    UPLOAD = "FILES-UPLOAD"
    TOO_LARGE = "FILES-TOO-LARGE"
    BYTES = "FILES-BYTES"
    LOST = "FILES-LOST"
    TYPE = "FILES-TYPE"
    HEAD = "FILES-HEAD"
    RANGE = "FILES-RANGE"
    NAME = "FILES-NAME"
    URL = "FILES-URL"
    OBJECT = "FILES-OBJECT"
    MISSING = "FILES-MISSING"
    STORE = "FILES-STORE"
    LIMIT = "FILES-LIMIT"
    ENCRYPTED = "FILES-ENCRYPTED"
    OLD = "FILES-OLD"
    DELETE = "FILES-DELETE"
    NOT_GONE = "FILES-NOT-GONE"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means: severity, what breaks, and what to do."""

    severity: Severity
    cause: str
    remedy: str


EXPLAINED: Final = {
    Code.UPLOAD: Explanation(
        "breaking",
        "The server does not take a file.",
        "Look at the server's log: the file adapter may not reach its store (credentials, bucket).",
    ),
    Code.TOO_LARGE: Explanation(
        "breaking",
        "An upload is refused for its size: the hosted service took files of up to 10 MB.",
        "Raise maxUploadSize of Parse Server and the limit of the proxy before it "
        "(nginx: client_max_body_size 20m;).",
    ),
    Code.BYTES: Explanation(
        "breaking",
        "What comes back is not what was uploaded: pictures and documents are damaged.",
        "Look for a proxy or CDN that changes bodies (compression, charset), then at the adapter.",
    ),
    Code.LOST: Explanation(
        "breaking",
        "A file that was just stored cannot be fetched at the URL that the server gave.",
        "Open the URL: is it the address that clients reach (serverURL, publicServerURL, baseUrl "
        "of the adapter), and is the store readable there?",
    ),
    Code.TYPE: Explanation(
        "breaking",
        "The file comes back with another content type: browsers download or refuse it.",
        "Make the adapter store the type (S3: ContentType), or the proxy pass it through.",
    ),
    Code.HEAD: Explanation(
        "breaking",
        "HEAD does not say what GET would: download managers and players rely on it.",
        "Let the proxy pass HEAD to the server.",
    ),
    Code.RANGE: Explanation(
        "breaking",
        "A part of a file cannot be asked for, or is not that part: audio and video do not play "
        "on iOS. With fileKey or an encryptionKey, Parse Server hands out parts of the cipher.",
        "Let the proxy pass Range on; without an encryption key GridFS answers ranges right.",
    ),
    Code.NAME: Explanation(
        "breaking",
        "A file with an unusual name is neither refused (error 122) nor kept right.",
        "Let the proxy pass paths on as they are, without decoding them.",
    ),
    Code.URL: Explanation(
        "breaking",
        "Clients cannot use the URL of a file: it names this machine, or is not https.",
        "Set publicServerURL (serverURL for old versions) to the address that clients use, with "
        "https; iOS refuses plain HTTP.",
    ),
    Code.OBJECT: Explanation(
        "breaking",
        "A file in a field of an object does not come back with a URL that serves it.",
        "Read the object with curl and open its URL; see the file adapter's getFileLocation.",
    ),
    Code.MISSING: Explanation(
        "breaking",
        "A file that never existed is answered as if it did: clients show an error page as a file.",
        "Answer 404 for missing files; look for a catch-all route or a proxy's own page.",
    ),
    Code.STORE: Explanation(
        "breaking",
        "New files do not land in the store that was chosen.",
        "Set filesAdapter of Parse Server; without one it uses GridFS.",
    ),
    Code.LIMIT: Explanation(
        "breaking",
        "The limit on uploads is not the one that you named.",
        "Set maxUploadSize, and the limit of the proxy at least as high.",
    ),
    Code.ENCRYPTED: Explanation(
        "breaking",
        "New files are encrypted in GridFS, and old ones are not: the server answers 404 for them. "
        "Parse Server takes fileKey (or encryptionKey) as the key of GridFS.",
        "Leave fileKey out once no file of the hosted store is needed; or encrypt the old files "
        "with rotateEncryptionKey of GridFSBucketAdapter, after a backup.",
    ),
    Code.OLD: Explanation(
        "breaking",
        "Files that are in GridFS already cannot be fetched, or not as they are stored.",
        "Is the server's database this one? Run parity audit --check-files all.",
    ),
    Code.DELETE: Explanation(
        "breaking",
        "The master key cannot delete a file.",
        "Give the adapter's account the right to delete (S3: s3:DeleteObject).",
    ),
    Code.NOT_GONE: Explanation(
        "security",
        "A file that was deleted can still be fetched, or its bytes are still in the store.",
        "Look for a cache or CDN before the server, and whether the adapter deletes at all.",
    ),
}
