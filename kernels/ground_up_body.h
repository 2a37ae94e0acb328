/* Vector bodies of the ground-up loss, on the primitives of vec_<target>.h: lanes over the
 * occurrences of one event, and lanes over the locations of a run. */
#include "kernels/ground_up_twin.h"

#define INLINE static inline __attribute__((always_inline))

/* What a location's terms need, in vectors: broadcast, or of neighbouring locations. */
typedef struct {
    v_f64 ded_amount, ded_share, ded_min, ded_max, limit_amount, limit_share;
} v_terms;

INLINE v_f64 v_terms_loss(v_f64 x, const v_terms *t) {
    v_f64 d = v_add(v_mul(t->ded_share, x), t->ded_amount);
    d = v_max(t->ded_min, d);
    d = v_min(t->ded_max, d);
    v_f64 y = v_max(v_sub(x, d), v_set_f64(0.0));
    v_f64 u = v_add(v_mul(t->limit_share, x), t->limit_amount);
    return v_min(y, u);
}

/* To a multiple of the grid, by an addition of 3/2 2^52 grid steps that leaves no smaller bits: the
 * bits of xmc_grid_round, whose products with powers of two are exact. */
INLINE v_f64 v_grid_round(v_f64 x, v_f64 offset) {
    return v_sub(v_add(x, offset), offset);
}

