"""What is made from the settings models: JSON Schemas for editors, a reference for people; and the contract's Chinese.

`python -m agent.settings.schema` writes the files, with `--check` it only says which are out of date.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from agent.settings.models import Site
from agent.settings.reference import reference
from drivers.profile.load import profile_adapter
from drivers.profile.toml import TomlText

ROOT = HERE = Path(__file__).resolve().parents[2]
REFERENCE = "docs/settings.md"
CONTRACT = ("acknowledgement", "answer", "message", "missing", "site-message", "state", "status-message")
"""Schemas of what travels, written by hand but for their Chinese."""
CHINESE = "x-description-zh"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def files() -> dict[str, str]:
    """The text of each generated file by its path from the project's root."""
    site, profile = TypeAdapter(Site).json_schema(), profile_adapter().json_schema()
    return {
        "config/schemas/site.schema.json": _text(site, "hydronest site file"),
        "config/schemas/profile.schema.json": _text(profile, "hydronest device profile"),
        REFERENCE: reference(site, profile),
        **{name: _translated(HERE / name) for name in (f"config/schemas/{one}.schema.json" for one in CONTRACT)},
    }


def chinese() -> dict[str, str]:
    """What each description says in Chinese."""
    return dict(TomlText(HERE / "config/lang/schemas.zh.toml").tables or {})


def in_both(schema: Any, told: Mapping[str, str]) -> Any:
    """The schema with `x-description-zh` beside each description, for editors and tools that show it.

    Raises SystemExit for a description that has no Chinese.
    """
    if isinstance(schema, list):
        return [in_both(one, told) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == CHINESE:
            continue
        out[key] = in_both(value, told)
        if key == "description" and isinstance(value, str):
            if value not in told:
                raise SystemExit(f"config/lang/schemas.zh.toml has no Chinese for: {value}")
            out[CHINESE] = told[value]
    return out


def _translated(file: Path) -> str:
    schema = json.loads(file.read_text("utf-8"))
    return json.dumps(in_both(schema, chinese()), ensure_ascii=False, indent=2) + "\n"


def _text(schema: dict[str, Any], title: str) -> str:
    schema = {"$schema": DIALECT, **schema, "title": title}
    if "oneOf" in schema:
        del schema["discriminator"]  # OpenAPI's word, not JSON Schema's
        schema["type"] = "object"
    return json.dumps(in_both(schema, chinese()), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with --check say whether the files are what would be written."""
    parser = argparse.ArgumentParser(prog="python -m agent.settings.schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is out of date")
    check = parser.parse_args(arguments).check
    stale = []
    for name, text in files().items():
        file = ROOT / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"{name}: {'is out of date' if check else 'written'}\n")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
