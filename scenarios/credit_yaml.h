/* credit.yaml as libcyaml fills it, shared by the files that read it. Private to scenarios/. */
#ifndef CROSSMC_CREDIT_YAML_H
#define CROSSMC_CREDIT_YAML_H

#include "scenarios/load.h"

typedef struct {
    char *name; /* of a class */
    int64_t basel;
    double global, region, country, sector;
} loadings_yaml;

typedef struct {
    char *code, *region;
    uint64_t oecd_class;
    double transfer_probability;
    double *ceiling;
} country_yaml;

typedef struct {
    char *name;
    double mean, sd, systemic, recovery_months;
} loss_class_yaml;

typedef struct {
    char *currency;
    double volatility, correlation;
} exchange_rate_yaml;

typedef struct {
    char *name;
    double variance;
} variance_yaml;

typedef struct {
    int64_t model;
    int64_t copula;
    double *degrees_of_freedom;
    double probability_floor;
    struct {
        char **scores, **cards;
        uint32_t scores_count, cards_count;
    } * matrix;
    char **sectors;
    uint32_t sectors_count;
    char **country_regions;
    uint32_t country_regions_count;
    country_yaml *countries;
    uint32_t countries_count;
    struct {
        loadings_yaml *export, *guarantee;
        loadings_yaml *classes;
        uint32_t classes_count;
    } loadings;
    double macro_share;
    struct {
        double loading, loss_mean, loss_sd, delay_share, recovery_months;
    } * transfer;
    loss_class_yaml *loss_classes;
    uint32_t loss_classes_count;
    double discount_rate;
    exchange_rate_yaml *exchange_rates;
    uint32_t exchange_rates_count;
    struct {
        char **states;
        uint32_t states_count;
    } * migration;
    struct {
        double sector_weight, country_weight, sector_variance, country_variance;
        variance_yaml *variances;
        uint32_t variances_count;
    } * plus;
} credit_yaml;

/* Adds the names of a list; one that comes twice is an error. */
void xmc_credit_names(xmc_yaml_file *f, const char *list, const char *key, xmc_names *names,
                      const char *name, size_t i);

/* The parts that are options: exchange rates, migration, CreditRisk+ (credit_options.c). They
 * report what they find; a status other than XMC_OK is trouble of memory. */
xmc_status xmc_load_exchange_rates(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                                   xmc_credit_model *m);
xmc_status xmc_load_migration(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                              xmc_credit_model *m);
xmc_status xmc_load_creditrisk_plus(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                                    xmc_credit_model *m);

#endif
