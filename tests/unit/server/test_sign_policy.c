// SPDX-License-Identifier: Apache-2.0
// What "sign" of a profile and of a rule of its "allow" lets be signed.
#include <unistd.h>

#include "sidecar/server/listener.h"
#include "sidecar/server/sign_policy.h"
#include "tests/unit/server/fixture.h"

#define LIST(member, ...)                                                                                              \
        .member = (char *[]){__VA_ARGS__}, .member##_count = sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)

#define S3_HOST "bkt.s3.us-east-1.amazonaws.com"
#define S3_URL "\"url\":\"https://" S3_HOST "/ok\""
#define OTHER_URL "\"url\":\"https://a.example.com/ok\""

// `members` beside the method GET; `scope` NULL: refused with `code`.
struct row {
        struct sign_limits limits;
        const char *members, *scope, *code;
};

static void ask(struct client *c, const char *path, const char *members)
{
        char body[1024];
        bool has_method = strstr(members, "\"method\"");
        snprintf(body, sizeof(body), "{%s%s}", has_method ? "" : "\"method\":\"GET\",", members);
        client_post(c, path, body);
}

static void check_rows(const struct row *rows, size_t count)
{
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        f.profiles[0].region = "eu-west-3";
        for (size_t i = 0; i < count; i++) {
                const struct row *row = &rows[i];
                f.profiles[0].sign = row->limits;
                for (int presigns = 0; presigns < 2; presigns++) {
                        ask(&c, presigns ? PRESIGN : SIGN, row->members);
                        if (!row->scope) {
                                if (c.status == 200)
                                        fail_msg("row %zu is signed: %s", i, row->members);
                                expect_problem(&c, strcmp(row->code, "target_not_allowed") == 0 ? 403 : 400, row->code);
                                continue;
                        }
                        if (c.status != 200)
                                fail_msg("row %zu: %s: %s", i, row->members, client_body(&c));
                        if (!presigns)
                                ASSERT_BODY_HAS(&c, row->scope);
                }
        }
        stop(&f, &c);
}

#define REFUSED NULL, "target_not_allowed"
#define MALFORMED NULL, "invalid_request"
#define SIGNED_S3 "/us-east-1/s3/", NULL

