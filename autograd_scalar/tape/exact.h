/* The exact sum of doubles: whole numbers in bins, one for each exponent, gathered into digits.
 *
 * As in Radford Neal, "Fast exact summation using small and large superaccumulators".
 */
#ifndef EXACT_H
#define EXACT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A bin has room for so many numbers of 53 bits, with their signs. */
#define BIN_ROOM 512
#define EXPONENTS 2048
#define NOT_FINITE (EXPONENTS - 1)
/* Digits of 32 bits, from 2**-1074 to beyond the sum of 2**40 of the largest doubles. */
#define DIGITS 68

/* Add `bin`, times two to the `place`, to the digits. */
static void gather(int64_t *digits, int64_t bin, int place) {
    int64_t *digit = digits + place / 32;
    int up = place % 32;
    uint64_t low = (uint64_t)(uint32_t)bin << up;
    int64_t high = (int64_t)((uint64_t)(bin >> 32) << up);
    digit[0] += (uint32_t)low;
    digit[1] += (int64_t)(low >> 32) + (uint32_t)high;
    digit[2] += high >> 32;
}

/* Write the sum of the finite numbers in steps of 2**-1074, in two's complement, the lowest of
 * 4 * DIGITS bytes first; returns what the others add up to.
 */
static double exact_sum(const char *data, ptrdiff_t step, ptrdiff_t count, unsigned char *sum) {
    /* Every other number goes to another bin, and need not wait for the one before. */
    int64_t bins[2][EXPONENTS];
    int64_t digits[DIGITS + 1];
    double others = 0.0;
    memset(bins, 0, sizeof bins);
    memset(digits, 0, sizeof digits);
    for (ptrdiff_t first = 0; first < count; first += BIN_ROOM) {
        int here = count - first < BIN_ROOM ? (int)(count - first) : BIN_ROOM;
        int lowest = NOT_FINITE, highest = 0;
        for (int i = 0; i < here; i++) {
            int64_t bits;
            memcpy(&bits, data + (first + i) * step, sizeof bits);
            int exponent = (int)(bits >> 52) & NOT_FINITE;
            int64_t sign = bits >> 63;
            int64_t whole = (bits & (((int64_t)1 << 52) - 1)) | ((int64_t)(exponent != 0) << 52);
            bins[i & 1][exponent] += (whole ^ sign) - sign;
            lowest = exponent < lowest ? exponent : lowest;
            highest = exponent > highest ? exponent : highest;
        }
        if (highest == NOT_FINITE) {
            for (int i = 0; i < here; i++) {
                double x;
                memcpy(&x, data + (first + i) * step, sizeof x);
                if (!(x - x == 0.0))
                    others += x;
            }
            bins[0][NOT_FINITE] = bins[1][NOT_FINITE] = 0;
        }
        for (int e = lowest; e <= highest; e++) {
            int64_t bin = bins[0][e] + bins[1][e];
            bins[0][e] = bins[1][e] = 0;
            /* Numbers below the smallest with all bits have the exponent of that. */
            if (bin)
                gather(digits, bin, e ? e - 1 : 0);
        }
    }
    int64_t carry = 0;
    for (int i = 0; i < DIGITS; i++) {
        carry += digits[i];
        for (int byte = 0; byte < 4; byte++, carry >>= 8)
            sum[4 * i + byte] = (unsigned char)carry;
    }
    return others;
}

#endif
