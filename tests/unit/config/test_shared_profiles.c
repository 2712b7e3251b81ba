// SPDX-License-Identifier: Apache-2.0
// What profiles of the AWS files become: each type, and chains of them.
#include "proto/mem/buffer.h"
#include "tests/unit/config/shared_support.h"

static void test_types(void **state)
{
        struct home *h = *state;
        home_set(h,
                 "[profile w]\nrole_arn = " ARN(
                     "w") "\nweb_identity_token_file = rel/token\nrole_session_name = me\n"
                          "duration_seconds = 7200\n"
                          "[profile s]\n" SSO_ROLE "sso_session = one\nregion = us-west-2\n"
                          "[sso-session one]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-north-1\n"
                          "sso_registration_scopes = sso:account:access\n"
                          "[profile legacy]\n" SSO_ROLE
                          "sso_start_url = https://y.awsapps.com/start\nsso_region = us-east-2\n"
                          "[profile proc]\ncredential_process = /bin/x  a b\naws_account_id = 444455556666\n"
                          "[profile k]\n" KEYS "aws_account_id = 444455556666\n",
                 "[k]\n" OTHER_KEYS "aws_session_token = tok==\n", LIST(REGION));
        struct settings *s = home_load(h, SHARED("w"));
        const struct profile *p = home_find(s, "p");
        char text[160];
        assert_int_equal(p->type, PROFILE_WEB_IDENTITY);
        assert_int_equal(p->declared_type, PROFILE_SHARED_CONFIG);
        assert_string_equal(p->web_identity_token_file, "/base/rel/token");
        assert_string_equal(p->role.role_session_name, "me");
        assert_int_equal(p->role.duration_seconds, 0); // of assume_role only
        assert_int_equal(p->chain_count, 1);
        assert_string_equal(p->chain[0].name, "profile w: web_identity");
        (void)snprintf(text, sizeof(text), "web_identity_token_file of %s/.aws/config:3", h->folder.path);
        assert_string_equal(p->chain[0].outcome, text);
        assert_int_equal(s->watched_count, 2);
        settings_release(s);

        s = home_load(h, SHARED("s"));
        p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_SSO);
        assert_string_equal(p->sso.start_url, "https://x.awsapps.com/start");
        assert_string_equal(p->sso.region, "eu-north-1");
        assert_string_equal(p->sso.session, "one");
        assert_string_equal(p->sso.account_id, "111122223333");
        assert_string_equal(p->sso.role_name, "Dev");
        assert_string_equal(p->sso.registration_scopes, "sso:account:access");
        assert_string_equal(p->region, "eu-west-1"); // the environment's goes before the profile's
        settings_release(s);

        s = home_load(h, SHARED("legacy"));
        p = home_find(s, "p");
        assert_null(p->sso.session);
        assert_string_equal(p->sso.region, "us-east-2");
        settings_release(s);

        s = home_load(h, SHARED("proc"));
        p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_PROCESS);
        assert_string_equal(p->credential_process, "/bin/x  a b");
        assert_string_equal(p->keys.account_id, "444455556666");
        settings_release(s);

        s = home_load(h, SHARED("k"));
        p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_STATIC);
        assert_string_equal(p->keys.access_key_id, "AKIDEXAMPLE00002");
        assert_true(slice_eq(secret_expose(&p->keys.secret_access_key), SLICE("wJalrXUtnFEMIxK8")));
        assert_true(slice_eq(secret_expose(&p->keys.session_token), SLICE("tok==")));
        assert_string_equal(p->keys.account_id, "444455556666");
        assert_null(p->keys.expiration);
        settings_release(s);
}

// The keys of our own file stay what they are.
static void test_own_keys(void **state)
{
        struct home *h = *state;
        home_set(h, "[default]\n" ROLE_ON("k") "region = us-west-2\nuse_fips_endpoint = true\n[profile k]\n" KEYS, NULL,
                 NULL);
        struct settings *s = home_load(h, "{\"region\": \"ap-south-1\", \"profiles\": {"
                                          "\"a\": {\"type\": \"shared_config\", \"region\": \"sa-east-1\","
                                          "  \"use_fips_endpoint\": false, \"refresh\": \"on_demand\","
                                          "  \"allow\": {\"uids\": [\"alice\"]}},"
                                          "\"b\": {\"type\": \"default_chain\"}}}");
        const struct profile *p = home_find(s, "a");
        assert_string_equal(p->region, "sa-east-1");
        assert_int_equal(p->use_fips_endpoint, CHOICE_NO);
        assert_true(p->on_demand && p->allow_count == 1);
        p = home_find(s, "b");
        assert_string_equal(p->region, "us-west-2"); // nearer than the top level of ours
        assert_int_equal(p->use_fips_endpoint, CHOICE_YES);
        assert_false(p->on_demand);
        // Both stand on one, which is refreshed ahead of time for the one that is.
        assert_ptr_equal(home_source_of(s, p), home_source_of(s, home_find(s, "a")));
        assert_false(home_source_of(s, p)->on_demand);
        settings_release(s);
}

