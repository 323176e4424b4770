"""Values in other clothes: structures by the path to a point, arrays, dates, texts; and the bytes of strangers."""

import struct
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.opcua.access import OpcuaAccess
from drivers.opcua.line import OpcuaLine
from drivers.opcua.rows import OpcuaDevice
from drivers.profile.location import parse_inside
from drivers.profile.mistake import Wrong
from drivers.profile.model import OpcuaProfile
from drivers.quality import Quality
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.library import ua
from protocols.opcua.plain import inside, plain
from protocols.opcua.session import Session
from protocols.opcua.structure import Definition, Structures
from tests.opcua.conftest import running
from tests.opcua.peer import NAMESPACE, Peer

KINDS = ua.VariantType


def test_dates_and_texts_are_plain() -> None:
    at = datetime(2026, 5, 4, 5, 2, 1, tzinfo=timezone(timedelta(hours=2)))
    assert plain(at) == "2026-05-04T03:02:01Z"
    assert plain(datetime(2026, 5, 4, 3, 2, 1, 250_000)) == "2026-05-04T03:02:01.250Z"  # noqa: DTZ001 - asyncua's may be
    assert plain(datetime(1601, 1, 1, tzinfo=UTC)) is None
    assert plain(ua.LocalizedText("压力", "zh")) == "压力"
    assert plain(ua.QualifiedName("Pressure", 2)) == "Pressure"
    assert plain(3.5) == 3.5


def test_what_lies_inside_a_value() -> None:
    value = {"Sensors": [{"P": 1.0}, {"P": 2.0}]}
    assert inside(value, ("Sensors", 1, "P")) == 2.0
    for nowhere in (("Sensors", 2, "P"), ("sensors",), ("Sensors", "P"), (0,)):
        assert inside(value, nowhere) is None
    assert inside(ua.Range(Low=1.0, High=5.0), ("High",)) == 5.0
    assert inside(ua.Range(Low=1.0, High=5.0), ("__class__",)) is None


@pytest.mark.parametrize("text", ["Pressure", "[2]", "Sensors[1].Pressure", "[0][2]", "Water level.Now"])
def test_a_place_inside_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_inside(text)) == text


@pytest.mark.parametrize("text", ["", ".", "a.", "[x]", "a[1", "a..b", "[1]b"])
def test_a_place_nobody_can_read_says_what_to_write(text: str) -> None:
    with pytest.raises(Wrong):
        parse_inside(text)


def known(definition: Definition) -> tuple[Structures, Any]:
    """Structures that know this one, and the NodeId before its bytes."""
    structures = Structures(Session(Endpoint("opc.tcp://127.0.0.1:1/")))
    encoding = ua.NodeId(5001, 2)
    structures._by_encoding[encoding] = definition
    return structures, encoding


def test_optional_fields_and_unions_are_read_by_their_masks() -> None:
    fields = [("A", KINDS.Byte, False, True), ("B", KINDS.Float, False, False), ("C", KINDS.UInt16, True, True)]
    structures, encoding = known(Definition(fields=fields))
    whole = struct.pack("<I B f i H H", 3, 9, 1.5, 2, 7, 8)
    assert structures.open(ua.ExtensionObject(encoding, whole)) == {"A": 9, "B": 1.5, "C": [7, 8]}
    assert structures.open(ua.ExtensionObject(encoding, struct.pack("<I f", 0, 1.5))) == {"B": 1.5}
    union = [("A", KINDS.Byte, False, False), ("B", KINDS.Float, False, False)]
    structures, encoding = known(Definition(union=True, fields=union))
    assert structures.open(ua.ExtensionObject(encoding, struct.pack("<I f", 2, 1.5))) == {"B": 1.5}
    assert structures.open(ua.ExtensionObject(encoding, struct.pack("<I", 0))) == {}
    assert structures.open(ua.ExtensionObject(encoding, struct.pack("<I", 3))) is None
    stranger = ua.ExtensionObject(ua.NodeId(1, 2), b"x")
    assert structures.open([stranger]) == [stranger]


@given(st.binary(max_size=200))
def test_any_bytes_end_soon_and_without_harm(body: bytes) -> None:
    """Elements of no bytes, lengths that lie, structures that hold themselves."""
    empty = Definition()
    own = Definition(fields=[("Name", KINDS.String, False, False), ("Nothing", empty, True, False)])
    own.fields += [("Again", own, True, True), ("Any", KINDS.Variant, True, False)]
    structures, encoding = known(own)
    opened = structures.open(ua.ExtensionObject(encoding, body))
    assert opened is None or isinstance(opened, dict)


def device() -> OpcuaDevice:
    made: dict[str, Any] = {
        "profile": "hydrant/dressed",
        "protocol": "opcua",
        "opcua": {"namespace": NAMESPACE, "publishing_ms": 250.0, "sampling_ms": 50.0},
        "identity": [{"node": "s=Title", "is": "第 * 号"}],
        "points": {
            "pressure": {"node": "s=Station", "inside": "Sensors[1].Pressure", "unit": "kPa"},
            "mode": {"node": "s=Station", "inside": "Sensors[0].Mode", "enum": {"0": "closed", "1": "open"}},
            "inner": {"node": "s=Station", "inside": "Sensors[0].Levels[0]", "unit": "m"},
            "name": {"node": "s=Station", "inside": "Name"},
            "serviced": {"node": "s=Station", "inside": "Serviced"},
            "battery": {"node": "s=Station", "inside": "Battery", "unit": "mV"},
            "level": {"node": "s=Levels", "inside": "[0]", "unit": "m"},
            "beyond": {"node": "s=Levels", "inside": "[2]", "unit": "m"},
            "when": {"node": "s=When"},
            "title": {"node": "s=Title"},
        },
    }
    return OpcuaDevice("d", "", OpcuaProfile.model_validate(made))


@pytest.mark.peer
async def test_the_structures_arrays_dates_and_texts_of_node_opcua(tmp_path: Path) -> None:
    async with Peer(tmp_path, nodes=1, period_ms=100, dressed=True) as peer:
        line = OpcuaLine("opc", Endpoint(peer.url), [device()])
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("d", "pressure")) > 5 and len(kept.good("d", "title")) > 5)
        last = {point: kept.good("d", point)[-1][0] for point in device().profile.points if kept.good("d", point)}
        tick = int(str(last["pressure"])[:-2]) - 200
        assert tick > 3
        assert last["mode"] == "open"
        assert (last["inner"], last["level"], last["serviced"]) == (1.5, 0.25, "2026-05-04T03:02:01Z")
        assert str(last["name"]).startswith("Hydrant ")
        assert str(last["title"]).startswith("第 ")
        assert str(last["when"]).startswith("20")
        assert str(last["when"]).endswith("Z")
        for point in ("battery", "beyond"):  # not in this one; behind the end
            assert {quality for _, quality, _, _ in kept.values("d", point)} == {Quality.BAD_ANSWER}
        access = OpcuaAccess(lambda _: Endpoint(peer.url))
        (seen,) = await access.read("opc", [f"nsu={NAMESPACE};s=Station"])
        assert seen["value"]["Sensors"][0]["Levels"][0] == 1.5
