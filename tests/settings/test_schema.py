"""The JSON Schemas editors use are what the models say, and the examples hold to them."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent.settings.load import check
from agent.settings.schema import ROOT, chinese, files, in_both, main
from drivers.profile.load import SHIPPED, names

EXAMPLE = SHIPPED.parent / "hydronest.example.toml"


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "config/schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return loaded


def test_committed_files_are_the_generated_ones() -> None:
    assert main(["--check"]) == 0, "run: python -m agent.settings.schema"


def test_an_old_schema_is_noticed_and_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.settings.schema.ROOT", tmp_path)
    assert main(["--check"]) == 1
    assert list(tmp_path.iterdir()) == []
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_the_reference_names_every_key() -> None:
    page = files()["docs/settings.md"]
    for name in ("site", "profile"):
        for part in (schema(name), *schema(name)["$defs"].values()):
            for key in part.get("properties", {}):
                assert f"| `{key}` |" in page


def test_every_description_stands_there_in_both_languages() -> None:
    """No more and no less than the catalogue has; what has none is named."""
    told, found = chinese(), dict[str, str]()

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(text := part.get("description"), str):
                found[text] = part["x-description-zh"]
            part = list(part.values())
        for one in part if isinstance(part, list) else ():
            walk(one)

    walk([schema(file.name.partition(".")[0]) for file in (ROOT / "config/schemas").glob("*.schema.json")])
    assert found == told
    assert [
        text for text, says in told.items() if not re.search("[\u4e00-\u9fff]", says) and re.search("[a-z]{4}", says)
    ] == []
    with pytest.raises(SystemExit, match="no Chinese for: new"):
        in_both({"properties": {"key": {"description": "new"}}}, told)


@pytest.mark.parametrize("name", ["site", "profile"])
def test_they_are_json_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_the_example_site_is_right_for_editor_and_agent() -> None:
    jsonschema.Draft202012Validator(schema("site")).validate(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))
    settings, mistakes = check(EXAMPLE)
    assert [m.text() for m in mistakes] == []
    assert settings is not None
    assert {device.kind for device in settings.site.devices} >= {"hydrant", "water_point", "weather"}


@pytest.mark.parametrize("file", [EXAMPLE, *names([SHIPPED]).values()], ids=lambda path: path.stem)
def test_files_tell_the_editor_their_schema(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("#:schema ")
    assert (file.parent / first.removeprefix("#:schema ")).resolve().is_file()


@pytest.mark.parametrize("file", names([SHIPPED]).values(), ids=lambda path: path.stem)
def test_shipped_profiles_are_right_for_the_editor(file: Path) -> None:
    jsonschema.Draft202012Validator(schema("profile")).validate(tomllib.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("change", "to"),
    [('unit = "kPa"', 'unit = "psi"'), ('at = "input 0"', 'at = "40001"'), ("first_register = 0", "first_register = 2"),
     ('poll = "fast"', 'poll = "often"'), ("revision = 1", "revison = 1")],
)  # fmt: skip
def test_the_editor_sees_mistakes_too(change: str, to: str) -> None:
    text = names([SHIPPED])["hydrant/terminal-float"].read_text(encoding="utf-8")
    assert change in text
    errors = list(
        jsonschema.Draft202012Validator(schema("profile")).iter_errors(tomllib.loads(text.replace(change, to)))
    )
    assert errors


def test_the_example_relies_on_no_brokers_memory() -> None:
    """A stock broker confirms, and forgets beyond its queue limit while the platform is away."""
    settings = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert {one["confirm"] for one in settings["uplinks"] if one["kind"] == "mqtt"} == {"platform"}


def test_the_chinese_example_is_the_same_but_for_what_is_said_in_it() -> None:
    """Line by line, also what stands in comments as settings: a key that one of them lacks is found."""
    translated = EXAMPLE.with_name("hydronest.example.zh.toml")
    pairs = list(zip(*(file.read_text("utf-8").splitlines() for file in (EXAMPLE, translated)), strict=True))
    said = [(one, other) for one, other in pairs if one != other]
    assert len(said) > 40
    for one, other in said:
        code, rest = re.match(r"(.*?) *(?:# ([^#]*))?$", one), re.match(r"(.*?) *(?:# ([^#]*))?$", other)
        assert code and rest
        assert code[1] == rest[1], other
        assert re.search("[\u4e00-\u9fff]", other), other
    same = [one for one, other in pairs if one == other and re.search(r"\S  +# ", one)]
    assert same == [], "says something in English only"
    assert tomllib.loads(EXAMPLE.read_text("utf-8")) == tomllib.loads(translated.read_text("utf-8"))
