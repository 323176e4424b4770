"""The table of makes, docs/makes.md, from the profiles shipped: `python tools/makes.py`; `--check` only compares."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "makes.md"
HEAD = """\
# Makes

What is shipped in `config/profiles`, made from the profiles by `python tools/makes.py`. A make with a source was
written from that document, and `tests/settings/test_makes.py` decodes the document's own examples, or, where it has
none, numbers laid out as it says; the profile's own comment says what the document leaves open. Nothing else is
promised before `hydronest profile try` has read one on your line. One without a source is a pattern to start from.

*Unit* is fixed where the maker's protocol fixes it, or names the points that say it, which are read with the number
([how](modbus.md#a-make-whose-unit-and-decimals-are-settings)). *Identity* is what must stand in the device before
anything of it is believed.
"""


def main() -> int:
    """Write the table; with `--check`, 1 when it is not what the profiles say."""
    sys.path.insert(0, str(ROOT))
    from drivers.profile.load import SHIPPED, load, names

    text = HEAD
    rows: dict[str, list[str]] = {}
    for name, file in sorted(names([SHIPPED]).items()):
        rows.setdefault(name.partition("/")[0], []).append(_row(name, load(file)))
    for folder, lines in rows.items():
        head = "| profile | make | points | unit | identity | source |\n|---|---|---|---|---|---|"
        text += f"\n## {folder}\n\n{head}\n" + "\n".join(lines) + "\n"
    if "--check" not in sys.argv:
        TABLE.write_text(text, encoding="utf-8")
        return 0
    if TABLE.is_file() and TABLE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/makes.md is not what the profiles say: python tools/makes.py")
    return 1


def _row(name: str, profile: "ModbusProfile | OpcuaProfile") -> str:
    said = sorted({source for point in profile.points.values() for source in getattr(point, "settings", ()) if source})
    unit = ", ".join(f"`{one}`" for one in said) or ("fixed" if profile.source else "–")
    known = ", ".join(f"`{_place(one)}` is `{one.equals}`" for one in profile.identity) or "–"
    points = ", ".join(point for point in profile.points if point not in said)
    return f"| `{name}` | {profile.title} | {points} | {unit} | {known} | {profile.source or '–'} |"


def _place(identity: "Identity | OpcuaIdentity") -> str:
    return str(getattr(identity, "at", None) or getattr(identity, "node", ""))


TYPE_CHECKING = False
if TYPE_CHECKING:
    from drivers.profile.model import ModbusProfile, OpcuaProfile
    from drivers.profile.point import Identity, OpcuaIdentity

if __name__ == "__main__":
    sys.exit(main())
