// The order of rows: as they came, or by a column; accounts that are no hosts stay below.

import { magnitude } from "../format.js";
import { ACCOUNT_NAMES } from "../words.js";
import { isNumeric } from "./cells.js";

const isAccount = (row) => row.host_id in ACCOUNT_NAMES;
const counts = (column) => isNumeric(column) || column.unit === "time";

/** @param {{name: string, down: boolean} | null} order */
export function sorted(rows, order, columns) {
  const column = order && columns.find((one) => one.name === order.name);
  if (!column) return rows;
  const compare = counts(column)
    ? (a, b) => magnitude(a[column.name]) - magnitude(b[column.name]) || 0
    : (a, b) => String(a[column.name] ?? "").localeCompare(String(b[column.name] ?? ""));
  const ordered = rows.filter((row) => !isAccount(row)).sort((a, b) => (order.down ? compare(b, a) : compare(a, b)));
  return [...ordered, ...rows.filter(isAccount)];
}

/** The order after a press on a column's head: figures from the greatest first, words from A. */
export const pressed = (order, column) =>
  order?.name === column.name ? { name: column.name, down: !order.down } : { name: column.name, down: counts(column) || column.unit === "date" };
