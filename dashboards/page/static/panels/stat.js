// Figures that are read from afar. A narrow panel shows its first column large and the others as notes below it; a wide
// one shows every column large.

import { el, put, shape } from "../dom.js";
import { parts } from "../format.js";
import { KINDS } from "../words.js";
import { isMeasure, level, levelOf, written } from "./cells.js";

const ROOM = 2;

export function statPanel(card, panel) {
  const columns = panel.columns.filter((column) => !column.hidden);
  const many = columns.length > 1 && panel.width / columns.length >= ROOM;
  return many ? figures(card, panel, columns) : figure(card, panel, columns);
}

function figure(card, panel, [main, ...others]) {
  const kind = kindIn(`${panel.id}_${main.name}`);
  const big = el("p", { class: "big" }, "–");
  const notes = el("p", { class: "note" });
  const meter = main.unit === "share" ? el("p", { class: "meter", "aria-hidden": "true" }, el("span", { class: `bar ${kind ?? "plain"}` })) : null;
  card.append(...[big, meter, notes].filter(Boolean));
  if (kind) card.parentElement.querySelector("h2").prepend(shape(kind));

  return {
    show({ rows, view }) {
      const row = rows[0] ?? {};
      write(big, main, row, view);
      const reached = isMeasure(main) ? levelOf(row[main.name], panel.thresholds) : null;
      const told = others.filter((column) => ![null, undefined, ""].includes(row[column.name]));
      put(notes, ...(reached ? [level(reached)] : []), ...told.map((column) => note(column, row, view)));
      if (meter) meter.firstChild.style.width = `${Math.min(Math.max((row[main.name] ?? 0) * 100, 0), 100)}%`;
    },
  };
}

function figures(card, panel, columns) {
  const measured = columns.find(isMeasure);
  const places = new Map(columns.map((column) => [column, { big: el("p", { class: "big" }, "–"), note: el("p", { class: "note" }) }]));
  card.parentElement.classList.add("many");
  card.append(el("dl", { class: "figures" }, ...columns.map((column) => {
    const kind = kindIn(column.name);
    const { big, note: below } = places.get(column);
    return el("div", {}, el("dt", {}, kind && shape(kind), kind && " ", column.title), el("dd", {}, big, column === measured && panel.thresholds.length ? below : null));
  })));
  return {
    show({ rows, view }) {
      const row = rows[0] ?? {};
      for (const [column, { big, note: below }] of places) {
        write(big, column, row, view);
        const reached = column === measured ? levelOf(row[column.name], panel.thresholds) : null;
        put(below, reached && level(reached));
      }
    },
  };
}

function write(node, column, row, view) {
  const value = row[column.name];
  const seconds = column.unit === "seconds" && typeof value === "number";
  put(node, ...(seconds ? parts(value).flatMap(([number, unit]) => [`${number}`, el("span", { class: "small" }, `\u2009${unit} `)]) : [written(column, row, view)]));
  node.style.setProperty("--chars", Math.max(node.textContent.length, 5));
}

const note = (column, row, view) => el("span", { class: "pair" }, el("span", {}, column.title), " ", el("span", { class: "said" }, written(column, row, view)));

/** The host kind that a figure is about, by its name. */
const kindIn = (name) => KINDS.find((kind) => name.split(/[_\W]/).includes(kind)) ?? null;
