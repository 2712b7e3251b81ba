// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/get_web_identity_token.h"

#include "tests/unit/providers/harness.h"
#include "tests/unit/providers/sts.h"

#define JWT "eyJhbGciOiJFUzM4NCJ9.eyJhdWQiOiJDQU5BUlkifQ.c2lnbmF0dXJl"
#define ANSWER(members)                                                                                                \
        "<GetWebIdentityTokenResponse "                                                                                \
        "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetWebIdentityTokenResult>" members                      \
        "</GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
#define TOKEN "<WebIdentityToken>" JWT "</WebIdentityToken>"
#define UNTIL(time) "<Expiration>" time "</Expiration>"

static char role_arn[] = ROLE_ARN, profile_region[] = "us-east-1", name[] = "app";

static const struct credentials base_fields = {
    .access_key_id = SLICE_INIT("ASIABASE"),
    .secret_access_key = SLICE_INIT("base-secret"),
    .session_token = SLICE_INIT("base-token"),
    .expires_s = NOW_S + 1800,
};

static const struct web_identity_request usual = {
    .audiences = {SLICE_INIT("https://a/b c"), SLICE_INIT("\xc3\xa9")},
    .audiences_count = 2,
    .duration_seconds = 900,
    .signing_algorithm = SLICE_INIT("ES384"),
    .tags = {{SLICE_INIT("team"), SLICE_INIT("A&B")}, {SLICE_INIT("empty"), SLICE_INIT("")}},
    .tags_count = 2,
};

static struct harness *set_up_for(const struct web_identity_request *request, const struct upstream_answer *answers,
                                  size_t count)
{
        struct harness *h = harness_new(answers, count);
        struct web_identity_endpoint at = {.region = "eu-west-1"};
        struct error e;
        (void)snprintf(at.url, sizeof(at.url), "%s", h->upstream.url);
        h->profile = (struct profile){
            .type = PROFILE_ASSUME_ROLE, .name = name, .issuer_region = profile_region, .role.role_arn = role_arn};
        h->base = (struct base_source){.loop = &h->loop, .fields = &base_fields};
        const struct credentials_source source = {base_get, base_cancel, &h->base};
        assert_int_equal(get_web_identity_token_new(&h->deps, &h->profile, &source, &at, request, &h->provider, &e), 0);
        return h;
}

static struct harness *set_up(const struct upstream_answer *answers, size_t count)
{
        return set_up_for(&usual, answers, count);
}

static void asks_as_boto3_does(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, DATE_NOW, ANSWER(TOKEN UNTIL("2027-01-01T00:15:00Z"))}));
        harness_run_to_credentials(h);
        assert_slice(h->c->session_token, JWT);
        assert_true(h->c->expires_s == NOW_S + 900);
        assert_true(h->c->has_upstream_offset);
        assert_int_equal(h->base.min_life_s, 900);
        (void)harness_requests(h, 1);
        harness_begins(h, 0, "POST / HTTP/1.1\r\n");
        harness_has_body(h, 0,
                         "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=https%3A%2F%2Fa%2Fb+c"
                         "&Audience.member.2=%C3%A9&DurationSeconds=900&SigningAlgorithm=ES384&Tags.member.1.Key=team"
                         "&Tags.member.1.Value=A%26B&Tags.member.2.Key=empty&Tags.member.2.Value=");
        harness_has_field(h, 0, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        harness_has_field(h, 0, "X-Amz-Security-Token", "base-token");
        harness_field_holds(h, 0, "Authorization",
                            "AWS4-HMAC-SHA256 Credential=ASIABASE/20270101/eu-west-1/sts/aws4_request");
        harness_free(h);
}

static void asks_for_base_credentials_that_outlive_the_token(void **state)
{
        (void)state;
        static const struct {
                int64_t duration_seconds, base_life_s;
        } t[] = {{0, 300}, {60, 300}, {300, 300}, {301, 301}, {3600, 3600}};
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct web_identity_request request = usual;
                request.duration_seconds = t[i].duration_seconds;
                struct harness *h =
                    set_up_for(&request, ANSWERS({200, DATE_NOW, ANSWER(UNTIL("2027-01-01T00:05:00Z") TOKEN)}));
                harness_run_to_credentials(h);
                assert_int_equal(h->base.min_life_s, t[i].base_life_s);
                (void)harness_requests(h, 1);
                assert_int_equal(strstr(upstream_body(h->upstream.requests[0]), "DurationSeconds") != NULL,
                                 t[i].duration_seconds > 0);
                harness_free(h);
        }
}

