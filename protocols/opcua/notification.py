"""PublishResponse bytes → Changes, by `struct`. asyncua's generic decoder costs ten times as much a value.

Pure. Whatever is unusual (arrays, structures, dates, diagnostics, events) answers None: the caller decodes that
message with asyncua instead. Layout: OPC UA Part 6, 5.2 (encoding), Part 4, 7.21 (NotificationMessage).
"""

from struct import Struct, error
from typing import Final

from protocols.opcua.change import Change, Published, Raw

_PUBLISH_RESPONSE: Final = b"\x01\x00\x3d\x03"  # four-byte NodeId, namespace 0, i=829
_DATA_CHANGE: Final = b"\x01\x00\x2b\x03\x01"  # i=811 with a binary body
_NO_ADDITIONAL_HEADER: Final = b"\x00\x00\x00"

_HEADER = Struct("<4s q I I B i")  # type, timestamp, request handle, service result, diagnostics mask, string table
_SUBSCRIPTION = Struct("<3s I i")  # additional header, subscription id, count of available sequence numbers
_MESSAGE = Struct("<B I q i")  # more, sequence number, publish time, count of notification data
_EXTENSION = Struct("<5s i i")  # type and encoding, body length, count of monitored items
_ITEM = Struct("<I B B")  # client handle, DataValue mask, Variant encoding
_INT = Struct("<i")

_SCALARS: Final = {1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 10: "f", 11: "d"}
_STRING: Final = 12
_FIRST_LOOK: Final = 16  # items; in a mixed message a look at all the rest at every change of type would be quadratic
_VALUE, _STATUS, _SOURCE, _SERVER, _SOURCE_PICO, _SERVER_PICO = 1, 2, 4, 8, 16, 32


def _tail(mask: int) -> str:
    """The fields after the value; what we do not use is skipped inside the struct."""
    return (
        ("I" if mask & _STATUS else "")
        + ("q" if mask & _SOURCE else "")
        + ("2x" if mask & _SOURCE_PICO else "")
        + ("8x" if mask & _SERVER else "")
        + ("2x" if mask & _SERVER_PICO else "")
    )


_LAYOUTS: Final = {
    mask << 8 | kind: (Struct(f"<I2x{code}{_tail(mask)}"), mask & _STATUS, mask & _SOURCE)
    for mask in range(1, 64, 2)
    for kind, code in _SCALARS.items()
}
_TAILS: Final = {mask: Struct("<" + _tail(mask)) for mask in range(64)}


def decode_publish(data: bytes) -> Published | None:
    """Decode a whole PublishResponse body; None where asyncua must (never a wrong value instead)."""
    try:
        return _decode(data)
    except (error, IndexError, UnicodeDecodeError):
        return None


def _decode(data: bytes) -> Published | None:
    kind, answered_ticks, _, result, diagnostics, strings = _HEADER.unpack_from(data)
    if kind != _PUBLISH_RESPONSE or result or diagnostics or strings > 0:
        return None
    position = _HEADER.size
    additional, subscription, available = _SUBSCRIPTION.unpack_from(data, position)
    if additional != _NO_ADDITIONAL_HEADER:
        return None
    position += _SUBSCRIPTION.size + 4 * max(available, 0)
    more, sequence, publish_ticks, parts = _MESSAGE.unpack_from(data, position)
    position += _MESSAGE.size
    changes: list[Change] = []
    for _ in range(max(parts, 0)):
        kind, length, count = _EXTENSION.unpack_from(data, position)
        end = position + 9 + length  # the length counts from after itself: 5 bytes type and encoding, 4 length
        if kind != _DATA_CHANGE or length < 8 or end > len(data):
            return None
        position += _EXTENSION.size
        after = _items(data, position, count, changes)
        if after is None or after + 4 > end or _INT.unpack_from(data, after)[0] > 0:
            return None
        position = end
    (acknowledged,) = _INT.unpack_from(data, position)  # what became of our acknowledgements, then diagnostics
    position += 4 + 4 * max(acknowledged, 0)
    if _INT.unpack_from(data, position)[0] > 0 or position + 4 != len(data):
        return None
    return Published(subscription, sequence, bool(more), publish_ticks or answered_ticks, changes)


def _items(data: bytes, position: int, count: int, changes: list[Change]) -> int | None:
    """Append `count` monitored items from `position`; the position after them, or None for something unusual."""
    left = count
    while left > 0:
        handle, mask, kind = _ITEM.unpack_from(data, position)
        layout = _LAYOUTS.get(mask << 8 | kind)
        if layout is None:
            value: Raw = None
            after = position + 5
            if mask & _VALUE:
                if kind == 0:
                    after = position + 6
                elif kind == _STRING:
                    length = _INT.unpack_from(data, position + 6)[0]
                    after = position + 10 + max(length, 0)
                    if after > len(data):
                        return None
                    value = None if length < 0 else data[position + 10 : after].decode()
                else:
                    return None
            if mask > 63:
                return None
            tail = _TAILS[mask]
            rest = tail.unpack_from(data, after)
            changes.append((handle, value, rest[0] if mask & _STATUS else 0, rest[-1] if mask & _SOURCE else 0))
            position = after + tail.size
            left -= 1
            continue
        struct, has_status, has_source = layout
        size = struct.size
        run = _run(data, position, size, left)
        rows = struct.iter_unpack(data[position : position + run * size])
        if has_source:
            changes.extend(rows if has_status else [(h, v, 0, t) for h, v, t in rows])
        elif has_status:
            changes.extend([(h, v, s, 0) for h, v, s in rows])
        else:
            changes.extend([(h, v, 0, 0) for h, v in rows])
        position += run * size
        left -= run
    return position


def _run(data: bytes, position: int, size: int, most: int) -> int:
    """How many items from `position` on have the same mask and type, so that each starts where the one before ends.

    Seen by strided slices, so a whole message of one type costs two comparisons and a mixed one little more.
    """
    fit = min(most, (len(data) - position) // size)
    if fit < 1:
        raise IndexError
    for look in (min(fit, _FIRST_LOOK), fit):
        stop = position + look * size
        masks, kinds = data[position + 4 : stop : size], data[position + 5 : stop : size]
        run = look - max(len(masks.lstrip(masks[:1])), len(kinds.lstrip(kinds[:1])))
        if run < look:
            break
    return run
