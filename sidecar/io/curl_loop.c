// SPDX-License-Identifier: Apache-2.0
// Loop thread only. Every call that may end transfers is followed by reading libcurl's queue of ended ones, also a call
// from the timer: libcurl reports transfers that have timed out only there.
#include "sidecar/io/curl_loop.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <uv.h>

struct watch {
        uv_poll_t poll;
        LIST_ENTRY(watch) link;
        struct curl_loop *bridge;
        curl_socket_t fd;
        bool is_reading;
};

struct curl_loop {
        uv_loop_t *loop;
        CURLM *multi;
        struct curl_loop_events events;
        uv_timer_t timer;
        LIST_HEAD(, watch) watches;
        CURL *starved; // out of memory for watching its socket; only the last such transfer: others end at their
                       // deadlines
        unsigned open; // handles that libuv still knows
        void (*closed)(void *arg);
        void *closed_arg;
        bool is_closing;
};

static void *transfer_of(CURL *easy)
{
        void *transfer = NULL;
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
        return transfer;
}

static void drain(struct curl_loop *bridge)
{
        CURLMsg *message;
        int left;
        while ((message = curl_multi_info_read(bridge->multi, &left)) != NULL) {
                CURLcode rc = message->data.result; // copied: `ended` may remove the handle, and with it the message
                if (message->msg == CURLMSG_DONE)
                        bridge->events.ended(transfer_of(message->easy_handle), rc);
        }
}

// Ends the transfer that would otherwise wait for its deadline. on_socket() may not end it itself.
static void end_starved(struct curl_loop *bridge)
{
        CURL *easy = bridge->starved;
        bridge->starved = NULL;
        if (easy)
                bridge->events.ended(transfer_of(easy), CURLE_OUT_OF_MEMORY);
}

static void act(struct curl_loop *bridge, curl_socket_t fd, int events)
{
        int running;
        // If this fails, the affected transfers are in the queue.
        (void)curl_multi_socket_action(bridge->multi, fd, events, &running);
        drain(bridge);
        end_starved(bridge);
}

// --- sockets ---

static void handle_gone(struct curl_loop *bridge)
{
        if (--bridge->open > 0)
                return;
        void (*closed)(void *) = bridge->closed;
        void *arg = bridge->closed_arg;
        free(bridge);
        if (closed)
                closed(arg);
}

static void watch_closed(uv_handle_t *handle)
{
        struct watch *watch = handle->data;
        struct curl_loop *bridge = watch->bridge;
        free(watch);
        handle_gone(bridge);
}

static void watch_close(struct watch *watch)
{
        LIST_REMOVE(watch, link);
        uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

static void watch_due(uv_poll_t *poll, int status, int events)
{
        struct watch *watch = poll->data;
        int flags = status < 0 ? CURL_CSELECT_ERR : 0;
        if (events & UV_READABLE)
                flags |= CURL_CSELECT_IN;
        if (events & UV_WRITABLE)
                flags |= CURL_CSELECT_OUT;
        act(watch->bridge, watch->fd, flags);
}

static struct watch *watch_new(struct curl_loop *bridge, curl_socket_t fd)
{
        struct watch *watch = calloc(1, sizeof(*watch));
        if (!watch)
                return NULL;
        if (uv_poll_init_socket(bridge->loop, &watch->poll, fd) < 0) {
                free(watch);
                return NULL;
        }
        watch->poll.data = watch;
        watch->bridge = bridge;
        watch->fd = fd;
        bridge->open++;
        LIST_INSERT_HEAD(&bridge->watches, watch, link);
        (void)curl_multi_assign(bridge->multi, fd, watch);
        return watch;
}

static void set_reading(struct watch *watch, CURL *easy, bool is_reading)
{
        if (watch->is_reading == is_reading)
                return;
        watch->is_reading = is_reading;
        if (transfer_of(easy)) // not for libcurl's internal handles
                watch->bridge->events.reads(transfer_of(easy), is_reading);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
        struct curl_loop *bridge = context;
        struct watch *watch = assigned;
        bool is_end = what == CURL_POLL_REMOVE;
        int events = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? UV_READABLE : 0) |
                     (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? UV_WRITABLE : 0);
        if (!watch && !is_end)
                watch = watch_new(bridge, fd);
        if (!watch) {
                // Returning a failure would end all transfers of this bridge.
                if (!is_end)
                        bridge->starved = easy;
                return 0;
        }
        set_reading(watch, easy, events & UV_READABLE);
        if (is_end)
                watch_close(watch);
        else if (events)
                (void)uv_poll_start(&watch->poll, events, watch_due);
        else
                (void)uv_poll_stop(&watch->poll);
        return 0;
}

// --- the timer ---

static void timer_due(uv_timer_t *timer)
{
        act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
        struct curl_loop *bridge = context;
        (void)multi;
        if (bridge->is_closing)
                return 0;
        if (timeout_ms < 0) {
                (void)uv_timer_stop(&bridge->timer);
                return 0;
        }
        uv_update_time(bridge->loop); // else the timer would count from an old time
        (void)uv_timer_start(&bridge->timer, timer_due, (uint64_t)timeout_ms, 0);
        return 0;
}

// --- set-up and clean-up ---

struct curl_loop *curl_loop_new(struct uv_loop_s *loop, unsigned idle_max, const struct curl_loop_events *events)
{
        struct curl_loop *bridge = calloc(1, sizeof(*bridge));
        if (!bridge)
                return NULL;
        bridge->multi = curl_multi_init();
        if (!bridge->multi) {
                free(bridge);
                return NULL;
        }
        bridge->loop = loop;
        bridge->events = *events;
        bridge->timer.data = bridge;
        bridge->open = 1;
        LIST_INIT(&bridge->watches);
        (void)uv_timer_init(loop, &bridge->timer); // cannot fail
        (void)curl_multi_setopt(bridge->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        (void)curl_multi_setopt(bridge->multi, CURLMOPT_SOCKETDATA, bridge);
        (void)curl_multi_setopt(bridge->multi, CURLMOPT_TIMERFUNCTION, on_timer);
        (void)curl_multi_setopt(bridge->multi, CURLMOPT_TIMERDATA, bridge);
        (void)curl_multi_setopt(bridge->multi, CURLMOPT_MAXCONNECTS, (long)idle_max);
        (void)curl_multi_setopt(bridge->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
        return bridge;
}

int curl_loop_add(struct curl_loop *bridge, CURL *easy)
{
        return curl_multi_add_handle(bridge->multi, easy) == CURLM_OK ? 0 : -1;
}

void curl_loop_remove(struct curl_loop *bridge, CURL *easy)
{
        (void)curl_multi_remove_handle(bridge->multi, easy);
        if (bridge->starved == easy)
                bridge->starved = NULL;
}

static void timer_closed(uv_handle_t *handle)
{
        handle_gone(handle->data);
}

void curl_loop_close(struct curl_loop *bridge, void (*closed)(void *arg), void *arg)
{
        bridge->is_closing = true;
        bridge->closed = closed;
        bridge->closed_arg = arg;
        (void)curl_multi_cleanup(bridge->multi); // may still call on_socket()
        while (!LIST_EMPTY(&bridge->watches))
                watch_close(LIST_FIRST(&bridge->watches));
        uv_close((uv_handle_t *)&bridge->timer, timer_closed);
}
