/* The generator's specification in memory, as scenarios/demo/book.yaml states it. Amounts are whole
 * CNY, shares fractions, rates a year, distances km, winds m/s. */
#ifndef CROSSMC_GENERATE_SPEC_H
#define CROSSMC_GENERATE_SPEC_H

#include "scenarios/common/status.h"
#include <stdbool.h>
#include <stdint.h>

/* A list as libcyaml loads it: pointer and count. */
#define GEN_LIST(type, name)                                                                       \
    type *name;                                                                                    \
    uint32_t name##_count

/* A prefecture city, district or large city: units equal the county-level units placed in it. */
typedef struct {
    char *name, *region;
    double latitude, longitude, area_km2, population, gdp_bn;
    uint32_t units;
    double coast; /* share of its sites that take the coastal class */
} gen_place;

typedef struct {
    char *region;
    double share;
} gen_share;

typedef enum { GEN_LAW_LOGNORMAL, GEN_LAW_PARETO, GEN_LAW_GAMMA } gen_law;

/* One compound line of a class (attritional.yaml). */
typedef struct {
    char *name, *lob, *region; /* region: NULL = the class's place */
    double frequency, dispersion;
    gen_law law;
    double mean, cv, threshold, alpha, deductible, limit;
    bool whole; /* its sum insured is what the class does not hold as property or interruption */
} gen_attritional;

typedef enum {
    GEN_FIRMS,     /* accounts of one or more sites, one row a site at either scale */
    GEN_AGGREGATE, /* one row per county-level unit, many risks each */
    GEN_PERSONS,   /* as aggregate; at full scale one row per person or tree */
    GEN_NO_PLACE   /* attritional only */
} gen_kind;

typedef enum { GEN_BY_POPULATION, GEN_BY_GDP, GEN_BY_AREA, GEN_EQUALLY } gen_weight;

typedef struct {
    char *book, *name, *title, *unit;
    gen_kind kind;
    uint64_t count, total; /* total: risk cover or sum insured, CNY */
    bool count_public, total_public;
    char *lob, *vulnerability, *coastal_vulnerability, *perils, *place;
    GEN_LIST(char *, cities); /* names of places to keep to; none = all of place or spread */
    bool one_unit;            /* one unit for each place */
    GEN_LIST(gen_share, spread);
    gen_weight weight;
    uint32_t counties; /* units that have the cover: the heaviest ones; 0 = all */
    double property_share, interruption_share; /* of total */
    double building_share;                     /* of property; the rest is contents */
    double sites_mean, size_sigma;
    double deductible_share, deductible_min;
    double earthquake_share, earthquake_limit; /* endorsement: share of sums; sublimit share */
    uint32_t top_sites;
    double top_share, top_participation_low, top_participation_high, primary_limit;
    GEN_LIST(gen_attritional, attritional);
    char *reason;
} gen_class;

typedef struct {
    uint32_t months;
    double share;
} gen_term;

typedef struct {
    char *name;
    double share;
} gen_named_share;

/* Financing guarantee: originations over years before the valuation date. */
typedef struct {
    uint64_t count, total; /* public: originations */
    uint32_t years;
    double count_growth, amount_growth, size_sigma;
    GEN_LIST(gen_term, terms);
    GEN_LIST(gen_named_share, loan_types);
    GEN_LIST(gen_named_share, sectors);
    GEN_LIST(gen_named_share, scores);
    GEN_LIST(gen_named_share, cards);
    double score_card_correlation;
    double full_cover_share, partial_cover;
    uint64_t programme_count, programme_total; /* public: the branch's loan guarantee */
    char *lob, *programme_lob, *programme_region, *reason;
} gen_guarantee;

typedef struct {
    char *code;
    double share;
    uint32_t oecd_class;
    char *currency;
} gen_country;

typedef struct {
    uint64_t buyers, turnover;
    uint32_t days, policies;
    double cover, size_sigma, limit_low, limit_high, aggregate_limit_premiums, premium_rate;
    GEN_LIST(gen_country, countries);
    GEN_LIST(gen_named_share, ratings);
    GEN_LIST(gen_named_share, sectors);
    char *lob, *loss_class, *reason;
} gen_export;

typedef struct {
    char *currency;
    double cny_per_unit;
} gen_rate;

/* A group of stocks driven by one index. */
typedef struct {
    char *name, *board, *index;
    uint32_t count;
    bool csi300, div_low_vol_100;
    double value_share, beta_mean, beta_sd, idio_vol_mean, idio_vol_sd, price_median;
} gen_stock_group;

typedef struct {
    uint64_t value, load_value;
    double gain, sale_share, price_drift, price_vol;
    uint32_t lots, years, load_instruments, load_lots;
    GEN_LIST(gen_stock_group, groups);
    char *reason;
} gen_holdings;

