// SPDX-License-Identifier: Apache-2.0
// Each fault of a configuration: where the message says it is, what it found and expects, what the hint says to do.
#include "tests/unit/config/support.h"

#define P(body) "{\"profiles\": {\"p\": {" body "}}}"
#define L(body) "{\"listeners\": [" body "], \"profiles\": {\"p\": {" KEYS_BODY "}}}"
#define A(body) P(WEB_BODY ", \"allow\": " body)
#define S(body) P(WEB_BODY ", \"sign\": " body)

struct fault_row {
        const char *text;
        const char *message; // what the message holds, after the file's name
        const char *hint;    // what the hint holds
};

static void check_rows(const struct fault_row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                static const char file[] = "/etc/keyfob/config.json";
                struct settings *s = NULL;
                struct error e;
                if (parse(rows[i].text, &s, &e) == 0)
                        fail_msg("row %zu is accepted: %s", i, rows[i].text);
                if (strncmp(e.message, file, sizeof(file) - 1) != 0 || !strstr(e.message, rows[i].message))
                        fail_msg("row %zu: %s\nwants: %s", i, e.message, rows[i].message);
                if (!e.hint[0] || !strstr(e.hint, rows[i].hint))
                        fail_msg("row %zu: hint: %s\nwants: %s", i, e.hint, rows[i].hint);
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_null(s);
        }
}

static void test_form(void **state)
{
        (void)state;
        static const struct fault_row rows[] = {
            {"", ":1:1: found invalid JSON", "correct it there"},
            {"{\n \"region\": \"us-east-1\",\n}", ":3:1: found invalid JSON", "no trailing commas"},
            {"{\"profiles\": {\"a\": {}, \"a\": {}}}",
             ":1:24: profiles.a: found a duplicate key \"a\", expected it once: the first is in line 1",
             "rename or remove"},
            {"[]", ":1:1: found an array, expected an object", ""},
            {"{}", ":1:1: found no \"profiles\"", "add \"profiles\""},
            {"{\"profiles\": {}}", ":1:14: profiles: found no profile", "add one"},
            {"{\"profiles\": []}", "profiles: found an array, expected an object", ""},
            {"{\"region\": 5}", ":1:12: region: found 5, expected an AWS region", ""},
            {"{\"region\": \"us_east\"}", "region: found \"us_east\", expected an AWS region", ""},
            {"{\"$schema\": 1}", "$schema: found 1, expected", ""},
            {"{\"profile\": {}}", "profile: found an unknown key \"profile\" in the top level",
             "did you mean \"profiles\"? Allowed: $schema, region, listeners, files, upstream, include, "
             "trusted_directories, "
             "profiles"},
            {"{\"upstream\": 100}", "upstream: found 100, expected an object", ""},
            {"{\"upstream\": {\"rate\": 100}}", "upstream.rate: found an unknown key \"rate\" in \"upstream\"",
             "allowed: calls_per_second, burst, concurrency"},
            {"{\"upstream\": {\"calls_per_second\": 0}}",
             "upstream.calls_per_second: found 0, expected a whole number from 1", ""},
            {"{\"upstream\": {\"concurrency\": 1025}}",
             "upstream.concurrency: found 1025, expected a whole number from 1 to 1024", ""},
            {"{\"upstream\": {\"burst\": 11, \"calls_per_second\": 10}}",
             ":1:24: upstream.burst: found 11, expected at most \"calls_per_second\", which is 10", "lower \"burst\""},
            {"{\"xyzzy\": {}}", "xyzzy: found an unknown key", "allowed: $schema"},
            {"{\"profiles\": {\"a/b\": {}}}", "profiles[\"a/b\"]: found \"a/b\", expected a profile name", "rename"},
            {"{\"profiles\": {\"a\": 1}}", "profiles.a: found 1, expected an object", ""},
            {"{\n  \"profiles\": {\n    \"tenant-a\": {" WEB_BODY ",\n      \"duration_seconds\": 100}}}",
             ":4:27: profiles.tenant-a.duration_seconds: found 100, expected a whole number from 900 to 43200 "
             "(seconds)",
             "keyfobd --check"},
        };
        check_rows(rows, ROWS(rows));
}

