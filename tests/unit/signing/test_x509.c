// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/x509.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "proto/mem/text.h"
#include "sidecar/signing/sigv4.h"
#include "tests/unit/signing/pki.h"

enum key_name { KEY_ROOT, KEY_ONE, KEY_TWO, KEY_RSA, KEY_P256, KEY_P384, KEY_ED, KEY_COUNT };

struct world {
        char folder[64];
        EVP_PKEY *keys[KEY_COUNT];
        X509 *root, *one, *two;       // two is issued by one, one by root
        X509 *rsa, *p256, *p384, *ed; // issued by two
        X509 *direct;                 // P-256, issued by root
        X509 *stranger;               // of another authority with two's name
        X509 *expired, *early;
};

#define LONG_SERIAL "1461501637330902918203684832716283019655932542975" // 2^160 - 1: 20 bytes
#define HOUR 3600

static X509 *issue(const char *name, const char *serial, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
        const struct pki_subject subject = {name, serial, issuer == NULL || name[0] == 'I', PKI_NOW_S - HOUR,
                                            PKI_NOW_S + HOUR};
        return pki_certificate(&subject, key, issuer, issuer_key);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        (void)snprintf(w->folder, sizeof(w->folder), "/tmp/keyfob-x509-XXXXXX");
        pki_check(mkdtemp(w->folder) != NULL);
        for (int i = 0; i < KEY_COUNT; i++)
                w->keys[i] = i == KEY_RSA    ? EVP_RSA_gen(2048)
                             : i == KEY_P384 ? EVP_EC_gen("P-384")
                             : i == KEY_ED   ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                             : EVP_EC_gen("P-256");
        EVP_PKEY **k = w->keys;
        w->root = issue("Root", "1", k[KEY_ROOT], NULL, NULL);
        w->one = issue("Intermediate 1", "2", k[KEY_ONE], w->root, k[KEY_ROOT]);
        w->two = issue("Intermediate 2", "3", k[KEY_TWO], w->one, k[KEY_ONE]);
        w->stranger = issue("Intermediate 2", "3", k[KEY_P384], w->root, k[KEY_ROOT]);
        w->rsa = issue("leaf,rsa", LONG_SERIAL, k[KEY_RSA], w->two, k[KEY_TWO]);
        w->p256 = issue("leaf p256", "4096", k[KEY_P256], w->two, k[KEY_TWO]);
        w->p384 = issue("leaf p384", "5", k[KEY_P384], w->two, k[KEY_TWO]);
        w->ed = issue("leaf ed", "6", k[KEY_ED], w->two, k[KEY_TWO]);
        w->direct = issue("leaf direct", "7", k[KEY_P256], w->root, k[KEY_ROOT]);
        const struct pki_subject expired = {"leaf old", LONG_SERIAL, false, PKI_NOW_S - 2 * HOUR, PKI_NOW_S - HOUR};
        const struct pki_subject early = {"leaf new", "8", false, PKI_NOW_S + HOUR, PKI_NOW_S + 2 * HOUR};
        w->expired = pki_certificate(&expired, k[KEY_P256], w->two, k[KEY_TWO]);
        w->early = pki_certificate(&early, k[KEY_P256], w->two, k[KEY_TWO]);
        *state = w;
        return 0;
}

static int tear_down(void **state)
{
        static const char *const names[] = {"cert.pem", "chain.pem", "key.pem", "pass", "folder"};
        struct world *w = *state;
        char path[256];
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                (void)remove(pki_path(w->folder, names[i], path));
        (void)rmdir(w->folder);
        for (int i = 0; i < KEY_COUNT; i++)
                EVP_PKEY_free(w->keys[i]);
        X509 *all[] = {w->root, w->one,    w->two,      w->rsa,     w->p256, w->p384,
                       w->ed,   w->direct, w->stranger, w->expired, w->early};
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
                X509_free(all[i]);
        free(w);
        return 0;
}

