"""One MQTT session: connect, publish until the broker has confirmed, subscribe. Reconnecting is the caller's loop."""

from protocols.mqtt.link import Link, Will
from protocols.mqtt.session import Session

__all__ = ["Link", "Session", "Will"]
