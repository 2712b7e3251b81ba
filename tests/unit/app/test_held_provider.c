// SPDX-License-Identifier: Apache-2.0
// Who frees the settings, and when.
#include "sidecar/app/held_provider.h"

#include <stdlib.h>

#include "proto/wire/credentials.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/config/settings.h"
#include "sidecar/providers/login.h"
#include "sidecar/providers/provider.h"
#include "tests/unit/app/settings_text.h"

#define TEXT                                                                                                           \
        "{\"profiles\": {\"base\": {\"type\": \"static\", \"access_key_id\": \"AKIAIOSFODNN7EXAMPLE\","                \
        " \"secret_access_key\": \"secret\"}}}"

// Borrows from its profile to the last moment, as the real ones do.
struct borrower {
        struct provider base; // first
        const struct profile *profile;
        unsigned starts, cancels;
        bool *is_destroyed;
};

static void borrower_rebind(struct provider *p, const struct profile *profile)
{
        ((struct borrower *)p)->profile = profile;
}

static int borrower_start(struct provider *p, struct error *e)
{
        struct borrower *b = (struct borrower *)p;
        if (b->starts++ > 0)
                return error_set(e, ERROR_CONFIG, "not twice");
        return 0;
}

static void borrower_cancel(struct provider *p)
{
        struct error e;
        ((struct borrower *)p)->cancels++;
        error_set(&e, ERROR_CANCELLED, "cancelled");
        provider_finish(p, NULL, &e);
}

static void borrower_destroy(struct provider *p)
{
        struct borrower *b = (struct borrower *)p;
        assert_string_equal(b->profile->name, "base");
        *b->is_destroyed = true;
        free(b);
}

static struct borrower *borrower_new(const struct profile *profile, bool *is_destroyed)
{
        static const struct provider_ops ops = {borrower_start, borrower_cancel, borrower_destroy};
        struct borrower *b = calloc(1, sizeof(*b));
        assert_non_null(b);
        *is_destroyed = false;
        *b = (struct borrower){
            .base = {.ops = &ops, .rebind = borrower_rebind}, .profile = profile, .is_destroyed = is_destroyed};
        return b;
}

struct outcome {
        unsigned completions;
        struct credentials *c;
        enum error_kind kind;
};

static void on_done(void *arg, struct credentials *c, const struct error *e)
{
        struct outcome *o = arg;
        o->completions++;
        o->c = c;
        o->kind = e ? e->kind : ERROR_NONE;
}

static void test_settings_live_as_long_as_the_last_provider(void **state)
{
        (void)state;
        bool is_destroyed[2];
        struct settings *settings = settings_of(TEXT);
        struct settings_ref *ref = settings_ref_new(settings);
        struct provider *p[2];
        for (size_t i = 0; i < 2; i++) {
                p[i] = held_provider_new(&borrower_new(&settings->profiles[0], &is_destroyed[i])->base, ref);
                assert_non_null(p[i]);
        }
        assert_int_equal(ref->references, 3);
        settings_ref_drop(ref); // as a reload does
        provider_free(p[1]);
        assert_true(is_destroyed[1] && !is_destroyed[0]);
        assert_string_equal(settings->profiles[0].name, "base");
        provider_free(p[0]);
        assert_true(is_destroyed[0]);
}

static void test_all_goes_through(void **state)
{
        (void)state;
        bool is_destroyed;
        struct error e = {0};
        struct outcome o = {0};
        struct settings *settings = settings_of(TEXT);
        struct settings_ref *ref = settings_ref_new(settings);
        struct borrower *inner = borrower_new(&settings->profiles[0], &is_destroyed);
        static const struct provider_facts facts;
        inner->base.facts = &facts;
        struct provider *p = held_provider_new(&inner->base, ref);
        assert_ptr_equal(p->facts, &facts);
        assert_int_equal(provider_start(p, on_done, &o, &e), 0);
        assert_int_equal(o.completions, 0);
        provider_cancel(p);
        assert_int_equal(inner->cancels, 1);
        assert_int_equal(o.completions, 1);
        assert_int_equal(o.kind, ERROR_CANCELLED);
        provider_cancel(p); // nothing is under way
        assert_int_equal(inner->cancels, 1);

        assert_int_equal(provider_start(p, on_done, &o, &e), -1);
        assert_string_equal(e.message, "not twice");
        assert_int_equal(o.completions, 1);

        inner->starts = 0;
        assert_int_equal(provider_start(p, on_done, &o, &e), 0);
        struct credentials *c = credentials_new(
            &(struct credentials){.access_key_id = SLICE("AKIDEXAMPLE"), .secret_access_key = SLICE("secret")});
        provider_finish(&inner->base, c, NULL);
        assert_ptr_equal(o.c, c);
        credentials_unref(c);
        provider_free(p);
        settings_ref_drop(ref);
        assert_true(is_destroyed);
}