static void test_keys(void **state)
{
        (void)state;
        static const struct fault_row rows[] = {
            {P(""), "profiles.p: found no \"type\", expected one of assume_role", "add \"type\""},
            {P("\"type\": 1"), "profiles.p.type: found 1, expected a profile type", ""},
            {P("\"type\": \"login\""), "profiles.p: found no \"login_session\", which a profile of type login needs",
             ""},
            {P("\"type\": \"sso\""), "profiles.p: found no \"sso_account_id\", which a profile of type sso needs", ""},
            {P("\"type\": \"process\""), "found no \"credential_process\"", ""},
            {P("\"type\": \"webidentity\""), "found \"webidentity\", expected one of",
             "did you mean \"web_identity\"?"},
            {P(WEB_BODY ", \"rolearn\": 1"),
             "profiles.p.rolearn: found an unknown key \"rolearn\" in a profile of type web_identity",
             "did you mean \"role_arn\"? Allowed: type, region"},
            {P(WEB_BODY ", \"external_id\": \"abc\""),
             "profiles.p.external_id: found key \"external_id\", which a profile of type web_identity does not have",
             "allowed: type"},
            {P(CHAIN_BODY("p") ", \"mfa_serial\": \"x\""), "p.mfa_serial: found \"x\", expected 9 to 256", ""},
            {P(CHAIN_BODY("p") ", \"credential_source\": \"Environment\""),
             "found both \"source_profile\" and \"credential_source\", expected one of them", "remove one"},
            {P(WEB_BODY ", \"audience\": \"x\""), "found \"audience\" without \"web_identity_token_source\"", ""},
            {P(WEB_BODY ", \"web_identity_token_source\": \"github_actions\""), "found both", "remove one"},
            {P(KEYS_BODY ", \"secretsmanager\": {}"), "found no \"secret_id\", which secretsmanager needs", "add"},
            {P(KEYS_BODY ", \"secretsmanager\": {\"secret_id\": \"x\", \"source_profile\": \"x\"}"),
             "found both \"access_key_id\" and \"secretsmanager\"", "remove one"},
            {P("\"type\": \"web_identity\", " ROLE), "profiles.p: found neither \"web_identity_token_file\" nor",
             "add"},
            {P("\"type\": \"web_identity\", \"web_identity_token_file\": \"/t\""), "profiles.p: found no \"role_arn\"",
             "add"},
            {P("\"type\": \"assume_role\", " ROLE), "profiles.p: found neither \"source_profile\" nor", "add"},
            {P("\"type\": \"roles_anywhere\", " ROLE), "profiles.p: found no \"trust_anchor_arn\"", "add"},
            {P("\"type\": \"static\""), "found neither \"access_key_id\" nor \"access_key_id_file\"",
             "access_key_id_file"},
            {P(KEYS_BODY ", \"secret_access_key_file\": \"/k\""),
             "profiles.p: found both \"secret_access_key\" and \"secret_access_key_file\"", "remove one"},
            {P(KEYS_BODY ", \"session_token\": \"t\", \"session_token_file\": \"/k\""), "found both \"session_token\"",
             ""},
        };
        check_rows(rows, ROWS(rows));
}

