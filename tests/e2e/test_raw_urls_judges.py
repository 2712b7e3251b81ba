# SPDX-License-Identifier: Apache-2.0
"""Raw URLs, as users write them and proxies receive them, against signers that take such URLs: libcurl's --aws-sigv4 (on
the wire) and awscrt. botocore is no judge here: it signs URLs that it wrote itself.

What each of them does not do as AWS does, by the servers' own reports, is left out: libcurl drops pairs without a name,
signs S3's paths as they are, and does not normalise other paths; awscrt takes "+" for itself rather than for a blank,
refuses malformed escapes, and does not decode S3's paths."""

import datetime
import hashlib
import json
import os
import random
import socket
import subprocess
import threading
from urllib.parse import parse_qsl

import pycurl
import pytest
from awscrt import auth, http
from support.paths import BUILD

KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime.datetime(2026, 9, 1, 12, tzinfo=datetime.UTC)
SEED = int(os.environ.get("KEYFOB_SEED", random.SystemRandom().randrange(2**32)))
COUNT = int(os.environ.get("KEYFOB_JUDGE_URLS", "1500"))
QUERIES = ["k=a,b", "k=a/b", "k=a:b", "k=a%2fb", "k=%7E", "k[]=1", "a=1&", "prefix=photos/2024&list-type=2", "acl",
           "&&a&&b", "k=v=w", "k=%2B%20", "b=2&a=1&a=0&A=3", "k=é", "k=%c3%a9", "k=%00", "a.=1&a=2&a%2D=3", "", "&",
           "k=\"<>^`{|}\\[]'()*!$@;?"]  # fmt: skip


def keyfob_sign(jobs):
    """The answers of our signer."""
    fixed = {"payload_hash": hashlib.sha256(b"").hexdigest(), "region": "us-east-1", "time_s": int(NOW.timestamp()),
             "access_key_id": KEY_ID, "secret_access_key": SECRET, "session_token": "", "presign": False, "expires_s": 900,
             "add_content_sha256": False, "headers": [], "method": "GET"}  # fmt: skip
    lines = "".join(json.dumps(fixed | job) + "\n" for job in jobs)
    done = subprocess.run([BUILD / "sign_judge"], input=lines.encode(), stdout=subprocess.PIPE, check=True, timeout=300)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(jobs)
    return answers


def text(rnd, alphabet, longest):
    return "".join(rnd.choice(alphabet) for _ in range(rnd.randint(0, longest)))


def random_query(rnd, alphabet):
    escapes = ["%7E", "%7e", "%41", "%2F", "%2f", "%20", "%2B", "%26", "%3D", "%25", "%C3%A9", "%c3%a9", "%FF", "%00"]
    pairs = []
    for _ in range(rnd.choice([1, 2, 4, 9, 40])):
        name = rnd.choice("abAB-_.~1") + text(rnd, alphabet + escapes, 3)
        pairs.append(rnd.choice([name, f"{name}=", f"{name}={text(rnd, alphabet + escapes, 6)}", "a=1", ""]))
    return "&".join(pairs)


# ---- libcurl ----


class Recorder:
    """Answers every request with 200; the head of the last one is `head`."""

    def __init__(self):
        self.head = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as lines:
                head = b""
                for line in lines:
                    head += line
                    if line == b"\r\n":
                        self.head, head = head.decode("latin-1"), b""
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                if head == b"end\n":
                    return

    def end(self):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"end\n")
        self._thread.join()
        self._listener.close()

    def header(self, name):
        lines = self.head.split("\r\n")[1:]
        return next(v.strip() for n, _, v in (line.partition(":") for line in lines) if n.lower() == name)


@pytest.fixture
def curl():
    """curl(url, service): the Authorization header that libcurl sends."""
    recorder, handle = Recorder(), pycurl.Curl()

    def sign(url, service):
        handle.reset()
        handle.setopt(pycurl.URL, url.encode())
        handle.setopt(pycurl.CONNECT_TO, [f"::127.0.0.1:{recorder.port}"])
        handle.setopt(pycurl.AWS_SIGV4, f"aws:amz:us-east-1:{service}")
        handle.setopt(pycurl.USERPWD, f"{KEY_ID}:{SECRET}")
        handle.setopt(pycurl.HTTPHEADER, [f"X-Amz-Date: {NOW:%Y%m%dT%H%M%SZ}"])
        handle.perform()
        return recorder.header("authorization")

    yield sign
    handle.close()
    recorder.end()


