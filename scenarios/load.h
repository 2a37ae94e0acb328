/* Private to the loaders: what they share while an analysis is read. */
#ifndef CROSSMC_LOAD_H
#define CROSSMC_LOAD_H

#include "scenarios/analysis.h"
#include "scenarios/common/arena.h"
#include "scenarios/common/table.h"
#include "scenarios/yaml_schema.h"

/* A file that the analysis names. */
typedef struct {
    const char *path; /* resolved against the analysis file; NULL: not named */
    const char *role; /* "locations", … */
    char key[64];     /* where the analysis names it: "book.locations[0]" */
} xmc_file_ref;

typedef struct {
    xmc_file_ref *items;
    size_t n;
} xmc_file_refs;

/* Distinct (account, extra, text) keys: policies and locations, millions of them. */
typedef struct {
    const char **slot;
    size_t n, n_slots;
} xmc_key_set;

typedef struct {
    xmc_analysis *a;
    xmc_book *book;
    xmc_diag *diag;
    bool book_only;     /* the models of catastrophe are not asked for */
    xmc_yaml_file yaml; /* the analysis, for places */
    xmc_arena *arena;   /* the book's strings */
    xmc_arena scratch;  /* until the end of loading */

    xmc_names lobs, currencies, regions, classes, accounts, credit_policies, indices, instruments;
    xmc_names loc_groups, reins_tags;
    double *cny_per_unit;      /* [currencies.n] */
    bool own_classes;          /* the event set says which location takes which function */
    bool lines_ok;             /* otherwise lines of business are not looked up */
    bool credit_ok, equity_ok; /* the models that the books refer to were read */
    bool accounts_ok, policies_ok, instruments_ok; /* likewise; policies: of credit */
    bool actions_failed;                           /* then sales are not held against purchases */
    uint8_t *account_in_force;                     /* [accounts.n] */
    uint16_t file; /* the file of accounts or locations being read */
    const xmc_file_refs *account_files;
    xmc_names tags; /* of conditions */
    size_t term_set_capacity, condition_capacity, location_tag_capacity;

    /* credit model: what only the obligors need */
    xmc_names countries, country_regions, sectors, loss_classes, loadings, ratings, scores, cards;
    xmc_names fx;
    double *rating_probability, *matrix; /* [ratings.n], [scores.n][cards.n] */
    double *instrument_cny; /* [instruments.n] CNY per unit of the instrument's currency */
    uint32_t
        *credit_policy_index;  /* [credit_policies.n] into the book's, UINT32_MAX not in force */
    uint8_t *policy_named;     /* [credit_policies.n] by some row of the obligors */
    const char *policies_path; /* of the credit policies, and where their identifier stands */
    size_t policy_column;
} xmc_loader;

/* Regions and vulnerability classes: tables are built over them, so a column of distinct values in
 * their place must not fill the memory. */
enum { XMC_MOST_NAMES = 20000 };

/* Opens a table named by the analysis and records it as an input when it is closed. */
xmc_status xmc_load_open(xmc_loader *l, const xmc_file_ref *ref, const xmc_column *columns,
                         size_t n, xmc_table **out);
xmc_status xmc_load_close(xmc_loader *l, const xmc_file_ref *ref, xmc_table *t);
xmc_status xmc_load_input(xmc_loader *l, const xmc_file_ref *ref, uint64_t bytes,
                          const char sha256[65]);

/* Records a file that is not a table as an input: its size and digest. */
xmc_status xmc_load_digest(xmc_loader *l, const xmc_file_ref *ref);

/* Room for one more element of an array that doubles; NULL without memory (reported). */
void *xmc_load_grow(xmc_loader *l, void *array, size_t n, size_t *capacity, size_t size);

