// SPDX-License-Identifier: Apache-2.0
// The library's calls against a scripted agent in a process of its own. Answers are read whole, and byte by byte with
// interruptions.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "clients/c/keyfob.h"
#include "tests/torture/torture.h"
#include "tests/unit/client/agent.h"

#define CREDENTIALS                                                                                                    \
        "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"CANARY-secret\",\"SessionToken\":"       \
        "\"CANARY-token\","                                                                                            \
        "\"Expiration\":\"2026-09-01T12:00:00Z\"}"
#define SIGNATURE                                                                                                      \
        "{\"headers\":{\"authorization\":\"AWS4-HMAC-SHA256 x\",\"x-amz-date\":\"20260901T120000Z\"},"                 \
        "\"signed_headers\":\"host\"}"
#define LOGIN "{\"kind\":\"sso\",\"state\":\"pending\",\"verification_uri\":\"https://x/\",\"user_code\":\"AB-CD\"}"
#define PROBLEM "{\"code\":\"scope_denied\",\"detail\":\"no\",\"hint\":\"ask\",\"status\":403}"

enum call { CALL_CREDENTIALS, CALL_SIGN, CALL_LOGIN, CALL_REQUEST };

struct client_case {
        enum call call;
        struct agent_step step;
        enum keyfob_status status; // without failures
        bool is_short;
};

static enum keyfob_status get(struct keyfob_client *client, struct keyfob_error *error)
{
        struct keyfob_credentials c;
        enum keyfob_status status = keyfob_get_credentials(client, "a b", &c, error);
        if (status == KEYFOB_OK) {
                assert_string_equal(c.access_key_id, "ASIAEXAMPLE");
                assert_string_equal(c.secret_access_key, "CANARY-secret");
                assert_string_equal(c.session_token, "CANARY-token");
        } else {
                assert_null(c.memory);
        }
        keyfob_credentials_clear(&c);
        return status;
}

static enum keyfob_status sign(struct keyfob_client *client, struct keyfob_error *error)
{
        const struct keyfob_header headers[] = {{"content-type", "a\"b"}};
        const struct keyfob_sign_request request = {.method = "POST",
                                                    .url = "https://sts.us-east-1.amazonaws.com/",
                                                    .headers = headers,
                                                    .headers_count = 1,
                                                    .payload = "hello",
                                                    .payload_size = 5};
        struct keyfob_signature s;
        enum keyfob_status status = keyfob_sign(client, "a", &request, &s, error);
        if (status == KEYFOB_OK) {
                assert_int_equal(s.headers_count, 2);
                assert_string_equal(s.headers[0].name, "authorization");
                assert_string_equal(s.headers[1].value, "20260901T120000Z");
        } else {
                assert_null(s.memory);
        }
        keyfob_signature_clear(&s);
        return status;
}

static enum keyfob_status log_in(struct keyfob_client *client, struct keyfob_error *error)
{
        struct keyfob_login login;
        enum keyfob_status status = keyfob_login_begin(client, "a", NULL, &login, error);
        if (status == KEYFOB_OK) {
                assert_int_equal(login.state, KEYFOB_LOGIN_PENDING);
                assert_string_equal(login.verification_uri, "https://x/");
                assert_string_equal(login.user_code, "AB-CD");
        }
        return status;
}

static enum keyfob_status call(const struct client_case *c, struct keyfob_client *client, struct keyfob_error *error)
{
        struct keyfob_response response;
        if (c->call == CALL_CREDENTIALS)
                return get(client, error);
        if (c->call == CALL_SIGN)
                return sign(client, error);
        if (c->call == CALL_LOGIN)
                return log_in(client, error);
        return keyfob_request(client, "POST", "/v1/profiles/a/login", "{}", &response, error);
}

// Each call has an agent of its own.
static enum keyfob_status call_once(const struct client_case *c, bool with_torture, struct keyfob_error *error)
{
        struct agent agent;
        enum keyfob_status status = KEYFOB_NO_MEMORY;
        agent_start(&agent, &c->step, 1);
        const struct keyfob_options options = {.socket = agent.path, .timeout_ms = 60000};
        torture_short_reads(c->is_short);
        if (with_torture)
                torture_begin();
        struct keyfob_client *client = keyfob_connect(&options, error);
        if (client)
                status = call(c, client, error);
        torture_end();
        torture_short_reads(false);
        keyfob_disconnect(client);
        (void)kill(agent.pid, SIGKILL);
        (void)agent_end(&agent);
        agent_free(&agent);
        return status;
}

static bool client_round(const void *arg)
{
        const struct client_case *c = arg;
        struct keyfob_error error;
        enum keyfob_status status = call_once(c, true, &error);
        if (status != c->status && (status != KEYFOB_NO_MEMORY || error.status != KEYFOB_NO_MEMORY))
                fail_msg("status %d: %s", (int)status, error.detail);
        if (status == KEYFOB_REFUSED && !torture_has_struck())
                assert_string_equal(error.code, "scope_denied");
        return status == c->status;
}

int main(void)
{
        static const struct client_case
            credentials = {CALL_CREDENTIALS, {OK_HEAD, AGENT_HANG, 0, CREDENTIALS, 0}, KEYFOB_OK, false},
            slowly = {CALL_CREDENTIALS, {OK_HEAD, AGENT_HANG, 0, CREDENTIALS, 0}, KEYFOB_OK, true},
            signature = {CALL_SIGN, {OK_HEAD, AGENT_HANG, 0, SIGNATURE, 0}, KEYFOB_OK, false},
            login = {CALL_LOGIN, {OK_HEAD, AGENT_HANG, 0, LOGIN, 0}, KEYFOB_OK, false},
            refusal = {CALL_REQUEST, {"HTTP/1.1 403 Forbidden\r\n", AGENT_HANG, 0, PROBLEM, 0}, KEYFOB_REFUSED, false};
        static const struct torture_row rows[] = {
            {.name = "credentials", .round = client_round, .arg = &credentials},
            {.name = "credentials, byte by byte", .round = client_round, .arg = &slowly},
            {.name = "signature", .round = client_round, .arg = &signature},
            {.name = "login", .round = client_round, .arg = &login},
            // without memory for the body it still reports the HTTP status
            {.name = "refusal", .round = client_round, .arg = &refusal, .survives = true},
        };
        return torture_main(rows, LENGTH(rows));
}
