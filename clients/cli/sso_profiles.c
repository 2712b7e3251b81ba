// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/sso_profiles.h"

#include <string.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"

// --- names ---

static const char *value_of(struct slice key, const struct sso_role *role)
{
        if (slice_eq(key, SLICE("account_name")))
                return role->account_name;
        if (slice_eq(key, SLICE("account_id")))
                return role->account_id;
        return slice_eq(key, SLICE("role_name")) ? role->role_name : NULL;
}

static bool put_name(char *out, size_t *n, const char *text, size_t length)
{
        for (size_t i = 0; i < length; i++) {
                if (*n == LIMIT_PROFILE_NAME)
                        return false;
                bool is_good = text_is_all_of(slice_of(text + i, 1), "_.@+-");
                out[*n] = '-';
                if (is_good)
                        out[*n] = text[i];
                ++*n;
        }
        return true;
}

bool sso_profile_name(const char *name_template, const struct sso_role *role, char out[LIMIT_PROFILE_NAME + 1])
{
        size_t n = 0;
        for (const char *at = name_template; *at;) {
                const char *end = *at == '{' ? strchr(at, '}') : NULL;
                const char *value = end ? value_of(slice_of(at + 1, (size_t)(end - at - 1)), role) : NULL;
                if ((*at == '{' && !value) || !put_name(out, &n, value ? value : at, value ? strlen(value) : 1))
                        return false;
                at = value ? end + 1 : at + 1;
        }
        out[n] = '\0';
        return n > 0;
}

// --- the file ---

// One line without its end; the rest stays in *text.
static struct slice next_line(struct slice *text)
{
        struct slice line = slice_head(*text, slice_find(*text, '\n'));
        *text = slice_from(*text, line.n + 1);
        return line;
}

// The name in "[kind NAME]", without quotes; empty: the line is no such section. `kind` may be left out by "default".
static struct slice section_name(struct slice line, struct slice kind)
{
        struct slice none = {NULL, 0};
        if (line.n == 0 || line.p[0] != '[')
                return none;
        struct slice name = slice_trim(slice_head(slice_from(line, 1), slice_find(slice_from(line, 1), ']')));
        if (slice_eq(name, SLICE("default")) && slice_eq(kind, SLICE("profile")))
                return name;
        if (name.n <= kind.n || !slice_starts_with(name, kind) || (name.p[kind.n] != ' ' && name.p[kind.n] != '\t'))
                return none;
        name = slice_trim(slice_from(name, kind.n));
        bool is_quoted = name.n >= 2 && (name.p[0] == '"' || name.p[0] == '\'') && name.p[name.n - 1] == name.p[0];
        return is_quoted ? slice_of(name.p + 1, name.n - 2) : name;
}

// Whether the line is "key = value".
static bool is_value(struct slice line, const char *key, const char *value)
{
        size_t equals = slice_find(line, '=');
        return equals < line.n && slice_eq_ignore_case(slice_trim(slice_head(line, equals)), slice_str(key)) &&
               slice_eq(slice_trim(slice_from(line, equals + 1)), slice_str(value));
}

enum sso_found sso_profile_find(struct slice config, const char *name, const struct sso_login *login,
                                const struct sso_role *role)
{
        const struct {
                const char *key, *value;
        } wanted[] = {
            {"sso_session", login->session}, {"sso_account_id", role->account_id}, {"sso_role_name", role->role_name}};
        bool is_inside = false, is_there = false;
        unsigned seen = 0;
        while (config.n > 0) {
                struct slice line = next_line(&config);
                if (line.n > 0 && line.p[0] == '[') {
                        is_inside = slice_eq(section_name(line, SLICE("profile")), slice_str(name));
                        is_there = is_there || is_inside;
                }
                for (unsigned i = 0; is_inside && i < LENGTH(wanted); i++)
                        seen |= is_value(line, wanted[i].key, wanted[i].value) ? 1U << i : 0;
        }
        return !is_there ? SSO_ABSENT : seen == (1U << LENGTH(wanted)) - 1 ? SSO_SAME : SSO_OTHER;
}

bool sso_session_is_there(struct slice config, const char *session)
{
        while (config.n > 0)
                if (slice_eq(section_name(next_line(&config), SLICE("sso-session")), slice_str(session)))
                        return true;
        return false;
}

void sso_profile_put(const char *name, const struct sso_login *login, const struct sso_role *role, const char *region,
                     struct buffer *out)
{
        (void)buffer_printf(out, "[profile %s]\nsso_session = %s\nsso_account_id = %s\nsso_role_name = %s\n", name,
                            login->session, role->account_id, role->role_name);
        if (region)
                (void)buffer_printf(out, "region = %s\n", region);
        (void)buffer_put_byte(out, '\n');
}

void sso_session_put(const struct sso_login *login, struct buffer *out)
{
        (void)buffer_printf(out,
                            "[sso-session %s]\nsso_start_url = %s\nsso_region = %s\n"
                            "sso_registration_scopes = sso:account:access\n\n",
                            login->session, login->start_url, login->region);
}
