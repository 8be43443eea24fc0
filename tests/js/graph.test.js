/** A program computed again gives Python's values, adjoints and steps. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Graph } from "../../autograd_scalar/exploring/js/graph.js";
import { ROWS } from "../../autograd_scalar/exploring/js/rows.js";
import { fixture, floatsApart, number } from "./fixture.js";

function assertNear(found, expected, exact, what) {
  if (exact || !Number.isFinite(expected) || !Number.isFinite(found)) {
    assert.equal(floatsApart(found, expected), 0, `${what}: ${found}, not ${expected}`);
  } else {
    const apart = Math.abs(found - expected);
    assert.ok(apart <= 1e-11 * (1 + Math.abs(expected)), `${what}: ${found}, not ${expected}`);
  }
}

fixture("graphs").forEach(({ exact, program, settings }, k) => {
  test(`program ${k} is computed and differentiated as in Python`, () => {
    const graph = new Graph(program, ROWS);
    for (const { inputs, data, steps } of settings) {
      for (const [i, x] of Object.entries(inputs)) graph.set(Number(i), x);
      assert.ok(graph.update(), graph.failure?.message);
      data.forEach((x, i) => assertNear(graph.data[i], number(x), exact, `value ${i}`));
      const found = graph.steps();
      assert.equal(found.length, steps.length);
      steps.forEach(([name, adjoint, contributions], s) => {
        const { node } = found[s];
        assert.equal(graph.names[node], name);
        assertNear(found[s].adjoint, number(adjoint), exact, `adjoint of ${name}`);
        assertNear(graph.adjoint[node], number(adjoint), exact, `adjoint of ${name}`);
        assert.equal(found[s].contributions.length, contributions.length);
        contributions.forEach(([parent, ...numbers], e) => {
          const each = found[s].contributions[e];
          assert.equal(each.parent, parent);
          [each.partial, each.amount, each.total].forEach((x, m) => {
            assertNear(x, number(numbers[m]), exact, `${name} to ${parent}`);
          });
        });
      });
    }
  });
});

function graphOf(rows, ops, operands, data, more = {}) {
  const arities = rows.map((name) => ROWS[name].arguments.length);
  const program = { n: ops.length, rows, arities, ops, operands, data, ...more };
  return new Graph(program, ROWS);
}

test("a difference quotient is as far from the derivative as it says, or less", () => {
  for (const { program } of fixture("graphs")) {
    const graph = new Graph(program, ROWS);
    for (const i of graph.inputs) {
      const { value, error, crosses } = graph.difference(i);
      if (crosses || !Number.isFinite(error)) continue;
      const apart = Math.abs(value - graph.adjoint[i]);
      assert.ok(apart <= 4 * error + 1e-300, `${value} for ${graph.adjoint[i]}, said ${error}`);
    }
  }
});

const HARD = [
  ["a sine of many waves", () => graphOf(["mul", "sin"], [-1, -3, 0, 1], [0, 1, 2], [0.5, 1e5])],
  ["next to a pole", () => graphOf(["tan"], [-1, 0], [0], [1.5707963])],
  ["a pole nearer than the first step", () => graphOf(["div"], [-3, -1, 0], [0, 1], [1, 1e-8])],
  ["a kink nearer than the first step", () => graphOf(["relu"], [-1, 0], [0], [1e-9])],
  ["digits lost on the way", () => graphOf(["add", "sub"], [-1, -3, 0, 1], [0, 1, 2, 1], [1e-9, 1])],
];

for (const [what, make] of HARD) {
  test(`a difference quotient agrees with the gradient and with no other: ${what}`, () => {
    const graph = make();
    const [input] = graph.inputs;
    const check = () => {
      const { value, error } = graph.difference(input);
      return Math.abs(value - graph.adjoint[input]) <= error;
    };
    assert.ok(check());
    for (const factor of [-1, 0.5, 1.5]) {
      graph.update();
      graph.adjoint[input] *= factor;
      assert.ok(!check(), `agrees with ${factor} times the gradient`);
    }
  });
}

test("a difference quotient across a kink says so", () => {
  assert.ok(graphOf(["relu"], [-1, 0], [0], [0]).difference(0).crosses);
  assert.ok(!graphOf(["relu"], [-1, 0], [0], [1]).difference(0).crosses);
});

test("ways are counted, and followed where they are few", () => {
  const doubled = graphOf(["add"], [-1, 0, 0, 0], [0, 0, 1, 1, 2, 2], [1]);
  assert.equal(doubled.ways(0).count, 8n);
  assert.equal(doubled.paths(0).length, 8);
  assert.equal(doubled.paths(0, 7), null);
  const amounts = doubled.paths(0).map((path) => path.reduce((x, { partial }) => x * partial, 1));
  assert.equal(amounts.reduce((sum, x) => sum + x), doubled.adjoint[0]);
});

test("what is not on a way is not shown on it", () => {
  const graph = graphOf(["mul", "add"], [-1, -1, 0, 1], [0, 1, 2, 1], [2, 3]);
  assert.deepEqual(graph.ways(0).edges, [
    [2, 0],
    [3, 0],
  ]);
});

test("a NaN beyond the side that is not taken is not passed on", () => {
  const graph = graphOf(["sqrt", "where"], [-1, -3, 0, 1], [0, 1, 0, 2], [0, 1]);
  assert.equal(graph.adjoint[0], 1);
  assert.equal(graph.edges(3)[2][1], null);
});

test("constants and computed values can't be set", () => {
  const graph = graphOf(["mul"], [-1, -3, 0], [0, 1], [2, 3]);
  assert.throws(() => graph.set(1, 5), RangeError);
  assert.throws(() => graph.set(2, 5), RangeError);
});

test("a step of gradient descent makes a square smaller, and a reset undoes it", () => {
  const graph = graphOf(["mul"], [-2, 0], [0, 0], [3]);
  assert.equal(graph.step([0], 0.25), 2.25);
  graph.reset();
  assert.equal(graph.data[1], 9);
});

test("the result along one or two inputs leaves the graph as it is", () => {
  const graph = graphOf(["mul"], [-1, -1, 0], [0, 1], [3, 4]);
  assert.deepEqual([...graph.along(0, [1, 2])], [4, 8]);
  assert.deepEqual([...graph.surface(0, [1, 2, 3], 1, [10, 20])], [10, 20, 30, 20, 40, 60]);
  assert.equal(graph.data[2], 12);
});

test("what takes another branch is told, and only that", () => {
  const graph = graphOf(["relu", "maximum", "mul"], [-1, -1, 0, 1, 2], [0, 0, 1, 2, 3], [1, 3]);
  assert.deepEqual(graph.changed(), []);
  graph.set(0, -1);
  graph.update();
  assert.deepEqual(
    graph.changed().map(({ kind, node }) => [kind, node]),
    [["branch", 2]],
  );
  graph.reset();
  assert.deepEqual(graph.changed(), []);
});

test("a question that would be answered otherwise is told with its line", () => {
  const guard = { node: 2, answer: true, file: "f.py", line: 7, source: "if x < 1:" };
  const graph = graphOf(["mul", "less"], [-1, 0, 1, -3], [0, 0, 0, 3], [0.5, 1], {
    n: 2,
    guards: [guard],
  });
  assert.deepEqual(graph.changed(), []);
  graph.set(0, 2);
  graph.update();
  const [{ kind, message }] = graph.changed();
  assert.equal(kind, "guard");
  assert.match(message, /line 7 of f\.py.*if x < 1:.*True.*False/);
});

test("a thousand operations deep is no deeper than one", () => {
  const count = 20000;
  const operands = Array.from({ length: count }, (_, k) => [k, k]).flat();
  const graph = graphOf(["maximum"], [-1, ...new Array(count).fill(0)], operands, [1]);
  assert.equal(graph.adjoint[0], 1);
});
