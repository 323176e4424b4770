"""A twin made of a trace passes the transcript it was made of, faults and times included."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agent.cli import exits
from agent.cli.commands.bench import VERBS
from agent.cli.main import main
from hil.bench.simulated import SimulatedDevice
from hil.bench.twin import Twin
from hil.bench.verbs import register
from hil.wire.faults import Fault
from hil.wire.memory import MemoryPort
from hil.wire.pair import Slave
from hil.wire.pty_wire import PtyWire
from protocols.clock import NowNs
from protocols.errors import WireError
from protocols.modbus import question
from protocols.modbus.crc import crc16
from protocols.modbus.line_rtu import RtuLine
from protocols.modbus.load import Wire
from protocols.modbus.redaction import redacted
from protocols.modbus.trace import BadTrace, Exchange, Piece, Trace, exchanges, read, written
from tests.modbus.rig import profile, virtually
from tests.waiting import scaled

WIRE = Wire(19_200)
FAULTS = [None, Fault(delay_s=0.15), Fault(corrupt=2), None, Fault(silent=True), None, Fault(drop=1), None]
POINTS = {"level": {"at": "holding 3", "type": "uint16"}, "pressure": {"at": "input 0", "type": "float32"}}


async def transcript(now_ns: NowNs, slaves: Mapping[int, Slave], spoil: Callable[[int, bytes], Fault | None]) -> Trace:
    """What passes when unit 3 is asked eight times for each of two things."""
    port = MemoryPort(WIRE, slaves, now_ns)
    port.pair.spoil = spoil
    line = RtuLine("pair", port, [], WIRE, cap_ns=300_000_000, now_ns=now_ns)
    pieces: list[Piece] = []
    running = asyncio.create_task(line.run())
    with line.traced(lambda at_ns, sent, data: pieces.append(Piece(at_ns, sent, data))):
        for count in range(1, 9):
            for table, number in (("holding", 3), ("input", 0)):
                with contextlib.suppress(WireError):
                    await line.ask(question.read(3, table, number, 1 + (count % 2 if table == "input" else 0)), 2.0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return Trace(WIRE.baud, "E", pieces)


def test_a_twin_passes_its_own_transcript() -> None:
    device = SimulatedDevice(profile(POINTS), 3)
    faults = iter(FAULTS * 4)
    real = virtually(lambda now_ns: transcript(now_ns, {3: device}, lambda unit, frame: next(faults)))
    told = read(line.encode() for line in written(*real))
    was = list(exchanges(told.pieces))
    assert {bool(one.answer) for one in was} == {True, False}
    twin = Twin(was, WIRE)
    now = list(exchanges(virtually(lambda now_ns: transcript(now_ns, twin.slaves, twin.spoil)).pieces))
    assert [(one.question, one.answer) for one in now] == [(one.question, one.answer) for one in was]
    off_ms = [abs(one.after_ns - two.after_ns) / 1e6 for one, two in zip(now, was, strict=True)]
    assert max(off_ms) < 0.01


def test_what_it_was_never_asked_it_refuses() -> None:
    twin = Twin([Exchange(question.read(3, "holding", 3, 1).rtu, b"", 0)], WIRE)
    other = question.read(3, "holding", 9, 1).rtu
    assert twin.spoil(3, other) is None
    assert twin.slaves[3].answer(other[1:-2], 0) == (3, b"\x83\x02")


def test_another_masters_traffic_is_understood() -> None:
    asked, answer = question.read(3, "holding", 3, 1).rtu, bytes.fromhex("0303020007c1fe")
    heard = [Piece(0, False, asked), Piece(20, False, b"\x03"), Piece(30, False, answer), Piece(90, False, asked)]
    lump = [Piece(0, False, asked + answer)]
    assert list(exchanges(lump)) == [Exchange(asked, answer, 0)]
    assert list(exchanges(heard)) == [Exchange(asked, b"\x03" + answer, 20), Exchange(asked, b"", 0)]


GOOD = '{"trace":"hydronest modbus rtu 1","baud":9600,"parity":"E"}'


@pytest.mark.parametrize(
    ("lines", "told"),
    [([], "no trace"), (["{}"], "no trace"), ([GOOD.replace("9600", "-1")], "no trace"), ([GOOD, "{"], "line 2"),
     ([GOOD, '{"ms":1,"sent":true,"data":"0"}'], "line 2"), ([GOOD, '{"ms":"1","sent":true,"data":"00"}'], "line 2")],
)  # fmt: skip
def test_a_trace_that_is_none_is_refused(lines: list[str], told: str) -> None:
    with pytest.raises(BadTrace, match=told):
        read(line.encode() for line in lines)


SPANS = [("holding", 100, 101), ("input", 7, 7)]
SECRET = "5a5a"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("030300630004", "0303081111" + SECRET + SECRET + "2222"),  # 99 to 102
        ("030400070001", "030402" + SECRET),
        ("031000640001" + "02" + SECRET, "031000640001"),
        ("03060064" + SECRET, "03060064" + SECRET),
    ],
)
def test_what_is_blanked_is_in_no_byte_of_a_trace(asked: str, answer: str) -> None:
    def framed(text: str) -> bytes:
        return bytes.fromhex(text) + crc16(bytes.fromhex(text))

    for spoilt in (0, 1):  # an answer that came whole, and one that did not
        was = [Piece(0, True, framed(asked)), Piece(9, False, framed(answer)[: -spoilt or None])]
        now = list(redacted(was, SPANS))
        assert SECRET not in "".join(piece.data.hex() for piece in now)
        assert [len(piece.data) for piece in now] == [len(piece.data) for piece in was]
        assert [crc16(piece.data[:-2]) == piece.data[-2:] for piece in now] == [True, not spoilt]
        assert list(redacted(was, [("holding", 300, 400)])) == was
    whole = [Piece(0, True, framed("030300630004")), Piece(9, False, framed("0303081111" + 2 * SECRET + "2222"))]
    for unheard in ([whole[1]], [Piece(0, False, b"\x00" + whole[1].data + whole[1].data)]):
        assert SECRET not in next(redacted(unheard, SPANS)).data.hex()
    assert next(iter(list(redacted(whole, SPANS))[1:])).data.hex()[6:-4] == "1111" + "0000" * 2 + "2222"


def test_a_line_is_recorded_and_its_twin_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands themselves, on a line that another master owns."""
    trace, asked = tmp_path / "trace", question.read(3, "holding", 3, 1).rtu
    device = SimulatedDevice(profile(POINTS), 3)
    device.shown = {"level": 4711}
    with PtyWire(tmp_path / "street", {3: device}, baud=19_200) as wire:

        def ask() -> None:
            wire.pair.other_master(asked)
            wire.at(wire.now_ns() + 200_000_000, ask)

        wire.order(ask)
        words = ["bus", "record", str(wire.path), str(trace), "--baud", "19200", "--for", str(scaled(1.5))]
        assert main(words) == exits.OK
        assert main(words) == exits.CANNOT_WRITE, "never over one that is there"
    assert "street" not in trace.read_text()
    with trace.open("rb") as file:
        made = Twin(exchanges(read(file).pieces), WIRE)
    with PtyWire(tmp_path / "tty", made.slaves, baud=19_200) as wire:
        wire.pair.spoil = made.spoil
        capsys.readouterr()
        assert main(["bus", "read", str(wire.path), "3", "holding", "3", "--baud", "19200", "--json"]) == exits.OK
        assert "4711" in capsys.readouterr().out
    register()
    try:
        assert main(["bench", "twin", str(trace), str(tmp_path / "tty"), "--for", "0.01", "--json"]) == exits.OK
        assert json.loads(capsys.readouterr().out)["units"] == [3]
        (tmp_path / "none").write_text("{}\n")
        assert main(["bench", "twin", str(tmp_path / "none"), str(tmp_path / "tty")]) == exits.BAD_DATA
    finally:
        VERBS.clear()


