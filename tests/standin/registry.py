# SPDX-License-Identifier: Apache-2.0
"""Who exists: accounts' keys, roles with their trust, trust anchors, Roles Anywhere profiles; and every set of
temporary credentials that was issued."""

import base64
import json
import os
import secrets
import string
import threading
from dataclasses import dataclass, field
from pathlib import Path

AUDIENCE = "sts.amazonaws.com"
ROLES_ANYWHERE = "rolesanywhere.amazonaws.com"


@dataclass(frozen=True)
class Identity:
    """A caller: an IAM user, or a session of a role."""

    arn: str
    account: str
    user_id: str
    role_arn: str = None
    session_name: str = None
    transitive_tags: tuple = ()
    source_identity: str = None


@dataclass(frozen=True)
class Key:
    access_key_id: str
    secret_access_key: str
    identity: Identity
    session_token: str = None
    expires: float = None  # None: a long-term key


@dataclass
class Trust:
    """One statement of a role's trust policy. `principal` is an ARN of a user, a role or an account's root, the URL of
    an OIDC issuer, or a service; the rest are its conditions."""

    principal: str
    external_id: str = None
    subject: str = None
    audience: str = AUDIENCE
    may_tag: bool = False
    may_set_source_identity: bool = False
    needs_mfa: bool = False


@dataclass
class Role:
    arn: str
    trust: list
    max_session_duration: int = 3600
    role_id: str = ""

    def __post_init__(self):
        self.trust = [t if isinstance(t, Trust) else Trust(**t) for t in self.trust]
        self.role_id = self.role_id or "AROA" + _upper(17)

    @property
    def name(self):
        return self.arn.rpartition("/")[2]

    @property
    def account(self):
        return self.arn.split(":")[4]

    def session(self, session_name, **more):
        return Identity(
            arn=f"arn:aws:sts::{self.account}:assumed-role/{self.name}/{session_name}",
            account=self.account,
            user_id=f"{self.role_id}:{session_name}",
            role_arn=self.arn,
            session_name=session_name,
            **more,
        )


@dataclass
class TrustAnchor:
    arn: str
    certificate: str  # path of a PEM file
    enabled: bool = True


@dataclass
class AnywhereProfile:
    arn: str
    roles: list
    duration_seconds: int = 3600
    accept_role_session_name: bool = False
    enabled: bool = True


@dataclass
class Registry:
    port: int = 0  # where it is served
    issuer: str = ""  # URL of the OIDC issuer
    issuer_key: str = ""  # path of its private key, PEM
    users: list = field(default_factory=list)  # {"arn", "access_key_id", "secret_access_key"}
    roles: list = field(default_factory=list)
    trust_anchors: list = field(default_factory=list)
    anywhere_profiles: list = field(default_factory=list)
    token_files: list = field(default_factory=list)  # {"path", "subject", "audience", "lifetime"}

    def __post_init__(self):
        self._lock = threading.Lock()
        self._issued = {}
        self._keys = {u["access_key_id"]: _user_key(u) for u in self.users}
        self.roles = {r.arn: r for r in (r if isinstance(r, Role) else Role(**r) for r in self.roles)}
        anchors = (a if isinstance(a, TrustAnchor) else TrustAnchor(**a) for a in self.trust_anchors)
        self.trust_anchors = {a.arn: a for a in anchors}
        profiles = (p if isinstance(p, AnywhereProfile) else AnywhereProfile(**p) for p in self.anywhere_profiles)
        self.anywhere_profiles = {p.arn: p for p in profiles}

    @staticmethod
    def load(path):
        """Reads standin.json; relative paths in it are relative to it."""
        path = Path(path)
        document = json.loads(path.read_text())
        document["issuer_key"] = str(path.parent / document["issuer_key"])
        for entry in document["trust_anchors"]:
            entry["certificate"] = str(path.parent / entry["certificate"])
        for entry in document["token_files"]:
            entry["path"] = str(path.parent / entry["path"])
        return Registry(**document)

    def add_role(self, role):
        with self._lock:
            self.roles[role.arn] = role

    @property
    def account(self):
        """Of the first user, if there is one: where secrets are kept."""
        return self.users[0]["arn"].split(":")[4] if self.users else ""

    def add_user(self, user):
        with self._lock:
            self._keys[user["access_key_id"]] = _user_key(user)

    def remove_user(self, access_key_id):
        """The key is deleted; who holds it is a stranger."""
        with self._lock:
            del self._keys[access_key_id]

    def key(self, access_key_id):
        with self._lock:
            return self._keys.get(access_key_id) or self._issued.get(access_key_id)

    def issue(self, identity, expires):
        key = Key(
            access_key_id="ASIA" + _upper(16),
            secret_access_key=base64.b64encode(os.urandom(30)).decode(),
            session_token=base64.b64encode(b"\x21\x0a\x09" + os.urandom(600 + secrets.randbelow(280))).decode(),
            expires=expires,
            identity=identity,
        )
        with self._lock:
            self._issued[key.access_key_id] = key
        return key

    def issued(self):
        with self._lock:
            return list(self._issued.values())


def _user_key(user):
    account = user["arn"].split(":")[4]
    identity = Identity(arn=user["arn"], account=account, user_id="AIDA" + _upper(17))
    return Key(user["access_key_id"], user["secret_access_key"], identity)


def _upper(length):
    return "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(length))
