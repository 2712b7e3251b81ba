// SPDX-License-Identifier: Apache-2.0
// POST …/tokens/{kind}: tokens as AWS's libraries make them, what their members may be, how long they live.
#include "tests/unit/server/fixture.h"

#define TOKENS "/v1/profiles/a/tokens/"
#define NOON ",\"time\":\"20260901T120000Z\"}"

static int ask(struct client *c, const char *kind, const char *body)
{
        char path[64];
        snprintf(path, sizeof(path), TOKENS "%s", kind);
        return client_post(c, path, body);
}

// The clock is a quarter of an hour past noon: time for sessions of half a day, and more.
static struct scripted *serve_long(struct fixture *f, struct client *c)
{
        struct scripted *s = serve_profile(f, c);
        s->life_s = 86400;
        fixture_fetch_all(f);
        return s;
}

// Made by aws-bedrock-token-generator 1.1.0, AWS CLI 1.46.2, botocore 1.44.5, aws-msk-iam-sasl-signer-python 1.0.2.
static void test_vectors(void **state)
{
        (void)state;
        static const struct {
                const char *kind, *members, *token, *expires_in;
        } rows[] = {
            {"bedrock", "\"region\":\"us-west-2\"",
             "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tlbiZYLUFtei1BbGdv"
             "cml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFTSUFFWEFNUExFS0VZSUQwMDAxJTJGMjAyNjA5MDEl"
             "MkZ1cy13ZXN0LTIlMkZiZWRyb2NrJTJGYXdzNF9yZXF1ZXN0JlgtQW16LURhdGU9MjAyNjA5MDFUMTIwMDAwWiZYLUFtei1F"
             "eHBpcmVzPTQzMjAwJlgtQW16LVNpZ25lZEhlYWRlcnM9aG9zdCZYLUFtei1TZWN1cml0eS1Ub2tlbj1JUW9KYjNKcFoybHVY"
             "MlZqRVhBTVBMRSUyRiUyRnRva2VuJTJCd2l0aCUyRnNwZWNpYWwlM0RjaGFycyUzRCUzRCZYLUFtei1TaWduYXR1cmU9NGJh"
             "ZjI3YTI3NTliYmFiMWQ2NjQ3MmVjYTc2YTYxZmFhYmIyNTBhM2Q2ZWVlODQzZGRkNzgyNjJhZjM3NWU3YyZWZXJzaW9uPTE=",
             "43200"},
            {"eks", "\"region\":\"us-west-2\",\"cluster_name\":\"my-cluster\"",
             "k8s-aws-v1.aHR0cHM6Ly9zdHMudXMtd2VzdC0yLmFtYXpvbmF3cy5jb20vP0FjdGlvbj1HZXRDYWxsZXJJZGVudGl0eSZWZ"
             "XJzaW9uPTIwMTEtMDYtMTUmWC1BbXotQWxnb3JpdGhtPUFXUzQtSE1BQy1TSEEyNTYmWC1BbXotQ3JlZGVudGlhbD1BU0lBR"
             "VhBTVBMRUtFWUlEMDAwMSUyRjIwMjYwOTAxJTJGdXMtd2VzdC0yJTJGc3RzJTJGYXdzNF9yZXF1ZXN0JlgtQW16LURhdGU9M"
             "jAyNjA5MDFUMTIwMDAwWiZYLUFtei1FeHBpcmVzPTYwJlgtQW16LVNpZ25lZEhlYWRlcnM9aG9zdCUzQngtazhzLWF3cy1pZ"
             "CZYLUFtei1TZWN1cml0eS1Ub2tlbj1JUW9KYjNKcFoybHVYMlZqRVhBTVBMRSUyRiUyRnRva2VuJTJCd2l0aCUyRnNwZWNpY"
             "WwlM0RjaGFycyUzRCUzRCZYLUFtei1TaWduYXR1cmU9MGY5MTBjOTMyYTc5N2E1MTYzZjUxOWJiMjQ5MmZkOTg1YTdjMzcyO"
             "WJlMWIyZTJkMjg3MjAzZjNhMmI4YTAyYg",
             "840"},
            {"eks", "\"region\":\"us-west-2\",\"cluster_id\":\"my-cluster\"",
             "k8s-aws-v1.aHR0cHM6Ly9zdHMudXMtd2VzdC0yLmFtYXpvbmF3cy5jb20vP0FjdGlvbj1HZXRDYWxsZXJJZGVudGl0eSZWZ"
             "XJzaW9uPTIwMTEtMDYtMTUmWC1BbXotQWxnb3JpdGhtPUFXUzQtSE1BQy1TSEEyNTYmWC1BbXotQ3JlZGVudGlhbD1BU0lBR"
             "VhBTVBMRUtFWUlEMDAwMSUyRjIwMjYwOTAxJTJGdXMtd2VzdC0yJTJGc3RzJTJGYXdzNF9yZXF1ZXN0JlgtQW16LURhdGU9M"
             "jAyNjA5MDFUMTIwMDAwWiZYLUFtei1FeHBpcmVzPTYwJlgtQW16LVNpZ25lZEhlYWRlcnM9aG9zdCUzQngtazhzLWF3cy1pZ"
             "CZYLUFtei1TZWN1cml0eS1Ub2tlbj1JUW9KYjNKcFoybHVYMlZqRVhBTVBMRSUyRiUyRnRva2VuJTJCd2l0aCUyRnNwZWNpY"
             "WwlM0RjaGFycyUzRCUzRCZYLUFtei1TaWduYXR1cmU9MGY5MTBjOTMyYTc5N2E1MTYzZjUxOWJiMjQ5MmZkOTg1YTdjMzcyO"
             "WJlMWIyZTJkMjg3MjAzZjNhMmI4YTAyYg",
             "840"},
            {"rds",
             "\"hostname\":\"MyDB.123456789012.us-east-1.rds.amazonaws.com\",\"port\":443,\"username\":\"app "
             "user@\\u00e4\"",
             "MyDB.123456789012.us-east-1.rds.amazonaws.com:443/?Action=connect&DBUser=app%20user%40%C3%A4&X-A"
             "mz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLEKEYID0001%2F20260901%2Fus-east-1%2Frds"
             "-db%2Faws4_request&X-Amz-Date=20260901T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-"
             "Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2F%2Ftoken%2Bwith%2Fspecial%3Dchars%3D%3D&X-Amz-Signature"
             "=41078858e725203197b5d392fe59a221f7176f1e604c7b7cc21bb342fe0aa96e",
             "900"},
            {"elasticache",
             "\"region\":\"us-east-1\",\"replication_group_id\":\"My-Cache\",\"user_id\":\"iam-user-01\"",
             "my-cache/?Action=connect&User=iam-user-01&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIA"
             "EXAMPLEKEYID0001%2F20260901%2Fus-east-1%2Felasticache%2Faws4_request&X-Amz-Date=20260901T120000Z"
             "&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2F%2Fto"
             "ken%2Bwith%2Fspecial%3Dchars%3D%3D&X-Amz-Signature=71febc9435737cbd919f2a8480c77ec750f5d448d0b0a"
             "7b6a340c5fbca1472bd",
             "900"},
            {"elasticache",
             "\"region\":\"us-east-1\",\"serverless_cache_name\":\"my-cache\",\"user_id\":\"iam-user-01\"",
             "my-cache/?Action=connect&User=iam-user-01&ResourceType=ServerlessCache&X-Amz-Algorithm=AWS4-HMAC"
             "-SHA256&X-Amz-Credential=ASIAEXAMPLEKEYID0001%2F20260901%2Fus-east-1%2Felasticache%2Faws4_reques"
             "t&X-Amz-Date=20260901T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=IQ"
             "oJb3JpZ2luX2VjEXAMPLE%2F%2Ftoken%2Bwith%2Fspecial%3Dchars%3D%3D&X-Amz-Signature=5e2a02a5e81ba10d"
             "7beef176506709bfd8a5b2322e966ac90aa936a2c69a8d7e",
             "900"},
            {"memorydb", "\"cluster_name\":\"my-cluster\",\"user_name\":\"iam-user-01\",\"region\":\"us-east-1\"",
             "my-cluster/?Action=connect&User=iam-user-01&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AS"
             "IAEXAMPLEKEYID0001%2F20260901%2Fus-east-1%2Fmemorydb%2Faws4_request&X-Amz-Date=20260901T120000Z&"
             "X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2F%2Ftok"
             "en%2Bwith%2Fspecial%3Dchars%3D%3D&X-Amz-Signature=b80cefb20338555451609ec26df4794411aedb1145d50d"
             "6b9e14542920bc96d0",
             "900"},
            {"dsql", "\"hostname\":\"abc.dsql.us-east-1.on.aws\",\"action\":\"DbConnectAdmin\"",
             "abc.dsql.us-east-1.on.aws/?Action=DbConnectAdmin&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credenti"
             "al=ASIAEXAMPLEKEYID0001%2F20260901%2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date=20260901T120000Z"
             "&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2F%2Fto"
             "ken%2Bwith%2Fspecial%3Dchars%3D%3D&X-Amz-Signature=e37a50941f093daad19a71d101b462f730d152da4cefe"
             "3d8c95d6497e73be367",
             "900"},
            {"msk", "\"region\":\"us-east-1\",\"user_agent\":\"aws-msk-iam-sasl-signer-python/1.0.2\"",
             "aHR0cHM6Ly9rYWZrYS51cy1lYXN0LTEuYW1hem9uYXdzLmNvbS8_QWN0aW9uPWthZmthLWNsdXN0ZXIlM0FDb25uZWN0Jlgt"
             "QW16LUFsZ29yaXRobT1BV1M0LUhNQUMtU0hBMjU2JlgtQW16LUNyZWRlbnRpYWw9QVNJQUVYQU1QTEVLRVlJRDAwMDElMkYy"
             "MDI2MDkwMSUyRnVzLWVhc3QtMSUyRmthZmthLWNsdXN0ZXIlMkZhd3M0X3JlcXVlc3QmWC1BbXotRGF0ZT0yMDI2MDkwMVQx"
             "MjAwMDBaJlgtQW16LUV4cGlyZXM9OTAwJlgtQW16LVNpZ25lZEhlYWRlcnM9aG9zdCZYLUFtei1TZWN1cml0eS1Ub2tlbj1J"
             "UW9KYjNKcFoybHVYMlZqRVhBTVBMRSUyRiUyRnRva2VuJTJCd2l0aCUyRnNwZWNpYWwlM0RjaGFycyUzRCUzRCZYLUFtei1T"
             "aWduYXR1cmU9YWY4YmM5NmUzYTY2Y2JiZWM3NDdmZDNhODcyY2JiNzA0MGZjZmRiYTkxY2U5NGRjMmU2NTExNzFmYTk2YmZl"
             "NiZVc2VyLUFnZW50PWF3cy1tc2staWFtLXNhc2wtc2lnbmVyLXB5dGhvbiUyRjEuMC4y",
             "900"},
        };
        struct fixture f;
        struct client c;
        serve_long(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char body[512];
                snprintf(body, sizeof(body), "{%s" NOON, rows[i].members);
                if (ask(&c, rows[i].kind, body) != 200)
                        fail_msg("%s: %s", rows[i].kind, client_body(&c));
                expect_member(&c, "token", rows[i].token);
                expect_member(&c, "expires_in", rows[i].expires_in);
                expect_member(&c, "cut", "false");
                expect_member(&c, "generation", "1");
        }
        expect_member(&c, "expiration", "2026-09-01T12:15:00Z");
        stop(&f, &c);
}

