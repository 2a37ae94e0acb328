/* Locations, accounts and attritional lines of the classes. */
#include "scenarios/generate/parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char location_header[] =
    "PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,LocPerilsCovered,LocCurrency,"
    "BuildingTIV,ContentsTIV,BITIV,NumberOfBuildings,IsAggregate,FlexiLocVulnerability,"
    "FlexiLocRegion";
static const char person_header[] =
    "PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,LocPerilsCovered,LocCurrency,"
    "BuildingTIV,FlexiLocVulnerability,FlexiLocRegion";
static const char account_header[] =
    "PortNumber,AccNumber,PolNumber,AccCurrency,PolPerilsCovered,LOB,PolInceptionDate,"
    "PolExpiryDate,LayerNumber,LayerAttachment,LayerLimit,LayerParticipation,PolDed6All,"
    "PolDedType6All,PolMinDed6All,PolLimit6All,PolLimitType6All";

typedef struct {
    const gen_spec *s;
    const gen_unit *units;
    size_t n_units;
    bool full;
    gen_file locations, persons, accounts, attritional;
    gen_rows *rows;
    xmc_diag *diag;
} writer;

/* The units that a class covers, with their weights (by region shares where it is spread). */
typedef struct {
    size_t n;
    size_t *unit;
    double *weight, *cumulative;
} area;

static void area_free(area *a) {
    free(a->unit);
    free(a->weight);
    free(a->cumulative);
    *a = (area){0};
}

static double region_share(const gen_class *c, const char *region) {
    if (c->place)
        return strcmp(c->place, region) ? 0 : 1;
    for (uint32_t k = 0; k < c->spread_count; k++)
        if (!strcmp(c->spread[k].region, region))
            return c->spread[k].share;
    return 0;
}

/* Does the class keep to places, and is this unit outside them? */
static bool passed_over(const writer *w, const gen_class *c, size_t i) {
    const gen_unit *u = &w->units[i];
    if (c->one_unit && i > 0 && w->units[i - 1].place == u->place)
        return true;
    for (uint32_t k = 0; k < c->cities_count; k++)
        if (!strcmp(c->cities[k], w->s->places[u->place].name))
            return false;
    return c->cities_count > 0;
}

/* Keeps the k heaviest of the units, in their order. */
static void keep_heaviest(area *a, size_t k) {
    while (a->n > k) {
        size_t lightest = 0;
        for (size_t i = 1; i < a->n; i++)
            if (a->weight[i] < a->weight[lightest])
                lightest = i;
        for (size_t i = lightest; i + 1 < a->n; i++) {
            a->unit[i] = a->unit[i + 1];
            a->weight[i] = a->weight[i + 1];
        }
        a->n--;
    }
}

static xmc_status area_of(const writer *w, const gen_class *c, area *a) {
    *a = (area){.unit = malloc(w->n_units * sizeof *a->unit),
                .weight = malloc(w->n_units * sizeof *a->weight),
                .cumulative = malloc(w->n_units * sizeof *a->cumulative)};
    if (!a->unit || !a->weight || !a->cumulative) {
        area_free(a);
        return xmc_no_memory(w->diag, w->n_units * 24, "places of a class");
    }
    const gen_spec *s = w->s;
    for (size_t i = 0; i < w->n_units; i++) {
        const char *region = s->places[w->units[i].place].region;
        double share = region_share(c, region), sum = 0;
        if (!(share > 0) || passed_over(w, c, i))
            continue;
        for (size_t k = 0; k < w->n_units; k++)
            if (!strcmp(s->places[w->units[k].place].region, region) && !passed_over(w, c, k))
                sum += w->units[k].weight[c->weight];
        a->unit[a->n] = i;
        a->weight[a->n++] = share * w->units[i].weight[c->weight] / sum;
    }
    if (a->n == 0) {
        area_free(a);
        return xmc_error(w->diag, XMC_BAD_INPUT, "class %s: no place is left to it", c->name);
    }
    if (c->counties && c->counties > a->n) {
        size_t n = a->n;
        area_free(a);
        return xmc_error(w->diag, XMC_BAD_INPUT, "class %s: %u counties, but its places have %zu",
                         c->name, c->counties, n);
    }
    if (c->counties)
        keep_heaviest(a, c->counties);
    double sum = 0;
    for (size_t i = 0; i < a->n; i++)
        a->cumulative[i] = sum += a->weight[i];
    return XMC_OK;
}

