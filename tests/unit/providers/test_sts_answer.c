// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sts_answer.h"

#include <sys/mman.h>

#include "proto/wire/limits.h"
#include "tests/unit/unit.h"

#define NS "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\""
#define USER                                                                                                           \
        "<AssumedRoleUser><AssumedRoleId>AROA:sess</AssumedRoleId>"                                                    \
        "<Arn>arn:aws:sts::123456789012:assumed-role/Demo/sess</Arn></AssumedRoleUser>"
#define KEYS                                                                                                           \
        "<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret/+=</SecretAccessKey>"                           \
        "<SessionToken>token//+==</SessionToken><Expiration>2026-09-01T13:00:00Z</Expiration>"
#define WRAP(result)                                                                                                   \
        "<AssumeRoleResponse " NS "><AssumeRoleResult>" result "</AssumeRoleResult>"                                   \
        "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></AssumeRoleResponse>"

static const char whole[] = WRAP(USER "<Credentials>" KEYS "</Credentials><PackedPolicySize>6</PackedPolicySize>");

struct outcome {
        struct buffer scratch;
        struct answer answer;
        struct error e;
        int r;
};

static void read_bytes(struct slice xml, struct outcome *o)
{
        *o = (struct outcome){.r = 0};
        buffer_init(&o->scratch, LIMIT_UPSTREAM_BODY);
        o->r = sts_answer_read("AssumeRole", xml, &o->scratch, &o->answer, &o->e);
}

static bool is_whole(const struct answer *a)
{
        return slice_eq(a->access_key_id, SLICE("ASIAEXAMPLE")) && slice_eq(a->secret_access_key, SLICE("secret/+=")) &&
               slice_eq(a->session_token, SLICE("token//+==")) &&
               slice_eq(a->expiration, SLICE("2026-09-01T13:00:00Z")) &&
               slice_eq(a->assumed_role_arn, SLICE("arn:aws:sts::123456789012:assumed-role/Demo/sess"));
}

static void understands_every_form(void **state)
{
        (void)state;
        static const struct {
                const char *name, *xml;
        } t[] = {
            {"plain", whole},
            {"declaration, comments, instructions",
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- c --><?pi x?>" WRAP(
                 USER "<!-- - --><Credentials>" KEYS "</Credentials>") "<!-- end -->\n"},
            {"another order",
             WRAP("<PackedPolicySize>6</PackedPolicySize><Credentials><Expiration>2026-09-01T13:00:00Z</Expiration>"
                  "<SessionToken>token//+==</SessionToken><SecretAccessKey>secret/+=</SecretAccessKey>"
                  "<AccessKeyId>ASIAEXAMPLE</AccessKeyId></Credentials>" USER)},
            {"unknown elements",
             WRAP(USER "<New><Credentials><AccessKeyId>WRONG</AccessKeyId></Credentials></New>"
                       "<Credentials><Deep><AccessKeyId>WRONG</AccessKeyId></Deep>" KEYS "</Credentials>")},
            {"blanks in and around texts",
             WRAP(USER "<Credentials>\n <AccessKeyId>\n  ASIA\n  EXAMPLE\n </AccessKeyId>"
                       "<SecretAccessKey> secret/+=\t</SecretAccessKey><SessionToken>\r\n  token\r\n  //+==\r\n"
                       "</SessionToken><Expiration> 2026-09-01T13:00:00Z </Expiration></Credentials>")},
            {"entities and character references",
             WRAP(USER "<Credentials><AccessKeyId>ASIA&#69;XAMPLE</AccessKeyId><SecretAccessKey>secret&#x2f;+="
                       "</SecretAccessKey><SessionToken>token//&#43;==</SessionToken>"
                       "<Expiration>2026-09-01T13:00:00Z</Expiration></Credentials>")},
            {"CDATA", WRAP(USER "<Credentials><AccessKeyId><![CDATA[ASIAEXAMPLE]]></AccessKeyId><SecretAccessKey>"
                                "secret/+=</SecretAccessKey><SessionToken>to<![CDATA[ken]]>//+==</SessionToken>"
                                "<Expiration>2026-09-01T13:00:00Z</Expiration></Credentials>")},
            {"namespace prefix", "<s:AssumeRoleResponse xmlns:s=\"x\"><s:AssumeRoleResult><s:Credentials>" KEYS
                                 "</s:Credentials>" USER "</s:AssumeRoleResult></s:AssumeRoleResponse>"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct outcome o;
                read_bytes(slice_str(t[i].xml), &o);
                if (o.r != 0 || !is_whole(&o.answer))
                        fail_msg("%s: %d, %s", t[i].name, o.r, o.e.message);
                buffer_free(&o.scratch);
        }
}

