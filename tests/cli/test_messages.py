"""A reason is shown as its one whole sentence; ids, and what others say, are shown as they are."""

import errno
import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from mavsdk.asyncio import MavsdkError
from mavsdk.connection_result import ConnectionResult
from mavsdk.plugins.mavlink_direct.mavlink_direct import MavlinkDirectResult
from pymodbus.constants import ExcCodes

from agent.cli import nests, words
from agent.cli.reasons import in_words, with_messages
from agent.cli.show import because
from agent.control.server import ControlServer
from agent.journal.files import NotNow, run_migrations
from protocols.lang.zh import TEXTS as CHINESE
from protocols.mavlink.results import library_reason
from protocols.modbus.question import exception_reason
from protocols.mqtt.reasons import dial_trouble
from protocols.reason import Reason, word
from protocols.system import os_reason
from protocols.tls import VERIFICATION, verification_reason
from tests.cli.conftest import Hydronest

IDS = ("on", "no", "open", "free", "to", "rest", "outbound", "unknown", "get", "pressure_low")
"""Words of ours, each of which somebody may call a nest, a line, a key or a person."""


@pytest.fixture(autouse=True)
def in_chinese() -> Iterator[None]:
    words.use("zh")
    yield
    words.use("en")


def unverified(code: int, text: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, text)
    error.verify_code, error.verify_message = code, text
    return error


def test_a_certificate_that_does_not_hold_is_one_sentence_of_one_language() -> None:
    error = unverified(20, "unable to get local issuer certificate")
    told = dial_trouble("mqtts://h:8883", "h", error).reason
    assert in_words(told) == "mqtts://h:8883: 消息服务器的证书无效: 本机没有签发者的证书"
    words.use("en")
    assert in_words(told) == (
        "mqtts://h:8883: the broker's certificate does not hold: unable to get local issuer certificate"
    )


@pytest.mark.parametrize("code", VERIFICATION)
def test_every_reason_of_a_certificate_has_its_own_sentence(code: int) -> None:
    told = in_words(verification_reason(unverified(code, "in English"), "h"))
    assert not told.isascii() and not re.search(r"[A-Za-z]{3}", told)


@pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.ENOSPC, errno.EACCES, errno.EIO, errno.EHOSTUNREACH])
def test_what_the_system_says_is_said_in_both_languages(number: int) -> None:
    reason = os_reason(OSError(number, os.strerror(number)))
    assert not re.search(r"[A-Za-z]", in_words(reason))
    words.use("en")
    assert in_words(reason) == os.strerror(number)


def said_by_libraries(folder: Path) -> dict[str, Reason]:
    """What each library says in its own way of something that is wrong, as the agent takes it in."""
    (folder / "journal.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 200)
    with pytest.raises(NotNow) as broken:
        run_migrations(folder / "journal.db")
    two_addresses = "Multiple exceptions: [Errno 111] Connect call failed ('::1', 9), [Errno 111] Connect call failed"
    no_system = MavsdkError()
    no_system.result = MavlinkDirectResult.NO_SYSTEM  # as its own errors carry it
    return {
        "sqlite.not_a_database": cast("Reason", broken.value.reason.facts["why"]),
        "errno.ECONNREFUSED": os_reason(OSError(two_addresses)),
        "mavlink.result_bind_error": library_reason(MavsdkError("Connection failed: BIND_ERROR")),
        "mavlink.result_no_system": library_reason(no_system),
    }


def test_what_a_library_says_is_said_in_both_languages(tmp_path: Path) -> None:
    told = said_by_libraries(tmp_path)
    assert {code: why.code for code, why in told.items()} == {code: code for code in told}
    for why in told.values():
        assert not re.search(r"[a-z]{3}", in_words(why).replace("MAVSDK", ""))
    results = {*ConnectionResult.__members__, *MavlinkDirectResult.__members__} - {"SUCCESS"}
    assert [name for name in sorted(results) if f"mavlink.result_{name.lower()}" not in CHINESE] == []
    assert library_reason(MavsdkError("of its own")).code == "job.error"


@pytest.mark.parametrize("text", ["unable to get local issuer certificate", "it is outbound for incident 119-0001"])
def test_what_others_said_or_an_earlier_version_stored_stays_as_it_is(text: str) -> None:
    assert in_words(text) == text
    assert in_words({"code": text, "facts": {}}) == text
    assert because({"status": "refused", "reason": text}) == f"拒绝, {text}"
    assert nests.why({"why": text}) == text
    assert in_words(Reason("tls.other", text=text)) == text


@pytest.mark.parametrize("name", IDS)
def test_an_id_that_is_a_word_is_no_word(name: str) -> None:
    assert in_words(name) == name
    assert in_words(Reason("order.no_nest", nest=name, known=(name, name))) == f"没有机巢 {name}; 现有 {name}, {name}"
    assert in_words(Reason("modbus.unplugged", port=name)) == f"{name}: 已拔出"
    assert in_words(Reason("nest.no_such_verb", verb=name)) == f"此型机巢没有 {name}"


async def test_a_nest_that_is_called_on(hydronest: Hydronest, socket_path: Path) -> None:
    trouble = Reason("order.no_nest", nest="on", known=("on", "open")).as_json()
    row = {"id": "on", "phase": "rest", "ready": True, "cover": "closed", "wind_ms": None, "gust_ms": None,
           "flight": "free", "incident": "to", "why": trouble}  # fmt: skip
    server = ControlServer(socket_path)

    async def listed(_request: object) -> object:
        return [row]

    server.register("nest.list", listed, "read")
    await server.start()
    try:
        shown = (await hydronest("nest", "list", "--wide", lang="zh")).out.splitlines()[-1].split()
        asked = await hydronest("nest", "list", "--json", lang="zh")
    finally:
        await server.close()
    assert (shown[0], shown[1], shown[-1]) == ("on", "待命", "open")
    assert {"free", "to"} <= set(shown)
    assert f'"facts":{{"nest":"on","known":["on","open"]}},"message":"{in_words(trouble)}"' in asked.out


@pytest.mark.parametrize("code", list(ExcCodes))
def test_every_modbus_exception_has_its_chinese(code: ExcCodes) -> None:
    told = in_words(exception_reason(int(code)))
    assert told.startswith(str(int(code))) and not told.isascii()


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
        ({"status": "refused", "reason": Reason("order.no_verb", verb="on").as_json()}, "拒绝, 没有指令 on"),
        ({"phase": "outbound", "reason": word("stale").as_json()}, f"前往, {CHINESE['stale']}"),
    ],
)
def test_why_an_event_is_there(evidence: dict[str, object], told: str) -> None:
    assert because(evidence) == told


def test_json_has_code_facts_and_sentence() -> None:
    reason = Reason("modbus.unplugged", port="on")
    told = {"code": "modbus.unplugged", "facts": {"port": "on"}, "message": "on: 已拔出"}
    assert with_messages({"lines": [{"reason": reason}]}) == {"lines": [{"reason": told}]}
