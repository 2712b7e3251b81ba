// SPDX-License-Identifier: Apache-2.0
// A provider that does as it is told.
#ifndef TESTS_UNIT_SERVER_SCRIPTED_H
#define TESTS_UNIT_SERVER_SCRIPTED_H

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/providers/provider.h"
#include "tests/unit/unit.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN "IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars=="

enum script { SCRIPT_GIVE, SCRIPT_FAIL, SCRIPT_HANG };

struct fake_provider {
        struct provider base;
        struct scripted *script;
        uv_timer_t timer;
        bool is_cancelled;
};

struct scripted {
        enum script script;
        int64_t life_s; // 0: they never expire
        const char *access_key_id, *token;
        struct error error; // with SCRIPT_FAIL
        unsigned starts;
        struct fake_provider *provider;
        struct uv_loop_s *loop;
        const struct clock *clock;
};

static inline struct credentials *script_credentials(const struct scripted *s)
{
        int64_t now_s = s->clock->wall_ms(s->clock->context) / 1000;
        struct credentials fields = {.access_key_id = slice_str(s->access_key_id),
                                     .secret_access_key = SLICE(SECRET),
                                     .session_token = slice_str(s->token),
                                     .issued_s = now_s,
                                     .expires_s = s->life_s ? now_s + s->life_s : CREDENTIALS_NEVER_EXPIRE};
        struct credentials *c = credentials_new(&fields);
        assert_non_null(c);
        return c;
}

static inline void fake_finish(uv_timer_t *timer)
{
        struct fake_provider *p = timer->data;
        struct error cancelled = {.kind = ERROR_CANCELLED, .message = "cancelled"};
        if (p->is_cancelled)
                provider_finish(&p->base, NULL, &cancelled);
        else if (p->script->script == SCRIPT_GIVE)
                provider_finish(&p->base, script_credentials(p->script), NULL);
        else
                provider_finish(&p->base, NULL, &p->script->error);
}

static inline int fake_start(struct provider *base, struct error *e)
{
        struct fake_provider *p = (struct fake_provider *)base;
        (void)e;
        p->script->starts++;
        p->is_cancelled = false;
        if (p->script->script != SCRIPT_HANG)
                uv_timer_start(&p->timer, fake_finish, 0, 0);
        return 0;
}

static inline void fake_cancel(struct provider *base)
{
        struct fake_provider *p = (struct fake_provider *)base;
        p->is_cancelled = true;
        uv_timer_start(&p->timer, fake_finish, 0, 0);
}

static inline void fake_gone(uv_handle_t *handle)
{
        free(handle->data);
}

static inline void fake_destroy(struct provider *base)
{
        struct fake_provider *p = (struct fake_provider *)base;
        p->script->provider = NULL;
        uv_close((uv_handle_t *)&p->timer, fake_gone);
}

// An error as STS gives it, with all that an upstream can tell.
static inline struct error denied_by_sts(void)
{
        struct error e;
        error_set(&e, ERROR_DENIED, "STS AssumeRole: not authorized");
        error_hint(&e, "check the trust policy");
        snprintf(e.upstream.service, sizeof(e.upstream.service), "sts");
        snprintf(e.upstream.code, sizeof(e.upstream.code), "AccessDenied");
        snprintf(e.upstream.message, sizeof(e.upstream.message), "User is \"not\" authorized");
        snprintf(e.upstream.request_id, sizeof(e.upstream.request_id), "req-1");
        e.upstream.status = 403;
        return e;
}

// Ends a call that hangs, by the script as it is now.
static inline void script_release(struct scripted *s)
{
        assert_non_null(s->provider);
        uv_timer_start(&s->provider->timer, fake_finish, 0, 0);
}

static inline struct provider *fake_new(struct scripted *s)
{
        static const struct provider_ops ops = {.start = fake_start, .cancel = fake_cancel, .destroy = fake_destroy};
        struct fake_provider *p = calloc(1, sizeof(*p));
        assert_non_null(p);
        p->base.ops = &ops;
        p->script = s;
        s->provider = p;
        uv_timer_init(s->loop, &p->timer);
        p->timer.data = p;
        return &p->base;
}

#endif
