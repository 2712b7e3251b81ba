// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/identity_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "sidecar/config/profile.h"
#include "tests/unit/providers/gate.h"
#include "tests/unit/providers/pki.h"

enum { NOW_S = 1798761600, IN_2040_S = 2208988800 };

struct setup {
        struct pki pki;
        struct x509_paths paths;
        struct identity_cache kept;
        struct error e;
};

static void set_up(struct setup *s)
{
        *s = (struct setup){.e = {.kind = ERROR_NONE}};
        gate_init(&gate_load);
        gate_init(&gate_sign);
        pki_init(&s->pki);
        pki_write_certificate(&s->pki, s->pki.certificate, s->pki.keys[0], 4097);
        pki_write_certificate(&s->pki, s->pki.certificate_chain, s->pki.keys[1], 1);
        pki_write_encrypted_key(&s->pki, s->pki.keys[0], 10);
        pki_write_text(&s->pki, s->pki.passphrase, PKI_PASSPHRASE "\n");
        s->paths = (struct x509_paths){.certificate = s->pki.certificate,
                                       .certificate_chain = s->pki.certificate_chain,
                                       .private_key = s->pki.private_key,
                                       .passphrase_file = s->pki.passphrase};
}

static void tear_down(struct setup *s)
{
        identity_cache_drop(&s->kept);
        pki_deinit(&s->pki);
}

// What was loaded: the same as before unless it was read anew.
static const struct x509_identity *renew(struct setup *s)
{
        if (identity_cache_renew(&s->kept, &s->paths, NOW_S, &s->e) < 0)
                fail_msg("%s", s->e.message);
        return s->kept.x509;
}

static void change_nothing(struct setup *s)
{
        (void)s;
}

static void change_certificate(struct setup *s)
{
        pki_write_certificate(&s->pki, s->pki.certificate, s->pki.keys[0], 4098);
}

static void change_chain(struct setup *s)
{
        pki_write_certificate(&s->pki, s->pki.certificate_chain, s->pki.keys[1], 2);
}

static void change_key(struct setup *s)
{
        pki_write_encrypted_key(&s->pki, s->pki.keys[0], 11);
}

static void change_passphrase_file(struct setup *s)
{
        pki_write_text(&s->pki, s->pki.passphrase, PKI_PASSPHRASE);
}

static void touch_key(struct setup *s)
{
        static const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
        assert_int_equal(utimensat(AT_FDCWD, s->pki.private_key, times, 0), 0);
}

// What restores the time of modification cannot restore this one, which moves on by the kernel's ticks.
static void change_status_of_key(struct setup *s)
{
        struct stat before, after;
        assert_int_equal(stat(s->pki.private_key, &before), 0);
        do {
                assert_int_equal(chmod(s->pki.private_key, 0600), 0);
                assert_int_equal(stat(s->pki.private_key, &after), 0);
        } while (before.st_ctim.tv_sec == after.st_ctim.tv_sec && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
}

static void rewrite_in_place(struct setup *s)
{
        FILE *f = fopen(s->pki.passphrase, "w");
        assert_non_null(f);
        assert_true(fputs(PKI_PASSPHRASE "\r\n", f) >= 0 && fclose(f) == 0);
}

static void leave_the_chain_out(struct setup *s)
{
        s->paths.certificate_chain = NULL;
}

static void is_read_anew_only_when_a_file_has_changed(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                void (*change)(struct setup *s);
                bool is_read;
        } t[] = {
            {"nothing", change_nothing, false},
            {"certificate", change_certificate, true},
            {"chain", change_chain, true},
            {"key", change_key, true},
            {"passphrase", change_passphrase_file, true},
            {"time of the key", touch_key, true},
            {"status of the key", change_status_of_key, true},
            {"passphrase, in place", rewrite_in_place, true},
            {"no chain", leave_the_chain_out, true},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct setup s;
                set_up(&s);
                const struct x509_identity *before = renew(&s);
                unsigned loads = gate_load.calls;
                t[i].change(&s);
                const struct x509_identity *after = renew(&s);
                if ((after != before) != t[i].is_read || (gate_load.calls != loads) != t[i].is_read)
                        fail_msg("%s: read anew: %d", t[i].name, after != before);
                assert_ptr_equal(renew(&s), after);
                assert_int_equal(s.kept.reload.kind, ERROR_NONE);
                tear_down(&s);
        }
}

