"""Phone numbers against libphonenumber (its Python twin, Debian's python3-phonenumbers): numbers of every
region, made by its own patterns, written in the ways in which people, forms, trackers and programs write
them.  The program must come to the number's E.164, or leave the number out; what it sends is compared as
SHA-256 by Python's hashlib.

PHONES=40 makes that many numbers of each region and kind instead of 3, asks libphonenumber to read them
as well, and prints the table of docs/DESIGN.md."""
import collections
import hashlib
import json
import os
import random
import sys
import urllib.parse

try:
    import phonenumbers
except ImportError:  # another interpreter than Debian's own
    sys.path.append("/usr/lib/python3/dist-packages")
    import phonenumbers
try:
    import re._parser as sre
except ImportError:
    import sre_parse as sre
from phonenumbers import PhoneNumberFormat as Format

from harness import Folder, equal, main, part, run, say, true

MEASURE = "PHONES" in os.environ
PER = int(os.environ.get("PHONES", "3"))
AT = "1790000000"
OFFER = """version: 1
offer: phones
extends: generic
pixel: C9EXAMPLEPIXEL00
page_url: https://lander.example/
events: {lead: Lead}
user:
  phone: {from: "{param.p}", country: "{param.c}"}
"""
# What is left over when libphonenumber's patterns make numbers that no person has: lines of machines
# (NL 97), three-digit service lines behind an area code (AT, CN, DE), Mexico's old mobile 1, Gabon's
# numbers of before 2019.
NOT_OF_PEOPLE = {("NL", "97"), ("MX", "1"), ("RW", "06")}


def sample(tree, rnd):
    """A text that the regular expression matches."""
    out = []
    for op, arg in tree:
        op = str(op)
        if op == "LITERAL":
            out.append(chr(arg))
        elif op == "IN":
            choice = []
            for kind, a in arg:
                kind = str(kind)
                choice += {"LITERAL": lambda: [chr(a)], "CATEGORY": lambda: list("0123456789"),
                           "RANGE": lambda: [chr(c) for c in range(a[0], a[1] + 1)]}[kind]()
            out.append(rnd.choice(choice))
        elif op == "MAX_REPEAT":
            low, high, sub = arg
            out += [sample(sub, rnd) for _ in range(rnd.randint(low, min(int(high), 20)))]
        elif op == "SUBPATTERN":
            out.append(sample(arg[-1], rnd))
        elif op == "BRANCH":
            out.append(sample(rnd.choice(arg[1]), rnd))
        else:
            raise ValueError(op)
    return "".join(out)


def numbers(region, rnd):
    """(number, national prefix) of mobile and fixed lines, valid by libphonenumber."""
    meta = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    for desc in (meta.mobile, meta.fixed_line):
        if desc is None or desc.national_number_pattern is None:
            continue
        tree, seen = sre.parse(desc.national_number_pattern), set()
        for _ in range(PER * 30):
            digits = sample(tree, rnd)
            if len(seen) == PER or digits in seen or (region, digits[:2]) in NOT_OF_PEOPLE or \
                    (region, digits[:1]) in NOT_OF_PEOPLE:
                continue
            number = phonenumbers.PhoneNumber(country_code=meta.country_code, national_number=int(digits))
            zeros = len(digits) - len(digits.lstrip("0"))
            if zeros:
                number.italian_leading_zero, number.number_of_leading_zeros = True, zeros
            if phonenumbers.is_valid_number_for_region(number, region):
                seen.add(digits)
                yield number, meta.national_prefix


def forms(region, number, trunk, rnd):
    """(class, country, text) of one number."""
    e164 = phonenumbers.format_number(number, Format.E164)
    wide = phonenumbers.format_number(number, Format.INTERNATIONAL)
    home = phonenumbers.format_number(number, Format.NATIONAL)
    bare = phonenumbers.national_significant_number(number)
    yield "E.164", "", e164
    yield "international", "", wide
    yield "international, of another country", "US" if region != "US" else "DE", wide
    yield "with 00", "", "00" + e164[1:]
    yield "with 00, its country", region, "00 " + wide[1:]
    yield "'+' lost to a blank", "", " " + e164[1:]
    yield "digits with calling code", region, e164[1:]
    yield "as at home", region, home
    yield "as at home, digits", region, "".join(c for c in home if c.isdigit())
    yield "without trunk prefix", region, bare
    yield "tel: URI", "", phonenumbers.format_number(number, Format.RFC3966)
    yield "blanks and line ends around", region, " \t%s\r\n" % home
    yield "dots, dashes, slashes", "", rnd.choice("-./").join(wide.split(" "))
    yield "extension", region, home + rnd.choice([" x123", " ext. 9", "x4711", " #12"])
    yield "full-width digits", region, "".join(chr(0xff10 + int(c)) if c.isdigit() else c for c in home)
    yield "Arabic-Indic digits", region, "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in home)
    yield "JSON number with .0", region, e164[1:] + ".0"
    if trunk:
        code = "+%d" % number.country_code
        yield "+code (trunk)", "", "%s (%s) %s" % (code, trunk, bare)
        yield "trunk prefix before it", region, trunk + bare


DAMAGE = ("one digit too many", "one digit missing", "random digits", "a letter inside", "two numbers")


