"""What a JSON Schema made from a model allows, in words, and where pydantic's findings lie in it."""

from typing import Any

from drivers.profile.mistake import Fact, Where, listed, shown

Schema = dict[str, Any]


def wanted(node: Schema) -> tuple[str, dict[str, Fact]]:
    """What a schema allows, as a template and its facts."""
    if known := choices(node):
        return "write one of {known}", {"known": listed(map(shown, known), 30)}
    least = node.get("minimum", node.get("exclusiveMinimum"))
    most = node.get("maximum", node.get("exclusiveMaximum"))
    sort = node.get("type")
    if sort in ("integer", "number"):
        noun = "a whole number" if sort == "integer" else "a number"
        if least is not None and most is not None:
            return "write {noun} from {least} to {most}", {"noun": noun, "least": least, "most": most}
        if least is not None:
            edge = (
                "write {noun} greater than {least}" if "exclusiveMinimum" in node else "write {noun}, {least} or more"
            )
            return edge, {"noun": noun, "least": least}
        return "write {noun}", {"noun": noun}
    if sort == "array" and "prefixItems" in node:
        return "write {noun}", {"noun": "two numbers [least, most]"}
    if sort == "string" and node.get("examples"):
        return "write a text such as '{example}'", {"example": node["examples"][0]}
    nouns = {"boolean": "true or false", "string": "a text", "array": "a list […]", "object": "a table"}
    return "write {noun}", {"noun": nouns.get(str(sort), "another value")}


def choices(node: Schema) -> list[object]:
    """The closed list of what may be written; empty where there is none."""
    return [node["const"]] if "const" in node else list(node.get("enum", ()))


def place(loc: tuple[int | str, ...], root: Schema) -> tuple[Where, Schema, Schema]:
    """pydantic's loc as the path in the file (tags of unions dropped), with the schema there and of what holds it."""
    where: Where = ()
    node = parent = root
    for part in loc:
        here = resolved(node, root)
        tags = here.get("discriminator", {}).get("mapping", {})
        if part in tags:
            node = {"$ref": tags[part]}
            continue
        if part == "[key]":
            continue
        parent, where = here, (*where, part)
        if isinstance(part, int):
            node = here.get("items", {})
        else:
            named = [*here.get("patternProperties", {}).values(), here.get("additionalProperties")]
            inside = next((schema for schema in named if isinstance(schema, dict)), {})
            node = here.get("properties", {}).get(part, inside)
    return where, resolved(node, root), parent


def resolved(node: Schema, root: Schema) -> Schema:
    """The schema itself: references followed, 'or nothing' dropped."""
    while True:
        if "$ref" in node:
            node = root["$defs"][node["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in node and len(real := [one for one in node["anyOf"] if one.get("type") != "null"]) == 1:
            node = real[0]
        else:
            return node
