#include "scenarios/generate/spec.h"
#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQ           CYAML_FLAG_DEFAULT
#define OPT           CYAML_FLAG_OPTIONAL
#define NUM(T, m, f)  CYAML_FIELD_FLOAT(#m, f, T, m)
#define UINT(T, m, f) CYAML_FIELD_UINT(#m, f, T, m)
#define BOOL(T, m, f) CYAML_FIELD_BOOL(#m, f, T, m)
#define TEXT(T, m)    CYAML_FIELD_STRING_PTR(#m, CYAML_FLAG_POINTER, T, m, 1, CYAML_UNLIMITED)
#define TEXT_OPT(T, m)                                                                             \
    CYAML_FIELD_STRING_PTR(#m, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, T, m, 0, CYAML_UNLIMITED)
#define LIST(T, m, entry)                                                                          \
    CYAML_FIELD_SEQUENCE(#m, CYAML_FLAG_POINTER, T, m, entry, 1, CYAML_UNLIMITED)
#define LIST_OPT(T, m, entry)                                                                      \
    CYAML_FIELD_SEQUENCE(#m, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, T, m, entry, 0,             \
                         CYAML_UNLIMITED)
#define ENUM(T, m, f, names)                                                                       \
    CYAML_FIELD_ENUM(#m, (f) | CYAML_FLAG_STRICT, T, m, names, CYAML_ARRAY_LEN(names))
#define MAP(T, m, fields) CYAML_FIELD_MAPPING(#m, REQ, T, m, fields)
#define ENTRY(T, name)                                                                             \
    static const cyaml_schema_value_t name##_entry = {                                             \
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, T, name##_fields)}

static const cyaml_strval_t kind_names[] = {{"firms", GEN_FIRMS},
                                            {"aggregate", GEN_AGGREGATE},
                                            {"persons", GEN_PERSONS},
                                            {"no_place", GEN_NO_PLACE}};
static const cyaml_strval_t weight_names[] = {{"population", GEN_BY_POPULATION},
                                              {"gdp", GEN_BY_GDP},
                                              {"area", GEN_BY_AREA},
                                              {"equal", GEN_EQUALLY}};
static const cyaml_strval_t severity_names[] = {
    {"lognormal", GEN_LAW_LOGNORMAL}, {"pareto", GEN_LAW_PARETO}, {"gamma", GEN_LAW_GAMMA}};
static const cyaml_strval_t function_names[] = {
    {"emanuel", GEN_EMANUEL}, {"flood", GEN_FLOOD}, {"table", GEN_TABLE}};

static const cyaml_schema_value_t number_entry = {CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, double)};
static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED)};

static const cyaml_schema_field_t place_fields[] = {
    TEXT(gen_place, name),         TEXT(gen_place, region),
    NUM(gen_place, latitude, REQ), NUM(gen_place, longitude, REQ),
    NUM(gen_place, area_km2, REQ), NUM(gen_place, population, REQ),
    NUM(gen_place, gdp_bn, REQ),   UINT(gen_place, units, REQ),
    NUM(gen_place, coast, OPT),    CYAML_FIELD_END};
ENTRY(gen_place, place);
static const cyaml_schema_field_t share_fields[] = {TEXT(gen_share, region),
                                                    NUM(gen_share, share, REQ), CYAML_FIELD_END};
ENTRY(gen_share, share);
static const cyaml_schema_field_t named_fields[] = {
    TEXT(gen_named_share, name), NUM(gen_named_share, share, REQ), CYAML_FIELD_END};
ENTRY(gen_named_share, named);
static const cyaml_schema_field_t rate_fields[] = {
    TEXT(gen_rate, currency), NUM(gen_rate, cny_per_unit, REQ), CYAML_FIELD_END};
