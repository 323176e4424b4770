"""The gate: replayed, delayed, edited, reordered, wrong key, wrong role, unknown verb: each refused with its reason."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.flight.control.wall import Wall
from agent.flight.orders.gate import RANK, VERBS, OrderVerifier, Refusal
from agent.flight.orders.replay_guard import ReplayGuard, line_of
from agent.flight.orders.signing import BadKey, lock_key, make_key, public_text, read_key, sign
from agent.runtime.signed import ORDER, signature
from agent.runtime.write_behind import Call
from tests.nest.agent_rig import EPOCH, GATEWAY, KEYS, key_settings

NOW = 1_780_000_000.0


class AtOnce:
    """A card that takes everything at once."""

    def later(self, call: Call) -> bool:
        call()
        return True

    def done(self, call: Call) -> "asyncio.Future[None]":
        raise AssertionError("nothing here waits for the card")


class Clocks:
    def __init__(self) -> None:
        self.boot_s = 100.0
        self.error_s: float | None = 0.1
        self.step_s = 0.0

    def wall(self) -> Wall:
        return Wall(NOW + self.boot_s - 100.0 + self.step_s, self.error_s)

    def now_ns(self) -> int:
        return int(self.boot_s * 1e9)


def a_gate(folder: Path, clocks: Clocks) -> OrderVerifier:
    return OrderVerifier(key_settings(), GATEWAY, clocks.wall, clocks.now_ns, a_guard(folder))


def a_guard(folder: Path) -> ReplayGuard:
    guard = ReplayGuard(folder / "seen", AtOnce())
    guard.load()
    guard.epoch = EPOCH
    return guard


def order(verb: str = "fly", role: str = "brigade", **payload: Any) -> dict[str, str]:
    whole = {"id": "order-0001", "gateway": GATEWAY, "verb": verb, "nest": "n1", "at": NOW, "epoch": EPOCH, **payload}
    return sign(KEYS[role], f"k-{role}", {k: v for k, v in whole.items() if v is not None})


def signed_text(payload: dict[str, Any]) -> dict[str, str]:
    """By the brigade's key, as it stands."""
    text = json.dumps(payload)
    return {"payload": text, "key": "k-brigade", "signature": signature(KEYS["brigade"], ORDER, text)}


def code(verifier: OrderVerifier, envelope: dict[str, Any]) -> str:
    with pytest.raises(Refusal) as no:
        verifier.admit(envelope)
    assert str(no.value)
    return no.value.code


def test_a_good_order_passes_once_and_never_again_also_after_a_restart(tmp_path: Path) -> None:
    clocks = Clocks()
    verifier = a_gate(tmp_path, clocks)
    good = order()
    assert verifier.admit(good)[:3] == ("order-0001", "fly", "n1")
    assert code(verifier, good) == "replayed"
    assert code(a_gate(tmp_path, clocks), good) == "replayed"


def test_each_wrong_order_is_refused_with_its_reason(tmp_path: Path) -> None:
    clocks = Clocks()
    verifier = a_gate(tmp_path, clocks)
    stranger = sign(Ed25519PrivateKey.generate(), "k-brigade", {"id": "order-0009"})
    edited = order()
    edited["payload"] = edited["payload"].replace("n1", "n2")
    borrowed = order() | {"key": "k-on_site"}
    unnamed = signed_text({"id": "order-0001", "gateway": GATEWAY, "verb": "fly", "nest": "n1", "at": NOW})
    renamed = signed_text({"id": "order-0001", "gateway": GATEWAY, "verb": "recall", "nest": "n1", "key": "k-on_site"})
    for envelope, why in (
        (stranger, "bad_signature"),
        (edited, "bad_signature"),
        (borrowed, "bad_signature"),
        (unnamed, "bad_signature"),
        (renamed, "bad_signature"),
        (signed_text({"key": "k-brigade"} | json.loads(order()["payload"]) | {"at": 10**400}), "malformed"),
        (order(at=float("nan")), "malformed"),
        (order() | {"key": "nobody"}, "unknown_key"),
        (order(at=NOW - 31), "stale"),
        (order(at=NOW + 60), "from_the_future"),
        (order(at="now"), "malformed"),
        (order(gateway="gw-2"), "wrong_gateway"),
        (order(verb="self_destruct"), "unknown_verb"),
        (order(verb="clear"), "not_allowed"),
        (order(verb="fly", role="emergency"), "not_allowed"),
        (order(id="short"), "malformed"),
        (order(args=[1]), "malformed"),
        ({"payload": 1, "key": "k", "signature": ""}, "malformed"),
        ({}, "malformed"),
        (order() | {"payload": "x" * 20_000}, "malformed"),
        (order() | {"signature": "not base64!"}, "bad_signature"),
    ):
        assert code(verifier, envelope) == why
    assert not (tmp_path / "seen").exists()  # nothing refused is remembered, so a good order under its id still passes
    assert verifier.admit(order()).id == "order-0001"


