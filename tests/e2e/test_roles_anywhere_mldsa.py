# SPDX-License-Identifier: Apache-2.0
"""ML-DSA keys, with an OpenSSL that has them. The stand-in verifies what they sign with an OpenSSL of its own."""

import ctypes
import importlib.util
from pathlib import Path

import pytest
from standin import demo
from support.agent import environment
from support.aws import echo
from support.profiles import config

SIZES = (44, 65, 87)
PAIR = ("libcrypto", "libssl")


def has_ml_dsa(library):
    crypto = ctypes.CDLL(library)
    crypto.EVP_SIGNATURE_fetch.restype = ctypes.c_void_p
    crypto.EVP_SIGNATURE_fetch.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    return crypto.EVP_SIGNATURE_fetch(None, b"ML-DSA-65", None) is not None


@pytest.fixture
def newer_openssl(folder):
    """The environment in which the agent runs on the OpenSSL that a Python package brings."""
    package = Path(importlib.util.find_spec("psycopg_binary").origin).parent
    libraries = package.parent / "psycopg_binary.libs"
    (folder / "lib").mkdir()
    for name in PAIR:
        (file,) = libraries.glob(f"{name}-*.so.3")
        (folder / "lib" / file.name).symlink_to(file)
        (folder / "lib" / f"{name}.so.3").symlink_to(file)
    assert has_ml_dsa(folder / "lib" / "libcrypto.so.3")
    return environment(folder, LD_LIBRARY_PATH=str(folder / "lib"))


def profile(profiles, size, key=None):
    return profiles.onprem(f"mldsa-{size}.pem", key or f"mldsa-{size}-key.pem")


@pytest.mark.parametrize("size", SIZES)
def test_signs(start, newer_openssl, standin, profiles, size):
    agent = start(config(onprem=profile(profiles, size)), env=newer_openssl)
    assert echo(standin, agent.credentials("onprem"))["role"] == demo.ROLE + "onprem"
    call = standin.calls(action="CreateSession")[-1]
    assert call["verified"] and call["algorithm"] == "AWS4-X509-MLDSA"
    assert agent.profile("onprem")["certificate"]["subject"] == f"CN=mldsa-{size}-client"


@pytest.mark.parametrize("key", ["mldsa-44-key.pem", "ec-key.pem"])
def test_key_of_another_certificate(start, newer_openssl, profiles, key):
    agent = start(config(onprem=profile(profiles, 65, key)), env=newer_openssl)
    status, problem = agent.refusal("onprem")
    assert status == 502 and "does not belong to the certificate" in problem["detail"]


def test_beside_other_kinds(start, newer_openssl, profiles):
    """The newer OpenSSL changes nothing for RSA and EC."""
    agent = start(config(rsa=profiles.onprem("rsa.pem", "rsa-key.pem"), ec=profiles.onprem()), env=newer_openssl)
    assert agent.credentials("rsa") and agent.credentials("ec")


def test_explains_an_openssl_without_mldsa(start, profiles):
    """An OpenSSL without ML-DSA is named as the reason."""
    agent = start(config(onprem=profile(profiles, 65)))
    if has_ml_dsa("libcrypto.so.3"):
        assert agent.credentials("onprem")
        return
    _, problem = agent.refusal("onprem")
    assert "this OpenSSL has no ML-DSA" in problem["detail"] and "OpenSSL 3.5" in problem["hint"]
