"""Serial ports as the kernel and udev show them: which name stays a port's own, and why; two lines on one wire."""

import json
from pathlib import Path

import pytest

from agent.settings.wires import doubtful_ports, same_wire
from protocols.modbus.port_names import SerialPortName, serial_ports


class Machine:
    """A machine's /sys and /dev as far as serial ports go."""

    def __init__(self, root: Path) -> None:
        self.sys, self.dev = root / "sys", root / "dev"
        (self.sys / "class/tty").mkdir(parents=True)
        for name in ("by-id", "by-path"):
            (self.dev / "serial" / name).mkdir(parents=True)

    def tty(self, name: str, place: Path, kind: str = "") -> None:
        place.mkdir(parents=True)
        tty = self.sys / "class/tty" / name
        tty.mkdir()
        (tty / "device").symlink_to(place)
        if kind:
            (tty / "type").write_text(f"{kind}\n")
        (self.dev / name).touch()

    def usb(self, socket: str, ttys: list[str], *, serial: str = "", product: str = "FT232R") -> None:
        """One adapter with its ports, as an FTDI shows them: an interface each."""
        device = self.sys / f"devices/usb1/{socket}"
        for number, name in enumerate(ttys):
            self.tty(name, device / f"{socket}:1.{number}/{name}")
            links = self.dev / "serial"
            by_id = (
                f"usb-FTDI_{product}_{serial}-if{number:02}-port0" if serial else f"usb-{product}-if{number:02}-port0"
            )
            for link in (links / "by-id" / by_id, links / "by-path" / f"usb-{socket}:1.{number}-port0"):
                link.unlink(missing_ok=True)  # the one found last has the name
                link.symlink_to(self.dev / name)
        for file, text in (("idVendor", "0403"), ("product", product), ("manufacturer", "FTDI"), ("serial", serial)):
            if text:
                (device / file).write_text(f"{text}\n")

    def ports(self) -> dict[str, SerialPortName]:
        return {Path(one.device).name: one for one in serial_ports(self.sys, self.dev)}

    def name(self, port: SerialPortName) -> str:
        return str(Path(port.name).relative_to(self.dev))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_serial_number_of_its_own_is_a_name(machine: Machine) -> None:
    machine.usb("1-1", ["ttyUSB0"], serial="A1")
    machine.usb("1-2", ["ttyUSB1"], serial="A2")
    machine.tty("ttyAMA0", machine.sys / "devices/platform/uart", "5")
    machine.tty("ttyS3", machine.sys / "devices/platform/nothing", "0")
    ports = machine.ports()
    assert list(ports) == ["ttyAMA0", "ttyUSB0", "ttyUSB1"]
    assert [machine.name(port) for port in ports.values()] == [
        "ttyAMA0",
        "serial/by-id/usb-FTDI_FT232R_A1-if00-port0",
        "serial/by-id/usb-FTDI_FT232R_A2-if00-port0",
    ]
    assert {port.why for port in ports.values()} == {None}


def test_two_adapters_with_one_number_are_named_by_their_sockets(machine: Machine) -> None:
    machine.usb("1-1", ["ttyUSB0"], serial="A1")
    machine.usb("1-2", ["ttyUSB1"], serial="A1")
    machine.usb("1-3", ["ttyUSB2"], serial="A1", product="CP2102")
    ports = machine.ports()
    assert [machine.name(ports[tty]) for tty in ("ttyUSB0", "ttyUSB1")] == [
        "serial/by-path/usb-1-1:1.0-port0",
        "serial/by-path/usb-1-2:1.0-port0",
    ]
    assert str(ports["ttyUSB0"].why) == "2 adapters have the serial number A1: their sockets tell them apart"
    assert ports["ttyUSB2"].why is None


def test_an_adapter_with_four_ports_is_named_by_its_sockets(machine: Machine) -> None:
    machine.usb("1-1", [f"ttyUSB{n}" for n in range(4)], serial="Q7")
    ports = machine.ports()
    assert {machine.name(port) for port in ports.values()} == {f"serial/by-path/usb-1-1:1.{n}-port0" for n in range(4)}
    assert "one adapter with 4 ports" in str(ports["ttyUSB3"].why)


