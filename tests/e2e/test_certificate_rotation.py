# SPDX-License-Identifier: Apache-2.0
"""Certificate, key and passphrase are replaced one after another, in every order: a complete identity signs at any
time, the earlier one until the later is complete. The stand-in verifies each signature."""

import itertools
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from support.profiles import config

NAMES = {"ec": "CN=ec-client", "rsa": "CN=rsa-client"}
PASSPHRASES = {"ec": b"of the curve", "rsa": b"of the modulus"}


def replace(path, data):
    temporary = path.with_suffix(".new")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def write_part(standin, place, part, kind):
    """One of the files, of one of the two identities."""
    certificate = Path(standin.certificate(f"{kind}.pem")).read_bytes()
    key = load_pem_private_key(Path(standin.certificate(f"{kind}-key.pem")).read_bytes(), None)
    sealed = BestAvailableEncryption(PASSPHRASES[kind])
    data = {
        "certificate": lambda: certificate,
        "key": lambda: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed),
        "passphrase": lambda: PASSPHRASES[kind] + b"\n",
        "pkcs12": lambda: pkcs12.serialize_key_and_certificates(
            b"client", key, x509.load_pem_x509_certificate(certificate), None, sealed
        ),
    }
    replace(place / part, data[part]())


def signed_by(agent, standin):
    """The identity of a new session, once its call is checked."""
    standin.reset()
    reply = agent.refresh("onprem")
    assert reply.status == 200, reply.body
    (call,) = standin.calls(action="CreateSession")
    assert call["verified"]
    return call["caller"]


@pytest.fixture
def place(folder):
    (folder / "identity").mkdir()
    return folder / "identity"


def pem_profile(profiles, place):
    passphrase = str(place / "passphrase")
    return profiles.onprem(str(place / "certificate"), str(place / "key"), private_key_passphrase_file=passphrase)


def pkcs12_profile(profiles, place):
    profile = {**pem_profile(profiles, place), "pkcs12": str(place / "pkcs12")}
    del profile["certificate"], profile["private_key"]
    return profile


@pytest.fixture
def start_fresh(start):
    """An agent with that profile; its first session is there, so that a refresh makes a call of its own."""

    def start_agent(profile):
        agent = start(config(onprem=profile))
        agent.wait_for_state("onprem", "fresh")
        return agent

    return start_agent


@pytest.mark.parametrize(
    ("parts", "make_profile"),
    [(("certificate", "key", "passphrase"), pem_profile), (("pkcs12", "passphrase"), pkcs12_profile)],
    ids=["pem", "pkcs12"],
)
def test_signs_with_a_complete_identity_in_every_order(start_fresh, standin, profiles, place, parts, make_profile):
    for part in parts:
        write_part(standin, place, part, "ec")
    agent = start_fresh(make_profile(profiles, place))
    assert signed_by(agent, standin) == NAMES["ec"]
    kinds = itertools.cycle(("rsa", "ec"))
    before = "ec"
    for order, kind in zip(itertools.permutations(parts), kinds):
        for part in order[:-1]:
            write_part(standin, place, part, kind)
            assert signed_by(agent, standin) == NAMES[before], (order, part)
            assert agent.profile("onprem")["certificate"]["problem"], "the status shows that it is not in use"
        write_part(standin, place, order[-1], kind)
        assert signed_by(agent, standin) == NAMES[kind], order
        assert agent.profile("onprem")["certificate"]["problem"] is None
        before = kind
    assert agent.events("certificate_not_replaced")
    for passphrase in PASSPHRASES.values():
        assert passphrase.decode() not in agent.stderr()


@pytest.mark.parametrize("part", ["certificate", "key", "passphrase"])
def test_waits_for_a_file_that_is_written_in_place(start_fresh, standin, profiles, place, part):
    for name in ("certificate", "key", "passphrase"):
        write_part(standin, place, name, "ec")
    agent = start_fresh(pem_profile(profiles, place))
    assert signed_by(agent, standin) == NAMES["ec"]
    whole = (place / part).read_bytes()
    for size in (len(whole) // 2, 0):
        (place / part).write_bytes(whole[:size])
        assert signed_by(agent, standin) == NAMES["ec"]
    (place / part).unlink()
    assert signed_by(agent, standin) == NAMES["ec"]
    for name in ("certificate", "key", "passphrase"):
        write_part(standin, place, name, "rsa")
    assert signed_by(agent, standin) == NAMES["rsa"]


def test_keeps_the_identity_when_the_pkcs12_file_is_cut_short(start_fresh, standin, profiles, place):
    for part in ("pkcs12", "passphrase"):
        write_part(standin, place, part, "rsa")
    agent = start_fresh(pkcs12_profile(profiles, place))
    assert signed_by(agent, standin) == NAMES["rsa"]
    whole = (place / "pkcs12").read_bytes()
    for size in (len(whole) - 1, 100, 0):
        (place / "pkcs12").write_bytes(whole[:size])
        assert signed_by(agent, standin) == NAMES["rsa"]


def test_follows_a_link_that_is_exchanged(start_fresh, standin, profiles, folder):
    """As Kubernetes mounts a Secret: the files are links to one that is exchanged."""
    place = folder / "mounted"
    place.mkdir()
    for kind in NAMES:
        (place / f"..{kind}").mkdir()
        for part in ("certificate", "key", "passphrase"):
            write_part(standin, place / f"..{kind}", part, kind)
    (place / "..data").symlink_to("..ec")
    for part in ("certificate", "key", "passphrase"):
        (place / part).symlink_to(f"..data/{part}")
    agent = start_fresh(pem_profile(profiles, place))
    assert signed_by(agent, standin) == NAMES["ec"]
    (place / "..new").symlink_to("..rsa")
    os.replace(place / "..new", place / "..data")
    assert signed_by(agent, standin) == NAMES["rsa"]
