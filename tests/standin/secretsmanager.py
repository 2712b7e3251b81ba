# SPDX-License-Identifier: Apache-2.0
"""Secrets Manager, JSON 1.1: GetSecretValue. Versions and their stages, rotation, who may read."""

import base64
import json
import threading
import uuid
from dataclasses import dataclass, field

import botocore.session
from botocore.validate import ParamValidator

from standin import sigv4
from standin.messages import JSON_NAMES, AwsError, Response, request_id

CONTENT_TYPE = "application/x-amz-json-1.1"
PREFIX = "secretsmanager."
NAMES = {**JSON_NAMES, "InternalFailure": "InternalServiceError"}
MISSING = "Secrets Manager can't find the specified secret"


@dataclass
class Version:
    members: dict  # SecretString or SecretBinary
    created: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    stages: list = field(default_factory=lambda: ["AWSCURRENT"])


@dataclass
class Secret:
    name: str
    arn: str
    principals: list = None  # ARNs of users and roles that may read it; None: all of the account
    failure: str = None  # a code that every read by someone who may fails with
    versions: list = field(default_factory=list)

    def put(self, version):
        """A rotation: the new version is current, the one before it previous."""
        for old in self.versions:
            old.stages = ["AWSPREVIOUS"] if "AWSCURRENT" in old.stages else []
        self.versions.append(version)


class Secrets:
    """Every secret of one account and region."""

    def __init__(self, account, region="us-east-1"):
        self._lock = threading.Lock()
        self._prefix = f"arn:aws:secretsmanager:{region}:{account}:secret:"
        self.account = account
        self._secrets = {}
        self.values = []  # every text that was ever in one

    def put(self, document, now):
        """From the JSON of the control endpoint: {"name", "value" (any JSON), "text" or "binary", …}."""
        with self._lock:
            name = document["name"]
            secret = self._secrets.setdefault(name, Secret(name, f"{self._prefix}{name}-{uuid.uuid4().hex[:6]}"))
            secret.principals, secret.failure = document.get("principals"), document.get("failure")
            if "value" in document:
                members = {"SecretString": json.dumps(document["value"])}
            elif "binary" in document:
                members = {"SecretBinary": base64.b64encode(document["binary"].encode()).decode()}
            else:
                members = {"SecretString": document["text"]}
            self.values += document["value"].values() if "value" in document else members.values()
            version = Version(members, now)
            secret.put(version)
            return {"arn": secret.arn, "version_id": version.id}

    def clear(self):
        with self._lock:
            self._secrets = {}

    def find(self, secret_id):
        with self._lock:
            for secret in self._secrets.values():
                if secret_id in (secret.name, secret.arn, secret.arn[:-7]):
                    return secret
        raise AwsError(400, "ResourceNotFoundException", MISSING + ".")


def error(failure):
    code = NAMES.get(failure.code, failure.code)
    # AWS spells the member both ways.
    member = "message" if code.endswith("Exception") and code != "ResourceNotFoundException" else "Message"
    body = json.dumps({"__type": code, member: failure.message}).encode()
    status = 500 if failure.status >= 500 else 400
    return Response(status, body, CONTENT_TYPE, [("x-amzn-RequestId", request_id())])


def handle(call):
    request = call.request
    target = request.header("x-amz-target") or ""
    call.record["action"] = target.removeprefix(PREFIX)
    if request.method != "POST" or request.path != "/" or target != PREFIX + "GetSecretValue":
        raise AwsError(400, "UnknownOperationException", "")
    if request.header("content-type") != CONTENT_TYPE:
        raise AwsError(400, "SerializationException", "Content-Type must be " + CONTENT_TYPE)
    key = sigv4.verify(request, call.registry, call.clock, "secretsmanager", call.record)
    call.record["verified"] = True
    parameters = _parameters(request)
    call.record.update(secret_id=parameters["SecretId"], version_stage=parameters.get("VersionStage"))
    caller = key.identity
    secret = call.secrets.find(parameters["SecretId"])
    may_read = caller.account == call.secrets.account and (
        secret.principals is None or {caller.arn, caller.role_arn} & set(secret.principals)
    )
    if not may_read:
        raise AwsError(
            400,
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: secretsmanager:GetSecretValue on resource: {secret.arn}",
        )
    if secret.failure:
        raise AwsError(400, secret.failure, "by order of the test")
    version = _version(secret, parameters)
    document = {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        **version.members,
        "VersionStages": version.stages,
        "CreatedDate": version.created,
    }
    call.record["version_id"] = version.id
    return Response(200, json.dumps(document).encode(), CONTENT_TYPE, [("x-amzn-RequestId", request_id())])


def _parameters(request):
    """The body, judged by botocore's model of the service."""
    try:
        parameters = json.loads(request.body)
    except ValueError:
        raise AwsError(400, "SerializationException", "The body is not JSON") from None
    report = ParamValidator().validate(parameters, _input_shape())
    if report.has_errors():
        raise AwsError(400, "InvalidParameterException", report.generate_report())
    return parameters


def _input_shape(cache=[]):
    if not cache:
        model = botocore.session.get_session().get_service_model("secretsmanager")
        cache.append(model.operation_model("GetSecretValue").input_shape)
    return cache[0]


def _version(secret, parameters):
    wanted, stage = parameters.get("VersionId"), parameters.get("VersionStage")
    if wanted is None:
        stage = stage or "AWSCURRENT"
    for version in secret.versions:
        if wanted in (None, version.id) and (stage is None or stage in version.stages):
            return version
    label = f"{MISSING} value for " + (f"VersionId: {wanted}" if wanted else f"staging label: {stage}")
    raise AwsError(400, "ResourceNotFoundException", label)
