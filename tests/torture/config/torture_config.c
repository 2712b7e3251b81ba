// SPDX-License-Identifier: Apache-2.0
// The configuration, loaded from files: every type of profile, included files, profiles of the AWS files with chains,
// the default chain, no file at all. What is loaded is held against what was loaded with nothing failing.
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sidecar/base/env.h"
#include "sidecar/config/settings.h"
#include "tests/torture/torture.h"

struct config_case {
        const char *config_path; // NULL: found, or not, by the environment
        const char *variables[6];
        bool is_broken; // ERROR_CONFIG is the right outcome
};

static int load(const struct config_case *c, struct settings **ret, struct error *e)
{
        char *environment[LENGTH(c->variables) + 1] = {NULL};
        struct env env;
        for (size_t i = 0; i < LENGTH(c->variables) && c->variables[i]; i++)
                environment[i] = (char *)(uintptr_t)c->variables[i];
        env_init(&env, environment);
        const struct settings_input input = {.config_path = c->config_path, .env = &env, .host_name = "host-1"};
        *ret = NULL;
        *e = (struct error){.kind = ERROR_NONE};
        return settings_load(&input, ret, e);
}

static void assert_same_text(const char *a, const char *b)
{
        assert_true((a == NULL) == (b == NULL));
        if (a)
                assert_string_equal(a, b);
}

static void assert_same(const struct settings *a, const struct settings *b)
{
        assert_same_text(a->path, b->path);
        assert_same_text(a->region, b->region);
        assert_int_equal(a->listeners_count, b->listeners_count);
        for (size_t i = 0; i < a->listeners_count; i++) {
                assert_same_text(a->listeners[i].unix_path, b->listeners[i].unix_path);
                assert_int_equal(a->listeners[i].has_gid, b->listeners[i].has_gid);
                assert_int_equal(a->listeners[i].gid, b->listeners[i].gid);
                assert_int_equal(a->listeners[i].mode, b->listeners[i].mode);
        }
        assert_memory_equal(&a->upstream, &b->upstream, sizeof(a->upstream));
        assert_int_equal(a->watched_count, b->watched_count);
        for (size_t i = 0; i < a->watched_count; i++)
                assert_same_text(a->watched[i], b->watched[i]);
        assert_int_equal(a->profiles_count, b->profiles_count);
        for (size_t i = 0; i < a->profiles_count; i++) {
                const struct profile *p = &a->profiles[i], *q = &b->profiles[i];
                assert_same_text(p->name, q->name);
                assert_same_text(p->fault, q->fault);
                assert_same_text(p->fault_hint, q->fault_hint);
                if (!profile_same_identity(p, q))
                        fail_msg("profile %s is another", p->name);
                assert_int_equal(p->chain_count, q->chain_count);
                assert_ptr_equal(settings_find(a, p->name), p);
        }
}

static bool load_round(const void *arg)
{
        const struct config_case *c = arg;
        struct settings *want = NULL, *s = NULL;
        struct error expected, e;
        if (load(c, &want, &expected) < 0 && !c->is_broken)
                fail_msg("%s\n%s", expected.message, expected.hint);
        torture_begin();
        int r = load(c, &s, &e);
        torture_end();
        bool is_done = false;
        if (c->is_broken) {
                assert_int_equal(r, -1);
                is_done = e.kind == ERROR_CONFIG;
                if (!is_done)
                        (void)torture_refused(&e);
                else if (!torture_has_struck())
                        assert_string_equal(e.message, expected.message);
        } else if (r == 0) {
                assert_same(s, want);
                is_done = true;
        } else {
                assert_null(s);
                (void)torture_refused(&e);
        }
        settings_release(s);
        settings_release(want);
        return is_done;
}

// --- the files ---

#define ROLE "\"role_arn\": \"arn:aws:iam::111122223333:role/r\""
#define ANYWHERE "arn:aws:rolesanywhere:us-west-2:111122223333:"

