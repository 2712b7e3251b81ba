// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/credentials.h"

#include <assert.h>

#include "proto/mem/length.h"
#include "proto/mem/secret_pool.h"
#include "proto/wire/limits.h"

enum {
        ACCOUNT_ID_MAX = 128, // twelve digits today
        ROLE_ARN_MAX = 2048   // AWS's own limit
};

// One string of the struct: its place and its longest length.
struct field {
        const char *name;
        size_t offset;
        size_t max;
        bool required;
};

static const struct field fields_of_credentials[] = {
    {"AccessKeyId", offsetof(struct credentials, access_key_id), LIMIT_ACCESS_KEY_ID, true},
    {"SecretAccessKey", offsetof(struct credentials, secret_access_key), LIMIT_SECRET_ACCESS_KEY, true},
    {"SessionToken", offsetof(struct credentials, session_token), LIMIT_SESSION_TOKEN, false},
    {"AccountId", offsetof(struct credentials, account_id), ACCOUNT_ID_MAX, false},
    {"RoleArn", offsetof(struct credentials, assumed_role_arn), ROLE_ARN_MAX, false},
};

enum { FIELDS_N = LENGTH(fields_of_credentials) };

static struct slice *slice_at(struct credentials *c, const struct field *field)
{
        return (struct slice *)(void *)((uint8_t *)c + field->offset);
}

static bool is_plain(struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\')
                        return false;
        return true;
}

const char *credentials_unsound_member(const struct credentials *fields)
{
        struct credentials given = *fields;
        for (size_t i = 0; i < FIELDS_N; i++) {
                const struct field *field = &fields_of_credentials[i];
                struct slice s = *slice_at(&given, field);
                if (s.n > field->max || (field->required && s.n == 0) || !is_plain(s))
                        return field->name;
        }
        return NULL;
}

struct credentials *credentials_new(const struct credentials *fields)
{
        struct credentials given = *fields;
        size_t mapped = sizeof(struct credentials);
        if (credentials_unsound_member(fields))
                return NULL;
        for (size_t i = 0; i < FIELDS_N; i++)
                mapped += slice_at(&given, &fields_of_credentials[i])->n;
        struct credentials *c = secret_pool_alloc(mapped);
        if (!c)
                return NULL;
        *c = given;
        c->references = 1;
        c->mapped = mapped;
        c->derived = NULL;
        uint8_t *to = (uint8_t *)(c + 1);
        for (size_t i = 0; i < FIELDS_N; i++) {
                struct slice *s = slice_at(c, &fields_of_credentials[i]);
                if (s->n > 0)
                        memcpy(to, s->p, s->n);
                s->p = to;
                to += s->n;
        }
        return c;
}

struct credentials *credentials_ref(struct credentials *c)
{
        assert(c->references > 0);
        c->references++;
        return c;
}

void credentials_unref(struct credentials *c)
{
        if (!c)
                return;
        assert(c->references > 0);
        if (--c->references > 0)
                return;
        credentials_drop_derived(c);
        secret_pool_release(c, c->mapped);
}

void credentials_drop_derived(struct credentials *c)
{
        while (c->derived) {
                struct credentials_derived *derived = c->derived;
                credentials_detach(derived);
                derived->drop(derived);
        }
}

void credentials_attach(struct credentials *c, struct credentials_derived *derived)
{
        derived->next = c->derived;
        derived->link = &c->derived;
        if (derived->next)
                derived->next->link = &derived->next;
        c->derived = derived;
}

void credentials_detach(struct credentials_derived *derived)
{
        if (!derived->link)
                return;
        *derived->link = derived->next;
        if (derived->next)
                derived->next->link = derived->link;
        derived->link = NULL;
}

struct slice credentials_account_of_arn(struct slice arn)
{
        if (!slice_starts_with(arn, SLICE("arn:")))
                return slice_head(arn, 0);
        struct slice rest = slice_from(arn, 4);
        for (int skipped = 0; skipped < 3; skipped++) { // partition, service, region
                size_t colon = slice_find(rest, ':');
                if (colon == rest.n)
                        return slice_head(arn, 0);
                rest = slice_from(rest, colon + 1);
        }
        size_t colon = slice_find(rest, ':');
        return colon == rest.n ? slice_head(arn, 0) : slice_head(rest, colon);
}
