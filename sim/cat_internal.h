/* Inside of the catastrophe engine; nobody else includes this. */
#ifndef CROSSMC_CAT_INTERNAL_H
#define CROSSMC_CAT_INTERNAL_H

#include "kernels/distributions.h"
#include "kernels/ground_up.h"
#include "scenarios/hazard/hazard.h"
#include "sim/cat.h"
#include "sim/cat_correlate.h"
#include "sim/cat_terms.h"
#include "sim/treaty.h"

#define NONE UINT32_MAX

__extension__ typedef unsigned __int128 xmc_u128;

/* Owns allocations of the plan: 64-byte aligned, zeroed, freed together. */
typedef struct {
    void **blocks;
    size_t n, capacity;
    uint64_t bytes;
} xmc_plan_memory;

/* n elements of size bytes; NULL without memory. */
void *xmc_plan_get(xmc_plan_memory *a, size_t n, size_t size);
void xmc_plan_memory_free(xmc_plan_memory *a);

/* Locations with a sum insured, in the canonical order (cell, class, account, LocNumber). */
typedef struct {
    size_t n;
    uint32_t *location;    /* index into the book */
    uint32_t *rank;        /* of the first coverage with a sum insured */
    uint32_t *cell;        /* index into the event set's cells, or NONE */
    double *account_tiv;   /* [accounts] sums insured of all locations */
    size_t *row_offset;    /* [accounts + 1] into row */
    uint32_t *row;         /* policies by account */
    uint32_t *region_rank; /* [regions] alphabetical */
} xmc_cat_book;

/* The number of the cell of a grid of `size` degrees that a location lies in. */
uint32_t xmc_cat_cell_of(const xmc_location *l, double size);

xmc_status xmc_cat_book_build(const xmc_analysis *a, xmc_plan_memory *arena, xmc_cat_book *out,
                              xmc_diag *diag);

/* An account whose terms need the losses of several locations, or that has several policies or
 * per-risk treaties; per peril. Its locations are grouped by region into parts, since segments are
 * regional; where treaties tell them apart, each is a part. */
typedef struct {
    uint32_t first_part, n_parts;
    uint32_t first_row, n_rows;      /* into row[] of the view: policies that cover the peril */
    size_t first_class;              /* into part_class: [row][part] */
    const xmc_risk_programme *risks; /* per-risk treaties, NULL: none */
    uint32_t terms;                  /* its term tree in the view's, or NONE */
    uint32_t part_rows;              /* rows of lanes that a part takes */
} xmc_cat_account;

#define XMC_LOCAL_SLOT (UINT32_C(1) << 31)
enum { XMC_NODE_ROWS = 40 };

/* A run and what the kernel does not need to know of it. */
typedef struct {
    xmc_run run;
    uint32_t function[XMC_MAX_COVERS];
    uint8_t slot[XMC_MAX_COVERS];  /* of the hazard model, where there is one */
    uint8_t entry[XMC_MAX_COVERS]; /* of the correlations, from 1; 0: independent */
    uint32_t correlation_group;
    uint32_t class_id;    /* direct runs */
    const uint32_t *part; /* others, [n]: part, or XMC_LOCAL_SLOT | slot within the cell */
    /* Of accounts with a term tree, [n]; NULL in other runs. part[] holds parts then, local ones
     * too. */
    const xmc_location_rules *rules;
    uint8_t cover[XMC_MAX_COVERS]; /* which coverage each of the run's is */
} xmc_cat_run;

/* The book as one peril of the event set meets it. */
typedef struct {
    xmc_perils peril; /* one bit; of a hazard model, those that come in one event */
    unsigned bit;     /* the lowest */
    int group;
    size_t n_runs;
    xmc_cat_run *runs;
    size_t *run_offset; /* [cells + 1] */
    /* Accounts with a scratch. Parts of accounts inside one cell live in slots of the cell, which
     * are reused; the others get a slot when first touched by a task. */
    size_t n_accounts, n_parts;
    xmc_cat_account *accounts;
    uint32_t *part_account;
    uint32_t *row;
    uint32_t *part_class;
    size_t *local_offset; /* [cells + 1] into local_account */
    uint32_t *local_account;
    uint32_t *local_slot;  /* [n_parts] slot of a local part */
    uint32_t max_local;    /* slots that one cell needs at most */
    uint32_t *cell_parts;  /* [cells] parts met */
    uint32_t *cell_global; /* [cells] rows of other accounts' parts touched at most */
    size_t n_part_rows;    /* rows of all parts */
    xmc_terms_plan terms;
    const uint32_t **part_tags; /* [n_parts] the part's tags, ended by 0; NULL: no term trees */
    uint32_t max_work;          /* rows that one account's programme needs at most */
    uint32_t max_layers;        /* policy layers of an account with a term tree */
    size_t *class_offset;       /* [cells + 1] into cell_class: classes that the cell can touch */
    uint32_t *cell_class;
    double *cell_samples; /* [cells] cost of a visit, in draws */
    uint8_t *cell_draws;  /* [cells] whether a visit draws at all */
} xmc_cat_view;

