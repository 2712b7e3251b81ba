# SPDX-License-Identifier: Apache-2.0
"""Requests to the stand-in just as they are given, bent ones too."""

import http.client


def send(standin, method, target, headers, body=b""):
    connection = http.client.HTTPConnection("127.0.0.1", standin.port, timeout=60)
    try:
        connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.getheader("X-Amzn-ErrorType"), response.read()
    finally:
        connection.close()
