# SPDX-License-Identifier: Apache-2.0
"""The cache of `aws login`, as the AWS CLI keeps it."""

import hashlib
import json

from support.sso_cache import rfc3339

ACCOUNT = "123456789012"
ME = f"arn:aws:iam::{ACCOUNT}:user/me"


class LoginCache:
    """~/.aws/login/cache of a home."""

    def __init__(self, home, standin):
        self.home, self._standin = home, standin
        self.folder = home / ".aws" / "login" / "cache"

    def path(self, arn=ME):
        return self.folder / (hashlib.sha256(arn.encode()).hexdigest() + ".json")

    def read(self, arn=ME):
        return json.loads(self.path(arn).read_text())

    def write(self, document, arn=ME):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path(arn).write_text(json.dumps(document))
        self.path(arn).chmod(0o600)

    def log_in(self, arn=ME, more=None, **login):
        """Writes what a login would have written."""
        document = self._standin.control("POST", "signin", {"login": {"arn": arn, **login}})
        document["accessToken"]["expiresAt"] = rfc3339(document["accessToken"]["expiresAt"])
        document.update(more or {})
        self.write(document, arn)
        return document


def login(standin, **more):
    """A profile with the session of ME."""
    return {"type": "login", "login_session": ME, "endpoint_url": standin.url, **more}


def refreshes(standin):
    return standin.calls(action="CreateOAuth2Token")