typedef struct {
    uint64_t n;
    double max;
    xmc_u128 sum, squares; /* of losses in grid steps */
} xmc_cat_event_sum;

/* Workspace of a thread. */
typedef struct {
    double *class_acc;             /* [max touched classes][lanes] */
    double *scratch;               /* [slots][lanes]; rows are zero between uses */
    uint32_t *slot;                /* [longest run] */
    uint32_t *stamp;               /* [parts] serial of the task that touched the part */
    uint32_t *part_slot;           /* [parts] */
    uint32_t *touched;             /* [parts touched at most] */
    uint32_t n_touched, next_slot; /* of the task so far */
    uint32_t *class_at;            /* [classes] place among the event's classes */
    uint32_t *here;                /* [parts of an account] those that a location has touched */
    double *weight, *part;         /* [parts of an account] */
    double *total, *loss;          /* [lanes] of an account; of one of its policies */
    /* Term trees. */
    double *location;   /* [XMC_ITEMS × XMC_HISTORY][lanes] items of a location */
    double *tree;       /* [rows of an account's programme][lanes] */
    double *node;       /* [XMC_NODE_ROWS][lanes] */
    double *layer_loss; /* [policy layers of an account][lanes] */
    double **item;      /* [items of an account] */
    double *part_loss;  /* [policy layers × parts of an account with per-risk treaties][lanes] */
    uint32_t serial;
    xmc_cat_group_draws *group; /* [XMC_CORRELATIONS + 1] of the lanes; where draws correlate */
    uint32_t event;             /* of the task */
    uint64_t lane_trial[XMC_LANES];
    uint32_t lane_number[XMC_LANES];
    uint32_t *order;               /* [occurrences of a trial] */
    double *net, *work;            /* [max touched classes]; × occurrences with hours clauses */
    double *layer_used, *recovery; /* [treaties] */
    /* Accounts with per-risk treaties. */
    double *row_loss;                           /* [policies of an account][lanes] */
    double *item_gross, *item_part, *item_work; /* [items], [treaties × items], [4 items] */
    /* A trial with hours clauses. */
    xmc_occurrence *occurrence; /* [occurrences of a trial] */
    uint32_t *joined;           /* the like */
    double *best;
} xmc_cat_thread;

typedef struct {
    uint32_t event, first, n; /* occurrences first … first + n - 1 of the event */
} xmc_cat_task;

/* Events that share one yearly number of occurrences. */
enum { XMC_GROUP_SHIFT = 27 }; /* of the group in an occurrence's number */
typedef struct {
    xmc_count_table count;
    uint32_t parts; /* the number is the sum of so many draws */
    size_t n_events;
    uint32_t *event; /* [n_events]; NULL: all events in order */
    uint64_t *threshold;
    uint32_t *alias;
    double rate;    /* per year */
    double *season; /* [366] cumulated weights of the days; NULL: even in the event's days */
} xmc_cat_group;

/* Where an occurrence comes from: the trial within the chunk, and its number in the trial. */
typedef struct {
    uint32_t trial, number;
} xmc_cat_origin;

