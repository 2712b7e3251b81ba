// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/sigv4.h"

#include "tests/unit/signing/fixture.h"
#include "tests/unit/unit.h"

#define CONVERSE_HASH "c3335e07d6e89650bf94cb98664be69f8774dbc3198df221f113db0a59ea14f0"

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
        for (size_t i = 0; i < LENGTH(family); i++) {
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
        for (size_t i = 0; i < LENGTH(names); i++) {
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
            {{{SLICE_INIT("a"), SLICE_INIT("1\r\nb: 2")}}, "line break"},
            {{{SLICE_INIT("a"), SLICE_INIT("1\nb: 2")}}, "line break"},
            {{{SLICE_INIT("a"), SLICE_INIT("1\r 2")}}, "line break"},
            {{{SLICE_INIT("a"), SLICE_INIT("1\r")}}, "line break"},
            {{{SLICE_INIT("a"), SLICE_INIT("1\r\n")}}, "line break"},
            {{{SLICE_INIT("a"), SLICE_INIT("1\r\n 2\n\n 3")}}, "line break"},
            {{{SLICE_INIT("connection"), SLICE_INIT("1\n2")}}, "line break"},
            {{{SLICE_INIT("host"), SLICE_INIT("a")}, {SLICE_INIT("HOST"), SLICE_INIT("a")}}, "host twice"},
            {{{SLICE_INIT("host"), SLICE_INIT(" \t")}}, "host is empty"},
        };
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        struct sigv4_request request = plain_request();
        for (size_t i = 0; i < LENGTH(rows); i++) {
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
        for (size_t i = 0; i < LENGTH(times); i++) {
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
        for (size_t i = 0; i < LENGTH(hashes); i++) {
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
            cmocka_unit_test(test_s3_always_sends_the_hash),
            cmocka_unit_test(test_listed_hash),
            cmocka_unit_test(test_never_signed),
            cmocka_unit_test(test_host),
            cmocka_unit_test(test_refused_headers),
            cmocka_unit_test(test_refused_parts),
            cmocka_unit_test(test_too_large),
            cmocka_unit_test(test_payload_hash),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
