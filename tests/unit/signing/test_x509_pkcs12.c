// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/x509.h"

#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <sys/wait.h>

#include "sidecar/signing/x509_files.h"
#include "tests/unit/signing/x509_world.h"
#include "tests/unit/unit.h"

enum cipher {
        AES = NID_aes_256_cbc,
        DES3 = NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
        RC2 = NID_pbe_WithSHA1And40BitRC2_CBC,
        PLAIN = -1
};

struct row {
        const char *certificates; // letters, as the world has them; in the file's order
        const char *key;          // "r", "p", or ""
        const char *sealed;       // the file's passphrase; NULL: none
        enum cipher cipher;
        bool has_no_mac;
        const char *given;          // configured: NULL: none
        const char *serial, *chain; // of those that load
        const char *message, *hint; // of those that do not
};

static X509 *certificate_of(const struct world *w, char letter)
{
        return letter == '1'   ? w->one
               : letter == '2' ? w->two
               : letter == 'R' ? w->rsa
               : letter == 'O' ? w->expired
                               : w->p256;
}

static void write_pkcs12(const struct world *w, const struct row *row)
{
        STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
        STACK_OF(PKCS7) *safes = NULL;
        for (const char *at = row->certificates; *at; at++)
                pki_check(PKCS12_add_cert(&bags, certificate_of(w, *at)) != NULL);
        if (bags)
                pki_check(PKCS12_add_safe(&safes, bags, (int)row->cipher, 2048, row->sealed));
        sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
        bags = NULL;
        if (row->key[0]) {
                // Not RC2: OpenSSL itself has always taken 3DES for the key.
                int cipher = row->cipher == RC2 ? (int)DES3 : (int)row->cipher;
                pki_check(PKCS12_add_key(&bags, w->keys[row->key[0] == 'r' ? KEY_RSA : KEY_P256], 0, 2048, cipher,
                                         row->sealed) != NULL);
                pki_check(PKCS12_add_safe(&safes, bags, -1, 0, NULL));
                sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
        }
        PKCS12 *file = PKCS12_add_safes(safes, 0);
        sk_PKCS7_pop_free(safes, PKCS7_free);
        pki_check(file != NULL);
        if (!row->has_no_mac)
                pki_check(PKCS12_set_mac(file, row->sealed, -1, NULL, 0, 2048, NULL));
        BIO *bio = BIO_new(BIO_s_mem());
        pki_check(i2d_PKCS12_bio(bio, file));
        pki_write(w->folder, "cert.p12", bio);
        BIO_free(bio);
        PKCS12_free(file);
}

static int load(const struct world *w, const char *given, struct x509_identity **ret, struct error *e)
{
        char file[256], passphrase[256];
        if (given)
                world_write_text(w, "pass", given);
        const struct x509_paths paths = {
            .pkcs12 = pki_path(w->folder, "cert.p12", file),
            .passphrase_file = given ? pki_path(w->folder, "pass", passphrase) : NULL,
        };
        *e = (struct error){.kind = ERROR_NONE};
        return x509_identity_load(&paths, PKI_NOW_S, ret, e);
}

static size_t count_of(struct slice chain)
{
        size_t count = chain.n > 0;
        for (size_t i = 0; i < chain.n; i++)
                count += chain.p[i] == ',';
        return count;
}

static void check_row(const struct world *w, const struct row *row)
{
        struct x509_identity *identity = NULL;
        struct error e;
        struct buffer signature;
        write_pkcs12(w, row);
        if (load(w, row->given, &identity, &e) < 0) {
                if (!row->message || !strstr(e.message, row->message) || !strstr(e.hint, row->hint))
                        fail_msg("%s%s sealed with %s: %s (%s)", row->certificates, row->key,
                                 row->sealed ? row->sealed : "nothing", e.message, e.hint);
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_null(strstr(e.message, PKI_PASSPHRASE));
                return;
        }
        if (row->message)
                fail_msg("%s%s passed, instead of %s", row->certificates, row->key, row->message);
        assert_string_equal(identity->serial, row->serial);
        assert_int_equal(count_of(buffer_slice(&identity->chain)), strlen(row->chain));
        buffer_init(&signature, 4096);
        assert_int_equal(x509_identity_sign(identity, SLICE("text"), &signature, &e), 0);
        buffer_free(&signature);
        x509_identity_free(identity);
}

#define SEALED PKI_PASSPHRASE
#define GIVEN PKI_PASSPHRASE "\n"

