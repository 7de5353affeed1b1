"""Exchange rates: the European Central Bank's files in every form, whole and damaged, against Python's own
csv, xml and decimal; what `rates` shows; what `check` says; what becomes of an event without a rate."""
import csv
import datetime
import io
import os
import random
import stat
import xml.etree.ElementTree as ET
import zipfile
from decimal import ROUND_HALF_EVEN, Decimal, getcontext

from harness import *

getcontext().prec = 60
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
NAMES = ("USD JPY CZK DKK GBP HUF PLN RON SEK CHF ISK NOK TRY AUD BRL CAD CNY HKD IDR ILS INR KRW MXN MYR NZD "
         "PHP SGD THB ZAR").split()
MONTHS = ("January February March April May June July August September October November December").split()
SOURCE = "European Central Bank, euro foreign exchange reference rates"


def sample(days, newest=TODAY, seed=1, names=NAMES):
    """Working days, newest first: [(day, {currency: text})], with the digits that the Bank has."""
    r = random.Random(seed)
    base = {c: Decimal(10) ** r.randint(-1, 4) * r.randint(1, 9) for c in names}
    out, day = [], newest
    while len(out) < days:
        if day.weekday() < 5:
            out.append((day, {c: str((base[c] * r.randint(9000, 11000) / 10000).quantize(
                Decimal(1).scaleb(-max(0, 4 - base[c].adjusted())))) for c in names}))
        day -= datetime.timedelta(1)
    return out


def daily_csv(data):
    day, rates = data[0]
    return "Date, %s, \n%02d %s %d, %s, \n" % (", ".join(rates), day.day, MONTHS[day.month - 1], day.year,
                                               ", ".join(rates.values()))


def hist_csv(data, extra=("CYP", "RUB")):
    names = list(data[0][1])
    rows = ["Date,%s,\n" % ",".join(names + list(extra))]
    for day, rates in data:
        rows.append("%s,%s,\n" % (day, ",".join([rates.get(n, "N/A") for n in names] + ["N/A"] * len(extra))))
    return "".join(rows)


def portal_csv(data, currency="USD"):
    out = io.StringIO()
    w = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    w.writerow(["DATE", "TIME PERIOD", "US dollar/Euro (EXR.D.%s.EUR.SP00.A)" % currency])
    for day, rates in reversed(data):
        w.writerow([day, day.strftime("%d %b %Y"), rates[currency]])
    return out.getvalue()


def sdmx_csv(data):
    out = io.StringIO()
    w = csv.writer(out, lineterminator="\r\n")
    w.writerow("KEY FREQ CURRENCY CURRENCY_DENOM EXR_TYPE EXR_SUFFIX TIME_PERIOD OBS_VALUE OBS_STATUS TITLE "
               "TITLE_COMPL UNIT_MULT".split())
    for n in data[0][1]:
        for day, rates in data:
            w.writerow(["EXR.D.%s.EUR.SP00.A" % n, "D", n, "EUR", "SP00", "A", day, rates[n], "A", n + "/Euro",
                        'ECB "reference" rate,\n2:15 pm', "0"])
    w.writerow(["EXR.M.USD.EUR.SP00.A", "M", "USD", "EUR", "SP00", "A", "2026-10", "1.123456789", "A", "", "", "0"])
    return out.getvalue()


def cube_xml(data, quote="'"):
    days = "".join("<Cube time=%s%s%s>%s</Cube>\n" % (quote, day, quote, "".join(
        "<Cube currency=%s%s%s rate=%s%s%s/>" % (quote, c, quote, quote, r, quote) for c, r in rates.items()))
        for day, rates in data)
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<gesmes:Envelope '
            'xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
            'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates'
            "</gesmes:subject><gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>"
            "<Cube>%s</Cube></gesmes:Envelope>" % days)


G = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic"


