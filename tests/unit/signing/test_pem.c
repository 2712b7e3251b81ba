// SPDX-License-Identifier: Apache-2.0
// PEM files as tools and people leave them, and files that were mixed up.
#include "sidecar/signing/pem.h"

#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>

#include "tests/unit/signing/x509_world.h"
#include "tests/unit/unit.h"

enum way { AS_IS, LETTERS, LETTERS_TWICE, CRLF_LETTERS, CRLF, CR, INDENTED, BOM, ONE_LINE, JSON, AROUND, WAYS };

static void put_line_end(struct buffer *out, enum way way)
{
        static const char *const ends[WAYS] = {
            [LETTERS] = "\\n", [LETTERS_TWICE] = "\\\\n", [CRLF_LETTERS] = "\\r\\n", [CRLF] = "\r\n",
            [CR] = "\r",       [INDENTED] = " \n\t  ",    [ONE_LINE] = " ",          [JSON] = "\\n"};
        (void)buffer_put_str(out, ends[way] ? ends[way] : "\n");
}

static void spoil(const char *text, enum way way, struct buffer *out)
{
        if (way == BOM)
                (void)buffer_put_str(out, "\xef\xbb\xbf");
        if (way == INDENTED)
                (void)buffer_put_str(out, "tls.crt: |\n    ");
        if (way == JSON)
                (void)buffer_put_str(out, "{\"certificate\": \"");
        if (way == AROUND)
                (void)buffer_put_str(out, "Bag Attributes\n    friendlyName: -----x\nsubject=CN = a\n");
        for (; *text; text++) {
                if (*text == '\n')
                        put_line_end(out, way);
                else
                        (void)buffer_put_byte(out, (uint8_t)*text);
        }
        if (way == JSON)
                (void)buffer_put_str(out, "\"}\n");
        if (way == AROUND)
                (void)buffer_put_str(out, "issuer=CN = b\n-----------------\n");
}

static char *read_file(const struct world *w, const char *name)
{
        char path[256];
        static char text[65536];
        FILE *f = fopen(pki_path(w->folder, name, path), "re");
        assert_non_null(f);
        size_t n = fread(text, 1, sizeof(text) - 1, f);
        text[n] = '\0';
        fclose(f);
        return text;
}

static void spoil_file(const struct world *w, const char *name, const char *pieces, enum way way)
{
        char path[256];
        struct buffer out;
        buffer_init(&out, 65536);
        world_write_pieces(w, name, pieces);
        spoil(read_file(w, name), way, &out);
        FILE *f = fopen(pki_path(w->folder, name, path), "we");
        assert_non_null(f);
        assert_int_equal(fwrite(out.p, 1, out.n, f), out.n);
        fclose(f);
        explicit_bzero(read_file(w, name), 65536);
        buffer_free(&out);
}

static void every_form_of_pem_is_read(void **state)
{
        struct world *w = *state;
        static const struct {
                const char *certificate, *key, *passphrase;
        } rows[] = {{"P21", "p", NULL}, {"P2", "u", NULL}, {"P", "v", PKI_PASSPHRASE}, {"R", "w", PKI_PASSPHRASE}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char first[4096] = "";
                for (enum way way = AS_IS; way < WAYS; way++) {
                        char certificate[256], key[256], passphrase[256];
                        struct x509_identity *identity = NULL;
                        struct error e = {.kind = ERROR_NONE};
                        spoil_file(w, "cert.pem", rows[i].certificate, way);
                        // OpenSSL's old form of encryption has headers, which have lines of their own.
                        bool has_headers = rows[i].key[0] == 'w';
                        spoil_file(w, "key.pem", rows[i].key, has_headers && way == ONE_LINE ? AS_IS : way);
                        if (rows[i].passphrase)
                                world_write_text(w, "pass", rows[i].passphrase);
                        const struct x509_paths paths = {
                            .certificate = pki_path(w->folder, "cert.pem", certificate),
                            .private_key = pki_path(w->folder, "key.pem", key),
                            .passphrase_file = rows[i].passphrase ? pki_path(w->folder, "pass", passphrase) : NULL};
                        if (x509_identity_load(&paths, PKI_NOW_S, &identity, &e) < 0)
                                fail_msg("row %zu, way %d: %s (%s)", i, (int)way, e.message, e.hint);
                        struct slice chain = buffer_slice(&identity->chain);
                        if (way == AS_IS)
                                (void)snprintf(first, sizeof(first), "%.*s", (int)chain.n,
                                               chain.n ? (const char *)chain.p : "");
                        assert_true(slice_eq(chain, slice_str(first)));
                        x509_identity_free(identity);
                }
        }
}

static void write_bytes(const struct world *w, const char *name, const void *bytes, size_t n)
{
        BIO *bio = BIO_new(BIO_s_mem());
        BIO_write(bio, bytes, (int)n);
        pki_write(w->folder, name, bio);
        BIO_free(bio);
}

