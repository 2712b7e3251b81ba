# SPDX-License-Identifier: Apache-2.0
"""The stand-in's front door: plain HTTP/1.1 and, on request, TLS on loopback; routing; the log of calls; control."""

import itertools
import json
import socket
import ssl
import struct
import sys
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standin import bedrock, faults, github, host, jwt, mfa, rolesanywhere, secretsmanager, signin, sigv4, sso, sts
from standin.files import write_atomically
from standin.messages import AwsError, Request, json_error, json_response, xml_error
from standin.registry import AUDIENCE, Role

LOG_LENGTH = 20000
MAX_BODY = 32 << 20
SECONDS_DEFAULT = {"skew": 3600, "slow": 1, "short_life": 120}


class Call:
    """One call of a service: the request, whom it finds, and what the log will say."""

    def __init__(self, service, request, target, number, fault):
        seconds = (fault.seconds or SECONDS_DEFAULT.get(fault.kind, 0)) if fault else 0
        skew = seconds if fault and fault.kind == "skew" else 0
        self._lifetime = seconds if fault and fault.kind == "short_life" else None
        self.registry, self.issuer_key = service.registry, service.issuer_key
        self.secrets, self.github = service.secrets, service.github
        self.sso, self.mfa, self.host = service.sso, service.mfa, service.host
        self.signin = service.signin
        self.clock = service.clock.shifted(skew)
        self.request, self.seconds = request, seconds
        self.record = {
            "id": number,
            "time": service.clock.now(),
            "target": target,
            "action": None,
            "role": None,
            "session_name": None,
            "caller": None,
            "external_id": None,
            "duration": None,
            "verified": False,
            "error": None,
            "fault": fault.kind if fault else None,
        }

    def issue(self, identity, seconds):
        """Credentials for `seconds`; the log keeps their access key."""
        seconds = seconds if self._lifetime is None else self._lifetime
        key = self.registry.issue(identity, self.clock.now() + seconds)
        self.record.update(issued=key.access_key_id, session_arn=identity.arn)
        return key


class Service:
    """Everything behind the sockets, shared by all connections."""

    def __init__(self, registry, clock):
        self.registry, self.clock = registry, clock
        self.issuer_key = jwt.load_key(registry.issuer_key) if registry.issuer_key else None
        self.faults = faults.Faults()
        self.secrets = secretsmanager.Secrets(registry.account)
        self.github = github.Job()
        self.sso = sso.IdentityCenter(clock)
        self.signin = signin.Signin(registry, clock)
        self.mfa = mfa.Devices()
        self.host = host.Host()
        self._log = deque(maxlen=LOG_LENGTH)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def answer(self, request, connection):
        """(response, whether to cut it) for any request; response None: reset the connection instead."""
        if request.path.startswith("/_standin/"):
            return self._control(request), False
        target, handler, render = route(request)
        with self._lock:
            number = next(self._numbers)
        fault = self.faults.take(target, request)
        call = Call(self, request, target, number, fault)
        with self._lock:
            self._log.append(call.record)
        try:
            if fault:
                faults.raise_error(fault)
            response = None if fault and fault.kind in ("refuse", "hang") else handler(call)
        except AwsError as error:
            call.record["error"] = {"status": error.status, "code": error.code, "message": error.message}
            response = render(error)
        if fault and fault.kind in ("hang", "slow"):
            is_there = faults.wait(fault, connection, call.seconds if fault.kind == "slow" else None)
            response = response if is_there else None
        if response is None:
            return None, False
        response.headers.append(("Date", call.clock.http_date()))
        return (faults.distort(fault, response), fault.kind == "cut") if fault else (response, False)

    def mint(self, document):
        return jwt.mint(
            self.issuer_key,
            document.get("issuer", self.registry.issuer),
            document["sub"],
            document.get("aud", AUDIENCE),
            self.clock.now(),
            document.get("lifetime", 86400),
            document.get("claims"),
        )

    # ---- control ----

    def _control(self, request):
        name = request.path.removeprefix("/_standin/")
        handler = {
            ("GET", "log"): self._get_log,
            ("GET", "issued"): self._get_issued,
            ("GET", "time"): lambda _: {"now": self.clock.now()},
            ("GET", "faults"): lambda _: self.faults.documents(),
            ("POST", "faults"): lambda document: {"id": self.faults.add(document).id},
            ("DELETE", "faults"): lambda _: self.faults.clear() or {},
            ("POST", "reset"): self._reset,
            ("POST", "roles"): lambda document: self.registry.add_role(Role(**document)) or {},
            ("POST", "tokens"): self._post_tokens,
            ("POST", "users"): lambda document: self.registry.add_user(document) or {},
            ("DELETE", "users"): lambda document: self.registry.remove_user(document["access_key_id"]) or {},
            ("POST", "secrets"): lambda document: self.secrets.put(document, self.clock.now()),
            ("GET", "secrets"): lambda _: self.secrets.values,
            ("GET", "github"): lambda _: self.github.document(self.registry.port),
            ("GET", "github/tokens"): lambda _: self.github.tokens,
            ("POST", "github/answer"): self.github.set_answer,
            ("GET", "sso"): lambda _: self.sso.secrets(),
            ("POST", "sso"): self.sso.control,
            ("GET", "signin"): lambda _: self.signin.secrets(),
            ("POST", "signin"): self.signin.control,
            ("POST", "host"): self.host.control,
            ("POST", "mfa"): lambda document: self.mfa.show(**document),
        }.get((request.method, name))
        if handler is None:
            return json_response(404, {"message": f"no {request.method} {request.path}"})
        try:
            return json_response(200, handler(json.loads(request.body) if request.body else {}))
        except (ValueError, KeyError, TypeError) as error:
            return json_response(400, {"message": str(error)})

    def _get_log(self, _):
        with self._lock:
            return list(self._log)

    def _get_issued(self, _):
        return [
            {
                "access_key_id": key.access_key_id,
                "secret_access_key": key.secret_access_key,
                "session_token": key.session_token,
                "expires": key.expires,
                "arn": key.identity.arn,
                "role": key.identity.role_arn,
            }
            for key in self.registry.issued()
        ]

    def _reset(self, _):
        """Faults, secrets and the log go; what was issued stays valid."""
        self.faults.clear()
        self.secrets.clear()
        self.github.answer = None
        self.sso.reset()
        self.signin.reset()
        self.host.reset()
        with self._lock:
            self._log.clear()
        return {}

    def _post_tokens(self, document):
        token = self.mint(document)
        if "path" not in document:
            return {"token": token}
        write_atomically(Path(document["path"]), token)
        return {"path": document["path"]}