static void test_values(void **state)
{
        (void)state;
        static const struct fault_row rows[] = {
            {P(WEB_BODY ", \"duration_seconds\": 43201"), "found 43201, expected a whole number from 900 to 43200", ""},
            {P(WEB_BODY ", \"duration_seconds\": 3600.5"), "found 3600.5, expected a whole number", ""},
            {P(WEB_BODY ", \"duration_seconds\": \"3600\""), "found \"3600\", expected a whole number", ""},
            {P(WEB_BODY ", \"duration_seconds\": 99999999999999999999"), "found 99999999999999999999, expected", ""},
            {P(WEB_BODY ", \"duration_seconds\": null"), "found null, expected a whole number", ""},
            {P(WEB_BODY ", \"connect_timeout_ms\": 0"),
             "connect_timeout_ms: found 0, expected a whole number from 1 to 600000", ""},
            {P(WEB_BODY ", \"read_timeout_ms\": 600001"), "found 600001", ""},
            {P(WEB_BODY ", \"refresh\": \"lazy\""), "found \"lazy\", expected \"eager\" or \"on_demand\"", ""},
            {P(WEB_BODY ", \"refresh\": true"), "found true, expected \"eager\"", ""},
            {P(WEB_BODY ", \"refresh_before_seconds\": 59"), "found 59, expected a whole number from 60", ""},
            {P(WEB_BODY ", \"refresh_before_seconds\": 3600"),
             "refresh_before_seconds: found 3600, expected less than the "
             "session's 3600 seconds",
             "raise \"duration_seconds\""},
            {P(WEB_BODY ", \"duration_seconds\": 900, \"refresh_before_seconds\": 900"), "less than the session's 900",
             ""},
            {P(ANYWHERE_BODY ", \"refresh_before_seconds\": 43200"), "less than the session's 43200", ""},
            {P("\"type\": \"web_identity\", \"role_arn\": \"gateway\""),
             "role_arn: found \"gateway\", expected an IAM role ARN", ""},
            {P(WEB_BODY ", \"role_session_name\": \"a b\""), "role_session_name: found \"a b\", expected 2 to 64", ""},
            {P(CHAIN_BODY("p") ", \"external_id\": \"x\""), "external_id: found \"x\", expected 2 to 1224", ""},
            {P(CHAIN_BODY("p") ", \"source_identity\": \"x y\""), "source_identity: found \"x y\"", ""},
            {P(WEB_BODY ", \"policy\": \"{\""), "policy: found \"{\", expected an IAM policy", ""},
            {P(WEB_BODY ", \"policy\": \"\""), "policy: found \"\", expected an IAM policy", ""},
            {P(WEB_BODY ", \"policy\": \"[]\""), "policy: found \"[]\", expected an IAM policy", ""},
            {P(WEB_BODY ", \"policy\": \"{} {}\""), "policy: found \"{} {}\", expected an IAM policy", ""},
            {P(WEB_BODY ", \"policy\": \"{\\\"a\\\": \\\"\xe2\x82\xac\\\"}\""), "expected an IAM policy", ""},
            {P(WEB_BODY ", \"policy\": []"), "policy: found an array, expected an IAM policy", ""},
            {P(WEB_BODY ", \"policy\": {\"Sid\": \"\xe2\x82\xac\"}"), "policy: found an object, expected an IAM policy",
             ""},
            {P(WEB_BODY ", \"policy_arns\": \"x\""), "policy_arns: found \"x\", expected a list", ""},
            {P(WEB_BODY ", \"policy_arns\": [\"arn:aws:iam::aws:policy/a\", \"x\"]"), "policy_arns[1]: found \"x\"",
             ""},
            {P(WEB_BODY ", \"policy_arns\": [\"arn:aws:iam::999900009999:policy/a\"]"),
             "a policy of the role's account "
             "111122223333",
             "role's account"},
            {P(WEB_BODY ", \"policy_arns\": [1,2,3,4,5,6,7,8,9,0,1]"),
             "policy_arns: found 11 of them, expected 0 to 10", ""},
            {P(CHAIN_BODY("p") ", \"tags\": {\"a\": 1}"), "profiles.p.tags.a: found 1, expected a tag", ""},
            {P(CHAIN_BODY("p") ", \"tags\": {\"a*\": \"\"}"), "profiles.p.tags[\"a*\"]: found \"a*\", expected a tag",
             ""},
            {P(CHAIN_BODY("p") ", \"tags\": []"), "tags: found an array, expected an object of strings", ""},
            {P(WEB_BODY ", \"endpoint_url\": \"http://sts.amazonaws.com\""),
             "expected https: plain http is for loopback", "https"},
            {P(WEB_BODY ", \"endpoint_url\": \"sts.amazonaws.com\""), "expected a URL", ""},
            {P(WEB_BODY ", \"endpoint_url\": 1"), "expected a URL", ""},
            {P(WEB_BODY ", \"region\": \"fips-us-east-1\""),
             "region: found \"fips-us-east-1\", expected the name of a region", "use_fips_endpoint"},
            {P("\"type\": \"web_identity\", \"web_identity_token_file\": 7"), "found 7, expected the path of a file",
             ""},
            {P("\"type\": \"web_identity\", \"web_identity_token_file\": \"\""), "expected the path of a file", ""},
            {P(ANYWHERE_BODY ", \"certificate_chain\": \"pkcs11:token=x\""), "expected the path of a file, not a URI",
             "without a scheme"},
            {P(ANYWHERE_BODY ", \"private_key\": \"pkcs11:\""),
             "private_key: found \"pkcs11:\", expected a pkcs11: URI", "pkcs11:token=NAME;object=NAME"},
            {P(ANYWHERE_BODY ", \"private_key\": \"pkcs11:token=x?pin-value=1234\""),
             "private_key: found a string, expected a URI without a PIN", "private_key_passphrase_file"},
            {P(ANYWHERE_BODY ", \"private_key\": \"PKCS11:token=x?PIN-VALUE=1234\""),
             "private_key: found a string, expected a URI without a PIN", "remove pin-value"},
            {P(ANYWHERE_BODY ", \"private_key\": \"pkcs11:token=x?pin-source=%7Ccommand\""),
             "private_key: found a URI whose pin-source is not the absolute path", "pin-source=file:/PATH"},
            {P(ANYWHERE_BODY ", \"private_key\": \"pkcs11:token=x?pin-source=%zz\""),
             "private_key: found a URI whose pin-source is not the absolute path", "pin-source=file:/PATH"},
            {P(ANYWHERE_BODY ", \"private_key\": \"pkcs11:token=x?module-path=p11.so\""),
             "private_key: found a URI whose module-path is not the absolute path", "module-path=/PATH"},
            {P(ANYWHERE_BODY ", \"private_key\": \"pkcs11:token=x?pin-source=/a&pin-source=/b\""),
             "private_key: found two different pin-source files", "same file"},
            {P(ANYWHERE_BODY ", \"private_key\": \"pkcs11:token=x?pin-source=/a\","
                             " \"private_key_passphrase_file\": \"/p\""),
             "found both pin-source in a URI and \"private_key_passphrase_file\"", "remove one of the two"},
            {P(ANYWHERE_BODY ", \"private_key\": \"pkcs11:token=x?pin-source=/a\", \"private_key_passphrase_fd\": 3"),
             "found both pin-source in a URI and \"private_key_passphrase_fd\"", "remove one of the two"},
            {P(ANYWHERE_BODY ", \"private_key\": \"file:key.pem\""), "expected a file: URI with an absolute path", ""},
            {P("\"type\": \"roles_anywhere\", \"certificate\": \"handle:0x81000001\""),
             "certificate: found \"handle:0x81000001\", expected the path of a file, not a URI", "without a scheme"},
            {P("\"type\": \"roles_anywhere\", \"profile_arn\": \"" ANYWHERE_ARN "trust-anchor/a\""),
             "expected a Roles Anywhere profile's ARN", ""},
            {P(ANYWHERE_BODY ", \"instance_properties\": {\"a\": \"\"}"), "instance_properties.a: found \"\"", ""},
        };
        check_rows(rows, ROWS(rows));
}