// Writes a file of that kind.
static void write_kind(const struct world *w, const char *name, const char *kind)
{
        BIO *bio = BIO_new(BIO_s_mem());
        EVP_PKEY *key = w->keys[KEY_P256];
        if (strcmp(kind, "p12") == 0) {
                PKCS12 *store = PKCS12_create("x", "client", key, w->p256, NULL, 0, 0, 0, 0, 0);
                pki_check(store && i2d_PKCS12_bio(bio, store));
                PKCS12_free(store);
        } else if (strcmp(kind, "csr") == 0 || strcmp(kind, "csr der") == 0) {
                X509_REQ *request = X509_REQ_new();
                pki_check(X509_REQ_set_pubkey(request, key) && X509_REQ_sign(request, key, EVP_sha256()));
                pki_check(kind[3] ? i2d_X509_REQ_bio(bio, request) : PEM_write_bio_X509_REQ(bio, request));
                X509_REQ_free(request);
        } else if (strcmp(kind, "p7") == 0 || strcmp(kind, "p7 der") == 0) {
                PKCS7 *bundle = PKCS7_new();
                pki_check(PKCS7_set_type(bundle, NID_pkcs7_signed) && PKCS7_content_new(bundle, NID_pkcs7_data) &&
                          PKCS7_add_certificate(bundle, w->p256));
                pki_check(kind[2] ? i2d_PKCS7_bio(bio, bundle) : PEM_write_bio_PKCS7(bio, bundle));
                PKCS7_free(bundle);
        } else if (strcmp(kind, "key der") == 0) {
                pki_check(i2d_PKCS8PrivateKey_bio(bio, key, NULL, NULL, 0, NULL, NULL));
        } else if (kind[0] == '=') {
                BIO_puts(bio, kind + 1);
        }
        if (BIO_pending(bio) > 0)
                pki_write(w->folder, name, bio);
        else
                world_write_pieces(w, name, kind);
        BIO_free(bio);
}

static void files_that_are_mixed_up_are_named(void **state)
{
        struct world *w = *state;
        static const struct {
                const char *certificate, *key, *message, *hint;
        } rows[] = {
            {"p12", "p", "cert.pem: no certificate in this certificate file: it is a PKCS#12 file",
             "name it in pkcs12"},
            {"p", "P", "it is a private key", "set certificate to"},
            {"v", "p", "it is an encrypted private key", "set certificate to"},
            {"key der", "p", "it is a private key in DER", "set certificate to"},
            {"d", "p", "it is a certificate in DER", "openssl x509 -inform der -in "},
            {"csr", "p", "it is a certificate signing request", "its authority issued"},
            {"csr der", "p", "it is a certificate signing request", "its authority issued"},
            {"p7", "p", "it is a PKCS#7 bundle", "openssl pkcs7 -print_certs -in "},
            {"p7 der", "p", "it is a PKCS#7 bundle", "openssl pkcs7 -inform der -print_certs -in "},
            {"k", "p", "it is a public key", "name the private key"},
            {"=\xfe\xed\xfe\xed\x01", "p", "it is a Java keystore (JKS)", "keytool -importkeystore"},
            {"=\xce\xce\xce\xce\x01", "p", "it is a Java keystore (JCEKS)", "keytool -importkeystore"},
            {"=\xff\xfe-", "p", "it is text in UTF-16", "iconv"},
            {"=MIIBszCCAVmgAwIBAgIUe", "p", "it is base64 without a BEGIN line", "BEGIN CERTIFICATE"},
            {"=-----BEGIN OPENSSH PRIVATE KEY-----\nb3A=\n-----END OPENSSH PRIVATE KEY-----\n", "p",
             "OpenSSH's own format", "ssh-keygen -p -m PKCS8 -f "},
            {"=----BEGIN CERTIFICATE----\nMIIB\n----END CERTIFICATE----\n", "p", "BEGIN is there, but not between five",
             "-----BEGIN CERTIFICATE-----"},
            {"=\xe2\x80\x94"
             "BEGIN CERTIFICATE\xe2\x80\x94\nMIIB\n\xe2\x80\x94"
             "END CERTIFICATE\xe2\x80\x94\n",
             "p", "BEGIN is there, but not between five", ""},
            {"=-----BEGIN CERTIFICATE-----\\nMIIB", "p", "is there, but no -----END", "write the file again"},
            {"P", "P", "key.pem: no private key found", "set private_key to the file"},
            {"P", "d", "it is a certificate in DER", "openssl x509"},
            {"P", "csr", "it is a certificate signing request", "its authority issued"},
            {"P", "k", "it is a public key", "name the private key"},
            {"P", "=\xfe\xed\xfe\xed\x01", "it is a Java keystore (JKS)", "keytool"},
            {"P", "=PuTTY-User-Key-File-3: ssh-rsa", "PuTTY's own format", "puttygen"},
            {"P", "=----BEGIN PRIVATE KEY----\nMIIB\n----END PRIVATE KEY----\n", "BEGIN is there, but not", ""},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char certificate[256], key[256];
                struct x509_identity *identity = NULL;
                struct error e = {.kind = ERROR_NONE};
                write_kind(w, "cert.pem", rows[i].certificate);
                write_kind(w, "key.pem", rows[i].key);
                const struct x509_paths paths = {.certificate = pki_path(w->folder, "cert.pem", certificate),
                                                 .private_key = pki_path(w->folder, "key.pem", key)};
                assert_int_equal(x509_identity_load(&paths, PKI_NOW_S, &identity, &e), -1);
                assert_int_equal(e.kind, ERROR_CONFIG);
                if (!strstr(e.message, rows[i].message) || !strstr(e.hint, rows[i].hint))
                        fail_msg("row %zu: %s (%s)", i, e.message, e.hint);
        }
        write_bytes(w, "cert.pem", "x", 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_form_of_pem_is_read),
            cmocka_unit_test(files_that_are_mixed_up_are_named),
        };
        return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
