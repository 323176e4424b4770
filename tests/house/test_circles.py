"""No circle: no file imports, at any remove and wherever in it, a file that imports it."""

import ast
from collections.abc import Mapping

from tests.house.sources import sources


def named(tree: ast.Module, modules: frozenset[str]) -> set[str]:
    """The modules of ours that this source imports, within functions and for types too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            inside = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            found |= inside or {node.module}
    return found & modules


def arrows() -> dict[str, set[str]]:
    trees = {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): tree
             for name, tree in sources().items()}  # fmt: skip
    modules = frozenset(trees)
    return {name: named(tree, modules) - {name} for name, tree in trees.items()}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One circle, or nothing: whatever is left when what imports nothing left is taken away, again and again."""
    left = {name: set(to) for name, to in graph.items()}
    while ends := {name for name, to in left.items() if not to}:
        left = {name: to - ends for name, to in left.items() if name not in ends}
    if not left:
        return []
    way = [min(left)]
    while (following := min(left[way[-1]])) not in way:
        way.append(following)
    return [*way[way.index(following) :], following]


def test_no_file_stands_in_a_circle() -> None:
    graph = arrows()
    assert len(graph) > 400 and sum(map(len, graph.values())) > 1000
    assert circle(graph) == []


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set(), "e": {"a"}}
    assert circle(graph) == ["a", "b", "c", "a"]
    assert circle(graph | {"c": {"d"}}) == []