/* The terms of a run at places p: loads by FETCH(array). */
#define TERMS_OF(run, x, offset, FETCH)                                                            \
    do {                                                                                           \
        if ((run)->has_terms) {                                                                    \
            const v_terms k = {FETCH((run)->ded_amount),   FETCH((run)->ded_share),                \
                               FETCH((run)->ded_min),      FETCH((run)->ded_max),                  \
                               FETCH((run)->limit_amount), FETCH((run)->limit_share)};             \
            for (int v = 0; v < VECTORS_OF_X; v++)                                                 \
                x[v] = v_grid_round(v_terms_loss(x[v], &k), offset);                               \
        }                                                                                          \
        if ((run)->has_policy) {                                                                   \
            const v_terms k = {FETCH((run)->pol_ded_amount),   FETCH((run)->pol_ded_share),        \
                               FETCH((run)->pol_ded_min),      FETCH((run)->pol_ded_max),          \
                               FETCH((run)->pol_limit_amount), FETCH((run)->pol_limit_share)};     \
            const v_f64 attachment = FETCH((run)->attachment), most = FETCH((run)->layer_limit);   \
            const v_f64 participation = FETCH((run)->participation), zero = v_set_f64(0.0);        \
            for (int v = 0; v < VECTORS_OF_X; v++) {                                               \
                v_f64 y = v_terms_loss(x[v], &k);                                                  \
                y = v_min(v_max(v_sub(y, attachment), zero), most);                                \
                x[v] = v_grid_round(v_mul(y, participation), offset);                              \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* How a run's losses become what is summed: NO_TERMS and PLAIN stay whole grid steps and need no
 * rounding; GENERAL follows terms.h literally. */
enum { NO_TERMS, PLAIN, GENERAL };
INLINE int terms_form(const xmc_run *run) {
    return !run->has_terms && !run->has_policy ? NO_TERMS : run->plain_terms ? PLAIN : GENERAL;
}

/* Adds count <= n vectors' lanes to memory. */
INLINE void add_lanes(double *to, const v_f64 *x, size_t count) {
    for (size_t v = 0; v * V_W < count; v++, to += V_W) {
        size_t n = count - v * V_W;
        if (n >= V_W)
            v_store_f64(to, v_add(v_load_f64(to), x[v]));
        else
            v_store_part(to, n, v_add(v_load_part(to, n), x[v]));
    }
}

/* The streams of 2 V_W occurrences. */
typedef struct {
    v_u64 even, odd, inc_even, inc_odd;
} v_streams;

INLINE v_streams streams_load(const xmc_lanes *lanes, size_t first) {
    v_streams s;
    v_unzip(lanes->state + first, &s.even, &s.odd);
    v_unzip(lanes->inc + first, &s.inc_even, &s.inc_odd);
    v_words_order(&s.even, &s.odd);
    v_words_order(&s.inc_even, &s.inc_odd);
    return s;
}

INLINE void streams_store(v_streams s, xmc_lanes *lanes, size_t first) {
    v_words_order(&s.even, &s.odd);
    v_zip(lanes->state + first, s.even, s.odd);
}

INLINE void streams_jump(v_streams *s, xmc_affine jump) {
    const v_u64 m = v_set_u64(jump.multiplier), g = v_set_u64(jump.increment);
    s->even = v_add_u64(v_mul_u64(s->even, m), v_mul_u64(s->inc_even, g));
    s->odd = v_add_u64(v_mul_u64(s->odd, m), v_mul_u64(s->inc_odd, g));
}

INLINE v_u32 streams_words(v_streams *s) {
    const v_u64 multiplier = v_set_u64(XMC_PCG_MULTIPLIER);
    const v_u32 words = v_pcg_words(s->even, s->odd);
    s->even = v_add_u64(v_mul_u64(s->even, multiplier), s->inc_even);
    s->odd = v_add_u64(v_mul_u64(s->odd, multiplier), s->inc_odd);
    return words;
}

/* The places in row r of the next words of BLOCKS streams, which are draw number place. */
INLINE void draw_place(const int BLOCKS, v_streams *s, uint64_t *position, uint64_t place,
                       const v_row *r, v_f32 *t) {
    if (place != *position) {
        const xmc_affine jump = xmc_affine_of(place - *position);
        for (int b = 0; b < BLOCKS; b++)
            streams_jump(&s[b], jump);
    }
    *position = place + 1;
    for (int b = 0; b < BLOCKS; b++)
        t[b] = v_damage_place(r, streams_words(&s[b]));
}

/* Deductible and limit of location i with a policy whose terms are plain: one pair for its own
 * terms, its policy's and the layer's, since min(max(min(max(x - d, 0), l) - e, 0), m) is min(max(x
 * - (d + e), 0), min(max(l - e, 0), m)), exactly so on the grid. */
INLINE void plain_terms(const xmc_run *run, size_t i, double *deductible, double *limit) {
    double d = 0, l = INFINITY;
#define THEN(e, m)                                                                                 \
    do {                                                                                           \
        const double left = l - (e);                                                               \
        l = left > 0 ? left : 0;                                                                   \
        l = l < (m) ? l : (m);                                                                     \
        d += (e);                                                                                  \
    } while (0)
    if (run->has_terms) {
        d = run->ded_amount[i];
        l = run->limit_amount[i];
    }
    THEN(run->pol_ded_amount[i], run->pol_limit_amount[i]);
    THEN(run->attachment[i], run->layer_limit[i]);
#undef THEN
    *deductible = d;
    *limit = l;
}

/* Lanes first … first + count - 1, at most BLOCKS blocks of 2 V_W. Constant arguments in capitals:
 * COVERS 1, or 0 for any number; SLOTS whether the run has slots.
 *
 * With an offset of 3/2 2^52 grid steps an addition rounds to the grid, and the bits of a double
 * count steps. Plain losses stay offset while deductible and limit clamp them, and are summed as
 * integers; what offsets and deductibles add to every lane is summed beside them and taken off at
 * the end.
 *
 * The words of the next location are drawn between the lookup of this one's damage and its terms:
 * either is a chain of some 50 cycles, more than a processor looks ahead (1.17 instead of 0.96 ns
 * on a Zen 3). */
INLINE void occurrences_block(const int BLOCKS, const uint32_t COVERS, const int TERMS,
                              const int SLOTS, const xmc_run *run, const xmc_damage_row *const *row,
                              xmc_lanes *lanes, size_t first, size_t count, double *acc,
                              size_t stride, double grid) {
    enum { MOST = 2 };
    const int VECTORS_OF_X = 2 * BLOCKS;
    const uint32_t n_covers = COVERS ? COVERS : run->n_covers;
    const v_f64 offset = v_set_f64(0x1.8p52 * grid);
    v_streams s[MOST];
    v_f32 t[MOST], d[MOST];
    v_f64 x[2 * MOST], total[2 * MOST];
    v_u64 steps[2 * MOST], base = v_set_u64(0);
    for (int b = 0; b < BLOCKS; b++)
        s[b] = streams_load(lanes, first + 2 * V_W * (size_t)b);
    for (int v = 0; v < VECTORS_OF_X; v++) {
        total[v] = v_set_f64(0.0);
        steps[v] = v_set_u64(0);
    }
    uint64_t position = lanes->position;
    v_row r = v_row_load(row[0]);
    draw_place(BLOCKS, s, &position, (uint64_t)run->rank[0] + run->cover_offset[0], &r, t);
    for (size_t i = 0; i < run->n; i++) {
        for (int v = 0; v < VECTORS_OF_X; v++)
            x[v] = offset;
        for (uint32_t c = 0; c < n_covers; c++) {
            for (int b = 0; b < BLOCKS; b++)
                d[b] = v_damage_at(&r, t[b]);
            const bool last = c + 1 == n_covers;
            if (!last || i + 1 < run->n) {
                const uint32_t next = last ? 0 : c + 1;
                if (!COVERS)
                    r = v_row_load(row[next]);
                draw_place(BLOCKS, s, &position,
                           (uint64_t)run->rank[i + last] + run->cover_offset[next], &r, t);
            }
            const v_f64 tiv = v_set_f64(run->tiv[c * run->n + i]);
            for (int v = 0; v < VECTORS_OF_X; v++) {
                const v_f64 ratio = v % 2 ? v_high_f64(d[v / 2]) : v_low_f64(d[v / 2]);
                const v_f64 y = v_add(v_mul(tiv, ratio), offset);
                x[v] = c ? v_add(x[v], v_sub(y, offset)) : y;
            }
        }
        v_f64 least = offset;
        if (TERMS == PLAIN) {
            v_f64 limit;
            if (run->has_policy) {
                double d_all, limit_all;
                plain_terms(run, i, &d_all, &limit_all);
                least = v_add(offset, v_set_f64(d_all));
                limit = v_set_f64(limit_all);
            } else {
                least = v_add(offset, v_set_f64(run->ded_amount[i]));
                limit = v_set_f64(run->limit_amount[i]);
            }
            const v_f64 most = v_add(least, limit);
            for (int v = 0; v < VECTORS_OF_X; v++)
                x[v] = v_min(v_max(x[v], least), most);
        }
        if (TERMS != GENERAL && !SLOTS) {
            base = v_add_u64(base, v_bits_of(least));
            for (int v = 0; v < VECTORS_OF_X; v++)
                steps[v] = v_add_u64(steps[v], v_bits_of(x[v]));
            continue;
        }
        for (int v = 0; v < VECTORS_OF_X; v++)
            x[v] = v_sub(x[v], least);
        if (TERMS == GENERAL) {
#define BROADCAST(array) v_set_f64((array)[i])
            TERMS_OF(run, x, offset, BROADCAST);
#undef BROADCAST
        }
        if (SLOTS)
            add_lanes(acc + run->slot[i] * stride + first, x, count);
        else
            for (int v = 0; v < VECTORS_OF_X; v++)
                total[v] = v_add(total[v], x[v]);
    }
    for (int b = 0; b < BLOCKS; b++)
        streams_store(s[b], lanes, first + 2 * V_W * (size_t)b);
    if (!SLOTS) {
        if (TERMS != GENERAL)
            for (int v = 0; v < VECTORS_OF_X; v++)
                total[v] = v_mul(v_f64_of_u64(v_sub_u64(steps[v], base)), v_set_f64(grid));
        add_lanes(acc + first, total, count);
    }
}

#define OCCURRENCES(NAME, BLOCKS, COVERS, TERMS)                                                   \
    static void NAME(const xmc_run *run, const xmc_damage_row *const *row, xmc_lanes *lanes,       \
                     size_t first, size_t count, double *acc, size_t stride, double grid) {        \
        if (run->slot)                                                                             \
            occurrences_block(BLOCKS, COVERS, TERMS, 1, run, row, lanes, first, count, acc,        \
                              stride, grid);                                                       \
        else                                                                                       \
            occurrences_block(BLOCKS, COVERS, TERMS, 0, run, row, lanes, first, count, acc,        \
                              stride, grid);                                                       \
    }
OCCURRENCES(narrow_1_none, 1, 1, NO_TERMS)
OCCURRENCES(narrow_1_plain, 1, 1, PLAIN)
OCCURRENCES(narrow_1_general, 1, 1, GENERAL)
OCCURRENCES(narrow_n_none, 1, 0, NO_TERMS)
OCCURRENCES(narrow_n_plain, 1, 0, PLAIN)
OCCURRENCES(narrow_n_general, 1, 0, GENERAL)
OCCURRENCES(wide_1_none, 2, 1, NO_TERMS)
OCCURRENCES(wide_1_plain, 2, 1, PLAIN)
OCCURRENCES(wide_1_general, 2, 1, GENERAL)
OCCURRENCES(wide_n_none, 2, 0, NO_TERMS)
OCCURRENCES(wide_n_plain, 2, 0, PLAIN)
OCCURRENCES(wide_n_general, 2, 0, GENERAL)

enum { WORD_BUFFER = 1024 };

#define AT(array, at, n) ((n) == V_W ? v_load_f64((array) + (at)) : v_load_part((array) + (at), n))

/* min(max(x - deductible, 0), limit) */
INLINE v_f64 v_plain(v_f64 x, v_f64 deductible, v_f64 limit) {
    return v_min(v_max(v_sub(x, deductible), v_set_f64(0.0)), limit);
}

/* Terms of locations at … at + n - 1 (n at most V_W) on their ground-up losses, in money. Lanes
 * beyond n hold whatever void terms make of nothing. POLICY and SLOTS, here and below: whether the
 * run has them, constants where it has not. */
INLINE v_f64 locations_terms(const int TERMS, const bool POLICY, const xmc_run *run, size_t at,
                             size_t n, v_f64 loss, v_f64 offset) {
    enum { VECTORS_OF_X = 1 };
    v_f64 x[1] = {loss};
    if (TERMS == PLAIN) { /* amounts on the grid: nothing is rounded */
        if (!POLICY || run->has_terms)
            x[0] = v_plain(x[0], AT(run->ded_amount, at, n), AT(run->limit_amount, at, n));
        if (POLICY) {
            x[0] = v_plain(x[0], AT(run->pol_ded_amount, at, n), AT(run->pol_limit_amount, at, n));
            x[0] = v_plain(x[0], AT(run->attachment, at, n), AT(run->layer_limit, at, n));
        }
    }
    if (TERMS == GENERAL) {
#define NEIGHBOURS(array) AT(array, at, n)
        TERMS_OF(run, x, offset, NEIGHBOURS);
#undef NEIGHBOURS
    }
    return x[0];
}

/* The same, added to the lanes of *total, or to the locations' slots. */
INLINE void locations_add(const int TERMS, const bool POLICY, const bool SLOTS, const xmc_run *run,
                          size_t at, size_t n, v_f64 loss, double *acc, v_f64 *total,
                          v_f64 offset) {
    const v_f64 x = locations_terms(TERMS, POLICY, run, at, n, loss, offset);
    if (SLOTS) {
        double each[V_W];
        v_store_f64(each, x);
        for (size_t j = 0; j < n; j++)
            acc[run->slot[at + j]] += each[j];
    } else {
        *total = v_add(*total, n == V_W ? x : v_first(n, x));
    }
}

/* The sum of all lanes; on the grid, so the order does not matter. */
INLINE double lanes_sum(v_f64 a) {
    double lane[V_W], sum = 0.0;
    v_store_f64(lane, a);
    for (int l = 0; l < V_W; l++)
        sum += lane[l];
    return sum;
}

/* Mean damage ratios: a location's loss is the same in every occurrence, so the lanes are locations
 * in any case, and the sum goes to all n_lanes occurrences. */
INLINE void mean_losses(const int TERMS, const xmc_run *run, const xmc_damage_row *const *row,
                        size_t n_lanes, double *acc, size_t stride, double grid) {
    const v_f64 offset = v_set_f64(0x1.8p52 * grid);
    v_f64 total = v_set_f64(0.0);
    for (size_t i = 0; i < run->n; i += V_W) {
        const size_t n = run->n - i < V_W ? run->n - i : V_W;
        v_f64 x = v_set_f64(0.0);
        for (uint32_t c = 0; c < run->n_covers; c++) {
            const v_f64 loss = v_mul(AT(run->tiv + c * run->n, i, n), v_set_f64(row[c]->mean));
            x = v_add(x, v_grid_round(loss, offset));
        }
        x = locations_terms(TERMS, run->has_policy, run, i, n, x, offset);
        if (run->slot) {
            double each[V_W];
            v_store_f64(each, x);
            for (size_t j = 0; j < n; j++)
                for (size_t l = 0; l < n_lanes; l++)
                    acc[run->slot[i + j] * stride + l] += each[j];
        } else {
            total = v_add(total, n == V_W ? x : v_first(n, x));
        }
    }
    if (!run->slot) {
        const double sum = lanes_sum(total);
        for (size_t l = 0; l < n_lanes; l++)
            acc[l] += sum;
    }
}

static void mean_of(const xmc_run *run, const xmc_damage_row *const *row, size_t n_lanes,
                    double *acc, size_t stride, double grid) {
    switch (terms_form(run)) {
    case NO_TERMS:
        mean_losses(NO_TERMS, run, row, n_lanes, acc, stride, grid);
        break;
    case PLAIN:
        mean_losses(PLAIN, run, row, n_lanes, acc, stride, grid);
        break;
    default:
        mean_losses(GENERAL, run, row, n_lanes, acc, stride, grid);
    }
}

static void ground_up_occurrences(const xmc_run *run, const xmc_damage_row *const *row,
                                  xmc_lanes *lanes, size_t n_lanes, double *acc, size_t stride,
                                  double grid, double inv_grid) {
    if (n_lanes == 0 || run->n == 0) {
        xmc_ground_up_occurrences_twin(run, row, lanes, n_lanes, acc, stride, grid, inv_grid);
        return;
    }
    if (run->mean) {
        mean_of(run, row, n_lanes, acc, stride, grid);
        return;
    }
    typedef void block(const xmc_run *, const xmc_damage_row *const *, xmc_lanes *, size_t, size_t,
                       double *, size_t, double);
    static block *const blocks[2][2][3] = {
        {{narrow_n_none, narrow_n_plain, narrow_n_general},
         {narrow_1_none, narrow_1_plain, narrow_1_general}},
        {{wide_n_none, wide_n_plain, wide_n_general}, {wide_1_none, wide_1_plain, wide_1_general}}};
    const int form = terms_form(run);
    for (size_t first = 0; first < n_lanes;) {
        size_t left = n_lanes - first, most = left > 2 * V_W ? 4 * V_W : 2 * V_W;
        size_t count = left < most ? left : most;
        blocks[left > 2 * V_W][run->n_covers == 1][form](run, row, lanes, first, count, acc, stride,
                                                         grid);
        first += count;
    }
    lanes->position = (uint64_t)run->rank[run->n - 1] + run->cover_offset[run->n_covers - 1] + 1;
}

/* Losses of locations i … i + m - 1 (m at most 2 V_W) of one coverage with damage ratios d. */
INLINE void locations_losses(const int TERMS, const bool POLICY, const bool SLOTS,
                             const xmc_run *run, v_f32 d, size_t i, size_t m, double *acc,
                             v_f64 total[2], v_f64 offset) {
    const size_t low = m < V_W ? m : V_W, high = m - low;
    v_f64 x = v_grid_round(v_mul(AT(run->tiv, i, low), v_low_f64(d)), offset);
    locations_add(TERMS, POLICY, SLOTS, run, i, low, x, acc, &total[0], offset);
    if (high) {
        x = v_grid_round(v_mul(AT(run->tiv, i + V_W, high), v_high_f64(d)), offset);
        locations_add(TERMS, POLICY, SLOTS, run, i + V_W, high, x, acc, &total[1], offset);
    }
}

/* All locations of a run of one coverage whose draws follow each other: the generator's lanes stay
 * in registers, one pair of vectors for each of two blocks of 2 V_W. The stream itself stays where
 * it is. As with lanes over occurrences, the next words are drawn before this block's terms. */
INLINE void locations_in_order(const int TERMS, const bool POLICY, const bool SLOTS,
                               const xmc_run *run, const v_row *r, const xmc_stream *s, double *acc,
                               v_f64 total[2], v_f64 offset) {
    enum { BLOCKS = 2 };
    const v_u64 state = v_set_u64(s->state), inc = v_set_u64(s->inc);
    const v_u64 increment = v_set_u64(xmc_leap_even[1][BLOCKS * V_W] * s->inc);
    const v_u64 multiplier = v_set_u64(xmc_leap_even[0][BLOCKS * V_W]);
    v_u64 even[BLOCKS], odd[BLOCKS];
    v_f32 t[BLOCKS], d[BLOCKS];
    for (int b = 0; b < BLOCKS; b++) {
        const int at = b * V_W;
        even[b] = v_add_u64(v_mul_u64(state, v_load_u64(xmc_leap_even[0] + at)),
                            v_mul_u64(inc, v_load_u64(xmc_leap_even[1] + at)));
        odd[b] = v_add_u64(v_mul_u64(state, v_load_u64(xmc_leap_odd[0] + at)),
                           v_mul_u64(inc, v_load_u64(xmc_leap_odd[1] + at)));
        v_words_order(&even[b], &odd[b]);
        t[b] = v_damage_place(r, v_pcg_words(even[b], odd[b]));
    }
    const size_t n = run->n;
    size_t i = 0;
    for (; i + 2 * V_W * BLOCKS <= n; i += 2 * V_W * BLOCKS) {
        for (int b = 0; b < BLOCKS; b++)
            d[b] = v_damage_at(r, t[b]);
        for (int b = 0; b < BLOCKS; b++) {
            even[b] = v_add_u64(v_mul_u64(even[b], multiplier), increment);
            odd[b] = v_add_u64(v_mul_u64(odd[b], multiplier), increment);
            t[b] = v_damage_place(r, v_pcg_words(even[b], odd[b]));
        }
        for (int b = 0; b < BLOCKS; b++)
            locations_losses(TERMS, POLICY, SLOTS, run, d[b], i + 2 * V_W * (size_t)b, 2 * V_W, acc,
                             total, offset);
    }
    for (int b = 0; b < BLOCKS && i < n; b++, i += 2 * V_W)
        locations_losses(TERMS, POLICY, SLOTS, run, v_damage_at(r, t[b]), i,
                         n - i < 2 * V_W ? n - i : 2 * V_W, acc, total, offset);
}

/* Locations i … i + m - 1 (m at most 2 V_W), whose words are words[rank - base + offset]. */
INLINE void locations_block(const uint32_t COVERS, const int TERMS, const xmc_run *run,
                            const xmc_damage_row *const *row, const v_row *first_row, size_t i,
                            size_t m, const uint32_t *words, uint32_t base, double *acc,
                            v_f64 total[2], v_f64 offset) {
    const size_t low = m < V_W ? m : V_W, high = m - low;
    uint32_t k[2 * V_W] = {0};
    if (COVERS == 1) {
        for (size_t j = 0; j < m; j++)
            k[j] = words[run->rank[i + j] - base + run->cover_offset[0]];
        const v_f32 d = v_damage_at(first_row, v_damage_place(first_row, v_load_u32(k)));
        locations_losses(TERMS, run->has_policy, run->slot, run, d, i, m, acc, total, offset);
        return;
    }
    v_f64 sum[2] = {v_set_f64(0.0), v_set_f64(0.0)};
    for (uint32_t c = 0; c < run->n_covers; c++) {
        const double *tiv = run->tiv + c * run->n;
        for (size_t j = 0; j < m; j++)
            k[j] = words[run->rank[i + j] - base + run->cover_offset[c]];
        const v_row r = v_row_load(row[c]);
        const v_f32 d = v_damage_at(&r, v_damage_place(&r, v_load_u32(k)));
        v_f64 x = v_mul(AT(tiv, i, low), v_low_f64(d));
        sum[0] = v_add(sum[0], v_grid_round(x, offset));
        if (high) {
            x = v_mul(AT(tiv, i + V_W, high), v_high_f64(d));
            sum[1] = v_add(sum[1], v_grid_round(x, offset));
        }
    }
    locations_add(TERMS, run->has_policy, run->slot, run, i, low, sum[0], acc, &total[0], offset);
    if (high)
        locations_add(TERMS, run->has_policy, run->slot, run, i + V_W, high, sum[1], acc, &total[1],
                      offset);
}
#undef AT

INLINE void locations_of(const uint32_t COVERS, const int TERMS, const xmc_run *run,
                         const xmc_damage_row *const *row, xmc_stream *s, uint64_t *position,
                         double *acc, double grid, double inv_grid) {
    const uint32_t last = run->cover_offset[run->n_covers - 1];
    const v_f64 offset = v_set_f64(0x1.8p52 * grid);
    v_f64 total[2] = {v_set_f64(0.0), v_set_f64(0.0)};
    const v_row first_row = v_row_load(row[0]);
    if (COVERS == 1 && run->rank[run->n - 1] - run->rank[0] == run->n - 1) {
        const uint64_t place = (uint64_t)run->rank[0] + run->cover_offset[0];
        xmc_stream_jump(s, place - *position);
        if (!run->has_policy && !run->slot)
            locations_in_order(TERMS, false, false, run, &first_row, s, acc, total, offset);
        else
            locations_in_order(TERMS, run->has_policy, run->slot, run, &first_row, s, acc, total,
                               offset);
        xmc_stream_jump(s, run->n);
        *position = place + run->n;
    } else {
        uint32_t words[WORD_BUFFER + 2 * V_W];
        for (size_t i = 0; i < run->n;) {
            /* as many locations as lie close enough together that drawing what is between them is
             * cheaper than jumping */
            size_t m = run->n - i < 512 ? run->n - i : 512;
            uint64_t span;
            for (;; m /= 2) {
                span = (uint64_t)(run->rank[i + m - 1] - run->rank[i]) + last + 1;
                if (m == 1 || (span <= WORD_BUFFER && span <= 16 * (uint64_t)m * run->n_covers))
                    break;
            }
            const uint32_t base = run->rank[i];
            xmc_stream_jump(s, base - *position);
            *position = base;
            if (span <= WORD_BUFFER) {
                if (span < 20)
                    for (size_t j = 0; j < span; j++)
                        words[j] = xmc_u32(s);
                else
                    fill_u32(s, words, (size_t)span);
                *position += span;
                for (size_t j = 0; j < m; j += 2 * V_W)
                    locations_block(COVERS, TERMS, run, row, &first_row, i + j,
                                    m - j < 2 * V_W ? m - j : 2 * V_W, words, base, acc, total,
                                    offset);
            } else { /* one location whose coverages lie far apart */
                xmc_ground_up_location_twin(run, row, i, s, position, acc, grid, inv_grid);
            }
            i += m;
        }
    }
    if (!run->slot)
        acc[0] += lanes_sum(v_add(total[0], total[1]));
}

static void ground_up_locations(const xmc_run *run, const xmc_damage_row *const *row, xmc_stream *s,
                                uint64_t *position, double *acc, double grid, double inv_grid) {
    if (run->n * run->n_covers < 6) {
        xmc_ground_up_locations_twin(run, row, s, position, acc, grid, inv_grid);
        return;
    }
    if (run->mean) {
        mean_of(run, row, 1, acc, 1, grid);
        return;
    }
#define LOCATIONS(COVERS, TERMS)                                                                   \
    locations_of(COVERS, TERMS, run, row, s, position, acc, grid, inv_grid)
    const int form = terms_form(run);
    if (run->n_covers != 1)
        form == NO_TERMS ? LOCATIONS(0, NO_TERMS) : LOCATIONS(0, GENERAL);
    else if (form == NO_TERMS)
        LOCATIONS(1, NO_TERMS);
    else if (form == PLAIN)
        LOCATIONS(1, PLAIN);
    else
        LOCATIONS(1, GENERAL);
#undef LOCATIONS
}
