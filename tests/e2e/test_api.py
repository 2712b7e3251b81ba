# SPDX-License-Identifier: Apache-2.0
"""The socket API: HTTP, errors, health, and who may ask for what."""

import json
import os
import re
import subprocess

import pytest
from support import unix_http
from support.other_user import OTHER_UID
from support.polling import until
from support.profiles import config
from support.programs import output_of, run

CREDENTIALS = "/v1/profiles/irsa/credentials"
SIGN = {"method": "GET", "url": "https://bedrock-runtime.us-east-1.amazonaws.com/x", "payload_text": ""}


def raw(agent, data, replies=1):
    """Sends bytes as they are; that many replies, then whether the agent closed."""
    sock = unix_http.connect(agent.socket)
    sock.sendall(data)
    got = unix_http.read_replies(sock, replies)
    sock.settimeout(0.2)
    try:
        is_closed = sock.recv(1) == b""
    except TimeoutError:
        is_closed = False
    sock.close()
    return got, is_closed


def request(target, method="GET", headers="", body=""):
    return f"{method} {target} HTTP/1.1\r\nHost: keyfob\r\n{headers}\r\n{body}".encode()


def test_curl(shared):
    url = f"http://keyfob{CREDENTIALS}"
    document = output_of(run("curl", "-sS", "--fail-with-body", "--unix-socket", shared.socket, url))
    assert json.loads(document)["Version"] == 1


def test_credentials_headers(shared):
    reply = shared.call("GET", CREDENTIALS)
    assert reply.headers["content-type"] == "application/json" and reply.headers["cache-control"] == "no-store"
    assert re.fullmatch(r'"[^"]+"', reply.headers["etag"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", reply.json()["Expiration"])


def test_keep_alive(shared):
    connection = shared.connection()
    for _ in range(50):
        assert connection.call("GET", CREDENTIALS).status == 200
    sock = connection.sock
    assert connection.call("GET", "/livez").status == 200 and connection.sock is sock
    connection.close()


def test_connection_close_and_http_1_0(shared):
    (reply,), is_closed = raw(shared, request("/livez", headers="Connection: close\r\n"))
    assert reply.status == 200 and is_closed
    (reply,), is_closed = raw(shared, b"GET /livez HTTP/1.0\r\n\r\n")
    assert reply.status == 200 and is_closed


def test_pipelining(shared):
    """Answers in the order of the questions, errors among them."""
    targets = [CREDENTIALS, "/nothing", "/v1/profiles", "/livez", "/v1/profiles/none"] * 40
    replies, is_closed = raw(shared, b"".join(map(request, targets)), len(targets))
    assert [r.status for r in replies] == [200, 404, 200, 200, 404] * 40 and not is_closed


def test_pipelining_behind_a_wait(start, standin, profiles):
    """A request that waits holds back those behind it on its connection, and only those."""
    standin.fault("sts", "slow", seconds=60)  # or until it is cleared
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem()))
    sock = unix_http.connect(agent.socket)
    sock.sendall(request(CREDENTIALS + "?wait=20") + request("/livez"))
    assert agent.credentials("onprem")
    assert agent.call("GET", "/livez").status == 200
    standin.clear_faults()
    first, second = unix_http.read_replies(sock, 2)
    assert first.json()["Version"] == 1 and second.status == 200
    sock.close()


def test_byte_by_byte(shared):
    sock = unix_http.connect(shared.socket)
    body = json.dumps(SIGN)
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    for byte in request("/v1/profiles/irsa/sign", "POST", head, body):
        sock.sendall(bytes([byte]))
    (reply,) = unix_http.read_replies(sock, 1)
    assert reply.status == 200, reply
    sock.close()


def test_chunked_body(shared):
    body = json.dumps(SIGN).encode()
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7))
    head = b"POST /v1/profiles/irsa/sign HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n"
    (first, second), _ = raw(shared, head + chunks + b"0\r\n\r\n" + request("/livez"), 2)
    assert first.status == 200 and second.status == 200, first


def test_expect_continue(shared):
    body = json.dumps(SIGN)
    sock = unix_http.connect(shared.socket)
    sock.sendall(request("/v1/profiles/irsa/sign", "POST", f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n"))
    assert sock.recv(64) == b"HTTP/1.1 100 Continue\r\n\r\n"
    sock.sendall(body.encode())
    assert unix_http.read_replies(sock, 1)[0].status == 200
    sock.close()


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v1/profiles/", 404, "not_found"),
        ("GET", "/v1/profiles/none", 404, "profile_not_found"),
        ("GET", "/v1/profiles/none/credentials", 404, "profile_not_found"),
        ("POST", "/v1/profiles/none/refresh", 404, "profile_not_found"),
        ("GET", "/v1/profiles/irsa/nothing", 404, "not_found"),
        ("POST", "/v1/profiles", 405, "method_not_allowed"),
        ("PUT", "/v1/profiles/irsa/credentials", 405, "method_not_allowed"),
        ("GET", "/v1/profiles/irsa/sign", 405, "method_not_allowed"),
        ("GET", "/v1/profiles/irsa/credentials?wait=61", 400, "invalid_request"),
        ("GET", "/v1/profiles/irsa/credentials?wait=-1", 400, "invalid_request"),
        ("GET", "/v1/profiles/irsa/credentials?wait=soon", 400, "invalid_request"),
        ("GET", "/v1/profiles/%zz", 404, "profile_not_found"),
    ],
)
def test_answers_errors_as_problem_documents(shared, method, target, status, code):
    reply = shared.call(method, target)
    problem = reply.problem()
    assert (reply.status, problem["code"]) == (status, code), problem
    assert problem["hint"]
    if status == 405:
        assert reply.headers["allow"]


