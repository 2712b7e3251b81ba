// SPDX-License-Identifier: Apache-2.0
// A table of elements steers the walk; the text of the elements that matter is gathered in the caller's buffer, however
// many pieces the XML parser delivers it in. The parser's own copies live in wiped memory.
#include "sidecar/providers/sts_answer.h"

#include <expat.h>

#include "proto/mem/length.h"
#include "proto/mem/secret.h"
#include "proto/wire/limits.h"

enum { DEPTH_MAX_N = 16, ELEMENTS_MAX_N = 1024 };

enum place {
        PLACE_OUTSIDE,
        PLACE_UNKNOWN, // an element that does not matter, and all in it
        PLACE_RESPONSE,
        PLACE_RESULT,
        PLACE_CREDENTIALS,
        PLACE_USER,
        PLACE_METADATA,
        PLACE_ERROR_RESPONSE,
        PLACE_ERROR,
        // from here on: elements whose text is kept
        PLACE_ACCESS_KEY_ID,
        PLACE_SECRET_ACCESS_KEY,
        PLACE_SESSION_TOKEN,
        PLACE_EXPIRATION,
        PLACE_ARN,
        PLACE_WEB_IDENTITY_TOKEN,
        PLACE_TOKEN_EXPIRATION,
        PLACE_CODE,
        PLACE_MESSAGE,
        PLACE_REQUEST_ID,
        PLACE_COUNT
};

static const struct step {
        enum place from, to;
        const char *name;
} steps[] = {
    {PLACE_OUTSIDE, PLACE_ERROR_RESPONSE, "ErrorResponse"},
    {PLACE_RESPONSE, PLACE_METADATA, "ResponseMetadata"},
    {PLACE_RESULT, PLACE_CREDENTIALS, "Credentials"},
    {PLACE_RESULT, PLACE_USER, "AssumedRoleUser"},
    {PLACE_RESULT, PLACE_WEB_IDENTITY_TOKEN, "WebIdentityToken"},
    {PLACE_RESULT, PLACE_TOKEN_EXPIRATION, "Expiration"},
    {PLACE_CREDENTIALS, PLACE_ACCESS_KEY_ID, "AccessKeyId"},
    {PLACE_CREDENTIALS, PLACE_SECRET_ACCESS_KEY, "SecretAccessKey"},
    {PLACE_CREDENTIALS, PLACE_SESSION_TOKEN, "SessionToken"},
    {PLACE_CREDENTIALS, PLACE_EXPIRATION, "Expiration"},
    {PLACE_USER, PLACE_ARN, "Arn"},
    {PLACE_METADATA, PLACE_REQUEST_ID, "RequestId"},
    {PLACE_ERROR_RESPONSE, PLACE_ERROR, "Error"},
    {PLACE_ERROR_RESPONSE, PLACE_REQUEST_ID, "RequestId"},
    {PLACE_ERROR, PLACE_CODE, "Code"},
    {PLACE_ERROR, PLACE_MESSAGE, "Message"},
};

struct reader {
        XML_Parser parser;
        const char *action;
        struct buffer *text;
        const char *what; // not NULL: refused
        enum place places[DEPTH_MAX_N + 1];
        unsigned depth, elements;
        struct {
                size_t from, to;
                bool is_seen;
        } spans[PLACE_COUNT];
};

static bool is_kept(enum place place)
{
        return place >= PLACE_ACCESS_KEY_ID;
}

// AWS wraps no text of these any more, but its older samples did.
static bool is_without_blanks(enum place place)
{
        return place >= PLACE_ACCESS_KEY_ID && place <= PLACE_TOKEN_EXPIRATION;
}

static void refuse(struct reader *r, const char *what)
{
        if (!r->what)
                r->what = what;
        (void)XML_StopParser(r->parser, XML_FALSE);
}

static bool is_action_element(struct slice name, const char *action, struct slice ending)
{
        struct slice begin = slice_str(action);
        return name.n == begin.n + ending.n && slice_starts_with(name, begin) && slice_ends_with(name, ending);
}