def generic_xml(data):
    series = ""
    for n in data[0][1]:
        key = "".join('<generic:Value id="%s" value="%s"/>' % kv for kv in (
            ("FREQ", "D"), ("CURRENCY", n), ("CURRENCY_DENOM", "EUR"), ("EXR_TYPE", "SP00"), ("EXR_SUFFIX", "A")))
        obs = "".join('<generic:Obs><generic:ObsDimension value="%s"/><generic:ObsValue value="%s"/>'
                      '<generic:Attributes><generic:Value id="OBS_STATUS" value="A"/></generic:Attributes>'
                      "</generic:Obs>" % (day, rates[n]) for day, rates in data)
        series += ("<generic:Series><generic:SeriesKey>%s</generic:SeriesKey><generic:Attributes>"
                   '<generic:Value id="UNIT_MULT" value="0"/></generic:Attributes>%s</generic:Series>' % (key, obs))
    return ('<message:GenericData xmlns:message="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" '
            'xmlns:generic="%s"><message:DataSet>%s</message:DataSet></message:GenericData>' % (G, series))


# ---- the oracle: the same files by Python's readers ----

def oracle_day(text):
    parts = text.split()
    if len(parts) == 3:
        return datetime.date(int(parts[2]), MONTHS.index(parts[1]) + 1, int(parts[0]))
    return datetime.date.fromisoformat(text)


def oracle_csv(text):
    rows = list(csv.reader(io.StringIO(text), skipinitialspace=True))
    head, out = [h.strip() for h in rows[0]], {}
    for row in rows[1:]:
        cells = dict(zip(head, row))
        if "OBS_VALUE" in cells:
            if cells["FREQ"] == "D":
                out[datetime.date.fromisoformat(cells["TIME_PERIOD"]), cells["CURRENCY"]] = Decimal(cells["OBS_VALUE"])
            continue
        for name, value in cells.items():
            code = re.search(r"EXR\.D\.(...)\.EUR", name)
            code = code.group(1) if code else name if re.fullmatch("[A-Z]{3}", name) else None
            if code and value.strip() != "N/A":
                out[oracle_day(row[0]), code] = Decimal(value.strip())
    return out


def oracle_xml(text):
    root, out = ET.fromstring(text), {}
    for day in root.iter("{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"):
        for rate in day if day.get("time") else ():
            out[datetime.date.fromisoformat(day.get("time")), rate.get("currency")] = Decimal(rate.get("rate"))
    for series in root.iter("{%s}Series" % G):
        key = {v.get("id"): v.get("value") for v in series.iter("{%s}Value" % G)}
        for obs in series.iter("{%s}Obs" % G):
            out[datetime.date.fromisoformat(obs.find("{%s}ObsDimension" % G).get("value")), key["CURRENCY"]] = \
                Decimal(obs.find("{%s}ObsValue" % G).get("value"))
    return out


def written(text):
    """What a rates.yaml holds under its first `days:`."""
    out = {}
    for day, inside in re.findall(r"^  (\d{4}-\d\d-\d\d): \{(.*)\}$", text, re.M):
        for pair in inside.split(", "):
            code, rate = pair.split(": ")
            out[datetime.date.fromisoformat(day), code] = Decimal(rate)
    return out


def folder():
    """A configuration with a mappings folder of its own."""
    f = Folder()
    f.config(f.endpoint, extra="mappings: ./mappings\n")
    os.makedirs(f.at("mappings"))
    return f


