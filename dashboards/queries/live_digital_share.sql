-- Question: what part of the GMV did digital hosts earn?
-- Columns: share (part of one, of the GMV of all hosts and of nobody; NULL without sales).
WITH {{credited}}
SELECT toFloat64(sumIf(gross, kind = 'digital')) / nullIf(toFloat64(sum(gross)), 0) AS share
FROM credited
