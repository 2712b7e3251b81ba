// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/masked_text.h"

#include "tests/unit/unit.h"

#define KEY "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static void masks(void **state)
{
        (void)state;
        char password[] = "MY_PASSWORD=hunter2", key[] = "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", home[] = "HOME=/root";
        char file[] = "AWS_WEB_IDENTITY_TOKEN_FILE=/var/token", tiny[] = "API_TOKEN=ab";
        char *const environment[] = {password, key, home, file, tiny, NULL};
        static const struct {
                const char *text, *expected;
        } t[] = {
            {"", ""},
            {" \r\n", ""},
            {"helper: no such profile\n", "helper: no such profile"},
            {"a\n\tb\r\n\n c", "a b c"},
            {"red \x1b[31mtext\x07", "red [31mtext"},
            {"bad \xff utf8 caf\xc3\xa9", "bad ? utf8 caf\xc3\xa9"},
            {"got " KEY " from it", "got *** from it"},
            {KEY, "***"},
            {"(" KEY ")", "(***)"},
            {"x" KEY "%2F", "***"},
            {"39: 123456789012345678901234567890123456789", "39: 123456789012345678901234567890123456789"},
            {"jwt eyJhbGciOiJSUzI1NiJ9.x, then", "jwt ***, then"},
            {"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl &", "*** &"},
            {"user hunter2 at /root /var/token ab AKIAEXAMPLE!", "user *** at /root /var/token ab ***!"},
            {"export AWS_SECRET_ACCESS_KEY=short; AWS_SESSION_TOKEN='a b' x", "export AWS_SECRET_ACCESS_KEY=***; "
                                                                              "AWS_SESSION_TOKEN='***' x"},
            {"{\"SecretAccessKey\": \"s\", \"SessionToken\":\"t\", \"n\": \"v\"}",
             "{\"SecretAccessKey\": \"***\", \"SessionToken\":\"***\", \"n\": \"v\"}"},
            {"--client-secret=abc --password = def", "--client-secret=*** --password = ***"},
            {"the security token: has expired", "the security token: has expired"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                char out[300];
                masked_text(slice_str(t[i].text), environment, out, sizeof(out));
                assert_string_equal(out, t[i].expected);
        }
}

// The end is shown, and no secret is cut to a length at which it is none.
static void shows_the_end(void **state)
{
        (void)state;
        char text[20000], out[100];
        memset(text, 'S', sizeof(text)); // one long secret …
        memcpy(text + sizeof(text) - 60, " a last line of thirty-some bytes that says what is wrong    ", 60);
        masked_text(slice_of(text, sizeof(text)), NULL, out, sizeof(out));
        assert_string_equal(out, "*** a last line of thirty-some bytes that says what is wrong");
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = i % 8 == 7 ? ' ' : 'w';
        masked_text(slice_of(text, sizeof(text)), NULL, out, sizeof(out));
        assert_int_equal(strncmp(out, "\xe2\x80\xa6wwwwwww wwwwwww", 18), 0);
        assert_true(strlen(out) < sizeof(out));
        for (size_t i = 0; i + 1 < sizeof(text); i += 2)
                memcpy(text + i, "\xc3\xa9", 2);
        masked_text(slice_of(text, sizeof(text)), NULL, out, 32);
        assert_int_equal(strncmp(out, "\xe2\x80\xa6\xc3\xa9", 5), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(masks), cmocka_unit_test(shows_the_end)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