static void test_services_and_regions(void **state)
{
        (void)state;
        const struct row rows[] = {
            // a host alone: its own service and region
            {{LIST(hosts, S3_HOST)}, S3_URL, SIGNED_S3},
            {{LIST(hosts, S3_HOST)}, S3_URL ",\"service\":\"s3\",\"region\":\"us-east-1\"", SIGNED_S3},
            {{LIST(hosts, S3_HOST)}, S3_URL ",\"service\":\"iam\"", REFUSED},
            {{LIST(hosts, S3_HOST)}, S3_URL ",\"service\":\"S3\"", REFUSED},
            {{LIST(hosts, S3_HOST)}, S3_URL ",\"region\":\"us-west-2\"", REFUSED},
            {{LIST(hosts, S3_HOST)}, S3_URL ",\"region\":\"eu-west-3\"", REFUSED},
            {{LIST(hosts, "bkt.s3.amazonaws.com")},
             "\"url\":\"https://bkt.s3.amazonaws.com/\"",
             "/eu-west-3/s3/",
             NULL},
            {{LIST(hosts, "bkt.s3.amazonaws.com")},
             "\"url\":\"https://bkt.s3.amazonaws.com/\",\"region\":\"us-east-1\"",
             REFUSED},
            // with defaults: these, and the host's own
            {{.service = "bedrock", LIST(hosts, S3_HOST)}, S3_URL, "/us-east-1/bedrock/", NULL},
            {{.service = "bedrock", LIST(hosts, S3_HOST)}, S3_URL ",\"service\":\"s3\"", SIGNED_S3},
            {{.service = "bedrock", LIST(hosts, S3_HOST)}, S3_URL ",\"service\":\"iam\"", REFUSED},
            {{.region = "us-west-2", LIST(hosts, S3_HOST)}, S3_URL, "/us-west-2/s3/", NULL},
            {{.region = "us-west-2", LIST(hosts, S3_HOST)}, S3_URL ",\"region\":\"eu-west-3\"", REFUSED},
            {{.service = "execute-api", LIST(hosts, "a.example.com")}, OTHER_URL, "/eu-west-3/execute-api/", NULL},
            {{.service = "execute-api", LIST(hosts, "a.example.com")}, OTHER_URL ",\"service\":\"iam\"", REFUSED},
            // a host that determines nothing
            {{LIST(hosts, "a.example.com")}, OTHER_URL ",\"service\":\"iam\"", REFUSED},
            {{LIST(hosts, "a.example.com"), LIST(services, "mine")},
             OTHER_URL ",\"service\":\"mine\"",
             "/eu-west-3/mine/",
             NULL},
            {{LIST(hosts, "a.example.com"), LIST(services, "mine")},
             OTHER_URL ",\"service\":\"mine\",\"region\":\"us-east-1\"",
             REFUSED},
            {{LIST(hosts, "a.example.com"), LIST(services, "mine")}, OTHER_URL, MALFORMED},
            // lists
            {{LIST(services, "sts", "s3")}, S3_URL, SIGNED_S3},
            {{LIST(services, "sts", "s3")}, S3_URL ",\"service\":\"sts\"", "/us-east-1/sts/", NULL},
            {{LIST(services, "sts")}, S3_URL, REFUSED},
            {{LIST(services, "s3")}, S3_URL ",\"service\":\"s3x\"", REFUSED},
            {{LIST(services, "s3")}, S3_URL ",\"service\":\"\"", SIGNED_S3},
            {{LIST(regions, "us-east-1")}, S3_URL, SIGNED_S3},
            {{LIST(regions, "us-east-1")}, S3_URL ",\"region\":\"us-west-2\"", REFUSED},
            {{LIST(regions, "us-west-2", "eu-west-3")}, S3_URL, REFUSED},
            {{LIST(regions, "us-west-2")}, "\"url\":\"https://bkt.s3.amazonaws.com/\"", REFUSED},
            {{LIST(services, "iam"), LIST(hosts, S3_HOST)}, S3_URL ",\"service\":\"iam\"", "/us-east-1/iam/", NULL},
            {{LIST(regions, "us-west-2"), LIST(hosts, S3_HOST)}, S3_URL, REFUSED},
            // none: any
            {{.service = "bedrock"}, S3_URL ",\"service\":\"iam\",\"region\":\"us-west-2\"", "/us-west-2/iam/", NULL},
        };
        check_rows(rows, LENGTH(rows));
}

