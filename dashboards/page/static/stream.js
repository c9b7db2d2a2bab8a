// The line to the server: one stream of figures for what is looked at, and another call when it breaks.

const RETRY_MS = 2000;

/**
 * @param {object} hears view, panel, marks, beat: each gets the data of an event; refused(refusal): the server does not
 * know a parameter; lost(): nothing is heard until it is found again.
 */
export function makeLine(hears) {
  let source = null;
  let again = 0;
  let asked = "";

  function call(query) {
    hangUp();
    asked = query;
    source = new EventSource(`/api/stream?${query}`);
    for (const name of ["view", "panel", "marks", "beat"]) {
      source.addEventListener(name, (event) => hears[name](JSON.parse(event.data)));
    }
    source.addEventListener("error", () => {
      hears.lost();
      if (source?.readyState === EventSource.CLOSED) why(query);
    });
  }

  // A stream that was refused does not come back by itself: ask why, and call again.
  async function why(query) {
    const stop = new AbortController();
    const answer = await fetch(`/api/stream?${query}`, { signal: stop.signal }).catch(() => null);
    const refusal = answer?.status === 400 ? await answer.json() : null;
    stop.abort();
    if (query !== asked) return;
    if (refusal) hears.refused(refusal);
    else again = setTimeout(() => call(query), RETRY_MS);
  }

  function hangUp() {
    clearTimeout(again);
    source?.close();
    source = null;
  }

  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", (event) => { if (event.persisted && asked) call(asked); });
  return { call };
}
