// SPDX-License-Identifier: Apache-2.0
// Every provider, made and asked for credentials, with what AWS would answer. The transport stands still: its two
// functions are defined here (the linker sends the calls), so that what fails is the provider's own, and after it a
// second fetch by the same provider must succeed.
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/defer.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/lanes.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/login.h"
#include "sidecar/providers/login_session.h"
#include "sidecar/providers/provider_facts.h"
#include "sidecar/providers/registry.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/signing/sigv4.h"
#include "tests/torture/torture.h"
#include "tests/unit/providers/login_file.h"

enum { NOW_S = 1798761600, ANSWERS_MAX = 6 }; // 2027-01-01T00:00:00Z
#define DATE_NOW "Fri, 01 Jan 2027 00:00:00 GMT"

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
        const char *token_file;  // written before each fetch; see world.token_path
        const char *shared_file; // likewise, in the cache of IAM Identity Center or of `aws login`
        const char *renewed[2];  // what it holds when it was renewed
        bool logs_in;            // before it fetches
        bool survives;           // see torture.h
        unsigned speed;          // of the clock; 0: 1. Faster where the work itself waits for time to pass
};

struct world {
        uv_loop_t loop;
        struct clock clock;
        struct env env;
        struct provider_deps deps;
        const struct fetch_case *row;
        // of a fetch
        bool is_over;
        struct credentials *c;
        struct error e;
        unsigned moves;
};

static char folder[64], token_path[96];

// --- a transport ---

struct http_call {
        const struct answer_row *answer;
        http_done_fn *done;
        void *arg;
        bool is_cancelled;
};

static struct world *the_world; // http_client_start() has no other way to it

struct http_call *__wrap_http_client_start(struct http_client *client, const struct http_request *request,
                                           http_done_fn *done, void *arg, struct error *e);
void __wrap_http_call_cancel(struct http_call *call);

static void answer(void *arg)
{
        struct http_call *call = arg;
        const struct answer_row *a = call->answer;
        const struct http_field fields[] = {{SLICE("date"), SLICE(DATE_NOW)},
                                            {SLICE("x-aws-ec2-metadata-token-ttl-seconds"), SLICE("21600")},
                                            {SLICE("x-amzn-errortype"), slice_str(a->code)}};
        const struct http_response response = {.status = a->status,
                                               .body = slice_str(a->body),
                                               .fields = fields,
                                               .fields_count = a->code ? 3 : 2,
                                               .boot_ms = 5000000};
        const struct error cancelled = {.kind = ERROR_CANCELLED, .message = "cancelled"};
        call->done(call->arg, call->is_cancelled ? NULL : &response, call->is_cancelled ? &cancelled : NULL);
        free(call);
}

static const struct answer_row *answer_to(const char *url)
{
        for (size_t i = 0; i < ANSWERS_MAX && the_world->row->answers[i].status > 0; i++) {
                const struct answer_row *a = &the_world->row->answers[i];
                if (!a->to || slice_ends_with(slice_str(url), slice_str(a->to)))
                        return a;
        }
        fail_msg("nothing answers at %s", url);
        return NULL;
}

// Its allocations are some of those that fail.
struct http_call *__wrap_http_client_start(struct http_client *client, const struct http_request *request,
                                           http_done_fn *done, void *arg, struct error *e)
{
        struct http_call *call = malloc(sizeof(*call));
        (void)client;
        if (call && defer_start(&the_world->loop, answer, call)) {
                *call = (struct http_call){answer_to(request->url), done, arg, false};
                return call;
        }
        free(call);
        (void)error_set(e, ERROR_INTERNAL, "out of memory");
        return NULL;
}

void __wrap_http_call_cancel(struct http_call *call)
{
        call->is_cancelled = true;
}

// --- base credentials ---

struct base_call {
        provider_done_fn *done;
        void *arg;
};