ENTRY(gen_rate, rate);
static const cyaml_schema_field_t attritional_fields[] = {
    TEXT(gen_attritional, name),           TEXT_OPT(gen_attritional, lob),
    TEXT_OPT(gen_attritional, region),     NUM(gen_attritional, frequency, REQ),
    NUM(gen_attritional, dispersion, REQ), ENUM(gen_attritional, law, REQ, severity_names),
    NUM(gen_attritional, mean, OPT),       NUM(gen_attritional, cv, OPT),
    NUM(gen_attritional, threshold, OPT),  NUM(gen_attritional, alpha, OPT),
    NUM(gen_attritional, deductible, OPT), NUM(gen_attritional, limit, OPT),
    BOOL(gen_attritional, whole, OPT),     CYAML_FIELD_END};
ENTRY(gen_attritional, attritional);
static const cyaml_schema_field_t class_fields[] = {
    TEXT(gen_class, book),
    TEXT(gen_class, name),
    TEXT(gen_class, title),
    TEXT(gen_class, unit),
    ENUM(gen_class, kind, REQ, kind_names),
    UINT(gen_class, count, REQ),
    UINT(gen_class, total, REQ),
    BOOL(gen_class, count_public, REQ),
    BOOL(gen_class, total_public, REQ),
    TEXT(gen_class, lob),
    TEXT_OPT(gen_class, vulnerability),
    TEXT_OPT(gen_class, coastal_vulnerability),
    TEXT_OPT(gen_class, perils),
    TEXT_OPT(gen_class, place),
    LIST_OPT(gen_class, cities, &text_entry),
    BOOL(gen_class, one_unit, OPT),
    LIST_OPT(gen_class, spread, &share_entry),
    ENUM(gen_class, weight, OPT, weight_names),
    UINT(gen_class, counties, OPT),
    NUM(gen_class, property_share, OPT),
    NUM(gen_class, interruption_share, OPT),
    NUM(gen_class, building_share, OPT),
    NUM(gen_class, sites_mean, OPT),
    NUM(gen_class, size_sigma, OPT),
    NUM(gen_class, deductible_share, OPT),
    NUM(gen_class, deductible_min, OPT),
    NUM(gen_class, earthquake_share, OPT),
    NUM(gen_class, earthquake_limit, OPT),
    UINT(gen_class, top_sites, OPT),
    NUM(gen_class, top_share, OPT),
    NUM(gen_class, top_participation_low, OPT),
    NUM(gen_class, top_participation_high, OPT),
    NUM(gen_class, primary_limit, OPT),
    LIST_OPT(gen_class, attritional, &attritional_entry),
    TEXT(gen_class, reason),
    CYAML_FIELD_END};
ENTRY(gen_class, class);
static const cyaml_schema_field_t term_fields[] = {UINT(gen_term, months, REQ),
                                                   NUM(gen_term, share, REQ), CYAML_FIELD_END};
ENTRY(gen_term, term);
static const cyaml_schema_field_t guarantee_fields[] = {
    UINT(gen_guarantee, count, REQ),
    UINT(gen_guarantee, total, REQ),
    UINT(gen_guarantee, years, REQ),
    NUM(gen_guarantee, count_growth, REQ),
    NUM(gen_guarantee, amount_growth, REQ),
    NUM(gen_guarantee, size_sigma, REQ),
    LIST(gen_guarantee, terms, &term_entry),
    LIST(gen_guarantee, loan_types, &named_entry),
    LIST(gen_guarantee, sectors, &named_entry),
    LIST(gen_guarantee, scores, &named_entry),
    LIST(gen_guarantee, cards, &named_entry),
    NUM(gen_guarantee, score_card_correlation, REQ),
    NUM(gen_guarantee, full_cover_share, REQ),
    NUM(gen_guarantee, partial_cover, REQ),
    UINT(gen_guarantee, programme_count, REQ),
    UINT(gen_guarantee, programme_total, REQ),
    TEXT(gen_guarantee, lob),
    TEXT(gen_guarantee, programme_lob),
    TEXT(gen_guarantee, programme_region),
    TEXT(gen_guarantee, reason),
    CYAML_FIELD_END};
static const cyaml_schema_field_t country_fields[] = {
    TEXT(gen_country, code), NUM(gen_country, share, REQ), UINT(gen_country, oecd_class, REQ),
    TEXT(gen_country, currency), CYAML_FIELD_END};
