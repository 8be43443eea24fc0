/** Steps and explanations say what Python's say, and follow the numbers. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Graph } from "../../autograd_scalar/exploring/js/graph.js";
import { ROWS } from "../../autograd_scalar/exploring/js/rows.js";
import { Words } from "../../autograd_scalar/exploring/js/words.js";
import { fixture } from "./fixture.js";

function flat(text) {
  return text.split(/\s+/).join(" ").trim();
}

function all({ blocks }) {
  return flat(blocks.map(({ text }) => text).join(" "));
}

for (const { program, points } of fixture("operations")) {
  test(`the line of a partial of ${program.rows[0]} is the one of an explanation`, () => {
    const graph = new Graph(program, ROWS);
    const words = new Words(graph, program.words);
    const root = graph.size - 1;
    for (const [point, lines] of points) {
      if (lines === null) continue;
      point.forEach((x, i) => graph.set(i, x));
      graph.update();
      lines.forEach((line, k) => {
        const found = flat(words.edge(root, k).text).replace(/∂y\/∂(.)/, "y by $1");
        assert.equal(found, line.replace(/[d∂]y\/[d∂](.)/, "y by $1"));
      });
    }
  });
}

for (const { name, program, texts } of fixture("explanations")) {
  const graph = new Graph(program, ROWS);
  const words = new Words(graph, program.words);

  test(`${name}: explanations say what Python's say`, () => {
    assert.ok(Object.keys(texts).length > 0);
    for (const [i, text] of Object.entries(texts)) {
      assert.equal(all(words.explain(Number(i))), text);
    }
  });

  test(`${name}: explanations follow the numbers, and come back`, () => {
    for (const i of Object.keys(texts).map(Number)) {
      graph.inputs.forEach((input, k) => graph.set(input, 0.37 * (k % 5) - 0.61));
      graph.update();
      const { blocks } = words.explain(i);
      assert.ok(blocks.length > 0);
      assert.ok(blocks.every(({ text }) => !/undefined|NaN/.test(text)) || graph.failure);
      graph.reset();
      assert.equal(all(words.explain(i)), texts[i]);
    }
  });

  test(`${name}: steps are told in words`, () => {
    for (const step of graph.steps()) assert.match(words.step(step), /times as fast|as itself/);
    for (const i of graph.evaluation) assert.match(words.node(i).says, / [=≈] /);
  });

  test(`${name}: values without an explanation have their sum over ways`, () => {
    const bare = new Words(graph);
    for (const i of graph.evaluation) {
      const { blocks } = bare.explain(i);
      assert.ok(blocks.length > 0);
    }
  });
}

for (const { name, program, told } of fixture("moved")) {
  test(`${name}: with other numbers explanations say what Python's say of those`, () => {
    const graph = new Graph(program, ROWS);
    const words = new Words(graph, program.words);
    for (const [inputs, texts] of told) {
      for (const [i, x] of Object.entries(inputs)) graph.set(Number(i), x);
      graph.update();
      for (const [i, text] of Object.entries(texts)) {
        assert.equal(all(words.explain(Number(i))), text);
      }
    }
  });
}

test("a formula of a branch that is not taken any more is not shown", () => {
  const { program } = fixture("explanations").find(({ name }) => name === "at_kinks");
  const graph = new Graph(program, ROWS);
  const words = new Words(graph, program.words);
  const [a, b] = graph.inputs;
  graph.set(a, 5);
  graph.set(b, 1);
  graph.update();
  const { blocks, stale } = words.explain(a);
  assert.ok(stale);
  const [line] = blocks.filter(({ kind }) => kind === "math");
  assert.match(line.text, /^∂net_d1\/∂a = 10 /);
});

const { program } = fixture("explanations").find(({ name }) => name === "neuron");
const graph = new Graph(program, ROWS);
const words = new Words(graph, program.words);
const [w] = graph.inputs;

const ANSWERS = [
  ["-0.0935875", true, "Right."],
  ["−0,0936", true, "Right."],
  ["-0.09", false, "That is right to one digit; give two or more."],
  ["0.0935875", false, "The sign is wrong."],
  ["-0.04679", false, "Missing: the factor ∂z/∂w = 2."],
  ["-0.49948", false, "Missing: the factor ∂a/∂z"],
  ["0.18737", false, "That is one factor, ∂a/∂z; all are multiplied."],
  ["1.93763", false, "Along a way the factors are multiplied, not added."],
  ["5", false, "Yours is 5, the derivative is −0.0935875."],
  ["five", null, "five is no number."],
  [" ", null, "Your turn."],
];
for (const [typed, right, message] of ANSWERS) {
  test(`the answer ${JSON.stringify(typed)} is told: ${message}`, () => {
    const found = words.check(w, typed);
    assert.equal(found.right, right);
    assert.ok(found.message.includes(message), found.message);
  });
}

test("names are shown, never read as markup", () => {
  const hostile = fixture("explanations").find(({ name }) => name === "constants").program;
  const dangerous = new Graph(hostile, ROWS);
  const said = new Words(dangerous, hostile.words);
  for (const i of dangerous.evaluation) {
    for (const { html } of [...said.explain(i).blocks, said.node(i)]) {
      assert.ok(!html.includes("<b>"), html);
    }
  }
});
