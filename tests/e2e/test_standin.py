# SPDX-License-Identifier: Apache-2.0
"""Tests of the stand-in: real boto3 clients pass, every changed request is refused."""

import hashlib
import http.client
import json
import ssl
import urllib.request

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from standin import demo
from support import aws
from support.polling import until
from support.raw import send

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def client(standin, service, key=None, token=None, secret=None):
    key = key or standin.user
    bent = {"SessionToken": token} if token else {}
    if secret:
        bent["SecretAccessKey"] = secret
    return aws.client(standin, service, {**key, **bent})


def error_of(call, *arguments, **keywords):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **keywords)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


# ---- STS ----


def test_assume_role_then_call(standin):
    sts = client(standin, "sts")
    answer = sts.assume_role(
        RoleArn=demo.TENANT_ROLE + "tenant-a",
        RoleSessionName="test@host",
        ExternalId=demo.EXTERNAL_ID,
        DurationSeconds=900,
        Policy=POLICY,
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        Tags=[{"Key": "Team", "Value": "AI & ML"[:2]}, {"Key": "Cost", "Value": ""}],
        TransitiveTagKeys=["Team"],
        SourceIdentity="alice",
    )
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::444455556666:assumed-role/tenant-a/test@host"
    assert answer["SourceIdentity"] == "alice"
    assert 800 <= len(answer["Credentials"]["SessionToken"]) <= 1200
    assert abs(answer["Credentials"]["Expiration"].timestamp() - standin.now() - 900) < 30
    identity = client(standin, "sts", answer["Credentials"]).get_caller_identity()
    assert identity["Account"] == "444455556666"
    assert identity["Arn"].endswith("/tenant-a/test@host")
    record = standin.calls(action="AssumeRole")[0]
    assert record["verified"] and record["external_id"] == demo.EXTERNAL_ID and record["duration"] == 900
    assert record["tags"] == {"Team": "AI", "Cost": ""} and record["transitive_tag_keys"] == ["Team"]


def test_web_identity(standin):
    sts = client(standin, "sts")
    answer = sts.assume_role_with_web_identity(
        RoleArn=demo.ROLE + "gateway", RoleSessionName="pod", WebIdentityToken=standin.token(), DurationSeconds=43200
    )
    assert answer["SubjectFromWebIdentityToken"] == demo.SUBJECT
    assert answer["Audience"] == "sts.amazonaws.com"
    chained = client(standin, "sts", answer["Credentials"])
    chained.assume_role(
        RoleArn=demo.TENANT_ROLE + "tenant-a", RoleSessionName="pod", ExternalId=demo.EXTERNAL_ID, DurationSeconds=3600
    )
    code, status, message = error_of(
        chained.assume_role,
        RoleArn=demo.TENANT_ROLE + "tenant-a",
        RoleSessionName="pod",
        ExternalId=demo.EXTERNAL_ID,
        DurationSeconds=3601,
    )
    assert (code, status) == ("ValidationError", 400) and "role chaining" in message


@pytest.mark.parametrize(
    ("token", "code", "status"),
    [
        ({"sub": "system:serviceaccount:keyfob-demo:other"}, "AccessDenied", 403),
        ({"aud": "pods.eks.amazonaws.com"}, "InvalidIdentityToken", 400),
        ({"issuer": "https://elsewhere.example"}, "InvalidIdentityToken", 400),
        ({"lifetime": -1}, "ExpiredTokenException", 400),
        ({"claims": {"exp": 1e10}}, "InvalidIdentityToken", 400),
        (None, "InvalidIdentityToken", 400),
    ],
)
def test_web_identity_refused(standin, token, code, status):
    text = "aaaa.bbbb.cccc" if token is None else standin.token(**token)
    got = error_of(
        client(standin, "sts").assume_role_with_web_identity,
        RoleArn=demo.ROLE + "gateway",
        RoleSessionName="pod",
        WebIdentityToken=text,
    )
    assert got[:2] == (code, status)


