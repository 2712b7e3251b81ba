// SPDX-License-Identifier: Apache-2.0
// Who may have written the files that are read, who may read the secrets in them, and what an included file may do.
#include <stdio.h>

#include "sidecar/base/file_trust.h"
#include "tests/unit/config/place.h"

#define BASE "\"base\": {" KEYS_BODY "}"
#define WEB(token) "\"type\": \"web_identity\", " ROLE ", \"web_identity_token_file\": \"" token "\""

static int load_with(const char *text, const struct file_trust *trust, char **environment, struct settings **ret,
                     struct error *e)
{
        struct env env;
        env_init(&env, environment);
        const struct settings_input input = {
            .config_path = text ? "config.json" : NULL, .env = &env, .host_name = "h", .trust = trust};
        if (text)
                write_file("config.json", text);
        *e = (struct error){.kind = ERROR_NONE};
        *ret = NULL;
        return settings_load(&input, ret, e);
}

static int load(const char *text, const struct file_trust *trust, struct settings **ret, struct error *e)
{
        char region[] = "AWS_REGION=us-east-1";
        char *environment[] = {region, NULL};
        return load_with(text, trust, environment, ret, e);
}

// Loads, and expects success without a warning, or that error.
static void expect(const char *text, const struct file_trust *trust, const char *fault)
{
        struct settings *s;
        struct error e;
        int r = load(text, trust, &s, &e);
        if (r != (fault ? -1 : 0) || (fault && !strstr(e.message, fault)))
                fail_msg("%s\n%d: %s (%s)\nwants %s", text, r, e.message, e.hint, fault ? fault : "success");
        if (fault)
                assert_int_equal(e.kind, ERROR_CONFIG);
        settings_release(s);
}

// --- owner and mode ---

static void refuses_files_that_others_can_write(void **state)
{
        const struct place *place = *state;
        static const char config[] =
            "{\"include\": [\"d/*\"], \"profiles\": {" BASE
            ", \"w\": {" WEB("s/token") "},"
                                        "\"k\": {\"type\": \"static\", \"access_key_id_file\": \"s/id\","
                                        "\"secret_access_key_file\": \"s/key\"}}}";
        static const char included[] = "{\"profiles\": {\"x\": {" CHAIN_BODY("base") "}}}";
        static const struct {
                const char *path;
                mode_t mode;
                const char *fault;
        } rows[] = {
            {".", 0777, "configuration file "},
            {"config.json", 0666, "/config.json: can be written by every user (mode 0666)"},
            {"d", 0777, "included file "},
            {"d", 0702, "/d: can be written by every user (mode 0702)"},
            {"d/x.json", 0666, "included file "},
            {"s", 0777, "profiles.w.web_identity_token_file: found file "},
            {"s/token", 0602, "/s/token: can be written by every user (mode 0602)"},
            {"s/key", 0666, "profiles.k.secret_access_key_file: found file "},
            {"s/id", 0666, "profiles.k.access_key_id_file: found file "},
        };
        assert_int_equal(mkdir("d", 0700) | mkdir("s", 0700), 0);
        write_file("d/x.json", included);
        write_file("s/token", "t");
        write_file("s/id", "AKIAIOSFODNN7EXAMPLE");
        write_file("s/key", "k");
        assert_int_equal(chmod("s/token", 0600) | chmod("s/key", 0600), 0);
        expect(config, NULL, NULL);
        for (size_t i = 0; i < ROWS(rows); i++) {
                struct stat before;
                assert_int_equal(stat(rows[i].path, &before), 0);
                assert_int_equal(chmod(rows[i].path, rows[i].mode), 0);
                expect(config, NULL, rows[i].fault);
                // On the command line for all of it; in the file for what it names.
                const char *directories[] = {place->root.path};
                const struct file_trust trust = {directories, 1};
                expect(config, &trust, NULL);
                assert_int_equal(chmod(rows[i].path, before.st_mode & 07777), 0);
        }
        if (geteuid() == 0) {
                assert_int_equal(chmod("d/x.json", 0664), 0);
                expect(config, NULL, "/d/x.json: can be written by its group (mode 0664)");
                assert_int_equal(chmod("d/x.json", 0644) | chown("d/x.json", 65534, (gid_t)-1), 0);
                expect(config, NULL, "/d/x.json: belongs to uid 65534, expected root or uid 0");
                assert_int_equal(chown("d/x.json", 0, (gid_t)-1), 0);
        }
        assert_int_equal(chmod("s", 0777) | chmod("s/key", 0666) | chmod("d", 0777), 0);
        char text[1024];
        snprintf(text, sizeof(text), "{\"trusted_directories\": [\"s\", \"%s/d\"], %s", place->root.path, config + 1);
        expect(text, NULL, NULL);
        snprintf(text, sizeof(text), "{%.*s, \"trusted_directories\": [\"s\"]}", (int)sizeof(config) - 3, config + 1);
        assert_int_equal(chmod("d", 0700), 0);
        expect(text, NULL, NULL); // wherever it is in the file
        expect("{\"trusted_directories\": [], \"profiles\": {" BASE "}}", NULL, "trusted_directories: found 0 of them");
        expect("{\"trusted_directories\": \"d\", \"profiles\": {" BASE "}}", NULL, "expected a list");
}

