#include "sim/plan.h"
#include "sim/attritional.h"
#include "sim/blocks.h"
#include "sim/cat.h"
#include "sim/credit.h"
#include "sim/equity.h"
#include "sim/reinsurers.h"
#include "sim/run.h"
#include "sim/treaty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Without a wish, a block holds 65,536 trials: enough occurrences of a rare event to fill the
 * lanes, little memory. */
static uint32_t choose_block(const xmc_analysis *a, const xmc_plan_options *o) {
    if (o->block)
        return o->block;
    if (a->block)
        return a->block;
    uint32_t block = XMC_SLICE;
    while (block < 4 * XMC_SLICE && block < a->trials)
        block *= 2;
    return block;
}

static void digest(xmc_plan *p) {
    xmc_digest *d = xmc_digest_new();
    if (!d)
        return;
    const xmc_analysis *a = p->analysis;
    xmc_digest_f64(d, &a->loss_grid, 1);
    xmc_digest_u64(d, a->seeds, XMC_N_SEEDS);
    for (size_t i = 0; i < p->segments.n; i++) {
        const xmc_segment *s = &p->segments.segments[i];
        uint32_t risk = (uint32_t)s->risk;
        xmc_digest_u32(d, &risk, 1);
        xmc_digest_string(d, s->line_name);
        xmc_digest_string(d, s->region);
        xmc_digest_string(d, s->cause);
        xmc_digest_f64(d, &s->exposure, 1);
    }
    if (p->treaties)
        xmc_treaties_digest(p->treaties, d);
    if (p->cat)
        xmc_cat_digest(p->cat, d);
    if (p->attritional)
        xmc_attritional_digest(p->attritional, d);
    if (p->credit)
        xmc_credit_digest(p->credit, d);
    if (p->equity)
        xmc_equity_digest(p->equity, d);
    if (p->reinsurers)
        xmc_reinsurers_digest(p->reinsurers, d);
    xmc_digest_finish(d, p->sha256);
}

static void estimate(xmc_plan *p) {
    xmc_module_cost all = {0}, one;
#define ADD(which)                                                                                 \
    if (p->which) {                                                                                \
        one = (xmc_module_cost){0};                                                                \
        xmc_##which##_describe(p->which, &one);                                                    \
        all.bytes += one.bytes;                                                                    \
        all.seconds_per_trial += one.seconds_per_trial;                                            \
    }
    ADD(cat)
    ADD(attritional)
    ADD(credit)
    ADD(equity)
#undef ADD
    size_t treaties = p->analysis->book.n_treaties;
    p->plan_bytes = all.bytes;
    p->block_bytes = 2 * xmc_block_bytes(p->shape.block, p->segments.n, treaties);
    p->file_bytes =
        p->trials * sizeof(double) * (3 * XMC_N_RISKS + 5 + 2 * p->segments.n + treaties) +
        (1u << 20);
    p->seconds = all.seconds_per_trial * (double)p->trials / p->shape.threads;
}

static xmc_status build(const xmc_analysis *a, const xmc_plan_options *o, bool reinsurers,
                        xmc_plan *p, xmc_diag *diag);

/* The ceded losses of the first trials, from a plan of their own, so that the run's plan has
 * gathered nothing yet. */
static xmc_status run_pilot(const xmc_analysis *a, const xmc_plan_options *o, xmc_reinsurers *r,
                            xmc_diag *diag) {
    const xmc_plan_options options = {.block = XMC_SLICE, .threads = o->threads};
    xmc_plan pilot;
    xmc_block b = {0};
    xmc_diag quiet; /* the run's own plan says what there is to say */
    xmc_diag_init(&quiet);
    double *recovered = calloc(XMC_SLICE, sizeof *recovered);
    xmc_status st = build(a, &options, false, &pilot, &quiet);
    if (st == XMC_OK &&
        (!recovered || xmc_block_init(&b, XMC_SLICE, pilot.segments.n, a->book.n_treaties)))
        st = xmc_no_memory(diag, pilot.block_bytes, "the pilot of the reinsurers");
    if (st == XMC_OK) {
        xmc_block_reset(&b, 0, XMC_SLICE);
        xmc_run_block(&pilot, &b);
        for (size_t k = 0; k < a->book.n_treaties; k++)
            for (uint32_t i = 0; i < XMC_SLICE; i++)
                recovered[i] += b.treaty[k][i];
        st = xmc_reinsurers_set_pilot(r, recovered, b.weight, XMC_SLICE, diag);
    }
    xmc_diag_errors(diag, &quiet);
    xmc_diag_free(&quiet);
    xmc_block_free(&b);
    xmc_plan_free(&pilot);
    free(recovered);
    return st;
}

