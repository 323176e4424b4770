"""What an upgrade proves before it changes anything, with real packages; dpkg's memory is a folder here."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.cli import exits
from agent.cli.commands.upgrade import shown
from agent.cli.upgrade import packages
from agent.cli.upgrade.machine import Machine
from agent.cli.upgrade.places import Places
from agent.cli.upgrade.plan import Plan
from agent.cli.upgrade.prepare import lay_out, prove
from agent.cli.upgrade.signature import NotProven, digest_of
from agent.runtime.version import VERSION
from agent.settings.load import load
from agent.settings.settings import Settings
from tools import bundle

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")
NAME = f"hydronest_{VERSION}~deb12_amd64.deb"
HERE = {"--print-architecture": "amd64", "python3.11": "installed", "hydronest": "installed"}


def built(folder: Path, about: str, journal: int = 1, **fields: str) -> Path:
    """A small package that is one all the same."""
    stage = folder / f"stage-{about}"
    files = {
        packages.SCHEMA: f"VERSION = {journal}\n", "usr/bin/hydronest": f"#!/bin/sh\necho {about}\n",
        "usr/share/doc/hydronest/README.md": about, "DEBIAN/postinst": "#!/bin/sh\n",
    }  # fmt: skip
    control = {"Package": "hydronest", "Version": f"{VERSION}~deb12", "Architecture": "amd64", "Maintainer": "us",
               "Description": about, "Depends": "python3.11, passwd"} | fields  # fmt: skip
    files["DEBIAN/control"] = "".join(f"{name}: {text}\n" for name, text in control.items())
    for name, text in files.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).write_text(text)
    (stage / "usr/bin/hydronest").chmod(0o755)
    (stage / "DEBIAN/postinst").chmod(0o755)
    (stage / "etc/hydronest").mkdir(parents=True)
    for folder_in in [path for path in [stage, *stage.rglob("*")] if path.is_dir()]:
        folder_in.chmod(0o755)
    sums = [
        f"{hashlib.md5((stage / name).read_bytes(), usedforsecurity=False).hexdigest()}  {name}\n"
        for name in sorted(files) if not name.startswith("DEBIAN")
    ]  # fmt: skip
    (stage / "DEBIAN/md5sums").write_text("".join(sums))
    out = folder / about / NAME
    out.parent.mkdir()
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", stage, out], check=True, capture_output=True)
    return out


class Gateway:
    """A root in a folder, with the old package in it, and a stick of the new one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.places = folder, Places(folder / "root")
        self.places.systemd.mkdir(parents=True)
        self.places.home.mkdir(parents=True)
        self.old = built(folder, "old")
        self.install(self.old)
        (folder / "site.toml").write_text('[gateway]\nid = "g1"\nstate_dir = "state"\n')
        (folder / "state").mkdir()
        self.key = folder / "key.pem"
        subprocess.run(
            ["openssl", "genpkey", "-algorithm", "ED25519", "-out", self.key], check=True, capture_output=True
        )
        self.commands: list[list[str]] = []

    def install(self, package: Path) -> None:
        root, info = self.places.root, self.places.sums.parent
        info.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        subprocess.run(["dpkg-deb", "-e", package, self.folder / "control"], check=True)
        inside = subprocess.run(["dpkg-deb", "-c", package], check=True, capture_output=True, text=True).stdout
        names = [line.split(maxsplit=5)[5].removeprefix(".").rstrip("/") or "/." for line in inside.splitlines()]
        (info / "hydronest.list").write_text("\n".join(names) + "\n")
        for name in ("postinst", "md5sums"):
            (self.folder / "control" / name).replace(info / f"hydronest.{name}")
        self.status = (self.folder / "control/control").read_text() + "Status: install ok installed\n"

    def stick(self, name: str, package: Path) -> Path:
        wanted = ["--key", str(self.key), "--packages", str(package.parent), "--out", str(self.folder / name)]
        assert bundle.main(wanted) == 0
        return self.folder / name / NAME

    @property
    def settings(self) -> Settings:
        return load(self.folder / "site.toml")

    def run(self, command: list[str], **wanted: Any) -> subprocess.CompletedProcess[str]:
        """dpkg-deb is the real one; what dpkg remembers is made up."""
        if command[0] == "dpkg-deb":
            return subprocess.run(command, check=False, capture_output=True, text=True)
        self.commands.append(command)
        out = {"-s": self.status}.get(command[1], HERE.get(command[-1], ""))
        if "${Version}" in command:
            out = f"{VERSION}~deb12"
        return subprocess.CompletedProcess(command, 0, out, "")

    def machine(self) -> Machine:
        return Machine(self.places, self.run)

    def proven(self, package: Path, key_sum: str = "") -> Plan:
        prepared = prove(self.machine(), package, key_sum, self.settings, owner=os.getuid())
        lay_out(self.machine(), prepared)
        return prepared.plan


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def said(act: Callable[[], object]) -> str:
    with pytest.raises(NotProven) as found:
        act()
    assert "{" not in str(found.value.reason)
    return found.value.reason.code


