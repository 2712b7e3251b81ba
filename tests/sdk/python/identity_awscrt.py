# SPDX-License-Identifier: Apache-2.0
"""Asks the STS that is named in the argument who it is, signed by awscrt with credentials of its default chain, once for
each line of its input. awscrt signs; sending is left to the caller."""

import io
import sys
import urllib.request

from awscrt import auth, http

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
url = sys.argv[1]
provider = auth.AwsCredentialsProvider.new_default_chain()
for _ in sys.stdin:
    headers = {"Host": url.partition("//")[2], "Content-Type": "application/x-www-form-urlencoded"}
    request = http.HttpRequest("POST", "/", http.HttpHeaders(list(headers.items())), None)
    request.body_stream = io.BytesIO(BODY)
    config = auth.AwsSigningConfig(
        algorithm=auth.AwsSigningAlgorithm.V4,
        signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=provider,
        region="us-east-1",
        service="sts",
    )
    signed = auth.aws_sign_request(request, config).result(60)
    asked = urllib.request.Request(url, BODY, dict(signed.headers))
    print(urllib.request.urlopen(asked, timeout=60).read().decode().partition("<Arn>")[2].partition("<")[0], flush=True)
