// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/signing/fixture.h"

#define CONVERSE_HASH "c3335e07d6e89650bf94cb98664be69f8774dbc3198df221f113db0a59ea14f0"
#define PROFILE_PATH                                                                                                   \
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2F"                                 \
        "us.anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse"
#define RUNTIME "https://bedrock-runtime.us-east-1.amazonaws.com"

struct vector {
        const char *name, *method, *url;
        struct header headers[4];
        const char *payload_hash, *service;
        bool temporary, add_content_sha256;
        const char *signed_headers, *signature;
};

static struct sigv4_request request_of(const struct vector *v)
{
        size_t count = 0;
        while (count < 4 && v->headers[count].name.n > 0)
                count++;
        return (struct sigv4_request){
            .method = slice_str(v->method),
            .url = slice_str(v->url),
            .headers = v->headers,
            .headers_count = count,
            .payload_hash = slice_str(v->payload_hash),
            .service = slice_str(v->service),
            .region = SLICE("us-east-1"),
            .time_s = FIXTURE_TIME_S,
            .add_content_sha256 = v->add_content_sha256,
        };
}

static void check_vector(struct fixture *f, const struct vector *v)
{
        const struct sigv4_request request = request_of(v);
        struct sigv4_result result;
        struct error e = {.kind = ERROR_NONE};
        char expected[1024];
        if (sigv4_sign(f->signer, &request, v->temporary ? f->temporary : f->plain, &f->out, &result, &e) < 0)
                fail_msg("%s: %s", v->name, e.message);
        int n = snprintf(expected, sizeof(expected),
                         "AWS4-HMAC-SHA256 Credential=%s/20260901/us-east-1/%s/aws4_request, SignedHeaders=%s, "
                         "Signature=%s",
                         v->temporary ? "ASIAEXAMPLEKEYID0001" : "AKIDEXAMPLE", v->service, v->signed_headers,
                         v->signature);
        if (!slice_eq(result.authorization, slice_of(expected, (size_t)n)))
                fail_msg("%s: %.*s", v->name, (int)result.authorization.n, (const char *)result.authorization.p);
        assert_true(slice_eq(result.signed_headers, slice_str(v->signed_headers)));
        assert_string_equal(result.amz_date, "20260901T120000Z");
        assert_int_equal(result.has_content_sha256, v->add_content_sha256);
}

