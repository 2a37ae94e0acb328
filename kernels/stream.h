/* Addressed random streams on PCG32 (XSH-RR 64/32, O'Neill 2014).
 *
 * Every draw has an address: a substream set up from (named seed, a, b) and a place in it
 * (../docs/reproducibility.md). Nothing here depends on threads, blocks or vector width: vector
 * kernels leapfrog through the very same sequence. */
#ifndef CROSSMC_STREAM_H
#define CROSSMC_STREAM_H

#include <stdint.h>

#define XMC_PCG_MULTIPLIER UINT64_C(6364136223846793005)

typedef struct {
    uint64_t state; /* of the next output */
    uint64_t inc;   /* odd */
} xmc_stream;

/* Finaliser of splitmix64 (Stafford's variant 13): a bijection with full avalanche. */
static inline uint64_t xmc_mix64(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The part of an address (seed, a) that many substreams share: for loops over b. */
typedef struct {
    uint64_t s, i;
} xmc_stream_base;

static inline xmc_stream_base xmc_stream_base_at(uint64_t seed, uint64_t a) {
    uint64_t s = xmc_mix64(seed + UINT64_C(0x9e3779b97f4a7c15));
    uint64_t i = xmc_mix64(seed + UINT64_C(0xd1b54a32d192ed03));
    s = xmc_mix64((s ^ a) + UINT64_C(0x8cb92ba72f3d8dd7));
    i = xmc_mix64((i ^ a) + UINT64_C(0xaef17502108ef2d9));
    return (xmc_stream_base){s, i};
}

static inline xmc_stream xmc_stream_from(xmc_stream_base base, uint64_t b) {
    uint64_t s = xmc_mix64((base.s ^ b) + UINT64_C(0xf1357aea2e62a9c5));
    uint64_t i = xmc_mix64((base.i ^ b) + UINT64_C(0xda942042e4dd58b5));
    return (xmc_stream){s, i | 1u};
}

/* The substream at address (seed, a, b). State and increment come from two chains of their own, so
 * that 2^127 streams are told apart; streams that differ in the increment alone, or lie powers of
 * two apart, would be correlated. */
static inline xmc_stream xmc_stream_at(uint64_t seed, uint64_t a, uint64_t b) {
    return xmc_stream_from(xmc_stream_base_at(seed, a), b);
}

/* pcg32(seed, sequence) as libpcg's setseq generator starts it; for tests against it. */
static inline xmc_stream xmc_stream_pcg32(uint64_t seed, uint64_t sequence) {
    uint64_t inc = (sequence << 1) | 1u;
    return (xmc_stream){(seed + inc) * XMC_PCG_MULTIPLIER + inc, inc};
}

/* The next 32 random bits. */
static inline uint32_t xmc_u32(xmc_stream *s) {
    uint64_t x = s->state;
    s->state = x * XMC_PCG_MULTIPLIER + s->inc;
    uint32_t v = (uint32_t)(((x >> 18) ^ x) >> 27);
    uint32_t r = (uint32_t)(x >> 59);
    return (v >> r) | (v << (-r & 31u));
}

/* The next 64 random bits: two draws, the first one high. */
static inline uint64_t xmc_u64(xmc_stream *s) {
    uint64_t high = xmc_u32(s);
    return (high << 32) | xmc_u32(s);
}

/* Uniform in the open interval (0, 1) from a 64-bit draw: ((k >> 12) + 1/2) 2^-52. Two draws. */
static inline double xmc_uniform(xmc_stream *s) {
    return ((double)(xmc_u64(s) >> 12) + 0.5) * 0x1p-52;
}

/* Uniform in (0, 1) from a 32-bit draw: ((k >> 9) + 1/2) 2^-23. One draw. For secondary
 * uncertainty, never for what decides the far tail. */
static inline float xmc_uniform_f32(xmc_stream *s) {
    return ((float)(xmc_u32(s) >> 9) + 0.5f) * 0x1p-23f;
}

/* Moves the stream n draws on (n modulo 2^64), in a few nanoseconds by tables. */
void xmc_stream_jump(xmc_stream *s, uint64_t n);

#endif
