// SPDX-License-Identifier: Apache-2.0
// One request on one connection, from accept() to the answer: memory fails in the server's turns of the loop alone.
// What comes is the answer, whole and right; or a problem that says 500; or, where there is no memory to say that
// either, the end of the connection. The next request on a new connection is answered as if nothing had been.
#include "proto/mem/text.h"
#include "tests/torture/torture.h"
#include "tests/unit/server/fixture.h"

enum { TURNS_MAX = 20000, RECEIVED_MAX = 256 * 1024 };

struct request_case {
        const char *request;
        int status;
        const char *has;   // in the body
        size_t piece;      // of what the server is given at once; 0: all
        bool reads_little; // the server's reads give one byte each
        bool hangs;        // the profile has no credentials yet: they come while the request waits
};

// --- reads of one byte ---

static uv_alloc_cb server_alloc;
static bool reads_little;

int __real_uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb read);
int __wrap_uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb read);

static void alloc_little(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
        server_alloc(handle, suggested, ret);
        if (reads_little)
                ret->len = 1;
}

int __wrap_uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb read)
{
        server_alloc = alloc;
        return __real_uv_read_start(stream, alloc_little, read);
}

// --- a client that allocates nothing ---

struct wire {
        int fd;
        size_t n;
        bool is_at_end;
        char received[RECEIVED_MAX];
};

// The provider is the test's own, and always has memory.
struct credentials *__real_credentials_new(const struct credentials *fields);
struct credentials *__wrap_credentials_new(const struct credentials *fields);

struct credentials *__wrap_credentials_new(const struct credentials *fields)
{
        bool is_on = torture_is_on();
        torture_end();
        struct credentials *c = __real_credentials_new(fields);
        if (is_on)
                torture_begin();
        return c;
}

static void server_turn(struct fixture *f, bool with_torture)
{
        if (with_torture)
                torture_begin();
        turn(f);
        torture_end();
}

static void dial(struct fixture *f, struct wire *w)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(w->fd >= 0);
        memcpy(address.sun_path, f->path, strlen(f->path) + 1);
        assert_int_equal(connect(w->fd, (struct sockaddr *)&address, sizeof(address)), 0);
        w->n = 0;
        w->is_at_end = false;
}

// The body of a whole answer, NUL-terminated; with its chunks' sizes in it where it came in chunks. NULL: it is not
// whole.
static const char *body_of(const struct wire *w)
{
        static const char last[] = "0\r\n\r\n";
        const char *end = strstr(w->received, "\r\n\r\n"), *length = strstr(w->received, "Content-Length: ");
        const char *chunked = strstr(w->received, "Transfer-Encoding: chunked");
        uint64_t n = 0;
        if (end && chunked && chunked < end)
                return slice_ends_with(slice_str(end + 4), slice_str(last)) ? end + 4 : NULL;
        if (!end || !length || length > end)
                return NULL;
        struct slice digits = slice_from(slice_str(length), strlen("Content-Length: "));
        assert_int_equal(text_parse_u64(slice_head(digits, slice_find(digits, '\r')), &n), 0);
        assert_true(strlen(end + 4) <= n);
        return strlen(end + 4) == n ? end + 4 : NULL;
}

