# SPDX-License-Identifier: Apache-2.0
"""Rows of test_environments.py: what the environment, the files and programs hold."""

from standin import demo
from support.environment_row import ACCOUNT, ERROR, IMDS, KEYS, SESSION, WEB, Row, hop, pair, role, user

ROWS = [
    # --- the environment ---
    Row("keys", user("environment"), KEYS),
    Row("keys of a session", role("base", "lambda"), SESSION),
    Row(
        "keys of a Lambda function",
        role("base", "lambda"),
        {**SESSION, "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023"},
    ),
    Row("keys before the files", user("environment"), KEYS, credentials="[default]\n" + pair("credentials")),
    Row(
        "keys before AWS_PROFILE",
        user("environment"),
        {**KEYS, "AWS_PROFILE": "work"},
        config="[profile work]\n" + pair("config"),
    ),
    Row("keys before a web identity", user("environment"), {**KEYS, **WEB}),
    Row(
        "empty key variables count as none",
        user("credentials"),
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "half a pair of keys",
        ERROR,
        {"AWS_ACCESS_KEY_ID": "$environment_id"},
        credentials="[default]\n" + pair("credentials"),
        go=user("credentials"),
        why="what is configured and incomplete is an error, never passed over; Go passes it over",
    ),
    Row("web identity", role("gateway", "web"), WEB),
    Row(
        "web identity before the default profile",
        role("gateway", "web"),
        WEB,
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "a token file without a role",
        ERROR,
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "$token_file"},
    ),
    Row(
        "a role without a token file",
        user("credentials"),
        {"AWS_ROLE_ARN": demo.ROLE + "gateway"},
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "a role with an external ID on the keys of the environment",
        role("external", "outer"),
        {
            **KEYS,
            "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/external",
            "AWS_EXTERNAL_ID": "tenant:7",
            "AWS_ROLE_SESSION_NAME": "outer",
        },
        boto=user("environment"),
        go=user("environment"),
        why="no SDK knows AWS_EXTERNAL_ID; here it asks for the role",
    ),
    Row(
        "a role with an external ID on the default profile",
        role("external", "outer"),
        {
            "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/external",
            "AWS_EXTERNAL_ID": "tenant:7",
            "AWS_ROLE_SESSION_NAME": "outer",
        },
        credentials="[default]\n" + pair("credentials"),
        boto=user("credentials"),
        go=user("credentials"),
        why="no SDK knows AWS_EXTERNAL_ID; here it asks for the role",
    ),
    # --- files ---
    Row("credentials file", user("credentials"), credentials="[default]\n" + pair("credentials")),
    Row("config file", user("config"), config="[default]\n" + pair("config")),
    Row(
        "both files",
        user("credentials"),
        config="[default]\n" + pair("config"),
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "AWS_PROFILE",
        user("config"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\n" + pair("config"),
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "AWS_PROFILE in the credentials file",
        user("other"),
        {"AWS_PROFILE": "work"},
        credentials="[default]\n" + pair("credentials") + "[work]\n" + pair("other"),
    ),
    Row(
        "AWS_DEFAULT_PROFILE",
        user("other"),
        {"AWS_DEFAULT_PROFILE": "work"},
        credentials="[default]\n" + pair("credentials") + "[work]\n" + pair("other"),
    ),
    Row(
        "a profile that is not there", ERROR, {"AWS_PROFILE": "nobody"}, credentials="[default]\n" + pair("credentials")
    ),
    Row(
        "files elsewhere",
        user("other"),
        {"AWS_CONFIG_FILE": "$home/elsewhere", "AWS_SHARED_CREDENTIALS_FILE": "$home/keys", "AWS_PROFILE": "x"},
        files={"elsewhere": "[profile x]\nregion = eu-west-1\n", "keys": "[x]\n" + pair("other")},
    ),
    Row("`[profile default]`", user("config"), config="[profile default]\n" + pair("config")),
    Row(
        "blank lines, comments and blanks around names",
        user("config"),
        {"AWS_PROFILE": "work"},
        config="# one\n\n; two\n[profile   work]\n\n" + pair("config").replace(" = ", "   =   ") + "\n",
    ),
    Row(
        "keys in capitals",
        user("config"),
        config="[default]\nAWS_ACCESS_KEY_ID = $config_id\nAws_Secret_Access_Key = $config_secret\n",
    ),
    Row(
        "a section twice",
        user("config"),
        config="[default]\nregion = us-east-1\n[default]\n" + pair("config"),
        boto=ERROR,
        why="the cross-SDK rules merge the two; boto3 refuses the file",
    ),
    Row(
        "half a pair in the credentials file",
        ERROR,
        credentials="[default]\naws_access_key_id = $credentials_id\n",
    ),
    Row(
        "sub-properties are not settings",
        user("config"),
        config="[default]\ns3 =\n    region = eu-west-1\n    max_concurrent_requests = 3\n" + pair("config"),
    ),
    # --- roles ---
    Row(
        "a role on a source profile",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\n" + hop() + "[profile base]\n" + pair("config"),
    ),
    Row(
        "a role on a source profile of the credentials file",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\n" + hop(),
        credentials="[base]\n" + pair("credentials"),
    ),
    Row(
        "a role in the credentials file",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        credentials="[base]\n" + pair("credentials") + "[work]\nsource_profile = base\n" + hop(),
    ),
    Row(
        "three roles",
        role("third", "ccc"),
        {"AWS_PROFILE": "c"},
        config="[profile c]\nsource_profile = b\n"
        + hop("third", "ccc")
        + "[profile b]\nsource_profile = a\n"
        + hop("second", "bbb")
        + "[profile a]\nsource_profile = base\n"
        + hop("hop", "aaa")
        + "[profile base]\n"
        + pair("config"),
    ),
    Row(
        "a profile that is its own source",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = work\n" + hop() + pair("config"),
    ),
    Row(
        "a role before the profile's own keys",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\n" + hop() + pair("other") + "[profile base]\n" + pair("config"),
    ),
    Row(
        "keys before a role from the second hop on",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = middle\n"
        + hop()
        + "[profile middle]\nsource_profile = base\n"
        + hop("second", "bbb")
        + pair("other")
        + "[profile base]\n"
        + pair("config"),
        go=ERROR,
        why="keys end a chain, as in boto3; Go goes on to its last source, and second does not trust that",
    ),
    Row(
        "a circle",
        ERROR,
        {"AWS_PROFILE": "a"},
        config="[profile a]\nsource_profile = b\n" + hop() + "[profile b]\nsource_profile = a\n" + hop(),
    ),
    Row("a source that is not there", ERROR, {"AWS_PROFILE": "a"}, config="[profile a]\nsource_profile = b\n" + hop()),
    Row("a role without a source", ERROR, {"AWS_PROFILE": "a"}, config="[profile a]\n" + hop()),
    Row(
        "external_id and duration_seconds",
        role("external", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\nexternal_id = tenant:7\nduration_seconds = 1800\n"
        + hop("external")
        + "[profile base]\n"
        + pair("config"),
    ),
    Row(
        "a wrong external_id",
        ERROR,
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\nexternal_id = tenant:8\n"
        + hop("external")
        + "[profile base]\n"
        + pair("config"),
    ),
    Row(
        "keys before a profile on credential_source Environment",
        user("environment"),
        {**KEYS, "AWS_PROFILE": "work"},
        config="[profile work]\ncredential_source = Environment\n" + hop(),
    ),
    Row(
        "source_profile beside credential_source",
        ERROR,
        {"AWS_PROFILE": "work"},
        config="[profile work]\ncredential_source = Environment\nsource_profile = base\n"
        + hop()
        + "[profile base]\n"
        + pair("config"),
    ),
    Row(
        "a profile's web identity",
        role("gateway", "row"),
        {"AWS_PROFILE": "work"},
        config=f"[profile work]\nrole_arn = {demo.ROLE}gateway\nrole_session_name = row\n"
        "web_identity_token_file = $token_file\n",
    ),
    Row(
        "a role on a profile's web identity",
        role("after-web", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = web\n"
        + hop("after-web")
        + f"[profile web]\nrole_arn = {demo.ROLE}gateway\nrole_session_name = row\n"
        "web_identity_token_file = $token_file\n",
    ),
    # --- programs ---
    Row("credential_process", user("process"), config="[default]\ncredential_process = $program\n"),
    Row(
        "credential_process with quotes",
        user("process"),
        config='[default]\ncredential_process = "$program" "with blank" \'$$HOME\'\n',
    ),
    Row(
        "credential_process that fails",
        ERROR,
        IMDS,
        config="[default]\ncredential_process = /bin/false\n",
    ),
    Row(
        "keys of the credentials file before credential_process",
        user("credentials"),
        config="[default]\ncredential_process = $program\n",
        credentials="[default]\n" + pair("credentials"),
    ),
    Row(
        "a role on credential_process",
        role("hop", "row"),
        {"AWS_PROFILE": "work"},
        config="[profile work]\nsource_profile = base\n" + hop() + "[profile base]\ncredential_process = $program\n",
    ),
]
