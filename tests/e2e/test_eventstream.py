# SPDX-License-Identifier: Apache-2.0
"""A stream of messages, as a client of Bedrock makes it: the request is signed first, then one message after the other.
botocore reads the messages; the signatures are computed again here, by AWS's description."""

import base64
import binascii
import hashlib
import hmac
import random
import struct
import time
from datetime import UTC, datetime

from botocore.eventstream import EventStreamBuffer
from standin.clock import basic
from support.profiles import config

URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m%3A0/invoke-with-bidirectional-stream"
LITERAL = "STREAMING-AWS4-HMAC-SHA256-EVENTS"


def frame(headers, payload):
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", binascii.crc32(message))


def read(message):
    buffer = EventStreamBuffer()
    buffer.add_data(message)
    return next(iter(buffer))


def string_header(name, value):
    return bytes([len(name)]) + name + b"\7" + struct.pack("!H", len(value)) + value


def expected(secret, prior, date_ms, payload):
    date = basic(date_ms // 1000)
    key = b"AWS4" + secret.encode()
    for part in (date[:8], "us-east-1", "bedrock", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    header = b"\5:date\10" + struct.pack("!q", date_ms)
    scope = f"{date[:8]}/us-east-1/bedrock/aws4_request"
    hashes = [hashlib.sha256(part).hexdigest() for part in (header, payload)]
    text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", date, scope, prior, *hashes])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def ask(agent, **members):
    return agent.call("POST", "/v1/profiles/irsa/eventstream", {"url": URL, **members})


def begin(agent):
    """(signature, generation) of the request."""
    headers = {"content-type": "application/vnd.amazon.eventstream", "x-amz-content-sha256": LITERAL}
    answer = agent.sign("irsa", {"method": "POST", "url": URL, "headers": headers}).json()
    return answer["headers"]["authorization"].rpartition("=")[2], answer["generation"]


def test_stream(shared):
    rng = random.Random(20260901)
    secret = shared.credentials("irsa")["SecretAccessKey"]
    prior, generation = begin(shared)
    for number in range(30):
        text = binascii.b2a_hex(rng.randbytes(rng.randint(0, 2000)))
        inner = frame(string_header(b":message-type", b"event"), b'{"bytes":"' + text + b'"}') if number < 29 else b""
        form = rng.choice(
            [{"payload": base64.b64encode(inner).decode()}, {"payload_sha256": hashlib.sha256(inner).hexdigest()}]
        )
        date_ms = int(time.time() * 1000) + rng.randint(0, 1000)
        reply = ask(shared, prior_signature=prior, date_ms=date_ms, generation=generation, **form)
        assert reply.status == 200, reply.body
        answer = reply.json()
        assert answer["signature"] == expected(secret, prior, date_ms, inner) and answer["date_ms"] == date_ms
        event = read(frame(base64.b64decode(answer["headers"]), inner))
        assert event.headers[":chunk-signature"] == bytes.fromhex(answer["signature"])
        date = event.headers[":date"]
        assert (date if isinstance(date, int) else date.replace(tzinfo=UTC).timestamp() * 1000) == date_ms
        assert event.payload == inner
        prior = answer["signature"]


def test_ends_with_its_credentials(start, profiles):
    agent = start(config(irsa=profiles.irsa()))
    prior, generation = begin(agent)
    assert ask(agent, prior_signature=prior, payload_text="", generation=generation).status == 200
    assert agent.refresh("irsa").status == 200
    reply = ask(agent, prior_signature=prior, payload_text="", generation=generation)
    assert reply.status == 409 and reply.problem()["code"] == "generation_gone"
    assert str(generation) in reply.problem()["detail"]


def test_the_date_is_near(shared):
    prior, _ = begin(shared)
    year = int(datetime(2001, 1, 1, tzinfo=UTC).timestamp() * 1000)
    assert ask(shared, prior_signature=prior, payload_text="", date_ms=year).status == 400
