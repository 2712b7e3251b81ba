// SPDX-License-Identifier: Apache-2.0
// What torture_fetch.c does: profiles, what AWS answers them, and what has to come of it.
#ifndef TESTS_TORTURE_PROVIDERS_FETCH_CASES_H
#define TESTS_TORTURE_PROVIDERS_FETCH_CASES_H

#include "proto/mem/slice.h"
#include "sidecar/base/error.h"
#include "sidecar/config/profile.h"
#include "tests/unit/providers/login_file.h"

enum { ANSWERS_MAX = 6 };

struct answer_row {
        int status;
        const char *body;
        const char *code; // of X-Amzn-ErrorType
        const char *to;   // the end of the URLs that it answers; NULL: any
};

struct fetch_case {
        const char *name;
        const struct profile *profile;
        struct answer_row answers[ANSWERS_MAX];
        enum error_kind refusal; // the right outcome is an error of this kind
        const char *token_file;  // written before each fetch, at token_path
        const char *cached;      // likewise, in the cache of IAM Identity Center or of `aws login`
        const char *renewed[3];  // what it may hold instead after the fetch, all of it
        bool logs_in;            // before it fetches
        bool logs_out;           // instead of a fetch
        bool lists;              // accounts, instead of a fetch
        bool is_token;           // a web identity token, with the profile's credentials
        bool survives;           // see torture.h
        unsigned speed;          // of the clock; 0: 1. Faster where the work itself waits for time to pass
};

// Of this run; where its files are.
static char folder[64], token_path[96];

// --- what is answered ---

#define LIFE "<SessionToken>CANARY-token</SessionToken><Expiration>2027-01-01T01:00:00Z</Expiration>"
#define XML_KEYS "<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>CANARY-secret</SecretAccessKey>" LIFE
#define STS(action)                                                                                                    \
        "<" action "Response><" action "Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/s</Arn>" \
        "</AssumedRoleUser><Credentials>" XML_KEYS "</Credentials></" action "Result></" action "Response>"
#define STS_REFUSAL(code) "<ErrorResponse><Error><Code>" code "</Code><Message>no</Message></Error></ErrorResponse>"
#define HOST_KEYS                                                                                                      \
        "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"CANARY-secret\",\"Token\":"       \
        "\"CANARY-token\","                                                                                            \
        "\"Expiration\":\"2027-01-01T01:00:00Z\"}"
#define SESSION                                                                                                        \
        "{\"credentialSet\":[{\"assumedRoleUser\":{\"arn\":\"arn:aws:sts::111122223333:assumed-role/gw/1\"},"          \
        "\"credentials\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"CANARY-secret\",\"sessionToken\":"     \
        "\"CANARY-token\","                                                                                            \
        "\"expiration\":\"2027-01-01T01:00:00Z\"}}],\"subjectArn\":\"s\"}"
#define SECRET_STRING                                                                                                  \
        "{\"SecretString\":\"{\\\"access_key_id\\\":\\\"ASIAEXAMPLE\\\",\\\"secret_access_key\\\":\\\"CANARY-"         \
        "secret\\\"}\"}"
// {"access_key_id":"ASIAEXAMPLE","secret_access_key":"CANARY-secret"}
#define SECRET_BINARY                                                                                                  \
        "{\"SecretBinary\":"                                                                                           \
        "\"eyJhY2Nlc3Nfa2V5X2lkIjoiQVNJQUVYQU1QTEUiLCJzZWNyZXRfYWNjZXNzX2tleSI6IkNBTkFSWS1zZWNyZXQifQ==\"}"
#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJzdHMuYW1hem9uYXdzLmNvbSJ9.c2lnbmF0dXJl"
#define WEB_IDENTITY_TOKEN                                                                                             \
        "<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>" JWT "</WebIdentityToken>"         \
        "<Expiration>2027-01-01T01:00:00Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
#define SSO_ROLE                                                                                                       \
        "{\"roleCredentials\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"CANARY-secret\","                 \
        "\"sessionToken\":"                                                                                            \
        "\"CANARY-token\",\"expiration\":1798765200000}}"
#define SSO_TOKEN(until) "{\"accessToken\":\"CANARY-aoa-1\",\"expiresAt\":\"" until "\"}"
#define SSO_RENEWABLE                                                                                                  \
        "{\"accessToken\":\"CANARY-aoa-1\",\"expiresAt\":\"2026-12-31T23:00:00Z\",\"clientId\":\"c\","                 \
        "\"clientSecret\":\"CANARY-s\","                                                                               \
        "\"registrationExpiresAt\":\"2027-02-01T00:00:00Z\",\"refreshToken\":\"CANARY-aor-1\"}"