static void test_across(void **state)
{
        (void)state;
        static const struct fault_row rows[] = {
            {"{\"profiles\": {\"base\": {" WEB_BODY "}, \"t\": {" CHAIN_BODY("bsae") "}}}",
             "profiles.t.source_profile: found \"bsae\", expected the name of a profile",
             "did you mean \"base\"? Profiles are: base, t"},
            {"{\"profiles\": {\"base\": {" WEB_BODY "}, \"t\": {" CHAIN_BODY("xyzzy") "}}}", "found \"xyzzy\"",
             "profiles are: base, t"},
            {P(CHAIN_BODY("p")), "profiles.p.source_profile: found a circle of source profiles (p -> p)", "static"},
            {"{\"profiles\": {\"a\": {" CHAIN_BODY("b") "}, \"b\": {" CHAIN_BODY("a") "}}}", "(a -> b -> a)",
             "must be of type"},
            {"{\"profiles\": {\"a\": {" CHAIN_BODY("b") ", \"duration_seconds\": 3601}, \"b\": {" WEB_BODY "}}}",
             "a.duration_seconds: found 3601, expected at most 3600: this is role chaining (source_profile \"b\" is of "
             "type "
             "web_identity)",
             "3600 or less"},
            {P("\"type\": \"roles_anywhere\", " ROLE ", \"certificate\": \"c\", \"trust_anchor_arn\": \"" ANYWHERE_ARN
               "trust-anchor/a\", \"profile_arn\": \"arn:aws:rolesanywhere:us-west-2:111122223333:profile/p\""),
             "profiles.p.profile_arn: found a profile in us-west-2, expected the trust anchor's region eu-west-1",
             "anchor's region"},
            {"{\"profiles\": {\"k\": {" KEYS_BODY
             "}, \"p\": {" CHAIN_BODY("k") ", \"tags\": {\"a\": \"\", \"A\": \"\"}}}}",
             "tags: found both \"a\" and \"A\"", "case"},
            {"{\"profiles\": {\"k\": {" KEYS_BODY "}, \"p\": {" CHAIN_BODY("k") ", \"transitive_tag_keys\": [\"b\"]}}}",
             "transitive_tag_keys: found \"b\", expected a key of \"tags\"", "add the tag"},
        };
        check_rows(rows, ROWS(rows));
}

