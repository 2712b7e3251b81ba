// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/aws_ini.h"

#include "proto/mem/buffer.h"
#include "tests/unit/config/support.h"

static void dump_properties(const struct aws_property *p, struct buffer *out)
{
        if (!p)
                return;
        dump_properties(p->next, out);
        (void)buffer_printf(out, "%s=", p->key);
        for (const char *c = p->value; *c; c++)
                (void)buffer_put_byte(out, *c == '\n' ? '|' : (uint8_t)*c);
        (void)buffer_put_str(out, ";");
}

// "P foo{name=value;} …": P, S, V, I or ? for the kind, "|" for a line feed in a value.
static void dump(const struct aws_ini *ini, struct buffer *out)
{
        for (size_t i = 0; i < ini->count; i++) {
                (void)buffer_printf(out, "%s%c %s{", i ? " " : "", "PSVI?"[ini->sections[i].kind],
                                    ini -> sections[i].name);
                dump_properties(ini->sections[i].properties, out);
                (void)buffer_put_str(out, "}");
        }
}

// What `text` reads as, or its error.
static const char *read_text(enum aws_file file, struct slice text, struct buffer *out, struct error *e)
{
        struct arena strings, secrets;
        arena_init(&strings, false);
        arena_init(&secrets, true);
        struct aws_ini ini = {.strings = &strings, .secrets = &secrets};
        *e = (struct error){.kind = ERROR_NONE};
        buffer_reset(out);
        if (aws_ini_parse(&ini, file, "FILE", text, e) == 0)
                dump(&ini, out);
        else
                (void)buffer_printf(out, "error: %s", e->message);
        aws_ini_free(&ini);
        arena_free(&strings);
        arena_free(&secrets);
        return buffer_c_str(out);
}

struct row {
        const char *text, *expected; // expected: as dump() has it, or the beginning of the error
};

static void check(enum aws_file file, const struct row *rows, size_t count)
{
        struct buffer out;
        struct error e;
        buffer_init(&out, 4096);
        for (size_t i = 0; i < count; i++) {
                const char *got = read_text(file, slice_str(rows[i].text), &out, &e);
                bool is_error = strncmp(rows[i].expected, "error:", 6) == 0;
                if (is_error ? strncmp(got, rows[i].expected, strlen(rows[i].expected)) != 0
                             : strcmp(got, rows[i].expected) != 0)
                        fail_msg("row %zu:\n%s\ngave     %s\nexpected %s", i, rows[i].text, got, rows[i].expected);
                if (is_error)
                        assert_true(e.kind == ERROR_CONFIG && e.hint[0]);
        }
        buffer_free(&out);
}

#define NO_EQUALS "error: FILE:2: found a line without \"=\""
#define NO_KEY "error: FILE:2: found no key before \"=\""
#define BAD_SUB "error: FILE:3: found a line that is not KEY = VALUE below a setting without a value"
#define NO_SECTION "error: FILE:1: found a setting before the first section"

