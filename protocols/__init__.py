"""Bytes: one wire each, no device, no site. Codecs and planners do no I/O and read no clock."""
