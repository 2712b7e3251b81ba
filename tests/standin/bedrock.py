# SPDX-License-Identifier: Apache-2.0
"""A Bedrock runtime without a model: it answers with what it saw. Other services' signatures get the same echo."""

import base64
import hashlib
import json
import re
import struct
import zlib

from standin import sigv4
from standin.messages import Response, json_response, request_id

EVENT_STREAM = "application/vnd.amazon.eventstream"


def handle(call, service):
    """`service`: the one that the signature must be for; None: any."""
    request = call.request
    call.record["action"] = _operation(request.path)
    key = sigv4.verify(request, call.registry, call.clock, service, call.record)
    call.record.update(verified=True, role=key.identity.role_arn, session_name=key.identity.session_name)
    echo = {
        "method": request.method,
        "target": request.target,
        "service": call.record["service"],
        "region": call.record["region"],
        "access_key_id": key.access_key_id,
        "account": key.identity.account,
        "arn": key.identity.arn,
        "role": key.identity.role_arn,
        "session_name": key.identity.session_name,
        "signed_headers": call.record["signed_headers"],
        "presigned": call.record["presigned"],
        "headers": {n.lower(): v for n, v in request.headers if n.lower() not in _SECRET},
        "payload_sha256": hashlib.sha256(request.body).hexdigest(),
        "payload_length": len(request.body),
    }
    answers = {
        "Converse": _converse,
        "ConverseStream": _converse_stream,
        "InvokeModelWithResponseStream": _invoke_stream,
    }
    return answers.get(call.record["action"], _plain)(echo)


_SECRET = {"authorization", "x-amz-security-token"}


def _operation(path):
    found = re.fullmatch(r"/model/[^/]+/([a-z-]+)", path)
    return {
        "invoke": "InvokeModel",
        "invoke-with-response-stream": "InvokeModelWithResponseStream",
        "converse": "Converse",
        "converse-stream": "ConverseStream",
        "count-tokens": "CountTokens",
    }.get(found.group(1) if found else None, "Echo")


def _plain(echo):
    return json_response(200, echo)


def _usage():
    return {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}


def _converse(echo):
    message = {"role": "assistant", "content": [{"text": json.dumps(echo)}]}
    return json_response(
        200,
        {
            "output": {"message": message},
            "stopReason": "end_turn",
            "usage": _usage(),
            "metrics": {"latencyMs": 1},
            "echo": echo,
        },
    )


def _converse_stream(echo):
    events = [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": json.dumps(echo)}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"usage": _usage(), "metrics": {"latencyMs": 1}}),
    ]
    return _stream(events)


def _invoke_stream(echo):
    return _stream([("chunk", {"bytes": base64.b64encode(json.dumps(echo).encode()).decode()})])


def _stream(events):
    body = b"".join(frame(name, json.dumps(payload).encode()) for name, payload in events)
    return Response(200, body, EVENT_STREAM, [("x-amzn-RequestId", request_id())])


def frame(event_type, payload):
    """One message of an event stream with a JSON payload."""
    headers = b""
    for name, value in ((":message-type", "event"), (":event-type", event_type), (":content-type", "application/json")):
        headers += struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))