static void test_config(void **state)
{
        (void)state;
        static const struct row rows[] = {
            // what there is, and what is empty
            {"", ""},
            {"\n  \n\t\n", ""},
            {"[profile foo]", "P foo{}"},
            {"[profile foo]\n[profile bar]", "P foo{} P bar{}"},
            {"[profile foo]\nname = value", "P foo{name=value;}"},
            {"[profile foo]\r\nname = value\r\n", "P foo{name=value;}"},
            {"[profile foo]\nname = value\nname2 = value2", "P foo{name=value;name2=value2;}"},
            {"[profile foo]\nname =", "P foo{name=;}"},
            {"[profile foo]\n\t\nname = value\n \n", "P foo{name=value;}"},
            // blanks
            {"[profile foo]\nname\t=\tvalue\t", "P foo{name=value;}"},
            {"[profile foo]\nname=value", "P foo{name=value;}"},
            {"[   profile foo   ]", "P foo{}"},
            {"[profile\tfoo]", "P foo{}"},
            {"[profile \t  foo \t]   \t", "P foo{}"},
            {"[ default ]\na=1", "P default{a=1;}"},
            // which sections count
            {"[profilefoo]\na=1", "I profilefoo{a=1;}"},
            {"[profile]\na=1", "I profile{a=1;}"},
            {"[profile ]\na=1", "I profile{a=1;}"},
            {"[foo]\na=1\n[profile bar]\nb=2", "I foo{a=1;} P bar{b=2;}"},
            {"[sso-session s]\na=1\n[services v]\nb=2", "S s{a=1;} V v{b=2;}"},
            {"[sso-sessions s]\na=1", "I sso-sessions s{a=1;}"},
            {"[services]\na=1\n[plugins]\nx=y", "I services{a=1;} I plugins{x=y;}"},
            {"[Profile foo]\na=1", "I Profile foo{a=1;}"},
            {"[Default]\na=1", "I Default{a=1;}"},
            {"[profile foo!bar]\na=1", "P foo!bar{a=1;}"},
            {"[profile R&D]\na=1", "P R&D{a=1;}"},
            {"[profile [PROD]-x]\na=1", "P [PROD]-x{a=1;}"},
            {"[profile a]b]\na=1", "P a]b{a=1;}"},
            {"[profile \"team (prod)\"]\na=1", "P team (prod){a=1;}"},
            {"[profile team\\ prod]\na=1", "P team prod{a=1;}"},
            {"[profile \"a\"b'c d']\na=1", "P abc d{a=1;}"},
            {"[sso-session a,b]\n[services c*d]\na=1", "S a,b{} V c*d{a=1;}"},
            {"[profile O'Brien]\na=1\n[profile b]\nb=2", "? profile O'Brien{} P b{b=2;}"},
            {"[profile foo bar]\na=1", "? profile foo bar{}"},
            {"[profile \xc3\xa4]\na=1", "P \xc3\xa4{a=1;}"},
            {"[profile ABCabc012_-/.%@:+]\na=1", "P ABCabc012_-/.%@:+{a=1;}"},
            {"[default]\na=1\n[profile default]\nb=2",
             "P default{a=1;} P default{b=2;}"}, // one is dropped at the merge
            // comments
            {"# c\n; c\n[profile foo] # c\n# c\nname = value # c\n; c", "P foo{name=value;}"},
            {"[profile foo]; c", "P foo{}"},
            {"[profile foo]# c", "P foo{}"},
            {"[profile foo]\t;c", "P foo{}"},
            {"[profile foo]\nname = value ; c", "P foo{name=value;}"},
            {"[profile foo]\nname = value\t# c", "P foo{name=value;}"},
            {"[profile foo]\nname = value; c", "P foo{name=value; c;}"},
            {"[profile foo]\nname = value# c", "P foo{name=value# c;}"},
            {"[profile foo]\nname = ; c", "P foo{name=;}"},
            {"[profile foo]\nname =# c", "P foo{name=# c;}"},
            {"[profile foo#bar]\na=1", "P foo#bar{a=1;}"},
            {"[profile foo] # see ]\na=1", "P foo{a=1;}"},
            {"[profile foo] # [x]\na=1", "P foo{a=1;}"},
            {"[profile foo] bar\na=1", "P foo{a=1;}"},
            {"[profile foo] name = value\na=1", "P foo{a=1;}"},
            {"#\xff\n[profile foo]", "P foo{}"},
            // keys
            {"[profile foo]\nName = 1\nNAME = 2", "P foo{name=1;name=2;}"},
            {"[profile foo]\nna me = 1\nb = 2", "P foo{b=2;}"},
            {"[profile foo]\nn!me = 1\nb = 2", "P foo{b=2;}"},
            {"[profile foo]\na-b_C9 = 1", "P foo{a-b_c9=1;}"},
            {"[profile foo]\nname = val=ue", "P foo{name=val=ue;}"},
            {"[profile foo]\nname = a:b=c", "P foo{name=a:b=c;}"},
            // sections that come again
            {"[profile foo]\na=1\n[profile bar]\n[profile foo]\nb=2", "P foo{a=1;} P bar{} P foo{b=2;}"},
            // continuation
            {"[profile foo]\nname = v\n -more # x", "P foo{name=v|-more # x;}"},
            {"[profile foo]\nname = v\n\t-more \n\n  -and more ; y", "P foo{name=v|-more|-and more ; y;}"},
            {"[profile foo]\nname = v # c\n -more", "P foo{name=v|-more;}"},
            {"[profile foo]\nn!me = v\n -more\nb = 1", "P foo{b=1;}"},
            {"[foo]\nname = v\n -more\n[profile bar]\nb = 1", "I foo{name=v|-more;} P bar{b=1;}"},
            {"[profile foo]\nname = v\n [x]", "P foo{name=v|[x];}"},
            // settings below a setting
            {"[profile foo]\ns3 =\n  addressing_style = path", "P foo{s3=|addressing_style = path;}"},
            {"[profile foo]\ns3 =\n\n  a = 1\n \n  B =\n\tc=2\nx = 3", "P foo{s3=|a = 1|B =|c=2;x=3;}"},
            {"[profile foo]\ns3 = # c\n  a = 1", "P foo{s3=|a = 1;}"},
            // where SDKs agree on more
            {"\xef\xbb\xbf[profile foo]\na=1", "P foo{a=1;}"},
            {"[profile foo]\nname: value", "P foo{name=value;}"},
            {"[profile foo]\nname : a=b", "P foo{name=a=b;}"},
            {"[profile \"foo\"]\na=1", "P foo{a=1;}"},
            {"[profile 'my prof']\na=1", "P my prof{a=1;}"},
            {"[profile \"foo']\na=1", "? profile \"foo'{}"},
            {"[profile foo\nname = value\n[profile b]\nb=2", "? profile foo{} P b{b=2;}"},
            {"[", "? {}"},
            {"[profile \"\"]\na=1", ""},
            {"[profile foo]\na = 1\n  # c\nb = 2\n\t; c", "P foo{a=1;b=2;}"},
            {"[profile foo]\ns3 =\n  # c\n  a = 1", "P foo{s3=|a = 1;}"},
            // all of a section indented
            {"[profile foo]\n  a = 1\n  b = 2", "P foo{a=1;b=2;}"},
            {"[profile foo]\n\ta = 1\n\n\tb = 2\n[profile bar]\n  c = 3", "P foo{a=1;b=2;} P bar{c=3;}"},
            {"[profile foo]\n  a = 1\n    -more\n  b = 2", "P foo{a=1|-more;b=2;}"},
            {"[profile foo]\n  s3 =\n    a = 1\n  b = 2", "P foo{s3=|a = 1;b=2;}"},
            {"[profile foo]\n    a = 1\n  b = 2\nc = 3\n  -more", "P foo{a=1;b=2;c=3|-more;}"},
            {"  [profile foo]\n  a = 1", "P foo{a=1;}"},
            // quotes around a value are its own
            {"[profile foo]\na = \"x y\"", "P foo{a=\"x y\";}"},
        };
        check(AWS_FILE_CONFIG, rows, ROWS(rows));
}