// Computed with botocore and, beside it, with an independent implementation.
static void test_vectors(void **state)
{
        static const struct vector rows[] = {
            {"STS GetCallerIdentity",
             "POST",
             "https://sts.us-east-1.amazonaws.com/",
             {{SLICE_INIT("content-type"), SLICE_INIT("application/x-www-form-urlencoded; charset=utf-8")}},
             "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843",
             "sts",
             true,
             false,
             "content-type;host;x-amz-date;x-amz-security-token",
             "f034c1f830a484f6be87ca1144c5078c46af568712b69bbc45503e435d9311d6"},
            {"InvokeModel",
             "POST",
             RUNTIME "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke",
             {{SLICE_INIT("Content-Type"), SLICE_INIT("application/json")},
              {SLICE_INIT("Accept"), SLICE_INIT("application/json")}},
             "616eb59224eb795b641b4c541ad9ee8b939a1e8798f73b54fce66bb79ddbb992",
             "bedrock",
             false,
             false,
             "accept;content-type;host;x-amz-date",
             "18c74309f6a84b289e3e3322c4d7180a0d839f0de105880aeebb5a9730c4f755"},
            {"Converse, inference profile",
             "POST",
             RUNTIME PROFILE_PATH,
             {{SLICE_INIT("Content-Type"), SLICE_INIT("application/json")}},
             CONVERSE_HASH,
             "bedrock",
             true,
             false,
             "content-type;host;x-amz-date;x-amz-security-token",
             "8c693813f3ff8671ff442253f2804583a6c3d168fdfcf9f626d8e9551d650331"},
            {"with x-amz-content-sha256",
             "POST",
             RUNTIME PROFILE_PATH,
             {{{NULL, 0}, {NULL, 0}}},
             CONVERSE_HASH,
             "bedrock",
             true,
             true,
             "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
             "a35407f03c3cf1175c18e877dccf20767bc004770e3c514e19ada64ca63a26f7"},
            {"minimal, encoded colon",
             "POST",
             RUNTIME "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse-stream",
             {{{NULL, 0}, {NULL, 0}}},
             CONVERSE_HASH,
             "bedrock",
             false,
             false,
             "host;x-amz-date",
             "0edf6fc455d52a18ac3446ffbc417a00c4f42172ba0e97dc5f228b2854c41f30"},
            {"minimal, encoded colon, token",
             "POST",
             RUNTIME "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse-stream",
             {{{NULL, 0}, {NULL, 0}}},
             CONVERSE_HASH,
             "bedrock",
             true,
             false,
             "host;x-amz-date;x-amz-security-token",
             "e9ba6d2f83d107084f9cd6025e2db8dcfcb875b073a0a1e795cb1c3ef1bce64c"},
            {"minimal, raw colon",
             "POST",
             RUNTIME "/model/anthropic.claude-3-5-sonnet-20240620-v1:0/converse-stream",
             {{{NULL, 0}, {NULL, 0}}},
             CONVERSE_HASH,
             "bedrock",
             false,
             false,
             "host;x-amz-date",
             "b218e4c49a69fc7ffa36394167b10bd84118939c7cec0f2e2fd17301a47c2df4"},
            {"minimal, raw colon, token",
             "POST",
             RUNTIME "/model/anthropic.claude-3-5-sonnet-20240620-v1:0/converse-stream",
             {{{NULL, 0}, {NULL, 0}}},
             CONVERSE_HASH,
             "bedrock",
             true,
             false,
             "host;x-amz-date;x-amz-security-token",
             "bf3c9e5d674a43f44a58027851c2d23e0659eb23cd4a57cc4b0a0cb7e4b4f51c"},
            {"query",
             "GET",
             "https://bedrock.us-east-1.amazonaws.com/foundation-models?byProvider=Anthropic&byOutputModality=TEXT",
             {{{NULL, 0}, {NULL, 0}}},
             EMPTY_SHA256,
             "bedrock",
             false,
             false,
             "host;x-amz-date",
             "86045085247af43cbba5d0a5f93bb0a17b3be6d308def95c2e32cbef66be9c24"},
            {"event stream",
             "POST",
             RUNTIME "/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream",
             {{SLICE_INIT("content-type"), SLICE_INIT("application/vnd.amazon.eventstream")}},
             "STREAMING-AWS4-HMAC-SHA256-EVENTS",
             "bedrock",
             false,
             true,
             "content-type;host;x-amz-content-sha256;x-amz-date",
             "8f85c41242abb2a975a5f08d4e1bedfecf69a7eacb5192a29d8673aa202b6d1c"},
        };
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) // twice: the second time from the cache
                check_vector(&f, &rows[i % (sizeof(rows) / sizeof(rows[0]))]);
        fixture_tear_down(&f);
}

static void sign(struct fixture *f, const struct sigv4_request *request, struct sigv4_result *result)
{
        struct error e = {.kind = ERROR_NONE};
        if (sigv4_sign(f->signer, request, f->temporary, &f->out, result, &e) < 0)
                fail_msg("%s", e.message);
}

static struct sigv4_request plain_request(void)
{
        return (struct sigv4_request){
            .method = SLICE("GET"),
            .url = SLICE("https://bucket.s3.us-west-2.amazonaws.com/a//b"),
            .payload_hash = SLICE(SIGV4_UNSIGNED_PAYLOAD),
            .service = SLICE("s3"),
            .region = SLICE("us-west-2"),
            .time_s = FIXTURE_TIME_S,
        };
}

static void test_s3_always_sends_the_hash(void **state)
{
        static const char *const family[] = {"s3", "s3-outposts", "s3-object-lambda", "s3express"};
        (void)state;
        struct fixture f;
        struct sigv4_result result;
        fixture_set_up(&f);
        struct sigv4_request request = plain_request();
        for (size_t i = 0; i < sizeof(family) / sizeof(family[0]); i++) {
                request.service = slice_str(family[i]);
                sign(&f, &request, &result);
                assert_true(result.has_content_sha256);
                assert_true(slice_eq(result.signed_headers,
                                     SLICE("host;x-amz-content-sha256;x-amz-date;x-amz-security-token")));
        }
        request.service = SLICE("s3tables");
        sign(&f, &request, &result);
        assert_false(result.has_content_sha256);
        fixture_tear_down(&f);
}

