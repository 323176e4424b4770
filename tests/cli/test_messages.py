"""Every sentence with which the agent says no, or why, has its Chinese; the table holds none that nobody says."""

import ast
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from pymodbus.constants import ExcCodes

from agent.cli import words
from agent.cli.messages import _pattern
from agent.cli.reasons import in_words
from agent.cli.show import because
from protocols.lang.en import TEXTS
from protocols.modbus.question import exception_reason

ROOT = Path(words.__file__).parents[2]
LANG = Path(words.__file__).parent / "lang/zh"
SAYING = {"RequestError", "Refusal", "Interlock", "OrderStopped", "Report"} | {
    "Refused", "NotConnected", "NoAnswer", "BadAnswer", "Busy", "_drop", "lost", "_refuse", "_gone",
    "JournalTrouble", "KeyTrouble", "DamagedRow", "TreeDamaged", "Damage", "_salvage", "_wrong_device",
    "Tampered", "CodecError", "Described",
}  # fmt: skip
"""Whoever is called with a sentence for people: a no, a reason, a trouble on a wire."""

GROUPS = {"agent/journal/": "journal", "agent/reports/evidence/": "evidence", "protocols/gb26875/": "wire",
          "protocols/modbus/describe.py": "bus"}  # fmt: skip
"""Whose sentences only one group of commands shows: their Chinese is in that group's own table."""

IN_GROUP = {"journal": {"wrong.append", "FileExistsError"}, "evidence": {"ValueError"}}
"""What says no in the modules of a group only."""

WHOLLY = {"agent/flight/orders/interlocks.py", "agent/flight/orders/permits.py", "agent/flight/orders/dispatch.py",
          "drivers/drone/limits.py",
          "drivers/drone/drone.py", "drivers/nest/nest.py", "protocols/modbus/describe.py",
          "protocols/modbus/port_serial.py"}  # fmt: skip
