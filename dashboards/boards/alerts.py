"""What should wake somebody."""

from dashboards.spec import Alert

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400

ALERTS: tuple[Alert, ...] = (
    Alert(
        uid="hostledger-data-age",
        title="No new events",
        query="alert_data_age",
        above=300,
        for_s=_MINUTE_S,
        window_s=_DAY_S,
        summary="The newest stored event is more than five minutes old.",
        runbook=(
            "Look at /readyz and hostledger_lag_records in /metrics of the workers, then at the collectors: if "
            "records wait, the workers stand still; if none do, nobody sends."
        ),
        severity="critical",
        nothing_is_well=False,
    ),
    Alert(
        uid="hostledger-conservation",
        title="Books do not close",
        query="alert_conservation",
        above=0,
        for_s=2 * _MINUTE_S,
        window_s=_DAY_S,
        summary="Credits of hosts and unattributed money differ from net GMV + excess refunds, by so many minor units.",
        runbook=(
            "Run hostledger reconcile: it names the currency, the model and the orders; then hostledger explain "
            "ORDER_ID for one of them, and keep the answer before anything is mended."
        ),
        severity="critical",
        nothing_is_well=False,
    ),
    Alert(
        uid="hostledger-unattributed",
        title="Much GMV without a host",
        query="alert_unattributed",
        above=0.15,
        for_s=5 * _MINUTE_S,
        window_s=_HOUR_S,
        summary="Of the GMV that sessions made in the last hour, more than 15 % belongs to no host.",
        runbook=(
            "Run hostledger explain ORDER_ID for an order of the board Live that is unattributed: if its session has "
            "no shift, ask who sends the roster; late shifts restate by themselves."
        ),
    ),
    Alert(
        uid="hostledger-excess-refund",
        title="More refunded than paid",
        query="alert_excess_refund",
        above=0,
        for_s=0,
        window_s=_DAY_S,
        summary="Refunds that were stored in the last day go beyond what their orders had paid.",
        runbook=(
            "Run hostledger explain ORDER_ID for the orders with excess_refund on the board Finance, and ask the "
            "platform which of their refunds are real."
        ),
    ),
    Alert(
        uid="hostledger-label",
        title="AI label missing on air",
        query="alert_label",
        above=0,
        for_s=30,
        window_s=_DAY_S,
        summary="So many digital hosts are on air without the AI label on screen.",
        runbook=(
            "See them on the board Live, on air: switch the label on in the room or take the host off air; if the "
            "label is on, the room does not send label_shown."
        ),
        severity="critical",
    ),
    Alert(
        uid="hostledger-rejects",
        title="Many lines rejected",
        query="alert_rejects",
        above=0.01,
        for_s=_MINUTE_S,
        window_s=15 * _MINUTE_S,
        summary="Of the lines of the last 15 minutes, more than 1 % can never become an event.",
        runbook=(
            "Run hostledger dead-letters list: it says why and what the producer should do; mend, then hostledger "
            "dead-letters replay."
        ),
    ),
    Alert(
        uid="hostledger-worker-lag",
        title="A worker lags behind",
        query="alert_worker_lag",
        above=60,
        for_s=2 * _MINUTE_S,
        window_s=15 * _MINUTE_S,
        summary="A batch is unfinished for over a minute, or a lane's newest event was older than that when it stored.",
        runbook=(
            "See the lane on the board Pipeline, lag; look at /readyz, hostledger_away and hostledger_lag_records in "
            "/metrics of its worker, and at its log."
        ),
    ),
)
