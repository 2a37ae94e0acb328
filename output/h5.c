#include "output/h5.h"

#include <stdlib.h>
#include <string.h>

void xmc_h5_quiet(void) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* Reasons are asked for before anything is closed: every call of HDF5 forgets those before it. */

/* HDF5's innermost error. Its file-driver messages bury the system's words between addresses and
 * times: those are cut out. */
static herr_t deepest(unsigned n, const H5E_error2_t *e, void *out) {
    char *text = out;
    if (n > 0 || !e->desc)
        return 0;
    static const char marker[] = "error message = '";
    const char *m = strstr(e->desc, marker);
    if (m) {
        m += sizeof marker - 1;
        size_t len = strcspn(m, "'");
        snprintf(text, XMC_H5_REASON, "%.*s", (int)(len < 399 ? len : 399), m);
    } else {
        snprintf(text, XMC_H5_REASON, "%s", e->desc);
    }
    return 0;
}

void xmc_h5_reason(char text[XMC_H5_REASON]) {
    text[0] = '\0';
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, deepest, text);
}

xmc_status xmc_h5_fail(xmc_h5 *h, const char *doing) {
    if (h->status != XMC_OK)
        return h->status;
    char text[XMC_H5_REASON];
    xmc_h5_reason(text);
    h->status = h->writing ? XMC_SYSTEM : XMC_BAD_INPUT;
    return xmc_error(h->diag, h->status, "%s: %s: %s", h->path, doing,
                     text[0] ? text : "HDF5 gives no reason");
}

static bool dead(const xmc_h5 *h) {
    return h->status != XMC_OK;
}

static hid_t string_type(void) {
    hid_t t = H5Tcopy(H5T_C_S1);
    H5Tset_size(t, H5T_VARIABLE);
    H5Tset_cset(t, H5T_CSET_UTF8);
    return t;
}

static void attr(xmc_h5 *h, hid_t obj, const char *name, hid_t type, const void *data, size_t n,
                 bool scalar) {
    if (dead(h))
        return;
    hsize_t dim = n;
    hid_t space = scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &dim, NULL);
    hid_t a = H5Aexists(obj, name) > 0
                  ? H5Aopen(obj, name, H5P_DEFAULT)
                  : H5Acreate2(obj, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (a < 0 || H5Awrite(a, type, data) < 0)
        xmc_h5_fail(h, "writing an attribute");
    H5Aclose(a);
    H5Sclose(space);
}

void xmc_h5_attr_string(xmc_h5 *h, hid_t obj, const char *name, const char *value) {
    hid_t t = string_type();
    const char *v = value ? value : "";
    attr(h, obj, name, t, &v, 1, true);
    H5Tclose(t);
}

void xmc_h5_attr_strings(xmc_h5 *h, hid_t obj, const char *name, const char *const *v, size_t n) {
    hid_t t = string_type();
    attr(h, obj, name, t, v, n, false);
    H5Tclose(t);
}

void xmc_h5_attr_f64(xmc_h5 *h, hid_t obj, const char *name, double value) {
    attr(h, obj, name, H5T_NATIVE_DOUBLE, &value, 1, true);
}

void xmc_h5_attr_u64(xmc_h5 *h, hid_t obj, const char *name, const uint64_t *v, size_t n) {
    attr(h, obj, name, H5T_NATIVE_UINT64, v, n, n == 1);
}

void xmc_h5_attr_i32(xmc_h5 *h, hid_t obj, const char *name, int32_t value) {
    attr(h, obj, name, H5T_NATIVE_INT32, &value, 1, true);
}

