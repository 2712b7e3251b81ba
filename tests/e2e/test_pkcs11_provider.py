# SPDX-License-Identifier: Apache-2.0
"""Keys in a token by OpenSSL's provider `pkcs11`, which Debian has from 13 on; test_roles_anywhere_keys.py has the
engine. KEYFOB_PKCS11_PROVIDER names the provider's file where it is somewhere else."""

import os
from pathlib import Path

import pytest
from standin import demo
from support import paths
from support.agent import environment
from support.aws import echo
from support.profiles import config
from support.tokens import Token, library

ALGORITHMS = {"rsa": "AWS4-X509-RSA-SHA256", "ec": "AWS4-X509-ECDSA-SHA256"}


def provider_file():
    named = os.environ.get("KEYFOB_PKCS11_PROVIDER")
    if named:
        return Path(named)
    try:
        return Path(library("ossl-modules/pkcs11.so"))
    except AssertionError:
        return None


pytestmark = pytest.mark.skipif(provider_file() is None, reason="no pkcs11-provider here (Debian 13 has it)")


@pytest.fixture
def token(standin, folder):
    token = Token(folder / "hsm")
    for number, kind in enumerate(ALGORITHMS, 1):
        token.put(kind, number, standin.certificate(f"{kind}-key.pem"), standin.certificate(f"{kind}.pem"))
    return token


@pytest.fixture
def env(token, folder):
    """OpenSSL finds the provider, and the provider its module."""
    modules, conf = folder / "ossl-modules", folder / "openssl.cnf"
    modules.mkdir()
    (modules / "pkcs11.so").symlink_to(provider_file())
    conf.write_text(
        "openssl_conf = init\n[init]\nproviders = providers\n[providers]\npkcs11 = token\n"
        f"[token]\nidentity = pkcs11\npkcs11-module-path = {token.module}\npkcs11-module-quirks = no-deinit\n"
    )
    return environment(folder, OPENSSL_CONF=str(conf), OPENSSL_MODULES=str(modules), **token.env)


def profile(profiles, token, kind, **more):
    fields = {"private_key_passphrase_file": str(token.pin_file), **more}
    return {**profiles.onprem(f"{kind}.pem"), "private_key": token.uri(kind), **fields}


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_signs(start, standin, profiles, token, env, kind):
    agent = start(config(hsm=profile(profiles, token, kind)), env=env, binary=paths.RELEASE / "keyfobd")
    first = agent.credentials("hsm")
    assert agent.refresh("hsm").status == 200
    second = agent.credentials("hsm")
    assert first["AccessKeyId"] != second["AccessKeyId"]
    assert echo(standin, second)["role"] == demo.ROLE + "onprem"
    call = standin.calls(action="CreateSession")[-1]
    assert call["verified"] and call["algorithm"] == ALGORITHMS[kind]
    assert token.pin not in agent.stderr()


def test_wrong_pin(start, profiles, token, env, folder):
    """It is tried once: tokens lock themselves."""
    wrong = folder / "wrong-pin"
    wrong.write_text("000000\n")
    agent = start(
        config(hsm=profile(profiles, token, "ec", private_key_passphrase_file=str(wrong))),
        env=env,
        binary=paths.RELEASE / "keyfobd",
    )
    status, problem = agent.refusal("hsm")
    assert status == 502 and "refused the PIN" in problem["detail"]
    tried = token.logins()
    assert tried > 0
    agent.refresh("hsm")
    assert agent.refusal("hsm")[0] == 502 and token.logins() == tried
    wrong.write_text(token.pin + "\n")
    agent.refresh("hsm")
    assert agent.credentials("hsm")


def test_no_such_key(start, profiles, token, env):
    named = {"private_key": "pkcs11:token=keyfob;object=nothing"}
    agent = start(config(hsm=profile(profiles, token, "ec", **named)), env=env, binary=paths.RELEASE / "keyfobd")
    status, problem = agent.refusal("hsm")
    assert status == 502 and "or there is no such key" in problem["detail"]