static const char everything[] =
    "{\"$schema\": \"x\", \"region\": \"us-east-1\", \"include\": [\"more.d/*.json\", \"other.json\"],"
    " \"upstream\": {\"calls_per_second\": 10},"
    " \"listeners\": [{\"unix\": \"a.sock\", \"mode\": \"0660\", \"group\": \"root\"}, {\"unix\": \"/tmp/b.sock\"}],"
    " \"profiles\": {"
    "\"irsa\": {\"type\": \"web_identity\", " ROLE ", \"web_identity_token_file\": \"token\","
    "  \"policy\": \"{\\\"Version\\\": \\\"2012-10-17\\\"}\", \"policy_arns\": [\"arn:aws:iam::aws:policy/A\"],"
    "  \"endpoint_url\": \"https://vpce-0123.sts.us-west-2.vpce.amazonaws.com\", \"ca_bundle\": \"file\","
    "  \"allow\": [{\"uids\": [0, \"root\"]}, {\"gids\": [\"root\", 12], \"scopes\": [\"credentials\", \"sign\"],"
    "    \"sign\": {\"services\": [\"s3\"], \"max_expires_in\": 60}}],"
    "  \"sign\": {\"service\": \"bedrock\", \"region\": \"us-east-1\", \"hosts\": [\"*.amazonaws.com\"],"
    "    \"paths\": [\"/model/\"], \"methods\": [\"POST\"], \"services\": [\"bedrock\"], \"regions\": "
    "[\"us-east-1\"]}},"
    "\"onprem\": {\"type\": \"roles_anywhere\", " ROLE ", \"trust_anchor_arn\": \"" ANYWHERE "trust-anchor/0a1b\","
    "  \"profile_arn\": \"" ANYWHERE "profile/3d4e\", \"certificate\": \"file\", \"certificate_chain\": \"file\","
    "  \"private_key\": \"file\", \"private_key_passphrase_file\": \"file\", \"instance_properties\": {\"rack\": "
    "\"7\"}},"
    "\"card\": {\"type\": \"roles_anywhere\", " ROLE ", \"trust_anchor_arn\": \"" ANYWHERE "trust-anchor/0a1b\","
    "  \"profile_arn\": \"" ANYWHERE "profile/3d4e\","
    "  \"certificate\": \"pkcs11:token=card;object=id?module-path=/etc/passwd&pin-source=file:/etc/passwd\"},"
    "\"tpm\": {\"type\": \"roles_anywhere\", " ROLE ", \"trust_anchor_arn\": \"" ANYWHERE "trust-anchor/0a1b\","
    "  \"profile_arn\": \"" ANYWHERE
    "profile/3d4e\", \"certificate\": \"file\", \"private_key\": \"handle:0x81000001\"},"
    "\"p12\": {\"type\": \"roles_anywhere\", " ROLE ", \"trust_anchor_arn\": \"" ANYWHERE "trust-anchor/0a1b\","
    "  \"profile_arn\": \"" ANYWHERE "profile/3d4e\", \"pkcs12\": \"file\"},"
    "\"tenant\": {\"type\": \"assume_role\", \"source_profile\": \"irsa\", " ROLE ", \"external_id\": \"tenant:a/1\","
    "  \"policy\": {\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\"}]},"
    "  \"tags\": {\"Team\": \"AI + ML\", \"Stra\\u00dfe\": \"\"}, \"transitive_tag_keys\": [\"Team\"],"
    "  \"mfa_serial\": \"arn:aws:iam::111122223333:mfa/me\"},"
    "\"on instance\": {\"type\": \"assume_role\", \"credential_source\": \"Ec2InstanceMetadata\", " ROLE "},"
    "\"keys\": {\"type\": \"static\", \"access_key_id\": \"AKIDEXAMPLE00001\", \"secret_access_key\": "
    "\"wJalrXUtnFEMI\","
    "  \"session_token\": \"CANARY-token==\"},"
    "\"key files\": {\"type\": \"static\", \"access_key_id_file\": \"file\", \"secret_access_key_file\": \"file\"},"
    "\"vaulted\": {\"type\": \"static\", \"secretsmanager\": {\"secret_id\": \"s\", \"source_profile\": \"irsa\","
    "  \"version_stage\": \"AWSCURRENT\", \"access_key_id_field\": \"id\"}},"
    "\"ecs\": {\"type\": \"container\", \"aws_container_credentials_relative_uri\": \"/v2/x\"},"
    "\"eks\": {\"type\": \"container\", \"aws_container_credentials_full_uri\": "
    "\"http://169.254.170.23/v1/credentials\","
    "  \"aws_container_authorization_token_file\": \"token\"},"
    "\"imds\": {\"type\": \"imds\", \"endpoint_mode\": \"IPv6\"},"
    "\"command\": {\"type\": \"process\", \"credential_process\": \"/bin/echo 'a b' c\"},"
    "\"sso\": {\"type\": \"sso\", \"sso_session\": \"one\", \"sso_start_url\": \"https://x.awsapps.com/start\","
    "  \"sso_region\": \"eu-north-1\", \"sso_account_id\": \"111122223333\", \"sso_role_name\": \"Dev\"},"
    "\"session\": {\"type\": \"login\", \"login_session\": \"arn:aws:iam::111122223333:user/me\"},"
    "\"actions\": {\"type\": \"web_identity\", " ROLE ", \"web_identity_token_source\": \"github_actions\"},"
    "\"shared\": {\"type\": \"shared_config\", \"profile\": \"c\", \"region\": \"sa-east-1\"},"
    "\"chain\": {\"type\": \"default_chain\"}}}";