// What a letter stands for in the rows below.
static void put_piece(const struct world *w, BIO *bio, char letter)
{
        struct {
                char letter;
                X509 *certificate;
        } certificates[] = {{'0', w->root},     {'1', w->one},     {'2', w->two},  {'R', w->rsa},
                            {'P', w->p256},     {'Q', w->p384},    {'E', w->ed},   {'D', w->direct},
                            {'S', w->stranger}, {'O', w->expired}, {'N', w->early}};
        struct {
                char letter;
                enum key_name key;
                enum pki_form form;
        } keys[] = {{'r', KEY_RSA, PKI_PKCS8},
                    {'s', KEY_RSA, PKI_TRADITIONAL},
                    {'t', KEY_RSA, PKI_ENCRYPTED},
                    {'p', KEY_P256, PKI_PKCS8},
                    {'u', KEY_P256, PKI_TRADITIONAL},
                    {'v', KEY_P256, PKI_ENCRYPTED},
                    {'w', KEY_RSA, PKI_TRADITIONAL_ENCRYPTED},
                    {'q', KEY_P384, PKI_PKCS8},
                    {'e', KEY_ED, PKI_PKCS8}};
        for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
                if (certificates[i].letter == letter)
                        pki_check(PEM_write_bio_X509(bio, certificates[i].certificate));
        }
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                if (keys[i].letter == letter)
                        pki_put_key(bio, w->keys[keys[i].key], keys[i].form);
        }
        if (letter == '#')
                BIO_puts(bio, "# a comment\nBag Attributes\n  friendlyName: x\n\n");
        if (letter == '!')
                BIO_puts(bio, "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n");
        if (letter == '?')
                BIO_puts(bio, "\x01\x02garbage\n");
        if (letter == '<')
                BIO_puts(bio, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
        if (letter == '|')
                BIO_puts(bio, "-----BEGIN CERTIFICATE-----\nMIIB"); // cut off
        if (letter == 'd') {
                pki_check(i2d_X509_bio(bio, w->p256));
        }
        if (letter == 'k')
                pki_check(PEM_write_bio_PUBKEY(bio, w->keys[KEY_P256]));
}

static void write_pieces(const struct world *w, const char *name, const char *pieces)
{
        BIO *bio = BIO_new(BIO_s_mem());
        for (; *pieces; pieces++)
                put_piece(w, bio, *pieces);
        pki_write(w->folder, name, bio);
        BIO_free(bio);
}

static void write_text(const struct world *w, const char *name, const char *text)
{
        BIO *bio = BIO_new(BIO_s_mem());
        BIO_puts(bio, text);
        pki_write(w->folder, name, bio);
        BIO_free(bio);
}

struct row {
        const char *certificate, *chain, *key, *passphrase; // NULL: not given
        const char *algorithm, *serial, *result;            // letters of the chain that comes out
        const char *message, *hint;                         // parts of them, for rows that fail
};

static int load(const struct world *w, const struct row *row, struct x509_identity **ret, struct error *e)
{
        char certificate[256], chain[256], key[256], passphrase[256];
        write_pieces(w, "cert.pem", row->certificate);
        if (row->chain)
                write_pieces(w, "chain.pem", row->chain);
        if (row->key)
                write_pieces(w, "key.pem", row->key);
        if (row->passphrase)
                write_text(w, "pass", row->passphrase);
        const struct x509_paths paths = {
            .certificate = pki_path(w->folder, "cert.pem", certificate),
            .certificate_chain = row->chain ? pki_path(w->folder, "chain.pem", chain) : NULL,
            .private_key = row->key ? pki_path(w->folder, "key.pem", key) : NULL,
            .passphrase_file = row->passphrase ? pki_path(w->folder, "pass", passphrase) : NULL,
        };
        return x509_identity_load(&paths, PKI_NOW_S, ret, e);
}

// Base64 of the certificates that the letters stand for, with commas.
static void expected_chain(const struct world *w, const char *letters, struct buffer *out)
{
        for (const char *at = letters; *at; at++) {
                X509 *certificate = *at == '1' ? w->one : *at == '2' ? w->two : w->stranger;
                unsigned char *der = NULL;
                int n = i2d_X509(certificate, &der);
                if (at > letters)
                        buffer_put_byte(out, ',');
                pki_check(n > 0 && text_base64_encode(slice_of(der, (size_t)n), out) == 0);
                OPENSSL_free(der);
        }
}

static bool verifies(X509 *certificate, struct slice text, struct slice hex)
{
        uint8_t signature[512];
        pki_check(hex.n <= 2 * sizeof(signature) && text_hex_decode(hex, signature) == 0);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, X509_get0_pubkey(certificate)) == 1 &&
                    EVP_DigestVerify(context, signature, hex.n / 2, text.p, text.n) == 1;
        EVP_MD_CTX_free(context);
        return good;
}

static X509 *leaf_of(const struct world *w, char letter)
{
        return letter == 'R' ? w->rsa : letter == 'P' ? w->p256 : letter == 'Q' ? w->p384 : w->direct;
}

