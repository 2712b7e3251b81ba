// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/x509.h"

#include "tests/unit/signing/x509_world.h"
#include "tests/unit/unit.h"

static void test_refused(void **state)
{
        static const struct world_row rows[] = {
            {"", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: this certificate file is empty", "PEM"},
            {"?", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: no certificate", "BEGIN CERTIFICATE"},
            {"p", NULL, "p", NULL, NULL, NULL, NULL,
             "cert.pem: no certificate in this certificate file: it is a private key",
             "set certificate to the file with the certificate"},
            {"d", NULL, "p", NULL, NULL, NULL, NULL, "it is a certificate in DER", "openssl x509 -inform der -in "},
            {"!", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: certificate 1 cannot be read", "damaged"},
            {"P|", NULL, "p", NULL, NULL, NULL, NULL, "cert.pem: certificate 2 cannot be read", "damaged"},
            {"P", "", "p", NULL, NULL, NULL, NULL, "chain.pem: this certificate chain file is empty", ""},
            {"P", "?", "p", NULL, NULL, NULL, NULL, "chain.pem: no certificate", ""},
            {"P", NULL, "", NULL, NULL, NULL, NULL, "key.pem: this private key file is empty", "PEM"},
            {"P", NULL, "?", NULL, NULL, NULL, NULL, "key.pem: no private key found", "PKCS#8"},
            {"P", NULL, "P", NULL, NULL, NULL, NULL, "it is a certificate", "PKCS#8"},
            {"P", NULL, "k", NULL, NULL, NULL, NULL, "it is a public key", "name the private key"},
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
             "RSA, EC or ML-DSA"},
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
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct x509_identity *identity = NULL;
                struct error e = {.kind = ERROR_NONE};
                if (world_load(w, &rows[i], &identity, &e) == 0)
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

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_refused),
        };
        return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
