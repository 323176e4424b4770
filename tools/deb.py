"""The packages for gateways: `python tools/deb.py [--debian 12 13] [--arch arm64 amd64] [--twice]`, into dist/.

hydronest_VERSION~debN_ARCH.deb holds the agent, its libraries by the hashes of `requirements.lock`, and what the system
needs to know of it; nothing is fetched on the gateway. One package each for Debian 12 and 13, because each brings a
Python of its own. The same tree gives the same bytes on one machine: `--twice` builds again and compares.
Needs dpkg-deb, and a python3.11 and a python3.13 of any architecture to compile with (PATH, or pyenv's).
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from agent.runtime.version import BUILT_MS, VERSION

ROOT = Path(__file__).resolve().parents[1]
MINOR = {12: "3.11", 13: "3.13"}
PLATFORM = {"arm64": "aarch64-manylinux_2_28", "amd64": "x86_64-manylinux_2_28"}
PRIVATE = Path("usr/lib/hydronest")
"""Ours and nobody else's: `agent`, `config` and the like are no names to put into Python's common folder."""
DEMO = ("fastcrc", "pymavlink")
"""What the simulated aircraft needs beside the agent's own lock; hashes from requirements-dev.lock."""
LEFT_OUT = (
    "bin", "pip", "pip-*", "apsw/sqlite_extra_binaries", "*/tests", "*.dist-info/RECORD", "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json", "*.dist-info/uv_cache.json", "**/*.pyx", "**/*.pxd", "**/*.pxi", "**/*.pyi",
    "**/*.c", "**/*.h", ".lock",
)  # fmt: skip
"""Of the libraries: programs, tests, sources that nothing imports; sqlite-utils wants pip to extend itself only."""
MAVLINK = ("__init__.py", "dialects/__init__.py", "dialects/v20/__init__.py", "dialects/v20/common.py")
DATA = {
    "config/systemd/hydronest.service": "usr/lib/systemd/system/hydronest.service",
    "config/udev/70-hydronest.rules": "usr/lib/udev/rules.d/70-hydronest.rules",
    "config/polkit/50-hydronest.rules": "usr/share/polkit-1/rules.d/50-hydronest.rules",
    "tools/debian/tmpfiles.conf": "usr/lib/tmpfiles.d/hydronest.conf",
    "config/completion/hydronest.bash": "usr/share/bash-completion/completions/hydronest",
    "config/completion/hydronest.zsh": "usr/share/zsh/vendor-completions/_hydronest",
    "config/completion/hydronest.fish": "usr/share/fish/vendor_completions.d/hydronest.fish",
    "config/hydronest.example.toml": "usr/share/doc/hydronest/examples/hydronest.example.toml",
    "config/hydronest.example.zh.toml": "usr/share/doc/hydronest/examples/hydronest.example.zh.toml",
    "tools/verify_evidence.py": "usr/share/doc/hydronest/examples/verify_evidence.py",
    "tools/verify_seals.py": "usr/share/doc/hydronest/examples/verify_seals.py",
    "tools/debian/copyright": "usr/share/doc/hydronest/copyright",
}
DOCUMENTS = ("README*.md", "CHANGELOG.md", "SECURITY.md", "docs/**/*.md", "docs/asyncapi.yaml")
MAINTAINER = ("postinst", "prerm", "postrm")
WHEN_S = BUILT_MS // 1000


