"""A USB stick for stations without a network: `tools/bundle.py --key PEM [--out FOLDER]`, of what `make deb` built.

The packages of this version, the list of what they are made of, a page for whoever holds the stick, SHA256SUMS, and
SHA256SUMS.sig over that by an Ed25519 key that is given and never copied; its public half lies beside it to be compared
with what came by another way. The same packages and key give the same bytes. Needs openssl 3.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from agent.runtime.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
SUMS, SIGNATURE, PUBLIC, LIST, PAGE = "SHA256SUMS", "SHA256SUMS.sig", "release.pem", "hydronest.cdx.json", "READ-ME.txt"
VERIFY = f"openssl pkeyutl -verify -rawin -pubin -inkey {PUBLIC} -in {SUMS} -sigfile {SIGNATURE}"
TEXT = """\
hydronest {version}

On the gateway, in this folder. {public} is worth something only if its sum is the one you were sent by another way:

    sha256sum {public}                     {digest}
    {verify}
    sha256sum -c {sums}
    sudo dpkg -i hydronest_{version}~debN_ARCH.deb
    hydronest doctor

An upgrade checks all of that by itself and goes back where it does worse; --key the first time only:

    sudo hydronest upgrade hydronest_{version}~debN_ARCH.deb --key {digest}

N: 12 or 13, as in /etc/debian_version; ARCH: as dpkg --print-architecture says. Everything else, offline:
/usr/share/doc/hydronest/html/index.html

在网关上, 于本目录中执行。只有当 {public} 的校验和与您从另一途径收到的一致时, 它才可信:

    sha256sum {public}                     {digest}
    {verify}
    sha256sum -c {sums}
    sudo dpkg -i hydronest_{version}~debN_ARCH.deb
    hydronest doctor

升级时上述各项自动核对, 变差则自动退回; --key 仅首次需要:

    sudo hydronest upgrade hydronest_{version}~debN_ARCH.deb --key {digest}

N: 12 或 13, 见 /etc/debian_version; ARCH: 见 dpkg --print-architecture。其余文档 (离线):
/usr/share/doc/hydronest/html/index.html
"""


def main(arguments: list[str]) -> int:
    """0 when the stick is made and its signature holds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--key", type=Path, required=True, help="a private Ed25519 key, PEM")
    parser.add_argument("--packages", type=Path, default=ROOT / "dist", help="where the packages lie")
    parser.add_argument("--out", type=Path, default=ROOT / "dist/bundle", help="a folder that is not there yet")
    args = parser.parse_args(arguments)
    packages = sorted(args.packages.glob(f"hydronest_{VERSION}~deb*.deb"))
    if not packages:
        sys.stderr.write(f"there is no package of {VERSION} in {args.packages}: make deb\n")
        return 1
    if args.out.exists():
        sys.stderr.write(f"{args.out} is there already\n")
        return 1
    args.out.mkdir(parents=True)
    try:
        fill(args.out, packages, args.key)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(args.out)
        sys.stderr.write(f"{error.cmd[0]}: {error.stderr.decode('utf-8', 'replace').strip()}\n")
        return 1
    for file in sorted(args.out.iterdir()):
        sys.stdout.write(f"{file}\n")
    return 0


def fill(out: Path, packages: list[Path], key: Path) -> None:
    """Raises CalledProcessError where the key is none of Ed25519, or what was signed does not hold."""
    for package in packages:
        shutil.copyfile(package, out / package.name)
    (out / LIST).write_bytes(_said([sys.executable, str(ROOT / "tools/sbom.py")]))
    (out / PUBLIC).write_bytes(_said(["openssl", "pkey", "-in", str(key.resolve()), "-pubout"]))
    words = {"version": VERSION, "public": PUBLIC, "digest": _digest(out / PUBLIC), "verify": VERIFY, "sums": SUMS}
    (out / PAGE).write_text(TEXT.format(**words), "utf-8")
    files = sorted(file for file in out.iterdir() if file.name != PUBLIC)
    (out / SUMS).write_text("".join(f"{_digest(file)}  {file.name}\n" for file in files), "utf-8")
    sign = ["-sign", "-rawin", "-inkey", str(key.resolve()), "-in", str(out / SUMS), "-out", str(out / SIGNATURE)]
    _said(["openssl", "pkeyutl", *sign])
    subprocess.run(VERIFY.split(), check=True, capture_output=True, cwd=out)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _said(command: list[str]) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
