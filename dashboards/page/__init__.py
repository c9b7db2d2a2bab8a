"""The live page: one screen of figures, pushed to every browser that has it open.

`choice` reads what the viewer wants to see, `snapshot` builds it from the named queries, `feed` does so once however
many pages are open, `app` puts it behind routes, `server` puts the routes on a port. `static/` is the page itself:
plain HTML, CSS and JavaScript modules, with Apache ECharts and the Inter typeface beside it, nothing from outside.
"""
