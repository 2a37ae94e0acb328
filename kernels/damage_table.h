/* Damage ratios from one 32-bit word: a row of fixed size that stands for a discretised damage
 * distribution (atoms, and bins with a uniform law inside).
 *
 * The word k, larger = less damage, is mapped to t = shift + scale (k >> 1), such that t < c =
 * 2^-15 with the probability of the atom at 1, t >= 1 with that of the atom at 0, and between them
 * t - c is proportional to the probability of a larger damage. The half octaves of t are 30
 * segments, the finer the rarer the damage: 1/4 of the probability each at the low end, 2^-16 at
 * the high end. In segment i the damage is a[i] + b[i] t: a uniform law with the segment's
 * conditional mean and standard deviation. The segment number is (bits of t >> 22) mod 32, entries
 * 30 and 31 hold the atoms, so a row (a, b) is four 512-bit registers, and there is no branch.
 *
 * Mean and standard deviation are right to 1e-5 where the probability of damage is above 1e-4 (the
 * word has 31 bits), the 99.9 % quantile and mean excesses up to it to 1 %
 * (tests/test_damage_table.c).
 */
#ifndef CROSSMC_DAMAGE_TABLE_H
#define CROSSMC_DAMAGE_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    XMC_DAMAGE_SEGMENTS = 32,
    XMC_DAMAGE_INTERIOR = 30, /* entries 0 … 29, entry 0 the largest damage */
    XMC_DAMAGE_ZERO = 30,     /* t >= 1 */
    XMC_DAMAGE_ONE = 31       /* t < 2^-15 */
};
#define XMC_DAMAGE_LOWEST 0x1.fffffep-16f /* the largest float below 2^-15 */

typedef struct {
    float a[XMC_DAMAGE_SEGMENTS], b[XMC_DAMAGE_SEGMENTS];
    float scale, shift;
    double mean; /* of the distribution itself */
} xmc_damage_row;

/* The row of a distribution over n damage bins [from, to] in [0, 1], ascending in both; from == to
 * is an atom. Probabilities are >= 0 and are normalised by their sum. Returns 0, or -2 when the
 * bins or the probabilities are not such, or all are zero. */
int xmc_damage_row_init(xmc_damage_row *r, size_t n, const double *from, const double *to,
                        const double *probability);

/* The damage ratio for a random word, in [0, 1]. Single precision, multiplication and addition
 * rounded each: the same bits everywhere. */
static inline float xmc_damage_of(const xmc_damage_row *r, uint32_t k) {
    float t = (float)(int32_t)(k >> 1) * r->scale;
    t = t + r->shift;
    t = t < XMC_DAMAGE_LOWEST ? XMC_DAMAGE_LOWEST : t;
    t = t > 1.0f ? 1.0f : t;
    uint32_t bits;
    memcpy(&bits, &t, sizeof bits);
    uint32_t i = (bits >> 22) & 31u;
    float d = r->b[i] * t;
    return d + r->a[i];
}

#endif
