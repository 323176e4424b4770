"""What the operating system says is wrong, as a Reason: its errno, or its resolver's code."""

from __future__ import annotations

import errno
import re
import socket

from protocols.errors import Reasoned
from protocols.lang import known
from protocols.reason import Reason

RESOLVER = {
    number: name
    for name in ("EAI_AGAIN", "EAI_FAIL", "EAI_NODATA", "EAI_NONAME", "EAI_SERVICE", "EAI_FAMILY", "EAI_MEMORY")
    if (number := getattr(socket, name, None)) is not None
}
"""What a name could not be looked up for: `dns.NAME`."""

_OF_SEVERAL = re.compile(r"\[Errno ([0-9]+)\]")
"""A host of several addresses of which none answers: asyncio gives one error of all of them, without a number."""
_SAME = {"EOPNOTSUPP": "ENOTSUP", "EWOULDBLOCK": "EAGAIN"}


def os_reason(error: OSError) -> Reason:
    """What is wrong, `errno.NAME`, without the file or the far end it is about."""
    if isinstance(error, socket.gaierror) and error.errno in RESOLVER:
        return Reason(f"dns.{RESOLVER[error.errno]}")
    number = errno.ETIMEDOUT if error.errno is None and isinstance(error, TimeoutError) else error.errno
    if number is None and (several := _OF_SEVERAL.findall(str(error))):
        number = int(several[-1])
    name = errno.errorcode.get(number or 0, "")
    code = f"errno.{_SAME.get(name, name)}"
    return Reason(code) if known(code) else Reason("errno.other", number=number, text=str(error.strerror or error))


def why_failed(error: BaseException) -> Reason:
    """What an error carries, else what the system says; of any other its class and its own words."""
    if isinstance(error, Reasoned):
        return error.reason
    if isinstance(error, OSError):
        return os_reason(error)
    return Reason("job.error", error=type(error).__name__, text=str(error))


def file_reason(path: object, error: OSError) -> Reason:
    """What is wrong with a file."""
    return Reason("file.trouble", file=str(path), why=os_reason(error))
