# SPDX-License-Identifier: Apache-2.0
"""Misbehaviour on request: which calls it hits, for how long, and what it does to the answer."""

import itertools
import json
import os
import select
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from standin.messages import AwsError, Response

TARGETS = {"sts", "rolesanywhere", "bedrock", "secretsmanager", "github", "sso", "sso-oidc", "signin", "container",
           "imds"}
# kind: what it does
KINDS = {
    "refuse": "closes the connection without an answer",
    "hang": "reads the request and says nothing until it is cleared or the client leaves",
    "throttle": "AWS asks for fewer calls",
    "deny": "AWS refuses: AccessDenied",
    "error500": "AWS fails inside",
    "cut": "handles the call, sends half of the answer, closes",
    "garbage": "200 with bytes that are no document",
    "skew": "the service's clock is off by `seconds`",
    "slow": "the answer takes `seconds`",
    "short_life": "credentials live `seconds`",
    "html": "502 with the HTML page of a load balancer",
    "oversize": "a right answer followed by 4 MiB of blanks",
}
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"


@dataclass
class Fault:
    target: str
    kind: str
    count: int = None  # None: until cleared
    role: str = None  # only calls for this role's ARN
    seconds: float = 0.0
    id: int = 0
    hits: int = 0
    cleared: threading.Event = field(default_factory=threading.Event, repr=False)

    def document(self):
        return {name: value for name, value in vars(self).items() if name != "cleared"}


class Faults:
    def __init__(self):
        self._lock = threading.Lock()
        self._faults = []
        self._ids = itertools.count(1)

    def add(self, document):
        """From the JSON of the control endpoint; ValueError says what is wrong with it."""
        unknown = set(document) - {"target", "kind", "count", "role", "seconds"}
        if unknown or document.get("target") not in TARGETS or document.get("kind") not in KINDS:
            expected = f"target is one of {sorted(TARGETS)}, kind one of {sorted(KINDS)}"
            raise ValueError(f"{expected}; unknown: {sorted(unknown)}")
        with self._lock:
            fault = Fault(**document, id=next(self._ids))
            self._faults.append(fault)
            return fault

    def clear(self):
        with self._lock:
            for fault in self._faults:
                fault.cleared.set()
            self._faults = []

    def documents(self):
        with self._lock:
            return [f.document() for f in self._faults]

    def take(self, target, request):
        """The first fault that hits this call, or None."""
        role = requested_role(target, request)
        with self._lock:
            for fault in self._faults:
                if fault.target == target and fault.role in (None, role):
                    fault.hits += 1
                    if fault.count is not None and fault.hits >= fault.count:
                        self._faults.remove(fault)
                    return fault
        return None


def requested_role(target, request):
    try:
        if target == "sts":
            return parse_qs(request.body.decode()).get("RoleArn", [None])[0]
        if target == "rolesanywhere":
            return json.loads(request.body).get("roleArn")
    except (ValueError, AttributeError):
        pass
    return None


def raise_error(fault):
    """Faults that are AWS's own errors."""
    if fault.kind == "throttle":
        raise AwsError(400, "Throttling", "Rate exceeded")
    if fault.kind == "deny":
        raise AwsError(403, "AccessDenied", "Access denied by order of the test")
    if fault.kind == "error500":
        raise AwsError(500, "InternalFailure", "The request processing has failed because of an unknown error")


def distort(fault, response):
    """The answer as the fault would have it."""
    if fault.kind == "garbage":
        return Response(200, os.urandom(512), response.content_type)
    if fault.kind == "html":
        return Response(502, HTML, "text/html")
    if fault.kind == "oversize":
        return Response(response.status, response.body + b" " * (4 << 20), response.content_type, response.headers)
    return response


def wait(fault, connection, seconds=None):
    """Until the fault is cleared, the client has gone, or `seconds` are over. False when the client has gone."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while not fault.cleared.is_set() and (deadline is None or time.monotonic() < deadline):
        readable, _, _ = select.select([connection], [], [], 0.02)
        if readable:
            return False
    return True
