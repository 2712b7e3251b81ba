// SPDX-License-Identifier: Apache-2.0
// What a user of IAM Identity Center may use, and profiles for it in ~/.aws/config. The agent calls AWS.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/config_file.h"
#include "clients/cli/sso_profiles.h"
#include "proto/mem/text.h"
#include "proto/wire/json_write.h"

enum { OUTPUT_MAX = 32 * 1024 * 1024 };

// --- list ---

static void put_table(const struct sso_roles *roles, struct buffer *out)
{
        int widest = 0;
        for (size_t i = 0; i < roles->count; i++) {
                int n = (int)strlen(roles->items[i].account_name);
                widest = n > widest ? n : widest;
        }
        (void)buffer_printf(out, "%-12s  %-*s  %s\n", "ACCOUNT", widest, "NAME", "ROLE");
        for (size_t i = 0; i < roles->count; i++) {
                const struct sso_role *role = &roles->items[i];
                (void)buffer_printf(out, "%-12s  %-*s  %s\n", role->account_id, widest, role->account_name,
                                    role->role_name);
        }
}

static void put_json(const struct sso_login *login, const struct sso_roles *roles, struct buffer *out)
{
        json_begin_object(out);
        json_member(out, "session", slice_str(login->session));
        json_key(out, "roles");
        json_begin_array(out);
        for (size_t i = 0; i < roles->count; i++) {
                json_begin_object(out);
                json_member(out, "account_id", slice_str(roles->items[i].account_id));
                json_member(out, "account_name", slice_str(roles->items[i].account_name));
                json_member(out, "role_name", slice_str(roles->items[i].role_name));
                json_end_object(out);
        }
        json_end_array(out);
        json_end_object(out);
        (void)buffer_put_byte(out, '\n');
}

static int print(struct buffer *out)
{
        return out->failed ? cli_fail(EXIT_FAILED, NULL, "out of memory") : cli_write(buffer_slice(out));
}

static int list(const struct options *o, const struct sso_login *login, const struct sso_roles *roles)
{
        struct buffer out;
        buffer_init(&out, OUTPUT_MAX);
        if (options_has(o, OPTION_JSON))
                put_json(login, roles, &out);
        else
                put_table(roles, &out);
        int exit_code = print(&out);
        buffer_free(&out);
        return exit_code;
}

// --- configure ---

struct plan {
        const struct options *options;
        const struct sso_login *login;
        struct buffer new_text; // what is to be appended
        struct buffer names;    // of the profiles in it, each with a NUL
        size_t added, kept, collisions;
};

static bool is_added(const struct plan *p, const char *name)
{
        for (size_t at = 0; at < p->names.n; at += strlen((const char *)p->names.p + at) + 1)
                if (strcmp((const char *)p->names.p + at, name) == 0)
                        return true;
        return false;
}

static void report_collision(struct plan *p, const char *name, const struct sso_role *role, const char *why)
{
        p->collisions++;
        (void)cli_fail(EXIT_OK, "choose other names with --name-template", "profile %s for role %s of account %s: %s",
                       name, role->role_name, role->account_id, why);
}

static int plan_one(struct plan *p, struct slice config, const struct sso_role *role)
{
        char name[LIMIT_PROFILE_NAME + 1];
        const char *name_template = p->options->values[OPTION_NAME_TEMPLATE];
        if (!sso_profile_name(name_template ? name_template : SSO_NAME_TEMPLATE, role, name))
                return cli_fail(EXIT_USAGE, "use {account_name}, {account_id} and {role_name}",
                                "no name for the profile of role %s in account %s: it would be empty, too long, or has "
                                "an unknown {...}",
                                role->role_name, role->account_id);
        enum sso_found found = sso_profile_find(config, name, p->login, role);
        if (found == SSO_SAME) {
                p->kept++;
        } else if (found == SSO_OTHER) {
                report_collision(p, name, role, "the file has another profile of this name");
        } else if (is_added(p, name)) {
                report_collision(p, name, role, "another role has the same name");
        } else {
                p->added++;
                sso_profile_put(name, p->login, role, p->options->values[OPTION_REGION], &p->new_text);
                (void)buffer_put(&p->names, slice_of(name, strlen(name) + 1));
        }
        return p->new_text.failed || p->names.failed ? cli_fail(EXIT_FAILED, NULL, "out of memory") : EXIT_OK;
}

