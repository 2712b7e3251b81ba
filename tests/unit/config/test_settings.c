// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/settings.h"

#include "tests/unit/config/support.h"

static void test_web_identity(void **state)
{
        (void)state;
        struct settings *s = parse_good(
            "{\"$schema\": \"x\", \"region\": \"eu-central-1\", \"profiles\": {\"irsa\": {\"type\": \"web_identity\","
            " \"role_arn\": \"arn:aws:iam::111122223333:role/gateway\", \"web_identity_token_file\": \"tokens/one\","
            " \"role_session_name\": \"gateway\", \"duration_seconds\": 7200,"
            " \"policy\": {\"Version\": \"2012-10-17\",  \"Statement\": [{\"a\": \"}\\\"{\"}]},"
            " \"policy_arns\": [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"],"
            " \"connect_timeout_ms\": 1, \"read_timeout_ms\": 600000, \"refresh\": \"on_demand\","
            " \"refresh_before_seconds\": 900, \"sts_region\": \"us-west-2\","
            " \"endpoint_url\": \"https://vpce-1.sts.us-west-2.vpce.amazonaws.com/\"}}}");
        assert_string_equal(s->region, "eu-central-1");
        assert_int_equal(s->profiles_count, 1);
        const struct profile *p = settings_find(s, "irsa");
        assert_non_null(p);
        assert_int_equal(p->type, PROFILE_WEB_IDENTITY);
        assert_string_equal(profile_type_name(p->type), "web_identity");
        assert_string_equal(p->name, "irsa");
        assert_string_equal(p->role.role_arn, "arn:aws:iam::111122223333:role/gateway");
        assert_string_equal(p->web_identity_token_file, "/etc/keyfob/tokens/one");
        assert_string_equal(p->role.role_session_name, "gateway");
        assert_int_equal(p->role.duration_seconds, 7200);
        assert_string_equal(p->role.policy, "{\"Version\": \"2012-10-17\",  \"Statement\": [{\"a\": \"}\\\"{\"}]}");
        assert_int_equal(p->role.policy_arns_count, 1);
        assert_string_equal(p->role.policy_arns[0], "arn:aws:iam::aws:policy/ReadOnlyAccess");
        assert_int_equal(p->connect_timeout_ms, 1);
        assert_int_equal(p->read_timeout_ms, 600000);
        assert_true(p->on_demand);
        assert_int_equal(p->refresh_before_seconds, 900);
        assert_string_equal(p->region, "eu-central-1");
        assert_string_equal(p->issuer_region, "us-west-2");
        assert_string_equal(p->endpoint_url, "https://vpce-1.sts.us-west-2.vpce.amazonaws.com");
        assert_null(p->ca_bundle);
        assert_null(p->source_profile);
        assert_int_equal(p->allow_count, 0);
        settings_release(s);
}

static void test_assume_role(void **state)
{
        (void)state;
        struct settings *s = parse_good("{\"profiles\": {\"tenant-a\": {" CHAIN_BODY(
            "keys") ", \"external_id\": \"x:1\", \"source_identity\": \"al\","
                    " \"policy\": \"{\\\"Version\\\": \\\"2012\\\"}\", \"tags\": {\"Team\": \"AI + ML\", \"Cost\": "
                    "\"\"},"
                    " \"transitive_tag_keys\": [\"Cost\"], \"duration_seconds\": 43200},"
                    " \"keys\": {" KEYS_BODY ", \"session_token\": \"tok\\u0065n\"}}}");
        assert_int_equal(s->profiles_count, 2);
        assert_string_equal(s->profiles[0].name, "keys"); // sources first
        const struct profile *keys = &s->profiles[0], *p = &s->profiles[1];
        assert_ptr_equal(settings_find(s, "tenant-a"), p);
        assert_null(settings_find(s, "tenant-b"));
        assert_string_equal(p->source_profile, "keys");
        assert_string_equal(p->role.external_id, "x:1");
        assert_string_equal(p->role.source_identity, "al");
        assert_string_equal(p->role.policy, "{\"Version\": \"2012\"}");
        assert_int_equal(p->role.tags_count, 2);
        assert_string_equal(p->role.tags[0].name, "Team");
        assert_string_equal(p->role.tags[0].value, "AI + ML");
        assert_string_equal(p->role.tags[1].value, "");
        assert_int_equal(p->role.transitive_tag_keys_count, 1);
        assert_string_equal(p->role.role_session_name, "tenant-a@host-1");
        assert_string_equal(p->endpoint_url, "https://sts.us-east-1.amazonaws.com");
        assert_string_equal(keys->keys.access_key_id, "AKIDEXAMPLE00001");
        assert_true(slice_eq(secret_expose(&keys->keys.secret_access_key), SLICE("wJalrXUtnFEMIxK7")));
        assert_true(slice_eq(secret_expose(&keys->keys.session_token), SLICE("token")));
        assert_null(keys->endpoint_url);
        assert_null(keys->role.role_session_name);
        settings_release(s);
}

