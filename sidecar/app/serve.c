// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/serve.h"

#include <stdio.h>
#include <unistd.h>

#include "proto/mem/length.h"
#include "sidecar/app/listeners.h"
#include "sidecar/app/token_files.h"
#include "sidecar/base/log.h"
#include "sidecar/io/tcp_listen.h"
#include "sidecar/server/api_container.h"
#include "sidecar/server/api_health.h"
#include "sidecar/server/api_imds.h"
#include "sidecar/server/api_native.h"
#include "sidecar/server/server.h"

enum { NAMES_SIZE = 64 };

static const struct {
        enum listener_api bit;
        const struct api *api;
} apis[] = {
    {LISTENER_NATIVE, &api_native},       {LISTENER_NATIVE, &api_container}, // /v1/container is part of it
    {LISTENER_CONTAINER, &api_container}, {LISTENER_IMDS, &api_imds},        {LISTENER_HEALTH, &api_health},
};

static bool has(const struct server_listener *l, const struct api *api)
{
        for (size_t i = 0; i < l->apis_count; i++)
                if (l->apis[i] == api)
                        return true;
        return false;
}

static void choose(const struct listener_settings *settings, struct server_listener *ret)
{
        for (size_t i = 0; i < LENGTH(apis); i++)
                if ((settings->apis & apis[i].bit) && !has(ret, apis[i].api))
                        ret->apis[ret->apis_count++] = apis[i].api;
}

static void write_names(unsigned bits, char out[NAMES_SIZE])
{
        size_t n = 0;
        out[0] = '\0';
        for (unsigned i = 0; listener_api_name(i); i++)
                if (bits & (1U << i))
                        n += (size_t)snprintf(out + n, NAMES_SIZE - n, "%s%s", n > 0 ? "," : "", listener_api_name(i));
}

static int serve_one(struct server *s, struct listeners *l, size_t i, const struct secret *token, const struct log *log,
                     struct error *e)
{
        const struct listener_settings *settings = listeners_get(l, i);
        struct inet_address at;
        char where[INET_ADDRESS_SIZE], names[NAMES_SIZE];
        int fd = listeners_take(l, i);
        const char *path = listeners_is_activated(l, i) ? NULL : settings->unix_path;
        const char *name = path ? path : "activated";
        if (inet_address_of_socket(fd, &at) == 0) { // with the port that it got
                inet_address_write(&at, where);
                name = where;
        }
        struct server_listener options = {
            .path = path, .profile = settings->profile, .token = token, .any_time = settings->any_time};
        choose(settings, &options);
        write_names(settings->apis, names);
        if ((settings->apis & LISTENER_IMDS) && tcp_listen_limit_hops(fd, e) < 0) {
                close(fd);
                return error_context(e, "%s", name);
        }
        if (server_listen(s, fd, &options, e) < 0)
                return error_context(e, "%s", name);
        LOG_EVENT(log, LOG_LEVEL_INFO, "listening", LOG_STR("socket", name), LOG_STR("api", names));
        return 0;
}

int serve_all(struct server *s, struct listeners *l, const struct token_files *tokens, const struct log *log,
              struct error *e)
{
        for (size_t i = 0; i < listeners_count(l); i++)
                if (serve_one(s, l, i, token_files_get(tokens, i), log, e) < 0)
                        return -1;
        return 0;
}