static void test_allow_and_sign(void **state)
{
        (void)state;
        static const struct fault_row rows[] = {
            {A("1"), "profiles.p.allow: found 1, expected a rule", ""},
            {A("[]"), "allow: found 0 rules", "every user who can connect"},
            {A("[{\"uids\": []}]"), "allow[0].uids: found an empty list", ""},
            {A("{\"uids\": 5}"), "allow.uids: found 5, expected a list", ""},
            {A("{\"uids\": [-1]}"), "uids[0]: found -1, expected an id", ""},
            {A("{\"uids\": [4294967295]}"), "found 4294967295, expected an id", ""},
            {A("{\"uids\": [1.5]}"), "found 1.5", ""},
            {A("{\"uids\": [1, \"bob\"]}"), "uids[1]: found \"bob\", expected the name of a user", "getent passwd"},
            {A("{\"gids\": [\"bob\"]}"), "gids[0]: found \"bob\", expected the name of a group", "getent group"},
            {A("{\"gids\": [\"broken\"]}"), "gids[0]: the system cannot look up", "use the number"},
            {A("{\"gids\": [null]}"), "found null, expected an id, or a name", ""},
            {A("{\"scopes\": []}"), "scopes: found an array, expected a list of", ""},
            {A("{\"scopes\": [\"read\"]}"),
             "scopes[0]: found \"read\", expected one of credentials, sign, token, admin", ""},
            {A("{\"uid\": [1]}"), "found an unknown key \"uid\" in a rule", "did you mean \"uids\"?"},
            {S("[]"), "sign: found an array, expected an object", ""},
            {S("{\"host\": []}"), "sign.host: found an unknown key", "did you mean \"hosts\"?"},
            {S("{\"hosts\": []}"), "sign.hosts: found 0 of them, expected 1 to", ""},
            {S("{\"hosts\": [\"https://x\"]}"), "hosts[0]: found \"https://x\", expected a host name", ""},
            {S("{\"paths\": [\"model\"]}"), "paths[0]: found \"model\", expected a path prefix", ""},
            {S("{\"service\": \"Bedrock\"}"), "service: found \"Bedrock\", expected a signing name", ""},
            {S("{\"services\": [\"S3\"]}"), "services[0]: found \"S3\", expected a signing name", ""},
            {S("{\"services\": []}"), "sign.services: found 0 of them, expected 1 to", ""},
            {S("{\"regions\": [\"us east\"]}"), "regions[0]: found \"us east\", expected an AWS region", ""},
            {S("{\"methods\": [\"GET \"]}"), "methods[0]: found \"GET \", expected an HTTP method", ""},
            {S("{\"methods\": []}"), "sign.methods: found 0 of them, expected 1 to", ""},
            {S("{\"max_expires_in\": 0}"), "max_expires_in: found 0, expected a whole number from 1 to 604800", ""},
            {S("{\"max_expires_in\": 604801}"), "expected a whole number from 1 to 604800 (seconds)", ""},
            {S("{\"service\": \"iam\", \"services\": [\"s3\", \"sts\"]}"),
             "sign.service: found \"iam\", which \"services\" does not list", "add it to \"services\""},
            {S("{\"region\": \"eu-west-1\", \"regions\": [\"us-east-1\"]}"),
             "sign.region: found \"eu-west-1\", which \"regions\" does not list", ""},
            {A("{\"sign\": []}"), "allow.sign: found an array, expected an object", ""},
            {A("[{\"sign\": {\"hosts\": [\"a/b\"]}}]"), "allow[0].sign.hosts[0]: found \"a/b\"", ""},
            {A("{\"scopes\": [\"credentials\"], \"sign\": {\"services\": [\"s3\"]}}"),
             "allow.sign: found \"sign\" in a rule without the scopes \"sign\" and \"token\"",
             "add \"sign\" to \"scopes\""},
        };
        check_rows(rows, ROWS(rows));
}

