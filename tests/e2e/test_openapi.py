# SPDX-License-Identifier: Apache-2.0
"""The description of the API is held against the running agent."""

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from support.paths import REPOSITORY

URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m%3A0/invoke"
SIGN = {"method": "POST", "url": URL, "payload_text": "{}", "headers": {"content-type": "application/json"}}
PRESIGN = {"method": "GET", "url": URL, "expires_in": 60}
SIGV4A = {**SIGN, "algorithm": "sigv4a", "region_set": "us-east-1,eu-*"}
EVENT = {"url": URL, "prior_signature": "0" * 64, "payload_text": ""}
CLUSTER = {"region": "us-east-1", "cluster_name": "c"}
DATABASE = {"region": "us-east-1", "hostname": "h.example", "port": 5432, "username": "u"}
CACHE = {"region": "us-east-1", "serverless_cache_name": "c", "user_id": "u"}
MEMORYDB = {"region": "us-east-1", "cluster_name": "c", "user_name": "u"}
DSQL = {"region": "us-east-1", "hostname": "h.example", "action": "DbConnect", "expires_in": 60}
TOKENS = {
    "bedrock": {"region": "us-east-1", "expires_in": 60},
    "eks": CLUSTER,
    "rds": DATABASE,
    "elasticache": CACHE,
    "memorydb": MEMORYDB,
    "dsql": DSQL,
    "msk": {"region": "us-east-1", "user_agent": "x/1"},
    "web_identity": {"audience": ["a", "b"], "tags": {"team": "x"}, "duration_seconds": 600},
}
# What is asked: (method, template, values for it, query, body, headers, status)
EXCHANGES = [
    ("get", "/v1/profiles", {}, "", None, {}, 200),
    ("get", "/v1/profiles/{profile}", {"profile": "irsa"}, "", None, {}, 200),
    ("get", "/v1/profiles/{profile}", {"profile": "none"}, "", None, {}, 404),
    ("get", "/v1/profiles/{profile}/credentials", {"profile": "irsa"}, "", None, {}, 200),
    ("get", "/v1/profiles/{profile}/credentials", {"profile": "irsa"}, "?wait=x", None, {}, 400),
    ("get", "/v1/profiles/{profile}/credentials", {"profile": "none"}, "", None, {}, 404),
    ("post", "/v1/profiles/{profile}/sign", {"profile": "irsa"}, "", SIGN, {}, 200),
    ("post", "/v1/profiles/{profile}/sign", {"profile": "irsa"}, "", SIGV4A, {}, 200),
    ("post", "/v1/profiles/{profile}/sign", {"profile": "irsa"}, "", {"unknown": 1}, {}, 400),
    ("post", "/v1/profiles/{profile}/presign", {"profile": "irsa"}, "", PRESIGN, {}, 200),
    ("post", "/v1/profiles/{profile}/eventstream", {"profile": "irsa"}, "", EVENT, {}, 200),
    ("post", "/v1/profiles/{profile}/eventstream", {"profile": "irsa"}, "", {"url": URL}, {}, 400),
    ("post", "/v1/profiles/{profile}/eventstream", {"profile": "irsa"}, "", {**EVENT, "generation": 99}, {}, 409),
    *(
        ("post", "/v1/profiles/{profile}/tokens/{kind}", {"profile": "irsa", "kind": kind}, "", body, {}, 200)
        for kind, body in TOKENS.items()
    ),
    ("post", "/v1/profiles/{profile}/tokens/{kind}", {"profile": "irsa", "kind": "rds"}, "", {}, {}, 400),
    ("post", "/v1/profiles/{profile}/tokens/{kind}", {"profile": "irsa", "kind": "x"}, "", {}, {}, 404),
    ("get", "/v1/profiles/{profile}/login", {"profile": "irsa"}, "", None, {}, 200),
    ("post", "/v1/profiles/{profile}/login", {"profile": "irsa"}, "", {"token_code": "123456"}, {}, 400),
    ("post", "/v1/profiles/{profile}/login", {"profile": "none"}, "", {}, {}, 404),
    ("delete", "/v1/profiles/{profile}/login", {"profile": "irsa"}, "", None, {}, 400),
    ("get", "/v1/profiles/{profile}/sso/accounts", {"profile": "irsa"}, "", None, {}, 400),
    ("get", "/v1/profiles/{profile}/sso/roles", {"profile": "irsa"}, "?account_id=123456789012", None, {}, 400),
    ("post", "/v1/profiles/{profile}/refresh", {"profile": "irsa"}, "", None, {}, 200),
    ("get", "/v1/container/{profile}", {"profile": "irsa"}, "", None, {}, 200),
    ("get", "/v1/container/{profile}", {"profile": "none"}, "", None, {}, 404),
    ("get", "/v1/container/{profile}", {"profile": "irsa"}, "", None, {"Origin": "http://localhost"}, 403),
    ("get", "/livez", {}, "", None, {}, 200),
    ("get", "/readyz", {}, "", None, {}, 200),
    ("get", "/readyz", {}, "?min_ttl=100000", None, {}, 503),
    ("get", "/metrics", {}, "", None, {}, 200),
    ("get", "/version", {}, "", None, {}, 200),
]


@pytest.fixture(scope="module")
def description():
    return yaml.safe_load((REPOSITORY / "proto" / "openapi.yaml").read_text())


@pytest.fixture(scope="module")
def registry(description):
    return Registry().with_resource("urn:api", Resource(description, DRAFT202012))


def resolve(description, node):
    while "$ref" in node:
        path, node = node["$ref"].removeprefix("#/").split("/"), description
        for part in path:
            node = node[part]
    return node


@pytest.mark.parametrize(("method", "template", "values", "query", "body", "headers", "status"), EXCHANGES)
def test_exchange(shared, description, registry, method, template, values, query, body, headers, status):
    shared.credentials("tenant-a")
    reply = shared.call(method.upper(), template.format(**values) + query, body, headers)
    assert reply.status == status, reply
    operation = description["paths"][template][method]
    described = operation["responses"].get(str(status)) or operation["responses"].get("default")
    assert described, f"{status} is not described"
    content = resolve(description, described).get("content", {})
    media = reply.headers["content-type"].partition(";")[0]
    assert media in content, f"{media} is not described for {method} {template} {status}"
    if "json" in media:
        schema = resolve_schema(content[media])
        Draft202012Validator(schema, registry=registry).validate(reply.json())
    for name in resolve(description, described).get("headers", {}):
        assert name.lower() in reply.headers or status != 200, name
    if body is not None and status == 200:
        described = resolve(description, operation["requestBody"])["content"]["application/json"]
        schema = resolve_schema(described)
        Draft202012Validator(schema, registry=registry).validate(body)


def resolve_schema(media):
    """The schema with its references made absolute."""

    def absolute(node):
        if isinstance(node, dict):
            return {k: "urn:api" + v if k == "$ref" else absolute(v) for k, v in node.items()}
        return [absolute(v) for v in node] if isinstance(node, list) else node

    return absolute(media["schema"])


def test_every_operation_is_exercised(description):
    """A path that is described is asked here, or by a test of its own that is named in this list."""
    elsewhere = {("delete", "/v1/profiles/{profile}/credentials"), ("get", "/v1/events"), ("post", "/v1/commands")}
    described = {
        (method, path)
        for path, item in description["paths"].items()
        for method in item
        if method in ("get", "post", "put", "delete", "patch")
    }
    assert described <= {(e[0], e[1]) for e in EXCHANGES} | elsewhere
    assert description["openapi"].startswith("3.1")
