#include "scenarios/event_set.h"
#include "scenarios/event_set_h5.h"

#include <string.h>

static int write_content(hid_t file, const char *title, const xmc_event_set *e) {
    hid_t plist = H5Pcreate(H5P_GROUP_CREATE), string = H5Tcopy(H5T_C_S1);
    int ok = plist >= 0 && string >= 0 && H5Pset_obj_track_times(plist, 0) >= 0 &&
             H5Tset_size(string, strlen(title) + 1) >= 0 && H5Tset_cset(string, H5T_CSET_UTF8) >= 0;
    hid_t events = ok ? H5Gcreate2(file, "events", H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
    hid_t cells = ok ? H5Gcreate2(file, "cells", H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
    hid_t footprint = ok ? H5Gcreate2(file, "footprint", H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
    uint32_t version = 1;
    hsize_t n = e->n_events;
    ok =
        events >= 0 && cells >= 0 && footprint >= 0 &&
        xmc_events_attribute(file, "schema_version", H5T_STD_U32LE, H5T_NATIVE_UINT32, &version) &&
        xmc_events_attribute(file, "cell_size", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &e->cell_size) &&
        xmc_events_attribute(file, "title", string, string, title) &&
        xmc_events_put(events, "event_id", H5T_STD_U32LE, H5T_NATIVE_UINT32, n, e->event_id) &&
        xmc_events_put(events, "peril", H5T_STD_U64LE, H5T_NATIVE_UINT64, n, e->peril) &&
        xmc_events_put(events, "rate", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, n, e->rate) &&
        xmc_events_put(events, "day_first", H5T_STD_U16LE, H5T_NATIVE_UINT16, n, e->day_first) &&
        xmc_events_put(events, "day_last", H5T_STD_U16LE, H5T_NATIVE_UINT16, n, e->day_last) &&
        xmc_events_put(cells, "cell_id", H5T_STD_U32LE, H5T_NATIVE_UINT32, e->n_cells,
                       e->cell_id) &&
        xmc_events_put(footprint, "offset", H5T_STD_U64LE, H5T_NATIVE_UINT64, n + 1, e->offset) &&
        xmc_events_put(footprint, "cell", H5T_STD_U32LE, H5T_NATIVE_UINT32, e->n_footprint,
                       e->footprint_cell) &&
        xmc_events_put(footprint, "bin", H5T_STD_U16LE, H5T_NATIVE_UINT16, e->n_footprint,
                       e->footprint_bin);
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
