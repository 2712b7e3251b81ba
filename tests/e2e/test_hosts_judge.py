# SPDX-License-Identifier: Apache-2.0
"""Signing name and region of hosts, held against botocore: what its resolver gives, and what its clients put on the
wire. Nothing is sent anywhere."""

import re
import subprocess
import sys

import botocore.session
import pytest
from botocore.config import Config
from support import host_expectations, paths

TOOL = paths.BUILD / "host_judge"


def test_hosts_of_all_services():
    outcomes = host_expectations.compare(TOOL)
    total = sum(map(len, outcomes.values()))
    assert total > 85_000
    assert outcomes["wrong"] == []
    assert len(outcomes["right"]) >= 0.995 * total
    # Two partitions share the hosts of these, and no other difference is right.
    assert {e.service for e, _ in outcomes["shared"]} == {"budgets", "cloudfront"}
    assert {e.partition for e, _ in outcomes["shared"]} == {"aws-us-gov"}
    assert {e.service for e, _ in outcomes["refused"]} == {"importexport"}


def test_table_and_figures_are_current():
    run = subprocess.run([sys.executable, paths.REPOSITORY / "script/host-table", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert (paths.REPOSITORY / "docs/hosts.md").read_text() == host_expectations.figures(TOOL)


class Caught(Exception):
    pass


def caught(service, region, operation, arguments, **config):
    """(host, signing name, signing region) of a request that a client of botocore would send."""
    requests = []

    def catch(request, **_):
        requests.append(request)
        raise Caught

    session = botocore.session.Session()
    client = session.create_client(
        service,
        region_name=region,
        config=Config(account_id_endpoint_mode="preferred", auth_scheme_preference="sigv4", **config),
        aws_access_key_id="AKIDEXAMPLE00001",
        aws_secret_access_key="s",
        aws_account_id="111122223333",
    )
    client.meta.events.register_first("before-send", catch)
    with pytest.raises(Caught):
        getattr(client, operation)(**arguments)
    (request,) = requests
    authorization = request.headers["Authorization"]
    authorization = authorization.decode() if isinstance(authorization, bytes) else authorization
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", authorization)
    return re.match(r"https://([^/]+)", request.url)[1], scope[2], scope[1]


BUCKET = "arn:aws:s3:us-west-2:111122223333:accesspoint/ap"
OUTPOST = "arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-01234567890123456/accesspoint/ap"
LAMBDA = "arn:aws:s3-object-lambda:us-west-2:111122223333:accesspoint/ap"
STREAM = "arn:aws:kinesis:us-west-2:111122223333:stream/s"


@pytest.mark.parametrize(
    ("service", "region", "operation", "arguments", "config"),
    [
        ("s3", "us-west-2", "list_buckets", {}, {}),
        ("s3", "us-west-2", "head_bucket", {"Bucket": "bkt"}, {}),
        ("s3", "cn-north-1", "head_bucket", {"Bucket": "bkt"}, {}),
        ("s3", "us-gov-west-1", "head_bucket", {"Bucket": "bkt"}, {"s3": {"use_dualstack_endpoint": True}}),
        ("s3", "us-west-2", "head_bucket", {"Bucket": "my.dotted.bucket"}, {"s3": {"addressing_style": "virtual"}}),
        ("s3", "us-west-2", "head_bucket", {"Bucket": "bkt"}, {"use_fips_endpoint": True, "use_dualstack_endpoint": True}),
        ("s3", "us-west-2", "get_object", {"Bucket": BUCKET, "Key": "k"}, {}),
        ("s3", "us-west-2", "get_object", {"Bucket": BUCKET, "Key": "k"}, {"use_fips_endpoint": True}),
        ("s3", "us-west-2", "get_object", {"Bucket": OUTPOST, "Key": "k"}, {}),
        ("s3", "us-west-2", "get_object", {"Bucket": LAMBDA, "Key": "k"}, {}),
        ("s3", "us-west-2", "create_session", {"Bucket": "b--usw2-az1--x-s3"}, {}),
        ("s3", "us-west-2", "list_directory_buckets", {}, {}),
        ("s3", "us-east-1", "head_bucket", {"Bucket": "bkt"}, {"s3": {"us_east_1_regional_endpoint": "legacy"}}),
        ("s3", "us-east-1", "head_bucket", {"Bucket": "bkt"}, {"s3": {"use_accelerate_endpoint": True}}),
        ("s3control", "us-west-2", "get_public_access_block", {"AccountId": "111122223333"}, {}),
        ("dynamodb", "us-west-2", "list_tables", {}, {}),
        ("kinesis", "us-west-2", "describe_stream", {"StreamARN": STREAM}, {}),
        ("kinesis", "us-west-2", "get_records", {"ShardIterator": "i", "StreamARN": STREAM}, {}),
        ("iam", "eu-west-1", "list_users", {}, {}),
        ("iam", "us-gov-east-1", "list_users", {}, {}),
        ("iam", "cn-north-1", "list_users", {}, {}),
        ("route53", "cn-north-1", "list_hosted_zones", {}, {}),
        ("organizations", "eu-west-1", "list_accounts", {}, {}),
        ("globalaccelerator", "us-west-2", "list_accelerators", {}, {}),
        ("sts", "aws-global", "get_caller_identity", {}, {}),
        ("stepfunctions", "us-west-2", "start_sync_execution", {"stateMachineArn": "arn:x"}, {}),
        ("logs", "us-west-2", "start_live_tail", {"logGroupIdentifiers": ["g"]}, {}),
        ("servicediscovery", "us-west-2", "discover_instances", {"NamespaceName": "n", "ServiceName": "s"}, {}),
        ("iotsecuretunneling", "us-west-2", "list_tunnels", {}, {}),
        ("mwaa", "us-west-2", "list_environments", {}, {}),
        ("neptune-graph", "us-west-2", "cancel_query", {"graphIdentifier": "g-0123456789", "queryId": "q"}, {}),
    ],
)  # fmt: skip
def test_hosts_that_clients_call(service, region, operation, arguments, config):
    host, name, signed_region = caught(service, region, operation, arguments, **config)
    assert host_expectations.judge(TOOL, [host]) == [(name, signed_region)], host
