-- Question: what part of the GMV belongs to nobody?
-- Columns: share (part of one; NULL without sales).
WITH {{credited}}
SELECT toFloat64(sumIf(gross, kind = 'unattributed')) / nullIf(toFloat64(sum(gross)), 0) AS share
FROM credited