static enum place place_of(const struct reader *r, enum place from, struct slice name)
{
        if (from == PLACE_OUTSIDE && is_action_element(name, r->action, SLICE("Response")))
                return PLACE_RESPONSE;
        if (from == PLACE_RESPONSE && is_action_element(name, r->action, SLICE("Result")))
                return PLACE_RESULT;
        for (size_t i = 0; i < LENGTH(steps); i++) {
                if (steps[i].from == from && slice_eq(name, slice_str(steps[i].name)))
                        return steps[i].to;
        }
        return PLACE_UNKNOWN;
}

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
        (void)attributes;
        struct reader *r = arg;
        if (r->what)
                return;
        if (r->depth == DEPTH_MAX_N || ++r->elements > ELEMENTS_MAX_N) {
                refuse(r, "it has too many elements");
                return;
        }
        enum place from = r->places[r->depth];
        if (is_kept(from)) {
                refuse(r, "it has elements inside a text");
                return;
        }
        struct slice local = slice_str(name);
        size_t colon = slice_find(local, ':');
        if (colon < local.n) // the prefix of a namespace does not matter
                local = slice_from(local, colon + 1);
        enum place to = place_of(r, from, local);
        r->places[++r->depth] = to;
        if (!is_kept(to))
                return;
        if (r->spans[to].is_seen) {
                refuse(r, "it has an element twice");
                return;
        }
        r->spans[to].is_seen = true;
        r->spans[to].from = r->text->n;
        r->spans[to].to = r->text->n;
}

static void on_end(void *arg, const XML_Char *name)
{
        (void)name;
        struct reader *r = arg;
        if (r->what)
                return;
        enum place place = r->places[r->depth--];
        if (is_kept(place))
                r->spans[place].to = r->text->n;
}

static void on_text(void *arg, const XML_Char *text, int n)
{
        struct reader *r = arg;
        enum place place = r->places[r->depth];
        if (r->what || n <= 0 || !is_kept(place))
                return;
        struct slice rest = slice_of(text, (size_t)n);
        if (!is_without_blanks(place)) {
                (void)buffer_put(r->text, rest);
                return;
        }
        for (size_t i = 0; i < rest.n; i++) {
                uint8_t byte = rest.p[i];
                if (byte != ' ' && byte != '\t' && byte != '\r' && byte != '\n')
                        (void)buffer_put_byte(r->text, byte);
        }
}

// Comes before whatever the document type declares, entities above all: none is ever read.
static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
                       int has_internal_subset)
{
        (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
        refuse(arg, "it has a document type");
}

static struct slice span(const struct reader *r, enum place place)
{
        return slice_of(r->text->p + r->spans[place].from, r->spans[place].to - r->spans[place].from);
}

static void answer_from(const struct reader *r, struct answer *ret)
{
        *ret = (struct answer){0};
        if (!r->text->p) // no text at all
                return;
        bool is_token = r->spans[PLACE_WEB_IDENTITY_TOKEN].is_seen;
        *ret = (struct answer){
            .access_key_id = span(r, PLACE_ACCESS_KEY_ID),
            .secret_access_key = span(r, PLACE_SECRET_ACCESS_KEY),
            .session_token = span(r, PLACE_SESSION_TOKEN),
            .expiration = span(r, is_token ? PLACE_TOKEN_EXPIRATION : PLACE_EXPIRATION),
            .document = span(r, PLACE_WEB_IDENTITY_TOKEN),
            .assumed_role_arn = span(r, PLACE_ARN),
            .code = slice_trim(span(r, PLACE_CODE)),
            .message = slice_trim(span(r, PLACE_MESSAGE)),
            .request_id = slice_trim(span(r, PLACE_REQUEST_ID)),
        };
}

static int read_failure(const struct reader *r, enum XML_Status status, enum XML_Error fault, struct error *e)
{
        if (r->text->no_memory || (status != XML_STATUS_OK && fault == XML_ERROR_NO_MEMORY))
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (r->what)
                return error_set(e, ERROR_PROTOCOL, "not an answer of AWS STS: %s", r->what);
        if (r->text->failed)
                return error_set(e, ERROR_PROTOCOL, "too large");
        return status == XML_STATUS_OK ? 0 : error_set(e, ERROR_PROTOCOL, "invalid XML: %s", XML_ErrorString(fault));
}

int sts_answer_read(const char *action, struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const XML_Memory_Handling_Suite wiping = {wiping_malloc, wiping_realloc, wiping_free};
        if (slice_is_empty(body) || body.n > LIMIT_UPSTREAM_BODY)
                return error_set(e, ERROR_PROTOCOL, slice_is_empty(body) ? "empty" : "too large");
        struct reader r = {.action = action, .text = scratch};
        r.parser = XML_ParserCreate_MM("UTF-8", &wiping, NULL);
        if (!r.parser)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        XML_SetUserData(r.parser, &r);
        XML_SetElementHandler(r.parser, on_start, on_end);
        XML_SetCharacterDataHandler(r.parser, on_text);
        XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
        enum XML_Status status = XML_Parse(r.parser, (const char *)body.p, (int)body.n, XML_TRUE);
        enum XML_Error fault = XML_GetErrorCode(r.parser);
        XML_ParserFree(r.parser);
        if (read_failure(&r, status, fault, e) < 0)
                return -1;
        answer_from(&r, ret);
        return 0;
}