static void check_identity(const struct world *w, const struct row *row, const struct x509_identity *identity)
{
        struct error e;
        struct buffer chain, signature;
        buffer_init(&chain, 1 << 16);
        buffer_init(&signature, 1 << 16);
        expected_chain(w, row->result, &chain);
        assert_string_equal(x509_identity_algorithm(identity), row->algorithm);
        assert_string_equal(x509_identity_serial(identity), row->serial);
        assert_int_equal(x509_identity_not_after_s(identity), PKI_NOW_S + HOUR);
        if (!slice_eq(x509_identity_chain(identity), buffer_slice(&chain)))
                fail_msg("%s + %s: another chain than %s", row->certificate, row->chain ? row->chain : "", row->result);
        assert_int_equal(x509_identity_sign(identity, SLICE("text to sign"), &signature, &e), 0);
        X509 *leaf = leaf_of(w, row->certificate[0] == '#' ? row->certificate[1] : row->certificate[0]);
        assert_true(verifies(leaf, SLICE("text to sign"), buffer_slice(&signature)));
        assert_false(verifies(leaf, SLICE("text to sigN"), buffer_slice(&signature)));
        buffer_free(&chain);
        buffer_free(&signature);
}

#define RSA_ALGORITHM "AWS4-X509-RSA-SHA256"
#define EC_ALGORITHM "AWS4-X509-ECDSA-SHA256"

static void test_loads(void **state)
{
        static const struct row rows[] = {
            // forms of keys
            {"R", NULL, "r", NULL, RSA_ALGORITHM, LONG_SERIAL, "", NULL, NULL},
            {"R", NULL, "s", NULL, RSA_ALGORITHM, LONG_SERIAL, "", NULL, NULL},
            {"R", NULL, "t", PKI_PASSPHRASE "\n", RSA_ALGORITHM, LONG_SERIAL, "", NULL, NULL},
            {"R", NULL, "t", PKI_PASSPHRASE "\r\n", RSA_ALGORITHM, LONG_SERIAL, "", NULL, NULL},
            {"R", NULL, "w", PKI_PASSPHRASE, RSA_ALGORITHM, LONG_SERIAL, "", NULL, NULL},
            {"R", NULL, "r", "not needed", RSA_ALGORITHM, LONG_SERIAL, "", NULL, NULL},
            {"P", NULL, "p", NULL, EC_ALGORITHM, "4096", "", NULL, NULL},
            {"P", NULL, "u", NULL, EC_ALGORITHM, "4096", "", NULL, NULL},
            {"P", NULL, "<u", NULL, EC_ALGORITHM, "4096", "", NULL, NULL},
            {"P", NULL, "v", PKI_PASSPHRASE, EC_ALGORITHM, "4096", "", NULL, NULL},
            {"Q", NULL, "q", NULL, EC_ALGORITHM, "5", "", NULL, NULL},
            {"P", NULL, "P2p", NULL, EC_ALGORITHM, "4096", "", NULL, NULL}, // certificates before the key
            {"Pp", NULL, NULL, NULL, EC_ALGORITHM, "4096", "", NULL, NULL}, // all in one file
            {"pP21", NULL, NULL, NULL, EC_ALGORITHM, "4096", "21", NULL, NULL},
            {"Pv", NULL, NULL, PKI_PASSPHRASE, EC_ALGORITHM, "4096", "", NULL, NULL},
            {"#P#2#1#", NULL, "#p", NULL, EC_ALGORITHM, "4096", "21", NULL, NULL},
            // chains
            {"P2", NULL, "p", NULL, EC_ALGORITHM, "4096", "2", NULL, NULL},
            {"P21", NULL, "p", NULL, EC_ALGORITHM, "4096", "21", NULL, NULL},
            {"P", "21", "p", NULL, EC_ALGORITHM, "4096", "21", NULL, NULL},
            {"P2", "1", "p", NULL, EC_ALGORITHM, "4096", "21", NULL, NULL},
            {"P", "012PP21", "p", NULL, EC_ALGORITHM, "4096", "21", NULL, NULL}, // unsorted, root, leaf, twice
            {"P0", NULL, "p", NULL, EC_ALGORITHM, "4096", "", NULL, NULL},       // only a root: not sent
            {"D", "0", "p", NULL, EC_ALGORITHM, "7", "", NULL, NULL},
            {"D", "021", "p", NULL, EC_ALGORITHM, "7", "", NULL, NULL},      // others of its authority do not go along
            {"P", "S21", "p", NULL, EC_ALGORITHM, "4096", "21", NULL, NULL}, // same name, another key
            {"P", "2S", "p", NULL, EC_ALGORITHM, "4096", "2", NULL, NULL},
        };
        struct world *w = *state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct x509_identity *identity = NULL;
                struct error e = {.kind = ERROR_NONE};
                if (load(w, &rows[i], &identity, &e) < 0)
                        fail_msg("%s + %s, key %s: %s", rows[i].certificate, rows[i].chain ? rows[i].chain : "",
                                 rows[i].key ? rows[i].key : "", e.message);
                struct row row = rows[i];
                if (row.certificate[0] == 'p')
                        row.certificate++;
                check_identity(w, &row, identity);
                x509_identity_free(identity);
        }
        x509_identity_free(NULL);
}

