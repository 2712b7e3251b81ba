// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "sidecar/signing/sigv4.h"
#include "tests/unit/signing/fixture.h"
#include "tests/unit/unit.h"

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
        for (size_t i = 0; i < 2 * LENGTH(rows); i++) // twice: the second time from the cache
                check_vector(&f, &rows[i % (LENGTH(rows))]);
        fixture_tear_down(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_vectors),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
