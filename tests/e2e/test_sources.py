# SPDX-License-Identifier: Apache-2.0
"""Every source: fetched, verified by the stand-in, and good for a Bedrock call with boto3."""

import socket

import pytest
from standin import demo
from support.aws import echo
from support.profiles import POLICY, config


def test_web_identity(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa()))
    credentials = agent.credentials("irsa")
    assert set(credentials) == {
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
        "AccountId",
    }
    assert credentials["Version"] == 1 and credentials["AccountId"] == demo.ACCOUNT
    assert echo(standin, credentials)["role"] == demo.ROLE + "gateway"
    (call,) = standin.calls(action="AssumeRoleWithWebIdentity")
    assert call["verified"] and call["caller"] == demo.SUBJECT
    # By default an auditor can tell the profile and the host apart.
    assert call["session_name"].startswith("irsa") and socket.gethostname()[:8] in call["session_name"]
    assert call["duration"] is None and call["policy"] is None


def test_web_identity_options(start, standin, profiles):
    arn = "arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess"
    profile = profiles.irsa(role_session_name="pod@1", duration_seconds=900, policy=POLICY, policy_arns=[arn])
    agent = start(config(irsa=profile))
    assert echo(standin, agent.credentials("irsa"))["session_name"] == "pod@1"
    (call,) = standin.calls(action="AssumeRoleWithWebIdentity")
    assert call["duration"] == 900 and call["policy"] == POLICY and call["policy_arns"] == [arn]


def test_web_identity_token_with_newline_and_es256(start, standin, profiles, folder):
    """The file is trimmed; it is read anew for every exchange."""
    (folder / "t.jwt").write_text(standin.token() + "\n")
    agent = start(config(irsa=profiles.irsa(web_identity_token_file=str(folder / "t.jwt"))))
    first = agent.credentials("irsa")
    (folder / "t.jwt").write_text("\n" + standin.token(lifetime=600))
    assert agent.refresh("irsa").status == 200
    assert agent.credentials("irsa")["AccessKeyId"] != first["AccessKeyId"]
    assert all(c["verified"] for c in standin.calls())


@pytest.mark.parametrize(
    ("certificate", "key", "more", "chain_length"),
    [
        ("rsa.pem", "rsa-key.pem", {}, 0),
        ("rsa.pem", "rsa-key-encrypted.pem", {"private_key_passphrase_file": "passphrase.txt"}, 0),
        ("ec.pem", "ec-key.pem", {}, 0),
        ("ec.pem", "ec-key-encrypted.pem", {"private_key_passphrase_file": "passphrase.txt"}, 0),
        ("p384.pem", "p384-key.pem", {}, 0),
        ("chained.pem", "chained-key.pem", {"certificate_chain": "intermediate.pem"}, 1),
        ("chained-bundle.pem", "chained-key.pem", {}, 1),
    ],
)
def test_roles_anywhere(start, standin, profiles, certificate, key, more, chain_length):
    more = {name: standin.certificate(file) for name, file in more.items()}
    agent = start(config(onprem=profiles.onprem(certificate, key, duration_seconds=900, **more)))
    credentials = agent.credentials("onprem")
    assert credentials["AccountId"] == demo.ACCOUNT
    assert echo(standin, credentials)["role"] == demo.ROLE + "onprem"
    (call,) = standin.calls(action="CreateSession")
    assert call["verified"] and call["chain_length"] == chain_length and call["duration"] == 900
    assert call["region"] == demo.REGION and call["session_name"] is None
    assert call["algorithm"] == (
        "AWS4-X509-RSA-SHA256" if "rsa" in key or "chained" in key else "AWS4-X509-ECDSA-SHA256"
    )


def test_roles_anywhere_key_in_the_certificates_file(start, standin, profiles, folder):
    both = folder / "both.pem"
    names = ("ec.pem", "ec-key.pem")
    both.write_text("".join((standin.dir / "certificates" / name).read_text() for name in names))
    both.chmod(0o600)
    profile = profiles.onprem()
    del profile["private_key"]
    profile["certificate"] = str(both)
    assert echo(standin, start(config(onprem=profile)).credentials("onprem"))["role"] == demo.ROLE + "onprem"


def test_roles_anywhere_options(start, standin, profiles):
    profile = profiles.onprem(
        profile_arn=demo.NAMED_PROFILE, role_session_name="rack-7", instance_properties={"rack": "7"}
    )
    agent = start(config(onprem=profile))
    assert echo(standin, agent.credentials("onprem"))["session_name"] == "rack-7"
    (call,) = standin.calls(action="CreateSession")
    assert call["instance_properties"] == {"rack": "7"} and call["duration"] is None


def test_roles_anywhere_region_is_the_trust_anchors(start, standin, profiles):
    """`region` is where the credentials are used; the session is made where the trust anchor is."""
    agent = start({"region": "eu-west-1", "profiles": {"onprem": profiles.onprem()}})
    agent.credentials("onprem")
    assert standin.calls(action="CreateSession")[0]["region"] == demo.REGION
    assert agent.profile("onprem")["region"] == "eu-west-1"


def test_certificate_is_replaced_while_running(start, standin, profiles, folder):
    def put(name):
        for source, place in ((f"{name}.pem", "c.pem"), (f"{name}-key.pem", "k.pem")):
            (folder / place).write_bytes((standin.dir / "certificates" / source).read_bytes())

    put("ec")
    profile = profiles.onprem()
    profile.update(certificate=str(folder / "c.pem"), private_key=str(folder / "k.pem"))
    agent = start(config(onprem=profile))
    agent.credentials("onprem")
    put("rsa")
    assert agent.refresh("onprem").status == 200
    algorithms = [c["algorithm"] for c in standin.calls(action="CreateSession")]
    assert algorithms == ["AWS4-X509-ECDSA-SHA256", "AWS4-X509-RSA-SHA256"]


