/* Event sets: events.h5, checked completely, since everything after indexes by it. */
#include "scenarios/load.h"
#include "scenarios/perils.h"

#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID_ROWS = 720, GRID_COLUMNS = 1440, LARGEST_BIN = 1023, DAYS = 365 };

typedef struct {
    xmc_loader *l;
    const char *path;
    hid_t file;
    xmc_status worst;
} reader;

static xmc_status bad(reader *r, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static xmc_status bad(reader *r, const char *what, const char *fmt, ...) {
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    xmc_place at = {.file = r->path, .column_name = what};
    xmc_status st = xmc_bad_input(r->l->diag, at, NULL, "expected %s", text);
    if (r->worst == XMC_OK)
        r->worst = st;
    return st;
}

/* The deepest message of HDF5's error stack. */
static herr_t keep_deepest(unsigned n, const H5E_error2_t *e, void *text) {
    (void)n;
    if (e->desc && *e->desc)
        snprintf(text, 200, "%s", e->desc);
    return 0;
}

static const char *hdf5_says(char text[200]) {
    snprintf(text, 200, "unknown trouble");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_deepest, text);
    H5Eclear2(H5E_DEFAULT);
    return text;
}

/* Reads a dataset of one dimension into fresh memory as the type in memory; kind is H5T_INTEGER or
 * H5T_FLOAT; NULL when it is not as it should be. With *n = SIZE_MAX the length is taken from the
 * file, otherwise it must agree. */