def test_rejects_a_web_identity_with_a_changed_signature(standin):
    head, body, signature = standin.token().split(".")
    bent = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    got = error_of(
        client(standin, "sts").assume_role_with_web_identity,
        RoleArn=demo.ROLE + "gateway",
        RoleSessionName="pod",
        WebIdentityToken=f"{head}.{body}.{bent}",
    )
    assert got[:2] == ("InvalidIdentityToken", 400)


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"ExternalId": "tenant-a:wrong"}, "AccessDenied", 403),
        ({"ExternalId": None}, "AccessDenied", 403),
        ({"RoleArn": demo.TENANT_ROLE + "nobody"}, "AccessDenied", 403),
        ({"RoleArn": demo.ROLE + "gateway"}, "AccessDenied", 403),
        ({"RoleArn": "arn:aws:iam::1:role/too-short-account"}, "ValidationError", 400),
        ({"ExternalId": "blank not allowed"}, "ValidationError", 400),
        ({"RoleSessionName": "sla/sh"}, "ValidationError", 400),
        ({"RoleSessionName": "n" * 65}, "ValidationError", 400),
        ({"DurationSeconds": 899}, "ValidationError", 400),
        ({"DurationSeconds": 43201}, "ValidationError", 400),
        ({"Policy": "{"}, "MalformedPolicyDocument", 400),
        ({"Policy": '{"Version": "2012-10-17"}'}, "MalformedPolicyDocument", 400),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "InvalidParameterValue", 400),
        ({"Tags": [{"Key": "a", "Value": "*"}]}, "ValidationError", 400),
        ({"TransitiveTagKeys": ["b"]}, "ValidationError", 400),
        ({"RoleArn": demo.TENANT_ROLE + "no-tags", "Tags": [{"Key": "a", "Value": "1"}]}, "AccessDenied", 403),
        ({"RoleArn": demo.TENANT_ROLE + "no-tags", "SourceIdentity": "alice"}, "AccessDenied", 403),
        ({"RoleArn": demo.TENANT_ROLE + "no-tags", "DurationSeconds": 3601}, "ValidationError", 400),
        ({"Tags": [{"Key": f"k{i}", "Value": "v" * 250} for i in range(20)]}, "PackedPolicyTooLarge", 400),
    ],
)
def test_assume_role_refused(standin, change, code, status):
    request = {"RoleArn": demo.TENANT_ROLE + "tenant-a", "RoleSessionName": "test", "ExternalId": demo.EXTERNAL_ID}
    request = {k: v for k, v in {**request, **change}.items() if v is not None}
    assert error_of(client(standin, "sts").assume_role, **request)[:2] == (code, status)


def test_transitive_tag_cannot_be_set_again(standin):
    first = client(standin, "sts").assume_role(
        RoleArn=demo.TENANT_ROLE + "tenant-a",
        RoleSessionName="test",
        ExternalId=demo.EXTERNAL_ID,
        Tags=[{"Key": "Team", "Value": "AI"}],
        TransitiveTagKeys=["Team"],
    )
    got = error_of(
        client(standin, "sts", first["Credentials"]).assume_role,
        RoleArn=demo.TENANT_ROLE + "tenant-a-bedrock",
        RoleSessionName="test",
        Tags=[{"Key": "team", "Value": "other"}],
    )
    assert got[0] == "InvalidParameterValue"


# ---- signatures ----


def test_wrong_secret(standin):
    got = error_of(client(standin, "sts", secret="x" * 40).get_caller_identity)
    assert got[:2] == ("SignatureDoesNotMatch", 403)


def test_unknown_key_and_wrong_token(standin):
    stranger = {"access_key_id": "AKIANOBODY0000000000", "secret_access_key": "x"}
    assert error_of(client(standin, "sts", stranger).get_caller_identity)[:2] == ("InvalidClientTokenId", 403)
    key = client(standin, "sts").assume_role(RoleArn=demo.ROLE + "base", RoleSessionName="test")["Credentials"]
    got = error_of(client(standin, "sts", key, token="another").get_caller_identity)
    assert got[:2] == ("InvalidClientTokenId", 403)
    got = error_of(client(standin, "bedrock-runtime", stranger).converse, modelId="m", messages=[])
    assert got[:2] == ("UnrecognizedClientException", 403)


def test_expired_session(standin):
    standin.fault("sts", "short_life", seconds=-1, count=1)
    key = client(standin, "sts").assume_role(RoleArn=demo.ROLE + "base", RoleSessionName="test")["Credentials"]
    assert error_of(client(standin, "sts", key).get_caller_identity)[:2] == ("ExpiredToken", 403)


def signed(standin, method="GET", target="/model/m/invoke", body=b"", service="bedrock", headers=(), query=False):
    """(target, headers) as botocore signs them for the stand-in's host."""
    request = AWSRequest(method, standin.url + target, headers=dict(headers), data=body)
    credentials = Credentials(standin.user["access_key_id"], standin.user["secret_access_key"])
    auth = SigV4QueryAuth if query else SigV4Auth
    auth(credentials, service, "us-east-1").add_auth(request)
    return request.url[len(standin.url) :], dict(request.headers.items())


def test_rejects_requests_changed_after_signing(standin):
    """One thing changed after signing, each alone."""
    body = b'{"a": 1}'
    target, headers = signed(standin, "POST", "/model/a%3A0/invoke?x=1", body, headers={"Content-Type": "a/b"})
    assert send(standin, "POST", target, headers, body)[0] == 200
    authorization = headers["Authorization"]
    last = "0" if authorization[-1] != "0" else "1"
    bent = [
        ("PUT", target, headers, body),
        ("POST", target.replace("%3A", ":"), headers, body),
        ("POST", target.replace("x=1", "x=2"), headers, body),
        ("POST", target + "&y=", headers, body),
        ("POST", target, {**headers, "Content-Type": "a/c"}, body),
        ("POST", target, headers, b'{"a": 2}'),
        ("POST", target, {**headers, "Authorization": authorization[:-1] + last}, body),
        ("POST", target, {**headers, "Authorization": authorization.replace("us-east-1", "us-east-2")}, body),
    ]
    for method, path, fields, data in bent:
        status, code, _ = send(standin, method, path, fields, data)
        assert (status, code) == (403, "InvalidSignatureException:"), (method, path, fields)
    status, code, _ = send(standin, "POST", target, {**headers, "X-Amz-Extra": "1"}, body)
    assert (status, code) == (403, "AccessDeniedException:")
    del headers["Authorization"]
    assert send(standin, "POST", target, headers, body)[1] == "MissingAuthenticationTokenException:"


