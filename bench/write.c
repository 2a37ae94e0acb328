/* Writing the year loss table: blocks of trials into a results file, synced to disk block by block,
 * against write and fsync of the same bytes to the same disk. */
#include "bench/measure.h"
#include "kernels/fill.h"
#include "output/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIALS = 1 << 18, BLOCK = 1 << 15, SEGMENTS = 24, PASSES = 3 };
/* rows of a block: gross and net of the segments, three per risk, and the rest */
enum { ROWS = 2 * SEGMENTS + 3 * XMC_N_RISKS + 5 };

typedef struct {
    xmc_analysis analysis;
    xmc_segments segments;
    xmc_results_meta meta;
    xmc_block block;
    double *data, *rows[2 * SEGMENTS];
    char folder[256], path[288], part[300];
} table;

static void place(table *t) {
    double *next = t->data;
    xmc_block *b = &t->block;
    *b = (xmc_block){.n = BLOCK, .capacity = BLOCK, .n_segments = SEGMENTS};
    for (int k = 0; k < XMC_N_RISKS; k++) {
        b->risk_gross[k] = next, next += BLOCK;
        b->risk_ceded[k] = next, next += BLOCK;
        b->risk_net[k] = next, next += BLOCK;
    }
    b->cat_gross_max_occ = next, next += BLOCK;
    b->cat_net_max_occ = next, next += BLOCK;
    b->total = next, next += BLOCK;
    b->reinstatement_premium = next, next += BLOCK;
    b->weight = next, next += BLOCK;
    for (size_t i = 0; i < 2 * SEGMENTS; i++)
        t->rows[i] = next, next += BLOCK;
    b->segment_gross = t->rows;
    b->segment_net = t->rows + SEGMENTS;
}

static xmc_status make(table *t, xmc_diag *diag) {
    const char *tmp = getenv("TMPDIR");
    t->data = aligned_alloc(64, ROWS * (size_t)BLOCK * sizeof(double));
    if (!t->data)
        return xmc_no_memory(diag, ROWS * (size_t)BLOCK * sizeof(double), "a block of trials");
    xmc_stream s = xmc_stream_at(77, 0, 0);
    xmc_fill_uniform(&s, t->data, ROWS * (size_t)BLOCK);
    for (size_t i = 0; i < ROWS * (size_t)BLOCK; i++)
        t->data[i] = rint(t->data[i] * 0x1p30) * 0x1p-6;
    place(t);
    for (int i = 0; i < SEGMENTS; i++) {
        xmc_segment x = {.risk = XMC_RISK_CAT, .line = XMC_LINE_PROPERTY, .lob = UINT32_MAX};
        snprintf(x.line_name, sizeof x.line_name, "line%d", i);
        snprintf(x.region, sizeof x.region, "all");
        snprintf(x.cause, sizeof x.cause, "flood");
        if (xmc_segments_add(&t->segments, &x) == SIZE_MAX)
            return xmc_no_memory(diag, sizeof x, "segments");
    }
    t->analysis = (xmc_analysis){.title = "bench write",
                                 .currency = "CNY",
                                 .trials = TRIALS,
                                 .loss_grid = 0x1p-6,
                                 .text = "",
                                 .has_cat = true,
                                 .has_attritional = true,
                                 .has_credit = true,
                                 .has_equity = true,
                                 .admin_margin = NAN};
    t->meta = (xmc_results_meta){.analysis = &t->analysis,
                                 .segments = &t->segments,
                                 .trials = TRIALS,
                                 .block = BLOCK,
                                 .software_version = "bench",
                                 .plan_sha256 = "00",
                                 .isa = xmc_kernels_active()->isa,
                                 .threads = 1};
    snprintf(t->folder, sizeof t->folder, "%s/crossmc-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(t->folder)) {
        xmc_status st = xmc_file_error(diag, t->folder, "making a folder");
        t->folder[0] = 0;
        return st;
    }
    snprintf(t->path, sizeof t->path, "%s/ylt.h5", t->folder);
    snprintf(t->part, sizeof t->part, "%s.part", t->path);
    return XMC_OK;
}

