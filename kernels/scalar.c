/* The scalar reference: the twins, element by element. */
#include "kernels/credit_twin.h"
#include "kernels/equity_twin.h"
#include "kernels/factors_twin.h"
#include "kernels/ground_up_twin.h"
#include "kernels/paths_twin.h"
#include "kernels/reduce_slices.h"
#include "kernels/targets.h"
#include "kernels/twins.h"

static void fill_u32(xmc_stream *s, uint32_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_u32(s);
}

static void fill_uniform(xmc_stream *s, double *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_uniform(s);
}

static void fill_uniform_f32(xmc_stream *s, float *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_uniform_f32(s);
}

static void fill_normal(xmc_stream *s, double *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_normal_twin(xmc_uniform(s));
}

static void fill_normal_f32(xmc_stream *s, float *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_normal_f32_twin(xmc_u32(s));
}

static size_t skip(xmc_stream s, size_t n, double scale, uint32_t *hits) {
    return xmc_skip_twin(s, n, scale, hits);
}

static void bucket_hazards(const xmc_hazard_table *t, double threshold, const double *w,
                           const double *factors, double *hazard) {
    xmc_bucket_hazards_twin(t, threshold, w, factors, hazard);
}

static void conditional_pd_f32(float threshold, const float *w, const float *factors, size_t n,
                               float *pd) {
    xmc_conditional_pd_rest(threshold, w, factors, 0, n, pd);
}

static uint32_t strip_sums(const xmc_stream_base *base, uint64_t address, const double *hazard,
                           const double *loss, uint32_t n, double *sum) {
    return xmc_strip_sums_twin(base, address, hazard, loss, n, sum);
}

static size_t strip_hits(const xmc_stream_base *base, uint64_t address, const double *hazard,
                         uint32_t n, uint64_t *hits, uint32_t *dense) {
    return xmc_strip_hits_twin(base, address, hazard, n, hits, dense);
}

static void equity_losses(const xmc_stocks *s, const xmc_quantile_table *own, xmc_stream *stream,
                          const double *R, double *sum, double grid, double inv_grid) {
    xmc_equity_losses_twin(s, own, stream, R, sum, grid, inv_grid);
}

static void path_normals(xmc_stream *stream, float *out, size_t days) {
    xmc_path_normals_twin(stream, out, days);
}

static void path_two_tails(xmc_stream *stream, const float *table, float *out, size_t days) {
    xmc_path_two_tails_twin(stream, table, out, days);
}

static void garch_days(const xmc_garch *m, size_t days, const float *normals, const float *mixing,
                       const xmc_path_tile *tile) {
    xmc_garch_days_twin(m, days, normals, mixing, tile);
}

static void factor_exponentials(const xmc_exponentials *e, const float *x, size_t stride,
                                size_t lanes, double *sum) {
    xmc_factor_exponentials_twin(e, x, stride, lanes, sum);
}

static void slice_sums(const double *x, const double *w, size_t n, double sum[XMC_SUM_LANES],
                       double squares[XMC_SUM_LANES], double *min, double *max) {
    memset(sum, 0, XMC_SUM_LANES * sizeof *sum);
    memset(squares, 0, XMC_SUM_LANES * sizeof *squares);
    xmc_slice_rest(x, w, n, sum, squares, min, max);
}

static size_t keep_above(const double *x, size_t n, double q, double *out, size_t *equal) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        *equal += x[i] == q;
        if (x[i] > q)
            out[kept++] = x[i];
    }
    return kept;
}

static size_t keep_between(const double *x, size_t n, double low, double high, double *out,
                           size_t *below) {
    size_t kept = 0;
    *below = 0;
    for (size_t i = 0; i < n; i++) {
        *below += x[i] < low;
        if (x[i] >= low && x[i] <= high)
            out[kept++] = x[i];
    }
    return kept;
}

static xmc_moments column_moments(const double *x, const double *w, size_t n) {
    return xmc_moments_by(slice_sums, x, w, n);
}

static xmc_tail column_tail(const double *x, size_t n, double q) {
    return xmc_tail_by(slice_sums, keep_above, x, n, q);
}

static double kth_smallest(const double *x, size_t n, size_t k, double *scratch) {
    return xmc_kth_by(keep_between, x, n, k, scratch);
}

static double kth_and_tail(const double *x, size_t n, size_t k, double *scratch, xmc_tail *tail) {
    const double q = kth_smallest(x, n, k, scratch);
    *tail = column_tail(x, n, q);
    return q;
}

static void ground_up_occurrences(const xmc_run *run, const xmc_damage_row *const *row,
                                  xmc_lanes *lanes, size_t n_lanes, double *acc, size_t stride,
                                  double grid, double inv_grid) {
    xmc_ground_up_occurrences_twin(run, row, lanes, n_lanes, acc, stride, grid, inv_grid);
}

static void ground_up_locations(const xmc_run *run, const xmc_damage_row *const *row, xmc_stream *s,
                                uint64_t *position, double *acc, double grid, double inv_grid) {
    xmc_ground_up_locations_twin(run, row, s, position, acc, grid, inv_grid);
}

static void account_terms(const xmc_terms *terms, const xmc_layer *layer, const double *x, size_t n,
                          double *out, double grid, double inv_grid) {
    xmc_account_terms_twin(terms, layer, x, n, out, grid, inv_grid);
}

static void rule_apply(const xmc_rule *rule, const xmc_term_rows *rows, size_t n, double grid,
                       double inv_grid) {
    xmc_rule_apply_twin(rule, rows, n, grid, inv_grid);
}

static void share_out(const double *amount, const double *sum, const double *weight,
                      double *running, double *given, double *part, size_t n, double grid,
                      double inv_grid) {
    xmc_share_out_twin(amount, sum, weight, running, given, part, n, grid, inv_grid);
}

/* tests/ also compiles this file otherwise (hardware fma, no vectorizer), under another name, as
 * the plain C that the vector kernels are timed against. */
#ifndef XMC_SCALAR_TABLE
#define XMC_SCALAR_TABLE xmc_kernels_scalar
#define XMC_SCALAR_NAME  "scalar"
#endif
extern const xmc_kernels XMC_SCALAR_TABLE;
const xmc_kernels XMC_SCALAR_TABLE = {
    .isa = XMC_SCALAR_NAME,
#include "kernels/table.inc"
};