def test_without_a_trusted_clock_only_a_challenge_of_ours_proves_freshness(tmp_path: Path) -> None:
    clocks = Clocks()
    clocks.error_s = None
    verifier = a_gate(tmp_path, clocks)
    assert code(verifier, order()) == "clock_not_trusted"
    assert verifier.admit(order(at=None, challenge=verifier.challenge())).verb == "fly"
    word = verifier.challenge()
    clocks.boot_s += 31
    assert code(verifier, order(id="order-0002", challenge=word)) == "stale"
    assert code(verifier, order(id="order-0002", challenge=word)) == "unknown_challenge"  # used up by the try
    word = verifier.challenge()
    assert code(a_gate(tmp_path, clocks), order(id="order-0003", challenge=word)) == "unknown_challenge"


@pytest.mark.parametrize("verb", ["recall", "stop"])
def test_what_ends_a_flight_needs_a_key_and_nothing_else(tmp_path: Path, verb: str) -> None:
    """No clock, no challenge, no card, not even what was ordered before the restart; and it may come again."""
    clocks = Clocks()
    clocks.error_s = None
    guard = ReplayGuard(tmp_path / "seen", AtOnce())
    verifier = OrderVerifier(key_settings(), GATEWAY, clocks.wall, clocks.now_ns, guard)
    assert code(verifier, order()) == "not_kept"
    assert code(verifier, order(challenge=verifier.challenge())) == "not_kept"
    given = order(verb, id="order-0002", at=None)
    assert [verifier.admit(given).again for _ in range(3)] == [False, True, True]
    old = order(verb, id="order-0003", at=NOW - 1e6)
    assert verifier.admit(old).verb == verb
    clocks.error_s = 0.1
    assert code(verifier, old) == "stale"
    assert code(verifier, order(verb, id="order-0004", at=float("nan"))) == "malformed"
    assert code(verifier, order(verb, id="order-0005", at=None)) == "malformed"
    asked = order(verb, id="order-0006", at=None, challenge=verifier.challenge())
    assert [verifier.admit(asked).again for _ in range(2)] == [False, True]
    clocks.boot_s += 31
    assert code(verifier, asked) == "unknown_challenge"
    assert code(verifier, order(verb, role="platform", id="order-0007") | {"key": "k-brigade"}) == "bad_signature"


@pytest.mark.parametrize("at", [float("nan"), float("inf"), 10**400, True, "1"])
def test_a_date_that_is_no_number_is_never_fresh(tmp_path: Path, at: object) -> None:
    assert code(a_gate(tmp_path, Clocks()), order(at=at)) == "malformed"


def test_a_clock_set_back_brings_no_old_order_back(tmp_path: Path) -> None:
    clocks = Clocks()
    verifier = a_gate(tmp_path, clocks)
    old = order()
    verifier.admit(old)
    clocks.boot_s += 3600
    clocks.step_s = -3600.0
    assert code(verifier, old) == "replayed"


