/* Event sets: events.h5, checked completely, since everything after indexes by it. */
#include "scenarios/event_set_h5.h"
#include "scenarios/h5_errors.h"
#include "scenarios/hazard/hazard_read.h"
#include "scenarios/perils.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID_ROWS = 720, GRID_COLUMNS = 1440, LARGEST_BIN = 1023, DAYS = 365 };

/* The schema of the file: 1 or 2; 0 is reported. */
static int check_attributes(xmc_events_reader *r, xmc_event_set *e) {
    double version, size;
    if (!xmc_events_number(r, "schema_version", &version))
        return 0;
    if (version == 2)
        return 2;
    if (version != 1) {
        xmc_events_bad(r, "schema_version", "1 or 2, found %g", version);
        return 0;
    }
    if (xmc_events_number(r, "cell_size", &size)) {
        if (size != 0.25)
            xmc_events_bad(r, "cell_size", "0.25, found %g", size);
        e->cell_size = size;
    }
    return 1;
}

static void check_events(xmc_events_reader *r, const xmc_event_set *e) {
    for (size_t i = 0; i < e->n_events; i++) {
        if (i && e->event_id[i] <= e->event_id[i - 1]) {
            xmc_events_bad(r, "/events/event_id",
                           "strictly increasing values; entry %zu is %u after %u", i,
                           e->event_id[i], e->event_id[i - 1]);
            return;
        }
        if (!e->hazard && !xmc_peril_code(e->peril[i])) {
            xmc_events_bad(r, "/events/peril",
                           "one OED peril bit (or XCY) per event; entry %zu is 0x%llx", i,
                           (unsigned long long)e->peril[i]);
            return;
        }
        if (!(e->rate[i] > 0 && e->rate[i] <= 1000)) {
            xmc_events_bad(r, "/events/rate", "rates > 0 and <= 1000 per year; entry %zu is %g", i,
                           e->rate[i]);
            return;
        }
        if (e->day_first[i] < 1 || e->day_first[i] > e->day_last[i] || e->day_last[i] > DAYS) {
            xmc_events_bad(r, "/events/day_first",
                           "1 <= day_first <= day_last <= 365; entry %zu is %u to %u", i,
                           e->day_first[i], e->day_last[i]);
            return;
        }
    }
}

static void check_cells(xmc_events_reader *r, const xmc_event_set *e) {
    for (size_t i = 0; i < e->n_cells; i++)
        if (e->cell_id[i] >= GRID_ROWS * GRID_COLUMNS ||
            (i && e->cell_id[i] <= e->cell_id[i - 1])) {
            xmc_events_bad(r, "/cells/cell_id",
                           "strictly increasing values below %d; entry %zu is %u",
                           GRID_ROWS * GRID_COLUMNS, i, e->cell_id[i]);
            return;
        }
}

static void check_footprints(xmc_events_reader *r, const xmc_event_set *e) {
    if (e->offset[0] != 0 || e->offset[e->n_events] != e->n_footprint) {
        xmc_events_bad(r, "/footprint/offset",
                       "0 first and %llu, the length of /footprint/cell, last",
                       (unsigned long long)e->n_footprint);
        return;
    }
    /* All offsets first: the loop below walks by them. */
    for (size_t i = 0; i < e->n_events; i++)
        if (e->offset[i + 1] < e->offset[i]) {
            xmc_events_bad(r, "/footprint/offset", "values that do not fall; entry %zu does",
                           i + 1);
            return;
        }
    for (size_t i = 0; i < e->n_events; i++)
        for (uint64_t k = e->offset[i]; k < e->offset[i + 1]; k++) {
            if (e->footprint_cell[k] >= e->n_cells ||
                (k > e->offset[i] && e->footprint_cell[k] <= e->footprint_cell[k - 1])) {
                xmc_events_bad(
                    r, "/footprint/cell",
                    "strictly increasing indices below %zu inside an event; entry %llu (event %u) "
                    "is %u",
                    e->n_cells, (unsigned long long)k, e->event_id[i], e->footprint_cell[k]);
                return;
            }
            if (e->footprint_bin[k] > LARGEST_BIN) {
                xmc_events_bad(r, "/footprint/bin", "intensity bins up to %d; entry %llu is %u",
                               (int)LARGEST_BIN, (unsigned long long)k, e->footprint_bin[k]);
                return;
            }
        }
}

