# SPDX-License-Identifier: Apache-2.0
"""Logging out, through the API and by the command; and logging in with a browser that is opened."""

import json
import os
import subprocess

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from support import paths
from support.agent import environment
from support.polling import until
from support.profiles import config
from support.programs import keyfob
from support.sso import begin, boto_session, legacy, progress, sso
from support.sso_cache import START_URL


def logout(agent, name="dev"):
    return agent.call("DELETE", f"/v1/profiles/{name}/login")


def test_logout(start, standin, cache, folder, monkeypatch):
    token = cache.log_in()["accessToken"]
    other = cache.folder / "other.json"
    other.write_text("{}")
    agent = start(config(dev=sso(standin), other=sso(standin, role="ReadOnly")))
    keys = agent.credentials("dev")["AccessKeyId"]
    assert agent.credentials("other")
    reply = logout(agent)
    assert reply.status == 200, reply.body
    assert reply.json()["state"] == "idle" and reply.json()["profile"] == "dev"
    assert not cache.path().exists() and other.exists()
    for name in ("dev", "other"):
        status, problem = agent.refusal(name)
        assert (status, problem["code"]) == (503, "login_required"), problem
        assert keys not in json.dumps(problem) and token not in json.dumps(problem)
    # The AWS SDKs are logged out, too.
    session = boto_session(folder, standin, monkeypatch)
    with pytest.raises(Exception, match="[Tt]oken|SSO"):
        session.get_credentials().get_frozen_credentials()
    cache.log_in()
    assert agent.refresh("dev").status == 200 and agent.credentials("dev")["AccessKeyId"] != keys


def test_the_service_revokes_the_token_as_boto3_asks(start, standin, cache):
    token = cache.log_in()["accessToken"]
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")
    assert "error" not in logout(agent).json()
    (call,) = standin.calls(action="Logout")
    assert call["verified"]
    portal = boto3.client("sso", region_name="us-east-1", endpoint_url=standin.url, config=Config(signature_version=UNSIGNED))
    with pytest.raises(portal.exceptions.UnauthorizedException):
        portal.get_role_credentials(roleName="Dev Role", accountId="123456789012", accessToken=token)
    again = cache.log_in()["accessToken"]
    portal.logout(accessToken=again)
    ours, theirs = standin.calls(action="Logout")
    same = ("target", "service", "verified", "status")
    assert [ours.get(k) for k in same] == [theirs.get(k) for k in same]


@pytest.mark.parametrize("kind", ["error500", "deny", "refuse", "garbage"])
def test_a_service_that_does_not_revoke_undoes_nothing(start, standin, cache, kind):
    cache.log_in()
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")
    standin.fault("sso", kind)
    reply = logout(agent)
    standin.clear_faults()
    assert reply.status == 200, reply.body
    assert "error" in reply.json()
    assert not cache.path().exists()
    assert agent.refusal("dev")[1]["code"] == "login_required"


def test_a_token_that_was_refused_already(start, standin, cache):
    cache.log_in()
    agent = start(config(dev=sso(standin)))
    standin.control("POST", "sso", {"revoke": "access"})
    reply = logout(agent)
    assert reply.status == 200 and "error" not in reply.json() and not cache.path().exists()


def test_nobody_is_logged_in(start, standin, cache):
    agent = start(config(dev=sso(standin)))
    assert logout(agent).status == 200 and not standin.calls(action="Logout")


def test_a_login_under_way_is_given_up(start, standin, cache):
    agent = start(config(dev=sso(standin)))
    shown = begin(agent)
    assert logout(agent).json()["state"] == "idle"
    standin.control("POST", "sso", {"approve": shown["user_code"]})
    assert begin(agent)["user_code"] != shown["user_code"]
    assert not cache.path().exists()


def test_a_file_that_stays_is_an_error(start, standin, cache):
    cache.log_in()
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")
    if os.geteuid() == 0:  # root may remove anything but a directory
        cache.path().unlink()
        cache.path().mkdir()
    else:
        cache.folder.chmod(0o500)
    reply = logout(agent)
    cache.folder.chmod(0o700)
    assert reply.status == 502 and "cannot remove" in reply.problem()["detail"], reply.body
    assert agent.refusal("dev")[0] in (502, 503)


def test_profiles_of_other_logins_keep_their_credentials(start, standin, profiles, cache):
    cache.log_in()
    agent = start(config(dev=sso(standin), keys=profiles.static(), tenant=profiles.assume("keys")))
    assert agent.credentials("dev") and agent.credentials("tenant")
    assert logout(agent).status == 200
    assert agent.credentials("tenant"), "another base: it stays"


def test_the_older_form_without_a_session(start, standin, cache):
    cache.log_in(key=START_URL, scopes=())
    agent = start(config(dev=legacy(standin)))
    assert agent.credentials("dev")
    assert logout(agent).status == 200 and not cache.path(START_URL).exists()


