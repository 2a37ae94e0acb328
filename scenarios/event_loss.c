/* Event loss tables as the catastrophe source: each distinct (line of business, region) of the
 * tables becomes an account of one policy without terms and one location, in a cell of its own, so
 * that the trial loop, treaties and segments meet nothing new. */
#include "scenarios/perils.h"
#include "scenarios/vendor_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_UNITS = 720 * 1440 }; /* each takes a cell of the grid */

/* A row of a table, and of the sum of the rows that share event and unit. */
typedef struct {
    uint32_t event_id, unit, file, row;
    uint16_t first, last;
    xmc_perils peril;
    double rate, mean, sdi, sdc, exposure;
} loss_row;

typedef struct {
    xmc_loader *l;
    loss_row *rows;
    size_t n, capacity;
    xmc_names units; /* line of business, 0x1f, region */
    uint32_t *unit_lob, *unit_region;
    size_t unit_capacity[2];
} loss_tables;

static int compare_rows(const void *x, const void *y) {
    const loss_row *a = x, *b = y;
    if (a->event_id != b->event_id)
        return a->event_id < b->event_id ? -1 : 1;
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* The unit of a row; UINT32_MAX without memory. */
static uint32_t unit_of(loss_tables *x, uint32_t lob, const char *region) {
    xmc_loader *l = x->l;
    char key[700];
    const int n = snprintf(key, sizeof key, "%s\x1f%.90s", l->lobs.name[lob], region);
    bool fresh;
    const uint32_t at = xmc_names_add(&x->units, key, (size_t)n, &fresh);
    if (at == UINT32_MAX || !fresh)
        return at;
    uint32_t *lobs = xmc_load_grow(l, x->unit_lob, at, &x->unit_capacity[0], sizeof *lobs);
    x->unit_lob = lobs ? lobs : x->unit_lob;
    uint32_t *regions = xmc_load_grow(l, x->unit_region, at, &x->unit_capacity[1], sizeof *regions);
    x->unit_region = regions ? regions : x->unit_region;
    if (!lobs || !regions)
        return UINT32_MAX;
    lobs[at] = lob;
    regions[at] = xmc_names_add(&l->regions, region, strlen(region), NULL);
    return at;
}

enum { EVENT, RATE, MEAN, SDI, SDC, SD, EXPOSURE, PERIL, LOB, REGION, CURRENCY, FIRST, LAST, N };
static const xmc_vendor_column columns[N] = {
    [EVENT] = {"event_id|eventid|event|id", false, true, true, 0, 4294967295.0},
    [RATE] = {"rate|eventrate|event_rate|annual_rate|frequency", false, true, false, 0, 1000},
    [MEAN] = {"mean|meanloss|mean_loss|perspvalue|expected_loss", false, true, false, 0, 1e15},
    [SDI] = {"sd_independent|sdi|stddevi|sd_i|independent_sd|stdi", false, false, false, 0, 1e15},
    [SDC] = {"sd_correlated|sdc|stddevc|sd_c|correlated_sd|stdc", false, false, false, 0, 1e15},
    [SD] = {"sd|sdloss|sd_loss|stddev|std", false, false, false, 0, 1e15},
    [EXPOSURE] = {"exposure|expvalue|exp_value|exp|max_loss|maxloss|limit", false, false, false, 0,
                  1e15},
    [PERIL] = {"peril|perilcode|peril_code", true, true, false, 0, 0},
    [LOB] = {"lob|line_of_business", true, false, false, 0, 0},
    [REGION] = {"region|region_name", true, false, false, 0, 0},
    [CURRENCY] = {"currency|ccy", true, false, false, 0, 0},
    [FIRST] = {"day_first", false, false, true, 1, 365},
    [LAST] = {"day_last", false, false, true, 1, 365}};

static double value_or(const xmc_vendor_table *t, size_t column, size_t i, double fallback) {
    return t->has[column] && isfinite(t->number[column][i]) ? t->number[column][i] : fallback;
}

static void read_names(loss_tables *x, xmc_vendor_table *t, size_t i, loss_row *r, double *cny) {
    xmc_loader *l = x->l;
    const char *peril = t->text[PERIL][i], *lob = t->text[LOB][i], *region = t->text[REGION][i],
               *currency = t->text[CURRENCY][i];
    if (!xmc_perils_parse(peril, strlen(peril), &r->peril) || !xmc_peril_code(r->peril))
        xmc_vendor_bad(t, i, PERIL, "one OED peril code, such as WTC, or XCY");
    uint32_t line = 0;
    if (*lob || l->lobs.n != 1)
        line = xmc_names_find(&l->lobs, lob, strlen(lob));
    if (line == UINT32_MAX)
        xmc_vendor_bad(t, i, LOB, "a line of business of the file 'lines'");
    if (*region && (!xmc_load_is_word(region, false) || strlen(region) > 60))
        xmc_vendor_bad(t, i, REGION, "letters, digits and _, at most 60");
    *cny = 1;
    if (*currency) {
        const uint32_t at = xmc_names_find(&l->currencies, currency, strlen(currency));
        if (at == UINT32_MAX)
            xmc_vendor_bad(t, i, CURRENCY, "a currency of the exchange rate file, or CNY");
        else
            *cny = l->cny_per_unit[at];
    }
    r->unit = line == UINT32_MAX ? 0 : unit_of(x, line, *region ? region : "all");
    if (r->unit == UINT32_MAX)
        xmc_vendor_bad(t, i, LOB, "room in memory");
}

/* A beta law on [0, exposure] with this mean and standard deviation must exist. */
static void check_law(xmc_vendor_table *t, size_t i, const loss_row *r) {
    const double sd = r->sdi + r->sdc;
    if (sd == 0)
        return;
    if (!(r->mean > 0)) {
        xmc_vendor_bad(t, i, MEAN, "a mean above 0, since the standard deviation is %g", sd);
        return;
    }
    const double m = r->mean / r->exposure, cv = sd / r->mean;
    const double alpha = (1 - m) / (cv * cv) - m;
    if (!(alpha > 0))
        xmc_vendor_bad(
            t, i, MEAN,
            "a beta law: with mean / exposure %.6g and standard deviation / mean %.6g its "
            "alpha is %.6g, not above 0",
            m, cv, alpha);
}

static xmc_status read_table(loss_tables *x, const xmc_file_ref *ref, uint32_t file) {
    xmc_vendor_table t;
    xmc_status status = xmc_vendor_read(x->l, ref, columns, N, &t);
    if (status == XMC_OK && !t.has[EXPOSURE] && (t.has[SDI] || t.has[SDC] || t.has[SD]))
        status = xmc_bad_input(x->l->diag, (xmc_place){.file = ref->path, .line = t.csv ? 1 : 0},
                               NULL, "expected a column exposure with standard deviations");
    if (status == XMC_OK && (t.has[SDI] || t.has[SDC]) && t.has[SD])
        t.has[SD] = false; /* the total of the two */
    for (size_t i = 0; status == XMC_OK && i < t.n; i++) {
        loss_row r = {.event_id = (uint32_t)t.number[EVENT][i], .file = file, .row = t.line[i]};
        double cny;
        read_names(x, &t, i, &r, &cny);
        r.rate = t.number[RATE][i];
        r.mean = cny * t.number[MEAN][i];
        r.sdi = cny * value_or(&t, t.has[SD] ? SD : SDI, i, 0);
        r.sdc = cny * value_or(&t, SDC, i, 0);
        r.exposure = cny * value_or(&t, EXPOSURE, i, t.number[MEAN][i]);
        r.first = (uint16_t)value_or(&t, FIRST, i, 1);
        r.last = (uint16_t)value_or(&t, LAST, i, 365);
        if (!(r.rate > 0))
            xmc_vendor_bad(&t, i, RATE, "a rate above 0");
        if (r.last < r.first)
            xmc_vendor_bad(&t, i, LAST, "a day not before day_first");
        if (r.mean > r.exposure)
            xmc_vendor_bad(&t, i, EXPOSURE, "at least the mean %g", r.mean / cny);
        else
            check_law(&t, i, &r);
        if (t.errors)
            continue; /* goes on for the other rows' errors */
        loss_row *more = xmc_load_grow(x->l, x->rows, x->n, &x->capacity, sizeof *more);
        if (!more) {
            status = XMC_SYSTEM;
            break;
        }
        x->rows = more;
        more[x->n++] = r;
    }
    if (status == XMC_OK && t.errors)
        status = XMC_BAD_INPUT;
    xmc_vendor_free(&t);
    return status;
}

/* Rows of one (event, unit) are one loss: means, exposures and correlated standard deviations add
 * up, independent ones by their squares. */
static void merge_rows(loss_tables *x) {
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++) {
        loss_row *r = &x->rows[i], *to = n ? &x->rows[n - 1] : NULL;
        if (!to || to->event_id != r->event_id || to->unit != r->unit) {
            x->rows[n++] = *r;
            continue;
        }
        to->mean += r->mean;
        to->exposure += r->exposure;
        to->sdc += r->sdc;
        to->sdi = sqrt(to->sdi * to->sdi + r->sdi * r->sdi);
    }
    x->n = n;
}

