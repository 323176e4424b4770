"""A cloned card: two gateways of one name let each other go at the broker, and it is said what that is."""

from agent.uplinks.mqtt import MqttUplink
from agent.uplinks.namesake import AGAIN_S, SHORT_LIVES, SHORT_S, TIMES, WITHIN_S, Namesake
from hil.broker import Mosquitto
from protocols.mqtt import Link
from protocols.reason import Reason
from tests.uplinks.conformance import GATEWAY
from tests.waiting import patient

TAKEN = Reason("mqtt.refuses", place="b", why=Reason("mqtt.reason_8e"))
LOST = Reason("mqtt.connection_lost", place="b")


async def test_two_of_one_name_at_a_real_broker_are_named(broker: Mosquitto) -> None:
    """mosquitto 2.0.11 closes without a word; others say 0x8e."""
    told: list[Reason] = []
    link = Link("127.0.0.1", "hydronest-gw1", broker.port)
    ours = MqttUplink("u", GATEWAY, "b1", link, on_doubtful=told.append)
    theirs = MqttUplink("u", GATEWAY, "b2", link)
    async with patient("we are told", 20.0):
        while not told:
            await ours.connect()
            await theirs.connect()
            await ours.lost()
            await theirs.close()
    assert told[0].code in ("uplink.namesake", "uplink.short_lives")
    assert told[0].facts["client_id"] == "hydronest-gw1"
    await ours.close()


def test_it_takes_several_short_lives_and_is_told_once_an_hour() -> None:
    told: list[str] = []
    now = 1000.0
    namesake = Namesake("gw", lambda why: told.append(why.code), lambda: now)

    def live(times: int, lived_s: float, why: Reason, rest_s: float = 3.0) -> None:
        nonlocal now
        for _ in range(times):
            namesake.connected()
            now += lived_s
            namesake.ended(why)
            now += rest_s

    live(20, SHORT_S + 1, LOST)
    live(SHORT_LIVES - 1, 3.0, LOST)
    live(3, 3.0, Reason("mqtt.closed_by_us", place="b"))
    live(TIMES, 3.0, TAKEN, WITHIN_S)
    assert told == []
    live(TIMES, 3.0, TAKEN)
    live(100, 3.0, TAKEN)
    assert told == ["uplink.namesake"]
    now += AGAIN_S
    live(SHORT_LIVES, 3.0, LOST)
    assert told == ["uplink.namesake", "uplink.short_lives"], "3.1.1: nobody says why"
