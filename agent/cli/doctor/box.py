"""The box itself: its card, its power, its package, the terminal somebody sits at."""

import hashlib
import os
import pwd
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.cli.doctor import upgraded
from agent.cli.doctor.finding import Finding, doubt, fault, told
from agent.cli.upgrade.plan import Plan
from protocols.reason import Fact, Reason

LEAST_BYTES = 64 << 20
"""Below it the journal has no room to grow (its event floor is 32 MB) and SQLite none to work."""
LEAST_SHARE = 0.05
LEAST_INODES = 1000
WORN = 9
"""Of JEDEC's life time in tenths (eMMC 5.0, DEVICE_LIFE_TIME_EST): 9 is 80 to 90 % used."""
OURS = "usr/lib/hydronest/"
OURS_BUT = OURS + "vendor/"
_WHOLE = ("installed", "config-files", "not-installed")
_UTF8 = ("utf8", "")
_BARE = {"zh_CN": "GB2312", "zh_SG": "GB2312", "zh_TW": "BIG5", "zh_HK": "BIG5-HKSCS"}
"""What glibc takes a Chinese locale without a character set for (localedata/SUPPORTED)."""


class FileSystem(NamedTuple):
    """The file system that holds the state. Bytes and inodes free to the agent; None where it has no such count."""

    folder: str
    free_bytes: int
    all_bytes: int
    free_inodes: int | None
    read_only: bool


class Box(NamedTuple):
    """What was seen. `owner`: whose the state is, where it is not the agent's; `throttled`: the Pi firmware's bits."""

    card: FileSystem | None = None
    owner: str = ""
    card_errors: int = 0
    wear: int = 0
    throttled: int = 0
    charset: str = ""
    zone: str = ""
    package: str = ""
    changed: tuple[str, ...] = ()
    upgrade: Plan | None = None


def look(
    folder: Path | None,
    root: Path = Path("/"),
    environ: Mapping[str, str] = os.environ,
    statvfs: Callable[[Path], os.statvfs_result] = os.statvfs,
) -> Box:
    """Look at the box; `folder` holds the state. A file that is not there or not to be read says nothing."""
    return Box(
        card=_card(folder, statvfs),
        owner=_owner(folder),
        card_errors=sum(_number(path) for path in root.glob("sys/fs/ext4/*/errors_count")),
        wear=max((_wear(path) for path in root.glob("sys/block/mmcblk*/device/life_time")), default=0),
        throttled=_number(root / "sys/devices/platform/soc/soc:firmware/get_throttled", 16),
        charset=_charset(environ),
        zone=_zone(root),
        package=_package(root),
        changed=tuple(_changed(root)),
        upgrade=upgraded.look(root),
    )


def judged(box: Box, timezone: str | None, now: datetime) -> list[Finding]:
    """What is to be said of it; `timezone` is the gateway's, of the settings."""
    return [
        *told("card", "", [*_of_the_card(box)]),
        *told("power", "", [*_of_the_power(box)]),
        *told("package", "", [*_of_the_package(box)]),
        *told("terminal", "", [*_of_the_terminal(box, timezone, now)]),
    ]


def _of_the_card(box: Box) -> Iterator[Finding]:
    card = box.card
    if card is not None:
        facts: dict[str, Fact] = {"folder": card.folder, "free_mb": card.free_bytes / 1e6}
        if card.read_only:
            yield fault("card", "", Reason("doctor.card_read_only", folder=card.folder), Reason("doctor.do_remount"))
        elif card.free_bytes < LEAST_BYTES:
            yield fault("card", "", Reason("doctor.card_full", **facts), Reason("doctor.do_make_room"))
        elif card.free_bytes < LEAST_SHARE * card.all_bytes:
            yield doubt("card", "", Reason("doctor.card_nearly_full", **facts), Reason("doctor.do_make_room"))
        if card.free_inodes is not None and card.free_inodes < LEAST_INODES:
            yield fault(
                "card", "", Reason("doctor.no_inodes", folder=card.folder), Reason("doctor.do_remove_small_files")
            )
    if box.card_errors:
        yield fault("card", "", Reason("doctor.card_errors", errors=box.card_errors), Reason("doctor.do_replace_card"))
    if box.wear >= WORN:
        yield doubt(
            "card", "", Reason("doctor.card_worn", percent=min(box.wear, 10) * 10), Reason("doctor.do_replace_card")
        )
    if box.owner:
        where = card.folder if card is not None else ""
        yield fault(
            "card", "", Reason("doctor.state_of_another", folder=where, owner=box.owner),
            Reason("doctor.do_chown", folder=where),
        )  # fmt: skip