static void test_roles_anywhere(void **state)
{
        (void)state;
        struct settings *s =
            parse_good("{\"profiles\": {\"onprem\": {" ANYWHERE_BODY
                       ", \"instance_properties\": {\"rack\": \"7\"}, \"private_key_passphrase_file\":"
                       " \"/run/pass\", \"certificate_chain\": \"chain.pem\"}, \"two\": {" ANYWHERE_BODY
                       ", \"private_key\": \"key.pem\", \"region\": \"us-west-2\","
                       " \"sts_region\": \"eu-west-2\", \"role_session_name\": \"me\"}}}");
        const struct profile *p = settings_find(s, "onprem");
        assert_string_equal(p->region, "eu-west-1"); // the trust anchor's before the environment's
        assert_string_equal(p->issuer_region, "eu-west-1");
        assert_string_equal(p->endpoint_url, "https://rolesanywhere.eu-west-1.amazonaws.com");
        assert_string_equal(p->roles_anywhere.certificate, "/etc/keyfob/c.pem");
        assert_string_equal(p->roles_anywhere.private_key, "/etc/keyfob/c.pem");
        assert_string_equal(p->roles_anywhere.certificate_chain, "/etc/keyfob/chain.pem");
        assert_string_equal(p->roles_anywhere.private_key_passphrase_file, "/run/pass");
        assert_int_equal(p->roles_anywhere.instance_properties_count, 1);
        assert_string_equal(p->roles_anywhere.instance_properties[0].value, "7");
        assert_null(p->role.role_session_name);
        p = settings_find(s, "two");
        assert_string_equal(p->roles_anywhere.private_key, "/etc/keyfob/key.pem");
        assert_string_equal(p->region, "us-west-2");
        assert_string_equal(p->issuer_region, "eu-west-2");
        assert_string_equal(p->role.role_session_name, "me");
        settings_release(s);
}

