"""A Grafana to publish to: a small server that behaves like Grafana 13 where that matters, and refuses what it refuses.

Taken from Grafana's HTTP API pages and sources:
- `/api/health` answers without credentials; everything else 401 `{"message": "Invalid username or password"}` or
  `Invalid API key` without right ones (pkg/services/contexthandler), 403 for what the role does not allow.
- Data sources by numeric id are gone (404); by uid they answer. A second one of the same name is 409.
- `POST /api/dashboards/db`: 412 `version-mismatch` unless `version` is that of the stored board or `overwrite` is set,
  400 for a board from files (`Cannot save provisioned dashboard`), 400 for a folder that is not there, 400 for a uid
  over 40 signs (pkg/services/dashboards/errors.go). The JSON comes back with an `id` and a `version`, and `meta`.
- `GET /api/dashboards/uid/:uid/versions` gives `{"continueToken", "versions": [newest first]}`; up to 11.4 a list.
- Alert rules: POST 201, 409 for a uid that is there, 400 for a folder that is not; PUT 200, 404 without a rule. What is
  posted comes back with `id`, `updated`, `provenance` ("api" unless X-Disable-Provenance was sent), and models with
  `intervalMs` and `maxDataPoints`. A rule that others keep cannot be changed: 409.
- Folders by uid; a title or uid that is there already is 409 or 412.
- `DELETE` answers 204 without a body.
"""

import base64
import copy
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "glsa_" + "4fD9" * 8
USER, PASSWORD = "admin", "pässword: with 'signs'"
HTML = "<html><head><title>502</title></head><body>no message from nginx</body></html>"


class Grafana:
    """What is stored there, every request, and what is to go wrong."""

    def __init__(self):
        self.version = "13.2.3"
        self.role = "Admin"
        self.boards, self.messages, self.meta = {}, {}, {}
        self.rules, self.folders, self.sources = {}, {}, {}
        self.asked, self.broken, self.old_versions = [], {}, False
        self.after = None

    def changes(self):
        """Requests that were not reading."""
        return [(method, path) for method, path, _ in self.asked if method != "GET"]

    def edit_board(self, uid, **fields):
        """Somebody saves a board in the browser."""
        board = self.boards[uid]
        board |= fields | {"version": board["version"] + 1}
        self.messages[uid].insert(0, "")


