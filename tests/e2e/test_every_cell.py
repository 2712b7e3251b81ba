# SPDX-License-Identifier: Apache-2.0
"""Who gets credentials over TCP: API × listener × peer × proof × header × method × path, every cell asked. What may come
back follows from the rules below, which share nothing with the agent. Everything that is received is searched for any piece
of a secret. Without root, and network namespaces, the only peer is the agent's own user."""

import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from support import namespace, raw_client, two_hosts
from support.other_user import OTHER_UID

TTL, SESSION = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"
ROLE = "/latest/meta-data/iam/security-credentials/canary"
KEY = {
    "access_key_id": "AKIAZ7QX3WJ5VB2NR6TK",
    "secret_access_key": "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",
    "session_token": "Ym1vS3hXcDlUZ1JqUWE4bkxkRnV6N2NFNUgwQkl5VnQ2QXNPa01lRw",
}
PIECE = 8  # bytes of a secret that must not come back

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE")
TARGETS = ("/", "/v1/container/canary", ROLE, "/latest/api/token", "/v1/profiles/canary/credentials", "/metrics")
# AT and NAME stand for the listener's address as the peer reaches it, with and without the port.
OWN_HOSTS = {"own": "Host: AT", "without a port": "Host: NAME"}
FOREIGN_HOSTS = {
    "rebound": "Host: evil.example",
    "rebound, own port": "Host: evil.example:PORT",
    "a name that begins alike": "Host: NAME.evil.example:PORT",
    "another port": "Host: NAME:1",
    "no host": "",
    "two hosts": "Host: AT\r\nHost: evil.example",
    "an empty host": "Host:",
}
FROM_ELSEWHERE = {
    "origin": "Origin: https://evil.example",
    "no origin": "ORIGIN: null",
    "referer": "referer: http://AT/",
    "sec-fetch-site": "Sec-Fetch-Site: same-origin",
    "sec-fetch-mode": "sec-fetch-mode: no-cors",
    "proxy": "X-Forwarded-For: 127.0.0.1",
}
HEADERS = {
    **OWN_HOSTS,
    **FOREIGN_HOSTS,
    **{name: f"Host: AT\r\n{line}" for name, line in FROM_ELSEWHERE.items()},
}
# TOKEN is the listener's token, ISSUED a session token of the agent's own user.
PROOFS = {
    "none": "",
    "wrong": "Authorization: wrong\r\n" + SESSION + ": wrong",
    "empty": "Authorization:\r\n" + SESSION + ":",
    "cut": "Authorization: CUT\r\n" + SESSION + ": SHORT",
    "longer": "Authorization: TOKENx\r\n" + SESSION + ": ISSUED0",
    "scheme": "Authorization: Bearer TOKEN",
    "twice": "Authorization: TOKEN\r\nAuthorization: wrong\r\n" + SESSION + ": ISSUED\r\n" + SESSION + ": wrong",
    "exchanged": "Authorization: ISSUED\r\n" + SESSION + ": TOKEN",
    "lifetime": TTL + ": 60",
    "token": "Authorization: TOKEN",
    "session": SESSION + ": ISSUED",
}


@dataclass(frozen=True)
class Listener:
    address: str
    apis: tuple

    @property
    def is_remote(self):
        return self.address == "0.0.0.0"

    def document(self, folder):
        more = {"authorization_token_file": str(folder / "token")} if "container" in self.apis else {}
        more |= {"profile": "canary"} if self.apis != ("health",) else {}
        more |= {"allow_remote": True} if self.is_remote else {}
        return {"tcp": f"{self.address}:0", "api": list(self.apis), **more}


LISTENERS = [
    *(Listener(address, (api,)) for api in ("container", "imds") for address in ("127.0.0.1", "[::1]", "0.0.0.0")),
    Listener("127.0.0.1", ("container", "imds")),
    *(Listener(address, ("health",)) for address in ("127.0.0.1", "0.0.0.0")),
]
PEERS = ("own", "other", "remote")


# ---- the rules ----


def gets_credentials(listener, peer, proof, header, method, target):
    if method != "GET" or header not in OWN_HOSTS:
        return False
    if "container" in listener.apis and proof == "token" and target in ("/", "/v1/container/canary"):
        return True
    return "imds" in listener.apis and proof == "session" and target == ROLE and peer == "own"


def is_refused(listener, peer, proof, header, method, target):
    """Not so much as a name, let alone a session token."""
    if listener.apis == ("health",):
        return header in FOREIGN_HOSTS and not listener.is_remote
    return header not in OWN_HOSTS or proof in ("none", "wrong", "empty", "cut", "longer", "scheme", "twice", "exchanged")


