"""What a stand-in really showed, and when: the judge of every value the agent reports."""

from bisect import bisect_right
from dataclasses import dataclass, field

Shown = float | int | bool | str | None


@dataclass(slots=True)
class Truth:
    """Per node, every value it was given with its source time. A value is shown until the next one replaces it."""

    times: dict[str, list[int]] = field(default_factory=dict)  # UTC nanoseconds, rising
    values: dict[str, list[Shown]] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)

    def show(self, node: str, source_ns: int, value: Shown, status: int = 0) -> None:
        """Write down that `node` shows `value` from `source_ns` on."""
        self.times.setdefault(node, []).append(source_ns)
        self.values.setdefault(node, []).append(value)
        self.statuses.setdefault(node, []).append(status)

    def at(self, node: str, source_ns: int) -> Shown:
        """What `node` showed at that moment; KeyError before it showed anything."""
        position = bisect_right(self.times[node], source_ns) - 1
        if position < 0:
            raise KeyError(f"{node} showed nothing yet at {source_ns}")
        return self.values[node][position]

    def between(self, node: str, after_ns: int, before_ns: int) -> list[tuple[int, Shown]]:
        """Every (source time, value) strictly between two moments."""
        return [
            (at, value)
            for at, value in zip(self.times.get(node, []), self.values.get(node, []), strict=True)
            if after_ns < at < before_ns
        ]