static void test_faults(void **state)
{
        (void)state;
        static const struct row rows[] = {
            {"name = value", NO_SECTION},
            {"  name = value", NO_SECTION},
            {"[profile foo]\nname", NO_EQUALS},
            {"[profile foo]\nname # = value", NO_EQUALS},
            {"[foo]\nname", NO_EQUALS},
            {"[profile foo]\n= value", NO_KEY},
            {"[profile foo]\n : value", NO_KEY},
            {"[profile foo]\n -x", NO_EQUALS},
            {"[profile foo]\na=1\n[profile bar]\n -x", "error: FILE:4: found a line without \"=\""},
            {"[profile foo]\ns3 =\n  name", BAD_SUB},
            {"[profile foo]\ns3 =\n  = value", BAD_SUB},
            {"[profile foo]\ns3 =\n  name : value", BAD_SUB},
            {"[profile foo]\na = 1\rb = 2", "error: FILE:2: found a carriage return within a line"},
            {"# c\r[profile foo]\r\n", "error: FILE:1: found a carriage return within a line"},
            {"[profile foo]\nname = \xff", "error: FILE:2: found bytes that are not valid UTF-8"},
        };
        check(AWS_FILE_CONFIG, rows, ROWS(rows));

        struct buffer out;
        struct error e;
        buffer_init(&out, 4096);
        (void)read_text(AWS_FILE_CONFIG, SLICE("[profile foo]\na = b\0c"), &out, &e);
        assert_non_null(strstr(e.message, "FILE:2: found bytes that are not valid UTF-8"));
        // Nothing of a line is repeated.
        (void)read_text(AWS_FILE_CREDENTIALS, SLICE("[foo]\naws_secret_access_key wJalrXUtnFEMI"), &out, &e);
        assert_non_null(strstr(e.message, "FILE:2:"));
        assert_null(strstr(e.message, "wJalr"));
        assert_null(strstr(e.hint, "wJalr"));
        buffer_free(&out);
}