static void base_due(void *arg)
{
        struct base_call *call = arg;
        const struct credentials fields = {.access_key_id = SLICE("ASIABASE"),
                                           .secret_access_key = SLICE("base-secret"),
                                           .session_token = SLICE("base-token"),
                                           .expires_s = NOW_S + 1800};
        const struct error e = {.kind = ERROR_INTERNAL, .message = "out of memory for the base"};
        struct credentials *c = credentials_new(&fields);
        call->done(call->arg, c, c ? NULL : &e);
        free(call);
}

static int base_get(void *context, int64_t min_life_s, provider_done_fn *done, void *arg, struct error *e)
{
        struct base_call *call = malloc(sizeof(*call));
        (void)min_life_s;
        if (call && defer_start(&((struct world *)context)->loop, base_due, call)) {
                *call = (struct base_call){done, arg};
                return 0;
        }
        free(call);
        return error_set(e, ERROR_INTERNAL, "out of memory for the base");
}

static void base_cancel(void *context, void *arg)
{
        (void)context;
        (void)arg;
}

// --- a fetch ---

static int64_t boot_ms(void *context)
{
        (void)context;
        return 5000000;
}

static int64_t wall_ms(void *context)
{
        (void)context;
        return (int64_t)NOW_S * 1000;
}

static void write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(close(fd), 0);
}

// NULL: the profile has none.
static char *shared_path(const struct profile *profile)
{
        char *path = NULL;
        if (profile->type == PROFILE_SSO)
                assert_int_equal(sso_cache_path(profile, slice_str(profile->sso.session), &path, NULL), 0);
        if (profile->type == PROFILE_LOGIN)
                assert_int_equal(login_session_path(profile, &path, NULL), 0);
        return path;
}

static void write_files(const struct fetch_case *row)
{
        char *path = shared_path(row->profile);
        if (row->token_file)
                write_file(token_path, row->token_file);
        if (row->shared_file)
                write_file(path, row->shared_file);
        else if (path)
                (void)unlink(path);
        free(path);
}

static void has_fetched(void *arg, struct credentials *c, const struct error *e)
{
        struct world *w = arg;
        assert_true((c == NULL) != (e == NULL) && !w->is_over);
        w->is_over = true;
        w->c = c;
        if (e)
                w->e = *e;
}

static void login_moved(void *arg)
{
        ((struct world *)arg)->moves++;
}

// 0, or -1 with w->e.
static int log_in(struct world *w, struct provider *p)
{
        struct login_status status = {.state = LOGIN_IDLE};
        if (w->row->profile->role.mfa_serial)
                return provider_login(p, SLICE("123456"), &w->e);
        if (provider_login(p, SLICE(""), &w->e) < 0)
                return -1;
        p->login_moved = login_moved;
        p->login_arg = w;
        do {
                (void)uv_run(&w->loop, UV_RUN_ONCE);
                provider_login_status(p, &status);
        } while (status.state == LOGIN_STARTING || status.state == LOGIN_PENDING);
        if (status.state == LOGIN_COMPLETE)
                return 0;
        w->e = *status.error;
        return -1;
}

// w->c or w->e.
static void fetch(struct world *w, struct provider *p)
{
        w->is_over = false;
        w->c = NULL;
        w->e = (struct error){.kind = ERROR_NONE};
        if ((w->row->logs_in && log_in(w, p) < 0) || provider_start(p, has_fetched, w, &w->e) < 0)
                return;
        while (!w->is_over)
                (void)uv_run(&w->loop, UV_RUN_ONCE);
}

static bool is_right(const struct world *w)
{
        if (w->row->refusal != ERROR_NONE)
                return !w->c && w->e.kind == w->row->refusal;
        if (!w->c)
                return false;
        assert_true(slice_eq(w->c->access_key_id, SLICE("ASIAEXAMPLE")));
        assert_true(slice_eq(w->c->secret_access_key, SLICE("secret")));
        assert_true(w->c->session_token.n == 0 || slice_eq(w->c->session_token, SLICE("token")));
        assert_true(w->c->expires_s == CREDENTIALS_NEVER_EXPIRE || w->c->expires_s == NOW_S + 3600);
        return true;
}

