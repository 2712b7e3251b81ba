// SPDX-License-Identifier: Apache-2.0
// What `keyfobd --check` says of files and commands that are not there, and in sum.
#include "sidecar/app/check.h"

#include <stdio.h>
#include <sys/stat.h>

#include "sidecar/config/settings.h"
#include "tests/unit/app/settings_text.h"
#include "tests/unit/folder.h"

struct scene {
        struct folder folder;
        char out[16384], errors[4096];
};

// `text` with the folder for each %.
static void put_folder(const struct scene *s, const char *text, char *out, size_t size)
{
        size_t n = 0;
        for (; *text; text++) {
                n += (size_t)snprintf(out + n, size - n, "%.*s", *text == '%' ? 100 : 1,
                                      *text == '%' ? s->folder.path : text);
                assert_true(n < size);
        }
}

static void make(const struct scene *s, const char *name, const char *text, mode_t mode)
{
        char path[64];
        folder_name(&s->folder, name, path, sizeof(path));
        write_file(path, text);
        assert_int_equal(chmod(path, mode), 0);
}

static int set_up(void **state)
{
        static struct scene s;
        char path[64];
        folder_make(&s.folder);
        make(&s, "good", "token", 0600);
        make(&s, "empty", "", 0600);
        make(&s, "program", "#!/bin/sh\n", 0700);
        make(&s, "text", "text", 0600);
        folder_name(&s.folder, "folder", path, sizeof(path));
        assert_int_equal(mkdir(path, 0700), 0);
        folder_name(&s.folder, "folder/text", path, sizeof(path));
        write_file(path, "text");
        *state = &s;
        return 0;
}

static int tear_down(void **state)
{
        folder_remove_all(&((struct scene *)*state)->folder);
        return 0;
}

static void begin(const struct scene *s, FILE *stream, const char *name, int *saved)
{
        char path[64];
        folder_name(&s->folder, name, path, sizeof(path));
        write_file(path, "");
        (void)fflush(stream);
        *saved = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3);
        int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        assert_int_equal(dup2(fd, fileno(stream)), fileno(stream));
        close(fd);
}

static void finish(const struct scene *s, FILE *stream, const char *name, int saved, char *text, size_t size)
{
        char path[64];
        folder_name(&s->folder, name, path, sizeof(path));
        (void)fflush(stream);
        assert_int_equal(dup2(saved, fileno(stream)), fileno(stream));
        close(saved);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, text, size - 1);
        assert_true(n >= 0);
        text[n] = '\0';
        close(fd);
}

// Takes over the settings. What is printed is in out and errors.
static int check(struct scene *s, struct settings *settings, char **environment)
{
        struct env env;
        int out, errors;
        env_init(&env, environment);
        begin(s, stdout, "stdout", &out);
        begin(s, stderr, "stderr", &errors);
        int status = check_run(settings, &env, 1788264000);
        finish(s, stderr, "stderr", errors, s->errors, sizeof(s->errors));
        finish(s, stdout, "stdout", out, s->out, sizeof(s->out));
        return status;
}

static struct settings *with_profiles(const struct scene *s, const char *profiles)
{
        char text[4096], whole[sizeof(text) + 64];
        put_folder(s, profiles, text, sizeof(text));
        (void)snprintf(whole, sizeof(whole), "{\"region\": \"us-east-1\", \"profiles\": {%s}}", text);
        return settings_of(whole);
}

#define ROLE "\"role_arn\": \"arn:aws:iam::111122223333:role/r\""
#define WEB(path) "\"p\": {\"type\": \"web_identity\", " ROLE ", \"web_identity_token_file\": \"" path "\"}"
#define CONTAINER(path)                                                                                                \
        "\"p\": {\"type\": \"container\", \"aws_container_credentials_full_uri\": \"http://127.0.0.1/x\","             \
        " \"aws_container_authorization_token_file\": \"" path "\"}"
#define PROCESS(command) "\"p\": {\"type\": \"process\", \"credential_process\": \"" command "\"}"

