// SPDX-License-Identifier: Apache-2.0
// Signatures by headers, by query and by certificate; identities out of PEM and PKCS#12. Signatures by secret are held
// against those that were made with nothing failing, those by certificate are verified.
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/text.h"
#include "sidecar/signing/sigv4.h"
#include "sidecar/signing/x509.h"
#include "tests/torture/torture.h"
#include "tests/unit/signing/fixture.h"
#include "tests/unit/signing/x509_world.h"

// --- by secret ---

static const struct header headers[] = {{SLICE_INIT("content-type"), SLICE_INIT("application/json")},
                                        {SLICE_INIT("X-Amz-Meta"), SLICE_INIT("a   b")}};

static struct sigv4_request request_for(const char *url, const char *region)
{
        return (struct sigv4_request){.method = SLICE("GET"),
                                      .url = slice_str(url),
                                      .headers = headers,
                                      .headers_count = LENGTH(headers),
                                      .payload_hash = SLICE(EMPTY_SHA256),
                                      .service = SLICE("bedrock"),
                                      .region = slice_str(region),
                                      .time_s = FIXTURE_TIME_S};
}

struct sign_case {
        const char *url;
        bool presigns, is_sigv4a;
};

// Without the signature of SigV4A, which is another each time.
static struct slice comparable(const struct sign_case *c, struct slice authorization)
{
        static const char before[] = "Signature=";
        const uint8_t *at = memmem(authorization.p, authorization.n, before, strlen(before));
        return c->is_sigv4a && at ? slice_of(authorization.p, (size_t)(at - authorization.p)) : authorization;
}

// Into `out`, in another region each time, so that keys are derived, kept and replaced. 0, or -1.
static int sign(struct signer *s, const struct sign_case *c, struct credentials *credentials, struct buffer *out,
                struct error *e)
{
        struct buffer scratch;
        char region[32];
        int r = 0;
        buffer_init(&scratch, LIMIT_SIGN_CANONICAL);
        for (int i = 0; i < 3 && r == 0; i++) {
                struct sigv4_result result;
                (void)snprintf(region, sizeof(region), "us-east-%d", i);
                struct sigv4_request request = request_for(c->url, region);
                request.region_set = c->is_sigv4a ? request.region : slice_of(NULL, 0);
                r = c->presigns ? sigv4_presign(s, &request, credentials, 900, &scratch, e)
                                : sigv4_sign(s, &request, credentials, &scratch, &result, e);
                if (r == 0 &&
                    buffer_put(out, c->presigns ? buffer_slice(&scratch) : comparable(c, result.authorization)) < 0)
                        r = error_set(e, ERROR_INTERNAL, "of this test");
        }
        buffer_free(&scratch);
        return r;
}

static bool sign_round(const void *arg)
{
        struct fixture f;
        struct buffer want, got;
        struct error e = {.kind = ERROR_NONE};
        fixture_set_up(&f);
        buffer_init(&want, 65536);
        buffer_init(&got, 65536);
        assert_int_equal(sign(f.signer, arg, f.temporary, &want, &e), 0);
        torture_begin();
        struct signer *s = signer_new();
        int r = s ? sign(s, arg, f.temporary, &got, &e) : -1;
        torture_end();
        if (r == 0)
                assert_true(slice_eq(buffer_slice(&got), buffer_slice(&want)));
        else if (s)
                (void)torture_refused(&e);
        if (s) { // usable again
                buffer_reset(&got);
                assert_int_equal(sign(s, arg, f.temporary, &got, &e), 0);
                assert_true(slice_eq(buffer_slice(&got), buffer_slice(&want)));
        }
        signer_free(s);
        buffer_free(&want);
        buffer_free(&got);
        fixture_tear_down(&f);
        return r == 0;
}

// --- by certificate ---

struct identity_case {
        const struct world *world;
        const char *certificate, *chain, *key, *passphrase; // as in x509_world.h
        bool is_pkcs12, is_short;                           // read byte by byte
};

static void assert_signature(const struct identity_case *c, struct slice text, struct slice hex)
{
        uint8_t signature[512];
        assert_true(hex.n / 2 <= sizeof(signature));
        assert_int_equal(text_hex_decode(hex, signature), 0);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        assert_true(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, c->world->keys[KEY_P256]) == 1 &&
                    EVP_DigestVerify(context, signature, hex.n / 2, text.p, text.n) == 1);
        EVP_MD_CTX_free(context);
}

static int load(const struct identity_case *c, struct x509_identity **ret, struct error *e)
{
        char certificate[256], chain[256], key[256], passphrase[256], pkcs12[256];
        const char *folder = c->world->folder;
        const struct x509_paths paths = {
            .certificate = c->is_pkcs12 ? NULL : pki_path(folder, "cert.pem", certificate),
            .certificate_chain = c->chain ? pki_path(folder, "chain.pem", chain) : NULL,
            .private_key = c->key ? pki_path(folder, "key.pem", key) : NULL,
            .passphrase_file = c->passphrase ? pki_path(folder, "pass", passphrase) : NULL,
            .pkcs12 = c->is_pkcs12 ? pki_path(folder, "cert.p12", pkcs12) : NULL,
        };
        *ret = NULL;
        *e = (struct error){.kind = ERROR_NONE};
        torture_short_reads(c->is_short);
        int r = x509_identity_load(&paths, PKI_NOW_S, ret, e);
        torture_short_reads(false);
        return r;
}

