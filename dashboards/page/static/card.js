// A panel's card: its title, what it means, its file, and room for its figures; also for why there are none.

import { el, icon, iconButton } from "./dom.js";
import { attach } from "./popovers.js";
import { barsPanel } from "./panels/bars.js";
import { chartPanel } from "./panels/chart.js";
import { statPanel } from "./panels/stat.js";
import { tablePanel } from "./panels/table.js";
import { timelinePanel } from "./panels/timeline.js";

const MAKERS = { stat: statPanel, series: chartPanel, stack: chartPanel, timeline: timelinePanel, bars: barsPanel, table: tablePanel };
const CHARTS = new Set(["series", "stack"]);
const WIDE = 16;
const PICTURES = new Set(["series", "stack", "timeline", "bars"]);

/**
 * @param {object} panel as the boards describe it
 * @returns {{node: HTMLElement, set: Function, draw: Function, fail: Function, again: Function, name: Function, wait: Function, lose: Function, end: Function}}
 */
export function makeCard(panel) {
  const title = el("h2", { id: `title-${panel.id}` });
  const words = el("span", { class: "words" });
  const aside = el("span", { class: "note" });
  const unheard = el("span", { class: "hidden", hidden: true }, " (not live)");
  title.append(words, aside, unheard);
  const file = el("a", { class: "icon quiet", download: true, "aria-label": `CSV of ${named(panel)}`, title: "Download as CSV" }, icon("file"));
  const legend = el("ul", { class: "legend", "aria-label": "Legend" });
  const content = el("div", { class: "content" });
  const asTable = el("div", { class: "content", hidden: true });
  const fault = el("div", { class: "fault-note", role: "alert", hidden: true });
  const toggle = PICTURES.has(panel.kind)
    ? iconButton("rows", `Show ${named(panel)} as table`, { "aria-pressed": "false", class: "icon quiet", onclick: () => flip() })
    : null;
  const header = el("header", {}, title, ...help(panel), el("span", { class: "tools" }, toggle ?? "", file), legend);
  const wide = panel.width > WIDE && CHARTS.has(panel.kind) ? " wide-plot" : "";
  const node = el(panel.kind === "stat" ? "div" : "section", { class: `${panel.kind === "stat" ? "tile" : "card"} ${panel.kind} loading${wide}`, id: `panel-${panel.id}`, "aria-labelledby": title.id, "aria-busy": "true", role: panel.kind === "stat" ? "group" : null }, header, content, asTable, fault);
  const picture = (MAKERS[panel.kind] ?? tablePanel)(content, panel, legend);
  const table = toggle ? tablePanel(asTable, panel) : null;
  let answer = null;

  function flip() {
    const on = asTable.hidden;
    asTable.hidden = !on;
    content.hidden = on;
    toggle.setAttribute("aria-pressed", String(on));
    again();
  }

  function again() {
    if (answer) (asTable.hidden ? picture : table).show(answer);
  }

  function entitle(name) {
    words.textContent = name.words;
    aside.textContent = name.aside ? ` ${name.aside}` : "";
  }

  function ready() {
    node.classList.remove("loading", "waiting", "unheard");
    unheard.hidden = true;
    node.removeAttribute("aria-busy");
  }

  return {
    node,
    panel,
    /** Draw rows (objects by column name) with what is looked at. */
    draw(rows, view, name) {
      ready();
      node.classList.remove("failed");
      fault.hidden = true;
      entitle(name);
      answer = { rows, view, title: name.whole };
      again();
    },
    /** Draw what stands once more. */
    again,
    /** Say what is wrong and what to do. */
    fail(error, name) {
      ready();
      entitle(name);
      answer = null;
      node.classList.add("failed");
      fault.replaceChildren(el("strong", {}, "No answer"), el("p", {}, error.value || error.field || ""), el("p", {}, error.remedy || ""));
      fault.hidden = false;
    },
    /** Where its file is, and the title; what answers another question keeps the title of that. */
    name(text, address) {
      file.href = address;
      if (answer && (node.classList.contains("waiting") || !unheard.hidden)) return;
      entitle(text);
      file.setAttribute("aria-label", `CSV of ${text.words}`);
      toggle?.setAttribute("aria-label", `Show ${text.words} as table`);
    },
    /** Another question was asked: what stands is of the last one. */
    wait() {
      node.classList.add("waiting");
      node.setAttribute("aria-busy", "true");
    },
    /** Nobody answers: what stands is what was known last. */
    lose() {
      if (!answer) return;
      node.classList.add("unheard");
      unheard.hidden = false;
    },
    end: () => picture.end?.(),
  };
}

/** A title before anything is chosen. */
const named = (panel) => panel.title.replace(/(?:,\s*|\s*\(|\s*)\$\{\w+\}\)?/g, "");

function help(panel) {
  if (!panel.help) return [];
  const button = el("button", { type: "button", class: "help", "aria-label": `What ${named(panel)} means` }, icon("help"));
  const pane = el("div", { class: "pane words", role: "note" }, el("p", {}, panel.help));
  attach(button, pane);
  return [button, pane];
}
