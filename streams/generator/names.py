"""The people, shops and goods of a generated day: names in several scripts, none of them real."""

from typing import NamedTuple


class Shop(NamedTuple):
    """One room: a seller on a platform, its currency, the minor units of one fen, what it sells and its titles."""

    seller_id: str
    platform: str
    currency: str
    per_fen: float
    categories: tuple[str, ...]
    titles: tuple[str, ...]


class Person(NamedTuple):
    """One presenter: the id and the name on screen."""

    host_id: str
    name: str


SHOPS = (
    Shop("seller-yunshang", "douyin", "CNY", 1.0, ("美妆", "个护"), ("云上优选 早春美妆", "云上优选 今晚宠粉")),
    Shop("seller-bluewave", "tiktok_shop", "USD", 0.14, ("fitness", "kitchen"), ("Bluewave LIVE", "Blue Friday")),
    Shop("seller-yunshang", "taobao_live", "CNY", 1.0, ("零食", "家居"), ("云上零食铺 不打烊", "家居好物专场")),
    Shop("seller-hanami", "tiktok_shop", "JPY", 0.2, ("スキンケア", "雑貨"), ("花見ショップ 朝市", "夜のライブ")),
    Shop("seller-nordlys", "tiktok_shop", "EUR", 0.13, ("fashion", "déco"), ("Nordlys en direct", "Soirée mode")),
    Shop("seller-marjan", "tiktok_shop", "KWD", 0.43, ("perfume", "gifts"), ("Marjan Live", 'The "Oud" hour')),
)
PEOPLE = (
    (Person("lin-xiaoyu", "林小雨"), Person("chen-wei", "陈伟")),
    (Person("ava-chen", "Ava Chen"), Person("marcus-reed", "Marcus Reed")),
    (Person("wang-siqi", "王思琪"), Person("zhao-chenxi", "赵晨曦")),
    (Person("sato-misaki", "佐藤美咲"), Person("mori-kenji", "森健二")),
    (Person("lea-martin", "Léa Martin"), Person("jonas-weber", "Jonas Weber")),
    (Person("layla-haddad", "Layla Haddad"), Person("omar-aziz", "Omar Aziz")),
)
SYNTHETIC = (Person("xiaoxing", "小星"), Person("nova", "Nova"), Person("hikari", "ひかり"))
VENDORS = ("灵境科技", "Mirrorline", "Avatario")
REASONS = ("七天无理由", "wrong size", "damaged", "changed my mind", "未按时发货")


class Source(NamedTuple):
    """Where viewers come from: its share by day and by night (UTC+8), and what it does to conversion."""

    name: str
    day_share: float
    night_share: float
    effect: float


SOURCES = (
    Source("recommend", 0.50, 0.40, 1.0),
    Source("follow", 0.25, 0.15, 1.6),
    Source("search", 0.10, 0.10, 1.2),
    Source("paid", 0.15, 0.35, 0.6),
)