ENTRY(gen_country, country);
static const cyaml_schema_field_t export_fields[] = {UINT(gen_export, buyers, REQ),
                                                     UINT(gen_export, turnover, REQ),
                                                     UINT(gen_export, days, REQ),
                                                     UINT(gen_export, policies, REQ),
                                                     NUM(gen_export, cover, REQ),
                                                     NUM(gen_export, size_sigma, REQ),
                                                     NUM(gen_export, limit_low, REQ),
                                                     NUM(gen_export, limit_high, REQ),
                                                     NUM(gen_export, aggregate_limit_premiums, REQ),
                                                     NUM(gen_export, premium_rate, REQ),
                                                     LIST(gen_export, countries, &country_entry),
                                                     LIST(gen_export, ratings, &named_entry),
                                                     LIST(gen_export, sectors, &named_entry),
                                                     TEXT(gen_export, lob),
                                                     TEXT(gen_export, loss_class),
                                                     TEXT(gen_export, reason),
                                                     CYAML_FIELD_END};
static const cyaml_schema_field_t group_fields[] = {TEXT(gen_stock_group, name),
                                                    TEXT(gen_stock_group, board),
                                                    TEXT(gen_stock_group, index),
                                                    UINT(gen_stock_group, count, REQ),
                                                    BOOL(gen_stock_group, csi300, OPT),
                                                    BOOL(gen_stock_group, div_low_vol_100, OPT),
                                                    NUM(gen_stock_group, value_share, REQ),
                                                    NUM(gen_stock_group, beta_mean, REQ),
                                                    NUM(gen_stock_group, beta_sd, REQ),
                                                    NUM(gen_stock_group, idio_vol_mean, REQ),
                                                    NUM(gen_stock_group, idio_vol_sd, REQ),
                                                    NUM(gen_stock_group, price_median, REQ),
                                                    CYAML_FIELD_END};
ENTRY(gen_stock_group, group);
static const cyaml_schema_field_t holdings_fields[] = {UINT(gen_holdings, value, REQ),
                                                       UINT(gen_holdings, load_value, REQ),
                                                       NUM(gen_holdings, gain, REQ),
                                                       NUM(gen_holdings, sale_share, REQ),
                                                       NUM(gen_holdings, price_drift, REQ),
                                                       NUM(gen_holdings, price_vol, REQ),
                                                       UINT(gen_holdings, lots, REQ),
                                                       UINT(gen_holdings, years, REQ),
                                                       UINT(gen_holdings, load_instruments, REQ),
                                                       UINT(gen_holdings, load_lots, REQ),
                                                       LIST(gen_holdings, groups, &group_entry),
                                                       TEXT(gen_holdings, reason),
                                                       CYAML_FIELD_END};
static const cyaml_schema_field_t treaty_fields[] = {TEXT(gen_treaty, number),
                                                     TEXT(gen_treaty, name),
                                                     TEXT(gen_treaty, type),
                                                     TEXT(gen_treaty, perils),
                                                     UINT(gen_treaty, priority, REQ),
                                                     NUM(gen_treaty, ceded, OPT),
                                                     NUM(gen_treaty, attachment, OPT),
                                                     NUM(gen_treaty, limit, OPT),
                                                     NUM(gen_treaty, aggregate_attachment, OPT),
                                                     NUM(gen_treaty, aggregate_limit, OPT),
                                                     NUM(gen_treaty, premium, OPT),
                                                     UINT(gen_treaty, reinstatements, OPT),
                                                     LIST(gen_treaty, lobs, &text_entry),
                                                     TEXT(gen_treaty, reason),
                                                     CYAML_FIELD_END};
ENTRY(gen_treaty, treaty);
static const cyaml_schema_field_t property_risk_fields[] = {
    NUM(gen_property_risk, line, REQ),
    NUM(gen_property_risk, lines, REQ),
    NUM(gen_property_risk, attachment, REQ),
    NUM(gen_property_risk, limit, REQ),
    LIST(gen_property_risk, lobs, &text_entry),
    TEXT(gen_property_risk, reason),
    CYAML_FIELD_END};
