// SPDX-License-Identifier: Apache-2.0
// What provider_roles_anywhere does in threads, how it is cancelled there, and what becomes of those that do not come
// back.
#include "tests/unit/providers/roles_anywhere.h"

#include "sidecar/io/workers.h"
#include "sidecar/providers/identity_cache.h"
#include "sidecar/providers/key_job.h"

enum { NEVER_MS = 3600000 };

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
        struct turns turns = {.gate = &gate_load};
        struct setup s;
        set_up_files(&s, ANSWERS({201, NULL, SESSION}));
        pki_write_encrypted_key(&s.pki, s.pki.keys[0], 300000);
        pki_write_text(&s.pki, s.pki.passphrase, PKI_PASSPHRASE "\n");
        s.h->profile.roles_anywhere.private_key_passphrase_file = s.pki.passphrase;
        gate_load.holds_at = 1;
        turns.idle.data = &turns;
        assert_int_equal(uv_idle_init(&s.h->loop, &turns.idle), 0);
        assert_int_equal(uv_idle_start(&turns.idle, turned), 0);
        harness_run_to_credentials(s.h);
        assert_int_equal(gate_load.on_loop, 0);
        assert_true(turns.count >= 10);
        uv_close((uv_handle_t *)&turns.idle, NULL);
        tear_down_files(&s);
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
        harness_finish_cancelled(s->h);
        gate->holds_at = 0;
}

static void cancel_during_load_and_during_signing(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ANSWERS({201, NULL, SESSION}));
        cancel_at(&s, &gate_load, 1);
        assert_int_equal(gate_sign.calls, 0); // left off
        cancel_at(&s, &gate_sign, 1);
        harness_run_to_credentials(s.h);
        (void)harness_requests(s.h, 1);
        tear_down(&s);
}

static void cancel_during_the_second_signing(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ANSWERS({403, DATE_HALF_PAST DENIED, "{\"message\":\"Invalid signature\"}"}));
        cancel_at(&s, &gate_sign, 2);
        (void)harness_requests(s.h, 1);
        tear_down(&s);
}

struct signing {
        bool is_done;
        enum error_kind kind;
};

static void on_signed(void *owner, const struct error *e)
{
        struct signing *signing = owner;
        signing->is_done = true;
        signing->kind = e ? e->kind : ERROR_NONE;
}

// A job without a provider around it.
static struct key_job *start_signing(struct setup *s, struct signing *signing, int64_t timeout_ms)
{
        const struct key_job_deps deps = {
            .workers = s->h->deps.workers, .clock = s->h->deps.clock, .done = on_signed, .owner = signing};
        const struct key_request request = {.profile = &s->h->profile,
                                            .url = slice_str(s->h->upstream.url),
                                            .body = SLICE("{}"),
                                            .time_s = clock_wall_s(s->h->deps.clock)};
        s->h->profile.read_timeout_ms = timeout_ms;
        struct key_job *job = key_job_new(&deps);
        assert_non_null(job);
        *signing = (struct signing){.is_done = false};
        assert_int_equal(key_job_sign(job, &request, &s->h->e), 0);
        return job;
}

static void until_signed(struct setup *s, const struct signing *signing)
{
        while (!signing->is_done)
                (void)uv_run(&s->h->loop, UV_RUN_ONCE);
}

// What was left off is not told as signed.
static void a_job_that_is_left_off(void **state)
{
        (void)state;
        struct setup s;
        struct signing signing;
        set_up(&s, NULL, 0);
        gate_load.holds_at = 1;
        struct key_job *job = start_signing(&s, &signing, NEVER_MS);
        while (sem_trywait(&gate_load.entered) < 0)
                (void)uv_run(&s.h->loop, UV_RUN_NOWAIT);
        key_job_cancel(job);
        (void)sem_post(&gate_load.leave);
        until_signed(&s, &signing);
        assert_int_equal(signing.kind, ERROR_CANCELLED);
        assert_int_equal(gate_sign.calls, 0);
        key_job_free(job);
        (void)harness_requests(s.h, 0);
        tear_down(&s);
}

