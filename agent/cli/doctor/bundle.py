"""A support archive: what the doctor saw and the settings, without a secret, a key or a reading that was kept."""

import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.cli.doctor.rounds import Examination
from agent.cli.reasons import with_messages
from agent.runtime.version import VERSION
from protocols.reason import plain

LOG_LINES = 2000
LOG_S = 5.0
_WORDS = "(?:password|passwd|secret|token|private|credential|passphrase|psk|api_?key)"
_SECRET = re.compile(
    rf"""(?P<key>(?:["'][^"'\n]{{0,40}}{_WORDS}[^"'\n]{{0,40}}(?<!_file)["']|\b[\w-]*{_WORDS}[\w-]*(?<!_file))\s*=\s*)"""
    r"""(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\[[^\]]*\]|[^\s,}]+)""",
    re.IGNORECASE | re.DOTALL,
)
_IN_URL = re.compile(r"""(?<=://)[^\s"']+(?=@)|(?<=["'])[^\s"':/]+:(?!//)[^\s"']+(?=@)""")
"""Who logs in and with what, also where somebody wrote it before a bare host."""


def written(file: Path, seen: Examination, findings: list[dict[str, Any]]) -> list[str]:
    """Write it, for its owner alone; the names of what is in it. Raises OSError, also where the file is there."""
    answers = seen.answers
    said = {} if answers is None else answers._asdict()
    members: dict[str, str] = {
        "doctor.json": _json(_masked_in(with_messages(findings))),
        "agent.json": _json(_masked_in(json.loads(json.dumps(said, default=plain)))),
        "machine.json": _json(
            {
                "version": VERSION,
                "kernel": os.uname().release,
                "machine": os.uname().machine,
                "card": None if seen.machine is None or seen.machine.card is None else seen.machine.card._asdict(),
                "clock": None if seen.clock is None else seen.clock._asdict(),
                "system": _text(Path("/etc/os-release")),
            }
        ),
        "site.toml": masked(_text(seen.site_file)),
        "log.txt": masked(_log()),
    }
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as archive:
            for name, text in members.items():
                content = text.encode("utf-8", "backslashreplace")
                entry = tarfile.TarInfo(f"hydronest-doctor/{name}")
                entry.size, entry.mode = len(content), 0o600
                archive.addfile(entry, io.BytesIO(content))
    except BaseException:
        file.unlink()
        raise
    return list(members)


def masked(text: str) -> str:
    """A site file without what somebody wrote into it that belongs into a file of its own; where one lies stays."""
    return _IN_URL.sub("***", _SECRET.sub(lambda found: f"{found['key']}***", text))


def _masked_in(value: Any) -> Any:
    """The texts of what was said: a mistake quotes what it finds fault with."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: _masked_in(one) for name, one in value.items()}
    return [_masked_in(one) for one in value] if isinstance(value, list) else value


def _json(value: Mapping[str, Any] | list[Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=plain) + "\n"


def _log() -> str:
    """The newest of what the service wrote to the system's journal, as far as this user may read it."""
    command = ["journalctl", "--unit=hydronest", f"--lines={LOG_LINES}", "--no-pager", "--output=short-iso"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=LOG_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"# {error}\n"
    return (done.stdout or done.stderr).decode("utf-8", "replace")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError as error:
        return f"# {error}\n"