def test_unknown_profile_is_answered_with_similar_names(shared):
    assert "irsa" in str(shared.call("GET", "/v1/profiles/irsaa").problem())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "invalid_request"),
        ("{", 400, "invalid_request"),
        ("[]", 400, "invalid_request"),
        ('{"method": "GET"} x', 400, "invalid_request"),
        ('{"method": "GET", "method": "PUT"}', 400, "invalid_request"),
        (json.dumps({**SIGN, "unknown": 1}), 400, "invalid_request"),
        (json.dumps({**SIGN, "method": 1}), 400, "invalid_request"),
        (json.dumps({**SIGN, "payload_sha256": "0" * 64}), 400, "invalid_request"),
        (json.dumps({**SIGN, "headers": {"Authorization": "x"}}), 400, "invalid_request"),
        (json.dumps({**SIGN, "headers": {"x-amz-date": "20260901T120000Z"}}), 400, "invalid_request"),
        (json.dumps({**SIGN, "headers": {"a\r\nb": "c"}}), 400, "invalid_request"),
        (json.dumps({**SIGN, "url": "https://bedrock-runtime.us-east-1.amazonaws.com/a b"}), 400, "invalid_url"),
        (json.dumps({**SIGN, "url": "ftp://x/"}), 400, "invalid_url"),
        (json.dumps({**SIGN, "url": "https://u:p@x/"}), 400, "invalid_url"),
        (json.dumps({**SIGN, "url": "/relative"}), 400, "invalid_url"),
        (json.dumps({"url": SIGN["url"], "payload_text": "x" * (1 << 20)}), 413, "body_too_large"),
    ],
)
def test_sign_rejects_invalid_requests(shared, body, status, code):
    headers = {"Content-Type": "application/json"}
    reply = shared.call("POST", "/v1/profiles/irsa/sign", headers=headers, body=body.encode())
    assert (reply.status, reply.problem()["code"]) == (status, code), reply.body
    assert shared.call("GET", "/livez").status == 200


def test_rejects_another_media_type(shared):
    headers = {"Content-Type": "text/csv"}
    reply = shared.call("POST", "/v1/profiles/irsa/sign", headers=headers, body=b"a=b")
    assert reply.problem()["code"] == "unsupported_media_type" and reply.status == 415


def test_rejects_a_head_that_is_too_large(shared):
    replies, is_closed = raw(shared, request("/livez", headers="X-A: " + "a" * 70000 + "\r\n"))
    assert replies[0].status == 431 and is_closed
    replies, is_closed = raw(shared, request("/livez", headers="".join(f"X-{i}: 1\r\n" for i in range(70))))
    assert replies[0].status == 431 and is_closed
    assert shared.call("GET", "/" + "a" * 9000).problem()["code"] == "invalid_url"


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost : k\r\n\r\n",
        b"GET /livez HTTP/1.1\nHost: k\n\n",
        b"POST /livez HTTP/1.1\r\nHost: k\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /livez HTTP/1.1\r\nHost: k\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /livez HTTP/1.1\r\nHost: k\r\nContent-Length: -1\r\n\r\n",
        b"GET /livez\0 HTTP/1.1\r\nHost: k\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_rejects_malformed_http(shared, data):
    """Rejected and closed: the rest of the connection cannot be trusted."""
    replies, is_closed = raw(shared, data + request("/livez"))
    assert replies[0].status == 400 and is_closed
    assert shared.call("GET", "/livez").status == 200


def test_survives_clients_that_hang_up(start, standin, profiles):
    """In the middle of requests; other clients are served all the same."""
    standin.fault("sts", "slow", seconds=60)
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem()))
    for data in (b"GET /v1/pro", request(CREDENTIALS), request("/v1/profiles/irsa/refresh", "POST"), b""):
        for _ in range(20):
            sock = unix_http.connect(agent.socket)
            sock.sendall(data)
            sock.close()
    standin.clear_faults()
    assert agent.credentials("irsa") and agent.credentials("onprem")


def test_lists_profiles(shared):
    names = [p["name"] for p in shared.call("GET", "/v1/profiles").json()["profiles"]]
    assert names == sorted(["irsa", "onprem", "tenant-a", "base"])
    shared.credentials("irsa")
    profile = shared.profile("irsa")
    expected = {"name", "type", "state", "expiration", "next_refresh", "generation", "role_arn", "account_id", "region"}
    expected |= {"on_demand", "last_error", "last_success", "refreshes", "failures"}
    assert expected <= set(profile), profile
    assert profile["type"] == "web_identity" and profile["state"] == "fresh" and profile["region"] == "us-east-1"
    assert profile["account_id"] == "111122223333" and profile["last_error"] is None