static void test_credentials(void **state)
{
        (void)state;
        static const struct row rows[] = {
            {"[default]\na=1\n[foo]\nb=2", "P default{a=1;} P foo{b=2;}"},
            {"[profile foo]\na=1\n[bar]\nb=2", "P bar{b=2;}"},
            {"[profile default]\na=1", ""},
            {"[sso-session s]\na=1", ""},
            {"[sso-session]\na=1", "P sso-session{a=1;}"},
            {"[my prof]\na=1\n['other prof']\nb=2\n[profiles x]\nc=3",
             "P my prof{a=1;} P other prof{b=2;} P profiles x{c=3;}"}, // the AWS CLI writes [my prof]
            {"[R&D]\na=1\n[a \"b\" c]\nb=2\n[it's]\nc=3", "P R&D{a=1;} P a \"b\" c{b=2;} P it's{c=3;}"},
            {"[foo\na=1\n[b]\nb=2", "? foo{} P b{b=2;}"},
            {"[foo]\naws_access_key_id = A\naws_secret_access_key = s/+=\naws_session_token = t==",
             "P foo{aws_access_key_id=A;aws_secret_access_key=s/+=;aws_session_token=t==;}"},
        };
        check(AWS_FILE_CREDENTIALS, rows, ROWS(rows));
}

// Where the fault of an odd line is.
static void test_odd(void **state)
{
        (void)state;
        static const struct {
                const char *line, *what;
                unsigned at;
        } t[] = {
            {"[profile foo", "it has no \"]\"", 13},
            {"[profile O'Brien]", "quotation mark is not closed", 11},
            {"[profile \xc3\xa4\xc3\xb6'x]", "quotation mark is not closed", 12},
            {"[profile a\\]", "a backslash is its last character", 11},
            {"[profile foo bar]", "a second word begins there", 14},
            {"  [profile \"a b\" c]", "a second word begins there", 16},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct arena strings, secrets;
                struct error e;
                arena_init(&strings, false);
                arena_init(&secrets, true);
                struct aws_ini ini = {.strings = &strings, .secrets = &secrets};
                assert_int_equal(aws_ini_parse(&ini, AWS_FILE_CONFIG, "f", slice_str(t[i].line), &e), 0);
                assert_int_equal(ini.count, 1);
                assert_int_equal(ini.sections[0].kind, AWS_SECTION_ODD);
                if (!strstr(ini.sections[0].fault.what, t[i].what) || ini.sections[0].fault.at != t[i].at)
                        fail_msg("%s: %u, %s", t[i].line, ini.sections[0].fault.at, ini.sections[0].fault.what);
                aws_ini_free(&ini);
                arena_free(&strings);
                arena_free(&secrets);
        }
}

static void test_get(void **state)
{
        (void)state;
        struct arena strings, secrets;
        struct error e;
        arena_init(&strings, false);
        arena_init(&secrets, true);
        struct aws_ini ini = {.strings = &strings, .secrets = &secrets};
        static const char text[] = "[services v]\nsts =\n  endpoint_url = https://a\n  Endpoint_URL = https://b\n"
                                   "s3 = x\nempty =\na = 1\na = 2\n";
        assert_int_equal(aws_ini_parse(&ini, AWS_FILE_CONFIG, "f", slice_str(text), &e), 0);
        const struct aws_section *s = &ini.sections[0];
        assert_string_equal(aws_section_get(s, "a")->value, "2");
        assert_int_equal(aws_section_get(s, "a")->line, 8);
        assert_null(aws_section_get(s, "empty"));
        assert_null(aws_section_get(s, "none"));
        assert_null(aws_section_get(NULL, "a"));
        const struct aws_property *sts = aws_section_get(s, "sts");
        assert_slice(aws_property_get(sts, SLICE("endpoint_url")), "https://b");
        assert_int_equal(aws_property_get(sts, SLICE("other")).n, 0);
        assert_int_equal(aws_property_get(aws_section_get(s, "s3"), SLICE("x")).n, 0);
        aws_ini_free(&ini);
        arena_free(&strings);
        arena_free(&secrets);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_config), cmocka_unit_test(test_faults), cmocka_unit_test(test_credentials),
            cmocka_unit_test(test_odd),    cmocka_unit_test(test_get),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
