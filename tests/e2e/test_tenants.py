# SPDX-License-Identifier: Apache-2.0
"""Hundreds of tenants, each in a file of its own, with its own role and external ID."""

import json

import pytest
from standin import demo
from support.polling import until
from support.profiles import Profiles

TENANTS = 300
RATE = 50  # calls a second


def tenant(profiles, number, **more):
    role = f"{demo.TENANT_ROLE}tenant-{number}"
    return profiles.assume("base", role=role, external_id=f"tenant:{number}", **more)


@pytest.fixture
def tenants(standin, folder):
    """A directory of tenants' files, and the configuration that includes them."""
    profiles = Profiles(standin)
    directory = folder / "tenants.d"
    directory.mkdir()
    for number in range(TENANTS + 1):
        trust = [{"principal": demo.USER, "external_id": f"tenant:{number}"}]
        standin.control("POST", "roles", {"arn": f"{demo.TENANT_ROLE}tenant-{number}", "trust": trust})

    def write(number, **more):
        document = {"profiles": {f"tenant-{number}": tenant(profiles, number, **more)}}
        (directory / f"{number:03}.json").write_text(json.dumps(document))

    for number in range(TENANTS):
        write(number)
    config = {
        "region": demo.REGION,
        "upstream": {"calls_per_second": RATE},
        "include": ["tenants.d/*.json"],
        "profiles": {"base": profiles.static()},
    }
    return directory, config, write


def external_ids(standin):
    return [call["external_id"] for call in standin.calls(action="AssumeRole", error=None)]


def is_ready(agent):
    return agent.call("GET", "/readyz").status == 200


def test_serves_a_directory_of_tenants(standin, start, tenants):
    directory, config, write = tenants
    agent = start(config)
    until(lambda: is_ready(agent), what="all tenants")
    calls = standin.calls(action="AssumeRole")
    assert all(call["verified"] and call["error"] is None for call in calls)
    assert sorted(external_ids(standin)) == sorted(f"tenant:{n}" for n in range(TENANTS))
    # No second has more calls than the rate, so the last begins so long after the first. (A slow machine only makes
    # that longer; a second of tolerance is for a first call that is late.)
    times = sorted(call["time"] for call in calls)
    assert times[-1] - times[0] > (TENANTS - 1) // RATE - 1

    standin.reset()
    write(TENANTS)
    agent.reload()
    assert agent.credentials(f"tenant-{TENANTS}")["AccessKeyId"].startswith("ASIA")
    assert external_ids(standin) == [f"tenant:{TENANTS}"], "no other tenant's credentials are fetched again"

    (directory / "007.json").unlink()
    agent.reload()
    assert agent.call("GET", "/v1/profiles/tenant-7").status == 404
    assert agent.profile("tenant-8")["generation"] == 1


def test_a_broken_file_changes_nothing(standin, start, tenants):
    directory, config, write = tenants
    agent = start({**config, "upstream": {"calls_per_second": 1000, "burst": 100}})
    until(lambda: is_ready(agent), what="all tenants")
    standin.reset()
    good = (directory / "042.json").read_text()
    for text, words in (
        (good[:-1], ["042.json:1:", "invalid JSON"]),
        (good.replace("base", "bas"), ["042.json:1:", "profiles.tenant-42.source_profile", "bas"]),
        (good.replace("tenant-42", "tenant-41", 1), ["042.json:1:", "profiles.tenant-41", "041.json:1"]),
    ):
        (directory / "042.json").write_text(text)
        write(TENANTS)
        before = len(agent.events("config_reload_failed"))
        agent.reload()
        failures = agent.events("config_reload_failed")
        assert len(failures) == before + 1
        for word in words:
            assert word in failures[-1], failures[-1]
        assert agent.call("GET", f"/v1/profiles/tenant-{TENANTS}").status == 404
        assert agent.credentials("tenant-42")["AccessKeyId"].startswith("ASIA")
    assert not standin.calls()


def test_fetches_on_demand(standin, start, tenants):
    _, config, write = tenants
    for number in range(TENANTS):
        write(number, refresh="on_demand")
    agent = start(config)
    until(lambda: is_ready(agent), what="an agent that has nothing to fetch")
    agent.reload()
    assert not standin.calls()
    asked = (3, 250, 42)
    for number in asked:
        agent.credentials(f"tenant-{number}")
    assert external_ids(standin) == [f"tenant:{n}" for n in asked]
    assert agent.profile("tenant-4")["state"] == "empty"


def test_reloads_keep_tenants_as_others_come(standin, start, tenants):
    """Profiles that stay over many reloads keep their credentials, and use the settings of the last one."""
    directory, config, write = tenants
    for number in range(10, TENANTS):
        (directory / f"{number:03}.json").unlink()
    agent = start(config)
    until(lambda: is_ready(agent), what="the first tenants")
    for number in range(10, 50):
        write(number)
        agent.reload()
    until(lambda: is_ready(agent), what="all tenants")
    assert sorted(external_ids(standin)) == sorted(f"tenant:{n}" for n in range(50)), "each of them was fetched once"
    standin.reset()
    for number in (0, 9, 10, 49):
        agent.refresh(f"tenant-{number}")
    assert external_ids(standin) == [f"tenant:{n}" for n in (0, 9, 10, 49)]
    assert agent.profile("tenant-0")["generation"] == 2
