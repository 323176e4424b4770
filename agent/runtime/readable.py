"""Files on a card that has bad spots: what can be read of them is, what cannot is skipped and counted."""

import errno
import os
from pathlib import Path
from typing import NamedTuple

PAGE_BYTES = 4096
"""What a card reads, or cannot read, at once."""
PATIENT_PAGES = 64
"""After so many bad pages in a row what is skipped doubles with each: a card may take seconds to give up on one."""
LONGEST_SKIP_BYTES = 1 << 20
BAD_SPOT = frozenset({errno.EIO, errno.EBADMSG, errno.EUCLEAN, errno.ENODATA, errno.EREMOTEIO, errno.ETIMEDOUT})
"""What a kernel says where it cannot get bytes from a card."""


class Readable(NamedTuple):
    """A file's content, zeros where the card could not read it, and how many bytes those are."""

    data: bytes
    unreadable: int = 0


def read(path: Path) -> Readable:
    """All of a file that can be read. Raises OSError where it cannot be opened."""
    with path.open("rb", buffering=0) as file:
        return read_part(file.fileno(), 0, os.fstat(file.fileno()).st_size)


def read_part(descriptor: int, at: int, size: int) -> Readable:
    """`size` bytes of an open file from `at` on, fewer where it ends. Raises OSError for what is no bad spot."""
    parts = []
    unreadable = bad_pages = 0
    end = at + size
    step = max(size, PAGE_BYTES)
    while at < end:
        upto = min(end, at + step) if step > PAGE_BYTES else min(end, (at // PAGE_BYTES + 1) * PAGE_BYTES)
        try:
            part = os.pread(descriptor, upto - at, at)
            bad_pages = 0
        except OSError as error:
            if error.errno not in BAD_SPOT:
                raise
            if step > PAGE_BYTES:
                step = max(PAGE_BYTES, step // 16)
                continue
            bad_pages += 1
            skip = min(PAGE_BYTES << max(0, bad_pages - PATIENT_PAGES), LONGEST_SKIP_BYTES)
            part = bytes(min(end, max(upto, at + skip)) - at)
            unreadable += len(part)
        if not part:
            break  # it became shorter
        parts.append(part)
        at += len(part)
    return Readable(b"".join(parts), unreadable)
