/** What Python computes, read from the folder that FIXTURES names. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const SPELLED = { "-0": -0, inf: Infinity, "-inf": -Infinity, nan: NaN };

/** A number as fixtures spell it. */
export function number(spelled) {
  return typeof spelled === "string" ? SPELLED[spelled] : spelled;
}

/** One of the fixtures. */
export function fixture(name) {
  return JSON.parse(readFileSync(join(process.env.FIXTURES, `${name}.json`), "utf-8"));
}

const BITS = new DataView(new ArrayBuffer(8));

function place(x) {
  BITS.setFloat64(0, x);
  const bits = BITS.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}

/** How many floats apart two numbers are: 0 for two NaN. */
export function floatsApart(x, y) {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) === Number.isNaN(y) ? 0 : Infinity;
  const apart = place(x) - place(y);
  return Number(apart < 0n ? -apart : apart);
}
