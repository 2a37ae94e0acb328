#include "sim/execute.h"
#include "kernels/dispatch.h"
#include "output/group_measures.h"
#include "output/holding_time.h"
#include "output/location_means.h"
#include "output/measures.h"
#include "output/results.h"
#include "scenarios/overlay.h"
#include "sim/cat.h"
#include "sim/credit_report.h"
#include "sim/equity_measure.h"
#include "sim/tail_years.h"
#include "sim/version.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where blocks go: the file, and the macro factor that credit reads, for its tail. */
typedef struct {
    xmc_results *results;
    double *macro; /* [trials]; NULL without equity or credit */
} destination;

static xmc_status write_block(void *context, const xmc_block *block, xmc_diag *diag) {
    const destination *to = context;
    if (to->macro)
        memcpy(to->macro + block->first, block->macro, block->n * sizeof(double));
    return xmc_results_write_block(to->results, block, diag);
}

/* Memory that the process holds now: book and plan. */
static double resident_mib(void) {
    unsigned long resident = 0;
    char line[256];
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fgets(line, sizeof line, f)) { /* total, resident, … in pages */
        char *rest = line;
        strtoul(line, &rest, 10);
        resident = strtoul(rest, NULL, 10);
    }
    if (f)
        fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 0x1p20;
}

static void say_estimate(FILE *f, const xmc_plan *p) {
    const xmc_book *b = &p->analysis->book;
    /* Still to come: the block buffers, and in the end one column of the table, sorted, with its
     * scratch. */
    double later = ((double)p->block_bytes + 3.0 * (double)p->trials * sizeof(double)) / 0x1p20;
    fprintf(f,
            "%s: %llu trials in blocks of %u, %d threads\n"
            "book: %zu locations, %zu policies, %zu obligors, %zu instruments from %zu lots; %zu "
            "events; %zu segments\n"
            "memory %.0f MiB (%.0f of it blocks and columns), results file %.0f MiB, expected "
            "time of the loop about %.0f s\n",
            p->analysis->title, (unsigned long long)p->trials, p->shape.block, p->shape.threads,
            b->n_locations, b->n_policies, b->n_obligors, b->n_instruments, b->n_lots,
            p->analysis->events.n_events, p->segments.n, resident_mib() + later, later,
            (double)p->file_bytes / 0x1p20, p->seconds);
}

static void say_overlay(FILE *f, const xmc_overlay *o) {
    if (o)
        fprintf(f, "overlay: %s: %zu locations and %zu attritional lines changed%s\n", o->title,
                o->n_locations, o->n_lines, o->thins ? ", occurrences thinned" : "");
}

static void say_times(FILE *f, const xmc_plan *p, const xmc_run_times *t) {
    fprintf(f, "loop: %.1f s, parallel efficiency %.0f %% on %d threads (", t->wall_seconds,
            100 * t->efficiency, p->shape.threads);
    const char *comma = "";
    for (int r = 0; r < XMC_N_RISKS; r++)
        if (t->risk_seconds[r] > 0) {
            fprintf(f, "%s%s %.1f s", comma, xmc_risk_names[r], t->risk_seconds[r]);
            comma = ", ";
        }
    fprintf(f, ")\n");
}

/* Who makes the credit loss: the trials of the tail once more. */
static xmc_status credit_of(const xmc_plan *p, xmc_results *results, const double *macro,
                            xmc_credit_report *out, xmc_diag *diag) {
    static const char *const name[3] = {"total", "credit_gross", "weight"};
    double *x = p->credit ? malloc(3 * p->trials * sizeof *x) : NULL;
    if (!p->credit)
        return XMC_OK;
    xmc_status status =
        x ? XMC_OK : xmc_no_memory(diag, 3 * p->trials * sizeof *x, "the tail of credit");
    for (int k = 0; k < 3 && status == XMC_OK; k++)
        status = xmc_results_column(results, name[k], 0, x + (size_t)k * p->trials, diag);
    if (status == XMC_OK)
        status =
            xmc_credit_report_build(p->credit, p->analysis, x, x + p->trials, x + 2 * p->trials,
                                    macro, p->trials, xmc_results_independent(results), out, diag);
    free(x);
    return status;
}

