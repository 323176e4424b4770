"""The stick for stations without a network: everything on it is signed for, and a changed byte is found as it says."""

import re
import subprocess
from pathlib import Path

import pytest

from agent.runtime.version import VERSION
from tools import bundle


def key(path: Path, kind: str = "ED25519") -> Path:
    subprocess.run(["openssl", "genpkey", "-algorithm", kind, "-out", str(path)], check=True, capture_output=True)
    return path


def holds(folder: Path, command: str) -> bool:
    return subprocess.run(command.split(), cwd=folder, capture_output=True, check=False).returncode == 0


def test_what_is_on_the_stick_is_proven_by_the_commands_on_its_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"hydronest_{VERSION}~deb{debian}_arm64.deb" for debian in (12, 13)]
    for name in (*names, "hydronest_0.0.1~deb12_arm64.deb"):
        (tmp_path / name).write_bytes(name.encode())
    made = []
    signs = key(tmp_path / "key.pem")
    for name in ("one", "two"):
        wanted = ["--key", str(signs), "--packages", str(tmp_path), "--out", str(tmp_path / name)]
        assert bundle.main(wanted) == 0
        made.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert made[0] == made[1]
    own = {"SHA256SUMS", "SHA256SUMS.sig", "release.pem", "hydronest.cdx.json", "READ-ME.txt"}
    assert set(made[0]) == {*names, *own}
    assert b"PRIVATE" not in b"".join(made[0].values())
    stick = tmp_path / "one"
    page = (stick / "READ-ME.txt").read_text("utf-8")
    checks = re.findall(r"^    ((?:openssl|sha256sum -c) .*)$", page, re.MULTILINE)
    assert len(checks) == 4, "two of each, in either language"
    assert [holds(stick, check) for check in checks] == [True] * 4
    for name in (names[0], "hydronest.cdx.json", "READ-ME.txt"):
        was = (stick / name).read_bytes()
        (stick / name).write_bytes(was + b"\0")
        assert not holds(stick, checks[1]), name
        (stick / name).write_bytes(was)
    with (stick / "SHA256SUMS").open("a", encoding="utf-8") as sums:
        sums.write(f"{'0' * 64}  more.deb\n")
    assert not holds(stick, checks[0])
    assert bundle.main(wanted) == 1
    assert "two is there already" in capsys.readouterr().err


def test_no_stick_is_left_of_what_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "stick"
    signs = key(tmp_path / "key.pem")
    assert bundle.main(["--key", str(signs), "--packages", str(tmp_path), "--out", str(out)]) == 1
    assert "make deb" in capsys.readouterr().err
    (tmp_path / f"hydronest_{VERSION}~deb12_arm64.deb").write_bytes(b"x")
    for wrong in (tmp_path / "none.pem", key(tmp_path / "x.pem", "X25519")):
        assert bundle.main(["--key", str(wrong), "--packages", str(tmp_path), "--out", str(out)]) == 1
        assert "openssl: " in capsys.readouterr().err
        assert not out.exists()
