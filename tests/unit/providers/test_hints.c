// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/hints.h"

#include <stdio.h>

#include "proto/mem/text.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/jwt.h"
#include "tests/unit/unit.h"

static char external_id[] = "ext";
static char identity[] = "alice";
static char session_name[] = "gw";
static char region[] = "eu-south-1";
static char source[] = "irsa";
static char token_file[] = "/var/run/token";

static void error_of(const char *code, const char *message, struct error *e)
{
        (void)error_set(e, ERROR_DENIED, "x");
        (void)snprintf(e->upstream.code, sizeof(e->upstream.code), "%s", code);
        (void)snprintf(e->upstream.message, sizeof(e->upstream.message), "%s", message);
}

// Nothing was cut away by the size of the field, and every value was filled in.
static void assert_whole(const struct error *e)
{
        size_t n = strlen(e->hint);
        assert_true(n > 0 && n < sizeof(e->hint) - 1);
        if (strchr(e->hint, '{') || strchr(e->hint, '}'))
                fail_msg("%s", e->hint);
}

struct hint_case {
        const char *code, *message, *want, *not_want;
};

static void check(const struct hint_case *t, const struct error *e)
{
        if (!t->want) {
                assert_string_equal(e->hint, "");
                return;
        }
        assert_whole(e);
        if (!strstr(e->hint, t->want))
                fail_msg("%s %s: %s", t->code, t->message, e->hint);
        if (t->not_want && strstr(e->hint, t->not_want))
                fail_msg("%s %s: %s", t->code, t->message, e->hint);
}

static const struct hint_case sts_cases[] = {
    {"ExpiredToken", "", "source profile irsa", NULL},
    {"ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role",
     "lower duration_seconds", NULL},
    {"ValidationError",
     "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining", "one hour",
     NULL},
    {"ValidationError", "1 validation error detected", "outside AWS's limits", NULL},
    {"RegionDisabledException", "", "eu-south-1", NULL},
    {"RegionDisabledException", "", "sts_region", NULL},
    {"InvalidClientTokenId", "", "irsa", NULL},
    {"SignatureDoesNotMatch", "", "clock", NULL},
    {"RequestExpired", "", "clock", NULL},
    {"MalformedPolicyDocument", "", "`policy`", NULL},
    {"PackedPolicyTooLarge", "", "too large", NULL},
    {"Throttling", "", NULL, NULL},
    {"SomethingNew", "", NULL, NULL},
};

static void assume_role_by_code(void **state)
{
        (void)state;
        const struct profile profile = {.source_profile = source, .issuer_region = region};
        for (size_t i = 0; i < LENGTH(sts_cases); i++) {
                struct error e;
                error_of(sts_cases[i].code, sts_cases[i].message, &e);
                hints_explain(&(struct hints_context){.call = HINTS_ASSUME_ROLE, .profile = &profile}, &e);
                check(&sts_cases[i], &e);
        }
}

static void assume_role_by_what_was_sent(void **state)
{
        (void)state;
        struct name_value tag = {identity, identity};
        struct profile profile = {.source_profile = source};
        struct error e;
        error_of("AccessDenied", "", &e);
        hints_explain(&(struct hints_context){.call = HINTS_ASSUME_ROLE, .profile = &profile}, &e);
        assert_whole(&e);
        assert_non_null(strstr(e.hint, "set external_id if the trust policy asks for one: none was sent"));
        assert_null(strstr(e.hint, "TagSession"));
        profile.role.external_id = external_id;
        profile.role.tags = &tag;
        profile.role.tags_count = 1;
        profile.role.source_identity = identity;
        hints_explain(&(struct hints_context){.call = HINTS_ASSUME_ROLE, .profile = &profile}, &e);
        assert_whole(&e);
        assert_non_null(strstr(e.hint, "AWS does not tell a wrong one from a missing permission"));
        assert_non_null(strstr(e.hint, "sts:TagSession"));
        assert_non_null(strstr(e.hint, "sts:SetSourceIdentity"));
        assert_null(strstr(e.hint, "alice"));
}

static void make_token(const char *payload, struct buffer *out)
{
        buffer_init(out, 4096);
        (void)buffer_put_str(out, "eyJhbGciOiJSUzI1NiJ9.");
        (void)text_base64_encode(slice_str(payload), out);
        for (size_t i = 0; i < out->n; i++)
                out->p[i] = out->p[i] == '+' ? '-' : out->p[i] == '/' ? '_' : out->p[i];
        while (out->p[out->n - 1] == '=')
                out->n--;
        (void)buffer_put_str(out, ".SIGNATURE");
        assert_false(out->failed);
}

