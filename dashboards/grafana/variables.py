"""Variables: what people may choose, as Grafana asks for it."""

from dashboards.grafana import sdk, statements
from dashboards.grafana.sdk import dashboard, parts
from dashboards.spec import Variable

ALL = "$__all"
_EVERYTHING = parts.VariableOption(selected=True, text=["All"], value=[ALL])


def made(variable: Variable, zone: str) -> parts.VariableModel:
    """Make a variable. zone: the time zone of the seller, which the variable `zone` always says."""
    if variable.name == "zone":
        return _constant(variable, zone)
    found = _asked(variable) if variable.query else _offered(variable)
    if variable.hidden:
        found.hide = parts.VariableHide.HIDE_VARIABLE
    return found


def _constant(variable: Variable, value: str) -> parts.VariableModel:
    found = dashboard.ConstantVariable(variable.name).label(variable.title).value(value).build()
    found.hide, found.skip_url_sync = parts.VariableHide.HIDE_VARIABLE, True
    found.current = parts.VariableOption(selected=True, text=value, value=value)
    return found


def _asked(variable: Variable) -> parts.VariableModel:
    """Make a variable whose values a query gives; it is asked again when the range changes."""
    sql = statements.for_variable(variable.query or "")
    query: dict[str, object] = {"refId": variable.name, "queryType": "sql", "rawSql": sql}
    wide = dashboard.QueryVariable(variable.name).label(variable.title).datasource(sdk.reference()).query(query)
    wide.refresh(parts.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(parts.VariableSort.DISABLED)
    wide.multi(variable.multi).include_all(variable.multi)
    if variable.multi:
        wide.current(_EVERYTHING)
    elif variable.default:
        wide.current(parts.VariableOption(selected=True, text=variable.default, value=variable.default))
    return wide.build()


def _offered(variable: Variable) -> parts.VariableModel:
    """Make a variable with a fixed list of values."""
    wide = dashboard.CustomVariable(variable.name).label(variable.title)
    wide.values(",".join(f"{text} : {value}" for value, text in variable.options))
    wide.multi(variable.multi).include_all(variable.multi)
    default = variable.default or variable.options[0][0]
    options = [
        parts.VariableOption(selected=not variable.multi and value == default, text=text, value=value)
        for value, text in variable.options
    ]
    if variable.multi:
        everything = parts.VariableOption(selected=True, text="All", value=ALL)
        return wide.options([everything, *options]).current(_EVERYTHING).build()
    return wide.options(options).current(next(o for o in options if o.selected)).build()
