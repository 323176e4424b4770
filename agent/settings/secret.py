"""Secrets are files: they must be there and must not be open to everyone on the machine."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drivers.profile.mistake import Fault, Where

SECRET_KEYS = ("password_file", "key_file", "encryption_key_file")
FILE_KEYS = (*SECRET_KEYS, "ca_file", "certificate_file", "server_certificate_file")
UNTRUSTED = "settings.no_certificate_yet"
CREDENTIALS = Path("/run/credentials")


def secrets(tables: dict[str, Any], folder: Path) -> Iterator[Fault]:
    """Every key that names a file which is missing, or is a secret others can read; UNTRUSTED is a doubt."""
    for where, text in _named(tables, ()):
        path = Path(folder, text)
        if path.is_relative_to(CREDENTIALS) and not os.access(path.parent, os.X_OK):
            continue  # systemd shows a service's credentials to that service only
        facts = {"path": str(path)}
        try:
            mode = path.stat().st_mode
        except OSError:
            if where[-1] == "server_certificate_file":  # a person accepts it while the agent runs
                yield Fault(UNTRUSTED, "write.trust", facts, where)
                continue
            yield Fault("settings.no_file", "write.put_it_there", facts, where)
            continue
        if where[-1] in SECRET_KEYS and stat.S_IMODE(mode) & 0o007:
            yield Fault("settings.open_secret", "write.chmod", facts, where)


def _named(node: Any, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in FILE_KEYS and isinstance(value, str):
                yield (*where, key), value
            else:
                yield from _named(value, (*where, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _named(value, (*where, index))
