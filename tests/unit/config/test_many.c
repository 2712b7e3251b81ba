// SPDX-License-Identifier: Apache-2.0
// Ten thousand profiles: all found, each behind its source, in memory that is in proportion.
#include <malloc.h>

#include "proto/mem/buffer.h"
#include "proto/wire/limits.h"
#include "tests/unit/config/support.h"

#define MANY 10000
#define BYTES_EACH 2048 // of heap for a profile, all told

static unsigned lookups;

static int lookup_counted(enum account_kind kind, const char *name, uint32_t *ret)
{
        lookups++;
        return lookup_fixed(kind, name, ret);
}

static void test_many(void **state)
{
        (void)state;
        struct buffer text;
        struct env env;
        struct settings *s = NULL;
        struct error e;
        char *environment[] = {NULL};
        env_init(&env, environment);
        buffer_init(&text, LIMIT_CONFIG_FILE);
        (void)buffer_put_str(&text, "{\"region\": \"us-east-1\", \"profiles\": {");
        for (unsigned i = 0; i < MANY; i++) // the sources come last
                (void)buffer_printf(&text,
                                    "\"tenant-%u\": {" CHAIN_BODY("base-%u") ", \"external_id\": \"tenant:%u\","
                                                                             " \"allow\": {\"uids\": [\"alice\"]}},\n",
                                    i, i % 100, i);
        for (unsigned i = 0; i < 100; i++)
                (void)buffer_printf(&text, "\"base-%u\": {" WEB_BODY "}%s", i, i == 99 ? "}}" : ",");
        assert_false(text.failed);

        struct settings_source source = {.file = "f",
                                         .directory = "/d",
                                         .working_directory = "/w",
                                         .host_name = "h",
                                         .env = &env,
                                         .lookup = lookup_counted};
        size_t before = mallinfo2().uordblks;
        if (settings_parse(&source, buffer_slice(&text), &s, &e) < 0)
                fail_msg("%s", e.message);
        size_t used = mallinfo2().uordblks - before;
        if (used > (size_t)MANY * BYTES_EACH)
                fail_msg("%zu bytes", used);
        assert_int_equal(lookups, 1);
        assert_int_equal(s->profiles_count, MANY + 100);
        for (unsigned i = 0; i < MANY; i++) {
                char name[32];
                (void)snprintf(name, sizeof(name), "tenant-%u", i);
                const struct profile *p = settings_find(s, name);
                assert_non_null(p);
                assert_string_equal(p->name, name);
                const struct profile *base = settings_find(s, p->source_profile);
                assert_non_null(base);
                assert_true(base < p); // both are elements of s->profiles
        }
        settings_release(s);
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_many),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
