# SPDX-License-Identifier: Apache-2.0
"""Which SDKs are tried in which ways, and the table of it in README.md."""

import json
import re
from dataclasses import dataclass
from typing import Callable

from support import sdk
from support.paths import REPOSITORY
from support.sdk import SDK

README = REPOSITORY / "README.md"
BEGIN, END = "<!-- SDKs: written by script/test-sdks --write -->\n", "<!-- end of SDKs -->"
WAYS = ("container", "imds", "process")
HEAD = ["| SDK or program | version | container endpoint | IMDSv2 | `credential_process` |", "| --- | --- | --- | --- | --- |"]
RENEWED, RESTARTED = "yes", "after a restart"


def _pinned(name, pattern):
    """A version, from the file of tests/sdk that decides what is installed."""
    return re.search(pattern, (SDK / name).read_text()).group(1)


def _python(name, package):
    return lambda: _pinned(f"python/{name}.txt", rf"(?m)^{package}==(\S+)$")


def _go(module):
    return lambda: _pinned("go/go.mod", rf"(?m)^\t{re.escape(module)} v(\S+)$")


def _javascript():
    return json.loads((SDK / "js" / "package.json").read_text())["dependencies"]["@aws-sdk/client-sts"]


def _aws(program):
    return [program, "sts", "get-caller-identity", "--output", "text", "--query", "Arn"]


@dataclass(frozen=True)
class Sdk:
    """`command(url)` builds the client and returns how to start it; `url` is where AWS is. It makes one signed call for each
    line of its input, or one in all."""

    title: str
    version: Callable
    command: Callable
    is_one_call: bool = False
    is_long: bool = False  # to build: script/test-sdks alone tries it


SDKS = {
    "boto3": Sdk("boto3", _python("boto3", "boto3"),
                 lambda _: [sdk.build_python("boto3"), SDK / "python" / "identity_boto3.py"]),
    "aiobotocore": Sdk("aiobotocore", _python("aiobotocore", "aiobotocore"),
                       lambda _: [sdk.build_python("aiobotocore"), SDK / "python" / "identity_aiobotocore.py"]),
    "cli-v1": Sdk("AWS CLI 1", _python("boto3", "awscli"),
                  lambda _: _aws(sdk.build_python("boto3").with_name("aws")), is_one_call=True),
    "cli-v2": Sdk("AWS CLI 2", sdk.version_of_cli_v2, lambda _: _aws(sdk.build_cli_v2()), is_one_call=True),
    "javascript": Sdk("AWS SDK for JavaScript 3", _javascript, lambda _: [*sdk.build_javascript(), "each"]),
    "go": Sdk("AWS SDK for Go 2 (`config`)", _go("github.com/aws/aws-sdk-go-v2/config"),
              lambda _: [sdk.build_go(), "each"]),
    "rust": Sdk("AWS SDK for Rust (`aws-config`)", lambda: _pinned("rust/Cargo.toml", r'aws-config = "=(\S+)"'),
                lambda _: [sdk.build_rust()], is_long=True),
    "java": Sdk("AWS SDK for Java 2", lambda: _pinned("java/pom.xml", r"<artifactId>sts</artifactId>\s*<version>(\S+)<"),
                lambda _: sdk.build_java(), is_long=True),
    "awscrt": Sdk("awscrt (Python)", _python("boto3", "awscrt"),
                  lambda url: [sdk.build_python("boto3"), SDK / "python" / "identity_awscrt.py", url]),
    "minio-go": Sdk("minio-go", _go("github.com/minio/minio-go/v7"),
                    lambda url: [sdk.build_go("minio"), url.partition("//")[2]]),
}


def row(key, results):
    """A line of the table. `results`: what each of WAYS gave."""
    return f"| {SDKS[key].title} | {SDKS[key].version()} | {' | '.join(results[way] for way in WAYS)} |"


def read():
    """The rows of the table in README.md, by their SDK."""
    text = README.read_text().partition(BEGIN)[2].partition(END)[0]
    lines = text.strip().splitlines()
    assert lines[: len(HEAD)] == HEAD, f"no table between {BEGIN!r} and {END!r}"
    titles = {entry.title: key for key, entry in SDKS.items()}
    return {titles.get(line.split("|")[1].strip(), line): line for line in lines[len(HEAD) :]}


def write(rows):
    before, begin, rest = README.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end
    table = "\n".join([*HEAD, *(rows[key] for key in SDKS if key in rows)])
    README.write_text(f"{before}{begin}{table}\n{end}{after}")
