// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "sidecar/signing/sigv4.h"
#include "tests/unit/signing/fixture.h"
#include "tests/unit/unit.h"

#define CREDENTIAL(scope) "&X-Amz-Credential=ASIAEXAMPLEKEYID0001%2F20260901%2F" scope "%2Faws4_request"
#define DATE "&X-Amz-Date=20260901T120000Z"
#define TOKEN "&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2F%2Ftoken%2Bwith%2Fspecial%3Dchars%3D%3D"

struct vector {
        const char *method, *url, *service, *region;
        struct header header;
        int64_t expires_s;
        bool temporary;
        const char *expected;
};

static struct sigv4_request request_of(const struct vector *v)
{
        return (struct sigv4_request){
            .method = slice_str(v->method),
            .url = slice_str(v->url),
            .headers = &v->header,
            .headers_count = v->header.name.n > 0,
            .payload_hash = SLICE(EMPTY_SHA256),
            .service = slice_str(v->service),
            .region = slice_str(v->region),
            .time_s = FIXTURE_TIME_S,
        };
}

// The tokens that AWS's own tools make are presigned URLs: Bedrock API keys, EKS, RDS.
static void test_vectors(void **state)
{
        static const struct vector rows[] = {
            {"POST",
             "https://bedrock.amazonaws.com/?Action=CallWithBearerToken",
             "bedrock",
             "us-east-1",
             {{NULL, 0}, {NULL, 0}},
             3600,
             false,
             "https://bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256"
             "&X-Amz-Credential=AKIDEXAMPLE%2F20260901%2Fus-east-1%2Fbedrock%2Faws4_request" DATE "&X-Amz-Expires=3600"
             "&X-Amz-SignedHeaders=host"
             "&X-Amz-Signature=046c0d4a0b707c9086b1fdf7bf464b1aa4e55dd3234e49e305ecbb875f448268"},
            {"POST",
             "https://bedrock.amazonaws.com/?Action=CallWithBearerToken",
             "bedrock",
             "us-west-2",
             {{NULL, 0}, {NULL, 0}},
             43200,
             true,
             "https://bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256" CREDENTIAL(
                 "us-west-2%2Fbedrock") DATE
             "&X-Amz-Expires=43200&X-Amz-SignedHeaders=host" TOKEN
             "&X-Amz-Signature=4baf27a2759bbab1d66472eca76a61faabb250a3d6eee843ddd78262af375e7c"},
            {"GET",
             "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
             "sts",
             "us-west-2",
             {SLICE_INIT("x-k8s-aws-id"), SLICE_INIT("my-cluster")},
             60,
             true,
             "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
             "&X-Amz-Algorithm=AWS4-HMAC-SHA256" CREDENTIAL("us-west-2%2Fsts") DATE
             "&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id" TOKEN
             "&X-Amz-Signature=0f910c932a797a5163f519bb2492fd985a7c3729be1b2e2d287203f3a2b8a02b"},
            {"GET",
             "https://mydb.123456789012.us-east-1.rds.amazonaws.com:5432/?Action=connect&DBUser=app_user",
             "rds-db",
             "us-east-1",
             {{NULL, 0}, {NULL, 0}},
             900,
             true,
             "https://mydb.123456789012.us-east-1.rds.amazonaws.com:5432/?Action=connect&DBUser=app_user"
             "&X-Amz-Algorithm=AWS4-HMAC-SHA256" CREDENTIAL("us-east-1%2Frds-db") DATE
             "&X-Amz-Expires=900&X-Amz-SignedHeaders=host" TOKEN
             "&X-Amz-Signature=07a8961dc37205949cc0225e448b229db7bc60973bd52fbaa9b0959b75c19ac1"},
            // MQTT over WebSocket: awscrt makes the same signature without the token, and appends it.
            {"GET",
             "wss://x-ats.iot.us-east-1.amazonaws.com/mqtt",
             "iotdevicegateway",
             "us-east-1",
             {{NULL, 0}, {NULL, 0}},
             900,
             true,
             "wss://x-ats.iot.us-east-1.amazonaws.com/mqtt"
             "?X-Amz-Algorithm=AWS4-HMAC-SHA256" CREDENTIAL("us-east-1%2Fiotdevicegateway") DATE
             "&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
             "&X-Amz-Signature=29ba55da671a67c33573de001c7eab799ccc3450a2f9b58cbcffcbd4370a36dc" TOKEN},
        };
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                const struct sigv4_request request = request_of(&rows[i]);
                struct error e = {.kind = ERROR_NONE};
                buffer_reset(&f.out);
                if (sigv4_presign(f.signer, &request, rows[i].temporary ? f.temporary : f.plain, rows[i].expires_s,
                                  &f.out, &e) < 0)
                        fail_msg("%s: %s", rows[i].url, e.message);
                assert_string_equal(buffer_c_str(&f.out), rows[i].expected);
        }
        fixture_tear_down(&f);
}

static const struct vector plain = {"GET", "https://h.example/p", "s3", "us-east-1", {{NULL, 0}, {NULL, 0}}, 60, false,
                                    ""};

