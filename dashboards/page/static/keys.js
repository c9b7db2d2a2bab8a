// Single keys, for those who work without a mouse; not while somebody writes.

const WRITES = "input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable]";

/** @param {Record<string, () => void>} actions by key */
export function listen(actions) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest?.(WRITES)) return;
    if (document.querySelector("dialog[open]")) return;
    const action = actions[event.key];
    if (!action) return;
    if (event.key !== "Escape") event.preventDefault();
    action();
  });
}
