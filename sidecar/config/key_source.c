// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/key_source.h"

#include <string.h>

#include "proto/mem/text.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/values.h"

#define URI_LONGEST ((size_t)4095)
#define WHAT "the path of a file, or the URI of a key (pkcs11:token=NAME;object=NAME)"

// In any case of letters and anywhere: better a URI too many refused than a PIN shown.
static bool has_pin(struct slice uri)
{
        static const struct slice name = SLICE_INIT("pin-value");
        for (size_t i = 0; i + name.n <= uri.n; i++)
                if (slice_eq_ignore_case(slice_of(uri.p + i, name.n), name))
                        return true;
        return false;
}

static int refuse_pin(struct reader *r, size_t value)
{
        reader_expected_secret(r, value, "a URI without a PIN in it");
        return error_hint(r->e, "write the PIN to a file, set \"private_key_passphrase_file\" to its path, and remove "
                                "pin-value");
}

// "file:/path", "file:///path", "/path". Empty: something else.
static struct slice path_of(struct slice text)
{
        if (slice_starts_with(text, SLICE("file://")))
                text = slice_from(text, strlen("file://"));
        else if (slice_starts_with(text, SLICE("file:")))
                text = slice_from(text, strlen("file:"));
        bool is_path = slice_starts_with(text, SLICE("/")) && !slice_starts_with(text, SLICE("//"));
        return is_path && memchr(text.p, '\0', text.n) == NULL ? text : SLICE("");
}

// Keeps the file that `encoded` names. The URIs of key and certificate may both name it.
static int keep_file(struct reader *r, size_t value, const char *name, bool is_secret, struct slice encoded,
                     char **field)
{
        struct buffer text;
        char *kept = NULL;
        buffer_init(&text, URI_LONGEST);
        bool good = text_percent_decode(encoded, &text) == 0;
        struct slice path = good ? path_of(buffer_slice(&text)) : SLICE("");
        int result = path.n == 0 ? 1 : reader_keep(r, path, &kept);
        bool has_memory = !text.no_memory;
        buffer_free(&text);
        if (!has_memory)
                return reader_no_memory(r);
        if (result > 0) {
                reader_fail(r, value, "found a URI whose %s is not the absolute path of a file", name);
                return error_hint(r->e, "write %s=file:/PATH, or %s=/PATH", name, name);
        }
        if (result < 0 || reader_check_file(r, value, kept) < 0 || reader_judge_file(r, value, kept, is_secret) < 0)
                return -1;
        if (*field && strcmp(*field, kept) != 0) {
                reader_fail(r, value, "found two different %s files, expected the same for certificate and key", name);
                return error_hint(r->e, "name the same file in both URIs, or in one of them only");
        }
        *field = kept;
        return 0;
}

// One attribute of the query. 1: it was taken out of the URI; 0: it stays; -1.
static int take_attribute(struct reader *r, size_t value, struct slice attribute, struct profile *p)
{
        static const struct slice pin = SLICE_INIT("pin-source="), module = SLICE_INIT("module-path=");
        bool is_pin = slice_starts_with(attribute, pin), is_module = slice_starts_with(attribute, module);
        if (!is_pin && !is_module)
                return 0;
        struct slice file = slice_from(attribute, is_pin ? pin.n : module.n);
        char **field = is_pin ? &p->roles_anywhere.pin_file : &p->roles_anywhere.pkcs11_module;
        return keep_file(r, value, is_pin ? "pin-source" : "module-path", is_pin, file, field) < 0 ? -1 : 1;
}

static struct slice next_attribute(struct slice *rest)
{
        size_t ampersand = slice_find(*rest, '&'), semicolon = slice_find(*rest, ';');
        struct slice attribute = slice_head(*rest, ampersand < semicolon ? ampersand : semicolon);
        *rest = slice_from(*rest, attribute.n + 1);
        return attribute;
}