static const cyaml_schema_field_t point_fields[] = {
    NUM(gen_point, latitude, REQ), NUM(gen_point, longitude, REQ), CYAML_FIELD_END};
ENTRY(gen_point, point);
static const cyaml_schema_field_t coast_fields[] = {
    TEXT(gen_coast, name),
    UINT(gen_coast, events, REQ),
    CYAML_FIELD_SEQUENCE("rates", CYAML_FLAG_POINTER, gen_coast, rates, &number_entry, 5, 5),
    NUM(gen_coast, heading, REQ),
    NUM(gen_coast, heading_sd, REQ),
    CYAML_FIELD_SEQUENCE("points", CYAML_FLAG_POINTER, gen_coast, points, &point_entry, 2,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END};
ENTRY(gen_coast, coast);
static const cyaml_schema_field_t typhoon_fields[] = {
    NUM(gen_typhoon, rate_scale, REQ),
    NUM(gen_typhoon, minute_ratio, REQ),
    NUM(gen_typhoon, speed_mu, REQ),
    NUM(gen_typhoon, speed_sigma, REQ),
    NUM(gen_typhoon, decay_r, REQ),
    NUM(gen_typhoon, decay_vb, REQ),
    NUM(gen_typhoon, decay_alpha, REQ),
    NUM(gen_typhoon, max_wind, REQ),
    NUM(gen_typhoon, threshold, REQ),
    NUM(gen_typhoon, turn_per_degree, REQ),
    NUM(gen_typhoon, bin_width, REQ),
    LIST(gen_typhoon, coasts, &coast_entry),
    CYAML_FIELD_SEQUENCE("month_share", CYAML_FLAG_POINTER, gen_typhoon, month_share, &number_entry,
                         12, 12),
    TEXT(gen_typhoon, reason),
    CYAML_FIELD_END};
static const cyaml_schema_field_t zone_fields[] = {TEXT(gen_flood_zone, name),
                                                   NUM(gen_flood_zone, latitude, REQ),
                                                   NUM(gen_flood_zone, longitude, REQ),
                                                   NUM(gen_flood_zone, scatter_km, REQ),
                                                   NUM(gen_flood_zone, rate, REQ),
                                                   NUM(gen_flood_zone, size, REQ),
                                                   NUM(gen_flood_zone, level_shift, OPT),
                                                   UINT(gen_flood_zone, events, REQ),
                                                   UINT(gen_flood_zone, day_first, REQ),
                                                   UINT(gen_flood_zone, day_last, REQ),
                                                   CYAML_FIELD_END};
ENTRY(gen_flood_zone, zone);
static const cyaml_schema_field_t flood_fields[] = {NUM(gen_flood, level_at_rate, REQ),
                                                    NUM(gen_flood, level_slope, REQ),
                                                    NUM(gen_flood, level_max, REQ),
                                                    NUM(gen_flood, axis_km, REQ),
                                                    NUM(gen_flood, axis_growth, REQ),
                                                    NUM(gen_flood, axis_sigma, REQ),
                                                    NUM(gen_flood, elongation, REQ),
                                                    NUM(gen_flood, edge_exponent, REQ),
                                                    NUM(gen_flood, noise, REQ),
                                                    LIST(gen_flood, zones, &zone_entry),
                                                    TEXT(gen_flood, reason),
                                                    CYAML_FIELD_END};
static const cyaml_schema_field_t quake_zone_fields[] = {
    TEXT(gen_quake_zone, name),        NUM(gen_quake_zone, south, REQ),
    NUM(gen_quake_zone, north, REQ),   NUM(gen_quake_zone, west, REQ),
    NUM(gen_quake_zone, east, REQ),    NUM(gen_quake_zone, rate, REQ),
    NUM(gen_quake_zone, m_min, REQ),   NUM(gen_quake_zone, m_max, REQ),
    NUM(gen_quake_zone, b, REQ),       NUM(gen_quake_zone, strike, REQ),
    UINT(gen_quake_zone, events, REQ), CYAML_FIELD_END};
ENTRY(gen_quake_zone, quake_zone);
static const cyaml_schema_field_t quake_fields[] = {
    NUM(gen_quake, long_a, REQ),    NUM(gen_quake, long_m, REQ),
    NUM(gen_quake, long_r, REQ),    NUM(gen_quake, long_r0, REQ),
    NUM(gen_quake, short_a, REQ),   NUM(gen_quake, short_m, REQ),
    NUM(gen_quake, short_r, REQ),   NUM(gen_quake, short_r0, REQ),
    NUM(gen_quake, sigma, REQ),     NUM(gen_quake, intensity_min, REQ),
    NUM(gen_quake, bin_width, REQ), LIST(gen_quake, zones, &quake_zone_entry),
    TEXT(gen_quake, reason),        CYAML_FIELD_END};
static const cyaml_schema_field_t cause_fields[] = {TEXT(gen_crop_cause, name),
                                                    NUM(gen_crop_cause, rate, REQ),
                                                    NUM(gen_crop_cause, mean_at_rate, REQ),
                                                    NUM(gen_crop_cause, growth, REQ),
                                                    NUM(gen_crop_cause, axis_km, REQ),
                                                    NUM(gen_crop_cause, axis_growth, REQ),
                                                    NUM(gen_crop_cause, max_shortfall, REQ),
                                                    UINT(gen_crop_cause, events, REQ),
                                                    UINT(gen_crop_cause, day_first, REQ),
                                                    UINT(gen_crop_cause, day_last, REQ),
                                                    CYAML_FIELD_END};
ENTRY(gen_crop_cause, cause);
static const cyaml_schema_field_t crop_fields[] = {
    NUM(gen_crop, south, REQ), NUM(gen_crop, north, REQ),
    NUM(gen_crop, west, REQ),  NUM(gen_crop, east, REQ),
    NUM(gen_crop, noise, REQ), LIST(gen_crop, causes, &cause_entry),
    TEXT(gen_crop, reason),    CYAML_FIELD_END};
static const cyaml_schema_field_t function_fields[] = {
    TEXT(gen_function, name),
    ENUM(gen_function, law, REQ, function_names),
    NUM(gen_function, v_threshold, OPT),
    NUM(gen_function, v_half, OPT),
    NUM(gen_function, surge_from, OPT),
    NUM(gen_function, surge_scale, OPT),
    NUM(gen_function, touched_exponent, OPT),
    NUM(gen_function, cv, REQ),
    NUM(gen_function, wet_factor, OPT),
    LIST_OPT(gen_function, depth_damage, &number_entry),
    LIST_OPT(gen_function, mean, &number_entry),
    LIST_OPT(gen_function, touched, &number_entry),
    TEXT(gen_function, reason),
    CYAML_FIELD_END};
ENTRY(gen_function, function);
static const cyaml_schema_field_t map_fields[] = {
    TEXT(gen_map, vulnerability), TEXT(gen_map, peril), UINT(gen_map, coverage, REQ),
    TEXT(gen_map, function), CYAML_FIELD_END};
ENTRY(gen_map, map);
static const cyaml_schema_field_t spec_fields[] = {
    TEXT(gen_spec, title),
    TEXT(gen_spec, valuation_date),
    TEXT(gen_spec, inception),
    TEXT(gen_spec, expiry),
    UINT(gen_spec, seed, REQ),
    NUM(gen_spec, window_south, REQ),
    NUM(gen_spec, window_north, REQ),
    NUM(gen_spec, window_west, REQ),
    NUM(gen_spec, window_east, REQ),
    LIST(gen_spec, places, &place_entry),
    LIST(gen_spec, provinces, &named_entry),
    LIST(gen_spec, exchange_rates, &rate_entry),
    LIST(gen_spec, classes, &class_entry),
    MAP(gen_spec, guarantee, guarantee_fields),
    MAP(gen_spec, export_credit, export_fields),
    MAP(gen_spec, holdings, holdings_fields),
    LIST(gen_spec, treaties, &treaty_entry),
    MAP(gen_spec, property_risk, property_risk_fields),
    MAP(gen_spec, typhoon, typhoon_fields),
    MAP(gen_spec, flood, flood_fields),
    MAP(gen_spec, earthquake, quake_fields),
    MAP(gen_spec, crop, crop_fields),
    LIST(gen_spec, flood_depth, &number_entry),
    LIST(gen_spec, flood_wet_share, &number_entry),
    LIST(gen_spec, damage_edges, &number_entry),
    LIST(gen_spec, functions, &function_entry),
    LIST(gen_spec, vulnerability_map, &map_entry),
    CYAML_FIELD_END};
static const cyaml_schema_value_t spec_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, gen_spec, spec_fields)};

