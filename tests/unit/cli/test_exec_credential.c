// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/exec_credential.h"
#include "tests/unit/unit.h"

#define API "client.authentication.k8s.io/"

static void test_versions(void **state)
{
        (void)state;
        static const struct {
                const char *info, *version;
        } rows[] = {
            {NULL, "v1beta1"},
            {"", "v1beta1"},
            {"{", "v1beta1"},
            {"[]", "v1beta1"},
            {"{}", "v1beta1"},
            {"{\"apiVersion\":1}", "v1beta1"},
            {"{\"apiVersion\":\"" API "v2\"}", "v1beta1"},
            {"{\"apiVersion\":\"" API "v1\",\"spec\":{\"interactive\":true}}", "v1"},
            {"{\"apiVersion\":\"" API "v1beta1\"}", "v1beta1"},
            {"{\"apiVersion\":\"" API "v1alpha1\"}", "v1alpha1"},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer out, want;
                buffer_init(&out, 1024);
                buffer_init(&want, 1024);
                exec_credential_put(SLICE("T"), SLICE("2026-09-01T12:14:00Z"), rows[i].info, &out);
                (void)buffer_printf(&want,
                                    "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" API "%s\",\"spec\":{},"
                                    "\"status\":{\"expirationTimestamp\":\"2026-09-01T12:14:00Z\",\"token\":\"T\"}}",
                                    rows[i].version);
                assert_string_equal(buffer_c_str(&out), buffer_c_str(&want));
                buffer_free(&out);
                buffer_free(&want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_versions),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
