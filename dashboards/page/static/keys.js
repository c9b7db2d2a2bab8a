// Single keys, for those who work without a mouse; not while somebody writes or chooses in a pane, nor where they are off.

const KEPT = "hostledger-keys";
const WRITES = "input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable]";
const OVER = "dialog[open], :popover-open";
let on = true;

/** Whether single keys act. */
export const act = () => on;

/**
 * @param {Record<string, () => void>} actions by key; Escape acts always
 * @param {HTMLInputElement} box whether the others do
 */
export function listen(actions, box) {
  on = kept(() => localStorage.getItem(KEPT)) !== "off";
  box.checked = on;
  box.addEventListener("change", () => {
    on = box.checked;
    kept(() => (on ? localStorage.removeItem(KEPT) : localStorage.setItem(KEPT, "off")));
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest?.(WRITES)) return;
    if (document.querySelector(OVER) || !(on || event.key === "Escape")) return;
    const action = actions[event.key];
    if (!action) return;
    if (event.key !== "Escape") event.preventDefault();
    action();
  });
}

/** Ask what the browser keeps; one that keeps nothing still has keys. */
function kept(ask) {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}