def test_presigned_url(standin):
    target, _ = signed(standin, "GET", "/model/m/invoke?b=2&a=%20", query=True)
    assert json.loads(send(standin, "GET", target, {})[2])["presigned"]
    assert send(standin, "GET", target.replace("b=2", "b=3"), {})[0] == 403


def test_accepts_chunked_bodies_and_expect_continue(standin):
    """In chunks, or after 100 Continue: the signature covers what arrives."""
    body = b"z" * 100000
    target, headers = signed(standin, "POST", body=body)
    for more, data in (
        ({"Transfer-Encoding": "chunked"}, (body[i : i + 7000] for i in range(0, len(body), 7000))),
        ({"Expect": "100-continue", "Content-Length": str(len(body))}, body),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", standin.port, timeout=60)
        connection.request("POST", target, data, {**headers, **more}, encode_chunked=True)
        response = connection.getresponse()
        assert json.loads(response.read())["payload_length"] == len(body)
        connection.close()


def test_other_services_are_echoed_by_their_own_rules(standin):
    target, headers = signed(standin, "GET", "/a//b/../c%20d", service="execute-api")
    assert json.loads(send(standin, "GET", target, headers)[2])["service"] == "execute-api"


@pytest.mark.parametrize(("skew", "word"), [(3600, "expired"), (-3600, "not yet current")])
def test_clock_skew(standin, skew, word):
    standin.fault("sts", "skew", seconds=skew, count=1)
    code, status, message = error_of(client(standin, "sts").get_caller_identity)
    assert (code, status) == ("SignatureDoesNotMatch", 403) and word in message
    client(standin, "sts").get_caller_identity()


# ---- the Bedrock echo ----


def test_bedrock(standin):
    bedrock = client(standin, "bedrock-runtime")
    model = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-v1:0"
    answer = bedrock.converse(modelId=model, messages=[{"role": "user", "content": [{"text": "hi"}]}])
    echo = json.loads(answer["output"]["message"]["content"][0]["text"])
    assert echo["access_key_id"] == standin.user["access_key_id"] and echo["arn"] == demo.USER
    assert "%3Ainference-profile%2F" in echo["target"] and "x-amz-date" in echo["signed_headers"]
    body = b'{"max_tokens": 16}'
    echo = json.loads(bedrock.invoke_model(modelId="m:0", body=body)["body"].read())
    assert echo["payload_sha256"] == hashlib.sha256(body).hexdigest()
    stream = bedrock.converse_stream(modelId="m:0", messages=[{"role": "user", "content": [{"text": "hi"}]}])["stream"]
    text = next(e["contentBlockDelta"]["delta"]["text"] for e in stream if "contentBlockDelta" in e)
    assert json.loads(text)["target"] == "/model/m%3A0/converse-stream"
    stream = bedrock.invoke_model_with_response_stream(modelId="m", body=body)["body"]
    assert json.loads(next(iter(stream))["chunk"]["bytes"])["method"] == "POST"


# ---- faults, control, TLS ----


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("refuse", "ConnectionClosedError"),
        ("cut", "Error"),
        ("throttle", "Throttling"),
        ("deny", "AccessDenied"),
        ("error500", "InternalFailure"),
        ("garbage", "ResponseParserError"),
        ("html", "502"),
    ],
)
def test_faults(standin, kind, outcome):
    standin.fault("sts", kind, count=1)
    with pytest.raises(Exception) as caught:
        client(standin, "sts").get_caller_identity()
    assert outcome in type(caught.value).__name__ + str(caught.value)
    client(standin, "sts").get_caller_identity()
    assert [c["fault"] for c in standin.calls()] == [kind, None]


def test_hang_ends_when_cleared(standin):
    standin.fault("sts", "hang")
    before = len(standin.calls())
    connection = http.client.HTTPConnection("127.0.0.1", standin.port, timeout=60)
    connection.request("POST", "/", body="Action=GetCallerIdentity")
    until(lambda: len(standin.calls()) > before, what="the call to hang")
    standin.clear_faults()
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        connection.getresponse()
    connection.close()


def test_fault_for_one_role(standin):
    standin.fault("sts", "deny", role=demo.ROLE + "short")
    sts = client(standin, "sts")
    assert error_of(sts.assume_role, RoleArn=demo.ROLE + "short", RoleSessionName="test")[0] == "AccessDenied"
    sts.assume_role(RoleArn=demo.ROLE + "base", RoleSessionName="test")


def test_tls(standin):
    context = ssl.create_default_context(cafile=str(standin.dir / "tls-ca.pem"))
    with urllib.request.urlopen(standin.tls_url + "/_standin/time", context=context, timeout=60) as response:
        assert "now" in json.load(response)
