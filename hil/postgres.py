"""A private PostgreSQL server, for tests of a platform that keeps in one: on a socket of its own, nothing listens."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from hil.patience import LOOK_S, Patience

READY_S = 20.0


def postgres_bin() -> Path | None:
    """The folder of the server's programs; None where there is no server."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return there[-1].parent if there else None


class Postgres:
    """Made empty by `start`, gone with `stop`. `about` is what a client connects by."""

    def __init__(self) -> None:
        programs = postgres_bin()
        assert programs is not None, "ask postgres_bin first"
        self._bin = programs
        self._folder = Path()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def about(self) -> str:
        """As libpq takes it."""
        return f"host={self._folder} dbname=postgres user=platform"

    def start(self) -> None:
        """Return when it answers. It runs as somebody who is not root: it would refuse to. Blocking."""
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        whose: dict[str, int] = {}
        if os.getuid() == 0:
            user = next(one for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody"))
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            whose = {"user": user.pw_uid, "group": user.pw_gid}
        data = self._folder / "data"
        made = [str(self._bin / "initdb"), "-U", "platform", "-A", "trust", "-E", "UTF8", "--locale=C", "-D", str(data)]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **whose)  # type: ignore[call-overload]  # by name
        runs = [str(self._bin / "postgres"), "-D", str(data), "-k", str(self._folder), "-c", "listen_addresses="]
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(runs, stdout=log, stderr=log, cwd=self._folder, **whose)  # type: ignore[call-overload]  # by name
        patience = Patience("PostgreSQL does not answer", READY_S)
        while subprocess.run(["pg_isready", "-q", "-d", self.about], check=False).returncode:
            if patience.over():
                raise TimeoutError((self._folder / "log").read_text("utf-8", "replace"))
            try:
                self._server.wait(LOOK_S)
            except subprocess.TimeoutExpired:
                continue
            raise OSError((self._folder / "log").read_text("utf-8", "replace"))

    def stop(self) -> None:
        """End it and everything it kept."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)  # with clients or without
            self._server.wait()
            self._server = None
        shutil.rmtree(self._folder)
