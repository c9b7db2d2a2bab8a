// Whether the figures are live, and how old they are: a light, a word, a time.

import { day, lasting, time } from "./format.js";

const LATE_MS = 60000;

/** @param {{state: HTMLElement, word: HTMLElement, age: HTMLElement, wall: HTMLElement}} nodes */
export function makeClock(nodes) {
  let clock = null;
  let ahead = 0;
  let lost = false;
  let shut = false;

  function tell() {
    nodes.wall.textContent = clock?.mode === "recorded" ? time(clock.newest_ms) : time(Date.now() + ahead);
    if (shut) return say("lost", "Signed out", "");
    if (!clock) return say("connecting", "Connecting", "");
    if (clock.mode === "empty") return say("empty", "Waiting", "no events yet");
    if (clock.mode === "recorded") return say("recorded", "Recorded", `until ${day(clock.newest_ms)}, ${time(clock.newest_ms)}`);
    const old = Math.max(Date.now() + ahead - clock.newest_ms, 0);
    const late = old >= LATE_MS;
    return say(late ? "late" : "live", late ? "Delayed" : "Live", `${lasting(Math.floor(old / 1000))} old`);
  }

  function say(state, word, age) {
    if (lost && !shut) [state, word] = ["lost", "Reconnecting"]; // the age goes on
    nodes.state.dataset.state = state;
    if (nodes.word.textContent !== word) nodes.word.textContent = word;
    nodes.age.textContent = age;
  }

  setInterval(tell, 1000);
  tell();
  return {
    /** What the server says of its own clock and of the newest event. */
    set(next) {
      clock = next;
      lost = shut = false;
      ahead = next.now_ms - Date.now();
      tell();
    },
    beat(nowMs) {
      lost = false;
      ahead = nowMs - Date.now();
      tell();
    },
    lost() {
      lost = true;
      tell();
    },
    /** The server asks who we are, and is not asked again. */
    shut() {
      shut = true;
      tell();
    },
  };
}
