// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/export.h"

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/documents.h"
#include "proto/wire/json_write.h"

static const char *const names[EXPORT_FORMATS_N] = {
    [EXPORT_ENV] = "env",
    [EXPORT_FISH] = "fish",
    [EXPORT_POWERSHELL] = "powershell",
    [EXPORT_JSON] = "json",
    [EXPORT_CREDENTIALS_FILE] = "credentials-file",
    [EXPORT_CLAUDE_CODE] = "claude-code",
};

const char *export_format_name(enum export_format format)
{
        return names[format];
}

int export_format_find(struct slice name, enum export_format *ret)
{
        for (unsigned i = 0; i < LENGTH(names); i++) {
                if (!slice_eq(name, slice_str(names[i])))
                        continue;
                *ret = (enum export_format)i;
                return 0;
        }
        return -1;
}

#define MARK "# written by keyfob"

bool export_is_ours(struct slice head)
{
        static const char *const heads[] = {MARK,
                                            "export AWS_ACCESS_KEY_ID='",
                                            "set -gx AWS_ACCESS_KEY_ID '",
                                            "$Env:AWS_ACCESS_KEY_ID = '",
                                            "{\"Version\":1,\"AccessKeyId\":\"",
                                            "{\"Credentials\":{\"AccessKeyId\":\""};
        for (size_t i = 0; i < LENGTH(heads); i++)
                if (slice_starts_with(head, slice_str(heads[i])))
                        return true;
        return head.n == 0;
}

int64_t export_ends(struct slice text)
{
        static const char *const before[] = {"these credentials end at ", "AWS_CREDENTIAL_EXPIRATION='",
                                             "AWS_CREDENTIAL_EXPIRATION '", "AWS_CREDENTIAL_EXPIRATION = '",
                                             "\"Expiration\":\""};
        for (size_t i = 0; i < LENGTH(before); i++) {
                struct slice mark = slice_str(before[i]);
                const uint8_t *at = text.n > 0 ? memmem(text.p, text.n, mark.p, mark.n) : NULL;
                int64_t ends_s;
                if (!at)
                        continue;
                struct slice rest = slice_from(text, (size_t)(at - text.p) + mark.n);
                if (time_parse_rfc3339(slice_head(rest, TIME_RFC3339_SIZE - 1), &ends_s) == 0)
                        return ends_s;
        }
        return CREDENTIALS_NEVER_EXPIRE;
}

// --- quotes ---

void export_quote_posix(struct slice text, struct buffer *out)
{
        (void)buffer_put_byte(out, '\'');
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] == '\'')
                        (void)buffer_put_str(out, "'\\''"); // end, an escaped quote, begin anew
                else
                        (void)buffer_put_byte(out, text.p[i]);
        (void)buffer_put_byte(out, '\'');
}

void export_quote_fish(struct slice text, struct buffer *out)
{
        (void)buffer_put_byte(out, '\'');
        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] == '\'' || text.p[i] == '\\')
                        (void)buffer_put_byte(out, '\\');
                (void)buffer_put_byte(out, text.p[i]);
        }
        (void)buffer_put_byte(out, '\'');
}

// Length of what PowerShell takes for a single quote at the start of `s`, or 0.
static size_t powershell_quote(struct slice s)
{
        if (slice_starts_with(s, SLICE("'")))
                return 1;
        return s.n >= 3 && s.p[0] == 0xe2 && s.p[1] == 0x80 && s.p[2] >= 0x98 && s.p[2] <= 0x9b ? 3 : 0;
}

void export_quote_powershell(struct slice text, struct buffer *out)
{
        (void)buffer_put_byte(out, '\'');
        while (text.n > 0) {
                size_t quote = powershell_quote(text);
                size_t n = quote > 0 ? quote : 1;
                if (quote > 0)
                        (void)buffer_put(out, slice_head(text, n));
                (void)buffer_put(out, slice_head(text, n));
                text = slice_from(text, n);
        }
        (void)buffer_put_byte(out, '\'');
}

// --- variables ---

struct shell {
        const char *set, *between;     // before the name, and before the value
        const char *unset, *unset_end; // before the name, and after it
        void (*quote)(struct slice, struct buffer *);
};

