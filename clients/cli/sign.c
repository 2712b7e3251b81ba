// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/curl.h"
#include "clients/cli/sign_request.h"
#include "proto/wire/field.h"
#include "proto/wire/json_read.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024, HEADERS_MAX = 2 * LIMIT_SIGN_HEADERS_N };

// The profile is --profile here: the arguments are method and URL.
static int request(const struct options *o, bool is_presign, int (*consume)(const struct options *o, struct slice body))
{
        struct buffer path;
        struct buffer body;
        const char *profile = options_has(o, OPTION_PROFILE) ? o->values[OPTION_PROFILE] : CLI_DEFAULT_PROFILE;
        buffer_init(&path, LIMIT_HTTP_TARGET);
        buffer_init(&body, LIMIT_HTTP_BODY);
        int exit_code = EXIT_USAGE;
        const char *target = cli_profile_path(profile, is_presign ? "/presign" : "/sign", &path);
        if (target)
                exit_code = sign_request_write(o, is_presign, &body);
        if (exit_code == EXIT_OK) {
                const char *text = buffer_c_str(&body);
                exit_code = text ? cli_request(o, CLI_QUICK_MS, "POST", target, text, consume)
                                 : cli_say(EXIT_FAILED, "out of memory", NULL);
        }
        buffer_free(&body);
        buffer_free(&path);
        return exit_code;
}

// --- sign ---

struct headers {
        size_t count;
        struct curl_header list[HEADERS_MAX];
};

// The text of a string, kept in `texts`, which must not move any more.
static bool take_text(const struct json_doc *doc, size_t node, struct buffer *texts, struct slice *ret)
{
        size_t start = texts->n;
        if (json_string(doc, node, texts) < 0)
                return false;
        *ret = slice_of(texts->p + start, texts->n - start);
        return true;
}

// The headers of the agent's answer. False when they are none: what is printed goes into requests, and to a terminal.
static bool read_headers(const struct json_doc *doc, size_t node, struct buffer *texts, struct headers *ret)
{
        ret->count = 0;
        if (node == JSON_NONE || json_kind(doc, node) != JSON_OBJECT || json_length(doc, node) > LIMIT_SIGN_HEADERS_N)
                return false;
        for (size_t key = json_first(doc, node); key != JSON_NONE; key = json_next(doc, key)) {
                struct curl_header *h = &ret->list[ret->count++];
                if (!take_text(doc, key, texts, &h->name) || !field_is_name(h->name) ||
                    !take_text(doc, json_value(doc, key), texts, &h->value) || !field_is_value(h->value))
                        return false;
        }
        return ret->count > 0;
}

// Puts those of the command line before the signature's, which replace ones of the same name.
static void add_own(const struct options *o, const struct headers *signature, struct headers *all)
{
        all->count = 0;
        for (size_t i = 0; i < o->headers_count; i++) {
                struct curl_header own;
                bool is_replaced = !sign_request_header(o->headers[i], &own.name, &own.value);
                for (size_t k = 0; k < signature->count; k++)
                        is_replaced = is_replaced || slice_eq_ignore_case(own.name, signature->list[k].name);
                if (!is_replaced)
                        all->list[all->count++] = own;
        }
        for (size_t i = 0; i < signature->count; i++)
                all->list[all->count++] = signature->list[i];
}

static void put_lines(const struct headers *headers, struct buffer *out)
{
        for (size_t i = 0; i < headers->count; i++) {
                (void)buffer_put(out, headers->list[i].name);
                (void)buffer_put_str(out, ": ");
                (void)buffer_put(out, headers->list[i].value);
                (void)buffer_put_byte(out, '\n');
        }
}

static void put_curl(const struct options *o, const struct headers *signature, struct buffer *out)
{
        struct headers all;
        add_own(o, signature, &all);
        (void)curl_write(&(struct curl_request){.method = o->arguments[0],
                                                .url = o->arguments[1],
                                                .headers = all.list,
                                                .headers_count = all.count,
                                                .data = o->values[OPTION_DATA]},
                         out);
}

// False when the answer has no headers.
static bool render(const struct options *o, const struct json_doc *doc, struct buffer *out)
{
        struct headers signature;
        struct buffer texts;
        buffer_init(&texts, OUTPUT_MAX);
        bool is_good = false;
        if (!buffer_reserve(&texts, doc->text.n)) { // decoded text is never longer
                out->failed = true;
        } else {
                is_good = read_headers(doc, json_get(doc, JSON_ROOT, SLICE("headers")), &texts, &signature);
                if (is_good && options_has(o, OPTION_CURL))
                        put_curl(o, &signature, out);
                else if (is_good)
                        put_lines(&signature, out);
        }
        buffer_free(&texts);
        return is_good;
}

