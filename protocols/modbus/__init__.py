"""Modbus: strict framing, one owner per line, a read plan and a schedule. Home of pymodbus and pyserial."""
