-- Question: what did the books say of a period when it was closed, per currency, model, host and seller?
-- Parameters: period ('' for all).
-- Columns: period, currency (ISO 4217 code), model, host_id (or unattributed, excess_refund), seller_id ('' for none),
--   gross, refunds, earlier (exact decimals, minor units), lines (count).
SELECT toString(closed_figures.period) AS period, toString(closed_figures.currency) AS currency,
    toString(closed_figures.model) AS model, toString(closed_figures.host_id) AS host_id,
    toString(closed_figures.seller_id) AS seller_id, gross, refunds, earlier, lines
FROM closed_figures
WHERE {period:String} = '' OR closed_figures.period = {period:String}
ORDER BY period, currency, model, host_id, seller_id
