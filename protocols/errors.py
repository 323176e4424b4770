"""What can go wrong on a wire, each class telling its caller what to do about it."""


class WireError(Exception):
    """Trouble on a wire. It is transient: back off and try again; never a reason to stop the agent."""


class NotConnected(WireError):
    """The wire is down or went down before an answer came. Retry once it is up."""


class NoAnswer(WireError):
    """The deadline passed in silence. The far end may still have acted on what it was sent."""


class BadAnswer(WireError):
    """Something came back that is not a right answer to the question asked. It holds no usable value."""


class Refused(WireError):
    """The far end understood and said no; `code` is its reason. Asking again unchanged will not help."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Busy(WireError):
    """The far end asks for time. Retry after a pause; not a fault."""


def first_wire_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first WireError of a task group's problems; the group itself if it holds anything else.

    Not `except*`: Python before 3.11.4 wraps in a group what is raised inside it.
    """
    problems, others = group.split(WireError)
    if problems is None or others is not None:
        return group
    first: BaseException = problems
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
