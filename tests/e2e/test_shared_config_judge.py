# SPDX-License-Identifier: Apache-2.0
"""~/.aws files and environments by chance, held against botocore: what its parser reads, and by which steps its
providers get credentials (who calls AssumeRole with what, where, signed for which region). Nothing is sent anywhere.

What keyfob does differently on purpose is in support/shared_files_judge.py and support/shared_identity_judge.py, each
with its reason; docs/sources.md explains it. KEYFOB_JUDGE_CASES multiplies the cases, KEYFOB_JUDGE_SEED chooses
others."""

import collections
import os
import random

import botocore.exceptions
import botocore.session
import pytest
from support import chance_environments
from support import shared_files_judge as files
from support import shared_identity_judge as identity

TIMES = int(os.environ.get("KEYFOB_JUDGE_CASES", "1"))
SEED = os.environ.get("KEYFOB_JUDGE_SEED", "1")


@pytest.fixture
def homes(folder):
    """For botocore, and for keyfob."""
    result = folder / "botocore", folder / "keyfob"
    for home in result:
        (home / ".aws").mkdir(parents=True)
    return result


def test_files(homes):
    """Grammar: names, blanks, comments, continued lines, mistakes."""
    chance = random.Random(f"files {SEED}")
    cases = [({}, files.random_file(chance, True), files.random_file(chance, False)) for _ in range(1000 * TIMES)]
    seen = collections.Counter()
    for (_, config, credentials), answer in zip(cases, files.ask("files", homes[1], cases), strict=True):
        seen["refused" if "error" in answer else "read"] += 1
        assert files.difference(homes[0], config, credentials, answer) is None, (config, credentials, answer)
    assert seen["read"] > 400 * TIMES and seen["refused"] > 100 * TIMES, seen


@pytest.mark.parametrize("odd", [0, 1], ids=["sound values", "odd values"])
def test_identities(homes, odd):
    """The default profile and one that is named, in environments that hold two to five things at once."""
    chance = random.Random(f"identities {odd} {SEED}")
    cases = [chance_environments.random_case(chance, odd) for _ in range(150 * TIMES)]
    seen = collections.Counter()
    for case, answer in zip(cases, files.ask("identity", homes[1], cases), strict=True):
        named = sorted(answer.keys() - {"default", "error", "hint"})
        for profile in [None, *([chance.choice(named)] if named else [])]:
            expected = identity.botocore_steps(homes[0], case, profile)
            got = identity.keyfob_steps(answer, profile)
            seen["error" if isinstance(expected, Exception) else expected[-1][0]] += 1
            assert identity.difference(expected, got, case) is None, (profile, case, got, expected)
    kinds = {"static", "process", "container", "imds", "sso", "web_identity", "assume_role"}
    assert kinds <= seen.keys() and seen["error"] < 0.6 * seen.total(), seen


def test_tolerates_missing_services_sections(homes, monkeypatch):
    """The reason for a rule: botocore has credentials in such a profile, but no client can be made with them."""
    config = "[default]\nservices = nobody\naws_access_key_id = AKIDEXAMPLE00001\naws_secret_access_key = s\n"
    (homes[0] / ".aws" / "config").write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(homes[0] / ".aws" / "config"))
    session = botocore.session.Session()
    assert session.get_credentials().access_key == "AKIDEXAMPLE00001"
    with pytest.raises(botocore.exceptions.InvalidConfigError, match="services"):
        session.create_client("sts", region_name="us-east-1")
