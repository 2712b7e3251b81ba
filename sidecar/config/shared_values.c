// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/shared_values.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "sidecar/config/arn.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/session_name.h"
#include "sidecar/config/values.h"

#define FOUND_TEXT 80 // of a value in a message

static bool is_region(struct slice text)
{
        return endpoints_is_region(text) && !endpoints_is_fips_name(text);
}

static const struct {
        const char *key;
        bool (*is_valid)(struct slice text);
        const char *expected; // NULL: anything
} texts[] = {
    {"role_arn", arn_is_role, "an IAM role ARN (arn:aws:iam::111122223333:role/NAME)"},
    {"role_session_name", session_name_is_valid, "2 to 64 of A-Z a-z 0-9 _ + = , . @ -"},
    {"external_id", values_is_external_id, "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -"},
    {"mfa_serial", values_is_mfa_serial, "9 to 256 of A-Z a-z 0-9 _ + = / : , . @ -"},
    {"credential_source", values_is_credential_source, "one of Environment, EcsContainer, Ec2InstanceMetadata"},
    {"credential_process", values_is_any, NULL},
    {"sso_session", values_is_any, NULL},
    {"sso_start_url", values_is_any, NULL},
    {"sso_region", is_region, "an AWS region such as us-east-1"},
    {"sso_account_id", values_is_account_id, "12 digits"},
    {"sso_role_name", values_is_any, NULL},
    {"sso_registration_scopes", values_is_any, NULL},
    {"login_session", values_is_any, NULL},
    {"aws_account_id", values_is_account_id, "12 digits"},
    {"region", is_region, "an AWS region such as us-east-1; for FIPS endpoints, set use_fips_endpoint"},
    {"ec2_metadata_service_endpoint_mode", values_is_endpoint_mode, "IPv4 or IPv6"},
};

static_assert(LENGTH(texts) == SHARED_TEXT_COUNT, "a row for each");

static const char *kind_name(enum aws_section_kind kind)
{
        return kind == AWS_SECTION_PROFILE ? "profile" : (kind == AWS_SECTION_SERVICES ? "services" : "sso-session");
}

int shared_fail(const struct resolution *r, const struct aws_section *s, const struct aws_property *at,
                const char *format, ...)
{
        char text[sizeof(r->reader->e->message)];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        error_set(r->reader->e, ERROR_CONFIG, "%s:%u: %s %s: %s", r->files.files[at ? at->file : s->file].path,
                  at ? at->line : s->line, kind_name(s->kind), s->name, text);
        return error_hint(r->reader->e, "correct it there, then run \"keyfobd --check\"");
}

// There is a section of that name which lacks the word that makes it a profile.
static int fail_ignored(const struct resolution *r, const char *variable, const struct aws_section *s)
{
        error_set(r->reader->e, ERROR_CONFIG,
                  "%s%sfound no profile %.80s: %s:%u: found [%.80s], which AWS tools ignore, expected [profile %.80s]",
                  variable ? variable : "", variable ? ": " : "", s->name, r->files.files[s->file].path, s->line,
                  s->name, s->name);
        return error_hint(r->reader->e, "begin the section as [profile %.80s]", s->name);
}

// A section line that could not be read and may be what the name was meant for.
static const struct aws_section *find_odd(const struct resolution *r, const char *name)
{
        const struct aws_ini *ini = &r->files.ini;
        for (size_t i = 0; i < ini->count; i++)
                if (ini->sections[i].kind == AWS_SECTION_ODD && strstr(ini->sections[i].name, name))
                        return &ini->sections[i];
        return NULL;
}

bool shared_is_odd(const struct resolution *r, const char *name)
{
        const struct aws_section *odd = find_odd(r, name);
        if (!odd)
                return false;
        struct slice text = slice_str(odd->name), prefix = SLICE("profile ");
        text = slice_trim(slice_head(text, slice_find(text, '#')));
        return slice_eq(text, slice_str(name)) ||
               (slice_starts_with(text, prefix) && slice_eq(slice_trim(slice_from(text, prefix.n)), slice_str(name)));
}

