"""Which minutes of a day bear a mark: stretches by name, as [from, up to and without, from, …]. Pure.

A limit that a thing was below, a reason why it was not serviceable: most days have none, and the others few stretches.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Marks = dict[str, list[int]]


def mark(marks: Marks, minute: int, names: Iterable[str]) -> None:
    """This minute bears these; it is later than any that does."""
    for name in names:
        stretches = marks.get(name)
        if stretches is None:
            marks[name] = [minute, minute + 1]
        elif stretches[-1] == minute:
            stretches[-1] += 1
        else:
            stretches += (minute, minute + 1)


def cut(marks: Marks, minute: int) -> None:
    """This minute and all later ones bear none."""
    for name, stretches in list(marks.items()):
        while stretches and stretches[-2] >= minute:
            del stretches[-2:]
        if not stretches:
            del marks[name]
        elif stretches[-1] > minute:
            stretches[-1] = minute


def marked(marks: Marks, minute: int) -> tuple[str, ...]:
    """What a minute bears."""
    return tuple(
        name
        for name, stretches in marks.items()
        if any(start <= minute < end for start, end in zip(stretches[::2], stretches[1::2], strict=True))
    )


def counts(kept: Mapping[str, Sequence[int] | int]) -> dict[str, int]:
    """How many minutes bear each, of stretches or, of an earlier version, of the number itself."""
    return {
        name: stretches if isinstance(stretches, int) else sum(stretches[1::2]) - sum(stretches[::2])
        for name, stretches in kept.items()
    }


def counts_within(marks: Marks, start: int, end: int) -> dict[str, int]:
    """How many minutes from `start` up to and without `end` bear each; what none does is left out."""
    found = {
        name: sum(
            max(0, min(last, end) - max(first, start))
            for first, last in zip(stretches[::2], stretches[1::2], strict=True)
        )
        for name, stretches in marks.items()
    }
    return {name: minutes for name, minutes in found.items() if minutes}


def marks_from(kept: Mapping[str, Any]) -> Marks:
    """What was kept. Of an earlier version only the number is known: its minutes are put first.

    Raises ValueError, TypeError or AttributeError where it is something else.
    """
    marks: Marks = {}
    for name, value in kept.items():
        stretches = [0, value] if isinstance(value, int) else [int(one) for one in value]
        if len(stretches) % 2 or stretches != sorted(set(stretches)) or stretches[:1] < [0]:
            raise ValueError("stretches of marked minutes that do not follow each other")
        if stretches:
            marks[str(name)] = stretches
    return marks
