-- Which of these lines were parked by another batch for this reason? line.
SELECT DISTINCT line FROM rejects
WHERE reason = {reason:String} AND line IN (SELECT arrayJoin({lines:Array(String)})) AND batch != {batch:UInt64}
