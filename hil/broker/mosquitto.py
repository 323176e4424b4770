"""A mosquitto of our own on a free port of the loopback: started, stopped, killed and restarted at will."""

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from hil.patience import patient
from hil.ports import free_port
from hil.processes import work_of

READY_S = 10.0


def mosquitto_path() -> str | None:
    """Where the broker program is; Debian puts it in /usr/sbin, which an ordinary user's PATH may lack."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


@dataclass
class Mosquitto:
    """One broker. `start` after `stop` or `kill` listens on the same port again.

    `tls` names a folder made by `hil.broker.certificates`; with `client_certificates` it lets in only their holders.
    `passwords` lets in only these users; `rules` is an access list in mosquitto's own words. `persistent` keeps
    sessions and queued messages on disk; without it a restart forgets everything, as a power cut would.
    `extra` is any further line of mosquitto.conf.
    """

    folder: Path
    tls: Path | None = None
    client_certificates: bool = False
    passwords: dict[str, str] | None = None
    rules: str | None = None
    persistent: bool = False
    extra: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    protocol: str = "5"
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Start and return once it accepts connections. Raises RuntimeError with its own words where it will not."""
        program = mosquitto_path()
        if program is None:
            raise RuntimeError("mosquitto is not installed; on Debian: apt-get install mosquitto")
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.port == 0:
            self.port = free_port()
        config = self.folder / "mosquitto.conf"
        config.write_text(self._config(program), encoding="utf-8")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                program, "-c", str(config), stdout=log, stderr=log,
                process_group=0,  # Ctrl-C in the terminal is for who started it
            )  # fmt: skip
        atexit.register(self._leave_nothing)
        pid = self._process.pid
        try:
            async with patient("mosquitto accepts nobody", READY_S, lambda: work_of(pid)):
                while not await self._accepts():
                    if self._process.returncode is not None:
                        raise RuntimeError(f"mosquitto ended: {self._last_words()}")
                    await asyncio.sleep(0.02)
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ask it to end (SIGTERM), which lets it write down what it persists."""
        await self._end(gently=True)

    async def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        await self._end(gently=False)

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    async def _end(self, *, gently: bool) -> None:
        process, self._process = self._process, None
        atexit.unregister(self._leave_nothing)
        if process is None:
            return
        if process.returncode is None:
            (process.terminate if gently else process.kill)()
        await process.wait()

    def _leave_nothing(self) -> None:
        """A test or a demo that dies before `stop` takes its broker along."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def _accepts(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    def _last_words(self) -> str:
        lines = (self.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"

    def _config(self, program: str) -> str:
        lines = [f"listener {self.port} {self.host}", "log_dest stderr", "log_type error", "log_type warning"]
        if os.geteuid() == 0:
            lines.append("user root")  # as root it would become `mosquitto` and lose sight of our folder
        lines += ["set_tcp_nodelay true", "max_queued_messages 0", f"persistence {str(self.persistent).lower()}"]
        if self.persistent:
            lines += [f"persistence_location {self.folder}/", "autosave_on_changes true", "autosave_interval 1"]
        if self.tls is not None:
            lines += [f"cafile {self.tls}/ca.pem", f"certfile {self.tls}/broker.pem", f"keyfile {self.tls}/broker.key"]
            if self.client_certificates:
                lines += ["require_certificate true", "use_identity_as_username true"]
        lines.append(f"allow_anonymous {str(self.passwords is None).lower()}")
        if self.passwords is not None:
            secrets = self.folder / "passwords"
            secrets.touch(mode=0o600)
            for user, password in self.passwords.items():
                tool = Path(program).with_name("mosquitto_passwd")
                tool_path = str(tool) if tool.exists() else shutil.which("mosquitto_passwd") or "mosquitto_passwd"
                subprocess.run([tool_path, "-b", str(secrets), user, password], check=True, capture_output=True)
            lines.append(f"password_file {secrets}")
        if self.rules is not None:
            (self.folder / "rules").write_text(self.rules, encoding="utf-8")
            (self.folder / "rules").chmod(0o600)
            lines.append(f"acl_file {self.folder}/rules")
        return "\n".join([*lines, self.extra, ""])
