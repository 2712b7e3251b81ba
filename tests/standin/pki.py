# SPDX-License-Identifier: Apache-2.0
"""Makes throw-away certificate authorities, certificates and keys."""

from datetime import UTC, datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

DAY = 86400
ML_DSA = {44: mldsa.MLDSA44PrivateKey, 65: mldsa.MLDSA65PrivateKey, 87: mldsa.MLDSA87PrivateKey}
# What endpoints of AWS are called, for clients that a test's proxy leads here.
AWS_NAMES = [
    "sts.amazonaws.com",
    *(f"*.{region}.amazonaws.com" for region in ("us-east-1", "us-west-2", "eu-west-1", "us-gov-west-1")),
    *(f"*.{region}.api.aws" for region in ("us-east-1", "us-west-2", "us-gov-west-1")),
    "*.cn-north-1.amazonaws.com.cn",
]


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def ec_key(curve=None):
    return ec.generate_private_key(curve or ec.SECP256R1())


class Authority:
    """A CA: its certificate and key; issues leaves and further authorities."""

    def __init__(self, name, now, issuer=None, path_length=None):
        self.now, self.key = now, ec_key()
        builder = _builder(name, self.key, issuer or self, now - DAY, now + 3650 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(True, path_length), True)
        self.certificate = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), True).sign(
            (issuer or self).key, SHA256()
        )

    def leaf(self, name, key, serial=None, not_before=None, not_after=None):
        """A client's certificate."""
        start = self.now - DAY if not_before is None else not_before
        end = self.now + 3650 * DAY if not_after is None else not_after
        builder = _builder(name, key, self, start, end, serial)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(_usage(digital_signature=True), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        return builder.sign(self.key, SHA256())

    def server(self, key):
        """A server's certificate for loopback and AWS's names."""
        addresses = (x509.IPAddress(ip_address(a)) for a in ("127.0.0.1", "::1"))
        names = [*map(x509.DNSName, ["localhost", *AWS_NAMES]), *addresses]
        builder = _builder("localhost", key, self, self.now - DAY, self.now + 3650 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return builder.sign(self.key, SHA256())


def _builder(name, key, issuer, start, end, serial=None):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if hasattr(issuer, "certificate") else subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(start, UTC))
        .not_valid_after(datetime.fromtimestamp(end, UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)
    )


def _usage(**on):
    off = dict.fromkeys(
        ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
        + ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"],
        False,
    )
    return x509.KeyUsage(**{**off, **on})


def pem(*certificates):
    return b"".join(c.public_bytes(Encoding.PEM) for c in certificates)


def pem_key(key, passphrase=None, traditional=False):
    """PKCS#8, encrypted when there is a passphrase; or PKCS#1 or SEC1 by the kind of the key."""
    layout = PrivateFormat.TraditionalOpenSSL if traditional else PrivateFormat.PKCS8
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, layout, protection)