static void test_roles(void **state)
{
        struct home *h = *state;
        home_set(h,
                 "[profile a]\n" ROLE_ON(
                     "b") "external_id = ext:1\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n"
                          "role_session_name = me\nduration_seconds = 900\n" OTHER_KEYS // not used: it stands on b
                          "[profile b]\nrole_arn = " ARN("b") "\nsource_profile = c\n"
                                                              "[profile c]\n" KEYS "role_arn = " ARN(
                                                                  "c") "\nsource_profile = none\n" // keys end a chain
                                                                       "[profile self]\n" ROLE_ON("self") KEYS,
                 NULL, LIST(REGION));
        struct settings *s = home_load(h, SHARED("a"));
        assert_int_equal(s->profiles_count, 3);
        const struct profile *p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_ASSUME_ROLE);
        assert_string_equal(p->role.role_arn, ARN("r"));
        assert_string_equal(p->role.external_id, "ext:1");
        assert_string_equal(p->role.mfa_serial, "arn:aws:iam::111122223333:mfa/me");
        assert_string_equal(p->role.role_session_name, "me");
        assert_int_equal(p->role.duration_seconds, 900);
        assert_non_null(strstr(p->chain[0].outcome, ", on profile b"));
        const struct profile *b = home_source_of(s, p);
        assert_int_equal(b->type, PROFILE_ASSUME_ROLE);
        assert_string_equal(b->role.role_arn, ARN("b"));
        const struct profile *c = home_source_of(s, b);
        assert_int_equal(c->type, PROFILE_STATIC);
        assert_string_equal(c->keys.access_key_id, "AKIDEXAMPLE00001");
        settings_release(s);

        s = home_load(h, SHARED("self"));
        p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_ASSUME_ROLE);
        assert_int_equal(home_source_of(s, p)->type, PROFILE_STATIC);
        settings_release(s);
}

static void test_credential_source(void **state)
{
        struct home *h = *state;
        static const char json[] =
            "{\"region\": \"us-east-1\", \"profiles\": {"
            "\"own1\": {\"type\": \"assume_role\", " ROLE ", \"credential_source\": \"Environment\"},"
            "\"own2\": {\"type\": \"assume_role\", " ROLE ", \"credential_source\": \"Environment\"},"
            "\"own3\": {\"type\": \"assume_role\", " ROLE ", \"credential_source\": \"Ec2InstanceMetadata\"},"
            "\"env\": {\"type\": \"shared_config\", \"profile\": \"env\"},"
            "\"ecs\": {\"type\": \"shared_config\", \"profile\": \"ecs\"},"
            "\"ec2\": {\"type\": \"shared_config\", \"profile\": \"ec2\"}}}";
        home_set(h,
                 "[profile env]\nrole_arn = " ARN(
                     "r") "\ncredential_source = Environment\n"
                          "[profile ecs]\nrole_arn = " ARN(
                              "r") "\ncredential_source = EcsContainer\n"
                                   "[profile ec2]\nrole_arn = " ARN(
                                       "r") "\ncredential_source = Ec2InstanceMetadata\n"
                                            "ec2_metadata_service_endpoint = "
                                            "http://127.0.0.1:1\nec2_metadata_service_endpoint_mode = IPv6\n"
                                            "metadata_service_timeout = 3\n",
                 NULL,
                 LIST("AWS_ACCESS_KEY_ID=AKIDEXAMPLE00009", "AWS_SECRET_ACCESS_KEY=x",
                      "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/x"));
        struct settings *s = home_load(h, json);
        assert_int_equal(s->profiles_count, 10);
        const struct profile *environment = home_source_of(s, home_find(s, "own1"));
        assert_string_equal(environment->keys.access_key_id, "AKIDEXAMPLE00009");
        assert_ptr_equal(home_source_of(s, home_find(s, "own2")), environment);
        assert_ptr_equal(home_source_of(s, home_find(s, "env")), environment);
        assert_int_equal(home_source_of(s, home_find(s, "ecs"))->type, PROFILE_CONTAINER);
        const struct profile *imds = home_source_of(s, home_find(s, "ec2"));
        assert_int_equal(imds->type, PROFILE_IMDS);
        assert_string_equal(imds->imds.endpoint, "http://127.0.0.1:1");
        assert_string_equal(imds->imds.endpoint_mode, "IPv6");
        assert_int_equal(imds->read_timeout_ms, 3000);
        assert_int_equal(imds->connect_timeout_ms, 3000);
        assert_ptr_not_equal(home_source_of(s, home_find(s, "own3")), imds);
        assert_null(home_source_of(s, home_find(s, "own3"))->imds.endpoint_mode);
        settings_release(s);
}