/* An event is the same in all its rows. */
static xmc_status check_events(const loss_tables *x, const xmc_file_refs *refs) {
    xmc_status status = XMC_OK;
    for (size_t i = 1; i < x->n; i++) {
        const loss_row *a = &x->rows[i - 1], *b = &x->rows[i];
        if (a->event_id == b->event_id && (a->rate != b->rate || a->peril != b->peril ||
                                           a->first != b->first || a->last != b->last))
            status = xmc_bad_input(
                x->l->diag, (xmc_place){.file = refs->items[b->file].path, .line = b->row}, NULL,
                "expected rate, peril and days of event %u as in its other rows (row %u of %s)",
                b->event_id, a->row, refs->items[a->file].path);
    }
    return status;
}

static xmc_status store_events(loss_tables *x) {
    xmc_event_set *e = &x->l->a->events;
    size_t events = 0;
    for (size_t i = 0; i < x->n; i++)
        events += i == 0 || x->rows[i].event_id != x->rows[i - 1].event_id;
    const size_t cells = x->units.n;
    e->event_id = malloc(events * sizeof *e->event_id);
    e->peril = malloc(events * sizeof *e->peril);
    e->rate = malloc(events * sizeof *e->rate);
    e->day_first = malloc(events * sizeof *e->day_first);
    e->day_last = malloc(events * sizeof *e->day_last);
    e->offset = calloc(events + 1, sizeof *e->offset);
    e->cell_id = malloc(cells * sizeof *e->cell_id);
    e->footprint_cell = malloc(x->n * sizeof *e->footprint_cell);
    e->footprint_bin = calloc(x->n, sizeof *e->footprint_bin);
    e->loss = malloc(x->n * sizeof *e->loss);
    if (!e->event_id || !e->peril || !e->rate || !e->day_first || !e->day_last || !e->offset ||
        !e->cell_id || !e->footprint_cell || !e->footprint_bin || !e->loss)
        return xmc_no_memory(x->l->diag, x->n * sizeof *e->loss, "event loss tables");
    e->cell_size = 0.25;
    e->n_cells = cells;
    for (size_t k = 0; k < cells; k++)
        e->cell_id[k] = (uint32_t)k;
    for (size_t i = 0; i < x->n; i++) {
        const loss_row *r = &x->rows[i];
        if (i == 0 || r->event_id != r[-1].event_id) {
            const size_t n = e->n_events++;
            e->event_id[n] = r->event_id;
            e->peril[n] = r->peril;
            e->rate[n] = r->rate;
            e->day_first[n] = r->first;
            e->day_last[n] = r->last;
        }
        e->offset[e->n_events] = i + 1;
        e->footprint_cell[i] = r->unit;
        e->loss[i] = (xmc_event_loss){r->mean, r->sdi, r->sdc, r->exposure};
    }
    e->n_footprint = x->n;
    return XMC_OK;
}