/* Cells that mean the same in several files. */
double xmc_load_currency(xmc_loader *l, xmc_table *t, size_t column); /* CNY for one unit */
uint32_t xmc_load_lob(xmc_loader *l, xmc_table *t, size_t column);
uint32_t xmc_load_region(xmc_loader *l, xmc_table *t, size_t column);
/* 256 a + b of a country code's two letters, 0 where the cell is empty or wrong (reported). */
uint16_t xmc_load_country(xmc_table *t, size_t column);
xmc_perils xmc_load_perils(xmc_table *t, size_t column);
const char *xmc_load_text(xmc_loader *l, xmc_table *t, size_t column); /* kept; NULL no memory */
/* A name of a list, or an error that says what the list is. */
uint32_t xmc_load_known(xmc_table *t, size_t column, const xmc_names *names, const char *what);
bool xmc_load_is_word(const char *s, bool lower_only); /* [A-Za-z0-9_]+ */
/* The key of (PortNumber, AccNumber) in l->accounts; false: no text in a cell. */
uint32_t xmc_load_account(xmc_loader *l, xmc_table *t, size_t port, size_t acc, bool add,
                          bool *fresh);

/* Adds a key; the text is copied into the arena. NULL: it is there already (*known = true) or no
 * memory. */
const char *xmc_keys_add(xmc_key_set *set, xmc_arena *arena, uint32_t account, uint32_t extra,
                         const char *text, size_t length, bool *known);
void xmc_keys_free(xmc_key_set *set);

/* The parts, in the order in which they are read. Each reports what it finds and goes on. */
xmc_status xmc_load_lines(xmc_loader *l, const xmc_file_ref *ref);
xmc_status xmc_load_rates(xmc_loader *l, const xmc_file_ref *ref);
xmc_status xmc_load_accounts(xmc_loader *l, const xmc_file_refs *refs);
xmc_status xmc_load_locations(xmc_loader *l, const xmc_file_refs *refs);
/* reinsurers and shares: both or neither named (path NULL). */
xmc_status xmc_load_reinsurance(xmc_loader *l, const xmc_file_ref *info, const xmc_file_ref *scope,
                                const xmc_file_ref *reinsurers, const xmc_file_ref *shares);
xmc_status xmc_load_credit_model(xmc_loader *l, const xmc_file_ref *ref);
xmc_status xmc_load_credit_policies(xmc_loader *l, const xmc_file_ref *ref);
xmc_status xmc_load_obligors(xmc_loader *l, const xmc_file_refs *refs);
xmc_status xmc_load_equity_model(xmc_loader *l, const xmc_file_ref *ref);
/* The returns that a historical model names; m has its names already. */
xmc_status xmc_load_equity_history(xmc_loader *l, xmc_yaml_file *f, const char *path,
                                   xmc_equity_model *m);
xmc_status xmc_load_derivatives(xmc_loader *l, const xmc_file_ref *ref);
xmc_status xmc_load_instruments(xmc_loader *l, const xmc_file_ref *ref);
/* Before the lots: what was sold is held against what splits made of the purchases. */
xmc_status xmc_load_corporate_actions(xmc_loader *l, const xmc_file_ref *ref);
xmc_status xmc_load_lots(xmc_loader *l, const xmc_file_refs *refs);
xmc_status xmc_load_events(xmc_loader *l, const xmc_file_ref *ref);
/* Event loss tables as the catastrophe source: events, locations and policies of the book. */
xmc_status xmc_load_event_losses(xmc_loader *l, const xmc_file_refs *refs);
/* Year-event table of the events that are read; the event set itself where ref names it. */
xmc_status xmc_load_years(xmc_loader *l, const xmc_file_ref *ref);
/* Whether the file is an event set that brings its own vulnerability (schema 2). */
bool xmc_events_have_vulnerability(const char *path);
xmc_status xmc_load_vulnerability(xmc_loader *l, const xmc_file_ref *bins,
                                  const xmc_file_ref *functions, const xmc_file_ref *map);
xmc_status xmc_load_attritional(xmc_loader *l, const xmc_file_ref *ref);

/* n strings and the pointers to them in one piece of memory, freed by one free(). */
const char **xmc_pack_names(const char *const *names, size_t n);

#endif
