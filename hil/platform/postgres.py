"""What the platform keeps, in PostgreSQL, many messages a commit; by psql, which is there wherever the server is."""

import subprocess
import threading
from collections.abc import Sequence
from typing import Any

from hil.platform.batch import ARRIVED, COPY, KEEP, TABLE, copied
from hil.platform.rule import MISSING
from hil.platform.store import lost_for_good

LOST = "CREATE TABLE IF NOT EXISTS lost (gateway text, boot text, first bigint, last bigint)"
_SAID = "hydronest:said"


class PostgresStore:
    """One connection, `about` as psql takes it. Every call is safe from any thread; each raises OSError once the server
    is gone or says no.
    """

    def __init__(self, about: str) -> None:
        command = ["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", about]
        self._psql = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._lock = threading.Lock()
        self._ask(f"SET client_min_messages TO warning; {TABLE}; {LOST}; {ARRIVED};\n".encode())

    def close(self) -> None:
        """Let the server go."""
        with self._lock:
            self._psql.communicate()

    def take(self, messages: Sequence[tuple[dict[str, Any], bytes]]) -> int:
        """Keep these (parsed, raw) in one transaction; return how many were new. They are on disk when it returns."""
        lost = [(one["gateway"], gap) for one, _ in messages for gap in lost_for_good(one)]
        rows = "".join(f"{gateway}\t{gap['boot']}\t{gap['first_seq']}\t{gap['last_seq']}\n" for gateway, gap in lost)
        script = b"BEGIN;\n%b;\n%b\\.\n" % (COPY.encode(), copied(messages))
        script += b"WITH kept AS (%b RETURNING 1) SELECT count(*) FROM kept;\n" % KEEP.encode()
        if lost:
            script += b"COPY lost FROM STDIN;\n%b\\.\n" % rows.encode()
        return int(self._ask(script + b"COMMIT;\n")[0])

    def take_one_by_one(self, messages: Sequence[tuple[dict[str, Any], bytes]]) -> int:
        """The same with a commit a message, to measure it against."""
        return sum(self.take([one]) for one in messages)

    def missing(self, gateway: str) -> list[dict[str, Any]]:
        """What to ask a gateway for, by the contract's rule."""
        asked = MISSING.replace(":gateway", "'" + gateway.replace("'", "''") + "'")
        rows = (row.split("\t") for row in self._ask(f"{asked};\n".encode()))
        return [{"boot": boot, "first": int(first), "last": int(last)} for boot, first, last in rows]

    def kept(self) -> set[tuple[str, str, int]]:
        """Every message kept."""
        rows = (row.split("\t") for row in self._ask(b"SELECT gateway, boot, seq FROM message;\n"))
        return {(gateway, boot, int(seq)) for gateway, boot, seq in rows}

    def bodies(self) -> list[bytes]:
        """Every message as it came, by (gateway, boot, seq)."""
        asked = b"SELECT encode(convert_to(body, 'UTF8'), 'hex') FROM message ORDER BY gateway, boot, seq;\n"
        return [bytes.fromhex(row) for row in self._ask(asked)]

    def _ask(self, script: bytes) -> list[str]:
        stdin, stdout = self._psql.stdin, self._psql.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock:
            stdin.write(script + f"\\echo {_SAID}\n".encode())
            stdin.flush()
            told: list[str] = []
            for line in stdout:
                if (text := line.decode().rstrip("\n")) == _SAID:
                    return told
                told.append(text)
        raise OSError("\n".join(told) or "psql has ended")
