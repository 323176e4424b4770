"""Modbus devices: a profile becomes reads, their answers become Samples."""