class _Refused(Exception):  # noqa: N818  # named for what is the case
    def __init__(self, code, message, **more):
        super().__init__(message)
        self.code, self.body = code, {"message": message, **more}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._answer()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  # names of the standard library

    def _answer(self):
        grafana = self.server.grafana
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        path = self.path.removeprefix(self.server.prefix)
        grafana.asked.append((self.command, path, body))
        wrong = next(
            (what for pattern, what in grafana.broken.items() if re.search(pattern, f"{self.command} {path}")), None
        )
        if wrong:
            self._send(*wrong)
            return
        try:
            status, answer = self._route(path.removeprefix("/api").split("?")[0], body)
        except _Refused as refused:
            status, answer = refused.code, refused.body
        self._send(status, None if status == 204 else json.dumps(answer), "application/json")
        if grafana.after:
            grafana.after(self.command, path)

    def _send(self, status, text, kind="text/html; charset=UTF-8"):
        data = (text or "").encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _route(self, path, body):
        grafana = self.server.grafana
        if path == "/health":
            return 200, {"database": "ok", "version": grafana.version, "commit": "0"}
        self._let_in()
        for method, pattern, handle in ROUTES:
            if method == self.command and (found := re.fullmatch(pattern, path)):
                return handle(self, *found.groups(), *([] if method in {"GET", "DELETE"} else [body]))
        raise _Refused(404, "Not found")

    def _let_in(self):
        kind, _, given = (self.headers.get("Authorization") or "").partition(" ")
        if kind == "Basic" and base64.b64decode(given).decode() == f"{USER}:{PASSWORD}":
            return
        if kind != "Bearer" or given != TOKEN:
            raise _Refused(401, "Invalid API key" if kind == "Bearer" else "Invalid username or password")

    def _needs(self, *roles):
        if self.server.grafana.role not in roles:
            raise _Refused(403, "You'll need additional permissions to perform this action")

    def source(self, uid):
        if uid not in self.server.grafana.sources:
            raise _Refused(404, "Data source not found")
        found = self.server.grafana.sources[uid]
        return 200, {key: value for key, value in found.items() if key != "secureJsonData"}

    def make_source(self, body):
        self._needs("Admin")
        there = self.server.grafana.sources
        if any(body["name"] == source["name"] for source in there.values()):
            raise _Refused(409, "data source with the same name already exists")
        there[body["uid"]] = body
        return 200, {"message": "Datasource added", "id": len(there)}

    def folder(self, uid):
        if uid not in self.server.grafana.folders:
            raise _Refused(404, "folder not found", status="not-found")
        return 200, {"uid": uid, "title": self.server.grafana.folders[uid], "version": 1}

    def make_folder(self, body):
        self._needs("Admin", "Editor")
        if body["uid"] in self.server.grafana.folders:
            raise _Refused(412, "the folder has been changed by someone else")
        self.server.grafana.folders[body["uid"]] = body["title"]
        return 200, {"uid": body["uid"], "title": body["title"], "version": 1}

    def board(self, uid):
        grafana = self.server.grafana
        if uid not in grafana.boards:
            raise _Refused(404, "Dashboard not found", status="not-found")
        return 200, {"dashboard": grafana.boards[uid], "meta": grafana.meta[uid] | {"slug": uid}}

    def versions(self, uid):
        grafana = self.server.grafana
        number = grafana.boards[uid]["version"]
        found = [{"version": number - at, "message": text} for at, text in enumerate(grafana.messages[uid])]
        return 200, found if grafana.old_versions else {"continueToken": "", "versions": found}

    def save_board(self, body):
        self._needs("Admin", "Editor")
        grafana, board = self.server.grafana, copy.deepcopy(body["dashboard"])
        there = grafana.boards.get(board["uid"])
        if not re.fullmatch(r"[\w-]{1,40}", board["uid"]):
            raise _Refused(400, "uid too long, max 40 characters")
        if len(body["message"]) > 500:
            raise _Refused(400, "message too long, max 500 characters")
        if body["folderUid"] not in grafana.folders:
            raise _Refused(400, "folder not found")
        if there and grafana.meta[board["uid"]]["provisioned"]:
            raise _Refused(400, "Cannot save provisioned dashboard")
        if there and not body["overwrite"] and board.get("version") != there["version"]:
            raise _Refused(412, "The dashboard has been changed by someone else", status="version-mismatch")
        board |= {"id": len(grafana.boards) + 1, "version": (there["version"] if there else 0) + 1}
        grafana.boards[board["uid"]] = board | {"schemaVersion": 42}
        grafana.meta[board["uid"]] = {"folderUid": body["folderUid"], "provisioned": False}
        grafana.messages.setdefault(board["uid"], []).insert(0, body["message"])
        return 200, {"uid": board["uid"], "status": "success", "version": board["version"]}

    def rule(self, uid):
        if uid not in self.server.grafana.rules:
            raise _Refused(404, "alert rule not found")
        return 200, self.server.grafana.rules[uid]

    def make_rule(self, body):
        self._needs("Admin", "Editor")
        if body["uid"] in self.server.grafana.rules:
            raise _Refused(
                409, "a conflicting alert rule is found: rule UID under the same organisation should be unique"
            )
        return 201, self._keep(body)

    def change_rule(self, uid, body):
        self._needs("Admin", "Editor")
        there = self.rule(uid)[1]
        if there["provenance"] == "file":
            raise _Refused(409, "cannot change provenance from 'file' to ''")
        return 200, self._keep(body | {"uid": uid})

    def _keep(self, body):
        grafana, rule = self.server.grafana, copy.deepcopy(body)
        if rule["folderUID"] not in grafana.folders:
            raise _Refused(400, "folder does not exist")
        for step in rule["data"]:
            step["queryType"] = ""
            step["model"] |= {"intervalMs": 1000, "maxDataPoints": 43200}
        provenance = "" if self.headers.get("X-Disable-Provenance") else "api"
        rule |= {"id": len(grafana.rules) + 1, "updated": "2026-08-03T11:00:00Z", "provenance": provenance}
        grafana.rules[rule["uid"]] = rule
        return rule

    def remove_board(self, uid):
        self.board(uid)
        del self.server.grafana.boards[uid]
        return 204, None


ROUTES = [
    ("GET", r"/datasources/uid/([\w-]+)", Handler.source),
    ("POST", "/datasources", Handler.make_source),
    ("GET", r"/folders/([\w-]+)", Handler.folder),
    ("POST", "/folders", Handler.make_folder),
    ("GET", r"/dashboards/uid/([\w-]+)", Handler.board),
    ("GET", r"/dashboards/uid/([\w-]+)/versions", Handler.versions),
    ("DELETE", r"/dashboards/uid/([\w-]+)", Handler.remove_board),
    ("POST", "/dashboards/db", Handler.save_board),
    ("GET", r"/v1/provisioning/alert-rules/([\w-]+)", Handler.rule),
    ("POST", "/v1/provisioning/alert-rules", Handler.make_rule),
    ("PUT", r"/v1/provisioning/alert-rules/([\w-]+)", Handler.change_rule),
]


@contextmanager
def serving(prefix=""):
    """Serve a Grafana without anything in it, on a free port of this machine; gives it and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.grafana, server.prefix = True, Grafana(), prefix
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.grafana, f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
