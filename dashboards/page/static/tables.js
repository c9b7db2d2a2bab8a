// Tables that are brought up to date row by row, so that focus, scroll and selection stay where they are.

import { ACCOUNT_NAMES, KIND_NAMES, chip, clockface, count, el, magnitude, money, named, roomName, share, time } from "./format.js";

function reconcile(body, rows, keyOf, cells, decorate = () => {}) {
  const known = new Map([...body.children].map((row) => [row.dataset.key, row]));
  const first = known.size === 0;
  const kept = rows.map((data) => {
    const key = keyOf(data);
    const content = JSON.stringify(data);
    const row = known.get(key) ?? el("tr", { "data-key": key, class: first ? null : "new" });
    if (row.content !== content) {
      const focused = row.contains(document.activeElement);
      row.content = content;
      row.replaceChildren(...cells(data));
      decorate(row, data);
      if (focused) row.querySelector("button")?.focus();
    }
    return row;
  });
  for (const row of known.values()) if (!kept.includes(row)) row.remove();
  kept.forEach((row, at) => { if (body.children[at] !== row) body.insertBefore(row, body.children[at] ?? null); });
}

// Within the padding of its cell.
const barWidth = (part, most) => (most > 0 && part > 0 ? `calc((100% - 24px) * ${(part / most).toFixed(4)})` : "0");

const cell = (content, attributes = {}) => el("td", attributes, content);
const amount = (text) => cell(text === null ? "–" : money(text), { class: "num" });
const number = (text) => cell(text, { class: "num" });

const NUMERIC = new Set(["net", "gross", "refunds", "orders", "live_ms", "hourly"]);
const sorting = { column: "net", down: true };

function sorted(rows) {
  const value = (row) => {
    const raw = row[sorting.column];
    if (!NUMERIC.has(sorting.column)) return raw ?? "";
    return typeof raw === "number" ? raw : magnitude(raw);
  };
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    const order = typeof x === "string" ? x.localeCompare(y) : x - y;
    return (sorting.down ? -order : order) || a.host_id.localeCompare(b.host_id);
  };
  const isAccount = (row) => row.host_id in ACCOUNT_NAMES;
  const accounts = Object.keys(ACCOUNT_NAMES).flatMap((id) => rows.filter((row) => row.host_id === id));
  return [...rows.filter((row) => !isAccount(row)).sort(compare), ...accounts];
}

export function sortable(table, redraw) {
  for (const head of table.querySelectorAll("th[data-sort]")) {
    head.firstElementChild.addEventListener("click", () => {
      const column = head.dataset.sort;
      sorting.down = sorting.column === column ? !sorting.down : NUMERIC.has(column);
      sorting.column = column;
      for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
      redraw();
    });
  }
}

export function hosts(table, snapshot) {
  const most = Math.max(...snapshot.hosts.map((row) => magnitude(row.net)), 0);
  const body = table.tBodies[0];
  reconcile(body, sorted(snapshot.hosts), (row) => `${row.host_id}\u001f${row.kind}`, hostCells, (row, data) => {
    row.classList.toggle("account", data.host_id in ACCOUNT_NAMES);
    row.classList.toggle("idle", magnitude(data.gross) === 0 && magnitude(data.refunds) === 0);
  });
  for (const row of body.children) {
    const bar = row.querySelector(".bar");
    const net = magnitude(snapshot.hosts.find((one) => `${one.host_id}\u001f${one.kind}` === row.dataset.key).net);
    bar.style.width = barWidth(net, most);
  }
  const { totals } = snapshot;
  table.tFoot.replaceChildren(
    el("tr", {}, el("th", { scope: "row", colspan: 2 }, "All accounts"), el("td", { class: "opt" }),
      amount(totals.net), amount(totals.gmv), amount(totals.refunds), number(count(totals.orders)), el("td"), el("td")),
  );
}

function hostCells(row) {
  const account = row.host_id in ACCOUNT_NAMES;
  return [
    el("th", { scope: "row" }, chip(row)),
    cell(account ? "Account" : KIND_NAMES[row.kind], { class: "quiet" }),
    el("td", { class: "opt quiet" }, row.likeness ? named(row.likeness) : account ? "" : "–"),
    el("td", { class: "num net" }, money(row.net), el("span", { class: `bar ${row.kind}` })),
    amount(row.gross),
    amount(row.refunds),
    number(row.host_id === "excess_refund" ? "" : count(row.orders)),
    number(account ? "" : row.live_ms ? clockface(row.live_ms) : "–"),
    account ? el("td") : amount(row.hourly),
  ];
}

export function products(table, snapshot) {
  const most = Math.max(...snapshot.products.map((row) => magnitude(row.gmv)), 0);
  reconcile(table.tBodies[0], snapshot.products, (row) => row.product_id, (row) => [
    el("th", { scope: "row" }, named(row.product_id, "name")),
    number(count(row.quantity)),
    el("td", { class: "num net" }, money(row.gmv), el("span", { class: "bar plain" })),
  ]);
  [...table.tBodies[0].children].forEach((row, at) => {
    const gmv = magnitude(snapshot.products[at].gmv);
    row.querySelector(".bar").style.width = barWidth(gmv, most);
  });
}

export function latest(table, snapshot, rooms, open) {
  reconcile(table.tBodies[0], snapshot.orders, (row) => row.order_id, (row) => orderCells(row, rooms, open));
}

function orderCells(row, rooms, open) {
  const room = rooms.get(row.session_id);
  const weighty = row.credits.filter((credit) => credit.share_bp > 0);
  const shown = (weighty.length ? weighty : row.credits).sort((a, b) => b.share_bp - a.share_bp);
  const reasons = [...new Set(shown.map((credit) => credit.basis))];
  return [
    cell(time(row.ordered_ms), { class: "quiet" }),
    cell(el("button", { type: "button", class: "link", "aria-haspopup": "dialog", onclick: () => open(row.order_id) }, row.order_id)),
    el("td", { class: "opt quiet room" }, row.session_id ? named(room ? roomName(room) : row.session_id, "name") : "outside a room"),
    el("td", { class: "num" }, money(row.amount), row.refunded && el("span", { class: "tag bad", title: `${row.refunded} refunded` }, `−${row.refunded}`)),
    el("td", { class: "num opt" }, count(row.items)),
    el("td", { class: "credit" }, ...shown.map((credit) => chip(credit, credit.share_bp < 10000 ? share(credit.share_bp) : null))),
    el("td", { class: "why quiet" }, reasons.join("; "), row.restated ? el("span", { class: "tag" }, "restated") : null),
  ];
}
