"""Random and mutated frames: nothing unexpected is raised, and the next good frame is never lost."""

import os
import random

from protocols.gb26875.frame import Splitter, decode_frame
from protocols.gb26875.text import frame_to_json
from tests.gb26875.test_codec import FRAMES, agrees

ROUNDS = int(os.environ.get("HYDRONEST_FUZZ_FRAMES", "20000"))  # the long form is a million: see docs/gb26875.md
GOOD = FRAMES[0].raw


def mutated(chance: random.Random) -> bytes:
    """A published frame with some bytes changed, cut out, doubled or made up; or plain noise."""
    raw = bytearray(chance.choice(FRAMES).raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(raw))
        match chance.randrange(5):
            case 0:
                raw[at] = chance.randrange(256)
            case 1:
                del raw[at : at + chance.randint(1, 8)]
            case 2:
                raw[at:at] = raw[at : at + chance.randint(1, 8)]
            case 3:
                raw[at:at] = chance.choice((b"@@", b"##", b"@", b"\xff\xff"))
            case 4:
                raw = bytearray(chance.randbytes(chance.randint(1, 80)))
        if not raw:
            raw = bytearray(b"@")
    return bytes(raw)


def test_the_next_good_frame_is_never_lost() -> None:
    chance = random.Random(26875)
    expected = decode_frame(GOOD)
    for _ in range(ROUNDS):
        bad = mutated(chance)
        splitter = Splitter()
        stream = bad + GOOD
        cut = chance.randrange(len(stream) + 1)
        found = [*splitter.feed(stream[:cut]), *splitter.feed(stream[cut:]), *splitter.silence()]
        assert found[-1] == expected, bad.hex()
        assert len(splitter._held) <= 1054


def test_the_splitter_holds_no_more_than_a_frame() -> None:
    splitter = Splitter()
    for _ in range(100):
        assert list(splitter.feed(b"@@" * 4000)) == []
        assert len(splitter._held) <= 1054


def test_both_decoders_agree_on_mutated_frames() -> None:
    chance = random.Random(3)
    for _ in range(ROUNDS // 4):
        raw = mutated(chance)
        if chance.random() < 0.7 and len(raw) > 30:  # repair the frame so that the content is looked at
            body = bytearray(raw[:2] + raw[2:-3])
            body[0:2] = b"@@"
            body[24:26] = (len(raw) - 30).to_bytes(2, "little")
            raw = bytes(body) + bytes([sum(body[2:]) & 0xFF]) + b"##"
        agrees(raw)
        assert isinstance(frame_to_json(raw)["verdict"], str)