// What key and certificate are taken for, and where the PIN comes from.
static void test_key_sources(void **state)
{
        (void)state;
        static const struct {
                const char *body, *certificate, *private_key, *passphrase_file, *module;
        } rows[] = {
            {", \"private_key\": \"file:///k/key.pem\"", "/etc/keyfob/c.pem", "/k/key.pem", NULL, NULL},
            {", \"private_key\": \"file:/k/key.pem\"", "/etc/keyfob/c.pem", "/k/key.pem", NULL, NULL},
            {", \"private_key\": \"handle:0x81000001\"", "/etc/keyfob/c.pem", "handle:0x81000001", NULL, NULL},
            {", \"private_key\": \"object:/k/tpm.priv\"", "/etc/keyfob/c.pem", "object:/k/tpm.priv", NULL, NULL},
            {", \"private_key\": \"KEYS:a.pem\"", "/etc/keyfob/c.pem", "/etc/keyfob/KEYS:a.pem", NULL, NULL},
            {", \"private_key\": \"pin-value.pem\"", "/etc/keyfob/c.pem", "/etc/keyfob/pin-value.pem", NULL, NULL},
            {", \"private_key\": \"pkcs11:token=t;object=o;type=private\", \"private_key_passphrase_file\": \"/pin\"",
             "/etc/keyfob/c.pem", "pkcs11:token=t;object=o;type=private", "/pin", NULL},
            {", \"private_key\": \"pkcs11:token=t;object=o?pin-source=file:/a%20b\"", "/etc/keyfob/c.pem",
             "pkcs11:token=t;object=o", "/a b", NULL},
            {", \"private_key\": \"pkcs11:object=o?module-path=/m.so&x=1;pin-source=/pin\"", "/etc/keyfob/c.pem",
             "pkcs11:object=o?x=1", "/pin", "/m.so"},
            {", \"pkcs12\": \"a.p12\"", NULL, NULL, NULL, NULL},
            {", \"certificate\": \"pkcs11:object=o;type=cert?pin-source=/pin&module-path=/m.so\"", "pkcs11:object=o",
             "pkcs11:object=o", "/pin", "/m.so"},
            {", \"certificate\": \"file:/c.pem\"", "/c.pem", "/c.pem", NULL, NULL},
        };
        for (size_t i = 0; i < ROWS(rows); i++) {
                char text[1024];
                bool has_own = strstr(rows[i].body, "\"certificate\"") || strstr(rows[i].body, "pkcs12");
                (void)snprintf(text, sizeof(text),
                               "{\"profiles\": {\"p\": {\"type\": \"roles_anywhere\", " ROLE
                               ", \"trust_anchor_arn\": \"" ANYWHERE_ARN "trust-anchor/a\", \"profile_arn\": "
                               "\"" ANYWHERE_ARN "profile/p\"%s%s}}}",
                               has_own ? "" : ", \"certificate\": \"c.pem\"", rows[i].body);
                struct settings *s = parse_good(text);
                const __typeof__(s->profiles->roles_anywhere) *a = &settings_find(s, "p")->roles_anywhere;
                const char *const pairs[][2] = {{a->certificate, rows[i].certificate},
                                                {a->private_key, rows[i].private_key},
                                                {a->private_key_passphrase_file, rows[i].passphrase_file},
                                                {a->pkcs11_module, rows[i].module}};
                for (size_t k = 0; k < ROWS(pairs); k++)
                        if (!pairs[k][0] != !pairs[k][1] || (pairs[k][0] && strcmp(pairs[k][0], pairs[k][1]) != 0))
                                fail_msg("%s: %s instead of %s", rows[i].body, pairs[k][0] ? pairs[k][0] : "nothing",
                                         pairs[k][1] ? pairs[k][1] : "nothing");
                settings_release(s);
        }
}

