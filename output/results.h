/* results.h5: the year loss table and everything computed from it, in one HDF5 file
 * (docs/results.md describes every dataset). A run creates the file as PATH.part, hands over blocks
 * of trials in order, and finishes it, which computes the tables, marks the file complete and
 * renames it to PATH. All functions of one file must be called by one thread at a time; HDF5's own
 * error printing is switched off. */
#ifndef CROSSMC_RESULTS_H
#define CROSSMC_RESULTS_H

#include "scenarios/analysis.h"
#include "scenarios/common/credit_report.h"
#include "scenarios/common/equity_measures.h"
#include "scenarios/common/ylt.h"

enum { XMC_RESULTS_SCHEMA = 1, XMC_RESULTS_CHUNK = 16384 };

typedef struct xmc_results xmc_results;

/* What catastrophe models of a line of business's sums insured, CNY. */
typedef struct {
    const char *line;
    uint64_t locations;
    double sum_insured, modelled; /* modelled by at least one peril */
} xmc_line_exposure;

/* What the file says about the run. Everything is borrowed and must live until the file is finished
 * or aborted. Treaties are those of the analysis's book. */
typedef struct {
    const xmc_analysis *analysis; /* title, text, seeds (as used), loss_grid, inputs, book, has_* */
    const xmc_segments *segments;
    uint64_t trials;              /* as run: --trials may differ from the analysis */
    uint32_t block;               /* trials in a full block: a multiple of 16,384 unless all fit */
    const char *software_version; /* "0.1.0" */
    const char *plan_sha256;      /* 64 hexadecimal digits */
    const char *isa;              /* kernels in use: "ref", "avx2", … */
    int threads;
    size_t n_exposures;                 /* 0: not known */
    const xmc_line_exposure *exposures; /* read by xmc_results_create alone */
} xmc_results_meta;

/* Event loss table, gross, by event (mean and sd per occurrence; NAN where none occurred). */
typedef struct {
    size_t n;
    const uint32_t *event_id;
    const double *rate, *mean_loss, *sd_loss, *max_loss;
    const uint64_t *occurrences;
} xmc_elt;

/* Creates PATH.part with all datasets of the year loss table allocated (disk space included, so
 * that a disk that is too small is found here) and complete = 0. A file that another run is writing
 * is left alone. XMC_SYSTEM on trouble (PATH is a folder, say), XMC_USAGE when the meta makes no
 * sense; trials at most UINT32_MAX. */
xmc_status xmc_results_create(const char *path, const xmc_results_meta *meta, xmc_results **out,
                              xmc_diag *diag);

/* Writes a block and syncs it to disk. Blocks come in order, without gaps: block->first must be the
 * number of trials written so far; every block but the last holds a multiple of 16,384 trials.
 * Columns of risks that the analysis does not simulate are not read. On failure the file stays
 * incomplete and must be aborted. */
xmc_status xmc_results_write_block(xmc_results *r, const xmc_block *block, xmc_diag *diag);

/* Occurrences of catastrophes in the worst years: n rows, trials ascending, within a trial by day.
 */
typedef struct {
    size_t n, n_years;
    const uint64_t *trial, *event_id, *day;
    const double *gross, *net; /* net of the occurrence's quota shares and layers */
} xmc_occurrences;

/* Writes /occurrences, after the last block and before xmc_results_finish. */
xmc_status xmc_results_write_occurrences(xmc_results *r, const xmc_occurrences *o, xmc_diag *diag);

/* Before xmc_results_finish: what it writes as /credit. Borrowed until then; may be NULL. */
void xmc_results_set_credit(xmc_results *r, const xmc_credit_report *credit);

/* After the last block: hashes the year loss table, computes and writes /measures, /ep,
 * /allocation, /convergence, /exposure and, where the analysis names a company sheet, /regulatory;
 * sets complete = 1, syncs, renames PATH.part to PATH, syncs the folder, and frees r. elt may be
 * NULL. On failure r is aborted and freed; where only the renaming fails, the whole file stays as
 * PATH.part and the message says so. ylt_sha256 (may be NULL) gets the hash. */
xmc_status xmc_results_finish(xmc_results *r, const xmc_elt *elt, char ylt_sha256[65],
                              xmc_diag *diag);

/* How many independent years of catastrophes the trials repeat; 0: all trials are independent. */
uint64_t xmc_results_independent(const xmc_results *r);
/* Measures of the equity book, which must live until the file is finished; NULL or none: nothing is
 * written of them. */
void xmc_results_set_equity(xmc_results *r, const xmc_equity_measures *measures);

/* Closes and removes PATH.part, and frees r. NULL is allowed. */
void xmc_results_abort(xmc_results *r);

/* --- reading --- */

/* Opens a finished file for reading. A file without complete = 1, one that is cut off, or one that
 * is no results file, is XMC_BAD_INPUT with what it is and how to get a whole one. */
xmc_status xmc_results_open(const char *path, xmc_results **out, xmc_diag *diag);
void xmc_results_close(xmc_results *r);

uint64_t xmc_results_trials(const xmc_results *r);
double xmc_results_grid(const xmc_results *r);
size_t xmc_results_n_segments(const xmc_results *r);
size_t xmc_results_n_treaties(const xmc_results *r);
/* Segment i as stored. */
const xmc_segment *xmc_results_segment(const xmc_results *r, size_t i);
const char *xmc_results_segment_name(const xmc_results *r, size_t i); /* "cat/property/360100" */
/* Whether an object exists: "ylt/cat_net", "regulatory". */
bool xmc_results_has(const xmc_results *r, const char *path);

/* A column of the year loss table: name under /ylt; row of a two-dimensional one, else 0. out holds
 * trials doubles, trials ascending. Works on a file that is being finished, too. */
xmc_status xmc_results_column(xmc_results *r, const char *name, size_t row, double *out,
                              xmc_diag *diag);

#endif
