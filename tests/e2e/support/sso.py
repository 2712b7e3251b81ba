# SPDX-License-Identifier: Apache-2.0
"""Profiles of IAM Identity Center, their logins, and botocore with the same settings."""

import os

import botocore.session
from botocore.tokens import SSOTokenProvider
from support.agent import environment
from support.sso_cache import START_URL

ACCOUNT = "123456789012"


def sso(standin, role="Dev Role", **more):
    return {
        "type": "sso",
        "sso_session": "my-sso",
        "sso_start_url": START_URL,
        "sso_region": "us-east-1",
        "sso_account_id": ACCOUNT,
        "sso_role_name": role,
        "endpoint_url": standin.url,
        **more,
    }


def legacy(standin, **more):
    profile = sso(standin, **more)
    del profile["sso_session"]
    return profile


def boto_session(folder, standin, monkeypatch):
    """botocore with the same settings in ~/.aws/config."""
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / "config").write_text(
        "[profile dev]\nregion = us-east-1\nsso_session = my-sso\n"
        f"sso_account_id = {ACCOUNT}\nsso_role_name = Dev Role\n"
        f"[sso-session my-sso]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
    )
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in environment(folder, AWS_ENDPOINT_URL=standin.url, AWS_EC2_METADATA_DISABLED="true").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(folder / ".aws" / "sso" / "cache"))
    session = botocore.session.Session(profile="dev")
    return session


def begin(agent, name="dev"):
    """Begins a login; returns the answer of the agent."""
    reply = agent.call("POST", f"/v1/profiles/{name}/login", {})
    assert reply.status == 200, reply.body
    return reply.json()


def progress(agent, name="dev"):
    """How far the login is."""
    return agent.call("GET", f"/v1/profiles/{name}/login").json()
