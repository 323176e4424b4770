"""While an aircraft is out the machine is asked not to shut down or sleep. Best effort: whoever may, still can.

logind hands its lock to whoever asks over D-Bus. The supervisor reads no foreign byte, so systemd-inhibit asks for it
and holds it until its standard input ends: when we let go of that, or are gone. A user who may not block shutdowns
(config/polkit has the rule) gets a delay instead, logind's five seconds.
"""

import logging
import shutil
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

AGAIN_S = 60.0
MODES = ("block", "delay")

_log = logging.getLogger("hydronest")


class Inhibitor:
    """`hold` once a turn. Never waits, never raises."""

    def __init__(self) -> None:
        self._program = shutil.which("systemd-inhibit")
        self._held: subprocess.Popen[bytes] | None = None
        self._mode = 0
        self._due_s = 0.0

    def hold(self, wanted: bool, now_s: float) -> None:
        """Hold the lock while it is wanted; where it was refused, ask for less, and again after a while."""
        if self._held is not None and self._held.poll() is not None:
            _log.warning("no lock against shutdown (%s): systemd-inhibit ended", MODES[self._mode])
            self._forget()
            self._mode, self._due_s = (1, now_s) if self._mode == 0 else (0, now_s + AGAIN_S)
        if not wanted:
            self.let_go()
        elif self._held is None and self._program is not None and now_s >= self._due_s:
            self._ask(self._program, now_s)

    def let_go(self) -> None:
        """The lock ends with its process, which is waited for at a later turn, or by nobody."""
        if self._held is not None and self._held.stdin is not None and not self._held.stdin.closed:
            self._held.stdin.close()
            self._held.send_signal(signal.SIGTERM)

    def _ask(self, program: str, now_s: float) -> None:
        import subprocess  # a site without a nest never pays for it

        words = [program, "--what=shutdown:sleep", f"--mode={MODES[self._mode]}", "--who=hydronest"]
        try:
            self._held = subprocess.Popen(
                [*words, "--why=an aircraft is out", "cat"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=0,
            )
        except OSError as error:
            _log.warning("no lock against shutdown: %s", error)
            self._due_s = now_s + AGAIN_S

    def _forget(self) -> None:
        if self._held is not None and self._held.stdin is not None:
            self._held.stdin.close()
        self._held = None
