"""A card that was cloned, moved, or filled from a backup is told once, by whoever runs it."""

import json
from pathlib import Path

from agent.core.whose_card import NOTE, RESTORED, look_whose_card
from agent.journal.journal import Journal
from agent.runtime.machine import machine_name
from drivers.event import Event, EventKind, Severity
from protocols.reason import Reason
from tests.journal.things import running


async def look(journal: Journal, folder: Path, machine: str) -> list[tuple[Severity, str]]:
    told: list[Event] = []
    look_whose_card(journal, folder, told.append, lambda: 1, lambda: machine)
    await journal.flush()
    reasons = [event.evidence["reason"] for event in told]
    assert all(event.kind is EventKind.SELF_FAULT for event in told)
    return [(event.severity, why.code) for event, why in zip(told, reasons, strict=True) if isinstance(why, Reason)]


async def test_another_machine_is_told_once_and_hardware_that_is_silent_proves_nothing(tmp_path: Path) -> None:
    told = []
    for machine in ("a", "a", "", "a", "b", "b", ""):
        async with running(tmp_path) as journal:
            told.append(await look(journal, tmp_path, machine))
            assert journal.notes()[NOTE] == ("b" if len(told) > 4 else "a")
    assert told == [[], [], [], [], [(Severity.ALARM, "state.other_machine")], [], []]


async def test_a_state_put_back_from_a_backup_is_told_once(tmp_path: Path) -> None:
    for text in (json.dumps({"made": "2026-11-30"}), "[" * 100):
        (tmp_path / RESTORED).write_text(text)
        async with running(tmp_path) as journal:
            assert await look(journal, tmp_path, "") == [(Severity.WARNING, "state.restored")]
            assert not (tmp_path / RESTORED).exists(), "once it is kept"
            assert await look(journal, tmp_path, "") == []


def test_a_machine_is_known_by_its_serial_number_or_its_first_built_in_address(tmp_path: Path) -> None:
    def device(system: Path, name: str, bus: str, address: str, kind: str = "0") -> None:
        link, place = system / "class/net" / name, system / "devices" / bus
        link.mkdir(parents=True)
        place.mkdir(parents=True)
        (link / "device").symlink_to(place)
        (link / "address").write_text(f"{address}\n")
        (link / "addr_assign_type").write_text(f"{kind}\n")

    assert machine_name(tmp_path / "nothing") == ""
    pc, other = tmp_path / "pc", tmp_path / "other"
    device(pc, "eth1", "pci1", "02:00:00:00:00:02")
    alone = machine_name(pc)
    device(pc, "eth9", "pci0/usb1", "02:00:00:00:00:01")
    device(pc, "wlan0", "pci0/x", "02:00:00:00:00:09", kind="3")
    device(pc, "veth", "pci9", "02:00:00:00:00:05")
    assert len(alone) == 16
    assert machine_name(pc) == alone, "what is on USB, random, or further on the bus changes nothing"
    device(other, "eth1", "pci1", "02:00:00:00:00:03")
    assert machine_name(other) not in ("", alone)
    board = pc / "firmware/devicetree/base"
    board.mkdir(parents=True)
    (board / "serial-number").write_bytes(b"10000000abcd\0")
    assert machine_name(pc) not in ("", alone)