static void receive(struct wire *w)
{
        ssize_t n = recv(w->fd, w->received + w->n, RECEIVED_MAX - 1 - w->n, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
                w->is_at_end = true;
        w->n += n > 0 ? (size_t)n : 0;
        w->received[w->n] = '\0';
}

// The status, or 0: the connection ended.
static int ask(struct fixture *f, const struct request_case *c, struct wire *w, bool with_torture)
{
        struct slice rest = slice_str(c->request);
        dial(f, w);
        for (int turns = 0; turns < TURNS_MAX; turns++) {
                struct slice piece = slice_head(rest, c->piece > 0 ? c->piece : rest.n);
                ssize_t n = piece.n > 0 ? send(w->fd, piece.p, piece.n, MSG_NOSIGNAL) : 0;
                rest = slice_from(rest, n > 0 ? (size_t)n : 0);
                server_turn(f, with_torture);
                if (c->hangs && f->scripts[0].starts == 1 && turns > 3) {
                        f->scripts[0].script = SCRIPT_GIVE;
                        f->scripts[0].starts++;
                        script_release(&f->scripts[0]);
                }
                receive(w);
                if (body_of(w) || w->is_at_end)
                        break;
        }
        (void)close(w->fd);
        if (!body_of(w)) {
                assert_true(w->is_at_end); // never silence
                return 0;
        }
        assert_int_equal(strncmp(w->received, "HTTP/1.1 ", 9), 0);
        uint64_t status = 0;
        assert_int_equal(text_parse_u64(slice_of(w->received + 9, 3), &status), 0);
        return (int)status;
}

// A problem for whose words there is no memory is told by its status alone.
static bool is_wordless(const struct wire *w, int status)
{
        return torture_has_struck() && status >= 400 && body_of(w)[0] == '\0';
}

static bool is_right(const struct request_case *c, const struct wire *w, int status)
{
        if (status != c->status)
                return false;
        if (!strstr(body_of(w), c->has) && !is_wordless(w, status))
                fail_msg("no %s in %s", c->has, body_of(w));
        return true;
}

// Where web identity tokens come from: the profile's own provider, in another entry.
static int find_sts(const struct server_profile *p, struct slice region, struct web_identity_endpoint *ret,
                    struct error *e)
{
        (void)p;
        (void)region;
        (void)e;
        *ret = (struct web_identity_endpoint){.url = "https://sts.us-east-1.amazonaws.com", .region = "us-east-1"};
        return 0;
}

static struct entry *add_token(void *context, const struct server_profile *p, const struct web_identity_endpoint *at,
                               const struct web_identity_request *request, struct provider **ret_provider,
                               struct error *e)
{
        struct fixture *f = context;
        const struct entry_options options = {.name = "a/web_identity", .shown_name = p->name, .on_demand = true};
        bool is_on = torture_is_on();
        (void)at;
        (void)request;
        torture_end();
        f->scripts[1] = f->scripts[0];
        f->scripts[1].script = SCRIPT_GIVE;
        *ret_provider = fake_new(&f->scripts[1]);
        if (is_on)
                torture_begin();
        struct entry *entry = vault_add(f->vault, &options, *ret_provider);
        if (!entry)
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
        return entry;
}

static bool request_round(const void *arg)
{
        static struct wire w;
        const struct request_case *c = arg;
        struct fixture f;
        fixture_start(&f);
        f.server->deps.web_identity = (struct server_web_identity){find_sts, add_token, NULL, &f};
        struct scripted *s = fixture_add(&f, "a", c->hangs);
        s->script = c->hangs ? SCRIPT_HANG : SCRIPT_GIVE;
        fixture_fetch_all(&f);
        reads_little = c->reads_little;
        int status = ask(&f, c, &w, true);
        reads_little = false;
        bool is_done = is_right(c, &w, status);
        if (!is_done && status != 0) {
                if (status != 500 || !(strstr(body_of(&w), "\"internal_error\"") || is_wordless(&w, status)))
                        fail_msg("refused with %d: %s", status, body_of(&w));
        }
        struct request_case again = *c; // a provider that was not asked yet gives by now
        again.hangs = false;
        if (s->script == SCRIPT_HANG && s->starts == 1)
                script_release(s);
        s->script = SCRIPT_GIVE;
        status = ask(&f, &again, &w, false);
        if (!is_right(&again, &w, status))
                fail_msg("the next request: %d", status);
        fixture_stop(&f);
        return is_done;
}

// A server, and its listener, are made or they are not.
static bool start_round(const void *arg)
{
        struct fixture f = {.now_ms = 1000000};
        struct error e = {.kind = ERROR_NONE};
        (void)arg;
        f.clock = (struct clock){fixture_boot_ms, fixture_wall_ms, 1, &f};
        f.log.fd = -1;
        assert_int_equal(uv_loop_init(&f.loop), 0);
        const struct server_listener native = {.apis = {&api_native}, .apis_count = 1};
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        torture_begin();
        f.metrics = metrics_new(&f.loop);
        const struct server_deps deps = {.loop = &f.loop, .clock = &f.clock, .log = &f.log, .metrics = f.metrics};
        f.server = f.metrics ? server_new(&deps) : NULL;
        int r =
            f.server ? server_listen(f.server, ends[0], &native, &e) : -1; // the descriptor is its own, whatever comes
        torture_end();
        if (!f.server)
                (void)close(ends[0]);
        else if (r < 0)
                (void)torture_refused(&e);
        (void)close(ends[1]);
        if (f.server) {
                server_close(f.server, 0, on_server_closed, &f);
                TURN_UNTIL(&f, f.is_server_closed);
        }
        if (f.metrics)
                metrics_close(f.metrics);
        assert_int_equal(uv_run(&f.loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&f.loop), 0);
        return r == 0;
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST_OF(n, target, body)                                                                                       \
        "POST " target " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " n "\r\n\r\n" body
#define SIGN_REQUEST                                                                                                   \
        "{\"method\":\"POST\",\"url\":\"https://sts.us-east-1.amazonaws.com/?a=b\",\"headers\":{\"X-A\":\"b\"},"       \
        "\"payload_text\":\"h\\u00e4llo\"}"
#define PRESIGN_REQUEST                                                                                                \
        "{\"method\":\"GET\",\"url\":\"https://sts.us-east-1.amazonaws.com/x?b=%41&a=1\",\"expires_in\":60}"

#define ZEROS "0000000000000000"
#define EVENT_REQUEST                                                                                                  \
        "{\"url\":\"https://x.lex.us-east-1.amazonaws.com/\",\"prior_signature\":\"" ZEROS ZEROS ZEROS ZEROS           \
        "\",\"payload\":\"YQ==\",\"service\":\"lex\"}"
#define WEB_IDENTITY_REQUEST "{\"audience\":[\"a\",\"\\u00e4\"],\"tags\":{\"a\":\"\"}}"
#define TOKEN_REQUEST "{\"region\":\"us-east-1\",\"user_name\":\"\\u00e4\",\"cluster_name\":\"C\"}"

int main(void)
{
        static const struct request_case
            live = {GET("/livez"), 200, "\"alive\":true", 0, false, false},
            ready = {GET("/readyz"), 200, "{", 0, false, false},
            list = {GET("/v1/profiles"), 200, "\"name\":\"a\"", 0, false, false},
            profile = {GET("/v1/profiles/a"), 200, "\"name\":\"a\"", 0, false, false},
            escaped = {GET("/v1/profiles/%61"), 200, "\"name\":\"a\"", 0, false, false},
            metrics = {GET("/metrics"), 200, "keyfob_", 0, false, false},
            keys = {GET("/v1/profiles/a/credentials"), 200, "\"SecretAccessKey\":\"" SECRET "\"", 0, false, false},
            keys_bytewise = {GET("/v1/profiles/a/credentials"), 200, SECRET, 1, false, false},
            keys_slowly = {GET("/v1/profiles/a/credentials"), 200, SECRET, 0, true, false},
            waits = {GET("/v1/profiles/a/credentials?wait=60"), 200, SECRET, 0, false, true},
            sign = {POST_OF("116", "/v1/profiles/a/sign", SIGN_REQUEST), 200, "AWS4-HMAC-SHA256", 0, false, false},
            sign_slowly =
                {POST_OF("116", "/v1/profiles/a/sign", SIGN_REQUEST), 200, "AWS4-HMAC-SHA256", 0, true, false},
            sign_waits = {POST_OF("116", "/v1/profiles/a/sign?wait=60", SIGN_REQUEST), 200, "AWS4-", 0, false, true},
            presign =
                {POST_OF("88", "/v1/profiles/a/presign", PRESIGN_REQUEST), 200, "X-Amz-Signature", 0, false, false},
            token =
                {POST_OF("62", "/v1/profiles/a/tokens/memorydb", TOKEN_REQUEST), 200, "c/?Action=", 0, false, false},
            token_waits = {POST_OF("62", "/v1/profiles/a/tokens/memorydb?wait=60", TOKEN_REQUEST),
                           200,
                           "c/?Action=connect&User=%C3%A4&",
                           0,
                           false,
                           true},
            web_identity = {POST_OF("43", "/v1/profiles/a/tokens/web_identity", WEB_IDENTITY_REQUEST),
                            200,
                            "\"token\":\"" TOKEN,
                            0,
                            false,
                            false},
            event = {POST_OF("166", "/v1/profiles/a/eventstream", EVENT_REQUEST), 200, "signature", 0, false, false},
            event_waits =
                {POST_OF("166", "/v1/profiles/a/eventstream?wait=60", EVENT_REQUEST), 200, "signature", 0, false, true},
            eks = {POST_OF("39", "/v1/profiles/a/tokens/eks", "{\"region\":\"us-east-1\",\"cluster_id\":\"c\"}"),
                   200,
                   "k8s-aws-v1.",
                   0,
                   false,
                   false},
            login = {POST_OF("23", "/v1/profiles/a/login", "{\"token_code\":\"123456\"}"),
                     400,
                     "invalid_request",
                     0,
                     false,
                     false},
            echo = {"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n",
                    200,
                    "world!",
                    0,
                    false,
                    false},
            echo_bytewise = {POST_OF("11", "/echo", "hello world"), 200, "d", 1, false, false},
            unknown = {GET("/v1/profiles/b"), 404, "profile_not_found", 0, false, false},
            bad = {POST_OF("8", "/v1/profiles/a/sign", "{\"a\": 1}"), 400, "unknown member", 0, false, false};
        static const struct {
                const char *name;
                const struct request_case *c;
                bool survives;
        } cases[] = {
            {"GET /livez", &live, false},
            {"GET /readyz", &ready, false},
            {"GET /v1/profiles", &list, false},
            {"GET a profile", &profile, false},
            {"GET a profile by an escaped name", &escaped, false},
            {"GET /metrics", &metrics, false},
            {"GET credentials", &keys, false},
            {"GET credentials, sent byte by byte", &keys_bytewise, false},
            {"GET credentials, read byte by byte", &keys_slowly, false},
            {"GET credentials and wait", &waits, false},
            {"POST sign", &sign, false},
            {"POST sign, read byte by byte", &sign_slowly, false},
            {"POST sign and wait", &sign_waits, false},
            {"POST presign", &presign, false},
            {"POST a message of an event stream", &event, false},
            {"POST a message of an event stream and wait", &event_waits, false},
            {"POST a token", &token, false},
            {"POST a token and wait", &token_waits, false},
            {"POST a token that is encoded", &eks, false},
            {"POST a web identity token", &web_identity, false},
            {"a body that is echoed", &echo, false},
            {"a body that is echoed, sent byte by byte", &echo_bytewise, false},
            // problems without words
            {"POST login", &login, true},
            {"an unknown profile", &unknown, true},
            {"a bad request to sign", &bad, true},
        };
        struct torture_row rows[LENGTH(cases) + 1];
        for (size_t i = 0; i < LENGTH(cases); i++)
                rows[i] = (struct torture_row){cases[i].name, request_round, cases[i].c, cases[i].survives};
        rows[LENGTH(cases)] = (struct torture_row){.name = "start", .round = start_round};
        return torture_main(rows, LENGTH(rows));
}
