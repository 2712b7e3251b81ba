# SPDX-License-Identifier: Apache-2.0
"""The token service that GitHub gives a job with `permissions: id-token: write`: a bearer token of the job for an
OpenID Connect token of the workflow."""

import secrets
from urllib.parse import parse_qsl

from standin import jwt
from standin.messages import Response, json_response
from standin.registry import AUDIENCE

PATH = "/github/oidc/token"
SUBJECT = "repo:keyfob/demo:ref:refs/heads/main"
LIFETIME = 300


class Job:
    """What one job is given. The audience that is its default is, as GitHub's, the owner's URL: not AWS's."""

    def __init__(self):
        self.request_token = secrets.token_urlsafe(40)
        self.tokens = []  # that were minted for it
        self.answer = None  # (status, text) instead of a token

    def document(self, port):
        url = f"http://127.0.0.1:{port}{PATH}?api-version=2.0"
        return {"url": url, "token": self.request_token, "subject": SUBJECT, "audience": AUDIENCE}

    def set_answer(self, document):
        self.answer = (document["status"], document["body"]) if document else None
        return {}


def handle(call):
    request, job = call.request, call.github
    query = parse_qsl(request.query, keep_blank_values=True)
    parameters = dict(query)
    call.record.update(action="GetToken", audience=parameters.get("audience"))
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    if job.answer:
        status, body = job.answer
        return Response(status, body.encode(), "application/json")
    if request.method != "GET" or request.body or len(query) != len(parameters):
        return json_response(400, {"message": "bad request"})
    if scheme.lower() != "bearer" or not secrets.compare_digest(token, job.request_token):
        return json_response(401, {"message": "unauthorized"})
    if parameters.get("api-version") != "2.0":
        return json_response(400, {"message": "api-version"})
    call.record["verified"] = True
    audience = parameters.get("audience", "https://github.com/keyfob")
    minted = jwt.mint(
        call.issuer_key,
        call.registry.issuer,
        SUBJECT,
        audience,
        call.clock.now(),
        LIFETIME,
        {"aud": audience, "repository": "keyfob/demo", "ref": "refs/heads/main"},
    )
    job.tokens.append(minted)
    return json_response(200, {"count": len(minted), "value": minted})