static void judges_the_files_of_aws(void **state)
{
        const struct place *place = *state;
        char home[256], region[] = "AWS_REGION=us-east-1";
        char *environment[] = {home, region, NULL};
        snprintf(home, sizeof(home), "HOME=%s", place->root.path);
        assert_int_equal(mkdir(".aws", 0700), 0);
        write_file(".aws/credentials",
                   "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n");
        write_file(".aws/config", "[default]\nregion = us-east-1\n");
        static const struct {
                const char *path;
                mode_t mode;
                const char *fault; // NULL: a warning, where it is for the credentials
        } rows[] = {
            {".aws/credentials", 0600, NULL},
            {".aws/credentials", 0644, NULL},
            {".aws/credentials", 0666, "/.aws/credentials: can be written by every user"},
            {".aws/config", 0644, NULL},
            {".aws/config", 0666, "/.aws/config: can be written by every user"},
            {".aws", 0777, "/.aws: can be written by every user"},
        };
        for (size_t i = 0; i < ROWS(rows); i++) {
                struct settings *s;
                struct error e;
                assert_int_equal(chmod(".aws", 0700) | chmod(".aws/config", 0600) | chmod(".aws/credentials", 0600), 0);
                assert_int_equal(chmod(rows[i].path, rows[i].mode), 0);
                int r = load_with(NULL, NULL, environment, &s, &e);
                if (r != (rows[i].fault ? -1 : 0) || (rows[i].fault && !strstr(e.message, rows[i].fault)))
                        fail_msg("row %zu: %d %s", i, r, e.message);
                if (r == 0)
                        assert_int_equal(s->warnings.count, i == 1);
                settings_release(s);
        }
}

static void warns_of_secrets_that_every_user_may_read(void **state)
{
        const struct place *place = *state;
        struct settings *s;
        struct error e;
        assert_int_equal(mkdir("s", 0700), 0);
        write_file("s/token", "t");
        write_file("s/key", "k");
        write_file("s/id", "AKIAIOSFODNN7EXAMPLE");
        assert_int_equal(chmod("s/token", 0604) | chmod("s/key", 0640) | chmod("s/id", 0644), 0);
        static const char text[] = "{\"profiles\": {\"w\": {" WEB("s/token") "}, \"v\": {" WEB(
            "s/token") "},"
                       "\"k\": {\"type\": \"static\", \"access_key_id_file\": \"s/id\","
                       "\"secret_access_key_file\": \"s/key\"}}}";
        assert_int_equal(load(text, NULL, &s, &e), 0);
        assert_int_equal(s->warnings.count, 1); // once for each file
        assert_string_equal(s->warnings.list[0].event, "insecure_file_mode");
        assert_non_null(strstr(s->warnings.list[0].file, "/s/token"));
        settings_release(s);
        // In the configuration itself.
        write_file("config.json", "");
        assert_int_equal(chmod("config.json", 0644), 0);
        assert_int_equal(load("{\"profiles\": {" BASE "}}", NULL, &s, &e), 0);
        assert_int_equal(s->warnings.count, 1);
        assert_non_null(strstr(s->warnings.list[0].file, "/config.json"));
        settings_release(s);
        const char *directories[] = {place->root.path};
        const struct file_trust trust = {directories, 1};
        assert_int_equal(load(text, &trust, &s, &e), 0);
        assert_int_equal(s->warnings.count, 0);
        settings_release(s);
}

// --- included files ---