def test_queries_as_libcurl_signs_them(curl):
    rnd = random.Random(SEED)
    alphabet = list("aB0-_.~!$'()*+,;:@/?%[]é日\"<>^`{|}\\=")
    queries = QUERIES + [random_query(rnd, alphabet) for _ in range(COUNT)]
    jobs = [{"url": f"http://h.example/x/y.z?{q}", "service": rnd.choice(["execute-api", "s3"])} for q in queries]
    for job, answer in zip(jobs, keyfob_sign(jobs)):
        assert answer["headers"]["authorization"] == curl(job["url"], job["service"]), f"seed {SEED}: {json.dumps(job)}"


def test_paths_as_libcurl_signs_them(curl):
    paths = ["/dt=1", "/f(1).txt", "/a+b", "/a%2Bb", "/%7E", "/a%2Fb", "/é", "/a:b%3Ac", "/\"<>^`{|}[]'*!$&", "/100%", "/%zz"]
    jobs = [{"url": f"http://h.example{path}", "service": "execute-api"} for path in paths]
    for job, answer in zip(jobs, keyfob_sign(jobs)):
        assert answer["headers"]["authorization"] == curl(job["url"], "execute-api"), job["url"]


def test_libcurl_says_no(curl):
    """The comparison would notice another key, another path and another query."""
    (answer,) = keyfob_sign([{"url": "http://h.example/x?a=1", "service": "es"}])
    for url, service in (("http://h.example/x?a=2", "es"), ("http://h.example/y?a=1", "es"), ("http://h.example/x?a=1", "s3")):
        assert answer["headers"]["authorization"] != curl(url, service)


# ---- awscrt ----


def crt_sign(job, token=None, presign=False, omit_session_token=False):
    """The signed request as awscrt makes it."""
    host, slash, target = job["url"].partition("://")[2].partition("/")
    request = http.HttpRequest("GET", slash + target, http.HttpHeaders([("host", host)]))
    kind = auth.AwsSignatureType
    config = auth.AwsSigningConfig(
        algorithm=auth.AwsSigningAlgorithm.V4,
        signature_type=kind.HTTP_REQUEST_QUERY_PARAMS if presign else kind.HTTP_REQUEST_HEADERS,
        credentials_provider=auth.AwsCredentialsProvider.new_static(KEY_ID, SECRET, token),
        region="us-east-1",
        service=job["service"],
        date=NOW,
        expiration_in_seconds=900 if presign else None,
        omit_session_token=omit_session_token,
    )
    auth.aws_sign_request(request, config).result(60)
    return request


def crt_authorization(job):
    return next(value for name, value in crt_sign(job).headers if name == "Authorization")


def test_urls_as_awscrt_signs_them():
    rnd = random.Random(SEED)
    alphabet = list("aB0-_.~!$'()*,;@/?[]\"<>^`{|}\\=")
    jobs = [{"url": f"http://h.example/x?{query}", "service": "es"} for query in QUERIES if "é" not in query]
    for _ in range(COUNT):
        # Without ":" and "//" at the start: awscrt would sometimes read a scheme and a host.
        segments = [text(rnd, [*"aB0-_.~!$'()*+,;@[]{|}=", "%2F", "%3A", "%7e", "..", "."], 5) for _ in range(4)]
        path = "/r" + "/".join(segments)
        jobs.append({"url": f"http://h.example{path}?{random_query(rnd, alphabet)}", "service": "execute-api"})
    for job, answer in zip(jobs, keyfob_sign(jobs)):
        assert answer["headers"]["authorization"] == crt_authorization(job), f"seed {SEED}: {json.dumps(job)}"


@pytest.mark.parametrize("scheme", ["wss", "https"])
@pytest.mark.parametrize("token", ["", "IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars=="])
def test_mqtt_over_websocket_as_awscrt_presigns_it(scheme, token):
    """IoT's device gateway checks the signature without the token, which stands behind it."""
    job = {"url": f"{scheme}://x-ats.iot.us-east-1.amazonaws.com/mqtt", "service": "iotdevicegateway"}
    (answer,) = keyfob_sign([{**job, "session_token": token, "presign": True}])
    ours, theirs = answer["url"], crt_sign(job, token or None, presign=True, omit_session_token=True).path
    assert ours.startswith(job["url"] + "?")
    assert sorted(parse_qsl(ours.partition("?")[2])) == sorted(parse_qsl(theirs.partition("?")[2]))
    order = [name for name, _ in parse_qsl(ours.partition("?")[2])]
    assert order[-2:] == (["X-Amz-Signature", "X-Amz-Security-Token"] if token else ["X-Amz-SignedHeaders", "X-Amz-Signature"])
    if token:
        signed = crt_sign(job, token, presign=True).path
        assert parse_qsl(signed)[-1] != parse_qsl(ours)[-1] and signed.rpartition("=")[2] not in ours