// Nobody asks for what was signed too late.
static void a_job_that_is_late_keeps_nothing_signed(void **state)
{
        (void)state;
        struct setup s;
        struct signing signing;
        set_up(&s, NULL, 0);
        gate_sign.holds_at = 1;
        struct key_job *job = start_signing(&s, &signing, 1);
        until_signed(&s, &signing);
        assert_int_equal(signing.kind, ERROR_TRANSIENT);
        assert_int_equal(sem_wait(&gate_sign.entered), 0);
        assert_null(key_job_identity(job));
        (void)sem_post(&gate_sign.leave);
        while (!key_job_identity(job))
                (void)uv_run(&s.h->loop, UV_RUN_ONCE);
        assert_non_null(key_job_identity(job)->x509);
        assert_true(slice_is_empty(key_job_authorization(job)));
        key_job_free(job);
        (void)harness_requests(s.h, 0);
        tear_down(&s);
}

// As for a key in a token: the linker sends our calls here, see cmake/tests.cmake.
static bool is_in_device;
static uint64_t last_late_ms;

bool __real_x509_identity_is_in_device(const struct x509_identity *identity);
bool __wrap_x509_identity_is_in_device(const struct x509_identity *identity);
bool __wrap_x509_identity_is_in_device(const struct x509_identity *identity)
{
        return is_in_device || __real_x509_identity_is_in_device(identity);
}

void __real_workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *task);
void __wrap_workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *task);
void __wrap_workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *task)
{
        last_late_ms = task->late_ms;
        if (!is_in_device) {
                __real_workers_start(workers, job, task);
                return;
        }
        task->run(job, task->arg); // the files of this key are no device
        task->done(task->arg, WORKER_RAN);
}

static void giving_a_key_back_to_its_device_has_20_s(void **state)
{
        (void)state;
        struct setup s;
        struct signing signing;
        set_up(&s, NULL, 0);
        struct key_job *job = start_signing(&s, &signing, NEVER_MS);
        until_signed(&s, &signing);
        assert_int_equal(signing.kind, ERROR_NONE);
        assert_true(last_late_ms != 20000);
        is_in_device = true;
        key_job_free(job);
        (void)harness_requests(s.h, 0);
        tear_down(&s);
        is_in_device = false;
        assert_int_equal(last_late_ms, 20000);
}

struct holder {
        struct worker_job job;
        sem_t leave;
        bool is_done;
};

static void hold(struct worker_job *job, void *arg)
{
        (void)job;
        (void)sem_wait(&((struct holder *)arg)->leave);
}

static void holder_done(void *arg, enum worker_end end)
{
        assert_int_equal(end, WORKER_RAN);
        ((struct holder *)arg)->is_done = true;
}

static void holder_start(struct holder *holder, const struct setup *s, uint64_t late_ms)
{
        const struct worker_task order = {
            .device = leaf_key, .late_ms = late_ms, .run = hold, .done = holder_done, .arg = holder};
        *holder = (struct holder){.is_done = false};
        assert_int_equal(sem_init(&holder->leave, 0, 0), 0);
        workers_start(s->h->deps.workers, &holder->job, &order);
}

// Every thread of its worker is busy: there is nothing to wait for then.
static void cancel_before_a_thread_is_free(void **state)
{
        (void)state;
        static struct holder holders[WORKERS_PER_DEVICE];
        struct setup s;
        set_up(&s, NULL, 0);
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                holder_start(&holders[i], &s, NEVER_MS);
        harness_cancel_at_once(s.h);
        assert_int_equal(gate_load.calls, 0);
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++) {
                assert_false(holders[i].is_done);
                (void)sem_post(&holders[i].leave);
        }
        (void)harness_requests(s.h, 0);
        tear_down(&s);
}

