# SPDX-License-Identifier: Apache-2.0
"""Random ~/.aws files, and what botocore and keyfob read in each. Everything that the two are known to differ in is a
rule here, with its reason; what is left must be the same."""

import configparser
import json
import re
import subprocess
from dataclasses import dataclass
from unittest import mock

import botocore.configloader
import botocore.exceptions

from support import paths

TOOL = paths.BUILD / "shared_config_judge"
KEY = re.compile(r"[a-z0-9_-]+")
BOM = "\ufeff"


def order(kind, data=b""):
    return f"{kind} {len(data)}\n".encode() + data + b"\n"


def ask(mode, home, cases):
    """keyfob's answers. A case is (environment, config, credentials); files are bytes, or None: there is none."""
    (home / ".aws").mkdir(exist_ok=True)
    text = bytearray()
    for environment, config, credentials in cases:
        for name, value in environment.items():
            text += order("env", f"{name}={value}".encode())
        for kind, data in (("config", config), ("credentials", credentials)):
            if data is not None:
                text += order(kind, data)
        text += order("run")
    run = subprocess.run([TOOL, mode, home], input=text, capture_output=True, check=False, timeout=600)
    assert run.returncode == 0, run.stderr.decode()
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(cases)
    return answers


# ---- files by chance ----

NAMES = ["a", "b", "A", "default", "work", "dev.x", "a/b@c:d+e%f", "x_y-z", "0", "DEFAULT", "Default"]
ODD_NAMES = ["my prof", "foo!bar", "R&D", "[PROD]-x", "it's", "a\\ b", "team (x)", "a]]", "x*y^z$", "mül", "a]b", "a[b", "'q'", '"q', "a#b", "a;b", "a=b", "", " ", "a\tb", "a,b", "*"]
KEYS = [
    "region",
    "output",
    "role_arn",
    "source_profile",
    "aws_access_key_id",
    "aws_secret_access_key",
    "services",
    "credential_process",
    "sso_session",
    "s3",
    "sts",
    "endpoint_url",
    "max_attempts",
    "x-y",
    "Region",
    "ROLE_ARN",
]
ODD_KEYS = ["na me", "n!me", "ключ", "", "#x", ";x", "a b", "[x", "x]", "'k'", '"k"', "k.", "K"]
VALUES = [
    "us-east-1",
    "json",
    "x",
    "a b",
    "arn:aws:iam::111122223333:role/x",
    "https://h:1/p?q=r#s",
    "a=b",
    "a:b",
    "true",
    "AKIDEXAMPLE00001",
    "wJalr/XUtn+FEMI=",
    '"quoted"',
    "'single'",
    "50%",
    "%(x)s",
    "$HOME",
    "~/x",
    "[x]",
    "\\",
    "a\\nb",
]
ODD_VALUES = [
    "",
    " ",
    "v # c",
    "v ; c",
    "v# c",
    "v\t# c",
    "# c",
    "; c",
    "ü",
    "日本",
    "=",
    ":",
    "= =",
    "x" * 5000,
    '"',
    "'",
]
BLANKS = ["", "", "", " ", "  ", "\t", " \t "]
COMMENTS = ["# c", "; c", "#", ";", "#a = b", "  # c", "\t; c", "#[x]"]


def pick(random, common, odd, share):
    return random.choice(odd if random.random() < share else common)


@dataclass
class Style:
    """How odd a file is, and how its lines end and are indented."""

    odd: float
    indent: str
    end: str

    @staticmethod
    def by_chance(random):
        indents = ["", "", "", "", " ", "  ", "    ", "\t"]
        return Style(
            random.choice([0, 0, 0.02, 0.1]), random.choice(indents), random.choice(["\n", "\n", "\n", "\r\n"])
        )


def random_section(random, is_config, style):
    name = pick(random, NAMES, ODD_NAMES, style.odd * 2)
    if random.random() < 0.1:
        quote = random.choice("'\"")
        name = f"{quote}{name}{quote}"
    prefix = "profile" if is_config else ""
    if random.random() < (0.35 if is_config else 0.05):
        prefix = random.choice(["", "sso-session", "services", "profile", "Profile", "profiles", "plugins"])
    if random.random() < 0.15:
        prefix, name = "", "default"
    between = random.choice([" ", " ", " ", " ", "  ", "\t", ""]) if style.odd else " "
    inner = random.choice(BLANKS) if style.odd and random.random() < 0.2 else ""
    after = ""
    if random.random() < 0.1 + style.odd:
        after = random.choice(
            [" ", " # c", "; c", "#c", "\t", " # ]", " ;]"] + ([" x", "]", "x = y"] if style.odd else [])
        )
    bracket = "" if random.random() < style.odd / 10 else "]"
    return f"[{inner}{prefix}{between if prefix else ''}{name}{inner}{bracket}{after}"


