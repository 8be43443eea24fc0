/** Numbers are written as Python's explanations write them, and read as people type them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as numbers from "../../autograd_scalar/exploring/js/numbers.js";
import { fixture, number } from "./fixture.js";

test("numbers are rounded and written as in Python", () => {
  for (const [spelled, four, six, rounded, all, text, markup] of fixture("texts")) {
    const x = number(spelled);
    assert.equal(numbers.short(x), four);
    assert.equal(numbers.decimal(x, 6), six);
    assert.equal(numbers.isRounded(x, 6), rounded, six);
    assert.equal(numbers.repr(x), all);
    assert.equal(numbers.typeset(x, 6), text);
    assert.equal(numbers.mathml(x, 6), markup);
  }
});

test("what is written in full is read again", () => {
  for (const [spelled, , , , all] of fixture("texts")) {
    const x = number(spelled);
    if (!Number.isNaN(x)) assert.ok(Object.is(numbers.parseNumber(all), x), all);
  }
});

const TYPED = {
  "1/4": 0.25,
  " −2 ": -2,
  "0,5": 0.5,
  "1e-3": 1e-3,
  "1.5·10⁻³": 1.5e-3,
  "2*10^6": 2e6,
  ".5": 0.5,
  "3.": 3,
  "-∞": -Infinity,
};
for (const [text, expected] of Object.entries(TYPED)) {
  test(`${text} is read as ${expected}`, () => {
    assert.equal(numbers.parseNumber(text), expected);
  });
}

for (const text of ["", "x", "1e", "1..2", "1/2/3", "1,000,000", "0x10", "--1", "<b>", "1_000"]) {
  test(`${JSON.stringify(text)} is no number`, () => {
    assert.ok(Number.isNaN(numbers.parseNumber(text)));
  });
}