static const struct shell posix = {"export ", "=", "unset ", "", export_quote_posix};
static const struct shell fish = {"set -gx ", " ", "set -e ", "", export_quote_fish};
static const struct shell powershell = {"$Env:", " = ", "$Env:", " = $null", export_quote_powershell};

static void put_variable(const struct shell *shell, const char *name, struct slice value, struct buffer *out)
{
        (void)buffer_put_str(out, value.n > 0 ? shell->set : shell->unset);
        (void)buffer_put_str(out, name);
        if (value.n > 0) {
                (void)buffer_put_str(out, shell->between);
                shell->quote(value, out);
        } else {
                (void)buffer_put_str(out, shell->unset_end);
        }
        (void)buffer_put_byte(out, '\n');
}

static void put_variables(const struct shell *shell, const struct credentials *c, const char *expiration,
                          struct buffer *out)
{
        put_variable(shell, "AWS_ACCESS_KEY_ID", c->access_key_id, out);
        put_variable(shell, "AWS_SECRET_ACCESS_KEY", c->secret_access_key, out);
        put_variable(shell, "AWS_SESSION_TOKEN", c->session_token, out);
        put_variable(shell, "AWS_CREDENTIAL_EXPIRATION", slice_str(expiration), out);
        put_variable(shell, "AWS_ACCOUNT_ID", c->account_id, out);
}

// --- files ---

static void put_setting(const char *name, struct slice value, struct buffer *out)
{
        if (value.n == 0)
                return;
        (void)buffer_put_str(out, name);
        (void)buffer_put_str(out, " = ");
        (void)buffer_put(out, value); // needs no quotes: see credentials_unsound_member()
        (void)buffer_put_byte(out, '\n');
}

static void put_section(const char *section, const struct credentials *c, struct buffer *out)
{
        (void)buffer_put_byte(out, '[');
        (void)buffer_put_str(out, section);
        (void)buffer_put_str(out, "]\n");
        put_setting("aws_access_key_id", c->access_key_id, out);
        put_setting("aws_secret_access_key", c->secret_access_key, out);
        put_setting("aws_session_token", c->session_token, out);
        put_setting("aws_account_id", c->account_id, out);
}

static void put_file(const struct credentials *c, const char *profile, const char *expiration, struct buffer *out)
{
        (void)buffer_put_str(out, MARK);
        if (expiration[0] != '\0')
                (void)buffer_put_str(out, "; these credentials end at ");
        (void)buffer_put_str(out, expiration);
        (void)buffer_put_byte(out, '\n');
        put_section("default", c, out);
        if (strcmp(profile, "default") == 0)
                return;
        (void)buffer_put_byte(out, '\n');
        put_section(profile, c, out);
}

static void put_sts(const struct credentials *c, const char *expiration, struct buffer *out)
{
        json_begin_object(out);
        json_key(out, "Credentials");
        json_begin_object(out);
        json_member(out, "AccessKeyId", c->access_key_id);
        json_member(out, "SecretAccessKey", c->secret_access_key);
        if (c->session_token.n > 0)
                json_member(out, "SessionToken", c->session_token);
        if (expiration[0] != '\0')
                json_member(out, "Expiration", slice_str(expiration));
        json_end_object(out);
        json_end_object(out);
        (void)buffer_put_byte(out, '\n');
}

int export_write(enum export_format format, const struct credentials *c, const char *profile, struct buffer *out)
{
        char expiration[TIME_RFC3339_SIZE] = "";
        if (c->expires_s != CREDENTIALS_NEVER_EXPIRE && time_format_rfc3339(c->expires_s, expiration) < 0) {
                out->failed = true; // without it the text would say that they never expire
                return -1;
        }
        switch (format) {
        case EXPORT_ENV:
                put_variables(&posix, c, expiration, out);
                break;
        case EXPORT_FISH:
                put_variables(&fish, c, expiration, out);
                break;
        case EXPORT_POWERSHELL:
                put_variables(&powershell, c, expiration, out);
                break;
        case EXPORT_CREDENTIALS_FILE:
                put_file(c, profile, expiration, out);
                break;
        case EXPORT_CLAUDE_CODE:
                put_sts(c, expiration, out);
                break;
        case EXPORT_JSON:
        case EXPORT_FORMATS_N:
        default:
                return documents_write_process(c, out);
        }
        return out->failed ? -1 : 0;
}
