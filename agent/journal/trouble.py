"""What is wrong with the journal's file, as a Reason: SQLite's result codes, whoever reports them, and our own."""

import errno

import apsw
import orjson

from agent.journal.files import NotNow
from agent.runtime.readable import BAD_SPOT
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


CARD = frozenset(
    {errno.EIO, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ETIMEDOUT}
    | BAD_SPOT
)
"""What a kernel says of a card, not of who asks."""


def may_pass(error: BaseException) -> bool:
    """Whether a journal that cannot be opened for this may be opened later: then it is waited for, and asked again."""
    if isinstance(error, OSError):
        return error.errno in CARD
    return isinstance(error, (NotNow, apsw.Error))


BROKEN = (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, apsw.ConstraintError, UnicodeDecodeError)
"""What is raised where an open file is damaged: a torn tree, a table gone, a seq that is there already, no UTF-8."""

DAMAGED = (*BROKEN, apsw.FormatError, ValueError)
"""The same when it is opened, the marks' checksums included: a file that was ours can no longer be read as one."""

_NOT_READ = (apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_SHORT_READ, apsw.SQLITE_IOERR_DATA)


def is_damage(error: BaseException, kinds: tuple[type[BaseException], ...] = BROKEN) -> bool:
    """Whether the file is to be made anew for this. A page that the card cannot read is damage; a card that takes
    nothing is none: then the file is as it was synced.
    """
    return isinstance(error, kinds) or (
        isinstance(error, apsw.IOError) and getattr(error, "extendedresult", 0) in _NOT_READ
    )


def stored(reason: Reason) -> str:
    """As it stands in a text column: its code and facts as JSON. Older rows hold a sentence."""
    return orjson.dumps(reason.as_json()).decode()
