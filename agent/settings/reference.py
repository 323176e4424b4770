"""The keys of the site file and of profiles as a page for people, made from the models like the JSON Schemas."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

HEAD = """\
# Keys of the site file and of profiles

Made from the models by `python -m agent.settings.schema`; do not edit. How to begin: `config/hydronest.example.toml`
and `config/profiles/`. What a mistake looks like: `hydronest check FILE`, `hydronest profile check FILE`.
"""


def reference(site: Schema, profile: Schema) -> str:
    """Both files' tables in Markdown: key, what may be written, what it is when left out, what it means."""
    rows = [HEAD]
    for title, root in (("Site file", site), ("Profiles", profile)):
        rows.append(f"\n## {title}\n")
        for name, part in _parts(root):
            rows += [f"\n### {name}\n", part.get("description", "").strip(), "", "| key | write | otherwise | means |"]
            rows.append("|---|---|---|---|")
            must = part.get("required", ())
            for key, field in part.get("properties", {}).items():
                rows.append(f"| `{key}` | {_write(field, root)} | {_otherwise(key, field, must)} | {_cell(field)} |")
    return "\n".join(rows) + "\n"


def _parts(root: Schema) -> Iterator[tuple[str, Schema]]:
    """The file itself, its tables as they are headed in TOML, then the tables inside those."""
    if "properties" in root:
        yield "The file", root
    headed = {}
    for key, field in root.get("properties", {}).items():
        brackets = "[[{}]]" if field.get("type") == "array" else "[{}]"
        item = field.get("items", field)
        for ref in [item, *item.get("oneOf", ()), *item.get("anyOf", ())]:
            if "$ref" in ref:
                headed[ref["$ref"].rsplit("/", 1)[1]] = brackets.format(key)
    tables = {name: part for name, part in root.get("$defs", {}).items() if "properties" in part}
    for name in [*headed, *sorted(set(tables) - set(headed))]:
        part = tables[name]
        word = next((field["const"] for field in part["properties"].values() if "const" in field), None)
        kind = f' "{word}"' if word else ""
        yield f"`{headed[name]}`{kind}" if name in headed else f"{name}{kind}", part


def _cell(field: Schema) -> str:
    return str(field.get("description", "")).replace("|", "\\|").replace("\n", " ")


def _otherwise(key: str, field: Schema, must: Any) -> str:
    if key in must:
        return "**must be there**"
    default = field.get("default")
    if default in (None, "", [], {}) or isinstance(default, dict):
        return ""
    return f"`{default}`".lower() if isinstance(default, bool) else f"`{default}`"


def _write(field: Schema, root: Schema) -> str:
    """In a few words what the key takes."""
    field = _resolved(field, root)
    if "const" in field:
        return f'`"{field["const"]}"`'
    if known := field.get("enum"):
        return ", ".join(f"`{word}`" for word in known[:40])
    if field.get("oneOf"):
        return "a table, by its `kind`"
    sort = field.get("type")
    if sort in ("integer", "number"):
        least, most = field.get("minimum", field.get("exclusiveMinimum")), field.get("maximum")
        span = f" {least:g} to {most:g}" if least is not None and most is not None else ""
        return ("whole number" if sort == "integer" else "number") + span
    if sort == "array":
        if "prefixItems" in field:
            return "[least, most]"
        return f"list of {_write(field.get('items', {}), root)}"
    if sort == "object":
        title = field.get("title", "")
        return f"table {title}".strip() if "properties" in field else "table of your own names"
    examples = field.get("examples")
    return (
        f"text such as `{examples[0]}`"
        if examples
        else {"boolean": "`true`, `false`", "string": "text"}.get(str(sort), "number or text")
    )


def _resolved(field: Schema, root: Schema) -> Schema:
    while True:
        if "$ref" in field:
            field = root["$defs"][field["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in field and len(real := [one for one in field["anyOf"] if one.get("type") != "null"]) == 1:
            field = real[0]
        else:
            return field
