// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/curl.h"
#include "clients/cli/sign_arguments.h"
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/json_read.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024 };

static int print_headers(const void *context, struct slice answer)
{
        const struct sign_arguments *in = context;
        struct keyfob_signature signature;
        struct keyfob_error error;
        struct buffer out;
        if (client_read_signature(answer, &signature, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        buffer_init(&out, OUTPUT_MAX);
        if (options_has(in->options, OPTION_CURL))
                curl_write(&in->request, &signature, in->data, &out);
        else if (signature.url)
                (void)cli_fail(EXIT_OK, NULL, "send the request to %s", signature.url);
        for (size_t i = 0; i < signature.headers_count && !options_has(in->options, OPTION_CURL); i++)
                (void)buffer_printf(&out, "%s: %s\n", signature.headers[i].name, signature.headers[i].value);
        int exit_code = out.failed ? cli_fail(EXIT_FAILED, NULL, "out of memory") : cli_write(buffer_slice(&out));
        buffer_free(&out);
        keyfob_signature_clear(&signature);
        return exit_code;
}

// How long the URL holds, by its query; -1: it does not say.
static int64_t url_expires_in_s(struct slice url)
{
        static const struct slice key = SLICE_INIT("X-Amz-Expires=");
        int64_t seconds = 0;
        while (url.n > 0 && !slice_starts_with(url, key))
                url = slice_from(url, 1);
        struct slice value = slice_from(url, key.n);
        return text_parse_i64(slice_head(value, slice_find(value, '&')), &seconds) == 0 ? seconds : -1;
}

// No URL outlives the credentials that it is signed with.
static void report_cut(const struct sign_arguments *in, struct slice url)
{
        char asked[TIME_DURATION_SIZE], given[TIME_DURATION_SIZE];
        int64_t expires_in_s = url_expires_in_s(url);
        if (expires_in_s < 0 || expires_in_s >= in->more.expires_in_s)
                return;
        time_format_duration(in->more.expires_in_s, asked);
        time_format_duration(expires_in_s, given);
        (void)cli_fail(EXIT_OK, "for longer ones, raise the profile's duration_seconds, or use one with long-term keys",
                       "this URL expires in %s, not in %s: the credentials that sign it expire then", given, asked);
}

static int print_url(const void *context, struct slice answer)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer out;
        int exit_code;
        json_doc_init(&doc);
        buffer_init(&out, OUTPUT_MAX);
        size_t url = json_parse(&doc, answer, &fault) == 0 ? json_get(&doc, JSON_ROOT, SLICE("url")) : JSON_NONE;
        if (url == JSON_NONE || json_string(&doc, url, &out) < 0 || !text_is_shown(buffer_slice(&out)) || out.n == 0) {
                exit_code = cli_fail(EXIT_FAILED, NULL, "the agent's answer has no URL");
        } else {
                report_cut(context, buffer_slice(&out));
                (void)buffer_put_byte(&out, '\n');
                exit_code = out.failed ? cli_fail(EXIT_FAILED, NULL, "out of memory") : cli_write(buffer_slice(&out));
        }
        buffer_free(&out);
        json_doc_free(&doc);
        return exit_code;
}

// The arguments are the method and the URL, so that only --profile names the profile.
static int call(const struct sign_arguments *in, struct slice body)
{
        return cli_call(in->options, &(struct cli_call){.method = "POST",
                                                        .profile = cli_profile_option(in->options),
                                                        .rest = in->is_presign ? "/presign" : "/sign",
                                                        .body = body,
                                                        .timeout_ms = CLI_QUICK_MS,
                                                        .consume = in->is_presign ? print_url : print_headers,
                                                        .context = in});
}

static int run(const struct options *o, bool is_presign)
{
        struct sign_arguments in;
        struct keyfob_error error;
        struct buffer body;
        buffer_init(&body, LIMIT_HTTP_BODY);
        int exit_code = sign_arguments_read(o, is_presign, &in);
        if (exit_code == EXIT_OK && client_put_sign_request(&in.request, &in.more, &body, &error) != KEYFOB_OK)
                exit_code = cli_fail_with(&error);
        else if (exit_code == EXIT_OK)
                exit_code = call(&in, buffer_slice(&body));
        buffer_free(&body);
        sign_arguments_free(&in);
        return exit_code;
}

static int run_sign(const struct options *o)
{
        return run(o, false);
}

static int run_presign(const struct options *o)
{
        return run(o, true);
}

#define HELP_OF_REQUEST                                                                                                \
        "  -H 'NAME: VALUE'    a header to sign; may be given more than once\n"                                        \
        "  -d DATA             the request's body; @FILE takes it from a file, @- from\n"                              \
        "                      standard input\n"                                                                       \
        "  --service NAME      such as s3; else taken from the host name\n"                                            \
        "  --region NAME       else taken from the host name or the profile\n"                                         \
        "  --region-set LIST   sign with SigV4A, for these regions: us-east-1,eu-west-1,*\n"                           \
        "  --unsigned-payload  leave the body unsigned, where the service allows that:\n"                              \
        "                      S3, VPC Lattice, OpenSearch Serverless, Lambda\n"                                       \
        "  --time TIME         sign for this time, such as 20260901T120000Z\n"                                         \
        "  --profile NAME      the profile; else $KEYFOB_PROFILE, else \"default\"\n"                                  \
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
            "add to it. A URL that clients do not send as given is printed on standard error\n"
            "in the form to send.\n"
            "\n"
            "options:\n"
            "  --curl              print a curl command that sends the signed request\n" HELP_OF_REQUEST
            "  keyfob sign GET https://my-bucket.s3.us-east-1.amazonaws.com/report.pdf\n"
            "  eval \"$(keyfob sign POST https://dynamodb.us-east-1.amazonaws.com/ --curl \\\n"
            "    -H 'Content-Type: application/x-amz-json-1.0' \\\n"
            "    -H 'X-Amz-Target: DynamoDB_20120810.ListTables' -d '{}')\"\n",
    .accepts = OPTION_BIT(OPTION_HEADER) | OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_SERVICE) |
               OPTION_BIT(OPTION_REGION) | OPTION_BIT(OPTION_REGION_SET) | OPTION_BIT(OPTION_TIME) |
               OPTION_BIT(OPTION_UNSIGNED_PAYLOAD) | OPTION_BIT(OPTION_CURL),
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run_sign,
};