static void test_listeners(void **state)
{
        (void)state;
        static const struct fault_row rows[] = {
            {"{\"listeners\": {}}", "listeners: found an object, expected a list", ""},
            {L(""), "listeners: found 0 listeners", "remove"},
            {L("1"), "listeners[0]: found 1, expected an object", ""},
            {L("{}"), "listeners[0]: found neither \"unix\" nor \"tcp\"", "add"},
            {L("{\"unix\": \"/a\", \"upstream\": \"https://example.com\"}"),
             "listeners[0].upstream: found key \"upstream\", which this version does not support", "unix, mode, group"},
            {L("{\"unix\": \"/a\", \"api\": [\"native\", \"proxy\"]}"),
             "listeners[0].api[1]: found \"proxy\", expected one of the APIs that this version supports: \"native\", "
             "\"container\"",
             ""},
            {L("{\"unix\": \"/a\", \"api\": [\"nativ\"]}"), "found \"nativ\", expected one of the APIs", ""},
            {L("{\"unix\": \"/a\", \"allow_remote\": true}"),
             "listeners[0].allow_remote: found \"allow_remote\", which only a listener with \"tcp\" has", "remove"},
            {L("{\"unix\": \"/a\", \"tcp\": \"127.0.0.1:1\"}"), "listeners[0]: found both", "two listeners"},
            {L("{\"tcp\": \"127.0.0.1:9911\"}"), "listeners[0]: found no \"api\"", "\"api\": [\"container\"]"},
            {L("{\"tcp\": \"127.0.0.1:9911\", \"api\": [\"native\"]}"),
             "listeners[0].api: found \"native\", which is served on Unix sockets only", "kernel"},
            {L("{\"tcp\": \"127.0.0.1:1\", \"mode\": \"0600\", \"api\": [\"health\"]}"),
             "listeners[0].mode: found \"mode\", which only a Unix socket has", "remove"},
            {L("{\"tcp\": \"10.0.0.1:1\", \"api\": [\"health\", \"container\"], \"authorization_token_file\": \"/t\"}"),
             "listeners[0].tcp: found \"10.0.0.1:1\", expected a loopback address", "127.0.0.1"},
            {L("{\"tcp\": \"127.0.0.1:1\", \"api\": [\"container\"]}"),
             "listeners[0]: found no \"authorization_token_file\", which \"container\" needs", "creates it"},
            {L("{\"tcp\": \"127.0.0.1:1\", \"api\": [\"health\"], \"authorization_token_file\": \"/t\"}"),
             "authorization_token_file: found \"authorization_token_file\", which only a listener for", "remove"},
            {L("{\"tcp\": \"127.0.0.1:1\", \"api\": [\"health\"], \"group\": \"12\"}"),
             "group: found \"group\", which only a Unix socket, or a listener with", "remove"},
            {L("{\"tcp\": \"127.0.0.1:1\", \"api\": [\"health\"], \"profile\": \"p\"}"),
             "profile: found \"profile\", which only a listener for \"container\" or \"imds\" has", "remove"},
            {L("{\"unix\": \"/a\", \"authorization_token_file\": \"/t\"}"), "which only a listener with \"tcp\" has",
             ""},
            {L("{\"unix\": \"/a\", \"profile\": \"q\"}"), "listeners[0].profile: found \"q\", which is not a profile",
             "profiles"},
            {L("{\"unix\": \"/a\", \"profile\": \"q/r\"}"), "profile: found \"q/r\", expected the name", ""},
            {L("{\"tcp\": \"127.0.0.1:1\", \"api\": [\"imds\"]}"),
             "listeners[0]: found no \"profile\", which \"imds\" needs", "set the name"},
            {L("{\"unix\": \"/a\", \"profile\": \"p\", \"api\": [\"imds\"]}"),
             "listeners[0].api: found \"imds\", which is served over TCP only", "tcp"},
            {L("{\"tcp\": \"127.0.0.1:1\", \"api\": [\"imds\"], \"profile\": \"p q\"}"),
             "profile: found \"p q\", expected a name without spaces", "rename"},
            {L("{\"tcp\": 9911, \"api\": [\"health\"]}"), "listeners[0].tcp: found 9911, expected an IP address",
             "names"},
            {L("{\"tcp\": \"localhost:9911\", \"api\": [\"health\"]}"), "found \"localhost:9911\"", "names"},
            {L("{\"tcp\": \"::1:9911\", \"api\": [\"health\"]}"), "found \"::1:9911\"", "names"},
            {L("{\"tcp\": \"127.0.0.1:65536\", \"api\": [\"health\"]}"), "found \"127.0.0.1:65536\"", "names"},
            {L("{\"tcp\": \"127.0.0.1:1\", \"allow_remote\": \"yes\", \"api\": [\"health\"]}"),
             "allow_remote: found \"yes\", expected true or false", ""},
            {L("{\"tcp\": \"[::1]:7\", \"api\": [\"health\"]}, {\"tcp\": \"[0:0::1]:7\", \"api\": [\"health\"]}"),
             "listeners[1].tcp: found \"[::1]:7\", which listeners[0] has already", "different port"},
            {L("{\"unix\": \"/a\", \"api\": \"native\"}"), "expected a list", ""},
            {L("{\"unix\": \"/a\", \"any_time\": 1}"), "listeners[0].any_time: found 1, expected true or false", ""},
            {L("{\"unix\": \"/a\", \"mode\": 660}"), "listeners[0].mode: found 660, expected an octal mode in quotes",
             ""},
            {L("{\"unix\": \"/a\", \"mode\": \"0680\"}"), "found \"0680\", expected an octal", ""},
            {L("{\"unix\": \"/a\", \"mode\": \"4755\"}"), "expected an octal", ""},
            {L("{\"unix\": \"/a\", \"group\": 5}"), "group: found 5, expected a group's name or number", ""},
            {L("{\"unix\": \"/a\", \"group\": \"wheels\"}"), "group: found \"wheels\", expected the name of a group",
             "getent"},
            {L("{\"unix\": \"\"}"), "unix: found \"\"", ""},
            {L("{\"unix\": \"/a/\"}"), "unix: found \"/a/\"", ""},
            {L("{\"unix\": \"/a\"}, {\"unix\": \"/a\"}"),
             "listeners[1].unix: found \"/a\", which listeners[0] has already", "different path"},
            {L("{\"unix\": "
               "\"/"
               "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789abc"
               "defg\"}"),
             "found a path of 108 bytes, expected at most 107", "shorter"},
        };
        check_rows(rows, ROWS(rows));
}

