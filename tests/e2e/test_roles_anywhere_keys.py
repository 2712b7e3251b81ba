# SPDX-License-Identifier: Apache-2.0
"""Private keys that are not plain PEM files: tokens, a TPM, PKCS#12 and passphrases. What each of them signs is
verified by the stand-in."""

import os
import shutil

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12
from standin import demo
from support.agent import environment
from support.aws import echo
from support.profiles import config
from support.tokens import Token, Tpm

HANDLE = "0x81000010"
EC, RSA = "AWS4-X509-ECDSA-SHA256", "AWS4-X509-RSA-SHA256"


@pytest.fixture
def token(standin, folder):
    token = Token(folder / "hsm")
    for number, kind in enumerate(("rsa", "ec"), 1):
        token.put(kind, number, standin.certificate(f"{kind}-key.pem"), standin.certificate(f"{kind}.pem"))
    return token


@pytest.fixture
def start_with(start, folder, standin):
    """start_with(device, PROFILE=…): an agent that can reach the token or TPM."""

    def start_agent(device, **named):
        return start(config(**named), env=environment(folder, **device.env))

    return start_agent


def hsm_profile(profiles, token, kind, **more):
    fields = {"private_key_passphrase_file": str(token.pin_file), **more}
    key = token.uri(kind, module_path=token.module)
    return {**profiles.onprem(f"{kind}.pem"), "private_key": key, **fields}


def check_session(standin, agent, name, algorithm):
    """The credentials are good and came by a signature of that kind."""
    credentials = agent.credentials(name)
    assert echo(standin, credentials)["role"] == demo.ROLE + "onprem"
    call = standin.calls(action="CreateSession")[-1]
    assert call["verified"] and call["algorithm"] == algorithm
    return credentials


@pytest.mark.parametrize(("kind", "algorithm"), [("rsa", RSA), ("ec", EC)])
def test_token(start_with, standin, profiles, token, kind, algorithm):
    agent = start_with(token, hsm=hsm_profile(profiles, token, kind))
    first = check_session(standin, agent, "hsm", algorithm)
    assert agent.refresh("hsm").status == 200
    assert check_session(standin, agent, "hsm", algorithm)["AccessKeyId"] != first["AccessKeyId"]
    assert token.pin not in agent.stderr()


def test_token_certificate_and_pin_by_uri(start_with, standin, profiles, token):
    """Certificate and key are in the token; the key's URI is the certificate's."""
    profile = profiles.onprem()
    profile["certificate"] = token.uri("ec", pin_source=f"file:{token.pin_file}", module_path=token.module)
    del profile["private_key"]
    agent = start_with(token, hsm=profile)
    check_session(standin, agent, "hsm", EC)


def test_token_module_by_environment(start, folder, standin, profiles, token):
    """Without module-path the engine's own variable names it."""
    profile = {**hsm_profile(profiles, token, "ec"), "private_key": "pkcs11:token=keyfob;object=ec"}
    env = environment(folder, **token.env, PKCS11_MODULE_PATH=token.module)
    agent = start(config(hsm=profile), env=env)
    check_session(standin, agent, "hsm", EC)


def test_two_keys_of_a_token_at_once(start_with, standin, profiles, token):
    named = {kind: hsm_profile(profiles, token, kind) for kind in ("rsa", "ec")}
    agent = start_with(token, **named)
    for kind in named:
        assert echo(standin, agent.credentials(kind))["role"] == demo.ROLE + "onprem"
    assert {c["algorithm"] for c in standin.calls(action="CreateSession")} == {RSA, EC}


def test_chained_on_a_token(start_with, standin, profiles, token):
    agent = start_with(token, hsm=hsm_profile(profiles, token, "ec"), tenant=profiles.assume("hsm"))
    assert echo(standin, agent.credentials("tenant"))["role"] == demo.TENANT_ROLE + "tenant-a"
    assert [c["action"] for c in standin.calls() if c["target"] != "bedrock"] == ["CreateSession", "AssumeRole"]


