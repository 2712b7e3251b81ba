// SPDX-License-Identifier: Apache-2.0
// As the AWS CLI registers for its device flow: no grantTypes, which leaves all of them open; scopes for a session
// only, as it takes the scope of accounts to get a refresh token.
#include "sidecar/providers/sso_client.h"

#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/members.h"
#include "sidecar/providers/sso_cache.h"

#define DEFAULT_SCOPES "sso:account:access"
#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

enum { LEAST_LIFE_S = 24 * 3600, KEY_MAX = 16 * 1024 };

void sso_client_init(struct sso_client *c)
{
        *c = (struct sso_client){.expires_s = 0};
        buffer_init(&c->text, (size_t)2 * LIMIT_TOKEN_FILE);
}

void sso_client_clear(struct sso_client *c)
{
        buffer_free(&c->text);
        sso_client_init(c);
}

// The next of the scopes, which have commas between them. False: there is none left.
static bool next_scope(struct slice *rest, struct slice *ret)
{
        while (rest->n > 0) {
                size_t n = slice_find(*rest, ',');
                *ret = slice_trim(slice_head(*rest, n));
                *rest = slice_from(*rest, n + 1);
                if (ret->n > 0)
                        return true;
        }
        return false;
}

static struct slice scopes_of(const struct profile *p)
{
        if (!p->sso.session)
                return SLICE("");
        return p->sso.registration_scopes ? slice_str(p->sso.registration_scopes) : SLICE(DEFAULT_SCOPES);
}

static void put_scopes(const struct profile *p, struct buffer *out)
{
        struct slice rest = scopes_of(p);
        struct slice scope;
        json_begin_array(out);
        while (next_scope(&rest, &scope))
                json_put_string(out, scope);
        json_end_array(out);
}

int sso_client_body(const struct profile *p, int64_t now_s, struct buffer *out)
{
        struct buffer name;
        buffer_init(&name, KEY_MAX);
        (void)buffer_put_str(&name, "keyfob-client-");
        if (p->sso.session)
                (void)buffer_put_str(&name, p->sso.session);
        else
                (void)buffer_put_i64(&name, now_s);
        json_begin_object(out);
        json_member(out, "clientName", buffer_slice(&name));
        json_member(out, "clientType", SLICE("public"));
        if (p->sso.session) {
                json_key(out, "scopes");
                put_scopes(p, out);
        }
        json_end_object(out);
        int r = out->failed || name.failed ? -1 : 0;
        buffer_free(&name);
        return r;
}

// Python's json.dumps(…, sort_keys=True), with its blanks, for the AWS CLI hashes that.
int sso_client_key(const struct profile *p, struct buffer *out)
{
        struct slice rest = scopes_of(p);
        struct slice scope;
        const char *between = "";
        (void)buffer_put_str(out, "{\"region\": ");
        json_put_string(out, slice_str(p->sso.region));
        (void)buffer_put_str(out, p->sso.session ? ", \"scopes\": [" : ", \"scopes\": null");
        while (next_scope(&rest, &scope)) {
                (void)buffer_put_str(out, between);
                json_put_string(out, scope);
                between = ", ";
        }
        (void)buffer_put_str(out, p->sso.session ? "], \"session_name\": " : ", \"session_name\": null");
        if (p->sso.session)
                json_put_string(out, slice_str(p->sso.session));
        (void)buffer_put_str(out, ", \"startUrl\": ");
        json_put_string(out, slice_str(p->sso.start_url));
        return buffer_put_str(out, ", \"tool\": \"botocore\"}");
}

static char *path_of(const struct profile *p)
{
        struct buffer key;
        char *path = NULL;
        struct error ignored;
        buffer_init(&key, KEY_MAX);
        if (sso_client_key(p, &key) < 0 || sso_cache_path(p, buffer_slice(&key), &path, &ignored) < 0)
                path = NULL;
        buffer_free(&key);
        return path;
}

