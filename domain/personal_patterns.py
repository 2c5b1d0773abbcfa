"""What personal data looks like: patterns, and checks of what they match."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

_TOP = (
    "com|net|org|edu|gov|info|biz|app|dev|gg|tv|xyz|shop|site|online|live|link|io|de|uk|fr|es|pt|nl|ru|br"
    "|au|ca|eu"
)
_TOP_OR_WORD = "me|be|it|is|to|so|in|us|co|ly|at|ch|cc|ai"  # a domain only with a path: "tell.me" is none
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"

_DOT = r"\s?(?:\(dot\)|\[dot\])\s?"

_DOMAIN = rf"\s?(?:@|\(at\)|\[at\])\s?{_LABEL}(?:(?:\s?\.\s?|{_DOT}){_LABEL}){{1,4}}"
EMAIL = re.compile(rf"[\w.+%-]{{1,64}}{_DOMAIN}", re.IGNORECASE)
DOTTED_EMAIL = re.compile(rf"[\w.+%-]{{1,64}}(?:{_DOT}[\w.+%-]{{1,64}}){{1,3}}{_DOMAIN}", re.IGNORECASE)
URL = re.compile(
    r"\b(?:https?|ftp|file|mailto|tg|discord)\s?:\s?//?\S+|\bwww\.\S+"
    rf"|(?<![\w@.-])(?:{_LABEL}\.){{1,4}}(?:(?:{_TOP})\b|(?:{_TOP_OR_WORD})/\S)",
    re.IGNORECASE,
)
HANDLE = re.compile(r"(?<![\w@.])@\w[\w.-]{1,60}")
# A name that only an account has ("mia.kids_09"), behind the name of a service.
SERVICES = ("insta", "ig", "snap", "tiktok", "telegram", "discord", "kik", "whatsapp", "skype", "roblox")
NAMED_HANDLE = re.compile(
    rf"\b(?:{'|'.join(SERVICES)})(?:gram|chat)?(?:\s?[:=-]\s?|\s+(?:is\s+|name\s+)?)"
    r"(?P<name>(?=[\w.]{0,29}(?:_|\d|\.(?-i:[a-z\d])))[^\W\d_][\w.]{2,28}\w)(?!\w)",
    re.IGNORECASE,
)
LONG_DIGITS = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?!\w)")
IPV4 = re.compile(
    r"(?<![\w.])(?<!version )(?<!ver\. )(?<!release )(?<!build )(?<!update )"
    r"\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)",
    re.IGNORECASE,
)
IPV6 = re.compile(r"(?<![\w:])[0-9a-f:]{7,39}(?:\.\d{1,3}){0,3}(?![\w:])", re.IGNORECASE)
IBAN = re.compile(r"\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,32}", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\w.])(?:"
    r"(?:\+|00)[\s(]{0,2}\d(?:[\s()./-]{0,2}\d){6,14}"  # +49 151 23456789, 0044 (0)20 7946 0958
    r"|\(?0\d{1,4}\)?(?:[\s./-]{0,2}\d){5,11}"  # 030 1234567
    r"|\(?\d{3}\)?[\s.-]{0,2}\d{3}[\s.-]\d{4}"  # (555) 123-4567
    r"|\d{3}-\d{4}"  # 555-1234
    r"|\d{9,15}"
    r")(?!\w)"
)
# What follows a street: the town before a state or county and its code, or behind the code.
_TOWN = (
    r"(?:,?\s+(?:[A-Z][\w'’.-]{1,30},?\s+){0,3}(?:[A-Z]{2}\s+\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})\b"
    r"|,?\s+\d{4,5}\s+[A-ZÀ-Ý][\w'’-]{1,30})?"
)
STREET = re.compile(
    r"(?:\b\d{1,5}[a-zA-Z]?,?\s+(?:[A-Z][\w'’-]{0,30}\s+){1,3}"
    r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|square|terrace)\b"
    r"|\b[A-ZÄÖÜ][\w-]{1,30}(?i:straße|strasse|str\.|weg|gasse|platz|allee)\s+\d{1,4}\b"
    r"|\b\d{1,4}(?:\s?bis)?,?\s+(?:rue|avenue|boulevard|chemin|impasse)\s+"
    r"(?:(?:de|du|des|la|le|les)\s+|[ld]['’]){0,3}\w{1,30}(?:[ -][A-ZÀ-Ý][\w'’-]{0,30}){0,3}"
    r"|\b(?:[Cc]alle|[Aa]venida|[Rr]ua|[Vv]ia|[Pp]laza)\s+(?:\w{1,20}\s+){0,3}\w{2,30},?\s+(?:n\S{0,2}\s*)?\d{1,4}\b)"
    + _TOWN
)

# Source: the IBAN registry (SWIFT); a country's account numbers have one length.
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "XK": 20,
}  # fmt: skip


def is_card(found: str) -> bool:
    """Whether the digits end in the right check digit (Luhn)."""
    digits = [int(c) for c in found if c.isdecimal()]
    doubled = sum(d if place % 2 == 0 else sum(divmod(2 * d, 10)) for place, d in enumerate(reversed(digits)))
    return 13 <= len(digits) <= 19 and doubled % 10 == 0 and len(set(digits)) > 1


def is_iban(found: str) -> bool:
    """Whether it begins with an account number of its country with the right check digits (mod 97)."""
    plain = re.sub(r"[ -]", "", found).upper()
    length = _IBAN_LENGTHS.get(plain[:2])
    if length is None or len(plain) < length:
        return False
    moved = plain[4:length] + plain[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def is_ip(found: str) -> bool:
    """Whether it is an IP address of either version."""
    try:
        IPv6Address(found) if ":" in found else IPv4Address(found)
    except AddressValueError:
        return False
    return True


def is_phone(found: str) -> bool:
    """Whether it has three different digits at least."""
    return len({c for c in found if c.isdecimal()}) > 2  # 1000000000 is a number, not a phone