// Wherever a secret is put, no message repeats it.
static void test_no_secret(void **state)
{
        (void)state;
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        static const char *const texts[] = {
            P("\"type\": \"static\", \"secret_access_key\": \"" SECRET " \""),
            P("\"type\": \"static\", \"session_token\": \"" SECRET "\\n\""),
            P("\"type\": \"static\", \"session_token\": [\"" SECRET "\"]"),
            P("\"type\": \"static\", \"secret_access_key\": {\"a\": \"" SECRET "\"}"),
            P("\"type\": \"static\", \"secret_access_key\": \"" SECRET "\", \"session_token\": \"" SECRET "\""),
            P("\"type\": \"static\", \"secret_access_key\": \"" SECRET "\" \"x\""),
            P("\"type\": \"web_identity\", " ROLE ", \"web_identity_token_file\": \"-----BEGIN " SECRET "\""),
            P(ANYWHERE_BODY ", \"private_key\": \"-----BEGIN PRIVATE KEY-----\\n" SECRET "\""),
            P("\"type\": \"web_identity\", " ROLE ", \"web_identity_token_file\": \"eyJhbGciOiJSUzI1NiJ9." SECRET
              "." SECRET SECRET "\""),
            P("\"type\": \"static\", \"access_key_id\": \"" SECRET "\""), // in each other's place
            P("\"type\": \"static\", \"access_key_id\": [\"" SECRET "\"]"),
            P(WEB_BODY ", \"endpoint_url\": \"https://me:" SECRET "@host\""),
            // with files looked for, and such as no file has the name of
            P("\"type\": \"static\", \"secret_access_key_file\": \"" SECRET "\""),
            P("\"type\": \"static\", \"session_token_file\": \"IQo" SECRET SECRET SECRET SECRET SECRET "//==\""),
        };
        for (size_t i = 0; i < ROWS(texts); i++) {
                struct settings *s = NULL;
                struct error e;
                assert_int_equal(parse_looking_for_files(texts[i], &s, &e), -1);
                if (strstr(e.message, "wJalr") || strstr(e.hint, "wJalr"))
                        fail_msg("row %zu: %s %s", i, e.message, e.hint);
        }
}

