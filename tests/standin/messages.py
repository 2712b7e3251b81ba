# SPDX-License-Identifier: Apache-2.0
"""Requests as they came over the wire, answers, and errors in the shapes of AWS's two protocols."""

import json
import uuid
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"

# What the front ends of JSON services call the errors that the query protocol knows by a shorter name.
JSON_NAMES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InternalFailure": "InternalServerException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "Throttling": "ThrottlingException",
    "ValidationError": "ValidationException",
}


@dataclass
class Request:
    method: str
    target: str  # as on the request line
    headers: list  # (name, value) in order of appearance
    body: bytes = b""

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    def header(self, name):
        """The first value, or None."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def header_names(self):
        return {n.lower() for n, _ in self.headers}


@dataclass
class Response:
    status: int
    body: bytes
    content_type: str
    headers: list = field(default_factory=list)


class AwsError(Exception):
    """What AWS refuses with: a code of the query protocol's vocabulary."""

    def __init__(self, status, code, message):
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


def request_id():
    return str(uuid.uuid4())


def json_response(status, document, headers=()):
    body = json.dumps(document).encode()
    return Response(status, body, "application/json", [("x-amzn-RequestId", request_id()), *headers])


def json_error(error):
    code = JSON_NAMES.get(error.code, error.code)
    status = 429 if code == "ThrottlingException" else error.status
    return json_response(status, {"message": error.message}, [("X-Amzn-ErrorType", code + ":")])


def xml_error(error):
    kind = "Receiver" if error.status >= 500 else "Sender"
    rid = request_id()
    body = (
        f'<ErrorResponse xmlns="{STS_NAMESPACE}">\n  <Error>\n    <Type>{kind}</Type>\n'
        f"    <Code>{escape(error.code)}</Code>\n    <Message>{escape(error.message)}</Message>\n  </Error>\n"
        f"  <RequestId>{rid}</RequestId>\n</ErrorResponse>\n"
    )
    return Response(error.status, body.encode(), "text/xml", [("x-amzn-RequestId", rid)])


def xml_result(action, result):
    """`result`: nested dictionaries, in the order in which they are to appear."""
    rid = request_id()
    body = (
        f'<{action}Response xmlns="{STS_NAMESPACE}">\n{_xml({action + "Result": result}, 1)}'
        f"{_xml({'ResponseMetadata': {'RequestId': rid}}, 1)}</{action}Response>\n"
    )
    return Response(200, body.encode(), "text/xml", [("x-amzn-RequestId", rid)])


def _xml(node, depth):
    pad = "  " * depth
    out = []
    for name, value in node.items():
        if value is None:
            continue
        if isinstance(value, dict):
            out.append(f"{pad}<{name}>\n{_xml(value, depth + 1)}{pad}</{name}>\n")
        else:
            out.append(f"{pad}<{name}>{escape(str(value))}</{name}>\n")
    return "".join(out)
