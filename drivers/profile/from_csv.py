"""A table of registers as makers print it and people type it off (CSV) as a profile."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from drivers.profile.draft import Draft
from drivers.profile.foreign import UNITS as USUAL_UNITS
from drivers.profile.foreign import refused, text_of
from drivers.units import UNITS

ROWS_MAX: Final = 2_000
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("name", "point", "parameter", "variable", "label", "tag", "名称", "参数", "变量", "测点", "内容"),
    "address": ("address", "register", "register address", "addr", "reg", "地址", "寄存器", "寄存器地址"),
    "table": ("table", "function", "function code", "fc", "register type", "area", "功能码", "寄存器类型", "区"),
    "type": ("type", "data type", "datatype", "format", "数据类型", "类型", "格式"),
    "order": ("order", "word order", "byte order", "字节序", "字序"),
    "scale": ("scale", "factor", "resolution", "multiplier", "系数", "倍率", "分辨率"),
    "divisor": ("divisor", "divide by", "除数"),
    "offset": ("offset", "偏移"),
    "unit": ("unit", "units", "单位"),
    "bit": ("bit", "位"),
    "least": ("min", "minimum", "least", "最小值", "下限"),
    "most": ("max", "maximum", "most", "最大值", "上限"),
    "access": ("access", "r/w", "rw", "读写", "读写属性"),
    "note": ("note", "description", "remark", "remarks", "comment", "备注", "说明"),
}
"""What a column may be called. Spaces, case and underscores do not matter."""

TABLES: Final = {
    "1": "coil", "01": "coil", "coil": "coil", "coils": "coil", "0x": "coil",
    "2": "discrete", "02": "discrete", "discrete": "discrete", "discrete input": "discrete", "1x": "discrete",
    "3": "holding", "03": "holding", "holding": "holding", "holding register": "holding", "4x": "holding",
    "4": "input", "04": "input", "input": "input", "input register": "input", "3x": "input",
    "03/06": "holding", "3/6": "holding", "3/6/16": "holding", "03h": "holding", "04h": "input",
    "0x03": "holding", "0x04": "input", "0x01": "coil", "0x02": "discrete",
}  # fmt: skip
TYPES: Final = {
    "int16": "int16", "s16": "int16", "short": "int16", "int": "int16", "signed": "int16", "signed 16": "int16",
    "uint16": "uint16", "u16": "uint16", "word": "uint16", "unsigned short": "uint16", "ushort": "uint16",
    "uint": "uint16", "unsigned": "uint16", "int32": "int32", "s32": "int32", "long": "int32", "dint": "int32",
    "uint32": "uint32", "u32": "uint32", "ulong": "uint32", "dword": "uint32", "unsigned long": "uint32",
    "int64": "int64", "uint64": "uint64", "float": "float32", "float32": "float32", "real": "float32",
    "real4": "float32", "single": "float32", "double": "float64", "float64": "float64", "bcd": "bcd16",
    "bcd16": "bcd16", "bcd32": "bcd32", "bool": "bool", "bit": "bool", "boolean": "bool",
    "int8h": "int high", "int8l": "int low", "uint8h": "uint high", "uint8l": "uint low",
}  # fmt: skip
ORDERS: Final = {"abcd": (False, False), "cdab": (True, False), "badc": (False, True), "dcba": (True, True)}
MORE_UNITS: Final = {
    "℃": "Cel", "c": "Cel", "psi": "[psi]", "mh2o": "m[H2O]", "mmh2o": "mm[H2O]", "mmhg": "mm[Hg]",
    "kg/cm2": "kgf/cm2", "kg/cm²": "kgf/cm2", "°": "deg", "l/h": "L/h", "rh": "%", "%rh": "%", "ma": "mA", "v": "V",
}  # fmt: skip
_MODICON = re.compile(r"[0134](?:\d{4}|\d{5})")
_LEADING: Final = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}
_SAID_UNITS: Final = {known.lower(): code for known, code in USUAL_UNITS.items()} | {
    code.lower(): code for code in UNITS
}


def from_csv(path: Path, name: str) -> Draft:
    """The rows of a register table; SettingsError when it is none. Addresses are taken as they go over the wire."""
    columns, rows = _read(path)
    draft = Draft(name, "")
    for number, cells in enumerate(rows, start=2):
        row = {key: cells[at].strip() for key, at in columns.items() if at < len(cells)}
        if row.get("address"):
            _point(draft, number, row)
    if draft.points:
        draft.leave_out("address", "imported.counted_from_0")
        if not any("valid" in point for point in draft.points.values()):
            draft.leave_out("valid", "imported.no_valid")
    return draft


def _read(path: Path) -> tuple[dict[str, int], list[list[str]]]:
    """Which column holds what, and the rows below the header."""
    text = text_of(path)
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        raise refused(path, "imported.no_table", "write.csv_columns", known=tuple(COLUMNS)) from None
    columns: dict[str, int] = {}
    for at, title in enumerate(rows[0] if rows else ()):
        plain = re.sub(r"[\s_]+", " ", title.strip().lower())
        key = next((key for key, called in COLUMNS.items() if plain in called), None)
        if key is not None:
            columns.setdefault(key, at)
    if not {"name", "address"} <= set(columns):
        raise refused(path, "imported.no_table", "write.csv_columns", known=tuple(COLUMNS))
    if len(rows) > ROWS_MAX:
        raise refused(path, "imported.too_large", "write.one_device")
    return columns, rows[1:]


def _point(draft: Draft, number: int, row: Mapping[str, str]) -> None:
    called = row.get("name") or row["address"]
    where = f'{number} "{called}"'
    table, place = _place(row["address"], row.get("table", ""))
    if table is None:
        draft.leave_out(where, "imported.no_register_type", type=row.get("table", ""))
        return
    if place is None:
        draft.leave_out(where, "imported.no_address", address=row["address"])
        return
    point: dict[str, Any] = {"at": f"{table} {place}", "note": row.get("note") or None}
    if row.get("bit", "").isdecimal() and table in ("holding", "input"):
        point["at"] += f".{row['bit']}"
    elif table in ("holding", "input"):
        kind = _type(row.get("type", "uint16"))
        if kind is None:
            draft.leave_out(where, "imported.no_type", type=row.get("type", "–"))
            return
        point["type"], _, half = kind.partition(" ")
        if half:
            point["at"] += f".{half}" if half in ("high", "low") else ""
            point["type"] = kind if half not in ("high", "low") else point["type"]
        _meaning(draft, where, point, row)
    if "w" in row.get("access", "").lower():
        point["write"] = True
    draft.add(called, where, point)


def _place(address: str, said: str) -> tuple[str | None, str | None]:
    """Table and number as on the wire. `40005` is holding 4; `0x10`, `10H` are hexadecimal; of a range, the first."""
    text = re.split(r"\s*(?:-|–|~|\.\.)\s*", address.strip())[0]
    plain = re.sub(r"\s+", " ", said.strip().lower())
    table = TABLES.get(plain) if plain else "holding"
    if _MODICON.fullmatch(text) and (not plain or table == _LEADING[text[0]]):
        number = int(text[1:]) - 1
        return _LEADING[text[0]], str(number) if number >= 0 else None
    if match := re.fullmatch(r"0[xX]([0-9a-fA-F]{1,4})|([0-9a-fA-F]{1,4})[hH]", text):
        return table, str(int(match[1] or match[2], 16))
    return table, text if re.fullmatch(r"\d{1,5}", text) else None


def _type(said: str) -> str | None:
    """A type by the names makers use; None for what is none."""
    plain = re.sub(r"[\s_-]+", " ", said.strip().lower())
    if match := re.fullmatch(r"(?:string|ascii|char)\D*(\d{1,2})\D*", plain):
        return f"string {match[1]}"
    return TYPES.get(plain) or TYPES.get(plain.replace(" ", ""))


def _meaning(draft: Draft, where: str, point: dict[str, Any], row: Mapping[str, str]) -> None:
    scale, divisor, offset = (_number(row.get(key, "")) for key in ("scale", "divisor", "offset"))
    if divisor:
        scale = (1.0 if scale is None else scale) / divisor
    point["scale"] = scale if scale not in (None, 0.0, 1.0) else None
    point["offset"] = offset or None
    least, most = _number(row.get("least", "")), _number(row.get("most", ""))
    if least is not None and most is not None and least < most:
        point["valid"] = [least, most]
    if said := row.get("unit"):
        point["unit"] = MORE_UNITS.get(said.lower()) or _SAID_UNITS.get(said.lower())
        if said in UNITS or said in USUAL_UNITS:
            point["unit"] = said if said in UNITS else USUAL_UNITS[said]
        if point["unit"] is None:
            draft.leave_out(where, "imported.no_unit", unit=said)
    if order := ORDERS.get(row.get("order", "").strip().lower()):
        for key, swapped in zip(("word_order", "byte_order"), order, strict=True):
            point[key] = "little" if swapped else None


def _number(text: str) -> float | None:
    """`0.1`, `0,1`, `×0.1`, `/10`, `1/10`; None for what is no number."""
    plain = text.strip().lstrip("×xX*").replace(",", ".").strip()
    if match := re.fullmatch(r"(?:1\s*)?/\s*(\d+(?:\.\d+)?)", plain):
        return 1.0 / float(match[1]) if float(match[1]) else None
    return float(plain) if re.fullmatch(r"[-+]?\d+(?:\.\d+)?", plain) else None
