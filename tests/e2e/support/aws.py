# SPDX-License-Identifier: Apache-2.0
"""Real AWS clients, pointed at the stand-in."""

import json

import boto3
from botocore.config import Config

ONE_TRY = Config(parameter_validation=False, retries={"total_max_attempts": 1, "mode": "standard"})


def client(standin, service, credentials):
    """A client with the credentials of a credential_process document (or of a user's key)."""
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=standin.url,
        config=ONE_TRY,
        aws_access_key_id=credentials.get("AccessKeyId") or credentials["access_key_id"],
        aws_secret_access_key=credentials.get("SecretAccessKey") or credentials["secret_access_key"],
        aws_session_token=credentials.get("SessionToken"),
    )


def echo(standin, credentials):
    """What the Bedrock echo saw of a Converse call: the credentials work, and whose they are."""
    bedrock = client(standin, "bedrock-runtime", credentials)
    answer = bedrock.converse(
        modelId="anthropic.claude-3-5-sonnet-20240620-v1:0",
        messages=[{"role": "user", "content": [{"text": "hi"}]}],
    )
    return json.loads(answer["output"]["message"]["content"][0]["text"])
