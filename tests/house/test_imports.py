"""What the agent does not load: a library is paid for where its kind is used."""

import subprocess
import sys

import pytest

HEAVY = {"asyncua", "mavsdk", "sqlite_utils", "sqlite3", "cryptography", "pymavlink", "amqtt", "hil", "hypothesis"}


@pytest.mark.parametrize(
    "module", ["agent.supervisor.main", "agent.core.assemble", "agent.flight.process", "agent.journal.journal"]
)
def test_the_agent_starts_without_what_its_site_does_not_use(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert HEAVY.isdisjoint(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "others"),
    [("agent.uplinks.process", {"apsw", "pymodbus", "serial", "agent.core", "agent.judge", "agent.journal"}),
     ("agent.core.process", {"paho", "agent.uplinks", "protocols.mqtt"})],
)  # fmt: skip
def test_a_child_pays_for_nothing_that_is_anothers(module: str, others: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert others.isdisjoint(done.stdout.split())