int shared_hint_odd(const struct resolution *r, const char *name)
{
        const struct aws_section *odd = find_odd(r, name);
        if (!odd)
                return -1;
        return error_hint(r->reader->e, "correct the section line at %s:%u, character %u: %s",
                          r->files.files[odd->file].path, odd->line, odd->fault.at, odd->fault.what);
}

int shared_fail_unknown(const struct resolution *r, const char *variable, const char *name)
{
        const struct aws_section *ignored = shared_files_find(&r->files, AWS_SECTION_IGNORED, name);
        if (ignored)
                return fail_ignored(r, variable, ignored);
        const char *config = r->files.files[AWS_FILE_CONFIG].path;
        const char *credentials = r->files.files[AWS_FILE_CREDENTIALS].path;
        error_set(r->reader->e, ERROR_CONFIG, "%s%sfound no profile %.80s in %s or %s", variable ? variable : "",
                  variable ? ": " : "", name, config ? config : "~/.aws/config",
                  credentials ? credentials : "~/.aws/credentials");
        (void)error_hint(r->reader->e, "name an existing profile, or add [profile %.80s] to the config file%s", name,
                         config ? "" : "; HOME is not set");
        return shared_hint_odd(r, name);
}

int shared_refuse(const struct resolution *r, const struct aws_section *s, const struct aws_property *at,
                  struct slice value, const char *expected)
{
        if (value.n == 0 || values_is_like_secret(value))
                return shared_fail(r, s, at, "%s: found an invalid value (not shown), expected %s", at->key, expected);
        return shared_fail(r, s, at, "%s: found \"%.*s\", expected %s", at->key, (int)slice_head(value, FOUND_TEXT).n,
                           (const char *)value.p, expected);
}

int shared_take(struct resolution *r, const struct aws_section *s, enum shared_text text, char **field)
{
        const struct aws_property *at = aws_section_get(s, texts[text].key);
        if (*field || !at)
                return 0;
        if (!texts[text].is_valid(slice_str(at->value)))
                return shared_refuse(r, s, at, slice_str(at->value), texts[text].expected);
        return reader_keep(r->reader, slice_str(at->value), field);
}

int shared_take_number(struct resolution *r, const struct aws_section *s, const char *key, int64_t range[2],
                       int64_t *ret)
{
        const struct aws_property *at = aws_section_get(s, key);
        int64_t number;
        char expected[64];
        if (!at)
                return 0;
        if (text_parse_i64(slice_str(at->value), &number) == 0 && number >= range[0] && number <= range[1]) {
                *ret = number;
                return 0;
        }
        (void)snprintf(expected, sizeof(expected), "%" PRId64 " to %" PRId64 " (seconds)", range[0], range[1]);
        return shared_refuse(r, s, at, slice_str(at->value), expected);
}

int shared_take_choice(struct resolution *r, const struct aws_section *s, const char *key, enum choice *ret)
{
        const struct aws_property *at = aws_section_get(s, key);
        if (!at)
                return 0;
        if (slice_eq_ignore_case(slice_str(at->value), SLICE("true")))
                *ret = CHOICE_YES;
        else if (slice_eq_ignore_case(slice_str(at->value), SLICE("false")))
                *ret = CHOICE_NO;
        else
                return shared_refuse(r, s, at, slice_str(at->value), "true or false");
        return 0;
}

int shared_take_url(struct resolution *r, const struct aws_section *s, const struct aws_property *at, struct slice url,
                    char **ret)
{
        enum values_url judged = values_check_endpoint(url);
        if (judged == VALUES_URL_GOOD)
                return reader_keep_url(r->reader, url, ret);
        if (slice_find(url, '@') < url.n) // a password may be before it
                url.n = 0;
        return shared_refuse(r, s, at, url,
                             judged == VALUES_URL_PLAIN ? "https: plain http is for loopback and link-local hosts only"
                                                        : "a URL (https://host[:port][/path])");
}
