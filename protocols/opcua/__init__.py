"""OPC UA: one connection epoch at a time on asyncua's session, decoded by our own hands where it is hot.

Importing this package costs nothing; asyncua (0.25 s, 48 MB) comes with `protocols.opcua.session` and what uses it.
"""
