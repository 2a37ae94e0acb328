/* Event sets of schema 2, written and read; checked completely, since everything after indexes by
 * them. */
#include "scenarios/hazard/hazard_read.h"
#include "scenarios/perils.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const name_of[XMC_HAZARD_NAMES] = {"PortNumber", "AccNumber", "LocNumber"};

/* ---- writing ---- */

/* Keys are rows in memory and columns in the file. */
typedef struct {
    uint32_t *location, *area, *function;
    uint8_t *peril, *cover, *state;
} columns;

static void *own(size_t n, size_t size) {
    return malloc(n * size + 1);
}

static bool split_keys(const xmc_hazard *h, columns *k) {
    const size_t n = h->n_keys;
    *k = (columns){own(n, 4), own(n, 4), own(n, 4), own(n, 1), own(n, 1), own(n, 1)};
    if (!k->location || !k->area || !k->function || !k->peril || !k->cover || !k->state)
        return false;
    for (size_t i = 0; i < n; i++) {
        k->location[i] = h->keys[i].location;
        k->area[i] = h->keys[i].area;
        k->function[i] = h->keys[i].function;
        k->peril[i] = h->keys[i].peril;
        k->cover[i] = (uint8_t)(h->keys[i].cover + 1);
        k->state[i] = h->keys[i].state;
    }
    return true;
}

static void free_columns(columns *k) {
    free(k->location);
    free(k->area);
    free(k->function);
    free(k->peril);
    free(k->cover);
    free(k->state);
}

static int put_u32(hid_t g, const char *name, uint64_t n, const uint32_t *x) {
    return xmc_events_put(g, name, H5T_STD_U32LE, H5T_NATIVE_UINT32, n, x);
}
static int put_u64(hid_t g, const char *name, uint64_t n, const uint64_t *x) {
    return xmc_events_put(g, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, n, x);
}
static int put_u16(hid_t g, const char *name, uint64_t n, const uint16_t *x) {
    return xmc_events_put(g, name, H5T_STD_U16LE, H5T_NATIVE_UINT16, n, x);
}
static int put_u8(hid_t g, const char *name, uint64_t n, const uint8_t *x) {
    return xmc_events_put(g, name, H5T_STD_U8LE, H5T_NATIVE_UINT8, n, x);
}
static int put_f64(hid_t g, const char *name, uint64_t n, const double *x) {
    return xmc_events_put(g, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, n, x);
}

static int put_names(hid_t g, const xmc_hazard *h) {
    int ok = 1;
    for (int k = 0; k < XMC_HAZARD_NAMES && ok; k++) {
        hid_t type = H5Tcopy(H5T_C_S1);
        ok = type >= 0 && H5Tset_size(type, h->name_size[k]) >= 0 &&
             H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
             xmc_events_put(g, name_of[k], type, type, h->n_locations, h->name[k]);
        if (type >= 0)
            H5Tclose(type);
    }
    return ok;
}

