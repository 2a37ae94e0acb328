/* Vector bodies of the array draws, on the primitives of vec_<target>.h. The generator leapfrogs:
 * even[v] and odd[v] hold the states of the draws 2 V_W v + (0, 2, 4, …) and + (1, 3, 5, …), so
 * that one merge gives the words in order, and LEAP vectors of each hide the multiplier's latency.
 */
#include "kernels/twins.h"

typedef struct {
    v_u64 even[LEAP], odd[LEAP], multiplier, increment;
} leapfrog;

static inline leapfrog leapfrog_start(const xmc_stream *s) {
    leapfrog l;
    v_u64 state = v_set_u64(s->state), inc = v_set_u64(s->inc);
    for (int v = 0; v < LEAP; v++) {
        int at = v * V_W;
        l.even[v] = v_add_u64(v_mul_u64(state, v_load_u64(xmc_leap_even[0] + at)),
                              v_mul_u64(inc, v_load_u64(xmc_leap_even[1] + at)));
        l.odd[v] = v_add_u64(v_mul_u64(state, v_load_u64(xmc_leap_odd[0] + at)),
                             v_mul_u64(inc, v_load_u64(xmc_leap_odd[1] + at)));
    }
    l.multiplier = v_set_u64(xmc_leap_even[0][LEAP * V_W]);
    l.increment = v_set_u64(xmc_leap_even[1][LEAP * V_W] * s->inc);
    return l;
}

/* For v_pcg_words instead of v_pcg_output. */
static inline leapfrog leapfrog_words_start(const xmc_stream *s) {
    leapfrog l = leapfrog_start(s);
    for (int v = 0; v < LEAP; v++)
        v_words_order(&l.even[v], &l.odd[v]);
    return l;
}

static inline void leapfrog_step(leapfrog *l) {
    for (int v = 0; v < LEAP; v++) {
        l->even[v] = v_add_u64(v_mul_u64(l->even[v], l->multiplier), l->increment);
        l->odd[v] = v_add_u64(v_mul_u64(l->odd[v], l->multiplier), l->increment);
    }
}

/* Words in order; and as 64-bit draws, the first word high. */
#define WORDS(l, v)   v_pcg_words((l).even[v], (l).odd[v])
#define DRAWS64(l, v) v_pcg_output((l).odd[v], (l).even[v])

/* NAME fills n values of TYPE, PER to a vector, each of `words` words. */
#define FILL(NAME, TYPE, PER, WORDS_EACH, START, SCALAR, STORE, VALUE)                             \
    static void NAME(xmc_stream *s, TYPE *out, size_t n) {                                         \
        if (n * WORDS_EACH < 12) { /* not worth setting up the lanes */                            \
            for (size_t i = 0; i < n; i++)                                                         \
                out[i] = SCALAR(s);                                                                \
            return;                                                                                \
        }                                                                                          \
        leapfrog l = START(s);                                                                     \
        size_t i = 0;                                                                              \
        for (; n - i >= LEAP * PER; i += LEAP * PER) {                                             \
            for (int v = 0; v < LEAP; v++)                                                         \
                STORE(out + i + v * PER, VALUE(l, v));                                             \
            leapfrog_step(&l);                                                                     \
        }                                                                                          \
        for (int v = 0; v < LEAP && i < n; v++) {                                                  \
            if (n - i >= PER) {                                                                    \
                STORE(out + i, VALUE(l, v));                                                       \
                i += PER;                                                                          \
            } else {                                                                               \
                TYPE rest[PER];                                                                    \
                STORE(rest, VALUE(l, v));                                                          \
                memcpy(out + i, rest, (n - i) * sizeof *rest);                                     \
                i = n;                                                                             \
            }                                                                                      \
        }                                                                                          \
        xmc_stream_jump(s, n *WORDS_EACH);                                                         \
    }

#define UNIFORM(l, v)     v_uniform(DRAWS64(l, v))
#define UNIFORM_F32(l, v) v_uniform_f32(WORDS(l, v))
FILL(fill_u32, uint32_t, 2 * V_W, 1, leapfrog_words_start, xmc_u32, v_store_u32, WORDS)
FILL(fill_uniform, double, V_W, 2, leapfrog_start, xmc_uniform, v_store_f64, UNIFORM)
FILL(fill_uniform_f32, float, 2 * V_W, 1, leapfrog_words_start, xmc_uniform_f32, v_store_f32,
     UNIFORM_F32)

/* Normals in two passes over pieces that stay in the first cache level: the generator's states and
 * the quantile's table would not fit the registers together. */
enum { PIECE = 2048 };

