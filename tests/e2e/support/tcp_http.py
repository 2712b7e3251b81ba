# SPDX-License-Identifier: Apache-2.0
"""HTTP over TCP, byte by byte where it has to be, and where an agent listens."""

import http.client
import json
import socket
from urllib.parse import urlsplit


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body!r}"


def listeners(agent, api):
    """Where the agent serves this API over TCP, in its own words."""
    listed = agent.call("GET", "/v1/profiles").json()["listeners"]
    return [entry["tcp"] for entry in listed if "tcp" in entry and api in entry["api"]]


def _split(at):
    parts = urlsplit(f"//{at}")
    return parts.hostname, parts.port


def call(at, method, target, headers=None, timeout=30.0):
    """One request to "127.0.0.1:9911" or "[::1]:9911". Its headers are these alone, but for Host."""
    host, port = _split(at)
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        headers = {"Host": at, **(headers or {})}
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def connects(at):
    try:
        socket.create_connection(_split(at), timeout=10).close()
        return True
    except OSError:
        return False