static void files_load_or_say_why_not(void **state)
{
        static const struct row rows[] = {
            {"P", "p", SEALED, AES, false, GIVEN, "4096", "", NULL, NULL},
            {"R", "r", SEALED, AES, false, GIVEN, LONG_SERIAL, "", NULL, NULL},
            {"P21", "p", SEALED, AES, false, GIVEN, "4096", "21", NULL, NULL},
            {"12RP", "p", SEALED, AES, false, GIVEN, "4096", "21", NULL, NULL}, // the leaf is the key's
            {"12RP", "r", SEALED, AES, false, GIVEN, LONG_SERIAL, "21", NULL, NULL},
            {"P2", "p", SEALED, DES3, false, GIVEN, "4096", "2", NULL, NULL},
            {"P2", "p", SEALED, RC2, false, GIVEN, "4096", "2", NULL, NULL},
            {"P", "p", "", AES, false, NULL, "4096", "", NULL, NULL},
            {"P", "p", "", PLAIN, false, NULL, "4096", "", NULL, NULL},
            {"P", "p", NULL, PLAIN, false, NULL, "4096", "", NULL, NULL},
            {"P", "p", NULL, PLAIN, true, NULL, "4096", "", NULL, NULL},
            {"P", "p", SEALED, AES, false, "wrong", NULL, NULL, "cert.p12: the PKCS#12 file cannot be opened: wrong",
             "private_key_passphrase_file"},
            {"P", "p", SEALED, RC2, false, "wrong", NULL, NULL, "cannot be opened: wrong", "on one line"},
            {"P", "p", SEALED, AES, true, GIVEN, NULL, NULL, "cert.p12: the PKCS#12 file has no MAC", "openssl pkcs12"},
            {"P", "p", SEALED, AES, false, NULL, NULL, NULL, "has a passphrase, and none is configured",
             "private_key_passphrase_file"},
            {"P", "", SEALED, AES, false, GIVEN, NULL, NULL, "cert.p12: no private key", "-inkey"},
            {"", "p", SEALED, AES, false, GIVEN, NULL, NULL, "no certificate in this PKCS#12 file belongs", "issued"},
            {"R21", "p", SEALED, AES, false, GIVEN, NULL, NULL, "no certificate in this PKCS#12 file belongs",
             "issued"},
            {"O", "p", SEALED, AES, false, GIVEN, NULL, NULL, "cert.p12: the certificate expired at", "renew"},
        };
        OSSL_PROVIDER *legacy = OSSL_PROVIDER_try_load(NULL, "legacy", 1); // to write RC2
        assert_non_null(legacy);
        const struct world *w = *state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                check_row(w, &rows[i]);
        assert_int_equal(OSSL_PROVIDER_unload(legacy), 1);
}

// By a process of its own: this one has not had the legacy provider yet.
static void write_elsewhere(const struct world *w, const struct row *row)
{
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
                pki_check(OSSL_PROVIDER_try_load(NULL, "legacy", 1) != NULL);
                write_pkcs12(w, row);
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

// OpenSSL loads its legacy provider only for such a file, and not for longer.
static void rc2_is_read_by_a_provider_that_does_not_stay(void **state)
{
        static const struct row row = {"P2", "p", SEALED, RC2, false, GIVEN, "4096", "2", NULL, NULL};
        const struct world *w = *state;
        struct x509_identity *identity = NULL;
        struct error e;
        write_elsewhere(w, &row);
        // Where modules are looked for, there is none.
        assert_int_equal(OSSL_PROVIDER_set_default_search_path(NULL, w->folder), 1);
        assert_int_equal(load(w, GIVEN, &identity, &e), -1);
        assert_non_null(strstr(e.message, "outdated encryption"));
        assert_non_null(strstr(e.hint, "legacy provider"));
        assert_null(identity);
        assert_int_equal(OSSL_PROVIDER_set_default_search_path(NULL, NULL), 1);
        if (load(w, GIVEN, &identity, &e) < 0)
                fail_msg("%s", e.message);
        assert_int_equal(OSSL_PROVIDER_available(NULL, "legacy"), 0);
        assert_int_equal(OSSL_PROVIDER_available(NULL, "default"), 1);
        x509_identity_free(identity);
}

static void other_files_are_told_apart(void **state)
{
        static const struct {
                const char *pieces, *message, *hint;
        } rows[] = {
            {"", "cert.p12: this PKCS#12 file is empty", "openssl pkcs12 -export"},
            {"?", "cert.p12: this is not a PKCS#12 file", "damaged"},
            {"Pp", "cert.p12: this is not a PKCS#12 file", "certificate and private_key"},
            {"d", "it is a certificate in DER", "openssl x509 -inform der"},
        };
        const struct world *w = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct x509_identity *identity = NULL;
                struct error e;
                world_write_pieces(w, "cert.p12", rows[i].pieces);
                assert_int_equal(load(w, NULL, &identity, &e), -1);
                if (!strstr(e.message, rows[i].message) || !strstr(e.hint, rows[i].hint))
                        fail_msg("%s: %s (%s)", rows[i].pieces, e.message, e.hint);
        }
}

// The passphrase itself, as the agent has it from a descriptor; and the chain from a file beside.
static void a_passphrase_without_a_file(void **state)
{
        static const struct row row = {"P", "p", SEALED, AES, false, NULL, NULL, NULL, NULL, NULL};
        const struct world *w = *state;
        struct x509_identity *identity = NULL;
        struct error e;
        char file[256], chain[256];
        write_pkcs12(w, &row);
        world_write_pieces(w, "chain.pem", "21");
        struct x509_paths paths = {.pkcs12 = pki_path(w->folder, "cert.p12", file),
                                   .certificate_chain = pki_path(w->folder, "chain.pem", chain),
                                   .passphrase = SLICE(SEALED)};
        assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), 0);
        assert_int_equal(count_of(buffer_slice(&identity->chain)), 2);
        x509_identity_free(identity);
        paths.passphrase = SLICE("wrong");
        assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), -1);
        assert_non_null(strstr(e.hint, "private_key_passphrase_fd"));
        world_write_pieces(w, "cert.pem", "Pv");
        const struct x509_paths pem = {.certificate = pki_path(w->folder, "cert.pem", file),
                                       .passphrase = SLICE(PKI_PASSPHRASE)};
        assert_int_equal(x509_identity_load(&pem, PKI_NOW_S, &identity, &e), 0);
        x509_identity_free(identity);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(rc2_is_read_by_a_provider_that_does_not_stay),
            cmocka_unit_test(files_load_or_say_why_not),
            cmocka_unit_test(other_files_are_told_apart),
            cmocka_unit_test(a_passphrase_without_a_file),
        };
        return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
