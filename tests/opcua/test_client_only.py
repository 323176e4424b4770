"""A process that is only a client has everything of asyncua a client names, and no server."""

import re
import subprocess
import sys
from pathlib import Path

import asyncua.ua.object_ids

from protocols.opcua.client_only import used_by_a_client

NAMED = re.compile(r"\bObjectIds\.(\w+)")
HOME = Path(asyncua.__file__).parent
ROOMS = Path(__file__).parents[2]
LOADED = """
import sys
from protocols.opcua.client_only import client_only
client_only()
import drivers.opcua.line, protocols.opcua.explore
from protocols.opcua.library import ua
assert "asyncua.server.server" not in sys.modules and "asyncua.pubsub" not in sys.modules
print(*sorted(name for name in sys.modules if name.startswith("asyncua.")))
print(len(ua.ObjectIdNames), ua.ObjectIdNames[ua.ObjectIds.Server_ServerStatus_State])
"""


def test_every_node_that_code_of_a_client_names_is_there() -> None:
    said = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOMS, capture_output=True, text=True, check=True)
    modules, counted = said.stdout.splitlines()
    count, state = counted.split()
    assert state == "Server_ServerStatus_State"
    assert 1000 < int(count) < len(asyncua.ua.object_ids.ObjectIdNames) / 2
    files = [HOME.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in modules.split()]
    ours = [*(ROOMS / "protocols" / "opcua").glob("*.py"), *(ROOMS / "drivers" / "opcua").glob("*.py")]
    named = {name for file in [*files, *ours] if file.is_file() for name in NAMED.findall(file.read_text("utf-8"))}
    assert len(named) > 100
    there = set(vars(asyncua.ua.object_ids.ObjectIds))
    assert {name for name in named & there if not used_by_a_client(name)} == set()
    assert {
        name for name in asyncua.ua.object_ids.ObjectIdNames.values() if "_" not in name and not used_by_a_client(name)
    } == set()
