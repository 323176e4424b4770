"""The report speaks Chinese throughout."""

from pathlib import Path

import pytest

from drivers.kinds import KINDS
from drivers.profile.toml import TomlText
from drivers.units import UNITS
from protocols.lang.zh import TEXTS
from protocols.reason import Reason, sentence
from tests.settings.conftest import Checked
from tests.settings.test_mistakes import TEN, TENTH


def test_every_quantity_has_its_word() -> None:
    asked = {quantity for kind in KINDS.values() for name in (*kind.required, *kind.optional)
             if (meaning := kind.meaning(name)) for quantity in meaning.quantities}  # fmt: skip
    assert asked
    assert (
        sorted(one for one in asked | {unit.quantity for unit in UNITS.values()} if f"quantity_{one}" not in TEXTS)
        == []
    )


BROKEN = (
    "[a]\n[a]", "a={b=1}\n[a.c]\nd=1", "a.b=1\na.b.c=2", "a={b=1,b=2}", 'a="x\x01"', "a='\x01'", 'a="\\q"', 'a="\\uZZ"',
    'a="\\uD800"', "a=[1,", "a={b=1", "a=1 b", "[a", "[[a]", "= 1", "a=1\na=2", 'a="x', "a=2026-13-40", "a='\''x", '"a',
    "a=b", "a 1", "a",
)  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_what_the_toml_parser_says_has_a_sentence_of_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    (mistake, *_) = TomlText(tmp_path / "a.toml").mistakes
    why = mistake.facts["detail"]
    assert isinstance(why, Reason) and why.code != "toml.other"
    assert not sentence(why, "zh").isascii()


def test_the_ten_mistakes_in_chinese(checked: Checked) -> None:
    for mistake in checked(TEN, own=TENTH):
        assert mistake.remedy is not None
        said = sentence(mistake.reason, "zh") + sentence(mistake.remedy, "zh")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in said)
        assert "write" not in said