static void warns_of_what_is_not_there(void **state)
{
        static const struct {
                const char *profile, *path; // PATH; NULL: unset
                const char *warning;        // NULL: none
        } rows[] = {
            {WEB("%/good"), NULL, NULL},
            {WEB("%/none"), NULL, "web_identity_token_file %/none: does not exist"},
            {WEB("%/folder"), NULL, "web_identity_token_file %/folder: is a directory"},
            {WEB("%/empty"), NULL, "web_identity_token_file %/empty: is empty"},
            {WEB("%/good/below"), NULL, "web_identity_token_file %/good/below: Not a directory"},
            {WEB("/dev/null"), NULL, NULL}, // a device may give something later
            {CONTAINER("%/good"), NULL, NULL},
            {CONTAINER("%/none"), NULL, "authorization_token_file %/none: does not exist"},
            {PROCESS("%/program with words"), NULL, NULL},
            {PROCESS("%/none"), NULL, "credential_process %/none: does not exist"},
            {PROCESS("%/good/below"), NULL, "credential_process %/good/below: Not a directory"},
            {PROCESS("%/folder"), NULL, "credential_process %/folder: is not a program"},
            {PROCESS("%/text"), NULL, "credential_process %/text: may not be executed"},
            {PROCESS("program"), "PATH=%", NULL},
            {PROCESS("program"), "PATH=/none:%/folder:%", NULL},
            {PROCESS("program"), "PATH=%:/none", NULL},
            {PROCESS("program"), "PATH=/none:%/folder", "credential_process program: is not in PATH"},
            {PROCESS("text"), "PATH=%:/none", "credential_process text: may not be executed"},
            {PROCESS("sh"), NULL, NULL}, // execvp() has a path of its own
            {PROCESS("program"), NULL, "credential_process program: is not in PATH"},
        };
        struct scene *s = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char path[256] = "", warning[256] = "", begins[300];
                char *environment[] = {rows[i].path ? path : NULL, NULL};
                put_folder(s, rows[i].path ? rows[i].path : "", path, sizeof(path));
                put_folder(s, rows[i].warning ? rows[i].warning : "", warning, sizeof(warning));
                (void)snprintf(begins, sizeof(begins), "warning: profile p: %s", warning);
                assert_int_equal(check(s, with_profiles(s, rows[i].profile), environment), 0);
                bool is_right = rows[i].warning
                                    ? strncmp(s->out, begins, strlen(begins)) == 0 && strstr(s->out, "\nhint: ") &&
                                          strstr(s->out, "test.json: 1 profile, 1 listener: 1 warning\n")
                                    : strcmp(s->out, "test.json: 1 profile, 1 listener: good\n") == 0;
                if (!is_right || s->errors[0])
                        fail_msg("row %zu: %s%s", i, s->out, s->errors);
        }
}

static void sums_up(void **state)
{
        struct scene *s = *state;
        char *environment[] = {NULL};
        struct settings *settings =
            with_profiles(s, "\"a\": {\"type\": \"web_identity\", " ROLE ","
                             " \"web_identity_token_file\": \"%/none\"},"
                             "\"b\": {\"type\": \"process\", \"credential_process\": \"/none\"}");
        assert_int_equal(check(s, settings, environment), 0);
        assert_non_null(strstr(s->out, "test.json: 2 profiles, 1 listener: 2 warnings\n"));
}

// The first ones are listed, the others counted.
static void counts_warnings_beyond_the_list(void **state)
{
        static const size_t more[] = {0, 1, 2};
        struct scene *s = *state;
        char *environment[] = {NULL};
        for (size_t i = 0; i < LENGTH(more); i++) {
                char line[64];
                struct settings *settings = with_profiles(s, WEB("%/good"));
                for (size_t j = 0; j < SETTINGS_WARNINGS_MAX; j++)
                        settings->warnings.list[j] = (struct settings_warning){
                            .event = "an_event", .file = "f.json", .text = "odd", .hint = "mend it"};
                settings->warnings.count = SETTINGS_WARNINGS_MAX + more[i];
                assert_int_equal(check(s, settings, environment), 0);
                size_t found = 0;
                for (const char *at = s->out; (at = strstr(at, "warning: an_event: f.json: odd\nhint: mend it\n"));
                     at++)
                        found++;
                assert_int_equal(found, SETTINGS_WARNINGS_MAX);
                (void)snprintf(line, sizeof(line), "warning: %zu more\n", more[i]);
                assert_int_equal(strstr(s->out, line) != NULL, more[i] > 0);
                (void)snprintf(line, sizeof(line), ": %zu warnings\n", SETTINGS_WARNINGS_MAX + more[i]);
                assert_non_null(strstr(s->out, line));
        }
}

#define ANYWHERE                                                                                                       \
        "\"type\": \"roles_anywhere\", \"trust_anchor_arn\":"                                                          \
        " \"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/a1b2c3d4-5678-90ab-cdef-EXAMPLE11111\","         \
        " \"profile_arn\":"                                                                                            \
        " \"arn:aws:rolesanywhere:us-east-1:111122223333:profile/a1b2c3d4-5678-90ab-cdef-EXAMPLE22222\", " ROLE

static void fails_where_an_identity_cannot_be_loaded(void **state)
{
        struct scene *s = *state;
        char *environment[] = {NULL};
        const char *profiles =
            "\"a\": {" ANYWHERE ", \"certificate\": \"%/none.pem\", \"private_key\": \"%/none.key\"},"
            "\"b\": {" ANYWHERE ", \"certificate\": \"%/text\", \"private_key\": \"%/none.key\"}";
        assert_int_equal(check(s, with_profiles(s, profiles), environment), 78);
        assert_string_equal(s->out, "");
        assert_non_null(strstr(s->errors, "keyfobd: profile a: "));
        assert_non_null(strstr(s->errors, "none.pem"));
        assert_non_null(strstr(s->errors, "keyfobd: profile b: ")); // each of them
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(warns_of_what_is_not_there),
            cmocka_unit_test(sums_up),
            cmocka_unit_test(counts_warnings_beyond_the_list),
            cmocka_unit_test(fails_where_an_identity_cannot_be_loaded),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
