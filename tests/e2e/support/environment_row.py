# SPDX-License-Identifier: Apache-2.0
"""A row of test_environments.py, and what its fields are put together from."""

from dataclasses import dataclass, field

from standin import demo
from support.sso_cache import START_URL

ERROR = "error"
ACCOUNT = demo.ACCOUNT
USERS = ("environment", "credentials", "config", "process", "other")


def user(name):
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def role(name, session):
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"


@dataclass
class Row:
    """One environment. `boto` and `go` are what these find where keyfob finds something else, for the reason `why`."""

    name: str
    keyfob: str
    env: dict = field(default_factory=dict)
    config: str = ""
    credentials: str = ""
    boto: str = None
    go: str = None
    why: str = ""
    files: dict = field(default_factory=dict)
    login: str = ""  # whose token is in the cache of IAM Identity Center: a session's name, or a start URL
    is_logged_in: bool = False  # as INTERACTIVE, by `aws login`


KEYS = {"AWS_ACCESS_KEY_ID": "$environment_id", "AWS_SECRET_ACCESS_KEY": "$environment_secret"}
SESSION = {
    "AWS_ACCESS_KEY_ID": "$session_id",
    "AWS_SECRET_ACCESS_KEY": "$session_secret",
    "AWS_SESSION_TOKEN": "$session_token",
}
WEB = {
    "AWS_ROLE_ARN": demo.ROLE + "gateway",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "$token_file",
    "AWS_ROLE_SESSION_NAME": "web",
}

def pair(name):
    return f"aws_access_key_id = ${name}_id\naws_secret_access_key = ${name}_secret\n"


def hop(name="hop", session="row"):
    return f"role_arn = arn:aws:iam::{ACCOUNT}:role/{name}\nrole_session_name = {session}\n"


CONTAINER = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "$url/v1/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "$container_token",
}
CONTAINER_FILE = {**CONTAINER, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "$home/token"}
IMDS = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "$url"}
SSO = "sso_account_id = 111122223333\nsso_role_name = reader\n"
SSO_ROLE = "AWSReservedSSO_reader_0123456789abcdef"
SSO_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/{SSO_ROLE}/person"
SSO_SESSION = f"[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"

INTERACTIVE = user("person")
LOGIN = f"login_session = {INTERACTIVE}\n"
