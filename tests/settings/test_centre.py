"""A fire centre from the site file alone: its checks, and an alarm that arrives there as the file says."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from agent.link.record import PriorityClass, Record
from agent.settings.load import check
from agent.settings.uplinks import Gb26875Uplink as CentreSettings
from agent.uplinks.contract import Message
from agent.uplinks.gb26875.configured import configured
from agent.uplinks.gb26875.duty import DutyChecks
from hil.centre import Centre
from tests.settings.conftest import SITE, Checked

T0 = 1_763_700_000_000_000_000


def uplink(**keys: Any) -> str:
    given = {
        "host": '"127.0.0.1"',
        "port": 5200,
        "address": 330802000117,
        "seats": "{ H001 = { component_address = 9 } }",
    }
    rows = [f"{key} = {value}" for key, value in (given | keys).items()]
    return '[[uplinks]]\nid = "centre"\nkind = "gb26875"\n' + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("keys", "where", "words"),
    [
        ({"seats": "{ H01 = { component_address = 9 } }"}, ".seats.H01", "there is no device 'H01'; write 'H001'"),
        ({"seats": "{ H001 = { component_adress = 9 } }"}, ".seats.H001.component_adress", "write 'component_address'"),
        ({"dialect": '"bdc"'}, ".dialect", 'write "bcd"'),
        ({"address": 1 << 48}, ".address", "281474976710656"),
        ({"timeout_s": 11}, ".timeout_s", "from 1 to 10"),
        ({"bits": '{ leek = "fault" }'}, ".bits.leek", "there is no event 'leek'"),
        ({"bits": '{ leak = "falut" }'}, ".bits.leak", 'write "fault"'),
    ],
)
def test_mistakes(checked: Checked, keys: dict[str, Any], where: str, words: str) -> None:
    mistakes = checked(SITE + uplink(**keys))
    assert [m.where for m in mistakes] == [f'uplinks[1] "centre"{where}'], [m.text() for m in mistakes]
    assert words in mistakes[0].text()


def test_two_devices_on_one_seat(checked: Checked) -> None:
    second = SITE.split("[[devices]]")[1].split("[[uplinks]]")[0]
    for this, other in (("H001", "H002"), ("unit = 1", "unit = 2"), ("lon = 118.87", "lon = 118.88")):
        second = second.replace(this, other)
    seats = "{ H001 = { component_address = 9 }, H002 = { component_address = 9 } }"
    mistakes = checked(SITE + "[[devices]]" + second + uplink(seats=seats))
    assert [m.where for m in mistakes] == ['uplinks[1] "centre".seats.H002']
    assert "is the seat of 'H001'" in mistakes[0].text()


@pytest.mark.parametrize(("t0", "says"), [(T0, "2025-11-21T12:40:00"), (0, "2000-01-01T00:00:00")])
async def test_an_alarm_arrives_as_the_file_says(tmp_path: Path, t0: int, says: str) -> None:
    """Also from a gateway whose clock nobody has set: the wire cannot say 1970."""
    centre = Centre()
    await centre.start()
    file = tmp_path / "site.toml"
    file.write_text(SITE + uplink(port=centre.port, bits='{ leak = "supervise" }'), encoding="utf-8")
    settings, mistakes = check(file)
    assert settings is not None, [m.text() for m in mistakes]
    told = settings.site.uplinks[1]
    assert isinstance(told, CentreSettings)
    far_end = configured(
        told, lambda device: {}, DutyChecks(), lambda: T0, timezone="Asia/Shanghai", version=(0, 1), on_clock=print
    )  # fmt: skip
    event = {"kind": "leak", "subject": "H001", "severity": "alarm", "turn": "raised", "at_ms": 0, "evidence": {}}
    try:
        await far_end.connect()
        body = orjson.dumps({"events": [event]})
        await far_end.deliver(Message("gw1", Record("b1", 1, PriorityClass.EVENT, 1, t0, 20, "k1", 0, body)))
    finally:
        await far_end.close()
        await centre.stop()
    (kept,) = centre.kept
    assert (kept.type, kept.fields["component_address"], kept.fields["state"]) == (2, 9, ["supervise"])
    assert kept.fields["time"] == says