def test_wrong_pin_is_tried_once(start_with, standin, profiles, token):
    wrong = "194850273"
    token.pin_file.write_text(wrong + "\n")
    agent = start_with(token, hsm=hsm_profile(profiles, token, "ec"))
    for _ in range(3):
        _, problem = agent.refusal("hsm")
        assert "the token refused the PIN" in problem["detail"] and "pkcs11:token=keyfob;object=ec" in problem["detail"]
        agent.refresh("hsm")
    assert token.logins() == 1
    assert not standin.calls(action="CreateSession")
    # Another file is another try.
    token.pin_file.write_text(token.pin + "\n")
    agent.refresh("hsm")
    check_session(standin, agent, "hsm", EC)
    for pin in (wrong, token.pin):
        assert pin not in agent.stderr() + str(problem)


def test_check_opens_the_token(start, folder, profiles, token):
    def check(name):
        env = environment(folder, **token.env)
        agent = start(config(hsm=profile), listening=False, name=name, arguments=["--check"], env=env)
        return agent.process.wait(30), agent.stderr()

    profile = hsm_profile(profiles, token, "ec")
    status, text = check("right")
    assert status == 0 and "1 profile, " in text and token.logins() == 1
    token.pin_file.write_text("194850273\n")
    status, text = check("wrong")
    assert status == 1 and "the token refused the PIN" in text and "194850273" not in text


def test_reports_a_missing_pin(start_with, profiles, token):
    profile = hsm_profile(profiles, token, "ec")
    del profile["private_key_passphrase_file"]
    agent = start_with(token, hsm=profile)
    _, problem = agent.refusal("hsm")
    assert "PIN" in problem["detail"] and "private_key_passphrase_file" in problem["hint"]
    assert token.logins() == 0


def test_recovers_when_a_token_is_removed(start_with, standin, profiles, token):
    """Credentials that are good stay."""
    agent = start_with(token, hsm=hsm_profile(profiles, token, "ec"))
    before = check_session(standin, agent, "hsm", EC)
    token.objects.rename(token.folder / "away")
    reply = agent.refresh("hsm")
    assert reply.status == 503 and "could not sign" in reply.problem()["detail"]
    assert "token" in reply.problem()["hint"]
    assert len(standin.calls(action="CreateSession")) == 1
    assert agent.credentials("hsm")["AccessKeyId"] == before["AccessKeyId"]
    assert agent.profile("hsm")["state"] == "stale"


def test_recovers_when_a_key_is_removed(start_with, standin, profiles, token):
    agent = start_with(token, hsm=hsm_profile(profiles, token, "ec"))
    before = check_session(standin, agent, "hsm", EC)
    token.remove("ec", 2)
    assert "could not sign" in agent.refresh("hsm").problem()["detail"]
    assert "no private key found there" in agent.refresh("hsm").problem()["detail"]  # nothing is remembered of it
    token.put("ec", 2, standin.certificate("ec-key.pem"), standin.certificate("ec.pem"))
    assert agent.refresh("hsm").status == 200
    assert check_session(standin, agent, "hsm", EC)["AccessKeyId"] != before["AccessKeyId"]


@pytest.mark.parametrize(("kind", "number", "algorithm"), [("rsa", 3, RSA), ("p384", 2, EC)])
def test_uses_a_key_that_was_exchanged(start_with, standin, profiles, token, folder, kind, number, algorithm):
    """Another key under the same URI, and its certificate."""
    certificate = folder / "client.pem"
    shutil.copy(standin.certificate("ec.pem"), certificate)
    agent = start_with(token, hsm={**hsm_profile(profiles, token, "ec"), "certificate": str(certificate)})
    check_session(standin, agent, "hsm", EC)
    token.remove("ec", 2)
    token.put("ec", number, standin.certificate(f"{kind}-key.pem"), standin.certificate(f"{kind}.pem"))
    shutil.copy(standin.certificate(f"{kind}.pem"), certificate)
    assert agent.refresh("hsm").status == 200
    check_session(standin, agent, "hsm", algorithm)
    assert standin.calls(action="CreateSession")[-1]["caller"] == f"CN={kind}-client"


