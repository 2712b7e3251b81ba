# SPDX-License-Identifier: Apache-2.0
"""~/.aws files in the folder of a test, and who boto3 is with them."""

import json
import sys

from standin import demo

from support.agent import environment
from support.aws import echo
from support.programs import output_of, run

BOTO = """
import json, boto3
credentials = boto3.Session().get_credentials().get_frozen_credentials()
print(json.dumps({"AccessKeyId": credentials.access_key, "SecretAccessKey": credentials.secret_key,
                  "SessionToken": credentials.token}))
"""


def keys(standin):
    user = standin.user
    return f"aws_access_key_id = {user['access_key_id']}\naws_secret_access_key = {user['secret_access_key']}\n"


def files(folder, config="", credentials=""):
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / "config").write_text(config)
    (folder / ".aws" / "credentials").write_text(credentials)


def variables(standin, folder, **more):
    return environment(
        folder,
        KEYFOB_SOCKET=str(folder / "k.sock"),
        AWS_ENDPOINT_URL_STS=standin.url,
        AWS_DEFAULT_REGION=demo.REGION,
        AWS_EC2_METADATA_DISABLED="true",
        **more,
    )


def boto(standin, env):
    return echo(standin, json.loads(output_of(run(sys.executable, "-c", BOTO, env=env))))


def role(name, source, more=""):
    return f"role_arn = {name}\nsource_profile = {source}\n{more}"