static void test_allow_and_sign(void **state)
{
        (void)state;
        struct settings *s =
            parse_good("{\"profiles\": {\"a\": {" WEB_BODY ", \"allow\": [{\"uids\": [0, \"alice\", \"7\"]},"
                       " {\"gids\": [\"gateway\"], \"scopes\": [\"sign\", \"token\"]}],"
                       " \"sign\": {\"service\": \"bedrock\", \"region\": \"us-west-2\","
                       " \"hosts\": [\"*.AmazonAWS.com\"], \"paths\": [\"/model/\"]}},"
                       " \"b\": {" WEB_BODY ", \"allow\": {\"uids\": [4294967294], \"sign\":"
                       " {\"methods\": [\"GET\"], \"services\": [\"s3\", \"IoTSecuredTunneling\"],"
                       " \"regions\": [\"eu-west-1\"], \"max_expires_in\": 60, \"hosts\": [\"H:8443\"]}}}}}");
        const struct profile *p = settings_find(s, "a");
        assert_int_equal(p->allow_count, 2);
        assert_int_equal(p->allow[0].uids_count, 3);
        assert_int_equal(p->allow[0].uids[0], 0);
        assert_int_equal(p->allow[0].uids[1], 1001);
        assert_int_equal(p->allow[0].uids[2], 7);
        assert_int_equal(p->allow[0].gids_count, 0);
        assert_int_equal(p->allow[0].scopes, ALLOW_ALL);
        assert_int_equal(p->allow[1].gids[0], 2001);
        assert_int_equal(p->allow[1].scopes, ALLOW_SIGN | ALLOW_TOKEN);
        assert_null(p->allow[0].sign);
        assert_string_equal(p->sign.service, "bedrock");
        assert_string_equal(p->sign.region, "us-west-2");
        assert_int_equal(p->sign.hosts_count, 1);
        assert_string_equal(p->sign.hosts[0], "*.amazonaws.com");
        assert_string_equal(p->sign.paths[0], "/model/");
        p = settings_find(s, "b");
        assert_int_equal(p->allow_count, 1);
        assert_int_equal(p->allow[0].uids[0], 4294967294u);
        assert_int_equal(p->allow[0].scopes, ALLOW_SIGN); // not the credentials, which have no limits
        const struct sign_limits *limits = p->allow[0].sign;
        assert_string_equal(limits->methods[0], "GET");
        assert_int_equal(limits->services_count, 2);
        assert_string_equal(limits->services[1], "IoTSecuredTunneling");
        assert_string_equal(limits->regions[0], "eu-west-1");
        assert_int_equal(limits->max_expires_in, 60);
        assert_string_equal(limits->hosts[0], "h:8443");
        assert_int_equal(p->sign.hosts_count + p->sign.services_count, 0);
        settings_release(s);
}

static void test_listeners(void **state)
{
        (void)state;
        static const char text[] =
            "{\"listeners\": [{\"unix\": \"/run/a.sock\", \"mode\": \"0660\", \"group\": \"gateway\","
            " \"api\": [\"native\"]}, {\"unix\": \"b.sock\", \"group\": \"12\", \"mode\": \"777\"},"
            " {\"unix\": \"/c.sock\", \"any_time\": true}],"
            " \"profiles\": {\"p\": {" KEYS_BODY "}}}";
        char *environment[] = {(char[]){"KEYFOB_SOCKET=/elsewhere.sock"}, NULL};
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(parse_with(text, environment, NULL, &s, &e), 0);
        assert_int_equal(s->listeners_count, 3);
        assert_string_equal(s->listeners[0].unix_path, "/run/a.sock");
        assert_int_equal(s->listeners[0].mode, 0660);
        assert_true(s->listeners[0].has_gid);
        assert_int_equal(s->listeners[0].gid, 2001);
        assert_string_equal(s->listeners[1].unix_path, "/etc/keyfob/b.sock");
        assert_int_equal(s->listeners[1].mode, 0777);
        assert_false(s->listeners[1].any_time);
        assert_true(s->listeners[2].any_time);
        assert_true(s->listeners[1].has_gid);
        assert_int_equal(s->listeners[1].gid, 12);
        assert_int_equal(s->listeners[2].mode, 0600);
        assert_false(s->listeners[2].has_gid);
        settings_release(s);

        assert_int_equal(parse_with(text, environment, "mine.sock", &s, &e), 0);
        assert_string_equal(s->listeners[0].unix_path, "/base/mine.sock");
        assert_int_equal(s->listeners[0].mode, 0660);
        assert_string_equal(s->listeners[1].unix_path, "/etc/keyfob/b.sock");
        settings_release(s);
}

