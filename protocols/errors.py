"""What can go wrong on a wire, each class telling its caller what to do about it."""

from __future__ import annotations

from protocols.reason import Fact, Reason


class Reasoned(Exception):
    """An error that says why by a Reason: a code of the catalogue with its facts. `str()` is the English sentence."""

    def __init__(self, reason: Reason | str, /, **facts: Fact) -> None:
        self.reason = Reason(reason, **facts) if isinstance(reason, str) else reason
        super().__init__(self.reason)

    def __str__(self) -> str:
        return str(self.reason)


class WireError(Reasoned):
    """Trouble on a wire. It is transient: back off and try again; never a reason to stop the agent."""


class NotConnected(WireError):
    """The wire is down or went down before an answer came. Retry once it is up."""


class NoAnswer(WireError):
    """The deadline passed in silence. The far end may still have acted on what it was sent."""


class BadAnswer(WireError):
    """Something came back that is not a right answer to the question asked. It holds no usable value."""


class Refused(WireError):
    """The far end understood and said no; `number` is its own code for why. Asking again unchanged will not help."""

    def __init__(self, reason: Reason | str, /, number: int | None = None, **facts: Fact) -> None:
        super().__init__(reason, **facts)
        self.number = number


class Busy(WireError):
    """The far end asks for time. Retry after a pause; not a fault."""


def first_wire_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first WireError of a task group's problems; the group itself if it holds anything else.

    Not `except*`: Python before 3.11.4 wraps in a group what is raised inside it.
    """
    problems, others = group.split(WireError)
    return group if problems is None or others is not None else first_of(problems)


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first single exception of a group, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