static int write_groups(hid_t file, const xmc_event_set *e, const columns *k, hid_t plist) {
    enum {
        EVENTS,
        AREAS,
        FOOTPRINT,
        DISTRIBUTIONS,
        DAMAGE,
        VULNERABILITY,
        KEYS,
        LOCATIONS,
        YEARS,
        N
    };
    static const char *const name[N] = {"events",        "areas",       "footprint",
                                        "distributions", "damage_bins", "vulnerability",
                                        "keys",          "locations",   "years"};
    const xmc_hazard *h = e->hazard;
    const uint64_t n = e->n_events, rows = (uint64_t)h->n_functions * h->n_intensity_bins;
    hid_t g[N];
    int ok = 1;
    for (int i = 0; i < N; i++) {
        g[i] = i == YEARS && !e->n_years
                   ? -1
                   : H5Gcreate2(file, name[i], H5P_DEFAULT, plist, H5P_DEFAULT);
        ok = ok && (g[i] >= 0 || (i == YEARS && !e->n_years));
    }
    const uint32_t bins = (uint32_t)h->n_intensity_bins;
    ok = ok && put_u32(g[EVENTS], "event_id", n, e->event_id) &&
         put_u64(g[EVENTS], "peril", n, e->peril) && put_f64(g[EVENTS], "rate", n, e->rate) &&
         put_u16(g[EVENTS], "day_first", n, e->day_first) &&
         put_u16(g[EVENTS], "day_last", n, e->day_last) &&
         put_u32(g[AREAS], "area_id", h->n_areas, h->area_id) &&
         put_u64(g[FOOTPRINT], "offset", n + 1, h->offset) &&
         put_u32(g[FOOTPRINT], "area", h->n_entries, h->entry_area) &&
         put_u32(g[FOOTPRINT], "distribution", h->n_entries, h->entry_distribution) &&
         put_u64(g[DISTRIBUTIONS], "offset", h->n_distributions + 1, h->distribution_offset) &&
         put_u16(g[DISTRIBUTIONS], "bin", h->distribution_offset[h->n_distributions], h->bin) &&
         put_f64(g[DISTRIBUTIONS], "probability", h->distribution_offset[h->n_distributions],
                 h->probability) &&
         put_f64(g[DAMAGE], "from", h->n_damage_bins, h->damage_from) &&
         put_f64(g[DAMAGE], "to", h->n_damage_bins, h->damage_to) &&
         put_u32(g[VULNERABILITY], "function_id", h->n_functions, h->function_id) &&
         put_u64(g[VULNERABILITY], "offset", rows + 1, h->row_offset) &&
         put_u16(g[VULNERABILITY], "damage_bin", h->row_offset[rows], h->row_bin) &&
         put_f64(g[VULNERABILITY], "probability", h->row_offset[rows], h->row_probability) &&
         xmc_events_attribute(g[VULNERABILITY], "intensity_bins", H5T_STD_U32LE, H5T_NATIVE_UINT32,
                              &bins) &&
         put_u64(g[KEYS], "peril_bits", h->n_perils, h->perils) &&
         put_u32(g[KEYS], "location", h->n_keys, k->location) &&
         put_u32(g[KEYS], "area", h->n_keys, k->area) &&
         put_u32(g[KEYS], "function", h->n_keys, k->function) &&
         put_u8(g[KEYS], "peril", h->n_keys, k->peril) &&
         put_u8(g[KEYS], "coverage", h->n_keys, k->cover) &&
         put_u8(g[KEYS], "state", h->n_keys, k->state) && put_names(g[LOCATIONS], h);
    if (ok && e->n_years)
        ok = put_u64(g[YEARS], "offset", e->n_years + 1, e->year_offset) &&
             put_u32(g[YEARS], "event", e->year_offset[e->n_years], e->year_event) &&
             put_u16(g[YEARS], "day", e->year_offset[e->n_years], e->year_day);
    for (int i = 0; i < N; i++)
        if (g[i] >= 0)
            H5Gclose(g[i]);
    return ok;
}

xmc_status xmc_hazard_write(const char *path, const char *title, const xmc_event_set *e,
                            xmc_diag *diag) {
    columns k = {0};
    if (!split_keys(e->hazard, &k)) {
        free_columns(&k);
        return xmc_no_memory(diag, e->hazard->n_keys * 15, path);
    }
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) {
        free_columns(&k);
        return xmc_error(diag, XMC_SYSTEM, "%s: cannot create the event-set file", path);
    }
    hid_t plist = H5Pcreate(H5P_GROUP_CREATE), string = H5Tcopy(H5T_C_S1);
    const uint32_t version = 2;
    int ok =
        plist >= 0 && string >= 0 && H5Pset_obj_track_times(plist, 0) >= 0 &&
        H5Tset_size(string, strlen(title) + 1) >= 0 && H5Tset_cset(string, H5T_CSET_UTF8) >= 0 &&
        xmc_events_attribute(file, "schema_version", H5T_STD_U32LE, H5T_NATIVE_UINT32, &version) &&
        xmc_events_attribute(file, "title", string, string, title) &&
        write_groups(file, e, &k, plist);
    if (plist >= 0)
        H5Pclose(plist);
    if (string >= 0)
        H5Tclose(string);
    ok = H5Fclose(file) >= 0 && ok;
    free_columns(&k);
    return ok ? XMC_OK
              : xmc_error(diag, XMC_SYSTEM, "%s: cannot write the event set (disk full?)", path);
}

/* ---- reading ---- */

