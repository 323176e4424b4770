"""`hydronest wire` as a technician runs it, in its own process."""

import json
import subprocess
import sys

import pytest

from tests.gb26875.vectors import vectors
from tests.waiting import scaled

HYDRONEST = [sys.executable, "-c", "import sys; from agent.cli.main import main; sys.exit(main())"]


def wire(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HYDRONEST, "wire", *words], input=text, capture_output=True, text=True, timeout=scaled(30), check=False
    )


def test_one_frame_on_the_command_line() -> None:
    (vector,) = vectors("SYN1")
    done = wire("decode", "gb26875", *vector.raw.hex(" ").split())
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert (told["command_name"], told["type_name"], told["verdict"]) == ("send", "analog", "ok")
    assert (told["objects"][0]["value"], told["objects"][0]["unit"]) == (280.0, "kPa")


def test_many_frames_there_and_back() -> None:
    frames = [vector.raw.hex(" ").upper() for vector in vectors("AL") + vectors("SYN")]
    decoded = wire("decode", "gb26875", "-", text="\n".join(frames) + "\n")
    assert decoded.returncode == 0
    encoded = wire("encode", "gb26875", "-", text=decoded.stdout)
    assert encoded.stdout.splitlines() == frames


def test_a_spoilt_frame_is_refused_with_its_reason_and_the_rest_is_read() -> None:
    good = vectors("SYN7")[0].raw
    bad = good[:-3] + bytes([good[-3] ^ 1]) + good[-2:]
    done = wire("decode", "gb26875", "-", text=f"{bad.hex()}\n{good.hex()}\nxyz\n")
    first, second, third = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 65
    assert first["reason"]["code"] == "gb.checksum"
    assert first["reason"]["facts"] == {"stands": "FD", "right": "FC"}
    assert second["verdict"] == "ok"
    assert third["reason"]["code"] == "gb.no_hex_digit"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("encode", "gb26875", "{"), 65, "no JSON"),
        (("encode", "gb26875", '{"serial": 1}'), 65, "command"),
        (("encode", "gb26875", '{"serial":1,"command":"shout","source":1,"destination":2}'), 65, "confirm"),
        (("decode", "gb26875", "--dialect", "martian", "40"), 2, "martian"),
        (("decode", "modbus", "40"), 2, "modbus"),
    ],
)
def test_mistakes_are_one_sentence(words: tuple[str, ...], code: int, said: str) -> None:
    done = wire(*words, "--lang", "en")
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