// The shared file is what it was, or holds all of the renewed token.
static void check_shared_file(const struct fetch_case *row)
{
        struct buffer text;
        if (!row->shared_file)
                return;
        char *path = shared_path(row->profile);
        buffer_init(&text, 65536);
        assert_int_equal(cache_file_read(path, "cache file", &text, NULL), 0);
        if (!slice_eq(buffer_slice(&text), slice_str(row->shared_file))) {
                const char *all = buffer_c_str(&text);
                assert_non_null(row->renewed[0]);
                assert_true(strstr(all, row->renewed[0]) && strstr(all, row->renewed[1]) && strstr(all, "clientId"));
        }
        free(path);
        buffer_free(&text);
}

static bool fetch_round(const void *arg)
{
        static char path[] = "PATH=/usr/bin:/bin";
        char *variables[] = {path, NULL};
        struct world w = {.row = arg, .clock = {boot_ms, wall_ms, 1, NULL}};
        const struct credentials_source source = {base_get, base_cancel, &w};
        struct provider *p = NULL;
        if (w.row->speed > 0)
                w.clock.speed = w.row->speed;
        the_world = &w;
        env_init(&w.env, variables);
        assert_int_equal(uv_loop_init(&w.loop), 0);
        w.deps = (struct provider_deps){
            .loop = &w.loop, .clock = &w.clock, .signer = signer_new(), .lanes = lanes_new(&w.loop), .env = &w.env};
        assert_non_null(w.deps.signer);
        assert_non_null(w.deps.lanes);
        write_files(w.row);
        torture_begin();
        if (registry_make(&w.deps, w.row->profile, &source, &p, &w.e) == 0)
                fetch(&w, p);
        torture_end();
        bool is_done = is_right(&w);
        check_shared_file(w.row);
        if (!is_done)
                (void)torture_refused(&w.e);
        credentials_unref(w.c);
        if (p) { // usable again
                write_files(w.row);
                fetch(&w, p);
                if (!is_right(&w))
                        fail_msg("the next fetch: %s (%s)", w.e.message, w.e.hint);
                credentials_unref(w.c);
        }
        provider_free(p);
        lanes_close(w.deps.lanes);
        assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&w.loop), 0);
        signer_free(w.deps.signer);
        return is_done;
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *ftw)
{
        (void)about;
        (void)flag;
        (void)ftw;
        return remove(path);
}

// --- what is asked, and what is answered ---

#define LIFE "<SessionToken>token</SessionToken><Expiration>2027-01-01T01:00:00Z</Expiration>"
#define XML_KEYS "<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>" LIFE
#define STS(action)                                                                                                    \
        "<" action "Response><" action "Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/s</Arn>" \
        "</AssumedRoleUser><Credentials>" XML_KEYS "</Credentials></" action "Result></" action "Response>"
#define STS_REFUSAL(code) "<ErrorResponse><Error><Code>" code "</Code><Message>no</Message></Error></ErrorResponse>"
#define HOST_KEYS                                                                                                      \
        "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\","    \
        "\"Expiration\":\"2027-01-01T01:00:00Z\"}"
#define SESSION                                                                                                        \
        "{\"credentialSet\":[{\"assumedRoleUser\":{\"arn\":\"arn:aws:sts::111122223333:assumed-role/gw/1\"},"          \
        "\"credentials\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\",\"sessionToken\":\"token\","  \
        "\"expiration\":\"2027-01-01T01:00:00Z\"}}],\"subjectArn\":\"s\"}"
#define SECRET_STRING                                                                                                  \
        "{\"SecretString\":\"{\\\"access_key_id\\\":\\\"ASIAEXAMPLE\\\",\\\"secret_access_key\\\":\\\"secret\\\"}\"}"
// {"access_key_id":"ASIAEXAMPLE","secret_access_key":"secret"}
#define SECRET_BINARY                                                                                                  \
        "{\"SecretBinary\":\"eyJhY2Nlc3Nfa2V5X2lkIjoiQVNJQUVYQU1QTEUiLCJzZWNyZXRfYWNjZXNzX2tleSI6InNlY3JldCJ9\"}"
