/* Whether arithmetic is IEEE 754's, as our flags promise: for the self-check at start, and at
 * configure time (cmake/check_arithmetic.c). */
#ifndef CROSSMC_ARITHMETIC_H
#define CROSSMC_ARITHMETIC_H

#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* The compiler says so itself where fast-math was put on its command line behind our own flags. */
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#define XMC_BUILT_WITH_FAST_MATH 1
#else
#define XMC_BUILT_WITH_FAST_MATH 0
#endif

static inline uint64_t xmc_double_bits(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

/* A bit for each property. The operands are unknown to the compiler and chosen so that contraction,
 * another order, flushed subnormals or a rounding mode other than to nearest change the answer. */
#define XMC_ARITHMETIC_RIGHT UINT64_C(0xfff)
static inline uint64_t xmc_arithmetic(void) {
    volatile double hidden[] = {1, DBL_EPSILON / 2, 3, 0x1p53, DBL_MIN, NAN, 0, 1 + 0x1p-30};
    const double one = hidden[0], tiny = hidden[1], three = hidden[2], huge = hidden[3],
                 small = hidden[4], nan = hidden[5], zero = hidden[6], x = hidden[7], y = hidden[7];
    volatile float hidden_float = FLT_MIN;
    const float smallest = hidden_float;
    volatile double stored = x * x; /* rounded, whatever the compiler fuses */
    const double product = stored;
    uint64_t good = 0;
    good |= (uint64_t)(one + tiny == one && -one - tiny == -one) << 0; /* nearest, ties to even */
    good |= (uint64_t)(huge + one - huge == zero) << 1;                /* no other order */
    good |= (uint64_t)(y * y - product == zero) << 2;                  /* no contraction */
    good |= (uint64_t)(fma(x, x, -product) == 0x1p-60) << 3;           /* fma rounds once */
    good |= (uint64_t)(small / 4 > zero && smallest / 4 > (float)zero) << 4; /* subnormals stay */
    good |= (uint64_t)(nan != nan && !(nan < one) && !isfinite(nan)) << 5;   /* NaN exists */
    good |= (uint64_t)(xmc_double_bits(one / three) == UINT64_C(0x3fd5555555555555) &&
                       xmc_double_bits(three / 5.0) == UINT64_C(0x3fe3333333333333))
            << 6; /* no reciprocals */
    good |= (uint64_t)(xmc_double_bits(-zero + -zero) == UINT64_C(1) << 63) << 7; /* signed zeros */
    good |= (uint64_t)(xmc_double_bits(sqrt(three - one)) == UINT64_C(0x3ff6a09e667f3bcd)) << 8;
    good |= (uint64_t)(rint(three / 2 + one) == 2 && rint(three / 2) == 2) << 9;
    good |= (uint64_t)(fegetround() == FE_TONEAREST) << 10;
    good |= (uint64_t)!XMC_BUILT_WITH_FAST_MATH << 11;
    return good;
}

#endif
