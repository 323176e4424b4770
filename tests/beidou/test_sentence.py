"""A terminal's sentences: every whole one is read, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from protocols.beidou.sentence import LONGEST, Sentence, Sentences, spoken

BODY = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="$*"), min_size=1, max_size=80)


def test_as_terminals_say_them() -> None:
    """Three that are published, with their checks."""
    ear = Sentences()
    data = (
        b"$BDICI,0242286,00242286,0000011,6,60,3,N,0*38\r\n$BDFKI,082920,TCQ,Y,0,0*70\r\n$BDTXR,1,0166166,1,,31*4\r\n"
    )
    card, said = ear.feed(data)
    assert (card.name, card.field(0), card.number(4, 3600)) == ("BDICI", "0242286", 60)
    assert said == Sentence("BDFKI", ("082920", "TCQ", "Y", "0", "0"))
    assert ear.bent == 1
    assert spoken("CCICA,0,00") == b"$CCICA,0,00*7B\r\n"


def test_a_field_that_is_none_is_no_number() -> None:
    told = Sentence("X", ("-1", "", "1e3", "\u0663", "9" * 13, "61"))
    assert [told.number(at, 60) for at in range(7)] == [None] * 7
    assert told.number(5, 61) == 61


@given(st.lists(BODY, max_size=8), st.binary(max_size=40), st.lists(st.integers(1, 50), max_size=20))
def test_however_it_is_cut_each_comes_whole_and_once(bodies: list[str], noise: bytes, cuts: list[int]) -> None:
    ear = Sentences()
    data = noise.replace(b"\n", b"") + b"".join(map(spoken, bodies))
    found = []
    for size in [*cuts, len(data)]:
        found += ear.feed(data[:size])
        data = data[size:]
    assert [",".join((one.name, *one.fields)) for one in found] == bodies


@given(BODY, st.data())
def test_a_changed_byte_is_never_believed(body: str, data: st.DataObject) -> None:
    right = bytearray(spoken(body))
    at = data.draw(st.integers(1, len(right) - 3))
    right[at] ^= data.draw(st.integers(1, 255))
    for told in Sentences().feed(bytes(right)):
        assert ",".join((told.name, *told.fields)) == body, "but for the case of a hexadecimal digit"


@given(st.lists(st.binary(max_size=3000), max_size=6))
def test_any_bytes_are_held_within_a_bound(chunks: list[bytes]) -> None:
    ear = Sentences()
    for chunk in chunks:
        ear.feed(chunk)
        assert len(ear._line) <= LONGEST
    assert [one.name for one in ear.feed(b"\n" + spoken("GNZDA"))] == ["GNZDA"]