def test_a_recording_loses_nothing_when_the_plug_is_pulled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does it leave a file where there was nothing to record."""
    trace, asked = tmp_path / "trace", question.read(3, "holding", 3, 1).rtu
    words = ["bus", "record", str(tmp_path / "street"), str(trace), "--baud", "19200", "--for", str(scaled(20))]
    for seconds in ("nan", "inf", "-1"):
        assert main([*words, "--for", seconds]) == exits.USAGE
    assert main(words) == exits.NO_ANSWER
    assert not trace.exists()
    with PtyWire(tmp_path / "street", {}, baud=19_200) as wire:

        def ask() -> None:
            if trace.exists() and trace.read_text().count("\n") > 2:
                wire._unplug()
            else:
                wire.pair.other_master(asked)
                wire.at(wire.now_ns() + 50_000_000, ask)

        wire.order(ask)
        assert main(words) == exits.NO_ANSWER
    assert len(read(trace.read_bytes().splitlines(True)).pieces) >= 2
    assert "street" in capsys.readouterr().err


def test_a_twin_takes_no_port_that_is_something_else(tmp_path: Path) -> None:
    trace, port = tmp_path / "trace", tmp_path / "tty"
    trace.write_text(GOOD + '\n{"ms":0,"sent":true,"data":"030300030001750a"}\n')
    register()
    try:
        assert main(["bench", "twin", str(trace), str(trace), "--for", "0.01"]) == exits.CANNOT_WRITE
        assert trace.read_text().startswith(GOOD)
        port.symlink_to("/dev/null")
        assert main(["bench", "twin", str(trace), str(port), "--for", "0.01"]) == exits.CANNOT_WRITE
        port.unlink()
        port.symlink_to("/dev/pts/999999")  # of one that was killed
        assert main(["bench", "twin", str(trace), str(port), "--for", "0.01"]) == exits.OK
    finally:
        VERBS.clear()


@pytest.mark.parametrize("piece", ['"ms":1e308', '"ms":true', '"ms":-1e99', '"data":"  "', '"data":"zz"'])
def test_a_piece_that_cannot_have_passed_is_refused(piece: str) -> None:
    line = '{"ms":0,"sent":true,"data":"00"}'
    name = piece.partition(":")[0]
    told = {**json.loads(line), json.loads(name): json.loads(piece.partition(":")[2])}
    with pytest.raises(BadTrace, match="line 2"):
        read([GOOD.encode(), json.dumps(told).encode()])
