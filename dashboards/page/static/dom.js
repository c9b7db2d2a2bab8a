// Nodes of the page. Text from outside only ever becomes a text node or an attribute, never markup.

import { ACCOUNT_NAMES, KIND_NAMES } from "./words.js";

/** Make an element; attributes that are null or false are left out, those that begin with `on` are listeners. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** The shape of a host kind; its word stands beside it. */
export const shape = (kind) =>
  svg("svg", { class: `shape ${kind}`, "aria-hidden": "true" }, svg("use", { href: `#shape-${kind in KIND_NAMES ? kind : "other"}` }));

export const icon = (name) => svg("svg", { class: "glyph", "aria-hidden": "true" }, svg("use", { href: `#icon-${name}` }));

/** A small square button with a picture; `words` says what it does. */
export const iconButton = (name, words, attributes = {}) =>
  el("button", { class: "icon", type: "button", "aria-label": words, title: words, ...attributes }, icon(name));

// Chinese, Japanese and Korean share code points and not glyphs: say which one a name is written in.
export function language(text) {
  if (/[\u3040-\u30ff]/.test(text)) return "ja";
  if (/[\uac00-\ud7af]/.test(text)) return "ko";
  return /[\u3400-\u9fff]/.test(text) ? "zh-Hans" : null;
}

/** A name from outside: in its own language and direction, whole in the title where it is cut short. */
export const named = (text, className = null) =>
  el("span", { lang: language(text), dir: "auto", class: className, title: text }, text);

export const hostName = (host) => ACCOUNT_NAMES[host.host_id] ?? host.name;

/** A host: shape, name, and the kind in words for those who cannot see the shape. */
export function chip(host, note = null) {
  const name = hostName(host);
  const kind = KIND_NAMES[host.kind] ?? host.kind;
  const spoken = kind === name || host.host_id in ACCOUNT_NAMES ? null : el("span", { class: "hidden" }, `, ${kind.toLowerCase()}`);
  return el("span", { class: "chip" }, shape(host.kind), named(name, "name"), spoken, note && el("span", { class: "share" }, note));
}

/** Replace what is inside only if it reads otherwise, so that nothing flickers and neither selection nor focus is lost. */
export function put(node, ...content) {
  const next = el("div", {}, ...content);
  if (next.innerHTML === node.innerHTML) return;
  const focused = node.contains(document.activeElement);
  node.replaceChildren(...next.childNodes);
  if (focused) node.querySelector("button, a")?.focus();
}

/** Give a list a child for each key, in their order: one whose key is known stays, and whoever reads in it. */
export function keep(list, keys, make) {
  const known = new Map([...list.children].map((node) => [node.key, node]));
  const kept = keys.map((key) => known.get(key) ?? Object.assign(make(), { key }));
  const stays = new Set(kept);
  for (const node of known.values()) if (!stays.has(node)) node.remove();
  kept.forEach((node, at) => { if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null); });
  return kept;
}

/** Keys that tell equal names apart, by numbering them. */
export function numbered(names) {
  const seen = new Map();
  return names.map((name) => {
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return `${name}\u001f${seen.get(name)}`;
  });
}

/** A region that scrolls sideways, and fades where there is more to see. */
export function edged(attributes, ...children) {
  const node = el("div", attributes, ...children);
  node.edge = () => node.classList.toggle("more", node.scrollWidth - node.clientWidth - node.scrollLeft > 2);
  node.addEventListener("scroll", node.edge, { passive: true });
  new ResizeObserver(node.edge).observe(node);
  return node;
}
