// SPDX-License-Identifier: Apache-2.0
// An authority with a root, two intermediates, leaves of every kind, and files put together from letters that stand for
// them. For the tests of loading an identity.
#ifndef TESTS_UNIT_SIGNING_X509_WORLD_H
#define TESTS_UNIT_SIGNING_X509_WORLD_H

#include <sys/stat.h>

#include "sidecar/signing/x509.h"
#include "tests/unit/folder.h"
#include "tests/unit/signing/pki.h"

enum key_name { KEY_ROOT, KEY_ONE, KEY_TWO, KEY_RSA, KEY_P256, KEY_P384, KEY_ED, KEY_COUNT };

struct world {
        struct folder own;
        const char *folder; // its path
        EVP_PKEY *keys[KEY_COUNT];
        X509 *root, *one, *two;       // two is issued by one, one by root
        X509 *rsa, *p256, *p384, *ed; // issued by two
        X509 *direct;                 // P-256, issued by root
        X509 *stranger;               // of another authority with two's name
        X509 *expired, *early;
};

#define LONG_SERIAL "1461501637330902918203684832716283019655932542975" // 2^160 - 1: 20 bytes
#define HOUR 3600

static inline X509 *world_issue(const char *name, const char *serial, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
        const struct pki_subject subject = {name, serial, issuer == NULL || name[0] == 'I', PKI_NOW_S - HOUR,
                                            PKI_NOW_S + HOUR};
        return pki_certificate(&subject, key, issuer, issuer_key);
}

static inline int world_set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        assert_non_null(w);
        folder_make(&w->own);
        w->folder = w->own.path;
        for (int i = 0; i < KEY_COUNT; i++)
                w->keys[i] = i == KEY_RSA    ? EVP_RSA_gen(2048)
                             : i == KEY_P384 ? EVP_EC_gen("P-384")
                             : i == KEY_ED   ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                             : EVP_EC_gen("P-256");
        EVP_PKEY **k = w->keys;
        w->root = world_issue("Root", "1", k[KEY_ROOT], NULL, NULL);
        w->one = world_issue("Intermediate 1", "2", k[KEY_ONE], w->root, k[KEY_ROOT]);
        w->two = world_issue("Intermediate 2", "3", k[KEY_TWO], w->one, k[KEY_ONE]);
        w->stranger = world_issue("Intermediate 2", "3", k[KEY_P384], w->root, k[KEY_ROOT]);
        w->rsa = world_issue("leaf,rsa", LONG_SERIAL, k[KEY_RSA], w->two, k[KEY_TWO]);
        w->p256 = world_issue("leaf p256", "4096", k[KEY_P256], w->two, k[KEY_TWO]);
        w->p384 = world_issue("leaf p384", "5", k[KEY_P384], w->two, k[KEY_TWO]);
        w->ed = world_issue("leaf ed", "6", k[KEY_ED], w->two, k[KEY_TWO]);
        w->direct = world_issue("leaf direct", "7", k[KEY_P256], w->root, k[KEY_ROOT]);
        const struct pki_subject expired = {"leaf old", LONG_SERIAL, false, PKI_NOW_S - 2 * HOUR, PKI_NOW_S - HOUR};
        const struct pki_subject early = {"leaf new", "8", false, PKI_NOW_S + HOUR, PKI_NOW_S + 2 * HOUR};
        w->expired = pki_certificate(&expired, k[KEY_P256], w->two, k[KEY_TWO]);
        w->early = pki_certificate(&early, k[KEY_P256], w->two, k[KEY_TWO]);
        *state = w;
        return 0;
}

static inline int world_tear_down(void **state)
{
        static const char *const names[] = {"cert.pem", "chain.pem", "key.pem", "pass", "cert.p12", "folder"};
        struct world *w = *state;
        char path[256];
        for (size_t i = 0; i < LENGTH(names); i++)
                (void)remove(pki_path(w->folder, names[i], path));
        folder_remove(&w->own);
        for (int i = 0; i < KEY_COUNT; i++)
                EVP_PKEY_free(w->keys[i]);
        X509 *all[] = {w->root, w->one,    w->two,      w->rsa,     w->p256, w->p384,
                       w->ed,   w->direct, w->stranger, w->expired, w->early};
        for (size_t i = 0; i < LENGTH(all); i++)
                X509_free(all[i]);
        free(w);
        return 0;
}

// What a letter stands for in the rows below.
static inline void world_put_piece(const struct world *w, BIO *bio, char letter)
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
        for (size_t i = 0; i < LENGTH(certificates); i++) {
                if (certificates[i].letter == letter)
                        pki_check(PEM_write_bio_X509(bio, certificates[i].certificate));
        }
        for (size_t i = 0; i < LENGTH(keys); i++) {
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

static inline void world_write_pieces(const struct world *w, const char *name, const char *pieces)
{
        BIO *bio = BIO_new(BIO_s_mem());
        for (; *pieces; pieces++)
                world_put_piece(w, bio, *pieces);
        pki_write(w->folder, name, bio);
        BIO_free(bio);
}

static inline void world_write_text(const struct world *w, const char *name, const char *text)
{
        BIO *bio = BIO_new(BIO_s_mem());
        BIO_puts(bio, text);
        pki_write(w->folder, name, bio);
        BIO_free(bio);
}

struct world_row {
        const char *certificate, *chain, *key, *passphrase; // NULL: not given
        const char *algorithm, *serial, *result;            // letters of the chain that comes out
        const char *message, *hint;                         // parts of them, for rows that fail
};

static inline int world_load(const struct world *w, const struct world_row *row, struct x509_identity **ret,
                             struct error *e)
{
        char certificate[256], chain[256], key[256], passphrase[256];
        world_write_pieces(w, "cert.pem", row->certificate);
        if (row->chain)
                world_write_pieces(w, "chain.pem", row->chain);
        if (row->key)
                world_write_pieces(w, "key.pem", row->key);
        if (row->passphrase)
                world_write_text(w, "pass", row->passphrase);
        const struct x509_paths paths = {
            .certificate = pki_path(w->folder, "cert.pem", certificate),
            .certificate_chain = row->chain ? pki_path(w->folder, "chain.pem", chain) : NULL,
            .private_key = row->key ? pki_path(w->folder, "key.pem", key) : NULL,
            .passphrase_file = row->passphrase ? pki_path(w->folder, "pass", passphrase) : NULL,
        };
        return x509_identity_load(&paths, PKI_NOW_S, ret, e);
}

#endif
