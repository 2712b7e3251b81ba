# SPDX-License-Identifier: Apache-2.0
"""Points in time, read as botocore reads them: by dateutil. What it takes with a zone and a whole date is taken, and means
the same; what keyfob takes beyond that is nothing."""

import datetime
import random
import subprocess
import warnings

import dateutil.parser
from support import paths

TOOL = paths.BUILD / "timestamps"
SEED = 20261201
FORMS = 20000
MUTATIONS = 20000

TABLE = [
    "2026-12-01T03:11:08Z",
    "2026-12-01T03:11:08UTC",
    "2026-12-01 03:11:08+00:00",
    "2026-12-01T03:11Z",
    "2026-12-01T03Z",
    "20261201T031108Z",
    "20261201031108Z",
    "2026-12-01T03:11:08.123456789+05:30",
    "2026-12-01T03:11:08,123Z",
    "2026-12-01T03:11:08.000+0000",
    "2026-12-01T03:11:08-08",
    "2026-12-01T03:11:08+5",
    "2026-12-01 03:11:08 -0500 (EST)",
    "2026-12-01 03:11:08 GMT+0300",
    "2026-12-01 03:11:08 UTC-3",
    "Tue, 01 Dec 2026 03:11:08 GMT",
    "Tue Dec  1 03:11:08 UTC 2026",
    "12/01/2026 3:11:08 AM UTC",
    "13/12/2026 03:11Z",
    "1 December 2026 03:11:08 Z",
    "December 1st, 2026 03:11Z",
    "01-Dec-26 03:11:08 GMT",
    "2026-12-01 12:00 AM UTC",
    "2026-12-01 3 PM UTC",
    "2026-12-01 03h11m08s UTC",
    "03:11:08Z 2026-12-01",
    "2026.12.01 03:11:08Z",
    "9999-12-31T23:59:59Z",
    "  2026-12-01T03:11:08Z ",
    # refused
    "",
    "Z",
    "tomorrow",
    "2026-12-01",
    "2026-12-01Z",
    "03:11:08Z",
    "Dec 2026 03:11Z",
    "2026-12-01T03:11:08",
    "2026-12-01T03:11:08 EST",
    "2026-12-01 03:11:08 utc",
    "2026-12-01T24:00:00Z",
    "2026-02-30T03:11:08Z",
    "2026-13-32T03:11:08Z",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59-00:01",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+00:01",
    "2026-12-01T03:11:08+99:00",
    "1796094668",
    "1796094668Z",
    "caf\u00e9 2026-12-01T03:11:08Z",
]

REFUSED = "refused"
DAYS = ["Mon", "Tue", "Wednesday", "Thu", "Fri", "Saturday", "Sun"]


def seconds(text):
    """What dateutil makes of it; None: not a whole date with a zone of its own; REFUSED: nothing."""
    first = datetime.datetime(2000, 1, 28)
    second = datetime.datetime(2012, 7, 1)  # what is missing comes from here
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            times = [dateutil.parser.parse(text, default=default) for default in (first, second)]
        if times[0] != times[1] or times[0].tzinfo is None:
            return None
        value = (times[0] - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(seconds=1)
    except (ValueError, OverflowError, TypeError, Warning):
        return REFUSED
    return value if 0 <= value <= 253402300799 else None


def ours(texts):
    given = b"".join(text.encode() + b"\0" for text in texts)
    out = subprocess.run([TOOL], input=given, capture_output=True, timeout=120, check=True).stdout.decode()
    return [None if line == "-" else int(line) for line in out.splitlines()]


def random_date(r):
    when = datetime.date(1971, 1, 1) + datetime.timedelta(days=r.randrange(365 * 100))
    if r.random() < 0.5:
        when = when.replace(year=2026, day=min(when.day, 28))
    forms = ["%Y-%m-%d", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m/%d/%Y", "%d %b %Y", "%d %B %Y", "%b %d %Y"]
    forms += ["%B %d, %Y", "%d-%b-%Y", "%Y-%b-%d", "%d.%m.%Y", "%m-%d-%Y", "%b-%d-%Y", "%d/%b/%Y", "%m/%d/%y", "%d %b %y"]
    text = when.strftime(r.choice(forms))
    return f"{r.choice(DAYS)}{r.choice([', ', ' '])}{text}" if r.random() < 0.2 else text


def random_time(r):
    when = datetime.time(r.randrange(24), r.randrange(60), r.randrange(60))
    forms = ["%H:%M:%S", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M%p", "%I %p", "%Hh%Mm%Ss", "%Hh%Mm"]
    text = when.strftime(r.choice(forms))
    if text.count(":") == 2 and text[-1].isdigit() and r.random() < 0.3:
        text += r.choice([".", ","]) + str(r.randrange(10 ** r.randrange(1, 9)))
    return text


def random_zone(r):
    if r.random() < 0.5:
        return r.choice(["Z", "UTC", "GMT", " UTC", " GMT", " Z", "z", "+00:00", "+0000", "+00", " +0000", "-00:00"])
    hours, minutes = r.randrange(15), r.choice([0, 0, 30, 45])
    text = r.choice([f"{hours:02}:{minutes:02}", f"{hours:02}{minutes:02}", f"{hours:02}", f"{hours}"])
    return r.choice(["", " ", "GMT", " UTC"]) + r.choice("+-") + text + r.choice(["", "", "", " (CET)"])


def random_text(r):
    date, time, zone = random_date(r), random_time(r), random_zone(r)
    if r.random() < 0.15:
        return f"{time}{zone} {date}"
    packed = ["T%H%M%S", "T%H%M", "%H%M%S", "T%H", " %H%M"]
    if date.isdigit() and r.random() < 0.7:
        time = datetime.time(r.randrange(24), r.randrange(60), r.randrange(60)).strftime(r.choice(packed))
        return date + time + zone
    return date + r.choice(["T", " ", " ", "t", ", ", " at "]) + time + zone


def mutate(r, text):
    for _ in range(r.randrange(1, 3)):
        at = r.randrange(len(text) + 1)
        new = r.choice(["", "", r.choice("0123456789"), r.choice(" :-+/.,TZ()apmUTCshd\t")])
        text = text[:at] + new + text[at + r.randrange(2) :]
    return text


def is_same(got, expected, is_sane):
    if expected == REFUSED:
        return got is None or not is_sane
    return got == expected or (got is None and not is_sane)


def check(texts, is_sane):
    wrong = []
    for text, got in zip(texts, ours(texts), strict=True):
        expected = seconds(text)
        if not is_same(got, expected, is_sane):
            wrong.append((text, got, expected))
    assert not wrong, (len(wrong), wrong[:40])


def test_the_table():
    check(TABLE, True)


def test_random_forms():
    r = random.Random(SEED)
    check([random_text(r) for _ in range(FORMS)], True)


def test_never_another_time():
    """Texts that are hardly sane may be taken by one of the two alone. None means another time, or one without a zone."""
    r = random.Random(SEED + 1)
    check([mutate(r, random_text(r)) for _ in range(MUTATIONS)], False)
