"""Which clients are recorded: whole clients, never single requests of one.

A recording is replayed in order, so half of a client's requests are worth nothing. Who the client
is, in this order:

1. its installation id (every SDK sends one, from its first request on);
2. its session token;
3. its address.

A token belongs to the client that it was minted for: a sign-up or log-in without an installation
id is decided by the address, and so is everything that is later sent with the token that it
returned, from wherever it comes. The same holds for a token that was first seen together with an
installation id.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable

REMEMBERED = 100_000
"""Tokens whose decision is kept because it is not their own; the least recently used one goes."""

_MINTED = re.compile(rb'"sessionToken"\s*:\s*"([^"\\]{1,128})"')
_MINTING = re.compile(r"/(?:login|loginAs|users(?:/[^/]+)?|upgradeToRevocableSession|batch)/?")


class Sampler:
    """Decides about clients with a keyed hash, the same for the same key.

    Args:
        share: Share of clients to keep, from 0 (none) to 1 (all).
        key: Secret bytes; another key chooses other clients.
    """

    def __init__(self, share: float, key: bytes) -> None:
        self._all = share >= 1
        self._bound = int(share * 2**64)
        self._key = key[:64]
        self._inherited: OrderedDict[bytes, bool] = OrderedDict()

    def keeps(self, installation_id: str | None, token: str | None, address: str) -> bool:
        """Tell whether the client of a request is in the sample.

        Args:
            installation_id: As sent, or ``None``.
            token: The session token as sent, or ``None``.
            address: The client's network address, without the port.
        """
        if self._all:
            return True
        if installation_id:
            kept = self._chosen("installation", installation_id)
            if token:
                self._inherit(token, kept=kept)
            return kept
        if not token:
            return self._chosen("address", address)
        digest = self._digest("token", token)
        if digest not in self._inherited:
            return self._chosen("token", token)
        self._inherited.move_to_end(digest)
        return self._inherited[digest]

    def learn(self, path: str, response: Callable[[], bytes], *, kept: bool) -> None:
        """Let the tokens that a response mints belong to the client that asked for them.

        Args:
            path: Path of the request, without its query.
            response: Gives the decoded body of the response; called only if it is needed.
            kept: What was decided about the request's client.
        """
        if self._all or not _MINTING.search(path):
            return
        for token in _MINTED.findall(response()):
            self._inherit(token.decode("utf-8", "replace"), kept=kept)

    def _inherit(self, token: str, *, kept: bool) -> None:
        digest = self._digest("token", token)
        if digest in self._inherited:
            self._inherited.move_to_end(digest)
            return
        if self._chosen("token", token) is kept:
            return
        self._inherited[digest] = kept
        if len(self._inherited) > REMEMBERED:
            self._inherited.popitem(last=False)

    def _chosen(self, kind: str, value: str) -> bool:
        return int.from_bytes(self._digest(kind, value), "big") < self._bound

    def _digest(self, kind: str, value: str) -> bytes:
        data = value.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=8, key=self._key, person=kind.encode()).digest()
