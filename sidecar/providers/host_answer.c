// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/host_answer.h"

#include "proto/mem/length.h"

#define HINT_FOREIGN "check the address: something other than AWS's own endpoint may have answered"
#define HINT_STALE                                                                                                     \
        "check this host's clock (NTP): by it, AWS has not renewed the credentials there; the agent asks again by "    \
        "itself and never serves expired ones"

const struct answer_terms host_answer_container = {
    .subject = "the container endpoint's answer",
    .session_token = "Token",
    .wrong = ERROR_PROTOCOL,
    .wrong_hint = HINT_FOREIGN,
    .expired = ERROR_TRANSIENT,
    .expired_hint = HINT_STALE,
};

const struct answer_terms host_answer_imds = {
    .subject = "the instance metadata's answer",
    .session_token = "Token",
    .wrong = ERROR_PROTOCOL,
    .wrong_hint = HINT_FOREIGN,
    .expired = ERROR_TRANSIENT,
    .expired_hint = HINT_STALE,
};

const struct answer_terms host_answer_process = {
    .subject = "the command's output",
    .wrong = ERROR_PROTOCOL,
    .wrong_hint = "let the command print one JSON object and nothing else: {\"Version\": 1, \"AccessKeyId\": …, "
                  "\"SecretAccessKey\": …, \"SessionToken\": …, \"Expiration\": \"2027-01-01T00:00:00Z\"}",
    .expired = ERROR_TRANSIENT,
    .expired_hint = "check what the command caches, and this host's clock: it must print credentials that are still "
                    "valid",
};

int host_answer_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"AccessKeyId", ANSWER_FIELD(access_key_id), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"SecretAccessKey", ANSWER_FIELD(secret_access_key), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"Token", ANSWER_FIELD(session_token), MEMBER_TEXT, MEMBER_OPTIONAL}, // AWS's own name
            {"SessionToken", ANSWER_FIELD(session_token), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"Expiration", ANSWER_FIELD(expiration), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"AccountId", ANSWER_FIELD(account_id), MEMBER_TEXT, MEMBER_INFORMATION},
            {"RoleArn", ANSWER_FIELD(assumed_role_arn), MEMBER_TEXT, MEMBER_INFORMATION},
        };
        return answer_read_json(body, rules, LENGTH(rules), scratch, ret, e);
}

static int read_agent_error(struct slice text, struct answer *ret)
{
        static const char fault[] = ", fault:";
        text = slice_trim(text);
        size_t open = slice_find(text, '(');
        size_t close = slice_find(text, ')');
        if (!slice_starts_with(text, SLICE("[")) || close == text.n || open >= close)
                return -1;
        struct slice message = slice_from(text, close + 1);
        if (slice_starts_with(message, SLICE(":")))
                message = slice_trim(slice_from(message, 1));
        const uint8_t *end = message.n > 0 ? memmem(message.p, message.n, fault, sizeof(fault) - 1) : NULL;
        ret->code = slice_head(slice_from(text, open + 1), close - open - 1);
        ret->message = end ? slice_head(message, (size_t)(end - message.p)) : message;
        return 0;
}

int host_answer_read_container(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        return host_answer_read(body, scratch, ret, e) == 0 || read_agent_error(body, ret) == 0 ? 0 : -1;
}

int host_answer_read_output(struct slice text, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"AccessKeyId", ANSWER_FIELD(access_key_id), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"SecretAccessKey", ANSWER_FIELD(secret_access_key), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"SessionToken", ANSWER_FIELD(session_token), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"Expiration", ANSWER_FIELD(expiration), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"AccountId", ANSWER_FIELD(account_id), MEMBER_TEXT, MEMBER_INFORMATION},
            {"Version", ANSWER_FIELD(version), MEMBER_NUMBER, MEMBER_OPTIONAL},
        };
        if (answer_read_json(text, rules, LENGTH(rules), scratch, ret, e) < 0)
                return -1;
        return ret->version == 1 ? 0 : error_set(e, ERROR_PROTOCOL, "Version is not the number 1");
}