#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJzdHMuYW1hem9uYXdzLmNvbSJ9.c2lnbmF0dXJl"
#define SSO_ROLE                                                                                                       \
        "{\"roleCredentials\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\",\"sessionToken\":"       \
        "\"token\",\"expiration\":1798765200000}}"
#define SSO_TOKEN(until) "{\"accessToken\":\"aoa-1\",\"expiresAt\":\"" until "\"}"
#define SSO_RENEWABLE                                                                                                  \
        "{\"accessToken\":\"aoa-1\",\"expiresAt\":\"2026-12-31T23:00:00Z\",\"clientId\":\"c\",\"clientSecret\":\"s\"," \
        "\"registrationExpiresAt\":\"2027-02-01T00:00:00Z\",\"refreshToken\":\"aor-1\"}"
#define SSO_RENEWED "{\"accessToken\":\"aoa-2\",\"tokenType\":\"Bearer\",\"expiresIn\":3600,\"refreshToken\":\"aor-2\"}"
#define SSO_CLIENT "{\"clientId\":\"c\",\"clientSecret\":\"s\",\"clientSecretExpiresAt\":1801353600}"
#define SSO_CODES                                                                                                      \
        "{\"deviceCode\":\"d\",\"userCode\":\"AB-CD\",\"verificationUri\":\"https://x/\",\"expiresIn\":600,"           \
        "\"interval\":1}"

#define LOGIN_SESSION(expires)                                                                                         \
        "{\"accessToken\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\",\"sessionToken\":\"token\"," \
        "\"expiresAt\":\"" expires "\"}," LOGIN_REST "}"
#define LOGIN_RENEWED                                                                                                  \
        "{\"accessToken\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\",\"sessionToken\":\"token\"}" \
        ","                                                                                                            \
        "\"expiresIn\":3600,\"refreshToken\":\"r-2\"}"

static uint8_t secret_key[] = "secret", request_token[] = "request-token";

static const struct profile
    keys = {.type = PROFILE_STATIC,
            .keys = {.access_key_id = (char[]){"ASIAEXAMPLE"}, .secret_access_key = {secret_key, 6}}},
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
                            "\\\"SecretAccessKey\\\":\\\"secret\\\"}\"'"}},
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
    session = {.name = (char[]){"dev"},
               .type = PROFILE_LOGIN,
               .issuer_region = (char[]){"us-east-1"},
               .login = {.session = (char[]){LOGIN_ME}, .cache_directory = folder}},
    anywhere = {.type = PROFILE_ROLES_ANYWHERE,
                .issuer_region = (char[]){"us-east-1"},
                .endpoint_url = (char[]){"https://r"},
                .role.role_arn = (char[]){"arn:aws:iam::1:role/x"},
                .roles_anywhere = {.trust_anchor_arn = (char[]){"arn:aws:rolesanywhere:us-east-1:1:trust-anchor/a"},
                                   .profile_arn = (char[]){"arn:aws:rolesanywhere:us-east-1:1:profile/p"},
                                   .certificate = (char[]){TEST_DATA_DIR "/leaf.pem"},
                                   .certificate_chain = (char[]){TEST_DATA_DIR "/intermediate.pem"},
                                   .private_key = (char[]){TEST_DATA_DIR "/leaf.key"}}};

