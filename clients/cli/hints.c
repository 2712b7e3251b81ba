// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/hints.h"

#include <stdio.h>
#include <string.h>

#include "proto/mem/length.h"

// Of several that begin at the same place, the first counts.
static const struct {
        const char *api, *command;
} phrases[] = {
    {"ask again, or wait longer with ?wait=SECONDS (at most 60)",
     "run `keyfob wait --timeout 60s` first, or ask again"},
    {"ask for the profile's state, or wait longer with ?wait=SECONDS (at most 60)",
     "run `keyfob status`, or `keyfob wait --timeout 60s`"},
    {"give \"service\" and \"region\" in the request", "give --service and --region"},
    {"GET /v1/profiles lists the profiles", "run `keyfob status` to list the profiles"},
    {"GET /v1/profiles shows the state and the last error of each", "run `keyfob status`"},
    {"GET the same path for its progress", "run `keyfob status` for its progress"},
    {"send {\"token_code\": \"123456\"} for an MFA device, else {}", "enter the six digits that the device shows"},
    {"to sign a large payload, send its hash as payload_sha256",
     "sign large payloads by their hash, over the socket: payload_sha256"},
    {"give payload_sha256, payload (base64) or payload_text; for an empty body \"payload_text\": \"\"",
     "give the payload with -d; for an empty body -d ''"},
    {"give \"region\" in the request", "give --region"},
    {"\"token_code\"", "the code"},
    {"\"expires_in\"", "--expires-in"},
    {"\"cluster_name\"", "--cluster-name"},
    {"\"cluster_id\"", "--cluster-id"},
    {"\"hostname\"", "--hostname"},
    {"\"username\"", "--username"},
    {"\"replication_group_id\"", "--replication-group-id"},
    {"\"serverless_cache_name\"", "--serverless-cache-name"},
    {"\"user_id\"", "--user-id"},
    {"\"user_name\"", "--user-name"},
    {"\"action\"", "--action"},
    {"\"method\"", "METHOD"},
    {"\"headers\"", "-H"},
    {"\"url\"", "URL"},
    {"\"time\"", "--time"},
};

// How much of `text` the phrase that it begins with takes; 0: it begins with none.
static size_t find(const char *text, const char **ret)
{
        for (size_t i = 0; i < LENGTH(phrases); i++) {
                size_t n = strlen(phrases[i].api);
                if (strncmp(text, phrases[i].api, n) == 0) {
                        *ret = phrases[i].command;
                        return n;
                }
        }
        return 0;
}

void hints_translate(const char *text, char *out, size_t size)
{
        size_t used = 0;
        while (*text && used + 1 < size) {
                const char *command = NULL;
                size_t n = find(text, &command);
                if (n == 0) {
                        out[used++] = *text++;
                        continue;
                }
                int put = snprintf(out + used, size - used, "%s", command);
                used += (size_t)put < size - used ? (size_t)put : size - used - 1;
                text += n;
        }
        out[used] = '\0';
}
