// What is shown, in one line: on a wall nobody sees the controls that say it elsewhere.

import { el, named } from "./dom.js";
import { textOf } from "./filters.js";
import { moment } from "./format.js";
import { QUICK_RANGES } from "./words.js";

const NAMED = 3; // so many values of one filter are called by name

/**
 * @param {object} look what is asked for
 * @param {object} board whose variables they are
 * @param {object} view what the server made of it: {from_ms, until_ms, variables}
 * @returns {Node[]} the range and the filters that are set
 */
export function said(look, board, view) {
  const set = board.variables.filter(({ name, hidden }) => !hidden && look.chosen.has(name));
  return [el("span", {}, rangeOf(look, board, view)), ...set.map((variable) => filter(variable, look.chosen.get(variable.name), view.variables[variable.name]?.options ?? []))];
}

function rangeOf(look, board, view) {
  const usual = !look.until || look.until === "now";
  const quick = QUICK_RANGES.find(({ since }) => since === (look.since || board.since));
  return usual && quick ? quick.long : `${moment(view.from_ms)} – ${moment(view.until_ms)}`;
}

function filter(variable, values, options) {
  const text = (value) => textOf(variable, options.find((option) => option.value === value) ?? { value, text: value });
  const names = values.slice(0, NAMED).flatMap((value, at) => [at ? ", " : " ", named(text(value))]);
  const rest = values.length > NAMED ? ` and ${values.length - NAMED} more` : null;
  return el("span", {}, el("span", { class: "quiet" }, variable.title), ...names, rest);
}
