"""What servers pack is unpacked piece by piece, and never more than a piece at once."""

from __future__ import annotations

import gzip
import zlib

import pytest
from ansible_collections.inference.stack.plugins.module_utils.openai_api.encodings import decoder_of
from ansible_collections.inference.stack.plugins.module_utils.openai_api.framing import FramingError

TEXT = b"data: hello\n\n" * 50


def raw_deflate(text: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(text) + engine.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("X-GZIP", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
    ids=["none", "identity", "gzip", "two gzip members", "zlib", "raw deflate"],  # gzip holds the time of day
)
def test_every_coding_gives_the_text(coding: str, packed: bytes) -> None:
    decoder = decoder_of(coding)
    found = [*decoder.feed(packed[:20]), *decoder.feed(packed[20:])]
    decoder.end()
    assert b"".join(found) == TEXT


def test_a_flushed_part_comes_out_at_once() -> None:
    engine = zlib.compressobj(wbits=31)
    decoder = decoder_of("gzip")
    assert b"".join(decoder.feed(engine.compress(b"first") + engine.flush(zlib.Z_SYNC_FLUSH))) == b"first"


def test_pieces_stay_small() -> None:
    sizes = [len(piece) for piece in decoder_of("gzip").feed(gzip.compress(b" " * 10**6))]
    assert sum(sizes) == 10**6
    assert max(sizes) <= 65536


def test_an_empty_body_is_whole() -> None:
    decoder_of("gzip").end()


def test_an_unknown_coding_is_refused() -> None:
    with pytest.raises(FramingError, match="uses the content encoding 'zstd'"):
        decoder_of("zstd")
