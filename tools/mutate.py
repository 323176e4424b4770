#!/usr/bin/env python3
"""Change the judge's rules, or what decides over flying, one small thing at a time and see whether a test notices.

    .venv/bin/python tools/mutate.py judge|flight [--part 1/4] [--module agent.judge.verdict] [--least 90]

Every comparison, sum, product, `and`/`or`, `not`, condition and number in the subject's modules is changed once; the
tests of it that run in seconds must then fail. Whatever survives them meets the long one as well. A mutant that hangs
counts as noticed. Exit code 1 below the least score, 2 if the tests fail anyway.
"""

import argparse
import ast
import copy
import importlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Subject(NamedTuple):
    """What is changed, and who should notice: the file beside a module first, then `quick`, then `thorough`."""

    folder: str
    modules: Mapping[str, str]
    quick: tuple[str, ...]
    thorough: tuple[str, ...]


SUBJECTS = {
    "judge": Subject(
        "tests/judge",
        {
            "agent.judge.verdict": "test_verdict.py", "agent.judge.detect": "test_detect.py",
            "agent.judge.alarm_debounce": "test_parts.py", "agent.judge.drawing": "test_parts.py",
            "agent.judge.neighbours": "test_detect.py", "agent.judge.watch": "test_detect.py",
            "agent.judge.flow": "test_flow.py", "agent.judge.rate": "test_rate.py",
            "agent.judge.judge": "test_judge.py",
        },
        tuple(f"test_{name}.py" for name in ("detect", "judge", "verdict", "events", "parts", "rate", "flow")),
        ("test_day.py",),
    ),
    "flight": Subject(
        "tests/nest",
        {
            "agent.flight.orders.interlocks": "test_interlocks.py", "agent.flight.orders.permits": "test_interlocks.py",
            "agent.flight.control.observation": "test_observation.py", "agent.flight.orders.gate": "test_orders.py",
            "agent.flight.control.conditions": "test_eligibility.py",
            "drivers.nest.travel": "test_travel.py", "drivers.nest.decode": "test_decode.py",
            "drivers.drone.limits": "test_sums.py", "agent.flight.orders.eligibility": "test_eligibility.py",
        },
        (),
        ("test_controller.py", "test_dispatch.py", "test_card.py"),
    ),
}  # fmt: skip
# without the project's settings: its fixtures that look for leaks after every test cost more than the tests
PYTEST = ("-x", "-q", "--noconftest", "--import-mode=importlib", "-p", "no:cacheprovider")
PYTEST += tuple(f"-pno:{name}" for name in ("asyncio", "benchmark", "timeout", "xdist"))
HANGS_CPU_S = 90
HANGS_S = 1800  # of what waits and does not compute: a busy machine takes long over the tests themselves

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def file_of(module: str) -> Path:
    """Where it stands."""
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


class Mutant:
    """One change: where, what, and the module's code with it."""

    def __init__(self, module: str, line: int, what: str, tree: ast.Module) -> None:
        self.module = module
        self.line = line
        self.what = what
        self.tree = tree

    def code(self) -> CodeType:
        """Compiled."""
        return compile(ast.fix_missing_locations(self.tree), str(file_of(self.module)), "exec")


def mutants(module: str) -> Iterator[Mutant]:
    """Every change of one module."""
    tree = ast.parse(file_of(module).read_text("utf-8"))
    nodes = list(ast.walk(tree))
    for at, node in enumerate(nodes):
        if id(node) in _left_alone(tree):
            continue
        for what, change in _changes(node):
            changed = copy.deepcopy(tree)
            other = list(ast.walk(changed))[at]
            change(other)
            yield Mutant(module, getattr(node, "lineno", 0), what, changed)


def _left_alone(tree: ast.Module, _known: dict[int, set[int]] = {}) -> set[int]:  # noqa: B006  # a cache by module
    """Nodes whose change nobody needs to notice: annotations, decorators, how evidence is rounded for reading."""
    if id(tree) not in _known:
        skip: set[int] = set()
        for node in ast.walk(tree):
            roots: list[ast.AST | None] = []
            if isinstance(node, ast.AnnAssign):
                roots.append(node.annotation)
            elif isinstance(node, ast.ClassDef):
                roots += node.decorator_list
            elif isinstance(node, ast.FunctionDef):
                arguments = (*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs)
                roots += [node.returns, *(a.annotation for a in arguments)]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "round":
                roots += node.args[1:]
            for root in roots:
                if root is not None:
                    skip.update(id(inner) for inner in ast.walk(root))
        _known[id(tree)] = skip
    return _known[id(tree)]


def _changes(node: ast.AST) -> Iterator[tuple[str, "_Change"]]:
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            if type(op) in SWAPPED:
                yield f"{type(op).__name__} → {SWAPPED[type(op)].__name__}", _Swap(i)
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPPED:
        yield f"{type(node.op).__name__} → {SWAPPED[type(node.op)].__name__}", _Swap(None)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", _drop_not
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} → {not node.value}", _negate_constant
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield f"{node.value} → {node.value + 1}", _add_one
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition negated", _negate_test


