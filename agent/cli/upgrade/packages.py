"""Packages: what one says of itself, what is installed, and the installed one made a file again."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from agent.cli.upgrade.signature import NotProven

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

NAME = "hydronest"
STATUS, INSTALLED = "${db:Status-Status}", "installed"
LONGEST_S = 1800.0
"""Of one command: a package of 22 MB takes a Pi 4 a minute, a worn card ten."""
SCHEMA = "usr/lib/hydronest/agent/journal/schema.py"
_VERSION = re.compile(rb"^VERSION = ([0-9]{1,6})$", re.MULTILINE)
MAY_LACK = ("usr/share/doc/", "usr/share/man/")
"""What dpkg may have been told to leave out (path-exclude)."""
SCRIPTS = ("preinst", "postinst", "prerm", "postrm", "md5sums", "triggers", "conffiles")


def told(run: Run, *command: str) -> tuple[int, str, str]:
    """Exit code, what it said, and the last line of its complaints. Raises OSError where there is no such command."""
    env = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ended = run(
            list(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=LONGEST_S, env=env, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 124, "", f"{command[0]}: {LONGEST_S:.0f} s"
    complaints = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    return ended.returncode, ended.stdout, complaints[-1][:200] if complaints else ""


def version_of(run: Run, package: Path) -> str:
    """Its version, where it is ours, for this machine and its Debian. Raises NotProven, OSError."""
    code, text, why = told(run, "dpkg-deb", "-f", str(package), "Package", "Version", "Architecture", "Depends")
    fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    if code != 0 or fields.get("Package") != NAME:
        raise NotProven("upgrade.no_package", file=str(package), text=why or fields.get("Package", ""))
    here = told(run, "dpkg", "--print-architecture")[1].strip()
    if fields.get("Architecture") != here:
        raise NotProven("upgrade.other_machine", file=str(package), here=here)
    python = re.search(r"python3\.\d+", fields.get("Depends", ""))
    if python is not None and told(run, "dpkg-query", "-W", "-f", STATUS, python[0])[1] != INSTALLED:
        raise NotProven("upgrade.other_debian", file=str(package), python=python[0])
    return fields["Version"]


def journal_of(package: Path) -> int | None:
    """The version of the journal that this package's agent writes; None where it does not say. Raises OSError."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as unpacks:
        assert unpacks.stdout is not None
        try:
            with tarfile.open(fileobj=unpacks.stdout, mode="r|") as members:
                for member in members:
                    if member.name.removeprefix("./") == SCHEMA and (content := members.extractfile(member)):
                        found = _VERSION.search(content.read(1 << 20))
                        return int(found[1]) if found else None
        except tarfile.TarError:
            return None
        finally:
            unpacks.kill()
            unpacks.stdout.close()
    return None


def is_installed(run: Run, package: Path, sums: Path) -> bool:
    """Whether it is this very package, whole: two of one version are told apart. Raises OSError."""
    if told(run, "dpkg-query", "-W", "-f", STATUS, NAME)[1] != INSTALLED:
        return False
    code, text, _why = told(run, "dpkg-deb", "-I", str(package), "md5sums")
    return code == 0 and sums.exists() and text == sums.read_text("utf-8")


def installed_version(run: Run) -> str:
    """Empty where none is installed. Raises OSError."""
    code, text, _why = told(run, "dpkg-query", "-W", "-f", "${Version}", NAME)
    return text.strip() if code == 0 else ""


def packed_again(run: Run, out: Path, root: Path, info: Path) -> None:
    """The installed package as a file: dpkg keeps none. Raises NotProven where it is not as it was, OSError.

    `info`: dpkg's folder of maintainer scripts. What is said of each file by md5sums must be right.
    """
    stage = out.with_name("old")
    shutil.rmtree(stage, ignore_errors=True)
    control = stage / "DEBIAN"
    control.mkdir(parents=True)
    stage.chmod(0o755)
    control.chmod(0o755)
    for name in SCRIPTS:
        if (script := info / f"{NAME}.{name}").exists():
            shutil.copy2(script, control / name)
    fields = told(run, "dpkg-query", "-s", NAME)[1]
    kept = re.sub(r"^(?:Status|Config-Version):.*\n|^Conffiles:\n(?: .*\n)*", "", fields, flags=re.MULTILINE)
    (control / "control").write_text(kept, "utf-8")
    for line in (info / f"{NAME}.list").read_text("utf-8").splitlines():
        if (inside := line.strip().lstrip("/").removeprefix("./")) and (root / inside).is_dir():
            (stage / inside).mkdir(parents=True, exist_ok=True)
    for line in (control / "md5sums").read_text("utf-8").splitlines():
        digest, _space, name = line.partition("  ")
        _placed(root / name, stage / name, digest, may_lack=name.startswith(MAY_LACK))
    for folder in [path for path in stage.rglob("*") if path.is_dir()]:
        folder.chmod(0o755)
    code, _text, why = told(run, "dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(stage), f"{out}.new")
    if code != 0:
        raise NotProven("upgrade.not_kept", text=why)
    shutil.rmtree(stage)
    with Path(f"{out}.new").open("rb") as whole:
        os.fsync(whole.fileno())
    Path(f"{out}.new").replace(out)


def _placed(file: Path, to: Path, digest: str, *, may_lack: bool) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        if may_lack:
            return
        raise NotProven("upgrade.package_changed", file=str(file)) from None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != digest:
        raise NotProven("upgrade.package_changed", file=str(file))
    try:
        to.hardlink_to(file)  # dpkg puts another file there, it does not write into this one
    except OSError:
        shutil.copy2(file, to)
