// SPDX-License-Identifier: Apache-2.0
// A set of the usual names is taken whole, so that never the key of one pair comes with the secret of another.
#include "sidecar/providers/secret_keys.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "sidecar/config/profile.h"

enum { NAMES_SHOWN_N = 8, NAME_SHOWN_MAX = 32 };

struct names {
        const char *access_key_id, *secret_access_key, *session_token;
};

static const struct names usual_names[] = {
    {"access_key_id", "secret_access_key", "session_token"},
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"},
    {"AccessKeyId", "SecretAccessKey", "SessionToken"},
    {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"},
    {"accessKeyId", "secretAccessKey", "sessionToken"},
};

static struct names choose_names(const struct json_doc *doc, const struct profile *p)
{
        struct names names = usual_names[0];
        for (size_t i = 0; i < LENGTH(usual_names); i++) {
                if (json_get(doc, JSON_ROOT, slice_str(usual_names[i].access_key_id)) != JSON_NONE) {
                        names = usual_names[i];
                        break;
                }
        }
        const __typeof__(p->secretsmanager) *given = &p->secretsmanager;
        names.access_key_id = given->access_key_id_field ? given->access_key_id_field : names.access_key_id;
        names.secret_access_key =
            given->secret_access_key_field ? given->secret_access_key_field : names.secret_access_key;
        names.session_token = given->session_token_field ? given->session_token_field : names.session_token;
        return names;
}

// A name that could as well be a value put in the wrong place is not repeated.
static bool may_be_shown(struct slice name)
{
        if (slice_is_empty(name) || name.n > NAME_SHOWN_MAX)
                return false;
        for (size_t i = 0; i < name.n; i++)
                if (!text_is_unreserved(name.p[i]))
                        return false;
        return true;
}

static void list_names(const struct json_doc *doc, struct buffer *out)
{
        size_t shown = 0;
        for (size_t key = json_first(doc, JSON_ROOT); key != JSON_NONE; key = json_next(doc, key)) {
                if (shown++ == NAMES_SHOWN_N) {
                        (void)buffer_put_str(out, ", …");
                        break;
                }
                (void)buffer_put_str(out, shown > 1 ? ", " : "");
                (void)buffer_put(out, may_be_shown(json_raw(doc, key)) ? json_raw(doc, key) : SLICE("…"));
        }
}

static int refuse_missing(const struct json_doc *doc, const char *name, struct error *e)
{
        struct buffer list;
        buffer_init(&list, NAMES_SHOWN_N * (NAME_SHOWN_MAX + 4) + 8);
        list_names(doc, &list);
        const char *names = buffer_c_str(&list);
        (void)error_set(e, ERROR_CONFIG, "the secret lacks \"%.64s\", or it is empty; its members are: %s", name,
                        names && names[0] ? names : "none");
        buffer_free(&list);
        return error_hint(e, "store the keys as {\"access_key_id\": …, \"secret_access_key\": …}, or set "
                             "access_key_id_field and secret_access_key_field to the names of its members");
}

static int take(const struct json_doc *doc, const char *name, struct buffer *scratch, struct slice *ret,
                struct error *e)
{
        if (members_text(doc, JSON_ROOT, slice_str(name), scratch, ret) == 0)
                return 0;
        (void)error_set(e, ERROR_CONFIG, "the secret's member \"%.64s\" is %s, expected a string", name,
                        json_kind_name(json_kind(doc, json_get(doc, JSON_ROOT, slice_str(name)))));
        return error_hint(e, "correct the secret, or name another member in the profile");
}

static int take_keys(const struct json_doc *doc, const struct profile *profile, struct buffer *scratch,
                     struct answer *ret, struct error *e)
{
        struct names names = choose_names(doc, profile);
        if (take(doc, names.access_key_id, scratch, &ret->access_key_id, e) < 0 ||
            take(doc, names.secret_access_key, scratch, &ret->secret_access_key, e) < 0 ||
            take(doc, names.session_token, scratch, &ret->session_token, e) < 0)
                return -1;
        if (slice_is_empty(ret->access_key_id))
                return refuse_missing(doc, names.access_key_id, e);
        if (slice_is_empty(ret->secret_access_key))
                return refuse_missing(doc, names.secret_access_key, e);
        if (slice_is_empty(ret->session_token) && profile->secretsmanager.session_token_field)
                return refuse_missing(doc, names.session_token, e);
        return 0;
}

int secret_keys_read(struct slice document, const struct profile *profile, struct buffer *scratch, struct answer *ret,
                     struct error *e)
{
        struct json_doc doc;
        json_doc_init(&doc);
        int r = members_parse(&doc, document, scratch, e);
        if (r == 0) {
                r = take_keys(&doc, profile, scratch, ret, e);
        } else if (e->kind != ERROR_INTERNAL) {
                (void)error_context(e, "the secret's value cannot be read");
                e->kind = ERROR_CONFIG;
                (void)error_hint(e, "store the keys as {\"access_key_id\": \"AKIA…\", \"secret_access_key\": \"…\"}");
        }
        json_doc_free(&doc);
        return r;
}
