/**
 * Functions of Python's floats that JavaScript lacks or rounds differently.
 *
 * What `Math` computes to within two units in the last place of Python's `math` is used as it is.
 * Where Python raises an exception, these give the infinity or NaN of IEEE 754.
 */

import { exp, exponential, log, power, productError, tan } from "./precise.js";

export const { abs, acos, acosh, asin, asinh, atan, atan2, atanh, ceil, cos, cosh } = Math;
export const { expm1, floor, log10, log1p, log2, sin, sinh, sqrt, tanh, trunc } = Math;

/** Python's x % y, which has the sign of y. */
export function modulo(x, y) {
  const rest = x % y;
  if (rest === 0) return copysign(0, y);
  return rest < 0 !== y < 0 ? rest + y : rest;
}

/** Python's x // y. */
export function floorDivide(x, y) {
  if (y === 0) return x / y;
  const rest = x % y;
  let quotient = (x - rest) / y;
  if (rest !== 0 && rest < 0 !== y < 0) quotient -= 1;
  if (quotient === 0) return copysign(0, x / y);
  const whole = floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

export function fmod(x, y) {
  return x % y;
}

/** x minus the multiple of y that is nearest, of two the even one: exact, as in IEEE 754. */
export function remainder(x, y) {
  if (!Number.isFinite(x) || Number.isNaN(y) || y === 0) return NaN;
  if (!Number.isFinite(y)) return x;
  const size = abs(y);
  const rest = abs(x) % size;
  const other = size - rest;
  let found = rest;
  if (other < rest) {
    found = -other;
  } else if (other === rest) {
    // The quotient is even where the rest by 2·y is the same.
    found = rest - 2 * ((0.5 * (abs(x) - rest)) % size);
  }
  return copysign(1, x) * found;
}

/** |x| with the sign of y, that of a zero too. */
export function copysign(x, y) {
  return y < 0 || Object.is(y, -0) ? -abs(x) : abs(x);
}

/** √(x² + y²), corrected by what the squares and their sum lose. */
export function hypot(x, y) {
  if (abs(x) === Infinity || abs(y) === Infinity) return Infinity;
  let larger = abs(x);
  let smaller = abs(y);
  if (larger < smaller) [larger, smaller] = [smaller, larger];
  if (Number.isNaN(x + y) || smaller <= larger * 2 ** -54) return larger + smaller;
  const scale = larger > 1e150 ? 2 ** -600 : smaller < 1e-140 ? 2 ** 600 : 1;
  larger *= scale;
  smaller *= scale;
  const square = larger * larger;
  const little = smaller * smaller;
  const sum = square + little;
  const root = sqrt(sum);
  const rootSquared = root * root;
  const lost = square - sum + little;
  const squares = productError(larger, larger, square) + productError(smaller, smaller, little);
  const error = sum - rootSquared - productError(root, root, rootSquared) + lost + squares;
  return (root + error / (2 * root)) / scale;
}

/** The cube root, by a step of Newton's from that of `Math`. */
export function cbrt(x) {
  const root = Math.cbrt(x);
  if (root === 0 || !Number.isFinite(root)) return root;
  // Out there the cube would overflow, or lose digits.
  const scale = abs(x) < 1e-200 ? 2 ** 100 : abs(x) > 1e200 ? 2 ** -100 : 1;
  const close = root * scale;
  const square = close * close;
  const cube = square * close;
  const lost = productError(square, close, cube) + productError(close, close, square) * close;
  const number = x * scale * scale * scale;
  return (close - (cube - number + lost) / (3 * square)) / scale;
}

/** log(x·erfc(x)) + x² + 9/16 for 1/2 ≤ x ≤ 28: its Chebyshev series in (x - 1)/(x + 1). */
const LOGARITHM_OF_ERFC = [
  -0.43264124694794354, 0.28891823373623304, -0.09515612795965021, 0.013110502460604165,
  -0.0014724578370620377, 0.0005319254413454223, -0.00012517129686590646, 1.6064829356264875e-5,
  -5.4015504936224e-6, 1.5156262812717867e-6, -1.936110657144256e-7, 6.829229198834836e-8,
  -2.0633552588901993e-8, 2.306827661244451e-9, -9.981526882368557e-10, 2.9725853235860055e-10,
  -2.4397772543952666e-11, 1.6820058693405327e-11, -4.229270645676288e-12, 1.8431894953275414e-13,
  -3.2636655759767435e-13, 5.097855118433063e-14, -7.305977986211384e-16, 6.911734084475628e-15,
  -2.1433397392330458e-16, 5.803516521119834e-17, -1.4102657824219887e-16, -1.4796918258147544e-17,
  -5.205711596663621e-18,
];

/** erfc of 1/2 or more; e^(-x²) with the square of a rounded x, which is exact. */
function largeErfc(x) {
  if (x > 28) return 0;
  const t = (x - 1) / (x + 1);
  const low = -1 / 3;
  const high = 27 / 29;
  const s = (2 * t - low - high) / (high - low);
  let next = 0;
  let last = 0;
  for (let k = LOGARITHM_OF_ERFC.length - 1; k > 0; k -= 1) {
    [next, last] = [LOGARITHM_OF_ERFC[k] + 2 * s * next - last, next];
  }
  const series = LOGARITHM_OF_ERFC[0] / 2 + s * next - last;
  const rounded = floor(x * 65536) / 65536;
  const rest = (rounded - x) * (rounded + x) + series;
  return exponential(-rounded * rounded - 0.5625, rest) / x;
}

/** erf(x)/x - 1 for |x| < 27/32, by its power series. */
function smallErf(x) {
  const square = x * x;
  let term = 1;
  let sum = 0;
  for (let k = 1; abs(term) > 1e-18 && k < 40; k += 1) {
    term *= -square / k;
    sum += term / (2 * k + 1);
  }
  // 2/√π is 1 and this.
  const more = 0.12837916709551257;
  return more + (sum + more * sum);
}

/** The error function. */
export function erf(x) {
  if (Number.isNaN(x)) return x;
  const size = abs(x);
  if (size < 0.84375) return x + x * smallErf(x);
  return copysign(1 - largeErfc(size), x);
}

/** 1 - erf(x), with all its digits where that is small. */
export function erfc(x) {
  if (Number.isNaN(x)) return x;
  if (x >= 0.5) return largeErfc(x);
  if (x <= -0.84375) return 2 - largeErfc(-x);
  return 1 - (x + x * smallErf(x));
}

// The gamma function by Lanczos's approximation with the 13 rational coefficients of Boost
// ("Lanczos approximation"), in the order of operations of Python's `math.gamma`: its errors
// come out the same.
const LANCZOS_ABOVE = [
  23531376880.41076, 42919803642.6491, 35711959237.355667, 17921034426.03721, 6039542586.352028,
  1439720407.3117216, 248874557.86205417, 31426415.585400194, 2876370.6289353725,
  186056.26539522348, 8071.672002365816, 210.82427775157936, 2.5066282746310002,
];
const LANCZOS_BELOW = [
  0, 39916800, 120543840, 150917976, 105258076, 45995730, 13339535, 2637558, 357423, 32670, 1925,
  66, 1,
];
const LANCZOS_G = 6.02468004077673;

function lanczosSum(x) {
  let above = 0;
  let below = 0;
  if (x < 5) {
    for (let k = 12; k >= 0; k -= 1) {
      above = above * x + LANCZOS_ABOVE[k];
      below = below * x + LANCZOS_BELOW[k];
    }
  } else {
    for (let k = 0; k <= 12; k += 1) {
      above = above / x + LANCZOS_ABOVE[k];
      below = below / x + LANCZOS_BELOW[k];
    }
  }
  return above / below;
}

/** sin(πx) by the distance from a multiple of 1/2. */
function sineOfPi(x) {
  const rest = abs(x) % 2;
  const quarter = Math.round(2 * rest);
  const found = [
    () => sin(Math.PI * rest),
    () => cos(Math.PI * (rest - 0.5)),
    () => sin(Math.PI * (1 - rest)),
    () => -cos(Math.PI * (rest - 1.5)),
    () => sin(Math.PI * (rest - 2)),
  ][quarter]();
  return copysign(1, x) * found;
}

function isPole(x) {
  return x <= 0 && x === floor(x) && x !== -Infinity;
}

/** Γ(x). */
export function gamma(x) {
  if (isPole(x) || x === -Infinity) return NaN;
  if (!Number.isFinite(x)) return x;
  if (x === floor(x) && x <= 23) {
    let product = 1;
    for (let k = 2; k < x; k += 1) product *= k;
    return product;
  }
  const size = abs(x);
  if (size < 1e-20) return 1 / x;
  if (size > 200) return x < 0 ? 0 / sineOfPi(x) : Infinity;
  const shift = LANCZOS_G - 0.5;
  const y = size + shift;
  const lost = size > shift ? y - size - shift : y - shift - size;
  const z = (lost * LANCZOS_G) / y;
  const halves = size < 140 ? 1 : 2;
  const root = power(y, (size - 0.5) / halves);
  let result = 0;
  if (x < 0) {
    result = ((-Math.PI / sineOfPi(size) / size) * exp(y)) / lanczosSum(size);
    result -= z * result;
    for (let k = 0; k < halves; k += 1) result /= root;
  } else {
    result = lanczosSum(size) / exp(y);
    result += z * result;
    for (let k = 0; k < halves; k += 1) result *= root;
  }
  return result;
}

/** log |Γ(x)|, in the order of operations of Python's `math.lgamma`. */
export function lgamma(x) {
  if (isPole(x)) return NaN;
  if (!Number.isFinite(x)) return abs(x);
  if (x === 1 || x === 2) return 0;
  const size = abs(x);
  if (size < 1e-20) return -log(size);
  let result = log(lanczosSum(size)) - LANCZOS_G;
  result += (size - 0.5) * (log(size + LANCZOS_G - 0.5) - 1);
  if (x < 0) result = log(Math.PI) - log(abs(sineOfPi(size))) - log(size) - result;
  return result;
}

/** The sum of numbers, rounded once: Shewchuk's, "Adaptive Precision Floating-Point Arithmetic". */
function exactSum(numbers) {
  if (!numbers.every(Number.isFinite)) return numbers.reduce((sum, each) => sum + each);
  const parts = [];
  for (const number of numbers) {
    let carried = number;
    let kept = 0;
    for (const part of parts) {
      const [large, small] = abs(carried) < abs(part) ? [part, carried] : [carried, part];
      const sum = large + small;
      const lost = small - (sum - large);
      if (lost !== 0) parts[kept++] = lost;
      carried = sum;
    }
    parts.length = kept;
    parts.push(carried);
  }
  // From the largest part down until one does not fit in, which decides how that is rounded.
  let sum = 0;
  let lost = 0;
  let k = parts.length;
  while (k > 0 && lost === 0) {
    const part = parts[--k];
    const before = sum;
    sum += part;
    lost = part - (sum - before);
  }
  if (k > 0 && lost !== 0 && lost < 0 === parts[k - 1] < 0) {
    const doubled = 2 * lost;
    const moved = sum + doubled;
    if (moved - sum === doubled) sum = moved;
  }
  return sum;
}

// ψ and its derivatives, step for step as in `autograd_scalar/table/gammas.py`, which has the
// sources of the formulas: chapter 6 of Abramowitz and Stegun.
const BERNOULLI = [
  1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
  -174611 / 330,
];
const ROOT_OF_DIGAMMA = [1.4616321449683622, 9.549995429965697e-17];

/** ψ(x), the derivative of log Γ(x). */
export function digamma(x) {
  if (isPole(x) || x === -Infinity) return NaN;
  if (Number.isNaN(x)) return x;
  if (x < 0) return digamma(1 - x) - Math.PI * cotangent(x);
  if (x >= 10) {
    const square = 1 / (x * x);
    let rest = 0;
    for (let k = 8; k > 0; k -= 1) rest = square * (BERNOULLI[k - 1] / (2 * k) + rest);
    return log(x) - (0.5 / x + rest);
  }
  const terms = [];
  while (x > 1.96) {
    x -= 1;
    terms.push(1 / x);
  }
  if (x < 0.96) {
    terms.push(-1 / x);
    x += 1;
  }
  const step = x - ROOT_OF_DIGAMMA[0] - ROOT_OF_DIGAMMA[1];
  const [slope, ...bends] = taylorOfDigamma();
  let series = 0;
  for (const coefficient of bends.reverse()) series = step * (coefficient + series);
  return exactSum([step * slope, step * series, ...terms]);
}

/** ψ⁽ᵏ⁾/k! at the positive root, from k = 1 on. */
function taylorOfDigamma() {
  if (!taylorOfDigamma.found) {
    let factorial = 1;
    taylorOfDigamma.found = Array.from({ length: 40 }, (_, k) => {
      factorial *= k + 1;
      return polygamma(k + 1, ROOT_OF_DIGAMMA[0]) / factorial;
    });
  }
  return taylorOfDigamma.found;
}

/** ψ⁽ⁿ⁾(x), the n-th derivative of ψ, for a whole n up to 100. */
export function polygamma(n, x) {
  if (!(n >= 0 && n <= 100 && n === floor(n)) || isPole(x) || x === -Infinity) return NaN;
  if (Number.isNaN(x)) return x;
  if (n === 0) return digamma(x);
  const sign = n % 2 ? 1 : -1;
  if (x > 0) return sign * tailOfPolygamma(n, x);
  return -sign * polygamma(n, 1 - x) - Math.PI * slopeOfCotangent(n, x);
}

/** n! Σ 1/(x + j)ⁿ⁺¹ over all j ≥ 0, which is |ψ⁽ⁿ⁾(x)|. */
function tailOfPolygamma(n, x) {
  const terms = [];
  const start = x;
  while (x < n + 16) {
    terms.push(factorialOverPower(n, x) / x);
    x = start + terms.length;
  }
  const square = 1 / (x * x);
  const factor = 0.5 / x;
  let corrections = 0;
  let growth = 1;
  BERNOULLI.forEach((bernoulli, i) => {
    const k = i + 1;
    growth *= (square * (n + 2 * k - 2) * (n + 2 * k - 1)) / (2 * k * (2 * k - 1));
    corrections += bernoulli * growth;
  });
  const whole = factorialOverPower(n, x) / n;
  return exactSum([...terms, whole, whole * (n * factor), whole * corrections]);
}

/** n! / xⁿ, which neither factor need be. */
function factorialOverPower(n, x) {
  let result = 1;
  for (let k = n; k > 0; k -= 1) result *= k / x;
  return result;
}

/** cot(πx), by the distance from a whole number. */
function cotangent(x) {
  const distance = remainder(x, 1);
  if (abs(distance) <= 0.25) return 1 / tan(Math.PI * distance);
  return copysign(tan(Math.PI * (0.5 - abs(distance))), distance);
}

/** dⁿ/dxⁿ cot(πx): a polynomial in the cotangent c, as dc/dx = -π(1 + c²). */
function slopeOfCotangent(n, x) {
  let coefficients = [0, 1];
  for (let i = 0; i < n; i += 1) {
    const slope = coefficients.map((each, k) => k * each).slice(1);
    coefficients = new Array(slope.length + 2).fill(0);
    slope.forEach((each, k) => {
      coefficients[k] -= Math.PI * each;
      coefficients[k + 2] -= Math.PI * each;
    });
  }
  const c = cotangent(x);
  return coefficients.reduceRight((result, each) => result * c + each);
}
