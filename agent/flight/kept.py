"""Where one nest is, as it is kept for a restart: its phase and its task."""

import json
from dataclasses import asdict
from pathlib import Path

from agent.flight.desk import Task
from agent.flight.table import Phase


def told(phase: Phase, task: Task | None) -> bytes:
    """The file's content."""
    kept = {"phase": phase.value, "task": asdict(task) if task else None}
    return json.dumps(kept, ensure_ascii=False).encode()


def read(path: Path) -> tuple[Phase, Task | None]:
    """What was kept last; at rest where nothing was. ValueError for a file that cannot be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Phase(kept["phase"]), Task(**kept["task"]) if kept["task"] else None
    except FileNotFoundError:
        return Phase.REST, None
    except (KeyError, TypeError) as error:
        raise ValueError(f"not as it was written: {error!r}") from None
