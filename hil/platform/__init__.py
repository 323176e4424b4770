"""A stand-in for the platform above: keeps what it gets, each once, and can refuse, stall and vanish."""

from hil.platform.receiver import Receiver
from hil.platform.store import Store

__all__ = ["Receiver", "Store"]
