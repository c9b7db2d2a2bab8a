"""The variables that boards share: links between boards keep them, because they have the same names everywhere."""

from analytics.rules import MODELS
from dashboards.spec import Variable

SELLER = Variable("seller", "Seller", query="variable_seller", own="variable_own_seller", multi=True)
PLATFORM = Variable("platform", "Platform", query="variable_platform", own="variable_own_platform", multi=True)
SESSION = Variable("session", "Session", query="variable_session", own="variable_own_session", multi=True)
HOST = Variable("host", "Host", query="variable_host", multi=True)
KIND = Variable(
    "kind",
    "Host kind",
    options=(
        ("human", "human"),
        ("digital", "digital"),
        ("unknown", "unknown"),
        ("unattributed", "unattributed"),
        ("excess_refund", "excess refund"),
    ),
    multi=True,
)
MODEL = Variable("model", "Model", options=tuple((model, model) for model in MODELS), default="on_air")
CURRENCY = Variable("currency", "Currency", query="variable_currency", own="variable_own_currency")
ZONE = Variable("zone", "Time zone", options=(("UTC", "UTC"),), default="UTC", hidden=True)

COMMON = (SELLER, PLATFORM, SESSION, HOST, KIND, MODEL, CURRENCY, ZONE)
"""What every board of money offers."""