/* Hands over the tables that the plans have gathered, and completes the file. */
static xmc_status write_tables(const xmc_plan *p, xmc_results *results, char sha256[65],
                               xmc_diag *diag) {
    size_t n = p->cat ? xmc_cat_elt_events(p->cat) : 0;
    if (n == 0)
        return xmc_results_finish(results, NULL, sha256, diag);
    double *values = malloc(n * 4 * sizeof *values);
    uint64_t *occurrences = malloc(n * sizeof *occurrences);
    uint32_t *event_id = malloc(n * sizeof *event_id);
    xmc_status status;
    if (values && occurrences && event_id) {
        xmc_cat_elt(p->cat, event_id, values, occurrences, values + n, values + 2 * n,
                    values + 3 * n);
        xmc_elt elt = {n,          event_id, values, values + n, values + 2 * n, values + 3 * n,
                       occurrences};
        status = xmc_results_finish(results, &elt, sha256, diag);
    } else {
        xmc_results_abort(results);
        status = xmc_no_memory(diag, n * 44, "the event loss table");
    }
    free(values);
    free(occurrences);
    free(event_id);
    return status;
}

/* What catastrophe models of each line's sums insured, as the results file wants it; NULL without
 * catastrophe or memory, which leaves the table out. */
static xmc_line_exposure *exposures_of(const xmc_plan *p, size_t *n) {
    const xmc_cat_exposure *e = p->cat ? xmc_cat_exposures(p->cat, n) : NULL;
    xmc_line_exposure *out = e ? calloc(*n + 1, sizeof *out) : NULL;
    if (!out)
        *n = 0;
    for (size_t i = 0; i < *n; i++)
        out[i] = (xmc_line_exposure){p->analysis->book.lobs[e[i].lob].segment, e[i].locations,
                                     e[i].tiv, e[i].modelled_any};
    return out;
}

static xmc_status finish(const xmc_plan *p, const destination *to, char sha256[65],
                         xmc_diag *diag) {
    xmc_credit_report credit = {0};
    xmc_status status = credit_of(p, to->results, to->macro, &credit, diag);
    if (status != XMC_OK) {
        xmc_results_abort(to->results);
        return status;
    }
    xmc_results_set_credit(to->results, p->credit ? &credit : NULL);
    status = write_tables(p, to->results, sha256, diag);
    xmc_credit_report_free(&credit);
    return status;
}

/* The equity book by group and in scenarios; holding times as the minimum reckons them. */
static xmc_status measure_equity(const xmc_plan *p, xmc_equity_measures *out, xmc_diag *diag) {
    const xmc_book *book = &p->analysis->book;
    const double no_window[] = {INFINITY, INFINITY};
    *out = (xmc_equity_measures){0};
    if (!p->equity)
        return XMC_OK;
    xmc_holding *h = calloc(book->n_instruments + 1, sizeof *h);
    uint8_t *class = calloc(book->n_instruments + 1, 1);
    xmc_status st = XMC_OK;
    if (!h || !class)
        st = xmc_no_memory(diag, book->n_instruments * sizeof *h, "holding times");
    if (st == XMC_OK)
        st = xmc_holding_times(book->lots, book->n_lots, book->corporate_actions,
                               book->n_corporate_actions, book->n_instruments, book->valuation_date,
                               no_window, XMC_WEIGHT_SHARES, NULL, h, diag);
    for (size_t i = 0; st == XMC_OK && i < book->n_instruments; i++)
        class[i] = xmc_holding_class(h[i].years);
    xmc_group_measures m = {.level = xmc_quantile_levels[XMC_Q995], .grid = p->analysis->loss_grid};
    if (st == XMC_OK)
        st = xmc_equity_measure(p->equity, p->analysis, p->trials, class,
                                &(xmc_equity_estimators){&m, xmc_group_measures_book,
                                                         xmc_group_measures_group, &m.worst},
                                out, diag);
    xmc_group_measures_free(&m);
    free(h);
    free(class);
    return st;
}

