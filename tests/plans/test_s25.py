"""S25 城市消防远程监控系统: published frames byte for byte, an alarm within 10 s, and 查岗 answered by a person."""

import json
import subprocess
import sys
from pathlib import Path

from agent.uplinks.gb26875.duty import DutyChecks
from hil.centre import Centre
from tests.gb26875.a_week import alarm, backlog, carrying
from tests.gb26875.vectors import vectors
from tests.waiting import scaled, until

PROMISE_S = 10.0
ANALOG, COMPONENT_STATE, OPERATION = 3, 2, 24


def wire(verb: str, text: str) -> str:
    """What `hydronest wire VERB gb26875` makes of many lines."""
    args = [sys.executable, "-m", "agent.cli", "wire", verb, "gb26875", "-"]
    return subprocess.run(args, input=text, capture_output=True, text=True, timeout=scaled(30), check=True).stdout


def test_published_frames_are_read_and_written_byte_for_byte() -> None:
    frames = [vector.raw.hex(" ").upper() for vector in vectors("AL") + vectors("SYN")]
    meant = wire("decode", "\n".join(frames) + "\n")
    assert {json.loads(line)["verdict"] for line in meant.splitlines()} == {"ok"}
    assert wire("encode", meant).splitlines() == frames


async def test_an_alarm_passes_an_hour_of_readings_within_ten_seconds_and_duty_is_answered(tmp_path: Path) -> None:
    centre, duty = Centre(), DutyChecks()
    centre.answer_s = 0.05
    await centre.start()
    async with backlog(tmp_path, minutes=60) as journal, carrying(journal, centre, duty=duty):
        await until("readings go out", lambda: [kept for kept in centre.kept if kept.type == ANALOG])
        journal.offer_event(alarm("H1"))
        await until(
            "the alarm is there", lambda: [kept for kept in centre.kept if kept.type == COMPONENT_STATE], PROMISE_S
        )
        centre.tell(91, [{"minutes": 5}])
        await until("the duty check is asked", duty.open)
        assert OPERATION not in {kept.type for kept in centre.kept}, "the device does not answer for a person"
        assert duty.answer(operator=12) == ["centre"]
        (answer,) = await until("it is answered", lambda: [kept for kept in centre.kept if kept.type == OPERATION])
        assert answer.fields["operator"] == 12
    await centre.stop()
