"""What SQLite says is wrong, as a Reason, whichever library reports it; loads none of them."""

from protocols.errors import Reasoned
from protocols.reason import Reason
from protocols.system import os_reason

PRIMARY = {
    3: "sqlite.not_allowed",
    5: "sqlite.busy",
    6: "sqlite.busy",
    7: "sqlite.no_memory",
    8: "sqlite.read_only",
    10: "sqlite.disk",
    11: "sqlite.corrupt",
    13: "sqlite.full",
    14: "sqlite.cannot_open",
    26: "sqlite.not_a_database",
}
"""SQLite's primary result codes (sqlite.org/rescode.html)."""


def trouble_reason(error: BaseException) -> Reason:
    """Why a statement failed: apsw tells by `result`, Python's sqlite3 by `sqlite_errorcode`."""
    if isinstance(error, Reasoned):
        return error.reason
    number = getattr(error, "result", None) or getattr(error, "sqlite_errorcode", None)
    if isinstance(number, int) and (code := PRIMARY.get(number & 0xFF)):
        return Reason(code)
    if isinstance(error, OSError):
        return os_reason(error)
    return Reason("journal.other", error=type(error).__name__, text=str(error))
