"""A terminal in the site file: what is wrong is told with its line, and a command set of one's own is taken."""

from pathlib import Path

import pytest

from agent.settings.load import check, load
from agent.settings.terminals import SHIPPED_TERMINALS
from agent.settings.uplinks import BeidouUplink
from agent.uplinks.site_message import short_names, site_message
from protocols.foreign_json import read_json_object

SITE = '[gateway]\nid = "gw1"\nstate_dir = "{state}"\n[[uplinks]]\nid = "sky"\nkind = "beidou"\nport = "/dev/x"\n'


def written(folder: Path, more: str) -> Path:
    file = folder / "site.toml"
    file.write_text(SITE.format(state=folder) + more, encoding="utf-8")
    return file


def test_a_shipped_command_set_and_one_of_ones_own(tmp_path: Path) -> None:
    own = (SHIPPED_TERMINALS / "rdss-2.toml").read_text("utf-8").replace("CCTXA,{to},1,2,A4{data}", "XXTXA,{data},{to}")
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    settings = load(written(tmp_path, 'to = "42"\nterminal = "own.toml"\nmessage_bytes = 210\n'))
    assert settings.terminals["sky"].send.say == "XXTXA,{data},{to}"
    (uplink,) = settings.site.uplinks
    assert isinstance(uplink, BeidouUplink)
    assert (uplink.to, uplink.message_bytes, uplink.every_s, uplink.repeats) == ("42", 210, 3600.0, 1)
    assert load(written(tmp_path, 'to = "42"\n')).terminals["sky"].terminal == "rdss-3"


def test_both_ends_have_the_list_from_the_site_message(tmp_path: Path) -> None:
    settings = load(written(tmp_path, 'to = "42"\n[[uplinks]]\nid = "a"\nkind = "mqtt"\nhost = "b.example"\n'))
    told = read_json_object(site_message(settings, "x"), 10_000)
    assert told["short_names"] == short_names(settings.site) == ["a", "sky"]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("", "settings.missing"),
        ('to = "12-3"\n', "settings.does_not_fit"),
        ('to = "42"\nterminal = "rdss-9"\n', "settings.no_terminal"),
        ('to = "42"\nterminal = "own.toml"\n', "settings.terminal_hole"),
        ('to = "42"\nmessage_bytes = 20\n', "settings.does_not_fit"),
        ('to = "42"\nbearers = []\n', "settings.unknown_key"),
    ],
)
def test_mistakes(tmp_path: Path, more: str, what: str) -> None:
    own = (SHIPPED_TERMINALS / "rdss-2.toml").read_text("utf-8").replace("{to}", "7")
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    settings, mistakes = check(written(tmp_path, more))
    assert settings is None
    assert [mistake.what for mistake in mistakes] == [what]
    assert mistakes[0].line
