"""Every source, in one table. How one is added is in CONTRIBUTING.md."""

from streams.sources.douyin_live import DOUYIN_LIVE
from streams.sources.douyin_shop import DOUYIN_SHOP
from streams.sources.shopify import SHOPIFY
from streams.sources.source import Source
from streams.sources.tiktok_live import TIKTOK_LIVE
from streams.sources.tiktok_shop import TIKTOK_SHOP
from streams.sources.woocommerce import WOOCOMMERCE

SOURCES: dict[str, Source] = {
    source.name: source for source in (SHOPIFY, WOOCOMMERCE, TIKTOK_SHOP, DOUYIN_SHOP, DOUYIN_LIVE, TIKTOK_LIVE)
}
"""Every source by its name, which is its address too: POST /v1/sources/NAME."""


def setting_name(source: Source, need: str) -> str:
    """Name the setting of a need: DOUYIN_SHOP_APP_KEY."""
    return f"{source.name.upper().replace('-', '_')}_{need}"
