# SPDX-License-Identifier: Apache-2.0
"""Rows of test_environments.py: what a login, a service or the host gives."""

from support.environment_row import (
    CONTAINER,
    CONTAINER_FILE,
    ERROR,
    IMDS,
    LOGIN,
    INTERACTIVE,
    SSO,
    SSO_ARN,
    SSO_SESSION,
    Row,
    hop,
    pair,
    role,
    user,
)
from support.sso_cache import START_URL

SERVED_ROWS = [
    # --- IAM Identity Center ---
    Row(
        "a session of IAM Identity Center",
        SSO_ARN,
        {"AWS_PROFILE": "dev"},
        config="[profile dev]\nsso_session = corp\n" + SSO + SSO_SESSION,
        login="corp",
    ),
    Row(
        "IAM Identity Center without a session",
        SSO_ARN,
        {"AWS_PROFILE": "dev"},
        config=f"[profile dev]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n" + SSO,
        login=START_URL,
    ),
    Row(
        "nobody logged in",
        ERROR,
        {"AWS_PROFILE": "dev", **IMDS},
        config="[profile dev]\nsso_session = corp\n" + SSO + SSO_SESSION,
    ),
    Row(
        "a session that is not there",
        ERROR,
        {"AWS_PROFILE": "dev"},
        config="[profile dev]\nsso_session = other\n" + SSO + SSO_SESSION,
        login="corp",
    ),
    Row(
        "a role on IAM Identity Center",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = dev\n"
        + hop()
        + "[profile dev]\nsso_session = corp\n"
        + SSO
        + SSO_SESSION,
        login="corp",
    ),
    # --- aws login ---
    Row(
        "a session of aws login",
        INTERACTIVE,
        {"AWS_PROFILE": "dev"},
        config="[profile dev]\n" + LOGIN,
        is_logged_in=True,
    ),
    Row(
        "a session of aws login in the credentials file",
        INTERACTIVE,
        {"AWS_PROFILE": "dev"},
        credentials="[dev]\n" + LOGIN,
        is_logged_in=True,
    ),
    Row(
        "a session of aws login elsewhere",
        INTERACTIVE,
        {
            "AWS_LOGIN_CACHE_DIRECTORY": "$home/.aws/login/cache",
            "HOME": "/nonexistent",
            "AWS_CONFIG_FILE": "$home/.aws/config",
        },
        config="[default]\n" + LOGIN,
        is_logged_in=True,
    ),
    Row("nobody did aws login", ERROR, {"AWS_PROFILE": "dev", **IMDS}, config="[profile dev]\n" + LOGIN),
    Row(
        "keys of the credentials file before aws login",
        user("credentials"),
        config="[default]\n" + LOGIN,
        credentials="[default]\n" + pair("credentials"),
        is_logged_in=True,
    ),
    Row(
        "aws login before keys of the config file",
        INTERACTIVE,
        config="[default]\n" + LOGIN + pair("config"),
        is_logged_in=True,
        go=user("config"),
        why="boto3's order; for Go, keys go before all else of a profile",
    ),
    Row(
        "aws login before credential_process",
        INTERACTIVE,
        config="[default]\ncredential_process = $program\n" + LOGIN,
        is_logged_in=True,
    ),
    Row(
        "IAM Identity Center before aws login",
        SSO_ARN,
        {"AWS_PROFILE": "dev"},
        config="[profile dev]\nsso_session = corp\n" + SSO + LOGIN + SSO_SESSION,
        login="corp",
        is_logged_in=True,
    ),
    Row(
        "a role on aws login",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = dev\n" + hop() + "[profile dev]\n" + LOGIN,
        is_logged_in=True,
        go=ERROR,
        why="the SDK for Go does not count login_session as credentials of a source profile",
    ),
    # --- endpoints ---
    Row(
        "an endpoint of a services section",
        role("hop", "row"),
        {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": None},
        config="[profile work]\nservices = local\nsource_profile = base\n"
        + hop()
        + "[profile base]\n"
        + pair("config")
        + "[services local]\nsts =\n  endpoint_url = $url\n",
    ),
    Row(
        "an endpoint of the profile",
        role("hop", "row"),
        {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": None},
        config="[profile work]\nendpoint_url = $url\nsource_profile = base\n"
        + hop()
        + "[profile base]\n"
        + pair("config"),
        go=ERROR,
        why="the SDK for Go takes AWS_ENDPOINT_URL_STS and services sections for a profile's role, nothing else",
    ),
    Row(
        "an endpoint of the environment before that of the profile",
        role("hop", "row"),
        {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": None, "AWS_ENDPOINT_URL": "$url"},
        config="[profile work]\nendpoint_url = http://127.0.0.1:1\nsource_profile = base\n"
        + hop()
        + "[profile base]\n"
        + pair("config"),
        go=ERROR,
        why="the SDK for Go takes AWS_ENDPOINT_URL_STS and services sections for a profile's role, nothing else",
    ),
    # --- the host ---
    Row("container", role("in-container", "container"), CONTAINER),
    Row(
        "container with a token file",
        role("in-container", "container"),
        CONTAINER_FILE,
        files={"token": "$container_token"},
    ),
    Row("container before the instance", role("in-container", "container"), {**CONTAINER, **IMDS}),
    Row(
        "a container endpoint that refuses", ERROR, {**CONTAINER, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong", **IMDS}
    ),
    Row(
        "a container endpoint that may not be asked",
        ERROR,
        {**CONTAINER, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.7/creds"},
    ),
    Row("files before the container", user("config"), CONTAINER, config="[default]\n" + pair("config")),
    Row("instance", role("on-instance", "i-0123456789abcdef0"), IMDS),
    Row(
        "instance by the profile's endpoint",
        role("on-instance", "i-0123456789abcdef0"),
        {"AWS_EC2_METADATA_DISABLED": "false"},
        config="[default]\nec2_metadata_service_endpoint = $url\n",
    ),
    Row("instance, switched off", ERROR, {**IMDS, "AWS_EC2_METADATA_DISABLED": "true"}),
    Row(
        "a role on credential_source EcsContainer",
        role("hop", "row"),
        {**CONTAINER, "AWS_PROFILE": "work"},
        config="[profile work]\ncredential_source = EcsContainer\n" + hop(),
    ),
    Row(
        "a role on credential_source Ec2InstanceMetadata",
        role("hop", "row"),
        {**IMDS, "AWS_PROFILE": "work"},
        config="[profile work]\ncredential_source = Ec2InstanceMetadata\n" + hop(),
    ),
    Row("nothing at all", ERROR),
]
