"""What MAVSDK says went wrong, as a Reason: it has enumerations of results, and gives some of them as words alone."""

from enum import Enum

from protocols.lang import known
from protocols.reason import Reason


def library_reason(error: Exception) -> Reason:
    """`mavlink.result_NAME` where it names a result of its own, else its class and its words."""
    result = getattr(error, "result", None)
    name = result.name if isinstance(result, Enum) else str(error).rpartition(": ")[2]
    code = f"mavlink.result_{name.lower()}"
    return Reason(code) if known(code) else Reason("job.error", error=type(error).__name__, text=str(error))