static void fill_normal(xmc_stream *s, double *out, size_t n) {
    for (size_t from = 0; from < n; from += PIECE) {
        size_t m = n - from < PIECE ? n - from : PIECE, i = 0;
        double *z = out + from;
        fill_uniform(s, z, m);
        for (; i + V_W <= m; i += V_W) {
            v_f64 p = v_load_f64(z + i);
            v_m64 rare;
            v_store_f64(z + i, v_normal(p, &rare));
            unsigned bits = v_bits(rare);
            if (__builtin_expect(bits != 0, 0)) {
                double u[V_W];
                v_store_f64(u, p);
                for (; bits; bits &= bits - 1) {
                    int k = __builtin_ctz(bits);
                    z[i + (size_t)k] = xmc_normal_twin(u[k]);
                }
            }
        }
        for (; i < m; i++)
            z[i] = xmc_normal_twin(z[i]);
    }
}

/* The normals of n words, PAIR vectors side by side: one after the other, each is a chain longer
 * than a processor looks ahead. */
static void normals_f32(const uint32_t *words, float *z, size_t n) {
    enum { PAIR = 2, DEGREE = XMC_NORMAL_F32_DEGREE, STEP = 2 * V_W * PAIR };
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        v_u32 k[PAIR], segment[PAIR];
        v_f32 x[PAIR], y[PAIR];
        uint32_t bits = 0, rare;
        for (int v = 0; v < PAIR; v++) {
            k[v] = v_load_u32(words + i + 2 * V_W * v);
            segment[v] = v_normal_f32_segment(k[v], &x[v], &rare);
            y[v] = v_normal_f32_coefficient(segment[v], DEGREE);
            bits |= rare << (2 * V_W * v);
        }
        for (int j = DEGREE - 1; j >= 0; j--)
            for (int v = 0; v < PAIR; v++)
                y[v] = v_fma_f32(y[v], x[v], v_normal_f32_coefficient(segment[v], j));
        for (int v = 0; v < PAIR; v++)
            v_store_f32(z + i + 2 * V_W * v, v_normal_f32_sign(y[v], k[v]));
        for (; __builtin_expect(bits != 0, 0); bits &= bits - 1) {
            size_t at = i + (size_t)__builtin_ctz(bits);
            z[at] = xmc_normal_f32_twin(words[at]);
        }
    }
    for (; i < n; i++)
        z[i] = xmc_normal_f32_twin(words[i]);
}

static void fill_normal_f32(xmc_stream *s, float *out, size_t n) {
    if (n < 12) { /* not worth setting up the lanes */
        for (size_t i = 0; i < n; i++)
            out[i] = xmc_normal_f32_twin(xmc_u32(s));
        return;
    }
    uint32_t words[PIECE];
    leapfrog l = leapfrog_words_start(s);
    for (size_t from = 0; from < n; from += PIECE) {
        const size_t m = n - from < PIECE ? n - from : PIECE;
        for (size_t i = 0; i < m; leapfrog_step(&l))
            for (int v = 0; v < LEAP; v++, i += 2 * V_W)
                v_store_u32(words + i, WORDS(l, v));
        normals_f32(words, out + from, m);
    }
    xmc_stream_jump(s, n);
}

/* Logarithms of LEAP vectors, side by side likewise. */
static inline void logs(v_f64 x[LEAP]) {
    v_f64 r[LEAP], rest[LEAP];
    for (int v = 0; v < LEAP; v++) {
        v_log_reduce(x[v], &r[v], &rest[v]);
        x[v] = v_set_f64(xmc_log_poly[0][6]);
    }
    for (int k = 5; k >= 0; k--)
        for (int v = 0; v < LEAP; v++)
            x[v] = v_fma(x[v], r[v], v_set_f64(xmc_log_poly[0][k]));
    for (int v = 0; v < LEAP; v++)
        x[v] = v_fma(r[v], x[v], rest[v]);
}

/* Geometric skipping: LEAP V_W gaps at a time, running sums over the lanes. The positions ascend,
 * so the ones below n are the first lanes. */
static size_t skip(xmc_stream s, size_t n, double scale, uint32_t *hits) {
    if ((double)n < -FEW_HITS * scale) /* hardly a success: not worth setting up the lanes */
        return xmc_skip_twin(s, n, scale, hits);
    leapfrog l = leapfrog_start(&s);
    const v_f64 end = v_set_f64((double)n), one = v_set_f64(1.0), by = v_set_f64(scale);
    v_f64 base = v_set_f64(-1.0), x[LEAP];
    size_t count = 0;
    for (;;) {
        for (int v = 0; v < LEAP; v++)
            x[v] = UNIFORM(l, v);
        leapfrog_step(&l);
        logs(x);
        for (int v = 0; v < LEAP; v++)
            x[v] = v_prefix_sum(v_add(v_trunc(v_mul(x[v], by)), one));
        for (int v = 0; v < LEAP; v++) {
            v_f64 at = v_add(x[v], base);
            base = v_last(at);
            size_t more = v_count(v_lt(at, end));
            v_store_as_u32(hits + count, v_min(at, end));
            count += more;
            if (more < V_W)
                return count;
        }
    }
}
