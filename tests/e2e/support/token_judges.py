# SPDX-License-Identifier: Apache-2.0
"""Tokens as AWS's own libraries make them, for credentials and a time of the test's choice."""

import contextlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from unittest import mock
from urllib.parse import ParseResult, urlencode, urlunparse

import botocore.auth
import botocore.session
from aws_bedrock_token_generator import token_generator
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.credentials import CredentialProvider, Credentials
from botocore.model import ServiceId
from botocore.signers import RequestSigner


# A process of its own: the AWS CLI brings its own botocore, under the same name.
AWS_CLI = """
import sys
from datetime import UTC, datetime
import awscli.clidriver
import awscli.customizations.eks.get_token as get_token
import botocore.auth
now = datetime.fromtimestamp(int(sys.argv[1]), UTC).replace(tzinfo=None)
botocore.auth.get_current_datetime = get_token.get_current_datetime = lambda: now
sys.exit(awscli.clidriver.create_clidriver().main(sys.argv[2:]))
"""


@contextlib.contextmanager
def clock(seconds):
    """Where awscrt is installed, botocore signs with it, by its own clock and in another order of parameters."""
    now = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    own = {"v4": botocore.auth.SigV4Auth, "v4-query": botocore.auth.SigV4QueryAuth}
    with (
        mock.patch.object(botocore.auth, "get_current_datetime", lambda: now),
        mock.patch.dict(botocore.auth.AUTH_TYPE_MAPS, own),
    ):
        yield


class Judge:
    """`keys` is a credential_process document."""

    def __init__(self, keys, seconds):
        self.keys, self.seconds = keys, seconds
        self.arguments = (keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
        self.credentials = Credentials(*self.arguments)

    def client(self, service, region):
        session = botocore.session.Session()
        session.set_credentials(*self.arguments)
        return session.create_client(service, region_name=region)

    def bedrock(self, region, expires=43200):
        with clock(self.seconds):
            if expires == 43200:
                return token_generator.BedrockTokenGenerator().get_token(self.credentials, region)
            return token_generator._generate_token(self.credentials, region, expires)

    def exec_credential(self, region, *arguments, exec_info=None):
        """What `aws eks get-token` prints."""
        environment = {
            "PATH": os.environ["PATH"],
            "BOTO_DISABLE_CRT": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_ACCESS_KEY_ID": self.arguments[0],
            "AWS_SECRET_ACCESS_KEY": self.arguments[1],
            **({"AWS_SESSION_TOKEN": self.arguments[2]} if self.arguments[2] else {}),
            **({"KUBERNETES_EXEC_INFO": exec_info} if exec_info else {}),
        }
        command = [sys.executable, "-c", AWS_CLI, str(self.seconds), "eks", "get-token", "--region", region]
        done = subprocess.run([*command, "--output", "json", *arguments], env=environment, capture_output=True, check=True)
        return json.loads(done.stdout)

    def eks(self, region, cluster):
        return self.exec_credential(region, "--cluster-name", cluster)["status"]["token"]

    def rds(self, region, hostname, port, username):
        with clock(self.seconds):
            return self.client("rds", region).generate_db_auth_token(hostname, port, username)

    def _cache(self, service, region, name, query):
        """As the user guides of ElastiCache and MemoryDB describe it."""
        session = botocore.session.Session()
        signer = RequestSigner(
            ServiceId(service), region, service, "v4", self.credentials, session.get_component("event_emitter")
        )
        url = urlunparse(ParseResult("https", name, "/", query=urlencode(query), params="", fragment=""))
        request = {"method": "GET", "url": url, "body": {}, "headers": {}, "context": {}}
        with clock(self.seconds):
            signed = signer.generate_presigned_url(request, operation_name="connect", expires_in=900, region_name=region)
        return signed.removeprefix("https://")

    def elasticache(self, region, name, user, serverless=False):
        more = {"ResourceType": "ServerlessCache"} if serverless else {}
        return self._cache("elasticache", region, name, {"Action": "connect", "User": user, **more})

    def memorydb(self, region, name, user):
        return self._cache("memorydb", region, name, {"Action": "connect", "User": user})

    def dsql(self, region, hostname, action="DbConnect", expires=900):
        client = self.client("dsql", region)
        generate = {
            "DbConnect": client.generate_db_connect_auth_token,
            "DbConnectAdmin": client.generate_db_connect_admin_auth_token,
        }[action]
        with clock(self.seconds):
            return generate(hostname, region, expires)

    def msk(self, region):
        """(token, its end in milliseconds)"""
        credentials = self.credentials

        class Provider(CredentialProvider):
            def load(self):
                return credentials

        with clock(self.seconds):
            return MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(region, Provider())


def msk_user_agent():
    return MSKAuthTokenProvider.__dict__["__get_user_agent__"]()