static void test_tcp_listeners(void **state)
{
        (void)state;
        struct settings *s = parse_good("{\"listeners\": [{\"tcp\": \"127.0.0.1:9911\", \"api\": [\"health\"]},"
                                        " {\"tcp\": \"[::1]:0\", \"api\": [\"health\"]},"
                                        " {\"tcp\": \"[::1]:0\", \"api\": [\"health\"]},"
                                        " {\"tcp\": \"0.0.0.0:9000\", \"api\": [\"health\"], \"allow_remote\": false},"
                                        " {\"tcp\": \"10.1.2.3:9000\", \"api\": [\"health\"], \"allow_remote\": true},"
                                        " {\"unix\": \"/a\", \"api\": [\"health\", \"native\"]}],"
                                        " \"profiles\": {\"p\": {" KEYS_BODY "}}}");
        static const char *const want[] = {"127.0.0.1:9911", "[::1]:0", "[::1]:0", "0.0.0.0:9000", "10.1.2.3:9000"};
        char text[INET_ADDRESS_SIZE];
        assert_int_equal(s->listeners_count, 6);
        for (size_t i = 0; i < LENGTH(want); i++) {
                inet_address_write(&s->listeners[i].tcp, text);
                assert_string_equal(text, want[i]);
                assert_null(s->listeners[i].unix_path);
                assert_int_equal(s->listeners[i].apis, LISTENER_HEALTH);
                assert_int_equal(s->listeners[i].allow_remote, i == 4);
        }
        assert_int_equal(s->listeners[5].apis, LISTENER_NATIVE | LISTENER_HEALTH);
        settings_release(s);
}

static void test_container_listeners(void **state)
{
        (void)state;
        struct settings *s =
            parse_good("{\"listeners\": [{\"tcp\": \"127.0.0.1:9911\", \"api\": [\"container\"], \"profile\": \"p\","
                       " \"authorization_token_file\": \"token\", \"group\": \"12\"},"
                       " {\"tcp\": \"10.0.0.1:1\", \"api\": [\"container\"], \"allow_remote\": true,"
                       " \"authorization_token_file\": \"/t\"}, {\"unix\": \"/a\", \"profile\": \"p\"},"
                       " {\"unix\": \"/b\", \"api\": [\"container\"]}],"
                       " \"profiles\": {\"p\": {" KEYS_BODY "}}}");
        assert_int_equal(s->listeners[0].apis, LISTENER_CONTAINER);
        assert_string_equal(s->listeners[0].profile, "p");
        assert_string_equal(s->listeners[0].authorization_token_file, "/etc/keyfob/token");
        assert_true(s->listeners[0].has_gid && s->listeners[0].gid == 12);
        assert_null(s->listeners[1].profile);
        assert_string_equal(s->listeners[1].authorization_token_file, "/t");
        assert_string_equal(s->listeners[2].profile, "p");
        assert_int_equal(s->listeners[2].apis, LISTENER_NATIVE);
        assert_int_equal(s->listeners[3].apis, LISTENER_CONTAINER);
        settings_release(s);
}

static void test_default_listener(void **state)
{
        (void)state;
        char socket[] = "KEYFOB_SOCKET=/k.sock", runtime[] = "XDG_RUNTIME_DIR=/run/user/1", other[] = "X=y";
        const struct {
                char *first, *second;
                const char *flag, *want;
        } t[] = {
            {other, other, NULL, "/run/keyfob/keyfob.sock"},
            {other, runtime, NULL, "/run/user/1/keyfob/keyfob.sock"},
            {socket, runtime, NULL, "/k.sock"},
            {socket, runtime, "/flag.sock", "/flag.sock"},
            {socket, runtime, "flag.sock", "/base/flag.sock"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char *environment[] = {t[i].first, t[i].second, NULL};
                struct settings *s = NULL;
                struct error e;
                assert_int_equal(parse_with("{\"profiles\": {\"p\": {" KEYS_BODY "}}}", environment, t[i].flag, &s, &e),
                                 0);
                assert_int_equal(s->listeners_count, 1);
                assert_string_equal(s->listeners[0].unix_path, t[i].want);
                assert_int_equal(s->listeners[0].mode, 0600);
                assert_false(s->listeners[0].has_gid);
                settings_release(s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_web_identity),     cmocka_unit_test(test_assume_role),
            cmocka_unit_test(test_roles_anywhere),   cmocka_unit_test(test_key_sources),
            cmocka_unit_test(test_allow_and_sign),   cmocka_unit_test(test_listeners),
            cmocka_unit_test(test_tcp_listeners),    cmocka_unit_test(test_container_listeners),
            cmocka_unit_test(test_default_listener),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
