// What is looked at, as the address of the page says it: a board, a range, chosen values. A link is the whole view.

/**
 * @typedef {object} Look
 * @property {string} board short name, the path of the page
 * @property {string} since begin of the range (`now-1h`, milliseconds UTC, `all`), empty for the board's own
 * @property {string} until end of the range, empty for now
 * @property {Map<string, string[]>} chosen values by variable; what is not named takes its default
 * @property {boolean} screen whether it hangs on a wall
 * @property {string} order the order that is explained, empty for none
 */

const RANGE = new Set(["from", "to", "screen", "board", "order"]);

/** @returns {Look} */
export function read(place, boards) {
  const query = new URLSearchParams(place.search);
  const name = place.pathname.split("/").filter(Boolean)[0];
  const chosen = new Map();
  for (const [key, value] of query) {
    if (!RANGE.has(key) && value) chosen.set(key, [...(chosen.get(key) ?? []), value]);
  }
  return {
    board: boards.has(name) ? name : boards.keys().next().value,
    since: query.get("from") ?? "",
    until: query.get("to") ?? "",
    chosen,
    screen: query.get("screen") === "1",
    order: query.get("order") ?? "",
  };
}

function parameters(look) {
  const query = new URLSearchParams();
  if (look.since) query.set("from", look.since);
  if (look.until) query.set("to", look.until);
  for (const [name, values] of look.chosen) for (const value of values) query.append(name, value);
  return query;
}

/** The address of a look on the page; on a wall it stays on the wall, and a change leaves the explanation. */
export function link(look, changes = null) {
  const next = changes ? { ...look, order: "", ...changes } : look;
  const query = parameters(next);
  if (next.screen) query.set("screen", "1");
  if (next.order) query.set("order", next.order);
  return `/${next.board}${query.size ? `?${query}` : ""}`;
}

/** The address of a board with one value chosen: from a host's name to the host's board. */
export const linkTo = (look, board, name, value) => link(look, { board, chosen: new Map(look.chosen).set(name, [value]) });

/** What the server is asked: of a board only its own variables. */
export function question(look, board) {
  const names = new Set(board.variables.map((variable) => variable.name));
  const asked = new Map([...look.chosen].filter(([name]) => names.has(name)));
  return parameters({ ...look, since: look.since || board.since, until: look.until || "now", chosen: asked });
}

/** Leave out what the server refused. */
export function without(look, field) {
  if (["from", "to", "range"].includes(field)) return { ...look, since: "", until: "" };
  const chosen = new Map(look.chosen);
  chosen.delete(field);
  return { ...look, chosen };
}
