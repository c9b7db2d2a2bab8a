-- Fragment: the rows of orders_minute or products_minute that range, currency, seller, platform and session leave.
currency = ${currency:sqlstring} AND $__timeFilter(minute)
    AND {{in_sessions}}
