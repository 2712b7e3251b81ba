# SPDX-License-Identifier: Apache-2.0
"""IAM Identity Center: the token service (RegisterClient, StartDeviceAuthorization, CreateToken) and the portal's
GetRoleCredentials. Requests are held against botocore's own models of both services."""

import json
import re
import secrets
import threading
import uuid
from urllib.parse import parse_qsl

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from standin.messages import JSON_NAMES, AwsError, Response, json_error, json_response
from standin.registry import Identity

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ACCESS_SCOPE = "sso:account:access"
REGISTRATION_SECONDS = 90 * 86400
DEFAULTS = {
    "token_seconds": 3600,  # life of an access token
    "device_seconds": 600,  # … of a device code
    "interval": 1,
    "rotates": True,  # a refresh token is good for one use
    "approves": False,  # device codes are approved as soon as they are there
    "role_seconds": 3600,
    "page": 1000,  # at most so many of a list at once
    "accounts": [
        {"id": "123456789012", "name": "Development", "roles": ["Dev Role", "ReadOnly"]},
        {"id": "210987654321", "name": "Prod / EU", "roles": ["ReadOnly"]},
    ],
}


class IdentityCenter:
    """What one start URL knows. Tokens are dictionaries: expires, start_url, scopes, client."""

    def __init__(self, clock):
        self._clock = clock
        self._lock = threading.Lock()
        self._secrets = set()
        models = Loader()
        self._models = {
            name: ServiceModel(models.load_service_model(name, "service-2"), name) for name in ("sso", "sso-oidc")
        }
        self.reset()

    def reset(self):
        """Settings as they were, nothing valid any more; secrets are remembered."""
        self.settings = dict(DEFAULTS)
        self.clients, self.devices, self.access, self.refresh = {}, {}, {}, {}
        self.denied_roles = set()

    def validate(self, service, operation, parameters):
        shape = self._models[service].operation_model(operation).input_shape
        report = ParamValidator().validate(parameters, shape).generate_report()
        unknown = set(parameters) - set(shape.members)
        if report or unknown:
            raise AwsError(400, "InvalidRequestException", f"{report} {sorted(unknown)}")

    def secret(self, prefix):
        value = prefix + secrets.token_urlsafe(48)
        with self._lock:
            self._secrets.add(value)
        return value

    def secrets(self):
        with self._lock:
            return {"secrets": sorted(self._secrets)}

    # ---- tokens ----

    def register(self, scopes, grant_types):
        client = {
            "secret": self.secret("client-secret-"),
            "scopes": scopes or [],
            "grants": grant_types,
            "issued": int(self._clock.now()),
            "expires": int(self._clock.now()) + REGISTRATION_SECONDS,
        }
        client_id = secrets.token_urlsafe(16)
        self.clients[client_id] = client
        return client_id, client

    def issue(self, client_id, start_url):
        """The members of CreateToken's answer."""
        client, now = self.clients[client_id], self._clock.now()
        access = self.secret("aoa-access-")
        self.access[access] = {"expires": now + self.settings["token_seconds"], "start_url": start_url}
        answer = {"accessToken": access, "tokenType": "Bearer", "expiresIn": int(self.settings["token_seconds"])}
        if ACCESS_SCOPE in client["scopes"]:
            refresh = self.secret("aor-refresh-")
            self.refresh[refresh] = {"client": client_id, "start_url": start_url}
            answer["refreshToken"] = refresh
        return answer

    # ---- control ----

    def control(self, document):
        """{"set": {…}}, {"approve": user code}, {"deny": user code}, {"revoke": "access" or "refresh"}, or
        {"login": {"start_url", "scopes", "seconds"}} for what a login would bring."""
        self.settings.update(document.get("set", {}))
        for verdict in ("approve", "deny"):
            for device in self.devices.values():
                if device["user_code"] == document.get(verdict):
                    device["state"] = verdict
        if "revoke" in document:
            getattr(self, document["revoke"]).clear()
        if "login" in document:
            return self._login(**document["login"])
        return {"devices": [d["user_code"] for d in self.devices.values()], "clients": len(self.clients)}

    def _login(self, start_url, scopes=(ACCESS_SCOPE,), seconds=None):
        client_id, client = self.register(list(scopes), None)
        answer = self.issue(client_id, start_url)
        expires = self._clock.now() + (self.settings["token_seconds"] if seconds is None else seconds)
        self.access[answer["accessToken"]]["expires"] = expires
        return {
            "clientId": client_id,
            "clientSecret": client["secret"],
            "registrationExpiresAt": client["expires"],
            "expiresAt": expires,
            **{name: answer[name] for name in ("accessToken", "refreshToken") if name in answer},
        }


