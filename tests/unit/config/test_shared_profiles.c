// SPDX-License-Identifier: Apache-2.0
// What profiles of the AWS files become: each type, chains of them, and the settings that hold for all of a chain.
#include "proto/mem/buffer.h"
#include "tests/unit/config/shared_support.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define REGION "AWS_REGION=eu-west-1"
#define SSO "sso_account_id = 111122223333\nsso_role_name = Dev\n"
#define ROLE_ON(source) "role_arn = " ARN("r") "\nsource_profile = " source "\n"
#define SHARED(name) "{\"profiles\": {\"p\": {\"type\": \"shared_config\", \"profile\": \"" name "\"}}}"

static struct settings *load(struct home *h, const char *json)
{
        struct settings *s = NULL;
        struct error e;
        if (home_parse(h, json, &s, &e) < 0)
                fail_msg("%s\n%s", e.message, e.hint);
        return s;
}

static const struct profile *source_of(const struct settings *s, const struct profile *p)
{
        assert_non_null(p->source_profile);
        const struct profile *source = home_find(s, p->source_profile);
        assert_true(source->is_implied && strchr(source->name, '/') && source < p);
        const struct profile *shown = home_find(s, source->stands_for); // whom a person may ask for
        assert_true(shown && !shown->is_implied);
        return source;
}

static void test_types(void **state)
{
        struct home *h = *state;
        home_set(h,
                 "[profile w]\nrole_arn = " ARN(
                     "w") "\nweb_identity_token_file = rel/token\nrole_session_name = me\n"
                          "duration_seconds = 7200\n"
                          "[profile s]\n" SSO "sso_session = one\nregion = us-west-2\n"
                          "[sso-session one]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-north-1\n"
                          "sso_registration_scopes = sso:account:access\n"
                          "[profile legacy]\n" SSO
                          "sso_start_url = https://y.awsapps.com/start\nsso_region = us-east-2\n"
                          "[profile proc]\ncredential_process = /bin/x  a b\naws_account_id = 444455556666\n"
                          "[profile k]\n" KEYS "aws_account_id = 444455556666\n",
                 "[k]\n" OTHER_KEYS "aws_session_token = tok==\n", LIST(REGION));
        struct settings *s = load(h, SHARED("w"));
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
        settings_free(s);

        s = load(h, SHARED("s"));
        p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_SSO);
        assert_string_equal(p->sso.start_url, "https://x.awsapps.com/start");
        assert_string_equal(p->sso.region, "eu-north-1");
        assert_string_equal(p->sso.session, "one");
        assert_string_equal(p->sso.account_id, "111122223333");
        assert_string_equal(p->sso.role_name, "Dev");
        assert_string_equal(p->sso.registration_scopes, "sso:account:access");
        assert_string_equal(p->region, "eu-west-1"); // the environment's goes before the profile's
        settings_free(s);

        s = load(h, SHARED("legacy"));
        p = home_find(s, "p");
        assert_null(p->sso.session);
        assert_string_equal(p->sso.region, "us-east-2");
        settings_free(s);

        s = load(h, SHARED("proc"));
        p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_PROCESS);
        assert_string_equal(p->credential_process, "/bin/x  a b");
        assert_string_equal(p->keys.account_id, "444455556666");
        settings_free(s);

        s = load(h, SHARED("k"));
        p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_STATIC);
        assert_string_equal(p->keys.access_key_id, "AKIDEXAMPLE00002");
        assert_true(slice_eq(secret_expose(&p->keys.secret_access_key), SLICE("wJalrXUtnFEMIxK8")));
        assert_true(slice_eq(secret_expose(&p->keys.session_token), SLICE("tok==")));
        assert_string_equal(p->keys.account_id, "444455556666");
        assert_null(p->keys.expiration);
        settings_free(s);
}