def main() -> int:
    """0 when every package was built, and `--twice` the same; what is wrong otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--debian", type=int, nargs="+", choices=list(MINOR), default=list(MINOR))
    parser.add_argument("--arch", nargs="+", choices=list(PLATFORM), default=list(PLATFORM))
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--twice", action="store_true", help="build each again and compare every byte")
    parser.add_argument("--no-libraries", action="store_true", help="only what is ours, not compiled: for a test")
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    for debian in told.debian:
        for arch in told.arch:
            built = build(debian, arch, told.out, libraries=not told.no_libraries)
            digest = hashlib.sha256(built.read_bytes()).hexdigest()
            if told.twice:
                with tempfile.TemporaryDirectory() as folder:
                    again = build(debian, arch, Path(folder), libraries=not told.no_libraries)
                    if again.read_bytes() != built.read_bytes():
                        return f"{built.name}: the same tree gave other bytes"
            sys.stdout.write(f"{digest}  {built.name}\n")
            sys.stdout.flush()
    return 0


def build(debian: int, arch: str, out: Path, *, libraries: bool) -> Path:
    """One package; returns its file."""
    version = f"{VERSION}~deb{debian}"
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "stage"
        stage.mkdir(mode=0o755)
        _ours(stage, MINOR[debian])
        if libraries:
            _libraries(stage / PRIVATE / "vendor", MINOR[debian], PLATFORM[arch], Path(folder))
            _compile(stage, MINOR[debian])
        _control(stage, version, arch, MINOR[debian])
        _settle(stage)
        file = out / f"hydronest_{version}_{arch}.deb"
        squeeze = ["-Zxz", "--threads-max=1"] if libraries else ["-Zgzip"]
        command = ["dpkg-deb", "--root-owner-group", *squeeze, "--build", str(stage), str(file)]
        env = {**os.environ, "SOURCE_DATE_EPOCH": str(WHEN_S)}
        subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)
    return file


def _ours(stage: Path, minor: str) -> None:
    """What the wheel holds, and what the system reads."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(stage / PRIVATE, [n for n in archive.namelist() if ".dist-info/" not in n])
    for source, target in DATA.items():
        _put(stage / target, (ROOT / source).read_bytes())
    for pattern in DOCUMENTS:
        for path in ROOT.glob(pattern):
            _put(stage / "usr/share/doc/hydronest" / path.relative_to(ROOT), path.read_bytes())
    pages = [sys.executable, str(ROOT / "tools/docs.py"), str(stage / "usr/share/doc/hydronest/html")]
    subprocess.run(pages, check=True, stdout=subprocess.DEVNULL)
    launcher = (ROOT / "tools/debian/launcher").read_text("utf-8").format(minor=minor)
    _put(stage / "usr/bin/hydronest", launcher.encode(), 0o755)
    for language, folder_name in (("en", "man/man1"), ("zh", "man/zh_CN/man1")):
        command = [sys.executable, str(ROOT / "tools/manual.py"), language]
        page = subprocess.run(command, check=True, capture_output=True).stdout
        _put(stage / f"usr/share/{folder_name}/hydronest.1.gz", gzip.compress(page, mtime=0))
    for empty in ("etc/hydronest", "var/lib/hydronest"):  # a read-only root cannot make its mount point
        (stage / empty).mkdir(parents=True)


def _libraries(target: Path, minor: str, platform: str, folder: Path) -> None:
    demo = folder / "demo.lock"
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements-dev.lock").read_text("utf-8").strip())
    demo.write_text("\n".join(entry for entry in entries if entry.partition("==")[0] in DEMO) + "\n", "utf-8")
    command = [
        str(Path(sys.executable).with_name("uv")), "pip", "install", "-q", "--target", str(target), "--no-deps",
        "--python-platform", platform, "--python-version", minor, "--only-binary", ":all:", "--require-hashes",
        "--link-mode", "copy", "-r", str(ROOT / "requirements.lock"), "-r", str(demo),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    for pattern in LEFT_OUT:
        for path in list(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    dialects = target / "pymavlink"
    for path in list(dialects.rglob("*")):
        if path.is_file() and str(path.relative_to(dialects)) not in MAVLINK:
            path.unlink()


def _compile(stage: Path, minor: str) -> None:
    """Beside each module, trusted as it is: the root may be read-only, and times are set back below."""
    command = [_python(minor), "-I", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash",
               "-s", str(stage), "-p", "/", str(stage / PRIVATE)]  # fmt: skip
    subprocess.run(command, check=True)


def _python(minor: str) -> str:
    """An interpreter of that minor; raises SystemExit where there is none."""
    for candidate in (shutil.which(f"python{minor}"), *_pyenv(minor)):
        probe = [candidate, "-c", "import sys; print(sys.version_info[:2])"] if candidate else ["false"]
        if subprocess.run(probe, capture_output=True, check=False).stdout:
            return str(candidate)
    raise SystemExit(f"tools/deb.py: no python{minor} here to compile with: install it, or put one into PATH")


def _pyenv(minor: str) -> Iterator[str]:
    for folder in sorted((Path.home() / ".pyenv/versions").glob(f"{minor}.*"), reverse=True):
        yield str(folder / f"bin/python{minor}")


def _control(stage: Path, version: str, arch: str, minor: str) -> None:
    files = [path for path in stage.rglob("*") if path.is_file()]
    size = sum(-(-path.stat().st_size // 1024) for path in files)
    control = (ROOT / "tools/debian/control").read_text("utf-8")
    told = control.format(version=version, arch=arch, minor=minor, size_kib=size)
    sums = "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(stage)}\n"
        for path in sorted(files)
    )
    _put(stage / "DEBIAN/control", told.encode())
    _put(stage / "DEBIAN/md5sums", sums.encode())
    for script in MAINTAINER:
        _put(stage / "DEBIAN" / script, (ROOT / "tools/debian" / script).read_bytes(), 0o755)


def _put(path: Path, content: bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def _settle(stage: Path) -> None:
    """One time and one mode for all; who runs it is said by usr/bin and DEBIAN alone."""
    for path in [stage, *stage.rglob("*")]:
        runs = path.is_dir() or path.relative_to(stage).parts[:2] == ("usr", "bin") or path.name in MAINTAINER
        path.chmod(0o755 if runs else 0o644)
        os.utime(path, (WHEN_S, WHEN_S))


if __name__ == "__main__":
    sys.exit(main())