// The region: of the body, the profile's `sign`, the host where there is one, the profile.
static void test_region(void **state)
{
        (void)state;
        static const struct {
                const char *kind, *members, *sign_region, *region;
                const char *scope; // NULL: refused
        } rows[] = {
            {"rds", "\"hostname\":\"db.x.us-west-2.rds.amazonaws.com\",\"port\":1,\"username\":\"u\"", NULL,
             "eu-west-1", "us-west-2%2Frds-db"},
            {"rds", "\"hostname\":\"db.x.us-west-2.rds.amazonaws.com\",\"port\":1,\"username\":\"u\"", "eu-west-3",
             "eu-west-1", "eu-west-3%2Frds-db"},
            {"rds", "\"hostname\":\"db.internal\",\"port\":1,\"username\":\"u\"", NULL, "eu-west-1",
             "eu-west-1%2Frds-db"},
            {"rds", "\"hostname\":\"db.internal\",\"port\":1,\"username\":\"u\",\"region\":\"eu-west-2\"", NULL,
             "eu-west-1", "eu-west-2%2Frds-db"},
            {"rds", "\"hostname\":\"db.internal\",\"port\":1,\"username\":\"u\"", NULL, NULL, NULL},
            {"dsql", "\"hostname\":\"abc.dsql.us-east-2.on.aws\"", NULL, "eu-west-1", "us-east-2%2Fdsql"},
            {"memorydb", "\"cluster_name\":\"c\",\"user_name\":\"u\"", NULL, "eu-west-1", "eu-west-1%2Fmemorydb"},
            {"memorydb", "\"cluster_name\":\"c\",\"user_name\":\"u\"", "eu-west-3", "eu-west-1",
             "eu-west-3%2Fmemorydb"},
            {"memorydb", "\"cluster_name\":\"c\",\"user_name\":\"u\"", NULL, NULL, NULL},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char body[512];
                f.profiles[0].sign.region = rows[i].sign_region;
                f.profiles[0].region = rows[i].region;
                snprintf(body, sizeof(body), "{%s}", rows[i].members);
                ask(&c, rows[i].kind, body);
                if (!rows[i].scope) {
                        expect_problem(&c, 400, "invalid_request");
                        ASSERT_BODY_HAS(&c, "\"hint\":");
                } else {
                        assert_int_equal(c.status, 200);
                        ASSERT_BODY_HAS(&c, rows[i].scope);
                }
        }
        stop(&f, &c);
}