static void *read_column(reader *r, const char *name, H5T_class_t kind, hid_t memory_type,
                         size_t size, size_t *n) {
    char says[200];
    void *data = NULL;
    hid_t set = H5Dopen2(r->file, name, H5P_DEFAULT);
    if (set < 0) {
        H5Eclear2(H5E_DEFAULT);
        bad(r, name, "this dataset");
        return NULL;
    }
    hid_t space = H5Dget_space(set), type = H5Dget_type(set);
    hsize_t length = 0;
    bool one_dimension = H5Sget_simple_extent_ndims(space) == 1;
    if (one_dimension)
        H5Sget_simple_extent_dims(space, &length, NULL);
    bool unsigned_enough = kind != H5T_INTEGER || H5Tget_sign(type) == H5T_SGN_NONE;
    if (!one_dimension || H5Tget_class(type) != kind || !unsigned_enough ||
        H5Tget_size(type) != size) {
        bad(r, name, "%s of %zu bits in one dimension",
            kind == H5T_INTEGER ? "unsigned integers" : "floating-point numbers", 8 * size);
    } else if (*n != SIZE_MAX && length != *n) {
        bad(r, name, "%zu entries, found %llu", *n, (unsigned long long)length);
    } else if (length > SIZE_MAX / size / 2) {
        bad(r, name, "fewer than %llu entries", (unsigned long long)length);
    } else if (!(data = malloc(length ? (size_t)length * size : 1))) {
        r->worst = xmc_no_memory(r->l->diag, (size_t)length * size, r->path);
    } else if (H5Dread(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) {
        bad(r, name, "readable values: %s", hdf5_says(says));
        free(data);
        data = NULL;
    } else {
        *n = (size_t)length;
    }
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(set);
    H5Eclear2(H5E_DEFAULT);
    return data;
}

static bool read_attribute(reader *r, const char *name, double *out) {
    hid_t at = H5Aopen(r->file, name, H5P_DEFAULT);
    bool ok = false;
    if (at >= 0) {
        hid_t space = H5Aget_space(at), type = H5Aget_type(at);
        H5T_class_t kind = H5Tget_class(type);
        ok = H5Sget_simple_extent_npoints(space) == 1 &&
             (kind == H5T_INTEGER || kind == H5T_FLOAT) && H5Aread(at, H5T_NATIVE_DOUBLE, out) >= 0;
        H5Tclose(type);
        H5Sclose(space);
        H5Aclose(at);
    }
    H5Eclear2(H5E_DEFAULT);
    if (!ok)
        bad(r, name, "a numeric attribute of this name");
    return ok;
}

static void check_attributes(reader *r, xmc_event_set *e) {
    double version, size;
    if (read_attribute(r, "schema_version", &version) && version != 1)
        bad(r, "schema_version", "1, found %g", version);
    if (read_attribute(r, "cell_size", &size)) {
        if (size != 0.25)
            bad(r, "cell_size", "0.25, found %g", size);
        e->cell_size = size;
    }
}

static void check_events(reader *r, const xmc_event_set *e) {
    for (size_t i = 0; i < e->n_events; i++) {
        if (i && e->event_id[i] <= e->event_id[i - 1]) {
            bad(r, "/events/event_id", "strictly increasing values; entry %zu is %u after %u", i,
                e->event_id[i], e->event_id[i - 1]);
            return;
        }
        if (!xmc_peril_code(e->peril[i])) {
            bad(r, "/events/peril", "one OED peril bit (or XCY) per event; entry %zu is 0x%llx", i,
                (unsigned long long)e->peril[i]);
            return;
        }
        if (!(e->rate[i] > 0 && e->rate[i] <= 1000)) {
            bad(r, "/events/rate", "rates > 0 and <= 1000 per year; entry %zu is %g", i,
                e->rate[i]);
            return;
        }
        if (e->day_first[i] < 1 || e->day_first[i] > e->day_last[i] || e->day_last[i] > DAYS) {
            bad(r, "/events/day_first", "1 <= day_first <= day_last <= 365; entry %zu is %u to %u",
                i, e->day_first[i], e->day_last[i]);
            return;
        }
    }
}

static void check_cells(reader *r, const xmc_event_set *e) {
    for (size_t i = 0; i < e->n_cells; i++)
        if (e->cell_id[i] >= GRID_ROWS * GRID_COLUMNS ||
            (i && e->cell_id[i] <= e->cell_id[i - 1])) {
            bad(r, "/cells/cell_id", "strictly increasing values below %d; entry %zu is %u",
                GRID_ROWS * GRID_COLUMNS, i, e->cell_id[i]);
            return;
        }
}

static void check_footprints(reader *r, const xmc_event_set *e) {
    if (e->offset[0] != 0 || e->offset[e->n_events] != e->n_footprint) {
        bad(r, "/footprint/offset", "0 first and %llu, the length of /footprint/cell, last",
            (unsigned long long)e->n_footprint);
        return;
    }
    /* All offsets first: the loop below walks by them. */
    for (size_t i = 0; i < e->n_events; i++)
        if (e->offset[i + 1] < e->offset[i]) {
            bad(r, "/footprint/offset", "values that do not fall; entry %zu does", i + 1);
            return;
        }
    for (size_t i = 0; i < e->n_events; i++)
        for (uint64_t k = e->offset[i]; k < e->offset[i + 1]; k++) {
            if (e->footprint_cell[k] >= e->n_cells ||
                (k > e->offset[i] && e->footprint_cell[k] <= e->footprint_cell[k - 1])) {
                bad(r, "/footprint/cell",
                    "strictly increasing indices below %zu inside an event; entry %llu (event %u) "
                    "is %u",
                    e->n_cells, (unsigned long long)k, e->event_id[i], e->footprint_cell[k]);
                return;
            }
            if (e->footprint_bin[k] > LARGEST_BIN) {
                bad(r, "/footprint/bin", "intensity bins up to %d; entry %llu is %u",
                    (int)LARGEST_BIN, (unsigned long long)k, e->footprint_bin[k]);
                return;
            }
        }
}

static void read_all(reader *r, xmc_event_set *e) {
    size_t n = SIZE_MAX, n_cells = SIZE_MAX, n_footprint = SIZE_MAX;
    check_attributes(r, e);
    e->event_id = read_column(r, "/events/event_id", H5T_INTEGER, H5T_NATIVE_UINT32, 4, &n);
    if (!e->event_id)
        return;
    e->n_events = n;
    e->peril = read_column(r, "/events/peril", H5T_INTEGER, H5T_NATIVE_UINT64, 8, &n);
    e->rate = read_column(r, "/events/rate", H5T_FLOAT, H5T_NATIVE_DOUBLE, 8, &n);
    e->day_first = read_column(r, "/events/day_first", H5T_INTEGER, H5T_NATIVE_UINT16, 2, &n);
    e->day_last = read_column(r, "/events/day_last", H5T_INTEGER, H5T_NATIVE_UINT16, 2, &n);
    e->cell_id = read_column(r, "/cells/cell_id", H5T_INTEGER, H5T_NATIVE_UINT32, 4, &n_cells);
    size_t n_offset = n + 1;
    e->offset = read_column(r, "/footprint/offset", H5T_INTEGER, H5T_NATIVE_UINT64, 8, &n_offset);
    e->footprint_cell =
        read_column(r, "/footprint/cell", H5T_INTEGER, H5T_NATIVE_UINT32, 4, &n_footprint);
    if (e->footprint_cell)
        e->footprint_bin =
            read_column(r, "/footprint/bin", H5T_INTEGER, H5T_NATIVE_UINT16, 2, &n_footprint);
    if (r->worst != XMC_OK)
        return;
    e->n_cells = n_cells;
    e->n_footprint = n_footprint;
    if (!n) {
        bad(r, "/events/event_id", "at least one event");
        return;
    }
    check_events(r, e);
    check_cells(r, e);
    check_footprints(r, e);
}

xmc_status xmc_load_events(xmc_loader *l, const xmc_file_ref *ref) {
    xmc_source source;
    xmc_status st = xmc_source_open(ref->path, false, &source, l->diag);
    if (st != XMC_OK)
        return st;
    xmc_source_close(&source);
    st = xmc_load_input(l, ref, source.bytes, source.sha256);
    if (st != XMC_OK)
        return st;
    /* HDF5 prints its errors unless told not to; the setting is put back for the caller. */
    H5E_auto2_t print;
    void *print_to;
    H5Eget_auto2(H5E_DEFAULT, &print, &print_to);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    /* Whatever a damaged file leaves open goes with the file. */
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    reader r = {.l = l, .path = ref->path, .file = H5Fopen(ref->path, H5F_ACC_RDONLY, access)};
    if (r.file < 0) {
        char says[200];
        bad(&r, NULL, "a complete HDF5 file: %s", hdf5_says(says));
    } else {
        read_all(&r, &l->a->events);
        H5Fclose(r.file);
    }
    H5Pclose(access);
    H5Eset_auto2(H5E_DEFAULT, print, print_to);
    return r.worst;
}

void xmc_event_set_free(xmc_event_set *e) {
    free(e->event_id);
    free(e->peril);
    free(e->rate);
    free(e->day_first);
    free(e->day_last);
    free(e->cell_id);
    free(e->offset);
    free(e->footprint_cell);
    free(e->footprint_bin);
    *e = (xmc_event_set){0};
}
