# SPDX-License-Identifier: Apache-2.0
"""Requests to the stand-in, sent as they are given, valid or not."""

import http.client


def send(standin, method, target, headers, body=b""):
    """(status, error type, body); `target` may begin with the stand-in's URL."""
    connection = http.client.HTTPConnection("127.0.0.1", standin.port, timeout=60)
    try:
        connection.putrequest("GET", "/", skip_host="Host" in headers, skip_accept_encoding=True)
        # Not by putrequest(), which refuses what it takes for invalid, such as raw UTF-8 in a path.
        connection._buffer[0] = f"{method} {target.removeprefix(standin.url)} HTTP/1.1".encode()
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.getheader("X-Amzn-ErrorType"), response.read()
    finally:
        connection.close()
