/** The rows of the table compute what Python computes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Graph } from "../../autograd_scalar/explore/js/graph.js";
import { ROWS } from "../../autograd_scalar/explore/js/rows.js";
import { fixture, floatsApart, number } from "./fixture.js";

// Where nothing but exact and correctly rounded operations is used.
const EXACT = (
  "add sub mul div neg floordiv mod abs sqrt relu maximum minimum where less less_equal equal " +
  "not_equal floor ceil trunc fmod remainder copysign"
).split(" ");

// How many floats apart results may be, by value and partials, where that is not 2: C's cube root
// is several units off itself, log Γ has several times the error of a logarithm, and next to roots
// the digits of ψ and log Γ cancel.
const FURTHER = {
  cbrt: () => [4, 8],
  gamma: (x) => [2, x < 0 ? Infinity : 2],
  lgamma: (x, out) => [Math.abs(out) < 2 ? Infinity : 8, x < 0 ? 16 : 2],
  digamma: (x) => [x < 0 ? 16 : 2, x < 0 ? 16 : 2],
  polygamma: (n, x) => (x < 0 ? [16, 2, 16] : [4, 2, 4]),
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
    for (const [spelled, message] of cases) {
      const operands = spelled.slice(0, ROWS[name].arguments.length);
      // Python checks the order before it passes a NaN on.
      if (name === "polygamma" && operands.includes("nan")) continue;
      const program = {
        n: operands.length + 1,
        rows: [name],
        arities: [operands.length],
        ops: [...operands.map(() => -1), 0],
        operands: [...operands.keys()],
        data: operands.map(number),
      };
      const graph = new Graph(program, ROWS);
      assert.equal(graph.failure?.message ?? "", message);
    }
  });
}
