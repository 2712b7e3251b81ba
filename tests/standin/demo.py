# SPDX-License-Identifier: Apache-2.0
"""The demo directory: an account with roles, a certificate authority, clients' certificates and keys of every kind, a
web identity token, and a configuration for keyfobd that uses them."""

import json
import secrets

from cryptography.hazmat.primitives.asymmetric import ec

from standin import jwt, pki
from standin.files import write_atomically, write_private
from standin.registry import AUDIENCE, ROLES_ANYWHERE

REGION = "us-east-1"
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/keyfob-demo/"
TENANT_ROLE = "arn:aws:iam::444455556666:role/keyfob-demo/"
ISSUER = "https://oidc.keyfob.test/id/DEMO"
SUBJECT = "system:serviceaccount:keyfob-demo:gateway"
TRUST_ANCHOR = f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:trust-anchor/0a1b2c3d-1111-4222-8333-444455556666"
PROFILE = f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:profile/0a1b2c3d-7777-4888-8999-aaaabbbbcccc"
NAMED_PROFILE = f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:profile/0a1b2c3d-7777-4888-8999-ddddeeeeffff"
USER = f"arn:aws:iam::{ACCOUNT}:user/keyfob-demo/base"
ACCESS_KEY_ID = "AKIAKEYFOBDEMO000001"
LENIENT = {"may_tag": True, "may_set_source_identity": True}
EXTERNAL_ID = "tenant-a:7f3c/2026"
LONG_SERIAL = 0x7FEDCBA98765432100123456789ABCDEF0011223  # twenty octets: more digits than any machine word prints


def roles():
    """Who may become whom."""
    web = {"principal": ISSUER, "subject": SUBJECT}
    base = {"principal": USER, **LENIENT}
    return [
        {"arn": ROLE + "gateway", "max_session_duration": 43200, "trust": [web]},
        {"arn": ROLE + "onprem", "max_session_duration": 43200, "trust": [{"principal": ROLES_ANYWHERE}]},
        {"arn": ROLE + "short", "max_session_duration": 3600, "trust": [web, {"principal": ROLES_ANYWHERE}, base]},
        {"arn": ROLE + "base", "max_session_duration": 43200, "trust": [base]},
        {
            "arn": TENANT_ROLE + "tenant-a",
            "max_session_duration": 43200,
            "trust": [
                {"principal": ROLE + "gateway", "external_id": EXTERNAL_ID, **LENIENT},
                {"principal": ROLE + "onprem", "external_id": EXTERNAL_ID, **LENIENT},
                {"principal": USER, "external_id": EXTERNAL_ID, **LENIENT},
            ],
        },
        {
            "arn": TENANT_ROLE + "tenant-a-bedrock",
            "trust": [{"principal": TENANT_ROLE + "tenant-a", **LENIENT}],
        },
        {"arn": TENANT_ROLE + "no-tags", "trust": [{"principal": USER}]},
    ]


def registry_document(port):
    return {
        "port": port,
        "issuer": ISSUER,
        "issuer_key": "issuer-key.pem",
        "users": [{"arn": USER, "access_key_id": ACCESS_KEY_ID, "secret_access_key": secrets.token_urlsafe(30)[:40]}],
        "roles": roles(),
        "trust_anchors": [{"arn": TRUST_ANCHOR, "certificate": "certificates/ca.pem"}],
        "anywhere_profiles": [
            {"arn": PROFILE, "roles": [ROLE + "onprem", ROLE + "short"], "duration_seconds": 43200},
            {"arn": NAMED_PROFILE, "roles": [ROLE + "onprem"], "accept_role_session_name": True},
        ],
        "token_files": [{"path": "token.jwt", "subject": SUBJECT, "audience": AUDIENCE, "lifetime": 86400}],
    }


def configuration(endpoint):
    """config.json for keyfobd: a profile for each source."""
    return {
        "region": REGION,
        "listeners": [{"unix": "keyfob.sock", "mode": "0600"}],
        "profiles": {
            "irsa": {
                "type": "web_identity",
                "role_arn": ROLE + "gateway",
                "web_identity_token_file": "token.jwt",
                "endpoint_url": endpoint,
            },
            "onprem": {
                "type": "roles_anywhere",
                "trust_anchor_arn": TRUST_ANCHOR,
                "profile_arn": PROFILE,
                "role_arn": ROLE + "onprem",
                "certificate": "certificates/chained.pem",
                "certificate_chain": "certificates/intermediate.pem",
                "private_key": "certificates/chained-key.pem",
                "endpoint_url": endpoint,
            },
            "tenant-a": {
                "type": "assume_role",
                "source_profile": "irsa",
                "role_arn": TENANT_ROLE + "tenant-a",
                "external_id": EXTERNAL_ID,
                "endpoint_url": endpoint,
            },
        },
    }


