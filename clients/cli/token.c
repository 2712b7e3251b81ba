// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "clients/c/client.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/exec_credential.h"
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"

enum { ANSWER_MAX = 256 * 1024, OUTPUT_MAX = 512 * 1024, TOKEN_REST_SIZE = 32 };

#define SIGNED OPTION_BIT(OPTION_TIME) // here, and not by STS

// The options of each kind; required are those of one group, of which one is enough.
static const struct kind {
        const char *name;
        uint64_t accepts;
        uint64_t required[3];
} kinds[] = {
    {"bedrock", SIGNED | OPTION_BIT(OPTION_EXPIRES_IN), {0}},
    {"eks",
     SIGNED | OPTION_BIT(OPTION_CLUSTER_NAME) | OPTION_BIT(OPTION_CLUSTER_ID) | OPTION_BIT(OPTION_EXEC_CREDENTIAL),
     {OPTION_BIT(OPTION_CLUSTER_NAME) | OPTION_BIT(OPTION_CLUSTER_ID)}},
    {"rds",
     SIGNED | OPTION_BIT(OPTION_HOSTNAME) | OPTION_BIT(OPTION_PORT) | OPTION_BIT(OPTION_USERNAME),
     {OPTION_BIT(OPTION_HOSTNAME), OPTION_BIT(OPTION_PORT), OPTION_BIT(OPTION_USERNAME)}},
    {"elasticache",
     SIGNED | OPTION_BIT(OPTION_REPLICATION_GROUP_ID) | OPTION_BIT(OPTION_SERVERLESS_CACHE_NAME) |
         OPTION_BIT(OPTION_USER_ID),
     {OPTION_BIT(OPTION_REPLICATION_GROUP_ID) | OPTION_BIT(OPTION_SERVERLESS_CACHE_NAME), OPTION_BIT(OPTION_USER_ID)}},
    {"memorydb",
     SIGNED | OPTION_BIT(OPTION_CLUSTER_NAME) | OPTION_BIT(OPTION_USER_NAME),
     {OPTION_BIT(OPTION_CLUSTER_NAME), OPTION_BIT(OPTION_USER_NAME)}},
    {"dsql",
     SIGNED | OPTION_BIT(OPTION_HOSTNAME) | OPTION_BIT(OPTION_ACTION) | OPTION_BIT(OPTION_EXPIRES_IN),
     {OPTION_BIT(OPTION_HOSTNAME)}},
    {"msk", SIGNED, {0}},
    {"web_identity",
     OPTION_BIT(OPTION_AUDIENCE) | OPTION_BIT(OPTION_SIGNING_ALGORITHM) | OPTION_BIT(OPTION_DURATION_SECONDS) |
         OPTION_BIT(OPTION_TAG),
     {OPTION_BIT(OPTION_AUDIENCE)}},
};

// Options whose value is a member of the body: the name with "_" for "-".
static const enum option_id texts[] = {
    OPTION_REGION,
    OPTION_TIME,
    OPTION_CLUSTER_NAME,
    OPTION_CLUSTER_ID,
    OPTION_HOSTNAME,
    OPTION_USERNAME,
    OPTION_REPLICATION_GROUP_ID,
    OPTION_SERVERLESS_CACHE_NAME,
    OPTION_USER_ID,
    OPTION_USER_NAME,
    OPTION_ACTION,
    OPTION_SIGNING_ALGORITHM,
};

#define OWN_OPTIONS                                                                                                    \
        (SIGNED | OPTION_BIT(OPTION_EXPIRES_IN) | OPTION_BIT(OPTION_CLUSTER_NAME) | OPTION_BIT(OPTION_CLUSTER_ID) |    \
         OPTION_BIT(OPTION_EXEC_CREDENTIAL) | OPTION_BIT(OPTION_HOSTNAME) | OPTION_BIT(OPTION_PORT) |                  \
         OPTION_BIT(OPTION_USERNAME) | OPTION_BIT(OPTION_REPLICATION_GROUP_ID) |                                       \
         OPTION_BIT(OPTION_SERVERLESS_CACHE_NAME) | OPTION_BIT(OPTION_USER_ID) | OPTION_BIT(OPTION_USER_NAME) |        \
         OPTION_BIT(OPTION_ACTION) | OPTION_BIT(OPTION_AUDIENCE) | OPTION_BIT(OPTION_SIGNING_ALGORITHM) |              \
         OPTION_BIT(OPTION_DURATION_SECONDS) | OPTION_BIT(OPTION_TAG))