static void lets_an_included_file_do_less(void **state)
{
        (void)state;
#define PROCESS "\"x\": {\"type\": \"process\", \"credential_process\": \"/bin/true\"}"
#define RUNS "profiles.x.type: found a profile that runs a command, expected none in an included file"
#define BEYOND "expected a file below "
        static const struct {
                const char *include, *profile, *fault;
        } rows[] = {
            {"\"d/x.json\"", PROCESS, RUNS},
            {"{\"path\": \"d/x.json\"}", PROCESS, RUNS},
            {"{\"path\": \"d/x.json\", \"allow_process\": false}", PROCESS, RUNS},
            {"{\"path\": \"d/*\", \"allow_process\": true}", PROCESS, NULL},
            {"{\"allow_process\": true, \"path\": \"d/*\"}", PROCESS, NULL},
            {"\"d/*\", {\"path\": \"d/*\", \"allow_process\": true}", PROCESS, RUNS}, // the first counts
            {"{\"path\": \"d/*\", \"allow_process\": true}, \"d/*\"", PROCESS, NULL},
            {"\"d/*\"", "\"x\": {" WEB("../s/token") "}", NULL},
            {"\"d/*\"", "\"x\": {" WEB("not-yet") "}", NULL},
            {"\"d/*\"", "\"x\": {" WEB("/etc/shadow") "}",
             "profiles.x.web_identity_token_file: found \"/etc/shadow\", " BEYOND},
            {"\"d/*\"", "\"x\": {" WEB("../../none") "}", BEYOND},
            {"\"d/*\"", "\"x\": {" WEB("../s/../../../../../../../etc/shadow") "}", BEYOND},
            {"\"d/*\"", "\"x\": {" WEB("../s/out") "}", BEYOND}, // a link
            {"\"d/*\"", "\"x\": {" WEB("../s/away/none") "}", BEYOND},
            {"{\"path\": \"d/*\", \"allow_directories\": [\"/usr\"]}", "\"x\": {" WEB("/etc/shadow") "}", BEYOND},
            {"{\"path\": \"d/*\", \"allow_directories\": [\"/usr\", \"/etc\"]}", "\"x\": {" WEB("/etc/shadow") "}",
             NULL},
            {"\"d/*\"",
             "\"x\": {\"type\": \"static\", \"access_key_id_file\": \"/etc/hostname\", "
             "\"secret_access_key_file\": \"../s/token\"}",
             "access_key_id_file: found \"/etc/hostname\", " BEYOND},
            {"\"d/*\"", "\"x\": {" CHAIN_BODY("base") ", \"ca_bundle\": \"/etc/passwd\"}",
             "ca_bundle: found \"/etc/passwd\", " BEYOND},
            {"\"d/*\"",
             "\"x\": {\"type\": \"container\", \"aws_container_credentials_relative_uri\": \"/x\", "
             "\"aws_container_authorization_token_file\": \"/etc/shadow\"}",
             BEYOND},
            {"\"d/*\"",
             "\"x\": {\"type\": \"roles_anywhere\", " ROLE ", \"trust_anchor_arn\": \"" ANYWHERE_ARN
             "trust-anchor/a\", \"profile_arn\": \"" ANYWHERE_ARN "profile/p\""
             ", \"certificate\": \"../s/token\", "
             "\"private_key\": \"file:/etc/passwd\"}",
             "private_key: found \"/etc/passwd\", " BEYOND},
            {"\"d/*\"",
             "\"x\": {\"type\": \"roles_anywhere\", " ROLE ", \"trust_anchor_arn\": \"" ANYWHERE_ARN
             "trust-anchor/a\", \"profile_arn\": \"" ANYWHERE_ARN "profile/p\""
             ", \"certificate\": \"../s/token\", "
             "\"private_key\": \"pkcs11:token=a;object=b?module-path=/etc/passwd\"}",
             BEYOND},
            {"\"d/*\"",
             "\"x\": {\"type\": \"roles_anywhere\", " ROLE ", \"trust_anchor_arn\": \"" ANYWHERE_ARN
             "trust-anchor/a\", \"profile_arn\": \"" ANYWHERE_ARN "profile/p\""
             ", \"pkcs12\": \"/etc/passwd\"}",
             BEYOND},
            // its form
            {"{\"path\": \"d/*\", \"process\": true}", "", "include[0].process: found an unknown key"},
            {"{\"path\": \"d/*\", \"allow_process\": 1}", "", "expected true or false"},
            {"{\"path\": 1}", "", "include[0].path: found 1, expected the path of a file"},
            {"{\"allow_process\": true}", "", "include[0]: found no \"path\""},
            {"{\"path\": \"d/*\", \"allow_directories\": \"/\"}", "", "expected a list"},
            {"{}", "", "found no \"path\""},
        };
        assert_int_equal(mkdir("d", 0700) | mkdir("s", 0700), 0);
        write_file("s/token", "t");
        assert_int_equal(chmod("s/token", 0600), 0);
        assert_int_equal(symlink("/etc/passwd", "s/out") | symlink("/etc", "s/away"), 0);
        for (size_t i = 0; i < ROWS(rows); i++) {
                char text[1024];
                snprintf(text, sizeof(text), "{\"profiles\": {%s}}", rows[i].profile);
                write_file("d/x.json", text);
                snprintf(text, sizeof(text), "{\"include\": [%s], \"profiles\": {" BASE "}}", rows[i].include);
                expect(text, NULL, rows[i].fault);
        }
        // The configuration file may do all of it.
        expect("{\"profiles\": {" PROCESS ", \"y\": {" WEB("/etc/passwd") "}}}", NULL, NULL);
        // Nor may an included file say what is trusted.
        write_file("d/x.json", "{\"trusted_directories\": [\"/\"], \"profiles\": {" BASE "}}");
        expect("{\"include\": [\"d/*\"]}", NULL, "trusted_directories: found an unknown key");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            IN_PLACE(refuses_files_that_others_can_write),
            IN_PLACE(judges_the_files_of_aws),
            IN_PLACE(warns_of_secrets_that_every_user_may_read),
            IN_PLACE(lets_an_included_file_do_less),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
