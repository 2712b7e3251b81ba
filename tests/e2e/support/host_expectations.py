# SPDX-License-Identifier: Apache-2.0
"""Hosts with the signing names and regions that botocore's clients use for them: by its endpoint resolver and models.

script/host-table reads the same data another way: it collects what the rules can lead to, this evaluates them.
"""

import collections
import functools
import itertools
import subprocess

import botocore
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader

LOADER = Loader()
PARTITIONS = LOADER.load_data("partitions")
REGIONS = {p["id"]: sorted(r for r in p["regions"] if not r.endswith("-global")) for p in PARTITIONS["partitions"]}
VARIANTS = list(itertools.product([False, True], repeat=2))  # FIPS, dual-stack
Expectation = collections.namedtuple("Expectation", "partition service host path name region")


def takes_sigv4(metadata):
    return "aws.auth#sigv4" in metadata.get("auth", ["aws.auth#sigv4"]) and metadata.get("signatureVersion") != "bearer"


def parameters(rules, values):
    """Those that a client gives to the rules, and the defaults of the others."""
    return {k: values.get(k, p.get("default")) for k, p in rules["parameters"].items() if k in values or "default" in p}


@functools.cache
def service_data(service):
    rules = LOADER.load_service_model(service, "endpoint-rule-set-1")
    model = LOADER.load_service_model(service, "service-2")
    prefixes = {"": "/"}  # what operations put before the host, each with the path of one of them
    for operation in model["operations"].values():
        prefixes[operation.get("endpoint", {}).get("hostPrefix", "")] = operation["http"]["requestUri"]
    return rules, EndpointProvider(rules, PARTITIONS), model["metadata"], prefixes


def scope(endpoint, metadata, region):
    """(signing name, signing region), as botocore chooses them; None: SigV4 is not among the schemes."""
    default = metadata.get("signingName", metadata["endpointPrefix"])
    schemes = endpoint.properties.get("authSchemes", [{"name": "sigv4"}])
    for scheme in schemes:
        if scheme["name"] in ("sigv4", "sigv4-s3express"):
            return scheme.get("signingName", default), scheme.get("signingRegion", region)
    return None


def of_service(service, regions, variants=VARIANTS):
    rules, provider, metadata, prefixes = service_data(service)
    if not takes_sigv4(metadata):
        return
    for (partition, region), (fips, dualstack) in itertools.product(regions, variants):
        values = parameters(rules, {"Region": region, "UseFIPS": fips, "UseDualStack": dualstack})
        try:
            endpoint = provider.resolve_endpoint(**values)
        except EndpointProviderError:
            continue  # the service has no such endpoint
        found = scope(endpoint, metadata, region)
        host = endpoint.url.removeprefix("https://").split("/")[0]
        for prefix, path in prefixes.items() if found else ():
            # What botocore puts into a host for an account or a resource.
            filled = prefix.format_map(collections.defaultdict(lambda: "111122223333"))
            yield Expectation(partition, service, filled + host, path, *found)


def all_regions():
    return [(partition, region) for partition, regions in REGIONS.items() for region in regions]


def whole():
    for service in LOADER.list_available_services("service-2"):
        yield from of_service(service, all_regions())


def judge(tool, lines):
    """[(service, region)] by keyfob for "HOST" or "HOST PATH"; None for what is not determined."""
    run = subprocess.run(
        [tool], input="".join(line + "\n" for line in lines), capture_output=True, text=True, check=True, timeout=60
    )
    return [tuple(None if w == "-" else w.lstrip("~") for w in line.split()) for line in run.stdout.splitlines()]


@functools.cache
def compare(tool):
    """{outcome: [(expectation, answer)]}: right, shared (right for another use of the host), refused, wrong."""
    expectations = list(whole())
    meanings = collections.defaultdict(set)
    for e in expectations:
        meanings[e.host].add((e.name, e.region))
    outcomes = collections.defaultdict(list)
    for e, answer in zip(expectations, judge(tool, [f"{e.host} {e.path}" for e in expectations]), strict=True):
        if answer == (e.name, e.region):
            outcome = "right"
        elif answer in meanings[e.host]:
            outcome = "shared"
        else:
            outcome = "wrong" if answer[0] else "refused"
        outcomes[outcome].append((e, answer))
    return outcomes


def classes(found):
    """One line for each service among `found`, with an example."""
    examples = {}
    for e, _ in found:
        examples.setdefault((e.service, e.name), e)
    return "\n".join(f"- `{e.host}` with {name} and {e.region} (botocore's service `{service}`)"
                     for (service, name), e in sorted(examples.items()))


def figures(tool):
    """The text of docs/hosts.md."""
    outcomes = compare(tool)
    kinds = ["right", "shared", "refused", "wrong"]
    counts = {kind: collections.Counter(e.partition for e, _ in outcomes[kind]) for kind in kinds}
    rows = [[f"`{p}`", len(regions), *(counts[kind][p] for kind in kinds)] for p, regions in REGIONS.items()]
    rows.append(["all", sum(map(len, REGIONS.values())), *(counts[kind].total() for kind in kinds)])
    return TEXT.format(
        version=botocore.__version__,
        services=len({e.service for kind in kinds for e, _ in outcomes[kind]}),
        table="\n".join("| " + " | ".join(f"{c:,}" if isinstance(c, int) else c for c in row) + " |" for row in rows),
        shared=classes(outcomes["shared"]),
        refused=classes(outcomes["refused"]),
    )


TEXT = """\
# Signing name and region from the host

`/v1/profiles/{{profile}}/sign` and `/presign` take the service and the region of a signature from the host if the request
and the profile's `sign` do not name them. The host is the request's `Host` header, if it has one, else the URL's.

- **A host that is not known gives nothing.** The agent never guesses: the request is refused, and names `service`,
  `region` or both as missing. Only AWS's own domains count, at a label's boundary.
- **A region in the host goes before the profile's** `region`, also where you name the service, and also in hosts whose
  service is not known.
- **Global services** are signed for the region that AWS documents: `iam.amazonaws.com` for us-east-1,
  `route53.amazonaws.com.cn` for cn-northwest-1.
- **A bucket on S3's global name** (`bucket.s3.amazonaws.com`, `bucket.s3-accelerate.amazonaws.com`) may be in any region:
  the profile's `region` counts, and without one us-east-1.

`script/host-table` makes the table (`sidecar/signing/hosts_table.h`) from botocore's endpoint rules and from a list of our
own, which it contains: hosts of AWS's guides that botocore does not know, such as `*.lambda-url.REGION.on.aws`.

## Compared with botocore

The tests compare the table with what botocore {version} itself resolves: {services} services, every region, FIPS and
dual-stack, and what operations put before the host.

| partition | regions | right | shared | refused | wrong |
| --- | ---: | ---: | ---: | ---: | ---: |
{table}

**Shared**: services in two partitions use one host, and sign for different regions. The agent signs for the commercial
partition's:

{shared}

**Refused**: one form of host stands for several signatures, so that a request needs `service` and `region`:

{refused}

`maps.geo`, `places.geo` and `routes.geo` are hosts of two APIs of Amazon Location Service: paths such as `/maps/v0/…` are
signed as geo, all others as geo-maps, geo-places and geo-routes.

This page is written by `script/host-table --figures build-dev`.
"""


def write_figures(tool, path):
    path.write_text(figures(tool))
