/**
 * exp, log, powers and tan, rounded nearly as if they were exact.
 *
 * `Math` may be off by a unit in the last place, which a derivative multiplies. These carry what
 * rounding loses in a second float: Dekker, "A Floating-Point Technique for Extending the
 * Available Precision", and power series of what is left after reducing the argument.
 */

// ln 2 and π/2 in parts that stay exact when whole numbers multiply them.
const LN2 = [0.6931471803691238, 1.9082149292705877e-10];
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21];

/** What is lost in the product x·y as it is rounded. */
export function productError(x, y, product) {
  const split = (z) => {
    const wide = 134217729 * z;
    return wide - (wide - z);
  };
  const xHigh = split(x);
  const yHigh = split(y);
  const xLow = x - xHigh;
  const yLow = y - yHigh;
  return xHigh * yHigh - product + xHigh * yLow + xLow * yHigh + xLow * yLow;
}

/** What is lost in the sum x + y as it is rounded. */
function sumError(x, y, sum) {
  const part = sum - x;
  return x - (sum - part) + (y - part);
}

/** The sum of the series with these coefficients, the first that of x⁰. */
function polynomial(x, coefficients) {
  return coefficients.reduceRight((sum, each) => sum * x + each, 0);
}

/** 1/3!, 1/4!, … */
const INVERSE_FACTORIALS = [
  1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800,
  1 / 479001600, 1 / 6227020800, 1 / 87178291200, 1 / 1307674368000, 1 / 20922789888000,
  1 / 355687428096000, 1 / 6402373705728000,
];
/** 1/5, 1/7, … */
const INVERSE_ODD = [
  1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13, 1 / 15, 1 / 17, 1 / 19, 1 / 21, 1 / 23, 1 / 25, 1 / 27,
];
const OF_SINE = [2, 4, 6, 8, 10, 12, 14].map((k) => (-1) ** (k / 2 + 1) * INVERSE_FACTORIALS[k]);
const OF_COSINE = [1, 3, 5, 7, 9, 11, 13, 15].map((k) => (-1) ** ((k - 1) / 2) * INVERSE_FACTORIALS[k]);

/** x³/divisor and what is lost in it. */
function cubeOver(divisor, x) {
  const square = x * x;
  const cube = x * square;
  const lost = productError(x, square, cube) + x * productError(x, x, square);
  const result = cube / divisor;
  const back = divisor * result;
  return [result, (cube - back - productError(divisor, result, back) + lost) / divisor];
}

/** e to a power that is the sum of two floats. */
export function exponential(high, low) {
  if (high + low > 709.79) return Infinity;
  if (high + low < -745.2) return 0;
  const k = Math.round((high + low) / Math.LN2);
  const first = high - k * LN2[0];
  const second = low - k * LN2[1];
  const r = first + second;
  const rest = first - r + second;
  const square = r * r;
  const half = square / 2;
  const sum = 1 + r;
  const total = sum + half;
  const lost =
    sumError(1, r, sum) + sumError(sum, half, total) + productError(r, r, square) / 2 + rest * sum;
  const result = total + (lost + square * r * polynomial(r, INVERSE_FACTORIALS));
  const firstStep = Math.trunc(k / 2);
  return result * 2 ** firstStep * 2 ** (k - firstStep);
}

/** The logarithm of a positive finite number as the sum of two floats. */
function logarithm(x) {
  const scale = x < 2 ** -1000 ? 60 : 0;
  const scaled = x * 2 ** scale;
  let exponent = Math.floor(Math.log2(scaled));
  let m = scaled * 2 ** -exponent;
  if (m > Math.SQRT2) {
    m /= 2;
    exponent += 1;
  } else if (m < Math.SQRT1_2) {
    m *= 2;
    exponent -= 1;
  }
  exponent -= scale;
  // log m is 2·artanh f with f = (m - 1)/(m + 1).
  const below = m + 1;
  const f = (m - 1) / below;
  const product = f * below;
  const left = m - 1 - product - productError(f, below, product);
  const rest = (left - f * sumError(m, 1, below)) / below;
  const square = f * f;
  const [third, thirdLost] = cubeOver(3, f);
  const series = f * square * square * polynomial(square, INVERSE_ODD);
  const whole = exponent * LN2[0];
  const sum = whole + 2 * f;
  const total = sum + 2 * third;
  const lost = sumError(whole, 2 * f, sum) + sumError(sum, 2 * third, total);
  const low = lost + (exponent * LN2[1] + 2 * (rest * (1 + square) + thirdLost + series));
  const high = total + low;
  return [high, total - high + low];
}

export function exp(x) {
  return Number.isFinite(x) ? exponential(x, 0) : Math.exp(x);
}

export function log(x) {
  return x > 0 && x < Infinity ? logarithm(x)[0] : Math.log(x);
}

/** x ** y: as in C, 1 to any power is 1, and so is -1 to an infinite one. */
export function power(x, y) {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  if (y === 2) return x * x;
  if (y === 1) return x;
  const size = Math.abs(x);
  const isOrdinary = size > 0 && size < Infinity && Math.abs(y) < 1e20 && y !== 0;
  if (!isOrdinary || (x < 0 && !Number.isInteger(y))) return Math.pow(x, y);
  const [high, low] = logarithm(size);
  const product = y * high;
  const result = exponential(product, productError(y, high, product) + y * low);
  return x < 0 && Math.abs(y % 2) === 1 ? -result : result;
}

export function exp2(x) {
  return power(2, x);
}

export function tan(x) {
  const size = Math.abs(x);
  if (!(size < 1e5) || size < 1e-7) return Math.tan(x);
  const k = Math.round(x / (Math.PI / 2));
  const first = x - k * HALF_PI[0];
  const second = k * HALF_PI[1];
  const reduced = first - second;
  const rest = sumError(first, -second, reduced) - k * HALF_PI[2];
  const r = reduced + rest;
  const low = reduced - r + rest;
  const square = r * r;
  const half = square / 2;
  const [sixth, sixthLost] = cubeOver(6, r);
  const main = r - sixth;
  const sineLow =
    sumError(r, -sixth, main) -
    sixthLost +
    r * square * square * polynomial(square, OF_SINE) +
    low * (1 - half);
  const one = 1 - half;
  const cosineLow =
    sumError(1, -half, one) -
    productError(r, r, square) / 2 -
    r * low +
    square * square * polynomial(square, OF_COSINE);
  const sine = [main + sineLow, 0];
  sine[1] = main - sine[0] + sineLow;
  const cosine = [one + cosineLow, 0];
  cosine[1] = one - cosine[0] + cosineLow;
  return k % 2 === 0 ? quotient(sine, cosine) : -quotient(cosine, sine);
}

/** The quotient of two sums of two floats. */
function quotient([x, xLow], [y, yLow]) {
  const result = x / y;
  const product = result * y;
  const left = x - product - productError(result, y, product) + xLow - result * yLow;
  return result + left / y;
}