def random_lines(random, is_config, style):
    if random.random() < 0.2:
        yield random.choice(COMMENTS)
    if random.random() < style.odd / 5:
        yield "region = nowhere"
    for _ in range(random.randrange(5)):
        lead = random.choice(BLANKS) if random.random() < style.odd else ""
        yield lead + random_section(random, is_config, style)
        for _ in range(random.randrange(6)):
            yield from random_property(random, style)


def random_property(random, style):
    chance = random.random()
    if chance < 0.08:
        yield random.choice(["", " ", "\t", "    "])
    if chance > 0.92:
        yield random.choice(COMMENTS)
    key = pick(random, KEYS, ODD_KEYS, style.odd)
    value = pick(random, VALUES, ODD_VALUES, style.odd * 3)
    separator = random.choice([" = ", "=", " =", "= ", "\t=\t", " : ", ":"] if random.random() < 0.3 else [" = "])
    if random.random() < style.odd / 5:
        separator = random.choice(["", " ", "=="])
    indent = random.choice(["", " ", "  ", "\t", "      "]) if random.random() < style.odd else style.indent
    if random.random() < 0.15:
        yield f"{indent}{key}{separator}".rstrip() if random.random() < 0.8 else f"{indent}{key}{separator}"
        for _ in range(random.randrange(4)):
            yield from below(random, style)
        return
    tail = random.choice([" ", " # c", "\t; c", "  "]) if random.random() < 0.1 else ""
    yield f"{indent}{key}{separator}{value}{tail}"
    if random.random() < 0.1:
        yield from below(random, style)


def below(random, style):
    """A line that continues something."""
    deeper = style.indent + random.choice(["  ", "\t", "    ", " "])
    if random.random() < 0.15:
        yield random.choice(["", deeper, deeper + "# c", "# c"])
    key = random.choice(["endpoint_url", "a", "Endpoint_URL", "max"])
    value = pick(random, VALUES, ODD_VALUES, style.odd)
    yield deeper + random.choice([f"{key} = {value}", f"{key}={value}", value] if style.odd else [f"{key} = {value}"])


def mutate(random, text):
    """A few bytes elsewhere, as mistakes of an editor or a copy go."""
    pieces = ["[", "]", "=", ":", "#", ";", " ", "\t", "\n", "\r\n", '"', "'", "\n ", "é", "\n[", "profile ", "\n\n"]
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(text) + 1)
        kind = random.random()
        if kind < 0.5:
            text = text[:at] + random.choice(pieces) + text[at:]
        elif kind < 0.85:
            text = text[:at] + text[at + random.randrange(1, 4) :]
        else:
            lines = text.split("\n")
            lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
            text = "\n".join(lines)
    return text


def random_file(random, is_config):
    """Bytes, or None."""
    if random.random() < 0.1:
        return None
    style = Style.by_chance(random)
    text = style.end.join(random_lines(random, is_config, style))
    if random.random() < 0.8:
        text += style.end
    if random.random() < 0.3:
        text = mutate(random, text)
    if random.random() < 0.03:
        text = BOM + text
    return text.encode()


# ---- what botocore reads, but for what is known to differ ----


def header(raw, is_config):
    """(kind, name) of a section, or None where keyfob passes it over."""
    raw = raw.strip(" \t")  # botocore keeps blanks
    words = re.fullmatch(r"(profile|sso-session|services)[ \t]+(.*)", raw, re.DOTALL)
    kind, name = words.groups() if words else ("profile", raw)
    if is_config and not words:
        return ("default", raw) if raw == "default" else None
    if words and not is_config:
        return None  # [profile x] is no form of the credentials file; botocore takes it for the name "profile x"
    if words:
        (name,) = botocore.configloader._parse_section(f"{kind} {name}", {}) or ("",)
    elif len(name) > 2 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]  # botocore keeps the quotes in the credentials file
    return (kind, name) if name else None


class Headers:
    """In the place of a pattern for section lines: finds the same section wherever keyfob does."""

    def __init__(self, is_config):
        self.is_config = is_config

    def match(self, line):
        # botocore goes to the last "]" of the line, also where the first one is that before a comment.
        found = re.match(r"\[([^\]]*)\]\s*(?:[#;].*)?$", line) or re.match(r"\[(.+)\]", line)
        where = header(found[1], self.is_config) if found else None
        return found and re.match("(?P<header>.*)", json.dumps(where))


def parser_of(is_config, **more):
    class Parser(configparser.RawConfigParser):
        SECTCRE = Headers(is_config)

        def __init__(self):
            # For botocore, [DEFAULT] holds defaults of all sections, which no other SDK knows.
            super().__init__(default_section=None, **more)

    return Parser


