"""Whatever a file holds, the answer is a report: no traceback, no endless mending, no good settings out of rubbish."""

import random
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent.settings.load import check
from drivers.profile.load import SHIPPED, read
from tests.settings.conftest import SITE

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=6), st.just("hydrant"),
    st.sampled_from(["serial", "opcua", "H001", "street", "holding 3", "float32", "modbus", "kPa", "1979-05-27"]),
)  # fmt: skip
KEYS = st.sampled_from([
    "gateway", "stations", "lines", "devices", "uplinks", "journal", "id", "kind", "profile", "line", "unit", "place",
    "lon", "lat", "offsets", "poll_s", "port", "host", "url", "user", "password_file", "tls", "window", "points",
    "at", "type", "bits", "enum", "valid", "identity", "is", "modbus", "opcua", "protocol", "node", "holes", "x", "0",
])  # fmt: skip
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
    ),
    max_size=6,
)


def toml(value: Any) -> str:
    """Any tree as an inline TOML value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {toml(inner)}' for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "1979-05-27T07:32:00Z"
    if isinstance(value, str):
        return '"' + "".join(c if c >= " " and c not in '"\\\x7f' else " " for c in value) + '"'
    return repr(value)


def reports(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", errors="replace")
    for found in (check(file)[1], read(file)[1]):
        for mistake in found:
            assert mistake.what
            assert mistake.text().startswith(str(file))
            assert "\n" not in mistake.text("zh").replace("\\n", "")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TREES)
@example({"devices": [[]], "lines": {"id": 1}, "gateway": []})
@example({"points": {"0": {"bits": {"": ""}}}, "protocol": "modbus"})
def test_any_tree_gives_a_report(tmp_path: Path, tree: dict[str, Any]) -> None:
    reports(tmp_path / "a.toml", "\n".join(f'"{key}" = {toml(value)}' for key, value in tree.items()))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet="[]=\"'#.,{}\n ak1-“é", max_size=60))
def test_any_text_gives_a_report(tmp_path: Path, text: str) -> None:
    reports(tmp_path / "a.toml", text)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_gives_a_report_and_never_other_settings(tmp_path: Path, seed: int) -> None:
    """Cut, doubled and overwritten bytes of right files."""
    luck = random.Random(seed)
    for good in (SITE, (SHIPPED / "hydrant/terminal-float.toml").read_text(encoding="utf-8")):
        rows = good.splitlines()
        for _ in range(luck.randint(1, 4)):
            at = luck.randrange(len(rows))
            row = rows[at]
            rows[at] = luck.choice(
                [row[: len(row) // 2], row + row, row.replace("=", " ", 1), row.replace('"', "", 1), ""]
            )
        text = "\n".join(rows)
        file = tmp_path / "a.toml"
        file.write_text(text, encoding="utf-8")
        found, mistakes = check(file)
        if found is not None:
            assert tomllib.loads(text)["gateway"]["id"] == found.site.gateway.id
        profile, faults = read(file)
        assert (profile is None) == any(not fault.doubtful for fault in faults)
        assert all(m.text() and m.text("zh") for m in (*mistakes, *faults))