static void test_refused(void **state)
{
        static const struct row rows[] = {
            {"", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: this certificate file is empty", "PEM"},
            {"?", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: no certificate", "BEGIN CERTIFICATE"},
            {"p", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: no certificate", "BEGIN CERTIFICATE"},
            {"d", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: no certificate", "openssl x509 -inform der"},
            {"!", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: certificate 1 cannot be read", "damaged"},
            {"P|", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: certificate 2 cannot be read", "damaged"},
            {"P", "", "p", NULL, NULL, NULL, NULL, "chain.pem: this certificate chain file is empty", ""},
            {"P", "?", "p", NULL, NULL, NULL, NULL, "chain.pem: no certificate", ""},
            {"P", NULL, "", NULL, NULL, NULL, NULL, "key.pem: this private key file is empty", "PEM"},
            {"P", NULL, "?", NULL, NULL, NULL, NULL, "key.pem: no private key found", "PKCS#8"},
            {"P", NULL, "P", NULL, NULL, NULL, NULL, "key.pem: no private key found", "PKCS#8"},
            {"P", NULL, "k", NULL, NULL, NULL, NULL, "key.pem: no private key found", "PKCS#8"},
            {"P", NULL, NULL, NULL, NULL, NULL, NULL, "cert.pem: no private key found", ""},
            {"P", NULL, "v", NULL, NULL, NULL, NULL, "key.pem: the private key is encrypted", "passphrase_file"},
            {"R", NULL, "w", NULL, NULL, NULL, NULL, "key.pem: the private key is encrypted", "passphrase_file"},
            {"P", NULL, "v", "wrong", NULL, NULL, NULL, "key.pem: the private key cannot be decrypted", "passphrase"},
            {"R", NULL, "w", "wrong", NULL, NULL, NULL, "key.pem: the private key cannot be decrypted", "passphrase"},
            {"P", NULL, "v", " " PKI_PASSPHRASE, NULL, NULL, NULL, "cannot be decrypted", "on one line"},
            {"P", NULL, "v", "\n", NULL, NULL, NULL, "pass: this passphrase file is empty", ""},
            {"P", NULL, "q", NULL, NULL, NULL, NULL, "key.pem: this private key does not belong to", "issued for"},
            {"P", NULL, "r", NULL, NULL, NULL, NULL, "serial 4096", "issued for"},
            {"2P", NULL, "p", NULL, NULL, NULL, NULL, "does not belong", "certificate 2 of that file"},
            {"E", NULL, "e", NULL, NULL, NULL, NULL, "key is of type ED25519 (subject CN=leaf ed, serial 6)",
             "RSA or EC"},
            {"O", NULL, "p", NULL, NULL, NULL, NULL,
             "cert.pem: the certificate expired at 2026-11-18T10:06:40Z, 1 h 00 min ago (subject CN=leaf old, "
             "serial " LONG_SERIAL ")",
             "renew"},
            {"N", NULL, "p", NULL, NULL, NULL, NULL,
             "not valid before 2026-11-18T12:06:40Z, in 1 h 00 min (subject CN=leaf new, serial 8)", "clock"},
            {"P", "1", "p", NULL, NULL, NULL, NULL, "chain.pem: none of these certificates has issued", "issuer"},
            {"PS", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: none of these certificates has issued", "issuer"},
        };
        struct world *w = *state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct x509_identity *identity = NULL;
                struct error e = {.kind = ERROR_NONE};
                if (load(w, &rows[i], &identity, &e) == 0)
                        fail_msg("%s with key %s passed", rows[i].certificate, rows[i].key ? rows[i].key : "");
                assert_int_equal(e.kind, ERROR_CONFIG);
                if (!strstr(e.message, rows[i].message))
                        fail_msg("%s instead of %s", e.message, rows[i].message);
                if (!strstr(e.hint, rows[i].hint))
                        fail_msg("%s: hint %s instead of %s", e.message, e.hint, rows[i].hint);
                assert_null(strstr(e.message, PKI_PASSPHRASE));
                assert_null(identity);
        }
}

static void test_dates_are_inclusive(void **state)
{
        struct world *w = *state;
        char certificate[256];
        write_pieces(w, "cert.pem", "Pp");
        const struct x509_paths paths = {.certificate = pki_path(w->folder, "cert.pem", certificate)};
        static const struct {
                int64_t now_s;
                int r;
        } rows[] = {
            {PKI_NOW_S - HOUR - 1, -1}, {PKI_NOW_S - HOUR, 0}, {PKI_NOW_S + HOUR, 0}, {PKI_NOW_S + HOUR + 1, -1}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct x509_identity *identity = NULL;
                struct error e;
                assert_int_equal(x509_identity_load(&paths, rows[i].now_s, &identity, &e), rows[i].r);
                x509_identity_free(identity);
        }
}

// Paths that are no files, and a URI that no provider serves.
static void test_sources(void **state)
{
        struct world *w = *state;
        char certificate[256], key[256], folder[256], uri[300], missing[256];
        struct x509_identity *identity = NULL;
        struct error e = {.kind = ERROR_NONE};
        write_pieces(w, "cert.pem", "P");
        write_pieces(w, "key.pem", "p");
        (void)mkdir(pki_path(w->folder, "folder", folder), 0700);
        struct x509_paths paths = {.certificate = pki_path(w->folder, "cert.pem", certificate),
                                   .private_key = pki_path(w->folder, "key.pem", key)};
        (void)snprintf(uri, sizeof(uri), "file:%s", key);
        paths.private_key = uri;
        assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), 0);
        x509_identity_free(identity);
        (void)snprintf(uri, sizeof(uri), "file://%s", key);
        assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), 0);
        x509_identity_free(identity);

        paths.private_key = "pkcs11:token=nowhere;object=key";
        assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), -1);
        assert_non_null(strstr(e.message, "pkcs11:token=nowhere"));
        const char *const bad[] = {folder, pki_path(w->folder, "missing", missing)};
        for (size_t i = 0; i < 2; i++) {
                paths.private_key = bad[i];
                assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), -1);
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_non_null(strstr(e.message, bad[i]));
                paths.private_key = key;
                paths.certificate = bad[i];
                assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), -1);
                assert_non_null(strstr(e.message, bad[i]));
                paths.certificate = certificate;
                paths.certificate_chain = bad[i];
                assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), -1);
                assert_non_null(strstr(e.message, bad[i]));
                paths.certificate_chain = NULL;
                paths.passphrase_file = bad[i];
                assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), -1);
                assert_non_null(strstr(e.message, bad[i]));
                paths.passphrase_file = NULL;
        }
}