// What the caller lists already is signed, and not given back to be added.
static void test_listed_hash(void **state)
{
        static const struct header headers[] = {{SLICE_INIT("X-Amz-Content-SHA256"), SLICE_INIT(" UNSIGNED-PAYLOAD ")}};
        (void)state;
        struct fixture f;
        struct sigv4_result result;
        fixture_set_up(&f);
        struct sigv4_request request = plain_request();
        request.headers = headers;
        request.headers_count = 1;
        sign(&f, &request, &result);
        assert_false(result.has_content_sha256);
        assert_true(
            slice_eq(result.signed_headers, SLICE("host;x-amz-content-sha256;x-amz-date;x-amz-security-token")));
        fixture_tear_down(&f);
}

static void test_never_signed(void **state)
{
        static const char *const names[] = {
            "Connection",
            "expect",
            "Keep-Alive",
            "Proxy-Authenticate",
            "proxy-authorization",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "User-Agent",
            "X-Amzn-Trace-Id",
            "baggage",
            "traceparent",
            "TraceState",
        };
        (void)state;
        struct fixture f;
        struct sigv4_result result;
        fixture_set_up(&f);
        struct sigv4_request request = plain_request();
        request.service = SLICE("bedrock");
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                struct header headers[] = {{slice_str(names[i]), SLICE("v")}, {SLICE("x-amzn-other"), SLICE("v")}};
                request.headers = headers;
                request.headers_count = 2;
                sign(&f, &request, &result);
                assert_true(
                    slice_eq(result.signed_headers, SLICE("host;x-amz-date;x-amz-security-token;x-amzn-other")));
        }
        fixture_tear_down(&f);
}

static void assert_same_signature(struct fixture *f, const struct sigv4_request *a, const struct sigv4_request *b,
                                  bool same)
{
        struct sigv4_result result;
        char first[1024];
        sign(f, a, &result);
        size_t n = result.authorization.n;
        assert_true(n < sizeof(first));
        memcpy(first, result.authorization.p, n);
        sign(f, b, &result);
        assert_int_equal(slice_eq(result.authorization, slice_of(first, n)), same);
}

static void test_host(void **state)
{
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        struct sigv4_request a = plain_request(), b = plain_request();
        b.url = SLICE("https://Bucket.S3.us-west-2.amazonaws.com:443/a//b");
        assert_same_signature(&f, &a, &b, true); // case and default port are not part of it
        b.url = SLICE("https://bucket.s3.us-west-2.amazonaws.com:8443/a//b");
        assert_same_signature(&f, &a, &b, false);
        struct header host = {SLICE("Host"), SLICE("bucket.s3.us-west-2.amazonaws.com")};
        b.url = SLICE("http://127.0.0.1:9000/a//b"); // the header counts, not the URL
        b.headers = &host;
        b.headers_count = 1;
        assert_same_signature(&f, &a, &b, true);
        fixture_tear_down(&f);
}

