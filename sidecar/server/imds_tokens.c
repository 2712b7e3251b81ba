// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/imds_tokens.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "proto/mem/secret.h"
#include "proto/mem/text.h"

enum { PLACE_DIGITS = 4, RANDOM_SIZE = (IMDS_TOKEN_SIZE - 1 - PLACE_DIGITS) / 2 };

struct issued {
        uint8_t random[RANDOM_SIZE];
        int64_t ends_ms; // 0: free
        uint64_t number; // counts those that were issued
        uid_t uid;
};

struct imds_tokens {
        struct issued places[IMDS_TOKENS_MAX];
        uint64_t issued;
};

struct imds_tokens *imds_tokens_new(void)
{
        return secret_alloc(sizeof(struct imds_tokens));
}

void imds_tokens_free(struct imds_tokens *t)
{
        secret_release(t, sizeof(*t));
}

// The place for a new token of the uid: a free one, or that of its oldest token where it has its share. NULL: none.
static struct issued *choose(struct imds_tokens *t, uid_t uid, int64_t now_ms)
{
        struct issued *unused = NULL, *oldest = NULL;
        size_t all = 0, own = 0;
        for (size_t i = 0; i < IMDS_TOKENS_MAX; i++) {
                struct issued *p = &t->places[i];
                if (p->ends_ms <= now_ms) {
                        unused = p;
                        continue;
                }
                all++;
                if (p->uid != uid)
                        continue;
                own++;
                if (!oldest || p->number < oldest->number)
                        oldest = p;
        }
        bool has_share = own + 1 <= IMDS_TOKENS_MAX - all;
        return unused && has_share ? unused : oldest;
}

int imds_tokens_issue(struct imds_tokens *t, uid_t uid, int64_t now_ms, int64_t ends_ms, char out[IMDS_TOKEN_SIZE])
{
        uint8_t random[RANDOM_SIZE];
        struct issued *p = choose(t, uid, now_ms);
        if (!p || getrandom(random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
                return -1;
        *p = (struct issued){.ends_ms = ends_ms, .number = t->issued++, .uid = uid};
        memcpy(p->random, random, sizeof(random));
        (void)snprintf(out, PLACE_DIGITS + 1, "%04x", (unsigned)(p - t->places));
        text_hex_encode(slice_of(random, sizeof(random)), out + PLACE_DIGITS);
        out[IMDS_TOKEN_SIZE - 1] = '\0';
        explicit_bzero(random, sizeof(random));
        return 0;
}

bool imds_tokens_check(const struct imds_tokens *t, uid_t uid, int64_t now_ms, struct slice token)
{
        uint8_t place[PLACE_DIGITS / 2];
        uint8_t random[RANDOM_SIZE];
        if (token.n != IMDS_TOKEN_SIZE - 1 || text_hex_decode(slice_head(token, PLACE_DIGITS), place) < 0 ||
            text_hex_decode(slice_from(token, PLACE_DIGITS), random) < 0)
                return false;
        size_t i = (size_t)place[0] << 8 | place[1];
        if (i >= IMDS_TOKENS_MAX)
                return false;
        const struct issued *p = &t->places[i];
        bool is_same = slice_eq_constant_time(slice_of(p->random, sizeof(p->random)), slice_of(random, sizeof(random)));
        explicit_bzero(random, sizeof(random));
        return is_same && p->ends_ms > now_ms && p->uid == uid;
}