/* A policy row. */
static void put_policy(writer *w, const gen_class *c, const char *account, const char *policy,
                       const char *perils, uint32_t layer, double attachment, double layer_limit,
                       double participation, double limit_share) {
    const gen_spec *s = w->s;
    fprintf(w->accounts.f, "1,%s,%s,CNY,%s,%s,%s,%s,%u,%.0f,%.0f,%.4f,%g,%d,%.0f,%g,%d\n", account,
            policy, perils, c->lob, s->inception, s->expiry, layer, attachment, layer_limit,
            participation, c->deductible_share, c->deductible_share > 0 ? 1 : 0, c->deductible_min,
            limit_share, limit_share > 0 ? 2 : 0);
}

/* A point inside a unit, drawn evenly over its disk. */
static void place_in(const gen_unit *u, xmc_stream *draws, double *latitude, double *longitude) {
    double r = u->radius_km * sqrt(xmc_uniform(draws)),
           angle = 6.283185307179586 * xmc_uniform(draws);
    *latitude = u->latitude + r * xmc_sin(angle) / GEN_KM_PER_DEGREE;
    *longitude =
        u->longitude + r * xmc_cos(angle) / (GEN_KM_PER_DEGREE * xmc_cos(u->latitude * GEN_RADIAN));
}

typedef struct {
    double key;
    size_t index;
} keyed;

