/* The parts of the generator, each of which writes its files into a folder. */
#ifndef CROSSMC_GENERATE_PARTS_H
#define CROSSMC_GENERATE_PARTS_H

#include "scenarios/generate/tools.h"

/* location.csv, account.csv (and location_persons.csv at full scale), attritional.yaml. tally has
 * one entry per class; rows collects the exposure. */
xmc_status gen_write_property(const gen_spec *s, const char *dir, bool full, gen_rows *rows,
                              gen_tally *tally, xmc_diag *diag);

/* reins_info.csv, reins_scope.csv; the same with surplus and per-risk covers of property,
 * reins_info_risk.csv and reins_scope_risk.csv. After the property: reads its files. */
xmc_status gen_write_treaties(const gen_spec *s, const char *dir, xmc_diag *diag);

typedef struct {
    uint64_t originations, originated;         /* guarantee: all, CNY */
    uint64_t in_force, outstanding;            /* guarantee at the valuation date */
    uint64_t programme_count, programme_total; /* the branch's loan guarantee */
    uint64_t buyers, export_target;            /* export credit: buyers, outstanding meant, CNY */
    double export_outstanding;                 /* as written, CNY at the rates */
} gen_credit_tally;

/* credit_policies.csv, obligors_guarantee.csv, obligors_export.csv, rates.csv; at full scale also
 * obligors_load.csv, all originations at once. */
xmc_status gen_write_credit(const gen_spec *s, const char *dir, bool full, gen_credit_tally *tally,
                            xmc_diag *diag);

typedef struct {
    uint64_t instruments, lots, value, cost;
} gen_holdings_tally;

/* instruments.csv, lots.csv; at full scale also instruments_load.csv, lots_load.csv. */
xmc_status gen_write_holdings(const gen_spec *s, const char *dir, bool full,
                              gen_holdings_tally *tally, xmc_diag *diag);

/* Mean damage ratios of the functions, [function][bin], bins of the intensity as events.c counts
 * them. */
typedef struct {
    size_t n_functions, n_bins;
    double *mean;
} gen_damage;

/* damage_bins.csv, vulnerability.csv, vulnerability_map.csv. */
xmc_status gen_write_vulnerability(const gen_spec *s, const char *dir, gen_damage *out,
                                   xmc_diag *diag);
void gen_damage_free(gen_damage *d);

/* The perils of the event set, in the order of their OED bits. */
enum { GEN_QEQ, GEN_WTC, GEN_ORF, GEN_XCY, GEN_N_PERILS };
extern const char *const gen_peril_codes[GEN_N_PERILS];

/* Annual rate at which each cell of the window meets each intensity bin. */
typedef struct {
    uint32_t n_rows, n_columns, first_row, first_column; /* window on the quarter-degree grid */
    size_t n_bins;
    double *rate; /* [GEN_N_PERILS][n_rows * n_columns][n_bins] */
    size_t events[GEN_N_PERILS];
    double annual_rate[GEN_N_PERILS];
    uint64_t footprint;
} gen_hazard;

enum { GEN_MAX_BINS = 64 };
/* Bins of an intensity: the lower edge of bin b is low + b * width. */
double gen_wind_of_bin(const gen_spec *s, size_t bin);
#define GEN_SHORTFALL_WIDTH 0.05

/* events.h5 */
xmc_status gen_write_events(const gen_spec *s, const char *dir, gen_hazard *out, xmc_diag *diag);
void gen_hazard_free(gen_hazard *h);

#endif
