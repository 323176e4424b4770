"""What the contract has promised is kept, and whatever would break it is named."""

import copy
import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.event import EventKind
from drivers.quality import Quality
from drivers.units import UNITS
from tests.contract import keys_of_kinds, unnamed

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("contract_tool", ROOT / "tools/contract.py")
assert _SPEC is not None
assert _SPEC.loader is not None
tool = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tool)
PROMISED: dict[str, Any] = tool.channels(ROOT / "docs/asyncapi.yaml")
EVENT, ACK = "hydronest/{gateway}/event", "hydronest/{gateway}/ack"

Change = Callable[[dict[str, Any]], object]


def test_what_is_promised_is_written_down() -> None:
    assert (ROOT / "docs/contract-promised.json").read_text("utf-8") == tool.text_of(PROMISED)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda now: now.pop(EVENT), "event is gone"),
        (lambda now: now[EVENT].update(retain=True), "is retained otherwise"),
        (lambda now: now[EVENT]["members"].pop(".boot"), "event.boot is gone"),
        (lambda now: now[EVENT]["members"][".boot"].update(required=False), "event.boot may be missing now"),
        (lambda now: now[EVENT]["members"][".n"].update(types=["integer", "null"]), "event.n is null too"),
        (lambda now: now[EVENT]["members"][".events[].severity"]["words"].append('"doom"'), 'severity is "doom" too'),
        (lambda now: now[ACK]["members"][".gateway"].update(required=True), "ack.gateway is wanted now"),
        (
            lambda now: now[ACK]["members"].update({".who": {"types": ["string"], "required": True}}),
            "ack.who is wanted",
        ),
        (lambda now: now[ACK]["members"][".refused[].why"].update(types=["integer"]), "why is string no longer"),
    ],
)
def test_what_breaks_somebody_is_named(change: Change, says: str) -> None:
    now = copy.deepcopy(PROMISED)
    change(now)
    assert any(says in line for line in tool.breaks(PROMISED, now)), list(tool.breaks(PROMISED, now))


@pytest.mark.parametrize(
    "change",
    [
        lambda now: now.update({"hydronest/{gateway}/more": now[EVENT]}),
        lambda now: now[EVENT]["members"].update({".more": {"types": ["string"], "required": True}}),
        lambda now: now[EVENT]["members"][".events[].at_ms"].update(types=["integer"]),
        lambda now: now[ACK]["members"].update({".more": {"types": ["string"], "required": False}}),
        lambda now: now[ACK]["members"][".refused[].why"].update(types=["string", "object"]),
        lambda now: now[ACK]["members"].update({".v": {"types": ["integer"], "required": True, "words": ["3"]}}),
    ],
)
def test_what_breaks_nobody_is_let_by(change: Change) -> None:
    now = copy.deepcopy(PROMISED)
    change(now)
    assert list(tool.breaks(PROMISED, now)) == []


def test_the_contract_names_every_kind_quality_and_unit() -> None:
    words = (ROOT / "docs/platform-contract.md").read_text("utf-8").split("## 10. Words")[1]
    kinds, qualities, units = re.findall(r"^(?:Kinds|Quality|Units).*$", words, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", kinds)) == {kind.value for kind in EventKind}
    assert {(int(number), code) for number, code in re.findall(r"(\d+) `([a-z_]+)`", qualities)} == {
        (quality.value, quality.code) for quality in Quality
    }
    assert set(re.findall(r"`([^`]+)`", units.split("): ")[1])) == set(UNITS)


def test_the_contract_names_every_key_of_evidence() -> None:
    named = keys_of_kinds()
    assert set(named) - {"any"} <= {kind.value for kind in EventKind}
    schema = json.loads((ROOT / "config/schemas/message.schema.json").read_text("utf-8"))
    assert set[str]().union(*named.values()) == set(schema["$defs"]["evidence"]["properties"])
    event = {"kind": "leak", "evidence": {"value": 0.4, "reason": None, "flow_now": 1}}
    (told,) = unnamed({"events": [event]})
    assert "'flow_now'" in told
