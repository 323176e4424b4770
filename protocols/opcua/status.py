"""Status codes by name. The name is kept wherever a code turns into a Quality: a technician needs the very word."""

from functools import lru_cache
from typing import Final

_CODE: Final = 0xFFFF_0000  # the lower half holds flags such as Overflow
OVERFLOW: Final = 0x0480  # DataValue info type with the overflow bit: the server's queue lost values before this one


@lru_cache(maxsize=512)
def status_name(code: int) -> str:
    """`BadSensorFailure`; `0x80AB0000` for a code nobody defined."""
    from asyncua.ua.status_codes import code_to_name_doc

    name: str = code_to_name_doc.get(code & _CODE, (f"0x{code:08X}", ""))[0]
    return name


def bad(code: int) -> bool:
    """Severity Bad: the value is not to be used."""
    return code & 0x8000_0000 != 0


def good(code: int) -> bool:
    """Severity Good."""
    return code & 0xC000_0000 == 0