static int plan_session(struct plan *p, struct slice config)
{
        if (strstr(p->login->session, "://"))
                return cli_fail(EXIT_FAILED, "give the profile an sso_session, which the AWS CLI needs to renew tokens",
                                "profile %s has a start URL, but no sso_session", p->login->profile);
        if (sso_session_is_there(config, p->login->session))
                return EXIT_OK;
        if (!p->login->start_url[0] || !p->login->region[0])
                return cli_fail(EXIT_FAILED, "add the section to the file",
                                "the file has no [sso-session %s], and its start URL is unknown", p->login->session);
        sso_session_put(p->login, &p->new_text);
        return EXIT_OK;
}

static int apply(const struct plan *p, const struct config_file *file)
{
        if (options_has(p->options, OPTION_DRY_RUN))
                return cli_write(buffer_slice(&p->new_text));
        int r = p->added > 0 ? config_file_append(file, buffer_slice(&p->new_text)) : 0;
        if (r == -ESTALE)
                return cli_fail(EXIT_FAILED, "run it again", "%s was changed meanwhile: nothing was written",
                                file->path);
        if (r < 0)
                return cli_fail(EXIT_FAILED, NULL, "cannot write %s: %s", file->path, strerror(-r));
        return cli_print("%s: %zu profiles added, %zu were there\n", file->path, p->added, p->kept);
}

// ~/.aws/config, as the AWS CLI finds it. False: there is no home.
static bool config_path(const struct options *o, char *out, size_t size)
{
        const char *path = o->values[OPTION_FILE] ? o->values[OPTION_FILE] : getenv("AWS_CONFIG_FILE");
        const char *home = getenv("HOME");
        bool is_in_home = !path || !path[0] || strncmp(path, "~/", 2) == 0;
        if (is_in_home && (!home || !home[0]))
                return false;
        const char *rest = !path || !path[0] ? ".aws/config" : is_in_home ? path + 2 : path;
        int n = snprintf(out, size, "%s%s%s", is_in_home ? home : "", is_in_home ? "/" : "", rest);
        return n > 0 && (size_t)n < size;
}

static int configure(const struct options *o, const struct sso_login *login, const struct sso_roles *roles)
{
        char path[LIMIT_CONFIG_PATH];
        struct config_file file;
        struct plan plan = {.options = o, .login = login};
        if (!config_path(o, path, sizeof(path)))
                return cli_fail(EXIT_FAILED, "set HOME or AWS_CONFIG_FILE, or give --file", "there is no home folder");
        int r = config_file_read(path, &file);
        buffer_init(&plan.new_text, OUTPUT_MAX);
        buffer_init(&plan.names, OUTPUT_MAX);
        int exit_code = r < 0 ? cli_fail(EXIT_FAILED, NULL, "cannot read %s: %s", path, strerror(-r))
                              : plan_session(&plan, buffer_slice(&file.text));
        for (size_t i = 0; exit_code == EXIT_OK && i < roles->count; i++)
                exit_code = plan_one(&plan, buffer_slice(&file.text), &roles->items[i]);
        if (exit_code == EXIT_OK)
                exit_code = apply(&plan, &file);
        if (exit_code == EXIT_OK && plan.collisions > 0)
                exit_code = EXIT_FAILED;
        buffer_free(&plan.names);
        buffer_free(&plan.new_text);
        config_file_free(&file);
        return exit_code;
}

// --- the command ---

#define OF_CONFIGURE (OPTION_BIT(OPTION_NAME_TEMPLATE) | OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_FILE))

