// link: signing
// SPDX-License-Identifier: Apache-2.0
// Signatures per second of sigv4_sign() with a given payload hash, a session token of 1 KiB and four signed headers,
// beside the floor: the bare cryptography of the same request (one SHA-256 over the canonical request, one HMAC-SHA-256
// over the string to sign, of the same lengths; algorithms fetched once, key cached, keyed context reused). Both take
// turns of a few milliseconds on one CPU, so that a busy neighbour slows both; the medians of all rounds count. With
// arguments it measures the floor alone, for a session token of that length. Prints one JSON object.
// usage: bench_signer [MILLISECONDS TOKEN-BYTES]
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/sigv4.h"

enum { ROUNDS = 9, BATCH = 256, TOKEN_SIZE = 1024, CANONICAL_MAX = 16 * 1024, STRING_TO_SIGN_SIZE = 138 };

static const double round_s = 0.3, turn_s = 0.005; // a round is 0.3 s of each

static double now_s(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what)
{
        fprintf(stderr, "bench_signer: %s\n", what);
        exit(1);
}

struct subject {
        struct signer *signer;
        struct sigv4_request request;
        struct credentials *credentials;
        struct buffer out;
};

static void sign_once(void *context)
{
        struct subject *in = context;
        struct sigv4_result result;
        struct error e;
        if (sigv4_sign(in->signer, &in->request, in->credentials, &in->out, &result, &e) < 0)
                fail(e.message);
}

struct floor {
        EVP_MD *md;
        EVP_MD_CTX *hashing;
        EVP_MAC *hmac;
        EVP_MAC_CTX *mac;
        size_t canonical_n;
        unsigned char canonical[CANONICAL_MAX], text[STRING_TO_SIGN_SIZE];
};

static void hash_once(void *context)
{
        struct floor *in = context;
        unsigned char hash[32], signature[32];
        size_t n = 0;
        if (!EVP_DigestInit_ex2(in->hashing, NULL, NULL) ||
            !EVP_DigestUpdate(in->hashing, in->canonical, in->canonical_n) ||
            !EVP_DigestFinal_ex(in->hashing, hash, NULL) || !EVP_MAC_init(in->mac, NULL, 0, NULL) ||
            !EVP_MAC_update(in->mac, in->text, sizeof(in->text)) ||
            !EVP_MAC_final(in->mac, signature, &n, sizeof(signature)))
                fail("OpenSSL");
        in->canonical[0] = signature[0]; // each round depends on the last
}

struct meter {
        void (*once)(void *context);
        void *context;
        double spent_s;
        unsigned long n;
};

static void take_turn(struct meter *m)
{
        double start = now_s(), end = start;
        while (end - start < turn_s) {
                for (int i = 0; i < BATCH; i++)
                        m->once(m->context);
                m->n += BATCH;
                end = now_s();
        }
        m->spent_s += end - start;
}

static double rate(const struct meter *m)
{
        return (double)m->n / m->spent_s;
}

static void run_round(struct meter *a, struct meter *b)
{
        a->spent_s = b->spent_s = 0;
        a->n = b->n = 0;
        while (a->spent_s < round_s || b->spent_s < round_s) {
                take_turn(a);
                take_turn(b);
        }
}

static void pin(void)
{
        cpu_set_t set;
        CPU_ZERO(&set);
        int cpu = sched_getcpu();
        CPU_SET(cpu < 0 ? 0u : (unsigned)cpu, &set);
        if (sched_setaffinity(0, sizeof(set), &set) < 0)
                fail("cannot stay on one CPU");
}

static int compare(const void *a, const void *b)
{
        const double *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

static double median(double *values)
{
        qsort(values, ROUNDS, sizeof(values[0]), compare);
        return values[ROUNDS / 2];
}

static void floor_init(struct floor *f, size_t canonical_n)
{
        f->canonical_n = canonical_n;
        char name[] = "SHA256";
        OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};
        const unsigned char key[32] = {1};
        memset(f->canonical, 'c', sizeof(f->canonical));
        memset(f->text, 't', sizeof(f->text));
        f->md = EVP_MD_fetch(NULL, "SHA256", NULL);
        f->hashing = EVP_MD_CTX_new();
        f->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        f->mac = EVP_MAC_CTX_new(f->hmac);
        if (!f->hashing || !f->mac || !EVP_DigestInit_ex2(f->hashing, f->md, NULL) ||
            !EVP_MAC_init(f->mac, key, sizeof(key), params))
                fail("OpenSSL");
}