static uint32_t *get_u32(xmc_events_reader *r, const char *name, size_t *n) {
    return xmc_events_column(r, name, H5T_INTEGER, H5T_NATIVE_UINT32, 4, n);
}
static uint64_t *get_u64(xmc_events_reader *r, const char *name, size_t *n) {
    return xmc_events_column(r, name, H5T_INTEGER, H5T_NATIVE_UINT64, 8, n);
}
static uint16_t *get_u16(xmc_events_reader *r, const char *name, size_t *n) {
    return xmc_events_column(r, name, H5T_INTEGER, H5T_NATIVE_UINT16, 2, n);
}
static uint8_t *get_u8(xmc_events_reader *r, const char *name, size_t *n) {
    return xmc_events_column(r, name, H5T_INTEGER, H5T_NATIVE_UINT8, 1, n);
}
static double *get_f64(xmc_events_reader *r, const char *name, size_t *n) {
    return xmc_events_column(r, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, 8, n);
}

/* n + 1 offsets from 0 to `last` that do not fall. */
static bool offsets_ok(xmc_events_reader *r, const char *name, const uint64_t *offset, size_t n,
                       uint64_t last) {
    bool ok = offset[0] == 0 && offset[n] == last;
    for (size_t i = 0; i < n && ok; i++)
        ok = offset[i] <= offset[i + 1];
    if (!ok)
        xmc_events_bad(r, name, "values from 0 to %llu that do not fall", (unsigned long long)last);
    return ok;
}

static bool increasing(xmc_events_reader *r, const char *name, const uint32_t *x, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (x[i] <= x[i - 1]) {
            xmc_events_bad(r, name, "strictly increasing values; entry %zu is %u after %u", i, x[i],
                           x[i - 1]);
            return false;
        }
    return true;
}

/* Rows of probabilities with the sum one; an empty row only where it may be. */
static bool sums_ok(xmc_events_reader *r, const char *name, const uint64_t *offset, size_t n,
                    const double *p, bool may_be_empty) {
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        bool ok = true;
        for (uint64_t k = offset[i]; k < offset[i + 1]; k++) {
            sum += p[k];
            ok &= p[k] >= 0;
        }
        if (offset[i] == offset[i + 1] ? !may_be_empty
                                       : !ok || !(fabs(sum - 1) <= XMC_HAZARD_SUM_TOLERANCE)) {
            xmc_events_bad(r, name, "probabilities >= 0 with the sum 1 in row %zu, found %.9g", i,
                           sum);
            return false;
        }
    }
    return true;
}

