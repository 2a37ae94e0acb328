/* Keys of an Oasis model: which area and which vulnerability function each (location, peril,
 * coverage) takes. From a keys file, or from the model's own dictionaries: areas are boxes of
 * latitude and longitude, functions go by attributes of the location. */
#include "kernels/vmath.h"
#include "scenarios/hazard/oasis_internal.h"
#include "scenarios/perils.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ID 4294967294.0

/* Attributes that a vulnerability dictionary may go by; OED's name and default. */
enum { OCCUPANCY, CONSTRUCTION, STOREYS, BUILT, N_ATTRIBUTES };
static const char *const attribute_name[N_ATTRIBUTES] = {"OccupancyCode", "ConstructionCode",
                                                         "NumberOfStoreys", "YearBuilt"};
static const int32_t attribute_default[N_ATTRIBUTES] = {1000, 5000, 0, 0};

typedef struct {
    char *port, *acc, *loc;
    double latitude, longitude;
    xmc_perils perils;
    int32_t attribute[N_ATTRIBUTES];
    uint8_t insured; /* bit per coverage with a sum insured */
    uint32_t row;    /* from 1, over all files: LocID of a keys file */
} exposure;

typedef struct {
    xmc_perils peril;
    uint8_t cover;
    double low[2], high[2]; /* latitude, longitude */
    uint32_t id, line;
    int64_t band; /* of the lower latitude; for the search */
} area;

typedef struct {
    xmc_perils peril;
    uint8_t cover;
    int32_t attribute[N_ATTRIBUTES];
    uint32_t id, line;
} rule;

typedef struct {
    xmc_oasis *m;
    exposure *locations;
    size_t n_locations, location_capacity;
    area *areas;
    size_t n_areas, area_capacity;
    double height; /* of the tallest area */
    rule *rules;
    size_t n_rules, rule_capacity;
    bool by[N_ATTRIBUTES];  /* attributes that the dictionary has */
    uint32_t **of_location; /* not owned */
} keys;

static int compare_exposures(const void *x, const void *y) {
    const exposure *a = x, *b = y;
    int c = strcmp(a->port, b->port);
    c = c ? c : strcmp(a->acc, b->acc);
    return c ? c : strcmp(a->loc, b->loc);
}

/* ---- exposure ---- */

static char *copy_text(xmc_table *t, size_t column) {
    size_t n;
    const char *s = xmc_cell_text(t, column, &n);
    if (n >= 500) {
        xmc_cell_error(t, column, "at most 499 bytes");
        n = 0;
    }
    char *own = malloc(n + 1);
    if (own) {
        memcpy(own, s, n);
        own[n] = 0;
    }
    return own;
}

static xmc_status read_exposure(keys *k, const char *path) {
    enum {
        PORT,
        ACC,
        LOC,
        LATITUDE,
        LONGITUDE,
        PERILS,
        TIV,
        ATTRIBUTE = TIV + XMC_N_COVERS,
        N = ATTRIBUTE + N_ATTRIBUTES
    };
    xmc_column columns[N] = {[PORT] = {"PortNumber", true},
                             [ACC] = {"AccNumber", true},
                             [LOC] = {"LocNumber", true},
                             [LATITUDE] = {"Latitude", false},
                             [LONGITUDE] = {"Longitude", false},
                             [PERILS] = {"LocPerilsCovered", true},
                             [TIV + XMC_COVER_BUILDING] = {"BuildingTIV", true},
                             [TIV + XMC_COVER_OTHER] = {"OtherTIV", false},
                             [TIV + XMC_COVER_CONTENTS] = {"ContentsTIV", false},
                             [TIV + XMC_COVER_BI] = {"BITIV", false}};
    for (int i = 0; i < N_ATTRIBUTES; i++)
        columns[ATTRIBUTE + i] = (xmc_column){attribute_name[i], false};
    xmc_diag quiet; /* OED has hundreds of columns: no word about those that keys do not need */
    xmc_diag_init(&quiet);
    xmc_table *t;
    xmc_status status = xmc_table_open(path, columns, N, &quiet, &t);
    while (status == XMC_OK && xmc_table_next(t)) {
        exposure x = {.port = copy_text(t, PORT),
                      .acc = copy_text(t, ACC),
                      .loc = copy_text(t, LOC),
                      .latitude = xmc_cell_number(t, LATITUDE, NAN, -90, 90),
                      .longitude = xmc_cell_number(t, LONGITUDE, NAN, -180, 180),
                      .row = (uint32_t)k->n_locations + 1};
        size_t n;
        const char *codes = xmc_cell_text(t, PERILS, &n);
        if (n && !xmc_perils_parse(codes, n, &x.perils))
            xmc_cell_error(t, PERILS, "OED peril codes joined by ';', such as WW1;OO1");
        for (int c = 0; c < XMC_N_COVERS; c++)
            x.insured |= (uint8_t)((xmc_cell_number(t, TIV + (size_t)c, 0, 0, INFINITY) > 0) << c);
        for (size_t i = 0; i < N_ATTRIBUTES; i++)
            x.attribute[i] =
                (int32_t)xmc_cell_integer(t, ATTRIBUTE + i, attribute_default[i], 0, INT32_MAX);
        if (!x.port || !x.acc || !x.loc ||
            !xmc_oasis_grow((void **)&k->locations, k->n_locations, &k->location_capacity, sizeof x,
                            k->m->diag)) {
            status = xmc_no_memory(k->m->diag, sizeof x, path);
            free(x.port);
            free(x.acc);
            free(x.loc);
            break;
        }
        k->locations[k->n_locations++] = x; /* rows with errors too: LocID counts them */
    }
    const xmc_status closed = xmc_table_close(t, NULL);
    status = status == XMC_OK ? closed : status;
    xmc_diag_errors(k->m->diag, &quiet);
    xmc_diag_free(&quiet);
    return status;
}

