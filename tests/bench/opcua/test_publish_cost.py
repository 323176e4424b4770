"""From the bytes of a publish to Samples, against asyncua decoding the same bytes and no more, in the same run."""

import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from drivers.opcua.rows import OpcuaDevice, Rows
from protocols.opcua.library import ua
from protocols.opcua.notification import decode_publish
from tests.opcua.conftest import profile

NODES, PER_DEVICE = 1000, 10
LATEST = 2**63


def publish(*, scattered: bool, mixed: bool) -> bytes:
    """One value of each of 1,000 nodes: of one scan or 11 ms apart, all doubles or a few kinds."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    response = ua.PublishResponse()
    part = ua.DataChangeNotification()
    kinds = (ua.VariantType.Double, ua.VariantType.Float, ua.VariantType.UInt16, ua.VariantType.Double)
    for i in range(NODES):
        kind = kinds[i % 4] if mixed else kinds[0]
        content = ua.Variant(i % 1000 if kind is kinds[2] else i * 0.5, kind)
        at = start + timedelta(milliseconds=11 * i if scattered else 0)
        item = ua.MonitoredItemNotification(ClientHandle=i, Value=ua.DataValue(content, SourceTimestamp=at))
        part.MonitoredItems.append(item)
    response.Parameters.NotificationMessage.NotificationData = [part]
    data: bytes = struct_to_binary(response)
    return data


def to_samples(data: bytes) -> Callable[[], int]:
    points = {f"p{i}": {"node": f"s=P{i}", "unit": "kPa", "valid": [-1.0, 1e6]} for i in range(PER_DEVICE)}
    made = profile(points=points)
    rows = Rows([OpcuaDevice(f"d{i}", str(i), made) for i in range(NODES // PER_DEVICE)])

    def call() -> int:
        published = decode_publish(data)
        assert published is not None
        return sum(len(sample.values) for sample in rows.samples(published.changes, 1, LATEST))

    assert call() == NODES
    return call


def library(data: bytes) -> Callable[[], Any]:
    return lambda: struct_from_binary(ua.PublishResponse, Buffer(data))


def least(call: Callable[[], Any]) -> float:
    return min(timeit.repeat(call, number=3, repeat=7))


@pytest.mark.parametrize(
    ("scattered", "mixed", "share"), [(False, False, 0.25), (False, True, 0.35), (True, True, 1.0)]
)
def test_all_the_way_to_samples_costs_a_share_of_asyncuas_decoding(scattered: bool, mixed: bool, share: float) -> None:
    data = publish(scattered=scattered, mixed=mixed)
    assert least(to_samples(data)) < share * least(library(data))


@pytest.mark.benchmark(group="one publish of 1,000 values")
@pytest.mark.parametrize("scattered", [False, True], ids=["one scan", "scattered"])
def test_to_samples(benchmark: Any, scattered: bool) -> None:
    benchmark(to_samples(publish(scattered=scattered, mixed=False)))


@pytest.mark.benchmark(group="one publish of 1,000 values")
def test_asyncua_decoding(benchmark: Any) -> None:
    benchmark(library(publish(scattered=False, mixed=False)))
