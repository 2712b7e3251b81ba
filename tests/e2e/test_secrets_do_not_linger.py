# SPDX-License-Identifier: Apache-2.0
"""When credentials are replaced, dropped or removed, no copy of them stays in the agent's memory: not of the secret
access key, not of the session token. The release build is searched, page by page."""

import os
import sys
from secrets import token_urlsafe

import pytest
from standin import demo
from support import memory, paths
from support.agent import environment
from support.polling import until
from support.profiles import config
from support.sso import sso
from support.sso_cache import Cache

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root reads the memory of a process that forbids it")

REQUEST = {"method": "POST", "url": "https://bedrock-runtime.us-east-1.amazonaws.com/x", "payload_text": "{}"}
PRESIGN = {"method": "GET", "url": "https://bkt.s3.us-east-1.amazonaws.com/x", "expires_in": 60}


def source_irsa(standin, profiles, folder):
    return config(subject=profiles.irsa())


def source_irsa_over_tls(standin, profiles, folder):
    tls = {"endpoint_url": standin.tls_url.replace("127.0.0.1", "localhost"), "ca_bundle": str(standin.dir / "tls-ca.pem")}
    return config(subject=profiles.irsa(**tls))


def source_roles_anywhere(standin, profiles, folder):
    return config(subject=profiles.onprem())


def source_assume_role(standin, profiles, folder):
    return config(base=profiles.irsa(), subject=profiles.assume("base"))


def source_imds(standin, profiles, folder):
    standin.control("POST", "host", {"instance_role": demo.ROLE + "base"})
    return config(subject={"type": "imds", "endpoint": standin.url})


def source_sso(standin, profiles, folder):
    Cache(folder, standin).log_in()
    return config(subject=sso(standin))


def source_process(standin, profiles, folder):
    """Other credentials at each call."""
    script = folder / "process.py"
    script.write_text(
        "import json, secrets, time\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': 'ASIA' + secrets.token_hex(8).upper(),"
        " 'SecretAccessKey': secrets.token_urlsafe(30), 'SessionToken': secrets.token_urlsafe(300),"
        " 'Expiration': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 3600))}))\n"
    )
    script.chmod(0o700)
    return config(subject={"type": "process", "credential_process": f"{sys.executable} {script}"})


SOURCES = [
    source_irsa,
    source_irsa_over_tls,
    source_roles_anywhere,
    source_assume_role,
    source_imds,
    source_sso,
    source_process,
]


@pytest.fixture(params=SOURCES, ids=lambda source: source.__name__.removeprefix("source_"))
def agent(request, start, standin, profiles, folder):
    settings = request.param(standin, profiles, folder)
    agent = start(settings, binary=paths.RELEASE / "keyfobd")
    agent.settings = settings
    return agent


def use(agent):
    """Has the credentials served, and requests signed with them; returns their secrets."""
    document = agent.credentials("subject")
    assert agent.sign("subject", REQUEST).status == 200
    assert agent.call("POST", "/v1/profiles/subject/presign", PRESIGN).status == 200
    return {name: document[name] for name in ("SecretAccessKey", "SessionToken")}


def rotate(agent):
    """The next generation, which is used as the one before was."""
    before = agent.profile("subject")["generation"]
    assert agent.refresh("subject").status < 300
    until(lambda: agent.profile("subject")["generation"] > before, what="the next generation")
    return use(agent)


def assert_gone(agent, secrets):
    agent.call("GET", "/livez")  # another request has been served since
    assert memory.find(agent.process.pid, secrets) == {}


def test_after_rotations(agent):
    first = use(agent)
    assert set(memory.find(agent.process.pid, first)) == set(first), "the scan finds what is there"
    second = rotate(agent)
    third = rotate(agent)
    assert third["SecretAccessKey"] not in (first["SecretAccessKey"], second["SecretAccessKey"])
    assert_gone(agent, first)
    assert_gone(agent, second)
    assert set(memory.find(agent.process.pid, third)) == set(third)


def test_after_they_are_dropped(agent):
    secrets = use(agent)
    assert agent.call("DELETE", "/v1/profiles/subject/credentials").status < 300
    assert_gone(agent, secrets)


def test_after_the_profile_is_removed(agent, profiles):
    secrets = use(agent)
    remaining = config(other=profiles.static())
    agent.reload(remaining)
    assert agent.call("GET", "/v1/profiles/subject").status == 404
    assert_gone(agent, secrets)


def test_static_keys_after_the_profile_is_removed(start, standin, profiles, folder):
    secret, token = token_urlsafe(30), token_urlsafe(300)
    static = {"type": "static", "access_key_id": "AKIACANARY0000000001", "secret_access_key": secret}
    settings = config(subject={**static, "session_token": token}, other=profiles.irsa())
    agent = start(settings, binary=paths.RELEASE / "keyfobd")
    secrets = use(agent)
    assert set(memory.find(agent.process.pid, secrets)) == set(secrets)
    agent.reload(config(other=profiles.irsa()))
    assert_gone(agent, secrets)


def test_files_of_keys_after_they_change(start, profiles, folder):
    """The shared credentials file is read anew; the old keys go."""
    home = folder / "aws"
    home.mkdir()
    shared = home / "credentials"
    old, new = token_urlsafe(30), token_urlsafe(30)
    form = "[default]\naws_access_key_id = AKIACANARY000000000{}\naws_secret_access_key = {}\n"
    shared.write_text(form.format(1, old))
    settings = config(subject={"type": "shared_config", "profile": "default"})
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(shared), "AWS_CONFIG_FILE": str(home / "config")}
    agent = start(settings, binary=paths.RELEASE / "keyfobd", env=environment(folder, **env))
    assert agent.credentials("subject")["SecretAccessKey"] == old
    assert agent.sign("subject", REQUEST).status == 200
    shared.write_text(form.format(2, new))
    agent.reload()
    until(lambda: agent.credentials("subject")["SecretAccessKey"] == new, what="the new keys")
    assert_gone(agent, {"SecretAccessKey": old})