// The keys of our own file stay what they are.
static void test_own_keys(void **state)
{
        struct home *h = *state;
        home_set(h, "[default]\n" ROLE_ON("k") "region = us-west-2\nuse_fips_endpoint = true\n[profile k]\n" KEYS, NULL,
                 NULL);
        struct settings *s = load(h, "{\"region\": \"ap-south-1\", \"profiles\": {"
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
        assert_ptr_equal(source_of(s, p), source_of(s, home_find(s, "a")));
        assert_false(source_of(s, p)->on_demand);
        settings_free(s);
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
        struct settings *s = load(h, SHARED("a"));
        assert_int_equal(s->profiles_count, 3);
        const struct profile *p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_ASSUME_ROLE);
        assert_string_equal(p->role.role_arn, ARN("r"));
        assert_string_equal(p->role.external_id, "ext:1");
        assert_string_equal(p->role.mfa_serial, "arn:aws:iam::111122223333:mfa/me");
        assert_string_equal(p->role.role_session_name, "me");
        assert_int_equal(p->role.duration_seconds, 900);
        assert_non_null(strstr(p->chain[0].outcome, ", on profile b"));
        const struct profile *b = source_of(s, p);
        assert_int_equal(b->type, PROFILE_ASSUME_ROLE);
        assert_string_equal(b->role.role_arn, ARN("b"));
        const struct profile *c = source_of(s, b);
        assert_int_equal(c->type, PROFILE_STATIC);
        assert_string_equal(c->keys.access_key_id, "AKIDEXAMPLE00001");
        settings_free(s);

        s = load(h, SHARED("self"));
        p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_ASSUME_ROLE);
        assert_int_equal(source_of(s, p)->type, PROFILE_STATIC);
        settings_free(s);
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
        struct settings *s = load(h, json);
        assert_int_equal(s->profiles_count, 10);
        const struct profile *environment = source_of(s, home_find(s, "own1"));
        assert_string_equal(environment->keys.access_key_id, "AKIDEXAMPLE00009");
        assert_ptr_equal(source_of(s, home_find(s, "own2")), environment);
        assert_ptr_equal(source_of(s, home_find(s, "env")), environment);
        assert_int_equal(source_of(s, home_find(s, "ecs"))->type, PROFILE_CONTAINER);
        const struct profile *imds = source_of(s, home_find(s, "ec2"));
        assert_int_equal(imds->type, PROFILE_IMDS);
        assert_string_equal(imds->imds.endpoint, "http://127.0.0.1:1");
        assert_string_equal(imds->imds.endpoint_mode, "IPv6");
        assert_int_equal(imds->read_timeout_ms, 3000);
        assert_int_equal(imds->connect_timeout_ms, 3000);
        assert_ptr_not_equal(source_of(s, home_find(s, "own3")), imds);
        assert_null(source_of(s, home_find(s, "own3"))->imds.endpoint_mode);
        settings_free(s);
}