#define KEYS "aws_access_key_id = AKIDEXAMPLE00001\naws_secret_access_key = wJalrXUtnFEMIxK7\n"
#define ROLE_ON(source) "role_arn = arn:aws:iam::111122223333:role/r\nsource_profile = " source "\n"

static const char aws_config[] = "[default]\n" ROLE_ON(
    "c") "region = eu-west-1\n"
         "[profile c]\n" ROLE_ON(
             "b") "external_id = x1\nmfa_serial = 123456789\n"
                  "[profile b]\n" ROLE_ON(
                      "a") "duration_seconds = 1800\nservices = local\n"
                           "[profile a]\n" KEYS
                           "[profile w]\nrole_arn = arn:aws:iam::111122223333:role/w\nweb_identity_token_file = "
                           "rel/token\n"
                           "[profile s]\nsso_account_id = 111122223333\nsso_role_name = Dev\nsso_session = one\n"
                           "[profile legacy]\nsso_account_id = 111122223333\nsso_role_name = Dev\nsso_region = "
                           "us-east-2\n"
                           "sso_start_url = https://y.awsapps.com/start\n"
                           "[profile session]\nlogin_session = arn:aws:iam::111122223333:user/me\n"
                           "[profile proc]\ncredential_process = /bin/x  a b\n"
                           "[profile ec2]\nrole_arn = arn:aws:iam::111122223333:role/w\ncredential_source = "
                           "Ec2InstanceMetadata\n"
                           "[profile broken]\n" ROLE_ON(
                               "nowhere") "[sso-session one]\nsso_start_url = https://x.awsapps.com/start\nsso_region "
                                          "= eu-north-1\n"
                                          "[services local]\nsts =\n  endpoint_url = https://sts.example.com\n";

static const struct {
        const char *path, *text;
} files[] = {
    {"config.json", everything},
    {"file", "x\n"},
    {"more.d/a.json",
     "{\"profiles\": {\"more a\": {\"type\": \"assume_role\", \"source_profile\": \"irsa\", " ROLE "}}}"},
    {"more.d/b.json",
     "{\"profiles\": {\"more b\": {\"type\": \"assume_role\", \"source_profile\": \"more a\", " ROLE "}}}"},
    {"other.json", "{\"profiles\": {\"other\": {\"type\": \"imds\"}}}"},
    {"home/.aws/config", aws_config},
    {"home/.aws/credentials", "[a]\naws_access_key_id = AKIDEXAMPLE00002\naws_secret_access_key = wJalrXUtnFEMIxK8\n"
                              "aws_session_token = tok==\n[only here]\n" KEYS},
    {"xdg/keyfob/config.json", "{\"profiles\": {\"x\": {\"type\": \"imds\"}}}"},
    {"cut.json", "{\"profiles\": {\"x\": {\"type\": \"imds\", "},
    {"key.json", "{\"profiles\": {\"x\": {\"type\": \"imds\", \"endpont\": \"x\"}}}"},
    {"circle.json", "{\"profiles\": {\"x\": {\"type\": \"assume_role\", \"source_profile\": \"y\", " ROLE "},"
                    "\"y\": {\"type\": \"assume_role\", \"source_profile\": \"x\", " ROLE "}}}"},
    {"link.json", "{\"profiles\": {\"x\": {\"type\": \"shared_config\", \"profile\": \"broken\"}}}"},
};

