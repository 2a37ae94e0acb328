/* A hazard model meets a book: cells, classes, footprints. */
#include "scenarios/hazard/hazard.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

typedef struct {
    const xmc_book *book;
    xmc_event_set *e;
    xmc_hazard *h;
    xmc_vulnerability *v;
    xmc_diag *diag;
    size_t n_slots;
    const char **account_name; /* [accounts] PortNumber, 0x1f, AccNumber */
    uint64_t *first_key;       /* [model's locations + 1] */
    uint32_t *area, *function; /* [locations][n_slots] or NONE */
    uint32_t *order;           /* [locations] */
} composer;

static const char *name_at(const xmc_hazard *h, int k, size_t i) {
    return h->name[k] + i * h->name_size[k];
}

/* The model's number of a location of the book, or NONE. */
static uint32_t find_location(const composer *c, const xmc_location *l) {
    const char *account = c->account_name[l->account];
    const char *split = account ? strchr(account, '\x1f') : NULL;
    if (!split)
        return NONE;
    const size_t n_port = (size_t)(split - account);
    const xmc_hazard *h = c->h;
    for (size_t lo = 0, hi = h->n_locations; lo < hi;) {
        const size_t mid = (lo + hi) / 2;
        const char *port = name_at(h, 0, mid);
        int order = strncmp(account, port, n_port);
        if (order == 0 && port[n_port])
            order = -1;
        if (order == 0)
            order = strcmp(split + 1, name_at(h, 1, mid));
        if (order == 0)
            order = strcmp(l->loc_number, name_at(h, 2, mid));
        if (order == 0)
            return (uint32_t)mid;
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NONE;
}

/* What of the book is not modelled, by reason: coverages with a sum insured that no peril of the
 * model reaches, though the location covers one. */
typedef struct {
    size_t locations[XMC_N_KEY_STATES], last[XMC_N_KEY_STATES];
    double tiv[XMC_N_KEY_STATES], total;
    size_t outside_perils;
} unmodelled;

static void count_location(const composer *c, size_t i, const uint8_t *state, unmodelled *u) {
    /* How far a look-up came. */
    static const uint8_t rank[XMC_N_KEY_STATES] = {
        [XMC_KEY_NONE] = 0, [XMC_KEY_NO_AREA] = 1, [XMC_KEY_NO_FUNCTION] = 2, [XMC_KEY_OK] = 3};
    const xmc_location *l = &c->book->locations[i];
    xmc_perils all = 0;
    for (size_t p = 0; p < c->h->n_perils; p++)
        all |= c->h->perils[p];
    u->outside_perils += !(l->perils & all);
    for (int cover = 0; cover < XMC_N_COVERS && l->perils & all; cover++) {
        if (!(l->tiv[cover] > 0))
            continue;
        u->total += l->tiv[cover];
        uint8_t best = XMC_KEY_NONE;
        for (size_t p = 0; p < c->h->n_perils; p++) {
            const uint8_t s = state[p * XMC_N_COVERS + (size_t)cover];
            if (!(l->perils & c->h->perils[p]))
                continue;
            if (rank[s] > rank[best])
                best = s;
        }
        u->tiv[best] += l->tiv[cover];
        if (u->last[best] != i + 1)
            u->locations[best]++;
        u->last[best] = i + 1;
    }
}

static void tell(const composer *c, const unmodelled *u) {
    static const char *const why[XMC_N_KEY_STATES] = {
        [XMC_KEY_NO_AREA] = "outside every area of the model",
        [XMC_KEY_NO_FUNCTION] = "without a vulnerability function for coverage and attributes",
        [XMC_KEY_NONE] = "without a key for the coverage, or not in the exposure of the import"};
    for (int s = 1; s < XMC_N_KEY_STATES; s++)
        if (u->locations[s])
            xmc_note(c->diag,
                     "not modelled: CNY %.6g (%.2f %%) of the sums insured, at %zu location%s, %s",
                     u->tiv[s], 100 * u->tiv[s] / u->total, u->locations[s],
                     u->locations[s] > 1 ? "s" : "", why[s]);
    if (u->outside_perils)
        xmc_note(c->diag, "not modelled: %zu location%s that cover%s no peril of the model",
                 u->outside_perils, u->outside_perils > 1 ? "s" : "",
                 u->outside_perils > 1 ? "" : "s");
}

/* Areas and functions of every location by slot. */
static xmc_status look_up(composer *c) {
    const xmc_book *b = c->book;
    const xmc_hazard *h = c->h;
    for (size_t i = 0; i < b->n_policies; i++)
        c->account_name[b->policies[i].account] = b->policies[i].account_name;
    for (size_t i = 0; i < h->n_keys; i++)
        c->first_key[h->keys[i].location + 1]++;
    for (size_t i = 0; i < h->n_locations; i++)
        c->first_key[i + 1] += c->first_key[i];
    memset(c->area, 0xff, b->n_locations * c->n_slots * sizeof *c->area);
    memset(c->function, 0xff, b->n_locations * c->n_slots * sizeof *c->function);
    unmodelled u = {0};
    for (size_t i = 0; i < b->n_locations; i++) {
        uint8_t state[XMC_HAZARD_PERILS * XMC_N_COVERS];
        memset(state, XMC_KEY_NONE, sizeof state);
        const uint32_t at = find_location(c, &b->locations[i]);
        for (uint64_t k = at == NONE ? 0 : c->first_key[at];
             k < (at == NONE ? 0 : c->first_key[at + 1]); k++) {
            const xmc_key *key = &h->keys[k];
            const size_t slot = (size_t)key->peril * XMC_N_COVERS + key->cover;
            state[slot] = key->state;
            if (key->state != XMC_KEY_OK || !(b->locations[i].perils & h->perils[key->peril]) ||
                !(b->locations[i].tiv[key->cover] > 0))
                continue;
            c->area[i * c->n_slots + slot] = key->area;
            c->function[i * c->n_slots + slot] = key->function;
        }
        count_location(c, i, state, &u);
    }
    tell(c, &u);
    return XMC_OK;
}

typedef struct {
    const uint32_t *tuple;
    size_t width;
} tuples;

static int compare_tuples(const void *x, const void *y, void *of) {
    const tuples *t = of;
    const uint32_t *a = t->tuple + *(const uint32_t *)x * t->width,
                   *b = t->tuple + *(const uint32_t *)y * t->width;
    for (size_t i = 0; i < t->width; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* Numbers the distinct tuples of the locations in ascending order; a tuple of NONE alone gets NONE.
 * representative[number] is a location that has it. Returns how many. */
static uint32_t number_tuples(composer *c, const uint32_t *tuple, uint32_t *number,
                              uint32_t *representative) {
    tuples t = {tuple, c->n_slots};
    const size_t n = c->book->n_locations;
    for (uint32_t i = 0; i < n; i++)
        c->order[i] = i;
    qsort_r(c->order, n, sizeof *c->order, compare_tuples, &t);
    uint32_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = c->order[i];
        bool some = false;
        for (size_t s = 0; s < c->n_slots; s++)
            some |= tuple[at * c->n_slots + s] != NONE;
        if (!some) {
            number[at] = NONE;
            continue;
        }
        if (!count || compare_tuples(&at, &representative[count - 1], &t))
            representative[count++] = at;
        number[at] = count - 1;
    }
    return count;
}

/* Which (cell, slot) an area belongs to. */
typedef struct {
    uint64_t *first; /* [areas + 1] */
    uint32_t *cell;
    uint8_t *slot;
} membership;

static int compare_u32(const void *x, const void *y) {
    const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* Footprints over cells: an event touches a cell when it touches an area of one of its slots. */
static xmc_status build_footprints(composer *c, const membership *m, size_t n_cells) {
    xmc_event_set *e = c->e;
    xmc_hazard *h = c->h;
    uint64_t *stamp = calloc(n_cells + 1, sizeof *stamp);
    uint32_t *touched = calloc(n_cells + 1, sizeof *touched),
             *place = calloc(n_cells + 1, sizeof *place);
    xmc_status status = XMC_OK;
    e->offset = calloc(e->n_events + 1, sizeof *e->offset);
    if (!stamp || !touched || !place || !e->offset) {
        status = xmc_no_memory(c->diag, n_cells * 16, "footprints");
        goto done;
    }
    for (int fill = 0; fill < 2; fill++) {
        uint64_t n = 0;
        memset(stamp, 0, (n_cells + 1) * sizeof *stamp);
        for (size_t i = 0; i < e->n_events; i++) {
            size_t here = 0;
            for (uint64_t k = h->offset[i]; k < h->offset[i + 1]; k++)
                for (uint64_t x = m->first[h->entry_area[k]]; x < m->first[h->entry_area[k] + 1];
                     x++)
                    if (stamp[m->cell[x]] != i + 1) {
                        stamp[m->cell[x]] = i + 1;
                        touched[here++] = m->cell[x];
                    }
            e->offset[i + 1] = n + here;
            if (fill) {
                qsort(touched, here, sizeof *touched, compare_u32);
                for (size_t j = 0; j < here; j++) {
                    place[touched[j]] = (uint32_t)j;
                    e->footprint_cell[n + j] = touched[j];
                }
                for (uint64_t k = h->offset[i]; k < h->offset[i + 1]; k++)
                    for (uint64_t x = m->first[h->entry_area[k]];
                         x < m->first[h->entry_area[k] + 1]; x++)
                        h->mix[(n + place[m->cell[x]]) * c->n_slots + m->slot[x]] =
                            h->entry_distribution[k] + 1;
            }
            n += here;
        }
        if (!fill) {
            e->n_footprint = n;
            e->footprint_cell = calloc(n + 1, sizeof *e->footprint_cell);
            h->mix = calloc((n + 1) * c->n_slots, sizeof *h->mix);
            if (!e->footprint_cell || !h->mix) {
                status = xmc_no_memory(c->diag, n * c->n_slots * 4, "footprints");
                goto done;
            }
        }
    }
done:
    free(stamp);
    free(touched);
    free(place);
    return status;
}

static xmc_status build_cells(composer *c, uint32_t *representative) {
    const xmc_hazard *h = c->h;
    xmc_event_set *e = c->e;
    const uint32_t n = number_tuples(c, c->area, h->location_cell, representative);
    membership m = {calloc(h->n_areas + 2, sizeof *m.first),
                    calloc((size_t)n * c->n_slots + 1, sizeof *m.cell),
                    calloc((size_t)n * c->n_slots + 1, sizeof *m.slot)};
    e->cell_id = calloc((size_t)n + 1, sizeof *e->cell_id);
    xmc_status status = XMC_OK;
    if (!m.first || !m.cell || !m.slot || !e->cell_id) {
        status = xmc_no_memory(c->diag, (size_t)n * c->n_slots * 5, "cells");
        goto done;
    }
    e->n_cells = n;
    for (uint32_t i = 0; i < n; i++)
        e->cell_id[i] = i;
    for (int fill = 0; fill < 2; fill++) {
        for (uint32_t i = 0; i < n; i++)
            for (size_t s = 0; s < c->n_slots; s++) {
                const uint32_t area = c->area[representative[i] * c->n_slots + s];
                if (area == NONE)
                    continue;
                if (fill) {
                    const uint64_t x = m.first[area + 1]++;
                    m.cell[x] = i;
                    m.slot[x] = (uint8_t)s;
                } else {
                    m.first[area + 2]++;
                }
            }
        if (!fill)
            for (size_t a = 0; a <= h->n_areas; a++)
                m.first[a + 1] += m.first[a];
    }
    status = build_footprints(c, &m, n);
done:
    free(m.first);
    free(m.cell);
    free(m.slot);
    return status;
}

/* Classes: the table from (class, peril, cover) to the function. */
static xmc_status build_classes(composer *c, uint32_t *representative) {
    const xmc_hazard *h = c->h;
    xmc_vulnerability *v = c->v;
    const uint32_t n = number_tuples(c, c->function, h->location_class, representative);
    const size_t table = ((size_t)n + 1) * 64 * XMC_N_COVERS;
    v->function = malloc(table * sizeof *v->function);
    v->function_name = malloc((h->n_functions + 1) * (sizeof *v->function_name + 24));
    if (!v->function || !v->function_name)
        return xmc_no_memory(c->diag, table * sizeof *v->function, "vulnerability classes");
    memset(v->function, 0xff, table * sizeof *v->function);
    for (uint32_t i = 0; i < n; i++)
        for (size_t s = 0; s < c->n_slots; s++) {
            const unsigned bit = (unsigned)__builtin_ctzll(h->perils[s / XMC_N_COVERS]);
            v->function[((size_t)i * 64 + bit) * XMC_N_COVERS + s % XMC_N_COVERS] =
                c->function[representative[i] * c->n_slots + s];
        }
    char *text = (char *)(v->function_name + h->n_functions + 1);
    for (size_t i = 0; i < h->n_functions; i++, text += 24) {
        snprintf(text, 24, "%u", h->function_id[i]);
        v->function_name[i] = text;
    }
    v->n_functions = h->n_functions;
    v->n_intensity_bins = h->n_intensity_bins;
    v->n_damage_bins = 0; /* the model's rows serve */
    return XMC_OK;
}

xmc_status xmc_hazard_compose(const xmc_book *book, xmc_event_set *e, xmc_vulnerability *v,
                              xmc_diag *diag) {
    xmc_hazard *h = e->hazard;
    composer c = {
        .book = book, .e = e, .h = h, .v = v, .diag = diag, .n_slots = h->n_perils * XMC_N_COVERS};
    const size_t n = book->n_locations;
    h->n_slots = c.n_slots;
    c.account_name = calloc(book->n_accounts + 1, sizeof *c.account_name);
    c.first_key = calloc(h->n_locations + 2, sizeof *c.first_key);
    c.area = malloc((n * c.n_slots + 1) * sizeof *c.area);
    c.function = malloc((n * c.n_slots + 1) * sizeof *c.function);
    c.order = malloc((n + 1) * sizeof *c.order);
    uint32_t *representative = malloc((n + 1) * sizeof *representative);
    h->location_cell = malloc((n + 1) * sizeof *h->location_cell);
    h->location_class = malloc((n + 1) * sizeof *h->location_class);
    xmc_status status;
    if (!c.account_name || !c.first_key || !c.area || !c.function || !c.order || !representative ||
        !h->location_cell || !h->location_class) {
        status = xmc_no_memory(diag, n * c.n_slots * 8, "the keys of the locations");
    } else {
        status = look_up(&c);
        if (status == XMC_OK)
            status = build_cells(&c, representative);
        if (status == XMC_OK)
            status = build_classes(&c, representative);
    }
    free(c.account_name);
    free(c.first_key);
    free(c.area);
    free(c.function);
    free(c.order);
    free(representative);
    return status;
}
