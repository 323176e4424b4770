"""What is wrong with the journal's file, as a Reason: SQLite's result codes, whoever reports them, and our own."""

import errno

import apsw
import orjson

from agent.journal.files import NotNow
from agent.runtime.readable import BAD_SPOT
from protocols.reason import Reason

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
