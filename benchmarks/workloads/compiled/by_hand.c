/* The batches in plain C, as somebody would write them: a loop over the examples,
   the derivatives by hand. */

#include <math.h>
#include <string.h>

/* The hinge loss of a network with two hidden layers of H, and the derivatives by its
   parameters: of every neuron its weights, then its bias. */
#ifndef H
#define H 16
#endif
#define A (3 * H)          /* where the second layer begins */
#define B (A + H * (H + 1)) /* where the last begins */
#define P (B + H + 1)

void network(long n, const double *restrict w, const double *restrict x, const double *restrict y,
             double *restrict out) {
    double *restrict grad = out + 1;
    memset(out, 0, (1 + P) * sizeof *out);
    for (long k = 0; k < n; k++) {
        double a[H], b[H], da[H], db[H], s = 0.0;
        const double *in = x + 2 * k;
        for (int i = 0; i < H; i++) {
            double z = w[3 * i] * in[0] + w[3 * i + 1] * in[1] + w[3 * i + 2];
            a[i] = z > 0.0 ? z : 0.0;
        }
        for (int i = 0; i < H; i++) {
            const double *row = w + A + i * (H + 1);
            double z = 0.0;
            for (int j = 0; j < H; j++) z += row[j] * a[j];
            z += row[H];
            b[i] = z > 0.0 ? z : 0.0;
        }
        for (int j = 0; j < H; j++) s += w[B + j] * b[j];
        s += w[B + H];
        double margin = 1.0 - y[k] * s;
        if (margin <= 0.0) continue;
        out[0] += margin;
        double d = -y[k];
        for (int j = 0; j < H; j++) {
            grad[B + j] += d * b[j];
            db[j] = b[j] > 0.0 ? d * w[B + j] : 0.0;
        }
        grad[B + H] += d;
        for (int j = 0; j < H; j++) da[j] = 0.0;
        for (int i = 0; i < H; i++) {
            const double *row = w + A + i * (H + 1);
            double *to = grad + A + i * (H + 1);
            for (int j = 0; j < H; j++) {
                to[j] += db[i] * a[j];
                da[j] += db[i] * row[j];
            }
            to[H] += db[i];
        }
        for (int i = 0; i < H; i++) {
            double e = a[i] > 0.0 ? da[i] : 0.0;
            grad[3 * i] += e * in[0];
            grad[3 * i + 1] += e * in[1];
            grad[3 * i + 2] += e;
        }
    }
    for (int i = 0; i <= P; i++) out[i] /= n;
}

void rosenbrock(long n, int size, const double *restrict x, double *restrict value,
                double *restrict grad) {
    for (long k = 0; k < n; k++, x += size, grad += size) {
        double total = 0.0;
        grad[0] = 0.0;
        for (int i = 0; i < size - 1; i++) {
            double d = x[i + 1] - x[i] * x[i], e = 1.0 - x[i];
            total += 100.0 * (d * d) + e * e;
            grad[i] += -400.0 * d * x[i] - 2.0 * e;
            grad[i + 1] = 200.0 * d;
        }
        value[k] = total;
    }
}

/* The prices, and their derivatives by spot, strike, rate, volatility and years. */
void prices(long n, const double *restrict S, const double *restrict K, const double *restrict r,
            const double *restrict v, const double *restrict T, double *restrict p,
            double *restrict pS, double *restrict pK, double *restrict pr, double *restrict pv,
            double *restrict pT) {
    for (long i = 0; i < n; i++) {
        double q = sqrt(T[i]), s = v[i] * q;
        double up = (log(S[i] / K[i]) + (r[i] + 0.5 * (v[i] * v[i])) * T[i]) / s, down = up - s;
        double N1 = 0.5 * (1.0 + erf(up * M_SQRT1_2)), N2 = 0.5 * (1.0 + erf(down * M_SQRT1_2));
        double strike = K[i] * exp(-r[i] * T[i]);
        double density = 0.5 * M_2_SQRTPI * M_SQRT1_2 * exp(-0.5 * (up * up));
        p[i] = S[i] * N1 - strike * N2;
        pS[i] = N1;
        pK[i] = -strike / K[i] * N2;
        pr[i] = strike * T[i] * N2;
        pv[i] = S[i] * density * q;
        pT[i] = S[i] * density * v[i] * 0.5 / q + r[i] * strike * N2;
    }
}

/* An Asian option: the mean over paths of the discounted payoff, and its derivatives by
   spot, strike, rate, volatility and years. */
void asian(long n, int steps, const double *restrict inputs, const double *restrict z,
           double *restrict out) {
    double S = inputs[0], K = inputs[1], r = inputs[2], v = inputs[3], T = inputs[4];
    double dt = T / steps, root = sqrt(dt), discount = exp(-r * T);
    double drift = (r - 0.5 * (v * v)) * dt, scale = v * root, moves[steps];
    memset(out, 0, 6 * sizeof *out);
    for (long k = 0; k < n; k++, z += steps) {
        /* The mean of the path, and its derivatives by the drift and the scale. */
        double s = S, mean = 0.0, by_drift = 0.0, by_scale = 0.0, sum = 0.0;
        for (int i = 0; i < steps; i++) moves[i] = exp(drift + scale * z[i]);
        for (int i = 0; i < steps; i++) {
            s *= moves[i];
            sum += z[i];
            mean += s;
            by_drift += s * (i + 1);
            by_scale += s * sum;
        }
        mean /= steps, by_drift /= steps, by_scale /= steps;
        if (mean <= K) continue;
        out[0] += mean - K;
        out[1] += mean / S;
        out[2] -= 1.0;
        out[3] += by_drift * dt - T * (mean - K);
        out[4] += by_scale * root - by_drift * v * dt;
        out[5] += by_drift * (r - 0.5 * (v * v)) / steps + by_scale * v * 0.5 / (root * steps) -
                  r * (mean - K);
    }
    for (int i = 0; i < 6; i++) out[i] *= discount / n;
}
