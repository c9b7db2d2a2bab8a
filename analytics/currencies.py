"""ISO 4217 currency codes and how many decimals their minor unit has.

Source: ISO 4217 list one as of 2026-01-01 (funds codes included, metals and test codes left out), and the codes
withdrawn since 2020, because refunds and histories still name them.
"""

from decimal import Decimal

_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
        "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
        "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
        "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
        "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG "
        "YER ZAR ZMW ZWG "
        "ANG BGN CUC HRK SLL VEF ZWL"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

_MOST_PLACES = 100
EXPONENTS: dict[str, int] = {code: digits for digits, codes in _BY_EXPONENT.items() for code in codes.split()}
"""Decimals of the minor unit by currency code."""


def exponent(code: str) -> int:
    """Say how many decimals a currency's minor unit has: JPY 0, CNY 2, KWD 3.

    Raises KeyError for a code that is not in ISO 4217.
    """
    return EXPONENTS[code]


def decimal_text(minor: int, code: str) -> str:
    """Write an amount of minor units as exact decimal text, with thousands set apart: 1,234.50 for 123450 CNY."""
    digits = exponent(code)
    sign, whole = ("-" if minor < 0 else ""), abs(minor)
    if digits == 0:
        return f"{sign}{whole:,}"
    units, rest = divmod(whole, 10**digits)
    return f"{sign}{units:,}.{rest:0{digits}d}"


def minor_units(amount: Decimal, code: str) -> int | None:
    """Give a decimal amount in whole minor units, exactly: 12.5 CNY is 1250. Null if it is no whole number of them.

    Null too for what is no number, or has more than a hundred digits before or behind the point.
    """
    sign, digits, power = amount.as_tuple()
    if not isinstance(power, int) or abs(power) > _MOST_PLACES or len(digits) > _MOST_PLACES:
        return None
    whole, shift = int("".join(map(str, digits))), power + exponent(code)
    if shift < 0:
        whole, rest = divmod(whole, 10**-shift)
        if rest:
            return None
        shift = 0
    scale: int = 10**shift
    return (-whole if sign else whole) * scale
