// SPDX-License-Identifier: Apache-2.0
// proto/config.schema.json and the tables of keys say the same.
#include "proto/wire/json_read.h"
#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/config/files_read.h"
#include "sidecar/config/include.h"
#include "sidecar/config/included.h"
#include "sidecar/config/listener_read.h"
#include "sidecar/config/profile_read.h"
#include "sidecar/config/upstream_read.h"
#include "tests/unit/config/support.h"

#define SCHEMA TEST_DATA_DIR "/../../../../proto/config.schema.json"

struct schema {
        struct buffer text;
        struct json_doc doc;
        size_t definitions;
};

static int set_up(void **state)
{
        static struct schema schema;
        struct error e;
        struct json_fault fault;
        buffer_init(&schema.text, LIMIT_CONFIG_FILE);
        json_doc_init(&schema.doc);
        if (file_read(SCHEMA, "schema", &schema.text, &e) < 0)
                fail_msg("%s", e.message);
        if (json_parse(&schema.doc, buffer_slice(&schema.text), &fault) < 0)
                fail_msg("line %u: %s", fault.line, fault.what);
        schema.definitions = json_get(&schema.doc, JSON_ROOT, SLICE("$defs"));
        *state = &schema;
        return 0;
}

static int tear_down(void **state)
{
        struct schema *schema = *state;
        json_doc_free(&schema->doc);
        buffer_free(&schema->text);
        return 0;
}

// Every supported rule is a property of the definition, and the other way round; every property is described.
static void compare(const struct schema *schema, const char *definition, const struct key_rule *rules, size_t count,
                    unsigned type)
{
        const struct json_doc *doc = &schema->doc;
        size_t object = json_get(doc, schema->definitions, slice_str(definition));
        assert_int_not_equal(object, JSON_NONE);
        size_t closed = json_get(doc, object, SLICE("additionalProperties"));
        assert_int_not_equal(closed, JSON_NONE);
        assert_int_equal(json_kind(doc, closed), JSON_FALSE);
        size_t properties = json_get(doc, object, SLICE("properties"));
        size_t supported = 0;
        for (size_t i = 0; i < count; i++) {
                bool belongs = rules[i].types == 0 || (rules[i].types & type) != 0;
                bool is_there = json_get(doc, properties, slice_str(rules[i].key)) != JSON_NONE;
                if ((belongs && rules[i].read) != is_there)
                        fail_msg("%s: %s is %s the schema", definition, rules[i].key, is_there ? "in" : "not in");
                supported += is_there;
        }
        assert_int_equal(json_length(doc, properties), supported);
        for (size_t key = json_first(doc, properties); key != JSON_NONE; key = json_next(doc, key)) {
                size_t value = json_value(doc, key);
                size_t reference = json_get(doc, value, SLICE("$ref"));
                if (json_get(doc, value, SLICE("description")) == JSON_NONE && reference != JSON_NONE)
                        value = json_get(doc, schema->definitions,
                                         slice_from(json_raw(doc, reference), sizeof("#/$defs/") - 1));
                assert_int_not_equal(json_get(doc, value, SLICE("description")), JSON_NONE);
        }
}

static void test_profiles(void **state)
{
        size_t count;
        const struct key_rule *rules = profile_rules(&count);
        compare(*state, "webIdentityProfile", rules, count, 1u << PROFILE_WEB_IDENTITY);
        compare(*state, "rolesAnywhereProfile", rules, count, 1u << PROFILE_ROLES_ANYWHERE);
        compare(*state, "assumeRoleProfile", rules, count, 1u << PROFILE_ASSUME_ROLE);
        compare(*state, "staticProfile", rules, count, 1u << PROFILE_STATIC);
        compare(*state, "containerProfile", rules, count, 1u << PROFILE_CONTAINER);
        compare(*state, "imdsProfile", rules, count, 1u << PROFILE_IMDS);
        compare(*state, "processProfile", rules, count, 1u << PROFILE_PROCESS);
        compare(*state, "ssoProfile", rules, count, 1u << PROFILE_SSO);
        compare(*state, "loginProfile", rules, count, 1u << PROFILE_LOGIN);
        compare(*state, "sharedConfigProfile", rules, count, 1u << PROFILE_SHARED_CONFIG);
        compare(*state, "defaultChainProfile", rules, count, 1u << PROFILE_DEFAULT_CHAIN);
}

static void test_listeners(void **state)
{
        compare(*state, "listener", listener_keys.rules, listener_keys.count, 0);
        compare(*state, "file", file_keys.rules, file_keys.count, 0);
}

static void test_upstream_and_included(void **state)
{
        compare(*state, "upstream", upstream_keys.rules, upstream_keys.count, 0);
        compare(*state, "includedFile", included_keys.rules, included_keys.count, 0);
        // the top level
        const struct json_doc *doc = &((struct schema *)*state)->doc;
        size_t properties = json_get(doc, JSON_ROOT, SLICE("properties"));
        assert_int_equal(json_length(doc, properties), 8);
        compare(*state, "includeElement", include_keys.rules, include_keys.count, 0);
        assert_int_not_equal(json_get(doc, properties, SLICE("include")), JSON_NONE);
        assert_int_not_equal(json_get(doc, properties, SLICE("upstream")), JSON_NONE);
}

// Numbers that stand in both.
static void test_ranges(void **state)
{
        const struct schema *schema = *state;
        const struct json_doc *doc = &schema->doc;
        static const struct {
                const char *key, *definition;
        } t[] = {
            {"connect_timeout_ms", "connectTimeout"},
            {"read_timeout_ms", "readTimeout"},
            {"refresh_before_seconds", "refreshBefore"},
            {"duration_seconds", "durationSeconds"},
        };
        size_t count;
        const struct key_rule *rules = profile_rules(&count);
        const struct key_rule *pacing = upstream_keys.rules;
        size_t properties = json_get(doc, json_get(doc, schema->definitions, SLICE("upstream")), SLICE("properties"));
        for (size_t i = 0; i < upstream_keys.count; i++) {
                int64_t most = -1;
                size_t property = json_get(doc, properties, slice_str(pacing[i].key));
                assert_int_equal(json_integer(doc, json_get(doc, property, SLICE("maximum")), &most), 0);
                assert_int_equal(most, pacing[i].max);
        }
        for (size_t i = 0; i < ROWS(t); i++) {
                size_t definition = json_get(doc, schema->definitions, slice_str(t[i].definition));
                int64_t minimum = -1, maximum = -1;
                size_t r = 0;
                while (strcmp(rules[r].key, t[i].key) != 0)
                        assert_true(++r < count);
                assert_int_equal(json_integer(doc, json_get(doc, definition, SLICE("minimum")), &minimum), 0);
                assert_int_equal(json_integer(doc, json_get(doc, definition, SLICE("maximum")), &maximum), 0);
                assert_int_equal(minimum, rules[r].min);
                assert_int_equal(maximum, rules[r].max);
        }
}

// A file with every key, which the schema accepts, too.
static void test_example(void **state)
{
        (void)state;
        struct buffer text;
        struct error e;
        buffer_init(&text, LIMIT_CONFIG_FILE);
        if (file_read(TEST_DATA_DIR "/example.json", "example", &text, &e) < 0)
                fail_msg("%s", e.message);
        struct settings *s = parse_good(buffer_c_str(&text));
        assert_int_equal(s->profiles_count, 5);
        assert_int_equal(s->listeners_count, 2);
        settings_release(s);
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_profiles),
            cmocka_unit_test(test_listeners),
            cmocka_unit_test(test_upstream_and_included),
            cmocka_unit_test(test_ranges),
            cmocka_unit_test(test_example),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
