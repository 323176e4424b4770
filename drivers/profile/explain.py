"""pydantic's findings as mistakes a technician can act on: the path as written, and what to write instead."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from drivers.profile.allowed import Schema, choices, place, resolved, wanted
from drivers.profile.mistake import Fault, Mistake, Where, Wrong, listed, nearest, shown
from drivers.profile.toml import TomlText
from protocols.reason import Fact

ROUNDS_MAX = 4
T = TypeVar("T")


class Found(NamedTuple):
    """One fault at its full path; `mend` is the path to leave out so that what it hides can be checked too."""

    where: Where
    fault: Fault
    mend: Where
    kind: str


def validated(adapter: TypeAdapter[T], toml: TomlText, context: Mapping[str, Any]) -> tuple[T | None, list[Mistake]]:
    """The model, or None and every mistake: what is wrong is left out and the rest read again until all is told."""
    if toml.tables is None:
        return None, toml.mistakes
    if not toml.mistakes:
        try:
            return adapter.validate_python(toml.tables, context=dict(context)), []
        except ValidationError:
            pass  # read again below, part by part
    schema = _schema_of(adapter)
    rest = deepcopy(toml.tables)
    found: dict[Where, Found] = {}
    for _ in range(ROUNDS_MAX):
        try:
            adapter.validate_python(rest, context=dict(context))
        except ValidationError as error:
            left_out = {one.mend for one in found.values()}
            fresh = [one for one in _all(error, schema) if one.where not in found
                     and not (one.kind == "missing" and one.where in left_out)]  # fmt: skip
            found.update((one.where, one) for one in reversed(fresh))
            if not _mend(rest, fresh):
                break
        else:
            break
    return None, [*toml.mistakes, *_mistakes(found, toml)]


@cache
def _schema_of(adapter: TypeAdapter[Any]) -> Schema:
    """Made once for an adapter, which its module keeps: it costs more than all else a mistake does."""
    return adapter.json_schema()


def faults_of(error: ValidationError, schema: Schema) -> list[Fault]:
    """What the validation of a single part found, without places in a file; `schema` is that part's own."""
    return [found.fault for found in _all(error, schema)]


def _mistakes(found: dict[Where, Found], toml: TomlText) -> list[Mistake]:
    """In file order. A missing key next to its misspelling is one mistake; a line whose syntax broke is told once."""
    told = {mistake.line for mistake in toml.mistakes}
    meant = {
        (*f.where[:-1], f.fault.facts["near"])
        for f in found.values()
        if f.kind == "extra_forbidden" and "near" in f.fault.facts
    }
    mistakes = []
    for one in found.values():
        if one.kind == "missing" and one.where in meant:
            continue
        if one.kind == "too_short" and any(where[:-1] == one.where for where in found):
            continue  # pydantic counts only the entries that are right
        line = toml.line(one.where)
        if line in told and line is not None and one.kind != "missing":
            continue
        name = spelled(one.where, toml.tables or {})
        mistakes.append(Mistake(toml.path, line, name, one.fault.what, one.fault.instead, one.fault.facts))
    return sorted(mistakes, key=lambda mistake: mistake.line or 0)


def spelled(where: Where, tables: Mapping[str, Any]) -> str:
    """`devices[3] "H004".unit`: a path with the id of every list entry it passes through."""
    text, node = "", tables
    for part in where:
        node = _step(node, part)
        if isinstance(part, int):
            text += f"[{part}]"
            name = node.get("id") if isinstance(node, dict) else None
            text += f' "{name}"' if isinstance(name, str) else ""
        else:
            text += f".{part}" if text else part
    return text


def _step(node: Any, part: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None


def _all(error: ValidationError, schema: Schema) -> list[Found]:
    """Every fault of one validation, a Wrong with several faults spread out."""
    found = []
    for one in error.errors(include_url=False):
        kind, raw = one["type"], one.get("input")
        where, node, parent = place(one["loc"], schema)
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, Wrong):
            found += [Found((*where, *fault.where), fault, where, kind) for fault in cause.faults]
        elif kind in ("union_tag_invalid", "union_tag_not_found"):
            where = (*where, one["ctx"]["discriminator"].strip("'"))
            tags = list(resolved(node, schema)["discriminator"]["mapping"])
            kind = "missing" if kind == "union_tag_not_found" else kind
            fault = _missing(where, {"enum": tags}) if kind == "missing" else _unknown(one["ctx"]["tag"], tags)
            found.append(Found(where, fault, where, kind))
        elif kind == "missing" and isinstance(where[-1], int):
            template, more = wanted(parent)
            found.append(
                Found(
                    where[:-1],
                    Fault("settings.does_not_fit", template, {"value": shown(raw)} | more),
                    where[:-1],
                    "short",
                )
            )
        elif kind == "missing":
            found.append(Found(where, _missing(where, node), where, kind))
        elif kind == "extra_forbidden":
            found.append(Found(where, _extra(str(where[-1]), parent), where, kind))
        elif kind in ("literal_error", "enum"):
            found.append(Found(where, _unknown(raw, choices(node)), where, kind))
        else:
            facts = {"value": shown(raw)}
            template, more = wanted(node)
            found.append(Found(where, Fault("settings.does_not_fit", template, facts | more), where, kind))
    return found


def _missing(where: Where, node: Schema) -> Fault:
    template, facts = wanted(node)
    return Fault("settings.missing", template, {"key": str(where[-1]), **facts})


def _extra(key: str, parent: Schema) -> Fault:
    known = list(parent.get("properties", ()))
    near = nearest(key, known)
    if near:
        return Fault("settings.unknown_key", "write.near", {"key": key, "near": near})
    return Fault("settings.unknown_key", "write.known_keys", {"key": key, "known": listed(known, 20)})


def _unknown(value: object, known: Sequence[object]) -> Fault:
    """A word that is not one of a closed list."""
    near = nearest(value, [str(word) for word in known]) if isinstance(value, str) else None
    facts: dict[str, Fact] = {"value": shown(value), "known": listed(map(shown, known), 30)}
    if near:
        return Fault("settings.not_known", "write.near_of", facts | {"near": near})
    return Fault("settings.not_known", "write.one_of", facts)


def _first(known: Fact) -> str:
    return str(known[0]).strip('"') if isinstance(known, tuple) else ""


def _mend(rest: dict[str, Any], fresh: Sequence[Found]) -> bool:
    """Leave out what is wrong, or guess a misspelt kind; False when nothing was changed."""
    changed = False
    for one in fresh:
        *way, last = one.mend or ("",)
        node: Any = rest
        for part in way:
            node = _step(node, part)
        if not isinstance(node, dict) or (last not in node and one.kind != "missing"):
            continue
        if one.kind == "union_tag_invalid":
            node[last] = one.fault.facts.get("near") or _first(one.fault.facts["known"])
            changed = True
        elif one.kind != "missing":
            del node[last]
            changed = True
    return changed
