"""Ed25519 by Python's own OpenSSL against `cryptography`, which brings another: the same in everything."""

import ctypes
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from agent.runtime import ed25519
from agent.runtime.ed25519 import PrivateKey, verifies
from agent.runtime.signed import is_signed

SEEDS = st.binary(min_size=32, max_size=32)


@pytest.fixture(params=["of Python", "of cryptography"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    found = ed25519._library()
    if request.param == "of cryptography":
        monkeypatch.setattr(ed25519, "_library", lambda: None)
        return None
    assert found is not None
    return found


@given(SEEDS, st.binary(max_size=300), st.integers(0, 63), st.integers(1, 255))
def test_both_make_and_take_the_same(seed: bytes, message: bytes, at: int, bits: int) -> None:
    other, ours = Ed25519PrivateKey.from_private_bytes(seed), PrivateKey(seed)
    signature = ours.sign(message)
    assert signature == other.sign(message)
    assert ours.public == other.public_key().public_bytes_raw()
    assert verifies(ours.public, signature, message)
    bent = bytearray(signature)
    bent[at] ^= bits
    assert not verifies(ours.public, bytes(bent), message)
    assert not verifies(ours.public, signature, message + b"x")
    assert PrivateKey.from_pem(ours.pem()).public == ours.public


@given(st.binary(max_size=40), st.binary(max_size=70), st.binary(max_size=9))
def test_bytes_that_are_no_key_prove_nothing(public: bytes, signature: bytes, message: bytes) -> None:
    if (len(public), len(signature)) != (32, 64):
        assert not verifies(public, signature, message)
    whole = public.ljust(32, b"\0")[:32], signature.ljust(64, b"\0")[:64], message
    assert verifies(*whole) == ed25519._otherwise_verified(*whole)


def test_known_signatures_hold(library: Any) -> None:
    """RFC 8032, 7.1, tests 1 and 3."""
    for seed, message, signature in (
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ):  # fmt: skip
        private = PrivateKey(bytes.fromhex(seed))
        assert private.sign(bytes.fromhex(message)).hex() == signature
        assert verifies(private.public, bytes.fromhex(signature), bytes.fromhex(message))
        assert not verifies(private.public, bytes(64), b"")
    del library


def test_a_refusal_leaves_no_complaint_for_tls_to_find() -> None:
    library = ed25519._library()
    library.ERR_peek_error.restype = ctypes.c_ulong
    for _ in range(20):
        verifies(b"\xff" * 32, b"\xff" * 64, b"")
        assert library.ERR_peek_error() == 0


def test_a_python_that_does_not_show_its_openssl_uses_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    for gone in (None, SimpleNamespace(), SimpleNamespace(__file__="/nowhere/_hashlib.so")):
        monkeypatch.setitem(sys.modules, "_hashlib", gone)
        assert ed25519._library.__wrapped__() is None


def test_keys_of_other_tools_are_read_and_other_kinds_are_not() -> None:
    made = Ed25519PrivateKey.generate()
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert PrivateKey.from_pem(pem).public == made.public_key().public_bytes_raw()
    for bad in (b"", pem[:40], pem.replace(b"PRIVATE", b"PUBLIC"), pem.replace(b"MC4", b"MC5"), b"\xff" * 99):
        with pytest.raises(ValueError, match=r"no Ed25519 key|padding|base64|alphabet"):
            PrivateKey.from_pem(bad)


def test_whoever_proves_a_signature_loads_no_other_openssl() -> None:
    code = """
import sys
from agent.runtime.signed import ORDER, is_signed
from agent.core.identity import Identity
assert not is_signed("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", ORDER, "x", "AAAA" * 21 + "AA==")
print("cryptography" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
    assert not is_signed("no base64", b"", "x", "?")