xmc_status xmc_plan_build(const xmc_analysis *a, const xmc_plan_options *o, xmc_plan *p,
                          xmc_diag *diag) {
    return build(a, o, a->book.n_reinsurers > 0, p, diag);
}

static xmc_status build(const xmc_analysis *a, const xmc_plan_options *o, bool reinsurers,
                        xmc_plan *p, xmc_diag *diag) {
    *p = (xmc_plan){.analysis = a,
                    .trials = a->trials,
                    .shape = {.block = choose_block(a, o), .threads = o->threads}};
    if (!a->has_cat && !a->has_attritional && !a->has_credit && !a->has_equity)
        return xmc_error(diag, XMC_BAD_INPUT,
                         "%s: nothing to simulate: the analysis names no book with its models "
                         "(docs/inputs.md)",
                         a->title);
    /* Segments are numbered in the order of the risks; the treaties need them all. */
    xmc_status e = XMC_OK;
    if (a->has_cat)
        e = xmc_cat_plan(a, &p->shape, &p->segments, &p->cat, diag);
    if (e == XMC_OK && a->has_attritional)
        e = xmc_attritional_plan(a, &p->shape, &p->segments, &p->attritional, diag);
    if (e == XMC_OK && a->has_credit)
        e = xmc_credit_plan(a, &p->shape, &p->segments, &p->credit, diag);
    if (e == XMC_OK && a->has_equity)
        e = xmc_equity_plan(a, &p->shape, &p->segments, &p->equity, diag);
    if (e == XMC_OK)
        e = xmc_treaties_plan(a, &p->shape, &p->segments, &p->treaties, diag);
    if (e == XMC_OK && reinsurers)
        e = xmc_reinsurers_plan(a, &p->shape, &p->segments, &p->reinsurers, diag);
    if (e == XMC_OK && reinsurers)
        e = run_pilot(a, o, p->reinsurers, diag);
    if (e != XMC_OK)
        return e;
    estimate(p);
    digest(p);
    return XMC_OK;
}

void xmc_plan_free(xmc_plan *p) {
    xmc_treaties_free(p->treaties);
    xmc_cat_free(p->cat);
    xmc_attritional_free(p->attritional);
    xmc_credit_free(p->credit);
    xmc_equity_free(p->equity);
    xmc_reinsurers_free(p->reinsurers);
    xmc_segments_free(&p->segments);
    *p = (xmc_plan){0};
}

/* Memory that can be taken without swapping: MemAvailable of the kernel, which the C library does
 * not report. */
static uint64_t available_memory(void) {
    FILE *f = fopen("/proc/meminfo", "r");
    char line[256];
    unsigned long long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "MemAvailable:", 13) == 0) {
            kib = strtoull(line + 13, NULL, 10);
            break;
        }
    if (f)
        fclose(f);
    if (kib)
        return kib * 1024;
    return (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

xmc_status xmc_plan_fits(const xmc_plan *p, const char *output, xmc_diag *diag) {
    /* plan_bytes is allocated already; what comes is the block buffers and one column of the table
     * with its scratch. */
    const uint64_t columns =
        p->analysis->importance ? 15 : 3; /* weighted trials are sorted whole */
    uint64_t wanted = p->block_bytes + columns * p->trials * sizeof(double),
             available = available_memory();
    if (wanted > available)
        return xmc_error(diag, XMC_SYSTEM,
                         "the run wants %.1f GiB of memory beside the plan, %.1f GiB are "
                         "available: fewer segments, a "
                         "smaller block or fewer trials",
                         (double)wanted / 0x1p30, (double)available / 0x1p30);
    char folder[4096] = ".";
    const char *slash = output ? strrchr(output, '/') : NULL;
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == output ? 1 : (int)(slash - output),
                 output);
    struct statvfs fs;
    if (output && statvfs(folder, &fs) == 0) {
        uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
        if (p->file_bytes > room)
            return xmc_error(diag, XMC_SYSTEM, "%s: the results need %.1f GiB, %.1f GiB are free",
                             folder, (double)p->file_bytes / 0x1p30, (double)room / 0x1p30);
    }
    return XMC_OK;
}
