// Words for codes: the same thing is called the same everywhere.

export const KINDS = ["human", "digital", "unknown", "unattributed", "excess_refund"];

export const KIND_NAMES = {
  human: "Human",
  digital: "Digital",
  unknown: "Unregistered",
  unattributed: "Unattributed",
  excess_refund: "Beyond the order",
};

export const ACCOUNT_NAMES = { unattributed: "Unattributed", excess_refund: "Refunded beyond the order" };

/** Shapes of host kinds where only text can be drawn. */
export const MARKS = { human: "●", digital: "◆", unknown: "□", unattributed: "○", excess_refund: "▲" };

export const MODEL_NAMES = {
  declared: "Declared by the platform",
  on_air: "On air at the order",
  first: "First touch",
  last: "Last touch",
  linear: "Linear",
  position: "Position",
  time_decay: "Time decay",
  watch_time: "Watch time",
  shapley: "Shapley",
  markov: "Markov",
};

/** Who is on air, by code: how it looks; the words come with the boards. */
export const STATE_LOOKS = { 0: "nobody", 1: "human", 2: "digital", 3: "both", 4: "unknown" };

/** Levels of thresholds and marks: a sign and a word beside the colour. */
export const LEVELS = {
  good: { sign: "✓", word: "good" },
  warn: { sign: "◆", word: "watch" },
  bad: { sign: "▲", word: "act" },
};

/** Signs of marks on a chart. */
export const MARK_SIGNS = { good: "▾", warn: "★", bad: "▲" };

/** Words of a column that somebody should act on. */
export const ALARMS = { label: { hidden: "bad", "not reported": "warn" } };

export const QUICK_RANGES = [
  { since: "now-15m", short: "15 m", long: "Last 15 minutes" },
  { since: "now-1h", short: "1 h", long: "Last hour" },
  { since: "now-6h", short: "6 h", long: "Last 6 hours" },
  { since: "now-24h", short: "24 h", long: "Last 24 hours" },
  { since: "now-7d", short: "7 d", long: "Last 7 days" },
  { since: "now-30d", short: "30 d", long: "Last 30 days" },
  { since: "now-90d", short: "90 d", long: "Last 90 days" },
  { since: "all", short: "All", long: "All that is stored" },
];

export const NOTHING = {
  stat: "–",
  table: "Nothing in this range.",
  series: "Nothing in this range.",
  stack: "Nothing in this range.",
  timeline: "Nobody was on air in this range.",
  bars: "Nothing in this range.",
};
