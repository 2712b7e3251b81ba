// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/sso_profiles.h"

#include "tests/unit/unit.h"

static const struct sso_role role = {
    .account_id = "123456789012", .account_name = "Prod / EU", .role_name = "Dev Role"};
static const struct sso_login login = {
    .profile = "dev", .session = "corp", .start_url = "https://x/start", .region = "us-east-1"};

static void names_profiles_by_the_template(void **state)
{
        static const struct {
                const char *name_template, *name; // NULL: refused
        } t[] = {
            {SSO_NAME_TEMPLATE, "Prod---EU.Dev-Role"},
            {"{account_id}", "123456789012"},
            {"x-{role_name}{role_name}", "x-Dev-RoleDev-Role"},
            {"a b[c]\nd", "a-b-c--d"},
            {"\xc3\xa9", "--"},
            {"}", "-"},
            {"", NULL},
            {"{role}", NULL},
            {"{role_name", NULL},
            {"{}", NULL},
            {"{{role_name}}", NULL},
        };
        char name[LIMIT_PROFILE_NAME + 1];
        (void)state;
        for (size_t i = 0; i < LENGTH(t); i++) {
                assert_int_equal(sso_profile_name(t[i].name_template, &role, name), t[i].name != NULL);
                if (t[i].name)
                        assert_string_equal(name, t[i].name);
        }
}

static void limits_names_to_those_of_profiles(void **state)
{
        char name_template[LIMIT_PROFILE_NAME + 2] = "", name[LIMIT_PROFILE_NAME + 1];
        (void)state;
        memset(name_template, 'a', LIMIT_PROFILE_NAME);
        assert_true(sso_profile_name(name_template, &role, name));
        assert_int_equal(strlen(name), LIMIT_PROFILE_NAME);
        name_template[LIMIT_PROFILE_NAME] = 'a';
        assert_false(sso_profile_name(name_template, &role, name));
}

#define BODY "sso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Dev Role\n"

static void finds_profiles_that_are_there(void **state)
{
        static const struct {
                const char *config;
                enum sso_found found;
        } t[] = {
            {"", SSO_ABSENT},
            {"[profile p]\n" BODY, SSO_SAME},
            {"[profile p]\nregion = x\n" BODY "output = json\n", SSO_SAME},
            {"# c\n[ profile\t p ]\n" BODY, SSO_SAME},
            {"[profile \"p\"]\n" BODY, SSO_SAME},
            {"[profile 'p']\r\n  SSO_SESSION=corp\r\nsso_account_id =123456789012\r\nsso_role_name= Dev Role \r\n",
             SSO_SAME},
            {"[profile p]\n" BODY "[profile q]\n", SSO_SAME},
            {"[profile q]\n" BODY, SSO_ABSENT},
            {"[profile pp]\n" BODY, SSO_ABSENT},
            {"[p]\n" BODY, SSO_ABSENT},
            {"#[profile p]\n" BODY, SSO_ABSENT},
            {"[profile p]\n", SSO_OTHER},
            {"[profile p]\n[profile q]\n" BODY, SSO_OTHER},
            {"[profile p]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Dev\n", SSO_OTHER},
            {"[profile p]\nsso_session = other\nsso_account_id = 123456789012\nsso_role_name = Dev Role\n", SSO_OTHER},
            {"[profile p]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = Dev Role\n", SSO_OTHER},
            {"[profile p]\n#sso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Dev Role\n", SSO_OTHER},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(t); i++)
                if (sso_profile_find(slice_str(t[i].config), "p", &login, &role) != t[i].found)
                        fail_msg("row %zu", i);
        assert_int_equal(sso_profile_find(SLICE("[default]\n" BODY), "default", &login, &role), SSO_SAME);
}

static void finds_sessions(void **state)
{
        static const struct {
                const char *config;
                bool is_there;
        } t[] = {
            {"", false},
            {"[sso-session corp]\n", true},
            {"[default]\n[sso-session  \"corp\" ]", true},
            {"[sso-session corporate]\n", false},
            {"[profile corp]\n", false},
            {"[sso-sessioncorp]\n", false},
            {" [sso-session corp]\n", false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(t); i++)
                assert_int_equal(sso_session_is_there(slice_str(t[i].config), "corp"), t[i].is_there);
}

static void writes_what_it_finds_again(void **state)
{
        struct buffer out;
        (void)state;
        buffer_init(&out, 4096);
        sso_session_put(&login, &out);
        sso_profile_put("p", &login, &role, "eu-west-1", &out);
        assert_string_equal(buffer_c_str(&out),
                            "[sso-session corp]\nsso_start_url = https://x/start\nsso_region = us-east-1\n"
                            "sso_registration_scopes = sso:account:access\n\n"
                            "[profile p]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Dev Role\n"
                            "region = eu-west-1\n\n");
        assert_true(sso_session_is_there(buffer_slice(&out), "corp"));
        assert_int_equal(sso_profile_find(buffer_slice(&out), "p", &login, &role), SSO_SAME);
        buffer_reset(&out);
        sso_profile_put("p", &login, &role, NULL, &out);
        assert_null(strstr(buffer_c_str(&out), "\nregion"));
        buffer_free(&out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_profiles_by_the_template), cmocka_unit_test(limits_names_to_those_of_profiles),
            cmocka_unit_test(finds_profiles_that_are_there),  cmocka_unit_test(finds_sessions),
            cmocka_unit_test(writes_what_it_finds_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