@part
def every_form():
    f = folder()
    data = sample(70)
    for name, text, oracle, used in (
            ("eurofxref.csv", daily_csv(data), oracle_csv, 1), ("eurofxref-hist.csv", hist_csv(data), oracle_csv, 70),
            ("portal.csv", portal_csv(data), oracle_csv, 70), ("sdmx.csv", sdmx_csv(data), oracle_csv, 70),
            ("daily.xml", cube_xml(data[:1]), oracle_xml, 1), ("hist.xml", cube_xml(data, '"'), oracle_xml, 70),
            ("generic.xml", generic_xml(data), oracle_xml, 70)):
        wanted = oracle(text)
        true("%s: the sample has its days" % name, len({d for d, _ in wanted}) == used)
        for shape, change in (("", lambda t: t), ("with CRLF", lambda t: t.replace("\r\n", "\n").replace("\n", "\r\n")),
                              ("with a BOM", lambda t: "\ufeff" + t)):
            if os.path.exists(f.at("out.yaml")):
                os.unlink(f.at("out.yaml"))
            f.write(name, change(text))
            r = run("rates", "import", name, "-o", "out.yaml", cwd=f.path)
            currencies = len({c for _, c in wanted})
            equal("%s %s: said" % (name, shape), (r.code, r.out),
                  (0, "out.yaml: %d day%s, %d currenc%s, newest %s; %d rates new, 0 changed\n" % (
                      used, "" if used == 1 else "s", currencies, "y" if currencies == 1 else "ies", data[0][0],
                      len(wanted))))
            equal("%s %s: the numbers, against Python's reader" % (name, shape),
                  written(f.read("out.yaml").decode()), wanted)
        equal("%s: by standard input the same bytes" % name,
              (run("rates", "import", "-", "-o", "-", stdin=text).out), f.read("out.yaml").decode())
    has("rows of other series are counted", run("rates", "import", "sdmx.csv", "-o", "-", cwd=f.path).err,
        "rates: 1 row was passed over: no daily reference rates for one euro")
    has("a new file says what it is", f.read("out.yaml").decode(), "version: 1\nbase: EUR\nsource: %s\ndays:\n" % SOURCE)


@part
def into_a_file():
    f = folder()
    data = sample(10)
    day = data[0][0]
    mine = ("# my rates\nversion: 1\nbase: EUR\n# from the Bank\nsource: European Central Bank\ndays:\n"
            "  %s: {USD: 9.99, JPY: %s}\n  2020-01-01: {XYZ: 3}\n\n# by hand, on Mondays\nalso:\n"
            "  - {source: Hanoi, base: USD, days: {2026-11-20: {VND: 25400}}}   # the central rate\n"
            % (day, data[0][1]["JPY"]))
    path = f.write("mappings/rates.yaml", mine, 0o640)
    f.write("d.csv", daily_csv(data))
    r = run("rates", "import", "d.csv", cwd=f.path)
    equal("without -o: the file that serve reads", (r.code, r.out), (
        0, "mappings/rates.yaml: 1 day, 29 currencies, newest %s; 27 rates new, 1 changed, 1 dropped (older than "
        "400 days)\n" % day))
    equal("what is lost is said", r.err, "rates: there is no rate any more for XYZ: what is not the Bank's belongs "
          "under `also:`\n")
    now = f.read("mappings/rates.yaml").decode()
    head, tail = mine[:mine.index("days:")], mine[mine.index("\n# by hand"):]
    true("comments, other keys and `also:` are kept byte for byte", now.startswith(head) and now.endswith(tail), now)
    equal("its days are the Bank's", written(now), {(day, c): Decimal(v) for c, v in data[0][1].items()})
    equal("the mode is kept", stat.S_IMODE(os.stat(path).st_mode), 0o640)
    before = os.stat(path).st_ino
    r = run("rates", "import", "d.csv", cwd=f.path)
    equal("once more: nothing new, nothing written", (r.out.split("; ")[1], os.stat(path).st_ino),
          ("0 rates new, 0 changed\n", before))
    f.write("h.csv", hist_csv(sample(700)))
    r = run("rates", "import", "h.csv", "--days", "31", cwd=f.path)
    days = sorted({d for d, _ in written(f.read("mappings/rates.yaml").decode())})
    equal("--days counts back from the newest", (days[-1], days[0] > day - datetime.timedelta(31), len(days) > 20),
          (day, True, True))
    r = run("rates", "import", "h.csv", "--days", "1000", "-o", "long.yaml", cwd=f.path)
    equal("1,000 days are 700 of the sample", (r.code, len({d for d, _ in written(f.read("long.yaml").decode())})), (0, 700))
    equal("no file is left beside", sorted(os.listdir(f.at("mappings"))), ["rates.yaml"])
    f.write("elsewhere/real.yaml", mine)
    os.symlink("elsewhere/real.yaml", f.at("link.yaml"))
    run("rates", "import", "d.csv", "-o", "link.yaml", cwd=f.path)
    equal("a link stays a link", (os.path.islink(f.at("link.yaml")), b"9.99" in f.read("elsewhere/real.yaml")), (True, False))