const struct command command_presign = {
    .name = "presign",
    .summary = "sign a URL that anyone can use for a while",
    .help = "usage: keyfob presign METHOD URL [--expires-in TIME] [-H 'NAME: VALUE']...\n"
            "                      [-d DATA|@FILE]\n"
            "\n"
            "Prints the URL with a signature in its query (SigV4). Anyone who has it can\n"
            "send this request until it expires, at the latest when the credentials do.\n"
            "\n"
            "options:\n"
            "  --expires-in TIME   such as 15m or 12h; at most 7 days\n" HELP_OF_REQUEST
            "  keyfob presign GET https://my-bucket.s3.us-east-1.amazonaws.com/report.pdf \\\n"
            "    --expires-in 1h\n"
            "  curl -T report.pdf \"$(keyfob presign PUT \\\n"
            "    https://my-bucket.s3.us-east-1.amazonaws.com/report.pdf)\"\n",
    .accepts = OPTION_BIT(OPTION_HEADER) | OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_SERVICE) |
               OPTION_BIT(OPTION_REGION) | OPTION_BIT(OPTION_REGION_SET) | OPTION_BIT(OPTION_TIME) |
               OPTION_BIT(OPTION_UNSIGNED_PAYLOAD) | OPTION_BIT(OPTION_EXPIRES_IN),
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run_presign,
};