static void test_no_region(void **state)
{
        (void)state;
        char *environment[] = {NULL};
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(parse_with(P(WEB_BODY), environment, NULL, &s, &e), -1);
        assert_non_null(strstr(e.message, "profiles.p: found no region"));
        assert_non_null(strstr(e.hint, "AWS_REGION"));
        assert_int_equal(e.kind, ERROR_CONFIG);
}

static void test_environment(void **state)
{
        (void)state;
        static const struct {
                const char *variable, *message;
        } t[] = {
            {"AWS_REGION=us_east_1", "environment: AWS_REGION: found \"us_east_1\""},
            {"AWS_ENDPOINT_URL_STS=http://example.com", "environment: AWS_ENDPOINT_URL_STS: found"},
            {"AWS_ENDPOINT_URL=nowhere", "environment: AWS_ENDPOINT_URL: found \"nowhere\""},
            {"AWS_ENDPOINT_URL=https://me:pw@host",
             "environment: AWS_ENDPOINT_URL: found an invalid value (not shown), expected"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char variable[64];
                (void)snprintf(variable, sizeof(variable), "%s", t[i].variable);
                char *environment[] = {variable, NULL};
                struct settings *s = NULL;
                struct error e;
                assert_int_equal(parse_with("{\"region\": \"us-east-1\", \"profiles\": {\"p\": {" WEB_BODY "}}}",
                                            environment, NULL, &s, &e),
                                 -1);
                assert_non_null(strstr(e.message, t[i].message));
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_true(e.hint[0]);
        }
}

static void test_long_socket(void **state)
{
        (void)state;
        char flag[200];
        char *environment[] = {NULL};
        struct settings *s = NULL;
        struct error e;
        memset(flag, 'x', sizeof(flag));
        flag[0] = '/';
        flag[108] = '\0';
        assert_int_equal(parse_with(P(KEYS_BODY), environment, flag, &s, &e), -1);
        assert_non_null(strstr(e.message, "--socket"));
        assert_int_equal(parse_with(L("{\"unix\": \"/a\"}"), environment, flag, &s, &e), -1);
        assert_non_null(strstr(e.message, "--socket"));
        flag[107] = '\0';
        assert_int_equal(parse_with(P(KEYS_BODY), environment, flag, &s, &e), 0);
        settings_release(s);
        assert_int_equal(parse_with(P(KEYS_BODY), environment, flag + 1, &s, &e), -1); // "/base/" makes it too long
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_form),           cmocka_unit_test(test_keys),      cmocka_unit_test(test_values),
            cmocka_unit_test(test_across),         cmocka_unit_test(test_listeners), cmocka_unit_test(test_no_secret),
            cmocka_unit_test(test_allow_and_sign), cmocka_unit_test(test_no_region), cmocka_unit_test(test_environment),
            cmocka_unit_test(test_long_socket),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