static int by_key(const void *x, const void *y) {
    const keyed *a = x, *b = y;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Marks firms, in a drawn order, until their property reaches share of the whole; one that would
 * overshoot is passed over. */
static bool choose_endorsed(const gen_spec *s, const gen_class *c, const uint64_t *property,
                            size_t n, bool *chosen) {
    keyed *order = malloc(n * sizeof *order);
    if (!order)
        return false;
    double whole = 0, taken = 0;
    for (size_t i = 0; i < n; i++) {
        xmc_stream draws = gen_stream(s, c->name, (UINT64_C(1) << 40) + i);
        order[i] = (keyed){xmc_uniform(&draws), i};
        whole += (double)property[i];
        chosen[i] = false;
    }
    qsort(order, n, sizeof *order, by_key);
    for (size_t k = 0; k < n; k++) {
        double x = (double)property[order[k].index];
        if (taken + x <= c->earthquake_share * whole) {
            taken += x;
            chosen[order[k].index] = true;
        }
    }
    free(order);
    return true;
}

enum { MAX_SITES = 12 };

/* One firm: its account's policies and its sites. */
static xmc_status put_firm(writer *w, uint32_t class_index, const area *a, size_t i,
                           uint64_t property, uint64_t interruption, bool earthquake,
                           gen_tally *tally) {
    const gen_spec *s = w->s;
    const gen_class *c = &s->classes[class_index];
    xmc_stream draws = gen_stream(s, c->name, i);
    bool top = i < c->top_sites;
    char account[128], policy[160], perils[128];
    snprintf(account, sizeof account, "%s-%05zu", c->name, i + 1);
    snprintf(perils, sizeof perils, "%s%s", c->perils, earthquake ? ";QEQ" : "");
    if (top) {
        double range = c->top_participation_high - c->top_participation_low;
        for (uint32_t layer = 1; layer <= 2; layer++) {
            double share = c->top_participation_low + range * xmc_uniform(&draws);
            snprintf(policy, sizeof policy, "%s-P%u", account, layer);
            put_policy(w, c, account, policy, c->perils, layer, layer == 1 ? 0 : c->primary_limit,
                       layer == 1 ? c->primary_limit : 0, floor(share * 10000) / 10000, 0);
        }
    } else {
        snprintf(policy, sizeof policy, "%s-P1", account);
        put_policy(w, c, account, policy, c->perils, 1, 0, 0, 1, 0);
    }
    if (earthquake) {
        snprintf(policy, sizeof policy, "%s-E1", account);
        put_policy(w, c, account, policy, "QEQ", 1, 0, 0, top ? c->top_participation_low : 1,
                   c->earthquake_limit);
    }
    tally->accounts++;
    size_t n = 1;
    if (!top && c->sites_mean > 1) /* geometric beyond the first */
        while (n < MAX_SITES && xmc_uniform(&draws) > 1 / c->sites_mean)
            n++;
    double weight[MAX_SITES];
    uint64_t sums[MAX_SITES], lost[MAX_SITES];
    for (size_t k = 0; k < n; k++)
        weight[k] = gen_lognormal(&draws, 0.7);
    if (!gen_split(property, weight, n, 0, sums) || !gen_split(interruption, weight, n, 0, lost))
        return xmc_no_memory(w->diag, 0, "sites of a firm");
    size_t home = gen_choose(a->cumulative, a->n, xmc_uniform(&draws));
    for (size_t k = 0; k < n; k++) {
        size_t at = k && xmc_uniform(&draws) < 0.5
                        ? gen_choose(a->cumulative, a->n, xmc_uniform(&draws))
                        : home;
        const gen_unit *unit = &w->units[a->unit[at]];
        const gen_place *place = &s->places[unit->place];
        double latitude, longitude;
        place_in(unit, &draws, &latitude, &longitude);
        bool coastal = c->coastal_vulnerability && xmc_uniform(&draws) < place->coast;
        const char *vulnerability = coastal ? c->coastal_vulnerability : c->vulnerability;
        uint64_t building = (uint64_t)floor((double)sums[k] * c->building_share);
        fprintf(w->locations.f,
                "1,%s,%zu,CN,%.4f,%.4f,%s,CNY,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",1,0,%s,%s\n",
                account, k + 1, latitude, longitude, perils, building, sums[k] - building, lost[k],
                vulnerability, place->region);
        if (!gen_rows_add(w->rows, (gen_row){class_index,
                                             vulnerability,
                                             c->perils,
                                             earthquake,
                                             (float)latitude,
                                             (float)longitude,
                                             {(double)building, 0, (double)(sums[k] - building),
                                              (double)lost[k]}}))
            return xmc_no_memory(w->diag, 0, "rows");
        tally->rows++;
        tally->property += sums[k];
        tally->total += sums[k] + lost[k];
    }
    return XMC_OK;
}

static xmc_status put_firms(writer *w, uint32_t class_index, const area *a, uint64_t property,
                            uint64_t interruption, gen_tally *tally) {
    const gen_class *c = &w->s->classes[class_index];
    size_t n = c->count;
    double *weight = malloc(n * sizeof *weight);
    uint64_t *sums = malloc(n * sizeof *sums), *lost = malloc(n * sizeof *lost);
    bool *endorsed = malloc(n * sizeof *endorsed);
    xmc_status status = XMC_OK;
    bool ok = weight && sums && lost && endorsed;
    if (ok) {
        double rest = 0, top = 0;
        for (size_t i = 0; i < n; i++) {
            xmc_stream draws = gen_stream(w->s, c->title, i);
            weight[i] =
                i < c->top_sites ? 1 / (double)(i + 4) : gen_lognormal(&draws, c->size_sigma);
            *(i < c->top_sites ? &top : &rest) += weight[i];
        }
        for (size_t i = 0; i < c->top_sites; i++)
            weight[i] *= c->top_share / (1 - c->top_share) * rest / top;
        ok = gen_split(property, weight, n, 1000, sums) &&
             gen_split(interruption, weight, n, 0, lost) &&
             choose_endorsed(w->s, c, sums, n, endorsed);
    }
    if (!ok)
        status = xmc_no_memory(w->diag, n * 40, "sums insured of a class");
    for (size_t i = 0; status == XMC_OK && i < n; i++)
        status = put_firm(w, class_index, a, i, sums[i], lost[i], endorsed[i], tally);
    tally->count = tally->accounts;
    free(weight);
    free(sums);
    free(lost);
    free(endorsed);
    return status;
}

/* The risks of one county, one row each. */
static xmc_status put_persons(writer *w, const gen_class *c, const char *account,
                              const gen_unit *unit, uint64_t count, uint64_t sum) {
    double *weight = malloc(count * sizeof *weight);
    uint64_t *sums = malloc(count * sizeof *sums);
    bool ok = weight && sums;
    for (uint64_t i = 0; ok && i < count; i++)
        weight[i] = 1;
    ok = ok && gen_split(sum, weight, count, 0, sums);
    const char *region = w->s->places[unit->place].region;
    xmc_stream draws = gen_stream(w->s, c->name, (UINT64_C(1) << 41) + gen_key(account) % 1000003);
    for (uint64_t i = 0; ok && i < count; i++) {
        double latitude, longitude;
        place_in(unit, &draws, &latitude, &longitude);
        fprintf(w->persons.f, "1,%s,%" PRIu64 ",CN,%.3f,%.3f,%s,CNY,%" PRIu64 ",%s,%s\n", account,
                i + 1, latitude, longitude, c->perils, sums[i], c->vulnerability, region);
    }
    free(weight);
    free(sums);
    return ok ? XMC_OK : xmc_no_memory(w->diag, count * 16, "persons of a county");
}

static xmc_status put_aggregates(writer *w, uint32_t class_index, const area *a, uint64_t property,
                                 gen_tally *tally) {
    const gen_class *c = &w->s->classes[class_index];
    uint64_t *count = malloc(a->n * sizeof *count), *sum = malloc(a->n * sizeof *sum);
    double *weight = malloc(a->n * sizeof *weight);
    xmc_status status = XMC_OK;
    bool ok = count && sum && weight && gen_split(c->count, a->weight, a->n, 0, count);
    /* Sums follow the whole counts, with a spread between counties in the mean sum. */
    for (size_t i = 0; ok && i < a->n; i++) {
        xmc_stream draws = gen_stream(w->s, c->name, i);
        weight[i] = (double)count[i] * gen_lognormal(&draws, c->size_sigma);
    }
    if (!ok || !gen_split(property, weight, a->n, 0, sum))
        status = xmc_no_memory(w->diag, a->n * 24, "counties of a class");
    for (size_t i = 0; status == XMC_OK && i < a->n; i++) {
        if (count[i] == 0)
            continue;
        const gen_unit *unit = &w->units[a->unit[i]];
        const char *region = w->s->places[unit->place].region;
        char account[128], policy[160];
        snprintf(account, sizeof account, "%s-%03zu", c->name, i + 1);
        snprintf(policy, sizeof policy, "%s-P1", account);
        put_policy(w, c, account, policy, c->perils, 1, 0, 0, 1, 0);
        if (w->full && c->kind == GEN_PERSONS) {
            status = put_persons(w, c, account, unit, count[i], sum[i]);
            tally->rows += count[i];
        } else {
            fprintf(w->locations.f,
                    "1,%s,1,CN,%.4f,%.4f,%s,CNY,%" PRIu64 ",0,0,%" PRIu64 ",1,%s,%s\n", account,
                    unit->latitude, unit->longitude, c->perils, sum[i], count[i], c->vulnerability,
                    region);
            tally->rows++;
        }
        if (!gen_rows_add(w->rows, (gen_row){class_index,
                                             c->vulnerability,
                                             c->perils,
                                             false,
                                             (float)unit->latitude,
                                             (float)unit->longitude,
                                             {(double)sum[i], 0, 0, 0}}))
            status = xmc_no_memory(w->diag, 0, "rows");
        tally->accounts++;
        tally->count += count[i];
        tally->property += sum[i];
        tally->total += sum[i];
    }
    free(count);
    free(sum);
    free(weight);
    return status;
}

static const char *const law_names[] = {"lognormal", "pareto", "gamma"};

static void put_attritional(writer *w, const gen_class *c, uint64_t rest, gen_tally *tally) {
    FILE *f = w->attritional.f;
    const char *region = c->place ? c->place : c->spread_count ? c->spread[0].region : "Jiangxi";
    for (uint32_t k = 0; k < c->attritional_count; k++) {
        const gen_attritional *a = &c->attritional[k];
        uint64_t sum = a->whole ? rest : 0;
        fprintf(f, "  - name: %s\n    lob: %s\n    region: %s\n", a->name, a->lob ? a->lob : c->lob,
                a->region ? a->region : region);
        fprintf(f, "    frequency: %.10g\n    dispersion: %.10g\n", a->frequency, a->dispersion);
        if (a->law == GEN_LAW_PARETO)
            fprintf(f, "    severity: {law: pareto, threshold: %.10g, alpha: %.10g}\n",
                    a->threshold, a->alpha);
        else
            fprintf(f, "    severity: {law: %s, mean: %.10g, cv: %.10g}\n", law_names[a->law],
                    a->mean, a->cv);
        fprintf(f, "    deductible: %.10g\n    limit: %.10g\n    sum_insured: %" PRIu64 "\n",
                a->deductible, a->limit, sum);
        fprintf(f, "    source: \"assumption of the demonstration: book.yaml, class %s\"\n",
                c->name);
        tally->total += sum;
    }
}

static xmc_status put_class(writer *w, uint32_t i, gen_tally *tally) {
    const gen_class *c = &w->s->classes[i];
    uint64_t property =
        c->kind == GEN_NO_PLACE ? 0 : (uint64_t)floor((double)c->total * c->property_share + 0.5);
    uint64_t interruption = (uint64_t)floor((double)c->total * c->interruption_share + 0.5);
    area a = {0};
    xmc_status status = XMC_OK;
    if (c->kind == GEN_NO_PLACE)
        tally->count = c->count;
    else
        status = area_of(w, c, &a);
    if (status == XMC_OK && c->kind == GEN_FIRMS)
        status = put_firms(w, i, &a, property, interruption, tally);
    else if (status == XMC_OK && c->kind != GEN_NO_PLACE)
        status = put_aggregates(w, i, &a, property, tally);
    if (status == XMC_OK)
        put_attritional(w, c, c->total - property - interruption, tally);
    area_free(&a);
    if (status == XMC_OK && (tally->count != c->count || tally->total != c->total))
        status = xmc_error(w->diag, XMC_FAILED,
                           "class %s: generated %" PRIu64 " %s and %" PRIu64
                           " CNY, expected %" PRIu64 " and %" PRIu64
                           " (does one of its attritional lines stand for the whole rest?)",
                           c->name, tally->count, c->unit, tally->total, c->count, c->total);
    return status;
}

xmc_status gen_write_property(const gen_spec *s, const char *dir, bool full, gen_rows *rows,
                              gen_tally *tally, xmc_diag *diag) {
    writer w = {.s = s, .full = full, .rows = rows, .diag = diag};
    gen_unit *units = gen_units(s, &w.n_units);
    if (!units)
        return xmc_no_memory(diag, w.n_units * sizeof *units, "places");
    w.units = units;
    xmc_status status = gen_open(&w.locations, dir, "location.csv", location_header, diag);
    if (status == XMC_OK)
        status = gen_open(&w.accounts, dir, "account.csv", account_header, diag);
    if (status == XMC_OK)
        status = gen_open(&w.attritional, dir, "attritional.yaml", "lines:", diag);
    if (status == XMC_OK && full)
        status = gen_open(&w.persons, dir, "location_persons.csv", person_header, diag);
    for (uint32_t i = 0; status == XMC_OK && i < s->classes_count; i++)
        status = put_class(&w, i, &tally[i]);
    gen_file *files[] = {&w.locations, &w.accounts, &w.attritional, &w.persons};
    for (size_t i = 0; i < 4; i++) {
        xmc_status closed = gen_close(files[i]);
        status = status == XMC_OK ? closed : status;
    }
    free(units);
    return status;
}