def test_finds_a_token_that_comes_later(start_with, standin, profiles, token):
    away = token.objects.rename(token.folder / "away")
    agent = start_with(token, hsm=hsm_profile(profiles, token, "ec"))
    _, problem = agent.refusal("hsm")
    assert "pkcs11:token=keyfob;object=ec" in problem["detail"] and not standin.calls(action="CreateSession")
    away.rename(token.objects)
    agent.refresh("hsm")
    check_session(standin, agent, "hsm", EC)


def test_reports_a_missing_object_and_a_missing_module(start_with, profiles, token):
    other = {**hsm_profile(profiles, token, "ec"), "private_key": token.uri("none", module_path=token.module)}
    module = {**hsm_profile(profiles, token, "ec"), "private_key": token.uri("ec", module_path=token.pin_file)}
    agent = start_with(token, other=other, module=module)
    for name in ("other", "module"):
        _, problem = agent.refusal(name)
        assert "pkcs11:token=keyfob;object=" in problem["detail"], problem


@pytest.mark.parametrize("by", ["handle", "file"])
def test_tpm(start_with, standin, profiles, tpm, by):
    sealed = tpm.put(standin.certificate("ec-key.pem"), HANDLE)
    key = f"handle:{HANDLE}" if by == "handle" else str(sealed)
    agent = start_with(tpm, tpm={**profiles.onprem("ec.pem"), "private_key": key})
    first = check_session(standin, agent, "tpm", EC)
    assert agent.refresh("tpm").status == 200
    assert check_session(standin, agent, "tpm", EC)["AccessKeyId"] != first["AccessKeyId"]


@pytest.mark.parametrize("by", ["handle", "file"])
def test_tpm_key_with_a_passphrase(start_with, standin, profiles, tpm, folder, by):
    right, wrong, file = "8-wide-open", "7-shut-tight", folder / "passphrase"
    sealed = tpm.put(standin.certificate("ec-key.pem"), HANDLE, right)
    key = f"handle:{HANDLE}?pass" if by == "handle" else str(sealed)
    file.write_text(wrong + "\n")
    profile = {**profiles.onprem("ec.pem"), "private_key": key, "private_key_passphrase_file": str(file)}
    agent = start_with(tpm, tpm=profile)
    for _ in range(5):  # this TPM locks itself after the third
        _, problem = agent.refusal("tpm")
        assert "refused the passphrase" in problem["detail"]
        agent.refresh("tpm")
    assert not standin.calls(action="CreateSession")
    file.write_text(right + "\n")
    agent.refresh("tpm")
    check_session(standin, agent, "tpm", EC)
    for text in (right, wrong):
        assert text not in agent.stderr() + str(problem)


def test_ignores_a_passphrase_that_the_tpm_key_does_not_need(start_with, standin, profiles, tpm):
    tpm.put(standin.certificate("ec-key.pem"), HANDLE, "8-wide-open")
    agent = start_with(tpm, tpm={**profiles.onprem("ec.pem"), "private_key": f"handle:{HANDLE}"})
    _, problem = agent.refusal("tpm")
    assert "refused the passphrase" in problem["detail"] and "?pass" in problem["hint"]


def test_recovers_when_the_tpm_is_gone_for_a_while(start_with, standin, profiles, tpm):
    sealed = tpm.put(standin.certificate("ec-key.pem"), HANDLE)
    agent = start_with(tpm, tpm={**profiles.onprem("ec.pem"), "private_key": str(sealed)})
    before = check_session(standin, agent, "tpm", EC)
    tpm.end()
    for _ in range(2):
        assert agent.refresh("tpm").status != 200
    assert agent.credentials("tpm")["AccessKeyId"] == before["AccessKeyId"]
    assert len(standin.calls(action="CreateSession")) == 1
    tpm.start()
    assert agent.refresh("tpm").status == 200
    assert check_session(standin, agent, "tpm", EC)["AccessKeyId"] != before["AccessKeyId"]


def test_rejects_the_key_of_another_tpm(start_with, standin, profiles, tpm, folder):
    """A sealed key is of use to its own TPM alone."""
    other = Tpm(folder / "other")
    try:
        sealed = other.put(standin.certificate("ec-key.pem"), HANDLE)
    finally:
        other.end()
    agent = start_with(tpm, tpm={**profiles.onprem("ec.pem"), "private_key": str(sealed)})
    _, problem = agent.refusal("tpm")
    assert str(sealed) in problem["detail"]
    assert not standin.calls(action="CreateSession")


