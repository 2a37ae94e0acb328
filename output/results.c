#include "output/results.h"

#include "output/results_internal.h"
#include "scenarios/common/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- creating --- */

static char *text_of(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *text_of(const char *fmt, ...) {
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    va_end(ap);
    return s;
}

static void write_root(xmc_results *r) {
    xmc_h5 *h = &r->h;
    const xmc_analysis *a = r->meta.analysis;
    hid_t root = H5Gopen2(h->file, "/", H5P_DEFAULT);
    xmc_h5_attr_i32(h, root, "complete", 0);
    xmc_h5_attr_i32(h, root, "schema_version", XMC_RESULTS_SCHEMA);
    xmc_h5_attr_string(h, root, "title", a->title);
    xmc_h5_attr_string(h, root, "software_version", r->meta.software_version);
    xmc_h5_attr_string(h, root, "config_sha256", a->config_sha256);
    xmc_h5_attr_string(h, root, "plan_sha256", r->meta.plan_sha256);
    xmc_h5_attr_string(h, root, "currency", a->currency ? a->currency : "CNY");
    xmc_h5_attr_f64(h, root, "loss_grid", a->loss_grid);
    xmc_h5_attr_u64(h, root, "trials", &r->trials, 1);
    if (r->independent)
        xmc_h5_attr_u64(h, root, "independent_trials", &r->independent, 1);
    xmc_h5_attr_i32(h, root, "valuation_date", a->valuation_date);
    xmc_h5_attr_u64(h, root, "seeds", a->seeds, XMC_N_SEEDS);
    xmc_h5_attr_strings(h, root, "seed_names", xmc_seed_names, XMC_N_SEEDS);
    H5Gclose(root);
}

static void write_registry(xmc_results *r) {
    xmc_h5 *h = &r->h;
    xmc_h5_scale_length(h, "/trial", r->trials, "simulated year, 0 …");
    if (r->n_treaties)
        xmc_h5_scale_strings(h, "/treaty_name", (const char *const *)r->treaty_names, r->n_treaties,
                             "treaty: number and name");
    size_t n = r->segments.n;
    if (!n)
        return;
    xmc_h5_scale_strings(h, "/segment", (const char *const *)r->segment_names, n,
                         "risk, line of business, region and cause of the loss");
    const char **text = calloc(4 * n, sizeof *text);
    double *exposure = calloc(n, sizeof *exposure);
    uint64_t *line = calloc(n, sizeof *line);
    if (!text || !exposure || !line) {
        h->status = xmc_no_memory(h->diag, n * 48, "the table of segments");
    } else {
        for (size_t i = 0; i < n; i++) {
            const xmc_segment *s = &r->segments.segments[i];
            text[i] = xmc_risk_names[s->risk];
            text[n + i] = s->line_name;
            text[2 * n + i] = s->region;
            text[3 * n + i] = s->cause;
            line[i] = (uint64_t)s->line;
            exposure[i] = s->exposure;
        }
        xmc_h5_dims d = XMC_H5_DIMS1("/segment");
        xmc_h5_group(h, "/segments");
        xmc_h5_strings(h, "/segments/risk", d, text, "risk");
        xmc_h5_strings(h, "/segments/line", d, text + n, "line of business, or board");
        xmc_h5_strings(h, "/segments/region", d, text + 2 * n, "region");
        xmc_h5_strings(h, "/segments/cause", d, text + 3 * n, "what the loss comes from");
        xmc_h5_u64(h, "/segments/cross_line", d, line, "1",
                   "line of C-ROSS II Rule 4: 0 motor … 9 other, 10 financing guarantee, 11 none");
        xmc_h5_f64(h, "/segments/exposure", d, exposure, "CNY",
                   "sums insured, insured exposure or market value");
    }
    free(text);
    free(exposure);
    free(line);
}

static void create_datasets(xmc_results *r) {
    xmc_h5 *h = &r->h;
    xmc_h5_group(h, "/ylt");
    hsize_t chunk[2] = {1, r->trials < XMC_RESULTS_CHUNK ? r->trials : XMC_RESULTS_CHUNK};
    for (size_t i = 0; i < r->n_datasets && h->status == XMC_OK; i++) {
        xmc_ylt_dataset *d = &r->datasets[i];
        hid_t plist = xmc_h5_plist(h);
        /* early: where each chunk lies is settled before the first trial. Every byte of every
         * chunk is written, so nothing is filled. */
        if (H5Pset_chunk(plist, d->row_scale ? 2 : 1, d->row_scale ? chunk : chunk + 1) < 0 ||
            H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY) < 0 ||
            H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER) < 0)
            xmc_h5_fail(h, "laying out the year loss table");
        char path[64];
        snprintf(path, sizeof path, "/ylt/%s", d->name);
        xmc_h5_dims dims =
            d->row_scale ? XMC_H5_DIMS2(d->row_scale, "/trial") : XMC_H5_DIMS1("/trial");
        d->dataset =
            xmc_h5_create(h, path, H5T_IEEE_F64LE, dims, plist,
                          strcmp(d->name, "weight") ? "CNY" : "1", xmc_results_long_name(d->name));
        H5Pclose(plist);
    }
}