static void test_hosts(void **state)
{
        (void)state;
        const struct row rows[] = {
            {{LIST(hosts, "*.example.com"), .service = "m"}, OTHER_URL, "/m/", NULL},
            {{LIST(hosts, "*.example.com"), .service = "m"}, "\"url\":\"https://A.B.Example.com:8443/\"", "/m/", NULL},
            {{LIST(hosts, "*.example.com"), .service = "m"}, "\"url\":\"https://a.example.com./\"", "/m/", NULL},
            {{LIST(hosts, "*.example.com"), .service = "m"}, "\"url\":\"https://example.com/\"", REFUSED},
            {{LIST(hosts, "*.example.com"), .service = "m"}, "\"url\":\"https://badexample.com/\"", REFUSED},
            {{LIST(hosts, "*.example.com"), .service = "m"}, "\"url\":\"https://.example.com.evil/\"", REFUSED},
            {{LIST(hosts, "h:8443"), .service = "m"}, "\"url\":\"https://h:8443/\"", "/m/", NULL},
            {{LIST(hosts, "h:8443"), .service = "m"}, "\"url\":\"https://H:8443/\"", "/m/", NULL},
            {{LIST(hosts, "h:8443"), .service = "m"}, "\"url\":\"https://h/\"", REFUSED},
            {{LIST(hosts, "h:8443"), .service = "m"}, "\"url\":\"https://h:8444/\"", REFUSED},
            {{LIST(hosts, "h:443"), .service = "m"}, "\"url\":\"https://h/\"", "/m/", NULL},
            {{LIST(hosts, "h:443"), .service = "m"}, "\"url\":\"wss://h/\"", "/m/", NULL},
            {{LIST(hosts, "h:443"), .service = "m"}, "\"url\":\"http://h/\"", REFUSED},
            {{LIST(hosts, "h:80"), .service = "m"}, "\"url\":\"http://h/\"", "/m/", NULL},
            {{LIST(hosts, "*.h:8443"), .service = "m"}, "\"url\":\"https://a.h:8443/\"", "/m/", NULL},
            {{LIST(hosts, "*.h:8443"), .service = "m"}, "\"url\":\"https://a.h/\"", REFUSED},
            {{LIST(hosts, "127.0.0.1"), .service = "m"}, "\"url\":\"https://0x7f.1:8443/\"", "/m/", NULL},
            {{LIST(hosts, "127.0.0.1"), .service = "m"}, "\"url\":\"https://[::1]:8443/\"", REFUSED},
            // the name that is signed counts
            {{LIST(hosts, S3_HOST)}, OTHER_URL ",\"headers\":{\"Host\":\"" S3_HOST "\"}", SIGNED_S3},
            {{LIST(hosts, S3_HOST)}, S3_URL ",\"headers\":{\"host\":\"sts.us-east-1.amazonaws.com\"}", REFUSED},
            {{LIST(hosts, "h:8443"), .service = "m"}, OTHER_URL ",\"headers\":{\"HOST\":\" H:8443 \"}", "/m/", NULL},
            {{LIST(hosts, "h:8443"), .service = "m"}, OTHER_URL ",\"headers\":{\"host\":\"h\"}", REFUSED},
            {{LIST(hosts, "h:8443"), .service = "m"},
             "\"url\":\"https://h:8443/\",\"headers\":{\"host\":\"h:443\"}",
             REFUSED},
            // what is no host
            {{LIST(hosts, "allowed"), .service = "m"},
             OTHER_URL ",\"headers\":{\"host\":\"allowed:443.evil.s3.amazonaws.com\"}",
             MALFORMED},
            {{LIST(hosts, "*.allowed.example.com"), .service = "m"},
             OTHER_URL ",\"headers\":{\"host\":\"evil.s3.amazonaws.com/.allowed.example.com\"}",
             MALFORMED},
            {{LIST(hosts, "*.example.com"), .service = "m"},
             S3_URL ",\"headers\":{\"host\":\"evil a.example.com\"}",
             MALFORMED},
            {{LIST(hosts, "*.example.com"), .service = "m"},
             S3_URL ",\"headers\":{\"host\":\"evil@a.example.com\"}",
             MALFORMED},
            {{LIST(hosts, "*.example.com"), .service = "m"},
             S3_URL ",\"headers\":{\"host\":\"evil,a.example.com\"}",
             MALFORMED},
            {{LIST(hosts, "h"), .service = "m"}, S3_URL ",\"headers\":{\"host\":\"h:0\"}", MALFORMED},
            {{LIST(hosts, "h"), .service = "m"}, S3_URL ",\"headers\":{\"host\":\"h:99999\"}", MALFORMED},
            {{LIST(hosts, "h"), .service = "m"}, S3_URL ",\"headers\":{\"host\":\"[h]\"}", MALFORMED},
            {{LIST(hosts, "h"), .service = "m"}, "\"url\":\"https://h/\",\"headers\":{\"host\":\"\"}", MALFORMED},
            {{LIST(hosts, "h"), .service = "m"},
             "\"url\":\"https://h/\",\"headers\":{\"host\":[\"h\",\"evil\"]}",
             MALFORMED},
            {{.service = "m"}, "\"url\":\"https://h/\",\"headers\":{\"host\":\"a/b\"}", MALFORMED},
        };
        check_rows(rows, LENGTH(rows));
}