// Without a list of grant types, or with the device flow in it.
static bool takes_device_codes(const struct json_doc *doc)
{
        size_t grants = json_get(doc, JSON_ROOT, SLICE("grantTypes"));
        if (grants == JSON_NONE || json_kind(doc, grants) == JSON_NULL)
                return true;
        if (json_kind(doc, grants) != JSON_ARRAY)
                return false;
        for (size_t i = json_first(doc, grants); i != JSON_NONE; i = json_next(doc, i))
                if (json_string_is(doc, i, SLICE(DEVICE_GRANT)))
                        return true;
        return false;
}

enum kept { KEPT_NOTHING, KEPT_GOOD, KEPT_FOR_OTHERS };

static enum kept read_kept(const struct profile *p, int64_t now_s, struct sso_client *ret)
{
        static const struct member_rule rules[] = {
            {"clientId", offsetof(struct sso_client, id), MEMBER_TEXT, MEMBER_NEEDED},
            {"clientSecret", offsetof(struct sso_client, secret), MEMBER_TEXT, MEMBER_NEEDED},
            {"expiresAt", offsetof(struct sso_client, expires_s), MEMBER_TIME, MEMBER_NEEDED},
        };
        struct json_doc doc;
        struct buffer file;
        struct error e = {.kind = ERROR_NONE};
        enum kept kept = KEPT_NOTHING;
        char *path = path_of(p);
        json_doc_init(&doc);
        buffer_init(&file, LIMIT_TOKEN_FILE);
        if (path && cache_file_read(path, SSO_CACHE_WHAT, &file, &e) == 0 && file.n > 0 &&
            members_parse(&doc, buffer_slice(&file), &ret->text, &e) == 0 &&
            members_take(&doc, rules, LENGTH(rules), &ret->text, ret, &e) == 0 && ret->expires_s > now_s + LEAST_LIFE_S)
                kept = takes_device_codes(&doc) ? KEPT_GOOD : KEPT_FOR_OTHERS;
        else if (e.kind == ERROR_INTERNAL)
                kept = KEPT_FOR_OTHERS; // perhaps
        json_doc_free(&doc);
        buffer_free(&file);
        free(path);
        return kept;
}

bool sso_client_load(const struct profile *p, int64_t now_s, struct sso_client *ret)
{
        sso_client_clear(ret);
        if (read_kept(p, now_s, ret) == KEPT_GOOD)
                return true;
        sso_client_clear(ret);
        return false;
}

int sso_client_read(struct slice body, struct sso_client *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"clientId", offsetof(struct sso_client, id), MEMBER_TEXT, MEMBER_NEEDED},
            {"clientSecret", offsetof(struct sso_client, secret), MEMBER_TEXT, MEMBER_NEEDED},
            {"clientSecretExpiresAt", offsetof(struct sso_client, expires_s), MEMBER_NUMBER, MEMBER_NEEDED},
        };
        sso_client_clear(ret);
        int r = members_read(body, rules, LENGTH(rules), &ret->text, ret, e);
        if (r < 0)
                sso_client_clear(ret);
        return r;
}

int sso_client_render(const struct profile *p, const struct sso_client *c, struct buffer *out)
{
        char expires[TIME_RFC3339_SIZE];
        if (time_format_rfc3339(c->expires_s, expires) < 0)
                return -1;
        json_begin_object(out);
        json_member(out, "clientId", c->id);
        json_member(out, "clientSecret", c->secret);
        json_member(out, "expiresAt", slice_str(expires));
        if (p->sso.session) {
                json_key(out, "scopes");
                put_scopes(p, out);
        }
        json_end_object(out);
        return out->failed ? -1 : 0;
}

void sso_client_save(const struct profile *p, struct slice text)
{
        struct sso_client kept;
        sso_client_init(&kept);
        char *path = path_of(p);
        if (path && read_kept(p, 0, &kept) != KEPT_FOR_OTHERS) {
                bool is_saved = cache_file_write(path, SSO_CACHE_WHAT, text, NULL) == 0;
                (void)is_saved; // it saves a call at the next login, no more
        }
        sso_client_clear(&kept);
        free(path);
}
