"""Decoding bodies: exact, bounded, and never more than was sent."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from parity.capture.bodies import Budget, Copy, TooLongError, UndecodableError, decoded

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
MB = 1024 * 1024


@given(st.binary(max_size=5000), st.lists(st.sampled_from(sorted(ENCODERS)), max_size=3))
def test_decoding_undoes_encoding(body: bytes, encodings: list[str]) -> None:
    encoded = body
    for name in encodings:
        encoded = ENCODERS[name](encoded)
    assert decoded(encoded, ", ".join(encodings), 2 * MB) == body


@given(st.binary(max_size=300), st.sampled_from([*sorted(ENCODERS), "unknown", "gzip, br"]))
def test_any_bytes_are_decoded_or_refused_by_name(body: bytes, encoding: str) -> None:
    with contextlib.suppress(UndecodableError, TooLongError):
        assert len(decoded(body, encoding, 1000)) <= 1000


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_body_that_is_cut_off_is_refused(encoding: str) -> None:
    encoded = ENCODERS[encoding](bytes(range(256)) * 20)
    with pytest.raises(UndecodableError):
        decoded(encoded[: len(encoded) // 2], encoding, MB)


@pytest.mark.parametrize("encoding", ENCODERS)
def test_the_limit_is_exact_and_is_not_reached_for_more_than_a_little(encoding: str) -> None:
    bomb = ENCODERS[encoding](b"0" * 40 * MB)
    small = ENCODERS[encoding](b"0" * 1000)
    assert len(decoded(small, encoding, 1000)) == 1000
    with pytest.raises(TooLongError):
        decoded(small, encoding, 999)
    tracemalloc.start()
    with pytest.raises(TooLongError):
        decoded(bomb, encoding, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MB


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(1, 400), st.integers(0, 400))
def test_a_copy_is_whole_or_empty_and_gives_back_what_it_took(
    chunks: list[bytes], limit: int, budget: int
) -> None:
    shared = Budget(budget)
    copy = Copy(limit, shared)
    for chunk in chunks:
        copy.feed(chunk)
    whole = b"".join(chunks)
    assert copy.truncated is (len(whole) > min(limit, budget))
    assert copy.body == (b"" if copy.truncated else whole)
    copy.release()
    assert shared.take(budget)
    assert not shared.take(1)