static xmc_status write_file(table *t, double *seconds, double *bytes, uint64_t *checksum,
                             xmc_diag *diag) {
    xmc_results *r = NULL;
    double start = xmc_bench_wall();
    xmc_status st = xmc_results_create(t->path, &t->meta, &r, diag);
    for (uint64_t first = 0; !st && first < TRIALS; first += BLOCK) {
        t->block.first = first;
        st = xmc_results_write_block(r, &t->block, diag);
    }
    *seconds = xmc_bench_wall() - start;
    struct stat s;
    if (!st && stat(t->part, &s) != 0)
        st = xmc_file_error(diag, t->part, "looking at");
    double *column = malloc(TRIALS * sizeof *column);
    if (!st && !column)
        st = xmc_no_memory(diag, TRIALS * sizeof *column, "a column");
    if (!st) {
        *bytes = (double)s.st_size;
        st = xmc_results_column(r, "total", 0, column, diag);
    }
    for (size_t i = 0; !st && i < TRIALS; i++)
        if (column[i] != t->block.total[i % BLOCK])
            st = xmc_error(diag, XMC_FAILED, "write: the file holds other numbers");
    if (!st)
        *checksum = xmc_bench_checksum(column, TRIALS * sizeof *column);
    free(column);
    xmc_results_abort(r);
    return st;
}

/* Raw bytes, as many. */
static xmc_status write_raw(const table *t, double bytes, double *seconds, xmc_diag *diag) {
    double start = xmc_bench_wall();
    FILE *f = fopen(t->path, "wb");
    if (!f)
        return xmc_file_error(diag, t->path, "writing");
    const size_t most = ROWS * (size_t)BLOCK * sizeof(double);
    int bad = 0;
    setvbuf(f, NULL, _IONBF, 0);
    for (size_t left = (size_t)bytes; left && !bad;) {
        size_t n = left < most ? left : most;
        bad = fwrite(t->data, 1, n, f) != n || fsync(fileno(f)) != 0;
        left -= n;
    }
    bad |= fclose(f) != 0;
    *seconds = xmc_bench_wall() - start;
    xmc_status st = bad ? xmc_file_error(diag, t->path, "writing") : XMC_OK;
    unlink(t->path);
    return st;
}

xmc_status xmc_bench_write(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    static table t;
    t = (table){0};
    double file[PASSES], raw[PASSES], bytes = 0;
    uint64_t checksum = 0;
    xmc_status st = make(&t, diag);
    for (int i = 0; !st && i < PASSES; i++) {
        st = write_file(&t, &file[i], &bytes, &checksum, diag);
        if (!st)
            st = write_raw(&t, bytes, &raw[i], diag);
    }
    if (t.folder[0])
        rmdir(t.folder);
    free(t.data);
    xmc_segments_free(&t.segments);
    if (st)
        return st;
    const double seconds = xmc_bench_median(file, PASSES), rate = bytes / seconds,
                 reference = bytes / xmc_bench_median(raw, PASSES);
    fprintf(o->out,
            "\nresults file of %d trials and %d segments, %.0f MB, synced by block: %.0f MB/s; "
            "write and fsync alone: %.0f MB/s (%.2f)\n",
            TRIALS, SEGMENTS, bytes / 1e6, rate / 1e6, reference / 1e6, rate / reference);
    return xmc_bench_add(rows,
                         &(xmc_bench_row){.name = "write",
                                          .isa = "any",
                                          .unit = "bytes",
                                          .reference = "write and fsync",
                                          .threads = 1,
                                          .work = bytes,
                                          .seconds = seconds,
                                          .reference_rate = reference,
                                          .limit_rate = reference,
                                          .quiet = -1,
                                          .checksum = checksum},
                         diag);
}
