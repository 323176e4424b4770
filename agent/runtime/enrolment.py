"""A gateway's certificate: asked for, taken, renewed. Files in one folder; whoever signs them is elsewhere.

`gateway.key`, `gateway.pem` and `ca.pem` are what the site file names. What is asked for lies beside them as `*.next`,
so that the old pair works until the new one is whole. The key never leaves the folder.
"""

import base64
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.runtime.durable import put, write_whole
from protocols.errors import Reasoned
from protocols.foreign_json import BadJson, read_json_object

KEY, CERTIFICATE, AUTHORITY = "gateway.key", "gateway.pem", "ca.pem"
NEXT_KEY, REQUEST, RENEWAL = "gateway.key.next", "gateway.csr", "gateway.renewal.json"
GRACE_DAYS = 30
"""So long after its end an old certificate still vouches for the request for a new one."""
LONGEST_BYTES = 64 << 10
MEANT_FOR = b"hydronest renewal v1\n"


class NotEnrolled(Reasoned, ValueError):
    """Why a certificate is not asked for, not taken, or not to be renewed."""


class Taken(NamedTuple):
    """What is in place now."""

    gateway: str
    until: datetime
    authority: str  # SHA-256 of ca.pem's first certificate, hex


def ask(folder: Path, gateway: str) -> list[Path]:
    """A request for a certificate of this gateway's, and what proves that the old one asks. OSError, NotEnrolled.

    Asked again before the answer is there, it is the same key.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = _key(folder / NEXT_KEY) if (folder / NEXT_KEY).exists() else _make(folder / NEXT_KEY)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gateway)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(new, hashes.SHA256())
    text = csr.public_bytes(Encoding.PEM)
    made = [folder / REQUEST]
    _put(folder / REQUEST, text)
    if (folder / CERTIFICATE).exists() and (old_key := _old_key(folder)) is not None:
        old = old_key.sign(MEANT_FOR + text, ec.ECDSA(hashes.SHA256()))
        renewal = {"csr": text.decode(), "certificate": (folder / CERTIFICATE).read_text("ascii"),
                   "signature": base64.b64encode(old).decode()}  # fmt: skip
        _put(folder / RENEWAL, json.dumps(renewal).encode())
        made.append(folder / RENEWAL)
    return made


def take(folder: Path, certificate: bytes, authority: bytes | None, now: datetime) -> Taken:
    """Put an answer in place. Raises OSError, NotEnrolled.

    `authority`: who signs for brokers and gateways, at the first time; it is pinned, and another one is refused later.
    """
    given = _certificate(certificate)
    key = next((path for path in (folder / NEXT_KEY, folder / KEY) if path.exists() and _is_of(path, given)), None)
    if key is None:
        raise NotEnrolled("enrol.other_key")
    if not given.not_valid_before_utc <= now <= given.not_valid_after_utc:
        dates = {"start": _day(given.not_valid_before_utc), "until": _day(given.not_valid_after_utc)}
        raise NotEnrolled("enrol.not_now", **dates)
    pinned = (folder / AUTHORITY).read_bytes() if (folder / AUTHORITY).exists() else None
    if pinned is not None and authority is not None and _certificate(pinned) != _certificate(authority):
        raise NotEnrolled("enrol.other_authority", file=str(folder / AUTHORITY))
    anchor = pinned or authority
    if anchor is None:
        raise NotEnrolled("enrol.no_authority")
    _issued(given, _certificate(anchor))
    if pinned is None:
        _put(folder / AUTHORITY, anchor)
    _put(folder / f"{CERTIFICATE}.next", given.public_bytes(Encoding.PEM))
    if key.name == NEXT_KEY:
        put(key, folder / KEY)
    put(folder / f"{CERTIFICATE}.next", folder / CERTIFICATE)
    for name in (REQUEST, RENEWAL):
        (folder / name).unlink(missing_ok=True)
    authority_is = _certificate(anchor).fingerprint(hashes.SHA256()).hex()
    return Taken(_common_name(given.subject), given.not_valid_after_utc, authority_is)


def may_renew(request: bytes, authority: bytes, now: datetime, grace_days: float = GRACE_DAYS) -> str:
    """For whoever signs certificates: whose request this is, proved by an old one of the same name. NotEnrolled."""
    try:
        told: Mapping[str, Any] = read_json_object(request, LONGEST_BYTES)
        text = str(told["csr"]).encode()
        csr, old = x509.load_pem_x509_csr(text), _certificate(str(told["certificate"]).encode())
        proof = base64.b64decode(str(told["signature"]), validate=True)
    except (BadJson, KeyError, ValueError):
        raise NotEnrolled("enrol.no_request") from None
    _issued(old, _certificate(authority))
    name, key = _common_name(old.subject), old.public_key()
    if now > old.not_valid_after_utc + timedelta(days=grace_days):
        raise NotEnrolled("enrol.too_late", until=_day(old.not_valid_after_utc), days=grace_days)
    of_ours = isinstance(key, ec.EllipticCurvePublicKey) and _common_name(csr.subject) == name
    if not (of_ours and csr.is_signature_valid):
        raise NotEnrolled("enrol.no_request")
    try:
        cast("ec.EllipticCurvePublicKey", key).verify(proof, MEANT_FOR + text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise NotEnrolled("enrol.not_its_own") from None
    return name


def _issued(given: x509.Certificate, authority: x509.Certificate) -> None:
    """By this authority, and for a client: a broker takes no other."""
    try:
        given.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        raise NotEnrolled("enrol.not_issued") from None
    try:
        usage = given.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise NotEnrolled("enrol.no_client")


def _certificate(content: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(content)
    except ValueError:
        raise NotEnrolled("certificate.none") from None


def _common_name(subject: x509.Name) -> str:
    found = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _is_of(key: Path, certificate: x509.Certificate) -> bool:
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    return _key(key).public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        raise NotEnrolled("enrol.no_key", file=str(path)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotEnrolled("enrol.no_key", file=str(path))
    return key


def _old_key(folder: Path) -> ec.EllipticCurvePrivateKey | None:
    """Of the certificate in use; None where there is none, or one of another kind, which vouches for nothing here."""
    try:
        return _key(folder / KEY)
    except (FileNotFoundError, NotEnrolled):
        return None


def _make(path: Path) -> ec.EllipticCurvePrivateKey:
    """Of P-256: every broker takes it. Closed to everybody else from its first moment."""
    key = ec.generate_private_key(ec.SECP256R1())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(descriptor)
    _give(path)
    return key


def _put(path: Path, content: bytes) -> None:
    write_whole(path, content)
    _give(path)


def _give(path: Path) -> None:
    """To whom the folder belongs: with sudo it would be root's, and the service could not read it."""
    owner = path.parent.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _day(when: datetime) -> str:
    return when.date().isoformat()
