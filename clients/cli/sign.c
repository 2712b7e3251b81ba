// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/curl.h"
#include "clients/cli/sign_request.h"
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

// The text of a string, kept in `texts`, which must not move any more.
static struct slice text_of(const struct json_doc *doc, size_t node, struct buffer *texts)
{
        size_t start = texts->n;
        if (json_string(doc, node, texts) < 0)
                return slice_of(NULL, 0);
        return slice_of(texts->p + start, texts->n - start);
}

// The signature's headers, and before them those of the command line that it does not replace.
static size_t collect(const struct options *o, const struct json_doc *doc, size_t headers, struct buffer *texts,
                      struct curl_header all[HEADERS_MAX])
{
        struct curl_header added[LIMIT_SIGN_HEADERS_N];
        size_t added_count = 0;
        size_t count = 0;
        for (size_t key = json_first(doc, headers); key != JSON_NONE && added_count < LIMIT_SIGN_HEADERS_N;
             key = json_next(doc, key)) {
                added[added_count].name = text_of(doc, key, texts);
                added[added_count].value = text_of(doc, json_value(doc, key), texts);
                added_count++;
        }
        for (size_t i = 0; options_has(o, OPTION_CURL) && i < o->headers_count; i++) {
                struct curl_header own;
                bool is_replaced = !sign_request_header(o->headers[i], &own.name, &own.value);
                for (size_t k = 0; k < added_count; k++)
                        is_replaced = is_replaced || slice_eq_ignore_case(own.name, added[k].name);
                if (!is_replaced)
                        all[count++] = own;
        }
        for (size_t i = 0; i < added_count; i++)
                all[count++] = added[i];
        return count;
}

static void put_lines(const struct curl_header *headers, size_t count, struct buffer *out)
{
        for (size_t i = 0; i < count; i++) {
                (void)buffer_put(out, headers[i].name);
                (void)buffer_put_str(out, ": ");
                (void)buffer_put(out, headers[i].value);
                (void)buffer_put_byte(out, '\n');
        }
}

static int render(const struct options *o, const struct json_doc *doc, size_t headers, struct buffer *out)
{
        struct curl_header all[HEADERS_MAX];
        struct buffer texts;
        buffer_init(&texts, OUTPUT_MAX);
        if (!buffer_reserve(&texts, doc->text.n)) { // decoded text is never longer
                out->failed = true;
                return -1;
        }
        size_t count = collect(o, doc, headers, &texts, all);
        if (options_has(o, OPTION_CURL))
                (void)curl_write(&(struct curl_request){.method = o->arguments[0],
                                                        .url = o->arguments[1],
                                                        .headers = all,
                                                        .headers_count = count,
                                                        .data = o->values[OPTION_DATA]},
                                 out);
        else
                put_lines(all, count, out);
        buffer_free(&texts);
        return out->failed ? -1 : 0;
}

static int print_headers(const struct options *o, struct slice body)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer out;
        int exit_code;
        json_doc_init(&doc);
        buffer_init(&out, OUTPUT_MAX);
        size_t headers = json_parse(&doc, body, &fault) == 0 ? json_get(&doc, JSON_ROOT, SLICE("headers")) : JSON_NONE;
        if (headers == JSON_NONE || json_length(&doc, headers) == 0 || json_kind(&doc, headers) != JSON_OBJECT)
                exit_code = cli_say(EXIT_FAILED, "the agent's answer has no signed headers", NULL);
        else if (render(o, &doc, headers, &out) < 0)
                exit_code = cli_say(EXIT_FAILED, "out of memory", NULL);
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
        "  -d DATA             the request's body; @FILE takes it from a file\n"                                       \
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
            "  keyfob sign GET 'https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15'\n"
            "  eval \"$(keyfob sign POST https://dynamodb.us-east-1.amazonaws.com/ --curl -d '{}' \\\n"
            "    -H 'X-Amz-Target: DynamoDB_20120810.ListTables' -H 'Content-Type: application/x-amz-json-1.0')\"\n",
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
        if (url == JSON_NONE || json_string(&doc, url, &out) < 0 || buffer_put_byte(&out, '\n') < 0)
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
    .help = "usage: keyfob presign METHOD URL [--expires-in TIME] [-H 'NAME: VALUE']... [-d DATA|@FILE]\n"
            "\n"
            "Prints the URL with a signature in its query (SigV4). Whoever has it can send\n"
            "this request until it expires, at the latest when the credentials do.\n"
            "\n"
            "options:\n"
            "  --expires-in TIME   such as 15m or 12h; at most 7 days\n" HELP_OF_REQUEST
            "  keyfob presign GET https://my-bucket.s3.us-east-1.amazonaws.com/report.pdf --expires-in 1h\n"
            "  curl -T report.pdf \"$(keyfob presign PUT https://my-bucket.s3.us-east-1.amazonaws.com/report.pdf)\"\n",
    .accepts = OPTION_BIT(OPTION_HEADER) | OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_SERVICE) |
               OPTION_BIT(OPTION_REGION) | OPTION_BIT(OPTION_TIME) | OPTION_BIT(OPTION_EXPIRES_IN),
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run_presign,
};