# ---- the cells ----


class World:
    """An agent on one of two hosts, and the peers."""

    def __init__(self, start, folder):
        self.folder, self.hosts = folder, None
        if os.geteuid() == 0 and not namespace.why_not():
            self.hosts = two_hosts.connected()
        self.peers = PEERS if self.hosts else ("own",)
        config = {
            "region": "us-east-1",
            "listeners": [{"unix": str(folder / "k.sock")}, *(entry.document(folder) for entry in LISTENERS)],
            "profiles": {"canary": {"type": "static", **KEY}},
        }
        self.agent = start(config, preexec=self.hosts[0].enter if self.hosts else None)
        listed = [entry["tcp"] for entry in self.agent.call("GET", "/v1/profiles").json()["listeners"] if "tcp" in entry]
        self.ports = {entry: at.rpartition(":")[2] for entry, at in zip(LISTENERS, listed, strict=True)}
        self.token = (folder / "token").read_text()

    def ask(self, peer, requests):
        """What comes back: texts, or None where there is nobody."""
        host = self.hosts and self.hosts[1 if peer == "remote" else 0]
        program = [sys.executable, raw_client.__file__, *([str(OTHER_UID)] if peer == "other" else [])]
        done = subprocess.run(program, input=json.dumps(requests), stdout=subprocess.PIPE, text=True, check=True,
                              preexec_fn=host.enter if host else None)
        return json.loads(done.stdout)

    def address(self, peer, listener):
        remote = self.hosts and listener.is_remote or peer == "remote"
        return two_hosts.ADDRESSES[0] if remote else "127.0.0.1" if listener.is_remote else listener.address

    def session_token(self, listener):
        """One of the agent's own user."""
        name, port = self.address("own", listener), self.ports[listener]
        text = f"PUT /latest/api/token HTTP/1.1\r\nHost: {name}:{port}\r\n{TTL}: 600\r\nConnection: close\r\n\r\n"
        (answer,) = self.ask("own", [[name.strip("[]"), port, text]])
        return answer.partition("\r\n\r\n")[2]

    def request(self, peer, listener, issued, proof, header, method, target):
        name, port = self.address(peer, listener), self.ports[listener]
        lines = "\r\n".join(filter(None, (HEADERS[header], PROOFS[proof], "Connection: close")))
        for word, value in (("AT", f"{name}:{port}"), ("NAME", name), ("PORT", port), ("CUT", self.token[:-1]),
                            ("TOKEN", self.token), ("ISSUED", issued), ("SHORT", issued[:-1])):
            lines = lines.replace(word, value)
        return [name.strip("[]"), port, f"{method} {target} HTTP/1.1\r\n{lines}\r\n\r\n"]

    def end(self):
        for host in self.hosts or ():
            host.end()


@pytest.fixture
def world(start, folder):
    world = World(start, folder)
    yield world
    world.end()


def pieces(*secrets):
    return {secret[i : i + PIECE] for secret in secrets for i in range(len(secret) - PIECE + 1)}


def check(world, peer, listener, of_credentials):
    issued = world.session_token(listener) if "imds" in listener.apis else "0" * 56
    cells = list(itertools.product(PROOFS, HEADERS, METHODS, TARGETS))
    answers = world.ask(peer, [world.request(peer, listener, issued, *cell) for cell in cells])
    of_proofs = pieces(world.token)
    for cell, answer in zip(cells, answers, strict=True):
        about = (peer, listener, *cell, answer)
        if peer == "remote" and not listener.is_remote:
            assert answer is None, about
            continue
        assert answer.startswith("HTTP/1.1 "), about
        found = sum(piece in answer for piece in of_credentials)
        assert found == (len(of_credentials) if gets_credentials(listener, peer, *cell) else 0), about
        assert not any(piece in answer for piece in of_proofs), about
        if is_refused(listener, peer, *cell):
            assert answer[9:12] in ("400", "401", "403", "404", "405", "421"), about
    return len(cells)


@pytest.mark.parametrize("listener", LISTENERS, ids=lambda entry: f"{'+'.join(entry.apis)}-{entry.address}")
def test_credentials_are_for_those_who_may_have_them(world, listener):
    of_credentials = pieces(*KEY.values())
    with ThreadPoolExecutor(len(world.peers)) as pool:
        done = [pool.submit(check, world, peer, listener, of_credentials) for peer in world.peers]
        asked = sum(one.result() for one in done)
    assert asked == len(world.peers) * len(PROOFS) * len(HEADERS) * len(METHODS) * len(TARGETS)