static xmc_status store_units(loss_tables *x) {
    xmc_loader *l = x->l;
    xmc_book *b = l->book;
    xmc_vulnerability *v = &l->a->vulnerability;
    const xmc_event_set *e = &l->a->events;
    const size_t n = x->units.n;
    b->policies = calloc(n, sizeof *b->policies);
    b->locations = calloc(n, sizeof *b->locations);
    v->function = malloc(64 * XMC_N_COVERS * sizeof *v->function);
    const char *one = "event loss table";
    v->function_name = xmc_pack_names(&one, 1);
    xmc_names_add(&l->classes, one, strlen(one), NULL);
    if (!b->policies || !b->locations || !v->function || !v->function_name || !l->classes.n)
        return xmc_no_memory(l->diag, n * sizeof *b->locations, "event loss tables");
    for (size_t i = 0; i < (size_t)64 * XMC_N_COVERS; i++)
        v->function[i] = i % XMC_N_COVERS == XMC_COVER_BUILDING ? 0 : UINT32_MAX;
    v->n_functions = v->n_intensity_bins = 1;
    xmc_perils all = 0;
    for (size_t i = 0; i < e->n_events; i++)
        all |= e->peril[i];
    for (size_t k = 0; k < n; k++) {
        char key[32];
        const int length = snprintf(key, sizeof key, "ELT\x1f%zu", k);
        const uint32_t account = xmc_names_add(&l->accounts, key, (size_t)length, NULL);
        const char *number = xmc_arena_copy(l->arena, key + 4, (size_t)length - 4);
        if (account == UINT32_MAX || !number)
            return xmc_no_memory(l->diag, 32, "event loss tables");
        b->policies[k] = (xmc_policy){.acc_number = number,
                                      .pol_number = number,
                                      .account_name = l->accounts.name[account],
                                      .account = account,
                                      .lob = x->unit_lob[k],
                                      .layer_number = 1,
                                      .perils = all,
                                      .inception = b->valuation_date,
                                      .expiry = b->valuation_date,
                                      .participation = 1};
        /* the middle of cell k of the grid */
        const uint32_t row = (uint32_t)(k / 1440), column = (uint32_t)(k % 1440);
        b->locations[k] = (xmc_location){.loc_number = number,
                                         .account = account,
                                         .region = x->unit_region[k],
                                         .latitude = (float)(-90 + 0.25 * ((double)row + 0.5)),
                                         .longitude = (float)(-180 + 0.25 * ((double)column + 0.5)),
                                         .perils = all,
                                         .n_buildings = 1};
    }
    for (size_t i = 0; i < e->n_footprint; i++) {
        double *tiv = &b->locations[e->footprint_cell[i]].tiv[XMC_COVER_BUILDING];
        *tiv = *tiv > e->loss[i].exposure ? *tiv : e->loss[i].exposure;
    }
    b->n_policies = b->n_locations = n;
    b->n_accounts = l->accounts.n;
    l->accounts_ok = true;
    return XMC_OK;
}