typedef struct {
    char *number, *name, *type, *perils;
    uint32_t priority;
    double ceded, attachment, limit, aggregate_attachment, aggregate_limit, premium;
    uint32_t reinstatements;
    GEN_LIST(char *, lobs);
    char *reason;
} gen_treaty;

/* Surplus and per-risk cover of property, for the second programme. */
typedef struct {
    double line, lines, attachment, limit; /* CNY; lines: how many the surplus takes */
    GEN_LIST(char *, lobs);
    char *reason;
} gen_property_risk;

typedef struct {
    double latitude, longitude;
} gen_point;

/* A stretch of coast with its landfalls a year at and above the five grades (CMA 2-min wind 17.2,
 * 24.5, 32.7, 41.5, 51.0 m/s). */
typedef struct {
    char *name;
    uint32_t events;
    GEN_LIST(double, rates);
    double heading, heading_sd; /* degrees clockwise from north */
    GEN_LIST(gen_point, points);
} gen_coast;

typedef struct {
    double rate_scale, minute_ratio, speed_mu, speed_sigma, decay_r, decay_vb, decay_alpha,
        max_wind, threshold, turn_per_degree, bin_width;
    GEN_LIST(gen_coast, coasts);
    GEN_LIST(double, month_share); /* January … December */
    char *reason;
} gen_typhoon;

/* Floods whose centres lie round a point. */
typedef struct {
    char *name;
    double latitude, longitude, scatter_km, rate;
    double size; /* factor on the extent */
    double level_shift;
    uint32_t events, day_first, day_last;
} gen_flood_zone;

typedef struct {
    double level_at_rate, level_slope, level_max, axis_km, axis_growth, axis_sigma, elongation,
        edge_exponent, noise;
    GEN_LIST(gen_flood_zone, zones);
    char *reason;
} gen_flood;

typedef struct {
    char *name;
    double south, north, west, east, rate, m_min, m_max, b, strike;
    uint32_t events;
} gen_quake_zone;

typedef struct {
    double long_a, long_m, long_r, long_r0, short_a, short_m, short_r, short_r0, sigma;
    double intensity_min, bin_width;
    GEN_LIST(gen_quake_zone, zones);
    char *reason;
} gen_quake;

typedef struct {
    char *name;
    double rate, mean_at_rate, growth, axis_km, axis_growth, max_shortfall;
    uint32_t events, day_first, day_last;
} gen_crop_cause;

typedef struct {
    double south, north, west, east, noise;
    GEN_LIST(gen_crop_cause, causes);
    char *reason;
} gen_crop;

typedef enum { GEN_EMANUEL, GEN_FLOOD, GEN_TABLE } gen_function_law;

/* A vulnerability function: mean damage ratio and share of risks touched by intensity bin, the
 * damage of those touched as a beta law with the stated coefficient of variation. */
typedef struct {
    char *name;
    gen_function_law law;
    double v_threshold, v_half, surge_from, surge_scale; /* emanuel; surge adds from that wind on */
    double touched_exponent, cv;
    double wet_factor;              /* flood: on the wet shares */
    GEN_LIST(double, depth_damage); /* flood: at depths of depth_classes */
    GEN_LIST(double, mean);         /* table: from intensity bin 0 on */
    GEN_LIST(double, touched);      /* table: share of risks touched; empty: all */
    char *reason;
} gen_function;

typedef struct {
    char *vulnerability, *peril;
    uint32_t coverage;
    char *function;
} gen_map;

typedef struct {
    char *title, *valuation_date, *inception, *expiry;
    uint64_t seed;
    double window_south, window_north, window_west, window_east;
    GEN_LIST(gen_place, places);
    GEN_LIST(gen_named_share, provinces); /* weights of the guarantee book */
    GEN_LIST(gen_rate, exchange_rates);
    GEN_LIST(gen_class, classes);
    gen_guarantee guarantee;
    gen_export export_credit;
    gen_holdings holdings;
    GEN_LIST(gen_treaty, treaties);
    gen_property_risk property_risk;
    gen_typhoon typhoon;
    gen_flood flood;
    gen_quake earthquake;
    gen_crop crop;
    GEN_LIST(double, flood_depth);     /* m, by flood level 1, 2, … */
    GEN_LIST(double, flood_wet_share); /* share of a cell's exposure under water, by level */
    GEN_LIST(double, damage_edges);    /* inner edges of the damage bins */
    GEN_LIST(gen_function, functions);
    GEN_LIST(gen_map, vulnerability_map);
} gen_spec;

xmc_status gen_spec_load(const char *path, gen_spec **out, xmc_diag *diag);
void gen_spec_free(gen_spec *s);

#endif
