// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/provider.h"

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/wire/credentials.h"
#include "sidecar/config/settings.h"
#include "tests/unit/unit.h"

struct fake {
        struct provider base;
        bool refuses, destroyed;
        unsigned cancels;
};

struct heard {
        unsigned calls;
        struct credentials *c;
        enum error_kind kind;
        struct provider *again, *free;
};

static int fake_start(struct provider *p, struct error *e)
{
        return ((struct fake *)p)->refuses ? error_set(e, ERROR_CONFIG, "refused") : 0;
}

static void fake_cancel(struct provider *p)
{
        struct error e;
        ((struct fake *)p)->cancels++;
        (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        provider_finish(p, NULL, &e);
}

static void fake_destroy(struct provider *p)
{
        ((struct fake *)p)->destroyed = true;
}

static const struct provider_ops fake_ops = {.start = fake_start, .cancel = fake_cancel, .destroy = fake_destroy};

static void hear(void *arg, struct credentials *c, const struct error *e)
{
        struct heard *h = arg;
        h->calls++;
        h->c = c;
        h->kind = e ? e->kind : ERROR_NONE;
        struct provider *again = h->again;
        h->again = NULL;
        if (again)
                assert_int_equal(provider_start(again, hear, h, NULL), 0);
        if (h->free)
                provider_free(h->free);
}

static void finish_with_error(struct provider *p)
{
        struct error e;
        (void)error_set(&e, ERROR_DENIED, "no");
        provider_finish(p, NULL, &e);
}

static void refused_start_never_completes(void **state)
{
        (void)state;
        struct fake f = {.base.ops = &fake_ops, .refuses = true};
        struct heard h = {0};
        struct error e = {0};
        assert_int_equal(provider_start(&f.base, hear, &h, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_int_equal(h.calls, 0);
        provider_cancel(&f.base); // nothing is running
        assert_int_equal(f.cancels, 0);
        f.refuses = false;
        assert_int_equal(provider_start(&f.base, hear, &h, &e), 0);
        finish_with_error(&f.base);
        assert_int_equal(h.calls, 1);
}

static void completes_once_with_what_it_got(void **state)
{
        (void)state;
        struct fake f = {.base.ops = &fake_ops};
        struct heard h = {0};
        struct credentials c;
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        assert_int_equal(h.calls, 0);
        provider_finish(&f.base, &c, NULL);
        assert_int_equal(h.calls, 1);
        assert_ptr_equal(h.c, &c);
        assert_int_equal(h.kind, ERROR_NONE);
}

// What a call brings after it was cancelled is nobody's.
static void credentials_that_come_after_a_cancellation_are_released(void **state)
{
        (void)state;
        static const struct provider_ops ops = {.start = fake_start, .destroy = fake_destroy};
        struct fake f = {.base.ops = &ops};
        struct heard h = {0};
        const struct credentials fields = {.access_key_id = SLICE("A"), .secret_access_key = SLICE("S")};
        struct credentials *c = credentials_new(&fields);
        assert_non_null(c);
        credentials_ref(c);
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        provider_cancel(&f.base); // it has nothing to end: it goes on
        assert_int_equal(h.calls, 0);
        provider_finish(&f.base, c, NULL);
        assert_int_equal(h.calls, 1);
        assert_null(h.c);
        assert_int_equal(h.kind, ERROR_CANCELLED);
        assert_int_equal(c->references, 1);
        credentials_unref(c);
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        finish_with_error(&f.base); // which is not cancelled
        assert_int_equal(h.kind, ERROR_DENIED);
}

static void cancel_completes(void **state)
{
        (void)state;
        struct fake f = {.base.ops = &fake_ops};
        struct heard h = {0};
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        provider_cancel(&f.base);
        assert_int_equal(h.calls, 1);
        assert_int_equal(h.kind, ERROR_CANCELLED);
        provider_cancel(&f.base);
        assert_int_equal(f.cancels, 1);
}

static void may_start_again_from_its_completion(void **state)
{
        (void)state;
        struct fake f = {.base.ops = &fake_ops};
        struct heard h = {.again = &f.base};
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        finish_with_error(&f.base);
        assert_int_equal(h.calls, 1);
        finish_with_error(&f.base);
        assert_int_equal(h.calls, 2);
}

static void may_be_freed_from_its_completion(void **state)
{
        (void)state;
        struct fake f = {.base.ops = &fake_ops};
        struct heard h = {.free = &f.base};
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        finish_with_error(&f.base);
        assert_true(f.destroyed);
        provider_free(NULL);
}

// What a call under way still reads stays until its end, and nothing that came and went meanwhile.
static void changes_its_profile_between_calls(void **state)
{
        (void)state;
        struct settings settings[4];
        struct profile profiles[4];
        struct fake f = {.base = {.ops = &fake_ops, .profile = &profiles[0]}};
        struct heard h = {0};
        for (size_t i = 0; i < 4; i++) {
                settings[i] = (struct settings){.references = i == 0 ? 2 : 1}; // the test's, and the provider's
                profiles[i] = (struct profile){.settings = &settings[i]};
        }
        provider_set_profile(&f.base, &profiles[1]); // idle: at once
        assert_ptr_equal(f.base.profile, &profiles[1]);
        assert_int_equal(settings[0].references, 1);
        assert_int_equal(settings[1].references, 2);

        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0); // busy: at the end, and to the last one
        provider_set_profile(&f.base, &profiles[2]);
        provider_set_profile(&f.base, &profiles[3]);
        assert_ptr_equal(f.base.profile, &profiles[1]);
        assert_int_equal(settings[1].references, 2);
        assert_int_equal(settings[2].references, 1);
        assert_int_equal(settings[3].references, 2);
        h.again = &f.base; // which has it already
        finish_with_error(&f.base);
        assert_ptr_equal(f.base.profile, &profiles[3]);
        assert_int_equal(settings[1].references, 1);
        assert_int_equal(settings[3].references, 2);
        finish_with_error(&f.base);
        provider_free(&f.base);
        assert_int_equal(settings[3].references, 1);
}

static void finish_twice(void)
{
        struct fake f = {.base.ops = &fake_ops};
        struct heard h = {0};
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        finish_with_error(&f.base);
        finish_with_error(&f.base);
}

static int start_that_finishes(struct provider *p, struct error *e)
{
        (void)e;
        finish_with_error(p);
        return 0;
}

static void finish_inside_start(void)
{
        static const struct provider_ops ops = {
            .start = start_that_finishes, .cancel = fake_cancel, .destroy = fake_destroy};
        struct fake f = {.base.ops = &ops};
        struct heard h = {0};
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
}

static void start_twice(void)
{
        struct fake f = {.base.ops = &fake_ops};
        struct heard h = {0};
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
}

static void finish_with_nothing(void)
{
        struct fake f = {.base.ops = &fake_ops};
        struct heard h = {0};
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        provider_finish(&f.base, NULL, NULL);
}

static void free_while_running(void)
{
        struct fake f = {.base.ops = &fake_ops};
        struct heard h = {0};
        assert_int_equal(provider_start(&f.base, hear, &h, NULL), 0);
        provider_free(&f.base);
}

// A broken contract stops the process.
static void breaches_abort(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                void (*breach)(void);
        } breaches[] = {
            {"finish twice", finish_twice},
            {"finish inside start", finish_inside_start},
            {"start twice", start_twice},
            {"finish with nothing", finish_with_nothing},
            {"free while running", free_while_running},
        };
        for (size_t i = 0; i < LENGTH(breaches); i++) {
                pid_t child = fork();
                assert_true(child >= 0);
                if (child == 0) {
                        const struct rlimit no_core = {0, 0};
                        (void)setrlimit(RLIMIT_CORE, &no_core);
                        (void)signal(SIGABRT, SIG_DFL);
                        (void)close(STDERR_FILENO);
                        breaches[i].breach();
                        _exit(0);
                }
                int status = 0;
                assert_int_equal(waitpid(child, &status, 0), child);
                if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
                        fail_msg("%s: not stopped", breaches[i].name);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(refused_start_never_completes),
            cmocka_unit_test(completes_once_with_what_it_got),
            cmocka_unit_test(cancel_completes),
            cmocka_unit_test(credentials_that_come_after_a_cancellation_are_released),
            cmocka_unit_test(may_start_again_from_its_completion),
            cmocka_unit_test(may_be_freed_from_its_completion),
            cmocka_unit_test(changes_its_profile_between_calls),
            cmocka_unit_test(breaches_abort),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
