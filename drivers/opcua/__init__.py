"""Devices behind one OPC UA server. `drivers.opcua.line` brings asyncua along: import it where a line needs it."""
