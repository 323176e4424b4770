"""The table as a diagram and as words, written between two marks of docs/nest.md; a test holds the document to it."""

import sys
from pathlib import Path

from agent.flight.machine.table import ROWS, STAYS, Phase

BEGIN = "<!-- made from the table by `python -m agent.flight.machine.render docs/nest.md`; do not edit -->"
END = "<!-- end of what is made from the table -->"


def diagram() -> str:
    """Mermaid text; rows between the same two phases share an arrow."""
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for row in ROWS:
        arrows.setdefault((row.at, row.to), []).append(" and ".join(row.guards).replace("_", " "))
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> rest"]
    lines += [f"    {at.value} --> {to.value}: {'<br>'.join(whys)}" for (at, to), whys in arrows.items()]
    lines += [f"    class {phase.value} ending" for phase, stay in STAYS.items() if stay.end]
    return "\n".join([*lines, "    classDef ending stroke-width:3px", "```"])


def words() -> str:
    """Phases with their orders and times, then every row in the order it is tried."""
    lines = ["| phase | orders while it lasts | at most | after a restart |", "|---|---|---|---|"]
    for phase, stay in STAYS.items():
        orders = ", ".join(f"`{order.value}`" for order in stay.orders) or "none"
        most = "an allowed end" if stay.end else f"{stay.within_s:g} s" if stay.within_s else "as long as it takes"
        lines.append(f"| `{phase.value}` | {orders} | {most} | `{stay.restart.value}` |")
    lines += ["", "| in | when | then |", "|---|---|---|"]
    lines += [f"| `{r.at.value}` | {' and '.join(r.guards).replace('_', ' ')} | `{r.to.value}` |" for r in ROWS]
    return "\n".join(lines)


def rendered() -> str:
    """What stands between the marks."""
    return f"{BEGIN}\n\n{diagram()}\n\n{words()}\n\n{END}"


def put_into(text: str) -> str:
    """The document with its made part renewed."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{rendered()}{tail}"


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(put_into(document.read_text(encoding="utf-8")), encoding="utf-8")
