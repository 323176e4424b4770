"""The completion file is the one the commands make, and a real bash completes with it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from agent.cli import completion, registry, words
from tests.waiting import scaled

FILE = Path(__file__).parents[2] / "config/completion/hydronest.bash"


def test_the_file_is_current() -> None:
    words.use("zh", "hydrant")
    assert FILE.read_text() == completion.bash(), "hydronest completion bash > config/completion/hydronest.bash"
    assert words.language() == "zh"


def test_every_group_stands_in_the_documentation() -> None:
    told = (Path(__file__).parents[2] / "docs/cli.md").read_text()
    assert [name for name in registry.names() if f"`hydronest {name}" not in told] == []


def completed(*line: str) -> set[str]:
    """What bash offers for the last word of the line."""
    quoted = " ".join(f"'{word}'" for word in line)
    typed = f"COMP_WORDS=({quoted}); COMP_CWORD={len(line) - 1}"
    script = f"source '{FILE}'; {typed}; _hydronest; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=scaled(10))
    assert ran.stderr == ""
    return set(ran.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes() -> None:
    assert {"status", "watch", "hydrant", "--json"} <= completed("hydronest", "")
    assert completed("hydronest", "hyd") == {"hydrant"}
    assert completed("hydronest", "hydrant", "s") == {"show"}
    assert completed("hydronest", "--json", "--socket", "x", "hydrant", "l") == {"list"}
    assert completed("hydronest", "watch", "--pl") == {"--plain"}
    assert completed("hydronest", "status", "--lang", "") == {"zh", "en"}
    assert completed("hydronest", "hydrant", "show", "h01", "--j") == {"--json"}
    assert completed("hydronest", "demo", "") == set()
