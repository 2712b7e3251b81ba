// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/sso_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "clients/cli/cli.h"
#include "proto/mem/text.h"
#include "proto/wire/json_read.h"

enum { TOKEN_MAX = 8 * 1024, NAMES_MAX = 4 * 1024 * 1024 };

// A string member, whole; what a terminal might obey becomes "?". False: it is missing, empty or too long.
static bool get_text(const struct json_doc *doc, size_t object, const char *key, char *to, size_t size)
{
        struct buffer text;
        size_t node = json_get(doc, object, slice_str(key));
        buffer_init(&text, size);
        bool is_good = node != JSON_NONE && json_string(doc, node, &text) == 0 && text.n > 0 && text.n < size;
        to[0] = '\0';
        if (is_good) {
                text_defuse(text.p, text.n);
                memcpy(to, text.p, text.n);
                to[text.n] = '\0';
        }
        buffer_free(&text);
        return is_good;
}

static int call_json(struct keyfob_client *client, const char *profile, const char *rest, struct json_doc *doc)
{
        struct slice answer;
        struct keyfob_error error;
        struct json_fault fault;
        if (client_call(client, "GET", profile, rest, slice_of(NULL, 0), &answer, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        if (json_parse(doc, answer, &fault) == 0)
                return EXIT_OK;
        return cli_fail(EXIT_FAILED, NULL, "the agent's answer is not JSON");
}

// --- the login ---

static int read_login(struct keyfob_client *client, const char *profile, struct sso_login *ret, bool *ret_is_sso)
{
        struct json_doc doc;
        char kind[16];
        json_doc_init(&doc);
        int exit_code = call_json(client, profile, "/login", &doc);
        *ret_is_sso = exit_code == EXIT_OK && get_text(&doc, JSON_ROOT, "kind", kind, sizeof(kind)) &&
                      strcmp(kind, "sso") == 0 &&
                      get_text(&doc, JSON_ROOT, "profile", ret->profile, sizeof(ret->profile)) &&
                      get_text(&doc, JSON_ROOT, "session", ret->session, sizeof(ret->session));
        if (*ret_is_sso) {
                (void)get_text(&doc, JSON_ROOT, "start_url", ret->start_url, sizeof(ret->start_url));
                (void)get_text(&doc, JSON_ROOT, "sso_region", ret->region, sizeof(ret->region));
        }
        json_doc_free(&doc);
        return exit_code;
}

// The names of the profiles of type sso, and of those that may be, each with a NUL.
static int read_names(struct keyfob_client *client, struct buffer *names)
{
        struct json_doc doc;
        json_doc_init(&doc);
        int exit_code = call_json(client, NULL, "", &doc);
        size_t list = exit_code == EXIT_OK ? json_get(&doc, JSON_ROOT, SLICE("profiles")) : JSON_NONE;
        for (size_t i = list == JSON_NONE ? JSON_NONE : json_first(&doc, list); i != JSON_NONE;
             i = json_next(&doc, i)) {
                char type[32], name[LIMIT_PROFILE_NAME + 1];
                bool is_it = get_text(&doc, i, "type", type, sizeof(type)) &&
                             (strcmp(type, "sso") == 0 || strcmp(type, "shared_config") == 0 ||
                              strcmp(type, "default_chain") == 0) &&
                             get_text(&doc, i, "name", name, sizeof(name));
                if (is_it)
                        (void)buffer_put(names, slice_of(name, strlen(name) + 1));
        }
        json_doc_free(&doc);
        return exit_code;
}

static bool is_wanted(const struct sso_login *login, const char *name, const char *session, const char *start_url)
{
        return strcmp(login->profile, name) == 0 && (!session || strcmp(login->session, session) == 0) &&
               (!start_url || strcmp(login->start_url, start_url) == 0);
}

static int search(struct keyfob_client *client, struct slice names, const char *session, const char *start_url,
                  struct sso_login *ret)
{
        struct sso_login found;
        bool is_sso, has_any = false;
        for (size_t at = 0; at < names.n; at += strlen((const char *)names.p + at) + 1) {
                const char *name = (const char *)names.p + at;
                int exit_code = read_login(client, name, &found, &is_sso);
                if (exit_code != EXIT_OK)
                        return exit_code;
                if (!is_sso || !is_wanted(&found, name, session, start_url))
                        continue;
                if (has_any && strcmp(found.session, ret->session) != 0)
                        return cli_fail(EXIT_USAGE, "choose one with --session",
                                        "there are several sessions of IAM Identity Center: %s, %s", ret->session,
                                        found.session);
                if (!has_any)
                        *ret = found;
                has_any = true;
        }
        if (has_any)
                return EXIT_OK;
        return cli_fail(
            EXIT_FAILED, "add a profile with this sso_session to ~/.aws/config, or one of type sso to the agent",
            "no profile of the agent has a login to IAM Identity Center%s%s", session || start_url ? " for " : "",
            session     ? session
            : start_url ? start_url
                        : "");
}

int sso_find_login(struct keyfob_client *client, const char *profile, const char *session, const char *start_url,
                   struct sso_login *ret)
{
        struct buffer names;
        bool is_sso = false;
        if (profile) {
                int exit_code = read_login(client, profile, ret, &is_sso);
                if (exit_code == EXIT_OK && !is_sso)
                        return cli_fail(EXIT_FAILED, "name a profile of type sso",
                                        "profile %s has no login to IAM Identity Center", profile);
                return exit_code;
        }
        buffer_init(&names, NAMES_MAX);
        int exit_code = read_names(client, &names);
        if (exit_code == EXIT_OK && names.failed)
                exit_code = cli_fail(EXIT_FAILED, NULL, "out of memory");
        else if (exit_code == EXIT_OK)
                exit_code = search(client, buffer_slice(&names), session, start_url, ret);
        buffer_free(&names);
        return exit_code;
}

// --- the lists ---

// "rest?account_id=…&next_token=…". False: too long.
static bool put_path(struct buffer *path, const char *rest, const char *account_id, const char *next_token)
{
        buffer_reset(path);
        (void)buffer_put_str(path, rest);
        if (account_id[0])
                (void)buffer_printf(path, "?account_id=%s", account_id);
        if (next_token[0]) {
                (void)buffer_put_str(path, account_id[0] ? "&next_token=" : "?next_token=");
                (void)text_percent_encode(slice_str(next_token), false, path);
        }
        return buffer_c_str(path) != NULL;
}

struct pages {
        struct keyfob_client *client;
        const char *profile;
        unsigned count; // of all pages
        int (*take)(const struct json_doc *doc, size_t list, const struct sso_role *of, struct sso_roles *ret);
};

// All pages of one list.
static int read_pages(struct pages *pages, const char *rest, const char *member, const struct sso_role *of,
                      struct sso_roles *ret)
{
        char next_token[TOKEN_MAX] = "";
        struct buffer path;
        int exit_code = EXIT_OK;
        buffer_init(&path, LIMIT_HTTP_TARGET);
        do {
                struct json_doc doc;
                if (++pages->count > SSO_PAGES_MAX || !put_path(&path, rest, of->account_id, next_token)) {
                        exit_code = cli_fail(EXIT_FAILED, NULL, "the list of accounts and roles is too long");
                        break;
                }
                json_doc_init(&doc);
                exit_code = call_json(pages->client, pages->profile, buffer_c_str(&path), &doc);
                size_t list = exit_code == EXIT_OK ? json_get(&doc, JSON_ROOT, slice_str(member)) : JSON_NONE;
                if (exit_code == EXIT_OK && (list == JSON_NONE || json_kind(&doc, list) != JSON_ARRAY))
                        exit_code = cli_fail(EXIT_FAILED, NULL, "the agent's answer has no list of %s", member);
                if (exit_code == EXIT_OK)
                        exit_code = pages->take(&doc, list, of, ret);
                (void)get_text(&doc, JSON_ROOT, "next_token", next_token, sizeof(next_token));
                json_doc_free(&doc);
        } while (exit_code == EXIT_OK && next_token[0]);
        buffer_free(&path);
        return exit_code;
}

static int add(const struct sso_role *role, struct sso_roles *ret)
{
        if (ret->count == SSO_ROLES_MAX)
                return cli_fail(EXIT_FAILED, NULL, "there are more than %d roles", SSO_ROLES_MAX);
        if (ret->count == ret->capacity) {
                size_t capacity = ret->capacity ? 2 * ret->capacity : 64;
                struct sso_role *items = realloc(ret->items, capacity * sizeof(*items));
                if (!items)
                        return cli_fail(EXIT_FAILED, NULL, "out of memory");
                ret->items = items;
                ret->capacity = capacity;
        }
        ret->items[ret->count++] = *role;
        return EXIT_OK;
}

static bool is_account_id(const char *s)
{
        return strlen(s) == 12 && strspn(s, "0123456789") == 12;
}

static int take_accounts(const struct json_doc *doc, size_t list, const struct sso_role *of, struct sso_roles *ret)
{
        int exit_code = EXIT_OK;
        (void)of;
        for (size_t i = json_first(doc, list); exit_code == EXIT_OK && i != JSON_NONE; i = json_next(doc, i)) {
                struct sso_role account = {.role_name = ""};
                if (!get_text(doc, i, "account_id", account.account_id, sizeof(account.account_id)) ||
                    !is_account_id(account.account_id))
                        return cli_fail(EXIT_FAILED, NULL, "the agent's answer has an account without its number");
                if (!get_text(doc, i, "account_name", account.account_name, sizeof(account.account_name)))
                        (void)snprintf(account.account_name, sizeof(account.account_name), "%s", account.account_id);
                exit_code = add(&account, ret);
        }
        return exit_code;
}

static int take_roles(const struct json_doc *doc, size_t list, const struct sso_role *of, struct sso_roles *ret)
{
        int exit_code = EXIT_OK;
        for (size_t i = json_first(doc, list); exit_code == EXIT_OK && i != JSON_NONE; i = json_next(doc, i)) {
                struct sso_role role = *of;
                if (!get_text(doc, i, "role_name", role.role_name, sizeof(role.role_name)))
                        return cli_fail(EXIT_FAILED, NULL, "the agent's answer has a role without its name");
                exit_code = add(&role, ret);
        }
        return exit_code;
}

int sso_list_roles(struct keyfob_client *client, const char *profile, struct sso_roles *ret)
{
        static const struct sso_role of_all = {.account_id = ""};
        struct sso_roles accounts = {.items = NULL};
        struct pages pages = {.client = client, .profile = profile, .take = take_accounts};
        *ret = (struct sso_roles){.items = NULL};
        int exit_code = read_pages(&pages, "/sso/accounts", "accounts", &of_all, &accounts);
        pages.take = take_roles;
        for (size_t i = 0; exit_code == EXIT_OK && i < accounts.count; i++)
                exit_code = read_pages(&pages, "/sso/roles", "roles", &accounts.items[i], ret);
        sso_roles_free(&accounts);
        return exit_code;
}

void sso_roles_free(struct sso_roles *roles)
{
        free(roles->items);
        *roles = (struct sso_roles){.items = NULL};
}
