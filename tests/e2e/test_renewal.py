# SPDX-License-Identifier: Apache-2.0
"""Refreshes: one call for many clients, ahead of the expiry, with any clock."""

import threading
from datetime import datetime

import pytest
from support import unix_http
from support.aws import echo
from support.polling import until
from support.profiles import config


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_single_flight(start, standin, profiles):
    """Two hundred first requests, and one call."""
    standin.fault("sts", "slow", seconds=0.5, count=1)
    agent = start(config(irsa=profiles.irsa(refresh="on_demand")))
    replies = []

    def ask():
        replies.append(agent.call("GET", "/v1/profiles/irsa/credentials", timeout=60))

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.status for r in replies] == [200] * 200
    assert len({r.body for r in replies}) == 1 and len({r.headers["etag"] for r in replies}) == 1
    assert len(standin.calls(target="sts")) == 1


def test_shared_source_is_asked_once(start, standin, profiles):
    """Twenty roles on one source: one call for the source, one for each role."""
    tenants = {f"t{i}": profiles.assume("irsa", role_session_name=f"tenant-{i}") for i in range(20)}
    agent = start({"region": "us-east-1", "profiles": {"irsa": profiles.irsa(), **tenants}})
    for name in tenants:
        assert agent.credentials(name)["AccountId"] == "444455556666"
    assert len(standin.calls(action="AssumeRoleWithWebIdentity")) == 1
    assert len(standin.calls(action="AssumeRole")) == 20


def test_next_refresh_is_at_half_of_the_life(start, standin, profiles):
    agent = start(
        config(
            irsa=profiles.irsa(duration_seconds=3600),
            soon=profiles.irsa(duration_seconds=3600, refresh_before_seconds=600),
        )
    )
    for name in ("irsa", "soon"):
        agent.credentials(name)
    now = standin.now()
    half = seconds(agent.profile("irsa")["next_refresh"]) - now
    assert 0.4 * 3600 - 60 <= half <= 0.5 * 3600 + 60
    later = seconds(agent.profile("soon")["next_refresh"]) - now
    assert 3000 - 360 - 60 <= later <= 3000 + 60


def test_refresh_now(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa()))
    first, before = agent.credentials("irsa"), agent.profile("irsa")
    assert agent.refresh("irsa").status == 200
    second, after = agent.credentials("irsa"), agent.profile("irsa")
    assert first["AccessKeyId"] != second["AccessKeyId"]
    assert after["generation"] == before["generation"] + 1 and after["refreshes"] == before["refreshes"] + 1
    assert after["failures"] == 0 and after["last_success"] >= before["last_success"]
    echo(standin, second)
    echo(standin, first)  # the first credentials stay valid


def test_parallel_refreshes_are_one(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa()))
    agent.credentials("irsa")
    standin.fault("sts", "slow", seconds=60)  # or until it is cleared
    sockets = [unix_http.connect(agent.socket) for _ in range(20)]
    for sock in sockets:
        sock.sendall(b"POST /v1/profiles/irsa/refresh HTTP/1.1\r\nHost: k\r\nContent-Length: 0\r\n\r\n")
    agent.profile("irsa")  # came after them
    until(lambda: standin.calls(fault="slow"), what="the slow call")
    standin.clear_faults()
    replies = [unix_http.read_replies(sock, 1)[0] for sock in sockets]
    for sock in sockets:
        sock.close()
    assert [reply.status for reply in replies] == [200] * 20 and len(standin.calls(target="sts")) == 2


def test_a_refresh_does_not_delay_requests(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa()))
    good = agent.credentials("irsa")
    standin.fault("sts", "hang")
    thread = threading.Thread(target=agent.refresh, args=("irsa",))
    thread.start()
    until(lambda: standin.calls(fault="hang"), what="the hanging call")
    assert agent.credentials("irsa", wait=0) == good
    standin.clear_faults()
    thread.join()


