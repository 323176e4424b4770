"""The completion files are the ones the commands make, and the real shells complete with them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from agent.cli import completion, exits, registry, words
from agent.cli.command import build_group
from agent.cli.commands.completion import ASKED
from agent.control.server import ControlServer
from tests.cli.conftest import Hydronest
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
    """What bash offers for the last word of the line; the command itself knows two ids of each kind."""
    quoted = " ".join(f"'{word}'" for word in line)
    typed = f"COMP_WORDS=({quoted}); COMP_CWORD={len(line) - 1}"
    known = 'hydronest() { echo "$3-1" "$3-2"; }'
    script = f"source '{FILE}'; {known}; {typed}; _hydronest; printf '%s\\n' \"${{COMPREPLY[@]}}\""
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
    assert {"devices-1", "devices-2", "--json"} <= completed("hydronest", "hydrant", "show", "")
    assert completed("hydronest", "uplink", "pause", "up") == {"uplinks-1", "uplinks-2"}


_ZSH = """
PREFIX=
hydronest() { print -l $3-1 $3-2 }
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
    assert {"nests-1", "nests-2", "--json"} <= offered("hydronest", "nest", "ready", "")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_offers_the_same() -> None:
    def offered(line: str) -> set[str]:
        known = "function hydronest; printf '%s\\n' $argv[3]-1 $argv[3]-2; end"
        script = f"source '{FOLDER}/hydronest.fish'; {known}; complete -C '{line}'"
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
    assert offered("hydronest asset show as") == {"assets-1", "assets-2"}


def test_every_id_that_only_the_agent_knows_is_offered() -> None:
    """Verbs that take one, by what their help calls it; those that make a new one are left out."""
    words.use("en")
    wanted = set()
    for group in set(registry.names()) - registry.VERBATIM:
        for verb, parser in build_group(group).verbs.items():
            first = next((action.metavar for action in parser._actions if not action.option_strings), None)
            if first in ("ID", "NEST", "FLIGHT", "UPLINK", "LINE"):
                wanted.add(f"{group} {verb}")
    named = {verb for verbs in completion.NAMED.values() for verb in verbs}
    assert wanted - named == {"facts incident", "facts permit"}
    assert not named - wanted
    assert completion.NAMED.keys() <= ASKED.keys()


async def test_the_running_agent_is_asked_for_ids(server: ControlServer, hydronest: Hydronest) -> None:
    told = await hydronest("completion", "ids", "devices")
    assert told.code == exits.OK
    assert {"h01", "h02"} <= set(told.out.split())

    async def keys(_request: object) -> list[dict[str, str]]:
        return [{"id": "commander-1"}, {"id": "$(reboot)"}, {"id": "a b"}]

    server.register("key.list", keys, "read")
    assert (await hydronest("completion", "ids", "keys")).out == "commander-1\n"
    assert (await hydronest("completion", "ids", "rubbish")).code == exits.USAGE
