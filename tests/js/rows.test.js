/** The rows of the table compute what Python computes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Graph } from "../../autograd_scalar/exploring/js/graph.js";
import { ROWS } from "../../autograd_scalar/exploring/js/rows.js";
import { fixture, floatsApart, number } from "./fixture.js";

// Where nothing but exact and correctly rounded operations is used.
const EXACT = (
  "add sub mul div neg floordiv mod abs sqrt relu maximum minimum where less less_equal equal " +
  "not_equal floor ceil trunc fmod remainder copysign"
).split(" ");

// How many floats apart results may be, by value and partials, where that is not 2: C's cube root
// is several units off itself and its erfc nearly two, 1 + tan² doubles what `Math.tan` is off far
// out, and on the negative axis and next to roots what the sine is off grows in Γ and ψ, as their
// own errors do.
const FURTHER = {
  cbrt: () => [4, 8],
  tan: (x) => [2, Math.abs(x) < 1e5 ? 2 : 3],
  erfc: () => [3, 2],
  gamma: (x) => (x < 0 ? [8, Infinity] : [2, 3]),
  lgamma: (x, out) => [Math.abs(out) < 2 ? Infinity : 2, x < 0 ? Infinity : 2],
  digamma: (x) => (x < 0 ? [Infinity, 16] : [2, 2]),
  polygamma: (n, x) => (x < 0 ? [16, 2, 16] : [2, 2, 2]),
};

for (const [name, cases] of Object.entries(fixture("rows"))) {
  test(`${name} gives Python's numbers`, () => {
    const row = ROWS[name];
    const count = row.arguments.length;
    for (const [spelled] of cases) {
      const numbers = spelled.map(number);
      const operands = numbers.slice(0, count);
      const out = row.value(...operands);
      const found = [out, ...row.partials.map((partial) => partial(...operands, out))];
      const allowed = FURTHER[name]?.(...operands, out) ?? [];
      numbers.slice(count).forEach((expected, i) => {
        const most = EXACT.includes(name) ? 0 : allowed[i] ?? 2;
        const apart = floatsApart(found[i], expected);
        assert.ok(apart <= most, `${name}(${operands}) ${i}: ${found[i]}, not ${expected}`);
      });
    }
  });

  test(`${name} says what Python's exception says`, () => {
    const count = ROWS[name].arguments.length;
    const program = {
      n: count + 1,
      rows: [name],
      arities: [count],
      ops: [...new Array(count).fill(-1), 0],
      operands: [...Array(count).keys()],
      data: new Array(count).fill(1),
    };
    const graph = new Graph(program, ROWS);
    for (const [spelled, message] of cases) {
      const operands = spelled.slice(0, count);
      // Python checks the order before it passes a NaN on.
      if (name === "polygamma" && operands.includes("nan")) continue;
      graph.setNumbers(operands.map(number));
      graph.forward();
      assert.equal(graph.failure?.message ?? "", message);
    }
  });
}
