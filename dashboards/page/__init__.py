"""The built-in page: the boards of the spec, pushed to every browser that has one open.

`choice` reads what the viewer wants to see and `ranges` which time that is; `desk` asks the warehouse, each thing once
(`kept`), and `cells` and `sheets` write the answers; `feed` does so once however many pages are open; `access` asks for
the password, `app` puts it behind routes, `server` puts the routes on a port. `orders` explains one order. `static/` is
the page itself: plain HTML, CSS and JavaScript modules, with Apache ECharts and the Inter typeface beside it, nothing
from outside.
"""
