// SPDX-License-Identifier: Apache-2.0
// What one request left behind is there for no other: none of it is in the scratch after any kind of request, refused
// ones among them.
#include "tests/unit/server/fixture.h"

#define TRACE "CANARY-0123456789" // for tests/canary.c, too: freed memory must not hold it

// Memory beyond what was written is as malloc() gave it, so that it is searched for what must not be there.
static void expect_none(const char *what, const char *request, const uint8_t *p, size_t n)
{
        static const char *const traces[] = {"ANARY", "123456", "canary",  SECRET, TOKEN, "AWS4-HMAC-SHA256",
                                             "GET ",  "POST ",  "HTTP/1.1"};
        for (size_t i = 0; p && i < LENGTH(traces); i++)
                if (memmem(p, n, traces[i], strlen(traces[i])))
                        fail_msg("%s holds \"%s\" after %s", what, traces[i], request);
}

static void expect_wiped(const struct fixture *f, const char *request)
{
        const struct server *s = f->server;
        expect_none("head", request, s->head.p, s->head.cap);
        expect_none("body", request, s->body.p, s->body.cap);
        expect_none("text", request, s->text.p, s->text.cap);
        expect_none("signing", request, s->signing.p, s->signing.cap);
        expect_none("the read buffer", request, s->read_buffer, READ_SIZE);
        assert_null(s->json.text.p);
        assert_null(s->exchanges);
}

static void wipes_the_scratch_after_each_request(void **state)
{
        (void)state;
        static const struct {
                const char *target, *body; // NULL: GET
                int status;
        } rows[] = {
            {"/livez", NULL, 200},
            {"/metrics", NULL, 200},
            {"/v1/profiles", NULL, 200},
            {CREDENTIALS, NULL, 200},
            {"/v1/profiles/%61/credentials", NULL, 200},
            {"/v1/profiles/%63" TRACE, NULL, 404},
            {"/v1/profiles/%6", NULL, 404},
            {"/readyz?profile=%61", NULL, 200},
            {"/readyz?profile=%63" TRACE, NULL, 404},
            {"/readyz?min_ttl=10h&profile=a", NULL, 503},
            {"/readyz?" TRACE "=1", NULL, 400},
            {"/nowhere" TRACE, NULL, 404},
            {SIGN "?wait=" TRACE, "{}", 400},
            {SIGN, "{\"method\":\"PUT\",\"url\":\"" STS_URL "\",\"payload_text\":\"\\u0063" TRACE "\"}", 200},
            {SIGN, "{\"method\":\"PUT\",\"url\":\"" STS_URL "\",\"payload\":\"Y2FuYXJ5Y2FuYXJ5\"}", 200},
            {SIGN, "{\"method\":\"PUT\",\"url\":\"" STS_URL "\",\"payload\":\"Y2FuYXJ5Y2FuYXJ5!\"}", 400},
            {SIGN, "{\"method\":\"PUT\",\"url\":\"" STS_URL "\",\"x\\u0063" TRACE "\":1}", 400},
            {SIGN, "{\"method\":\"\\u0063" TRACE "\",\"url\":\"nowhere\"}", 400},
            {SIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"authorization\":\"\\u0063\"}}", 400},
            {PRESIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "?a=\\u0063" TRACE "\"}", 200},
            {PRESIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "?X-Amz-Date=\\u0063" TRACE "\"}", 400},
            {"/v1/profiles/a/login", "{\"token_code\":\"123456\"}", 400},
            {"/v1/profiles/a/login", "{\"" TRACE "\":\"123456\"}", 400},
            {"/v1/profiles/a/refresh", "", 200},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int status =
                    rows[i].body ? client_post(&c, rows[i].target, rows[i].body) : client_get(&c, rows[i].target);
                if (status != rows[i].status)
                        fail_msg("%s %s: %d, %s", rows[i].target, rows[i].body ? rows[i].body : "", status,
                                 client_body(&c));
                settle(&f);
                expect_wiped(&f, rows[i].target);
        }
        client_send(&c, "not HTTP " TRACE "\r\n\r\n");
        assert_int_equal(client_answer(&c), 400);
        expect_wiped(&f, "what is no request");
        stop(&f, &c);
}

// A request that waits keeps what it needs in memory of its own, and nothing of it in the scratch.
static void keeps_requests_that_wait_out_of_the_scratch(void **state)
{
        (void)state;
        static const char body[] =
            "{\"method\":\"P\\u0055T\",\"url\":\"" STS_URL "?q=\\u0063\",\"headers\":{\"x-\\u0061\":\"" TRACE
            "\"},\"payload_text\":\"\\u0063" TRACE "\"}";
        struct fixture f;
        struct client c;
        struct scripted *s = serve_profile(&f, &c);
        s->script = SCRIPT_HANG;
        char request[1024];
        snprintf(request, sizeof(request), "POST " SIGN "?wait=60 HTTP/1.1\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(body), body);
        client_send(&c, request);
        settle(&f);
        struct exchange *waiting = f.server->exchanges;
        assert_non_null(waiting);
        f.server->exchanges = NULL; // for the check
        expect_wiped(&f, "a request that waits");
        f.server->exchanges = waiting;
        struct client other = client_open(&f);
        assert_int_equal(client_post(&other, SIGN "?wait=0", "{\"method\":\"GET\",\"url\":\"" STS_URL "\"}"), 503);
        client_close(&other);
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        ASSERT_BODY_HAS(&c, "SignedHeaders=host;x-a;x-amz-date");
        char waited[4096];
        snprintf(waited, sizeof(waited), "%s", client_body(&c));
        assert_int_equal(client_post(&c, SIGN, body), 200);
        assert_string_equal(client_body(&c), waited); // the same signature as without a wait
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(wipes_the_scratch_after_each_request),
            cmocka_unit_test(keeps_requests_that_wait_out_of_the_scratch),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
