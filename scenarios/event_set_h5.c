/* Columns of event-set files. */
#include "scenarios/event_set_h5.h"

#include <stdlib.h>
#include <string.h>

xmc_status xmc_events_bad(xmc_events_reader *r, const char *what, const char *fmt, ...) {
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    xmc_place at = {.file = r->path, .column_name = what};
    xmc_status st = xmc_bad_input(r->diag, at, NULL, "expected %s", text);
    if (r->worst == XMC_OK)
        r->worst = st;
    return st;
}

/* The deepest message of HDF5's error stack. */
static herr_t keep_deepest(unsigned n, const H5E_error2_t *e, void *text) {
    (void)n;
    if (e->desc && *e->desc)
        snprintf(text, XMC_EVENTS_SAYS, "%s", e->desc);
    return 0;
}

const char *xmc_events_says(char text[XMC_EVENTS_SAYS]) {
    snprintf(text, XMC_EVENTS_SAYS, "unknown trouble");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_deepest, text);
    H5Eclear2(H5E_DEFAULT);
    return text;
}

/* An open dataset. */
typedef struct {
    hid_t set, space, type;
    bool one_dimension;
    hsize_t length; /* of one dimension */
} dataset;

static bool open_dataset(xmc_events_reader *r, const char *name, dataset *d) {
    *d = (dataset){.set = H5Dopen2(r->file, name, H5P_DEFAULT)};
    if (d->set < 0) {
        H5Eclear2(H5E_DEFAULT);
        xmc_events_bad(r, name, "this dataset");
        return false;
    }
    d->space = H5Dget_space(d->set);
    d->type = H5Dget_type(d->set);
    d->one_dimension = H5Sget_simple_extent_ndims(d->space) == 1;
    if (d->one_dimension)
        H5Sget_simple_extent_dims(d->space, &d->length, NULL);
    return true;
}

static void close_dataset(const dataset *d) {
    H5Tclose(d->type);
    H5Sclose(d->space);
    H5Dclose(d->set);
    H5Eclear2(H5E_DEFAULT);
}

/* Fills data with the values and returns it; NULL, data freed, where they cannot be read. */
static void *read_values(xmc_events_reader *r, const char *name, const dataset *d,
                         hid_t memory_type, void *data) {
    char says[XMC_EVENTS_SAYS];
    if (H5Dread(d->set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0)
        return data;
    xmc_events_bad(r, name, "readable values: %s", xmc_events_says(says));
    free(data);
    return NULL;
}

void *xmc_events_column(xmc_events_reader *r, const char *name, H5T_class_t kind, hid_t memory_type,
                        size_t size, size_t *n) {
    void *data = NULL;
    dataset d;
    if (!open_dataset(r, name, &d))
        return NULL;
    bool unsigned_enough = kind != H5T_INTEGER || H5Tget_sign(d.type) == H5T_SGN_NONE;
    if (!d.one_dimension || H5Tget_class(d.type) != kind || !unsigned_enough ||
        H5Tget_size(d.type) != size) {
        xmc_events_bad(r, name, "%s of %zu bits in one dimension",
                       kind == H5T_INTEGER ? "unsigned integers" : "floating-point numbers",
                       8 * size);
    } else if (*n != SIZE_MAX && d.length != *n) {
        xmc_events_bad(r, name, "%zu entries, found %llu", *n, (unsigned long long)d.length);
    } else if (d.length > SIZE_MAX / size / 2) {
        xmc_events_bad(r, name, "fewer than %llu entries", (unsigned long long)d.length);
    } else if (!(data = malloc(d.length ? (size_t)d.length * size : 1))) {
        r->worst = xmc_no_memory(r->diag, (size_t)d.length * size, r->path);
    } else if ((data = read_values(r, name, &d, memory_type, data)) != NULL) {
        *n = (size_t)d.length;
    }
    close_dataset(&d);
    return data;
}

bool xmc_events_number(xmc_events_reader *r, const char *name, double *out) {
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
        xmc_events_bad(r, name, "a numeric attribute of this name");
    return ok;
}

bool xmc_events_there(xmc_events_reader *r, const char *name) {
    const bool there = H5Lexists(r->file, name, H5P_DEFAULT) > 0;
    H5Eclear2(H5E_DEFAULT);
    return there;
}

char *xmc_events_strings(xmc_events_reader *r, const char *name, size_t *n, size_t *size) {
    enum { LONGEST = 600 };
    dataset d;
    if (!open_dataset(r, name, &d))
        return NULL;
    const size_t width = H5Tget_size(d.type);
    char *data = NULL;
    if (!d.one_dimension || H5Tget_class(d.type) != H5T_STRING || H5Tis_variable_str(d.type) > 0 ||
        width < 1 || width > LONGEST)
        xmc_events_bad(r, name, "strings of a fixed length up to %d bytes in one dimension",
                       (int)LONGEST);
    else if (*n != SIZE_MAX && d.length != *n)
        xmc_events_bad(r, name, "%zu entries, found %llu", *n, (unsigned long long)d.length);
    else if (d.length > SIZE_MAX / (2 * LONGEST) ||
             !(data = calloc((size_t)d.length + 1, width + 1)))
        r->worst = xmc_no_memory(r->diag, (size_t)d.length * (width + 1), r->path);
    else {
        hid_t memory = H5Tcopy(H5T_C_S1);
        H5Tset_size(memory, width + 1);
        H5Tset_cset(memory, H5Tget_cset(d.type));
        if ((data = read_values(r, name, &d, memory, data)) != NULL) {
            *n = (size_t)d.length;
            *size = width + 1;
        }
        H5Tclose(memory);
    }
    close_dataset(&d);
    return data;
}

/* ---- writing ---- */

int xmc_events_put(hid_t group, const char *name, hid_t file_type, hid_t memory_type, hsize_t n,
                   const void *data) {
    enum { CHUNK = 65536 };
    int ok = 0;
    hid_t space = H5Screate_simple(1, &n, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
    if (space >= 0 && plist >= 0 && H5Pset_obj_track_times(plist, 0) >= 0) {
        hsize_t chunk = CHUNK;
        if (n >= CHUNK)
            ok = H5Pset_chunk(plist, 1, &chunk) >= 0 && H5Pset_shuffle(plist) >= 0 &&
                 H5Pset_deflate(plist, 4) >= 0;
        else
            ok = 1;
        hid_t set =
            ok ? H5Dcreate2(group, name, file_type, space, H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
        ok = set >= 0 &&
             (n == 0 || H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
        if (set >= 0)
            ok = H5Dclose(set) >= 0 && ok;
    }
    if (plist >= 0)
        H5Pclose(plist);
    if (space >= 0)
        H5Sclose(space);
    return ok;
}

int xmc_events_attribute(hid_t object, const char *name, hid_t type, hid_t memory_type,
                         const void *value) {
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t a = space >= 0 ? H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
    int ok = a >= 0 && H5Awrite(a, memory_type, value) >= 0;
    if (a >= 0)
        H5Aclose(a);
    if (space >= 0)
        H5Sclose(space);
    return ok;
}