/* libcyaml explains an error in several log lines, place last: keep them as one message. */
typedef struct {
    char text[2048];
    size_t n;
} gen_log;

static void keep_log(cyaml_log_t level, void *context, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));
static void keep_log(cyaml_log_t level, void *context, const char *fmt, va_list args) {
    gen_log *log = context;
    if (level < CYAML_LOG_WARNING || log->n >= sizeof log->text - 1)
        return;
    int w = vsnprintf(log->text + log->n, sizeof log->text - log->n, fmt, args);
    if (w > 0)
        log->n += (size_t)w;
    if (log->n >= sizeof log->text)
        log->n = sizeof log->text - 1;
    for (size_t i = 0; i < log->n; i++)
        if (log->text[i] == '\n')
            log->text[i] = ' ';
}

static cyaml_config_t configuration(gen_log *log) {
    return (cyaml_config_t){
        .log_fn = keep_log, .log_ctx = log, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_WARNING};
}

static void expect(bool ok, const char *path, const char *key, const char *what, xmc_diag *diag) {
    if (!ok)
        xmc_bad_input(diag, (xmc_place){path, 0, 0, key}, NULL, "%s", what);
}

static bool is_share(double x) {
    return x >= 0 && x <= 1;
}

static bool has_region(const gen_spec *s, const char *region) {
    for (uint32_t i = 0; i < s->places_count; i++)
        if (!strcmp(s->places[i].region, region))
            return true;
    return false;
}

