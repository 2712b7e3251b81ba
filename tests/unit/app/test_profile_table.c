// SPDX-License-Identifier: Apache-2.0
// What the server reads of profiles: whose credentials they sign with, who has to log in for them.
#include "sidecar/app/profile_table.h"

#include <string.h>

#include "tests/unit/app/settings_text.h"

#define KEYS "\"access_key_id\": \"AKIAIOSFODNN7EXAMPLE\", \"secret_access_key\": \"secret\""
#define ROLE "\"type\": \"assume_role\", \"role_arn\": \"arn:aws:iam::111122223333:role/r\""
#define SSO                                                                                                            \
        "\"type\": \"sso\", \"sso_start_url\": \"https://x.awsapps.com/start\", \"sso_region\": \"us-east-1\","        \
        " \"sso_account_id\": \"111122223333\", \"sso_role_name\": \"r\""

static const struct profile_member *member(const struct profile_table *t, const char *name)
{
        for (size_t i = 0; i < t->count; i++)
                if (t->members[i].row && strcmp(t->members[i].row->name, name) == 0)
                        return &t->members[i];
        return NULL;
}

static const char *name_of(const struct profile_member *m)
{
        return m ? m->row->name : "-";
}

static void rows_know_their_sources_and_who_logs_in(void **state)
{
        static const struct {
                const char *name, *source, *mfa, *login;
        } rows[] = {{"base", "-", "-", "-"},        {"person", "-", "-", "person"}, {"one", "base", "-", "-"},
                    {"two", "one", "-", "-"},       {"with", "base", "with", "-"},  {"over", "with", "with", "-"},
                    {"by", "person", "-", "person"}};
        (void)state;
        struct settings *settings = settings_of(
            "{\"region\": \"us-east-1\", \"profiles\": {\"base\": {\"type\": \"static\", " KEYS "}, \"person\": {" SSO
            "}, \"one\": {" ROLE ", \"source_profile\": \"base\"}, \"two\": {" ROLE ", \"source_profile\": \"one\"},"
            " \"with\": {" ROLE ", \"source_profile\": \"base\", \"mfa_serial\":"
            " \"arn:aws:iam::111122223333:mfa/x\"}, \"over\": {" ROLE ", \"source_profile\": \"with\"},"
            " \"by\": {" ROLE ", \"source_profile\": \"person\"}}}");
        struct profile_table *t = profile_table_new(NULL, settings);
        assert_non_null(t);
        assert_int_equal(t->rows_count, LENGTH(rows));
        for (size_t i = 1; i < t->rows_count; i++)
                assert_true(strcmp(t->rows[i - 1].name, t->rows[i].name) < 0);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                const struct profile_member *m = member(t, rows[i].name);
                assert_non_null(m);
                assert_string_equal(m->row->source ? m->row->source->name : "-", rows[i].source);
                assert_string_equal(name_of(m->mfa), rows[i].mfa);
                assert_string_equal(name_of(m->login), rows[i].login);
                assert_null(m->before);
                assert_false(m->is_same);
        }
        profile_table_free(t);
        profile_table_free(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(rows_know_their_sources_and_who_logs_in),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