static void assert_stuck(const struct setup *s, const char *part)
{
        assert_int_equal(s->h->e.kind, ERROR_TRANSIENT);
        assert_true(s->h->e.timed_out);
        if (!strstr(s->h->e.message, leaf_key) || !strstr(s->h->e.message, part))
                fail_msg("%s", s->h->e.message);
        assert_non_null(strstr(s->h->e.hint, "by itself"));
}

// The fetch fails, the next ones at once, and no second thread is put on top of the first. Then it recovers.
static void stuck_at(struct setup *s, struct gate *gate)
{
        unsigned calls = gate->calls;
        gate->holds_at = calls + 1;
        s->h->profile.read_timeout_ms = 1;
        assert_int_equal(harness_start(s->h), 0);
        harness_finish(s->h);
        assert_stuck(s, "did not answer within 1 ms");
        assert_int_equal(sem_wait(&gate->entered), 0);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(harness_start(s->h), -1);
                assert_stuck(s, "still does not answer");
                provider_set_profile(s->h->provider, &s->h->profile); // the thread reads nothing of it
        }
        assert_int_equal(gate->calls, calls + 1);
        gate->holds_at = 0;
        (void)sem_post(&gate->leave);
        s->h->profile.read_timeout_ms = 0;
        while (harness_start(s->h) < 0)
                (void)uv_run(&s->h->loop, UV_RUN_ONCE);
        harness_finish(s->h);
        if (!s->h->c)
                fail_msg("%s", s->h->e.message);
}

static void stuck_and_recovered(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{201, NULL, SESSION}, {201, NULL, SESSION}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        stuck_at(&s, &gate_load);
        stuck_at(&s, &gate_sign);
        (void)harness_requests(s.h, 2);
        tear_down(&s);
}

// Its profile is removed meanwhile, and the settings that it came from.
static void freed_while_stuck(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        gate_sign.holds_at = 1;
        s.h->profile.read_timeout_ms = 1;
        harness_run(s.h);
        assert_stuck(&s, "did not answer");
        assert_int_equal(sem_wait(&gate_sign.entered), 0);
        provider_free(s.h->provider);
        s.h->provider = NULL;
        (void)uv_run(&s.h->loop, UV_RUN_NOWAIT);
        (void)sem_post(&gate_sign.leave);
        (void)harness_requests(s.h, 0);
        tear_down(&s);
}

// While others of its worker hang, nothing of it begins; nor does it wait longer than they do.
static void a_worker_that_is_stuck(void **state)
{
        (void)state;
        static struct holder holders[WORKERS_PER_DEVICE];
        struct setup s;
        set_up(&s, NULL, 0);
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                holder_start(&holders[i], &s, 1);
        for (int i = 0; i < 2; i++) { // waits for it to become stuck; finds it stuck
                harness_run(s.h);
                assert_stuck(&s, "earlier reads of this file do not answer");
        }
        assert_int_equal(gate_load.calls, 0);
        for (size_t i = 0; i < WORKERS_PER_DEVICE; i++)
                (void)sem_post(&holders[i].leave);
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
                harness_make(s.h, &s.h->profile, NULL);
        }
        tear_down(&s);
}

static void cancel_while_aws_works(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ANSWERS({SILENCE}));
        harness_cancel_on_receipt(s.h);
        tear_down(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_loop_turns_while_a_key_is_derived),
            cmocka_unit_test(cancel_during_load_and_during_signing),
            cmocka_unit_test(cancel_during_the_second_signing),
            cmocka_unit_test(giving_a_key_back_to_its_device_has_20_s),
            cmocka_unit_test(a_job_that_is_left_off),
            cmocka_unit_test(a_job_that_is_late_keeps_nothing_signed),
            cmocka_unit_test(cancel_before_a_thread_is_free),
            cmocka_unit_test(cancelled_at_any_turn_and_freed),
            cmocka_unit_test(cancel_while_aws_works),
            cmocka_unit_test(stuck_and_recovered),
            cmocka_unit_test(freed_while_stuck),
            cmocka_unit_test(a_worker_that_is_stuck),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
