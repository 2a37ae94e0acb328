#include "scenarios/event_set.h"

#include <hdf5.h>
#include <string.h>

/* A one-dimensional dataset without timestamps: long ones in compressed chunks (footprints shrink
 * fivefold). */
static int put(hid_t group, const char *name, hid_t file_type, hid_t memory_type, hsize_t n,
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

static int attribute(hid_t object, const char *name, hid_t type, hid_t memory_type,
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

static int write_content(hid_t file, const char *title, const xmc_event_set *e) {
    hid_t plist = H5Pcreate(H5P_GROUP_CREATE), string = H5Tcopy(H5T_C_S1);
    int ok = plist >= 0 && string >= 0 && H5Pset_obj_track_times(plist, 0) >= 0 &&
             H5Tset_size(string, strlen(title) + 1) >= 0 && H5Tset_cset(string, H5T_CSET_UTF8) >= 0;
    hid_t events = ok ? H5Gcreate2(file, "events", H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
    hid_t cells = ok ? H5Gcreate2(file, "cells", H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
    hid_t footprint = ok ? H5Gcreate2(file, "footprint", H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
    uint32_t version = 1;
    hsize_t n = e->n_events;
    ok = events >= 0 && cells >= 0 && footprint >= 0 &&
         attribute(file, "schema_version", H5T_STD_U32LE, H5T_NATIVE_UINT32, &version) &&
         attribute(file, "cell_size", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &e->cell_size) &&
         attribute(file, "title", string, string, title) &&
         put(events, "event_id", H5T_STD_U32LE, H5T_NATIVE_UINT32, n, e->event_id) &&
         put(events, "peril", H5T_STD_U64LE, H5T_NATIVE_UINT64, n, e->peril) &&
         put(events, "rate", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, n, e->rate) &&
         put(events, "day_first", H5T_STD_U16LE, H5T_NATIVE_UINT16, n, e->day_first) &&
         put(events, "day_last", H5T_STD_U16LE, H5T_NATIVE_UINT16, n, e->day_last) &&
         put(cells, "cell_id", H5T_STD_U32LE, H5T_NATIVE_UINT32, e->n_cells, e->cell_id) &&
         put(footprint, "offset", H5T_STD_U64LE, H5T_NATIVE_UINT64, n + 1, e->offset) &&
         put(footprint, "cell", H5T_STD_U32LE, H5T_NATIVE_UINT32, e->n_footprint,
             e->footprint_cell) &&
         put(footprint, "bin", H5T_STD_U16LE, H5T_NATIVE_UINT16, e->n_footprint, e->footprint_bin);
    if (events >= 0)
        H5Gclose(events);
    if (cells >= 0)
        H5Gclose(cells);
    if (footprint >= 0)
        H5Gclose(footprint);
    if (plist >= 0)
        H5Pclose(plist);
    if (string >= 0)
        H5Tclose(string);
    return ok;
}

xmc_status xmc_event_set_write(const char *path, const char *title, const xmc_event_set *e,
                               xmc_diag *diag) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0)
        return xmc_error(diag, XMC_SYSTEM, "%s: cannot create the event-set file", path);
    int ok = write_content(file, title, e);
    ok = H5Fclose(file) >= 0 && ok;
    return ok ? XMC_OK
              : xmc_error(diag, XMC_SYSTEM, "%s: cannot write the event set (disk full?)", path);
}