static void write_files(void)
{
        static const char *const folders[] = {"more.d", "home", "home/.aws", "xdg", "xdg/keyfob"};
        for (size_t i = 0; i < LENGTH(folders); i++)
                assert_int_equal(mkdir(folders[i], 0700), 0);
        for (size_t i = 0; i < LENGTH(files); i++) {
                int fd = open(files[i].path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                assert_true(fd >= 0);
                assert_int_equal(write(fd, files[i].text, strlen(files[i].text)), strlen(files[i].text));
                assert_int_equal(close(fd), 0);
        }
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *ftw)
{
        (void)about;
        (void)flag;
        (void)ftw;
        return remove(path);
}

#define ACTIONS "ACTIONS_ID_TOKEN_REQUEST_URL=https://x.actions.githubusercontent.com/t?a=b"
#define ACTIONS_TOKEN "ACTIONS_ID_TOKEN_REQUEST_TOKEN=abc.def.ghi"

int main(void)
{
        char root[] = "/tmp/keyfob-torture-XXXXXX", home[64], xdg[64];
        if (!mkdtemp(root) || chdir(root) < 0)
                return 1;
        (void)snprintf(home, sizeof(home), "HOME=%s/home", root);
        (void)snprintf(xdg, sizeof(xdg), "XDG_CONFIG_HOME=%s/xdg", root);
        write_files();
        const struct config_case full = {"config.json", {home, ACTIONS, ACTIONS_TOKEN, "AWS_PROFILE=c"}, false},
                                 found = {NULL, {home, xdg}, false},
                                 zero = {NULL, {home, "AWS_REGION=us-east-1"}, false},
                                 keys = {NULL,
                                         {"AWS_ACCESS_KEY_ID=AKIDEXAMPLE00009",
                                          "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIxK9", "AWS_SESSION_TOKEN=CANARY-t"},
                                         false},
                                 token = {NULL,
                                          {"AWS_ROLE_ARN=arn:aws:iam::111122223333:role/r",
                                           "AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/token", "AWS_REGION=us-east-1"},
                                          false},
                                 container = {NULL,
                                              {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1",
                                               "AWS_CONTAINER_AUTHORIZATION_TOKEN=abc"},
                                              false},
                                 cut = {"cut.json", {NULL}, true}, key = {"key.json", {NULL}, true},
                                 circle = {"circle.json", {"AWS_REGION=us-east-1"}, true},
                                 link = {"link.json", {home, "AWS_REGION=us-east-1"}, true};
        // A broken file stays a broken file where only the words about it lack memory.
        const struct torture_row rows[] = {
            {.name = "everything", .round = load_round, .arg = &full},
            {.name = "a file that is found", .round = load_round, .arg = &found},
            {.name = "no file", .round = load_round, .arg = &zero},
            {.name = "keys of the environment", .round = load_round, .arg = &keys},
            {.name = "token of the environment", .round = load_round, .arg = &token},
            {.name = "container of the environment", .round = load_round, .arg = &container},
            {.name = "broken: cut", .round = load_round, .arg = &cut, .survives = true},
            {.name = "broken: key", .round = load_round, .arg = &key, .survives = true},
            {.name = "broken: circle", .round = load_round, .arg = &circle, .survives = true},
            {.name = "broken: shared profile", .round = load_round, .arg = &link, .survives = true},
        };
        int failed = torture_main(rows, LENGTH(rows));
        if (chdir("/") < 0 || nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
                return 1;
        return failed;
}
