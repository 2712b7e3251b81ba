// SPDX-License-Identifier: Apache-2.0
// The device login against scripted answers: how often it asks, for how long, and with which client.
#include "sidecar/providers/provider.h"
#include "tests/unit/providers/harness.h"

#define REFUSED(code)                                                                                                  \
        {                                                                                                              \
                400, DATE_NOW "x-amzn-ErrorType: " code "\r\n", "{}"                                                   \
        }
#define CODES(expires, more)                                                                                           \
        {                                                                                                              \
                200, DATE_NOW,                                                                                         \
                    "{\"deviceCode\":\"d\",\"userCode\":\"AB-CD\",\"verificationUri\":\"https://v/\",\"expiresIn\":"   \
                    "" expires more "}"                                                                                \
        }
#define CLIENT_UNTIL(end)                                                                                              \
        {                                                                                                              \
                200, DATE_NOW, "{\"clientId\":\"c\",\"clientSecret\":\"CANARY-s\",\"clientSecretExpiresAt\":" end "}"  \
        }
#define CLIENT CLIENT_UNTIL("1801353600")

enum { SPEED = 1000 }; // of the clock: a second of the login passes in a millisecond

struct setup {
        struct folder folder;
        struct harness *h;
        struct profile profile;
        unsigned moves;
};

static void moved(void *arg)
{
        ++*(unsigned *)arg;
}

// Begins a login whose cache is in s->folder.
static void begin(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        struct error e;
        s->h = harness_new(answers, count);
        s->h->clock.speed = SPEED;
        s->profile = (struct profile){.name = (char *)"dev",
                                      .type = PROFILE_SSO,
                                      .endpoint_url = s->h->upstream.url,
                                      .sso = {.session = (char *)"my-sso",
                                              .start_url = (char *)"https://x/start",
                                              .region = (char *)"us-east-1",
                                              .account_id = (char *)"123456789012",
                                              .role_name = (char *)"Dev",
                                              .cache_directory = s->folder.path,
                                              .oidc_endpoint_url = s->h->upstream.url}};
        harness_make(s->h, &s->profile, NULL);
        s->moves = 0;
        s->h->provider->login_moved = moved;
        s->h->provider->login_arg = &s->moves;
        if (provider_login(s->h->provider, SLICE(""), &e) < 0)
                fail_msg("%s", e.message);
}

static struct login_status run_until(struct setup *s, enum login_state state)
{
        struct login_status status;
        for (provider_login_status(s->h->provider, &status); status.state != state;
             provider_login_status(s->h->provider, &status))
                (void)uv_run(&s->h->loop, UV_RUN_ONCE);
        return status;
}

static void bounds_what_the_service_asks_for(void **state)
{
        (void)state;
        static const struct {
                struct upstream_answer codes;
                int64_t interval_s, expires_in_s;
        } rows[] = {
            {CODES("600", ""), 5, 600},
            {CODES("3600", ",\"interval\":1"), 1, 3600},
            {CODES("3601", ",\"interval\":60"), 60, 3600},
            {CODES("99999", ",\"interval\":61"), 60, 3600},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct setup s;
                const struct upstream_answer answers[] = {CLIENT, rows[i].codes, {SILENCE}};
                folder_make(&s.folder);
                begin(&s, answers, LENGTH(answers));
                struct login_status status = run_until(&s, LOGIN_PENDING);
                assert_int_equal(status.interval_s, rows[i].interval_s);
                assert_int_equal(status.expires_in_s, rows[i].expires_in_s);
                assert_slice(status.user_code, "AB-CD");
                assert_int_equal(s.moves, 1);
                harness_free(s.h);
                folder_remove_all(&s.folder);
        }
}

static void asks_for_codes_with_its_client(void **state)
{
        (void)state;
        struct setup s;
        folder_make(&s.folder);
        begin(&s, ANSWERS(CLIENT, CODES("600", ",\"verificationUriComplete\":\"https://v/?c=AB-CD\""), {SILENCE}));
        struct login_status status = run_until(&s, LOGIN_PENDING);
        assert_slice(status.verification_uri, "https://v/");
        assert_slice(status.verification_uri_complete, "https://v/?c=AB-CD");
        (void)harness_requests(s.h, s.h->upstream.requests_count);
        harness_has_body(s.h, 1, "{\"clientId\":\"c\",\"clientSecret\":\"CANARY-s\",\"startUrl\":\"https://x/start\"}");
        harness_free(s.h);
        folder_remove_all(&s.folder);
}