xmc_status xmc_load_event_losses(xmc_loader *l, const xmc_file_refs *refs) {
    loss_tables x = {.l = l, .units = {.arena = &l->scratch}};
    xmc_status status = XMC_OK;
    for (size_t i = 0; i < refs->n; i++) {
        const xmc_status read = read_table(&x, &refs->items[i], (uint32_t)i);
        status = status == XMC_OK ? read : status;
    }
    for (size_t i = 0; i < l->book->n_treaties; i++) { /* a table has no risks to act on */
        const xmc_treaty *t = &l->book->treaties[i];
        if (t->type == XMC_TREATY_FAC || t->type == XMC_TREATY_SS || t->type == XMC_TREATY_PR ||
            t->risk_limit > 0 || t->risk_attachment > 0)
            status = xmc_error(l->diag, XMC_BAD_INPUT,
                               "treaty %s (line %zu of the reinsurance file): expected none that "
                               "acts on single risks beside event loss tables",
                               t->number, t->file_line);
    }
    if (status == XMC_OK && x.units.n > MOST_UNITS)
        status =
            xmc_error(l->diag, XMC_BAD_INPUT,
                      "event loss tables: at most %d (line of business, region)", (int)MOST_UNITS);
    if (status == XMC_OK) {
        qsort(x.rows, x.n, sizeof *x.rows, compare_rows);
        status = check_events(&x, refs);
        merge_rows(&x);
    }
    if (status == XMC_OK)
        status = store_events(&x);
    if (status == XMC_OK)
        status = store_units(&x);
    free(x.rows);
    free(x.unit_lob);
    free(x.unit_region);
    xmc_names_free(&x.units);
    return status;
}
