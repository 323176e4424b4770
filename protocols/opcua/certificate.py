"""Our own certificate, and which server certificates are believed. Files only, no connection."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from protocols.errors import Refused
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.trust_store import SUFFIXES, fingerprint
from protocols.reason import Reason
from protocols.system import file_reason

OWN_DAYS: Final = 3 * 365
WARN_DAYS: Final = 30


class Untrusted(Refused):
    """The server's certificate is not one we were told to believe. A person decides: `hydronest opcua trust`."""


def load(path: Path) -> x509.Certificate:
    """Read a DER or PEM certificate; Untrusted says which file is not one."""
    try:
        data = path.read_bytes()
        if data.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except FileNotFoundError:
        raise Untrusted("opcua.no_certificate_yet", file=str(path)) from None
    except OSError as problem:
        raise Untrusted(file_reason(path, problem)) from problem
    except ValueError as problem:
        raise Untrusted("opcua.not_a_certificate", file=str(path)) from problem


def days_left(certificate: x509.Certificate, now: datetime | None = None) -> float:
    """Days until it expires; negative once it has."""
    return (certificate.not_valid_after_utc - (now or datetime.now(UTC))) / timedelta(days=1)


def uri_of(certificate: x509.Certificate) -> str | None:
    """The application URI a certificate is for. Servers refuse a client that gives another."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), None)


def own_files(folder: Path) -> tuple[Path, Path]:
    """(certificate, private key) as they lie in our own folder."""
    return folder / "own-certificate.der", folder / "own-key.pem"


def ensure_own(folder: Path, application_uri: str, host: str) -> tuple[Path, Path]:
    """Our certificate and key, made when there are none. Never replaced by itself: servers have been told this one.

    The key is readable by its owner only. Valid for three years; `days_left` tells when to renew, with overlap.
    """
    certificate, key = own_files(folder)
    if not (certificate.exists() and key.exists()):
        from asyncua.crypto import cert_gen

        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private = cert_gen.generate_private_key()
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(application_uri), x509.DNSName(host)]
        made = cert_gen.generate_self_signed_app_certificate(
            private, "hydronest", {}, names, [ExtendedKeyUsageOID.CLIENT_AUTH], days=OWN_DAYS
        )
        key.touch(mode=0o600)
        key.write_bytes(cert_gen.dump_private_key_as_pem(private))
        certificate.write_bytes(made.public_bytes(Encoding.DER))
    return certificate, key


def own_pair(endpoint: Endpoint) -> tuple[Path, Path]:
    """The certificate and key this endpoint uses: the pair it names, or the one in our own folder."""
    if endpoint.certificate_file is not None and endpoint.key_file is not None:
        return endpoint.certificate_file, endpoint.key_file
    if endpoint.own is None:
        raise Refused("opcua.faults", faults=endpoint.faults())
    return ensure_own(endpoint.own, endpoint.application_uri, socket.gethostname())


def check_server(server_certificate: bytes, trust: Path, now: datetime) -> list[Reason]:
    """Raise Untrusted unless `trust` vouches for it; answers warnings worth a line in the log.

    A pinned certificate (a file) is believed even when expired, with a warning: the key is the one a person accepted,
    and a hydrant must not go dark on a date. Through a folder, an issuer's word counts, so its dates do too.
    """
    offered = x509.load_der_x509_certificate(server_certificate)
    shown = fingerprint(server_certificate)
    if not trust.is_dir():
        if load(trust).public_bytes(Encoding.DER) != server_certificate:
            raise Untrusted("opcua.another_certificate", trust=str(trust), fingerprint=shown)
        left = days_left(offered, now)
        if left < 0:
            return [Reason("opcua.certificate_expired", days=-left)]
        return [Reason("opcua.certificate_expires", days=left)] if left < WARN_DAYS else []
    for path in sorted(p for p in trust.iterdir() if p.suffix.lower() in SUFFIXES):
        if _vouches(load(path), offered):
            break
    else:
        raise Untrusted("opcua.nobody_vouches", trust=str(trust), fingerprint=shown)
    start, end = offered.not_valid_before_utc, offered.not_valid_after_utc
    if not start <= now <= end:
        raise Untrusted("opcua.certificate_dates", start=start.date().isoformat(), end=end.date().isoformat())
    return []


def _vouches(known: x509.Certificate, offered: x509.Certificate) -> bool:
    """Whether it is the very one, or an authority's that signed it."""
    if known == offered:
        return True
    try:
        authority = known.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = known.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
        if not (authority and usage):
            return False
        offered.verify_directly_issued_by(known)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return True
