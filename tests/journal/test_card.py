"""What the card is given, as the kernel counts it at the device; and no day is told from a start's burst."""

import os
from pathlib import Path

from agent.journal.card import CARD_AMPLIFICATION, CARD_BYTES, CARD_CYCLES, SURE_AFTER_S, CardBook, Device, Written


class Disk:
    """The kernel's count for the device that `folder` lies on."""

    def __init__(self, folder: Path) -> None:
        number = folder.stat().st_dev
        self.stat = folder / "dev" / f"{os.major(number)}:{os.minor(number)}" / "stat"
        self.stat.parent.mkdir(parents=True)
        self.device = Device(folder, folder / "dev")
        self.wrote(0, 0)

    def wrote(self, size: int, writes: int) -> None:
        self.stat.write_text(f"  9 8 7 6 {writes} 5 {size // 512} 0 0 0 0 0 0 0 0 0 0\n")


def test_it_is_measured_at_the_device_and_told_for_a_day_once_that_is_known(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.wrote(10 << 20, 1000)
    book = CardBook(0.0, disk.device)
    book.note(1.0, 47_000_000, 5, 5)
    told = book.numbers(60.0)
    assert (told["bytes"], told["device_bytes"], told["over_s"]) == (47_000_000, 0, 60.0)
    assert told["bytes_per_day"] is None and told["card_days_left"] is None, "a start says nothing of a day"
    for second in range(100, 2000, 100):
        disk.wrote((10 << 20) + second * 512 * 20, 1000 + second)
        book.note(float(second), 100, 1, 1)
    told = book.numbers(1900.0)
    assert (told["device_bytes"], told["device_writes"]) == (1900 * 512 * 20, 1900), "not what was before"
    per_day = 512 * 20 * 86_400
    assert told["bytes_per_day"] == per_day
    assert told["card_days_left"] == round(CARD_BYTES * CARD_CYCLES / CARD_AMPLIFICATION / per_day)
    told = book.numbers(1900.0 + 30 * 3600)
    assert (told["bytes"], told["over_s"]) == (0, 86_400.0), "of the last day"
    book.note(1900.0 + 31 * 3600, 7, 1, 1)
    assert book.numbers(1900.0 + 31 * 3600)["bytes"] == 7


def test_where_nobody_counts_it_is_the_journals_own(tmp_path: Path) -> None:
    book = CardBook(0.0, Device(tmp_path, tmp_path / "no such folder"))
    book.note(1.0, 1000, 1, 1)
    told = book.numbers(SURE_AFTER_S)
    assert told["device_bytes"] is None and told["device_writes"] is None
    assert told["bytes_per_day"] == 96_000


def test_what_the_kernel_says_otherwise_is_no_count(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    assert disk.device.written() == Written(0, 0)
    for text in ("", "1 2 3", "a b c d e f g", "1 2 3 4 5 6 -"):
        disk.stat.write_text(text)
        assert disk.device.written() is None
    disk.wrote(1 << 20, 5)
    book = CardBook(0.0, disk.device)
    disk.wrote(0, 0)  # another card
    book.note(20.0, 1, 1, 1)
    assert book.numbers(20.0)["device_bytes"] == 0
    disk.wrote(1 << 20, 5)
    book.note(25.0, 1, 1, 1)
    assert book.numbers(25.0)["device_bytes"] == 0, "looked at now and then"
    book.note(31.0, 1, 1, 1)
    assert book.numbers(31.0)["device_bytes"] == 1 << 20