#define PATH(p) "\"url\":\"https://a.example.com" p "\""
#define MODEL                                                                                                          \
        {                                                                                                              \
                LIST(paths, "/model", "/exact/", "/a:b%2Fc"), .service = "m"                                           \
        }

static void test_paths(void **state)
{
        (void)state;
        const struct row rows[] = {
            {MODEL, PATH("/model"), "/m/", NULL},
            {MODEL, PATH("/model/x"), "/m/", NULL},
            {MODEL, PATH("/model?x=/../y"), "/m/", NULL},
            {MODEL, PATH("/model/..."), "/m/", NULL},
            {MODEL, PATH("/model//x"), "/m/", NULL},
            {MODEL, PATH("/model/a;b=c"), "/m/", NULL},
            {MODEL, PATH("/exact/"), "/m/", NULL},
            // any spelling
            {MODEL, PATH("/%6Dodel/x"), "/m/", NULL},
            {MODEL, PATH("/a%3Ab%2fc/x"), "/m/", NULL},
            {MODEL, PATH("/a:b%2Fc"), "/m/", NULL},
            {MODEL, PATH(""), REFUSED},
            {MODEL, PATH("/"), REFUSED},
            {MODEL, PATH("/models"), REFUSED},
            {MODEL, PATH("/exact"), REFUSED},
            {MODEL, PATH("//model/x"), REFUSED},
            {MODEL, PATH("/x/model/x"), REFUSED},
            {MODEL, PATH("/Model"), REFUSED},
            // an encoded slash is part of a segment
            {MODEL, PATH("/model%2Fx"), REFUSED},
            {MODEL, PATH("/exact%2F"), REFUSED},
            {MODEL, PATH("/a:b/c"), REFUSED},
            {MODEL, PATH("%2Fmodel/x"), NULL, "invalid_url"},
            // nor is an encoded plus the same as a plus, which S3 takes for a blank
            {{LIST(paths, "/p+q"), .service = "m"}, PATH("/p+q"), "/m/", NULL},
            {{LIST(paths, "/p+q"), .service = "m"}, PATH("/p%2Bq"), REFUSED},
            {{LIST(paths, "/p%2Bq"), .service = "m"}, PATH("/p+q"), REFUSED},
            {{LIST(paths, "/p%5Cq"), .service = "m"}, PATH("/p%5cq"), "/m/", NULL},
            {{LIST(paths, "/p%5Cq"), .service = "m"}, PATH("/p\\\\q"), REFUSED},
            // dot segments, however they are written
            {MODEL, PATH("/model/../x"), REFUSED},
            {MODEL, PATH("/model/./x"), REFUSED},
            {MODEL, PATH("/model/.."), REFUSED},
            {MODEL, PATH("/model/%2e%2E/x"), REFUSED},
            {MODEL, PATH("/model/.%2e/x"), REFUSED},
            {MODEL, PATH("/model/x%2F..%2f../y"), REFUSED},
            {MODEL, PATH("/model/%2f..%5c../y"), REFUSED},
            {MODEL, PATH("/model/..\\\\..\\\\y"), REFUSED},
            {MODEL, PATH("/model/%252e%252e/x"), REFUSED},
            {MODEL, PATH("/model/%25252e./x"), REFUSED},
            {MODEL, PATH("/model/%2%65%25%32%65/x"), REFUSED},
            {MODEL, PATH("/model/..;/x"), REFUSED},
            {MODEL, PATH("/model/..;a=b/x"), REFUSED},
            {MODEL, PATH("/model/%2e%2e%3b/x"), REFUSED},
            {MODEL, PATH("/model/..%00/x"), REFUSED},
            {MODEL, PATH("/model/x%00"), REFUSED},
        };
        check_rows(rows, LENGTH(rows));
}

