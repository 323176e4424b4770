"""The one door to asyncua, untyped: its annotations do not hold under strict checking.

What is used of it beyond its documented surface is probed by tests/opcua/test_library.py: run that on every upgrade.
"""

import logging
from typing import Any

import asyncua
import asyncua.common.utils
import asyncua.crypto.security_policies
import asyncua.ua.ua_binary

NodeId = Any  # an asyncua.ua.NodeId, valid under one connection's namespace indexes

ua: Any = asyncua.ua
Client: Any = asyncua.client.client.Client
security_policies: Any = asyncua.crypto.security_policies
struct_from_binary: Any = asyncua.ua.ua_binary.struct_from_binary
unpack_uatype: Any = asyncua.ua.ua_binary.unpack_uatype
Buffer: Any = asyncua.common.utils.Buffer
errors: Any = asyncua.ua.uaerrors

logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)  # it logs a traceback per weather; our errors say it once
