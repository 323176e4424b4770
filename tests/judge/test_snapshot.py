"""The newest verdicts, written by change: what is read is what was last known, whatever was cut off or bent."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.judge.near import AssetStatus, standing_as_json
from agent.judge.service.files import CHANGES, SNAPSHOT, Unreadable, read_snapshot
from agent.judge.service.snapshot import SnapshotWriter

HEAD = {"v": 1, "gateway": "g1", "written_s": 1.0}
THINGS = [AssetStatus(f"H{n:04}", "hydrant", 118.8, 28.9, "serviceable", name=f"路{n}号") for n in range(500)]


class Writer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer = SnapshotWriter(folder)
        self.things = list(THINGS)
        self.at_s = 1.0

    def turn(self, *numbers: int, state: str = "not_serviceable") -> None:
        for number in numbers:
            self.things[number] = replace(self.things[number], state=state, reasons=("x",))

    async def write(self, *, whole: bool = False) -> int:
        """How many bytes the disk was given; -1 where it is to be made anew."""
        self.at_s += 5.0
        sizes = self.sizes()
        part = await self._writer.made(HEAD | {"written_s": self.at_s}, self.things, whole=whole)
        if not self._writer.write(part):
            return -1
        return sum(size if part.whole else size - sizes.get(name, 0) for name, size in self.sizes().items())

    def sizes(self) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in self.folder.glob("verdicts.*")}

    def check(self) -> None:
        found = read_snapshot(self.folder)
        assert found is not None
        assert found == HEAD | {"written_s": self.at_s, "things": [
            {name: list(value) if isinstance(value, tuple) else value for name, value in standing_as_json(one).items()}
            for one in self.things
        ]}  # fmt: skip


async def test_only_what_turned_is_written_and_what_is_read_is_what_is_known(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    whole = await writer.write()
    writer.check()
    assert whole > 30_000
    turned = 0
    for number in range(60):
        writer.turn(number, 499 - number)
        turned += await writer.write()
        writer.check()
    assert turned < 60 * 600, "220 kB/s were two a second"
    assert await writer.write() == 0, "nothing turned"
    for number in range(400):
        writer.turn(number % 500, state=f"state {number}")
        assert await writer.write() >= 0
    assert sum(writer.sizes().values()) < 2 * whole, "it does not grow for ever"
    writer.check()
    writer.things[5] = replace(writer.things[5], pressure_kpa=300.0, seen_s=7.0)
    assert await writer.write() == 0, "a newer reading alone waits"
    assert await writer.write(whole=True) > 30_000
    assert CHANGES not in writer.sizes()
    writer.check()


async def test_what_a_crash_left_and_what_was_taken_away(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    await writer.write()
    writer.turn(1)
    await writer.write()
    after_one = (tmp_path / CHANGES).read_bytes()
    writer.turn(2)
    await writer.write()
    whole = (tmp_path / CHANGES).read_bytes()
    for end in range(len(after_one), len(whole)):
        (tmp_path / CHANGES).write_bytes(whole[:end])
        found = read_snapshot(tmp_path)
        assert found is not None
        assert [one["state"] for one in found["things"][:3]] == ["serviceable", "not_serviceable", "serviceable"]
    for bent in (whole.replace(b"not_serviceable", b"now_serviceable", 1), b"[" * 500 + b"\n"):
        (tmp_path / CHANGES).write_bytes(bent)
        with pytest.raises(Unreadable):
            read_snapshot(tmp_path)
    (tmp_path / CHANGES).write_bytes(whole)
    fresh = Writer(tmp_path)
    await fresh.write()  # another start: what lay there belongs to what is gone
    (tmp_path / CHANGES).write_bytes(whole)
    fresh.check()
    (tmp_path / SNAPSHOT).unlink()
    fresh.turn(3)
    assert await fresh.write() == -1, "the whole is gone"
    assert await fresh.write() > 30_000
    fresh.check()


async def test_what_the_disk_refused_is_written_whole_the_next_time(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    await writer.write()
    (tmp_path / CHANGES).mkdir()
    writer.turn(1)
    with pytest.raises(OSError):
        await writer.write()
    (tmp_path / CHANGES).rmdir()
    assert await writer.write() > 30_000
    writer.check()