def test_profile_name_with_blank(start, profiles):
    agent = start({"region": "us-east-1", "profiles": {"my base": profiles.static()}})
    assert agent.call("GET", "/v1/profiles/my%20base/credentials").status == 200


def test_health(start, standin, profiles):
    standin.fault("rolesanywhere", "hang")
    agent = start(config(irsa=profiles.irsa(), onprem=profiles.onprem(), lazy=profiles.irsa(refresh="on_demand")))
    agent.credentials("irsa")
    reply = agent.call("GET", "/readyz")
    assert reply.status == 503 and b"onprem" in reply.body and b"irsa" not in reply.body and b"lazy" not in reply.body
    assert agent.call("GET", "/livez").status == 200
    standin.clear_faults()
    until(lambda: agent.call("GET", "/readyz").status == 200, what="readiness")
    assert agent.call("GET", "/readyz?min_ttl=600").status == 200
    assert agent.call("GET", "/readyz?min_ttl=7200").status == 503
    version = agent.call("GET", "/version").json()
    assert re.match(r"\d+\.\d+", version["version"])


def test_metrics(start, profiles):
    agent = start(config(irsa=profiles.irsa()))
    agent.credentials("irsa")
    agent.sign("irsa", SIGN)
    reply = agent.call("GET", "/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    lines = reply.body.decode().splitlines()
    for line in lines:
        assert line.startswith("# ") or re.fullmatch(r'[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [-+0-9.eINFa]+', line), line
    text = "\n".join(lines)
    for name in (
        'keyfob_credentials_expiration_timestamp_seconds{profile="irsa"}',
        'keyfob_credentials_generation{profile="irsa"} 1',
        'keyfob_refreshes_total{profile="irsa",result="success"} 1',
        "keyfob_refresh_duration_seconds_bucket{",
        "keyfob_requests_total{",
        "keyfob_request_duration_seconds_count",
        'keyfob_signatures_total{algorithm="sigv4"} 1',
        "keyfob_served_expired_total 0",
        "keyfob_build_info{",
    ):
        assert name in text, name


# ---- access ----


def ask_as(agent, uid, method, target, body=None):
    """(status, code) for a client with that uid; any but our own needs root."""
    if uid == os.getuid():
        reply = agent.call(method, target, body)
        return reply.status, reply.json().get("code") if reply.status >= 400 else None
    command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "curl", "-sS", "-X", method]
    command += ["--unix-socket", str(agent.socket), "-w", "\n%{http_code}", f"http://k{target}"]
    if body is not None:
        command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    text, _, status = out.rpartition("\n")
    return int(status), json.loads(text).get("code") if int(status) >= 400 else None


@pytest.mark.parametrize("uid", [os.getuid()] + ([OTHER_UID] if os.geteuid() == 0 else []))
def test_enforces_rules_by_uid_and_gid(start, profiles, folder, uid):
    """Rules by the peer's uid and gid, scope by scope."""
    gid = os.getgid() if uid == os.getuid() else uid
    folder.chmod(0o755)
    socket_path = folder / "k.sock"
    agent = start(
        {
            "region": "us-east-1",
            "listeners": [{"unix": str(socket_path), "mode": "0666"}],
            "profiles": {
                "open": profiles.static(),
                "mine": profiles.static(allow={"uids": [uid]}),
                "group": profiles.static(allow={"gids": [gid], "scopes": ["credentials"]}),
                "signer": profiles.static(allow=[{"uids": [1]}, {"uids": [uid], "scopes": ["sign"]}]),
                "others": profiles.static(allow={"uids": [uid + 1], "gids": [gid + 1]}),
            },
        }
    )

    def get(name):
        return ask_as(agent, uid, "GET", f"/v1/profiles/{name}/credentials")

    def sign(name):
        return ask_as(agent, uid, "POST", f"/v1/profiles/{name}/sign", SIGN)

    assert get("open") == get("mine") == get("group") == (200, None)
    assert sign("open") == sign("mine") == sign("signer") == (200, None)
    assert get("signer") == sign("group") == (403, "scope_denied")
    assert get("others") == sign("others") == (403, "peer_not_allowed")
    refresh = ask_as(agent, uid, "POST", "/v1/profiles/group/refresh")
    assert refresh == (403, "scope_denied")
    assert ask_as(agent, uid, "DELETE", "/v1/profiles/signer/credentials") == (403, "scope_denied")
    denials = [line for line in agent.stderr().splitlines() if "denied" in line or "not_allowed" in line]
    assert any(str(uid) in line for line in denials)


def test_socket_mode_keeps_others_out(start, profiles):
    agent = start(config(base=profiles.static()))
    assert agent.socket.stat().st_mode & 0o777 == 0o600
    if os.geteuid() == 0:
        run = subprocess.run(
            ["setpriv", f"--reuid={OTHER_UID}", "--clear-groups", "curl", "-sS", "--unix-socket", str(agent.socket)]
            + ["http://k/livez"],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 7, "curl could not connect"