// What the service says people should open and compare is shown to them.
static void shows_web_addresses_and_codes_only(void **state)
{
        (void)state;
#define TEXTS(code, uri)                                                                                               \
        {                                                                                                              \
                200, DATE_NOW,                                                                                         \
                    "{\"deviceCode\":\"d\",\"userCode\":\"" code "\",\"verificationUri\":\"" uri                       \
                    "\",\"expiresIn\":600}"                                                                            \
        }
        static const struct upstream_answer bad[] = {
            TEXTS("AB-CD", "javascript:alert(1)"),
            TEXTS("AB-CD", "https://v/\\u202etxt"),
            TEXTS("AB-CD", "https://aws.amazon.com@v/"),
            TEXTS("AB-CD\\u009b2J", "https://v/"),
            TEXTS("AB CD", "https://v/"),
            TEXTS("AB\\u200bCD", "https://v/"),
        };
        struct setup s;
        for (size_t i = 0; i < LENGTH(bad); i++) {
                folder_make(&s.folder);
                begin(&s, ANSWERS(CLIENT, bad[i]));
                struct login_status status = run_until(&s, LOGIN_FAILED);
                assert_int_equal(status.error->kind, ERROR_PROTOCOL);
                harness_free(s.h);
                folder_remove_all(&s.folder);
        }
        folder_make(&s.folder);
        begin(&s, ANSWERS(CLIENT, CODES("600", ",\"verificationUriComplete\":\"https://v/\\u202e\""), {SILENCE}));
        struct login_status status = run_until(&s, LOGIN_PENDING);
        assert_slice(status.verification_uri, "https://v/");
        assert_int_equal(status.verification_uri_complete.n, 0);
        harness_free(s.h);
        folder_remove_all(&s.folder);
}

static void slows_down_when_told_to(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {CLIENT,
                                                         CODES("600", ",\"interval\":50"),
                                                         REFUSED("SlowDownException"),
                                                         REFUSED("SlowDownException"),
                                                         REFUSED("SlowDownException"),
                                                         REFUSED("AccessDeniedException")};
        struct setup s;
        struct login_status status;
        folder_make(&s.folder);
        begin(&s, answers, LENGTH(answers));
        assert_int_equal(run_until(&s, LOGIN_PENDING).interval_s, 50);
        int64_t seen[8] = {50}, n = 0;
        do {
                (void)uv_run(&s.h->loop, UV_RUN_ONCE);
                provider_login_status(s.h->provider, &status);
                if (status.state == LOGIN_PENDING && status.interval_s != seen[n])
                        seen[++n] = status.interval_s;
        } while (status.state == LOGIN_PENDING);
        assert_int_equal(n, 2);
        assert_int_equal(seen[1], 55);
        assert_int_equal(seen[2], 60); // and no more
        assert_int_equal(status.state, LOGIN_FAILED);
        assert_non_null(strstr(status.error->hint, "log in again"));
        (void)harness_requests(s.h, LENGTH(answers));
        harness_free(s.h);
        folder_remove_all(&s.folder);
}

static void ends_when_nobody_confirms(void **state)
{
        (void)state;
        struct setup s;
        folder_make(&s.folder);
        begin(&s,
              ANSWERS(CLIENT, CODES("600", ",\"interval\":1"), REFUSED("AuthorizationPendingException"), {SILENCE}));
        (void)run_until(&s, LOGIN_PENDING);
        s.h->boot_ms += 600 * 1000;
        struct login_status status = run_until(&s, LOGIN_FAILED);
        assert_non_null(strstr(status.error->message, "in time"));
        harness_free(s.h);
        folder_remove_all(&s.folder);
}

// A registered client is used again while it has a day to live, which is enough for any login.
static void keeps_its_client(void **state)
{
        (void)state;
        static const struct {
                struct upstream_answer client;
                const char *second;
        } rows[] = {{CLIENT_UNTIL("1798848001"), "POST /device_authorization "},
                    {CLIENT_UNTIL("1798848000"), "POST /client/register "}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct setup s;
                const struct upstream_answer first[] = {rows[i].client, REFUSED("AccessDeniedException")};
                folder_make(&s.folder);
                begin(&s, first, LENGTH(first));
                (void)run_until(&s, LOGIN_FAILED);
                (void)harness_requests(s.h, 2);
                harness_begins(s.h, 0, "POST /client/register ");
                harness_free(s.h);
                begin(&s, ANSWERS(REFUSED("AccessDeniedException")));
                (void)run_until(&s, LOGIN_FAILED);
                (void)harness_requests(s.h, 1);
                harness_begins(s.h, 0, rows[i].second);
                harness_free(s.h);
                folder_remove_all(&s.folder);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(bounds_what_the_service_asks_for),   cmocka_unit_test(asks_for_codes_with_its_client),
            cmocka_unit_test(shows_web_addresses_and_codes_only), cmocka_unit_test(slows_down_when_told_to),
            cmocka_unit_test(ends_when_nobody_confirms),          cmocka_unit_test(keeps_its_client),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