def test_a_signed_package_is_laid_out_with_the_old_one_and_a_key_that_stays(gateway: Gateway) -> None:
    package = gateway.stick("stick", built(gateway.folder, "new", journal=2))
    pem = package.with_name("release.pem").read_bytes()
    assert said(lambda: gateway.proven(package)) == "upgrade.no_key"
    assert said(lambda: gateway.proven(package, "0" * 64)) == "upgrade.other_key"
    plan = gateway.proven(package, hashlib.sha256(pem).hexdigest())
    assert (plan.old, plan.new, plan.stage) == (f"{VERSION}~deb12", f"{VERSION}~deb12", "measuring")
    assert (plan.journal, plan.migrates) == (None, False)  # nothing was kept yet
    assert gateway.places.key.read_bytes() == pem
    again = Plan.read(gateway.places.plan)
    assert again is not None
    assert again.as_json() == plan.as_json()
    # What dpkg had installed is a package again, the same to dpkg.
    contents = []
    for one in (gateway.old, gateway.places.old):
        told = subprocess.run(["dpkg-deb", "-c", one], check=True, capture_output=True, text=True).stdout
        contents.append({(row.split()[0], row.split()[1], row.split()[5]) for row in told.splitlines()})
    assert contents[0] == contents[1]
    assert packages.is_installed(gateway.run, gateway.places.old, gateway.places.sums)
    assert not packages.is_installed(gateway.run, gateway.places.new, gateway.places.sums)
    # Whoever watches needs nothing of what dpkg takes away, and no library.
    launched = [sys.executable, "-IS", str(gateway.places.command), "--json", "--lang", "zh", "upgrade"]
    ran = subprocess.run(launched, check=False, capture_output=True, text=True, cwd="/")
    assert ran.returncode == 0, ran.stderr
    keeper = ["import sys", f"sys.path[:0] = [{str(gateway.places.code)!r}]", "import agent.cli.upgrade.keeper"]
    subprocess.run([sys.executable, "-IS", "-c", "\n".join(keeper)], check=True, cwd="/")
    assert gateway.places.unit.read_text().count(str(gateway.places.home)) == 4
    assert ["systemctl", "enable", "hydronest-upgrade.service"] in gateway.commands
    assert said(lambda: gateway.proven(package)) == "upgrade.at_work"
    # What is under way and cannot be read is told, once.
    gateway.places.plan.write_bytes(b"{")
    heard: list[str] = []
    options: Any = SimpleNamespace(args=SimpleNamespace(wait=False), emit=lambda _value, text: heard.extend(text()))
    assert shown(options, gateway.places) == exits.DEGRADED
    assert len(heard) == 1
    assert str(gateway.places.plan) in heard[0]


def test_two_at_once_do_not_write_the_same_files(gateway: Gateway) -> None:
    def another() -> None:
        with gateway.places.alone():
            pass

    with gateway.places.alone():
        assert said(another) == "upgrade.at_work"
    another()


def test_what_is_not_proven_is_not_installed(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    new = built(gateway.folder, "new", journal=1)
    package = gateway.stick("stick", new)
    key_sum = hashlib.sha256(package.with_name("release.pem").read_bytes()).hexdigest()
    whole = {path.name: path.read_bytes() for path in package.parent.iterdir()}

    def refused(key: str = key_sum) -> str:
        code = said(lambda: prove(gateway.machine(), package, key, gateway.settings, owner=os.getuid()))
        for name, content in whole.items():
            (package.parent / name).write_bytes(content)
        return code

    package.write_bytes(whole[NAME] + b"\0")
    assert refused() == "upgrade.other_bytes"
    odds: list[Callable[[], object]] = [lambda: package.symlink_to("/dev/zero"), lambda: os.mkfifo(package)]
    for odd in odds:
        package.unlink()  # neither fills the card nor waits
        odd()
        assert (
            said(lambda: prove(gateway.machine(), package, key_sum, gateway.settings, owner=os.getuid()))
            == "upgrade.other_bytes"
        )
        package.unlink()
        package.write_bytes(whole[NAME])
    left = sorted(path.name for path in gateway.places.home.iterdir())
    assert left == []
    package.with_name("SHA256SUMS").write_bytes(whole["SHA256SUMS"].replace(b"a", b"b", 1))
    assert refused() == "upgrade.bad_signature"
    package.with_name("SHA256SUMS.sig").write_bytes(whole["SHA256SUMS.sig"] + bytes(1 << 16))
    assert refused() == "upgrade.too_long"
    other = package.with_name("release.pem")
    other.write_text("no key")
    assert refused(hashlib.sha256(b"no key").hexdigest()) == "upgrade.no_ed25519"
    assert said(lambda: digest_of(package.with_name("more.deb"), whole["release.pem"])) == "upgrade.not_in_sums"
    gateway.places.key.write_bytes(whole["release.pem"])
    gateway.places.key.chmod(0o666)
    assert refused("") == "upgrade.key_of_another"
    gateway.places.key.unlink()
    # Of this machine, and so that one can come back.
    monkeypatch.setitem(HERE, "--print-architecture", "arm64")
    assert refused() == "upgrade.other_machine"
    monkeypatch.setitem(HERE, "--print-architecture", "amd64")
    monkeypatch.setitem(HERE, "python3.11", "")
    assert refused() == "upgrade.other_debian"
    monkeypatch.setitem(HERE, "python3.11", "installed")
    (gateway.folder / "state/journal.db").write_bytes(b"SQLite format 3\0" + bytes(47) + b"\2" + bytes(36))
    assert refused() == "upgrade.older_journal"
    (gateway.folder / "state/journal.db").unlink()
    monkeypatch.setattr(Machine, "free_bytes", lambda _self: 1 << 20)
    assert refused() == "upgrade.no_room"
    monkeypatch.undo()
    gateway.install(new)
    assert refused() == "upgrade.same"
    gateway.install(gateway.old)
    (gateway.places.root / "usr/bin/hydronest").write_text("changed by hand")
    assert said(lambda: gateway.proven(package, key_sum)) == "upgrade.package_changed"
    assert not gateway.places.plan.exists()
    gateway.places.systemd.rmdir()
    assert refused() == "upgrade.no_systemd"