// Of a chain, all calls are made by the settings of the profile that is asked for.
static void test_common(void **state)
{
        struct home *h = *state;
        static const char json[] = "{\"profiles\": {\"one\": {\"type\": \"shared_config\", \"profile\": \"one\"},"
                                   "\"two\": {\"type\": \"shared_config\", \"profile\": \"two\"},"
                                   "\"three\": {\"type\": \"shared_config\", \"profile\": \"three\"}}}";
        home_set(h,
                 "[profile one]\n" ROLE_ON(
                     "b") "region = us-east-1\nca_bundle = ca.pem\nuse_fips_endpoint = FALSE\n"
                          "use_dualstack_endpoint = false\nsts_regional_endpoints = legacy\nservices = v\n"
                          "endpoint_url = https://all.example/\n"
                          "[services v]\nsts =\n  endpoint_url = https://sts.example/x/\n"
                          "[profile two]\n" ROLE_ON(
                              "b") "region = eu-west-1\nendpoint_url = https://two.example\n"
                                   "[profile three]\n" ROLE_ON(
                                       "b") "region = eu-west-1\nendpoint_url = https://two.example\n"
                                            "[profile b]\nrole_arn = " ARN(
                                                "b") "\nsource_profile = k\nregion = ap-south-1\n"
                                                     "endpoint_url = https://b.example\n[profile k]\n" KEYS,
                 NULL, NULL);
        struct settings *s = load(h, json);
        const struct profile *p = home_find(s, "one");
        const struct profile *b = source_of(s, p);
        assert_string_equal(b->region, "us-east-1");
        for (const struct profile *each = p; each; each = each == p ? b : NULL) {
                assert_string_equal(each->shared_endpoint_url, "https://sts.example/x");
                assert_string_equal(each->ca_bundle, "/base/ca.pem");
                assert_int_equal(each->use_fips_endpoint, CHOICE_NO);
                assert_int_equal(each->use_dualstack_endpoint, CHOICE_NO);
                assert_int_equal(each->sts_regional_endpoints, STS_ENDPOINTS_LEGACY);
        }
        const struct profile *other = source_of(s, home_find(s, "two"));
        assert_ptr_not_equal(other, b);
        assert_ptr_equal(other, source_of(s, home_find(s, "three")));
        assert_string_equal(other->region, "eu-west-1");
        assert_string_equal(other->shared_endpoint_url, "https://two.example");
        assert_ptr_equal(source_of(s, b), source_of(s, other)); // keys are keys
        settings_free(s);

        home_set(h,
                 "[profile one]\n" ROLE_ON("b") "region = us-east-1\nuse_fips_endpoint = TRUE\n"
                                                "use_dualstack_endpoint = true\n[profile b]\n" ROLE_ON(
                                                    "k") "[profile k]\n" KEYS,
                 NULL, NULL);
        s = load(h, SHARED("one"));
        p = home_find(s, "p");
        assert_string_equal(p->endpoint_url, "https://sts-fips.us-east-1.api.aws");
        assert_string_equal(source_of(s, p)->endpoint_url, "https://sts-fips.us-east-1.api.aws");
        settings_free(s);

        // A file may switch off the environment's endpoints, too.
        home_set(h,
                 "[profile one]\n" ROLE_ON("k") "region = us-east-1\nignore_configured_endpoint_urls = true\n"
                                                "[profile k]\n" KEYS,
                 NULL, LIST("AWS_ENDPOINT_URL=https://all.example", "AWS_ENDPOINT_URL_STS=https://sts.example"));
        s = load(h, SHARED("one"));
        assert_string_equal(home_find(s, "p")->endpoint_url, "https://sts.us-east-1.amazonaws.com");
        settings_free(s);

        // What the environment says goes before all that.
        home_set(h,
                 "[profile one]\n" ROLE_ON(
                     "k") "region = us-east-1\nca_bundle = ca.pem\nuse_fips_endpoint = true\n"
                          "use_dualstack_endpoint = true\nsts_regional_endpoints = legacy\nendpoint_url = https://x\n"
                          "[profile k]\n" KEYS,
                 NULL,
                 LIST("AWS_DEFAULT_REGION=eu-west-3", "AWS_CA_BUNDLE=/env.pem", "AWS_USE_FIPS_ENDPOINT=false",
                      "AWS_USE_DUALSTACK_ENDPOINT=false", "AWS_STS_REGIONAL_ENDPOINTS=regional",
                      "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"));
        s = load(h, SHARED("one"));
        p = home_find(s, "p");
        assert_string_equal(p->region, "eu-west-3");
        assert_string_equal(p->ca_bundle, "/env.pem");
        assert_int_not_equal(p->use_fips_endpoint, CHOICE_YES);
        assert_int_not_equal(p->use_dualstack_endpoint, CHOICE_YES);
        assert_int_not_equal(p->sts_regional_endpoints, STS_ENDPOINTS_LEGACY);
        assert_null(p->shared_endpoint_url);
        settings_free(s);
}

