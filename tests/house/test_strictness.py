"""The suite's own guards bite: each kind of leak fails a test that would otherwise pass."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import scaled

ROOT = Path(__file__).parents[2]
LEAKS = {
    "task": "import asyncio\nasync def test_it():\n    asyncio.get_running_loop().create_task(asyncio.sleep(99))\n",
    "socket": "import socket\ndef test_it():\n    socket.socket()\n",
    "coroutine": "import asyncio\nasync def test_it():\n    asyncio.sleep(1)\n",
    "thread": "import threading\ndef test_it():\n    threading.Timer(30, print).start()\n",
    "process": "import subprocess\nleft = []\ndef test_it():\n    left.append(subprocess.Popen(['sleep', '99']))\n",
    "orphan": "import subprocess\ndef test_it():\n    subprocess.run(['sh', '-c', 'sleep 99 &'], check=True)\n",
    "warning": "import warnings\ndef test_it():\n    warnings.warn('old')\n",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_fails(leak: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    (tmp_path / "test_it.py").write_text(LEAKS[leak])
    kill_timer = (
        "import os, _pytest.config as c\nr = c.console_main()\nos._exit(r)\n"  # a leaked thread must not hold us
    )
    done = subprocess.run(
        [sys.executable, "-c", kill_timer, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "."],
        capture_output=True, text=True, timeout=scaled(60), check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    if leak in ("process", "orphan"):
        assert "leaked processes" in done.stdout
        assert "sleep 99" in done.stdout


def test_a_clean_test_passes(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    (tmp_path / "test_it.py").write_text("async def test_it():\n    assert True\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True, text=True, timeout=scaled(60), check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
