/* Inside of the regulatory minimum: building the tree. Not a public header. */
#ifndef CROSSMC_REGULATORY_BUILD_H
#define CROSSMC_REGULATORY_BUILD_H

#include "output/regulatory.h"

enum { XMC_REG_TEXT = 4096 };

typedef struct {
    const xmc_rules *rules;
    const xmc_company *company;
    const xmc_reg_book *book;
    xmc_reg_tree *tree;
    xmc_diag *diag;
    size_t node_capacity, assumption_capacity, switch_capacity;
    bool *given_used;      /* [company->n_given] */
    bool failed;           /* out of memory; everything else is counted in diag */
    const char **breached; /* counterparties above the concentration threshold */
    size_t n_breached;
    bool real_estate_breached;
} xmc_reg_builder;

/* Memory and text that live as long as the tree. */
void *xmc_reg_alloc(xmc_reg_builder *b, size_t bytes);
const char *xmc_reg_text(xmc_reg_builder *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends to a buffer of XMC_REG_TEXT bytes; what does not fit is cut. */
void xmc_reg_append(char *buffer, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void xmc_reg_assume(xmc_reg_builder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds a node as the last child of parent (SIZE_MAX: a root). Code and key are made from the
 * formats of the caller. A node that the sheet gives comes back with state XMC_NODE_GIVEN. */
size_t xmc_reg_add(xmc_reg_builder *b, size_t parent, const char *code, const char *key,
                   const char *label_zh, const char *label_en, xmc_agg agg, const char *matrix);
/* True if the node or one above it is given, so that nothing below it is computed. */
bool xmc_reg_blocked(const xmc_reg_builder *b, size_t node);

/* The choice of a switch: the sheet's or the rules'. */
const char *xmc_reg_switch_choice(xmc_reg_builder *b, const char *name);
/* A number of the rules; a missing one is reported and reads as 0. */
double xmc_reg_number(xmc_reg_builder *b, const char *path);
const xmc_rule *xmc_reg_rule(xmc_reg_builder *b, const char *path);

/* The sum of characteristic coefficients, growing one by one. */
typedef struct {
    double inside, beyond; /* bound by the limits of K, and not */
    char text[XMC_REG_TEXT];
    char missing[XMC_REG_TEXT]; /* coefficients without data */
} xmc_reg_k;

/* Adds one coefficient of the rules; drivers are looked up in the lists in order. */
void xmc_reg_add_k(xmc_reg_builder *b, xmc_reg_k *k, const xmc_rule *rule,
                   const xmc_drivers *const *drivers, size_t n_drivers);
/* K within its limits, those beyond added. */
double xmc_reg_k_total(xmc_reg_builder *b, const xmc_reg_k *k, const char *min_path,
                       const char *max_path);
const xmc_driver *xmc_reg_driver(const xmc_drivers *const *drivers, size_t n_drivers,
                                 const char *name);
/* "Rule 4 Art. 10 (S-PDF)" without a label where it is S-PDF. */
const char *xmc_reg_origin(xmc_reg_builder *b, const xmc_rule *rule);
/* "(0.95, 1]" into buffer of 64 bytes */
const char *xmc_reg_interval(const xmc_interval *i, char *buffer);

/* A leaf that is exposure × rf0 × (1 + k) × relief. */
void xmc_reg_set_leaf(xmc_reg_builder *b, size_t node, double exposure, double rf0, double k,
                      double factor, const char *coefficients, const char *articles);

/* The three risks; parent is node 1. */
void xmc_reg_build_insurance(xmc_reg_builder *b, size_t parent);
void xmc_reg_build_market(xmc_reg_builder *b, size_t parent);
void xmc_reg_build_credit(xmc_reg_builder *b, size_t parent);
/* One asset of market or credit risk under a group of the rules ("market/equity"). */
void xmc_reg_add_asset(xmc_reg_builder *b, size_t parent, const char *group,
                       const xmc_company_asset *a, size_t number);
/* Counterparties and real estate above their thresholds (Rule 8 Art. 60-67), before the assets. */
void xmc_reg_find_concentration(xmc_reg_builder *b);
void xmc_reg_add_concentration(xmc_reg_builder *b, const xmc_company_asset *a, bool is_real_estate,
                               xmc_reg_k *k);
/* The directly held listed stocks under node 1.3.2. */
void xmc_reg_build_stocks(xmc_reg_builder *b, size_t equity);
/* Catastrophe of one peril from its event-scenario table into a leaf. */
void xmc_reg_build_peril(xmc_reg_builder *b, size_t node, const xmc_company_catastrophe *c);

#endif