def test_an_adapter_without_a_number_is_named_by_its_socket(machine: Machine) -> None:
    machine.usb("1-1", ["ttyUSB0"], product="USB_Serial")
    alone = machine.ports()["ttyUSB0"]
    assert (machine.name(alone), alone.ambiguous) == ("serial/by-path/usb-1-1:1.0-port0", False)
    machine.usb("1-2", ["ttyUSB1"], product="USB_Serial")
    assert {port.ambiguous for port in machine.ports().values()} == {True}


def test_a_name_that_two_ports_share_is_doubted_and_the_other_is_said(machine: Machine) -> None:
    machine.usb("1-1", ["ttyUSB0"], serial="A1")
    machine.usb("1-2", ["ttyUSB1"], serial="A1")
    by_id = str(machine.dev / "serial/by-id/usb-FTDI_FT232R_A1-if00-port0")
    by_path = str(machine.dev / "serial/by-path/usb-1-1:1.0-port0")
    lines = [(0, {"id": "a", "kind": "serial", "port": by_id}), (1, {"id": "b", "kind": "serial", "port": by_path})]
    (fault,) = doubtful_ports(lines, serial_ports(machine.sys, machine.dev))
    assert (fault.where, fault.what) == (("lines", 0, "port"), "settings.ambiguous_port")
    assert fault.facts["name"] == str(machine.dev / "serial/by-path/usb-1-2:1.0-port0")


def test_one_tty_by_two_names_is_one_wire(machine: Machine) -> None:
    machine.usb("1-1", ["ttyUSB0"], serial="A1")
    by_id, by_path, plain, odd = (
        str(machine.dev / name)
        for name in (
            "serial/by-id/usb-FTDI_FT232R_A1-if00-port0",
            "serial/by-path/usb-1-1:1.0-port0",
            "ttyUSB0",
            "serial/../ttyUSB0",
        )
    )
    for other in (by_path, plain, odd):
        lines = [(0, {"id": "a", "kind": "serial", "port": by_id}), (1, {"id": "b", "kind": "serial", "port": other})]
        (fault,) = same_wire(lines, [])
        assert (fault.what, fault.where) == ("settings.wire_has_two_names", ("lines", 1, "port"))
        assert fault.facts == {"wire": other, "other": by_id, "line": "a"}
    (fault,) = same_wire(lines[:1], [(0, {"id": "uav", "url": f"serial://{plain}:57600"})])
    assert fault.where == ("aircraft", 0, "url")
    assert not list(same_wire([], [(0, {"id": "uav", "url": "udpin://0.0.0.0:14550"})]))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"host": "gw"}, {"host": "GW.", "port": 502}, True),
        ({"host": "10.0.0.5", "port": 4001}, {"host": "10.0.0.5", "kind": "rtu_tcp"}, True),
        ({"host": "::1"}, {"host": "[0:0::1]"}, True),
        ({"host": "gw"}, {"host": "gw", "port": 503}, False),
        ({"host": "gw"}, {"host": "gw", "kind": "rtu_tcp"}, False),
        ({"kind": "opcua", "url": "opc.tcp://H:4840"}, {"kind": "opcua", "url": "opc.tcp://h:4840/"}, True),
    ],
)
def test_one_gateway_however_it_is_written(one: dict[str, object], other: dict[str, object], same: bool) -> None:
    lines = [(i, {"id": f"l{i}", "kind": "tcp", **line}) for i, line in enumerate((one, other))]
    assert bool(list(same_wire(lines, []))) is same


async def test_the_ports_are_shown(tmp_path: Path) -> None:
    from tests.modbus.test_technician import hydronest

    code, shown, said = await hydronest(tmp_path, "bus", "ports")
    here = serial_ports()
    assert code == (0 if here else 4), said
    rows = shown if isinstance(shown, list) else [shown]
    assert [row["device"] for row in rows] == [port.device for port in here], json.dumps(rows)