static const struct kind *find_kind(const char *name)
{
        for (size_t i = 0; i < LENGTH(kinds); i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return &kinds[i];
        return NULL;
}

// --- the request ---

static uint64_t given(const struct options *o)
{
        uint64_t set = 0;
        for (unsigned i = 0; i < OPTIONS_N; i++)
                set |= options_has(o, i) ? OPTION_BIT(i) : 0;
        return set;
}

// "--a or --b", of the options of one group.
static void put_names(uint64_t group, char *out, size_t size)
{
        size_t n = 0;
        out[0] = '\0';
        for (unsigned i = 0; i < OPTIONS_N; i++)
                if ((group & OPTION_BIT(i)) && n < size)
                        n += (size_t)snprintf(out + n, size - n, "%s--%s", n > 0 ? " or " : "", options_name(i));
}

static int check_options(const struct options *o, const struct kind *kind)
{
        uint64_t set = given(o), surplus = set & OWN_OPTIONS & ~kind->accepts;
        char names[128];
        for (unsigned i = 0; i < OPTIONS_N; i++)
                if (surplus & OPTION_BIT(i))
                        return cli_fail(EXIT_USAGE, "add --help to see the options of each kind",
                                        "a token for %s does not take the option --%s", kind->name, options_name(i));
        for (size_t i = 0; i < LENGTH(kind->required) && kind->required[i]; i++) {
                uint64_t group = set & kind->required[i];
                put_names(kind->required[i], names, sizeof(names));
                if (!group)
                        return cli_fail(EXIT_USAGE, "add --help to see the options of each kind",
                                        "a token for %s needs %s", kind->name, names);
                if (group & (group - 1))
                        return cli_fail(EXIT_USAGE, "give one of them", "options that exclude each other: %s", names);
        }
        return EXIT_OK;
}

static void put_text(enum option_id id, const char *value, struct buffer *out)
{
        char key[40];
        (void)snprintf(key, sizeof(key), "%s", options_name(id));
        for (char *p = key; *p; p++)
                if (*p == '-')
                        *p = '_';
        json_member(out, key, slice_str(value));
}

static void put_audiences(const struct options *o, struct buffer *out)
{
        if (o->audiences_count == 0)
                return;
        json_key(out, "audience");
        json_begin_array(out);
        for (size_t i = 0; i < o->audiences_count; i++)
                json_put_string(out, slice_str(o->audiences[i]));
        json_end_array(out);
}

// "KEY=VALUE" each; a key may hold no "=" here.
static int put_tags(const struct options *o, struct buffer *out)
{
        if (o->tags_count == 0)
                return EXIT_OK;
        json_key(out, "tags");
        json_begin_object(out);
        for (size_t i = 0; i < o->tags_count; i++) {
                struct slice text = slice_str(o->tags[i]);
                size_t n = slice_find(text, '=');
                if (n == text.n)
                        return cli_fail(EXIT_USAGE, "write --tag KEY=VALUE", "invalid --tag: %s", o->tags[i]);
                json_put_string(out, slice_head(text, n));
                (void)buffer_put_byte(out, ':');
                json_put_string(out, slice_from(text, n + 1));
        }
        json_end_object(out);
        return EXIT_OK;
}

static int check_utf8(char *const *list, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!text_is_utf8(slice_str(list[i])))
                        return cli_fail(EXIT_USAGE, NULL, "not valid UTF-8: %s", list[i]);
        return EXIT_OK;
}

