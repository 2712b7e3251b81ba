// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/x509.h"

#include "proto/mem/text.h"
#include "tests/unit/signing/x509_world.h"
#include "tests/unit/unit.h"

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

static void check_identity(const struct world *w, const struct world_row *row, const struct x509_identity *identity)
{
        struct error e;
        struct buffer chain, signature;
        buffer_init(&chain, 1 << 16);
        buffer_init(&signature, 1 << 16);
        expected_chain(w, row->result, &chain);
        assert_string_equal(identity->algorithm->name, row->algorithm);
        assert_string_equal(identity->serial, row->serial);
        assert_int_equal(identity->not_after_s, PKI_NOW_S + HOUR);
        if (!slice_eq(buffer_slice(&identity->chain), buffer_slice(&chain)))
                fail_msg("%s + %s: another chain than %s", row->certificate, row->chain ? row->chain : "", row->result);
        assert_int_equal(x509_identity_sign(identity, SLICE("text to sign"), &signature, &e), 0);
        X509 *leaf = leaf_of(w, row->certificate[row->certificate[0] == '#']);
        assert_true(verifies(leaf, SLICE("text to sign"), buffer_slice(&signature)));
        assert_false(verifies(leaf, SLICE("text to sigN"), buffer_slice(&signature)));
        buffer_free(&chain);
        buffer_free(&signature);
}

#define RSA_ALGORITHM "AWS4-X509-RSA-SHA256"
#define EC_ALGORITHM "AWS4-X509-ECDSA-SHA256"

static void loads_keys_and_certificates_in_every_form(void **state)
{
        static const struct world_row rows[] = {
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
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct x509_identity *identity = NULL;
                struct error e = {.kind = ERROR_NONE};
                if (world_load(w, &rows[i], &identity, &e) < 0)
                        fail_msg("%s + %s, key %s: %s", rows[i].certificate, rows[i].chain ? rows[i].chain : "",
                                 rows[i].key ? rows[i].key : "", e.message);
                struct world_row row = rows[i];
                if (row.certificate[0] == 'p')
                        row.certificate++;
                check_identity(w, &row, identity);
                x509_identity_free(identity);
        }
        x509_identity_free(NULL);
}

static void test_dates_are_inclusive(void **state)
{
        struct world *w = *state;
        char certificate[256];
        world_write_pieces(w, "cert.pem", "Pp");
        const struct x509_paths paths = {.certificate = pki_path(w->folder, "cert.pem", certificate)};
        static const struct {
                int64_t now_s;
                int r;
        } rows[] = {
            {PKI_NOW_S - HOUR - 1, -1}, {PKI_NOW_S - HOUR, 0}, {PKI_NOW_S + HOUR, 0}, {PKI_NOW_S + HOUR + 1, -1}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct x509_identity *identity = NULL;
                struct error e;
                assert_int_equal(x509_identity_load(&paths, rows[i].now_s, &identity, &e), rows[i].r);
                x509_identity_free(identity);
        }
}

static void assert_refuses(const struct x509_paths *paths, const char *path)
{
        struct x509_identity *identity = NULL;
        struct error e = {.kind = ERROR_NONE};
        assert_int_equal(x509_identity_load(paths, PKI_NOW_S, &identity, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, path));
}

// Paths that are no files, and a URI that no provider serves.
static void names_the_path_or_uri_that_cannot_be_loaded(void **state)
{
        struct world *w = *state;
        char certificate[256], key[256], folder[256], uri[300], missing[256];
        struct x509_identity *identity = NULL;
        struct error e = {.kind = ERROR_NONE};
        world_write_pieces(w, "cert.pem", "P");
        world_write_pieces(w, "key.pem", "p");
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
                assert_refuses(&paths, bad[i]);
                paths.private_key = key;
                paths.certificate = bad[i];
                assert_refuses(&paths, bad[i]);
                paths.certificate = certificate;
                paths.certificate_chain = bad[i];
                assert_refuses(&paths, bad[i]);
                paths.certificate_chain = NULL;
                paths.passphrase_file = bad[i];
                assert_refuses(&paths, bad[i]);
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
                links[i] = world_issue(name, "9", w->keys[KEY_ONE], links[i - 1], w->keys[i == 1 ? KEY_ROOT : KEY_ONE]);
        }
        for (int count = 5; count <= 6; count++) {
                X509 *leaf = world_issue("leaf", "10", w->keys[KEY_P256], links[count], w->keys[KEY_ONE]);
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
            cmocka_unit_test(loads_keys_and_certificates_in_every_form),

            cmocka_unit_test(test_dates_are_inclusive),
            cmocka_unit_test(names_the_path_or_uri_that_cannot_be_loaded),
            cmocka_unit_test(test_long_chain),
        };
        return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
