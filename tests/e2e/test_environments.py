# SPDX-License-Identifier: Apache-2.0
"""Whose credentials a host has: keyfob in zero configuration beside boto3 and the AWS SDK for Go, each given the same
variables, files and endpoints. All three name the same identity (by GetCallerIdentity, with what they found), or the
row says what differs and why."""

import json
import string
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from standin import demo
from support import aws
from support.agent import Agent, environment
from support.login_cache import LoginCache
from support.polling import until
from support.sdk import build_go
from support.sso_cache import START_URL, Cache

ERROR = "error"
ACCOUNT = demo.ACCOUNT
USERS = ("environment", "credentials", "config", "process", "other")
BOTO = """
import boto3
print(boto3.client("sts", region_name="us-east-1").get_caller_identity()["Arn"])
"""


def user(name):
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def role(name, session):
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"


@dataclass
class Row:
    """One environment. `boto` and `go` are what these say where it is not what keyfob says, and `why`."""

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
    is_logged_in: bool = False  # as PERSON, by `aws login`


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

PERSON = user("person")
LOGIN = f"login_session = {PERSON}\n"

ROWS = [
    # --- the environment ---
    Row("keys", user("environment"), KEYS),
    Row("keys of a session", role("base", "lambda"), SESSION),
    Row(
        "keys of a Lambda function",
        role("base", "lambda"),
        {**SESSION, "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023"},
    ),
    Row("keys before the files", user("environment"), KEYS, credentials="[default]\n" + pair("credentials")),
    Row(
        "keys before AWS_PROFILE",
        user("environment"),
        {**KEYS, "AWS_PROFILE": "work"},
        config="[profile work]\n" + pair("config"),
    ),
    Row("keys before a web identity", user("environment"), {**KEYS, **WEB}),
    Row("empty key variables count as none", user("credentials"), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        credentials="[default]\n" + pair("credentials")),
    Row(
        "half a pair of keys",
        ERROR,
        {"AWS_ACCESS_KEY_ID": "$environment_id"},
        credentials="[default]\n" + pair("credentials"),
        go=user("credentials"),
        why="what is configured and incomplete is an error, never passed over; Go passes it over",
    ),
    Row("web identity", role("gateway", "web"), WEB),
    Row(
        "web identity before the default profile",
        role("gateway", "web"),
        WEB,
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "a token file without a role",
        ERROR,
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "$token_file"},
    ),
    Row(
        "a role without a token file",
        user("credentials"),
        {"AWS_ROLE_ARN": demo.ROLE + "gateway"},
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "a role with an external ID on the keys of the environment",
        role("external", "outer"),
        {**KEYS, "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/external", "AWS_EXTERNAL_ID": "tenant:7",
         "AWS_ROLE_SESSION_NAME": "outer"},
        boto=user("environment"),
        go=user("environment"),
        why="no SDK knows AWS_EXTERNAL_ID; here it asks for the role",
    ),
    Row(
        "a role with an external ID on the default profile",
        role("external", "outer"),
        {"AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/external", "AWS_EXTERNAL_ID": "tenant:7",
         "AWS_ROLE_SESSION_NAME": "outer"},
        credentials="[default]\n" + pair("credentials"),
        boto=user("credentials"),
        go=user("credentials"),
        why="no SDK knows AWS_EXTERNAL_ID; here it asks for the role",
    ),
    # --- files ---
    Row("credentials file", user("credentials"), credentials="[default]\n" + pair("credentials")),
    Row("config file", user("config"), config="[default]\n" + pair("config")),
    Row(
        "both files",
        user("credentials"),
        config="[default]\n" + pair("config"),
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "AWS_PROFILE",
        user("config"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\n" + pair("config"),
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "AWS_PROFILE in the credentials file",
        user("other"),
        {"AWS_PROFILE": "work"},
        credentials="[default]\n" + pair("credentials") + "[work]\n" + pair("other"),
    ),
    Row(
        "AWS_DEFAULT_PROFILE",
        user("other"),
        {"AWS_DEFAULT_PROFILE": "work"},
        credentials="[default]\n" + pair("credentials") + "[work]\n" + pair("other"),
    ),
    Row("a profile that is not there", ERROR, {"AWS_PROFILE": "nobody"}, credentials="[default]\n" + pair("credentials")),
    Row(
        "files elsewhere",
        user("other"),
        {"AWS_CONFIG_FILE": "$home/elsewhere", "AWS_SHARED_CREDENTIALS_FILE": "$home/keys", "AWS_PROFILE": "x"},
        files={"elsewhere": "[profile x]\nregion = eu-west-1\n", "keys": "[x]\n" + pair("other")},
    ),
    Row("`[profile default]`", user("config"), config="[profile default]\n" + pair("config")),
    Row(
        "blank lines, comments and blanks around names",
        user("config"),
        {"AWS_PROFILE": "work"},
        config="# one\n\n; two\n[profile   work]\n\n" + pair("config").replace(" = ", "   =   ") + "\n",
    ),
    Row(
        "keys in capitals",
        user("config"),
        config="[default]\nAWS_ACCESS_KEY_ID = $config_id\nAws_Secret_Access_Key = $config_secret\n",
    ),
    Row(
        "a section twice",
        user("config"),
        config="[default]\nregion = us-east-1\n[default]\n" + pair("config"),
        boto=ERROR,
        why="the cross-SDK rules merge the two; boto3 refuses the file",
    ),
    Row(
        "half a pair in the credentials file",
        ERROR,
        credentials="[default]\naws_access_key_id = $credentials_id\n",
    ),
    Row(
        "sub-properties are not settings",
        user("config"),
        config="[default]\ns3 =\n    region = eu-west-1\n    max_concurrent_requests = 3\n" + pair("config"),
    ),
    # --- roles ---
    Row(
        "a role on a source profile",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\n" + hop() + "[profile base]\n" + pair("config"),
    ),
    Row(
        "a role on a source profile of the credentials file",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\n" + hop(),
        credentials="[base]\n" + pair("credentials"),
    ),
    Row(
        "a role in the credentials file",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        credentials="[base]\n" + pair("credentials") + "[work]\nsource_profile = base\n" + hop(),
    ),
    Row(
        "three roles",
        role("third", "ccc"),
        {"AWS_PROFILE": "c"},
        config="[profile c]\nsource_profile = b\n" + hop("third", "ccc")
        + "[profile b]\nsource_profile = a\n" + hop("second", "bbb")
        + "[profile a]\nsource_profile = base\n" + hop("hop", "aaa")
        + "[profile base]\n" + pair("config"),
    ),
    Row(
        "a profile that is its own source",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = work\n" + hop() + pair("config"),
    ),
    Row(
        "a role before the profile's own keys",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\n" + hop() + pair("other") + "[profile base]\n" + pair("config"),
    ),
    Row(
        "keys before a role from the second hop on",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = middle\n" + hop()
        + "[profile middle]\nsource_profile = base\n" + hop("second", "bbb") + pair("other")
        + "[profile base]\n" + pair("config"),
        go=ERROR,
        why="keys end a chain, as in boto3; Go goes on to its last source, and second does not trust that",
    ),
    Row(
        "a circle",
        ERROR,
        {"AWS_PROFILE": "a"},
        config="[profile a]\nsource_profile = b\n" + hop() + "[profile b]\nsource_profile = a\n" + hop(),
    ),
    Row("a source that is not there", ERROR, {"AWS_PROFILE": "a"}, config="[profile a]\nsource_profile = b\n" + hop()),
    Row("a role without a source", ERROR, {"AWS_PROFILE": "a"}, config="[profile a]\n" + hop()),
    Row(
        "external_id and duration_seconds",
        role("external", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\nexternal_id = tenant:7\nduration_seconds = 1800\n"
        + hop("external") + "[profile base]\n" + pair("config"),
    ),
    Row(
        "a wrong external_id",
        ERROR,
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\nexternal_id = tenant:8\n"
        + hop("external") + "[profile base]\n" + pair("config"),
    ),
    Row(
        "keys before a profile on credential_source Environment",
        user("environment"),
        {**KEYS, "AWS_PROFILE": "work"},
        config="[profile work]\ncredential_source = Environment\n" + hop(),
    ),
    Row(
        "source_profile beside credential_source",
        ERROR,
        {"AWS_PROFILE": "work"},
        config="[profile work]\ncredential_source = Environment\nsource_profile = base\n" + hop()
        + "[profile base]\n" + pair("config"),
    ),
    Row(
        "a profile's web identity",
        role("gateway", "row"),
        {"AWS_PROFILE": "work"},
        config=f"[profile work]\nrole_arn = {demo.ROLE}gateway\nrole_session_name = row\n"
        "web_identity_token_file = $token_file\n",
    ),
    Row(
        "a role on a profile's web identity",
        role("after-web", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = web\n" + hop("after-web")
        + f"[profile web]\nrole_arn = {demo.ROLE}gateway\nrole_session_name = row\n"
        "web_identity_token_file = $token_file\n",
    ),
    # --- programs ---
    Row("credential_process", user("process"), config="[default]\ncredential_process = $program\n"),
    Row(
        "credential_process with quotes",
        user("process"),
        config='[default]\ncredential_process = "$program" "with blank" \'$$HOME\'\n',
    ),
    Row(
        "credential_process that fails",
        ERROR,
        IMDS,
        config="[default]\ncredential_process = /bin/false\n",
    ),
    Row(
        "keys of the credentials file before credential_process",
        user("credentials"),
        config="[default]\ncredential_process = $program\n",
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "a role on credential_process",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\n" + hop() + "[profile base]\ncredential_process = $program\n",
    ),
    # --- IAM Identity Center ---
    Row(
        "a session of IAM Identity Center",
        SSO_ARN,
        {"AWS_PROFILE": "dev"},
        config="[profile dev]\nsso_session = corp\n" + SSO + SSO_SESSION,
        login="corp",
    ),
    Row(
        "IAM Identity Center without a session",
        SSO_ARN,
        {"AWS_PROFILE": "dev"},
        config=f"[profile dev]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n" + SSO,
        login=START_URL,
    ),
    Row(
        "nobody logged in",
        ERROR,
        {"AWS_PROFILE": "dev", **IMDS},
        config="[profile dev]\nsso_session = corp\n" + SSO + SSO_SESSION,
    ),
    Row(
        "a session that is not there",
        ERROR,
        {"AWS_PROFILE": "dev"},
        config="[profile dev]\nsso_session = other\n" + SSO + SSO_SESSION,
        login="corp",
    ),
    Row(
        "a role on IAM Identity Center",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = dev\n" + hop()
        + "[profile dev]\nsso_session = corp\n" + SSO + SSO_SESSION,
        login="corp",
    ),
    # --- aws login ---
    Row(
        "a session of aws login",
        PERSON,
        {"AWS_PROFILE": "dev"},
        config="[profile dev]\n" + LOGIN,
        is_logged_in=True,
    ),
    Row(
        "a session of aws login in the credentials file",
        PERSON,
        {"AWS_PROFILE": "dev"},
        credentials="[dev]\n" + LOGIN,
        is_logged_in=True,
    ),
    Row(
        "a session of aws login elsewhere",
        PERSON,
        {"AWS_LOGIN_CACHE_DIRECTORY": "$home/.aws/login/cache", "HOME": "/nonexistent",
         "AWS_CONFIG_FILE": "$home/.aws/config"},
        config="[default]\n" + LOGIN,
        is_logged_in=True,
    ),
    Row("nobody did aws login", ERROR, {"AWS_PROFILE": "dev", **IMDS}, config="[profile dev]\n" + LOGIN),
    Row(
        "keys of the credentials file before aws login",
        user("credentials"),
        config="[default]\n" + LOGIN,
        credentials="[default]\n" + pair("credentials"),
        is_logged_in=True,
    ),
    Row(
        "aws login before keys of the config file",
        PERSON,
        config="[default]\n" + LOGIN + pair("config"),
        is_logged_in=True,
        go=user("config"),
        why="boto3's order; for Go, keys go before all else of a profile",
    ),
    Row(
        "aws login before credential_process",
        PERSON,
        config="[default]\ncredential_process = $program\n" + LOGIN,
        is_logged_in=True,
    ),
    Row(
        "IAM Identity Center before aws login",
        SSO_ARN,
        {"AWS_PROFILE": "dev"},
        config="[profile dev]\nsso_session = corp\n" + SSO + LOGIN + SSO_SESSION,
        login="corp",
        is_logged_in=True,
    ),
    Row(
        "a role on aws login",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = dev\n" + hop() + "[profile dev]\n" + LOGIN,
        is_logged_in=True,
        go=ERROR,
        why="the SDK for Go does not count login_session as credentials of a source profile",
    ),
    # --- endpoints ---
    Row(
        "an endpoint of a services section",
        role("hop", "row"),
        {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": None},
        config="[profile work]\nservices = local\nsource_profile = base\n" + hop()
        + "[profile base]\n" + pair("config") + "[services local]\nsts =\n  endpoint_url = $url\n",
    ),
    Row(
        "an endpoint of the profile",
        role("hop", "row"),
        {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": None},
        config="[profile work]\nendpoint_url = $url\nsource_profile = base\n" + hop() + "[profile base]\n" + pair("config"),
        go=ERROR,
        why="the SDK for Go takes AWS_ENDPOINT_URL_STS and services sections for a profile's role, nothing else",
    ),
    Row(
        "an endpoint of the environment before that of the profile",
        role("hop", "row"),
        {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": None, "AWS_ENDPOINT_URL": "$url"},
        config="[profile work]\nendpoint_url = http://127.0.0.1:1\nsource_profile = base\n" + hop()
        + "[profile base]\n" + pair("config"),
        go=ERROR,
        why="the SDK for Go takes AWS_ENDPOINT_URL_STS and services sections for a profile's role, nothing else",
    ),
    # --- the host ---
    Row("container", role("in-container", "container"), CONTAINER),
    Row("container with a token file", role("in-container", "container"), CONTAINER_FILE, files={"token": "$container_token"}),
    Row("container before the instance", role("in-container", "container"), {**CONTAINER, **IMDS}),
    Row("a container endpoint that refuses", ERROR, {**CONTAINER, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong", **IMDS}),
    Row(
        "a container endpoint that may not be asked",
        ERROR,
        {**CONTAINER, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.7/creds"},
    ),
    Row("files before the container", user("config"), CONTAINER, config="[default]\n" + pair("config")),
    Row("instance", role("on-instance", "i-0123456789abcdef0"), IMDS),
    Row(
        "instance by the profile's endpoint",
        role("on-instance", "i-0123456789abcdef0"),
        {"AWS_EC2_METADATA_DISABLED": "false"},
        config="[default]\nec2_metadata_service_endpoint = $url\n",
    ),
    Row("instance, switched off", ERROR, {**IMDS, "AWS_EC2_METADATA_DISABLED": "true"}),
    Row(
        "a role on credential_source EcsContainer",
        role("hop", "row"),
        {**CONTAINER, "AWS_PROFILE": "work"},
        config="[profile work]\ncredential_source = EcsContainer\n" + hop(),
    ),
    Row(
        "a role on credential_source Ec2InstanceMetadata",
        role("hop", "row"),
        {**IMDS, "AWS_PROFILE": "work"},
        config="[profile work]\ncredential_source = Ec2InstanceMetadata\n" + hop(),
    ),
    Row("nothing at all", ERROR),
]


BASE = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
    "AWS_ENDPOINT_URL_STS": "$url",
    "AWS_ENDPOINT_URL_SSO": "$url",
    "AWS_MAX_ATTEMPTS": "1",
}


@pytest.fixture(scope="module")
def go_program():
    return build_go()


@pytest.fixture(scope="module")
def world(standin_process):
    """Users with keys of their own, roles that trust them, and the values that rows may name."""
    users = {name: {"arn": user(name), "access_key_id": f"AKIATEST{name.upper():X<12}"[:20],
                    "secret_access_key": f"{name}-" + "s" * 30} for name in USERS}
    for document in users.values():
        standin_process.control("POST", "users", document)
    arn = f"arn:aws:iam::{ACCOUNT}:role/"
    hosts = ("in-container", "on-instance")
    people = (*(u["arn"] for u in users.values()), PERSON)
    people = (*people, f"{arn}aws-reserved/sso.amazonaws.com/{SSO_ROLE}")
    trusted = [{"principal": p} for p in (*people, *(arn + h for h in hosts))]
    outer = [{"principal": u["arn"], "external_id": "tenant:7"} for u in users.values()]
    for name, trust in (
        *((h, []) for h in hosts),
        ("hop", trusted),
        ("external", outer),
        ("second", [{"principal": arn + "hop"}]),
        ("third", [{"principal": arn + "second"}]),
        ("after-web", [{"principal": demo.ROLE + "gateway"}]),
    ):
        standin_process.control("POST", "roles", {"arn": arn + name, "trust": trust})
    values = {}
    for name, document in users.items():
        values[f"{name}_id"], values[f"{name}_secret"] = document["access_key_id"], document["secret_access_key"]
    sts = aws.client(standin_process, "sts", standin_process.user)
    session = sts.assume_role(RoleArn=demo.ROLE + "base", RoleSessionName="lambda")["Credentials"]
    values["session_id"], values["session_secret"] = session["AccessKeyId"], session["SecretAccessKey"]
    values["session_token"] = session["SessionToken"]
    values["container_token"] = "container-token-" + "t" * 30
    return {**values, "url": standin_process.url, "token_file": str(standin_process.dir / "token.jwt")}


class Host:
    """A home folder with a row's files, and its environment."""

    def __init__(self, folder, row, world):
        self.folder, self.values = folder, {**world, "home": str(folder), "program": str(folder / "program")}
        (folder / ".aws").mkdir()
        for name, text in {".aws/config": row.config, ".aws/credentials": row.credentials, **row.files}.items():
            if text:
                (folder / name).write_text(self.fill(text))
        document = {"Version": 1, "AccessKeyId": world["process_id"], "SecretAccessKey": world["process_secret"]}
        program = folder / "program"
        program.write_text(f"#!/bin/sh\ncat <<'E'\n{json.dumps(document)}\nE\n")
        program.chmod(0o755)
        self.env = {k: self.fill(v) for k, v in {**BASE, **row.env}.items() if v is not None}

    def fill(self, text):
        return string.Template(text).substitute(self.values)

    def run(self, *command):
        """The ARN that a program prints, or ERROR."""
        done = subprocess.run(command, env=environment(self.folder, **self.env), capture_output=True, text=True, timeout=60)
        return done.stdout.strip() if done.returncode == 0 else ERROR

    def keyfob(self, standin):
        agent = Agent(self.folder, None, ["--socket", self.folder / "k.sock"], environment(self.folder, **self.env))
        try:
            if agent.process.poll() is None and not self._listens(agent):
                assert agent.process.wait(10) == 78, agent.stderr()
                return ERROR, None
            # Not a long wait: it outlasts faults that may pass, as that of a command is.
            agent.call("GET", "/v1/profiles/default/credentials?wait=0")
            about = until(lambda: self._settled(agent.profile("default")), what="credentials, or an error")
            reply = agent.call("GET", "/v1/profiles/default/credentials?wait=0")
            agent.end()
            agent.check_log([v for k, v in self.values.items() if k.endswith(("_secret", "_token"))])
            if reply.status != 200:
                return ERROR, about
            identity = aws.client(standin, "sts", reply.json()).get_caller_identity()
            return identity["Arn"], about
        finally:
            if agent.process.poll() is None:
                agent.process.kill()
                agent.process.wait()

    @staticmethod
    def _settled(about):
        return about if about["state"] == "fresh" or about["last_error"] else None

    @staticmethod
    def _listens(agent):
        try:
            agent.wait_until_listening()
            return True
        except AssertionError:
            return False


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_same_identity(row, standin, world, folder, go_program):
    host = Host(folder, row, world)
    arn = f"arn:aws:iam::{ACCOUNT}:role/"
    roles = {"container_role": arn + "in-container", "instance_role": arn + "on-instance"}
    standin.control("POST", "host", {**roles, "authorization": world["container_token"]})
    if row.login:
        Cache(folder, standin).log_in(row.login)
    if row.is_logged_in:  # credentials that need no refresh: of three at once, two would come too late
        LoginCache(folder, standin).log_in(PERSON)
    with ThreadPoolExecutor() as pool:
        boto = pool.submit(host.run, sys.executable, "-c", BOTO)
        go = pool.submit(host.run, go_program)
        keyfob, about = host.keyfob(standin)
    assert keyfob == row.keyfob, about
    assert boto.result() == (row.boto or row.keyfob)
    assert go.result() == (row.go or row.keyfob)
    assert row.why or not (row.boto or row.go)
    if about and keyfob != ERROR:
        assert about["source"] == about["chain"][-1]["link"]


def test_enough_rows():
    assert len(ROWS) >= 30 and len({row.name for row in ROWS}) == len(ROWS)