static void a_key_by_its_file_uri_is_looked_at_too(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s);
        char uri[128];
        (void)snprintf(uri, sizeof(uri), "file://%s", s.pki.private_key);
        s.paths.private_key = uri;
        const struct x509_identity *before = renew(&s);
        assert_ptr_equal(renew(&s), before);
        change_key(&s);
        assert_ptr_not_equal(renew(&s), before);
        tear_down(&s);
}

static void a_half_renewal_is_bridged_and_said(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s);
        const struct x509_identity *before = renew(&s);
        pki_write_certificate(&s.pki, s.pki.certificate, s.pki.keys[1], 8193);
        assert_ptr_equal(renew(&s), before);
        assert_int_equal(s.kept.reload.kind, ERROR_CONFIG);
        assert_non_null(strstr(s.kept.reload.message, "does not belong"));
        assert_int_equal(unlink(s.pki.private_key), 0);
        assert_ptr_equal(renew(&s), before);
        assert_non_null(strstr(s.kept.reload.message, "does not exist"));
        pki_write_encrypted_key(&s.pki, s.pki.keys[1], 10);
        assert_string_equal(renew(&s)->serial, "8193");
        assert_int_equal(s.kept.reload.kind, ERROR_NONE);
        tear_down(&s);
}

static void what_has_expired_bridges_nothing(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s);
        (void)renew(&s);
        assert_int_equal(identity_cache_renew(&s.kept, &s.paths, IN_2040_S, &s.e), -1); // the files are as they were
        assert_int_equal(s.e.kind, ERROR_CONFIG);
        assert_non_null(strstr(s.e.message, "expired"));
        assert_int_equal(s.kept.reload.kind, ERROR_NONE);
        assert_int_equal(unlink(s.pki.certificate), 0);
        assert_int_equal(identity_cache_renew(&s.kept, &s.paths, IN_2040_S, &s.e), -1);
        assert_non_null(strstr(s.e.message, "does not exist"));
        tear_down(&s);
}

static void a_key_that_fails_is_loaded_anew(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s);
        const struct x509_request request = {.host = SLICE("h"),
                                             .path = SLICE("/sessions"),
                                             .body = SLICE("{}"),
                                             .region = SLICE("us-east-1"),
                                             .time_s = NOW_S};
        char amz_date[17];
        struct buffer out;
        buffer_init(&out, 4096);
        (void)renew(&s);
        gate_sign.fails = true;
        assert_int_equal(identity_cache_sign(&s.kept, &request, amz_date, &out, &s.e), -1);
        assert_int_equal(s.e.kind, ERROR_INTERNAL);
        assert_null(s.kept.x509);
        gate_sign.fails = false;
        (void)renew(&s);
        buffer_reset(&out);
        assert_int_equal(identity_cache_sign(&s.kept, &request, amz_date, &out, &s.e), 0);
        assert_string_equal(amz_date, "20270101T000000Z");
        assert_true(slice_starts_with(buffer_slice(&out), SLICE("AWS4-X509-ECDSA-SHA256 Credential=4097/20270101/")));
        buffer_free(&out);
        tear_down(&s);
}

// The service's clock and this host's own: where they differ by a minute, either may be right about a certificate.
static void either_clock_may_be_right(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s);
        struct error e = {.kind = ERROR_NONE};
        assert_int_equal(identity_cache_renew_by_either(&s.kept, &s.paths, IN_2040_S + 28, IN_2040_S - 31, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_int_equal(identity_cache_renew_by_either(&s.kept, &s.paths, IN_2040_S + 29, IN_2040_S - 31, &e), 0);
        assert_int_equal(identity_cache_renew_by_either(&s.kept, &s.paths, IN_2040_S - 1, IN_2040_S + 90, &e), 0);
        assert_int_equal(identity_cache_renew_by_either(&s.kept, &s.paths, IN_2040_S, IN_2040_S + 90, &e), -1);
        tear_down(&s);
}

static void a_key_has_20_s_by_default(void **state)
{
        (void)state;
        assert_int_equal(identity_cache_timeout_ms(&(struct profile){.read_timeout_ms = 0}), 20000);
        assert_int_equal(identity_cache_timeout_ms(&(struct profile){.read_timeout_ms = 7}), 7);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(either_clock_may_be_right),
            cmocka_unit_test(a_key_has_20_s_by_default),
            cmocka_unit_test(is_read_anew_only_when_a_file_has_changed),
            cmocka_unit_test(a_key_by_its_file_uri_is_looked_at_too),
            cmocka_unit_test(a_half_renewal_is_bridged_and_said),
            cmocka_unit_test(what_has_expired_bridges_nothing),
            cmocka_unit_test(a_key_that_fails_is_loaded_anew),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
