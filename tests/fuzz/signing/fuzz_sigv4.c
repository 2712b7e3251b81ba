// SPDX-License-Identifier: Apache-2.0
// Any URL with any headers is either refused with a reason or signed: twice alike, with a sorted list of headers
// without repetition, within the buffer; and a presigned URL is a URL again that cannot be presigned once more.
// Input: a letter that chooses the service (upper case: presign), then parts that vertical tabs separate: method, URL,
// and names and values of headers in turn.
#include <assert.h>
#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/service_rules.h"
#include "sidecar/signing/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bench {
        struct signer *signer;
        struct credentials *credentials;
        struct buffer out, again;
};

static struct slice next_part(struct slice *rest)
{
        struct slice part = slice_head(*rest, slice_find(*rest, '\v'));
        *rest = slice_from(*rest, part.n + 1);
        return part;
}

static void check_names(struct slice names)
{
        struct slice before = SLICE("");
        while (names.n > 0) {
                struct slice name = slice_head(names, slice_find(names, ';'));
                assert(slice_compare(before, name) < 0);
                before = name;
                names = slice_from(names, name.n + 1);
        }
}

// The URL that clients send has the same signature, and is one that they do send.
static void check_url_to_send(struct bench *b, struct sigv4_request request, struct slice authorization)
{
        struct sigv4_url url, again;
        struct sigv4_result result;
        struct error e = {.kind = ERROR_NONE};
        struct buffer text;
        buffer_init(&text, 2 * LIMIT_SIGN_CANONICAL);
        assert(sigv4_parse_url(request.url, &url, &e) == 0);
        sigv4_put_url(&url, service_rules_of(request.service), &text);
        request.url = buffer_slice(&text);
        if (text.n <= LIMIT_SIGN_URL) {
                assert(sigv4_parse_url(request.url, &again, &e) == 0);
                assert(sigv4_url_is_as_sent(&again, service_rules_of(request.service)));
                assert(sigv4_sign(b->signer, &request, b->credentials, &b->again, &result, &e) == 0);
                assert(slice_eq(result.authorization, authorization));
        }
        buffer_free(&text);
}

static void check_sign(struct bench *b, const struct sigv4_request *request)
{
        struct sigv4_result first, second;
        struct error e = {.kind = ERROR_NONE};
        if (sigv4_sign(b->signer, request, b->credentials, &b->out, &first, &e) < 0) {
                assert(e.kind == ERROR_CONFIG && e.message[0] && e.hint[0]);
                return;
        }
        assert(b->out.n <= LIMIT_SIGN_CANONICAL);
        assert(first.authorization.p + first.authorization.n == b->out.p + b->out.n);
        check_names(first.signed_headers);
        assert(sigv4_sign(b->signer, request, b->credentials, &b->again, &second, &e) == 0);
        assert(slice_eq(first.authorization, second.authorization));
        check_url_to_send(b, *request, first.authorization);
}

static void check_presign(struct bench *b, const struct sigv4_request *request)
{
        struct error e = {.kind = ERROR_NONE};
        struct sigv4_url url;
        buffer_reset(&b->out);
        if (sigv4_presign(b->signer, request, b->credentials, 60, &b->out, &e) < 0) {
                assert(e.kind == ERROR_CONFIG && e.message[0] && b->out.n == 0);
                return;
        }
        struct slice text = buffer_slice(&b->out), marker = SLICE("&X-Amz-Signature=");
        assert(text.n > 64 + marker.n && slice_eq(slice_of(text.p + text.n - 64 - marker.n, marker.n), marker));
        if (text.n > LIMIT_SIGN_URL)
                return;
        assert(sigv4_parse_url(text, &url, &e) == 0 && url.has_query);
        struct sigv4_request presigned = *request;
        presigned.url = text;
        buffer_reset(&b->again);
        assert(sigv4_presign(b->signer, &presigned, b->credentials, 60, &b->again, &e) < 0);
}

static void run(struct bench *b, struct slice input)
{
        static const struct slice services[] = {SLICE_INIT("bedrock"), SLICE_INIT("s3"), SLICE_INIT("sts"),
                                                SLICE_INIT("execute-api")};
        struct header headers[LIMIT_SIGN_HEADERS_N + 2];
        size_t count = 0;
        uint8_t letter = input.p[0];
        input = slice_from(input, 1);
        struct sigv4_request request = {
            .method = next_part(&input),
            .url = next_part(&input),
            .payload_hash = SLICE(SIGV4_UNSIGNED_PAYLOAD),
            .service = services[letter % 4],
            .region = SLICE("us-east-1"),
            .time_s = 1788264000 + letter,
            .add_content_sha256 = letter % 8 >= 4,
            .headers = headers,
        };
        while (input.n > 0 && count < LENGTH(headers)) {
                headers[count].name = next_part(&input);
                headers[count++].value = next_part(&input);
        }
        request.headers_count = count;
        if (letter >= 'A' && letter <= 'Z')
                check_presign(b, &request);
        else
                check_sign(b, &request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct credentials fields = {
            .access_key_id = SLICE("ASIAEXAMPLEKEYID0001"),
            .secret_access_key = SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            .session_token = SLICE("IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars=="),
            .expires_s = CREDENTIALS_NEVER_EXPIRE,
        };
        struct bench b = {.signer = signer_new(), .credentials = credentials_new(&fields)};
        if (!b.signer || !b.credentials)
                abort();
        buffer_init(&b.out, LIMIT_SIGN_CANONICAL);
        buffer_init(&b.again, LIMIT_SIGN_CANONICAL);
        if (size > 0)
                run(&b, slice_of(data, size));
        buffer_free(&b.out);
        buffer_free(&b.again);
        credentials_unref(b.credentials);
        signer_free(b.signer);
        return 0;
}
