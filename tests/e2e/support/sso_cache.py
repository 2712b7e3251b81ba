# SPDX-License-Identifier: Apache-2.0
"""The token cache of IAM Identity Center, as the AWS CLI keeps it."""

import datetime
import hashlib
import json

START_URL = "https://d-1234567890.awsapps.com/start"


def rfc3339(time_s, suffix="Z"):
    return datetime.datetime.fromtimestamp(int(time_s), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + suffix


class Cache:
    """~/.aws/sso/cache of a home, as the AWS CLI keeps it."""

    def __init__(self, home, standin):
        self.home, self._standin = home, standin
        self.folder = home / ".aws" / "sso" / "cache"

    def path(self, key="my-sso"):
        return self.folder / (hashlib.sha1(key.encode()).hexdigest() + ".json")

    def read(self, key="my-sso"):
        return json.loads(self.path(key).read_text())

    def log_in(self, key="my-sso", suffix="Z", more=None, **login):
        """Writes what a login of the AWS CLI would have written."""
        tokens = self._standin.control("POST", "sso", {"login": {"start_url": START_URL, **login}})
        document = {"startUrl": START_URL, "region": "us-east-1", **tokens, **(more or {})}
        for name in ("expiresAt", "registrationExpiresAt"):
            document[name] = rfc3339(document[name], suffix)
        if "refreshToken" not in document:
            for name in ("clientId", "clientSecret", "registrationExpiresAt"):
                del document[name]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path(key).write_text(json.dumps(document))
        self.path(key).chmod(0o600)
        return document
