-- Fragment: the first day of the period of a column minute, in the seller's time zone; weeks begin on Monday.
multiIf(
    ${period:sqlstring} = 'week', toMonday(minute, ${zone:sqlstring}),
    ${period:sqlstring} = 'month', toStartOfMonth(minute, ${zone:sqlstring}),
    ${period:sqlstring} = 'quarter', toStartOfQuarter(minute, ${zone:sqlstring}),
    ${period:sqlstring} = 'year', toStartOfYear(minute, ${zone:sqlstring}),
    toDate(minute, ${zone:sqlstring})
)