void xmc_h5_group(xmc_h5 *h, const char *path) {
    if (dead(h))
        return;
    hid_t plist = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_obj_track_times(plist, false);
    hid_t g = H5Gcreate2(h->file, path, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (g < 0)
        xmc_h5_fail(h, "creating a group");
    H5Gclose(g);
    H5Pclose(plist);
}

hid_t xmc_h5_plist(xmc_h5 *h) {
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    if (p < 0 || H5Pset_obj_track_times(p, false) < 0)
        xmc_h5_fail(h, "creating a property list");
    return p;
}

static uint64_t scale_length(xmc_h5 *h, const char *path) {
    hid_t d = H5Dopen2(h->file, path, H5P_DEFAULT);
    if (d < 0) {
        xmc_h5_fail(h, path);
        return 0;
    }
    hid_t s = H5Dget_space(d);
    hssize_t n = H5Sget_simple_extent_npoints(s);
    H5Sclose(s);
    H5Dclose(d);
    return n < 0 ? 0 : (uint64_t)n;
}

static void describe(xmc_h5 *h, hid_t d, const char *units, const char *long_name) {
    if (units)
        xmc_h5_attr_string(h, d, "units", units);
    if (long_name)
        xmc_h5_attr_string(h, d, "long_name", long_name);
}

hid_t xmc_h5_create(xmc_h5 *h, const char *path, hid_t type, xmc_h5_dims dims, hid_t plist,
                    const char *units, const char *long_name) {
    if (dead(h))
        return H5I_INVALID_HID;
    hsize_t n[XMC_H5_MAX_RANK];
    for (int i = 0; i < dims.rank; i++)
        n[i] = scale_length(h, dims.scale[i]);
    if (dead(h))
        return H5I_INVALID_HID;
    hid_t space = dims.rank ? H5Screate_simple(dims.rank, n, NULL) : H5Screate(H5S_SCALAR);
    hid_t d = H5Dcreate2(h->file, path, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (d < 0)
        xmc_h5_fail(h, path);
    H5Sclose(space);
    if (d < 0)
        return d;
    for (int i = 0; i < dims.rank; i++) {
        hid_t s = H5Dopen2(h->file, dims.scale[i], H5P_DEFAULT);
        if (s < 0 || H5DSattach_scale(d, s, (unsigned)i) < 0)
            xmc_h5_fail(h, "attaching a dimension scale");
        H5Dclose(s);
    }
    describe(h, d, units, long_name);
    return d;
}

static void whole(xmc_h5 *h, const char *path, hid_t type, xmc_h5_dims dims, const void *data,
                  const char *units, const char *long_name) {
    if (dead(h))
        return;
    hid_t plist = xmc_h5_plist(h);
    hid_t d = xmc_h5_create(h, path, type, dims, plist, units, long_name);
    if (!dead(h) && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        xmc_h5_fail(h, path);
    if (d >= 0)
        H5Dclose(d);
    H5Pclose(plist);
}

void xmc_h5_f64(xmc_h5 *h, const char *path, xmc_h5_dims dims, const double *data,
                const char *units, const char *long_name) {
    whole(h, path, H5T_NATIVE_DOUBLE, dims, data, units, long_name);
}

void xmc_h5_u64(xmc_h5 *h, const char *path, xmc_h5_dims dims, const uint64_t *data,
                const char *units, const char *long_name) {
    whole(h, path, H5T_NATIVE_UINT64, dims, data, units, long_name);
}

void xmc_h5_strings(xmc_h5 *h, const char *path, xmc_h5_dims dims, const char *const *data,
                    const char *long_name) {
    hid_t t = string_type();
    whole(h, path, t, dims, data, "1", long_name);
    H5Tclose(t);
}

void xmc_h5_text(xmc_h5 *h, const char *path, const char *text, const char *long_name) {
    const char *v = text ? text : "";
    xmc_h5_strings(h, path, (xmc_h5_dims){0}, &v, long_name);
}

static void scale(xmc_h5 *h, const char *path, hid_t type, const void *data, uint64_t n,
                  const char *units, const char *long_name) {
    if (dead(h))
        return;
    hsize_t dim = n;
    hid_t plist = xmc_h5_plist(h);
    hid_t space = H5Screate_simple(1, &dim, NULL);
    hid_t d = H5Dcreate2(h->file, path, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (d < 0 || (data && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0))
        xmc_h5_fail(h, path);
    char name[80];
    const char *base = strrchr(path, '/');
    if (data)
        snprintf(name, sizeof name, "%s", base ? base + 1 : path);
    else /* the words by which netCDF readers know it */
        snprintf(name, sizeof name, "This is a netCDF dimension but not a netCDF variable.%10llu",
                 (unsigned long long)n);
    if (!dead(h) && H5DSset_scale(d, name) < 0)
        xmc_h5_fail(h, path);
    describe(h, d, units, long_name);
    if (d >= 0)
        H5Dclose(d);
    H5Sclose(space);
    H5Pclose(plist);
}

void xmc_h5_scale_strings(xmc_h5 *h, const char *path, const char *const *v, size_t n,
                          const char *long_name) {
    hid_t t = string_type();
    scale(h, path, t, v, n, "1", long_name);
    H5Tclose(t);
}

void xmc_h5_scale_f64(xmc_h5 *h, const char *path, const double *v, size_t n, const char *units,
                      const char *long_name) {
    scale(h, path, H5T_NATIVE_DOUBLE, v, n, units, long_name);
}

void xmc_h5_scale_u64(xmc_h5 *h, const char *path, const uint64_t *v, size_t n, const char *units,
                      const char *long_name) {
    scale(h, path, H5T_NATIVE_UINT64, v, n, units, long_name);
}

void xmc_h5_scale_length(xmc_h5 *h, const char *path, uint64_t n, const char *long_name) {
    scale(h, path, H5T_IEEE_F32BE, NULL, n, "1", long_name);
}

/* Opens a dataset to be read, checks its size, and says how many values it holds. */
static hid_t open_sized(xmc_h5 *h, const char *path, size_t n, size_t *n_out) {
    if (dead(h))
        return H5I_INVALID_HID;
    hid_t d = H5Dopen2(h->file, path, H5P_DEFAULT);
    if (d < 0) {
        xmc_h5_fail(h, path);
        return d;
    }
    hid_t s = H5Dget_space(d);
    hssize_t have = H5Sget_simple_extent_npoints(s);
    H5Sclose(s);
    if (have < 0 || (n != SIZE_MAX && (size_t)have != n)) {
        h->status = XMC_BAD_INPUT;
        xmc_error(h->diag, XMC_BAD_INPUT, "%s: %s holds %lld values, expected %zu", h->path, path,
                  (long long)have, n);
        H5Dclose(d);
        return H5I_INVALID_HID;
    }
    *n_out = (size_t)have;
    return d;
}

static void *read_numbers(xmc_h5 *h, const char *path, hid_t type, size_t n, size_t *n_out) {
    size_t have = 0;
    hid_t d = open_sized(h, path, n, &have);
    if (d < 0)
        return NULL;
    void *out = malloc(have ? have * 8 : 8);
    if (!out)
        h->status = xmc_no_memory(h->diag, have * 8, "reading the results file");
    else if (H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
        xmc_h5_fail(h, path);
    H5Dclose(d);
    if (dead(h)) {
        free(out);
        return NULL;
    }
    if (n_out)
        *n_out = have;
    return out;
}

double *xmc_h5_read_f64(xmc_h5 *h, const char *path, size_t n, size_t *n_out) {
    return read_numbers(h, path, H5T_NATIVE_DOUBLE, n, n_out);
}

uint64_t *xmc_h5_read_u64(xmc_h5 *h, const char *path, size_t n, size_t *n_out) {
    return read_numbers(h, path, H5T_NATIVE_UINT64, n, n_out);
}

void xmc_h5_free_strings(char **s, size_t n) {
    for (size_t i = 0; s && i < n; i++)
        free(s[i]);
    free(s);
}

char **xmc_h5_read_strings(xmc_h5 *h, const char *path, size_t n, size_t *n_out) {
    size_t have = 0;
    hid_t d = open_sized(h, path, n, &have);
    if (d < 0)
        return NULL;
    hid_t t = string_type(), s = H5Dget_space(d);
    char **raw = calloc(have + 1, sizeof *raw), **out = calloc(have + 1, sizeof *out);
    if (!raw || !out) {
        h->status = xmc_no_memory(h->diag, have * sizeof *raw, "reading the results file");
    } else if (H5Dread(d, t, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0) {
        xmc_h5_fail(h, path);
    } else {
        /* HDF5 frees its own strings: copied, so that ours are freed with free() */
        for (size_t i = 0; i < have && !dead(h); i++)
            if (!(out[i] = strdup(raw[i] ? raw[i] : "")))
                h->status = xmc_no_memory(h->diag, 1, "reading the results file");
        H5Dvlen_reclaim(t, s, H5P_DEFAULT, raw);
    }
    free(raw);
    H5Sclose(s);
    H5Tclose(t);
    H5Dclose(d);
    if (dead(h)) {
        xmc_h5_free_strings(out, have);
        return NULL;
    }
    if (n_out)
        *n_out = have;
    return out;
}

char *xmc_h5_read_attr_string(xmc_h5 *h, hid_t obj, const char *name) {
    if (dead(h))
        return NULL;
    char *raw = NULL, *out = NULL;
    hid_t t = string_type(), a = H5Aopen(obj, name, H5P_DEFAULT);
    if (a < 0 || H5Aread(a, t, &raw) < 0)
        xmc_h5_fail(h, name);
    else if (!(out = strdup(raw ? raw : "")))
        h->status = xmc_no_memory(h->diag, 1, "reading the results file");
    H5free_memory(raw);
    if (a >= 0)
        H5Aclose(a);
    H5Tclose(t);
    return out;
}

static void read_attr(xmc_h5 *h, hid_t obj, const char *name, hid_t type, void *out) {
    if (dead(h))
        return;
    hid_t a = H5Aopen(obj, name, H5P_DEFAULT);
    if (a < 0) {
        xmc_h5_fail(h, name);
        return;
    }
    hid_t s = H5Aget_space(a);
    if (H5Sget_simple_extent_npoints(s) != 1 || H5Aread(a, type, out) < 0)
        xmc_h5_fail(h, name);
    H5Sclose(s);
    H5Aclose(a);
}

double xmc_h5_read_attr_f64(xmc_h5 *h, hid_t obj, const char *name) {
    double v = 0;
    read_attr(h, obj, name, H5T_NATIVE_DOUBLE, &v);
    return v;
}

uint64_t xmc_h5_read_attr_u64(xmc_h5 *h, hid_t obj, const char *name) {
    uint64_t v = 0;
    read_attr(h, obj, name, H5T_NATIVE_UINT64, &v);
    return v;
}