/* The year-event table: /years/offset (by year), /years/event, /years/day. */
static void read_years(xmc_events_reader *r, xmc_event_set *e) {
    size_t n_offset = SIZE_MAX, n = SIZE_MAX;
    e->year_offset =
        xmc_events_column(r, "/years/offset", H5T_INTEGER, H5T_NATIVE_UINT64, 8, &n_offset);
    e->year_event = xmc_events_column(r, "/years/event", H5T_INTEGER, H5T_NATIVE_UINT32, 4, &n);
    if (e->year_event)
        e->year_day = xmc_events_column(r, "/years/day", H5T_INTEGER, H5T_NATIVE_UINT16, 2, &n);
    if (r->worst != XMC_OK)
        return;
    if (n_offset < 2 || n_offset - 1 > UINT32_MAX || e->year_offset[0] != 0 ||
        e->year_offset[n_offset - 1] != n) {
        xmc_events_bad(r, "/years/offset", "at least two entries, 0 first and %zu last", n);
        return;
    }
    for (size_t y = 1; y < n_offset; y++)
        if (e->year_offset[y] < e->year_offset[y - 1]) {
            xmc_events_bad(r, "/years/offset", "values that do not fall; entry %zu does", y);
            return;
        }
    for (size_t i = 0; i < n; i++)
        if (e->year_event[i] >= e->n_events || e->year_day[i] < 1 || e->year_day[i] > DAYS) {
            xmc_events_bad(r, "/years/event",
                           "indices below %zu and days from 1 to 365; entry %zu is %u on day %u",
                           e->n_events, i, e->year_event[i], e->year_day[i]);
            return;
        }
    e->n_years = n_offset - 1;
}

static void read_all(xmc_events_reader *r, xmc_event_set *e) {
    size_t n = SIZE_MAX, n_cells = SIZE_MAX, n_footprint = SIZE_MAX;
    const int schema = check_attributes(r, e);
    if (!schema)
        return;
    e->event_id = xmc_events_column(r, "/events/event_id", H5T_INTEGER, H5T_NATIVE_UINT32, 4, &n);
    if (!e->event_id)
        return;
    e->n_events = n;
    e->peril = xmc_events_column(r, "/events/peril", H5T_INTEGER, H5T_NATIVE_UINT64, 8, &n);
    e->rate = xmc_events_column(r, "/events/rate", H5T_FLOAT, H5T_NATIVE_DOUBLE, 8, &n);
    e->day_first = xmc_events_column(r, "/events/day_first", H5T_INTEGER, H5T_NATIVE_UINT16, 2, &n);
    e->day_last = xmc_events_column(r, "/events/day_last", H5T_INTEGER, H5T_NATIVE_UINT16, 2, &n);
    if (xmc_events_there(r, "/years"))
        read_years(r, e);
    if (schema == 2) {
        if (r->worst == XMC_OK && !n)
            xmc_events_bad(r, "/events/event_id", "at least one event");
        if (r->worst == XMC_OK && xmc_hazard_read(r, e) == XMC_OK)
            check_events(r, e);
        return;
    }
    e->cell_id =
        xmc_events_column(r, "/cells/cell_id", H5T_INTEGER, H5T_NATIVE_UINT32, 4, &n_cells);
    size_t n_offset = n + 1;
    e->offset =
        xmc_events_column(r, "/footprint/offset", H5T_INTEGER, H5T_NATIVE_UINT64, 8, &n_offset);
    e->footprint_cell =
        xmc_events_column(r, "/footprint/cell", H5T_INTEGER, H5T_NATIVE_UINT32, 4, &n_footprint);
    if (e->footprint_cell)
        e->footprint_bin =
            xmc_events_column(r, "/footprint/bin", H5T_INTEGER, H5T_NATIVE_UINT16, 2, &n_footprint);
    if (r->worst != XMC_OK)
        return;
    e->n_cells = n_cells;
    e->n_footprint = n_footprint;
    if (!n) {
        xmc_events_bad(r, "/events/event_id", "at least one event");
        return;
    }
    check_events(r, e);
    check_cells(r, e);
    check_footprints(r, e);
}

xmc_status xmc_load_events(xmc_loader *l, const xmc_file_ref *ref) {
    xmc_status st = xmc_load_digest(l, ref);
    if (st != XMC_OK)
        return st;
    const xmc_h5_errors before = xmc_h5_errors_off();
    /* Whatever a damaged file leaves open goes with the file. */
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    xmc_events_reader r = {
        .diag = l->diag, .path = ref->path, .file = H5Fopen(ref->path, H5F_ACC_RDONLY, access)};
    if (r.file < 0) {
        char says[XMC_EVENTS_SAYS];
        xmc_events_bad(&r, NULL, "a complete HDF5 file: %s", xmc_events_says(says));
    } else {
        l->a->events.source = ref->path;
        read_all(&r, &l->a->events);
        H5Fclose(r.file);
    }
    H5Pclose(access);
    xmc_h5_errors_back(before);
    return r.worst;
}

bool xmc_events_have_vulnerability(const char *path) {
    const xmc_h5_errors before = xmc_h5_errors_off();
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    bool there = false;
    if (file >= 0) {
        there = H5Lexists(file, "vulnerability", H5P_DEFAULT) > 0;
        H5Fclose(file);
    }
    H5Eclear2(H5E_DEFAULT);
    xmc_h5_errors_back(before);
    return there;
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
    free(e->loss);
    free(e->year_offset);
    free(e->year_event);
    free(e->year_day);
    if (e->hazard)
        xmc_hazard_free(e->hazard);
    *e = (xmc_event_set){0};
}