static int put_body(const struct options *o, struct buffer *out)
{
        int64_t expires_in_s = 0, duration_s = 0, port = 0;
        if (cli_duration(o, OPTION_EXPIRES_IN, &expires_in_s) < 0 ||
            cli_duration(o, OPTION_DURATION_SECONDS, &duration_s) < 0 ||
            check_utf8(o->audiences, o->audiences_count) != EXIT_OK || check_utf8(o->tags, o->tags_count) != EXIT_OK)
                return EXIT_USAGE;
        if (options_has(o, OPTION_PORT) &&
            (text_parse_i64(slice_str(o->values[OPTION_PORT]), &port) < 0 || port < 1 || port > 65535))
                return cli_fail(EXIT_USAGE, "write a number from 1 to 65535", "invalid --port: %s",
                                o->values[OPTION_PORT]);
        json_begin_object(out);
        for (size_t i = 0; i < LENGTH(texts); i++) {
                const char *value = o->values[texts[i]];
                if (value && !text_is_utf8(slice_str(value)))
                        return cli_fail(EXIT_USAGE, NULL, "not valid UTF-8: %s", value);
                if (value)
                        put_text(texts[i], value, out);
        }
        if (options_has(o, OPTION_EXPIRES_IN))
                json_member_i64(out, "expires_in", expires_in_s);
        if (port > 0)
                json_member_i64(out, "port", port);
        if (options_has(o, OPTION_DURATION_SECONDS))
                json_member_i64(out, "duration_seconds", duration_s);
        put_audiences(o, out);
        if (put_tags(o, out) != EXIT_OK)
                return EXIT_USAGE;
        json_end_object(out);
        return out->failed ? cli_fail(EXIT_FAILED, NULL, "out of memory") : EXIT_OK;
}

// --- the answer ---

// No token outlives the credentials that it is signed with.
static void report_cut(const struct json_doc *doc)
{
        int64_t expires_in_s = 0;
        char given_text[TIME_DURATION_SIZE];
        bool is_cut = false;
        size_t cut = json_get(doc, JSON_ROOT, SLICE("cut")), seconds = json_get(doc, JSON_ROOT, SLICE("expires_in"));
        if (cut == JSON_NONE || seconds == JSON_NONE || json_boolean(doc, cut, &is_cut) < 0 || !is_cut ||
            json_integer(doc, seconds, &expires_in_s) < 0)
                return;
        time_format_duration(expires_in_s, given_text);
        (void)cli_fail(EXIT_OK, "for longer ones, raise the profile's duration_seconds, or use one with long-term keys",
                       "this token expires in %s: the credentials that sign it expire then", given_text);
}

static int get_text(const struct json_doc *doc, struct slice key, struct buffer *out)
{
        size_t node = json_get(doc, JSON_ROOT, key);
        if (node == JSON_NONE || json_string(doc, node, out) < 0 || out->n == 0 || !text_is_shown(buffer_slice(out)))
                return -1;
        return 0;
}

static int print_token(const void *context, struct slice answer)
{
        const struct options *o = context;
        struct json_doc doc;
        struct json_fault fault;
        struct buffer token, expiration, out;
        int exit_code;
        json_doc_init(&doc);
        buffer_init(&token, ANSWER_MAX);
        buffer_init(&expiration, ANSWER_MAX);
        buffer_init(&out, OUTPUT_MAX);
        if (json_parse(&doc, answer, &fault) < 0 || get_text(&doc, SLICE("token"), &token) < 0 ||
            get_text(&doc, SLICE("expiration"), &expiration) < 0) {
                exit_code = cli_fail(EXIT_FAILED, NULL, "the agent's answer has no token");
        } else {
                report_cut(&doc);
                if (options_has(o, OPTION_EXEC_CREDENTIAL))
                        exec_credential_put(buffer_slice(&token), buffer_slice(&expiration),
                                            getenv("KUBERNETES_EXEC_INFO"), &out);
                else
                        (void)buffer_put(&out, buffer_slice(&token));
                (void)buffer_put_byte(&out, '\n');
                exit_code = out.failed ? cli_fail(EXIT_FAILED, NULL, "out of memory") : cli_write(buffer_slice(&out));
        }
        buffer_free(&out);
        buffer_free(&expiration);
        buffer_free(&token);
        json_doc_free(&doc);
        return exit_code;
}