@pytest.mark.parametrize("skew", [3600, -3600])
@pytest.mark.parametrize("profile", ["tenant", "onprem", "irsa"])
def test_clock_skew_is_corrected(start, standin, profiles, folder, profile, skew):
    """AWS's clock an hour away: signed again with AWS's time, and expiry judged by it."""
    target = "rolesanywhere" if profile == "onprem" else "sts"
    standin.fault(target, "skew", seconds=skew)
    (folder / "t.jwt").write_text(standin.token(claims={"nbf": int(standin.now()) - 7200}))
    agent = start(
        config(
            irsa=profiles.irsa(web_identity_token_file=str(folder / "t.jwt")),
            onprem=profiles.onprem(duration_seconds=3600),
            tenant=profiles.assume("irsa"),
        )
    )
    credentials = agent.credentials(profile)
    assert abs(seconds(credentials["Expiration"]) - standin.now() - 3600 - skew) < 120
    calls = [c for c in standin.calls(target=target) if c["error"]]
    assert len(calls) <= 1, "one refusal teaches the time"
    assert agent.profile(profile)["state"] == "fresh"


def test_signatures_use_the_upstreams_clock(start, standin, profiles):
    standin.fault("sts", "skew", seconds=3600)
    agent = start(config(irsa=profiles.irsa()))
    agent.credentials("irsa")
    document = {"method": "GET", "url": "https://bedrock-runtime.us-east-1.amazonaws.com/", "payload_text": ""}
    date = agent.sign("irsa", document).json()["headers"]["x-amz-date"]
    signed = datetime.strptime(date + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    assert abs(signed - standin.now() - 3600) < 60


def test_long_poll(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa()))
    reply = agent.call("GET", "/v1/profiles/irsa/credentials")
    tag = reply.headers["etag"]
    assert reply.headers["cache-control"] == "no-store"
    path = "/v1/profiles/irsa/credentials"
    same = agent.call("GET", path, headers={"If-None-Match": tag})
    assert same.status == 304 and same.body == b"" and same.headers["etag"] == tag
    assert agent.call("GET", path + "?wait=0", headers={"If-None-Match": tag}).status == 304
    assert agent.call("GET", path, headers={"If-None-Match": '"another"'}).status == 200

    sock = unix_http.connect(agent.socket, timeout=60)
    sock.sendall(f"GET {path}?wait=30 HTTP/1.1\r\nHost: k\r\nIf-None-Match: {tag}\r\n\r\n".encode())
    assert agent.refresh("irsa").status == 200
    (reply,) = unix_http.read_replies(sock, 1)
    assert reply.status == 200 and reply.headers["etag"] != tag
    # Asking for what is newer starts nothing, and ends with 304.
    sock.sendall(f"GET {path}?wait=1 HTTP/1.1\r\nHost: k\r\nIf-None-Match: {reply.headers['etag']}\r\n\r\n".encode())
    assert unix_http.read_replies(sock, 1)[0].status == 304
    sock.close()
    assert len(standin.calls(target="sts")) == 2


def test_ignores_the_entity_tag_of_an_earlier_agent(start, profiles, folder):
    """The first credentials of both agents have the same generation, and may be of different accounts."""
    path = "/v1/profiles/base/credentials"
    first = start(config(base=profiles.static()))
    tag = first.call("GET", path).headers["etag"]
    first.end()
    second = start(config(base=profiles.static(access_key_id="AKIAANOTHERKEY000001")))
    assert second.profile("base")["generation"] == int(tag.strip('"').split("-")[0])
    reply = second.call("GET", path + "?wait=1", headers={"If-None-Match": tag})
    assert reply.status == 200 and b"AKIAANOTHERKEY000001" in reply.body and reply.headers["etag"] != tag


def test_delete_drops_and_refuses_until_refreshed(start, standin, profiles):
    agent = start(config(irsa=profiles.irsa()))
    first = agent.credentials("irsa")
    assert agent.call("DELETE", "/v1/profiles/irsa/credentials").status in (200, 204)
    status, problem = agent.refusal("irsa", wait=1)
    assert status == 503 and problem["code"] == "credentials_unavailable" and "refresh" in problem["hint"]
    assert len(standin.calls(target="sts")) == 1, "nothing is fetched until a refresh is asked for"
    assert agent.refresh("irsa").status == 200
    assert agent.credentials("irsa")["AccessKeyId"] != first["AccessKeyId"]
