"""What a value must be, from docs/mapping.md and nothing else: Python's decimal reads and prints the
amounts, Fractions carry them exactly, and there is one rounding.  Knows nothing of the program."""
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from fractions import Fraction

getcontext().prec = 200
MOST = 10 ** 12
DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3}  # all others 2
TAKEN = {"USD", "EUR", "GBP", "JPY", "KRW", "VND", "KWD", "BHD", "PLN", "BRL"}


class Quarantined(Exception):
    pass


class NoValue(Exception):
    pass


def half_even(amount, decimals):
    """A Fraction to so many decimals."""
    scaled = amount * 10 ** decimals
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest - scaled.denominator
    return Fraction(whole + (twice > 0 or (twice == 0 and whole % 2)), 10 ** decimals)


def shown(amount):
    """12.5, 0.01, 197"""
    text = format(Decimal(amount.numerator) / Decimal(amount.denominator), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read(text, code):
    """An amount of a postback: digits and a point."""
    if not text.replace(".", "", 1).isdigit():
        raise Quarantined(code)
    amount = Decimal(text)
    if amount > MOST:
        raise Quarantined(code)
    return Fraction(amount.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN))


def rate(rates, currency, at):
    """How much of it one unit of the base was worth: of its newest day that is not after `at`, else of
    its oldest."""
    days = sorted(day for day in rates if currency in rates[day])
    past = [day for day in days if day <= at]
    return Fraction(Decimal(rates[past[-1] if past else days[0]][currency])) if days else None


def converted(amount, source, to, rates, at):
    if source == to:
        return amount
    a, b = rate(rates, source, at), rate(rates, to, at)
    if a is None or b is None:
        raise Quarantined("Q009")
    return amount * b / a


def lifetime(months, keep):
    k = Fraction(Decimal(keep)) / 100
    return half_even(sum(k ** i for i in range(months)), 6)


class Rule:
    """One event's value, as made in 61-values.py: amounts are texts as in the YAML."""

    def __init__(self, **parts):
        self.value = parts.pop("value")  # "5", "payout", "80%", or a dict of entries
        self.tiers = parts.pop("tiers", False)
        self.default = parts.pop("default", None)
        self.parts = parts

    def amount(self, word):
        if not isinstance(self.value, dict):
            return self.value
        word = word.strip(" ").lower()
        for name, amount in self.value.items():
            if word and name.lower() == word:
                return amount
        if self.default is None:
            raise Quarantined("Q011")
        return self.value[self.default] if self.tiers else self.default

    def base(self, offer, postback):
        """(amount, currency, share of it, or None when it counts as it is)"""
        said = self.amount(postback.get("word", ""))
        if said != "payout" and not said.endswith("%"):
            currency = self.parts.get("currency") or offer.get("value_currency") or offer.get("payout_currency")
            return Fraction(Decimal(said)), currency, None
        if "payout" not in postback:
            raise NoValue()
        amount = read(postback["payout"], "Q003")
        currency = postback.get("currency", "").upper() or offer.get("payout_currency") or offer.get("value_currency")
        if not currency:
            raise Quarantined("Q008")
        return amount, currency, None if said == "payout" else Fraction(Decimal(said[:-1])) / 100

    def sent(self, offer, postback, rates, at):
        """(value, currency) as in the body."""
        value, currency, share = self.base(offer, postback)
        touched, parts = False, self.parts
        factors = [share,
                   lifetime(*parts["lifetime"]) if "lifetime" in parts else None,
                   Fraction(Decimal(parts["percent"])) / 100 if "percent" in parts else None]
        for factor in factors:
            if factor is not None:
                value, touched = value * factor, True
        if "minus" in parts:
            said, named = parts["minus"]
            text = postback.get("cost") if said is None else said
            cost = None if text is None else read(text, "Q020")
            if cost:
                cost = converted(cost, named or currency, currency, rates, at)
                value, touched = max(value - cost, Fraction(0)), True
        to = offer.get("value_currency")
        if to and to != currency:
            value, currency, touched = converted(value, currency, to, rates, at), to, True
        if currency not in TAKEN:
            raise Quarantined("Q009")
        if touched:
            value = half_even(value, DECIMALS.get(currency, 2))
        if value > MOST:
            raise Quarantined("Q021")
        if "min" in parts and value < Fraction(Decimal(parts["min"])):
            value = Fraction(Decimal(parts["min"]))
        elif "max" in parts and value > Fraction(Decimal(parts["max"])):
            value = Fraction(Decimal(parts["max"]))
        return shown(value), currency
