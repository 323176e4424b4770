"""The parameter protocol: ArduPilot casts an integer to the float field, PX4 lays its bytes there."""

import struct
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mv

from hil.vehicle.autopilot import Autopilot

INT32, REAL32 = 6, 9


class Parameters:
    """Answers PARAM_REQUEST_READ, PARAM_SET and PARAM_REQUEST_LIST; silent about a name it does not know."""

    def __init__(self, auto: Autopilot, send: Callable[[Any], None]) -> None:
        self._auto = auto
        self._send = send
        self.asked = 0
        """How many parameters were asked for, all in all."""

    def take(self, message: Any) -> bool:
        """One message; False when it is none of these three."""
        kind = message.get_type()
        if kind == "PARAM_REQUEST_LIST":
            for name in self._auto.params:
                self.tell(name)
        elif kind == "PARAM_REQUEST_READ":
            self.asked += 1
            self.tell(message.param_id)
        elif kind == "PARAM_SET":
            known = self._auto.profile.params.get(message.param_id)
            if known is not None:
                bytewise = known[1] and self._auto.profile.params_by_bytes
                raw = struct.unpack("<i", struct.pack("<f", message.param_value))[0] if bytewise else None
                self._auto.params[message.param_id] = float(message.param_value if raw is None else raw)
                self.tell(message.param_id)
        else:
            return False
        return True

    def tell(self, name: str) -> None:
        """Say what it is set to, as after each change of it."""
        known = self._auto.profile.params.get(name)
        if known is None:
            return
        names = list(self._auto.params)
        value, whole = self._auto.params[name], known[1]
        if whole and self._auto.profile.params_by_bytes:
            value = struct.unpack("<f", struct.pack("<i", int(value)))[0]
        self._send(
            mv.MAVLink_param_value_message(
                name.encode(), value, INT32 if whole else REAL32, len(names), names.index(name)
            )
        )
