/* The kernels of one instruction set behind one table of functions. Every entry gives the same bits
 * on every target: those of the scalar twin. The functions of fill.h, reduce.h, … call the table
 * that is in force. */
#ifndef CROSSMC_DISPATCH_H
#define CROSSMC_DISPATCH_H

#include "kernels/credit.h"
#include "kernels/equity.h"
#include "kernels/factors.h"
#include "kernels/ground_up.h"
#include "kernels/paths.h"
#include "kernels/reduce.h"
#include "kernels/stream.h"
#include "kernels/term_rules.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *isa; /* "scalar", "avx2", "avx512", "neon" */
    void (*fill_u32)(xmc_stream *s, uint32_t *out, size_t n);
    void (*fill_uniform)(xmc_stream *s, double *out, size_t n);
    void (*fill_uniform_f32)(xmc_stream *s, float *out, size_t n);
    double (*normal_quantile)(double p); /* for 2^-64 <= min(p, 1 - p) < 1/2 */
    void (*fill_normal)(xmc_stream *s, double *out, size_t n);
    void (*fill_normal_f32)(xmc_stream *s, float *out, size_t n);
    size_t (*skip)(xmc_stream s, size_t n, double scale, uint32_t *hits);
    void (*ground_up_occurrences)(const xmc_run *run, const xmc_damage_row *const *row,
                                  xmc_lanes *lanes, size_t n_lanes, double *acc, size_t stride,
                                  double grid, double inv_grid);
    void (*ground_up_locations)(const xmc_run *run, const xmc_damage_row *const *row, xmc_stream *s,
                                uint64_t *position, double *acc, double grid, double inv_grid);
    void (*account_terms)(const xmc_terms *terms, const xmc_layer *layer, const double *x, size_t n,
                          double *out, double grid, double inv_grid);
    void (*rule_apply)(const xmc_rule *rule, const xmc_term_rows *rows, size_t n, double grid,
                       double inv_grid);
    void (*share_out)(const double *amount, const double *sum, const double *weight,
                      double *running, double *given, double *part, size_t n, double grid,
                      double inv_grid);
    void (*bucket_hazards)(const xmc_hazard_table *t, double threshold, const double *w,
                           const double *factors, double *hazard);
    void (*conditional_pd_f32)(float threshold, const float *w, const float *factors, size_t n,
                               float *pd);
    uint32_t (*strip_sums)(const xmc_stream_base *base, uint64_t address, const double *hazard,
                           const double *loss, uint32_t n, double *sum);
    size_t (*strip_hits)(const xmc_stream_base *base, uint64_t address, const double *hazard,
                         uint32_t n, uint64_t *hits, uint32_t *dense);
    void (*equity_losses)(const xmc_stocks *s, const xmc_quantile_table *own, xmc_stream *stream,
                          const double *R, double *sum, double grid, double inv_grid);
    void (*path_normals)(xmc_stream *stream, float *out, size_t days);
    void (*path_two_tails)(xmc_stream *stream, const float *table, float *out, size_t days);
    void (*garch_days)(const xmc_garch *m, size_t days, const float *normals, const float *mixing,
                       const xmc_path_tile *tile);
    void (*factor_exponentials)(const xmc_exponentials *e, const float *x, size_t stride,
                                size_t lanes, double *sum);
    double (*kth_smallest)(const double *x, size_t n, size_t k, double *scratch);
    xmc_moments (*column_moments)(const double *x, const double *w_or_null, size_t n);
    xmc_tail (*column_tail)(const double *x, size_t n, double q);
    double (*kth_and_tail)(const double *x, size_t n, size_t k, double *scratch, xmc_tail *tail);
} xmc_kernels;

/* The targets of this build, best last, that this processor can run; returns how many there are.
 * Target 0 is the scalar reference. */
size_t xmc_kernels_available(const xmc_kernels *const **targets);
/* All targets of this build, whether this processor can run them or not: the first of them are the
 * available ones. */
size_t xmc_kernels_built(const xmc_kernels *const **targets);
/* What target number i of the build needs of the processor beyond the scalar reference; returns how
 * many features. */
enum { XMC_KERNELS_FEATURES = 8 };
typedef struct {
    const char *name;
    bool present;
} xmc_kernels_feature;
size_t xmc_kernels_needs(size_t target, xmc_kernels_feature features[XMC_KERNELS_FEATURES]);
/* Puts a target in force, for the whole process: by name, or with NULL the one that CROSSMC_ISA
 * names, or else the best. Returns the table, or NULL and changes nothing where the processor or
 * the build lacks it. Call before threads start. */
const xmc_kernels *xmc_kernels_select(const char *isa_or_null);
/* The table in force; the best one where nothing was selected. */
const xmc_kernels *xmc_kernels_active(void);

#endif