#define SSO_RENEWED                                                                                                    \
        "{\"accessToken\":\"CANARY-aoa-2\",\"tokenType\":\"Bearer\",\"expiresIn\":3600,\"refreshToken\":\"CANARY-aor-" \
        "2\"}"
#define SSO_CLIENT "{\"clientId\":\"c\",\"clientSecret\":\"CANARY-s\",\"clientSecretExpiresAt\":1801353600}"
#define SSO_CODES                                                                                                      \
        "{\"deviceCode\":\"d\",\"userCode\":\"AB-CD\",\"verificationUri\":\"https://x/\",\"expiresIn\":600,"           \
        "\"interval\":1}"
#define SESSION_KEYS                                                                                                   \
        "\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"CANARY-secret\",\"sessionToken\":\"CANARY-token\""
#define SESSION_FILE(expires) "{\"accessToken\":{" SESSION_KEYS ",\"expiresAt\":\"" expires "\"}," LOGIN_REST "}"
#define SESSION_GRANT                                                                                                  \
        "{\"accessToken\":{" SESSION_KEYS                                                                              \
        "},\"tokenType\":\"aws_sigv4\",\"expiresIn\":3600,\"refreshToken\":\"CANARY-r-2\"}"

// --- what is asked ---

static uint8_t secret_key[] = "CANARY-secret", request_token[] = "CANARY-request-token";

static const struct profile
    keys = {.type = PROFILE_STATIC,
            .keys = {.access_key_id = (char[]){"ASIAEXAMPLE"},
                     .secret_access_key = {secret_key, sizeof(secret_key) - 1}}},
    key_files = {.type = PROFILE_STATIC,
                 .keys = {.access_key_id = (char[]){"ASIAEXAMPLE"}, .secret_access_key_file = token_path}},
    vaulted = {.type = PROFILE_STATIC,
               .issuer_region = (char[]){"us-east-1"},
               .endpoint_url = (char[]){"https://s"},
               .secretsmanager = {.secret_id = (char[]){"prod/base"}, .version_stage = (char[]){"AWSCURRENT"}}},
    web = {.type = PROFILE_WEB_IDENTITY,
           .issuer_region = (char[]){"us-east-1"},
           .endpoint_url = (char[]){"https://s"},
           .web_identity_token_file = token_path,
           .role = {.role_arn = (char[]){"arn:aws:iam::1:role/x"}, .role_session_name = (char[]){"s"}}},
    actions = {.type = PROFILE_WEB_IDENTITY,
               .issuer_region = (char[]){"us-east-1"},
               .endpoint_url = (char[]){"https://s"},
               .web_identity = {.token_source = (char[]){"github_actions"},
                                .audience = (char[]){"sts.amazonaws.com"},
                                .request_url = (char[]){"https://g/?a=b"},
                                .request_token = {request_token, sizeof(request_token) - 1}},
               .role = {.role_arn = (char[]){"arn:aws:iam::1:role/x"}, .role_session_name = (char[]){"s"}}},
    role = {.type = PROFILE_ASSUME_ROLE,
            .issuer_region = (char[]){"us-east-1"},
            .endpoint_url = (char[]){"https://s"},
            .role = {.role_arn = (char[]){"arn:aws:iam::1:role/x"}, .role_session_name = (char[]){"s"}}},
    mfa_role = {.type = PROFILE_ASSUME_ROLE,
                .name = (char[]){"m"},
                .issuer_region = (char[]){"us-east-1"},
                .endpoint_url = (char[]){"https://s"},
                .role = {.role_arn = (char[]){"arn:aws:iam::1:role/x"},
                         .role_session_name = (char[]){"s"},
                         .mfa_serial = (char[]){"arn:aws:iam::1:mfa/me"}}},
    container = {.type = PROFILE_CONTAINER,
                 .container = {.url = (char[]){"http://169.254.170.23/v1"}, .authorization_token_file = token_path}},
    imds = {.type = PROFILE_IMDS, .imds.endpoint = (char[]){"http://169.254.169.254"}},
    process = {.type = PROFILE_PROCESS,
               .credential_process =
                   (char[]){"sh -c 'echo \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"ASIAEXAMPLE\\\","
                            "\\\"SecretAccessKey\\\":\\\"CANARY-secret\\\"}\"'"}},
    broken_process = {.type = PROFILE_PROCESS, .credential_process = (char[]){"sh -c 'echo no >&2; exit 1'"}},
    faulty = {.type = PROFILE_STATIC, .fault = (char[]){"is broken"}, .fault_hint = (char[]){"mend it"}},
    sso = {.name = (char[]){"dev"},
           .type = PROFILE_SSO,
           .endpoint_url = (char[]){"https://p"},
           .sso = {.session = (char[]){"my-sso"},
                   .start_url = (char[]){"https://x/start"},
                   .region = (char[]){"us-east-1"},
                   .account_id = (char[]){"123456789012"},
                   .role_name = (char[]){"Dev"},
                   .cache_directory = folder,
                   .oidc_endpoint_url = (char[]){"https://o"}}},
    anywhere = {.type = PROFILE_ROLES_ANYWHERE,
                .issuer_region = (char[]){"us-east-1"},
                .endpoint_url = (char[]){"https://r"},
                .role.role_arn = (char[]){"arn:aws:iam::1:role/x"},
                .roles_anywhere = {.trust_anchor_arn = (char[]){"arn:aws:rolesanywhere:us-east-1:1:trust-anchor/a"},
                                   .profile_arn = (char[]){"arn:aws:rolesanywhere:us-east-1:1:profile/p"},
                                   .certificate = (char[]){TEST_DATA_DIR "/leaf.pem"},
                                   .certificate_chain = (char[]){TEST_DATA_DIR "/intermediate.pem"},
                                   .private_key = (char[]){TEST_DATA_DIR "/leaf.key"}}},
    misfit = {.type = PROFILE_ROLES_ANYWHERE,
              .issuer_region = (char[]){"us-east-1"},
              .endpoint_url = (char[]){"https://r"},
              .role.role_arn = (char[]){"arn:aws:iam::1:role/x"},
              .roles_anywhere = {.trust_anchor_arn = (char[]){"arn:aws:rolesanywhere:us-east-1:1:trust-anchor/a"},
                                 .profile_arn = (char[]){"arn:aws:rolesanywhere:us-east-1:1:profile/p"},
                                 .certificate = (char[]){TEST_DATA_DIR "/leaf.pem"},
                                 .private_key = (char[]){TEST_DATA_DIR "/other.key"}}},
    session = {.name = (char[]){"dev"},
               .type = PROFILE_LOGIN,
               .endpoint_url = (char[]){"https://l"},
               .login = {.session = (char[]){LOGIN_ME},
                         .profile = (char[]){"dev"},
                         .cache_directory = folder,
                         .has_custom_endpoint = true}};