static xmc_status write_locations(const xmc_plan *p, xmc_results *results, xmc_diag *diag) {
    if (!p->cat || !p->analysis->location_means)
        return XMC_OK;
    const size_t n = XMC_N_GROUPS * p->analysis->book.n_locations;
    double *mean = malloc(n * sizeof *mean);
    xmc_status st = mean ? xmc_cat_location_means(p->cat, mean, diag)
                         : xmc_no_memory(diag, n * sizeof *mean, "losses by location");
    if (st == XMC_OK)
        st = xmc_results_write_location_means(results, XMC_N_GROUPS, xmc_group_names, mean, diag);
    free(mean);
    return st;
}

xmc_status xmc_execute(const xmc_analysis *analysis, const xmc_execute_options *o,
                       xmc_execute_summary *summary, xmc_diag *diag) {
    omp_set_num_threads(o->plan.threads);
    xmc_plan plan = {0};
    xmc_results *results = NULL;
    xmc_status status = xmc_plan_build(analysis, &o->plan, &plan, diag);
    if (status == XMC_OK && o->interrupted && *o->interrupted)
        status = xmc_error(diag, XMC_INTERRUPTED, "interrupted while planning");
    if (status == XMC_OK)
        status = xmc_plan_fits(&plan, o->output, diag);
    if (status == XMC_OK) {
        if (o->log) {
            say_estimate(o->log, &plan);
            say_overlay(o->log, analysis->overlay);
        }
        size_t n_exposures = 0;
        xmc_line_exposure *exposures = exposures_of(&plan, &n_exposures);
        xmc_results_meta meta = {.analysis = analysis,
                                 .segments = &plan.segments,
                                 .trials = plan.trials,
                                 .block = plan.shape.block,
                                 .software_version = XMC_VERSION,
                                 .plan_sha256 = plan.sha256,
                                 .isa = xmc_kernels_active()->isa,
                                 .threads = plan.shape.threads,
                                 .n_exposures = n_exposures,
                                 .exposures = exposures};
        status = xmc_results_create(o->output, &meta, &results, diag);
        free(exposures);
    }
    destination to = {.results = results};
    if (status == XMC_OK && plan.credit && plan.equity &&
        !(to.macro = malloc(plan.trials * sizeof *to.macro))) {
        status = xmc_no_memory(diag, plan.trials * sizeof *to.macro, "the macro factor");
        xmc_results_abort(results);
    }
    if (status == XMC_OK) {
        xmc_run_hooks hooks = {.write = write_block,
                               .write_context = &to,
                               .progress = o->progress,
                               .progress_context = o->progress_context,
                               .interrupted = o->interrupted};
        status = xmc_run_trials(&plan, &hooks, &summary->times, diag);
        if (status == XMC_OK && o->interrupted && *o->interrupted)
            status = xmc_error(diag, XMC_INTERRUPTED, "interrupted after the last trial");
        if (status == XMC_OK) {
            if (o->log)
                say_times(o->log, &plan, &summary->times);
            status = xmc_tail_years_write(&plan, results, diag);
            if (status == XMC_OK)
                status = write_locations(&plan, results, diag);
            xmc_equity_measures equity = {0};
            if (status == XMC_OK)
                status = measure_equity(&plan, &equity, diag);
            xmc_results_set_equity(results, &equity);
            if (status == XMC_OK)
                status = finish(&plan, &to, summary->ylt_sha256, diag);
            else
                xmc_results_abort(results);
            xmc_equity_measures_free(&equity);
        } else {
            xmc_results_abort(results);
        }
    }
    free(to.macro);
    memcpy(summary->plan_sha256, plan.sha256, sizeof plan.sha256);
    xmc_plan_free(&plan);
    return status;
}
