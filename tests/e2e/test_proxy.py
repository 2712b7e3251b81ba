# SPDX-License-Identifier: Apache-2.0
"""The endpoints of AWS by their real names: a CONNECT proxy leads all of them to the stand-in, over TLS, so that name
look-up, proxy, certificate, signature and region are those of a real call. And what goes wrong with proxies."""

import base64
import socket

import pytest
from standin import demo
from support.agent import environment
from support.aws import echo
from support.connect_proxy import ConnectProxy
from support.polling import until
from support.profiles import config

USER = "person:pass-word"


@pytest.fixture
def proxy(standin):
    """proxy(…) starts one in front of the stand-in's TLS listener."""
    proxies = []

    def start_proxy(**more):
        proxies.append(ConnectProxy(standin.tls_port, **more))
        return proxies[-1]

    yield start_proxy
    for one in proxies:
        one.stop()


@pytest.fixture
def real(standin):
    """A profile that goes to AWS's own endpoint, which has the stand-in's certificate."""

    def without_endpoint(profile, **more):
        profile = {"ca_bundle": str(standin.dir / "tls-ca.pem"), **profile, **more}
        del profile["endpoint_url"]
        return profile

    return without_endpoint


def failure(agent, name):
    """The problem of one fetch (who asks for credentials would wait for the next ones, too)."""
    reply = agent.refresh(name)
    assert reply.status >= 500, reply
    return reply.problem()


def behind(folder, proxy, **more):
    return environment(folder, HTTPS_PROXY=proxy.url(), **more)


