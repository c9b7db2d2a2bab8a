// The line to the server: one stream of figures for what is looked at, and another call when it breaks or falls silent.
// A browser opens six lines to one server and no more: a tab that nobody sees hangs up, and calls when it is seen again.

const RETRY_MS = 2000;
const LISTEN_MS = 5000;
const SILENT_MS = 20000; // the server tells the time every five seconds

/**
 * @param {object} hears view, panel, marks, beat: each gets the data of an event; refused(refusal): the server does not
 * know a parameter, or it is not for this role; crowded(refusal): it has no room now; shut(): it asks for a password
 * or a token; lost(): nothing is heard until it is found again.
 */
export function makeLine(hears) {
  let source = null;
  let again = 0;
  let asked = "";
  let heard = Infinity;

  function call(query) {
    hangUp();
    asked = query;
    if (document.hidden) return;
    hear();
    source = new EventSource(`/api/stream?${query}`);
    source.addEventListener("open", hear);
    for (const name of ["view", "panel", "marks", "beat"]) {
      source.addEventListener(name, (event) => {
        hear();
        hears[name](JSON.parse(event.data));
      });
    }
    source.addEventListener("error", () => {
      hears.lost();
      hear();
      if (source?.readyState === EventSource.CLOSED) why(query);
    });
  }

  function hear() {
    heard = performance.now();
  }

  // A stream that was refused does not come back by itself: ask why, and call again.
  async function why(query) {
    const stop = new AbortController();
    heard = Infinity;
    setTimeout(() => stop.abort(), SILENT_MS);
    const answer = await fetch(`/api/stream?${query}`, { signal: stop.signal }).catch(() => null);
    const refusal = [400, 403].includes(answer?.status) ? await answer.json() : null;
    const crowd = answer?.status === 503 ? await answer.json() : null;
    stop.abort();
    if (query !== asked) return;
    if (refusal) hears.refused(refusal);
    else if (answer?.status === 401) hears.shut();
    else again = setTimeout(() => call(query), RETRY_MS);
    if (crowd) hears.crowded(crowd);
  }

  function hangUp() {
    clearTimeout(again);
    source?.close();
    source = null;
    heard = Infinity;
  }

  // A line that was cut without a word, or never opens, is only silent: no error tells of it.
  setInterval(() => {
    if (performance.now() - heard < SILENT_MS) return;
    hears.lost();
    call(asked);
  }, LISTEN_MS);

  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", (event) => { if (event.persisted && asked) call(asked); });
  document.addEventListener("visibilitychange", () => { if (asked) call(asked); });
  return { call };
}

/** Ask what the boards are, until somebody answers; lost() is called while nobody does. */
export async function described(lost) {
  for (;;) {
    const answer = await fetch("/api/boards", { signal: AbortSignal.timeout(SILENT_MS) }).catch(() => null);
    if (answer?.ok) return answer.json();
    lost();
    await new Promise((later) => setTimeout(later, 1000));
  }
}