static void write_pkcs12(const struct world *w)
{
        STACK_OF(X509) *rest = sk_X509_new_null();
        pki_check(sk_X509_push(rest, w->two) > 0 && sk_X509_push(rest, w->one) > 0);
        PKCS12 *file = PKCS12_create(PKI_PASSPHRASE, "x", w->keys[KEY_P256], w->p256, rest, 0, 0, 1, 1, 0);
        BIO *bio = BIO_new(BIO_s_mem());
        pki_check(file && bio && i2d_PKCS12_bio(bio, file));
        pki_write(w->folder, "cert.p12", bio);
        BIO_free(bio);
        PKCS12_free(file);
        sk_X509_free(rest);
}

static bool identity_round(const void *arg)
{
        const struct identity_case *c = arg;
        struct error e;
        struct x509_identity *identity;
        struct buffer hex, out;
        char amz_date[17] = "";
        if (c->is_pkcs12) {
                write_pkcs12(c->world);
        } else {
                world_write_pieces(c->world, "cert.pem", c->certificate);
                world_write_pieces(c->world, "chain.pem", c->chain ? c->chain : "");
                world_write_pieces(c->world, "key.pem", c->key ? c->key : "");
        }
        world_write_text(c->world, "pass", c->passphrase ? c->passphrase : "");
        buffer_init(&hex, 4096);
        buffer_init(&out, 4096);
        const struct x509_request request = {.host = SLICE("rolesanywhere.us-east-1.amazonaws.com"),
                                             .path = SLICE("/sessions"),
                                             .body = SLICE("{}"),
                                             .region = SLICE("us-east-1"),
                                             .time_s = PKI_NOW_S};
        torture_begin();
        int r = load(c, &identity, &e);
        bool has_loaded = r == 0;
        if (r == 0)
                r = x509_sign_request_alone(identity, &request, amz_date, &out, &e);
        if (r == 0)
                r = x509_identity_sign(identity, SLICE("text"), &hex, &e);
        torture_end();
        if (r < 0)
                (void)torture_refused(&e);
        if (has_loaded) {
                assert_string_equal(identity->serial, "4096");
                assert_string_equal(identity->subject, "CN=leaf p256");
                assert_true(buffer_slice(&identity->leaf).n > 100);
                assert_true(slice_find(buffer_slice(&identity->chain), ',') < buffer_slice(&identity->chain).n);
        } else {
                assert_null(identity);
        }
        if (r == 0) {
                assert_true(
                    slice_starts_with(buffer_slice(&out), SLICE("AWS4-X509-ECDSA-SHA256 Credential=4096/2026")));
                assert_string_equal(amz_date, "20261118T110640Z");
                assert_signature(c, SLICE("text"), buffer_slice(&hex));
        }
        x509_identity_free(identity);
        buffer_free(&hex);
        buffer_free(&out);
        return r == 0;
}

int main(void)
{
        static const struct sign_case plain = {"https://bedrock.us-east-1.amazonaws.com/model/x/invoke", false, false},
                                      several = {"https://bedrock.us-east-1.amazonaws.com/model/x/invoke", false, true},
                                      query = {"https://bedrock.us-east-1.amazonaws.com/a?b=1&a=2&c&a=1", false, false},
                                      presign = {"https://bedrock.us-east-1.amazonaws.com/a?b=1&a=2&c&a=1", true,
                                                 false};
        void *world = NULL;
        (void)world_set_up(&world);
        const struct identity_case pem = {.world = world, .certificate = "P", .chain = "21", .key = "p"},
                                   one_file = {.world = world, .certificate = "P21p"},
                                   sealed = {.world = world,
                                             .certificate = "P",
                                             .chain = "12",
                                             .key = "v",
                                             .passphrase = PKI_PASSPHRASE "\n"},
                                   pkcs12 = {.world = world, .passphrase = PKI_PASSPHRASE "\n", .is_pkcs12 = true},
                                   slow = {.world = world, .certificate = "P21p", .is_short = true};
        const struct torture_row rows[] = {
            {.name = "by headers", .round = sign_round, .arg = &plain},
            {.name = "by headers, with a query", .round = sign_round, .arg = &query},
            {.name = "by query", .round = sign_round, .arg = &presign},
            {.name = "SigV4A", .round = sign_round, .arg = &several},
            {.name = "PEM", .round = identity_round, .arg = &pem},
            {.name = "PEM, one file", .round = identity_round, .arg = &one_file},
            {.name = "PEM, encrypted key", .round = identity_round, .arg = &sealed},
            {.name = "PKCS#12", .round = identity_round, .arg = &pkcs12},
            {.name = "PEM, byte by byte", .round = identity_round, .arg = &slow},
        };
        int failed = torture_main(rows, LENGTH(rows));
        (void)world_tear_down(&world);
        return failed;
}