def route(request):
    """(target's name, handler, how it renders errors), by the signing scope's service, else by the path."""
    if host.is_container(request.path):
        return "container", host.container, json_error
    if request.path.startswith(host.IMDS_PATH):
        return "imds", host.imds, json_error
    service = sigv4.scope_service(request)
    if (request.header("x-amz-target") or "").startswith(secretsmanager.PREFIX):
        return "secretsmanager", secretsmanager.handle, secretsmanager.error
    if request.path == github.PATH:
        return "github", github.handle, json_error
    if service == "sts" or (service is None and request.path == "/"):
        return "sts", sts.handle, xml_error
    if service == "rolesanywhere" or request.path == "/sessions":
        return "rolesanywhere", rolesanywhere.handle, json_error
    if service is None and request.path in sso.PATHS:
        return sso.PATHS[request.path]
    if service is None and request.path == signin.PATH:
        return "signin", signin.handle, signin.error
    expected = "bedrock" if service in (None, "bedrock") else None
    return "bedrock", lambda call: bedrock.handle(call, expected), json_error


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 300

    def setup(self):
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            self.close_connection = True

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def finish(self):
        try:
            super().finish()
        except (ConnectionError, ssl.SSLError):
            pass

    def serve(self):
        body = self._body()
        if body is None:
            return
        raw_target = self.raw_requestline.split(b" ")[1]
        request = Request(self.command, _text(raw_target), [(n, _text(v)) for n, v in self.headers.items()], body)
        if not request.target.startswith("/") or "#" in request.target:
            self._send(json_response(400, {"message": "Bad request target"}))
            return
        response, is_cut = self.server.service.answer(request, self.connection)
        if response is None:
            self._reset_connection()
        else:
            self._send(response, is_cut)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = serve

    def _body(self):
        """The body, de-chunked; None after an answer that says what is wrong with it."""
        if "chunked" in (self.headers.get("transfer-encoding") or "").lower():
            chunks = []
            while size := int(self.rfile.readline(64).split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline(8)
            while self.rfile.readline(1024) not in (b"\r\n", b"\n", b""):
                pass
            return b"".join(chunks)
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(json_response(413, {"message": "Content-Length"}))
            return None
        return self.rfile.read(int(length))

    def _send(self, response, is_cut=False):
        head = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
        names = {name.lower() for name, _ in response.headers}
        head += [f"{name}: {value}" for name, value in response.headers]
        if "date" not in names:
            head.append(f"Date: {self.server.service.clock.http_date()}")
        head += [f"Content-Type: {response.content_type}", f"Content-Length: {len(response.body)}"]
        body = b"" if self.command == "HEAD" else response.body
        if is_cut:
            body = body[: len(body) // 2]
            self.close_connection = True
        if self.close_connection:
            head.append("Connection: close")
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        self.wfile.flush()

    def _reset_connection(self):
        """Closes it the hard way: the peer sees a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_):
        pass


def _text(raw):
    data = raw if isinstance(raw, bytes) else raw.encode("latin-1")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, port, service, tls=None, address="127.0.0.1"):
        self.service = service
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self):
        return self.server_address[1]

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request, client_address):
        """A peer that leaves is no news; anything else is printed with its trace by the base class."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError, TimeoutError)):
            super().handle_error(request, client_address)


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