static const struct fetch_case cases[] = {
    {.name = "static", .profile = &keys},
    {.name = "static from files", .profile = &key_files, .token_file = "CANARY-secret\n"},
    {.name = "Secrets Manager", .profile = &vaulted, .answers = {{200, SECRET_STRING, NULL, NULL}}},
    {.name = "Secrets Manager in binary", .profile = &vaulted, .answers = {{200, SECRET_BINARY, NULL, NULL}}},
    {.name = "web identity",
     .profile = &web,
     .token_file = JWT,
     .answers = {{200, STS("AssumeRoleWithWebIdentity"), NULL, NULL}}},
    {.name = "assume role", .profile = &role, .answers = {{200, STS("AssumeRole"), NULL, NULL}}},
    {.name = "web identity token",
     .profile = &role,
     .answers = {{200, WEB_IDENTITY_TOKEN, NULL, NULL}},
     .is_token = true},
    {.name = "refused web identity token",
     .profile = &role,
     .answers = {{403, STS_REFUSAL("AccessDenied"), NULL, NULL}},
     .refusal = ERROR_DENIED,
     .is_token = true,
     .survives = true},
    {.name = "list of IAM Identity Center",
     .profile = &sso,
     .cached = SSO_TOKEN("2027-01-01T08:00:00Z"),
     .answers = {{200, "{\"accountList\":[{\"accountId\":\"1\",\"accountName\":\"\\u00e4\"}],\"nextToken\":\"n\"}",
                  NULL, "?max_result=100"}},
     .lists = true},
    {.name = "log-out from IAM Identity Center",
     .profile = &sso,
     .cached = SSO_TOKEN("2027-01-01T08:00:00Z"),
     .answers = {{200, "", NULL, "/logout"}},
     .logs_out = true},
    {.name = "log-out from a session of aws login",
     .profile = &session,
     .cached = SESSION_FILE("2027-01-01T01:00:00Z"),
     .logs_out = true,
     .survives = true}, // what the file held does not matter
    {.name = "assume role with MFA",
     .profile = &mfa_role,
     .answers = {{200, STS("AssumeRole"), NULL, NULL}},
     .logs_in = true},
    {.name = "container",
     .profile = &container,
     .token_file = "CANARY-pod-token",
     .answers = {{200, HOST_KEYS, NULL, NULL}}},
    {.name = "IMDS",
     .profile = &imds,
     .answers = {{200, "CANARY-imds-token", NULL, "/token"},
                 {200, "role\n", NULL, "credentials/"},
                 {200, HOST_KEYS, NULL, "/role"}}},
    {.name = "process", .profile = &process},
    {.name = "IAM Identity Center",
     .profile = &sso,
     .cached = SSO_TOKEN("2027-01-01T08:00:00Z"),
     .answers = {{200, SSO_ROLE, NULL, NULL}}},
    // What has two ways to a good end, or says no whatever there is memory for:
    // what the token says of itself is for hints alone
    {.name = "GitHub Actions",
     .profile = &actions,
     .answers = {{200, "{\"value\":\"" JWT "\"}", NULL, ".com"}, {200, STS("AssumeRoleWithWebIdentity"), NULL, "/"}},
     .survives = true},
    // nor is it told whose certificate it was
    {.name = "Roles Anywhere", .profile = &anywhere, .answers = {{200, SESSION, NULL, NULL}}, .survives = true},
    // which credentials were served last is for the next time
    {.name = "session of aws login",
     .profile = &session,
     .cached = SESSION_FILE("2027-01-01T01:00:00Z"),
     .survives = true},
    // what was renewed is in force, whether or not it could be written
    {.name = "refresh of a session of aws login",
     .profile = &session,
     .cached = SESSION_FILE("2026-12-31T23:00:00Z"),
     .renewed = {"\"CANARY-r-2\"", "ASIAEXAMPLE", "dpopKey"},
     .answers = {{200, SESSION_GRANT, NULL, "/token"}},
     .survives = true},
    // an ended token is renewed
    {.name = "renewal of a token",
     .profile = &sso,
     .cached = SSO_RENEWABLE,
     .renewed = {"CANARY-aor-2", "CANARY-aoa-2", "clientSecret"},
     .answers = {{200, SSO_RENEWED, NULL, "/token"}, {200, SSO_ROLE, NULL, NULL}},
     .survives = true},
    // the registration of a client is kept, but need not be
    {.name = "login",
     .profile = &sso,
     .answers = {{200, SSO_CLIENT, NULL, "/register"},
                 {200, SSO_CODES, NULL, "/device_authorization"},
                 {200, SSO_RENEWED, NULL, "/token"},
                 {200, SSO_ROLE, NULL, NULL}},
     .logs_in = true,
     .survives = true,
     .speed = 1000},
    // the status says it too
    {.name = "refused role",
     .profile = &role,
     .answers = {{403, STS_REFUSAL("AccessDenied"), NULL, NULL}},
     .refusal = ERROR_DENIED,
     .survives = true},
    {.name = "refused session",
     .profile = &anywhere,
     .answers = {{403, "{}", "AccessDeniedException", NULL}},
     .refusal = ERROR_DENIED,
     .survives = true},
    {.name = "ended session of aws login",
     .profile = &session,
     .cached = SESSION_FILE("2026-12-31T23:00:00Z"),
     .answers = {{401, "{\"error\":\"TOKEN_EXPIRED\"}", "AccessDeniedException", NULL}},
     .refusal = ERROR_INTERACTION,
     .survives = true},
    {.name = "nobody's session of aws login", .profile = &session, .refusal = ERROR_INTERACTION, .survives = true},
    {.name = "key of another certificate", .profile = &misfit, .refusal = ERROR_CONFIG, .survives = true},
    {.name = "refused pod",
     .profile = &container,
     .token_file = "CANARY-pod-token",
     .answers = {{404, "{\"Code\":\"ResourceNotFoundException\",\"Message\":\"no\"}", NULL, NULL}},
     .refusal = ERROR_DENIED,
     .survives = true},
    {.name = "refused permission set",
     .profile = &sso,
     .cached = SSO_TOKEN("2027-01-01T08:00:00Z"),
     .answers = {{403, "{\"message\":\"no\"}", "ForbiddenException", NULL}},
     .refusal = ERROR_DENIED,
     .survives = true},
    {.name = "broken process", .profile = &broken_process, .refusal = ERROR_TRANSIENT, .survives = true},
    {.name = "broken profile", .profile = &faulty, .refusal = ERROR_CONFIG, .survives = true},
};

#endif