def test_a_torn_line_of_the_memory_costs_only_itself(tmp_path: Path) -> None:
    clocks = Clocks()
    verifier = a_gate(tmp_path, clocks)
    verifier.admit(order())
    with (tmp_path / "seen").open("ab") as file:
        file.write(b"k-brigade order-00")
    verifier = a_gate(tmp_path, clocks)
    verifier.admit(order(id="order-0002"))
    assert code(a_gate(tmp_path, clocks), order(id="order-0002")) == "replayed"
    assert code(a_gate(tmp_path, clocks), order()) == "replayed"


def same_bytes(one: str, other: str) -> bool:
    """Base64 has spare bits before its padding: another text may be the same signature."""
    try:
        return base64.b64decode(one, validate=True) == base64.b64decode(other, validate=True)
    except ValueError:
        return False


@given(st.data())
def test_no_changed_order_passes(data: st.DataObject) -> None:
    """Any one character of the payload or the signature changed, and the gate holds."""
    envelope = order()
    field = data.draw(st.sampled_from(["payload", "signature"]))
    text = envelope[field]
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != text[at]))
    envelope[field] = text[:at] + other + text[at + 1 :]
    assume(field == "payload" or not same_bytes(text, envelope[field]))
    remembered: list[str] = []

    class Memory(ReplayGuard):
        def __init__(self) -> None:
            self._seen, self.loaded, self.epoch = {}, True, EPOCH  # nothing is remembered here

        def remember(self, key: str) -> None:
            remembered.append(key)

    clocks = Clocks()
    verifier = OrderVerifier(key_settings(), GATEWAY, clocks.wall, clocks.now_ns, Memory())
    with pytest.raises(Refusal):
        verifier.admit(envelope)
    assert remembered == []


def test_every_verb_has_its_roles_and_only_on_site_clears() -> None:
    assert VERBS["clear"] == {"on_site"}
    assert all(roles for roles in VERBS.values())
    assert "platform" not in VERBS["stop"]


def test_keys_are_made_for_their_owner_only(tmp_path: Path) -> None:
    made = make_key(tmp_path / "zhang.pem")
    assert (tmp_path / "zhang.pem").stat().st_mode & 0o077 == 0
    assert public_text(read_key(tmp_path / "zhang.pem")) == public_text(made)
    with pytest.raises(FileExistsError):
        make_key(tmp_path / "zhang.pem")
    (tmp_path / "bad.pem").write_text("hello")
    for name, why in (("bad.pem", "no private key"), ("none.pem", "No such file")):
        with pytest.raises(BadKey, match=why):
            read_key(tmp_path / name)


def test_a_key_may_have_a_passphrase_and_is_of_no_use_without(tmp_path: Path) -> None:
    path = tmp_path / "li.pem"
    made = public_text(make_key(path, "four words of mine"))
    with pytest.raises(BadKey, match="has a passphrase"):
        read_key(path)
    with pytest.raises(BadKey, match="not the passphrase"):
        read_key(path, lambda: "another")
    private = read_key(path, lambda: "four words of mine")
    lock_key(path, private, "")
    assert public_text(read_key(path)) == made
    lock_key(path, private, "again")
    assert public_text(read_key(path, lambda: "again")) == made
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["li.pem"]


def test_the_payload_is_signed_as_it_stands() -> None:
    envelope = order()
    assert json.loads(envelope["payload"])["verb"] == "fly"
    assert len(envelope["signature"]) == 88


@pytest.mark.parametrize(("age_s", "refused"), [(30.0, ""), (30.5, "stale"), (-5.0, ""), (-5.5, "from_the_future")])
def test_how_old_and_how_new_an_order_may_be(tmp_path: Path, age_s: float, refused: str) -> None:
    verifier = a_gate(tmp_path, Clocks())
    given = order(at=NOW - age_s)
    if refused:
        assert code(verifier, given) == refused
    else:
        assert verifier.admit(given).verb == "fly"


