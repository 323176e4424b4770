"""MAVLink 2 message signing: frames signed and opened, without a dialect's tables and without I/O.

By the guide at mavlink.io ("Message Signing"): a frame that is signed says so in a flag, and carries after its checksum
a link id, 48 bits of time in 10 µs since 2015, and the first six bytes of SHA-256 over key, frame, link id and time.
The checksum covers the flag, and ends with a byte that each message has for itself; CRC-16/MCRF4XX is linear, so what
the flag changes of it depends on the length alone, and nobody has to know the message.
"""

import binascii
import hmac
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Final, Literal

from protocols.clock import NowNs
from protocols.errors import Reasoned

START, START_1 = 0xFD, 0xFE
SIGNED: Final = 0x01
"""The flag among the incompatible ones. No other is known."""
HEAD, CHECKSUM, SIGNATURE = 10, 2, 13
LARGEST = HEAD + 255 + CHECKSUM + SIGNATURE
KEY_BYTES = 32
MOST_KEYS = 2
"""The new one and, while a key is changed, the one before."""
PER_S = 100_000
"""Ticks of the time in a signature."""
EPOCH_S = 1_420_070_400
"""1 January 2015 UTC, in seconds of Unix time."""
LATEST = 1 << 47
"""The year 2059. A later time is nobody's: taken over, it would leave no room for ours to rise."""
NEW_STREAM = 60 * PER_S
"""So far behind the newest time a sender not heard before may be."""

Verdict = Literal["good", "unsigned", "forged", "replayed", "not_ours"]


class BadSigningKey(Reasoned, ValueError):
    """A text that holds no key."""


def signing_keys(text: str) -> tuple[bytes, ...]:
    """The keys of a file: 64 hexadecimal digits a line, the one to be used first. BadSigningKey."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    try:
        keys = tuple(binascii.unhexlify(line) for line in lines)
    except ValueError:
        keys = ()
    if not 1 <= len(keys) <= MOST_KEYS or len(set(keys)) < len(keys) or {len(key) for key in keys} != {KEY_BYTES}:
        raise BadSigningKey("mavlink.no_signing_key")
    return keys


def signed(frame: bytes, key: bytes, link: int, time: int) -> bytes:
    """An unsigned MAVLink 2 frame, signed. ValueError where it is another kind of frame."""
    if len(frame) < HEAD + CHECKSUM or frame[0] != START or frame[2] or len(frame) != HEAD + frame[1] + CHECKSUM:
        raise ValueError("not an unsigned MAVLink 2 frame")
    stamped = _flagged(frame, SIGNED) + bytes([link]) + time.to_bytes(6, "little")
    return stamped + _signature(key, stamped)


def _signature(key: bytes, stamped: bytes) -> bytes:
    return sha256(key + stamped).digest()[:6]


def _flagged(frame: bytes, flags: int) -> bytes:
    """The same with this byte of flags, and the checksum that goes with it; without what follows the checksum."""
    end = HEAD + frame[1]
    crc = int.from_bytes(frame[end : end + CHECKSUM], "little") ^ _FLAG_IN_CRC[frame[1]]
    return frame[:2] + bytes([flags]) + frame[3:end] + crc.to_bytes(CHECKSUM, "little")


def _crc(crc: int, byte: int) -> int:
    """One byte of CRC-16/MCRF4XX, as MAVLink's `crc_accumulate`."""
    byte ^= crc & 0xFF
    byte = (byte ^ (byte << 4)) & 0xFF
    return (crc >> 8) ^ (byte << 8) ^ (byte << 3) ^ (byte >> 4)


def _flag_in_crc() -> tuple[int, ...]:
    """By the length of the payload: after the flag come seven bytes of the head, the payload and the message's own."""
    found, crc = [], _crc(0, SIGNED)
    for _ in range(HEAD - 3 + 1):
        crc = _crc(crc, 0)
    for _ in range(256):
        found.append(crc)
        crc = _crc(crc, 0)
    return tuple(found)


_FLAG_IN_CRC = _flag_in_crc()


class SigningClock:
    """The time of our signatures: it only rises, by the clock since boot, and never behind what a peer has proved.

    `next` may be called from any thread.
    """

    def __init__(self, start: int, now_ns: NowNs) -> None:
        self._now_ns = now_ns
        self._began_ns = now_ns()
        self._start = self._last = start
        self._lock = threading.Lock()

    def next(self) -> int:
        """For one signature, and no other."""
        with self._lock:
            self._last = max(self._last + 1, self._runs())
            return self._last

    def now(self) -> int:
        """At least what was used last."""
        with self._lock:
            return max(self._last, self._runs())

    def heard(self, time: int) -> None:
        """Somebody who holds the key is there already."""
        with self._lock:
            self._last = max(self._last, time)

    def _runs(self) -> int:
        return self._start + (self._now_ns() - self._began_ns) * PER_S // 10**9


class Opener:
    """What comes over one link: signed frames in, unsigned ones out; everything else is counted and dropped.

    `ids` are the system ids this link is for: another link's key proves nothing here. `key` is the one that its
    aircraft was heard to use last: ours are signed with it.
    """

    def __init__(self, keys: Sequence[bytes], ids: Collection[int], clock: SigningClock, newest: int = 0) -> None:
        self.keys = tuple(keys)
        self.key = self.keys[0]
        self.counts: Counter[Verdict] = Counter()
        self._ids = frozenset(ids)
        self._clock = clock
        self._newest = newest
        self._streams: dict[tuple[int, int, int], int] = {}
        self._rest = b""

    def datagram(self, data: bytes) -> list[bytes]:
        """Whole frames only."""
        self._rest = b""
        found = self.stream(data)
        self._rest = b""
        return found

    def stream(self, data: bytes) -> list[bytes]:
        """Frames as they end; what is begun waits for its end, within `LARGEST` bytes."""
        data = self._rest + data
        found, at = [], 0
        if START not in data and START_1 in data:
            self.counts["unsigned"] += 1
        while True:
            at = data.find(START, at)
            if at < 0 or at + HEAD > len(data):
                break
            end = at + HEAD + data[at + 1] + CHECKSUM + (SIGNATURE if data[at + 2] & SIGNED else 0)
            if end > len(data):
                break
            verdict = self._judged(frame := data[at:end])
            self.counts[verdict] += 1
            if verdict == "good":
                found.append(_flagged(frame, 0))
                at = end
            else:
                at += 1  # what only looked like a frame hides none behind it
        self._rest = data[at:] if at >= 0 else b""
        return found

    def _judged(self, frame: bytes) -> Verdict:
        if frame[2] != SIGNED:
            return "forged" if frame[2] & SIGNED else "unsigned"
        used = next((key for key in self.keys if hmac.compare_digest(_signature(key, frame[:-6]), frame[-6:])), None)
        if used is None:
            return "forged"
        if frame[5] not in self._ids:
            return "not_ours"
        stream, time = (frame[5], frame[6], frame[-SIGNATURE]), int.from_bytes(frame[-12:-6], "little")
        before = self._streams.get(stream, self._newest - NEW_STREAM - 1)
        if not before < time < LATEST:
            return "replayed"
        self._streams[stream] = time
        self._newest = max(self._newest, time)
        self._clock.heard(time)
        self.key = used
        return "good"
