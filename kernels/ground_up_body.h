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

/* x / grid to the nearest integer: the product with a power of two is exact, so scaling first or
 * last is the same. */
INLINE v_f64 v_steps(v_f64 scaled) {
    return v_sub(v_add(scaled, v_set_f64(0x1.8p52)), v_set_f64(0x1.8p52));
}

/* The same and back, x to the grid: xmc_grid_round's two products with powers of two are exact, so
 * that each can be one operation with the addition after it. */
INLINE v_f64 v_grid_round(v_f64 x, v_f64 grid, v_f64 inv_grid) {
    const v_f64 y = v_fma(x, inv_grid, v_set_f64(0x1.8p52));
    return v_fma(y, grid, v_mul(v_set_f64(-0x1.8p52), grid));
}

/* The terms of a run at places p: loads by FETCH(array). */
#define TERMS_OF(run, x, grid, inv_grid, FETCH)                                                    \
    do {                                                                                           \
        if ((run)->has_terms) {                                                                    \
            const v_terms t = {FETCH((run)->ded_amount),   FETCH((run)->ded_share),                \
                               FETCH((run)->ded_min),      FETCH((run)->ded_max),                  \
                               FETCH((run)->limit_amount), FETCH((run)->limit_share)};             \
            for (int v = 0; v < VECTORS_OF_X; v++)                                                 \
                x[v] = v_grid_round(v_terms_loss(x[v], &t), grid, inv_grid);                       \
        }                                                                                          \
        if ((run)->has_policy) {                                                                   \
            const v_terms t = {FETCH((run)->pol_ded_amount),   FETCH((run)->pol_ded_share),        \
                               FETCH((run)->pol_ded_min),      FETCH((run)->pol_ded_max),          \
                               FETCH((run)->pol_limit_amount), FETCH((run)->pol_limit_share)};     \
            const v_f64 attachment = FETCH((run)->attachment), most = FETCH((run)->layer_limit);   \
            const v_f64 participation = FETCH((run)->participation), zero = v_set_f64(0.0);        \
            for (int v = 0; v < VECTORS_OF_X; v++) {                                               \
                v_f64 y = v_terms_loss(x[v], &t);                                                  \
                y = v_min(v_max(v_sub(y, attachment), zero), most);                                \
                x[v] = v_grid_round(v_mul(y, participation), grid, inv_grid);                      \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* How a run's losses become what is summed: NO_TERMS and PLAIN stay in whole grid steps and need no
 * rounding; GENERAL follows terms.h literally. */
enum { NO_TERMS, PLAIN, PLAIN_POLICY, GENERAL };
INLINE int terms_form(const xmc_run *run) {
    return !run->has_terms && !run->has_policy ? NO_TERMS
           : !run->plain_terms                 ? GENERAL
           : run->has_policy                   ? PLAIN_POLICY
                                               : PLAIN;
}

/* PLAIN: deductible and limit in steps, twice where there is a policy. */
INLINE v_f64 v_plain(v_f64 x, v_f64 deductible, v_f64 limit) {
    return v_min(v_max(v_sub(x, deductible), v_set_f64(0.0)), limit);
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

/* Lanes first … first + count - 1, at most BLOCKS blocks of 2 V_W. Constant arguments in capitals:
 * COVERS 1, or 0 for any number. */
INLINE void occurrences_block(const int BLOCKS, const uint32_t COVERS, const int TERMS,
                              const int POLICY, const xmc_run *run,
                              const xmc_damage_row *const *row, xmc_lanes *lanes, size_t first,
                              size_t count, double *acc, size_t stride, double grid_scalar,
                              double inv_scalar) {
    enum { MOST = 2 };
    const int VECTORS_OF_X = 2 * BLOCKS;
    const uint32_t n_covers = COVERS ? COVERS : run->n_covers;
    const int SHORT = COVERS == 1 && TERMS == PLAIN && POLICY == 0;
    v_u64 even[MOST], odd[MOST], inc_even[MOST], inc_odd[MOST];
    v_f64 total[2 * MOST], x[2 * MOST];
    const v_f64 grid = v_set_f64(grid_scalar), inv_grid = v_set_f64(inv_scalar);
    const v_u64 multiplier = v_set_u64(XMC_PCG_MULTIPLIER);
    for (int b = 0; b < BLOCKS; b++) {
        v_unzip(lanes->state + first + 2 * V_W * b, &even[b], &odd[b]);
        v_unzip(lanes->inc + first + 2 * V_W * b, &inc_even[b], &inc_odd[b]);
    }
    for (int v = 0; v < VECTORS_OF_X; v++)
        total[v] = v_set_f64(0.0);
    uint64_t position = lanes->position;
    v_row r = v_row_load(row[0]);
    for (size_t i = 0; i < run->n; i++) {
        for (uint32_t c = 0; c < n_covers; c++) {
            uint64_t place = (uint64_t)run->rank[i] + run->cover_offset[c];
            if (place != position) {
                xmc_affine jump = xmc_affine_of(place - position);
                v_u64 m = v_set_u64(jump.multiplier), g = v_set_u64(jump.increment);
                for (int b = 0; b < BLOCKS; b++) {
                    even[b] = v_add_u64(v_mul_u64(even[b], m), v_mul_u64(inc_even[b], g));
                    odd[b] = v_add_u64(v_mul_u64(odd[b], m), v_mul_u64(inc_odd[b], g));
                }
            }
            position = place + 1;
            if (!COVERS)
                r = v_row_load(row[c]);
            const v_f64 tiv = v_set_f64(run->tiv[c * run->n + i] * inv_scalar);
            for (int b = 0; b < BLOCKS; b++) {
                v_f32 d = v_damage(&r, v_pcg_output(even[b], odd[b]));
                even[b] = v_add_u64(v_mul_u64(even[b], multiplier), inc_even[b]);
                odd[b] = v_add_u64(v_mul_u64(odd[b], multiplier), inc_odd[b]);
                v_f64 low = v_mul(tiv, v_low_f64(d)), high = v_mul(tiv, v_high_f64(d));
                if (SHORT) { /* the rounding's last step waits for the deductible */
                    x[2 * b] = v_add(low, v_set_f64(0x1.8p52));
                    x[2 * b + 1] = v_add(high, v_set_f64(0x1.8p52));
                } else {
                    x[2 * b] = c ? v_add(x[2 * b], v_steps(low)) : v_steps(low);
                    x[2 * b + 1] = c ? v_add(x[2 * b + 1], v_steps(high)) : v_steps(high);
                }
            }
        }
        if (TERMS == PLAIN) {
            if (run->has_terms || SHORT) {
                const v_f64 ded = v_set_f64(SHORT ? 0x1.8p52 + run->ded_amount[i] * inv_scalar
                                                  : run->ded_amount[i] * inv_scalar);
                const v_f64 limit = v_set_f64(run->limit_amount[i] * inv_scalar);
                for (int v = 0; v < VECTORS_OF_X; v++)
                    x[v] = v_plain(x[v], ded, limit);
            }
            if (POLICY) {
                const v_f64 ded = v_set_f64(run->pol_ded_amount[i] * inv_scalar);
                const v_f64 limit = v_set_f64(run->pol_limit_amount[i] * inv_scalar);
                const v_f64 attachment = v_set_f64(run->attachment[i] * inv_scalar);
                const v_f64 most = v_set_f64(run->layer_limit[i] * inv_scalar);
                for (int v = 0; v < VECTORS_OF_X; v++)
                    x[v] = v_plain(v_plain(x[v], ded, limit), attachment, most);
            }
        }
        if (TERMS == GENERAL) {
            for (int v = 0; v < VECTORS_OF_X; v++)
                x[v] = v_mul(x[v], grid);
#define BROADCAST(array) v_set_f64((array)[i])
            TERMS_OF(run, x, grid, inv_grid, BROADCAST);
#undef BROADCAST
        }
        if (!run->slot) {
            for (int v = 0; v < VECTORS_OF_X; v++)
                total[v] = v_add(total[v], x[v]);
        } else {
            if (TERMS != GENERAL)
                for (int v = 0; v < VECTORS_OF_X; v++)
                    x[v] = v_mul(x[v], grid);
            add_lanes(acc + run->slot[i] * stride + first, x, count);
        }
    }
    for (int b = 0; b < BLOCKS; b++)
        v_zip(lanes->state + first + 2 * V_W * b, even[b], odd[b]);
    if (!run->slot) {
        if (TERMS != GENERAL)
            for (int v = 0; v < VECTORS_OF_X; v++)
                total[v] = v_mul(total[v], grid);
        add_lanes(acc + first, total, count);
    }
}

#define OCCURRENCES(NAME, BLOCKS, COVERS, TERMS)                                                   \
    static void NAME(const xmc_run *run, const xmc_damage_row *const *row, xmc_lanes *lanes,       \
                     size_t first, size_t count, double *acc, size_t stride, double grid,          \
                     double inv_grid) {                                                            \
        occurrences_block(BLOCKS, COVERS, TERMS == PLAIN_POLICY ? PLAIN : TERMS,                   \
                          TERMS == PLAIN_POLICY, run, row, lanes, first, count, acc, stride, grid, \
                          inv_grid);                                                               \
    }
OCCURRENCES(narrow_1_none, 1, 1, NO_TERMS)
OCCURRENCES(narrow_1_plain, 1, 1, PLAIN)
OCCURRENCES(narrow_1_policy, 1, 1, PLAIN_POLICY)
OCCURRENCES(narrow_1_general, 1, 1, GENERAL)
OCCURRENCES(narrow_n_none, 1, 0, NO_TERMS)
OCCURRENCES(narrow_n_plain, 1, 0, PLAIN)
OCCURRENCES(narrow_n_policy, 1, 0, PLAIN_POLICY)
OCCURRENCES(narrow_n_general, 1, 0, GENERAL)
OCCURRENCES(wide_1_none, 2, 1, NO_TERMS)
OCCURRENCES(wide_1_plain, 2, 1, PLAIN)
OCCURRENCES(wide_1_policy, 2, 1, PLAIN_POLICY)
OCCURRENCES(wide_1_general, 2, 1, GENERAL)
OCCURRENCES(wide_n_none, 2, 0, NO_TERMS)
OCCURRENCES(wide_n_plain, 2, 0, PLAIN)
OCCURRENCES(wide_n_policy, 2, 0, PLAIN_POLICY)
OCCURRENCES(wide_n_general, 2, 0, GENERAL)

enum { WORD_BUFFER = 1024 };

#define AT(array, at, n) ((n) == V_W ? v_load_f64((array) + (at)) : v_load_part((array) + (at), n))

/* Terms of locations at … at + n - 1 (n at most V_W) on their ground-up losses, in money. Lanes
 * beyond n hold whatever void terms make of nothing. */
INLINE v_f64 locations_terms(const int TERMS, const xmc_run *run, size_t at, size_t n, v_f64 loss,
                             v_f64 grid, v_f64 inv_grid) {
    enum { VECTORS_OF_X = 1 };
    v_f64 x[1] = {loss};
    if (TERMS == PLAIN || TERMS == PLAIN_POLICY) { /* amounts on the grid: nothing is rounded */
        if (run->has_terms)
            x[0] = v_plain(x[0], AT(run->ded_amount, at, n), AT(run->limit_amount, at, n));
        if (TERMS == PLAIN_POLICY) {
            x[0] = v_plain(x[0], AT(run->pol_ded_amount, at, n), AT(run->pol_limit_amount, at, n));
            x[0] = v_plain(x[0], AT(run->attachment, at, n), AT(run->layer_limit, at, n));
        }
    }
    if (TERMS == GENERAL) {
#define NEIGHBOURS(array) AT(array, at, n)
        TERMS_OF(run, x, grid, inv_grid, NEIGHBOURS);
#undef NEIGHBOURS
    }
    return x[0];
}

/* The same, added to the lanes of *total, or to the locations' slots. */
INLINE void locations_add(const int TERMS, const xmc_run *run, size_t at, size_t n, v_f64 loss,
                          double *acc, v_f64 *total, v_f64 grid, v_f64 inv_grid) {
    const v_f64 x = locations_terms(TERMS, run, at, n, loss, grid, inv_grid);
    if (run->slot) {
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
                        size_t n_lanes, double *acc, size_t stride, double grid_scalar,
                        double inv_scalar) {
    const v_f64 grid = v_set_f64(grid_scalar), inv_grid = v_set_f64(inv_scalar);
    v_f64 total = v_set_f64(0.0);
    for (size_t i = 0; i < run->n; i += V_W) {
        const size_t n = run->n - i < V_W ? run->n - i : V_W;
        v_f64 x = v_set_f64(0.0);
        for (uint32_t c = 0; c < run->n_covers; c++) {
            const v_f64 loss = v_mul(AT(run->tiv + c * run->n, i, n), v_set_f64(row[c]->mean));
            x = v_add(x, v_grid_round(loss, grid, inv_grid));
        }
        x = locations_terms(TERMS, run, i, n, x, grid, inv_grid);
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

static void mean_general(const xmc_run *run, const xmc_damage_row *const *row, size_t n_lanes,
                         double *acc, size_t stride, double grid, double inv_grid) {
    mean_losses(GENERAL, run, row, n_lanes, acc, stride, grid, inv_grid);
}

static void mean_plain(const xmc_run *run, const xmc_damage_row *const *row, size_t n_lanes,
                       double *acc, size_t stride, double grid, double inv_grid) {
    if (run->has_policy)
        mean_losses(PLAIN_POLICY, run, row, n_lanes, acc, stride, grid, inv_grid);
    else
        mean_losses(PLAIN, run, row, n_lanes, acc, stride, grid, inv_grid);
}

/* Without terms: PLAIN, whose terms are then void. */
INLINE void mean_of(const xmc_run *run, const xmc_damage_row *const *row, size_t n_lanes,
                    double *acc, size_t stride, double grid, double inv_grid) {
    (terms_form(run) == GENERAL ? mean_general : mean_plain)(run, row, n_lanes, acc, stride, grid,
                                                             inv_grid);
}

static void ground_up_occurrences(const xmc_run *run, const xmc_damage_row *const *row,
                                  xmc_lanes *lanes, size_t n_lanes, double *acc, size_t stride,
                                  double grid, double inv_grid) {
    if (n_lanes == 0 || run->n == 0) {
        xmc_ground_up_occurrences_twin(run, row, lanes, n_lanes, acc, stride, grid, inv_grid);
        return;
    }
    if (run->mean) {
        mean_of(run, row, n_lanes, acc, stride, grid, inv_grid);
        return;
    }
    typedef void block(const xmc_run *, const xmc_damage_row *const *, xmc_lanes *, size_t, size_t,
                       double *, size_t, double, double);
    static block *const blocks[2][2][4] = {
        {{narrow_n_none, narrow_n_plain, narrow_n_policy, narrow_n_general},
         {narrow_1_none, narrow_1_plain, narrow_1_policy, narrow_1_general}},
        {{wide_n_none, wide_n_plain, wide_n_policy, wide_n_general},
         {wide_1_none, wide_1_plain, wide_1_policy, wide_1_general}}};
    const int form = terms_form(run);
    for (size_t first = 0; first < n_lanes;) {
        size_t left = n_lanes - first, most = left > 2 * V_W ? 4 * V_W : 2 * V_W;
        size_t count = left < most ? left : most;
        blocks[left > 2 * V_W][run->n_covers == 1][form](run, row, lanes, first, count, acc, stride,
                                                         grid, inv_grid);
        first += count;
    }
    lanes->position = (uint64_t)run->rank[run->n - 1] + run->cover_offset[run->n_covers - 1] + 1;
}

/* Locations i … i + m - 1 (m at most 2 V_W) of one coverage, for the words in k. */
INLINE void locations_words(const int TERMS, const xmc_run *run, const v_row *r, size_t i, size_t m,
                            v_u32 k, double *acc, v_f64 total[2], v_f64 grid, v_f64 inv_grid) {
    const size_t low = m < V_W ? m : V_W, high = m - low;
    const v_f32 d = v_damage(r, k);
    v_f64 x = v_mul(AT(run->tiv, i, low), v_low_f64(d));
    locations_add(TERMS, run, i, low, v_grid_round(x, grid, inv_grid), acc, &total[0], grid,
                  inv_grid);
    if (high) {
        x = v_mul(AT(run->tiv, i + V_W, high), v_high_f64(d));
        locations_add(TERMS, run, i + V_W, high, v_grid_round(x, grid, inv_grid), acc, &total[1],
                      grid, inv_grid);
    }
}

/* Locations i … i + m - 1 of one coverage whose draws follow each other: the generator's lanes stay
 * in registers, even and odd draws of two blocks of 2 V_W. The stream itself stays where it is. */
INLINE void locations_in_order(const int TERMS, const xmc_run *run, const v_row *r, size_t i,
                               size_t m, const xmc_stream *s, double *acc, v_f64 total[2],
                               v_f64 grid, v_f64 inv_grid) {
    enum { BLOCKS = 2 };
    const v_u64 state = v_set_u64(s->state), inc = v_set_u64(s->inc);
    v_u64 even[BLOCKS], odd[BLOCKS];
    for (int b = 0; b < BLOCKS; b++) {
        const int at = b * V_W;
        even[b] = v_add_u64(v_mul_u64(state, v_load_u64(xmc_leap_even[0] + at)),
                            v_mul_u64(inc, v_load_u64(xmc_leap_even[1] + at)));
        odd[b] = v_add_u64(v_mul_u64(state, v_load_u64(xmc_leap_odd[0] + at)),
                           v_mul_u64(inc, v_load_u64(xmc_leap_odd[1] + at)));
    }
    const v_u64 multiplier = v_set_u64(xmc_leap_even[0][BLOCKS * V_W]);
    const v_u64 increment = v_set_u64(xmc_leap_even[1][BLOCKS * V_W] * s->inc);
    const size_t end = i + m;
    for (; i + 2 * V_W * BLOCKS <= end; i += 2 * V_W * BLOCKS)
        for (int b = 0; b < BLOCKS; b++) {
            locations_words(TERMS, run, r, i + 2 * V_W * (size_t)b, 2 * V_W,
                            v_pcg_output(even[b], odd[b]), acc, total, grid, inv_grid);
            even[b] = v_add_u64(v_mul_u64(even[b], multiplier), increment);
            odd[b] = v_add_u64(v_mul_u64(odd[b], multiplier), increment);
        }
    int b = 0;
    if (i + 2 * V_W <= end) {
        locations_words(TERMS, run, r, i, 2 * V_W, v_pcg_output(even[0], odd[0]), acc, total, grid,
                        inv_grid);
        i += 2 * V_W;
        b = 1;
    }
    if (i < end)
        locations_words(TERMS, run, r, i, end - i,
                        b ? v_pcg_output(even[1], odd[1]) : v_pcg_output(even[0], odd[0]), acc,
                        total, grid, inv_grid);
}

/* Locations i … i + m - 1 (m at most 2 V_W), whose words are words[rank - base + offset]. */
INLINE void locations_block(const uint32_t COVERS, const int TERMS, const xmc_run *run,
                            const xmc_damage_row *const *row, const v_row *first_row, size_t i,
                            size_t m, const uint32_t *words, uint32_t base, double *acc,
                            v_f64 total[2], v_f64 grid, v_f64 inv_grid) {
    const size_t low = m < V_W ? m : V_W, high = m - low;
    uint32_t k[2 * V_W] = {0};
    if (COVERS == 1) {
        for (size_t j = 0; j < m; j++)
            k[j] = words[run->rank[i + j] - base + run->cover_offset[0]];
        locations_words(TERMS, run, first_row, i, m, v_load_u32(k), acc, total, grid, inv_grid);
        return;
    }
    v_f64 sum[2] = {v_set_f64(0.0), v_set_f64(0.0)};
    for (uint32_t c = 0; c < run->n_covers; c++) {
        const double *tiv = run->tiv + c * run->n;
        for (size_t j = 0; j < m; j++)
            k[j] = words[run->rank[i + j] - base + run->cover_offset[c]];
        const v_row r = v_row_load(row[c]);
        v_f32 d = v_damage(&r, v_load_u32(k));
        v_f64 x = v_mul(AT(tiv, i, low), v_low_f64(d));
        sum[0] = v_add(sum[0], v_grid_round(x, grid, inv_grid));
        if (high) {
            x = v_mul(AT(tiv, i + V_W, high), v_high_f64(d));
            sum[1] = v_add(sum[1], v_grid_round(x, grid, inv_grid));
        }
    }
    locations_add(TERMS, run, i, low, sum[0], acc, &total[0], grid, inv_grid);
    if (high)
        locations_add(TERMS, run, i + V_W, high, sum[1], acc, &total[1], grid, inv_grid);
}
#undef AT

INLINE void locations_of(const uint32_t COVERS, const int TERMS, const xmc_run *run,
                         const xmc_damage_row *const *row, xmc_stream *s, uint64_t *position,
                         double *acc, double grid_scalar, double inv_scalar) {
    const uint32_t last = run->cover_offset[run->n_covers - 1];
    const v_f64 grid = v_set_f64(grid_scalar), inv_grid = v_set_f64(inv_scalar);
    v_f64 total[2] = {v_set_f64(0.0), v_set_f64(0.0)};
    const v_row first_row = v_row_load(row[0]);
    if (COVERS == 1 && run->rank[run->n - 1] - run->rank[0] == run->n - 1) {
        const uint64_t place = (uint64_t)run->rank[0] + run->cover_offset[0];
        xmc_stream_jump(s, place - *position);
        locations_in_order(TERMS, run, &first_row, 0, run->n, s, acc, total, grid, inv_grid);
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
                                    grid, inv_grid);
            } else { /* one location whose coverages lie far apart */
                xmc_ground_up_location_twin(run, row, i, s, position, acc, grid_scalar, inv_scalar);
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
        mean_of(run, row, 1, acc, 1, grid, inv_grid);
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
    else if (form == PLAIN_POLICY)
        LOCATIONS(1, PLAIN_POLICY);
    else
        LOCATIONS(1, GENERAL);
#undef LOCATIONS
}
