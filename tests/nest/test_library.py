"""mavsdk is loaded without what it needs only to say its version, and nothing else is the poorer for it."""

import subprocess
import sys
from pathlib import Path

LOADS = """
import sys
import agent.flight.process
loaded = [name for name in ("zipfile", "email.message", "importlib.metadata", "importlib.abc") if name in sys.modules]
assert "mavsdk.asyncio.mavsdk" in sys.modules
import importlib.abc, importlib.metadata
print(*loaded, importlib.metadata.version("mavsdk").count("."), importlib.abc.MetaPathFinder is object)
"""


def test_a_process_that_flies_reads_no_mail() -> None:
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["2", "False"], "")


def test_nobody_goes_past_the_door() -> None:
    """Whoever were first to load mavsdk itself would load it whole; what is loaded later, in a function, may."""
    door, later = Path("protocols/mavlink/library.py"), Path("protocols/mavlink/authoriser.py")
    past = [
        f"{path}: {line}"
        for room in ("agent", "drivers", "protocols")
        for path in sorted(Path(room).rglob("*.py"))
        if path not in (door, later)
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("from mavsdk", "import mavsdk"))
    ]
    assert past == []