def _of_the_power(box: Box) -> Iterator[Finding]:
    """Bits as Raspberry Pi's firmware gives them (vcgencmd get_throttled): 0 under-voltage now, 16 since the start."""
    if box.throttled & 1:
        yield fault("power", "", Reason("doctor.power_low"), Reason("doctor.do_supply"))
    elif box.throttled & 1 << 16:
        yield doubt("power", "", Reason("doctor.power_was_low"), Reason("doctor.do_supply"))


def _of_the_package(box: Box) -> Iterator[Finding]:
    if box.package:
        yield fault("package", "", Reason("doctor.half_installed", said=box.package), Reason("doctor.do_configure"))
    if box.changed:
        more = len(box.changed) - 1
        yield doubt(
            "package", "", Reason("doctor.package_changed", file=box.changed[0], more=more),
            Reason("doctor.do_own_folder"),
        )  # fmt: skip
    yield from upgraded.judged(box.upgrade)


def _of_the_terminal(box: Box, timezone: str | None, now: datetime) -> Iterator[Finding]:
    if box.charset:
        yield doubt("terminal", "", Reason("doctor.charset", charset=box.charset), Reason("doctor.do_utf8"))
    if box.zone and timezone and not _alike(box.zone, timezone, now):
        yield doubt(
            "terminal", "", Reason("doctor.zone", machine=box.zone, gateway=timezone),
            Reason("doctor.do_zone", zone=timezone),
        )  # fmt: skip


def _alike(one: str, other: str, now: datetime) -> bool:
    try:
        return now.astimezone(ZoneInfo(one)).utcoffset() == now.astimezone(ZoneInfo(other)).utcoffset()
    except (ValueError, OSError):  # ZoneInfoNotFoundError is one of them: nothing to compare
        return True


def _card(folder: Path | None, statvfs: Callable[[Path], os.statvfs_result]) -> FileSystem | None:
    try:
        seen = None if folder is None else statvfs(folder)
    except OSError:
        seen = None
    if seen is None:
        return None
    inodes = seen.f_favail if seen.f_files else None
    read_only = bool(seen.f_flag & os.ST_RDONLY)
    return FileSystem(str(folder), seen.f_bavail * seen.f_frsize, seen.f_blocks * seen.f_frsize, inodes, read_only)


def _owner(folder: Path | None) -> str:
    """Whose it is, where the agent has a user of its own and it is not his."""
    try:
        agent = pwd.getpwnam("hydronest").pw_uid
        owner = agent if folder is None else folder.stat().st_uid
    except (KeyError, OSError):
        return ""
    if owner == agent:
        return ""
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)


def _number(path: Path, base: int = 10) -> int:
    try:
        return int(path.read_text("ascii").strip(), base)
    except (OSError, ValueError):
        return 0


def _wear(path: Path) -> int:
    try:
        return max(int(tenth, 16) for tenth in path.read_text("ascii").split())
    except (OSError, ValueError):
        return 0


def _charset(environ: Mapping[str, str]) -> str:
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    language, _, charset = locale.partition("@")[0].partition(".")
    charset = charset or _BARE.get(language, "")
    return "" if charset.replace("-", "").casefold() in _UTF8 else charset.upper()


def _zone(root: Path) -> str:
    try:
        return os.fspath((root / "etc/localtime").readlink()).rpartition("zoneinfo/")[2]
    except OSError:
        return ""


def _package(root: Path) -> str:
    """dpkg's word for how far it is installed; empty where that is wholly, or it is not from a package."""
    try:
        text = (root / "var/lib/dpkg/status").read_text("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(r"^Package: hydronest\nStatus: \S+ \S+ (\S+)$", text, re.MULTILINE)
    return found[1] if found and found[1] not in _WHOLE else ""


def _changed(root: Path) -> Iterator[str]:
    """What is ours of the package and not as it was packed. The libraries are left out: they take seconds on a Pi."""
    try:
        sums = (root / "var/lib/dpkg/info/hydronest.md5sums").read_text("utf-8", "replace")
    except OSError:
        return
    for line in sums.splitlines():
        digest, _, name = line.partition("  ")
        if not name.startswith(OURS) or name.startswith(OURS_BUT) or name.endswith(".pyc"):
            continue
        try:
            content = (root / name).read_bytes()
        except OSError:
            content = b""
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != digest:
            yield f"/{name}"
