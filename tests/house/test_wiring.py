"""Whom a part tells, and what it works with, it is given as it is made or run: nothing is set from outside afterwards.

What is looked for: `a.b = v`, where `a` is not the object itself, `b` is an attribute by which a class of ours holds
something that acts (a callable, an object of a class of ours that is no record), and `v` may be such a thing. What a
module does to the objects of its own classes is its own affair. Names are all that is looked at, not types: an
attribute that holds what acts in one class and plain data in another is listed below, with the reason.
"""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.house.sources import sources

Classes = list[tuple[str, ast.ClassDef]]
"""Each with the path of its file."""
RECORDS = frozenset({"NamedTuple", "TypedDict", "BaseModel", "Enum", "IntEnum", "StrEnum", "Flag", "Exception"})
"""Classes that derive from these, and dataclasses, are data: they may hold what they are told."""
VALUES = frozenset({"Reason"})
"""Classes of ours that act on nothing."""
DATA: Mapping[str, str] = {
    "agent/flight/control/attending.py: self.mission.pad": "three numbers, kept with the checkpoint",
    "agent/water/inp.py: link.pattern": "the name of one, read from the company's file",
    "hil/vehicle/direct.py: self.state.home": "three numbers, as the aircraft says them",
    "protocols/modbus/schedule.py: turn.read": "a turn is the schedule's own, made the line before",
    "protocols/opcua/subscription.py: self.items.subscription": "the number the server gave it",
}
"""By file and target: plain data of a name by which another class holds what acts."""


def classes(trees: Mapping[str, ast.Module]) -> Classes:
    return [(path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def records(found: Classes) -> set[str]:
    """Names of classes that are data, whatever they derive from."""
    known, before = set(RECORDS), 0
    while len(known) > before:
        before = len(known)
        for _, node in found:
            bases = {name for base in node.bases for name in _names(base)}
            if bases & known or any("dataclass" in set(_names(one)) for one in node.decorator_list):
                known.add(node.name)
    return known


def actors(trees: Mapping[str, ast.Module], found: Classes) -> set[str]:
    """Names of what acts: `Callable`, what is named for one, classes that are no records."""
    acting = {node.name for _, node in found} - records(found) - VALUES | {"Callable"}
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and "Callable" in set(_names(node.value)):
                acting |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return acting


def _names(node: ast.AST) -> Iterator[str]:
    """Names in it, those within annotations in quotes too."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield from re.findall(r"\w+", one.value)


def pairs(node: ast.AST) -> Iterator[tuple[ast.Attribute, ast.expr]]:
    """Attributes that this statement sets, each with its value."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _paired(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
        yield from _paired(node.target, node.value)


def _paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.Attribute, ast.expr]]:
    if isinstance(target, ast.Attribute):
        yield target, value
    elif isinstance(target, ast.Tuple | ast.List):
        values = value.elts if isinstance(value, ast.Tuple | ast.List) else [value] * len(target.elts)
        for one, its in zip(target.elts, values, strict=True):
            yield from _paired(one, its)


def own(target: ast.Attribute) -> bool:
    return isinstance(target.value, ast.Name) and target.value.id in {"self", "cls"}


def seats(found: Classes, acting: set[str]) -> tuple[set[str], Mapping[str, set[str]]]:
    """Attributes by which a class holds something that acts, and every attribute of its own classes by file."""
    held, here = set[str](), defaultdict[str, set[str]](set)
    for path, owner in found:
        for node in owner.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                here[path].add(node.target.id)
                if acting & set(_names(node.annotation)):
                    held.add(node.target.id)
        for method in owner.body:
            if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            args = [*method.args.args, *method.args.kwonlyargs]
            given = {one.arg for one in args if one.annotation and acting & set(_names(one.annotation))}
            for statement in ast.walk(method):
                for target, value in pairs(statement):
                    if own(target):
                        here[path].add(target.attr)
                        said = statement.annotation if isinstance(statement, ast.AnnAssign) else None
                        if _acts(value, given, acting) or (said is not None and acting & set(_names(said))):
                            held.add(target.attr)
    return held, here


def _acts(value: ast.expr, given: set[str], acting: set[str]) -> bool:
    match value:
        case ast.Lambda():
            return True
        case ast.Name(id=name):
            return name in given
        case ast.Call(func=ast.Name(id=name)):
            return name in acting
        case ast.BoolOp(values=ways):
            return any(_acts(one, given, acting) for one in ways)
        case ast.IfExp(body=one, orelse=other):
            return _acts(one, given, acting) or _acts(other, given, acting)
    return False


def may_act(value: ast.expr, data: set[str]) -> bool:
    """Whether this may be something that acts: it is no number, text, comparison, or call of what makes data."""
    match value:
        case ast.Name() | ast.Attribute() | ast.Lambda() | ast.Await() | ast.Subscript():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name not in data
        case ast.Call():
            return True
        case ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            return any(may_act(part, data) for part in parts)
        case ast.Starred(value=part):
            return may_act(part, data)
        case ast.IfExp(body=one, orelse=other):
            return may_act(one, data) or may_act(other, data)
    return False


def set_from_outside(trees: Mapping[str, ast.Module]) -> dict[str, int]:
    """`file: target` with its line."""
    found = classes(trees)
    held, here = seats(found, actors(trees, found))
    data = records(found) | VALUES | set(vars(builtins))
    return {
        f"{path}: {ast.unparse(target)}": target.lineno
        for path, tree in trees.items()
        for node in ast.walk(tree)
        for target, value in pairs(node)
        if not own(target) and target.attr in held and target.attr not in here[path] and may_act(value, data)
    }


PLANTED = """
from dataclasses import dataclass
Hear = Callable[[str], None]

class Line:
    def __init__(self, hear: Hear, judge: "Judge | None" = None) -> None:
        self.hear = hear
        self.judge = judge
        self.on_rest = lambda: None
        self.on_open: Callable[[], None] | None = None
        self.count = 0

class Judge:
    lines: list[Line]

@dataclass
class Told:
    judged: str = ""
"""
SET = """
def wire(line: Line, judge: Judge, told: Told) -> None:
    line.hear, line.count = print_it, 1
    line.judge = judge
    line.on_rest = told.rest
    line.on_open = (lambda: None) if told else None
    judge.lines += [line]
    told.judged = str(line)

class Other:
    def __init__(self, line: Line) -> None:
        self.ear = line.hear
        self.line = line
        self.line.on_rest = self.rest
"""


def test_it_is_found() -> None:
    found = set_from_outside({"a.py": ast.parse(PLANTED), "b.py": ast.parse(SET)})
    wired = ("line.hear", "line.judge", "line.on_rest", "line.on_open", "judge.lines", "self.line.on_rest")
    assert set(found) == {f"b.py: {what}" for what in wired}


def test_nothing_is_set_from_outside() -> None:
    found = set_from_outside(sources())
    assert {what: line for what, line in found.items() if what not in DATA} == {}, "give it to the constructor, or run"
    assert set(DATA) <= set(found), "excepted without need"
