// SPDX-License-Identifier: Apache-2.0
// What provider_roles_anywhere does in libuv's pool, and how it is cancelled there.
#include "tests/unit/providers/roles_anywhere.h"

#include "sidecar/io/work.h"

enum { POOL_N = 2 }; // threads, as main() says

struct turns {
        uv_idle_t idle;
        struct gate *gate;
        unsigned count;
};

// Lets the held call go on after a while; what turns the loop meanwhile is the loop thread.
static void turned(uv_idle_t *idle)
{
        struct turns *turns = idle->data;
        if (++turns->count == 10)
                (void)sem_post(&turns->gate->leave);
}

// A key of the costliest kind that people use: the loop turns while it is being derived.
static void the_loop_turns_while_a_key_is_derived(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{201, NULL, SESSION}};
        struct turns turns = {.gate = &gate_load};
        struct setup s;
        set_up_files(&s, answers, LENGTH(answers));
        pki_write_encrypted_key(&s.pki, s.pki.keys[0], 300000);
        pki_write_text(&s.pki, s.pki.passphrase, PKI_PASSPHRASE "\n");
        s.profile.roles_anywhere.private_key_passphrase_file = s.pki.passphrase;
        gate_load.holds_at = 1;
        turns.idle.data = &turns;
        assert_int_equal(uv_idle_init(&s.h->loop, &turns.idle), 0);
        assert_int_equal(uv_idle_start(&turns.idle, turned), 0);
        run_to_credentials(&s);
        assert_int_equal(gate_load.on_loop, 0);
        assert_true(turns.count >= 10);
        uv_close((uv_handle_t *)&turns.idle, NULL);
        tear_down(&s);
        pki_deinit(&s.pki);
}

// Cancels when the gate's call number `call` is held, and lets that go then.
static void cancel_at(struct setup *s, struct gate *gate, unsigned call)
{
        gate->holds_at = call;
        assert_int_equal(harness_start(s->h), 0);
        while (sem_trywait(&gate->entered) < 0)
                (void)uv_run(&s->h->loop, UV_RUN_NOWAIT);
        provider_cancel(s->h->provider);
        (void)uv_run(&s->h->loop, UV_RUN_NOWAIT);
        assert_int_equal(s->h->completions, 0); // a thread is still at it
        (void)sem_post(&gate->leave);
        harness_finish(s->h);
        assert_int_equal(s->h->e.kind, ERROR_CANCELLED);
        gate->holds_at = 0;
}

static void cancel_during_load_and_during_signing(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{201, NULL, SESSION}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        cancel_at(&s, &gate_load, 1);
        assert_int_equal(gate_sign.calls, 0); // left off
        cancel_at(&s, &gate_sign, 1);
        run_to_credentials(&s);
        (void)harness_requests(s.h, 1);
        tear_down(&s);
}

static void cancel_during_the_second_signing(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {403, DATE_HALF_PAST DENIED, "{\"message\":\"Invalid signature\"}"},
        };
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        cancel_at(&s, &gate_sign, 2);
        (void)harness_requests(s.h, 1);
        tear_down(&s);
}

struct holder {
        struct work work;
        sem_t leave;
        bool is_done;
};

static void hold(struct work *w, void *arg)
{
        (void)w;
        (void)sem_wait(&((struct holder *)arg)->leave);
}

static void holder_done(void *arg, bool is_cancelled)
{
        (void)is_cancelled;
        ((struct holder *)arg)->is_done = true;
}

// Every thread of the pool is busy: there is nothing to wait for then.
static void cancel_before_a_thread_is_free(void **state)
{
        (void)state;
        static struct holder holders[POOL_N];
        struct setup s;
        set_up(&s, NULL, 0);
        for (size_t i = 0; i < POOL_N; i++) {
                assert_int_equal(sem_init(&holders[i].leave, 0, 0), 0);
                work_start(&holders[i].work, &s.h->loop, hold, holder_done, &holders[i]);
        }
        assert_int_equal(harness_start(s.h), 0);
        provider_cancel(s.h->provider);
        harness_finish(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        assert_int_equal(gate_load.calls, 0);
        for (size_t i = 0; i < POOL_N; i++) {
                assert_false(holders[i].is_done);
                (void)sem_post(&holders[i].leave);
        }
        (void)harness_requests(s.h, 0);
        tear_down(&s);
}

static void done_and_free(void *arg, struct credentials *c, const struct error *e)
{
        struct harness *h = arg;
        h->completions++;
        h->e = *e;
        assert_null(c);
        provider_free(h->provider);
        h->provider = NULL;
}

// After each number of turns of the loop, to be free of the order in which threads and loop get to run: one completion,
// and the provider may go within it.
static void cancelled_at_any_turn_and_freed(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        (void)harness_requests(s.h, 0); // nobody listens any more
        for (unsigned turns = 0; turns < 30; turns++) {
                s.h->completions = 0;
                assert_int_equal(provider_start(s.h->provider, done_and_free, s.h, &s.h->e), 0);
                for (unsigned i = 0; i < turns && s.h->completions == 0; i++)
                        (void)uv_run(&s.h->loop, UV_RUN_NOWAIT);
                if (s.h->completions == 0)
                        provider_cancel(s.h->provider);
                harness_finish(s.h);
                assert_true(s.h->e.kind == ERROR_CANCELLED || s.h->e.kind == ERROR_TRANSIENT);
                harness_make(s.h, &s.profile, NULL);
        }
        tear_down(&s);
}

static void cancel_while_aws_works(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{0, NULL, NULL}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        s.h->cancels_on_receipt = true;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        tear_down(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_loop_turns_while_a_key_is_derived),
            cmocka_unit_test(cancel_during_load_and_during_signing),
            cmocka_unit_test(cancel_during_the_second_signing),
            cmocka_unit_test(cancel_before_a_thread_is_free),
            cmocka_unit_test(cancelled_at_any_turn_and_freed),
            cmocka_unit_test(cancel_while_aws_works),
        };
        if (setenv("UV_THREADPOOL_SIZE", "2", 1) < 0)
                return 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