@part
def not_into_every_file():
    f = folder()
    f.write("d.csv", daily_csv(sample(1)))
    for name, text, code, words in (
            ("another base", "version: 1\nbase: USD\ndays: {2026-01-01: {EUR: 0.9}}\n", 3, "C039"),
            ("another source", "version: 1\nbase: EUR\nsource: me\ndays: {2026-01-01: {USD: 1}}\n", 3, "C039"),
            ("broken", "version: 1\nbase: EUR\ndays: [\n", 3, "Y001"), ("empty", "", 3, "M003"),
            ("large", "#" * 1100000, 3, "larger than 1024 KB")):
        path = f.write("r.yaml", text)
        r = run("rates", "import", "d.csv", "-o", "r.yaml", cwd=f.path)
        equal("%s: refused, and untouched" % name, (r.code, r.out, f.read("r.yaml").decode() == text), (code, "", True))
        has("%s: said" % name, r.err, words, "r.yaml")
    r = run("rates", "import", "d.csv", "-o", "no/such/folder.yaml", cwd=f.path)
    equal("two folders that are not there: exit 4", (r.code, "No such file" in r.err), (4, True))
    r = run("rates", "import", "d.csv", "-o", "mappings/rates.yaml", cwd=f.path)
    equal("one is made", (r.code, os.path.exists(f.at("mappings/rates.yaml"))), (0, True))
    r = run("rates", "import", "d.csv", "-o", f.path, cwd=f.path)
    equal("a folder as the file: exit 3", (r.code, "not a file" in r.err), (3, True))
    r = run("rates", "import", "nothing.csv", "-o", "r.yaml", cwd=f.path)
    equal("no such file of the Bank: exit 4", (r.code, "No such file" in r.err), (4, True))
    plain = Folder()
    plain.write("d.csv", daily_csv(sample(1)))
    r = run("rates", "import", "d.csv", cwd=plain.path)
    equal("a configuration without `mappings:` : exit 2 and what to do", (r.code, "-o mappings/rates.yaml" in r.err,
          "this configuration names none" in r.err), (2, True, True))
    r = run("rates", "import", f.at("d.csv"), cwd=plain.at("offers"))
    equal("no configuration: exit 2", (r.code, "there is no clickbaton.yaml here" in r.err), (2, True))
    with open("/dev/full", "wb") as full:
        p = subprocess.run([BINARY, "rates", "import", f.at("d.csv"), "-o", "-"], stdout=full, stderr=subprocess.PIPE)
    equal("a full disk behind stdout: exit 4", p.returncode, 4)


BOMB = ("<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>" +
        "".join("<!ENTITY lol%d '%s'>" % (i, "&lol%s;" % (i - 1 or "") * 10) for i in range(1, 10)) +
        "]><Cube>&lol9;</Cube>")
OUTSIDE = "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><Cube>&f;</Cube>"