static void test_refused(void **state)
{
        (void)state;
        static const struct {
                const char *kind, *body, *words;
        } rows[] = {
            {"bedrock", "{\"region\":\"us-east-1\",\"port\":1}", "unknown member \\\"port\\\""},
            {"bedrock", "{\"region\":\"us-east-1\",\"port\":1}", "use region, expires_in, time"},
            {"bedrock", "{\"region\":\"US\"}", "invalid \\\"region\\\""},
            {"bedrock", "{\"region\":\"us-\"}", "invalid \\\"region\\\""},
            {"bedrock", "{\"region\":\"-us\"}", "invalid \\\"region\\\""},
            {"bedrock", "{\"region\":\"a.b\"}", "invalid \\\"region\\\""},
            {"bedrock", "{\"region\":\"\"}", "\\\"region\\\" is empty"},
            {"bedrock", "{\"region\":1}", "\\\"region\\\" (line 1, column 11) is a number, not a string"},
            {"bedrock", "{\"expires_in\":0}", "invalid \\\"expires_in\\\": expected a whole number from 1 to 43200"},
            {"bedrock", "{\"expires_in\":43201}", "invalid \\\"expires_in\\\": expected"},
            {"bedrock", "{\"expires_in\":\"1h\"}", "\\\"expires_in\\\" (line"},
            {"bedrock", "{\"time\":\"noon\"}", "invalid \\\"time\\\": expected"},
            {"bedrock", "[]", "not an object"},
            {"bedrock", "{", "not JSON"},
            {"eks", "{\"region\":\"us-east-1\"}", "\\\"cluster_name\\\" is missing"},
            {"eks", "{\"cluster_name\":\"a\",\"cluster_id\":\"b\"}", "\\\"cluster_id\\\" and \\\"cluster_name\\\""},
            {"eks", "{\"cluster_id\":\"a\",\"cluster_name\":\"b\"}", "\\\"cluster_name\\\" and \\\"cluster_id\\\""},
            {"eks", "{\"cluster_name\":\"arn:aws:eks:us-east-1:111122223333:cluster/a\"}", "invalid \\\""},
            {"eks", "{\"cluster_name\":\"-a\"}", "invalid \\\""},
            {"eks", "{\"cluster_name\":\"_a\"}", "invalid \\\""},
            {"eks", "{\"cluster_name\":\"a\",\"region\":\"zz-1\"}", "invalid \\\"region\\\""},
            {"eks", "{\"cluster_name\":\"a\",\"expires_in\":60}", "unknown member \\\"expires_in\\\""},
            {"rds", "{}", "\\\"hostname\\\" is missing"},
            {"rds", "{\"hostname\":\"h.example\"}", "\\\"port\\\" is missing"},
            {"rds", "{\"hostname\":\"h.example\",\"port\":5432}", "\\\"username\\\" is missing"},
            {"rds", "{\"hostname\":\"h.example:5432\"}", "invalid \\\"hostname\\\""},
            {"rds", "{\"hostname\":\"https://h.example\"}", "invalid \\\"hostname\\\""},
            {"rds", "{\"hostname\":\".h\"}", "invalid \\\"hostname\\\""},
            {"rds", "{\"hostname\":\"-h\"}", "invalid \\\"hostname\\\""},
            {"rds", "{\"port\":0}", "invalid \\\"port\\\": expected a whole number from 1 to 65535"},
            {"rds", "{\"port\":65536}", "invalid \\\"port\\\": expected"},
            {"rds", "{\"port\":\"5432\"}", "is a string, not a number"},
            {"rds", "{\"username\":\"a\\u0007\"}", "invalid \\\"username\\\""},
            {"elasticache", "{\"user_id\":\"u\"}", "\\\"replication_group_id\\\" is missing"},
            {"elasticache", "{\"replication_group_id\":\"g\"}", "\\\"user_id\\\" is missing"},
            {"elasticache", "{\"replication_group_id\":\"g\",\"serverless_cache_name\":\"s\"}", "give one of them"},
            {"elasticache", "{\"replication_group_id\":\"g.cache.amazonaws.com\"}", "not the endpoint"},
            {"elasticache", "{\"replication_group_id\":\"1\"}", "invalid \\\""},
            {"memorydb", "{\"cluster_name\":\"a_b\"}", "invalid \\\""},
            {"memorydb", "{\"cluster_name\":\"a\"}", "\\\"user_name\\\" is missing"},
            {"dsql", "{\"action\":\"DbConnect\"}", "\\\"hostname\\\" is missing"},
            {"dsql", "{\"action\":\"connect\"}", "invalid \\\"action\\\""},
            {"dsql", "{\"expires_in\":604801}", "from 1 to 604800"},
            {"msk", "{\"user_agent\":\"\"}", "\\\"user_agent\\\" is empty"},
            {"msk", "{\"hostname\":\"b-1.msk\"}", "unknown member"},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        f.profiles[0].region = "us-east-1";
        for (size_t i = 0; i < LENGTH(rows); i++) {
                ask(&c, rows[i].kind, rows[i].body);
                expect_problem(&c, 400, "invalid_request");
                if (!client_body_has(&c, rows[i].words))
                        fail_msg("%s %s: %s", rows[i].kind, rows[i].body, client_body(&c));
        }
        ask(&c, "ftp", "{}");
        expect_problem(&c, 404, "not_found");
        client_get(&c, TOKENS "rds");
        expect_problem(&c, 405, "method_not_allowed");
        client_post(&c, TOKENS "bedrock?x=1", "{}");
        expect_problem(&c, 400, "invalid_request");
        assert_int_equal(client_post(&c, TOKENS "bedrock", ""), 200); // nothing has to be given
        stop(&f, &c);
}

// The lengths at which names end.
static void test_lengths(void **state)
{
        (void)state;
        static const struct {
                const char *kind, *start, *end;
                int max;
        } rows[] = {
            {"rds", "{\"port\":1,\"username\":\"u\",\"hostname\":\"", "\"}", 253},
            {"rds", "{\"port\":1,\"hostname\":\"h\",\"username\":\"", "\"}", 256},
            {"eks", "{\"cluster_name\":\"", "\"}", 100},
            {"memorydb", "{\"user_name\":\"u\",\"cluster_name\":\"", "\"}", 64},
            {"msk", "{\"region\":\"", "\"}", 63},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        f.profiles[0].region = "us-east-1";
        for (size_t i = 0; i < LENGTH(rows); i++)
                for (int more = 0; more < 2; more++) {
                        char body[512], name[300];
                        memset(name, 'a', sizeof(name));
                        snprintf(body, sizeof(body), "{%s%.*s%s", rows[i].start + 1, rows[i].max + more, name,
                                 rows[i].end);
                        assert_int_equal(ask(&c, rows[i].kind, body), more ? 400 : 200);
                }
        stop(&f, &c);
}

// No token outlives its credentials: fresh ones are fetched where that helps, else the token is cut.
static void test_life(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_credentials(&f, &c); // an hour, from 12:16:40
        f.profiles[0].region = "us-east-1";
        assert_int_equal(ask(&c, "bedrock", "{}"), 200); // half a day
        expect_member(&c, "expires_in", "3600");
        expect_member(&c, "cut", "true");
        expect_member(&c, "expiration", "2026-09-01T13:16:40Z");
        assert_int_equal(ask(&c, "bedrock", "{\"expires_in\":3600}"), 200);
        expect_member(&c, "cut", "false");
        assert_int_equal(s->starts, 1);
        // 50 minutes later: too little for 14 minutes, which a refresh brings
        f.now_ms += 3000000;
        assert_int_equal(ask(&c, "eks", "{\"cluster_name\":\"c\"}"), 200);
        expect_member(&c, "cut", "false");
        expect_member(&c, "expires_in", "840");
        expect_member(&c, "generation", "2");
        assert_int_equal(s->starts, 2);
        // where it fails, or is not waited for: cut; the URL as it was, as it lives for a minute only
        f.now_ms += 3000000;
        s->script = SCRIPT_FAIL;
        error_set(&s->error, ERROR_TRANSIENT, "no route");
        assert_int_equal(client_post(&c, TOKENS "eks?wait=0", "{\"cluster_name\":\"c\"}"), 200);
        assert_int_equal(s->starts, 2);
        assert_int_equal(ask(&c, "eks", "{\"cluster_name\":\"c\"}"), 200);
        assert_int_equal(s->starts, 3);
        expect_member(&c, "expires_in", "600");
        expect_member(&c, "cut", "true");
        ASSERT_BODY_HAS(&c, "LUFtei1FeHBpcmVzPTYwJ"); // X-Amz-Expires=60&
        assert_int_equal(ask(&c, "memorydb", "{\"cluster_name\":\"c\",\"user_name\":\"u\"}"), 200);
        ASSERT_BODY_HAS(&c, "X-Amz-Expires=600&");
        stop(&f, &c);
}

// A request that waits for the first credentials keeps all that it asked for.
static void test_wait(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c);
        f.profiles[0].region = "us-east-1";
        assert_int_equal(ask(&c, "msk", "{\"user_agent\":\"me/1\"}"), 200);
        ASSERT_BODY_HAS(&c, "LUFnZW50PW1lJTJGMQ\""); // -Agent=me%2F1
        assert_int_equal(ask(&c, "msk", "{}"), 200);
        ASSERT_BODY_HAS(&c, "LUFnZW50PWtleWZvYiUyRj"); // -Agent=keyfob%2F
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_vectors), cmocka_unit_test(test_region), cmocka_unit_test(test_refused),
            cmocka_unit_test(test_lengths), cmocka_unit_test(test_life),   cmocka_unit_test(test_wait),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
