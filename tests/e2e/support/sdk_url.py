# SPDX-License-Identifier: Apache-2.0
"""A raw URL as an SDK would have written it from its parameters. botocore signs URLs that it wrote itself, so that it can
judge the signature of any other only in this form. By Python's own urllib."""

from urllib.parse import quote, unquote_plus, unquote_to_bytes

S3_FAMILY = ("s3", "s3-outposts", "s3-object-lambda", "s3express")
UNRESERVED = "-_.~"


def _anew(text):
    return quote(unquote_plus(text, errors="surrogateescape").encode(errors="surrogateescape"), safe=UNRESERVED)


def query_as_sdks_write(query):
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return "&".join(f"{_anew(name)}={_anew(value)}" for name, _, value in pairs)


def as_sdks_write(url, service):
    """The same resource: S3's path and every query decoded and encoded by AWS's rules, bytes beyond ASCII encoded."""
    url, has_query, query = url.partition("?")
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if service in S3_FAMILY:
        path = quote(unquote_to_bytes(path.replace("+", " ")), safe="/" + UNRESERVED)
    else:
        path = "".join(c if c.isascii() else quote(c) for c in path)
    return f"{scheme}://{host}{slash}{path}" + ("?" + query_as_sdks_write(query) if has_query else "")
