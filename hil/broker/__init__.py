"""A private MQTT broker for tests and the demo: a real mosquitto, or an embedded one where that is not installed."""

from hil.broker.mosquitto import Mosquitto, mosquitto_path

__all__ = ["Mosquitto", "mosquitto_path"]
