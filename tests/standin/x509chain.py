# SPDX-License-Identifier: Apache-2.0
"""Certificates of Roles Anywhere clients: is the leaf fit for signing, does it lead to the trust anchor, did its key
make this signature. All cryptography is the library's."""

import base64
import binascii
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from standin.messages import AwsError

MAX_CHAIN = 5
RSA_ALGORITHM = "AWS4-X509-RSA-SHA256"
ECDSA_ALGORITHM = "AWS4-X509-ECDSA-SHA256"
MLDSA_ALGORITHM = "AWS4-X509-MLDSA"
ALGORITHMS = {
    rsa.RSAPublicKey: RSA_ALGORITHM,
    ec.EllipticCurvePublicKey: ECDSA_ALGORITHM,
    mldsa.MLDSA44PublicKey: MLDSA_ALGORITHM,
    mldsa.MLDSA65PublicKey: MLDSA_ALGORITHM,
    mldsa.MLDSA87PublicKey: MLDSA_ALGORITHM,
}


def denied(message):
    return AwsError(403, "AccessDenied", message)


def load_header(value, what):
    """A certificate from base64 DER on one line."""
    try:
        return x509.load_der_x509_certificate(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        raise denied(f"{what} is not a base64 DER certificate") from None


def load_chain(value):
    """The value of X-Amz-X509-Chain. An empty one is refused, as the service does."""
    if value is None:
        return []
    if not value or any(c.isspace() for c in value):
        raise denied("Invalid signature.")
    chain = [load_header(part, "X-Amz-X509-Chain") for part in value.split(",")]
    if len(chain) > MAX_CHAIN:
        raise denied(f"The certificate chain has more than {MAX_CHAIN} certificates.")
    return chain


def check_leaf(leaf, now):
    """An end entity's version 3 certificate for signing, valid now."""
    if leaf.version is not x509.Version.v3:
        raise denied("Untrusted certificate. Only X.509 version 3 certificates are supported.")
    if _extension(leaf, x509.BasicConstraints, x509.BasicConstraints(False, None)).ca:
        raise denied("Untrusted certificate. End entity certificates must not be certificate authorities.")
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise denied("Untrusted certificate. Insufficient key usage: digitalSignature is required.")
    extended = _extension(leaf, x509.ExtendedKeyUsage)
    if extended is not None and x509.ExtendedKeyUsageOID.CLIENT_AUTH not in extended:
        raise denied("Untrusted certificate. Insufficient extended key usage: clientAuth is required.")
    _check_dates(leaf, now)


def check_path(leaf, chain, anchor, now):
    """Issuer by issuer from the leaf to the trust anchor, through the certificates of the chain."""
    current, rest, below = leaf, [c for c in chain if c != leaf], 0
    while not _issued_by(current, anchor, below, now):
        issuer = next((c for c in rest if _issued_by(current, c, below, now)), None)
        if issuer is None:
            raise denied("Untrusted certificate. Insufficient certificate: no path to the trust anchor.")
        rest.remove(issuer)
        _check_dates(issuer, now)
        current, below = issuer, below + 1


def _issued_by(certificate, issuer, below, now):
    constraints = _extension(issuer, x509.BasicConstraints)
    usage = _extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        return False
    if constraints.path_length is not None and constraints.path_length < below:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _extension(certificate, kind, default=None):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return default


def _check_dates(certificate, now):
    at = datetime.fromtimestamp(now, UTC)
    if at > certificate.not_valid_after_utc:
        raise denied("Untrusted certificate. Certificate has expired.")
    if at < certificate.not_valid_before_utc:
        raise denied("Untrusted certificate. Certificate is not yet valid.")


def algorithm_of(leaf):
    """None: of a kind that the service does not take."""
    return next((name for kind, name in ALGORITHMS.items() if isinstance(leaf.public_key(), kind)), None)


def is_signature(leaf, hex_signature, text):
    """Lower-case hex of RSASSA-PKCS1-v1_5 or of a DER ECDSA signature, both with SHA-256, or of a pure ML-DSA one."""
    if hex_signature != hex_signature.lower():
        return False
    try:
        signature = bytes.fromhex(hex_signature)
        key, algorithm = leaf.public_key(), algorithm_of(leaf)
        if algorithm == RSA_ALGORITHM:
            key.verify(signature, text, padding.PKCS1v15(), SHA256())
        elif algorithm == ECDSA_ALGORITHM:
            key.verify(signature, text, ec.ECDSA(SHA256()))
        elif algorithm == MLDSA_ALGORITHM:
            key.verify(signature, text)
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True