def test_who_may(start, standin, profiles, cache):
    cache.log_in()
    limited = {"allow": [{"scopes": ["sign", "status", "token", "admin"]}]}
    agent = start(config(dev=sso(standin, **limited), keys=profiles.static()))
    assert logout(agent).status == 403 and cache.path().exists()
    reply = logout(agent, "keys")
    assert reply.status == 400 and "needs no login" in reply.problem()["detail"]
    assert logout(agent, "none").status == 404


def test_a_profile_that_the_peer_may_not_use_keeps_what_it_holds(start, standin, cache):
    cache.log_in()
    closed = {"allow": [{"scopes": ["status"]}]}
    agent = start(config(dev=sso(standin), other=sso(standin, role="ReadOnly", **closed)))
    assert agent.credentials("dev")
    until(lambda: agent.profile("other")["state"] == "fresh", what="the other profile's credentials")
    assert logout(agent).status == 200
    assert agent.profile("other")["state"] == "fresh"


def test_command(start, standin, cache):
    cache.log_in()
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")
    run = keyfob("logout", "dev", socket=agent.socket)
    assert (run.returncode, run.stdout, run.stderr) == (0, "dev: logged out\n", "")
    assert not cache.path().exists()
    run = keyfob("logout", "none", socket=agent.socket)
    assert run.returncode == 1


def test_command_for_all(start, standin, profiles, cache):
    cache.log_in()
    cache.log_in(key="second")
    second = sso(standin, sso_session="second")
    agent = start(config(dev=sso(standin), second=second, keys=profiles.static()))
    assert agent.credentials("dev") and agent.credentials("second")
    assert keyfob("logout", "dev", "--all", socket=agent.socket).returncode == 2
    run = keyfob("logout", "--all", socket=agent.socket)
    assert run.returncode == 0 and run.stdout == "dev: logged out\nsecond: logged out\n", run
    assert not cache.path().exists() and not cache.path("second").exists()


def test_command_says_what_was_not_revoked(start, standin, cache):
    cache.log_in()
    agent = start(config(dev=sso(standin)))
    assert agent.credentials("dev")
    standin.fault("sso", "error500")
    run = keyfob("logout", "dev", socket=agent.socket)
    assert run.returncode == 0 and "not revoked" in run.stderr and run.stdout == "dev: logged out\n"


# ---- the browser ----


def login_with(folder, agent, browser, **more):
    return subprocess.Popen(
        [str(paths.KEYFOB), "login", "dev", "--browser", "--socket", str(agent.socket)],
        env={**environment(folder), "BROWSER": browser, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def browser_of(folder, name="browser", more=""):
    """A browser that notes how it was called."""
    script = folder / name
    script.write_text(f'#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done >{folder}/opened.new\n{more}mv {folder}/opened.new {folder}/opened\n')
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("{b}", ["{url}"]),
        ("{b} --new-tab %s", ["--new-tab", "{url}"]),
        ("{b} --url=%s;x $HOME", ["--url={url};x", "$HOME"]),
        ("/nonexistent/browser:{b} a%%b", ["a%b", "{url}"]),
    ],
)
def test_the_browser_gets_the_address(start, standin, cache, folder, command, words):
    agent = start(config(dev=sso(standin)))
    run = login_with(folder, agent, command.format(b=browser_of(folder)))
    (code,) = until(lambda: standin.control("POST", "sso", {})["devices"], what="the code")
    url = progress(agent)["verification_uri_complete"]
    opened = until(lambda: (folder / "opened").exists() and (folder / "opened").read_text(), what="the browser")
    assert opened.splitlines() == [w.replace("{url}", url) for w in words]
    standin.control("POST", "sso", {"approve": code})
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0 and url in out and code in out and "browser opens" in out, err


def test_a_browser_that_stays_holds_up_nothing(start, standin, cache, folder):
    agent = start(config(dev=sso(standin)))
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    run = login_with(folder, agent, browser_of(folder, more=f"cat {fifo}\n"))
    (code,) = until(lambda: standin.control("POST", "sso", {})["devices"], what="the code")
    standin.control("POST", "sso", {"approve": code})
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0 and out.endswith("dev: logged in\n"), err
    with open(fifo, "w"):
        pass


def test_no_browser(start, standin, cache, folder):
    agent = start(config(dev=sso(standin)))
    run = login_with(folder, agent, "/nonexistent/a: :/nonexistent/b", PATH="/nonexistent")
    (code,) = until(lambda: standin.control("POST", "sso", {})["devices"], what="the code")
    standin.control("POST", "sso", {"approve": code})
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0 and "Open this address in a browser" in out and "no browser" in err