class _Swap:
    def __init__(self, at: int | None) -> None:
        self._at = at

    def __call__(self, node: ast.AST) -> None:
        if isinstance(node, ast.Compare) and self._at is not None:
            node.ops[self._at] = SWAPPED[type(node.ops[self._at])]()  # type: ignore[assignment]
        else:
            node.op = SWAPPED[type(node.op)]()  # type: ignore[attr-defined]


_Change = object


def _drop_not(node: ast.AST) -> None:
    """`not x` becomes `bool(x)`."""
    node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)  # type: ignore[attr-defined]


def _negate_constant(node: ast.AST) -> None:
    node.value = not node.value  # type: ignore[attr-defined]


def _add_one(node: ast.AST) -> None:
    node.value += 1  # type: ignore[attr-defined]


def _negate_test(node: ast.AST) -> None:
    node.test = ast.UnaryOp(ast.Not(), node.test)  # type: ignore[attr-defined]


class _Planted(importlib.abc.Loader, importlib.abc.MetaPathFinder):
    """Hands out the changed module instead of the one on disk."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = mutant.module
        self._code = mutant.code()

    def find_spec(self, name: str, _path: object, _target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == self._name else None

    def exec_module(self, module: object) -> None:
        exec(self._code, vars(module))  # noqa: S102 - running the mutant is the point  # nosec B102


def noticed(subject: Subject, mutant: Mutant, tests: Sequence[str]) -> bool:
    """Whether the tests fail with this mutant, in a forked process that nothing can come back from."""
    child = os.fork()
    if child == 0:
        try:
            signal.setitimer(signal.ITIMER_PROF, HANGS_CPU_S)
            signal.alarm(HANGS_S)
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            sys.meta_path.insert(0, _Planted(mutant))
            import pytest

            paths = [str(ROOT / subject.folder / name) for name in tests]
            own = Path(tempfile.mkdtemp(prefix="mutate-"))
            (own / "pytest.ini").write_text("[pytest]\n")
            settings = [*PYTEST, "-c", str(own / "pytest.ini"), f"--rootdir={ROOT}", f"--basetemp={own / 'run'}"]
            os._exit(0 if pytest.main([*settings, *paths]) == 0 else 1)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status != 0


def sound(subject: Subject) -> bool:
    """Whether the verdicts of this tool mean anything: it must fail for the mutant and for nothing else.

    Every module planted unchanged, and one changed where nobody can notice, must survive; one that raises must not.
    """
    first = next(iter(subject.modules))
    for module in subject.modules:
        tree = ast.parse(file_of(module).read_text("utf-8"))
        tests = (subject.modules[module], *subject.quick, *(subject.thorough if module == first else ()))
        if noticed(subject, Mutant(module, 0, "nothing", tree), tests):
            print(f"the tests fail with {module} unchanged: nothing can be learned")
            return False
    equivalent = ast.parse(file_of(first).read_text("utf-8"))
    equivalent.body.append(ast.parse("_NOBODY_READS_THIS = 1 + 1").body[0])
    if noticed(subject, Mutant(first, 0, "a constant nobody reads", equivalent), [subject.modules[first]]):
        print("a change that changes nothing was noticed: nothing can be learned")
        return False
    if not noticed(subject, Mutant(first, 0, "raises", ast.parse("raise RuntimeError")), [subject.modules[first]]):
        print("a module that raises was not noticed: the mutants are not planted")
        return False
    return True


def main() -> int:
    """Run, print what survived and the score."""
    parser = argparse.ArgumentParser(description="Mutation score of the rules that matter most.")
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("--module", choices=[one for subject in SUBJECTS.values() for one in subject.modules],
                        action="append")  # fmt: skip
    parser.add_argument("--part", default="1/1", help="K/N: every N-th mutant, from the K-th")
    parser.add_argument("--least", type=float, default=90.0)
    options = parser.parse_args()
    subject = SUBJECTS[options.subject]
    part, parts = map(int, options.part.split("/"))
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    ed25519 = "cryptography.hazmat.primitives.asymmetric.ed25519"
    heavy = ("pytest", "pydantic", "apsw", "orjson", "asyncio", "drivers.kinds", "hypothesis", "zoneinfo", ed25519)
    for name in heavy:
        importlib.import_module(name)  # once, before the forks; nothing that is changed

    found = [mutant for module in options.module or subject.modules for mutant in mutants(module)][part - 1 :: parts]
    if not sound(subject):
        return 2
    survivors = []
    began = time.monotonic()
    for n, mutant in enumerate(found, 1):
        first = subject.modules[mutant.module]
        quick = (first, *(name for name in subject.quick if name != first))
        if not noticed(subject, mutant, quick) and not noticed(subject, mutant, subject.thorough):
            survivors.append(mutant)
            print(f"survived: {mutant.module}:{mutant.line}: {mutant.what}", flush=True)
        if n % 25 == 0:
            score = 100 * (n - len(survivors)) / n
            print(f"{n}/{len(found)}, {score:.1f} % noticed, {time.monotonic() - began:.0f} s", flush=True)
    score = 100 * (len(found) - len(survivors)) / len(found) if found else 100.0
    print(f"{len(found)} mutants, {len(survivors)} survived: {score:.1f} %")
    return 0 if score >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