static bool has_place(const gen_spec *s, const char *name) {
    for (uint32_t i = 0; i < s->places_count; i++)
        if (!strcmp(s->places[i].name, name))
            return true;
    return false;
}

/* libcyaml reads -1 as a huge number. */
#define MOST_CNY   UINT64_C(1000000000000000)
#define MOST_RISKS UINT64_C(1000000000)

/* What the schema cannot say. NaN fails every comparison here. */
static void check(const gen_spec *s, const char *path, xmc_diag *diag) {
    expect(s->window_south < s->window_north && s->window_west < s->window_east, path, "window_*",
           "a window with south < north and west < east", diag);
    for (uint32_t i = 0; i < s->places_count; i++) {
        const gen_place *p = &s->places[i];
        expect(p->units > 0 && p->area_km2 > 0 && p->population > 0 && p->gdp_bn > 0, path, p->name,
               "a place with units, area, population and GDP above zero", diag);
        expect(is_share(p->coast), path, p->name, "coast in [0, 1]", diag);
    }
    for (uint32_t i = 0; i < s->classes_count; i++) {
        const gen_class *c = &s->classes[i];
        expect(c->total > 0 && c->total <= MOST_CNY && c->count <= MOST_RISKS, path, c->name,
               "count of at most 1e9, total above zero and at most 1e15", diag);
        expect(is_share(c->property_share) && is_share(c->interruption_share) &&
                   c->property_share + c->interruption_share <= 1 && is_share(c->building_share) &&
                   is_share(c->top_share) && is_share(c->earthquake_share) &&
                   is_share(c->deductible_share),
               path, c->name, "shares in [0, 1]", diag);
        if (c->kind == GEN_NO_PLACE)
            continue;
        expect(c->count > 0, path, c->name, "count above zero", diag);
        expect(c->property_share > 0, path, c->name, "property_share above zero", diag);
        expect(c->vulnerability && c->perils, path, c->name, "vulnerability and perils", diag);
        expect(c->place || c->spread_count, path, c->name, "place or spread", diag);
        for (uint32_t k = 0; k < c->cities_count; k++)
            expect(has_place(s, c->cities[k]), path, c->name, "cities of the list of places", diag);
        double sum = 0;
        for (uint32_t k = 0; k < c->spread_count; k++) {
            expect(has_region(s, c->spread[k].region), path, c->name,
                   "regions of the list of places in spread", diag);
            sum += c->spread[k].share;
        }
        expect(!c->spread_count || (sum > 0.999999 && sum < 1.000001), path, c->name,
               "shares of spread that sum to one", diag);
        expect(c->place == NULL || has_region(s, c->place), path, c->name,
               "a region of the list of places", diag);
        expect(c->kind != GEN_FIRMS || (c->sites_mean >= 1 && c->top_sites < c->count), path,
               c->name, "sites_mean of at least 1, fewer top sites than firms", diag);
    }
    const gen_guarantee *g = &s->guarantee;
    expect(g->count > 0 && g->count <= MOST_RISKS && g->total > g->count && g->total <= MOST_CNY &&
               g->years > 0 && g->years <= 50,
           path, "guarantee", "count, total, years above zero", diag);
    expect(s->export_credit.buyers > 0 && s->export_credit.buyers <= MOST_RISKS &&
               s->export_credit.turnover <= MOST_CNY && s->export_credit.days <= 365 &&
               s->export_credit.policies > 0 &&
               s->export_credit.policies <= s->export_credit.buyers,
           path, "export_credit", "buyers, and at most as many policies", diag);
    expect(s->holdings.years > 0 && s->holdings.value > 0 && s->holdings.value <= MOST_CNY &&
               s->holdings.load_value <= MOST_CNY && s->holdings.lots > 0,
           path, "holdings", "value, years and lots above zero", diag);
    expect(s->flood_depth_count == s->flood_wet_share_count, path, "flood_wet_share",
           "as many values as flood_depth", diag);
    for (uint32_t i = 0; i < s->functions_count; i++) {
        const gen_function *f = &s->functions[i];
        expect(f->cv > 0, path, f->name, "cv above zero", diag);
        if (f->law == GEN_FLOOD)
            expect(f->depth_damage_count == s->flood_depth_count && is_share(f->wet_factor), path,
                   f->name, "depth_damage for each flood_depth, wet_factor in [0, 1]", diag);
        if (f->law == GEN_TABLE)
            expect(f->mean_count > 0 && (!f->touched_count || f->touched_count == f->mean_count),
                   path, f->name, "mean, and touched of the same length", diag);
        if (f->law == GEN_EMANUEL)
            expect(f->v_half > f->v_threshold, path, f->name, "v_half above v_threshold", diag);
    }
    for (uint32_t i = 0; i < s->vulnerability_map_count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < s->functions_count; k++)
            found |= !strcmp(s->functions[k].name, s->vulnerability_map[i].function);
        expect(found && s->vulnerability_map[i].coverage <= 4, path,
               s->vulnerability_map[i].function, "a function of the list and a coverage 0 … 4",
               diag);
    }
}

xmc_status gen_spec_load(const char *path, gen_spec **out, xmc_diag *diag) {
    *out = NULL;
    if (access(path, R_OK))
        return xmc_file_error(diag, path, "reading");
    gen_log log = {.n = 0};
    cyaml_config_t config = configuration(&log);
    size_t before = diag->n_errors;
    cyaml_data_t *data = NULL;
    cyaml_err_t err = cyaml_load_file(path, &config, &spec_schema, &data, NULL);
    if (err == CYAML_ERR_OOM)
        return xmc_no_memory(diag, 0, "reading the specification");
    if (err != CYAML_OK)
        return xmc_error(diag, XMC_BAD_INPUT, "%s: %s; %s", path, cyaml_strerror(err), log.text);
    *out = data;
    check(*out, path, diag);
    return diag->n_errors > before ? XMC_BAD_INPUT : XMC_OK;
}

void gen_spec_free(gen_spec *s) {
    gen_log log = {.n = 0};
    cyaml_config_t config = configuration(&log);
    if (s)
        cyaml_free(&config, &spec_schema, s, 0);
}