def test_static(start, standin, profiles):
    agent = start(config(base=profiles.static()))
    credentials = agent.credentials("base")
    assert set(credentials) <= {"Version", "AccessKeyId", "SecretAccessKey", "AccountId"}
    assert echo(standin, credentials)["arn"] == demo.USER
    assert agent.profile("base")["expiration"] is None


def test_static_from_files(start, standin, folder):
    for name in ("access_key_id", "secret_access_key"):
        (folder / name).write_text(standin.user[name] + "\n")
    profile = {"type": "static", **{f"{n}_file": str(folder / n) for n in ("access_key_id", "secret_access_key")}}
    agent = start(config(base=profile))
    assert echo(standin, agent.credentials("base"))["arn"] == demo.USER


def test_assume_role_with_everything(start, standin, profiles):
    role = profiles.assume(
        "base",
        role_session_name="job=1,2@x.y",
        duration_seconds=1800,
        policy=POLICY,
        policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        tags={"Team": "AI + ML/a=b@c", "Cost": ""},
        transitive_tag_keys=["Team"],
        source_identity="alice",
    )
    agent = start(config(base=profiles.static(), tenant=role))
    assert echo(standin, agent.credentials("tenant"))["session_name"] == "job=1,2@x.y"
    (call,) = standin.calls(action="AssumeRole")
    assert call["verified"] and call["caller"] == demo.USER
    assert call["external_id"] == demo.EXTERNAL_ID and call["duration"] == 1800
    assert call["policy"] == POLICY and call["policy_arns"] == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    assert call["tags"] == {"Team": "AI + ML/a=b@c", "Cost": ""} and call["transitive_tag_keys"] == ["Team"]
    assert call["source_identity"] == "alice"
    assert call["signed_headers"] == ["content-type", "host", "x-amz-date"]


def test_chained_twice(start, standin, profiles):
    profile = {
        "irsa": profiles.irsa(),
        "tenant-a": profiles.assume("irsa"),
        "tenant-a-bedrock": profiles.assume("tenant-a", demo.TENANT_ROLE + "tenant-a-bedrock", None),
    }
    agent = start({"region": "us-east-1", "profiles": profile})
    seen = echo(standin, agent.credentials("tenant-a-bedrock"))
    assert seen["role"] == demo.TENANT_ROLE + "tenant-a-bedrock" and seen["account"] == "444455556666"
    actions = [(c["action"], c["role"].rpartition("/")[2]) for c in standin.calls(target="sts")]
    # One call each: profiles chained on a source share its cache.
    assert actions == [
        ("AssumeRoleWithWebIdentity", "gateway"),
        ("AssumeRole", "tenant-a"),
        ("AssumeRole", "tenant-a-bedrock"),
    ]
    assert "x-amz-security-token" in standin.calls(action="AssumeRole")[0]["signed_headers"]


def test_chained_on_roles_anywhere(start, standin, profiles):
    """The source identity of the certificate travels on."""
    agent = start(config(onprem=profiles.onprem(), tenant=profiles.assume("onprem")))
    assert echo(standin, agent.credentials("tenant"))["role"] == demo.TENANT_ROLE + "tenant-a"


def test_regional_signing(start, standin, profiles):
    role = profiles.assume("base", sts_region="eu-central-1")
    agent = start(config(base=profiles.static(), tenant=role))
    agent.credentials("tenant")
    assert standin.calls(action="AssumeRole")[0]["region"] == "eu-central-1"


def test_tls_endpoint_with_its_own_ca(start, standin, profiles):
    profile = profiles.irsa(endpoint_url=standin.tls_url, ca_bundle=str(standin.dir / "tls-ca.pem"))
    stranger = profiles.irsa(endpoint_url=standin.tls_url)
    agent = start(config(irsa=profile, stranger=stranger))
    assert echo(standin, agent.credentials("irsa"))["role"] == demo.ROLE + "gateway"
    _, problem = agent.refusal("stranger")
    assert "certificate" in problem["detail"].lower() and "ca_bundle" in problem["hint"]


@pytest.mark.parametrize("name", ["irsa", "onprem", "tenant-a"])
def test_endpoint_in_capitals(start, standin, profiles, name):
    """The host that is signed is the one that is sent."""
    url = standin.url.replace("127.0.0.1", "LocalHost")
    every = {profile: {**members, "endpoint_url": url} for profile, members in profiles.demo().items()}
    agent = start({"region": "us-east-1", "profiles": every})
    assert agent.credentials(name)["SessionToken"]


def test_on_demand(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa(), lazy=profiles.onprem(refresh="on_demand")))
    agent.credentials("irsa")
    assert agent.profile("lazy")["state"] == "empty" and not standin.calls(action="CreateSession")
    assert echo(standin, agent.credentials("lazy"))["role"] == demo.ROLE + "onprem"
    assert agent.profile("lazy")["on_demand"] is True


def test_bad_tail_of_the_chain_file_is_refused_at_load(start, standin, profiles, folder):
    """A chain file that holds no certificate is a mistake, not an empty chain."""
    (folder / "empty.pem").write_text("nothing here\n")
    agent = start(config(onprem=profiles.onprem(certificate_chain=str(folder / "empty.pem"))))
    _, problem = agent.refusal("onprem")
    assert "empty.pem" in problem["detail"] and not standin.calls()
