# SPDX-License-Identifier: Apache-2.0
"""HTTP over a Unix socket."""

import http.client
import json
import socket
from dataclasses import dataclass

LONGEST_SECONDS = 75.0  # longer than any ?wait= may be


class UnixConnection(http.client.HTTPConnection):
    """A keep-alive connection to a socket path."""

    def __init__(self, path, timeout=LONGEST_SECONDS):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = connect(self.path, self.timeout)

    def call(self, method, target, document=None, headers=None, body=None):
        """One exchange; `document` is sent as JSON."""
        headers = dict(headers or {})
        if document is not None:
            body = json.dumps(document).encode()
            headers.setdefault("Content-Type", "application/json")
        self.request(method, target, body=body, headers=headers)
        response = self.getresponse()
        data = response.read()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, data)


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The body of an error, once its shape is checked."""
        assert self.headers["content-type"] == "application/problem+json", self
        document = self.json()
        assert document["status"] == self.status
        assert {"type", "title", "status", "code", "detail"} <= set(document)
        return document


def connect(path, timeout=LONGEST_SECONDS):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    sock.connect(str(path))
    return sock


def call(path, method, target, document=None, headers=None, body=None, timeout=LONGEST_SECONDS):
    """One exchange on a connection of its own."""
    connection = UnixConnection(path, timeout)
    try:
        return connection.call(method, target, document, headers, body)
    finally:
        connection.close()


def read_replies(sock, count):
    """That many replies from a raw socket, in order."""
    file = sock.makefile("rb")
    replies = []
    for _ in range(count):
        line = file.readline()
        assert line.startswith(b"HTTP/1.1 "), line
        headers = {}
        while (header := file.readline().strip()) != b"":
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = b"" if line.split()[1] in (b"204", b"304") else file.read(int(headers["content-length"]))
        replies.append(Reply(int(line.split()[1]), headers, body))
    return replies