// The part before the question mark; of a certificate without the kind of object, as its key goes by the same name.
static void put_path(struct slice path, bool drops_type, struct buffer *out)
{
        size_t start = out->n;
        while (path.n > 0) {
                struct slice attribute = slice_head(path, slice_find(path, ';'));
                path = slice_from(path, attribute.n + 1);
                if (drops_type && slice_starts_with(attribute, SLICE("type=")))
                        continue;
                if (out->n > start)
                        (void)buffer_put_byte(out, ';');
                (void)buffer_put(out, attribute);
        }
}

static int read_pkcs11(struct reader *r, size_t value, struct slice text, const struct key_rule *rule,
                       struct profile *p)
{
        static const struct slice scheme = SLICE_INIT("pkcs11:");
        bool is_certificate = rule->offset == offsetof(struct profile, roles_anywhere.certificate);
        struct buffer uri;
        struct slice path = slice_head(text, slice_find(text, '?'));
        struct slice query = slice_from(text, path.n + 1);
        int result = 0;
        buffer_init(&uri, 2 * URI_LONGEST);
        (void)buffer_put(&uri, scheme);
        put_path(slice_from(path, scheme.n), is_certificate, &uri);
        bool is_bare = uri.n == scheme.n;
        for (char before = '?'; query.n > 0 && result >= 0;) {
                struct slice attribute = next_attribute(&query);
                result = attribute.n > 0 ? take_attribute(r, value, attribute, p) : 1;
                if (result != 0)
                        continue;
                (void)buffer_put_byte(&uri, (uint8_t)before);
                (void)buffer_put(&uri, attribute);
                before = '&';
        }
        if (result >= 0 && is_bare) {
                reader_expected(r, value, "a pkcs11: URI that names a token and an object");
                result = error_hint(r->e, "write pkcs11:token=NAME;object=NAME; p11tool --list-all shows them");
        } else if (result >= 0) {
                result = uri.failed ? reader_no_memory(r)
                                    : reader_keep(r, buffer_slice(&uri), reader_field(p, rule->offset));
        }
        buffer_free(&uri);
        return result < 0 ? -1 : 0;
}

static int read_file_uri(struct reader *r, size_t value, struct slice text, bool is_secret, char **field)
{
        struct slice path = path_of(text);
        if (path.n == 0)
                return reader_expected(r, value, "a file: URI with an absolute path (file:/PATH)");
        if (reader_keep(r, path, field) < 0 || reader_check_file(r, value, *field) < 0)
                return -1;
        return reader_judge_file(r, value, *field, is_secret);
}

// 0: `ret` is a URI (in the reader's scratch buffer); 1: it is something for reader_path(); -1.
static int read_uri(struct reader *r, size_t value, struct slice *ret)
{
        if (json_kind(r->doc, value) != JSON_STRING)
                return 1;
        if (reader_text(r, value, ret) < 0)
                return -1;
        if (slice_find(*ret, ':') < ret->n && has_pin(*ret))
                return refuse_pin(r, value);
        if (!values_is_uri(*ret))
                return 1;
        if (ret->n <= URI_LONGEST && !memchr(ret->p, '\0', ret->n) && slice_find(*ret, '\n') == ret->n)
                return 0;
        return reader_expected_secret(r, value, WHAT);
}

int key_source_read(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        char **field = reader_field(record, rule->offset);
        int kind = read_uri(r, value, &text);
        if (kind != 0)
                return kind < 0 ? -1 : reader_path(r, value, rule, record);
        if (slice_starts_with(text, SLICE("pkcs11:")))
                return read_pkcs11(r, value, text, rule, record);
        if (slice_starts_with(text, SLICE("file:")))
                return read_file_uri(r, value, text, rule->is_secret, field);
        return reader_keep(r, text, field);
}

int key_source_certificate(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        int kind = read_uri(r, value, &text);
        if (kind < 0)
                return -1;
        if (kind == 0 && (slice_starts_with(text, SLICE("pkcs11:")) || slice_starts_with(text, SLICE("file:"))))
                return key_source_read(r, value, rule, record);
        return reader_path(r, value, rule, record);
}