@part
def damaged():
    f = folder()
    data = sample(30)
    xml, hist, daily = cube_xml(data), hist_csv(data), daily_csv(data)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as z:
        z.writestr("eurofxref.csv", daily)
    original = "version: 1\nbase: EUR\ndays:\n  2026-01-02: {USD: 1.1721}\n"
    f.write("r.yaml", original)
    for name, text, words in (
            ("empty", "", "C036]: this is empty"), ("blank", " \r\n", "this is empty"),
            ("zip", zipped.getvalue(), "this is a ZIP archive: unzip it"),
            ("web page", "<!DOCTYPE html><html><body>503</body></html>", "this is a web page"),
            ("json", '{"error": 1}', "this is JSON"), ("utf-16", daily.encode("utf-16"), "UTF-16"),
            ("binary", bytes(range(256)) * 300, "the first line is not that of a file of the Bank"),
            ("XML cut in the middle", xml[:len(xml) // 2], "not well-formed XML"),
            ("XML cut after a day", xml[:xml.index("</Cube>\n") + 8], "no element found"),
            ("two documents", xml + xml, "not well-formed XML"),
            ("an entity bomb", BOMB, "a document type (DOCTYPE) is refused"),
            ("an outside entity", OUTSIDE, "a document type (DOCTYPE) is refused"),
            ("10,000 levels", "<a>" * 10000, "nested more than 32 deep"),
            ("no rates", "<a><b/></a>", "there is no rate in it"),
            ("latin-1 bytes", xml.replace("Bank", "B\xe4nk").encode("latin-1"), "not well-formed XML"),
            ("a wrong header", "Day,USD,\n2026-11-25,1.1,\n", "the first line is not that of a file of the Bank"),
            ("a spreadsheet's commas", daily.replace(", ", ";").replace(".", ","), "semicolons"),
            ("a spreadsheet's days", hist.replace(str(data[3][0]), data[3][0].strftime("%m/%d/%Y")),
             ":5:1: error[C037]"),
            ("CSV cut", hist[:len(hist) - 40], "the file may be cut"),
            ("a header alone", hist.split("\n")[0], "there is no rate in it"),
            ("only N/A", "Date,USD,\n2026-11-25,N/A,\n", "there is no rate in it"),
            ("a day twice, differently", hist + hist.split("\n")[2].replace(data[1][1]["USD"], "7") + "\n",
             "error[C038]: USD has another rate on line 3 for the same day"),
            ("a negative rate", daily.replace(", " + data[0][1]["GBP"], ", -1"), '"-1" is not a rate'),
            ("a rate of 0", xml.replace("'%s'" % data[0][1]["GBP"], "'0'"), '"0" is not a rate'),
            ("a rate that is a word", xml.replace("'%s'" % data[0][1]["GBP"], "'one'"), '"one" is not a rate'),
            ("a column too many", daily.replace("USD, ", "USD, JPY, ", 1), "columns"),
            ("1,000 columns", "Date" + ",USD" * 1000 + "\n", "more than 256 columns"),
            ("an open quote", 'Date,USD,\n"' + "x" * 100000, "a quote is not closed again"),
            ("a NUL", "Date,USD,\n2026-11-25,1\0,\n", "is not a rate"),
            ("escape sequences", "Date,USD,\n\x1b[31m,1,\n", "is not a day"),
            ("50 MB of CSV", hist.split("\n")[0] + "\n" + (hist.split("\n")[1] + "\n") * 250000, "larger than 32768 KB"),
            ("50 MB of XML", "<a>" + " " * (50 << 20), "larger than 32768 KB"),
            ("600,000 rates", "Date,USD,JPY,\n" + "2026-11-25,1,1,\n" * 300000, "more than 500000 rates")):
        path = f.write("bad", text)
        r = run("rates", "import", "bad", "-o", "r.yaml", cwd=f.path, seconds=60)
        has("%s: said" % name, r.err, words)
        equal("%s: not 0, and nothing is changed" % name,
              (r.code in (3, 4), r.out, f.read("r.yaml").decode() == original), (True, "", True))
        hasnt("%s: no escape sequence on the terminal" % name, r.err, "\x1b")
        if len(text) < 1 << 20:
            true("%s: by standard input too" % name, words in run("rates", "import", "-", "-o", "r.yaml", stdin=text,
                                                                  cwd=f.path).err)
    r = run("rates", "import", "-", "-o", "r.yaml", stdin=b"<a>" + b" " * (50 << 20), cwd=f.path)
    equal("50 MB by standard input", (r.code, "larger than 32768 KB" in r.err), (4, True))
    equal("/dev/zero", run("rates", "import", "/dev/zero", "-o", "r.yaml", cwd=f.path).code, 4)
    equal("after all of it the file is as it was, with none beside", (f.read("r.yaml").decode(), sorted(
        n for n in os.listdir(f.path) if n.startswith("r.yaml"))), (original, ["r.yaml"]))


@part
def the_whole_history():
    f = folder()
    names = NAMES + "BGN CYP EEK HRK LTL LVL MTL ROL RUB SIT SKK TRL".split()
    data = sample(7000, names=names)
    for name, text in (("hist.csv", hist_csv(data, ())), ("hist.xml", cube_xml(data))):
        f.write(name, text)
        start = time.monotonic()
        r = run("rates", "import", name, "-o", name + ".yaml", cwd=f.path)
        say("# %s, %.1f MB, %d rates: imported in %.2f s" % (name, len(text) / 1e6, 7000 * len(names),
                                                             time.monotonic() - start))
        equal("%s: the last 400 days" % name, (r.code, r.out.split(":")[1].split(";")[0]), (
            0, " %d days, 41 currencies, newest %s" % (
                sum(d > data[0][0] - datetime.timedelta(400) for d, _ in data), data[0][0])))
    equal("CSV and XML give the same file", f.read("hist.csv.yaml"), f.read("hist.xml.yaml"))


@part
def a_reader_never_sees_half():
    f = folder()
    texts = [cube_xml(sample(60, seed=s)) for s in (1, 2)]
    for i, text in enumerate(texts):
        f.write("%d.xml" % i, text)
    whole = set()
    for i in range(2):
        run("rates", "import", "%d.xml" % i, "-o", "mappings/rates.yaml", cwd=f.path)
        whole.add(f.read("mappings/rates.yaml"))
    stop, seen = threading.Event(), set()

    def look():
        while not stop.is_set():
            seen.add(f.read("mappings/rates.yaml"))

    reader = threading.Thread(target=look)
    reader.start()
    for i in range(20):
        run("rates", "import", "%d.xml" % (i % 2), "-o", "mappings/rates.yaml", cwd=f.path)
    stop.set()
    reader.join()
    equal("20 imports under a reader: it saw two files, both whole", seen, whole)


DECIMALS = {"ISK": 0, "JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "BHD": 3, "KWD": 3, "OMR": 3}


@part
def conversions():
    f = folder()
    r = random.Random(7)
    data = sample(40, newest=datetime.date(2026, 11, 25), names=NAMES + ["BHD", "KWD"])
    f.write("h.csv", hist_csv(data, ()))
    run("rates", "import", "h.csv", cwd=f.path)
    also = {"VND": ("USD", Decimal("25400.75"), datetime.date(2026, 11, 20)),
            "KZT": ("EUR", Decimal("601.5"), datetime.date(2026, 11, 21)),
            "COP": ("USD", Decimal("4000.1"), datetime.date(2026, 10, 30))}
    text = f.read("mappings/rates.yaml").decode() + "also:\n" + "".join(
        "  - {source: %s bank, base: %s, days: {%s: {%s: %s}}}\n" % (c, b, d, c, v) for c, (b, v, d) in also.items())
    f.write("mappings/rates.yaml", text)
    table = {(d, c): Decimal(v) for d, rates in data for c, v in rates.items()}

    def main_rate(currency, day):
        if currency == "EUR":
            return Decimal(1), None
        d = max(d for d, c in table if c == currency and d <= day)
        return table[d, currency], d

    def worth(currency, day):
        if currency not in also:
            return main_rate(currency, day)
        base, rate, d = also[currency]
        lift, other = main_rate(base, day)
        return rate * lift, min(d, other or d)

    wrong = []
    names = NAMES + ["BHD", "KWD", "EUR"] + list(also)
    for _ in share_of(range(250)):
        a, b = r.sample(names, 2)
        day = datetime.date(2026, 11, 21) + datetime.timedelta(r.randint(0, 30))
        amount = Decimal(r.randint(1, 10 ** r.randint(2, 9))).scaleb(-r.randint(0, 4))
        (fa, da), (fb, db) = worth(a, day), worth(b, day)
        if a in also and b == also[a][0]:
            fa, fb, da, db = also[a][1], Decimal(1), also[a][2], None
        elif b in also and a == also[b][0]:
            fa, fb, da, db = Decimal(1), also[b][1], None, also[b][2]
        elif a in also and b in also and also[a][0] == also[b][0]:
            fa, fb, da, db = also[a][1], also[b][1], also[a][2], also[b][2]
        wanted = (amount * fb / fa).quantize(Decimal(1).scaleb(-DECIMALS.get(b, 2)), ROUND_HALF_EVEN)
        got = run("rates", format(amount, "f"), a.lower() if r.random() < 0.2 else a, b, "--at", day, cwd=f.path)
        if wanted > 10 ** 12:
            if (got.code, got.err) != (1, "clickbaton rates: that is more than 10^12 %s\n" % b):
                wrong.append((str(amount), a, b, "too much", got))
            continue
        found = re.match(r"[\d.]+ %s = ([\d.]+) %s \(1 ... = [\d.]+ ..., (\d{4}-\d\d-\d\d)" % (a, b), got.out)
        oldest = min(d for d in (da, db) if d)
        if not found or Decimal(found.group(1)) != wanted or found.group(2) != str(oldest):
            wrong.append((str(amount), a, b, str(day), str(wanted), str(oldest), got))
    equal("conversions, against Python's decimal", wrong[:3], [])
    r = run("rates", "10", "EUR", "VND", "--at", "2026-11-25", cwd=f.path)
    has("both sources are named", r.out, "VND bank; European Central Bank")
    r = run("rates", "10", "VND", "USD", "--at", "2026-01-01", cwd=f.path)
    has("before the oldest day", r.out, "2026-11-20, VND bank: the oldest there is")
    r = run("rates", "10", "EUR", "ARS", cwd=f.path)
    equal("no rate: exit 1", (r.code, r.err),
          (1, "clickbaton rates: there is no rate for ARS in mappings/rates.yaml\n"))


@part
def the_table():
    f = folder()
    newest = TODAY - datetime.timedelta(1)
    f.write("mappings/rates.yaml", "version: 1\nbase: EUR\nsource: \"ECB \x01\"\ndays:\n  %s: {USD: 1.1, JPY: 160}\n"
            "  2026-01-02: {PLN: 4}\nalso:\n  - {source: Hanoi, base: USD, days: {%s: {VND: 25400}}}\n"
            .replace("\x01", "\\x1b[1m") % (newest, TODAY))
    r = run("rates", cwd=f.path)
    equal("the table: exit 0", (r.code, r.err), (0, ""))
    has("the table", r.out, "rates: mappings/rates.yaml\n\nfor 1 EUR, ECB ?[1m\n  newest %s, 1 day old; oldest "
        "2026-01-02; 2 days, 3 currencies\n\nfor 1 USD, Hanoi\n  newest %s, 0 days old; oldest %s; 1 day, 1 currency\n"
        % (newest, TODAY, TODAY), "\nmore than a week behind the newest day:\n  PLN:2026-01-02\n",
        "\nTikTok takes 62 currencies; no rate for:\n  AED ARS AUD")
    listed = r.out.split("no rate for:\n")[1].split()
    equal("57 have none", (len(listed), {"EUR", "USD", "JPY", "PLN", "VND"} & set(listed)), (57, set()))
    true("no line is wider than 100", all(len(x) <= 101 for x in r.out.split("\n")), r.out)
    f.write("mappings/rates.yaml", "version: 1\nbase: EUR\ndays: {2026-02-31: {USD: 1}}\n")
    r = run("rates", cwd=f.path)
    equal("a broken file: exit 3 and its place", (r.code, "mappings/rates.yaml:3:8: error[C031]" in r.err), (3, True))
    plain = run("rates", cwd="/")
    has("without a configuration: the built-in ones", plain.out, "rates: rates.yaml (built in)\n")
    r = run("check", os.path.join(ROOT, "mappings", "rates.yaml"))
    equal("check FILE takes a file of rates", (r.code, r.out), (0, "ok: 0 offer mappings, 1 file of rates, 0 tests passed\n"))
    r = run("check", f.at("mappings/rates.yaml"))
    equal("check FILE of a broken one", (r.code, "error[C031]" in r.err), (3, True))


@part
def what_check_says():
    f = folder()
    vnd = offer_text("nutra-de").replace("value_currency: USD", "value_currency: USD\npayout_currency: VND")

    def rates(day, more=""):
        f.write("mappings/rates.yaml", "version: 1\nbase: EUR\ndays:\n  %s: {USD: 1.1%s}\n" % (day, more))
        return run("check", cwd=f.path)

    old = TODAY - datetime.timedelta(8)
    r = rates(old)
    equal("nothing is sure to be converted: no warning, but the file is named", (r.code, without_advice(r.err), r.out), (
        0, [], "ok: 1 offer mapping, 0 tests passed\nrates: mappings/rates.yaml, newest %s, 8 days old\n" % old))
    f.write("offers/nutra-de.yaml", vnd)
    r = rates(TODAY)
    equal("a rate that an offer needs is not there: exit 3", (r.code, r.out), (3, ""))
    has("its place and remedy", r.err, "offers/nutra-de.yaml:", "error[C035]: VND is to be converted to USD, but "
        "mappings/rates.yaml has no rate for VND: the postback would be quarantined", "add VND to rates.yaml")
    r = rates(TODAY, ", VND: 28000")
    equal("with the rate: good", (r.code, without_advice(r.err), r.out.split("\n")[1]),
          (0, [], "rates: mappings/rates.yaml, newest %s, 0 days old" % TODAY))
    r = rates(TODAY - datetime.timedelta(7), ", VND: 28000")
    equal("7 days are not old", (r.code, without_advice(r.err)), (0, []))
    r = rates(old, ", VND: 28000")
    equal("8 days are, but no error", r.code, 0)
    has("the place of the newest day, and the remedy", r.err, "mappings/rates.yaml:4:3: warning[C034]: the newest "
        "exchange rates are 8 days old", "clickbaton rates import eurofxref-hist-90d.xml -o mappings/rates.yaml")
    f.write("offers/nutra-de.yaml", vnd + "without_rate: send_without_value\n")
    r = rates(TODAY)
    equal("send_without_value: only a warning", (r.code, "warning[C035]" in r.err, "sent without a value" in r.err),
          (0, True, True))


@part
def without_a_rate():
    f = folder()
    f.write("mappings/rates.yaml", "version: 1\nbase: EUR\nsource: us\ndays:\n  2026-11-01: {USD: 1.25}\n")
    sale = "?subid=2t4ch5&external_id=E.C.P.abc&status=sale&payout=1000&currency=VND"
    eur = sale.replace("VND", "EUR")

    def translate(url, more="", at="1793577600"):  # 2026-11-02
        path = f.write("o.yaml", offer_text("nutra-de") + more)
        return json.loads(run("translate", path, url, "-c", f.at("clickbaton.yaml"), "--at", at, "--json").out)

    def codes(t):
        return [re.search(r"W\d\d\d", json.dumps(w)).group(0) for w in t["warnings"]]

    t = translate(sale)
    equal("by default: quarantined", (t["verdict"], t["code"], t["reason"]),
          ("quarantined", "Q009", "there is no rate from VND to USD in rates.yaml"))
    t = translate(sale, "without_rate: send_without_value\n")
    event = t["bodies"][0]["data"][0]
    equal("send_without_value: queued, with a warning", (t["verdict"], codes(t)),
          ("queued", ["W065"]))
    equal("neither value nor currency is in the event", {"value", "currency"} & set(event["properties"]), set())
    hasnt("nor a price", json.dumps(event["properties"]["contents"]), "price")
    t = translate(eur, "rate_max_age: 10d\n", "1794700000")
    equal("rate_max_age: past it", (t["verdict"], t["code"]), ("quarantined", "Q023"))
    t = translate(eur, "rate_max_age: 30d\n", "1794700000")
    equal("rate_max_age: within", (t["verdict"], t["bodies"][0]["data"][0]["properties"]["value"]), ("queued", 500))
    t = translate(eur, "rate_max_age: 10d\nwithout_rate: send_without_value\n", "1794700000")
    equal("rate_max_age and send_without_value", (t["verdict"], codes(t)), ("queued", ["W067"]))
    t = translate(eur, at="1793000000")
    equal("before the oldest day", (t["verdict"], codes(t)), ("queued", ["W066", "W023"]))


main()