def _snake(code):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", code.removesuffix("Exception")).lower()


def oidc_error(error):
    code = JSON_NAMES.get(error.code, error.code)
    body = {"error": _snake(code), "error_description": error.message}
    return json_response(error.status, body, [("x-amzn-ErrorType", code + ":")])


def _oidc(operation):
    def handle(call):
        call.record["action"] = operation
        try:
            parameters = json.loads(call.request.body)
        except ValueError:
            raise AwsError(400, "InvalidRequestException", "the body is no JSON") from None
        if (call.request.header("content-type") or "") != "application/json" or call.request.method != "POST":
            raise AwsError(400, "InvalidRequestException", "not application/json by POST")
        if call.request.header("authorization"):
            raise AwsError(400, "InvalidRequestException", "signed")
        call.sso.validate("sso-oidc", operation, parameters)
        call.record["verified"] = True
        return json_response(200, HANDLERS[operation](call, parameters))

    return "sso-oidc", handle, oidc_error


def _register(call, parameters):
    if parameters["clientType"] != "public":
        raise AwsError(400, "InvalidClientMetadataException", "clientType")
    call.record.update(client_name=parameters["clientName"], scopes=parameters.get("scopes"))
    client_id, client = call.sso.register(parameters.get("scopes"), parameters.get("grantTypes"))
    return {
        "clientId": client_id,
        "clientSecret": client["secret"],
        "clientIdIssuedAt": client["issued"],
        "clientSecretExpiresAt": client["expires"],
    }


def _client(call, parameters):
    client = call.sso.clients.get(parameters["clientId"])
    if not client or not secrets.compare_digest(client["secret"], parameters["clientSecret"]):
        raise AwsError(401, "InvalidClientException", "Client authentication failed")
    return client


def _start_device(call, parameters):
    client = _client(call, parameters)
    if client["grants"] and DEVICE_CODE not in client["grants"]:
        raise AwsError(400, "UnauthorizedClientException", "grant type")
    settings = call.sso.settings
    code = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
    device = call.sso.secret("device-")
    call.sso.devices[device] = {
        "user_code": code,
        "client": parameters["clientId"],
        "start_url": parameters["startUrl"],
        "state": "approve" if settings["approves"] else "pending",
        "expires": call.clock.now() + settings["device_seconds"],
    }
    uri = "https://device.sso.us-east-1.amazonaws.com/"
    return {
        "deviceCode": device,
        "userCode": code,
        "verificationUri": uri,
        "verificationUriComplete": f"{uri}?user_code={code}",
        "expiresIn": int(settings["device_seconds"]),
        "interval": settings["interval"],
    }


def _create_token(call, parameters):
    _client(call, parameters)
    grant = parameters["grantType"]
    call.record["grant"] = grant
    if grant == DEVICE_CODE:
        return _by_device(call, parameters)
    if grant == "refresh_token":
        return _by_refresh(call, parameters)
    raise AwsError(400, "UnsupportedGrantTypeException", grant)


def _by_device(call, parameters):
    device = call.sso.devices.get(parameters.get("deviceCode"))
    if not device or device["client"] != parameters["clientId"]:
        raise AwsError(400, "InvalidGrantException", "device code")
    if call.clock.now() >= device["expires"]:
        raise AwsError(400, "ExpiredTokenException", "the device code has expired")
    if device["state"] == "pending":
        raise AwsError(400, "AuthorizationPendingException", "not yet")
    del call.sso.devices[parameters["deviceCode"]]
    if device["state"] == "deny":
        raise AwsError(400, "AccessDeniedException", "the person said no")
    return call.sso.issue(parameters["clientId"], device["start_url"])


def _by_refresh(call, parameters):
    token = parameters.get("refreshToken")
    held = call.sso.refresh.get(token)
    if not held or held["client"] != parameters["clientId"]:
        raise AwsError(400, "InvalidGrantException", "refresh token")
    if not call.sso.settings["rotates"]:
        answer = call.sso.issue(parameters["clientId"], held["start_url"])
        call.sso.refresh.pop(answer.pop("refreshToken"))
        return answer
    del call.sso.refresh[token]
    return call.sso.issue(parameters["clientId"], held["start_url"])


HANDLERS = {
    "RegisterClient": _register,
    "StartDeviceAuthorization": _start_device,
    "CreateToken": _create_token,
}


