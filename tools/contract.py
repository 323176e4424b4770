"""What the contract has promised: a change that would break a receiver, or a sender, built to it is named and fails.

python tools/contract.py            write anew what is promised; refuses a change that breaks anybody
python tools/contract.py --check    fail where the contract breaks what was promised, or says more than was written down

A gateway's messages may gain members; those they had stay, as they were. What a platform sends may leave out what it
could leave out before. Where `v` of a message has risen everything is new. See docs/platform-contract.md 6.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped] # amqtt brings it

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "docs/asyncapi.yaml"
PROMISED = ROOT / "docs/contract-promised.json"
DEEPEST = 12

Member = dict[str, Any]
"""`types`, `required`, and `words` where only some are allowed."""
Channel = dict[str, Any]
"""`sent` by the gateway or not, `retain`, and `members` by path."""


def main() -> int:
    """0 where nobody is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    only_check = parser.parse_args().check
    now = channels(CONTRACT)
    promised = json.loads(PROMISED.read_text("utf-8")) if PROMISED.exists() else {}
    broken = list(breaks(promised, now))
    for line in broken:
        sys.stderr.write(f"{CONTRACT.relative_to(ROOT)}: {line}\n")
    if not broken and not only_check:
        PROMISED.write_text(text_of(now), "utf-8")
    if not broken and only_check and promised != now:
        sys.stderr.write("the contract says more than was written down: python tools/contract.py\n")
        return 1
    return 1 if broken else 0


def text_of(now: Mapping[str, Channel]) -> str:
    """As it is kept: a member a line, so that a review shows what has changed."""
    lines: list[str] = []
    for address, channel in sorted(now.items()):
        way = {name: channel[name] for name in ("sent", "retain")}
        members = [f"  {json.dumps(path)}: {json.dumps(member)}" for path, member in channel["members"].items()]
        inside = ",\n".join(members)
        lines.append(f'{json.dumps(address)}: {json.dumps(way)[:-1]}, "members": {{\n{inside}}}}}')
    return "{" + ",\n".join(lines) + "}\n"


def channels(contract: Path) -> dict[str, Channel]:
    """Every address with what may be sent there."""
    told = yaml.safe_load(contract.read_text("utf-8"))
    found: dict[str, Channel] = {}
    for operation in told["operations"].values():
        channel = told["channels"][operation["channel"]["$ref"].rpartition("/")[2]]
        (message,) = channel["messages"].values()
        schema = told["components"]["messages"][message["$ref"].rpartition("/")[2]]["payload"]
        members: dict[str, Member] = {}
        _walk(schema.get("schema", schema), {}, contract.parent, "", True, members, DEEPEST)
        mqtt = operation["bindings"]["mqtt"]
        found[channel["address"]] = {
            "sent": operation["action"] == "send",
            "retain": bool(mqtt.get("retain", False)),
            "members": {path: members[path] for path in sorted(members)},
        }
    return found


def _walk(
    schema: Any, root: Any, folder: Path, path: str, required: bool, found: dict[str, Member], depth: int
) -> None:
    """Note what a schema allows at a path and below; of alternatives, whatever any of them allows."""
    if not isinstance(schema, dict) or not depth:
        return
    if "$ref" in schema:
        file, _, inside = schema["$ref"].partition("#")
        if file:
            root = json.loads((folder / file).read_text("utf-8"))
        target = root
        for step in inside.strip("/").split("/") if inside.strip("/") else ():
            target = target[step]
        _walk(target, root, folder, path, required, found, depth - 1)
    types, words = schema.get("type"), [schema["const"]] if "const" in schema else schema.get("enum")
    if types is not None or words is not None:
        of_words = {_type(word) for word in words or ()}
        known = found.setdefault(path, {"types": [], "required": required})
        known["types"] = sorted({*known["types"], *([types] if isinstance(types, str) else types or of_words)})
        known["required"] = known["required"] and required
        if words is not None:
            known["words"] = sorted({*known.get("words", ()), *map(json.dumps, words)})
    needed = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        _walk(member, root, folder, f"{path}.{name}", name in needed, found, depth - 1)
    if isinstance(schema.get("additionalProperties"), dict):
        _walk(schema["additionalProperties"], root, folder, f"{path}.*", False, found, depth - 1)
    if "items" in schema:
        _walk(schema["items"], root, folder, f"{path}[]", False, found, depth - 1)
    for alternative in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        _walk(alternative, root, folder, path, required, found, depth - 1)


def _type(word: object) -> str:
    if isinstance(word, bool):
        return "boolean"
    return {str: "string", int: "integer", float: "number"}.get(type(word), "null")


def breaks(promised: Mapping[str, Channel], now: Mapping[str, Channel]) -> Iterator[str]:
    """Whatever of the promise is not kept, in words."""
    for address, before in promised.items():
        after = now.get(address)
        if after is None:
            yield f"{address} is gone"
            continue
        if (before["sent"], before["retain"]) != (after["sent"], after["retain"]):
            yield f"{address} goes another way, or is retained otherwise"
        old, new = before["members"], after["members"]
        if old.get(".v", {}).get("words") != new.get(".v", {}).get("words"):
            continue  # of another version: nobody takes it for this one
        for path in sorted({*old, *new}):
            yield from (
                f"{address}{path} {what}" for what in _broken(old.get(path), new.get(path), sent=before["sent"])
            )


def _broken(old: Member | None, new: Member | None, *, sent: bool) -> Iterator[str]:
    if old is None:
        if new is not None and new["required"] and not sent:
            yield "is wanted now: who sends as before lacks it"
        return
    if new is None:
        yield "is gone"
        return
    if sent and old["required"] and not new["required"]:
        yield "may be missing now"
    if not sent and new["required"] and not old["required"]:
        yield "is wanted now: who sends as before may lack it"
    wider, narrower = (new, old) if sent else (old, new)
    if more := {*_numbers(wider["types"])} - {*_numbers(narrower["types"])}:
        yield f"is {' or '.join(sorted(more))} {'too' if sent else 'no longer'}"
    if "words" in narrower and (more := {*wider.get("words", ("anything",))} - {*narrower["words"]}):
        yield f"is {' or '.join(sorted(more))} {'too' if sent else 'no longer'}"


def _numbers(types: list[str]) -> list[str]:
    """A whole number is a number."""
    return [*types, "integer"] if "number" in types else types


if __name__ == "__main__":
    sys.exit(main())