static int run_token(const struct options *o)
{
        char rest[TOKEN_REST_SIZE];
        struct buffer body;
        const struct kind *kind = find_kind(o->arguments[0]);
        if (!kind)
                return cli_fail(EXIT_USAGE,
                                "the kinds are bedrock, eks, rds, elasticache, memorydb, dsql, msk, web_identity",
                                "no such kind of token: %s", o->arguments[0]);
        int exit_code = check_options(o, kind);
        if (exit_code != EXIT_OK)
                return exit_code;
        (void)snprintf(rest, sizeof(rest), "/tokens/%s", kind->name);
        buffer_init(&body, LIMIT_HTTP_BODY);
        exit_code = put_body(o, &body);
        if (exit_code == EXIT_OK)
                exit_code = cli_call(o, &(struct cli_call){.method = "POST",
                                                           .profile = cli_profile_option(o),
                                                           .rest = rest,
                                                           .body = buffer_slice(&body),
                                                           .timeout_ms = CLI_QUICK_MS,
                                                           .consume = print_token,
                                                           .context = o});
        buffer_free(&body);
        return exit_code;
}

const struct command command_token = {
    .name = "token",
    .summary = "a token for Bedrock, EKS, RDS and other services",
    .help = "usage: keyfob token KIND [OPTIONS]\n"
            "\n"
            "Prints a token that is signed with a profile's credentials, as AWS's own tools\n"
            "make it. It expires at the latest when the credentials do.\n"
            "\n"
            "kinds and their options:\n"
            "  bedrock      API key for Amazon Bedrock, for AWS_BEARER_TOKEN_BEDROCK\n"
            "                 [--expires-in TIME]  at most 12h, which is the default\n"
            "  eks          for a Kubernetes cluster; for about 14 minutes\n"
            "                 --cluster-name NAME | --cluster-id ID\n"
            "                 [--exec-credential]  what kubectl reads from a command\n"
            "  rds          password for a database of RDS or Aurora; for 15 minutes\n"
            "                 --hostname HOST --port PORT --username NAME\n"
            "  elasticache  password for a cache; for 15 minutes\n"
            "                 --replication-group-id ID | --serverless-cache-name NAME\n"
            "                 --user-id ID\n"
            "  memorydb     password for a cluster of MemoryDB; for 15 minutes\n"
            "                 --cluster-name NAME --user-name NAME\n"
            "  dsql         password for Aurora DSQL\n"
            "                 --hostname HOST [--action DbConnect|DbConnectAdmin]\n"
            "                 [--expires-in TIME]  at most 7d; by default 15m\n"
            "  msk          for SASL/OAUTHBEARER with Amazon MSK; for 15 minutes\n"
            "  web_identity a JWT of STS for services outside AWS (GetWebIdentityToken)\n"
            "                 --audience NAME...\n"
            "                 [--signing-algorithm RS256|ES384]  by default RS256\n"
            "                 [--duration-seconds TIME]  1m to 1h; by default 5m\n"
            "                 [--tag KEY=VALUE]...\n"
            "\n"
            "options:\n"
            "  --region NAME    else taken from the host name or the profile\n"
            "  --time TIME      sign for this time, such as 20260901T120000Z\n"
            "  --profile NAME   the profile; else $KEYFOB_PROFILE, else \"default\"\n"
            "  --socket PATH    the agent's socket\n"
            "  --help           this text\n"
            "\n"
            "examples:\n"
            "  export AWS_BEARER_TOKEN_BEDROCK=\"$(keyfob token bedrock --region us-east-1)\"\n"
            "  PGPASSWORD=\"$(keyfob token rds --hostname db.example --port 5432 \\\n"
            "    --username app --region us-east-1)\" psql \"host=db.example user=app\"\n",
    .accepts = OPTION_BIT(OPTION_REGION) | OWN_OPTIONS,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_token,
};
