// SPDX-License-Identifier: Apache-2.0
// Messages of event streams: known answers of aws-c-auth's tests, and what amazon-transcribe 0.6.4 makes.
#include "proto/mem/text.h"
#include "sidecar/signing/sigv4_event.h"
#include "tests/unit/signing/fixture.h"
#include "tests/unit/unit.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Each signature covers the one before.
static void test_chain(void **state)
{
        (void)state;
        static const struct {
                const char *payload_hash, *signature;
        } rows[] = {
            {"559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd", // A
             "7aabf85b765e6a4d0d500b6e968657b14726fa3e1eb7e839302728ffd77629a5"},
            {"df7e70e5021544f4834bbee64a9e3789febc4be81470df629cad6ddb03320a5c", // B
             "f72aa9642f571d24a6e1ae42f10f073ad9448d8a028b6bcd82da081335adda02"},
            {"6b23c0d5f35d1b11f9b683f0b0a617355deb11277d91ae091d399c655b87940d", // C
             "632af120435b57ec241d8bfbb12e496dfd5e2730a1a02ac0ab6eaa230ae02e9a"},
            {EMPTY, "c6f679ddb3af68f5e82f0cf6761244cb2338cf11e7d01a24130aea1b7c17e53e"},
        };
        struct fixture f;
        fixture_set_up(&f);
        const struct credentials fields = {.access_key_id = SLICE("access"),
                                           .secret_access_key = SLICE("secret"),
                                           .expires_s = CREDENTIALS_NEVER_EXPIRE};
        struct credentials *c = credentials_new(&fields);
        struct slice prior = SLICE("e1d8e8c8815e60969f2a34765c9a15945ffc0badbaa4b7e3b163ea19131e949b");
        struct sigv4_event_result results[LENGTH(rows)];
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct error e;
                const struct sigv4_event event = {.prior_signature = prior,
                                                  .payload_hash = slice_str(rows[i].payload_hash),
                                                  .service = SLICE("demo"),
                                                  .region = SLICE("us-east-1"),
                                                  .date_ms = (INT64_C(348474601) + (int64_t)i) * 1000};
                assert_int_equal(sigv4_sign_event(f.signer, &event, c, &results[i], &e), 0);
                prior = slice_of(results[i].signature, sizeof(results[i].signature));
                assert_true(slice_eq(prior, slice_str(rows[i].signature)));
        }
        credentials_unref(c);
        fixture_tear_down(&f);
}

static void test_headers(void **state)
{
        (void)state;
        static const struct {
                const char *service, *region;
                int64_t date_ms;
                const char *prior, *payload_hash, *signature, *headers;
        } rows[] = {
            {"bedrock", "us-east-1", 1788264001000, "457c769f39d8644199c0e5bdbcfbc85b37ce91cbde1fc1b0ea6b44f130436dd7",
             "08bb5e5d6eaac1049ede0893d30ed022b1a4d9b5b48db414871f51c9cb35283d",
             "692206ec348fe689ae8cef5d485e64c619c3958ad3f4308f30fd67263d449efd",
             "053a6461746508000001a05cd72de8103a6368756e6b2d7369676e6174757265060020692206ec348fe689ae8cef5d485e64c619c"
             "3958ad3f4308f30fd67263d449efd"},
            {"transcribe", "eu-west-1", 1788264001123,
             "29fe69bd9e8ceba6a07d1dec25b1b087efe26c07ff0d21d7db0b33777738a5c6",
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
             "22d7040f31531505845cf5be7f874f125d640678308f6e316680d40a5bd9c03a",
             "053a6461746508000001a05cd72e63103a6368756e6b2d7369676e617475726506002022d7040f31531505845cf5be7f874f125d6"
             "40678308f6e316680d40a5bd9c03a"},
            {"bedrock", "ap-southeast-4", 1788307199999,
             "74d37ff136eac13f553223a63841460d3b6aa1e68d682728f610fb1c7fd92d5f",
             "4e4c294b331f7a2099a379bec34b9f9fc03dc46ab465d998f4d683da53487e6d",
             "65d07ba4f0ee6892fbd72fe02a858b9de04ef965f47b40dfb986538cc20e76c8",
             "053a6461746508000001a05f6a57ff103a6368756e6b2d7369676e617475726506002065d07ba4f0ee6892fbd72fe02a858b9de04"
             "ef965f47b40dfb986538cc20e76c8"},
            {"lex", "us-gov-west-1", 1788307200000, "a2e81478007152dea8651f3fce59796168e9338b87fe1a1a45cfed925923d43f",
             "9dc177c2fde29dea8e7c29f7ddf147b7c449c99d049c62f3aac0a5933ecf76a3",
             "6f6cb4535ff86e63424360df6d6d628d6d1ab3c56bf47bab990176fcba3f421d",
             "053a6461746508000001a05f6a5800103a6368756e6b2d7369676e61747572650600206f6cb4535ff86e63424360df6d6d628d6d1"
             "ab3c56bf47bab990176fcba3f421d"},
        };
        struct fixture f;
        fixture_set_up(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct error e;
                struct sigv4_event_result result;
                char hex[2 * SIGV4_EVENT_HEADERS_SIZE + 1] = "";
                const struct sigv4_event event = {.prior_signature = slice_str(rows[i].prior),
                                                  .payload_hash = slice_str(rows[i].payload_hash),
                                                  .service = slice_str(rows[i].service),
                                                  .region = slice_str(rows[i].region),
                                                  .date_ms = rows[i].date_ms};
                assert_int_equal(sigv4_sign_event(f.signer, &event, f.plain, &result, &e), 0);
                text_hex_encode(slice_of(result.headers, sizeof(result.headers)), hex);
                assert_string_equal(hex, rows[i].headers);
                assert_memory_equal(result.signature, rows[i].signature, sizeof(result.signature));
        }
        fixture_tear_down(&f);
}

static void test_refused(void **state)
{
        (void)state;
        static const struct sigv4_event good = {SLICE_INIT(EMPTY), SLICE_INIT(EMPTY), SLICE_INIT("demo"),
                                                SLICE_INIT("us-east-1"), 1788264001000};
        static const char *const hashes[] = {"", "UNSIGNED-PAYLOAD", EMPTY "0",
                                             "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"};
        struct fixture f;
        struct error e;
        struct sigv4_event_result result;
        fixture_set_up(&f);
        assert_int_equal(sigv4_sign_event(f.signer, &good, f.plain, &result, &e), 0);
        for (size_t i = 0; i < LENGTH(hashes); i++) {
                struct sigv4_event event = good;
                event.prior_signature = slice_str(hashes[i]);
                assert_int_equal(sigv4_sign_event(f.signer, &event, f.plain, &result, &e), -1);
                event = good;
                event.payload_hash = slice_str(hashes[i]);
                assert_int_equal(sigv4_sign_event(f.signer, &event, f.plain, &result, &e), -1);
                assert_int_equal(e.kind, ERROR_CONFIG);
        }
        struct sigv4_event event = good;
        event.date_ms = INT64_C(253402300800000); // the year 10000
        assert_int_equal(sigv4_sign_event(f.signer, &event, f.plain, &result, &e), -1);
        event = good;
        event.service = SLICE("a/b");
        assert_int_equal(sigv4_sign_event(f.signer, &event, f.plain, &result, &e), -1);
        fixture_tear_down(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_chain),
            cmocka_unit_test(test_headers),
            cmocka_unit_test(test_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