static void test_endpoints(void **state)
{
        struct home *h = *state;
        static const char sso[] = SSO "sso_start_url = https://x/start\nsso_region = us-east-1\n";
        static const struct {
                const char *more, *variable;
                const char *sso, *oidc; // NULL: none
        } t[] = {
            {"services = v\n[services v]\nsso =\n endpoint_url = https://s\nsso_oidc=\n endpoint_url = https://o\n",
             NULL, "https://s", "https://o"},
            {"endpoint_url = https://all\nservices = v\n[services v]\nsso =\n endpoint_url = https://s\n", NULL,
             "https://s", "https://all"},
            {"endpoint_url = https://all\nignore_configured_endpoint_urls = true\n", NULL, NULL, NULL},
            {"endpoint_url = https://all\n", "AWS_ENDPOINT_URL_SSO_OIDC=https://env", "https://all", NULL},
            {"ignore_configured_endpoint_urls = true\nendpoint_url = https://all\n",
             "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", "https://all", "https://all"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char config[1024];
                (void)snprintf(config, sizeof(config), "[profile s]\n%s%s", sso, t[i].more);
                home_set(h, config, NULL, LIST(t[i].variable));
                struct settings *s = load(h, SHARED("s"));
                const struct profile *p = home_find(s, "p");
                if (t[i].sso)
                        assert_string_equal(p->shared_endpoint_url, t[i].sso);
                else
                        assert_null(p->shared_endpoint_url);
                if (t[i].oidc && !t[i].variable)
                        assert_string_equal(p->sso.oidc_endpoint_url, t[i].oidc);
                settings_free(s);
        }
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
        struct settings *s = load(h, SHARED("l"));
        const struct profile *p = home_find(s, "p");
        assert_int_equal(p->type, PROFILE_LOGIN);
        assert_string_equal(p->login.session, me);
        assert_string_equal(p->login.profile, "l");
        assert_string_equal(p->endpoint_url, "https://s");
        assert_true(p->login.has_custom_endpoint);
        assert_string_equal(p->region, "eu-west-3");
        settings_free(s);
        s = load(h, SHARED("r"));
        p = source_of(s, home_find(s, "p"));
        assert_int_equal(p->type, PROFILE_LOGIN);
        assert_string_equal(p->login.profile, "l");
        assert_string_equal(p->endpoint_url, "https://us-west-2.signin.aws.amazon.com"); // as in the SDKs
        settings_free(s);
}

static void test_faults(void **state)
{
        struct home *h = *state;
        static const struct {
                const char *config, *credentials, *message, *hint;
        } t[] = {
            {"", NULL, "found no profile a in /", ""},
            {"[profile a]\nregion = x_y\n", NULL, "config:2: profile a: region: found \"x_y", ""},
            {"[profile a]\nregion = fips-us-east-1\n", NULL, "config:2: profile a: region: found \"fips-us", ""},
            {"[profile a]\noutput = x\n", NULL, "config:1: profile a: found no credentials", "say there"},
            {"[profile a]\n" ROLE_ON("b"), NULL, "config:3: profile a: source_profile: found \"b\"", ""},
            {"[profile a]\n" ROLE_ON("b") "[profile b]\nregion = x\n", NULL,
             "config:4: profile b: found no credentials", ""},
            {"[profile a]\n" ROLE_ON("a"), NULL, "circle of source profiles (a -> a)", "aws_access_key_id"},
            {"[profile a]\n" ROLE_ON("b") "[profile b]\n" ROLE_ON("a"), NULL,
             "config:6: profile b: found a circle of source profiles (a -> b -> a)", ""},
            {"[profile a]\n" ROLE_ON("b") KEYS "[profile b]\n" ROLE_ON("a"), NULL, "(a -> b -> a)", ""},
            {"[profile a]\n" ROLE_ON("b") "[profile b]\n" ROLE_ON("c") "[profile c]\n" ROLE_ON("b"), NULL,
             "(b -> c -> b)", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\n", NULL,
             "found role_arn, but neither source_profile nor credential_source", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\n" KEYS, NULL, "config:2: profile a: found role_arn", ""},
            {"[profile a]\nsource_profile = b\n", NULL, "found source_profile, but not role_arn", ""},
            {"[profile a]\ncredential_source = Environment\n", NULL, "found credential_source, but not role_arn", ""},
            {"[profile a]\n" ROLE_ON("b") "credential_source = Environment\n", NULL,
             "found both source_profile and credential_source", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\ncredential_source = environment\n", NULL,
             "credential_source: found \"environment\"", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\ncredential_source = Environment\n", NULL,
             "environment: found no AWS_ACCESS_KEY_ID", "set AWS_ACCESS_KEY_ID"},
            {"[profile a]\nrole_arn = x\nsource_profile = b\n[profile b]\n" KEYS, NULL, "role_arn: found \"x\"", ""},
            {"[profile a]\n" ROLE_ON("b") "duration_seconds = 1h\n[profile b]\n" KEYS, NULL,
             "duration_seconds: found \"1h\", expected 900 to 43200", ""},
            {"[profile a]\n" ROLE_ON("b") "duration_seconds = 60\n[profile b]\n" KEYS, NULL,
             "duration_seconds: found \"60\"", ""},
            {"[profile a]\nweb_identity_token_file = /t\n", NULL, "found web_identity_token_file, but not role_arn",
             ""},
            {"[profile a]\naws_access_key_id = AKIDEXAMPLE00001\n", NULL, "config:2: profile a: found aws_access_key",
             ""},
            {"[profile a]\naws_secret_access_key = x\n", NULL, "found aws_secret_access_key, but not", ""},
            {"[profile a]\n" KEYS, "[a]\naws_access_key_id = AKIDEXAMPLE00002\n",
             "credentials:2: profile a: found aws_access_key_id, but not aws_secret_access_key", ""},
            {"[profile a]\naws_access_key_id = \"A\"\naws_secret_access_key = x\n", NULL,
             "aws_access_key_id: found another form", ""},
            {"[profile a]\naws_access_key_id = te st\naws_secret_access_key = x\n", NULL,
             "aws_access_key_id: found another form", ""},
            {"[profile a]\nsso_account_id = 111122223333\n", NULL, "found no sso_role_name", ""},
            {"[profile a]\n" SSO, NULL, "found no sso_start_url", ""},
            {"[profile a]\n" SSO "sso_session = s\n", NULL, "sso_session: found \"s\", expected the name", ""},
            {"[profile a]\n" SSO "sso_session = s\n[sso-session s]\nsso_region = us-east-1\n", NULL,
             "config:5: sso-session s: found no sso_start_url", ""},
            {"[profile a]\n" SSO "sso_session = s\nsso_region = us-east-2\n[sso-session s]\nsso_region = us-east-1\n"
             "sso_start_url = https://x\n",
             NULL, "sso_region: found another value than in [sso-session s]", ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "services = v\n", NULL, "services: found \"v\", expected the name", ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "endpoint_url = http://sts.example\n", NULL,
             "endpoint_url: found \"http://sts.ex", ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "endpoint_url = https://u:pass@x\n", NULL,
             "endpoint_url: found another form", ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "use_fips_endpoint = yes\n", NULL, "use_fips_endpoint: found \"yes\"",
             ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "sts_regional_endpoints = x\n", NULL, "expected regional or legacy", ""},
            {"[profile a]\nrole_arn = " ARN(
                 "r") "\ncredential_source = Ec2InstanceMetadata\nmetadata_service_timeout = 0\n",
             NULL, "expected 1 to 600", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\ncredential_source = Ec2InstanceMetadata\n"
                                                 "ec2_metadata_service_endpoint = x\n",
             NULL, "config:4: profile a: ec2_metadata_service_endpoint: found \"x\", expected a URL", ""},
            {"[profile a]\nx\n", NULL, "config:2: found a line without \"=\"", ""},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = NULL;
                struct error e;
                home_set(h, t[i].config, t[i].credentials, NULL);
                assert_int_equal(home_parse(h, SHARED("a"), &s, &e), -1);
                if (e.kind != ERROR_CONFIG || !strstr(e.message, t[i].message) || !e.hint[0] ||
                    !strstr(e.hint, t[i].hint))
                        fail_msg("row %zu: %s (%s)", i, e.message, e.hint);
                assert_null(strstr(e.message, "pass"));
                if (!strstr(t[i].config, "]\nx\n")) // of the file as a whole
                        assert_non_null(strstr(e.message, "/etc/keyfob/config.json:1:20: profiles.p: "));
        }
}

// As long as it may be, and one longer.
static void test_long_chains(void **state)
{
        struct home *h = *state;
        for (unsigned length = 15; length <= 16; length++) {
                struct buffer text;
                struct settings *s = NULL;
                struct error e;
                buffer_init(&text, 65536);
                for (unsigned i = 1; i < length; i++)
                        (void)buffer_printf(&text, "[profile p%u]\n" ROLE_ON("p%u"), i, i + 1);
                (void)buffer_printf(&text, "[profile p%u]\n" KEYS, length);
                home_set(h, buffer_c_str(&text), NULL, LIST(REGION));
                int r = home_parse(h, SHARED("p1"), &s, &e);
                if (length == 15) {
                        assert_int_equal(r, 0);
                        assert_int_equal(s->profiles_count, 15);
                        settings_free(s);
                } else {
                        assert_int_equal(r, -1);
                        assert_non_null(strstr(e.message, "a chain of more than 15 profiles"));
                }
                buffer_free(&text);
        }
}

static void test_sso_of_our_own(void **state)
{
        struct home *h = *state;
        struct settings *s = NULL;
        struct error e;
        static const char json[] = "{\"profiles\": {\"p\": {\"type\": \"sso\", \"sso_session\": \"s\","
                                   " \"sso_account_id\": \"111122223333\", \"sso_role_name\": \"r\"}}}";
        home_set(h, "[sso-session s]\nsso_start_url = https://x\nsso_region = us-east-1\n", NULL, NULL);
        s = load(h, json);
        assert_string_equal(home_find(s, "p")->sso.start_url, "https://x");
        assert_string_equal(home_find(s, "p")->sso.region, "us-east-1");
        assert_int_equal(home_find(s, "p")->chain_count, 0);
        assert_int_equal(s->watched_count, 2);
        settings_free(s);
        home_set(h, "[sso-session t]\n", NULL, NULL);
        assert_int_equal(home_parse(h, json, &s, &e), -1);
        assert_non_null(strstr(e.message, "profiles.p: sso_session: found \"s\", expected an [sso-session]"));
}

// The files of somebody else do not matter to who does not name them.
static void test_not_needed(void **state)
{
        struct home *h = *state;
        home_set(h, "[", "[", NULL);
        struct settings *s = load(h, "{\"profiles\": {\"p\": {" KEYS_BODY "}}}");
        assert_int_equal(s->watched_count, 0);
        settings_free(s);
}

// A profile that our own file names leaves the variables that hold credentials alone.
static void test_named_chain(void **state)
{
        struct home *h = *state;
        home_set(h, "[profile a]\n" KEYS, NULL,
                 LIST("AWS_ACCESS_KEY_ID=AKIDEXAMPLE00009", "AWS_SECRET_ACCESS_KEY=x", "AWS_EXTERNAL_ID=ext",
                      "AWS_ROLE_ARN=" ARN("env"), "AWS_WEB_IDENTITY_TOKEN_FILE=/t"));
        struct settings *s = load(h, "{\"profiles\": {\"p\": {\"type\": \"default_chain\", \"profile\": \"a\"}}}");
        const struct profile *p = home_find(s, "p");
        assert_string_equal(p->keys.access_key_id, "AKIDEXAMPLE00001");
        assert_string_equal(p->chain[0].outcome, "not asked, the configuration names profile a");
        settings_free(s);
}

// Thousands on one: one source, and nothing that grows faster than they do.
static void test_many(void **state)
{
        struct home *h = *state;
        struct buffer text;
        struct settings *s = NULL;
        struct error e;
        buffer_init(&text, (size_t)4 * 1024 * 1024);
        (void)buffer_put_str(&text, "[profile base]\n" SSO "sso_start_url = https://x\nsso_region = us-east-1\n");
        for (unsigned i = 0; i < 10000; i++)
                (void)buffer_printf(&text, "[profile t%u]\n" ROLE_ON("base"), i);
        home_set(h, buffer_c_str(&text), NULL, LIST(REGION, "AWS_EC2_METADATA_DISABLED=true"));
        buffer_free(&text);
        if (home_zero(h, &s, &e) < 0)
                fail_msg("%s", e.message);
        assert_int_equal(s->profiles_count, 10003); // with default, base, and base as a source
        const struct profile *base = source_of(s, home_find(s, "t0"));
        assert_int_equal(base->type, PROFILE_SSO);
        assert_true(base->on_demand);
        assert_ptr_equal(source_of(s, home_find(s, "t9999")), base);
        settings_free(s);
}

#define TEST(f) AT_HOME(f)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_types),          TEST(test_own_keys),   TEST(test_roles),       TEST(test_credential_source),
            TEST(test_common),         TEST(test_endpoints),  TEST(test_faults),      TEST(test_long_chains),
            TEST(test_sso_of_our_own), TEST(test_not_needed), TEST(test_named_chain), TEST(test_many),
            TEST(test_login),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