static void test_moves_to_other_settings(void **state)
{
        (void)state;
        bool is_destroyed;
        struct error e = {0};
        struct outcome o = {0};
        struct settings *settings[4];
        struct settings_ref *ref[4];
        for (size_t i = 0; i < 4; i++) {
                settings[i] = settings_of(TEXT);
                ref[i] = settings_ref_new(settings[i]);
        }
        struct borrower *inner = borrower_new(&settings[0]->profiles[0], &is_destroyed);
        struct provider *p = held_provider_new(&inner->base, ref[0]);
        held_provider_move(p, &settings[1]->profiles[0], ref[1]); // idle: at once
        assert_ptr_equal(inner->profile, &settings[1]->profiles[0]);
        assert_int_equal(ref[0]->references, 1);
        assert_int_equal(ref[1]->references, 2);

        assert_int_equal(provider_start(p, on_done, &o, &e), 0); // busy: at the end, and to the last one
        held_provider_move(p, &settings[2]->profiles[0], ref[2]);
        held_provider_move(p, &settings[3]->profiles[0], ref[3]);
        assert_ptr_equal(inner->profile, &settings[1]->profiles[0]);
        assert_int_equal(ref[1]->references, 2);
        assert_int_equal(ref[2]->references, 1);
        assert_int_equal(ref[3]->references, 2);
        provider_cancel(p);
        assert_int_equal(o.completions, 1);
        assert_ptr_equal(inner->profile, &settings[3]->profiles[0]);
        assert_int_equal(ref[1]->references, 1);
        assert_int_equal(ref[3]->references, 2);

        inner->base.rebind = NULL; // one that cannot stays where it is
        held_provider_move(p, &settings[2]->profiles[0], ref[2]);
        assert_ptr_equal(inner->profile, &settings[3]->profiles[0]);
        assert_int_equal(ref[2]->references, 1);
        assert_int_equal(ref[3]->references, 2);
        provider_free(p);
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(ref[i]->references, 1);
                settings_ref_drop(ref[i]);
        }
}

static int take_code(struct provider *p, struct slice code, struct error *e)
{
        (void)p;
        return slice_eq(code, SLICE("123456")) ? 0 : error_set(e, ERROR_CONFIG, "another code");
}

static void report_login(const struct provider *p, struct login_status *ret)
{
        (void)p;
        *ret = (struct login_status){.kind = LOGIN_MFA, .mfa_serial = "serial"};
}

static void count(void *arg)
{
        ++*(unsigned *)arg;
}

static void test_logins_go_through(void **state)
{
        (void)state;
        static const struct login_ops ops = {take_code, report_login};
        bool is_destroyed;
        unsigned moves = 0;
        struct error e;
        struct login_status status;
        struct settings *settings = settings_of(TEXT);
        struct settings_ref *ref = settings_ref_new(settings);
        struct borrower *inner = borrower_new(&settings->profiles[0], &is_destroyed);
        inner->base.login = &ops;
        struct provider *p = held_provider_new(&inner->base, ref);
        provider_login_moved(&inner->base); // nobody listens yet
        p->login_moved = count;
        p->login_arg = &moves;
        provider_login_moved(&inner->base);
        assert_int_equal(moves, 1);
        assert_int_equal(provider_login(p, SLICE("123456"), &e), 0);
        assert_int_equal(provider_login(p, SLICE("000000"), &e), -1);
        provider_login_status(p, &status);
        assert_int_equal(status.kind, LOGIN_MFA);
        assert_string_equal(status.mfa_serial, "serial");
        provider_free(p);

        p = held_provider_new(&borrower_new(&settings->profiles[0], &is_destroyed)->base, ref);
        provider_login_status(p, &status);
        assert_int_equal(status.kind, LOGIN_NONE);
        assert_int_equal(provider_login(p, SLICE("123456"), &e), -1);
        provider_free(p);
        settings_ref_drop(ref);
}

static void test_nothing_to_drop(void **state)
{
        (void)state;
        settings_ref_drop(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_settings_live_as_long_as_the_last_provider),
            cmocka_unit_test(test_all_goes_through),
            cmocka_unit_test(test_moves_to_other_settings),
            cmocka_unit_test(test_logins_go_through),
            cmocka_unit_test(test_nothing_to_drop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
