"""Frames: encoding, decoding, and finding them in a stream of bytes that may hold anything."""

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.gb26875.dialect import STANDARD, Dialect
from protocols.gb26875.fields import CodecError, read_time, write_time
from protocols.gb26875.objects import LONGEST
from protocols.reason import Reason

START, END = b"@@", b"##"
HEAD = 27  # bytes before the application data: start 2, control unit 25
SHORTEST = 30
ADDRESS_TOP = 256**6


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. Addresses are 48-bit numbers; `time` is local ISO text, None for bytes that are no date."""

    serial: int
    versions: tuple[int, int]
    time: str | None
    source: int
    destination: int
    command: int
    data: bytes = b""
    time_hex: str = ""

    def encoded(self, dialect: Dialect = STANDARD) -> bytes:
        """The bytes on the wire, 30 to 1054. Raises CodecError for what does not fit."""
        if len(self.data) > LONGEST:
            raise CodecError("gb.field_too_long", field="data", bytes=len(self.data), most=LONGEST)
        for name, value, top in (("serial", self.serial, 65536), ("command", self.command, 256)):
            if not 0 <= value < top:
                raise CodecError("gb.not_in_range", field=name, value=repr(value), least=0, most=top - 1)
        if not all(0 <= version < 256 for version in self.versions):
            raise CodecError("gb.versions_not_bytes", value=repr(self.versions))
        time = write_time(self.time, dialect, "time") if self.time is not None else bytes.fromhex(self.time_hex)
        if len(time) != 6:
            raise CodecError("gb.time_bytes")
        body = b"".join(
            (
                self.serial.to_bytes(2, "little"),
                bytes(self.versions),
                time,
                write_address(self.source, dialect, "source"),
                write_address(self.destination, dialect, "destination"),
                len(self.data).to_bytes(2, "little"),
                bytes([self.command]),
                self.data,
            )
        )
        return START + body + bytes([sum(body) & 0xFF]) + END


def read_address(raw: bytes, dialect: Dialect) -> int:
    """Six bytes, low byte first, as a number. Raises CodecError for BCD bytes that are no digits."""
    if dialect.address == "binary":
        return int.from_bytes(raw, "little")
    digits = raw[::-1].hex()
    if not digits.isdigit():
        raise CodecError("gb.not_bcd", bytes=raw.hex(" "))
    return int(digits)


def write_address(address: int, dialect: Dialect, name: str) -> bytes:
    """The reverse of `read_address`."""
    top = ADDRESS_TOP if dialect.address == "binary" else 10**12
    if not 0 <= address < top:
        raise CodecError("gb.not_in_range", field=name, value=repr(address), least=0, most=top - 1)
    return address.to_bytes(6, "little") if dialect.address == "binary" else bytes.fromhex(f"{address:012d}")[::-1]


def decode_frame(raw: bytes, dialect: Dialect = STANDARD) -> Frame:
    """Exactly one frame's bytes. Raises CodecError saying which part is wrong."""
    if len(raw) < SHORTEST:
        raise CodecError("gb.frame_too_short", bytes=len(raw), least=SHORTEST)
    if raw[:2] != START:
        raise CodecError("gb.no_start", bytes=raw[:2].hex(" "))
    length = int.from_bytes(raw[24:26], "little")
    if length > LONGEST:
        raise CodecError("gb.length_too_long", bytes=length, most=LONGEST)
    if len(raw) != SHORTEST + length:
        raise CodecError("gb.other_length", data_bytes=length, wanted=SHORTEST + length, bytes=len(raw))
    if raw[-2:] != END:
        raise CodecError("gb.no_end", bytes=raw[-2:].hex(" "))
    checksum = sum(raw[2:-3]) & 0xFF
    if checksum != raw[-3]:
        raise CodecError("gb.checksum", stands=f"{raw[-3]:02X}", right=f"{checksum:02X}")
    time = read_time(raw[6:12], dialect)
    return Frame(
        serial=int.from_bytes(raw[2:4], "little"),
        versions=(raw[4], raw[5]),
        time=time,
        source=read_address(raw[12:18], dialect),
        destination=read_address(raw[18:24], dialect),
        command=raw[26],
        data=raw[HEAD:-3],
        time_hex="" if time is not None else raw[6:12].hex(),
    )


class Splitter:
    """Finds frames in a stream. Splits by the length field, never by an end mark: data may hold both marks.

    After a bad frame one byte is dropped and the next start looked for, so the next good frame is never lost with it.
    Holds at most one frame's bytes (1054) between calls.
    """

    def __init__(self, dialect: Dialect = STANDARD) -> None:
        self.dialect = dialect
        self.garbage_bytes = 0
        self.refused = 0
        self.last_refusal: Reason | None = None
        self._held = bytearray()

    @property
    def within_frame(self) -> bool:
        """Whether bytes are held that wait for the rest of a frame."""
        return bool(self._held)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take what arrived, give the frames it completes, in order."""
        self._held += data
        yield from self._scan()

    def silence(self) -> Iterator[Frame]:
        """The line went quiet within a frame: it is a torn one. Give the good frames it may have swallowed."""
        while self._held:
            self._drop(1)
            yield from self._scan()

    def _scan(self) -> Iterator[Frame]:
        while True:
            start = self._held.find(START)
            if start < 0:
                keep = 1 if self._held.endswith(START[:1]) else 0
                self._drop(len(self._held) - keep)
                return
            self._drop(start)
            if len(self._held) < 26:
                return
            length = int.from_bytes(self._held[24:26], "little")
            if length <= LONGEST and len(self._held) < SHORTEST + length:
                return
            try:
                frame = decode_frame(bytes(self._held[: SHORTEST + min(length, LONGEST)]), self.dialect)
            except CodecError as wrong:
                self.refused += 1
                self.last_refusal = wrong.reason
                self._drop(1)
                continue
            del self._held[: SHORTEST + length]
            yield frame

    def _drop(self, count: int) -> None:
        self.garbage_bytes += count
        del self._held[:count]