static void test_other_resources(void **state)
{
        (void)state;
        const struct row rows[] = {
            {MODEL, PATH("/model") ",\"headers\":{\"x-amz-copy-source\":\"/other/secret\"}", REFUSED},
            {MODEL, PATH("/model") ",\"headers\":{\"X-Amz-Copy-Source\":\"/other/secret\"}", REFUSED},
            {MODEL, PATH("/model") ",\"headers\":{\"a\":\"b\",\"x-amz-copy-source-range\":\"bytes=0-1\"}", REFUSED},
            {MODEL, PATH("/model") ",\"headers\":{\"x-amz-rename-source\":\"/other\"}", REFUSED},
            {MODEL, PATH("/model") ",\"headers\":{\"x-amz-target\":\"Service.Operation\"}", REFUSED},
            {MODEL, PATH("/model?x-amz-copy-source=/other/secret"), REFUSED},
            {MODEL, PATH("/model?a=b&X-Amz-Copy-Source=x"), REFUSED},
            {MODEL, PATH("/model?%78-amz-copy%2Dsource=x"), REFUSED},
            {MODEL, PATH("/model?x-amz-rename-source"), REFUSED},
            {MODEL, PATH("/model?b=x-amz-copy-source"), "/m/", NULL},
            {MODEL, PATH("/model?x-amz-copy"), "/m/", NULL},
            {MODEL, PATH("/model") ",\"headers\":{\"x-amz-copy\":\"x\",\"x-amz-acl\":\"private\"}", "/m/", NULL},
            {{LIST(paths, "/"), .service = "m"}, PATH("/") ",\"headers\":{\"x-amz-target\":\"S.O\"}", "/m/", NULL},
            {{LIST(paths, "/"), .service = "m"}, PATH("/x") ",\"headers\":{\"x-amz-target\":\"S.O\"}", REFUSED},
            {{LIST(hosts, "a.example.com"), .service = "m"},
             PATH("/x") ",\"headers\":{\"x-amz-target\":\"S.O\",\"x-amz-copy-source\":\"/x\"}",
             "/m/",
             NULL},
        };
        check_rows(rows, LENGTH(rows));
}

static void test_methods(void **state)
{
        (void)state;
        const struct row rows[] = {
            {{LIST(methods, "GET", "head")}, S3_URL, SIGNED_S3},
            {{LIST(methods, "GET", "head")}, "\"method\":\"get\"," S3_URL ",\"payload_text\":\"\"", SIGNED_S3},
            {{LIST(methods, "GET", "head")}, "\"method\":\"HEAD\"," S3_URL, SIGNED_S3},
            {{LIST(methods, "GET", "head")}, "\"method\":\"PUT\"," S3_URL ",\"payload_text\":\"\"", REFUSED},
            {{LIST(methods, "GET", "head")}, "\"method\":\"GETX\"," S3_URL ",\"payload_text\":\"\"", REFUSED},
        };
        check_rows(rows, LENGTH(rows));
}

