"""The fast decoder equals asyncua's generic one on whatever a server may send, and never guesses."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.opcua.change import Published
from protocols.opcua.library import struct_from_binary, ua
from protocols.opcua.notification import decode_publish
from protocols.opcua.subscription import decode_slowly

NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "Boolean": st.booleans(),
    "SByte": st.integers(-128, 127),
    "Byte": st.integers(0, 255),
    "Int16": st.integers(-(2**15), 2**15 - 1),
    "UInt16": st.integers(0, 2**16 - 1),
    "Int32": st.integers(-(2**31), 2**31 - 1),
    "UInt32": st.integers(0, 2**32 - 1),
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "Float": st.floats(width=32, allow_nan=False),
    "Double": st.floats(allow_nan=False),
    "String": st.one_of(st.none(), st.text(max_size=20)),
}
moments = st.one_of(
    st.none(), st.integers(0, 10**12).map(lambda us: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
)


@st.composite
def data_values(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(NUMBERS)) -> Any:
    kind = draw(st.sampled_from(kinds))
    value = ua.DataValue(ua.Variant(draw(NUMBERS[kind]), getattr(ua.VariantType, kind)))
    if draw(st.integers(0, 9)) == 0:
        value.Value = None
    value.StatusCode = draw(st.sampled_from([None, ua.StatusCode(0), ua.StatusCode(0x80310000), ua.StatusCode(0x480)]))
    value.SourceTimestamp, value.ServerTimestamp = draw(moments), draw(moments)
    if value.SourceTimestamp is not None:
        value.SourcePicoseconds = draw(st.sampled_from([None, 7]))
    return value


@st.composite
def responses(draw: st.DrawFn) -> Any:
    response = ua.PublishResponse()
    result = response.Parameters
    result.SubscriptionId = draw(st.integers(1, 2**32 - 1))
    result.AvailableSequenceNumbers = draw(st.lists(st.integers(1, 2**32 - 1), max_size=3))
    result.MoreNotifications = draw(st.booleans())
    message = result.NotificationMessage
    message.SequenceNumber = draw(st.integers(1, 2**32 - 1))
    message.PublishTime = draw(moments) or ua.get_win_epoch()
    result.Results = [ua.StatusCode(0)] * draw(st.integers(0, 2))
    alike = draw(st.booleans())
    values = data_values((draw(st.sampled_from(sorted(NUMBERS))),)) if alike else data_values()
    for _ in range(draw(st.integers(0, 2))):
        part = ua.DataChangeNotification()
        for _ in range(draw(st.integers(0, 40))):
            item = ua.MonitoredItemNotification(ClientHandle=draw(st.integers(0, 2**32 - 1)), Value=draw(values))
            part.MonitoredItems.append(item)
        message.NotificationData.append(part)
    return response


def encoded(response: Any) -> bytes:
    from asyncua.ua.ua_binary import struct_to_binary

    data: bytes = struct_to_binary(response)
    return data


def buffer(data: bytes) -> Any:
    from asyncua.common.utils import Buffer

    return Buffer(data)


def same(a: Published, b: Published) -> None:
    """Times to the microsecond: asyncua keeps no more."""
    assert a[:3] == b[:3]
    assert a.publish_ticks // 10 == b.publish_ticks // 10
    assert [(h, v, s, t // 10) for h, v, s, t in a.changes] == [(h, v, s, t // 10) for h, v, s, t in b.changes]
    assert [type(v) for _, v, _, _ in a.changes] == [type(v) for _, v, _, _ in b.changes]


@given(responses())
def test_equals_asyncua_on_random_notifications(response: Any) -> None:
    data = encoded(response)
    fast = decode_publish(data)
    assert fast is not None
    same(fast, decode_slowly(buffer(data)))


@given(responses(), st.data())
def test_a_cut_or_scratched_message_is_never_half_believed(response: Any, data: st.DataObject) -> None:
    """Cut: None. Scratched: what asyncua reads, or None; never an exception."""
    whole = encoded(response)
    assert decode_publish(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None
    at = data.draw(st.integers(0, len(whole) - 1))
    decode_publish(whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :])


@pytest.mark.parametrize(
    "value",
    [
        ua.Variant([1.0, 2.0], ua.VariantType.Double),
        ua.Variant(datetime(2026, 1, 1, tzinfo=UTC), ua.VariantType.DateTime),
        ua.Variant(b"raw", ua.VariantType.ByteString),
        ua.Variant(ua.LocalizedText("open"), ua.VariantType.LocalizedText),
    ],
    ids=["array", "date", "bytes", "localized text"],
)
def test_the_unusual_is_left_to_asyncua(value: Any) -> None:
    response = ua.PublishResponse()
    part = ua.DataChangeNotification()
    for content in (ua.Variant(1.5, ua.VariantType.Double), value):
        part.MonitoredItems.append(ua.MonitoredItemNotification(ClientHandle=3, Value=ua.DataValue(content)))
    response.Parameters.NotificationMessage.NotificationData = [part]
    data = encoded(response)
    assert decode_publish(data) is None
    assert [change[1] for change in decode_slowly(buffer(data)).changes] == [1.5, value.Value]


def test_a_status_change_ends_the_subscription() -> None:
    response = ua.PublishResponse()
    code = ua.StatusCodes.BadTimeout
    response.Parameters.NotificationMessage.NotificationData = [ua.StatusChangeNotification(Status=ua.StatusCode(code))]
    data = encoded(response)
    assert decode_publish(data) is None
    assert decode_slowly(buffer(data)).ended == code


def test_a_service_fault_is_not_a_notification() -> None:
    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.StatusCodes.BadNoSubscription)
    assert decode_publish(encoded(fault)) is None


def test_keep_alive_has_no_changes() -> None:
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = 5
    response.Parameters.NotificationMessage.SequenceNumber = 9
    fast = decode_publish(encoded(response))
    assert fast is not None
    assert (fast.subscription, fast.sequence, fast.changes) == (5, 9, [])


def test_nan_stays_nan() -> None:
    response = ua.PublishResponse()
    part = ua.DataChangeNotification()
    nan = ua.Variant(struct.unpack("<d", b"\x01\0\0\0\0\0\xf8\x7f")[0], ua.VariantType.Double)
    part.MonitoredItems.append(ua.MonitoredItemNotification(ClientHandle=1, Value=ua.DataValue(nan)))
    response.Parameters.NotificationMessage.NotificationData = [part]
    fast = decode_publish(encoded(response))
    assert fast is not None
    assert fast.changes[0][1] != fast.changes[0][1]


def test_struct_from_binary_is_what_we_compare_with() -> None:
    data = encoded(ua.PublishResponse())
    assert isinstance(struct_from_binary(ua.PublishResponse, buffer(data)), ua.PublishResponse)