static void floor_free(struct floor *f)
{
        EVP_MAC_CTX_free(f->mac);
        EVP_MAC_free(f->hmac);
        EVP_MD_CTX_free(f->hashing);
        EVP_MD_free(f->md);
}

static void subject_init(struct subject *s, size_t token_size)
{
        static const struct header headers[] = {{SLICE_INIT("content-type"), SLICE_INIT("application/json")}};
        static char token[CANONICAL_MAX];
        memset(token, 'T', sizeof(token));
        const struct credentials fields = {
            .access_key_id = SLICE("ASIAEXAMPLEKEYID0001"),
            .secret_access_key = SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            .session_token = slice_of(token, token_size),
            .expires_s = CREDENTIALS_NEVER_EXPIRE,
        };
        s->request = (struct sigv4_request){
            .method = SLICE("POST"),
            .url = SLICE("https://bedrock-runtime.us-east-1.amazonaws.com"
                         "/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/invoke"),
            .headers = headers,
            .headers_count = 1, // with host, x-amz-date and x-amz-security-token: four
            .payload_hash = SLICE("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            .service = SLICE("bedrock"),
            .region = SLICE("us-east-1"),
            .time_s = 1788264000,
        };
        buffer_init(&s->out, LIMIT_SIGN_CANONICAL);
        s->signer = signer_new();
        s->credentials = credentials_new(&fields);
        if (!s->signer || !s->credentials)
                fail("out of memory");
}

// The Authorization stands right behind the canonical request.
static size_t canonical_length(struct subject *s)
{
        struct sigv4_result result;
        struct error e;
        if (sigv4_sign(s->signer, &s->request, s->credentials, &s->out, &result, &e) < 0)
                fail(e.message);
        size_t n = (size_t)(result.authorization.p - s->out.p);
        if (n > CANONICAL_MAX)
                fail("canonical request");
        return n;
}

static void compare_with_floor(struct meter *signing, struct meter *bare)
{
        double signer[ROUNDS], floor[ROUNDS], ratio[ROUNDS];
        run_round(signing, bare); // warm
        for (int i = 0; i < ROUNDS; i++) {
                run_round(signing, bare);
                signer[i] = rate(signing);
                floor[i] = rate(bare);
                ratio[i] = signer[i] / floor[i];
        }
        printf("{\"signer_per_s\":%.0f,\"floor_per_s\":%.0f,\"ratio\":%.3f}\n", median(signer), median(floor),
               median(ratio));
}

static void measure_floor(struct meter *bare, uint64_t milliseconds)
{
        take_turn(bare); // warm
        bare->spent_s = 0;
        bare->n = 0;
        while (bare->spent_s < (double)milliseconds / 1000)
                take_turn(bare);
        printf("{\"floor_per_s\":%.0f}\n", rate(bare));
}

int main(int argc, char **argv)
{
        struct subject s;
        struct floor f;
        struct meter signing = {.once = sign_once, .context = &s}, bare = {.once = hash_once, .context = &f};
        uint64_t milliseconds = 0, token_size = TOKEN_SIZE;
        if (argc != 1 && (argc != 3 || text_parse_u64(slice_str(argv[1]), &milliseconds) < 0 ||
                          text_parse_u64(slice_str(argv[2]), &token_size) < 0 || token_size > CANONICAL_MAX))
                fail("usage: bench_signer [MILLISECONDS TOKEN-BYTES]");
        pin();
        subject_init(&s, token_size);
        floor_init(&f, canonical_length(&s));
        if (argc == 1)
                compare_with_floor(&signing, &bare);
        else
                measure_floor(&bare, milliseconds);
        floor_free(&f);
        credentials_unref(s.credentials);
        signer_free(s.signer);
        buffer_free(&s.out);
        return 0;
}
