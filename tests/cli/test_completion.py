"""The completion files are the ones the commands make, and the real shells complete with them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from agent.cli import completion, registry, words
from tests.waiting import scaled

FOLDER = Path(__file__).parents[2] / "config/completion"
FILE = FOLDER / "hydronest.bash"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_file_is_current(shell: str) -> None:
    words.use("zh", "hydrant")
    made = getattr(completion, shell)()
    remedy = f"hydronest completion {shell} > config/completion/hydronest.{shell}"
    assert (FOLDER / f"hydronest.{shell}").read_text() == made, remedy
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


_ZSH = """
_files() { print FILES }
compadd() { (( ${#${(P)2}} )) && print -l -- ${(P)2} }
words=("$@")
CURRENT=$#
complete_it() { source FILE }
complete_it
"""
"""The completion with zsh's own words for the line, its two ways out printed: the editor itself needs a terminal."""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_offers_the_same(tmp_path: Path) -> None:
    script = tmp_path / "try.zsh"
    script.write_text(_ZSH.replace("FILE }", f"'{FOLDER}/hydronest.zsh' }}"))

    def offered(*line: str) -> set[str]:
        ran = subprocess.run(
            ["zsh", "-f", script, *line], capture_output=True, text=True, check=True, timeout=scaled(10)
        )
        assert ran.stderr == ""
        return set(ran.stdout.split())

    assert completed("hydronest", "") == offered("hydronest", "")
    assert completed("hydronest", "--json", "hydrant", "") == offered("hydronest", "--json", "hydrant", "")
    assert offered("hydronest", "status", "--lang", "") == {"zh", "en"}
    assert offered("hydronest", "run", "") == {"FILES"}


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_offers_the_same() -> None:
    def offered(line: str) -> set[str]:
        script = f"source '{FOLDER}/hydronest.fish'; complete -C '{line}'"
        ran = subprocess.run(
            ["fish", "--no-config", "-c", script],
            cwd=FOLDER.parents[1],
            capture_output=True,
            text=True,
            check=True,
            timeout=scaled(10),
        )
        assert ran.stderr == ""
        return set(ran.stdout.split())

    assert offered("hydronest hyd") == {"hydrant"}
    assert offered("hydronest --socket x hydrant s") == {"show"}
    assert offered("hydronest hydrant show h01 --j") == {"--json"}
    assert offered("hydronest status --lang ") == {"zh", "en"}
    assert {"list", "show"} < offered("hydronest hydrant ")
    assert offered("hydronest check pypro") == {"pyproject.toml"}
