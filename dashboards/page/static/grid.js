// Where panels stand: 24 columns, row by row as they come; figures that stand side by side share one strip.

import { el } from "./dom.js";

const COLUMNS = 24;
const UNIT_PX = 38;
const STRIP = 3;
const SCREEN_UNITS = 26;
const FIXED = new Set(["series", "stack"]);

/** Rows of cards, each at most 24 columns wide. */
function rowsOf(cards) {
  const rows = [];
  let width = COLUMNS;
  for (const card of cards) {
    if (width + card.panel.width > COLUMNS) {
      rows.push([]);
      width = 0;
    }
    rows.at(-1).push(card);
    width += card.panel.width;
  }
  return rows;
}

/** Lay the cards out in `main`. */
export function lay(main, cards) {
  const rows = rowsOf(cards);
  main.replaceChildren(...rows.flatMap((row, at) => laid(row, at)));
  main.rows = rows.map((row) => (row.every((card) => card.panel.kind === "stat") ? 0 : Math.max(...row.map((card) => card.panel.height))));
}

function laid(row, at) {
  const fixed = row.some((card) => FIXED.has(card.panel.kind));
  const height = Math.max(...row.map((card) => card.panel.height));
  const nodes = [];
  for (const card of row) {
    if (card.panel.kind === "stat") join(nodes, card);
    else nodes.push(sized(card.node, card.panel.width, fixed, height));
  }
  for (const node of nodes) node.dataset.row = at;
  return nodes;
}

function sized(node, width, fixed, height) {
  node.style.setProperty("--span", Math.min(width, COLUMNS));
  node.style.setProperty("--height", `${height * UNIT_PX}px`);
  node.classList.add(fixed ? "fixed" : "loose");
  return node;
}

/** Put a figure into the strip before it, or begin one. */
function join(nodes, card) {
  const strip = nodes.at(-1)?.classList.contains("strip") ? nodes.at(-1) : el("div", { class: "card strip" });
  if (!nodes.includes(strip)) nodes.push(strip);
  strip.append(card.node);
  const widths = [...(strip.widths ?? []), card.panel.width];
  strip.widths = widths;
  strip.style.setProperty("--span", Math.min(widths.reduce((sum, width) => sum + width, 0), COLUMNS));
  strip.style.setProperty("--tracks", widths.map((width) => `minmax(0, ${width}fr)`).join(" "));
}

/** On a wall: the first rows, as many as can be read at once, fill the screen. */
export function hang(main, on) {
  let units = 0;
  const shown = main.rows.map((height) => (units += height || STRIP) <= SCREEN_UNITS);
  shown[0] = true;
  for (const node of main.children) node.classList.toggle("off-screen", on && !shown[node.dataset.row]);
  const tracks = main.rows.filter((_, at) => shown[at]).map((height) => (height ? `minmax(0, ${height}fr)` : "auto"));
  main.style.gridTemplateRows = on ? tracks.join(" ") : "";
}