static int check(const struct options *o, bool is_list)
{
        for (unsigned i = 0; is_list && i < OPTIONS_N; i++)
                if ((OF_CONFIGURE & OPTION_BIT(i)) && options_has(o, i))
                        return cli_fail(EXIT_USAGE, "use it with `keyfob sso configure`",
                                        "`keyfob sso list` does not take the option --%s", options_name(i));
        const char *region = o->values[OPTION_REGION];
        if (!region || (text_is_all_of(slice_str(region), "-") && region[0]))
                return EXIT_OK;
        return cli_fail(EXIT_USAGE, "name it as AWS does, such as us-east-1", "invalid --region: %s", region);
}

static int run(const struct options *o)
{
        bool is_list = strcmp(o->arguments[0], "list") == 0;
        struct sso_login login = {.profile = ""};
        struct sso_roles roles = {.items = NULL};
        int exit_code = EXIT_FAILED;
        if (!is_list && strcmp(o->arguments[0], "configure") != 0)
                return cli_fail(EXIT_USAGE, "use list or configure", "no such subcommand: %s", o->arguments[0]);
        if (check(o, is_list) != EXIT_OK)
                return EXIT_USAGE;
        const char *profile = o->arguments_count > 1 ? o->arguments[1] : o->values[OPTION_PROFILE];
        struct keyfob_client *client = cli_connect(o, profile, CLI_SLOW_MS, &exit_code);
        if (!client)
                return exit_code;
        exit_code = sso_find_login(client, profile, o->values[OPTION_SESSION], o->values[OPTION_START_URL], &login);
        if (exit_code == EXIT_OK)
                exit_code = sso_list_roles(client, login.profile, &roles);
        keyfob_disconnect(client);
        if (exit_code == EXIT_OK)
                exit_code = is_list ? list(o, &login, &roles) : configure(o, &login, &roles);
        sso_roles_free(&roles);
        return exit_code;
}

const struct command command_sso = {
    .name = "sso",
    .summary = "list roles of IAM Identity Center; write profiles",
    .help = "usage: keyfob sso list [PROFILE] [--session NAME | --start-url URL] [--json]\n"
            "       keyfob sso configure [PROFILE] [--session NAME | --start-url URL]\n"
            "                [--region REGION] [--name-template T] [--dry-run] [--file F]\n"
            "\n"
            "`list` prints the accounts and roles that you may use, by the login of PROFILE,\n"
            "or of the profile with that session (\"keyfob login PROFILE\" logs in).\n"
            "`configure` appends a profile for each role to ~/.aws/config, or to what\n"
            "AWS_CONFIG_FILE names: sso_session, sso_account_id, sso_role_name, and region.\n"
            "All that is there stays as it is. Profiles that are there already are not\n"
            "written again; names that another profile has are reported (exit code 1).\n"
            "\n"
            "options:\n"
            "  --session NAME       the sso_session\n"
            "  --start-url URL      the session's start URL\n"
            "  --json               `list`: as JSON\n"
            "  --region REGION      `configure`: the region of the profiles\n"
            "  --name-template T    `configure`: their names, by default\n"
            "                       {account_name}.{role_name}; also {account_id}\n"
            "  --dry-run            `configure`: print what would be appended\n"
            "  --file F             `configure`: another file than ~/.aws/config\n"
            "  --profile NAME       the profile, instead of the argument\n"
            "  --socket PATH        the agent's socket\n"
            "  --help               this text\n"
            "\n"
            "examples:\n"
            "  keyfob sso list --session corp\n"
            "  keyfob sso configure --session corp --region eu-west-1 --dry-run\n",
    .accepts = OPTION_BIT(OPTION_SESSION) | OPTION_BIT(OPTION_START_URL) | OPTION_BIT(OPTION_JSON) |
               OPTION_BIT(OPTION_REGION) | OF_CONFIGURE,
    .arguments_min = 1,
    .arguments_max = 2,
    .run = run,
};