static int print_headers(const struct options *o, struct slice body)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer out;
        int exit_code;
        json_doc_init(&doc);
        buffer_init(&out, OUTPUT_MAX);
        bool is_good = json_parse(&doc, body, &fault) == 0 && render(o, &doc, &out);
        if (out.failed)
                exit_code = cli_say(EXIT_FAILED, "out of memory", NULL);
        else if (!is_good)
                exit_code = cli_say(EXIT_FAILED, "the agent's answer has no signed headers", NULL);
        else
                exit_code = cli_write(buffer_slice(&out));
        buffer_free(&out);
        json_doc_free(&doc);
        return exit_code;
}

static int run_sign(const struct options *o)
{
        return request(o, false, print_headers);
}

#define HELP_OF_REQUEST                                                                                                \
        "  -H 'NAME: VALUE'    a header to sign; may be given more than once\n"                                        \
        "  -d DATA             the request's body; @FILE takes it from a file, @- from\n"                              \
        "                      standard input\n"                                                                       \
        "  --service NAME      such as s3; else from the host name\n"                                                  \
        "  --region NAME       else from the host name or the profile\n"                                               \
        "  --time TIME         sign as if it were then, such as 20260901T120000Z\n"                                    \
        "  --profile NAME      the profile; \"default\" if not given\n"                                                \
        "  --socket PATH       the agent's socket\n"                                                                   \
        "  --help              this text\n"                                                                            \
        "\n"                                                                                                           \
        "examples:\n"

const struct command command_sign = {
    .name = "sign",
    .summary = "sign a request: print headers, or a curl command",
    .help = "usage: keyfob sign METHOD URL [-H 'NAME: VALUE']... [-d DATA|@FILE] [--curl]\n"
            "\n"
            "Signs a request with a profile's credentials (SigV4) and prints the headers to\n"
            "add to it. The URL is signed as it stands: send it just so.\n"
            "\n"
            "options:\n"
            "  --curl              print a curl command that sends the signed request\n" HELP_OF_REQUEST
            "  keyfob sign GET https://my-bucket.s3.us-east-1.amazonaws.com/report.pdf\n"
            "  eval \"$(keyfob sign POST https://dynamodb.us-east-1.amazonaws.com/ --curl \\\n"
            "    -H 'Content-Type: application/x-amz-json-1.0' \\\n"
            "    -H 'X-Amz-Target: DynamoDB_20120810.ListTables' -d '{}')\"\n",
    .accepts = OPTION_BIT(OPTION_HEADER) | OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_SERVICE) |
               OPTION_BIT(OPTION_REGION) | OPTION_BIT(OPTION_TIME) | OPTION_BIT(OPTION_CURL),
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run_sign,
};

// --- presign ---

static int print_url(const struct options *o, struct slice body)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer out;
        int exit_code;
        (void)o;
        json_doc_init(&doc);
        buffer_init(&out, OUTPUT_MAX);
        size_t url = json_parse(&doc, body, &fault) == 0 ? json_get(&doc, JSON_ROOT, SLICE("url")) : JSON_NONE;
        if (url == JSON_NONE || json_string(&doc, url, &out) < 0 || !field_is_value(buffer_slice(&out)) ||
            buffer_put_byte(&out, '\n') < 0)
                exit_code = cli_say(EXIT_FAILED, "the agent's answer has no URL", NULL);
        else
                exit_code = cli_write(buffer_slice(&out));
        buffer_free(&out);
        json_doc_free(&doc);
        return exit_code;
}

static int run_presign(const struct options *o)
{
        return request(o, true, print_url);
}

const struct command command_presign = {
    .name = "presign",
    .summary = "sign a URL that anyone can use for a while",
    .help = "usage: keyfob presign METHOD URL [--expires-in TIME] [-H 'NAME: VALUE']...\n"
            "                      [-d DATA|@FILE]\n"
            "\n"
            "Prints the URL with a signature in its query (SigV4). Whoever has it can send\n"
            "this request until it expires, at the latest when the credentials do.\n"
            "\n"
            "options:\n"
            "  --expires-in TIME   such as 15m or 12h; at most 7 days\n" HELP_OF_REQUEST
            "  keyfob presign GET https://my-bucket.s3.us-east-1.amazonaws.com/report.pdf \\\n"
            "    --expires-in 1h\n"
            "  curl -T report.pdf \"$(keyfob presign PUT \\\n"
            "    https://my-bucket.s3.us-east-1.amazonaws.com/report.pdf)\"\n",
    .accepts = OPTION_BIT(OPTION_HEADER) | OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_SERVICE) |
               OPTION_BIT(OPTION_REGION) | OPTION_BIT(OPTION_TIME) | OPTION_BIT(OPTION_EXPIRES_IN),
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run_presign,
};
