// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/values.h"

#include "proto/mem/text.h"
#include "proto/wire/limits.h"

#define EXTERNAL_ID_MIN 2
#define EXTERNAL_ID_MAX 1224
#define TAG_KEY_MAX 128
#define TAG_VALUE_MAX 256
#define SECRET_ACCESS_KEY_LENGTH 40 // of those that AWS makes today
#define SESSION_TOKEN_SHORTEST 200  // they are longer, and few paths are, all of them with a dot or a hyphen

static bool is_visible(struct slice text)
{
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
                        return false;
        return true;
}

size_t values_length(struct slice text)
{
        size_t n = 0;
        for (size_t i = 0; i < text.n; i++)
                if ((text.p[i] & 0xc0) != 0x80)
                        n++;
        return n;
}

bool values_is_external_id(struct slice text)
{
        return text.n >= EXTERNAL_ID_MIN && text.n <= EXTERNAL_ID_MAX && text_is_all_of(text, "_+=,.@:/-");
}

// Letters and digits of other scripts are left for AWS to judge.
static bool is_tag_text(struct slice text)
{
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] < 0x80 && !text_is_all_of(slice_of(&text.p[i], 1), " _.:/=+-@"))
                        return false;
        return true;
}

bool values_is_tag_key(struct slice text)
{
        return text.n > 0 && values_length(text) <= TAG_KEY_MAX && is_tag_text(text);
}

bool values_is_tag_value(struct slice text)
{
        return values_length(text) <= TAG_VALUE_MAX && is_tag_text(text);
}

bool values_is_policy_text(struct slice text)
{
        for (size_t i = 0; i < text.n; i++) {
                uint8_t c = text.p[i];
                bool is_ascii = (c >= ' ' && c < 0x80) || c == '\t' || c == '\n' || c == '\r';
                bool is_latin = c == 0xc2 || c == 0xc3 || (c & 0xc0) == 0x80; // U+0080 to U+00FF in two bytes
                if (!is_ascii && !is_latin)
                        return false;
        }
        return text.n > 0;
}

bool values_is_access_key_id(struct slice text)
{
        return text.n > 0 && text.n <= LIMIT_ACCESS_KEY_ID && text_is_all_of(text, "_");
}

bool values_is_secret_access_key(struct slice text)
{
        return text.n > 0 && text.n <= LIMIT_SECRET_ACCESS_KEY && is_visible(text);
}

bool values_is_session_token(struct slice text)
{
        return text.n > 0 && text.n <= LIMIT_SESSION_TOKEN && is_visible(text);
}

// Two of AWS's names have capitals. In others they are a mistake, as signatures fail for "Bedrock".
bool values_is_service(struct slice text)
{
        if (slice_eq(text, SLICE("IoTSecuredTunneling")) || slice_eq(text, SLICE("IngestionService")))
                return true;
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] >= 'A' && text.p[i] <= 'Z')
                        return false;
        return text.n > 0 && text.n <= 64 && text_is_all_of(text, "-");
}

bool values_is_method(struct slice text)
{
        return text.n > 0 && text.n <= 64 && text_is_all_of(text, "!#$%&'*+-.^_`|~");
}

bool values_is_host_pattern(struct slice text)
{
        if (slice_starts_with(text, SLICE("*.")))
                text = slice_from(text, 2);
        struct slice host = slice_head(text, slice_find(text, ':'));
        uint64_t port = 1;
        if (host.n < text.n && text_parse_u64(slice_from(text, host.n + 1), &port) < 0)
                return false;
        return host.n > 0 && host.n <= 253 && host.p[0] != '.' && text_is_all_of(host, "-._") && port >= 1 &&
               port <= 65535;
}

bool values_is_url_path(struct slice text)
{
        return text.n > 0 && text.p[0] == '/' && is_visible(text) && slice_find(text, '?') == text.n &&
               slice_find(text, '#') == text.n;
}

bool values_is_any(struct slice text)
{
        return text.n > 0;
}

bool values_is_account_id(struct slice text)
{
        uint64_t number;
        return text.n == 12 && text_parse_u64(text, &number) == 0;
}

bool values_is_mfa_serial(struct slice text)
{
        return text.n >= 9 && text.n <= 256 && text_is_all_of(text, "_+=/:,.@-");
}

bool values_is_authorization(struct slice text)
{
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] < ' ' || text.p[i] >= 0x7f)
                        return false;
        return text.n > 0 && text.n <= LIMIT_SECRET_FILE;
}

bool values_is_path_and_query(struct slice text)
{
        return text.n > 0 && text.p[0] == '/' && is_visible(text);
}

bool values_is_credential_source(struct slice text)
{
        return slice_eq(text, SLICE("Environment")) || slice_eq(text, SLICE("EcsContainer")) ||
               slice_eq(text, SLICE("Ec2InstanceMetadata"));
}

bool values_is_token_source(struct slice text)
{
        return slice_eq(text, SLICE("github_actions"));
}

bool values_is_endpoint_mode(struct slice text)
{
        return slice_eq_ignore_case(text, SLICE("ipv4")) || slice_eq_ignore_case(text, SLICE("ipv6"));
}

bool values_is_like_secret(struct slice text)
{
        if (slice_starts_with(text, SLICE("-----BEGIN")) || slice_find(text, '\n') < text.n)
                return true;
        if (slice_starts_with(text, SLICE("eyJ"))) // a JWT: its header is base64 of {"
                return true;
        if (text.n >= SESSION_TOKEN_SHORTEST && text_is_all_of(text, "/+="))
                return true;
        return text.n == SECRET_ACCESS_KEY_LENGTH && text.p[0] != '/' && text_is_all_of(text, "/+");
}

bool values_is_uri(struct slice text)
{
        size_t colon = slice_find(text, ':');
        if (colon < 2 || colon >= text.n)
                return false;
        for (size_t i = 0; i < colon; i++) {
                uint8_t c = text.p[i];
                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-'))
                        return false;
        }
        return true;
}