def _role_credentials(call):
    call.record["action"] = "GetRoleCredentials"
    query = dict(parse_qsl(call.request.query, keep_blank_values=True, strict_parsing=True))
    token = call.request.header("x-amz-sso_bearer_token")
    names = {"role_name": "roleName", "account_id": "accountId"}
    parameters = {names.get(name, name): value for name, value in query.items()}
    if token is not None:
        parameters["accessToken"] = token
    if call.request.method != "GET" or call.request.header("authorization"):
        raise AwsError(400, "InvalidRequestException", "not an unsigned GET")
    call.sso.validate("sso", "GetRoleCredentials", parameters)
    account, role = parameters["accountId"], parameters["roleName"]
    call.record.update(role=role, account=account, verified=True)
    held = call.sso.access.get(token)
    if not held or call.clock.now() >= held["expires"]:
        raise AwsError(401, "UnauthorizedException", "Session token not found or invalid")
    if role == "NotMine":
        raise AwsError(403, "ForbiddenException", "No access")
    if not re.fullmatch(r"\d{12}", account):
        raise AwsError(400, "InvalidRequestException", "account_id")
    name = f"AWSReservedSSO_{role.replace(' ', '-')}_0123456789abcdef"
    identity = Identity(
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/person",
        account=account,
        user_id=f"AROA{uuid.uuid4().hex[:17].upper()}:person",
        role_arn=f"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/{name}",
        session_name="person",
    )
    key = call.issue(identity, call.sso.settings["role_seconds"])
    return json_response(
        200,
        {
            "roleCredentials": {
                "accessKeyId": key.access_key_id,
                "secretAccessKey": key.secret_access_key,
                "sessionToken": key.session_token,
                "expiration": int(key.expires * 1000),
            }
        },
    )


def _bearer(call, operation, method, parameters):
    """The token that the portal's operation is called with, judged like its parameters."""
    call.record["action"] = operation
    token = call.request.header("x-amz-sso_bearer_token")
    if token is not None:
        parameters["accessToken"] = token
    if call.request.method != method or call.request.header("authorization"):
        raise AwsError(400, "InvalidRequestException", f"not an unsigned {method}")
    call.sso.validate("sso", operation, parameters)
    held = call.sso.access.get(token)
    if not held or call.clock.now() >= held["expires"]:
        raise AwsError(401, "UnauthorizedException", "Session token not found or invalid")
    call.record["verified"] = True
    return token


def _logout(call):
    token = _bearer(call, "Logout", "POST", {})
    if call.request.body:
        raise AwsError(400, "InvalidRequestException", "Logout has no body")
    del call.sso.access[token]
    return Response(200, b"", "application/json")


def _page(call, operation, names, items, key):
    """A page of the list, by max_result and next_token."""
    query = dict(parse_qsl(call.request.query, keep_blank_values=True))
    if set(query) - set(names):
        raise AwsError(400, "InvalidRequestException", f"unknown parameters: {query}")
    parameters = {names[name]: value for name, value in query.items()}
    parameters.update({"maxResults": int(query["max_result"])} if "max_result" in query else {})
    _bearer(call, operation, "GET", parameters)
    start = int(query.get("next_token") or 0)
    size = min(parameters.get("maxResults", 20), call.sso.settings["page"])
    more = {"nextToken": str(start + size)} if start + size < len(items(parameters)) else {"nextToken": None}
    return json_response(200, {key: items(parameters)[start : start + size], **more})


PAGING = {"max_result": "maxResults", "next_token": "nextToken"}


def _accounts(call):
    accounts = call.sso.settings["accounts"]

    def items(_):
        return [
            {"accountId": a["id"], "accountName": a["name"], "emailAddress": f"{a['id']}@example.com"} for a in accounts
        ]

    return _page(call, "ListAccounts", PAGING, items, "accountList")


def _account_roles(call):
    def items(parameters):
        for account in call.sso.settings["accounts"]:
            if account["id"] == parameters["accountId"]:
                return [{"roleName": role, "accountId": account["id"]} for role in account["roles"]]
        raise AwsError(404, "ResourceNotFoundException", "no such account")

    return _page(call, "ListAccountRoles", {**PAGING, "account_id": "accountId"}, items, "roleList")


PATHS = {
    "/logout": ("sso", _logout, json_error),
    "/assignment/accounts": ("sso", _accounts, json_error),
    "/assignment/roles": ("sso", _account_roles, json_error),
    "/client/register": _oidc("RegisterClient"),
    "/device_authorization": _oidc("StartDeviceAuthorization"),
    "/token": _oidc("CreateToken"),
    "/federation/credentials": ("sso", _role_credentials, json_error),
}