static void web_identity_tells_the_claims(void **state)
{
        (void)state;
        static const struct hint_case t[] = {
            {"ExpiredTokenException", "Token expired: current date/time must be before", "2026-09-01T12:00:00Z", NULL},
            {"ExpiredTokenException", "Token expired", "(aud sts.amazonaws.com)", "SIGNATURE"},
            {"ExpiredTokenException", "Token expired", "/var/run/token", NULL},
            {"InvalidIdentityToken", "Token is expired", "2026-09-01T12:00:00Z", NULL},
            {"InvalidIdentityToken", "No OpenIDConnect provider found in your account", "https://issuer", "expired"},
            {"InvalidIdentityToken", "Incorrect token audience", "its audience (sts.amazonaws.com)", NULL},
            {"IDPCommunicationError", "", "https://issuer", NULL},
            {"IDPRejectedClaim", "", "revoked", NULL},
            {"AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity",
             "sub system:serviceaccount:ns:gw, aud sts.amazonaws.com", NULL},
            {"RegionDisabledException", "", "sts_region", NULL},
            {"ValidationError", "DurationSeconds exceeds the MaxSessionDuration", "duration_seconds", NULL},
        };
        const struct profile profile = {.web_identity_token_file = token_file, .issuer_region = region};
        struct buffer token;
        make_token("{\"aud\":[\"sts.amazonaws.com\"],\"exp\":1788264000,\"iss\":\"https://issuer\","
                   "\"sub\":\"system:serviceaccount:ns:gw\"}",
                   &token);
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct error e;
                error_of(t[i].code, t[i].message, &e);
                hints_explain(&(struct hints_context){.call = HINTS_WEB_IDENTITY,
                                                      .profile = &profile,
                                                      .token = buffer_slice(&token)},
                              &e);
                check(&t[i], &e);
        }
        struct error e;
        error_of("ExpiredTokenException", "", &e);
        hints_explain(
            &(struct hints_context){.call = HINTS_WEB_IDENTITY, .profile = &profile, .token = SLICE("opaque")}, &e);
        assert_non_null(strstr(e.hint, "expired (aud unknown)"));
        assert_null(strstr(e.hint, "opaque"));
        buffer_free(&token);
}

static void create_session_by_code(void **state)
{
        (void)state;
        static const struct hint_case t[] = {
            {"AccessDeniedException", "Untrusted signing certificate", "(CN=gw, serial 4096)", NULL},
            {"AccessDeniedException", "Invalid signature", "sts:SetSourceIdentity", "acceptRoleSessionName"},
            {"AccessDeniedException", "", "listed in that profile", NULL},
            {"ResourceNotFoundException", "", "eu-south-1", NULL},
            {"ValidationException", "durationSeconds", "duration_seconds", NULL},
            {"ThrottlingException", "", NULL, NULL},
            {"SomethingNew", "", NULL, NULL},
        };
        struct profile profile = {.issuer_region = region};
        struct error e;
        for (size_t i = 0; i < LENGTH(t); i++) {
                error_of(t[i].code, t[i].message, &e);
                hints_explain(
                    &(struct hints_context){
                        .call = HINTS_CREATE_SESSION, .profile = &profile, .subject = "CN=gw", .serial = "4096"},
                    &e);
                check(&t[i], &e);
        }
        profile.role.role_session_name = session_name;
        error_of("AccessDeniedException", "", &e);
        hints_explain(
            &(struct hints_context){
                .call = HINTS_CREATE_SESSION, .profile = &profile, .subject = "CN=gw", .serial = "4096"},
            &e);
        assert_whole(&e);
        assert_non_null(strstr(e.hint, "acceptRoleSessionName"));
}

static void claims(void **state)
{
        (void)state;
        static const struct {
                const char *payload;
                int r;
                bool has_expiry;
                const char *audience;
        } t[] = {
            {"{\"exp\":1,\"aud\":\"a\"}", 0, true, "a"},
            {"{\"exp\":1.5,\"aud\":[]}", 0, false, ""},
            {"{\"exp\":\"1\",\"aud\":[7]}", 0, false, ""},
            {"{\"aud\":{\"x\":1}}", 0, false, ""},
            {"{\"aud\":[\"\\u00e9>?\",\"b\"]}", 0, false, "\xc3\xa9>?"},
            {"[]", -1, false, ""},
            {"{", -1, false, ""},
        };
        struct jwt_claims c;
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct buffer token;
                make_token(t[i].payload, &token);
                if (jwt_read_claims(buffer_slice(&token), &c) != t[i].r || c.has_expiry != t[i].has_expiry ||
                    strcmp(c.audience, t[i].audience) != 0)
                        fail_msg("%s: %d %s", t[i].payload, c.has_expiry, c.audience);
                buffer_free(&token);
        }
        static const char *const no_tokens[] = {"", ".", "..", "a.b", "a.!!.c", "a.e30", "a.e.c", "opaque"};
        for (size_t i = 0; i < LENGTH(no_tokens); i++) {
                if (jwt_read_claims(slice_str(no_tokens[i]), &c) != -1)
                        fail_msg("%s", no_tokens[i]);
        }
}

static void long_claims_are_cut_between_characters(void **state)
{
        (void)state;
        char payload[400];
        size_t n = 0;
        n += (size_t)snprintf(payload, sizeof(payload), "{\"aud\":\"x");
        for (int i = 0; i < 100; i++)
                n += (size_t)snprintf(payload + n, sizeof(payload) - n, "\xe2\x82\xac");
        (void)snprintf(payload + n, sizeof(payload) - n, "\"}");
        struct buffer token;
        struct jwt_claims c;
        make_token(payload, &token);
        assert_int_equal(jwt_read_claims(buffer_slice(&token), &c), 0);
        assert_true(text_is_utf8(slice_str(c.audience)));
        assert_true(strlen(c.audience) > sizeof(c.audience) - 5);
        buffer_free(&token);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(assume_role_by_code),
            cmocka_unit_test(assume_role_by_what_was_sent),
            cmocka_unit_test(web_identity_tells_the_claims),
            cmocka_unit_test(create_session_by_code),
            cmocka_unit_test(claims),
            cmocka_unit_test(long_claims_are_cut_between_characters),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