static void read_hazard(xmc_events_reader *r, const xmc_event_set *e, xmc_hazard *h) {
    size_t n = SIZE_MAX, events = e->n_events + 1;
    h->area_id = get_u32(r, "/areas/area_id", &n);
    h->n_areas = n;
    h->offset = get_u64(r, "/footprint/offset", &events);
    n = SIZE_MAX;
    h->entry_area = get_u32(r, "/footprint/area", &n);
    if (h->entry_area)
        h->entry_distribution = get_u32(r, "/footprint/distribution", &n);
    h->n_entries = n;
    n = SIZE_MAX;
    h->distribution_offset = get_u64(r, "/distributions/offset", &n);
    h->n_distributions = n - 1;
    n = SIZE_MAX;
    h->bin = get_u16(r, "/distributions/bin", &n);
    if (h->bin)
        h->probability = get_f64(r, "/distributions/probability", &n);
    const size_t n_bin = n;
    n = SIZE_MAX;
    h->damage_from = get_f64(r, "/damage_bins/from", &n);
    if (h->damage_from)
        h->damage_to = get_f64(r, "/damage_bins/to", &n);
    h->n_damage_bins = n;
    n = SIZE_MAX;
    h->function_id = get_u32(r, "/vulnerability/function_id", &n);
    h->n_functions = n;
    n = SIZE_MAX;
    h->row_offset = get_u64(r, "/vulnerability/offset", &n);
    const size_t n_offset = n;
    n = SIZE_MAX;
    h->row_bin = get_u16(r, "/vulnerability/damage_bin", &n);
    if (h->row_bin)
        h->row_probability = get_f64(r, "/vulnerability/probability", &n);
    const size_t n_row = n;
    if (r->worst != XMC_OK)
        return;
    if (!h->n_areas || !h->n_distributions || h->n_distributions == SIZE_MAX || !h->n_functions ||
        !h->n_damage_bins || h->n_damage_bins > XMC_HAZARD_MOST_DAMAGE_BINS || n_offset < 2 ||
        (n_offset - 1) % h->n_functions) {
        xmc_events_bad(
            r, NULL,
            "at least one area, distribution, damage bin (at most %d) and function, and a "
            "row of /vulnerability/offset for each intensity bin of each function",
            (int)XMC_HAZARD_MOST_DAMAGE_BINS);
        return;
    }
    h->n_intensity_bins = (n_offset - 1) / h->n_functions;
    if (!increasing(r, "/areas/area_id", h->area_id, h->n_areas) ||
        !increasing(r, "/vulnerability/function_id", h->function_id, h->n_functions) ||
        !offsets_ok(r, "/footprint/offset", h->offset, e->n_events, h->n_entries) ||
        !offsets_ok(r, "/distributions/offset", h->distribution_offset, h->n_distributions,
                    n_bin) ||
        !offsets_ok(r, "/vulnerability/offset", h->row_offset, n_offset - 1, n_row) ||
        !sums_ok(r, "/distributions/probability", h->distribution_offset, h->n_distributions,
                 h->probability, false) ||
        !sums_ok(r, "/vulnerability/probability", h->row_offset, n_offset - 1, h->row_probability,
                 true))
        return;
    for (size_t i = 0; i < n_bin; i++)
        if (h->bin[i] > XMC_HAZARD_LARGEST_BIN) {
            xmc_events_bad(r, "/distributions/bin", "bins up to %d; entry %zu is %u",
                           (int)XMC_HAZARD_LARGEST_BIN, i, h->bin[i]);
            return;
        }
    for (size_t i = 0; i < n_row; i++)
        if (h->row_bin[i] >= h->n_damage_bins) {
            xmc_events_bad(r, "/vulnerability/damage_bin", "indices below %zu; entry %zu is %u",
                           h->n_damage_bins, i, h->row_bin[i]);
            return;
        }
    for (size_t i = 0; i < h->n_damage_bins; i++)
        if (!(h->damage_from[i] >= 0 && h->damage_from[i] <= h->damage_to[i] &&
              h->damage_to[i] <= 1) ||
            (i && (h->damage_from[i] < h->damage_from[i - 1] ||
                   h->damage_to[i] < h->damage_to[i - 1]))) {
            xmc_events_bad(r, "/damage_bins/from",
                           "0 <= from <= to <= 1, ascending; entry %zu is not", i);
            return;
        }
    for (size_t i = 0; i < e->n_events; i++)
        for (uint64_t k = h->offset[i]; k < h->offset[i + 1]; k++)
            if (h->entry_area[k] >= h->n_areas || h->entry_distribution[k] >= h->n_distributions ||
                (k > h->offset[i] && h->entry_area[k] <= h->entry_area[k - 1])) {
                xmc_events_bad(r, "/footprint/area",
                               "strictly increasing indices below %zu inside an event, and "
                               "distributions below %zu; entry %llu (event %u) is %u, %u",
                               h->n_areas, h->n_distributions, (unsigned long long)k,
                               e->event_id[i], h->entry_area[k], h->entry_distribution[k]);
                return;
            }
}

static bool key_ok(const xmc_hazard *h, const columns *c, size_t i) {
    if (c->location[i] >= h->n_locations || c->peril[i] >= h->n_perils || c->cover[i] < 1 ||
        c->cover[i] > XMC_N_COVERS || c->state[i] >= XMC_N_KEY_STATES)
        return false;
    if (c->state[i] == XMC_KEY_OK && (c->area[i] >= h->n_areas || c->function[i] >= h->n_functions))
        return false;
    if (i == 0)
        return true;
    if (c->location[i] != c->location[i - 1])
        return c->location[i] > c->location[i - 1];
    if (c->peril[i] != c->peril[i - 1])
        return c->peril[i] > c->peril[i - 1];
    return c->cover[i] > c->cover[i - 1];
}

/* Names of location i against those of location j. */
static int compare_names(const xmc_hazard *h, size_t i, size_t j) {
    for (int k = 0; k < XMC_HAZARD_NAMES; k++) {
        int c = strcmp(h->name[k] + i * h->name_size[k], h->name[k] + j * h->name_size[k]);
        if (c)
            return c;
    }
    return 0;
}