/* Copies what is needed after the run's own structures may be gone, and builds the names. */
static xmc_status copy_meta(xmc_results *r, const xmc_results_meta *meta, xmc_diag *diag) {
    const xmc_book *book = &meta->analysis->book;
    r->meta = *meta;
    r->trials = meta->trials;
    if (meta->analysis->has_cat && meta->analysis->frequency.year_event_table &&
        meta->analysis->events.n_years < meta->trials)
        r->independent = meta->analysis->events.n_years;
    r->created = time(NULL);
    r->grid = meta->analysis->loss_grid;
    r->n_treaties = book->n_treaties;
    size_t n = meta->segments->n;
    r->segment_names = calloc(n + 1, sizeof *r->segment_names);
    r->treaty_names = calloc(book->n_treaties + 1, sizeof *r->treaty_names);
    r->edge = calloc(XMC_RESULTS_CHUNK, sizeof *r->edge);
    r->segments.segments = calloc(n + 1, sizeof *r->segments.segments);
    if (!r->segment_names || !r->treaty_names || !r->edge || !r->segments.segments)
        return xmc_no_memory(diag, n * sizeof(xmc_segment), "the table of segments");
    r->segments.n = r->segments.capacity = n;
    for (size_t i = 0; i < n; i++) {
        const xmc_segment *s = &meta->segments->segments[i];
        r->segments.segments[i] = *s;
        r->segment_names[i] = text_of("%s/%s/%s%s%s", xmc_risk_names[s->risk], s->line_name,
                                      s->region, s->cause[0] ? "/" : "", s->cause);
        if (!r->segment_names[i])
            return xmc_no_memory(diag, 64, "a segment's name");
    }
    for (size_t i = 0; i < book->n_treaties; i++) {
        const xmc_treaty *t = &book->treaties[i];
        bool named = t->name && t->name[0];
        r->treaty_names[i] = text_of("%s%s%s", t->number, named ? " " : "", named ? t->name : "");
        if (!r->treaty_names[i])
            return xmc_no_memory(diag, 64, "a treaty's name");
    }
    return XMC_OK;
}

static xmc_status check_meta(const char *path, const xmc_results_meta *m, xmc_diag *diag) {
    if (m->trials == 0)
        return xmc_error(diag, XMC_USAGE, "%s: a run needs at least one trial", path);
    if (m->trials > UINT32_MAX) /* the allocation numbers the trials of the tail in 32 bits */
        return xmc_error(diag, XMC_USAGE, "%s: %" PRIu64 " trials: expected at most %" PRIu32, path,
                         m->trials, UINT32_MAX);
    if (m->block == 0 || (m->block % XMC_RESULTS_CHUNK != 0 && m->block < m->trials))
        return xmc_error(diag, XMC_USAGE, "%s: block of %u trials: expected a multiple of %d", path,
                         m->block, XMC_RESULTS_CHUNK);
    if (!(m->analysis->loss_grid > 0))
        return xmc_error(diag, XMC_USAGE, "%s: loss grid %g: expected a power of two above zero",
                         path, m->analysis->loss_grid);
    return XMC_OK;
}

