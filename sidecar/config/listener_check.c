// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/listener_check.h"

#include "proto/mem/length.h"

static bool has(const struct reader *r, size_t node, const char *key)
{
        return json_get(r->doc, node, slice_str(key)) != JSON_NONE;
}

static int refuse_key(struct reader *r, size_t node, const char *key, const char *who)
{
        reader_fail(r, reader_at(r, node, key), "found \"%s\", which only %s has", key, who);
        return error_hint(r->e, "remove \"%s\"", key);
}

static int check_unix(struct reader *r, size_t node, const struct listener_settings *l)
{
        static const char *const of_tcp[] = {"allow_remote", "authorization_token_file"};
        for (size_t i = 0; i < LENGTH(of_tcp); i++)
                if (has(r, node, of_tcp[i]))
                        return refuse_key(r, node, of_tcp[i], "a listener with \"tcp\"");
        if (!(l->apis & LISTENER_IMDS))
                return 0;
        reader_fail(r, reader_at(r, node, "api"), "found \"imds\", which is served over TCP only");
        return error_hint(r->e, "make a listener with \"tcp\" for it: no SDK connects to a Unix socket");
}

// What health shows is no secret, and those who ask for it are often on other hosts.
bool listener_may_be_remote(const struct listener_settings *l)
{
        return l->allow_remote || (l->apis & ~(unsigned)LISTENER_HEALTH) == 0;
}

// Over TCP the token is what callers of `container` prove themselves with; its file may have a group.
static int check_token(struct reader *r, size_t node, const struct listener_settings *l)
{
        bool has_file = has(r, node, "authorization_token_file");
        if (has_file && !(l->apis & LISTENER_CONTAINER))
                return refuse_key(r, node, "authorization_token_file", "a listener for \"container\"");
        if (!has_file && has(r, node, "group"))
                return refuse_key(r, node, "group", "a Unix socket, or a listener with \"authorization_token_file\"");
        if (has_file || !(l->apis & LISTENER_CONTAINER))
                return 0;
        reader_fail(r, node, "found no \"authorization_token_file\", which \"container\" needs over TCP");
        return error_hint(r->e, "set the path of a file; the agent creates it if it does not exist");
}

// Clients of `imds` append the name to a path as it is.
static int check_role(struct reader *r, size_t node, const struct listener_settings *l)
{
        if (!(l->apis & LISTENER_IMDS))
                return 0;
        if (!has(r, node, "profile")) {
                reader_fail(r, node, "found no \"profile\", which \"imds\" needs");
                return error_hint(r->e, "set the name of the profile whose credentials it serves");
        }
        if (!l->profile || slice_find(slice_str(l->profile), ' ') == strlen(l->profile))
                return 0;
        reader_expected(r, reader_at(r, node, "profile"), "a name without spaces, as \"imds\" serves it");
        return error_hint(r->e, "rename the profile");
}

static int check_tcp(struct reader *r, size_t node, const struct listener_settings *l)
{
        static const char *const of_sockets[] = {"mode", "any_time"};
        for (size_t i = 0; i < LENGTH(of_sockets); i++)
                if (has(r, node, of_sockets[i]))
                        return refuse_key(r, node, of_sockets[i], "a Unix socket");
        if (!has(r, node, "api")) {
                reader_fail(r, node, "found no \"api\", which a listener with \"tcp\" needs");
                return error_hint(r->e, "add \"api\": [\"container\"], [\"imds\"] or [\"health\"]; the native API is "
                                        "served on Unix sockets only");
        }
        if (l->apis & LISTENER_NATIVE) {
                reader_fail(r, reader_at(r, node, "api"), "found \"native\", which is served on Unix sockets only");
                return error_hint(r->e, "remove it: on a Unix socket the kernel tells who asks, over TCP it does not");
        }
        if (check_token(r, node, l) < 0 || check_role(r, node, l) < 0)
                return -1;
        bool is_known = l->tcp.socket.any.sa_family != AF_UNSPEC;
        if (is_known && !inet_address_is_loopback(&l->tcp) && !listener_may_be_remote(l)) {
                reader_expected(r, reader_at(r, node, "tcp"),
                                "a loopback address, or \"allow_remote\": true beside it");
                return error_hint(r->e, "listen on 127.0.0.1 or [::1], so that no other host gets an answer");
        }
        return 0;
}

int listener_check(struct reader *r, size_t node, const struct listener_settings *l)
{
        bool has_unix = has(r, node, "unix");
        bool has_tcp = has(r, node, "tcp");
        if (has_unix && has_tcp) {
                reader_fail(r, node, "found both \"unix\" and \"tcp\"");
                return error_hint(r->e, "make two listeners of it");
        }
        if (!has_unix && !has_tcp) {
                reader_fail(r, node, "found neither \"unix\" nor \"tcp\", one of which a listener needs");
                return error_hint(r->e, "add \"unix\" with the path of the socket, or \"tcp\" with address and port");
        }
        if (has(r, node, "profile") && !(l->apis & (LISTENER_NATIVE | LISTENER_CONTAINER | LISTENER_IMDS)))
                return refuse_key(r, node, "profile", "a listener for \"container\" or \"imds\"");
        return has_unix ? check_unix(r, node, l) : check_tcp(r, node, l);
}