// The profile's limits and those of a rule for the peer must both allow a request; one of several rules is enough.
static void test_rules(void **state)
{
        (void)state;
        const struct sign_limits s3 = {LIST(services, "s3"), .max_expires_in = 60};
        const struct sign_limits west = {.service = "sts", LIST(regions, "us-west-2")};
        uid_t me[] = {geteuid()}, other[] = {geteuid() + 1};
        const struct allow_rule of_s3 = {.uids = me, .uids_count = 1, .scopes = ALLOW_SIGN, .sign = &s3};
        const struct allow_rule of_west = {.uids = me, .uids_count = 1, .scopes = ALLOW_SIGN, .sign = &west};
        const struct allow_rule of_other = {.uids = other, .uids_count = 1, .scopes = ALLOW_SIGN};
        const struct allow_rule of_credentials = {.uids = me, .uids_count = 1, .scopes = ALLOW_CREDENTIALS};
        const struct allow_rule one[] = {of_other, of_credentials, of_s3}, two[] = {of_s3, of_west};
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        struct server_profile *p = &f.profiles[0];
        p->allow = one;
        p->allow_count = 3;
        ask(&c, SIGN, S3_URL);
        assert_int_equal(c.status, 200);
        ask(&c, SIGN, S3_URL ",\"service\":\"iam\"");
        expect_problem(&c, 403, "target_not_allowed");
        ASSERT_BODY_HAS(&c, "rule");
        const struct sign_limits of_host = {LIST(hosts, S3_HOST)};
        const struct allow_rule host_rule[] = {{.uids = me, .uids_count = 1, .scopes = ALLOW_SIGN, .sign = &of_host}};
        p->allow = host_rule;
        p->allow_count = 1;
        ask(&c, SIGN, S3_URL ",\"service\":\"s3\",\"region\":\"us-east-1\"");
        assert_int_equal(c.status, 200);
        ask(&c, SIGN, S3_URL ",\"service\":\"iam\",\"region\":\"us-east-1\"");
        expect_problem(&c, 403, "target_not_allowed");
        p->allow = one;
        p->allow_count = 3;
        p->sign = (struct sign_limits){LIST(services, "iam")}; // both say no to what the other allows
        ask(&c, SIGN, S3_URL ",\"service\":\"iam\"");
        expect_problem(&c, 403, "target_not_allowed");
        ask(&c, SIGN, S3_URL);
        expect_problem(&c, 403, "target_not_allowed");
        p->sign = (struct sign_limits){.max_expires_in = 100};
        ask(&c, PRESIGN, S3_URL ",\"expires_in\":90");
        expect_member(&c, "expires_in", "60");

        p->allow = two;
        p->allow_count = 2;
        ask(&c, SIGN, S3_URL);
        assert_int_equal(c.status, 200);
        ask(&c, SIGN, OTHER_URL ",\"region\":\"us-west-2\""); // by the second, with its default
        assert_int_equal(c.status, 200);
        ASSERT_BODY_HAS(&c, "/us-west-2/sts/");
        ask(&c, SIGN, S3_URL ",\"service\":\"iam\"");
        expect_problem(&c, 403, "target_not_allowed");
        ask(&c, PRESIGN, S3_URL ",\"service\":\"iam\",\"region\":\"us-west-2\",\"expires_in\":90");
        expect_member(&c, "expires_in", "90");
        stop(&f, &c);
}

static void test_max_expires_in(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        f.profiles[0].sign.max_expires_in = 60;
        ask(&c, PRESIGN, S3_URL ",\"expires_in\":60");
        expect_member(&c, "expires_in", "60");
        expect_member(&c, "cut", "false");
        ask(&c, PRESIGN, S3_URL ",\"expires_in\":604800");
        expect_member(&c, "expires_in", "60");
        expect_member(&c, "cut", "true");
        ASSERT_BODY_HAS(&c, "X-Amz-Expires=60&");
        ask(&c, PRESIGN, S3_URL); // the default is longer
        expect_member(&c, "cut", "true");
        f.profiles[0].sign.max_expires_in = 0;
        ask(&c, PRESIGN, S3_URL);
        expect_member(&c, "expires_in", "900");
        stop(&f, &c);
}

static void at(struct fixture *f, struct client *c, const char *path, int64_t ahead_s, const char *more)
{
        char text[TIME_AMZ_SIZE], members[512];
        int64_t now_s = entry_now_s(f->profiles[0].entry);
        assert_int_equal(time_format_amz(now_s + ahead_s, text), 0);
        snprintf(members, sizeof(members), S3_URL ",\"time\":\"%s\"%s", text, more);
        ask(c, path, members);
}

