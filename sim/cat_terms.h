/* Term trees of the accounts that the kernel's own terms do not cover: terms by coverage, special
 * conditions, bounds on accumulated deductibles, franchises, terms of the account. Inside of the
 * catastrophe engine. docs/terms.md states order and rules.
 *
 * Locations take their terms as they are met and add what is left to the parts of their account: a
 * part is what the terms further up need to tell apart (region, condition tags). A part has one
 * item, or one per coverage where terms of coverages follow; an item is the loss's row of lanes,
 * followed by those of its history (kernels/term_rules.h) where a bound on deductibles follows. At
 * the end of the event the account's programme runs over its items, policy layer by policy layer.
 */
#ifndef CROSSMC_CAT_TERMS_H
#define CROSSMC_CAT_TERMS_H

#include "kernels/term_rules.h"
#include <stdint.h>

enum {
    XMC_ALL_PARTS = 0, /* an operation without a tag */
    XMC_HISTORY = 4,   /* rows of an item with its history: x, d, o, u */
    XMC_ITEMS = 4      /* items of a part by coverage */
};

/* Rules of a location, by number; UINT32_MAX: none. */
enum {
    XMC_AT_BI_TIME,                       /* waiting period and period of indemnity */
    XMC_AT_COVER,                         /* four coverages */
    XMC_AT_PD = XMC_AT_COVER + XMC_ITEMS, /* building, other, contents together */
    XMC_AT_ALL,
    XMC_N_LOCATION_RULES
};
typedef struct {
    uint32_t rule[XMC_N_LOCATION_RULES];
} xmc_location_rules;

/* One rule on the items of some coverages of the parts with a tag, taken together. */
typedef struct {
    uint32_t rule, tag; /* tag: of the book, or XMC_ALL_PARTS */
    uint8_t first_item, n_items;
} xmc_term_op;

/* A policy layer: its operations in order, then its terms on everything together, then the layer.
 */
typedef struct {
    uint32_t first_op, n_ops, all; /* all: number of a rule, UINT32_MAX none */
    uint32_t first_tag, n_tags;    /* of a restricted layer: the tags it covers */
    bool restricted;
} xmc_term_row;

/* An account: one xmc_term_row per policy layer that covers the peril, from first_row on. */
typedef struct {
    uint32_t first_row, rule; /* rule: of the account, UINT32_MAX none */
    uint8_t items;            /* per part: 1, or XMC_ITEMS by coverage */
    uint8_t rows;             /* of lanes per item: 1, or XMC_HISTORY */
    bool uses_tags;
} xmc_term_account;

/* The compiled terms of a view. */
typedef struct {
    xmc_rule *rule;
    uint32_t n_rules, n_ops, n_rows, n_accounts, n_tags;
    xmc_term_op *op;
    xmc_term_row *row;
    xmc_term_account *account;
    uint32_t *tag; /* of restricted layers */
} xmc_terms_plan;

#endif