@pytest.mark.parametrize(("waited_s", "refused"), [(30.0, ""), (30.5, "stale")])
def test_a_challenge_lasts_as_long_as_an_order(tmp_path: Path, waited_s: float, refused: str) -> None:
    clocks = Clocks()
    verifier = a_gate(tmp_path, clocks)
    word = verifier.challenge()
    assert len(word) == 32
    clocks.boot_s += waited_s
    given = order(at=None, challenge=word)
    if refused:
        assert code(verifier, given) == refused
    else:
        assert verifier.admit(given).verb == "fly"


def test_the_oldest_challenge_gives_way_to_the_sixty_fifth(tmp_path: Path) -> None:
    verifier = a_gate(tmp_path, Clocks())
    words = [verifier.challenge() for _ in range(65)]
    assert code(verifier, order(at=None, challenge=words[0])) == "unknown_challenge"
    assert verifier.admit(order(at=None, challenge=words[1])).verb == "fly"


def test_whoever_asks_for_many_challenges_uses_up_his_own(tmp_path: Path) -> None:
    verifier = a_gate(tmp_path, Clocks())
    crews = verifier.challenge(uid=1000)
    readers = [verifier.challenge(uid=1001) for _ in range(500)]
    another = verifier.challenge(uid=1000)
    assert verifier.admit(order(id="order-crew-1", at=None, challenge=crews)).verb == "fly"
    assert verifier.admit(order(id="order-crew-2", at=None, challenge=another)).verb == "fly"
    assert code(verifier, order(at=None, challenge=readers[0])) == "unknown_challenge"
    assert verifier.admit(order(at=None, challenge=readers[-1])).verb == "fly"


@pytest.mark.parametrize(("order_id", "good"), [("x" * 7, False), ("x" * 8, True), ("x" * 64, True), ("x" * 65, False),
                                                ("x" * 7 + "\n", False)])  # fmt: skip
def test_how_long_an_orders_id_is(tmp_path: Path, order_id: str, good: bool) -> None:
    verifier = a_gate(tmp_path, Clocks())
    if good:
        assert verifier.admit(order(id=order_id)).id == order_id
    else:
        assert code(verifier, order(id=order_id)) == "malformed"


@pytest.mark.parametrize("wrong", [{"nest": 3}, {"args": [1]}, {"verb": None}])
def test_an_order_of_another_shape_is_malformed(tmp_path: Path, wrong: dict[str, Any]) -> None:
    assert code(a_gate(tmp_path, Clocks()), order(**wrong)) == "malformed"


def test_an_order_has_an_end(tmp_path: Path) -> None:
    verifier = a_gate(tmp_path, Clocks())
    spare = 16_384 - len(order(args={"x": ""})["payload"])
    assert code(verifier, order(args={"x": "y" * (spare + 1)})) == "malformed"
    assert verifier.admit(order(args={"x": "y" * spare})).verb == "fly"


def test_the_memory_of_orders_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.flight.orders.replay_guard.KEPT", 10)
    guard = a_guard(tmp_path)
    for number in range(50):
        guard.remember(f"k {number}")
        assert f"k {number}" in guard
    kept = (tmp_path / "seen").read_text().splitlines()
    assert len(kept) <= 20
    assert kept[-10:] == [line_of(f"k {number}") for number in range(40, 50)]
    again = a_guard(tmp_path)
    assert all(f"k {number}" in again for number in range(40, 50))
    assert "k 39" not in again


def test_an_order_not_let_through_may_come_again(tmp_path: Path) -> None:
    guard = a_guard(tmp_path)
    guard.remember("k 1")
    guard.forget("k 1")
    assert "k 1" not in guard


def test_ranks_rise_from_the_platform_to_the_emergency(tmp_path: Path) -> None:
    verifier = a_gate(tmp_path, Clocks())
    ranks = [verifier.admit(order("recall", role, id=f"order-of-{role}")).rank for role in RANK]
    assert list(RANK) == ["platform", "brigade", "on_site", "emergency"]
    assert ranks == sorted(set(ranks))
