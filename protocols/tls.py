"""What OpenSSL says is wrong, as a Reason."""

import ssl

from protocols.lang import known
from protocols.reason import Reason

VERIFICATION = {
    2: "no_issuer",
    7: "bad_signature",
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "self_signed_in_chain",
    20: "no_local_issuer",
    21: "first_unverifiable",
    23: "revoked",
    24: "not_an_authority",
    26: "other_purpose",
    27: "not_trusted",
    28: "rejected",
    62: "other_host",
    64: "other_address",
    66: "weak_key",
    67: "weak_authority_key",
    68: "weak_digest",
}
"""X509_V_ERR_* (openssl verify's manual page) → the end of `tls.certificate_…`."""


def verification_reason(error: ssl.SSLCertVerificationError, host: str) -> Reason:
    """Why the far end's certificate does not hold; `host` is the name it must be for."""
    name = VERIFICATION.get(error.verify_code)
    if name is not None:
        return Reason(f"tls.certificate_{name}", host=host)
    return Reason("tls.certificate_other", number=error.verify_code, text=error.verify_message)


def tls_reason(error: ssl.SSLError, host: str = "") -> Reason:
    """Why a handshake with `host` failed, or a key or certificate file cannot be used."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return verification_reason(error, host)
    code = f"tls.{error.reason}"  # OpenSSL's own name for it
    if known(code):
        return Reason(code)
    return Reason("tls.other", text=error.reason or str(error))