// The URL's own parameters: decoded and encoded anew, none lost, before those of the signature.
static void test_own_parameters(void **state)
{
        static const struct {
                const char *url, *start;
        } rows[] = {
            {"https://h.example", "https://h.example?X-Amz-Algorithm="},
            {"https://h.example/p?", "https://h.example/p?X-Amz-Algorithm="},
            {"https://h.example/p?acl", "https://h.example/p?acl=&X-Amz-Algorithm="},
            {"https://h.example/p?a=b+c&d=%7e%2f/", "https://h.example/p?a=b%20c&d=~%2F%2F&X-Amz-Algorithm="},
            {"https://h.example/p?k=2&k=1&k", "https://h.example/p?k=2&k=1&k=&X-Amz-Algorithm="},
            {"https://h.example/p?&&a=1&", "https://h.example/p?a=1&X-Amz-Algorithm="},
            {"https://h.example/p?=v&a=b=c", "https://h.example/p?=v&a=b%3Dc&X-Amz-Algorithm="},
            {"https://h.example/p?a=%zz%4", "https://h.example/p?a=%25zz%254&X-Amz-Algorithm="},
            {"https://h.example/p?a=%FF%00", "https://h.example/p?a=%FF%00&X-Amz-Algorithm="},
            {"https://h.example//a/../b%2F?x-amz-meta=1", "https://h.example//a/../b%2F?x-amz-meta=1&X-Amz-Algorithm="},
            {"https://H.example:443/f(1)+\xc3\xa9=%7e", "https://h.example/f%281%29%20%C3%A9%3D%7e?X-Amz-Algorithm="},
        };
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct sigv4_request request = request_of(&plain);
                struct error e = {.kind = ERROR_NONE};
                request.url = slice_str(rows[i].url);
                buffer_reset(&f.out);
                if (sigv4_presign(f.signer, &request, f.plain, 60, &f.out, &e) < 0)
                        fail_msg("%s: %s", rows[i].url, e.message);
                if (!slice_starts_with(buffer_slice(&f.out), slice_str(rows[i].start)))
                        fail_msg("%s gave %s", rows[i].url, buffer_c_str(&f.out));
        }
        fixture_tear_down(&f);
}

static void expect_refusal(struct fixture *f, const struct sigv4_request *request, int64_t expires_s, const char *words)
{
        struct error e = {.kind = ERROR_NONE};
        buffer_reset(&f->out);
        buffer_put_str(&f->out, "before");
        assert_int_equal(sigv4_presign(f->signer, request, f->temporary, expires_s, &f->out, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        if (!strstr(e.message, words))
                fail_msg("%s instead of %s", e.message, words);
        assert_string_equal(buffer_c_str(&f->out), "before"); // what stood there stays, nothing is added
}

static void test_refused(void **state)
{
        static const char *const parameters[] = {
            "X-Amz-Algorithm=x", "X-Amz-Credential=x",       "X-Amz-Date=x",
            "x-amz-expires=1",   "X-Amz-SignedHeaders=host", "X-Amz-Security-Token=t",
            "X-Amz-Signature",   "X-Amz-Dat%65=x",           "a=b&X%2dAmz-Signature=x",
        };
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        struct sigv4_request request = request_of(&plain);
        expect_refusal(&f, &request, 0, "expire");
        expect_refusal(&f, &request, -1, "expire");
        expect_refusal(&f, &request, LIMIT_PRESIGN_EXPIRES_S + 1, "expire");
        for (size_t i = 0; i < LENGTH(parameters); i++) {
                char url[128];
                (void)snprintf(url, sizeof(url), "https://h.example/?%s", parameters[i]);
                request.url = slice_str(url);
                expect_refusal(&f, &request, 60, "query parameter");
        }
        request = request_of(&plain);
        struct header date = {SLICE("X-Amz-Date"), SLICE("x")};
        request.headers = &date;
        request.headers_count = 1;
        expect_refusal(&f, &request, 60, "X-Amz-Date");
        request = request_of(&plain);
        request.method = SLICE("G T");
        expect_refusal(&f, &request, 60, "method");
        request = request_of(&plain);
        request.payload_hash = SLICE("abc");
        expect_refusal(&f, &request, 60, "payload");
        request = request_of(&plain);
        request.region = SLICE("a/b");
        expect_refusal(&f, &request, 60, "region");
        fixture_tear_down(&f);
}

static void test_no_room(void **state)
{
        (void)state;
        struct fixture f;
        fixture_set_up(&f);
        struct sigv4_request request = request_of(&plain);
        struct error e;
        for (size_t max = 0; max < 250; max++) {
                struct buffer small;
                buffer_init(&small, max);
                assert_int_equal(sigv4_presign(f.signer, &request, f.plain, 60, &small, &e), -1);
                assert_int_equal(small.n, 0);
                buffer_free(&small);
        }
        // What was written before it became clear, such as the token, is wiped.
        for (size_t max = 250; max < 500; max += 10) {
                struct buffer small;
                buffer_init(&small, max);
                int r = sigv4_presign(f.signer, &request, f.temporary, 60, &small, &e);
                if (r < 0 && small.p)
                        assert_null(memmem(small.p, small.cap, FIXTURE_TOKEN, 10));
                buffer_free(&small);
        }
        fixture_tear_down(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_vectors),
            cmocka_unit_test(test_own_parameters),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_no_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
