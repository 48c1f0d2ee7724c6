"""Where a body ends is read from the head, and a body that ends elsewhere is refused."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.openai_api.framing import (
    Chunked,
    Framing,
    FramingError,
    Length,
    UntilClose,
    framing_of,
)


@pytest.mark.parametrize(
    ("status", "coding", "lengths", "kind"),
    [
        (200, "", "5", Length),
        (200, "", "5, 5", Length),
        (200, "", "", UntilClose),
        (200, "Chunked", "", Chunked),
        (200, "chunked", "5", Chunked),
        (204, "chunked", "", Length),
        (304, "", "5", Length),
    ],
)
def test_the_head_tells_the_framing(status: int, coding: str, lengths: str, kind: type[Framing]) -> None:
    assert isinstance(framing_of(status, coding, lengths), kind)


@pytest.mark.parametrize("lengths", ["-1", "x", "5, 6", "0x5", "\u0665", "9" * 20, "1_0", "5,"])
def test_lengths_that_are_none(lengths: str) -> None:
    with pytest.raises(FramingError, match="no valid length"):
        framing_of(200, "", lengths)


def test_an_answer_without_a_body_is_over_at_once() -> None:
    assert framing_of(204, "", "").done
    assert framing_of(200, "", "0").done


def test_chunks_with_extensions_and_trailers() -> None:
    framing = Chunked()
    assert framing.feed(b"5;name=value\r\nhello\r\nA ; x\n, it is me\n0\r\nX-A: b\r\n") == b"hello, it is me"
    assert not framing.done
    assert framing.feed(b"\r\nmore") == b""
    assert framing.done
    assert framing.surplus


def test_what_follows_a_body_is_noticed() -> None:
    framing = Length(2)
    assert framing.feed(b"abc") == b"ab"
    assert framing.done
    assert framing.surplus