static void read_keys(xmc_events_reader *r, xmc_hazard *h) {
    size_t n_perils = SIZE_MAX, n = SIZE_MAX;
    uint64_t *bits = get_u64(r, "/keys/peril_bits", &n_perils);
    for (int k = 0; k < XMC_HAZARD_NAMES; k++) {
        char path[64];
        size_t m = k ? h->n_locations : SIZE_MAX;
        snprintf(path, sizeof path, "/locations/%s", name_of[k]);
        h->name[k] = xmc_events_strings(r, path, &m, &h->name_size[k]);
        h->n_locations = m;
        if (!h->name[k]) {
            free(bits);
            return;
        }
    }
    columns c = {.location = get_u32(r, "/keys/location", &n)};
    if (c.location) {
        c.area = get_u32(r, "/keys/area", &n);
        c.function = get_u32(r, "/keys/function", &n);
        c.peril = get_u8(r, "/keys/peril", &n);
        c.cover = get_u8(r, "/keys/coverage", &n);
        c.state = get_u8(r, "/keys/state", &n);
    }
    if (r->worst == XMC_OK && (n_perils < 1 || n_perils > XMC_HAZARD_PERILS))
        xmc_events_bad(r, "/keys/peril_bits", "1 to %d perils, found %zu", (int)XMC_HAZARD_PERILS,
                       n_perils);
    for (size_t i = 0; r->worst == XMC_OK && i < n_perils; i++) {
        if (!xmc_peril_code(bits[i]) || (i && bits[i] <= bits[i - 1]))
            xmc_events_bad(r, "/keys/peril_bits", "one OED peril bit (or XCY) each, ascending");
        h->perils[i] = bits[i];
    }
    h->n_perils = n_perils;
    for (size_t i = 1; r->worst == XMC_OK && i < h->n_locations; i++)
        if (compare_names(h, i - 1, i) >= 0)
            xmc_events_bad(r, "/locations/LocNumber",
                           "distinct names in ascending order; entry %zu is not", i);
    for (size_t i = 0; r->worst == XMC_OK && i < n; i++)
        if (!key_ok(h, &c, i))
            xmc_events_bad(r, "/keys/location",
                           "rows by (location, peril, coverage), each once, with indices in range; "
                           "entry %zu is not such",
                           i);
    if (r->worst == XMC_OK && !(h->keys = calloc(n + 1, sizeof *h->keys)))
        r->worst = xmc_no_memory(r->diag, n * sizeof *h->keys, r->path);
    for (size_t i = 0; h->keys && i < n; i++)
        h->keys[i] = (xmc_key){
            c.location[i], c.area[i], c.function[i], c.peril[i], (uint8_t)(c.cover[i] - 1),
            c.state[i]};
    h->n_keys = n;
    free(bits);
    free_columns(&c);
}

/* An event's perils are among the model's. */
static void check_perils(xmc_events_reader *r, const xmc_event_set *e) {
    const xmc_hazard *h = e->hazard;
    xmc_perils all = 0;
    for (size_t i = 0; i < h->n_perils; i++)
        all |= h->perils[i];
    for (size_t i = 0; i < e->n_events; i++)
        if (!e->peril[i] || (e->peril[i] & ~all)) {
            xmc_events_bad(r, "/events/peril", "perils of /keys/peril_bits; entry %zu is 0x%llx", i,
                           (unsigned long long)e->peril[i]);
            return;
        }
}

xmc_status xmc_hazard_read(xmc_events_reader *r, xmc_event_set *e) {
    e->hazard = calloc(1, sizeof *e->hazard);
    if (!e->hazard)
        return r->worst = xmc_no_memory(r->diag, sizeof *e->hazard, r->path);
    read_hazard(r, e, e->hazard);
    if (r->worst == XMC_OK)
        read_keys(r, e->hazard);
    if (r->worst == XMC_OK)
        check_perils(r, e);
    return r->worst;
}

void xmc_hazard_free(xmc_hazard *h) {
    free(h->area_id);
    free(h->offset);
    free(h->entry_area);
    free(h->entry_distribution);
    free(h->distribution_offset);
    free(h->bin);
    free(h->probability);
    free(h->damage_from);
    free(h->damage_to);
    free(h->function_id);
    free(h->row_offset);
    free(h->row_bin);
    free(h->row_probability);
    for (int k = 0; k < XMC_HAZARD_NAMES; k++)
        free(h->name[k]);
    free(h->keys);
    free(h->location_cell);
    free(h->location_class);
    free(h->mix);
    free(h);
}
