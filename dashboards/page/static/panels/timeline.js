// Who was on air, lane by lane: blocks with a colour, a pattern and words, each holding until the next.

import { el, keep, language, named, put } from "../dom.js";
import { lasting, minute, moment, shortDay } from "../format.js";
import { MARKS, NOTHING, STATE_LOOKS } from "../words.js";
import { written } from "./cells.js";

const MINUTE_MS = 60000;
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160, 43200].map((minutes) => minutes * MINUTE_MS);
const WANTED = 8;

export function timelinePanel(card, panel) {
  const open = panel.columns.filter((column) => !column.hidden);
  const lane = open.find((column) => !["time", "state"].includes(column.unit));
  const state = panel.columns.find((column) => column.unit === "state");
  const time = panel.columns.find((column) => column.unit === "time");
  const words = panel.columns.filter((column) => ![lane, state, time].includes(column) && column.unit === "text" && !column.name.endsWith("_id"));
  const list = el("ul", { class: "lanes" });
  const axis = el("div", { class: "lane-axis", "aria-hidden": "true" });
  const empty = el("p", { class: "empty" }, NOTHING.timeline);
  const region = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": panel.title }, list, axis, empty);
  card.replaceChildren(region);

  function block(piece, view) {
    const { row, from, until } = piece;
    const look = STATE_LOOKS[row[state.name]] ?? "unknown";
    const said = words.map((column) => row[column.name]).filter(Boolean).join(" · ");
    const meaning = view.states[row[state.name]] ?? "unknown";
    const when = `${moment(from)} – ${minute(until)}, ${lasting((until - from) / 1000)}`;
    const node = el("li", { class: `block ${look}`, title: `${[said, meaning].filter(Boolean).join(" · ")}\n${when}` },
      el("span", { class: "block-text", lang: language(said), dir: "auto" }, said || meaning),
      el("span", { class: "hidden" }, `, ${said ? `${meaning}, ` : ""}${when}`));
    if (MARKS[look]) node.firstChild.prepend(`${MARKS[look]} `);
    if (look === "both") node.firstChild.prepend(`${MARKS.human}${MARKS.digital} `);
    node.style.left = `${at(from, view)}%`;
    node.style.width = `${at(until, view) - at(from, view)}%`;
    return node;
  }

  const nameOf = (row, view) => (lane.unit === "text" ? named(String(row[lane.name] ?? "–"), "name") : written(lane, row, view));

  return {
    show({ rows, view, title }) {
      const lanes = byLane(rows, lane.name, time.name, view);
      region.setAttribute("aria-label", title);
      const made = () => el("li", { class: "lane" }, el("span", { class: "lane-name" }), el("ol", { class: "track" }));
      keep(list, [...lanes.keys()], made).forEach((node, at) => {
        const pieces = [...lanes.values()][at];
        put(node.firstChild, nameOf(pieces[0].row, view));
        put(node.lastChild, ...pieces.map((piece) => block(piece, view)));
      });
      axis.replaceChildren(...ticks(view).map((ms) => tick(ms, view)));
      empty.hidden = lanes.size > 0;
      axis.hidden = lanes.size === 0;
    },
  };
}

const at = (ms, view) => (100 * (ms - view.from_ms)) / (view.until_ms - view.from_ms);

/** Pieces {row, from, until} by lane: a state holds until the next of its lane, the last until what is known. */
function byLane(rows, lane, time, view) {
  const known = view.clock.mode === "live" ? view.clock.now_ms : view.clock.newest_ms ?? view.until_ms;
  const end = Math.min(view.until_ms, known);
  const lanes = new Map();
  for (const row of rows) lanes.set(laneKey(row, lane), [...(lanes.get(laneKey(row, lane)) ?? []), row]);
  for (const [key, states] of lanes) {
    const ordered = states.sort((a, b) => a[time] - b[time]);
    const pieces = ordered.map((row, index) => ({ row, from: Math.max(row[time], view.from_ms), until: Math.min(ordered[index + 1]?.[time] ?? end, end) }));
    lanes.set(key, pieces.filter((piece) => piece.until > piece.from));
    if (lanes.get(key).length === 0) lanes.delete(key);
  }
  return lanes;
}

const laneKey = (row, lane) => row.session_id ?? row[lane];

function ticks(view) {
  const step = TICKS.find((one) => (view.until_ms - view.from_ms) / one <= WANTED) ?? TICKS.at(-1);
  const shift = new Date(view.from_ms).getTimezoneOffset() * MINUTE_MS;
  const first = Math.ceil((view.from_ms - shift) / step) * step + shift;
  return Array.from({ length: Math.max(0, Math.ceil((view.until_ms - first) / step)) }, (_, index) => first + index * step);
}

function tick(ms, view) {
  const node = el("span", {}, view.until_ms - view.from_ms > 2 * 1440 * MINUTE_MS ? shortDay(ms) : minute(ms));
  node.style.left = `${at(ms, view)}%`;
  return node;
}