// Six intermediates above a leaf are one too many.
static void test_long_chain(void **state)
{
        struct world *w = *state;
        X509 *links[7] = {w->root};
        char certificate[256];
        for (int i = 1; i < 7; i++) {
                char name[32];
                (void)snprintf(name, sizeof(name), "I%d", i);
                links[i] = issue(name, "9", w->keys[KEY_ONE], links[i - 1], w->keys[i == 1 ? KEY_ROOT : KEY_ONE]);
        }
        for (int count = 5; count <= 6; count++) {
                X509 *leaf = issue("leaf", "10", w->keys[KEY_P256], links[count], w->keys[KEY_ONE]);
                BIO *bio = BIO_new(BIO_s_mem());
                pki_check(PEM_write_bio_X509(bio, leaf));
                for (int i = 1; i <= count; i++)
                        pki_check(PEM_write_bio_X509(bio, links[i]));
                pki_put_key(bio, w->keys[KEY_P256], PKI_PKCS8);
                pki_write(w->folder, "cert.pem", bio);
                BIO_free(bio);
                X509_free(leaf);
                const struct x509_paths paths = {.certificate = pki_path(w->folder, "cert.pem", certificate)};
                struct x509_identity *identity = NULL;
                struct error e;
                assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), count == 5 ? 0 : -1);
                if (count == 6)
                        assert_non_null(strstr(e.message, "more than 5"));
                x509_identity_free(identity);
        }
        for (int i = 1; i < 7; i++)
                X509_free(links[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_loads),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_dates_are_inclusive),
            cmocka_unit_test(test_sources),
            cmocka_unit_test(test_long_chain),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
