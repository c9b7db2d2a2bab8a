-- One batch, up to the end of the year.
INSERT INTO batches (batch, source, token, newest_at, recorded_at)
SELECT 1, 'year', '1', toDateTime64({now_s:Int64}, 3, 'UTC'), toDateTime64({now_s:Int64}, 3, 'UTC')
