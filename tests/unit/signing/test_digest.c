// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/digest.h"

#include <openssl/evp.h>

#include "proto/mem/text.h"
#include "tests/unit/unit.h"

static void assert_hex(const uint8_t bytes[DIGEST_SIZE], const char *hex)
{
        char text[DIGEST_HEX_SIZE + 1] = {0};
        text_hex_encode(slice_of(bytes, DIGEST_SIZE), text);
        assert_string_equal(text, hex);
}

// OpenSSL's functions, of which the n-th call fails; 0: none. The linker sends our calls here.
static unsigned failing, calls;

#define FAILING(type, name, parameters, arguments)                                                                     \
        type __real_##name parameters;                                                                                 \
        type __wrap_##name parameters;                                                                                 \
        type __wrap_##name parameters                                                                                  \
        {                                                                                                              \
                return ++calls == failing ? 0 : __real_##name arguments;                                               \
        }

FAILING(int, EVP_DigestInit_ex2, (EVP_MD_CTX * c, const EVP_MD *type, const OSSL_PARAM *p), (c, type, p))
FAILING(int, EVP_DigestUpdate, (EVP_MD_CTX * c, const void *bytes, size_t n), (c, bytes, n))
FAILING(int, EVP_DigestFinal_ex, (EVP_MD_CTX * c, unsigned char *out, unsigned *n), (c, out, n))
FAILING(int, EVP_MD_CTX_copy_ex, (EVP_MD_CTX * to, const EVP_MD_CTX *from), (to, from))

FAILING(EVP_MD *, EVP_MD_fetch, (OSSL_LIB_CTX * library, const char *name, const char *properties),
        (library, name, properties))
FAILING(EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())

static void reports_each_failure_of_openssl(void **state)
{
        (void)state;
        struct digest *d = NULL;
        for (failing = 1; !d; failing++) {
                calls = 0;
                d = digest_new();
                assert_int_equal(d != NULL, calls < failing);
        }
        assert_true(failing > 4);
        uint8_t key[131] = {1}, out[DIGEST_SIZE];
        for (size_t n = 0; n <= sizeof(key); n += sizeof(key)) { // one that is hashed first, too
                bool is_whole = false;
                for (failing = 1; !is_whole; failing++) {
                        calls = 0;
                        int r = digest_hmac(d, slice_of(key, n), SLICE("text"), out);
                        is_whole = calls < failing;
                        assert_int_equal(r, is_whole ? 0 : -1);
                }
        }
        for (failing = 1; failing <= 4; failing++) {
                calls = 0;
                assert_int_equal(digest_sha256(d, SLICE("text"), out), failing <= 3 ? -1 : 0);
        }
        failing = 0;
        digest_free(d);
}

static void computes_sha256(void **state)
{
        static const struct {
                struct slice text;
                const char *hex;
        } rows[] = {
            // FIPS 180-4 examples
            {SLICE_INIT(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
            {SLICE_INIT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
            {SLICE_INIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
             "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        };
        (void)state;
        struct digest *d = digest_new();
        assert_non_null(d);
        for (size_t i = 0; i < 2 * LENGTH(rows); i++) { // twice: contexts are used again
                uint8_t hash[DIGEST_SIZE];
                size_t row = i % (LENGTH(rows));
                assert_int_equal(digest_sha256(d, rows[row].text, hash), 0);
                assert_hex(hash, rows[row].hex);
        }
        digest_free(d);
}

static void computes_hmac_sha256(void **state)
{
        static const struct {
                struct slice key, text;
                const char *hex;
        } rows[] = {
            // RFC 4231, test cases 1, 2 and 6 (a key longer than a block)
            {SLICE_INIT("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
             SLICE_INIT("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
            {SLICE_INIT("Jefe"), SLICE_INIT("what do ya want for nothing?"),
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
            {SLICE_INIT(""), SLICE_INIT(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        };
        (void)state;
        struct digest *d = digest_new();
        assert_non_null(d);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                uint8_t mac[DIGEST_SIZE];
                assert_int_equal(digest_hmac(d, rows[i].key, rows[i].text, mac), 0);
                assert_hex(mac, rows[i].hex);
        }
        uint8_t key[131], mac[DIGEST_SIZE];
        memset(key, 0xaa, sizeof(key));
        assert_int_equal(digest_hmac(d, slice_of(key, sizeof(key)),
                                     SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), mac),
                         0);
        assert_hex(mac, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        digest_free(d);
}

// A prepared key gives what a key given each time gives, for texts around the block size, again and again.
static void test_prepared_key(void **state)
{
        (void)state;
        uint8_t key[DIGEST_SIZE], text[200], prepared[DIGEST_SIZE], each[DIGEST_SIZE];
        struct digest *d = digest_new();
        assert_non_null(d);
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (uint8_t)(i * 7);
        memcpy(key, text + 3, sizeof(key));
        struct digest_key *hmac = digest_key_new(d, slice_of(key, sizeof(key)));
        assert_non_null(hmac);
        for (size_t n = 0; n <= sizeof(text); n++) {
                assert_int_equal(digest_key_hmac(d, hmac, slice_of(text, n), prepared), 0);
                assert_int_equal(digest_hmac(d, slice_of(key, sizeof(key)), slice_of(text, n), each), 0);
                assert_memory_equal(prepared, each, DIGEST_SIZE);
        }
        digest_key_free(hmac);
        digest_key_free(NULL);
        digest_free(d);
        digest_free(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reports_each_failure_of_openssl),
            cmocka_unit_test(computes_sha256),
            cmocka_unit_test(computes_hmac_sha256),
            cmocka_unit_test(test_prepared_key),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