"""Modules whose every sentence is for people."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ("agent", "drivers", "protocols"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith("agent/cli/"):
                yield name, ast.parse(path.read_text())


def template(node: ast.AST) -> str:
    """A text as it stands in the source, `{}` for what changes; empty for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def texts(tree: ast.AST) -> set[str]:
    """Every text of a source but its docstrings, and the parts of f-strings."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
              if part is not node and isinstance(part, ast.Constant)}  # fmt: skip
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    told |= {id(node.left) for node in ast.walk(tree) if isinstance(node, ast.Compare)}
    return {template(node) for node in ast.walk(tree) if id(node) not in inside | told} - {""}


def group_of(name: str) -> str | None:
    """The group of commands that alone shows what a module says."""
    return next((group for path, group in GROUPS.items() if name.startswith(path)), None)


def said() -> dict[str, str]:
    """{sentence: where}; a sentence has two words, of which one is not filled in."""
    found: dict[str, str] = {}
    for name, tree in sources():
        if name in WHOLLY:
            found |= dict.fromkeys(texts(tree), name)
        saying = SAYING | IN_GROUP.get(group_of(name) or "", set())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and {ast.unparse(node.func), ast.unparse(node.func).split(".")[-1]} & saying:
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                found |= dict.fromkeys(map(template, given), f"{name}:{node.lineno}")
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith((".trouble", ".doubt")):
                found[template(node.value)] = f"{name}:{node.lineno}"
    sentences = {text: where for text, where in found.items() if re.search(r"[A-Za-z]{2} |[a-z] [A-Za-z{]", text)}
    return {text: where for text, where in sentences.items() if not text.startswith("hydronest ")}  # to be typed


@pytest.fixture
def in_chinese() -> Iterator[None]:
    words.use("zh")
    yield
    words.use("en")


@pytest.mark.usefixtures("in_chinese")
def test_every_sentence_of_the_agent_has_its_chinese() -> None:
    missing = []
    for text, where in said().items():
        words.use("zh", group_of(where))
        if in_words(text.replace("{}", "7")).isascii():
            missing.append(f"{where}: {text!r}")
    assert not missing, "no Chinese (agent/cli/lang/zh/messages*.py) for:\n" + "\n".join(missing)


def runs(parts: list[str]) -> Iterator[str]:
    """What a sentence may be taken apart into at its colons."""
    for start, end in combinations(range(len(parts) + 1), 2):
        yield ": ".join(parts[start:end])


@pytest.mark.parametrize("table", sorted(path.stem for path in LANG.glob("messages*.py")))
def test_every_saying_is_said_by_the_agent(table: str) -> None:
    spoken = {text.strip("; ").replace("{}", "7") for _, tree in sources() for text in texts(tree)}
    spoken |= {re.sub(r"\{[^}]*\}", "7", text) for text in TEXTS.values()}
    spoken = {run for text in spoken for run in runs(text.split(": "))}
    dead = [text for text in words._table(table) if not any(map(_pattern(text).fullmatch, spoken))]
    assert not dead, "nobody says:\n" + "\n".join(dead)


@pytest.mark.usefixtures("in_chinese")
@pytest.mark.parametrize("code", list(ExcCodes))
def test_every_modbus_exception_has_its_chinese(code: ExcCodes) -> None:
    told = in_words(exception_reason(int(code)))
    assert told.startswith(str(int(code))) and not told.isascii()


@pytest.mark.usefixtures("in_chinese")
@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("2897 m away, fires-near reaches 1500 m", "距离 2897 m, fires-near 只到 1500 m"),
        ("it is outbound for incident 119-0001", "正在前往, 警情 119-0001"),
        (
            "aircraft_down is in_air, armed, needed is on ground, disarmed",
            "无人机着陆: 当前 空中, 已解锁, 要求 着陆且未解锁",
        ),
        (
            (
                "N1: it is launching for incident 7; N1: aircraft_present is no, needed is yes; "
                "N1: aircraft_down is taking_off, armed, needed is on ground, disarmed"
            ),
            (
                "N1: 正在起飞, 警情 7; N1: 无人机在位: 当前 否, 要求 是; "
                "N1: 无人机着陆: 当前 起飞中, 已解锁, 要求 着陆且未解锁"
            ),
        ),
        ("no answer to unit 7, function 3, address 20, count 2", "无应答: 地址 7, 功能码 3, 寄存器 20, 数量 2"),
        ("N1: the place is outside the geofence; N2: it is rest", "N1: 地点在电子围栏之外; N2: 正在待命"),
        ("mqtt://h:1883: Connection refused", "mqtt://h:1883: Connection refused"),
        ("/dev/ttyUSB0: unplugged", "/dev/ttyUSB0: 已拔出"),
        ("east_line: unplugged", "east_line: 已拔出"),
    ],
)
def test_sentences_with_values_in_them(english: str, told: str) -> None:
    assert in_words(english) == told


@pytest.mark.usefixtures("in_chinese")
@pytest.mark.parametrize(
    ("group", "english", "told"),
    [
        ("journal", "event 17: its checksum does not match", "事件 17: 校验不符"),
        ("journal", "telemetry 3-9: 12 readings are missing", "实时读数 3-9: 缺少 12 个读数"),
        ("journal", "FullError: database or disk is full", "FullError: 存储空间已满"),
        (
            "journal",
            "KeyTrouble: journal key /k: 5 bytes; wanted 32 raw bytes or 64 hex digits",
            "KeyTrouble: 存储密钥 /k: 5 字节; 应为 32 个原始字节或 64 个十六进制数字",
        ),
        (
            "evidence",
            "line 7 (rate): comes out otherwise: {'all': 1}",
            "第 7 行 (rate): 重新算出的结果不同: {'all': 1}",
        ),
        ("evidence", "line 1: the end is missing: the file was cut off", "第 1 行: 缺少结束行: 文件被截断"),
        ("wire", "refused: checksum: FF stands there, 88 is right", "不能接受: 校验和: 写为 FF, 应为 88"),
        (
            "wire",
            "analog object 2 of 3: value: 2 bytes wanted, 1 left",
            "analog 第 2 个信息对象 (共 3 个): value: 需要 2 字节, 只剩 1 字节",
        ),
        ("bus", "holding: 2 registers 00 01 00 02", "holding: 2 个寄存器 00 01 00 02"),
        ("bus", "function 3: exception 2 (illegal address)", "功能码 3: 异常 2 (地址无效)"),
    ],
)
def test_what_one_group_of_commands_says(group: str, english: str, told: str) -> None:
    words.use("zh", group)
    assert in_words(english) == told


@pytest.mark.usefixtures("in_chinese")
@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ({"cause": "pressure", "value": 92.5, "limit": 140.0, "unit": "kPa", "read_ns": 1}, "92.5 kPa, 限值 140.0"),
        ({"cause": "pressure", "point": "pressure", "value": None, "reason": "out_of_range"}, "水压, 超量程"),
        ({"value": -55.0, "limit": 40, "unit": "kPa", "neighbours": 4}, "-55.0 kPa, 限值 40, 与 4 个邻近设备比较"),
        ({"value": 300.0, "unit": "kPa", "flat_s": 90000, "neighbour_moved_kpa": None}, "300.0 kPa, 25h 没有变化"),
        ({"cause": "silent", "silent_s": 7200}, "2h 没有数据"),
        ({"cause": "restart"}, "程序重启"),
        ({"lane": "telemetry", "readings": 1200, "records": 9, "why": "full"}, "丢失实时读数 1200 个, 空间不足"),
        (
            {"why": "3 event rows did not match their checksums", "kept_at": "table quarantine", "readings_lost": 0},
            "3 条事件记录校验不符, 已隔离",
        ),
        ({"phase": "outbound", "why": "interlocks_ok, cover_open"}, "前往, 联锁全部满足, 舱盖打开"),
        ({"status": "refused", "reason": "there is no verb jump"}, "拒绝, 没有指令 jump"),
    ],
)
def test_why_an_event_is_there(evidence: dict[str, object], told: str) -> None:
    assert because(evidence) == told


def test_english_stays_as_it_is_said() -> None:
    words.use("en")
    assert in_words("it is outbound for incident 119-0001") == "it is outbound for incident 119-0001"
