/* A version of the rules of C-ROSS II as data: scenarios/rules/c-ross-*.yaml. A version is either
 * full or a delta on the one before it (`extends:`), in which `changes:` must name values that
 * exist and `adds:` values that don't. Every value carries article, source and confidence and has a
 * path, e.g. "insurance/lines/motor/premium/rf0". docs/regulation.md describes the format. */
#ifndef CROSSMC_RULES_H
#define CROSSMC_RULES_H

#include "scenarios/common/status.h"
#include <stdbool.h>

typedef struct xmc_rules xmc_rules;

typedef enum {
    XMC_RULE_NUMBER, /* value: one number */
    XMC_RULE_STEPS,  /* steps: a value per interval of a driver */
    XMC_RULE_PIECES, /* pieces: polynomial coefficients (ascending powers) per interval */
    XMC_RULE_MATRIX, /* names, rows: a correlation matrix; checked symmetric and positive definite
                      */
    XMC_RULE_TABLE,  /* table: a value per name (rating) */
    XMC_RULE_CHOICE, /* choice, choices: a switch that the rules leave open */
    XMC_RULE_TARGET  /* k2 of an index: condition and either k2 or a target factor */
} xmc_rule_kind;

/* An interval as printed: "(0.95, 1.00]"; "inf" is allowed. */
typedef struct {
    double from, to;
    bool from_closed, to_closed;
} xmc_interval;

bool xmc_interval_has(const xmc_interval *i, double x);

enum { XMC_RULE_MAX_POWERS = 4, XMC_RULE_MAX_MATRIX = 16, XMC_RULE_MAX_WHEN = 3 };

typedef struct {
    xmc_interval range;
    int n_c;
    double c[XMC_RULE_MAX_POWERS]; /* steps use c[0] alone */
} xmc_rule_piece;

typedef struct {
    const char *driver;
    xmc_interval range;
} xmc_rule_when;

/* One value of the rules with its origin. Strings live as long as the xmc_rules. */
typedef struct {
    const char *path;
    xmc_rule_kind kind;
    double number;
    const char *driver;                    /* STEPS, PIECES: what x is */
    const char *coefficient;               /* the rule's own name: "k1"; may be NULL */
    xmc_rule_when when[XMC_RULE_MAX_WHEN]; /* all must hold, otherwise the coefficient is 0 */
    int n_when;
    xmc_rule_piece *pieces; /* STEPS, PIECES: contiguous, ascending */
    size_t n_pieces;
    const char **names; /* MATRIX: row names; TABLE: entry names; CHOICE: choices */
    double *values;     /* MATRIX: n × n row-major; TABLE: n */
    size_t n_names;
    const char *choice;        /* CHOICE */
    const char *index, *board; /* TARGET: csi300, div_low_vol_100 or any; a board or any */
    double longer_than;        /* TARGET: years held, strictly more than; -1: any */
    double window;             /* TARGET: years of the weighted average; 0: none */
    double none;               /* STEPS: value where the driver is stated as none; NAN: an error */
    bool beyond_cap;           /* the limits of K do not bind on it */
    bool has_target;           /* TARGET: number is a target factor, otherwise k2 itself */
    const char *article, *source, *confidence, *note; /* note may be NULL */
    const char *version;                              /* version that set it */
    xmc_place place;
} xmc_rule;

/* Reads a version: path is a folder and version one of "2021", "2023", "2025" (prefix of the
 * version's name; several matches are an error), or path is a file and version NULL. */
xmc_status xmc_rules_load(const char *path, const char *version, xmc_rules **out, xmc_diag *diag);
void xmc_rules_free(xmc_rules *r);

const char *xmc_rules_version(const xmc_rules *r); /* "2021", "2023-09", "2025-12" or the user's */
const char *xmc_rules_effective(const xmc_rules *r); /* date as text */
const char *xmc_rules_title(const xmc_rules *r);
const char *xmc_rules_file(const xmc_rules *r);
/* The i-th file that was read: the version's own, then those that it extends; NULL beyond. */
const char *xmc_rules_file_at(const xmc_rules *r, size_t i);

/* The value at a path, NULL if there is none. */
const xmc_rule *xmc_rules_find(const xmc_rules *r, const char *path);
/* All values, ordered by path. */
const xmc_rule *xmc_rules_all(const xmc_rules *r, size_t *n);
/* Range [*first, *first + count) of values whose path begins with prefix. */
size_t xmc_rules_under(const xmc_rules *r, const char *prefix, size_t *first);

/* Steps or pieces at x. false if x lies in none of the intervals. */
bool xmc_rule_at(const xmc_rule *rule, double x, double *out, const xmc_rule_piece **piece);
/* A table's entry or NAN. */
double xmc_rule_entry(const xmc_rule *rule, const char *name);

#endif
