"""A private MQTT broker for tests and the demo: a real mosquitto, or an embedded one where that is not installed."""

from pathlib import Path

from hil.broker.embedded import EmbeddedBroker
from hil.broker.mosquitto import Mosquitto, mosquitto_path

__all__ = ["EmbeddedBroker", "Mosquitto", "any_broker", "mosquitto_path"]


def any_broker(folder: Path) -> tuple[Mosquitto | EmbeddedBroker, str]:
    """The best broker this machine has, not yet started, and one line for people saying which."""
    if mosquitto_path() is not None:
        return Mosquitto(folder, persistent=True), "mosquitto, MQTT 5"
    return EmbeddedBroker(), "embedded broker (amqtt, MQTT 3.1.1, nothing kept on disk), as mosquitto is not installed"
