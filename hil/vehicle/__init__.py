"""A multicopter on MAVLink that behaves as ArduPilot and PX4 were measured to, the unkind parts included."""
