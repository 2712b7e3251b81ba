// SPDX-License-Identifier: Apache-2.0
// link: llhttp PkgConfig::uv
// The floor that the agent is measured against: libuv and llhttp, nothing else. Parses each request with its body,
// keeps the URL, and answers with a fixed document. usage: floor_server SOCKET DOCUMENT-FILE,
// or floor_server tcp DOCUMENT-FILE, which prints the port of 127.0.0.1 that it listens on.
#include <llhttp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct floor_connection {
        union {
                uv_handle_t handle;
                uv_stream_t stream;
                uv_pipe_t pipe;
                uv_tcp_t tcp;
        } uv;
        llhttp_t parser;
        size_t url_n;
        char url[512];
        char read_buffer[64 * 1024];
};

static struct {
        uv_loop_t *loop;
        llhttp_settings_t settings;
        uv_buf_t reply;
} floor_server;

static void closed(uv_handle_t *handle)
{
        free(handle->data);
}

static int on_url(llhttp_t *parser, const char *at, size_t n)
{
        struct floor_connection *c = parser->data;
        if (n > sizeof(c->url) - c->url_n)
                return -1;
        memcpy(c->url + c->url_n, at, n);
        c->url_n += n;
        return 0;
}

static int on_complete(llhttp_t *parser)
{
        struct floor_connection *c = parser->data;
        c->url_n = 0;
        return uv_try_write(&c->uv.stream, &floor_server.reply, 1) == (int)floor_server.reply.len ? 0 : -1;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
        struct floor_connection *c = handle->data;
        (void)suggested;
        *ret = uv_buf_init(c->read_buffer, sizeof(c->read_buffer));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
        struct floor_connection *c = stream->data;
        if (n == 0)
                return;
        if (n < 0 || llhttp_execute(&c->parser, buffer->base, (size_t)n) != HPE_OK)
                uv_close((uv_handle_t *)stream, closed);
}

static void on_connection(uv_stream_t *listener, int status)
{
        struct floor_connection *c = calloc(1, sizeof(*c));
        if (status < 0 || !c)
                exit(1);
        if (listener->type == UV_TCP)
                uv_tcp_init(floor_server.loop, &c->uv.tcp);
        else
                uv_pipe_init(floor_server.loop, &c->uv.pipe, 0);
        c->uv.handle.data = c;
        if (uv_accept(listener, &c->uv.stream) < 0)
                exit(1);
        if (listener->type == UV_TCP)
                uv_tcp_nodelay(&c->uv.tcp, 1);
        llhttp_init(&c->parser, HTTP_REQUEST, &floor_server.settings);
        c->parser.data = c;
        uv_read_start(&c->uv.stream, on_alloc, on_read);
}

static uv_buf_t read_reply(const char *path)
{
        enum { SIZE = 256 * 1024 };
        char *reply = malloc(SIZE);
        char *body = malloc(SIZE / 2);
        FILE *f = fopen(path, "rb");
        if (!reply || !body || !f)
                exit(1);
        size_t n = fread(body, 1, SIZE / 2, f);
        fclose(f);
        int head = snprintf(reply, SIZE / 2,
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
                            "ETag: \"1\"\r\nContent-Length: %zu\r\n\r\n",
                            n);
        memcpy(reply + head, body, n);
        free(body);
        return uv_buf_init(reply, (unsigned)((size_t)head + n));
}

static int listen_on_any_port(uv_tcp_t *tcp)
{
        struct sockaddr_in address;
        int size = sizeof(address);
        uv_ip4_addr("127.0.0.1", 0, &address);
        if (uv_tcp_bind(tcp, (const struct sockaddr *)&address, 0) < 0 ||
            uv_listen((uv_stream_t *)tcp, 512, on_connection) < 0 ||
            uv_tcp_getsockname(tcp, (struct sockaddr *)&address, &size) < 0)
                return -1;
        printf("%u\n", ntohs(address.sin_port));
        return fflush(stdout);
}

int main(int argc, char **argv)
{
        if (argc != 3) {
                fputs("usage: floor_server SOCKET DOCUMENT-FILE\n", stderr);
                return 2;
        }
        signal(SIGPIPE, SIG_IGN);
        floor_server.loop = uv_default_loop();
        floor_server.reply = read_reply(argv[2]);
        llhttp_settings_init(&floor_server.settings);
        floor_server.settings.on_url = on_url;
        floor_server.settings.on_message_complete = on_complete;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
        uv_pipe_init(floor_server.loop, &pipe, 0);
        uv_tcp_init(floor_server.loop, &tcp);
        if (strcmp(argv[1], "tcp") == 0) {
                if (listen_on_any_port(&tcp) < 0)
                        return 1;
        } else if (uv_pipe_bind(&pipe, argv[1]) < 0 || uv_listen((uv_stream_t *)&pipe, 512, on_connection) < 0) {
                return 1;
        }
        return uv_run(floor_server.loop, UV_RUN_DEFAULT);
}
