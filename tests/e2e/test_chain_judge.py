# SPDX-License-Identifier: Apache-2.0
"""Which intermediates are sent with a certificate, by chance: with renewals of the same name and key, expired ones, ones
that are not valid yet, strangers and roots among them. `openssl verify` says whether a file has what is needed, and
whether what is sent has it, too."""

import base64
import random
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from standin import pki
from support import paths

TOOL = paths.BUILD / "x509_chain"
NOW = 1800000000
CASES = 60
SEED = 11
# How long ago it began and when it ends, seen from NOW.
VALID = [(-pki.DAY, pki.DAY), (-400 * pki.DAY, 2 * pki.DAY), (-1, 900 * pki.DAY)]
EXPIRED = [(-400 * pki.DAY, -1), (-3 * pki.DAY, -2 * pki.DAY)]
EARLY = [(60, 900 * pki.DAY)]


def issue(name, key, issuer, dates, issuer_key=None):
    """A certificate of an authority; `issuer` None: of itself."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer = issuer_key or key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(pki.datetime.fromtimestamp(NOW + dates[0], pki.UTC))
        .not_valid_after(pki.datetime.fromtimestamp(NOW + dates[1], pki.UTC))
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    return builder.sign(signer, SHA256())


class Names:
    """Keys are made once: what differs are the certificates."""

    def __init__(self):
        self.keys = [pki.ec_key() for _ in range(5)]


def random_case(r, names, folder):
    """Writes root, leaf, its key and the chain file; what is in that."""
    depth = r.randrange(1, 4)
    root = issue("Root", names.keys[0], None, (-4000 * pki.DAY, 4000 * pki.DAY))
    file, above, above_key = [], root.subject, names.keys[0]
    for level in range(1, depth + 1):
        name, key = f"CA {level}", names.keys[level]
        kinds = r.choice([[VALID], [VALID, VALID], [VALID, EXPIRED], [EXPIRED, VALID, EARLY], [EXPIRED], [EARLY, EXPIRED]])
        if r.random() < 0.5:
            kinds = [VALID]
        made = [issue(name, key, above, r.choice(kind), above_key) for kind in kinds]
        file += made
        if r.random() < 0.2:  # of the same name, and another key
            file.append(issue(name, names.keys[4], above, r.choice(VALID), above_key))
        above, above_key = made[0].subject, key
    if r.random() < 0.3:
        file.append(root)
    r.shuffle(file)
    leaf_key = pki.ec_key()
    leaf = issue_leaf(leaf_key, above, above_key)
    for name, data in (("root.pem", [root]), ("leaf.pem", [leaf]), ("chain.pem", file)):
        (folder / name).write_bytes(pki.pem(*data))
    (folder / "key.pem").write_bytes(pki.pem_key(leaf_key))
    return file


def issue_leaf(key, issuer, issuer_key):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(pki.datetime.fromtimestamp(NOW - 60, pki.UTC))
        .not_valid_after(pki.datetime.fromtimestamp(NOW + 3600, pki.UTC))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
        .sign(issuer_key, SHA256())
    )


def verifies(folder, untrusted):
    """Whether OpenSSL finds a valid path from the leaf to the root by these."""
    command = ["openssl", "verify", "-attime", str(NOW), "-CAfile", folder / "root.pem"]
    command += ["-untrusted", untrusted] if untrusted.stat().st_size else []
    return subprocess.run([*command, folder / "leaf.pem"], capture_output=True, check=False).returncode == 0


def test_sends_what_openssl_needs(folder):
    r, names = random.Random(SEED), Names()
    seen = {True: 0, False: 0}
    for _ in range(CASES):
        file = random_case(r, names, folder)
        line = "\t".join([*(str(folder / n) for n in ("leaf.pem", "chain.pem", "key.pem")), str(NOW)])
        sent = subprocess.run([TOOL], input=line + "\n", capture_output=True, text=True, check=True).stdout.strip()
        is_good = verifies(folder, folder / "chain.pem")
        seen[is_good] += 1
        if sent.startswith("!"):
            assert not is_good, sent
            assert "the intermediate CN=CA " in sent and (" expired at " in sent or " is not valid before " in sent), sent
            continue
        ders = [base64.b64decode(text) for text in sent.split(",") if text]
        (folder / "sent.pem").write_bytes(pki.pem(*map(x509.load_der_x509_certificate, ders)) if ders else b"")
        assert is_good and verifies(folder, folder / "sent.pem"), (sent, len(file))
    assert min(seen.values()) > CASES // 6, seen