xmc_status xmc_results_create(const char *path, const xmc_results_meta *meta, xmc_results **out,
                              xmc_diag *diag) {
    *out = NULL;
    xmc_h5_quiet();
    xmc_status status = check_meta(path, meta, diag);
    struct stat about;
    if (status == XMC_OK && stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        status = xmc_error(diag, XMC_SYSTEM, "%s: a folder; expected the name of a results file",
                           path); /* before the run: the finished file could not get this name */
    if (status != XMC_OK)
        return status;
    xmc_results *r = calloc(1, sizeof *r);
    if (!r)
        return xmc_no_memory(diag, sizeof *r, "the results file");
    r->h = (xmc_h5){.file = H5I_INVALID_HID, .writing = true, .diag = diag};
    r->path = strdup(path);
    char *part = text_of("%s.part", path);
    if (!r->path || !part)
        status = xmc_no_memory(diag, strlen(path), "the results file");
    if (status == XMC_OK)
        status = copy_meta(r, meta, diag);
    if (status == XMC_OK && meta->analysis->has_company && meta->segments->n) /* before the run */
        status = xmc_comparison_plan_new(meta->analysis, meta->segments, &r->comparison, diag);
    if (status == XMC_OK)
        status = xmc_results_check_unlocked(part, diag);
    if (status == XMC_OK) {
        xmc_results_list_columns(r);
        status = xmc_results_check_room(r, part, diag);
    }
    if (status != XMC_OK) {
        free(part);
        xmc_results_abort(r);
        return status;
    }
    r->h.path = part;

    /* New format only: chunks of a dataset of fixed size that is allocated early need no index. */
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    r->h.file = H5Fcreate(part, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (r->h.file < 0)
        status = xmc_h5_fail(&r->h, "creating the results file");
    H5Pclose(access);
    if (status != XMC_OK) {
        r->h.path = NULL;
        unlink(part);
        free(part);
        xmc_results_abort(r);
        return status;
    }
    r->part = part;
    write_root(r);
    write_registry(r);
    create_datasets(r);
    xmc_results_write_exposure(r);
    status = xmc_results_reserve_and_flush(r, "allocating the year loss table");
    if (status != XMC_OK) {
        xmc_results_abort(r);
        return status;
    }
    *out = r;
    return XMC_OK;
}

/* --- writing --- */

static void write_row(xmc_results *r, const xmc_ylt_dataset *d, size_t row, const double *x,
                      uint64_t first, uint32_t n) {
    uint64_t chunk = r->trials < XMC_RESULTS_CHUNK ? r->trials : XMC_RESULTS_CHUNK;
    for (uint32_t i = 0; i < n && r->h.status == XMC_OK; i += (uint32_t)chunk) {
        const double *data = x + i;
        if (n - i < chunk) { /* the chunk hangs over the table's end */
            memcpy(r->edge, data, (n - i) * sizeof *data);
            memset(r->edge + (n - i), 0, (chunk - (n - i)) * sizeof *data);
            data = r->edge;
        }
        hsize_t at[2] = {row, first + i};
        if (H5Dwrite_chunk(d->dataset, H5P_DEFAULT, 0, d->row_scale ? at : at + 1,
                           chunk * sizeof *data, data) < 0)
            xmc_h5_fail(&r->h, "writing the year loss table");
    }
}

xmc_status xmc_results_write_block(xmc_results *r, const xmc_block *block, xmc_diag *diag) {
    xmc_h5_quiet(); /* the setting belongs to the thread */
    r->h.diag = diag;
    if (r->h.status != XMC_OK)
        return r->h.status;
    if (block->first != r->written || block->n == 0 || block->n > r->trials - r->written ||
        (block->n % XMC_RESULTS_CHUNK != 0 && block->first + block->n != r->trials) ||
        (r->segments.n && block->n_segments != r->segments.n) ||
        (r->n_treaties && block->n_treaties != r->n_treaties))
        return xmc_error(
            diag, XMC_FAILED,
            "%s: block of %u trials from %llu on does not fit: %llu of %llu trials are "
            "written, blocks are multiples of %d",
            r->part, block->n, (unsigned long long)block->first, (unsigned long long)r->written,
            (unsigned long long)r->trials, XMC_RESULTS_CHUNK);
    for (size_t i = 0; i < r->n_datasets; i++) {
        xmc_ylt_dataset *d = &r->datasets[i];
        xmc_results_bind(d, block);
        if (!d->column && !d->columns)
            return xmc_error(diag, XMC_FAILED, "%s: the block has no column %s", r->part, d->name);
        for (size_t row = 0; row < d->rows; row++)
            write_row(r, d, row, d->columns ? d->columns[row] : d->column, block->first, block->n);
    }
    if (r->h.status != XMC_OK)
        return r->h.status;
    int fd = xmc_results_descriptor(r);
    if (H5Fflush(r->h.file, H5F_SCOPE_LOCAL) < 0)
        return xmc_h5_fail(&r->h, "writing the year loss table");
    if (fd >= 0 && fdatasync(fd) != 0)
        return r->h.status = xmc_file_error(diag, r->part, "syncing to disk");
    r->written += block->n;
    return XMC_OK;
}

/* --- finishing --- */

/* SHA-256 over every dataset in path order, row by row: the datasets are sorted by name. */
static xmc_status hash_ylt(xmc_results *r, char hex[65]) {
    xmc_digest *digest = xmc_digest_new();
    double *x = malloc(r->trials * sizeof *x);
    if (!digest || !x)
        r->h.status = xmc_no_memory(r->h.diag, r->trials * sizeof *x, "hashing the results");
    for (size_t i = 0; i < r->n_datasets && r->h.status == XMC_OK; i++)
        for (size_t row = 0; row < r->datasets[i].rows && r->h.status == XMC_OK; row++)
            if (xmc_results_column(r, r->datasets[i].name, row, x, r->h.diag) == XMC_OK)
                xmc_digest_f64(digest, x, r->trials);
    if (digest)
        xmc_digest_finish(digest, hex);
    free(x);
    return r->h.status;
}

static void close_datasets(xmc_results *r) {
    for (size_t i = 0; i < r->n_datasets; i++)
        if (r->datasets[i].dataset >= 0)
            H5Dclose(r->datasets[i].dataset);
    r->n_datasets = 0;
}

/* The data must be on the disk before the file says that it is complete, and say so before it gets
 * its name. */
static xmc_status seal(xmc_results *r, const char *sha256) {
    xmc_h5 *h = &r->h;
    hid_t root = H5Gopen2(h->file, "/", H5P_DEFAULT);
    xmc_h5_attr_string(h, root, "ylt_sha256", sha256);
    xmc_results_reserve_and_flush(r, "writing the tables");
    xmc_h5_attr_i32(h, root, "complete", 1);
    H5Gclose(root);
    if (h->status != XMC_OK)
        return h->status;
    close_datasets(r);
    herr_t closed = H5Fclose(h->file);
    h->file = H5I_INVALID_HID;
    if (closed < 0)
        return xmc_h5_fail(h, "closing the results file");

    int again = open(r->part, O_RDONLY | O_CLOEXEC);
    if (again < 0 || fsync(again) != 0)
        h->status = xmc_file_error(h->diag, r->part, "syncing to disk");
    if (again >= 0)
        close(again);
    if (h->status != XMC_OK)
        return h->status;
    if (rename(r->part, r->path) != 0) {
        int e = errno;
        h->status = xmc_error(h->diag, XMC_SYSTEM,
                              "%s: renaming the finished results file: %s; it is whole and lies at "
                              "%s",
                              r->path, strerror(e), r->part);
    }
    free(r->part); /* no part any more that an abort might remove */
    r->part = NULL;
    if (h->status != XMC_OK)
        return h->status;
    char *copy = strdup(r->path);
    int dir = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (dir >= 0) { /* not every file system can sync a folder: the file itself is safe */
        fsync(dir);
        close(dir);
    }
    free(copy);
    return XMC_OK;
}

void xmc_results_set_credit(xmc_results *r, const xmc_credit_report *credit) {
    r->credit = credit;
}

uint64_t xmc_results_independent(const xmc_results *r) {
    return r->independent;
}

void xmc_results_set_equity(xmc_results *r, const xmc_equity_measures *measures) {
    r->equity = measures;
}

xmc_status xmc_results_finish(xmc_results *r, const xmc_elt *elt, char ylt_sha256[65],
                              xmc_diag *diag) {
    xmc_h5_quiet();
    r->h.diag = diag;
    xmc_status status = r->h.status;
    char hex[65] = "";
    if (status == XMC_OK && r->written != r->trials)
        status = xmc_error(diag, XMC_FAILED, "%s: %llu of %llu trials written", r->part,
                           (unsigned long long)r->written, (unsigned long long)r->trials);
    if (status == XMC_OK)
        status = hash_ylt(r, hex);
    if (status == XMC_OK)
        status = xmc_results_write_tables(r, elt, diag);
    if (status == XMC_OK) {
        /* last: what differs between runs must not move anything else in the file */
        xmc_results_write_overlay(r);
        xmc_results_write_provenance(r);
        status = r->h.status;
    }
    if (status == XMC_OK)
        status = seal(r, hex);
    if (status != XMC_OK) {
        xmc_results_abort(r);
        return status;
    }
    if (ylt_sha256)
        memcpy(ylt_sha256, hex, sizeof hex);
    xmc_results_close(r);
    return XMC_OK;
}

static void release(xmc_results *r) {
    for (size_t i = 0; r->segment_names && i < r->segments.n; i++)
        free(r->segment_names[i]);
    for (size_t i = 0; r->treaty_names && i < r->n_treaties; i++)
        free(r->treaty_names[i]);
    free(r->segment_names);
    free(r->treaty_names);
    free(r->segments.segments);
    xmc_comparison_plan_free(r->comparison);
    free(r->edge);
    free(r->path);
    free(r->part);
    free(r);
}

void xmc_results_close(xmc_results *r) {
    if (!r)
        return;
    close_datasets(r);
    if (r->h.file >= 0)
        H5Fclose(r->h.file);
    release(r);
}

void xmc_results_abort(xmc_results *r) {
    if (!r)
        return;
    if (r->h.file >= 0)
        xmc_results_divert(r);
    close_datasets(r);
    if (r->h.file >= 0)
        H5Fclose(r->h.file);
    if (r->part)
        unlink(r->part);
    release(r);
}
