# SPDX-License-Identifier: Apache-2.0
"""A CONNECT proxy on loopback that leads every host to one place, whatever its name, and keeps what it is asked."""

import base64
import selectors
import socket
import threading


class ConnectProxy:
    """`asked` is the list of "host:port", `authorizations` what came with them. `status` other than 200 refuses;
    `user` ("name:password") is demanded; `is_silent` accepts and never answers."""

    def __init__(self, upstream_port, status=200, user=None, is_silent=False):
        self.asked, self.authorizations = [], []
        self._upstream_port, self._status, self._user, self._is_silent = upstream_port, status, user, is_silent
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def url(self, user=None):
        return f"http://{user + '@' if user else ''}127.0.0.1:{self.port}"

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                received = client.recv(4096)
                if not received:
                    return
                head += received
                if self._is_silent:
                    head = b""
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            self.asked.append(target)
            self.authorizations.append(fields.get("proxy-authorization"))
            status = self._judge(method, fields)
            if status != 200:
                more = 'Proxy-Authenticate: Basic realm="test"\r\n' if status == 407 else ""
                client.sendall(f"HTTP/1.1 {status} No\r\n{more}Content-Length: 5\r\n\r\nsorry".encode())
                return
            with socket.create_connection(("127.0.0.1", self._upstream_port)) as upstream:
                self._open.append(upstream)
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _relay(client, upstream)

    def _judge(self, method, fields):
        if method != "CONNECT":
            return 405
        wanted = self._user and "Basic " + base64.b64encode(self._user.encode()).decode()
        if wanted and fields.get("proxy-authorization") != wanted:
            return 407
        return self._status


def _relay(one, other):
    """Bytes both ways until one side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                try:
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)
                except OSError:
                    return
