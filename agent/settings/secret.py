"""Secrets are files: they must be there, and nobody but the service may read them, its operators neither."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.control.rights import gid_of
from drivers.profile.mistake import Fault, Where

SECRET_KEYS = ("password_file", "key_file", "encryption_key_file", "signing_key_file", "identity_key_file")
FILE_KEYS = (*SECRET_KEYS, "ca_file", "certificate_file", "server_certificate_file")
UNTRUSTED = "settings.no_certificate_yet"
CREDENTIALS = Path("/run/credentials")


def secrets(tables: dict[str, Any], folder: Path) -> Iterator[Fault]:
    """Every key that names a file which is missing, or is a secret others can read; UNTRUSTED is a doubt.

    The service's own group may, where the operators have one of their own (`operator_group`) and it is another.
    """
    people = _groups(tables.get("gateway"))
    for where, text in _named(tables, ()):
        path = Path(folder, text)
        if path.is_relative_to(CREDENTIALS) and not os.access(path.parent, os.X_OK):
            continue  # systemd shows a service's credentials to that service only
        facts = {"path": str(path)}
        try:
            found = path.stat()
        except OSError:
            if where[-1] == "server_certificate_file":  # a person accepts it while the agent runs
                yield Fault(UNTRUSTED, "write.trust", facts, where)
                continue
            yield Fault("settings.no_file", "write.put_it_there", facts, where)
            continue
        closed_to = 0o077 if people is None or found.st_gid in people else 0o027
        if where[-1] in SECRET_KEYS and stat.S_IMODE(found.st_mode) & closed_to:
            yield Fault("settings.open_secret", "write.chmod", facts, where)


def _groups(gateway: Any) -> frozenset[int] | None:
    """The groups of people, None where the operators' is the service's own."""
    named = gateway if isinstance(gateway, dict) else {}
    if not isinstance(named.get("operator_group"), str):
        return None
    numbers = (gid_of(name) for key in ("operator_group", "reader_group") if isinstance(name := named.get(key), str))
    return frozenset(gid for gid in numbers if gid is not None)


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