def damaged(region, number, rnd):
    e164 = phonenumbers.format_number(number, Format.E164)
    at = rnd.randrange(4, len(e164))
    yield "one digit too many", "", e164[:at] + rnd.choice("0123456789") + e164[at:]
    yield "one digit missing", "", e164[:at] + e164[at + 1:]
    yield "random digits", region, "".join(rnd.choice("0123456789") for _ in range(rnd.randint(7, 15)))
    yield "a letter inside", "", e164[:at] + rnd.choice("abcdfghijk") + e164[at:]
    yield "two numbers", "", e164 + rnd.choice([",", ";", "/", " "]) + e164


def theirs(country, text):
    """What libphonenumber makes of it, or None."""
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, Format.E164) if phonenumbers.is_possible_number(number) else None


def ours(rows):
    """The user.phone of each row's event, or None."""
    path = Folder(offers=()).write("phones.yaml", OFFER)
    quote = urllib.parse.quote
    lines = "".join("?click_id=c&status=lead&ttclid=T&c=%s&p=%s\n" % (country, quote(text, safe=""))
                    for _, country, text, _ in rows)
    result = run("translate", path, "-", "--at", AT, stdin=lines)
    bodies = [json.loads(line)["data"][0]["user"].get("phone") for line in result.out.splitlines()]
    equal("an event for each of %d numbers" % len(rows), (result.code, len(bodies)), (0, len(rows)))
    return bodies


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def table(rows, answers):
    """{class: [all, right, wrong, right by libphonenumber, both the same]}"""
    out = collections.OrderedDict()
    for (name, country, text, truth), answer in zip(rows, answers):
        lib = theirs(country, text) if MEASURE else None
        n = out.setdefault(name, [0] * 5)
        n[0] += 1
        n[1] += answer == sha256(truth)
        n[2] += answer is not None and answer != sha256(truth)
        n[3] += lib == truth
        n[4] += answer == sha256(lib)
    return out


@part
def numbers_of_every_region():
    rnd = random.Random(66)
    rows = [(name, country, text, phonenumbers.format_number(number, Format.E164))
            for region in sorted(phonenumbers.SUPPORTED_REGIONS) for number, trunk in numbers(region, rnd)
            for name, country, text in forms(region, number, trunk, rnd)]
    true("more than 15,000 numbers", len(rows) > 15000, len(rows))
    result = table(rows, ours(rows))
    for name, (n, right, wrong, lib, same) in result.items():
        true("%s: at least 99 %% right, at most 0.5 %% wrong" % name,
             right >= 0.99 * n and wrong <= 0.005 * n, (n, right, wrong))
        if MEASURE:
            say("# %-34s %6d  right %6.2f %%  wrong %5.2f %%  libphonenumber right %6.2f %%  same %6.2f %%"
                % (name, n, 100 * right / n, 100 * wrong / n, 100 * lib / n, 100 * same / n))
    n, right = (sum(row[i] for row in result.values()) for i in (0, 1))
    true("all together: at least 99.5 % right", right >= 0.995 * n, (n, right))


@part
def damaged_numbers():
    """Nothing is right here; but when both give a number, it is the same one."""
    rnd = random.Random(67)
    rows = [(name, country, text, None)
            for region in sorted(phonenumbers.SUPPORTED_REGIONS) for number, _ in numbers(region, rnd)
            for name, country, text in damaged(region, number, rnd)]
    both, same = 0, 0
    counts = {name: [0, 0, 0] for name in DAMAGE}
    for (name, country, text, _), answer in zip(rows, ours(rows)):
        lib = theirs(country, text)
        if answer and lib:
            both, same = both + 1, same + (answer == sha256(lib))
        counts[name][0] += 1
        counts[name][1] += answer is not None
        counts[name][2] += lib is not None
    true("damaged: both give the same number", same >= 0.99 * both, (both, same))
    equal("damaged: letters inside give nothing", counts["a letter inside"][1], 0)
    equal("damaged: two numbers in one field give nothing", counts["two numbers"][1], 0)
    if MEASURE:
        for name, (n, kept, lib) in counts.items():
            say("# %-34s %6d  sent %6.2f %%  possible by libphonenumber %6.2f %%"
                % (name, n, 100 * kept / n, 100 * lib / n))


@part
def known_cases():
    """Where known products are wrong; by hashlib."""
    cases = [("", "(+1)2133734253", "+12133734253"), ("", "+49 (0)151 1234-5678", "+4915112345678"),
             ("DE", "0049 151 12345678", "+4915112345678"), ("DE", " 4915112345678", "+4915112345678"),
             ("IT", "06 698 12345", "+390669812345"), ("US", "1 (213) 373-4253 x5", "+12133734253"),
             ("MX", "+52 1 55 1234 5678", "+525512345678"), ("AR", "011 15-1234-5678", "+5491112345678"),
             ("BR", "0 15 11 98765-4321", "+5511987654321"), ("RU", "8 (916) 123-45-67", "+79161234567"),
             ("RU", "+7 8 916 123-45-67", "+79161234567"), ("", "+43 664 1234567890", "+436641234567890"),
             ("", "+43 664 12345678901", None), ("DE", "1.5e10", None), ("US", "1234567890", None),
             ("DE", "none", None), ("", "0151 12345678", None)]
    rows = [("", country, text, truth) for country, text, truth in cases]
    for (_, country, text, truth), answer in zip(rows, ours(rows)):
        equal("%r of %s" % (text, country or "nowhere"), answer, sha256(truth))


main()
