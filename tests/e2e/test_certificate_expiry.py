# SPDX-License-Identifier: Apache-2.0
"""When the certificate of a roles_anywhere profile expires, and where that is reported."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from support.agent import environment
from support.profiles import config
from support.programs import keyfob, output_of

NAME = "keyfob_certificate_expiration_timestamp_seconds"


def end_of(standin, name):
    data = Path(standin.certificate(name)).read_bytes()
    return x509.load_pem_x509_certificate(data).not_valid_after_utc


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def gauges(agent):
    text = agent.call("GET", "/metrics").body.decode()
    return dict(re.findall(rf'^{NAME}{{profile="([^"]+)"}} (\d+)$', text, re.M))


def status(agent, folder, *arguments):
    return output_of(keyfob("status", *arguments, socket=agent.socket, env=environment(folder)))


def test_warns_ten_days_before_the_expiry(start, standin, profiles, folder):
    named = {
        "ending": profiles.onprem("expiring.pem", "expiring-key.pem"),
        "lasting": profiles.onprem(),
        "tenant": profiles.assume("ending"),
    }
    agent = start(config(**named))
    for name in named:
        agent.credentials(name)
    end = end_of(standin, "expiring.pem")
    assert 9 < (end - datetime.now(UTC)).total_seconds() / 86400 < 11
    expected = {"subject": "CN=expiring-client", "serial": "4711", "not_after": rfc3339(end), "problem": None}
    assert agent.profile("ending")["certificate"] == expected
    assert agent.profile("lasting")["certificate"]["not_after"] == rfc3339(end_of(standin, "ec.pem"))
    assert "certificate" not in agent.profile("tenant")
    assert gauges(agent) == {
        "ending": str(int(end.timestamp())),
        "lasting": str(int(end_of(standin, "ec.pem").timestamp())),
    }
    shown = f"certificate: CN=expiring-client, serial 4711, expires {rfc3339(end)}"
    assert shown in status(agent, folder, "ending") and "certificate" not in status(agent, folder)
    # Once a day, however often it is renewed.
    assert agent.refresh("ending").status == 200
    (line,) = agent.events("certificate_expiring")
    assert "level=warn" in line and "profile=ending" in line and "serial=4711" in line and rfc3339(end) in line
    assert not agent.events("certificate_expired")


def test_reports_a_new_certificate(start, standin, profiles, folder):
    def install(name):
        for kind in ("", "-key"):
            data = Path(standin.certificate(f"{name}{kind}.pem")).read_bytes()
            (folder / f"new{kind}.pem").write_bytes(data)
            os.replace(folder / f"new{kind}.pem", folder / f"client{kind}.pem")

    install("expiring")
    profile = profiles.onprem(certificate=str(folder / "client.pem"), key=str(folder / "client-key.pem"))
    agent = start(config(onprem=profile))
    agent.credentials("onprem")
    assert agent.profile("onprem")["certificate"]["subject"] == "CN=expiring-client"
    install("ec")
    assert agent.refresh("onprem").status == 200
    assert agent.profile("onprem")["certificate"]["subject"] == "CN=ec-client"
    assert gauges(agent) == {"onprem": str(int(end_of(standin, "ec.pem").timestamp()))}


@pytest.mark.parametrize("name", ["expired", "not-yet"])
def test_reports_why_an_invalid_certificate_is_not_used(start, standin, profiles, name):
    """It is not loaded, so nothing but the reason is reported."""
    agent = start(config(onprem=profiles.onprem(f"{name}.pem", f"{name}-key.pem")))
    _, problem = agent.refusal("onprem")
    assert f"CN={name}-client" in problem["detail"]
    assert agent.profile("onprem")["certificate"] is None
    assert gauges(agent) == {} and not standin.calls(action="CreateSession")