static void reads_request_id_and_errors(void **state)
{
        (void)state;
        struct outcome o;
        read_bytes(slice_str(whole), &o);
        assert_true(slice_eq(o.answer.request_id, SLICE("id-1")));
        assert_true(slice_is_empty(o.answer.code));
        buffer_free(&o.scratch);

        read_bytes(SLICE("<ErrorResponse xmlns=\"http://webservices.amazon.com/x/\">\n<Error><Type>Sender</Type>"
                         "<Code> AccessDenied </Code><Message>\n User: a &lt;b&gt; &amp; &quot;c&apos;"
                         " is not authorized </Message></Error><RequestId>id-2</RequestId></ErrorResponse>"),
                   &o);
        assert_int_equal(o.r, 0);
        assert_true(slice_eq(o.answer.code, SLICE("AccessDenied")));
        assert_true(slice_eq(o.answer.message, SLICE("User: a <b> & \"c' is not authorized")));
        assert_true(slice_eq(o.answer.request_id, SLICE("id-2")));
        assert_true(slice_is_empty(o.answer.access_key_id));
        buffer_free(&o.scratch);

        read_bytes(SLICE("<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"), &o);
        assert_int_equal(o.r, 0);
        assert_true(slice_eq(o.answer.code, SLICE("Throttling")));
        assert_true(slice_is_empty(o.answer.message));
        buffer_free(&o.scratch);
}

// Well-formed, but no session of this operation: nothing is taken from it.
static void takes_nothing_from_elsewhere(void **state)
{
        (void)state;
        static const char *const t[] = {
            "<GetSessionTokenResponse><GetSessionTokenResult><Credentials>" KEYS
            "</Credentials></GetSessionTokenResult></GetSessionTokenResponse>",
            "<AssumeRoleResponse><Credentials>" KEYS "</Credentials></AssumeRoleResponse>",
            "<Credentials>" KEYS "</Credentials>",
            "<x>" WRAP("<Credentials>" KEYS "</Credentials>") "</x>",
            "<html><body>503</body></html>",
            "<AssumeRoleResponse/>",
            "<Error><Code>AccessDenied</Code></Error>",
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct outcome o;
                read_bytes(slice_str(t[i]), &o);
                assert_int_equal(o.r, 0);
                assert_true(slice_is_empty(o.answer.access_key_id));
                assert_true(slice_is_empty(o.answer.secret_access_key));
                assert_true(slice_is_empty(o.answer.session_token));
                assert_true(slice_is_empty(o.answer.code));
                buffer_free(&o.scratch);
        }
}

