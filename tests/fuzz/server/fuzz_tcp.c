// SPDX-License-Identifier: Apache-2.0
// The container endpoint and the metadata service on one TCP listener: world.h says what the input does, and 0xff 'T'
// sends the session token that came last. Invariant beside those: no secret for a peer that has shown neither token.
#include "sidecar/io/tcp_listen.h"
#include "sidecar/server/api_container.h"
#include "sidecar/server/api_imds.h"
#include "sidecar/server/imds_tokens.h"
#include "tests/fuzz/server/world.h"

#define PROOF "fuzz-authorization-token"

enum { SESSION_TOKEN_N = IMDS_TOKEN_SIZE - 1 };

static bool is_hex(uint8_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// The last run of digits in what was received that is as long as a session token; empty: there is none.
static struct slice session_token(const struct world *w)
{
        size_t run = 0;
        for (size_t i = w->received.n; i > 0; i--) {
                run = is_hex(w->received.p[i - 1]) ? run + 1 : 0;
                if (run == SESSION_TOKEN_N)
                        return slice_of(w->received.p + i - 1, SESSION_TOKEN_N);
        }
        return (struct slice){0};
}

static void send_token_or_act(struct world *w, uint8_t what)
{
        uint8_t copy[SESSION_TOKEN_N];
        if (what != 'T') {
                act(w, what);
                return;
        }
        for (int i = 0; i < 10 && session_token(w).n == 0; i++) { // it may be under way
                turn(w);
                while (receive(w))
                        ;
        }
        struct slice token = session_token(w);
        if (token.n == 0)
                return;
        memcpy(copy, token.p, token.n);
        send_all(w, slice_of(copy, token.n));
}

static int listen_on_loopback(void)
{
        struct inet_address at;
        struct error e;
        must(inet_address_parse(SLICE("127.0.0.1:0"), &at) == 0);
        int fd = tcp_listen_open(&at, &e);
        must(fd >= 0 && tcp_listen_limit_hops(fd, &e) == 0);
        return fd;
}

static bool has(struct slice bytes, const char *text)
{
        return bytes.n > 0 && memmem(bytes.p, bytes.n, text, strlen(text));
}

// What is sent, without what 0xff introduces; whether that includes a session token.
static bool sent(struct slice input, struct buffer *out)
{
        bool has_session_token = false;
        for (size_t i = 0; i < input.n; i++) {
                if (input.p[i] != ESCAPE)
                        must(buffer_put(out, slice_of(input.p + i, 1)) == 0);
                else if (++i < input.n && input.p[i] == 'T')
                        has_session_token = true;
        }
        return has_session_token;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct secret token = {(uint8_t *)PROOF, sizeof(PROOF) - 1};
        static const struct server_listener served = {
            .apis = {&api_container, &api_imds}, .apis_count = 2, .profile = "a", .token = &token};
        struct world w = {.fd = -1};
        struct buffer plain;
        if (!is_playable(slice_of(data, size)))
                return 0;
        buffer_init(&plain, INPUT_MAX);
        bool shows_token = sent(slice_of(data, size), &plain) || has(buffer_slice(&plain), PROOF);
        bool names_secret = has(buffer_slice(&plain), OPEN_SECRET);
        buffer_free(&plain);
        if (names_secret)
                return 0;
        set_up(&w, listen_on_loopback(), &served);
        run_world(&w, slice_of(data, size), send_token_or_act);
        must(shows_token || (!has(buffer_slice(&w.received), OPEN_SECRET) && !has(buffer_slice(&w.received), PROOF)));
        tear_down(&w);
        return 0;
}
