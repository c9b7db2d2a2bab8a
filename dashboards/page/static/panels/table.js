// Rows and columns, brought up to date row by row, so that focus, scroll and selection stay where they are.

import { edged, el, keep, numbered } from "../dom.js";
import { count, magnitude } from "../format.js";
import { MODEL_NAMES, NOTHING } from "../words.js";
import { isMeasure, isNumeric, kindOf, level, levelOf, setting, written } from "./cells.js";
import { pressed, sorted } from "./sorting.js";

const DRAWN = 500;

export function tablePanel(card, panel) {
  const columns = panel.columns.filter((column) => !column.hidden);
  const main = mainOf(columns);
  const measured = columns.find(isMeasure);
  const body = el("tbody");
  const empty = el("p", { class: "empty" });
  const rest = el("p", { class: "note rest" });
  const heads = columns.map((column) => head(column, () => { order = pressed(order, column); draw(); }));
  const caption = el("caption", { class: "hidden" }, panel.title);
  const table = el("table", {}, caption, el("thead", {}, el("tr", {}, ...heads)), body);
  const region = edged({ class: "scroll", tabindex: "0", role: "group", "aria-label": panel.title }, table, empty, rest);
  card.replaceChildren(region);
  let order = null;
  let shown = null;

  function draw() {
    const { rows, view } = shown;
    const all = sorted(rows, order, columns);
    const drawn = all.slice(0, DRAWN);
    const most = main ? longest(rows, main) : new Map();
    heads.forEach((node, at) => mark(node, columns[at], order));
    caption.textContent = `${shown.title}; the column heads sort`;
    region.setAttribute("aria-label", shown.title);
    reconcile(body, drawn, keys(panel, drawn), setting(view), (row) => cells(row, view), rowClass);
    drawn.forEach((row, at) => lengthen(body.children[at], main && magnitude(row[main.name]), most.get(row.currency)));
    empty.textContent = rows.length ? "" : NOTHING.table;
    empty.hidden = rows.length > 0;
    rest.textContent = all.length > DRAWN ? `The first ${DRAWN} of ${count(all.length)} rows; the CSV has them all.` : "";
    rest.hidden = !rest.textContent;
    region.edge();
  }

  function cells(row, view) {
    return columns.map((column, at) => {
      const content = [written(column, row, view)];
      const reached = column === measured ? levelOf(row[column.name], panel.thresholds) : null;
      if (reached && reached !== "good") content.push(level(reached));
      if (column === main) content.push(el("span", { class: `bar ${kindOf(row) ?? "plain"}` }));
      const attributes = { class: `u-${column.unit}${isNumeric(column) ? " num" : ""}${column === main ? " main" : ""}` };
      return at === 0 ? el("th", { scope: "row", ...attributes }, ...content) : el("td", attributes, ...content);
    });
  }

  return {
    show(answer) {
      shown = answer;
      draw();
    },
  };
}

/** The column that a bar is drawn for: net, else the first money; none where rows are checked or are single orders. */
function mainOf(columns) {
  if (columns.some((column) => column.unit === "check" || column.unit === "order")) return null;
  return columns.find((column) => column.name === "net") ?? columns.find((column) => column.unit === "money") ?? null;
}

function head(column, press) {
  return el("th", { scope: "col", class: isNumeric(column) ? "num" : null }, el("button", { type: "button", onclick: press }, MODEL_NAMES[column.title] ?? (column.title || column.name)));
}

function mark(node, column, order) {
  if (order?.name === column.name) node.setAttribute("aria-sort", order.down ? "descending" : "ascending");
  else node.removeAttribute("aria-sort");
}

const rowClass = (row) => (row.host_id === "unattributed" || row.host_id === "excess_refund" ? "account" : "");

/** What makes a row the same row: its words and moments, numbered where they repeat. */
function keys(panel, rows) {
  const names = panel.columns.filter((column) => !isNumeric(column)).map((column) => column.name);
  return numbered(rows.map((row) => names.map((name) => row[name]).join("\u001f")));
}

/** Rows that are new, or read otherwise than before, are made; the others stay as they are. */
function reconcile(body, rows, names, around, cells, classOf) {
  const first = body.children.length === 0;
  keep(body, names, () => el("tr", { class: first ? null : "new" })).forEach((row, at) => {
    const content = JSON.stringify([around, rows[at]]);
    if (row.content === content) return;
    const focused = controls(row).indexOf(document.activeElement);
    row.content = content;
    row.replaceChildren(...cells(rows[at]));
    row.classList.toggle("account", classOf(rows[at]) === "account");
    if (focused >= 0) (controls(row)[focused] ?? controls(row)[0])?.focus();
  });
}

const controls = (row) => [...row.querySelectorAll("button, a")];

/** The greatest figure of each currency: bars compare within one. */
function longest(rows, column) {
  const most = new Map();
  for (const row of rows) most.set(row.currency, Math.max(most.get(row.currency) ?? 0, magnitude(row[column.name])));
  return most;
}

/** The bar under the main figure, within the padding of its cell. */
function lengthen(row, figure, most) {
  const bar = row.querySelector(".main .bar");
  if (bar) bar.style.width = most > 0 && figure > 0 ? `calc((100% - 24px) * ${(figure / most).toFixed(4)})` : "0";
}
