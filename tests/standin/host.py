# SPDX-License-Identifier: Apache-2.0
"""What a machine of AWS offers to its programs: the container credentials endpoint (ECS tasks, EKS Pod Identity) and
the instance metadata service, version 2 only."""

import secrets
import time

from standin.messages import Response, json_response

CONTAINER_PATH = "/v2/credentials/"
EKS_PATH = "/v1/credentials"
IMDS_PATH = "/latest/"
ROLES_PATH = "/latest/meta-data/iam/security-credentials/"
TTL = "x-aws-ec2-metadata-token-ttl-seconds"
LIFETIME = 6 * 3600


class Host:
    """Its roles, None where it has none, and what it asks for."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.container_role = self.instance_role = None
        self.authorization = None  # what the container endpoint wants; None: anything
        self.code = "Success"  # of the instance's credentials
        self.forgets_tokens = False  # session tokens count once only
        self.expired_s = 0  # since when the instance's credentials have ended
        self._tokens = {}

    def control(self, document):
        unknown = set(document) - {
            "container_role",
            "instance_role",
            "authorization",
            "code",
            "forgets_tokens",
            "expired_s",
        }
        if unknown:
            raise ValueError(f"unknown: {sorted(unknown)}")
        vars(self).update(document)
        return {}

    def session_token(self, seconds):
        token = secrets.token_urlsafe(40) + "=="
        self._tokens[token] = time.monotonic() + seconds
        return token

    def takes(self, token):
        is_good = self._tokens.get(token, 0) > time.monotonic()
        if self.forgets_tokens:
            self._tokens.pop(token, None)
        return is_good


def is_container(path):
    return path.startswith(CONTAINER_PATH) or path == EKS_PATH


def container(call):
    request, host = call.request, call.host
    authorization = request.header("authorization")
    call.record.update(action="GetCredentials", host=request.header("host"), authorization=authorization is not None)
    if request.method != "GET":
        return json_response(405, {"code": "MethodNotAllowed", "message": request.method})
    if host.authorization is not None and not secrets.compare_digest(authorization or "", host.authorization):
        return json_response(401, {"code": "AuthorizationTokenNotValid", "message": "The token is not valid"})
    if host.container_role is None:
        return json_response(404, {"code": "NotFound", "message": "No role"})
    call.record["verified"] = True
    role = call.registry.roles[host.container_role]
    key = call.issue(role.session("container"), LIFETIME)
    document = _document(call, key)
    document["RoleArn"] = role.arn
    if request.path == EKS_PATH:
        document["AccountId"] = role.account
    return json_response(200, document)


def imds(call):
    request, host = call.request, call.host
    token = request.header("x-aws-ec2-metadata-token")
    if request.path == "/latest/api/token":
        return _session(call)
    call.record.update(action=request.path.removeprefix(IMDS_PATH), host=request.header("host"))
    if request.method != "GET":
        return _plain(405, "")
    if token is None or not host.takes(token):
        return _plain(401, "")
    call.record["verified"] = True
    if host.instance_role is None or not request.path.startswith(ROLES_PATH):
        return _plain(404, "<html>404 - Not Found</html>")
    role = call.registry.roles[host.instance_role]
    name = request.path.removeprefix(ROLES_PATH)
    if not name:
        return _plain(200, role.name)
    if name != role.name:
        return _plain(404, "<html>404 - Not Found</html>")
    if host.code != "Success":
        return json_response(
            200, {"Code": host.code, "Message": "The role cannot be assumed", "LastUpdated": call.clock.now()}
        )
    key = call.issue(role.session("i-0123456789abcdef0"), -host.expired_s if host.expired_s else LIFETIME)
    return json_response(200, {"Code": "Success", "Type": "AWS-HMAC", **_document(call, key)})


def _session(call):
    """PUT with a time to live; what has passed a proxy is refused, as the real one does."""
    request = call.request
    call.record.update(action="api/token", host=request.header("host"))
    seconds = request.header(TTL) or ""
    if request.method != "PUT":
        return _plain(405, "")
    if request.header("x-forwarded-for") is not None:
        return _plain(403, "")
    if not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
        return _plain(400, "")
    response = _plain(200, call.host.session_token(int(seconds)))
    response.headers.append((TTL, seconds))
    return response


def _document(call, key):
    return {
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
        "Token": key.session_token,
        "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(key.expires)),
        "LastUpdated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(call.clock.now())),
    }


def _plain(status, text):
    return Response(status, text.encode(), "text/plain")
