"""Bytes from a keyboard as key names."""

from __future__ import annotations

_SEQUENCES = {
    b"\x1b[A": "up",
    b"\x1bOA": "up",
    b"\x1b[B": "down",
    b"\x1bOB": "down",
    b"\x1b[5~": "pgup",
    b"\x1b[6~": "pgdn",
    b"\x1b[H": "home",
    b"\x1bOH": "home",
    b"\x1b[1~": "home",
    b"\x1b[F": "end",
    b"\x1bOF": "end",
    b"\x1b[4~": "end",
}
_SINGLE = {b"\r": "enter", b"\n": "enter", b"\x7f": "backspace", b"\x08": "backspace", b"\t": "tab"}


class Keyboard:
    """Collects bytes; a sequence split over two reads (a slow SSH) is still one key."""

    def __init__(self) -> None:
        self._kept = b""

    @property
    def unfinished(self) -> bool:
        """Whether bytes wait for the rest of their key: call `flush` if none comes within 0.1 s."""
        return bool(self._kept)

    def feed(self, data: bytes) -> list[str]:
        """The keys now complete: names, or the typed character itself. Unknown sequences are dropped."""
        self._kept += data
        keys: list[str] = []
        while self._kept:
            taken, key = _first(self._kept)
            if not taken:
                break
            self._kept = self._kept[taken:]
            if key:
                keys.append(key)
        return keys

    def flush(self) -> list[str]:
        """Nothing more came: a lone Esc is the Esc key, anything else half is dropped."""
        kept, self._kept = self._kept, b""
        return ["esc"] if kept == b"\x1b" else []


def _first(data: bytes) -> tuple[int, str]:
    """How many bytes the first key takes (0: not all there yet) and its name ("" for none)."""
    if data[0] == 0x1B:
        return _sequence(data)
    if data[:1] in _SINGLE:
        return 1, _SINGLE[data[:1]]
    if data[0] < 0x20:
        return 1, ""
    length = 1 if data[0] < 0x80 else 2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4
    if len(data) < length:
        return 0, ""
    return length, data[:length].decode("utf-8", "ignore")


def _sequence(data: bytes) -> tuple[int, str]:
    if len(data) == 1:
        return 0, ""
    if data[1:2] not in (b"[", b"O"):
        return 1, "esc"
    end = next((at for at in range(2, len(data)) if 0x40 <= data[at] <= 0x7E), None)
    if end is None:
        return (0, "") if len(data) < 16 else (len(data), "")
    return end + 1, _SEQUENCES.get(data[: end + 1], "")