struct xmc_cat {
    const xmc_analysis *a;
    xmc_plan_memory arena;
    double grid, inv_grid;
    int threads;
    uint32_t block;
    bool mean_damage; /* nothing is drawn but occurrences */
    xmc_cat *without; /* the same book and events with mean damage, where the analysis asks */
    xmc_programme programme;
    xmc_cat_book book;
    /* [functions][intensity bins]; with a hazard model those that some event needs, number 0: no
     * damage, and row_number says which. */
    xmc_damage_row *damage_rows;
    uint8_t *row_empty; /* no damage */
    size_t n_bins;      /* intensity bins; with a hazard model distributions over them, and one */
    size_t n_rows;
    /* Damage draws are not all independent: runs go through sim/cat_correlate.h. */
    bool correlated;
    double *event_common;    /* event loss tables: see cat_rows.c; NULL otherwise */
    uint32_t *row_number;    /* [functions][n_bins]; NULL without a hazard model */
    xmc_terms *policy_terms; /* [policies] */
    xmc_layer *policy_layers;
    size_t n_views;
    xmc_cat_view *views;
    /* Accumulation classes: distinct (segment, treaty set), each followed by a class for what each
     * treaty of the set's risk stage has ceded of it. */
    size_t n_classes, n_segments;
    uint32_t *class_segment; /* into the registry */
    uint64_t *class_set;     /* [classes][words] treaties of the class stage */
    uint32_t *class_treaty;  /* NONE: losses; otherwise the treaty whose cessions they are */
    size_t most_tree_items;  /* of an account with per-risk treaties and a term tree */
    size_t most_items, most_rows, most_parts_of_risks; /* of an account with per-risk treaties */
    size_t *segments;                                  /* the registry's indices of this risk */
    size_t premium_segment;                            /* SIZE_MAX: none */
    /* Events. */
    size_t n_events;
    uint8_t *event_view;
    size_t *event_class_offset; /* [events + 1] */
    uint32_t *event_class;      /* ascending */
    uint32_t *event_lanes;      /* occurrences of a task */
    double *event_samples;      /* draws of an occurrence */
    double *event_parts;   /* parts of accounts with a scratch that an occurrence meets at most */
    uint8_t *event_fixed;  /* nothing is drawn: one row serves all occurrences */
    uint32_t *event_order; /* dearest first */
    size_t n_groups;       /* of events that share a yearly number */
    xmc_cat_group groups[XMC_FREQUENCY_GROUPS + 1];
    size_t max_count; /* occurrences of a trial at most */
    double total_rate;
    /* Workspace of a chunk of trials. */
    size_t all_parts; /* the most that a view has */
    size_t occurrence_capacity, row_capacity, task_capacity;
    uint32_t *trial_start;           /* [block + 1] */
    uint32_t *occ_event, *occ_place; /* by trial; place among the event's occurrences */
    xmc_cat_origin *sorted;          /* by event */
    uint16_t *occ_day;
    uint32_t *occ_number; /* addresses the damage: the number in the group, and the group above */
    uint32_t *event_count, *event_start;
    size_t *event_row;
    double *rows;
    xmc_cat_task *tasks;
    uint32_t *batches; /* first task of each batch: tasks too small to be handed out one by one */
    xmc_cat_thread *thread;
    xmc_cat_event_sum *sums;
    int overflowed;
    /* Reports. */
    size_t n_exposures;
    xmc_cat_exposure *exposures;
    double samples_per_trial;
};

/* Steps of the plan. */
xmc_status xmc_cat_views_build(xmc_cat *c, const xmc_run_shape *shape, xmc_segments *segments,
                               xmc_diag *diag);
xmc_status xmc_cat_exposures_build(xmc_cat *c, xmc_diag *diag);
/* Ground-up losses of a run whose draws are not all independent; coverage 0 of run is first_cover
 * of r. */
void xmc_cat_correlated_run(const xmc_cat *c, xmc_cat_thread *t, const xmc_run *run,
                            const xmc_cat_run *r, uint32_t first_cover,
                            const xmc_damage_row *const *row, xmc_lanes *lanes, size_t n_lanes,
                            double *acc, size_t stride);
xmc_status xmc_cat_frequency_build(xmc_cat *c, xmc_diag *diag);
void xmc_cat_frequency_free(xmc_cat *c);
void xmc_cat_frequency_digest(const xmc_cat *c, xmc_digest *d);
/* Occurrences of a trial; and their events, days and numbers, from place o on. */
uint32_t xmc_cat_count(const xmc_cat *c, uint64_t trial);
void xmc_cat_draw(xmc_cat *c, uint64_t trial, uint32_t o);
xmc_status xmc_cat_rows_build(xmc_cat *c, xmc_diag *diag);
/* With a hazard model: after the views, since only what they meet is built. */
xmc_status xmc_cat_mixed_rows_build(xmc_cat *c, xmc_diag *diag);