/* ---- dictionaries ---- */

/* One peril and one coverage; false, reported. */
static bool read_peril_cover(xmc_table *t, size_t peril, size_t cover, xmc_perils *p, uint8_t *c) {
    size_t n;
    const char *code = xmc_cell_text(t, peril, &n);
    *p = 0;
    if (n && (!xmc_perils_parse(code, n, p) || !xmc_peril_code(*p)))
        xmc_cell_error(t, peril, "one OED peril code, such as WTC, no group");
    const int64_t x = xmc_cell_integer(t, cover, 1, 1, XMC_N_COVERS);
    *c = (uint8_t)(x - 1); /* OED's order: building, other, contents, interruption */
    return xmc_row_ok(t);
}

static int compare_areas(const void *x, const void *y) {
    const area *a = x, *b = y;
    if (a->peril != b->peril)
        return a->peril < b->peril ? -1 : 1;
    if (a->cover != b->cover)
        return a->cover < b->cover ? -1 : 1;
    if (a->low[0] != b->low[0])
        return a->low[0] < b->low[0] ? -1 : 1;
    if (a->low[1] != b->low[1])
        return a->low[1] < b->low[1] ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static xmc_status read_areas(keys *k, const char *path) {
    enum { PERIL, COVER, CORNER, ID = CORNER + 8, N };
    static const xmc_column columns[N] = {
        [PERIL] = {"PERIL_ID", true},  [COVER] = {"COVERAGE_TYPE", true},
        [CORNER] = {"LON1", true},     [CORNER + 1] = {"LAT1", true},
        [CORNER + 2] = {"LON2", true}, [CORNER + 3] = {"LAT2", true},
        [CORNER + 4] = {"LON3", true}, [CORNER + 5] = {"LAT3", true},
        [CORNER + 6] = {"LON4", true}, [CORNER + 7] = {"LAT4", true},
        [ID] = {"AREA_PERIL_ID", true}};
    xmc_table *t;
    xmc_status status = xmc_table_open(path, columns, N, k->m->diag, &t);
    while (status == XMC_OK && xmc_table_next(t)) {
        area a = {.line = (uint32_t)xmc_row_line(t), .low = {91, 181}, .high = {-91, -181}};
        double at[8];
        read_peril_cover(t, PERIL, COVER, &a.peril, &a.cover);
        for (size_t c = 0; c < 8; c++) {
            const size_t axis = c % 2 ? 0 : 1;
            at[c] = xmc_cell_number(t, CORNER + c, 0, axis ? -180 : -90, axis ? 180 : 90);
            a.low[axis] = at[c] < a.low[axis] ? at[c] : a.low[axis];
            a.high[axis] = at[c] > a.high[axis] ? at[c] : a.high[axis];
        }
        a.id = (uint32_t)xmc_cell_integer(t, ID, 1, 1, (int64_t)MOST_ID);
        if (!xmc_row_ok(t))
            continue;
        /* Each corner of the box must be there: anything else is not a box. */
        unsigned corners = 0;
        for (size_t c = 0; c < 8; c += 2) {
            const bool right = at[c] == a.high[1], upper = at[c + 1] == a.high[0];
            if ((right || at[c] == a.low[1]) && (upper || at[c + 1] == a.low[0]))
                corners |= 1u << (2 * upper + right);
        }
        if (corners != 15) {
            xmc_cell_error(t, CORNER, "the four corners of a box of latitude and longitude");
            continue;
        }
        const double height = a.high[0] - a.low[0];
        k->height = k->height > height ? k->height : height;
        if (!xmc_oasis_grow((void **)&k->areas, k->n_areas, &k->area_capacity, sizeof a,
                            k->m->diag))
            status = XMC_SYSTEM;
        else
            k->areas[k->n_areas++] = a;
    }
    const xmc_status closed = xmc_table_close(t, NULL);
    if (k->n_areas)
        qsort(k->areas, k->n_areas, sizeof *k->areas, compare_areas);
    return status == XMC_OK ? closed : status;
}

static int compare_rules(const void *x, const void *y) {
    const rule *a = x, *b = y;
    if (a->peril != b->peril)
        return a->peril < b->peril ? -1 : 1;
    if (a->cover != b->cover)
        return a->cover < b->cover ? -1 : 1;
    for (int i = 0; i < N_ATTRIBUTES; i++)
        if (a->attribute[i] != b->attribute[i])
            return a->attribute[i] < b->attribute[i] ? -1 : 1;
    return 0;
}

static xmc_status read_rules(keys *k, const char *path) {
    enum { PERIL, COVER, ID, ATTRIBUTE, N = ATTRIBUTE + N_ATTRIBUTES };
    xmc_column columns[N] = {[PERIL] = {"PERIL_ID", true},
                             [COVER] = {"COVERAGE_TYPE", true},
                             [ID] = {"VULNERABILITY_ID", true}};
    for (int i = 0; i < N_ATTRIBUTES; i++)
        columns[ATTRIBUTE + i] = (xmc_column){attribute_name[i], false};
    xmc_table *t;
    xmc_status status = xmc_table_open(path, columns, N, k->m->diag, &t);
    for (size_t i = 0; status == XMC_OK && i < N_ATTRIBUTES; i++)
        k->by[i] = xmc_table_has(t, ATTRIBUTE + i);
    while (status == XMC_OK && xmc_table_next(t)) {
        rule r = {.line = (uint32_t)xmc_row_line(t)};
        read_peril_cover(t, PERIL, COVER, &r.peril, &r.cover);
        r.id = (uint32_t)xmc_cell_integer(t, ID, 1, 1, (int64_t)MOST_ID);
        for (size_t i = 0; i < N_ATTRIBUTES; i++)
            if (k->by[i])
                r.attribute[i] =
                    (int32_t)xmc_cell_integer(t, ATTRIBUTE + i, attribute_default[i], 0, INT32_MAX);
        if (xmc_row_ok(t) &&
            xmc_oasis_index(k->m->h->function_id, k->m->h->n_functions, r.id) == UINT32_MAX)
            xmc_cell_error(t, ID, "a vulnerability_id of the vulnerability file");
        if (!xmc_row_ok(t))
            continue;
        if (!xmc_oasis_grow((void **)&k->rules, k->n_rules, &k->rule_capacity, sizeof r,
                            k->m->diag))
            status = XMC_SYSTEM;
        else
            k->rules[k->n_rules++] = r;
    }
    const xmc_status closed = xmc_table_close(t, NULL);
    status = status == XMC_OK ? closed : status;
    if (k->n_rules)
        qsort(k->rules, k->n_rules, sizeof *k->rules, compare_rules);
    for (size_t i = 1; i < k->n_rules; i++)
        if (!compare_rules(&k->rules[i], &k->rules[i - 1]))
            status =
                xmc_bad_input(k->m->diag, (xmc_place){.file = path, .line = k->rules[i].line}, NULL,
                              "expected each (peril, coverage, attributes) once; line %u has "
                              "it already (attributes known here: OccupancyCode, "
                              "ConstructionCode, NumberOfStoreys, YearBuilt)",
                              k->rules[i - 1].line);
    return status;
}

/* The area of a place, or UINT32_MAX; a border belongs to the area above and to the right. Of
 * areas that overlap the one with the smallest number. */
static uint32_t find_area(const keys *k, const exposure *x, xmc_perils peril, uint8_t cover) {
    if (!isfinite(x->latitude) || !isfinite(x->longitude))
        return UINT32_MAX;
    const area first = {.peril = peril, .cover = cover, .low = {x->latitude - k->height, -181}};
    size_t lo = 0, hi = k->n_areas;
    while (lo < hi) {
        const size_t mid = (lo + hi) / 2;
        if (compare_areas(&k->areas[mid], &first) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    uint32_t best = UINT32_MAX;
    for (; lo < k->n_areas; lo++) {
        const area *a = &k->areas[lo];
        if (a->peril != peril || a->cover != cover || a->low[0] > x->latitude)
            break;
        if (x->latitude < a->high[0] && x->longitude >= a->low[1] && x->longitude < a->high[1] &&
            a->id < best)
            best = a->id;
    }
    return best;
}

static uint32_t find_rule(const keys *k, const exposure *x, xmc_perils peril, uint8_t cover) {
    rule want = {.peril = peril, .cover = cover};
    for (int i = 0; i < N_ATTRIBUTES; i++)
        want.attribute[i] = k->by[i] ? x->attribute[i] : 0;
    const rule *r =
        k->n_rules ? bsearch(&want, k->rules, k->n_rules, sizeof want, compare_rules) : NULL;
    return r ? r->id : UINT32_MAX;
}

/* ---- storing ---- */

static int compare_u32(const void *x, const void *y) {
    const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

static size_t distinct(uint32_t *ids, size_t n) {
    size_t k = 0;
    if (n)
        qsort(ids, n, sizeof *ids, compare_u32);
    for (size_t i = 0; i < n; i++)
        if (!k || ids[k - 1] != ids[i])
            ids[k++] = ids[i];
    return k;
}

static bool add_key(keys *k, size_t *capacity, const xmc_key *key) {
    xmc_hazard *h = k->m->h;
    if (!xmc_oasis_grow((void **)&h->keys, h->n_keys, capacity, sizeof *h->keys, k->m->diag))
        return false;
    h->keys[h->n_keys++] = *key;
    return true;
}

/* Perils of the model, from a mask. */
static xmc_status store_perils(keys *k, xmc_perils all, const char *path) {
    xmc_hazard *h = k->m->h;
    for (; all; all &= all - 1) {
        if (h->n_perils == XMC_HAZARD_PERILS)
            return xmc_error(k->m->diag, XMC_BAD_INPUT, "%s: expected at most %d perils in a model",
                             path, (int)XMC_HAZARD_PERILS);
        h->perils[h->n_perils++] = all & -all;
    }
    return h->n_perils
               ? XMC_OK
               : xmc_error(k->m->diag, XMC_BAD_INPUT, "%s: expected at least one row", path);
}

static xmc_status store_locations(keys *k) {
    xmc_hazard *h = k->m->h;
    const size_t n = k->n_locations;
    if (n)
        qsort(k->locations, n, sizeof *k->locations, compare_exposures);
    xmc_status status = XMC_OK;
    for (size_t i = 1; i < n; i++)
        if (!compare_exposures(&k->locations[i], &k->locations[i - 1]))
            status = xmc_error(k->m->diag, XMC_BAD_INPUT,
                               "exposure: expected each LocNumber of an account once; %s, %s, %s "
                               "stands in rows %u and %u",
                               k->locations[i].port, k->locations[i].acc, k->locations[i].loc,
                               k->locations[i - 1].row, k->locations[i].row);
    for (int c = 0; c < XMC_HAZARD_NAMES; c++) {
        size_t size = 1;
        for (size_t i = 0; i < n; i++) {
            const exposure *x = &k->locations[i];
            const size_t length = strlen(c == 0 ? x->port : c == 1 ? x->acc : x->loc);
            size = size > length ? size : length;
        }
        h->name_size[c] = size;
        h->name[c] = calloc(n + 1, size);
        if (!h->name[c])
            return xmc_no_memory(k->m->diag, n * size, "locations");
        for (size_t i = 0; i < n; i++) {
            const exposure *x = &k->locations[i];
            const char *s = c == 0 ? x->port : c == 1 ? x->acc : x->loc;
            memcpy(h->name[c] + i * size, s, strlen(s));
        }
    }
    h->n_locations = n;
    return status;
}

static xmc_status from_dictionaries(keys *k) {
    xmc_oasis *m = k->m;
    xmc_hazard *h = m->h;
    char *areas = xmc_oasis_find(m->o, "areaperil_dict", NULL, NULL),
         *rules = xmc_oasis_find(m->o, "vulnerability_dict", NULL, NULL);
    xmc_status status = XMC_OK;
    if (!areas || !rules)
        status = xmc_error(m->diag, XMC_BAD_INPUT,
                           "%s: expected areaperil_dict.csv and vulnerability_dict.csv, or --keys",
                           m->o->folder);
    if (status == XMC_OK) {
        status = read_areas(k, areas);
        const xmc_status read = read_rules(k, rules);
        status = status == XMC_OK ? read : status;
    }
    xmc_perils all = 0;
    for (size_t i = 0; i < k->n_areas; i++)
        all |= k->areas[i].peril;
    for (size_t i = 0; i < k->n_rules; i++)
        all |= k->rules[i].peril;
    if (status == XMC_OK)
        status = store_perils(k, all, areas);
    if (status == XMC_OK) {
        h->area_id = malloc((k->n_areas + 1) * sizeof *h->area_id);
        if (!h->area_id)
            status = xmc_no_memory(m->diag, k->n_areas * 4, "areas");
    }
    for (size_t i = 0; status == XMC_OK && i < k->n_areas; i++)
        h->area_id[i] = k->areas[i].id;
    if (status == XMC_OK)
        h->n_areas = distinct(h->area_id, k->n_areas);
    m->closed_areas = true;
    size_t capacity = 0;
    for (size_t i = 0; status == XMC_OK && i < k->n_locations; i++) {
        const exposure *x = &k->locations[i];
        for (size_t p = 0; p < h->n_perils; p++)
            for (uint32_t c = 0; c < XMC_N_COVERS; c++) {
                if (!(x->perils & h->perils[p]))
                    continue;
                const uint32_t at = find_area(k, x, h->perils[p], (uint8_t)c),
                               function = find_rule(k, x, h->perils[p], (uint8_t)c);
                const uint8_t state = function == UINT32_MAX ? XMC_KEY_NO_FUNCTION
                                      : at == UINT32_MAX     ? XMC_KEY_NO_AREA
                                                             : XMC_KEY_OK;
                if (state != XMC_KEY_OK && !(x->insured >> c & 1))
                    continue;
                xmc_key key = {(uint32_t)i, UINT32_MAX, UINT32_MAX, (uint8_t)p, (uint8_t)c, state};
                if (state == XMC_KEY_OK) {
                    key.area = xmc_oasis_index(h->area_id, h->n_areas, at);
                    key.function = xmc_oasis_index(h->function_id, h->n_functions, function);
                }
                if (!add_key(k, &capacity, &key))
                    status = XMC_SYSTEM;
            }
    }
    free(areas);
    free(rules);
    return status;
}

/* ---- a keys file ---- */

typedef struct {
    uint32_t row, area, function, line;
    xmc_perils peril;
    uint8_t cover;
} given;

static int compare_given(const void *x, const void *y) {
    const given *a = x, *b = y;
    if (a->row != b->row) /* by now the index among the sorted locations */
        return a->row < b->row ? -1 : 1;
    if (a->peril != b->peril)
        return a->peril < b->peril ? -1 : 1;
    if (a->cover != b->cover)
        return a->cover < b->cover ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static xmc_status from_file(keys *k) {
    enum { LOC, PERIL, COVER, AREA, FUNCTION, N };
    static const xmc_column columns[N] = {[LOC] = {"LocID", true},
                                          [PERIL] = {"PerilID", true},
                                          [COVER] = {"CoverageTypeID", true},
                                          [AREA] = {"AreaPerilID", true},
                                          [FUNCTION] = {"VulnerabilityID", true}};
    xmc_oasis *m = k->m;
    xmc_hazard *h = m->h;
    const char *path = m->o->keys;
    given *rows = NULL;
    size_t n = 0, capacity = 0;
    uint32_t *place = calloc(k->n_locations + 1, sizeof *place); /* by row of the exposure */
    for (size_t i = 0; place && i < k->n_locations; i++)
        place[k->locations[i].row - 1] = (uint32_t)i;
    xmc_table *t = NULL;
    xmc_status status = place ? xmc_table_open(path, columns, N, m->diag, &t)
                              : xmc_no_memory(m->diag, k->n_locations * 4, path);
    while (status == XMC_OK && xmc_table_next(t)) {
        given g = {.line = (uint32_t)xmc_row_line(t)};
        const int64_t row = xmc_cell_integer(t, LOC, 1, 1, (int64_t)k->n_locations);
        read_peril_cover(t, PERIL, COVER, &g.peril, &g.cover);
        g.area = (uint32_t)xmc_cell_integer(t, AREA, 1, 1, (int64_t)MOST_ID);
        const int64_t id = xmc_cell_integer(t, FUNCTION, 1, 1, (int64_t)MOST_ID);
        g.function = xmc_oasis_index(h->function_id, h->n_functions, (uint32_t)id);
        if (xmc_row_ok(t) && g.function == UINT32_MAX)
            xmc_cell_error(t, FUNCTION, "a vulnerability_id of the vulnerability file");
        if (!xmc_row_ok(t))
            continue;
        g.row = place[row - 1];
        if (!xmc_oasis_grow((void **)&rows, n, &capacity, sizeof *rows, m->diag))
            status = XMC_SYSTEM;
        else
            rows[n++] = g;
    }
    const xmc_status closed = xmc_table_close(t, NULL);
    status = status == XMC_OK ? closed : status;
    xmc_perils all = 0;
    for (size_t i = 0; i < n; i++)
        all |= rows[i].peril;
    if (status == XMC_OK)
        status = store_perils(k, all, path);
    if (n)
        qsort(rows, n, sizeof *rows, compare_given);
    if (status == XMC_OK && !(h->area_id = malloc((n + 1) * sizeof *h->area_id)))
        status = xmc_no_memory(m->diag, n * 4, path);
    for (size_t i = 0; status == XMC_OK && i < n; i++)
        h->area_id[i] = rows[i].area;
    if (status == XMC_OK)
        h->n_areas = distinct(h->area_id, n);
    size_t key_capacity = 0;
    for (size_t i = 0; status == XMC_OK && i < n; i++) {
        const given *g = &rows[i];
        if (i && g->row == g[-1].row && g->peril == g[-1].peril && g->cover == g[-1].cover) {
            status = xmc_bad_input(m->diag, (xmc_place){.file = path, .line = g->line}, NULL,
                                   "expected each (LocID, PerilID, CoverageTypeID) once; line %u "
                                   "has it already",
                                   g[-1].line);
            break;
        }
        size_t p = 0;
        while (h->perils[p] != g->peril)
            p++;
        const xmc_key key = {g->row,      xmc_oasis_index(h->area_id, h->n_areas, g->area),
                             g->function, (uint8_t)p,
                             g->cover,    XMC_KEY_OK};
        if (!add_key(k, &key_capacity, &key))
            status = XMC_SYSTEM;
    }
    free(rows);
    free(place);
    return status;
}

xmc_status xmc_oasis_keys(xmc_oasis *m) {
    keys k = {.m = m};
    xmc_status status = XMC_OK;
    for (size_t i = 0; i < m->o->n_exposures; i++) {
        const xmc_status read = read_exposure(&k, m->o->exposures[i]);
        status = status == XMC_OK ? read : status;
    }
    if (status == XMC_OK && !k.n_locations)
        status = xmc_error(m->diag, XMC_BAD_INPUT, "exposure: expected at least one location");
    if (status == XMC_OK)
        status = store_locations(&k);
    if (status == XMC_OK)
        status = m->o->keys ? from_file(&k) : from_dictionaries(&k);
    for (size_t i = 0; i < k.n_locations; i++) {
        free(k.locations[i].port);
        free(k.locations[i].acc);
        free(k.locations[i].loc);
    }
    free(k.locations);
    free(k.areas);
    free(k.rules);
    return status;
}
