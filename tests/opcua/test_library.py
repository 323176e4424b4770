"""What we lean on in asyncua beyond its documented surface. A failure here after an upgrade names what to look at."""

import inspect
import subprocess
import sys

from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.common.utils import Buffer

from protocols.opcua.library import Client, errors, security_policies, ua


def test_the_steps_of_connect_are_public_and_make_no_task_of_their_own() -> None:
    for step in ("connect_socket", "send_hello", "open_secure_channel", "create_session", "activate_session"):
        assert inspect.iscoroutinefunction(getattr(Client, step)), step
        assert "create_task" not in inspect.getsource(getattr(Client, step)), step
    assert "renew" in inspect.signature(Client.open_secure_channel).parameters
    assert hasattr(UaClient, "revolve_security_token")


def test_a_request_can_be_sent_and_its_answer_had_undecoded() -> None:
    assert list(inspect.signature(UASocketProtocol.send_request).parameters)[1:3] == ["request", "timeout"]
    assert "timeout if timeout else None" in inspect.getsource(UASocketProtocol.send_request), "0 must mean: for ever"
    assert bytes(Buffer(b"\0\1\2", 1)) == b"\1\2", "the rest of the message, from where it stands"


def test_defaults_that_must_be_overruled() -> None:
    """asyncua's Booleans default to True: HistoryRead would give up continuation points it never had."""
    assert ua.HistoryReadParameters().ReleaseContinuationPoints is True
    assert Client("opc.tcp://127.0.0.1:1/").session_timeout == 3_600_000


def test_names_we_use() -> None:
    for name in ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"):
        assert hasattr(security_policies, f"SecurityPolicy{name}")
    for name in ("BadTooManyOperations", "BadTooManyPublishRequests", "BadTimeout", "UaStatusCodeError"):
        assert issubclass(getattr(errors, name), Exception)


def test_no_opc_ua_line_no_asyncua() -> None:
    """48 MB and 0.25 s that a site without OPC UA does not pay."""
    names = "protocols.opcua.endpoint, protocols.opcua.notification, drivers.opcua, agent.settings.modbus"
    code = f"import sys, {names}; sys.exit('asyncua' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