@pytest.fixture
def bundle(standin, folder):
    """A PKCS#12 file with a chain, and its passphrase."""
    passphrase = "käfer 4711 in the bundle"

    def read(name):
        return open(standin.certificate(name), "rb").read()

    data = pkcs12.serialize_key_and_certificates(
        b"client",
        load_pem_private_key(read("chained-key.pem"), None),
        x509.load_pem_x509_certificate(read("chained.pem")),
        [x509.load_pem_x509_certificate(read(n)) for n in ("ca.pem", "intermediate.pem")],
        BestAvailableEncryption(passphrase.encode()),
    )
    (folder / "client.p12").write_bytes(data)
    (folder / "p12-passphrase").write_text(passphrase + "\n")
    return folder / "client.p12", folder / "p12-passphrase", passphrase


def bundle_profile(profiles, bundle, **more):
    profile = {**profiles.onprem(), "pkcs12": str(bundle[0]), **more}
    del profile["certificate"], profile["private_key"]
    return profile


def test_pkcs12(start, standin, profiles, bundle):
    agent = start(config(p12=bundle_profile(profiles, bundle, private_key_passphrase_file=str(bundle[1]))))
    check_session(standin, agent, "p12", RSA)
    assert standin.calls(action="CreateSession")[0]["chain_length"] == 1  # without the root
    assert bundle[2] not in agent.stderr()


def test_pkcs12_with_the_wrong_passphrase(start, standin, profiles, bundle):
    bundle[1].write_text("not this one\n")
    agent = start(config(p12=bundle_profile(profiles, bundle, private_key_passphrase_file=str(bundle[1]))))
    _, problem = agent.refusal("p12")
    assert "wrong passphrase" in problem["detail"] and str(bundle[0]) in problem["detail"]
    assert "not this one" not in agent.stderr() + str(problem)
    assert not standin.calls(action="CreateSession")


def inherited(text):
    """The reading end of a pipe with that in it."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading


@pytest.mark.parametrize("what", ["pem", "pkcs12", "token"])
def test_passphrase_by_descriptor(request, start, folder, standin, profiles, what):
    """Read once at the start: a reload, and a refresh after it, go on with it."""
    if what == "token":
        token = request.getfixturevalue("token")
        env, text, algorithm = environment(folder, **token.env), token.pin, EC
        profile = hsm_profile(profiles, token, "ec")
        del profile["private_key_passphrase_file"]
    elif what == "pkcs12":
        bundle = request.getfixturevalue("bundle")
        env, text, algorithm = None, bundle[2], RSA
        profile = bundle_profile(profiles, bundle)
    else:
        env, algorithm = None, EC
        with open(standin.certificate("passphrase.txt")) as file:
            text = file.read()
        profile = profiles.onprem("ec.pem", "ec-key-encrypted.pem")
    descriptor = inherited(text)
    profile["private_key_passphrase_fd"] = descriptor
    agent = start(config(key=profile), env=env, pass_fds=[descriptor])
    os.close(descriptor)
    first = check_session(standin, agent, "key", algorithm)
    agent.reload(config(key={**profile, "duration_seconds": 1800}))
    assert agent.events("config_reloaded")
    assert agent.refresh("key").status == 200
    assert check_session(standin, agent, "key", algorithm)["AccessKeyId"] != first["AccessKeyId"]
    assert text.strip() not in agent.stderr()


def test_encrypted_pem_with_the_wrong_passphrase(start, standin, profiles):
    passphrase = standin.certificate("wrong-passphrase.txt")
    profile = profiles.onprem("ec.pem", "ec-key-encrypted.pem", private_key_passphrase_file=passphrase)
    agent = start(config(onprem=profile))
    _, problem = agent.refusal("onprem")
    assert "wrong passphrase" in problem["detail"]
    assert "not the passphrase" not in agent.stderr() + str(problem)
    assert not standin.calls(action="CreateSession")
