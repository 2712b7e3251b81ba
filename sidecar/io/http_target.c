// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/http_target.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sidecar/io/no_proxy.h"

static bool is_local_v4(const uint8_t address[4])
{
        return address[0] == 127 || (address[0] == 169 && address[1] == 254);
}

// ::1, fe80::/10, fd00:ec2::/32 (where AWS puts its link-local services in IPv6), and IPv4 addresses in IPv6 form.
static bool is_local_v6(const struct in6_addr *address)
{
        static const uint8_t aws[4] = {0xfd, 0x00, 0x0e, 0xc2};
        if (IN6_IS_ADDR_V4MAPPED(address))
                return is_local_v4(address->s6_addr + 12);
        return IN6_IS_ADDR_LOOPBACK(address) || IN6_IS_ADDR_LINKLOCAL(address) || memcmp(address->s6_addr, aws, 4) == 0;
}

static bool is_local(const char *host)
{
        static const char name[] = "localhost";
        uint8_t v4[4];
        struct in6_addr v6;
        size_t n = strlen(host);
        size_t name_n = sizeof(name) - 1;
        if (inet_pton(AF_INET, host, v4) == 1)
                return is_local_v4(v4);
        if (inet_pton(AF_INET6, host, &v6) == 1)
                return is_local_v6(&v6);
        if (n < name_n || strcasecmp(host + n - name_n, name) != 0)
                return false;
        return n == name_n || host[n - name_n - 1] == '.';
}

// Copies one part of a URL to `to`. CURLUE_OUT_OF_MEMORY, or another code: absent or too long.
static CURLUcode take_part(CURLU *url, CURLUPart part, unsigned flags, char *to, size_t size)
{
        char *text = NULL;
        CURLUcode rc = curl_url_get(url, part, &text, flags);
        if (rc != CURLUE_OK)
                return rc;
        int n = snprintf(to, size, "%s", text);
        curl_free(text);
        return n >= 0 && (size_t)n < size ? CURLUE_OK : CURLUE_MALFORMED_INPUT;
}

// "[::1]" loses its brackets.
static void strip_brackets(char *host)
{
        size_t n = strlen(host);
        if (n < 2 || host[0] != '[' || host[n - 1] != ']')
                return;
        memmove(host, host + 1, n - 2);
        host[n - 2] = '\0';
}

// "host:port", or the host alone if there is no port.
static CURLUcode take_authority(CURLU *url, unsigned port_flags, struct http_authority *ret)
{
        char port[8] = "";
        CURLUcode rc = take_part(url, CURLUPART_HOST, 0, ret->host, sizeof(ret->host));
        if (rc != CURLUE_OK)
                return rc;
        rc = take_part(url, CURLUPART_PORT, port_flags, port, sizeof(port));
        if (rc == CURLUE_OUT_OF_MEMORY)
                return rc;
        bool has_port = rc == CURLUE_OK;
        ret->port = 0;
        for (const char *digit = port; *digit; digit++) // libcurl has checked it
                ret->port = (uint16_t)(ret->port * 10 + (*digit - '0'));
        (void)snprintf(ret->text, sizeof(ret->text), "%s%s%s", ret->host, has_port ? ":" : "", port);
        strip_brackets(ret->host);
        return CURLUE_OK;
}

static int refuse_memory(struct error *e)
{
        return error_set(e, ERROR_INTERNAL, "out of memory");
}

