"""A digest: it comes through as it was told, fits, and no other bytes are one."""

import contextlib
from binascii import crc_hqx

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.beidou.digest import (
    KINDS,
    LEAST,
    MOST,
    BadDigest,
    Counts,
    Digest,
    Item,
    Mark,
    Nest,
    Place,
    decode,
    encode,
    fingerprint,
)

PLACES = st.builds(Place, st.floats(-180, 180), st.floats(-90, 90))
NUMBERS = st.integers(0, MOST)
ITEMS = st.builds(
    Item, st.integers(1, KINDS), st.none() | st.integers(0, 9999), st.none() | st.integers(0, 600_000),
    st.booleans(), st.none() | PLACES,
)  # fmt: skip
NESTS = st.builds(Nest, st.integers(0, 9999), st.integers(0, 127), st.none() | PLACES)
DIGESTS = st.builds(
    Digest, st.integers(0, 255), st.binary(min_size=3, max_size=3), st.integers(0, 0xFFFF_FFFF),
    st.sampled_from([*Mark, Mark(0), Mark.CLOCK_SURE | Mark.JOURNAL_FAILING]),
    st.builds(Counts, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    st.lists(NESTS, max_size=4).map(tuple), st.lists(ITEMS, max_size=40).map(tuple),
)  # fmt: skip


@given(DIGESTS, st.integers(LEAST, 300))
def test_it_fits_and_tells_the_first_of_what_stands(digest: Digest, size: int) -> None:
    data, told = encode(digest, size)
    assert len(data) <= size
    came = decode(data)
    assert (came.counter, came.names, came.utc_s, came.counts) == (
        digest.counter, digest.names, digest.utc_s, digest.counts,
    )  # fmt: skip
    assert len(came.items) == told
    left_out = told < len(digest.items) or len(came.nests) < len(digest.nests)
    assert came.marks == digest.marks | (Mark.MORE if left_out else Mark(0))
    for item, right in zip(came.items, digest.items, strict=False):
        assert (item.kind, item.name, item.minutes, item.urgent) == (
            right.kind, right.name, right.minutes, right.urgent,
        )  # fmt: skip
        assert item.place is None or near(item.place, right.place)
    if told and told == len(digest.items) and size - len(data) >= 6:
        assert all(item.place is not None for item, right in zip(came.items, digest.items, strict=True) if right.place)


@given(DIGESTS, st.data())
def test_a_changed_or_lacking_byte_is_no_digest(digest: Digest, data: st.DataObject) -> None:
    right, _ = encode(digest, 78)
    bent = bytearray(right)
    bent[data.draw(st.integers(0, len(right) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadDigest):
        decode(bytes(bent))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_digest_or_bad(data: bytes) -> None:
    checked = b"\xd1" + data
    for wrong in (data, b"\xd1" + data, checked + crc_hqx(checked, 0xFFFF).to_bytes(2, "big")):
        with contextlib.suppress(BadDigest):
            assert decode(wrong).marks in range(16)


def test_a_message_of_78_bytes_names_fourteen_alarms_or_five_with_their_places() -> None:
    """By the arithmetic of docs/beidou.md: head, counts and check 18 bytes at a site of 100, an item 4, its place 6."""
    place = Place(118.87, 28.97)
    items = tuple(Item(3, 60 + at, 90, urgent=True, place=place) for at in range(40))
    digest = Digest(0, b"abc", 1_800_000_000, Mark.CLOCK_SURE, Counts(90, 10, 0, 40, 40), (), items)
    came = decode(encode(digest, 78)[0])
    assert len(came.items) >= 14
    few = Digest(0, b"abc", 1_800_000_000, Mark.CLOCK_SURE, Counts(95, 5, 0, 5, 5), (), items[:5])
    came = decode(encode(few, 78)[0])
    assert [item.place is not None for item in came.items] == [True] * 5


def near(one: Place, other: Place | None) -> bool:
    return other is not None and abs(one.lon - other.lon) <= 2.2e-5 and abs(one.lat - other.lat) <= 1.1e-5


def test_the_list_of_names_has_a_fingerprint() -> None:
    assert fingerprint(["a", "b"]) != fingerprint(["b", "a"])
    assert fingerprint(["ab"]) != fingerprint(["a", "b"])
    assert fingerprint(["h1", "h2"]).hex() == "ff51da"