static void refuses_answers_that_hold_no_token(void **state)
{
        (void)state;
        static const struct refusal rows[] = {
            {{200, DATE_NOW, ANSWER(UNTIL(ONE_O_CLOCK))}, ERROR_PROTOCOL, "WebIdentityToken", ""},
            {{200, DATE_NOW, ANSWER(TOKEN)}, ERROR_PROTOCOL, "Expiration", ""},
            {{200, DATE_NOW, ANSWER("<WebIdentityToken/>" UNTIL(ONE_O_CLOCK))}, ERROR_PROTOCOL, "WebIdentityToken", ""},
            {{200, DATE_NOW, ANSWER("<WebIdentityToken>a.b.c</WebIdentityToken>" UNTIL(ONE_O_CLOCK))},
             ERROR_PROTOCOL,
             "not a signed JWT",
             ""},
            {{200, DATE_NOW, ANSWER(TOKEN UNTIL("soon"))}, ERROR_PROTOCOL, "Expiration", ""},
            {{200, DATE_NOW, ANSWER(TOKEN UNTIL("2027-01-01T00:00:00Z"))}, ERROR_NONE, "expired", ""},
            {{200, DATE_NOW, STS_SESSION("GetWebIdentityToken", ONE_O_CLOCK)}, ERROR_PROTOCOL, "WebIdentityToken", ""},
            {{200, DATE_NOW, ANSWER(TOKEN TOKEN)}, ERROR_PROTOCOL, "twice", ""},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct harness *h = set_up(&rows[i].answer, 1);
                harness_run(h);
                enum error_kind kind = rows[i].kind == ERROR_NONE ? h->e.kind : rows[i].kind;
                harness_expect_error(h, i, kind, rows[i].message, rows[i].hint);
                harness_expect_unreported(h, "eyJhbGci");
                (void)harness_requests(h, 1);
                harness_free(h);
        }
}

static void says_what_to_do(void **state)
{
        (void)state;
        static const struct refusal rows[] = {
            {{403, DATE_NOW, STS_REFUSAL("OutboundWebIdentityFederationDisabledException", "m")},
             ERROR_DENIED,
             "OutboundWebIdentityFederationDisabledException",
             "enable-outbound-web-identity-federation"},
            {{403, DATE_NOW, STS_REFUSAL("SessionDurationEscalationException", "m")},
             ERROR_DENIED,
             "SessionDurationEscalationException",
             "shorter duration_seconds"},
            {{400, DATE_NOW, STS_REFUSAL("JWTPayloadSizeExceededException", "m")}, ERROR_DENIED, "JWT", "tags"},
            {{403, DATE_NOW, STS_REFUSAL("AccessDenied", "m")}, ERROR_DENIED, "", "sts:GetWebIdentityToken"},
            {{403, DATE_NOW, STS_REFUSAL("ExpiredToken", "m")}, ERROR_TRANSIENT, "", "expired"},
            {{403, DATE_NOW, STS_REFUSAL("InvalidClientTokenId", "m")}, ERROR_DENIED, "", "access key"},
            {{400, DATE_NOW, STS_REFUSAL("Throttling", "m")}, ERROR_THROTTLED, "", ""},
        };
        const struct refusals refusals = {rows, LENGTH(rows), "GetWebIdentityToken for " ROLE_ARN, "base-secret"};
        harness_expect_refusals(set_up, &refusals);
}

static void passes_on_what_the_base_lacks(void **state)
{
        (void)state;
        struct harness *h = set_up(NULL, 0);
        h->base.fields = NULL;
        (void)error_set(&h->base.e, ERROR_INTERACTION, "log in");
        harness_run_to_error(h, ERROR_INTERACTION);
        h->base.refuses = true;
        harness_does_not_start(h, ERROR_CONFIG);
        harness_free(h);
}

static void can_be_cancelled(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({SILENCE}));
        harness_cancel_on_receipt(h);
        harness_free(h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(asks_as_boto3_does),
            cmocka_unit_test(asks_for_base_credentials_that_outlive_the_token),
            cmocka_unit_test(refuses_answers_that_hold_no_token),
            cmocka_unit_test(says_what_to_do),
            cmocka_unit_test(passes_on_what_the_base_lacks),
            cmocka_unit_test(can_be_cancelled),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