/* Draws that the plan keeps for a coverage: one for each peril that an event may have at once. */
static inline uint32_t xmc_cat_draws(const xmc_analysis *a) {
    return a->events.hazard ? (uint32_t)a->events.hazard->n_perils : 1;
}
/* The damage row of coverage k of a run at entry f of the footprints; its number. */
static inline size_t xmc_cat_row_at(const xmc_cat *c, const xmc_cat_run *r, uint32_t k,
                                    uint64_t f) {
    const xmc_hazard *h = c->a->events.hazard;
    if (c->a->events.loss)
        return f;
    if (h)
        return c->row_number[r->function[k] * c->n_bins + h->mix[f * h->n_slots + r->slot[k]]];
    return r->function[k] * c->n_bins + c->a->events.footprint_bin[f];
}
/* Lane l of an account with per-risk treaties, whose policies' losses by part stand in
 * t->item_gross[row × n_parts + part]: gross goes to the classes, what is ceded to the classes
 * behind them. */
void xmc_cat_cede_risks(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                        const xmc_cat_account *a, size_t l, size_t stride);

/* Term trees. Which accounts of a view need one: needs[accounts]; active[n_active] are the places
 * in the canonical order of the locations that the peril meets. */
typedef struct {
    xmc_cat *c;
    xmc_plan_memory memory;   /* until the plan is built */
    size_t *offset;           /* [accounts + 1] into place */
    uint32_t *place;          /* places in the canonical order, by account */
    uint32_t *tag_rank;       /* [tags] alphabetical */
    uint32_t **location_tags; /* [places] tags of the location by name, ended by 0; or NULL */
    uint32_t *no_tags;
} xmc_terms_build;
xmc_status xmc_terms_begin(xmc_terms_build *b, xmc_cat *c, xmc_diag *diag);
void xmc_terms_need(const xmc_terms_build *b, const xmc_cat_view *v, const uint32_t *active,
                    size_t n_active, uint8_t *needs);
/* Compiles the terms of the accounts in need; index[accounts] takes their place in
 * v->terms.account, NONE for the others. Rows follow the policies of c->book.row that cover the
 * peril. */
xmc_status xmc_terms_compile(xmc_terms_build *b, xmc_cat_view *v, const uint8_t *needs,
                             uint32_t *index, xmc_diag *diag);
/* The rules of a location of an account with a term tree. */
xmc_location_rules xmc_terms_location(xmc_terms_build *b, xmc_cat_view *v, const xmc_location *l);
/* How many rules that makes at most, and room for them, to be taken before the first location. */
size_t xmc_terms_count_rules(const xmc_terms_build *b, const xmc_location *l);
bool xmc_terms_reserve(xmc_terms_build *b, xmc_cat_view *v, size_t n_rules);
/* Whether a location's terms act on a peril (LocPeril). */
bool xmc_terms_location_active(const xmc_book *b, const xmc_location *l, xmc_perils peril);

/* Running them. The location at place i of a run, for n_lanes occurrences side by side, or (one
 * not NULL) for one. slot: the part's first row of the scratch. */
void xmc_terms_visit(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                     const xmc_cat_run *r, size_t i, const xmc_damage_row *const *row,
                     xmc_lanes *lanes, xmc_stream *one, uint32_t slot, size_t n_lanes,
                     size_t stride);
/* The account's programme over the parts t->here[n_here] touched; adds what each policy layer pays
 * to the classes, and clears the parts' rows. */
void xmc_terms_finish(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                      const xmc_cat_account *a, const uint32_t *slot_of, size_t n_here,
                      size_t n_lanes, size_t stride);

/* The damage class of a location of the book: its vulnerability class, or what a what-if overlay
 * made of it. The canonical order never looks at it. */
static inline uint32_t xmc_cat_damage_class(const xmc_analysis *a, const xmc_location *l) {
    const uint32_t *made = a->vulnerability.location_class;
    if (made)
        return made[l - a->book.locations];
    return a->events.hazard ? a->events.hazard->location_class[l - a->book.locations]
                            : l->vulnerability;
}

/* The damage function of a location's coverage for a peril, NONE: not modelled. */
static inline uint32_t xmc_cat_function(const xmc_analysis *a, const xmc_location *l, unsigned bit,
                                        uint32_t cover) {
    const size_t class = xmc_cat_damage_class(a, l);
    if (class == NONE)
        return NONE;
    return a->vulnerability.function[(class * 64 + bit) * XMC_N_COVERS + cover];
}

/* Factor on the location's ground-up loss from a peril; 1 without overlay. */
static inline double xmc_cat_severity(const xmc_analysis *a, const xmc_location *l, unsigned bit) {
    const double *severity = a->vulnerability.severity;
    return severity ? severity[(size_t)xmc_cat_damage_class(a, l) * 64 + bit] : 1;
}

#endif
