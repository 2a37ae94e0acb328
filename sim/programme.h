/* The reinsurance programme: treaties in inuring order, what they cover, and how they act on the
 * risks of an account, on an occurrence, and on the occurrences of a trial. docs/treaties.md states
 * order, formulae and conventions.
 *
 * A treaty acts either risk by risk, in the task of an event, on what an account's policies have
 * left of a loss (the risk stage: everything up to the last per-risk treaty of a policy), or on the
 * sums of accumulation classes (the class stage). What the risk stage has ceded travels to the
 * class stage in columns of its own beside the class's gross loss. */
#ifndef CROSSMC_PROGRAMME_H
#define CROSSMC_PROGRAMME_H

#include "sim/module.h"

/* How a treaty acts. */
enum {
    XMC_ACTS_ON_RISKS = 1, /* terms per risk, or shares of their own for risks */
    XMC_ACTS_SUMMED = 2,   /* terms on the occurrence or the year: a recovery is known only there */
    XMC_ACTS_DATED = 4,    /* on some days of the year only */
    XMC_ACTS_CUT = 8       /* its scope tells locations of an account apart */
};

/* The treaties that act in the simulated year, in inuring order; immutable after the plan. */
typedef struct {
    size_t n;                /* treaties */
    size_t n_words;          /* 64-bit words of a treaty set */
    uint32_t *treaty;        /* [n] index into the book's treaties, ascending (priority, number) */
    uint32_t *level;         /* [n] 0, 1, …: treaties of one level act on the same loss */
    uint8_t *acts;           /* [n] XMC_ACTS_… */
    int32_t *first_day;      /* [n] days of the simulated year (0 the day after the valuation) on */
    int32_t *last_day;       /* [n] which an occurrence is covered */
    double *ends, *period;   /* [n] last day of the treaty's period; its days */
    size_t *scope_offset;    /* [n + 1] into scope */
    xmc_treaty_scope *scope; /* by treaty; account, LocNumber; rows without an account last */
    bool any_hours;          /* a treaty has an hours clause */
    int32_t day_of_year[368]; /* calendar day 1 … 366 to day of the simulated year */
    const xmc_book *book;
    const char *info_file, *scope_file; /* for messages; may be NULL */
    double grid, inv_grid;
} xmc_programme;

static inline const xmc_treaty *xmc_programme_treaty(const xmc_programme *p, size_t k) {
    return &p->book->treaties[p->treaty[k]];
}
static inline bool xmc_in_set(const uint64_t *set, size_t k) {
    return set[k / 64] >> (k % 64) & 1;
}

/* Checks the book's treaties (limits, shares, scopes, stop loss last) and orders them. */
xmc_status xmc_programme_plan(const xmc_analysis *a, xmc_programme *out, xmc_diag *diag);
void xmc_programme_free(xmc_programme *p);
void xmc_programme_digest(const xmc_programme *p, xmc_digest *d);
/* Places of messages. */
xmc_place xmc_treaty_place(const xmc_programme *p, size_t k, const char *column);

/* Whether treaty k covers the losses of a policy at one of its locations under a peril (one bit).
 * ceded (may be NULL) takes the share: the scope row's, otherwise the treaty's. */
bool xmc_programme_covers(const xmc_programme *p, size_t k, const xmc_policy *policy,
                          const xmc_location *location, xmc_perils peril, double *ceded);
/* Whether treaty k covers a line of business as a whole: a line without accounts. peril 0: a loss
 * without peril, which only treaties over every OED peril group cover. */
bool xmc_programme_covers_line(const xmc_programme *p, size_t k, uint32_t lob, xmc_perils peril);
/* Whether the scope of treaty k may tell the account's locations apart. */
bool xmc_programme_cuts_account(const xmc_programme *p, size_t k, uint32_t account);

/* The treaties of a set that act risk by risk: all up to the level of the last per-risk one, but
 * for those of that level that need sums. risk[n_words] takes them. false: blocked and blocking
 * (indices into the programme) name a per-risk treaty that would need the outcome of one that acts
 * on sums or days. */
bool xmc_programme_risk_stage(const xmc_programme *p, const uint64_t *set, uint64_t *risk,
                              size_t *blocked, size_t *blocking);

/* ---- the risk stage ---- */

/* The treaties that act on an account's risks. Items are (policy row × part of the account). */
typedef struct {
    uint32_t n_treaties, n_items;
    uint32_t *treaty; /* [n_treaties] index into the programme, ascending */
    uint32_t *risk;   /* [n_treaties][n_items] number of the risk, UINT32_MAX: not covered */
    double *ceded;    /* [n_treaties][n_items] share; equal within a risk */
    uint32_t *column; /* [n_treaties][n_items] accumulation class of what is ceded */
} xmc_risk_programme;

/* One occurrence's losses of an account, gross[n_items], through its risk treaties.
 * part[n_treaties][n_items] takes what each cedes; for a treaty with terms on sums, its loss in the
 * layers per risk, before those terms and placement. Scratch: work[4 n_items]. */
void xmc_risk_cessions(const xmc_programme *p, const xmc_risk_programme *r, const double *gross,
                       double *part, double *work);

/* ---- the class stage ---- */

/* What the classes of an event are to the programme. */
typedef struct {
    const uint64_t *set;    /* [classes][n_words] treaties of the class stage */
    const uint32_t *treaty; /* [classes] UINT32_MAX: a class of gross losses; otherwise the class
                               before it that is one has ceded this column to that treaty */
} xmc_treaty_classes;

/* One occurrence. row[n]: losses and what the risk stage ceded, by class. net[n], work[n]: net
 * losses of the gross classes, and net before the level; scratch elsewhere. */
typedef struct {
    const uint32_t *id; /* [n] classes, ascending */
    size_t n;
    const double *row;
    double *net, *work;
    int32_t day;      /* of the simulated year */
    xmc_perils peril; /* of the event */
    uint32_t number;  /* the caller's */
} xmc_occurrence;

/* A trial's state. All zero at its start. */
typedef struct {
    double *layer_used, *recovery; /* [treaties]: layer losses before aggregate terms and placement;
                                      recoveries */
    double reinstatement;          /* premium paid */
} xmc_treaty_state;

/* One occurrence through all treaties; none may have an hours clause. */
void xmc_programme_occurrence(const xmc_programme *p, const xmc_treaty_classes *c,
                              const xmc_occurrence *o, xmc_treaty_state *state);
/* All occurrences of a trial, in order of day, with hours clauses. first[n], best[n + 1]: scratch.
 */
void xmc_programme_trial(const xmc_programme *p, const xmc_treaty_classes *c,
                         const xmc_occurrence *o, size_t n, xmc_treaty_state *state,
                         uint32_t *first, double *best);

/* Splits amount (0 <= amount, on the grid) over n weights >= 0 (on the grid) in proportion,
 * exactly: part[i] is a difference of rounded running shares, so the parts lie on the grid, are >=
 * 0 and sum to amount. Where the weights sum to amount, the parts are the weights. With no weight
 * at all the parts are zero. */
void xmc_allocate(double amount, const double *weight, double *part, size_t n, double grid,
                  double inv_grid);

#endif