def write(directory, port, clock):
    """Fills `directory`, which is made if it is missing."""
    (directory / "certificates").mkdir(parents=True, exist_ok=True)
    _write_certificates(directory / "certificates", clock.now())
    _write_tls(directory, clock.now())
    issuer_key = pki.rsa_key()
    write_private(directory / "issuer-key.pem", pki.pem_key(issuer_key))
    document = registry_document(port)
    write_private(directory / "standin.json", json.dumps(document, indent=2).encode())
    token = jwt.mint(issuer_key, ISSUER, SUBJECT, AUDIENCE, clock.now(), document["token_files"][0]["lifetime"])
    write_atomically(directory / "token.jwt", token)
    (directory / "config.json").write_text(json.dumps(configuration(f"http://127.0.0.1:{port}"), indent=2) + "\n")


def _write_certificates(folder, now):
    root = pki.Authority("keyfob demo root", now)
    intermediate = pki.Authority("keyfob demo intermediate", now, issuer=root, path_length=0)
    stranger = pki.Authority("somebody else's root", now)
    rsa, rsa_chained, p256, p384 = pki.rsa_key(), pki.rsa_key(), pki.ec_key(), pki.ec_key(ec.SECP384R1())
    other, expired, not_yet, untrusted, expiring = (pki.ec_key() for _ in range(5))
    year = 365 * pki.DAY
    passphrase = secrets.token_urlsafe(18)
    chained = intermediate.leaf("chained-client", rsa_chained)
    files = {
        "ca.pem": pki.pem(root.certificate),
        "intermediate.pem": pki.pem(intermediate.certificate),
        "rsa.pem": pki.pem(root.leaf("rsa-client", rsa)),
        "rsa-key.pem": pki.pem_key(rsa, traditional=True),
        "rsa-key-encrypted.pem": pki.pem_key(rsa, passphrase),
        "passphrase.txt": passphrase.encode() + b"\n",
        "wrong-passphrase.txt": b"not the passphrase\n",
        "ec.pem": pki.pem(root.leaf("ec-client", p256, serial=LONG_SERIAL)),
        "ec-key.pem": pki.pem_key(p256, traditional=True),
        "ec-key-encrypted.pem": pki.pem_key(p256, passphrase),
        "p384.pem": pki.pem(root.leaf("p384-client", p384, serial=4096)),
        "p384-key.pem": pki.pem_key(p384),
        "chained.pem": pki.pem(chained),
        "chained-key.pem": pki.pem_key(rsa_chained),
        "chained-bundle.pem": pki.pem(chained, intermediate.certificate, root.certificate),
        "other-key.pem": pki.pem_key(other),
        "expired.pem": pki.pem(root.leaf("expired-client", expired, not_before=now - 2 * year, not_after=now - year)),
        "expired-key.pem": pki.pem_key(expired),
        "expiring.pem": pki.pem(root.leaf("expiring-client", expiring, serial=4711, not_after=now + 10 * pki.DAY)),
        "expiring-key.pem": pki.pem_key(expiring),
        "not-yet.pem": pki.pem(root.leaf("not-yet-client", not_yet, not_before=now + year)),
        "not-yet-key.pem": pki.pem_key(not_yet),
        "untrusted.pem": pki.pem(stranger.leaf("untrusted-client", untrusted)),
        "untrusted-key.pem": pki.pem_key(untrusted),
    }
    for size, kind in pki.ML_DSA.items():
        key = kind.generate()
        files[f"mldsa-{size}.pem"] = pki.pem(root.leaf(f"mldsa-{size}-client", key))
        files[f"mldsa-{size}-key.pem"] = pki.pem_key(key)
    for name, data in files.items():
        write_private(folder / name, data)


def _write_tls(directory, now):
    """The CA is thrown away: only its certificate stays."""
    authority, key = pki.Authority("keyfob demo TLS", now), pki.ec_key()
    (directory / "tls-ca.pem").write_bytes(pki.pem(authority.certificate))
    write_private(directory / "tls-server.pem", pki.pem(authority.server(key)))
    write_private(directory / "tls-server-key.pem", pki.pem_key(key))