static int read_target(CURLU *url, const char *text, struct http_target *ret, struct error *e)
{
        char scheme[16];
        char *user = NULL;
        CURLUcode rc = curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS);
        if (rc == CURLUE_OUT_OF_MEMORY)
                return refuse_memory(e);
        if (rc != CURLUE_OK)
                return error_set(e, ERROR_CONFIG, "the endpoint's URL is not valid: %s", curl_url_strerror(rc));
        rc = curl_url_get(url, CURLUPART_USER, &user, 0);
        if (rc == CURLUE_OUT_OF_MEMORY)
                return refuse_memory(e);
        if (rc == CURLUE_OK) {
                curl_free(user);
                return error_set(e, ERROR_CONFIG, "the endpoint's URL holds a user name, which is not sent");
        }
        rc = take_part(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme));
        if (rc == CURLUE_OUT_OF_MEMORY)
                return refuse_memory(e);
        if (rc != CURLUE_OK)
                scheme[0] = '\0';
        ret->is_tls = strcmp(scheme, "https") == 0;
        if (!ret->is_tls && strcmp(scheme, "http") != 0)
                return error_set(e, ERROR_CONFIG, "the endpoint's URL is neither http:// nor https://");
        rc = take_authority(url, CURLU_DEFAULT_PORT, &ret->authority);
        if (rc == CURLUE_OUT_OF_MEMORY)
                return refuse_memory(e);
        if (rc != CURLUE_OK)
                return error_set(e, ERROR_CONFIG, "the endpoint's URL has no usable host name");
        ret->is_local = is_local(ret->authority.host);
        return 0;
}

int http_target_parse(const char *url, struct http_target *ret, struct error *e)
{
        *ret = (struct http_target){0};
        CURLU *parsed = curl_url();
        if (!parsed)
                return refuse_memory(e);
        int r = read_target(parsed, url, ret, e);
        curl_url_cleanup(parsed);
        return r;
}

// The variables by rank. HTTP_PROXY in upper case is not among them: a CGI server sets it from a request's header.
static const char *proxy_setting(const struct env *env, bool is_tls, const char **ret_variable)
{
        static const char *const for_tls[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
        static const char *const for_plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
        for (const char *const *name = is_tls ? for_tls : for_plain; *name; name++) {
                const char *value = env_get(env, *name);
                *ret_variable = *name;
                if (value)
                        return value;
        }
        return NULL;
}

static CURLUcode read_proxy(CURLU *url, const char *text, struct http_proxy *ret)
{
        // Parsed like libcurl does, which also accepts "host:port".
        unsigned flags = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;
        char scheme[16];
        CURLUcode rc = curl_url_set(url, CURLUPART_URL, text, flags);
        if (rc == CURLUE_OK)
                rc = take_part(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme));
        if (rc != CURLUE_OK)
                return rc;
        ret->is_tls = strcmp(scheme, "https") == 0;
        ret->is_socks = strncmp(scheme, "socks", 5) == 0;
        if (!ret->is_tls && !ret->is_socks && strcmp(scheme, "http") != 0)
                return CURLUE_UNSUPPORTED_SCHEME;
        char *user = NULL;
        rc = curl_url_get(url, CURLUPART_USER, &user, 0);
        ret->has_user = rc == CURLUE_OK;
        curl_free(user);
        if (rc == CURLUE_OUT_OF_MEMORY)
                return rc;
        return take_authority(url, ret->is_socks ? 0 : CURLU_DEFAULT_PORT, &ret->authority);
}

int http_proxy_find(const struct env *env, const struct http_target *target, struct http_proxy *ret, struct error *e)
{
        *ret = (struct http_proxy){0};
        const char *variable = NULL;
        const char *value = target->is_local ? NULL : proxy_setting(env, target->is_tls, &variable);
        const char *exempt = env_get(env, "no_proxy");
        if (!exempt)
                exempt = env_get(env, "NO_PROXY");
        if (!value)
                return 0;
        if (no_proxy_exempts(slice_str(exempt), slice_str(target->authority.host), target->authority.port)) {
                ret->exempted_from = variable;
                return 0;
        }
        CURLU *url = curl_url();
        if (!url)
                return refuse_memory(e);
        CURLUcode rc = read_proxy(url, value, ret);
        curl_url_cleanup(url);
        ret->variable = variable;
        ret->url = value;
        if (rc == CURLUE_OK)
                return 0;
        if (rc == CURLUE_OUT_OF_MEMORY)
                return refuse_memory(e);
        error_set(e, ERROR_CONFIG, "environment: %s: found another form, expected the URL of a proxy", variable);
        return error_hint(e,
                          "set it to http://host:port (or https://, socks5h://; user:password@ before the host), and "
                          "write special characters of a password as %%XX; or list %s in NO_PROXY",
                          target->authority.host);
}