static const struct fetch_case cases[] = {
    {.name = "static", .profile = &keys},
    {.name = "static from files", .profile = &key_files, .token_file = "secret\n"},
    {.name = "Secrets Manager", .profile = &vaulted, .answers = {{200, SECRET_STRING, NULL, NULL}}},
    {.name = "Secrets Manager in binary", .profile = &vaulted, .answers = {{200, SECRET_BINARY, NULL, NULL}}},
    {.name = "web identity",
     .profile = &web,
     .token_file = JWT,
     .answers = {{200, STS("AssumeRoleWithWebIdentity"), NULL, NULL}}},
    {.name = "assume role", .profile = &role, .answers = {{200, STS("AssumeRole"), NULL, NULL}}},
    {.name = "assume role with MFA",
     .profile = &mfa_role,
     .answers = {{200, STS("AssumeRole"), NULL, NULL}},
     .logs_in = true},
    {.name = "container", .profile = &container, .token_file = "pod-token", .answers = {{200, HOST_KEYS, NULL, NULL}}},
    {.name = "IMDS",
     .profile = &imds,
     .answers = {{200, "imds-token", NULL, "/token"},
                 {200, "role\n", NULL, "credentials/"},
                 {200, HOST_KEYS, NULL, "/role"}}},
    {.name = "process", .profile = &process},
    {.name = "IAM Identity Center",
     .profile = &sso,
     .shared_file = SSO_TOKEN("2027-01-01T08:00:00Z"),
     .answers = {{200, SSO_ROLE, NULL, NULL}}},
    // What has two ways to a good end, or says no whatever there is memory for:
    // what the token says of itself is for hints alone
    {.name = "GitHub Actions",
     .profile = &actions,
     .answers = {{200, "{\"value\":\"" JWT "\"}", NULL, ".com"}, {200, STS("AssumeRoleWithWebIdentity"), NULL, "/"}},
     .survives = true},
    // nor is it told whose certificate it was
    {.name = "Roles Anywhere", .profile = &anywhere, .answers = {{200, SESSION, NULL, NULL}}, .survives = true},
    // what was handed out before need not be known
    {.name = "session of aws login",
     .profile = &session,
     .shared_file = LOGIN_SESSION("2027-01-01T01:00:00Z"),
     .survives = true},
    // an ended token is renewed
    {.name = "renewal of a token",
     .profile = &sso,
     .shared_file = SSO_RENEWABLE,
     .renewed = {"aoa-2", "aor-2"},
     .answers = {{200, SSO_RENEWED, NULL, "/token"}, {200, SSO_ROLE, NULL, NULL}},
     .survives = true},
    {.name = "refresh of a session of aws login",
     .profile = &session,
     .shared_file = LOGIN_SESSION("2026-12-31T23:00:00Z"),
     .renewed = {"r-2", "2027-01-01T01:00:00Z"},
     .answers = {{200, LOGIN_RENEWED, NULL, "/v1/token"}},
     .survives = true},
    {.name = "refused refresh of a session of aws login",
     .profile = &session,
     .shared_file = LOGIN_SESSION("2026-12-31T23:00:00Z"),
     .answers = {{400, "{\"error\":\"TOKEN_EXPIRED\",\"message\":\"no\"}", "AccessDeniedException", NULL}},
     .refusal = ERROR_INTERACTION,
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
    {.name = "refused pod",
     .profile = &container,
     .token_file = "pod-token",
     .answers = {{404, "{\"Code\":\"ResourceNotFoundException\",\"Message\":\"no\"}", NULL, NULL}},
     .refusal = ERROR_DENIED,
     .survives = true},
    {.name = "refused permission set",
     .profile = &sso,
     .shared_file = SSO_TOKEN("2027-01-01T08:00:00Z"),
     .answers = {{403, "{\"message\":\"no\"}", "ForbiddenException", NULL}},
     .refusal = ERROR_DENIED,
     .survives = true},
    {.name = "broken process", .profile = &broken_process, .refusal = ERROR_TRANSIENT, .survives = true},
    {.name = "broken profile", .profile = &faulty, .refusal = ERROR_CONFIG, .survives = true},
};

int main(void)
{
        struct torture_row rows[LENGTH(cases)];
        for (size_t i = 0; i < LENGTH(cases); i++)
                rows[i] = (struct torture_row){cases[i].name, fetch_round, &cases[i], cases[i].survives};
        (void)snprintf(folder, sizeof(folder), "/tmp/keyfob-torture-XXXXXX");
        if (!mkdtemp(folder))
                return 1;
        (void)snprintf(token_path, sizeof(token_path), "%s/token", folder);
        int failed = torture_main(rows, LENGTH(rows));
        if (nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
                return 1;
        return failed;
}