static void expect_refusal(struct fixture *f, const struct sigv4_request *request, const char *words)
{
        struct sigv4_result result;
        struct error e = {.kind = ERROR_NONE};
        assert_int_equal(sigv4_sign(f->signer, request, f->temporary, &f->out, &result, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        if (!strstr(e.message, words))
                fail_msg("%s instead of %s", e.message, words);
        assert_int_not_equal(e.hint[0], '\0');
}

static void test_refused_headers(void **state)
{
        static const struct {
                struct header headers[2];
                const char *words;
        } rows[] = {
            {{{SLICE_INIT("Authorization"), SLICE_INIT("x")}}, "Authorization"},
            {{{SLICE_INIT("x-amz-date"), SLICE_INIT("x")}}, "x-amz-date"},
            {{{SLICE_INIT("X-Amz-Security-Token"), SLICE_INIT("x")}}, "X-Amz-Security-Token"},
            {{{SLICE_INIT("x-amz-content-sha256"), SLICE_INIT("x")}}, "payload hash"},
            {{{SLICE_INIT("x-amz-content-sha256"), SLICE_INIT(SIGV4_UNSIGNED_PAYLOAD)},
              {SLICE_INIT("x-amz-content-sha256"), SLICE_INIT(SIGV4_UNSIGNED_PAYLOAD)}},
             "twice"},
            {{{SLICE_INIT("a b"), SLICE_INIT("x")}}, "name"},
            {{{SLICE_INIT("a\n"), SLICE_INIT("x")}}, "name"},
            {{{SLICE_INIT("a:"), SLICE_INIT("x")}}, "name"},
            {{{SLICE_INIT("\xc3\xa9"), SLICE_INIT("x")}}, "name"},
            {{{SLICE_INIT("a"), SLICE_INIT("x\0y")}}, "control"},
            {{{SLICE_INIT("a"), SLICE_INIT("x\x7f")}}, "control"},
        };
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        struct sigv4_request request = plain_request();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                request.headers = rows[i].headers;
                request.headers_count = rows[i].headers[1].name.n > 0 ? 2 : 1;
                expect_refusal(&f, &request, rows[i].words);
        }
        struct header empty = {SLICE(""), SLICE("x")};
        request.headers = &empty;
        request.headers_count = 1;
        expect_refusal(&f, &request, "name");
        struct header many[LIMIT_SIGN_HEADERS_N + 1];
        for (size_t i = 0; i < LIMIT_SIGN_HEADERS_N + 1; i++)
                many[i] = (struct header){SLICE("a"), SLICE("b")};
        request.headers = many;
        request.headers_count = LIMIT_SIGN_HEADERS_N + 1;
        expect_refusal(&f, &request, "65 headers");
        request.headers_count = LIMIT_SIGN_HEADERS_N;
        struct sigv4_result result;
        sign(&f, &request, &result);
        fixture_tear_down(&f);
}

static void test_refused_parts(void **state)
{
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        struct sigv4_request request = plain_request();
        request.method = SLICE("");
        expect_refusal(&f, &request, "method");
        request.method = SLICE("GET\n");
        expect_refusal(&f, &request, "method");
        request = plain_request();
        request.region = SLICE("");
        expect_refusal(&f, &request, "region");
        request = plain_request();
        request.service = SLICE("s3/x");
        expect_refusal(&f, &request, "service");
        request = plain_request();
        request.url = SLICE("s3://bucket");
        expect_refusal(&f, &request, "https://");
        static const int64_t times[] = {-1, INT64_MIN, 253402300800, INT64_MAX};
        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
                request = plain_request();
                request.time_s = times[i];
                expect_refusal(&f, &request, "1970");
        }
        static const char *const hashes[] = {"",
                                             "abc",
                                             "UNSIGNED",
                                             "unsigned-payload",
                                             "UNSIGNED-PAYLOAD\n",
                                             "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                                             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85g"};
        for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
                request = plain_request();
                request.payload_hash = slice_str(hashes[i]);
                expect_refusal(&f, &request, "payload hash");
        }
        fixture_tear_down(&f);
}

// A small buffer: an error that says so, and the buffer works again afterwards.
static void test_too_large(void **state)
{
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        struct sigv4_request request = plain_request();
        struct sigv4_result result;
        struct error e;
        struct buffer small;
        buffer_init(&small, 64);
        assert_int_equal(sigv4_sign(f.signer, &request, f.plain, &small, &result, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "too large"));
        small.max = LIMIT_SIGN_CANONICAL;
        assert_int_equal(sigv4_sign(f.signer, &request, f.plain, &small, &result, &e), 0);
        buffer_free(&small);
        fixture_tear_down(&f);
}

static void test_payload_hash(void **state)
{
        (void)state;
        struct fixture f;
        struct error e;
        char hash[65] = {0};
        fixture_set_up(&f);
        assert_int_equal(sigv4_payload_hash(f.signer, SLICE(""), hash, &e), 0);
        assert_string_equal(hash, EMPTY_SHA256);
        assert_int_equal(
            sigv4_payload_hash(f.signer, SLICE("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hi\"}]}]}"),
                               hash, &e),
            0);
        assert_string_equal(hash, CONVERSE_HASH);
        fixture_tear_down(&f);
        signer_free(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_vectors),       cmocka_unit_test(test_s3_always_sends_the_hash),
            cmocka_unit_test(test_listed_hash),   cmocka_unit_test(test_never_signed),
            cmocka_unit_test(test_host),          cmocka_unit_test(test_refused_headers),
            cmocka_unit_test(test_refused_parts), cmocka_unit_test(test_too_large),
            cmocka_unit_test(test_payload_hash),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
