// What may be chosen: lists of several values behind a button, single values in a select, and a way back to all.

import { el, icon, language } from "./dom.js";
import { MODEL_NAMES } from "./words.js";
import { attach } from "./popovers.js";

const SHOWN = 200;
const SEARCHED = 7;
const LISTED = 500; // so many are offered at most, the latest or the first; see queries/variable_*.sql

/**
 * @param {HTMLElement} place where the controls go
 * @param {(name: string, values: string[] | null) => void} choose called with the values, null for the default
 * @param {() => void} clear called when everything is to be as it was
 */
export function makeFilters(place, choose, clear) {
  let controls = new Map();
  const clearing = el("button", { type: "button", class: "soft", id: "clear", hidden: true, onclick: clear }, "Clear all");
  const first = () => place.querySelector("button:not(#clear), select:enabled");

  return {
    /** Show the variables of a board. */
    board(variables) {
      const open = variables.filter((variable) => !variable.hidden);
      controls = new Map(open.map((variable) => [variable.name, variable.multi ? picker(variable, choose) : select(variable, choose)]));
      place.replaceChildren(...[...controls.values()].map((control) => control.node), clearing);
    },
    /** Show what is chosen, and what could be: by variable {value, options}, as the server says. */
    set(variables, chosen) {
      for (const [name, control] of controls) if (variables[name]) control.set(variables[name]);
      const cleared = ![...chosen.keys()].some((name) => controls.has(name));
      if (cleared && document.activeElement === clearing) first()?.focus();
      clearing.hidden = cleared;
    },
    focus() {
      first()?.focus();
    },
  };
}

/** What an option is called. */
export const textOf = (variable, { value, text }) => (["model", "other"].includes(variable.name) ? MODEL_NAMES[value] ?? text : text || value);

function select(variable, choose) {
  const box = el("select", { name: variable.name, onchange: () => choose(variable.name, [box.value]) });
  const node = el("label", { class: "field" }, el("span", {}, variable.title), box);
  const set = ({ value, options }) => {
    const offered = options ?? [];
    const all = value.every((one) => offered.some((option) => option.value === one)) ? offered : [...value.map((one) => ({ value: one, text: one })), ...offered];
    const signature = JSON.stringify(all);
    if (box.dataset.offered !== signature) {
      box.dataset.offered = signature;
      box.replaceChildren(...all.map((option) => el("option", { value: option.value, lang: language(option.text ?? "") }, textOf(variable, option))));
    }
    box.disabled = all.length === 0;
    box.value = value[0] ?? "";
  };
  return { node, set };
}

function picker(variable, choose) {
  const summary = el("span", { class: "chosen-text" });
  const number = el("span", { class: "badge", hidden: true });
  const button = el("button", { type: "button", class: "field pick", name: variable.name }, el("span", {}, variable.title), summary, number, icon("down"));
  const search = el("input", { type: "search", class: "search", placeholder: "Search", "aria-label": `Search ${variable.title}`, autocomplete: "off", oninput: () => draw() });
  const list = el("ul", { class: "choices" });
  const all = el("button", { type: "button", class: "soft", onclick: () => choose(variable.name, null) }, "All");
  const more = el("p", { class: "note", role: "status" });
  const pane = el("div", { class: "pane picker", role: "dialog", "aria-label": variable.title }, search, list, more, el("footer", {}, all));
  let value = [];
  let options = [];
  attach(button, pane, () => { search.value = ""; draw(); });
  pane.addEventListener("toggle", (event) => {
    if (event.newState === "open") first().focus();
  });
  pane.addEventListener("keydown", (event) => arrows(event, pane));
  list.addEventListener("change", () => choose(variable.name, boxes().length ? boxes() : null));

  const first = () => (search.hidden ? list.querySelector("input") ?? button : search);

  // A value outside the search stays chosen.
  function boxes() {
    const seen = new Map([...list.querySelectorAll("input")].map((box) => [box.value, box.checked]));
    return [...value.filter((one) => seen.get(one) ?? true), ...[...seen].filter(([one, on]) => on && !value.includes(one)).map(([one]) => one)];
  }

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const found = options.filter((option) => `${textOf(variable, option)} ${option.value}`.toLowerCase().includes(wanted));
    const focused = document.activeElement?.closest?.(".choices") === list ? document.activeElement.value : null;
    list.replaceChildren(...found.slice(0, SHOWN).map((option) => choice(option)));
    if (focused !== null) [...list.querySelectorAll("input")].find((box) => box.value === focused)?.focus();
    more.textContent = found.length > SHOWN ? `${found.length - SHOWN} more: search for them` : found.length ? "" : absent();
    more.hidden = !more.textContent;
    search.hidden = options.length < SEARCHED;
    if (value.length === 0 && document.activeElement === all) first().focus();
    all.disabled = value.length === 0;
  }

  const absent = () => {
    if (options.length >= LISTED) return `Not among the ${LISTED} that are listed: choose a shorter range.`;
    return options.length ? "Nothing is called so." : "Nothing to choose yet.";
  };

  const choice = (option) =>
    el("li", {}, el("label", {}, el("input", { type: "checkbox", value: option.value, checked: value.includes(option.value) }),
      el("span", { class: "name", dir: "auto", lang: language(option.text ?? "") }, textOf(variable, option))));

  function set(next) {
    const unknown = next.value.filter((one) => !(next.options ?? []).some((option) => option.value === one));
    const offered = [...unknown.map((one) => ({ value: one, text: one })), ...(next.options ?? [])];
    const same = JSON.stringify([offered, next.value]) === JSON.stringify([options, value]);
    [options, value] = [offered, next.value];
    const first = options.find((option) => option.value === value[0]);
    summary.textContent = value.length ? textOf(variable, first) : "All";
    summary.lang = language(summary.textContent) ?? "";
    number.textContent = value.length > 1 ? `+${value.length - 1}` : "";
    number.hidden = value.length < 2;
    button.classList.toggle("active", value.length > 0);
    if (!same && pane.matches(":popover-open")) draw();
  }

  return { node: el("div", { class: "picking" }, button, pane), set };
}

function arrows(event, pane) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const stops = [...pane.querySelectorAll("input")].filter((node) => !node.hidden);
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length]?.focus();
  event.preventDefault();
}
