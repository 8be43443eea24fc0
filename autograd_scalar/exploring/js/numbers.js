/** Numbers as text, as Python's explanations and pictures write them, and read from fields. */

/** The digits of a finite number rounded to `count`, half to even, and its decimal exponent. */
function roundedDigits(x, count) {
  const [mantissa, exponent] = Math.abs(x).toExponential(count - 1).split("e");
  const digits = mantissa.replace(".", "");
  // Ties are rounded up here, and to even in Python; no other number has so many zeros.
  const exact = Math.abs(x).toPrecision(100).replace(/e.*/, "").replace(".", "").replace(/^0+/, "");
  const isTie = /^50*$/.test(exact.slice(count));
  if (isTie && Number(exact[count - 1]) % 2 === 0) return [exact.slice(0, count), tieExponent(x)];
  return [digits, Number(exponent)];
}

/** The decimal exponent of a number, not of what it is rounded to. */
function tieExponent(x) {
  return Number(Math.abs(x).toExponential(20).split("e")[1]);
}

/** Digits with a point after the first `exponent` + 1 of them. */
function withPoint(digits, exponent) {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.padEnd(exponent + 1, "0");
  return exponent + 1 < whole.length
    ? `${whole.slice(0, exponent + 1)}.${whole.slice(exponent + 1)}`
    : whole;
}

function spelledOut(x) {
  if (Number.isNaN(x)) return "nan";
  return x < 0 ? "-inf" : "inf";
}

/** A number to so many significant digits, as short as that allows: 0.3, 2, 1e-9. */
export function decimal(x, digits) {
  if (!Number.isFinite(x)) return spelledOut(x);
  if (Number.isInteger(x) && Math.abs(x) < 10 ** Math.max(digits, 6)) return String(x + 0);
  const sign = x < 0 ? "-" : "";
  const [rounded, exponent] = roundedDigits(x, digits);
  const kept = rounded.replace(/0+$/, "") || "0";
  if (exponent < -4 || exponent >= digits) {
    return `${sign}${withPoint(kept, 0)}e${exponent}`;
  }
  return sign + withPoint(kept, exponent);
}

/** Whether `decimal` leaves out some of a number. */
export function isRounded(x, digits) {
  return Number.isFinite(x) && Number(decimal(x, digits)) !== x;
}

/** The number in few digits, as in pictures. */
export function short(x) {
  return decimal(x, 4);
}

/** All digits of a number, as Python writes it: 2.0, 1e-05, inf. */
export function repr(x) {
  if (!Number.isFinite(x)) return spelledOut(x);
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  const [mantissa, power] = Math.abs(x).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const padded = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${withPoint(digits, 0)}e${exponent < 0 ? "-" : "+"}${padded}`;
  }
  const text = withPoint(digits, exponent);
  return sign + (text.includes(".") ? text : `${text}.0`);
}

const PLAIN_DIGITS = "-0123456789";
const RAISED_DIGITS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Mantissa and exponent as explanations print them, which cut no figure off a whole number. */
function figures(x, digits) {
  const isWhole = Number.isInteger(x) && x < 1e15;
  return isWhole ? [String(x)] : decimal(x, digits).split("e");
}

/** A number as explanations print it: 0.3, −2, 1.5·10⁻⁹, ∞. */
export function typeset(x, digits = 6) {
  const sign = x < 0 ? "−" : "";
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return `${sign}∞`;
  const [mantissa, exponent] = figures(Math.abs(x), digits);
  if (exponent === undefined) return sign + mantissa;
  const raised = translated(exponent, PLAIN_DIGITS, RAISED_DIGITS);
  return `${sign}${mantissa}·10${raised}`;
}

/** The same as MathML. */
export function mathml(x, digits = 6) {
  const sign = x < 0 ? "<mo form='prefix'>−</mo>" : "";
  if (Number.isNaN(x)) return "<mi>NaN</mi>";
  if (!Number.isFinite(x)) return `${sign}<mi>∞</mi>`;
  const [mantissa, exponent] = figures(Math.abs(x), digits);
  if (exponent === undefined) return `${sign}<mn>${mantissa}</mn>`;
  const power = `<msup><mn>10</mn><mn>${exponent}</mn></msup>`;
  return `${sign}<mrow><mn>${mantissa}</mn><mo>·</mo>${power}</mrow>`;
}

/** A text with the characters of one list in place of those of another. */
function translated(text, from, to) {
  return [...text].map((each) => to[from.indexOf(each)] ?? each).join("");
}

const FIGURE = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** The number that somebody typed, or NaN: also 1/3, −2, 0,5, 1.5·10⁻³ and ∞. */
export function parseNumber(text) {
  let plain = text.trim().replace(/[−–]/g, "-").replace(/\s+/g, "");
  plain = plain.replace(/^([^.]*),([^.,]*)$/, "$1.$2");
  plain = plain.replace(/(?:[·*×]10(?:\^|\*\*)?)([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|[+-]?\d+)$/, (_, power) => {
    return `e${translated(power, RAISED_DIGITS, PLAIN_DIGITS)}`;
  });
  const infinite = /^([+-]?)(inf|infinity|∞)$/i.exec(plain);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  const parts = plain.split("/");
  if (parts.length > 2 || !parts.every((part) => FIGURE.test(part))) return NaN;
  return parts.map(Number).reduce((above, below) => above / below);
}
