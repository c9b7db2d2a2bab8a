// Colours of the theme for what is drawn on a canvas, and the textures that stand beside them.

import { el } from "../dom.js";
import { KIND_NAMES } from "../words.js";

const probe = el("span", { class: "hidden", "aria-hidden": "true" });
const OTHERS = ["line-1", "line-2", "line-3", "line-4", "line-5", "line-6"];
export const DASHES = ["solid", [6, 3], [2, 3], [9, 3, 2, 3], [12, 4], [1, 4]];

/** A colour of the style sheet, resolved for the theme. */
export function colour(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.forcedColorAdjust = name in KIND_NAMES || OTHERS.includes(name) ? "none" : "auto";
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** The name of the colour of a line: that of its host kind, else the next free one. */
export const lineColour = (kind, at) => (kind in KIND_NAMES ? kind : OTHERS[at % OTHERS.length]);

/** What fills a bar: colour and texture. Human is plain, digital hatched, the rest dotted; others take turns. */
export function textured(name, at) {
  const fill = colour(name);
  const texture = name in KIND_NAMES ? { human: "plain", digital: "hatched" }[name] ?? "dotted" : ["plain", "hatched", "dotted", "crossed"][at % 4];
  if (texture === "plain") return fill;
  const tile = el("canvas", { width: 12, height: 12 });
  const pen = tile.getContext("2d");
  pen.fillStyle = fill;
  pen.fillRect(0, 0, 12, 12);
  pen.fillStyle = pen.strokeStyle = colour("texture");
  pen.lineWidth = 2;
  if (texture === "dotted") {
    pen.fillRect(2, 2, 3, 3);
    pen.fillRect(8, 8, 3, 3);
  } else {
    hatch(pen, texture === "crossed");
  }
  return { image: tile, repeat: "repeat", scaleX: 0.5, scaleY: 0.5 };
}

function hatch(pen, crossed) {
  for (const shift of [-12, 0, 12]) {
    pen.moveTo(shift - 2, 14);
    pen.lineTo(shift + 14, -2);
    if (crossed) {
      pen.moveTo(shift - 2, -2);
      pen.lineTo(shift + 14, 14);
    }
  }
  pen.stroke();
}