static void test_login(void **state)
{
        struct home *h = *state;
        static const char me[] = "arn:aws:iam::111122223333:user/me";
        home_set(h,
                 "[profile l]\nlogin_session =  arn:aws:iam::111122223333:user/me \nregion = eu-west-3\nservices = v\n"
                 "[services v]\nsignin =\n endpoint_url = https://s\n"
                 "[profile r]\nregion = us-west-2\n" ROLE_ON("l"),
                 NULL, LIST(NULL));
        struct settings *s = home_load(h, SHARED("l"));
        const struct profile *p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_LOGIN);
        assert_string_equal(p->login.session, me);
        assert_string_equal(p->login.profile, "l");
        assert_string_equal(p->endpoint_url, "https://s");
        assert_true(p->login.has_custom_endpoint);
        assert_string_equal(p->region, "eu-west-3");
        settings_release(s);
        s = home_load(h, SHARED("r"));
        p = home_source_of(s, home_find(s, "p"));
        assert_int_equal(p->type, PROFILE_LOGIN);
        assert_string_equal(p->login.profile, "l");
        assert_string_equal(p->endpoint_url, "https://us-west-2.signin.aws.amazon.com"); // as in the SDKs
        settings_release(s);
}

static void test_sso_of_our_own(void **state)
{
        struct home *h = *state;
        struct settings *s = NULL;
        struct error e;
        static const char json[] = "{\"profiles\": {\"p\": {\"type\": \"sso\", \"sso_session\": \"s\","
                                   " \"sso_account_id\": \"111122223333\", \"sso_role_name\": \"r\"}}}";
        home_set(h, "[sso-session s]\nsso_start_url = https://x\nsso_region = us-east-1\n", NULL, NULL);
        s = home_load(h, json);
        assert_string_equal(home_find(s, "p")->sso.start_url, "https://x");
        assert_string_equal(home_find(s, "p")->sso.region, "us-east-1");
        assert_int_equal(home_find(s, "p")->chain_count, 0);
        assert_int_equal(s->watched_count, 2);
        settings_release(s);
        home_set(h, "[sso-session t]\n", NULL, NULL);
        assert_int_equal(home_parse(h, json, &s, &e), -1);
        assert_non_null(strstr(e.message, "profiles.p: sso_session: found \"s\", expected an [sso-session]"));
}

// The files of somebody else do not matter to who does not name them.
static void test_not_needed(void **state)
{
        struct home *h = *state;
        home_set(h, "[", "[", NULL);
        struct settings *s = home_load(h, "{\"profiles\": {\"p\": {" KEYS_BODY "}}}");
        assert_int_equal(s->watched_count, 0);
        settings_release(s);
}

// A profile that our own file names leaves the variables that hold credentials alone.
static void test_named_chain(void **state)
{
        struct home *h = *state;
        home_set(h, "[profile a]\n" KEYS, NULL,
                 LIST("AWS_ACCESS_KEY_ID=AKIDEXAMPLE00009", "AWS_SECRET_ACCESS_KEY=x", "AWS_EXTERNAL_ID=ext",
                      "AWS_ROLE_ARN=" ARN("env"), "AWS_WEB_IDENTITY_TOKEN_FILE=/t"));
        struct settings *s = home_load(h, "{\"profiles\": {\"p\": {\"type\": \"default_chain\", \"profile\": \"a\"}}}");
        const struct profile *p = home_find(s, "p");
        assert_string_equal(p->keys.access_key_id, "AKIDEXAMPLE00001");
        assert_string_equal(p->chain[0].outcome, "ignored, the configuration names profile a");
        settings_release(s);
}

// Thousands on one: one source, and nothing that grows faster than they do.
static void test_many(void **state)
{
        struct home *h = *state;
        struct buffer text;
        struct settings *s = NULL;
        struct error e;
        buffer_init(&text, (size_t)4 * 1024 * 1024);
        (void)buffer_put_str(&text, "[profile base]\n" SSO_ROLE "sso_start_url = https://x\nsso_region = us-east-1\n");
        for (unsigned i = 0; i < 10000; i++)
                (void)buffer_printf(&text, "[profile t%u]\n" ROLE_ON("base"), i);
        home_set(h, buffer_c_str(&text), NULL, LIST(REGION, "AWS_EC2_METADATA_DISABLED=true"));
        buffer_free(&text);
        if (home_zero(h, &s, &e) < 0)
                fail_msg("%s", e.message);
        assert_int_equal(s->profiles_count, 10003); // with default, base, and base as a source
        const struct profile *base = home_source_of(s, home_find(s, "t0"));
        assert_int_equal(base->type, PROFILE_SSO);
        assert_true(base->on_demand);
        assert_ptr_equal(home_source_of(s, home_find(s, "t9999")), base);
        settings_release(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            AT_HOME(test_types),          AT_HOME(test_own_keys),
            AT_HOME(test_roles),          AT_HOME(test_credential_source),
            AT_HOME(test_sso_of_our_own), AT_HOME(test_not_needed),
            AT_HOME(test_named_chain),    AT_HOME(test_many),
            AT_HOME(test_login),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