static void refuses(void **state)
{
        (void)state;
        static const struct {
                const char *xml, *what;
        } t[] = {
            {"", "empty"},
            {"not xml", "invalid XML: "},
            {"{\"Error\":{}}", "invalid XML: "},
            {"<a>", "invalid XML: "},
            {"<a></b>", "invalid XML: "},
            {"<a/><b/>", "invalid XML: "},
            {"<a>&unknown;</a>", "invalid XML: "},
            {"<a>\xff</a>", "invalid XML: "},
            {"<!DOCTYPE html><html></html>", "it has a document type"},
            {"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "it has a document type"},
            {"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "it has a document type"},
            {"<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;\">]>"
             "<ErrorResponse><Error><Code>&c;</Code></Error></ErrorResponse>",
             "it has a document type"},
            {WRAP("<Credentials>" KEYS "</Credentials><Credentials>" KEYS "</Credentials>"), "it has an element twice"},
            {WRAP("<Credentials><AccessKeyId>A</AccessKeyId><AccessKeyId>B</AccessKeyId></Credentials>"),
             "it has an element twice"},
            {WRAP("<Credentials><SessionToken>A<x/>B</SessionToken></Credentials>"), "it has elements inside a text"},
            {"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a></a></a></a></a>"
             "</a></a></a></a>",
             "too many elements"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct outcome o;
                read_bytes(slice_str(t[i].xml), &o);
                if (o.r != -1 || !strstr(o.e.message, t[i].what))
                        fail_msg("%s: %d, %s", t[i].xml, o.r, o.e.message);
                buffer_free(&o.scratch);
        }
}

static void refuses_what_is_too_large(void **state)
{
        (void)state;
        struct buffer xml;
        buffer_init(&xml, (size_t)2 * LIMIT_UPSTREAM_BODY);
        (void)buffer_put_str(&xml, "<a>");
        for (int i = 0; i < 1100; i++)
                (void)buffer_put_str(&xml, "<b/>");
        (void)buffer_put_str(&xml, "</a>");
        struct outcome o;
        read_bytes(buffer_slice(&xml), &o);
        assert_int_equal(o.r, -1);
        assert_non_null(strstr(o.e.message, "too many elements"));
        buffer_free(&o.scratch);

        buffer_reset(&xml);
        uint8_t *p = buffer_reserve(&xml, LIMIT_UPSTREAM_BODY + 1);
        assert_non_null(p);
        memset(p, ' ', LIMIT_UPSTREAM_BODY + 1);
        buffer_commit(&xml, LIMIT_UPSTREAM_BODY + 1);
        read_bytes(buffer_slice(&xml), &o);
        assert_int_equal(o.r, -1);
        assert_string_equal(o.e.message, "too large");
        buffer_free(&o.scratch);
        buffer_free(&xml);
}

// A token of 64 KiB in many pieces arrives whole.
static void long_tokens_stay_whole(void **state)
{
        (void)state;
        struct buffer xml;
        buffer_init(&xml, LIMIT_UPSTREAM_BODY);
        (void)buffer_put_str(&xml, "<AssumeRoleResponse><AssumeRoleResult><Credentials><SessionToken>");
        for (int i = 0; i < 4096; i++)
                (void)buffer_put_str(&xml, "abcdefgh&#65;\nbcd ef");
        (void)buffer_put_str(&xml, "</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>");
        assert_false(xml.failed);
        struct outcome o;
        read_bytes(buffer_slice(&xml), &o);
        assert_int_equal(o.r, 0);
        assert_int_equal(o.answer.session_token.n, 57344); // 4096 times 14
        for (size_t i = 0; i < o.answer.session_token.n; i += 14)
                assert_memory_equal(o.answer.session_token.p + i, "abcdefghAbcdef", 14);
        buffer_free(&o.scratch);
        buffer_free(&xml);
}

// Cut at every byte, with nothing readable behind it: never an answer.
static void cut_short_is_never_an_answer(void **state)
{
        (void)state;
        size_t page = 4096;
        uint8_t *map = mmap(NULL, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(map != MAP_FAILED);
        assert_int_equal(mprotect(map, page, PROT_READ | PROT_WRITE), 0);
        size_t n = sizeof(whole) - 1;
        assert_true(n <= page);
        for (size_t cut = 0; cut <= n; cut++) {
                memcpy(map + page - cut, whole, cut);
                struct outcome o;
                read_bytes(slice_of(map + page - cut, cut), &o);
                if (o.r != (cut == n ? 0 : -1))
                        fail_msg("cut at %zu of %zu: %d", cut, n, o.r);
                buffer_free(&o.scratch);
        }
        assert_int_equal(munmap(map, 2 * page), 0);
}

static void small_scratch_is_an_error(void **state)
{
        (void)state;
        for (size_t max = 0; max < 90; max++) {
                struct buffer scratch;
                struct answer answer;
                struct error e;
                buffer_init(&scratch, max);
                assert_int_equal(sts_answer_read("AssumeRole", slice_str(whole), &scratch, &answer, &e), -1);
                assert_string_equal(e.message, "too large");
                buffer_free(&scratch);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(understands_every_form),       cmocka_unit_test(reads_request_id_and_errors),
            cmocka_unit_test(takes_nothing_from_elsewhere), cmocka_unit_test(refuses),
            cmocka_unit_test(refuses_what_is_too_large),    cmocka_unit_test(long_tokens_stay_whole),
            cmocka_unit_test(cut_short_is_never_an_answer), cmocka_unit_test(small_scratch_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