NESTED = botocore.configloader._parse_nested


def check_nested(value):
    """For what the lines below a setting are is compared as text."""
    NESTED(value)
    return value


def load(path, is_config, data, **more):
    """The sections of a file by kind and name."""
    if data is None:
        return {}
    path.write_bytes(data.removeprefix(BOM.encode()))  # which botocore takes for a line before all sections
    parser = mock.patch.object(configparser, "RawConfigParser", parser_of(is_config, **more))
    nested = mock.patch.object(botocore.configloader, "_parse_nested", check_nested)
    with parser, nested:
        sections = botocore.configloader.raw_config_parse(str(path))
    result = {tuple(json.loads(name)): section for name, section in sections.items() if name != "null"}
    plain = result.pop(("default", "default"), None)
    if plain is not None:  # [profile default] goes before [default]; to botocore the later one does
        result.setdefault(("profile", "default"), plain)
    return result


def tidy(section):
    """Keys that can be settings, with values as keyfob keeps them: botocore keeps the blank lines in them, too."""
    return {k: re.sub(r"\s*\n\s*", "\n", v) for k, v in section.items() if KEY.fullmatch(k)}


def read(folder, config, credentials, **more):
    """botocore's session.full_config of the two files, as {kind: {name: {key: text}}}; or its exception."""
    try:
        both = load(folder / "config", True, config, **more)
        keys = load(folder / "credentials", False, credentials, **more)
    except (botocore.exceptions.ConfigParseError, AttributeError) as e:
        return e
    for where, section in keys.items():
        both.setdefault(where, {}).update(section)
    result = {"profiles": {}, "sso_sessions": {}, "services": {}}
    for (kind, name), section in both.items():
        result[{"profile": "profiles", "sso-session": "sso_sessions"}.get(kind, kind)][name] = tidy(section)
    return result


# ---- the two beside each other ----


def readings(value):
    """What keyfob may make of a value: without the comment that a blank introduces, which to botocore is part of it."""
    first, feed, rest = value.partition("\n")
    heads = [re.split(pattern, first, maxsplit=1)[0].rstrip() for pattern in (r"[ \t][#;]", r"(?:^|[ \t])[#;]")]
    return [value, *((head + feed + rest).rstrip("\n") for head in heads)]


def refused_on_purpose(message, line, above):
    """Whether keyfob refuses what botocore takes for a reason that is known. `line` is the one that it names."""
    if "carriage return" in message:
        return re.search(r"\r[^\n]", line)  # botocore ends a line there
    if 'a line without "="' in message:
        return re.match(r"[^=:]*\s[#;].*[=:]", line)  # the "=" stands in a comment
    if "KEY = VALUE below" in message:  # botocore takes an empty key, and the comment beside a setting for its value
        return re.match(r"\s*=", line) or re.search(r"[=:][ \t]+[#;].*\n(?:[ \t].*\n|\s*\n|[#;].*\n)*$", above)
    return False


def difference(folder, config, credentials, answer):
    """None, or what keyfob and botocore differ in."""
    if any(re.search(rb"(?m)^(?:\xef\xbb\xbf)?\s*\[[^\]\r\n]*\r?$", data or b"") for data in (config, credentials)):
        return None  # without "]": botocore refuses the file, or with a "=" takes it for a setting of the section before
    expected = read(folder, config, credentials, strict=False)  # the SDKs' rules merge what comes again
    message = answer.get("error")
    if message:
        if isinstance(expected, Exception) or isinstance(read(folder, config, credentials), Exception):
            return None
        where = re.search(r"/\.aws/(\w+):(\d+): ", message)
        lines = (config if where[1] == "config" else credentials).decode().removeprefix(BOM).split("\n")
        at = int(where[2]) - 1
        is_known = refused_on_purpose(message, lines[at], "".join(f"{line}\n" for line in lines[:at]))
        return None if is_known else f"refused: {message.split(': ', 1)[1]}"
    if isinstance(expected, Exception):
        if any(re.search(rb"(?m)^(?:\xef\xbb\xbf)?\s*\[\]", data or b"") for data in (config, credentials)):
            return None  # a section without a name is none to botocore
        return f"taken: {re.sub(r'[^ ]*/[^ ]*|line .*', '', str(expected))[:120]}"
    for kind, sections in expected.items():
        if sections.keys() != answer[kind].keys():
            return f"{kind}: other names: {sections.keys() ^ answer[kind].keys()}"
        for name, section in sections.items():
            got = answer[kind][name]
            if section.keys() != got.keys():
                return f"{kind}: other keys"
            if any(got[key] not in readings(value) for key, value in section.items()):
                return f"{kind}: other values"
    return None