STS = [
    ({}, "sts.us-east-1.amazonaws.com", "us-east-1"),
    ({"region": "us-west-2"}, "sts.us-west-2.amazonaws.com", "us-west-2"),
    ({"region": "eu-south-1", "sts_region": "eu-west-1"}, "sts.eu-west-1.amazonaws.com", "eu-west-1"),
    ({"region": "cn-north-1"}, "sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ({"region": "us-west-2", "use_fips_endpoint": True}, "sts-fips.us-west-2.amazonaws.com", "us-west-2"),
    ({"region": "us-gov-west-1", "use_fips_endpoint": True}, "sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
    ({"region": "us-west-2", "use_dualstack_endpoint": True}, "sts.us-west-2.api.aws", "us-west-2"),
    (
        {"sts_region": "us-gov-west-1", "use_fips_endpoint": True, "use_dualstack_endpoint": True},
        "sts-fips.us-gov-west-1.api.aws",
        "us-gov-west-1",
    ),
    ({"region": "us-west-2", "sts_regional_endpoints": "legacy"}, "sts.amazonaws.com", "us-east-1"),
    ({"sts_region": "aws-global"}, "sts.amazonaws.com", "us-east-1"),
]


@pytest.mark.parametrize(("settings", "host", "region"), STS, ids=[row[1] + "-" + row[2] for row in STS])
def test_sts_by_its_real_name(start, standin, profiles, folder, proxy, real, settings, host, region):
    """Called at that host, signed for that region, and the credentials are good."""
    front = proxy()
    role = real(profiles.assume("base", **settings))
    agent = start(config(base=profiles.static(), role=role), env=behind(folder, front))
    assert echo(standin, agent.credentials("role"))["arn"].startswith("arn:aws:sts::")
    assert front.asked == [f"{host}:443"]
    (call,) = standin.calls(action="AssumeRole")
    assert call["verified"] and call["region"] == region


def test_each_service_by_its_real_name(start, standin, profiles, folder, proxy, real):
    front = proxy()
    document = config(irsa=real(profiles.irsa()), onprem=real(profiles.onprem(), use_fips_endpoint=True))
    agent = start(document, env=behind(folder, front))
    assert agent.credentials("irsa") and agent.credentials("onprem")
    assert sorted(front.asked) == ["rolesanywhere-fips.us-east-1.amazonaws.com:443", "sts.us-east-1.amazonaws.com:443"]
    assert [c["verified"] for c in standin.calls(action="CreateSession")] == [True]


def test_roles_anywhere_in_a_region_of_its_own(start, standin, profiles, folder, proxy, real):
    """sts_region decides where CreateSession is called and what it is signed for (the stand-in, as AWS, knows the trust
    anchor in its own region only); `region` changes neither."""
    front = proxy()
    used = real(profiles.onprem(region="eu-west-1"))
    issued = real(profiles.onprem(sts_region="us-west-2", region="eu-west-1"))
    agent = start(config(used=used, issued=issued), env=behind(folder, front))
    assert agent.credentials("used")
    assert failure(agent, "issued")["upstream"]["code"] == "AccessDeniedException"
    assert set(front.asked) == {f"rolesanywhere.{r}.amazonaws.com:443" for r in ("us-east-1", "us-west-2")}
    assert {c["region"] for c in standin.calls(target="rolesanywhere")} == {"us-east-1", "us-west-2"}


def test_failing_over_to_another_region(start, standin, profiles, folder, proxy, real):
    """STS fails, and so does the region that the configuration is changed to: what is held is served until one
    of them answers. A chain moves as a whole."""
    front = proxy()
    role = demo.ROLE + "failing-over"
    standin.control("POST", "roles", {"arn": role, "trust": [{"principal": demo.USER}, {"principal": role}]})

    def document(more, below=None):
        base = real(profiles.assume("keys", role, None, **(more if below is None else below)))
        return config(keys=profiles.static(), base=base, top=real(profiles.assume("base", role, None, **more)))

    agent = start(document({}), env=behind(folder, front))
    names = ("base", "top")
    held = {name: agent.credentials(name) for name in names}
    agent.wait_for_state("top", "fresh")
    standin.fault("sts", "refuse")
    for more in ({"sts_region": "us-west-2"}, {"sts_region": "eu-west-1", "use_fips_endpoint": True}):
        agent.reload(document(more))
        for name in names:
            assert agent.credentials(name) == held[name]
            profile = agent.wait_for_state(name, "stale")
            assert profile["last_error"] and profile["generation"] == 1
    assert agent.call("GET", "/readyz").status == 200
    assert {"sts.us-west-2.amazonaws.com:443", "sts-fips.eu-west-1.amazonaws.com:443"} <= set(front.asked)
    standin.clear_faults()
    agent.reload(document({"sts_region": "us-west-2", "use_dualstack_endpoint": True}))
    for name in names:
        until(lambda name=name: agent.profile(name)["generation"] > 1, what="new ones from there")
        assert agent.profile(name)["state"] == "fresh" and agent.credentials(name) != held[name]
    held = {name: agent.credentials(name) for name in names}
    standin.fault("sts", "slow", seconds=60)
    agent.reload(document({"sts_region": "us-west-2"}, below={"sts_region": "cn-north-1"}))  # another partition, below
    assert [agent.refusal(name, wait=0)[0] >= 500 for name in names] == [True, True]
    standin.clear_faults()


@pytest.mark.parametrize("turns", [1, -1])
def test_carries_nothing_over_between_aws_and_another_endpoint(start, standin, profiles, folder, proxy, real, turns):
    """Credentials of a stand-in are not served as AWS's, nor AWS's as a stand-in's."""
    documents = [config(irsa=real(profiles.irsa())), config(irsa=profiles.irsa())][::turns]
    agent = start(documents[0], env=behind(folder, proxy()))
    assert agent.credentials("irsa")
    standin.fault("sts", "slow", seconds=60)
    agent.reload(documents[1])
    assert agent.refusal("irsa", wait=0)[0] >= 500
    standin.clear_faults()


def test_switches_and_bundle_of_the_environment(start, standin, profiles, folder, proxy, real):
    front = proxy()
    irsa = real(profiles.irsa())
    del irsa["ca_bundle"]
    bundle = str(standin.dir / "tls-ca.pem")
    env = behind(folder, front, AWS_USE_FIPS_ENDPOINT="true", AWS_CA_BUNDLE=bundle)
    assert start(config(irsa=irsa), env=env).credentials("irsa")
    assert front.asked == ["sts-fips.us-east-1.amazonaws.com:443"]
    stranger = start(config(irsa=irsa), env=behind(folder, front), name="stranger")
    problem = failure(stranger, "irsa")
    assert "TLS with sts.us-east-1.amazonaws.com:443" in problem["detail"], problem
    assert "ca_bundle" in problem["hint"]


def test_one_tunnel_for_many_calls(start, standin, profiles, folder, proxy, real):
    front = proxy()
    roles = {f"r{n}": real(profiles.irsa(role_session_name=f"r{n}", refresh="on_demand")) for n in range(4)}
    agent = start(config(**roles), env=behind(folder, front))
    for name in roles:
        assert agent.credentials(name)
    assert len(front.asked) == 1 and len(standin.calls(action="AssumeRoleWithWebIdentity")) == 4


def no_password(agent, problem):
    """Neither in the answer nor in the log, in clear or as it is sent."""
    for text in (str(problem), agent.stderr(), agent.call("GET", "/v1/profiles").body.decode()):
        for secret in ("pass-word", "wrong-word", base64.b64encode(USER.encode()).decode()):
            assert secret not in text


def test_user_and_password(start, profiles, folder, proxy, real):
    front = proxy(user=USER)
    irsa = real(profiles.irsa())
    env = environment(folder, https_proxy=front.url("person:pass%2Dword"))
    agent = start(config(irsa=irsa), env=env)
    assert agent.credentials("irsa")
    assert front.authorizations == ["Basic " + base64.b64encode(USER.encode()).decode()]
    no_password(agent, "")


@pytest.mark.parametrize(
    ("user", "hint"),
    [(None, "put them into HTTPS_PROXY"), ("person:wrong-word", "correct the user name and the password")],
)
def test_reports_a_missing_or_wrong_password(start, profiles, folder, proxy, real, user, hint):
    front = proxy(user=USER)
    agent = start(config(irsa=real(profiles.irsa())), env=environment(folder, HTTPS_PROXY=front.url(user)))
    problem = failure(agent, "irsa")
    assert f"tunnel through the proxy 127.0.0.1:{front.port} for sts.us-east-1.amazonaws.com:443: refused with HTTP 407" in (
        problem["detail"]
    )
    assert hint in problem["hint"], problem
    no_password(agent, problem)


@pytest.mark.parametrize(("status", "words"), [(403, "HTTP 403 (forbidden)"), (502, "HTTP 502")])
def test_reports_a_proxy_that_refuses(start, standin, profiles, folder, proxy, real, status, words):
    front = proxy(status=status)
    env = environment(folder, HTTPS_PROXY=front.url(USER))
    agent = start(config(irsa=real(profiles.irsa())), env=env)
    problem = failure(agent, "irsa")
    assert "for sts.us-east-1.amazonaws.com:443: refused with HTTP" in problem["detail"] and words in problem["detail"]
    assert "NO_PROXY" in problem["hint"] and not standin.calls()
    no_password(agent, problem)


def test_times_out_at_a_silent_proxy(start, profiles, folder, proxy, real):
    front = proxy(is_silent=True)
    irsa = real(profiles.irsa(connect_timeout_ms=150, read_timeout_ms=30000))
    agent = start(config(irsa=irsa), env=behind(folder, front))
    problem = failure(agent, "irsa")
    assert "for sts.us-east-1.amazonaws.com:443: no answer within 150 ms" in problem["detail"], problem


def test_rejects_an_invalid_proxy(start, profiles, folder, real):
    env = environment(folder, HTTPS_PROXY=f"gopher://{USER}@127.0.0.1:1")
    agent = start(config(irsa=real(profiles.irsa())), env=env)
    problem = failure(agent, "irsa")
    assert "HTTPS_PROXY" in problem["detail"] and "http://host:port" in problem["hint"]
    no_password(agent, problem)


def test_uses_no_proxy_for_loopback(start, standin, profiles, folder, proxy):
    front = proxy()
    tls = profiles.irsa(endpoint_url=standin.tls_url, ca_bundle=str(standin.dir / "tls-ca.pem"))
    url = front.url()
    env = environment(folder, HTTPS_PROXY=url, http_proxy=url, ALL_PROXY=url)
    agent = start(config(irsa=profiles.irsa(), tls=tls), env=env)
    assert agent.credentials("irsa") and agent.credentials("tls")
    assert front.asked == []


def test_exempt_hosts(start, profiles, folder, proxy):
    """Of two names that no DNS is asked for (.onion), the exempt one is looked for directly."""
    front = proxy(status=403)
    document = config(
        exempt=profiles.irsa(endpoint_url="https://sts.exempt.onion"),
        other=profiles.irsa(endpoint_url="https://sts.other.onion"),
    )
    agent = start(document, env=behind(folder, front, NO_PROXY="10.0.0.0/8, .exempt.onion"))
    assert "resolve sts.exempt.onion" in failure(agent, "exempt")["detail"]
    assert "for sts.other.onion:443: refused with HTTP" in failure(agent, "other")["detail"]
    assert set(front.asked) == {"sts.other.onion:443"}


# ---- time-outs, without a proxy ----


@pytest.fixture
def full_listener():
    """A port whose queue is full: further connections get no answer."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    yield listener.getsockname()[1]
    for one in (*fillers, listener):
        one.close()


CALLERS = ("irsa", "onprem", "role")


def callers(profiles, **settings):
    """One profile of each type that calls AWS, all with these settings, and their sources."""
    return config(
        irsa=profiles.irsa(**settings),
        onprem=profiles.onprem(**settings),
        base=profiles.static(),
        role=profiles.assume("base", **settings),
    )


def test_connecting_ends_at_the_profiles_timeout(start, profiles, full_listener):
    url = f"http://127.0.0.1:{full_listener}"
    settings = {"endpoint_url": url, "connect_timeout_ms": 120, "read_timeout_ms": 30000}
    agent = start(callers(profiles, **settings))
    for name in CALLERS:
        assert f"connect to 127.0.0.1:{full_listener}: no answer within 120 ms" in failure(agent, name)["detail"]


def test_waiting_ends_at_the_profiles_timeout(start, standin, profiles):
    settings = {"connect_timeout_ms": 100, "read_timeout_ms": 150}
    for target in ("sts", "rolesanywhere"):
        standin.fault(target, "hang")
    agent = start(callers(profiles, **settings))
    for name in CALLERS:
        detail = failure(agent, name)["detail"]
        assert f"request to 127.0.0.1:{standin.port}: sent, but no answer within 250 ms" in detail


def test_tls_handshake_ends_at_the_profiles_timeout(start, standin, profiles):
    """A port that accepts, but speaks no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        irsa = profiles.irsa(
            endpoint_url=f"https://127.0.0.1:{port}", ca_bundle=str(standin.dir / "tls-ca.pem"), connect_timeout_ms=130
        )
        agent = start(config(irsa=irsa))
        assert f"TLS with 127.0.0.1:{port}: no answer within 130 ms" in failure(agent, "irsa")["detail"]
