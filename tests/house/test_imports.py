"""What the agent does not load: a library is paid for where its kind is used."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import scaled

ROOT = Path(__file__).parents[2]
HEAVY = {"asyncua", "mavsdk", "sqlite_utils", "sqlite3", "cryptography", "pymavlink", "amqtt", "hil", "hypothesis"}


@pytest.mark.parametrize(
    "module",
    [
        "agent.supervisor.main",
        "agent.core.process",
        "agent.uplinks.process",
        "agent.journal.journal",
        "agent.opcua.lines",
    ],
)
def test_the_agent_starts_without_what_its_site_does_not_use(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=scaled(60), check=True)
    assert HEAVY.isdisjoint(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "others"),
    [("agent.uplinks.process", {"apsw", "pymodbus", "serial", "agent.core", "agent.judge", "agent.journal"}),
     ("agent.core.process", {"paho", "agent.uplinks", "protocols.mqtt", "agent.web", "h11", "agent.core.requests.web"}),
     ("agent.web.process", {"apsw", "pymodbus", "serial", "paho", "agent.core", "agent.judge", "agent.journal"})],
)  # fmt: skip
def test_a_child_pays_for_nothing_that_is_anothers(module: str, others: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=scaled(60), check=True)
    assert others.isdisjoint(done.stdout.split())


def test_only_the_process_that_reads_opcua_loads_its_library() -> None:
    code = "import sys, agent.opcua.process; print('asyncua' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"  # only when a line begins
    importing = [
        str(path.relative_to(ROOT))
        for room in ("agent", "drivers", "protocols")
        for path in (ROOT / room).rglob("*.py")
        if any(
            line.strip().startswith(("from drivers.opcua.line ", "import drivers.opcua.line"))
            for line in path.read_text().splitlines()
        )
    ]
    assert importing == ["agent/opcua/line.py", "agent/opcua/lines.py"]
