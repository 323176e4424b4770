"""What an acceptance came to, signed: nothing of it can be changed, and nobody else can have signed it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent.cli import exits
from agent.cli.commands.bench import VERBS
from agent.cli.main import main
from agent.flight.orders.signing import make_key, public_text
from drivers.profile.load import load as profile_of
from drivers.profile.model import ModbusProfile
from hil.bench import accepting, certificate
from hil.bench.acceptance import Check
from hil.bench.certificate import BadCertificate
from hil.bench.simulated import SimulatedDevice
from hil.bench.verbs import register
from hil.terminals.terminal import Misbehaviour
from hil.wire.pty_wire import PtyWire
from protocols.errors import NoAnswer
from protocols.reason import Reason
from tests.hil_bench.benches import written
from tests.waiting import scaled

Bench = Callable[..., int]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def bench() -> Iterator[Bench]:
    register()
    yield lambda *words: main(["--lang", "en", "bench", *map(str, words)])
    VERBS.clear()


def test_a_certificate_holds_what_was_found_and_nothing_else(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key.pem"
    public = public_text(make_key(key))
    made, page = tmp_path / "made.json", tmp_path / "made.html"
    file = written(tmp_path)
    assert bench("accept", "transmitter", "--bench", file, "--key", key, "-o", made, "--html", page) == exits.OK
    assert "<td>accepted</td>" in page.read_text("utf-8")
    assert public in page.read_text("utf-8")
    capsys.readouterr()
    assert bench("verify", made, "--key", public, "--json") == exits.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["accepted"], told["device"]["simulated"], told["profile"]["name"]) == (True, True, "test/mine")
    assert [one["passed"] for one in told["checks"]] == [True] * 7

    spoilt = tmp_path / "spoilt.json"
    signed = json.loads(made.read_text())
    for other, said in (
        (signed | {"payload": signed["payload"].replace('"unit":3', '"unit":4')}, "not as it was signed"),
        (signed | {"signature": ""}, "nobody signed"),
        (signed | {"payload": "{}"}, "no certificate"),
        (signed | {"key": "!\x1b[" + signed["key"]}, "no certificate"),
        ({"payload": 1}, "no certificate"),
    ):
        spoilt.write_text(json.dumps(other))
        assert bench("verify", spoilt) == exits.BAD_DATA
        assert said in capsys.readouterr().err
    assert bench("verify", made, "--key", public_text(make_key(tmp_path / "other.pem"))) == exits.BAD_DATA
    assert bench("accept", "transmiter", "--bench", file) == exits.BAD_DATA
    assert bench("accept", "transmitter") == exits.USAGE
    assert bench("accept", "transmitter", "--bench", file, "-o", tmp_path / "no" / "made.json") == exits.CANNOT_WRITE
    assert bench("accept", tmp_path / "mine.toml", "--line", "tcp://host:99999") == exits.USAGE
    assert bench("verify", "/dev/zero") == exits.BAD_DATA


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["accepted", "checks", "check", "passed", "figures", "reason"]), inner)
        ),
    )
)
def test_whatever_somebody_signed_is_shown_or_refused(told: Any) -> None:
    payload = {"form": certificate.FORM, **told} if isinstance(told, dict) else told
    try:
        found, _key = certificate.read(certificate.signed(payload, KEY, public_text(KEY)).encode(), None)
    except BadCertificate:
        return
    assert certificate.outcome(found)
    assert all(isinstance(certificate.measured(one) + certificate.came_of(one), str) for one in found["checks"])


def test_a_device_on_a_line_is_accepted_in_part_or_not(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing there can cut its wire or its power."""
    written(tmp_path)
    profile = profile_of(tmp_path / "mine.toml")
    assert isinstance(profile, ModbusProfile)
    device = SimulatedDevice(profile, 3)
    with PtyWire(tmp_path / "tty", {3: device}, baud=115_200) as wire:
        words = ["accept", tmp_path / "mine.toml", "--line", wire.path, "--unit", 3, "--baud", 115_200, "--json"]
        words += ["--deadline", min(scaled(300), 1000)]
        assert bench(*words) == exits.DEGRADED
        told = json.loads(capsys.readouterr().out)
        assert told["accepted"] is None
        assert {one["check"] for one in told["checks"] if one["passed"] is None} == {"unplug", "power_cycle"}
        device.misbehave(Misbehaviour.LYING)
        assert bench(*words) == exits.DEGRADED
        assert json.loads(capsys.readouterr().out)["accepted"] is False


def test_a_relay_that_sticks_is_not_the_devices_failing() -> None:
    opened = SimpleNamespace(broken=None)

    def sticks(terminal: Any) -> Any:
        opened.broken = Reason("bench.relay_stuck", relay="mains", why=None)
        raise NoAnswer("bench.relay_stuck", relay="mains", why=None)

    terminal: Any = SimpleNamespace(id="transmitter", can=frozenset())
    checks = (Check("points", lambda terminal: {}), Check("unplug", sticks), Check("power_cycle", lambda terminal: {}))
    bench: Any = opened
    assert [accepting._judged(one, terminal, bench).passed for one in checks] == [True, None, None]