static void test_time(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        f.server->listeners->any_time = false;
        const char *const paths[] = {SIGN, PRESIGN};
        for (size_t i = 0; i < LENGTH(paths); i++) {
                const int64_t far[] = {901, -901, 86400, -86400, 280000000};
                for (size_t j = 0; j < LENGTH(far); j++) {
                        at(&f, &c, paths[i], far[j], "");
                        expect_problem(&c, 400, "invalid_request");
                        ASSERT_BODY_HAS(&c, "15 minutes");
                }
                const int64_t near[] = {900, 0, -900};
                for (size_t j = 0; j < LENGTH(near); j++) {
                        at(&f, &c, paths[i], near[j], "");
                        assert_int_equal(c.status, 200);
                }
        }
        // a later time does not make a URL valid for longer
        f.profiles[0].sign.max_expires_in = 600;
        at(&f, &c, PRESIGN, 200, ",\"expires_in\":600");
        expect_member(&c, "expires_in", "400");
        at(&f, &c, PRESIGN, 600, ",\"expires_in\":1");
        expect_problem(&c, 400, "invalid_request");
        at(&f, &c, PRESIGN, -200, ",\"expires_in\":600");
        expect_member(&c, "expires_in", "600");
        f.server->listeners->any_time = true;
        at(&f, &c, SIGN, -86400, "");
        assert_int_equal(c.status, 200);
        at(&f, &c, PRESIGN, -86400, ",\"expires_in\":600");
        expect_member(&c, "expires_in", "600");
        stop(&f, &c);
}

static void test_denials_are_logged(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        f.profiles[0].sign = (struct sign_limits){LIST(methods, "HEAD")};
        ask(&c, SIGN, S3_URL);
        expect_problem(&c, 403, "target_not_allowed");
        struct buffer log;
        fixture_read_log(&f, &log);
        const char *const parts[] = {"sign_denied", "method", S3_HOST};
        for (size_t i = 0; i < LENGTH(parts); i++)
                assert_non_null(strstr(buffer_c_str(&log), parts[i]));
        buffer_free(&log);
        stop(&f, &c);
}

static void hosts_match_whole_names_and_labels(void **state)
{
        static const struct {
                const char *pattern, *name;
                uint64_t port;
                bool is_allowed;
        } rows[] = {
            {"s3.amazonaws.com", "s3.amazonaws.com", 443, true},
            {"s3.amazonaws.com", "evil-s3.amazonaws.com", 443, false},
            {"s3.amazonaws.com", "bkt.s3.amazonaws.com", 443, false},
            {"s3.amazonaws.com", "s3.amazonaws.com.evil.example", 443, false},
            {"s3.amazonaws.com", "amazonaws.com", 443, false},
            {"s3.amazonaws.com", "s3.amazonaws.com", 8443, true}, // any, where the pattern has none
            {"s3.amazonaws.com:443", "s3.amazonaws.com", 443, true},
            {"s3.amazonaws.com:443", "s3.amazonaws.com", 8443, false},
            {"s3.amazonaws.com:", "s3.amazonaws.com", 443, false},
            {"*.amazonaws.com", "s3.amazonaws.com", 443, true},
            {"*.amazonaws.com", "a.b.amazonaws.com", 443, true},
            {"*.amazonaws.com", "amazonaws.com", 443, false},
            {"*.amazonaws.com", ".amazonaws.com", 443, false},
            {"*.amazonaws.com", "evilamazonaws.com", 443, false},
            {"*.amazonaws.com:8443", "s3.amazonaws.com", 8443, true},
            {"*.amazonaws.com:8443", "s3.amazonaws.com", 443, false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char *hosts[] = {(char *)(uintptr_t)rows[i].pattern};
                const struct sign_limits limits = {.hosts = hosts, .hosts_count = 1};
                if (sign_policy_allows_host(&limits, slice_str(rows[i].name), rows[i].port) != rows[i].is_allowed)
                        fail_msg("%s, %s:%llu", rows[i].pattern, rows[i].name, (unsigned long long)rows[i].port);
        }
        assert_true(sign_policy_allows_host(&(struct sign_limits){0}, SLICE("any.example"), 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_services_and_regions),
            cmocka_unit_test(test_hosts),
            cmocka_unit_test(hosts_match_whole_names_and_labels),
            cmocka_unit_test(test_paths),
            cmocka_unit_test(test_other_resources),
            cmocka_unit_test(test_methods),
            cmocka_unit_test(test_rules),
            cmocka_unit_test(test_max_expires_in),
            cmocka_unit_test(test_time),
            cmocka_unit_test(test_denials_are_logged),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
