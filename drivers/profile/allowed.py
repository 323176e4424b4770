"""What a JSON Schema made from a model allows, in words, and where pydantic's findings lie in it."""

from typing import Any

from drivers.profile.mistake import Where, listed, shown
from protocols.reason import Fact, word

Schema = dict[str, Any]


def wanted(node: Schema) -> tuple[str, dict[str, Fact]]:
    """What a schema allows, as a code and its facts."""
    if known := choices(node):
        return "write.one_of", {"known": listed(map(shown, known), 30)}
    least = node.get("minimum", node.get("exclusiveMinimum"))
    most = node.get("maximum", node.get("exclusiveMaximum"))
    sort = node.get("type")
    if sort in ("integer", "number"):
        noun = "a_whole_number" if sort == "integer" else "a_number"
        if least is not None and most is not None:
            return "write.noun_from_to", {"noun": word(noun), "least": least, "most": most}
        if least is not None:
            edge = "write.noun_above" if "exclusiveMinimum" in node else "write.noun_or_more"
            return edge, {"noun": word(noun), "least": least}
        return "write.noun", {"noun": word(noun)}
    if sort == "array" and "prefixItems" in node:
        return "write.noun", {"noun": word("two_numbers")}
    if sort == "string" and node.get("examples"):
        return "write.text_such_as", {"example": node["examples"][0]}
    nouns = {"boolean": "true_or_false", "string": "a_text", "array": "a_list", "object": "a_table"}
    return "write.noun", {"noun": word(nouns.get(str(sort), "another_value"))}


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
