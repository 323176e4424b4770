"""Ed25519 by the OpenSSL that Python itself stands on, and by `cryptography` where that one cannot be reached.

`cryptography` brings an OpenSSL of its own: 8 MB in every process that proves one signature, which the one that is
there already does for 0.1 MB.
"""

import base64
import ctypes
import secrets
from functools import cache
from typing import Any, Final, Self, cast

ED25519: Final = 1087
"""EVP_PKEY_ED25519 of openssl/obj_mac.h."""
SEED_BYTES, SIGNATURE_BYTES = 32, 64
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
"""What stands before the seed in RFC 8410's form."""
BEGIN, END = b"-----BEGIN PRIVATE KEY-----", b"-----END PRIVATE KEY-----"
_KNOWN = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
_KNOWN_PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""RFC 8032, 7.1, test 1."""


class PrivateKey:
    """A key that signs."""

    def __init__(self, seed: bytes) -> None:
        """ValueError for other than 32 bytes."""
        if len(seed) != SEED_BYTES:
            raise ValueError(len(seed))
        self._seed = seed

    @classmethod
    def made(cls) -> "PrivateKey":
        """A new one."""
        return cls(secrets.token_bytes(SEED_BYTES))

    @classmethod
    def from_pem(cls, content: bytes) -> "PrivateKey":
        """Of PKCS 8 in PEM, unencrypted. ValueError for anything else, another kind of key too."""
        _, begin, rest = content.partition(BEGIN)
        text, end, _ = rest.partition(END)
        der = base64.b64decode(b"".join(text.split()), validate=True)
        if not (begin and end) or not der.startswith(PKCS8) or len(der) != len(PKCS8) + SEED_BYTES:
            raise ValueError("no Ed25519 key in PKCS 8")
        return cls(der[len(PKCS8) :])

    def pem(self) -> bytes:
        """PKCS 8 in PEM, unencrypted."""
        return b"%b\n%b\n%b\n" % (BEGIN, base64.b64encode(PKCS8 + self._seed), END)

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return _public(_library(), self._seed)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return _signed(_library(), self._seed, message)


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether it is the signature of that key's owner over the message; False for bytes that are no key."""
    if len(public) != SEED_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    return _verified(_library(), public, signature, message)


@cache
def _library() -> Any:
    """The OpenSSL of this Python; None where it does not show itself, or does not sign as RFC 8032 has it."""
    try:
        import _hashlib

        openssl = ctypes.CDLL(_hashlib.__file__)
        for name in ("EVP_PKEY_new_raw_private_key", "EVP_PKEY_new_raw_public_key", "EVP_MD_CTX_new"):
            getattr(openssl, name).restype = ctypes.c_void_p
        good = _public(openssl, _KNOWN) == _KNOWN_PUBLIC and _verified(
            openssl, _KNOWN_PUBLIC, _signed(openssl, _KNOWN, b""), b""
        )
    except (AttributeError, ImportError, OSError, TypeError, ValueError):  # linked in whole, or not at all
        return None
    return openssl if good else None


class _Key:
    """One of OpenSSL's, with a context to sign or verify in; freed at the end of the block, its complaints too."""

    def __init__(self, openssl: Any, make: str, content: bytes) -> None:
        self._openssl = openssl
        self.key = ctypes.c_void_p(getattr(openssl, make)(ED25519, None, content, ctypes.c_size_t(len(content))))
        self.context = ctypes.c_void_p(openssl.EVP_MD_CTX_new())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._openssl.EVP_MD_CTX_free(self.context)
        self._openssl.EVP_PKEY_free(self.key)
        self._openssl.ERR_clear_error()  # `ssl` would take what is left there for its own trouble


def _public(openssl: Any, seed: bytes) -> bytes:
    if openssl is None:
        return cast("bytes", _other(seed).public_key().public_bytes_raw())
    out, length = ctypes.create_string_buffer(SEED_BYTES), ctypes.c_size_t(SEED_BYTES)
    with _Key(openssl, "EVP_PKEY_new_raw_private_key", seed) as one:
        if openssl.EVP_PKEY_get_raw_public_key(one.key, out, ctypes.byref(length)) != 1:
            raise ValueError("OpenSSL gives no public key")
    return out.raw


def _signed(openssl: Any, seed: bytes, message: bytes) -> bytes:
    if openssl is None:
        return cast("bytes", _other(seed).sign(message))
    out, length = ctypes.create_string_buffer(SIGNATURE_BYTES), ctypes.c_size_t(SIGNATURE_BYTES)
    with _Key(openssl, "EVP_PKEY_new_raw_private_key", seed) as one:
        begun = openssl.EVP_DigestSignInit(one.context, None, None, None, one.key) == 1
        size = ctypes.c_size_t(len(message))
        if not begun or openssl.EVP_DigestSign(one.context, out, ctypes.byref(length), message, size) != 1:
            raise ValueError("OpenSSL does not sign")
    return out.raw


def _verified(openssl: Any, public: bytes, signature: bytes, message: bytes) -> bool:
    if openssl is None:
        return _otherwise_verified(public, signature, message)
    with _Key(openssl, "EVP_PKEY_new_raw_public_key", public) as one:
        begun = openssl.EVP_DigestVerifyInit(one.context, None, None, None, one.key) == 1
        sizes = ctypes.c_size_t(len(signature)), ctypes.c_size_t(len(message))
        return bool(begun and openssl.EVP_DigestVerify(one.context, signature, sizes[0], message, sizes[1]) == 1)


def _other(seed: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)


def _otherwise_verified(public: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
