/* The plan's second step: the book as each peril meets it, as runs of the kernel; accumulation
 * classes and segments. */
#include "kernels/vmath.h"
#include "sim/cat_sets.h"
#include <stdlib.h>
#include <string.h>

const char *const xmc_group_names[XMC_N_GROUPS] = {"earthquake", "typhoon", "flood", "crop",
                                                   "other"};

int xmc_group_of(xmc_perils p) {
    if (p & XMC_PERIL_QEQ)
        return XMC_GROUP_EARTHQUAKE;
    if (p & (XMC_PERIL_WTC | XMC_PERIL_WSS))
        return XMC_GROUP_TYPHOON;
    if (p & (XMC_PERIL_ORF | XMC_PERIL_OSF))
        return XMC_GROUP_FLOOD;
    if (p & XMC_PERIL_XCY)
        return XMC_GROUP_CROP;
    return XMC_GROUP_OTHER;
}

/* Longest run: bounds the buffer that translates slots. */
enum { LONGEST_RUN = 4096 };

/* How the losses of an account's locations become policy losses, per peril. */
enum { NOT_MET, DIRECT, DIRECT_TERMS, SCRATCH, TERM_TREE };

typedef struct {
    xmc_cat *c;
    xmc_plan_memory t;       /* temporaries, */
    xmc_plan_memory of_view; /* and those of one view */
    /* Segments: names of lines by rank, × region rank × group. */
    size_t n_lines, n_regions;
    uint32_t *line_of_lob;    /* [lobs] */
    uint32_t *lob_of_line;    /* [lines] */
    const char **region_name; /* [regions] by rank */
    xmc_cat_sets sets;
    uint32_t *class_map; /* [lines × regions × groups][sets]: first used or not, then the class */
    double *exposure;    /* [lines × regions × groups] */
    uint32_t *last_location; /* the like: location counted last */
    /* Per view. */
    uint32_t *active; /* canonical numbers of the locations that the peril meets */
    size_t n_active;
    uint8_t *mode;  /* [accounts] */
    uint32_t *met;  /* [accounts] locations met */
    uint32_t *cell; /* [accounts] cell of the first one */
    uint8_t *many;  /* [accounts] met in several cells */
    double largest; /* what a location may lose in one event, so far */
    xmc_terms_build terms;
    uint8_t *needs;  /* [accounts] a term tree */
    uint32_t *index; /* [accounts] into the view's term trees */
} build;

static size_t words(const build *b) {
    return b->c->programme.n_words;
}

static const xmc_location *location_at(const xmc_cat *c, size_t i) {
    return &c->a->book.locations[c->book.location[i]];
}

/* ---- lines ---- */

static int by_segment(const void *x, const void *y, void *lobs) {
    const xmc_lob *l = lobs;
    return strcmp(l[*(const uint32_t *)x].segment, l[*(const uint32_t *)y].segment);
}

static xmc_status name_lines(build *b, xmc_diag *diag) {
    const xmc_book *book = &b->c->a->book;
    b->line_of_lob = xmc_plan_get(&b->t, book->n_lobs, sizeof(uint32_t));
    b->lob_of_line = xmc_plan_get(&b->t, book->n_lobs, sizeof(uint32_t));
    b->region_name = xmc_plan_get(&b->t, book->n_regions, sizeof(char *));
    if (!b->line_of_lob || !b->lob_of_line || !b->region_name)
        return xmc_no_memory(diag, book->n_lobs * sizeof(uint32_t), "planning catastrophe");
    /* Ranks of the distinct names, alphabetically. */
    uint32_t *order = xmc_plan_get(&b->t, book->n_lobs, sizeof(uint32_t));
    if (!order)
        return xmc_no_memory(diag, book->n_lobs * sizeof(uint32_t), "planning catastrophe");
    for (uint32_t i = 0; i < book->n_lobs; i++)
        order[i] = i;
    qsort_r(order, book->n_lobs, sizeof *order, by_segment, book->lobs);
    for (size_t i = 0; i < book->n_lobs; i++) {
        if (!i || strcmp(book->lobs[order[i]].segment, book->lobs[order[i - 1]].segment))
            b->n_lines++;
        b->line_of_lob[order[i]] = (uint32_t)b->n_lines - 1;
    }
    for (uint32_t i = (uint32_t)book->n_lobs; i-- > 0;)
        b->lob_of_line[b->line_of_lob[i]] = i;
    for (uint32_t i = 0; i < book->n_regions; i++) {
        uint32_t rank = b->c->book.region_rank[i];
        b->region_name[rank] = book->regions[i];
        b->n_regions = b->n_regions > rank + 1u ? b->n_regions : rank + 1u;
    }
    return XMC_OK;
}

/* ---- what a peril meets ---- */

static bool policy_is_void(const xmc_policy *p) {
    return p->ded == 0 && p->min_ded == 0 && p->limit == 0 && p->attachment == 0 &&
           p->layer_limit == 0 && p->participation == 1;
}

static size_t rows_covering(const xmc_cat *c, size_t account, xmc_perils peril, uint32_t *first) {
    size_t n = 0;
    for (size_t r = c->book.row_offset[account]; r < c->book.row_offset[account + 1]; r++)
        if (c->a->book.policies[c->book.row[r]].perils & peril) {
            if (n++ == 0)
                *first = c->book.row[r];
        }
    return n;
}

/* Those of the perils that come in one event which the account's policies cover: the same for each
 * policy that covers any (check_policies). */
static xmc_perils account_perils(const xmc_cat *c, size_t account, xmc_perils perils) {
    if (!(perils & (perils - 1)))
        return perils;
    xmc_perils covered = 0;
    for (size_t r = c->book.row_offset[account]; r < c->book.row_offset[account + 1]; r++)
        covered |= c->a->book.policies[c->book.row[r]].perils & perils;
    return covered;
}

/* A loss that wind and flood have caused together cannot be told apart afterwards. */
static xmc_status check_policies(const xmc_cat *c, xmc_diag *diag) {
    const size_t errors = diag->n_errors;
    for (size_t v = 0; v < c->n_views; v++)
        for (size_t account = 0; account < c->a->book.n_accounts; account++) {
            const xmc_perils all = account_perils(c, account, c->views[v].peril);
            for (size_t r = c->book.row_offset[account]; r < c->book.row_offset[account + 1]; r++) {
                const xmc_policy *p = &c->a->book.policies[c->book.row[r]];
                if ((p->perils & all) && (p->perils & all) != all)
                    xmc_error(
                        diag, XMC_BAD_INPUT,
                        "policy %s of account %s (line %zu of the account file): expected the "
                        "same perils as the account's other policies, of those that the event "
                        "set brings in one event",
                        p->pol_number, p->acc_number, p->file_line);
            }
        }
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

/* Of location i of the canonical order, under a peril of the event set that it covers. */
static bool has_function(const xmc_cat *c, size_t i, xmc_perils perils) {
    const xmc_location *l = location_at(c, i);
    for (unsigned bit = 0; bit < 64; bit++)
        if (perils >> bit & 1)
            for (uint32_t k = 0; k < XMC_N_COVERS; k++)
                if (l->tiv[k] > 0 && xmc_cat_function(c->a, l, bit, k) != NONE)
                    return true;
    return false;
}

static bool is_met(const xmc_cat *c, size_t i, const xmc_cat_view *v) {
    const xmc_location *l = location_at(c, i);
    uint32_t first;
    return c->book.cell[i] != NONE &&
           has_function(c, i, l->perils & account_perils(c, l->account, v->peril)) &&
           rows_covering(c, l->account, v->peril, &first);
}

static void meet(build *b, size_t view) {
    const xmc_cat_view *v = &b->c->views[view];
    const xmc_cat *c = b->c;
    const size_t n_accounts = c->a->book.n_accounts;
    memset(b->mode, NOT_MET, n_accounts);
    memset(b->met, 0, n_accounts * sizeof *b->met);
    memset(b->many, 0, n_accounts);
    b->n_active = 0;
    for (size_t i = 0; i < c->book.n; i++) {
        const xmc_location *l = location_at(c, i);
        if (!is_met(c, i, v))
            continue;
        b->active[b->n_active++] = (uint32_t)i;
        if (b->met[l->account]++ == 0)
            b->cell[l->account] = c->book.cell[i];
        else
            b->many[l->account] |= b->cell[l->account] != c->book.cell[i];
    }
    xmc_terms_need(&b->terms, v, b->active, b->n_active, b->needs);
    for (size_t account = 0; account < n_accounts; account++) {
        if (!b->met[account]) {
            b->needs[account] = 0;
            continue;
        }
        uint32_t first = 0;
        size_t n = rows_covering(c, account, v->peril, &first);
        if (b->needs[account])
            b->mode[account] = TERM_TREE;
        else if (xmc_cat_has_risks(c, &b->sets, view, (uint32_t)account))
            b->mode[account] = SCRATCH;
        else if (n == 1 && policy_is_void(&c->a->book.policies[first]))
            b->mode[account] = DIRECT;
        else if (n == 1 && b->met[account] == 1)
            b->mode[account] = DIRECT_TERMS;
        else
            b->mode[account] = SCRATCH;
    }
}

static size_t segment_cell(const build *b, uint32_t policy, uint32_t region_rank, int group) {
    uint32_t line = b->line_of_lob[b->c->a->book.policies[policy].lob];
    return ((size_t)line * b->n_regions + region_rank) * XMC_N_GROUPS + (size_t)group;
}

/* The class of a policy's loss at a location in a region. */
static uint32_t *class_cell(const build *b, size_t view, uint32_t policy, uint32_t region_rank,
                            uint32_t location) {
    const uint32_t set = xmc_cat_set(b->c, &b->sets, view, policy, location);
    return &b->class_map[segment_cell(b, policy, region_rank, b->c->views[view].group) * b->sets.n +
                         set];
}

/* Marks the classes in use and adds up the segments' sums insured: perils of one group share a
 * segment, in which a location counts once. */
static void mark_classes(build *b) {
    const xmc_cat *c = b->c;
    for (size_t i = 0; i < c->book.n; i++) {
        const xmc_location *l = location_at(c, i);
        const uint32_t region = c->book.region_rank[l->region];
        for (size_t v = 0; v < c->n_views; v++) {
            if (!is_met(c, i, &c->views[v]))
                continue;
            for (size_t r = c->book.row_offset[l->account]; r < c->book.row_offset[l->account + 1];
                 r++) {
                uint32_t policy = c->book.row[r];
                if (!(c->a->book.policies[policy].perils & c->views[v].peril))
                    continue;
                *class_cell(b, v, policy, region, (uint32_t)i) = 1;
                size_t s = segment_cell(b, policy, region, c->views[v].group);
                if (b->last_location[s] == i + 1)
                    continue;
                b->last_location[s] = (uint32_t)i + 1;
                b->exposure[s] += l->tiv[0] + l->tiv[1] + l->tiv[2] + l->tiv[3];
            }
        }
    }
}

static size_t count_bits(const uint64_t *set, size_t n_words) {
    size_t n = 0;
    for (size_t i = 0; i < n_words; i++)
        n += (size_t)__builtin_popcountll(set[i]);
    return n;
}

/* The class of a segment and set, and those of what its risk stage cedes. */
static void add_classes(xmc_cat *c, const xmc_cat_sets *sets, size_t set, uint32_t segment) {
    const size_t w = sets->n_words;
    const uint64_t *all = sets->set + set * w, *risk = sets->risk + set * w;
    for (size_t i = 0; i < w; i++)
        c->class_set[c->n_classes * w + i] = all[i] & ~risk[i];
    c->class_segment[c->n_classes] = segment;
    c->class_treaty[c->n_classes++] = NONE;
    for (size_t k = 0; k < c->programme.n; k++)
        if (xmc_in_set(risk, k)) {
            c->class_segment[c->n_classes] = segment;
            c->class_treaty[c->n_classes++] = (uint32_t)k;
        }
}

static xmc_status register_segments(build *b, xmc_segments *segments, xmc_diag *diag) {
    xmc_cat *c = b->c;
    const xmc_book *book = &c->a->book;
    const xmc_cat_sets *sets = &b->sets;
    const size_t cells = b->n_lines * b->n_regions * XMC_N_GROUPS, w = words(b);
    size_t n_classes = 0;
    for (size_t i = 0; i < cells * sets->n; i++)
        if (b->class_map[i])
            n_classes += 1 + count_bits(sets->risk + i % sets->n * w, w);
    c->class_segment = xmc_plan_get(&c->arena, n_classes + 1, sizeof(uint32_t));
    c->class_set = xmc_plan_get(&c->arena, n_classes * w + 1, sizeof(uint64_t));
    c->class_treaty = xmc_plan_get(&c->arena, n_classes + 1, sizeof(uint32_t));
    c->segments = xmc_plan_get(&c->arena, n_classes + 1, sizeof(size_t));
    if (!c->class_segment || !c->class_set || !c->class_treaty || !c->segments)
        return xmc_no_memory(diag, n_classes * w * 8, "planning catastrophe");
    for (size_t s = 0; s < cells; s++) {
        size_t index = SIZE_MAX;
        for (size_t k = 0; k < sets->n; k++) {
            uint32_t *used = &b->class_map[s * sets->n + k];
            if (!*used)
                continue;
            if (index == SIZE_MAX) {
                uint32_t lob = b->lob_of_line[s / XMC_N_GROUPS / b->n_regions];
                xmc_segment g = {.risk = XMC_RISK_CAT,
                                 .line = book->lobs[lob].line,
                                 .lob = lob,
                                 .exposure = b->exposure[s]};
                snprintf(g.line_name, sizeof g.line_name, "%s", book->lobs[lob].segment);
                snprintf(g.region, sizeof g.region, "%s",
                         b->region_name[s / XMC_N_GROUPS % b->n_regions]);
                snprintf(g.cause, sizeof g.cause, "%s", xmc_group_names[s % XMC_N_GROUPS]);
                index = xmc_segments_add(segments, &g);
                if (index == SIZE_MAX)
                    return xmc_no_memory(diag, sizeof g, "registering segments");
                c->segments[c->n_segments++] = index;
            }
            *used = (uint32_t)c->n_classes;
            add_classes(c, sets, k, (uint32_t)index);
        }
    }
    return XMC_OK;
}

/* The reinsurers' charge for reinstatement stands in a segment of its own, so that the segments sum
 * to the net loss. */
static xmc_status register_premium(xmc_cat *c, xmc_segments *segments, xmc_diag *diag) {
    c->premium_segment = SIZE_MAX;
    for (size_t k = 0; k < c->programme.n; k++) {
        const xmc_treaty *t = &c->a->book.treaties[c->programme.treaty[k]];
        if ((t->type != XMC_TREATY_CXL && t->type != XMC_TREATY_PR) || t->reinstatements == 0 ||
            t->reinstatements == XMC_UNLIMITED || t->reinstatement_charge <= 0 || t->premium <= 0)
            continue;
        xmc_segment g = {.risk = XMC_RISK_CAT,
                         .line = XMC_LINE_PROPERTY,
                         .lob = NONE,
                         .line_name = "reinstatement_premium",
                         .region = "all",
                         .cause = "reinstatement"};
        c->premium_segment = xmc_segments_add(segments, &g);
        if (c->premium_segment == SIZE_MAX)
            return xmc_no_memory(diag, sizeof g, "registering segments");
        break;
    }
    return XMC_OK;
}

/* ---- accounts with a scratch ---- */

static bool in_scratch(const build *b, uint32_t account) {
    return b->mode[account] >= SCRATCH;
}

/* What a part holds apart: the region, and where conditions ask for it the location's tags. */
typedef struct {
    uint32_t account, region;
    uint32_t apart;       /* the location, where treaties tell the account's locations apart */
    uint32_t location;    /* one of the part */
    const uint32_t *tags; /* by name, ended by 0; NULL where nothing asks for them */
} part_key;

static int compare_parts(const void *x, const void *y, void *ranks) {
    const part_key *a = x, *b = y;
    const uint32_t *rank = ranks;
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    if (a->region != b->region)
        return a->region < b->region ? -1 : 1;
    if (a->apart != b->apart)
        return a->apart < b->apart ? -1 : 1;
    if (!a->tags || !b->tags || a->tags == b->tags)
        return 0;
    size_t i = 0;
    while (a->tags[i] && a->tags[i] == b->tags[i])
        i++;
    if (a->tags[i] == b->tags[i])
        return 0;
    if (!a->tags[i] || !b->tags[i])
        return a->tags[i] ? 1 : -1;
    return rank[a->tags[i] - 1] < rank[b->tags[i] - 1] ? -1 : 1;
}

/* The part of a location, by its place in the canonical order. */
static part_key key_of_part(const build *b, const xmc_cat_view *v, uint32_t place) {
    const xmc_location *l = location_at(b->c, place);
    const bool apart = b->sets.apart[l->account] != SIZE_MAX;
    part_key k = {l->account, b->c->book.region_rank[l->region], apart ? place : NONE, place, NULL};
    const uint32_t terms = b->index[l->account];
    if (terms != NONE && v->terms.account[terms].uses_tags)
        k.tags = b->terms.location_tags && b->terms.location_tags[place]
                     ? b->terms.location_tags[place]
                     : b->terms.no_tags;
    return k;
}

static uint32_t find_part(const build *b, const xmc_cat_view *v, const part_key *keys,
                          uint32_t place) {
    const part_key key = key_of_part(b, v, place);
    size_t lo = 0, hi = v->n_parts;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (compare_parts(&keys[mid], &key, b->terms.tag_rank) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return (uint32_t)lo;
}

/* Per-risk treaties of an account whose rows, parts and classes are in place. */
static xmc_status build_risks(build *b, size_t view, xmc_cat_account *acc, const part_key *keys,
                              xmc_diag *diag) {
    xmc_cat *c = b->c;
    const xmc_cat_view *v = &c->views[view];
    if (!xmc_cat_has_risks(c, &b->sets, view, keys->account))
        return XMC_OK;
    xmc_risk_programme *r = xmc_plan_get(&c->arena, 1, sizeof *r);
    uint32_t *location = xmc_plan_get(&b->of_view, acc->n_parts, sizeof *location);
    if (!r || !location)
        return xmc_no_memory(diag, sizeof *r, "planning treaties");
    for (uint32_t i = 0; i < acc->n_parts; i++)
        location[i] = keys[i].location;
    xmc_status st =
        xmc_cat_risks_build(c, &b->sets, view, v->row + acc->first_row, acc->n_rows, location,
                            acc->n_parts, v->part_class + acc->first_class, &c->arena, r, diag);
    acc->risks = r;
    if (acc->terms != NONE && c->most_tree_items < r->n_items)
        c->most_tree_items = r->n_items;
    if (c->most_items < r->n_items)
        c->most_items = r->n_items;
    if (c->most_parts_of_risks < (size_t)r->n_items * r->n_treaties)
        c->most_parts_of_risks = (size_t)r->n_items * r->n_treaties;
    if (c->most_rows < acc->n_rows)
        c->most_rows = acc->n_rows;
    return st;
}

static xmc_status build_accounts(build *b, size_t view, part_key **keys_out, xmc_diag *diag) {
    xmc_cat *c = b->c;
    xmc_cat_view *v = &c->views[view];
    const size_t n_cells = c->a->events.n_cells;
    size_t most = 0;
    for (size_t k = 0; k < b->n_active; k++)
        most += in_scratch(b, location_at(c, b->active[k])->account);
    part_key *keys = xmc_plan_get(&b->of_view, most + 1, sizeof *keys);
    v->local_offset = xmc_plan_get(&c->arena, n_cells + 1, sizeof(size_t));
    v->cell_global = xmc_plan_get(&c->arena, n_cells + 1, sizeof(uint32_t));
    if (!keys || !v->local_offset || !v->cell_global)
        return xmc_no_memory(diag, most * sizeof *keys, "planning accounts");
    *keys_out = keys;
    size_t n = 0;
    for (size_t k = 0; k < b->n_active; k++) {
        if (in_scratch(b, location_at(c, b->active[k])->account))
            keys[n++] = key_of_part(b, v, b->active[k]);
    }
    qsort_r(keys, n, sizeof *keys, compare_parts, b->terms.tag_rank);
    size_t distinct = 0, n_accounts = 0, n_rows = 0, n_class = 0;
    for (size_t i = 0; i < n; i++)
        if (!distinct || compare_parts(&keys[i], &keys[distinct - 1], b->terms.tag_rank)) {
            n_accounts += !distinct || keys[i].account != keys[distinct - 1].account;
            keys[distinct++] = keys[i];
        }
    v->n_parts = distinct;
    v->n_accounts = n_accounts;
    for (size_t i = 0, end; i < distinct; i = end) {
        uint32_t first;
        for (end = i + 1; end < distinct && keys[end].account == keys[i].account;)
            end++;
        size_t rows = rows_covering(c, keys[i].account, v->peril, &first);
        n_rows += rows;
        n_class += rows * (end - i);
    }
    v->accounts = xmc_plan_get(&c->arena, n_accounts + 1, sizeof *v->accounts);
    v->part_account = xmc_plan_get(&c->arena, distinct + 1, sizeof(uint32_t));
    v->local_slot = xmc_plan_get(&c->arena, distinct + 1, sizeof(uint32_t));
    v->row = xmc_plan_get(&c->arena, n_rows + 1, sizeof(uint32_t));
    v->part_class = xmc_plan_get(&c->arena, n_class + 1, sizeof(uint32_t));
    v->local_account = xmc_plan_get(&c->arena, n_accounts + 1, sizeof(uint32_t));
    if (v->terms.n_accounts)
        v->part_tags = xmc_plan_get(&c->arena, distinct + 1, sizeof *v->part_tags);
    if ((v->terms.n_accounts && !v->part_tags) || !v->accounts || !v->part_account ||
        !v->local_slot || !v->row || !v->part_class || !v->local_account)
        return xmc_no_memory(diag, n_class * sizeof(uint32_t), "planning accounts");
    n_rows = n_class = 0;
    uint32_t account = 0;
    for (size_t i = 0, end; i < distinct; i = end, account++) {
        uint32_t number = keys[i].account;
        for (end = i + 1; end < distinct && keys[end].account == number;)
            end++;
        xmc_cat_account *acc = &v->accounts[account];
        *acc = (xmc_cat_account){.first_part = (uint32_t)i,
                                 .n_parts = (uint32_t)(end - i),
                                 .first_row = (uint32_t)n_rows,
                                 .first_class = n_class,
                                 .terms = b->index[number],
                                 .part_rows = 1};
        if (acc->terms != NONE) {
            const xmc_term_account *terms = &v->terms.account[acc->terms];
            acc->part_rows = (uint32_t)terms->items * terms->rows;
            const uint32_t work = acc->part_rows * acc->n_parts;
            v->max_work = v->max_work > work ? v->max_work : work;
        }
        v->n_part_rows += (size_t)acc->part_rows * acc->n_parts;
        for (size_t r = c->book.row_offset[number]; r < c->book.row_offset[number + 1]; r++) {
            uint32_t policy = c->book.row[r];
            if (!(c->a->book.policies[policy].perils & v->peril))
                continue;
            v->row[n_rows++] = policy;
            for (size_t k = i; k < end; k++)
                v->part_class[n_class++] =
                    *class_cell(b, view, policy, keys[k].region, keys[k].location);
        }
        acc->n_rows = (uint32_t)(n_rows - acc->first_row);
        xmc_status st = build_risks(b, view, acc, keys + i, diag);
        if (st != XMC_OK)
            return st;
        for (size_t k = i; k < end; k++) {
            v->part_account[k] = account;
            if (v->part_tags)
                v->part_tags[k] = keys[k].tags ? keys[k].tags : b->terms.no_tags;
        }
        if (!b->many[number])
            v->local_offset[b->cell[number] + 1]++;
    }
    for (size_t cell = 0; cell < n_cells; cell++)
        v->local_offset[cell + 1] += v->local_offset[cell];
    /* Local accounts by cell, ascending; and the slots of their parts. */
    v->cell_parts = xmc_plan_get(&c->arena, n_cells + 1, sizeof(uint32_t));
    size_t *next = xmc_plan_get(&b->of_view, n_cells + 1, sizeof *next);
    uint32_t *slots = xmc_plan_get(&b->of_view, n_cells + 1, sizeof *slots);
    if (!next || !slots || !v->cell_parts)
        return xmc_no_memory(diag, n_cells * sizeof *next, "planning accounts");
    memcpy(next, v->local_offset, n_cells * sizeof *next);
    for (uint32_t k = 0; k < n_accounts; k++) {
        const xmc_cat_account *acc = &v->accounts[k];
        uint32_t number = keys[acc->first_part].account, cell = b->cell[number];
        if (b->many[number]) {
            for (uint32_t p = 0; p < acc->n_parts; p++)
                v->local_slot[acc->first_part + p] = NONE;
            continue;
        }
        v->local_account[next[cell]++] = k;
        for (uint32_t p = 0; p < acc->n_parts; p++) {
            v->local_slot[acc->first_part + p] = slots[cell];
            slots[cell] += acc->part_rows;
        }
        v->max_local = v->max_local > slots[cell] ? v->max_local : slots[cell];
    }
    return XMC_OK;
}

/* ---- runs ---- */

/* What all locations of a run share. */
typedef struct {
    uint32_t cell, n_covers, cover_offset[XMC_MAX_COVERS], cover[XMC_MAX_COVERS],
        function[XMC_MAX_COVERS];
    uint8_t slot[XMC_MAX_COVERS], entry[XMC_MAX_COVERS];
    uint32_t correlation_group;
    uint32_t class_id; /* NONE: into a scratch */
    bool mean, tree;
} run_key;

/* The correlation of a peril's items, from 1; 0: none. */
static uint8_t correlation_of(const xmc_analysis *a, xmc_perils peril) {
    for (size_t i = 0; i < a->n_correlations; i++)
        if (a->correlations[i].perils & peril)
            return (uint8_t)(i + 1);
    return 0;
}

static run_key key_of(const build *b, size_t view, uint32_t i) {
    const xmc_cat *c = b->c;
    const xmc_location *l = location_at(c, i);
    run_key k;
    memset(&k, 0, sizeof k); /* compared bytewise */
    const xmc_hazard *h = c->a->events.hazard;
    const uint32_t draws = xmc_cat_draws(c->a);
    const xmc_perils covered = account_perils(c, l->account, c->views[view].peril);
    uint32_t offset = 0;
    for (uint32_t p = 0; p < draws; p++) {
        const xmc_perils peril = h ? h->perils[p] : c->views[view].peril;
        for (uint32_t cover = 0; cover < XMC_N_COVERS; cover++) {
            if (!(l->tiv[cover] > 0))
                continue;
            const uint32_t at = offset++;
            if (!(peril & l->perils & covered))
                continue;
            uint32_t f = xmc_cat_function(c->a, l, (unsigned)__builtin_ctzll(peril), cover);
            if (f == NONE)
                continue;
            k.cover_offset[k.n_covers] = at;
            k.cover[k.n_covers] = cover;
            k.slot[k.n_covers] = (uint8_t)(p * XMC_N_COVERS + cover);
            k.entry[k.n_covers] = correlation_of(c->a, peril);
            k.function[k.n_covers++] = f;
        }
    }
    k.correlation_group = c->a->n_correlations ? l->correlation_group : 0;
    k.cell = c->book.cell[i];
    k.mean = l->is_aggregate || c->mean_damage;
    k.tree = b->mode[l->account] == TERM_TREE;
    if (in_scratch(b, l->account)) {
        k.class_id = NONE;
    } else {
        uint32_t policy = 0;
        rows_covering(c, l->account, c->views[view].peril, &policy);
        k.class_id = *class_cell(b, view, policy, c->book.region_rank[l->region], i);
    }
    return k;
}

/* Terms that the kernel applies. */
static bool location_has_terms(const build *b, const xmc_cat_view *v, const xmc_location *l) {
    return (l->ded != 0 || l->min_ded != 0 || l->limit != 0) && b->mode[l->account] != TERM_TREE &&
           xmc_terms_location_active(&b->c->a->book, l, v->peril);
}

static xmc_terms terms_of(double ded, double min_ded, double max_ded, double limit,
                          uint8_t ded_type, uint8_t limit_type, double tiv) {
    xmc_terms t = {.ded_amount = ded_type == 0   ? ded
                                 : ded_type == 2 ? ded * tiv
                                                 : 0,
                   .ded_share = ded_type == 1 ? ded : 0,
                   .ded_min = min_ded,
                   .ded_max = max_ded > 0 ? max_ded : INFINITY,
                   .limit_amount = INFINITY,
                   .limit_share = 0};
    if (limit > 0) {
        t.limit_amount = limit_type == 0 ? limit : limit_type == 2 ? limit * tiv : 0;
        t.limit_share = limit_type == 1 ? limit : 0;
    }
    return t;
}

/* Arrays of a view in one piece each; runs point into them. */
typedef struct {
    uint32_t *rank, *part;
    double *tiv, *terms, *policy;
    xmc_location_rules *rules;
} view_arrays;

/* Terms of one of n locations into six arrays of n, one behind the other. */
static void put_terms(double *at, size_t n, const xmc_terms *x) {
    at[0] = x->ded_amount;
    at[n] = x->ded_share;
    at[2 * n] = x->ded_min;
    at[3 * n] = x->ded_max;
    at[4 * n] = x->limit_amount;
    at[5 * n] = x->limit_share;
}

static void fill_run(build *b, size_t view, const part_key *keys, xmc_cat_run *out,
                     const run_key *key, const uint32_t *active, view_arrays *w) {
    xmc_cat *c = b->c;
    xmc_cat_view *v = &c->views[view];
    xmc_run *r = &out->run;
    const size_t n = r->n;
    r->n_covers = key->n_covers;
    memcpy(r->cover_offset, key->cover_offset, sizeof r->cover_offset);
    memcpy(out->function, key->function, sizeof out->function);
    memcpy(out->slot, key->slot, sizeof out->slot);
    for (uint32_t k = 0; k < key->n_covers; k++)
        out->cover[k] = (uint8_t)key->cover[k];
    memcpy(out->entry, key->entry, sizeof out->entry);
    out->correlation_group = key->correlation_group;
    r->mean = key->mean;
    out->class_id = key->class_id;
    r->rank = w->rank;
    r->tiv = w->tiv;
    for (size_t i = 0; i < n; i++) {
        const xmc_location *l = location_at(c, active[i]);
        double sum = 0;
        w->rank[i] = c->book.rank[active[i]];
        for (uint32_t k = 0; k < key->n_covers; k++) {
            w->tiv[k * n + i] = l->tiv[key->cover[k]] * xmc_cat_severity(c->a, l, v->bit);
            sum += w->tiv[k * n + i];
        }
        b->largest = b->largest > sum ? b->largest : sum;
    }
    w->rank += n;
    w->tiv += n * key->n_covers;
    if (r->has_terms) {
        double *t = w->terms;
        r->ded_amount = t;
        r->ded_share = t + n;
        r->ded_min = t + 2 * n;
        r->ded_max = t + 3 * n;
        r->limit_amount = t + 4 * n;
        r->limit_share = t + 5 * n;
        for (size_t i = 0; i < n; i++) {
            const xmc_location *l = location_at(c, active[i]);
            double tiv = l->tiv[0] + l->tiv[1] + l->tiv[2] + l->tiv[3];
            const xmc_terms x = location_has_terms(b, v, l)
                                    ? terms_of(l->ded, l->min_ded, l->max_ded, l->limit,
                                               l->ded_type, l->limit_type, tiv)
                                    : terms_of(0, 0, 0, 0, 0, 0, tiv);
            put_terms(t + i, n, &x);
        }
        w->terms += 6 * n;
    }
    if (r->has_policy) {
        double *t = w->policy;
        r->pol_ded_amount = t;
        r->pol_ded_share = t + n;
        r->pol_ded_min = t + 2 * n;
        r->pol_ded_max = t + 3 * n;
        r->pol_limit_amount = t + 4 * n;
        r->pol_limit_share = t + 5 * n;
        r->attachment = t + 6 * n;
        r->layer_limit = t + 7 * n;
        r->participation = t + 8 * n;
        for (size_t i = 0; i < n; i++) {
            uint32_t policy = 0;
            rows_covering(c, location_at(c, active[i])->account, v->peril, &policy);
            const xmc_terms x = c->policy_terms[policy];
            const xmc_layer y = c->policy_layers[policy];
            put_terms(t + i, n, &x);
            t[6 * n + i] = y.attachment;
            t[7 * n + i] = y.limit;
            t[8 * n + i] = y.participation;
        }
        w->policy += 9 * n;
    }
    r->plain_terms = xmc_run_terms_plain(r, c->grid);
    if (key->class_id == NONE) {
        out->part = w->part;
        for (size_t i = 0; i < n; i++) {
            const xmc_location *l = location_at(c, active[i]);
            const uint32_t part = find_part(b, v, keys, active[i]);
            w->part[i] =
                b->many[l->account] || key->tree ? part : XMC_LOCAL_SLOT | v->local_slot[part];
        }
        w->part += n;
    }
    if (key->tree) {
        out->rules = w->rules;
        for (size_t i = 0; i < n; i++)
            w->rules[i] = xmc_terms_location(&b->terms, v, location_at(c, active[i]));
        w->rules += n;
    }
}

/* Runs are many fewer than locations, and their keys large: the list grows. */
typedef struct {
    run_key key;
    uint32_t length;
    uint8_t flags;
} found_run;

static bool find_runs(build *b, size_t view, found_run **runs, size_t *n_runs) {
    size_t n = 0, capacity = 0;
    for (size_t k = 0; k < b->n_active; k++) {
        const run_key key = key_of(b, view, b->active[k]);
        found_run *last = n ? *runs + n - 1 : NULL;
        /* key_of zeroes the padding. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        if (!last || memcmp(&key, &last->key, sizeof key) || last->length == LONGEST_RUN) {
            if (n == capacity) {
                capacity = capacity ? 2 * capacity : 1024;
                found_run *grown = realloc(*runs, capacity * sizeof *grown);
                if (!grown)
                    return false;
                *runs = grown;
            }
            last = *runs + n++;
            *last = (found_run){.key = key};
        }
        const xmc_location *l = location_at(b->c, b->active[k]);
        last->length++;
        last->flags |= (uint8_t)((location_has_terms(b, &b->c->views[view], l) ? 1 : 0) |
                                 (b->mode[l->account] == DIRECT_TERMS ? 2 : 0));
    }
    *n_runs = n;
    return true;
}

static xmc_status build_runs(build *b, size_t view, const part_key *keys, found_run **runs,
                             xmc_diag *diag) {
    xmc_cat *c = b->c;
    xmc_cat_view *v = &c->views[view];
    const size_t n_cells = c->a->events.n_cells;
    v->run_offset = xmc_plan_get(&c->arena, n_cells + 1, sizeof(size_t));
    v->cell_samples = xmc_plan_get(&c->arena, n_cells + 1, sizeof(double));
    v->cell_draws = xmc_plan_get(&c->arena, n_cells + 1, 1);
    size_t n_runs = 0, n_tiv = 0, n_terms = 0, n_policy = 0, n_part = 0, n_tree = 0, n_rules = 0;
    if (!v->run_offset || !v->cell_samples || !v->cell_draws || !find_runs(b, view, runs, &n_runs))
        return xmc_no_memory(diag, b->n_active * sizeof **runs, "planning runs");
    for (size_t r = 0, k = 0; r < n_runs; r++) {
        const run_key *key = &(*runs)[r].key;
        const size_t length = (*runs)[r].length;
        v->run_offset[key->cell + 1]++;
        n_tiv += length * key->n_covers;
        n_terms += (*runs)[r].flags & 1 ? length : 0;
        n_policy += (*runs)[r].flags & 2 ? length : 0;
        n_part += key->class_id == NONE ? length : 0;
        n_tree += key->tree ? length : 0;
        for (size_t i = 0; key->tree && i < length; i++)
            n_rules += xmc_terms_count_rules(&b->terms, location_at(c, b->active[k + i]));
        k += length;
        /* A visit of a location without draws costs about as much as half a draw. */
        v->cell_draws[key->cell] |= !key->mean;
        v->cell_samples[key->cell] +=
            (double)length * ((key->tree ? 3 : 1) * (key->mean ? 0.5 : key->n_covers));
    }
    for (size_t cell = 0; cell < n_cells; cell++)
        v->run_offset[cell + 1] += v->run_offset[cell];
    v->n_runs = n_runs;
    v->runs = xmc_plan_get(&c->arena, n_runs + 1, sizeof *v->runs);
    view_arrays w = {.rank = xmc_plan_get(&c->arena, b->n_active + 1, sizeof(uint32_t)),
                     .part = xmc_plan_get(&c->arena, n_part + 1, sizeof(uint32_t)),
                     .tiv = xmc_plan_get(&c->arena, n_tiv + 1, sizeof(double)),
                     .terms = xmc_plan_get(&c->arena, 6 * n_terms + 1, sizeof(double)),
                     .policy = xmc_plan_get(&c->arena, 9 * n_policy + 1, sizeof(double)),
                     .rules = xmc_plan_get(&c->arena, n_tree + 1, sizeof(xmc_location_rules))};
    if (!w.rules || !xmc_terms_reserve(&b->terms, v, n_rules) || !v->runs || !w.rank || !w.part ||
        !w.tiv || !w.terms || !w.policy)
        return xmc_no_memory(diag, (n_tiv + 6 * n_terms + 9 * n_policy) * sizeof(double),
                             "planning runs");
    const uint32_t *active = b->active;
    for (size_t r = 0; r < n_runs; r++) {
        const found_run *f = *runs + r;
        v->runs[r].run.n = f->length;
        v->runs[r].run.has_terms = f->flags & 1;
        v->runs[r].run.has_policy = f->flags & 2;
        fill_run(b, view, keys, &v->runs[r], &f->key, active, &w);
        active += f->length;
    }
    if (b->largest >= XMC_LARGEST_LOSS * c->grid)
        return xmc_error(diag, XMC_BAD_INPUT,
                         "loss_grid: %g: a location may lose CNY %.6g in one event (its sums "
                         "insured, times an overlay's severity, from all perils), which needs a "
                         "grid of at least %g",
                         c->grid, b->largest, b->largest * 0x1p-50);
    return XMC_OK;
}

/* Classes that a visit of each cell can touch, ascending, and parts with a slot of the task. */
static int compare_classes(const void *x, const void *y) {
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

static xmc_status list_classes(build *b, size_t view, const part_key *keys, xmc_diag *diag) {
    xmc_cat *c = b->c;
    xmc_cat_view *v = &c->views[view];
    const size_t n_cells = c->a->events.n_cells;
    v->class_offset = xmc_plan_get(&c->arena, n_cells + 1, sizeof(size_t));
    size_t *seen_class = xmc_plan_get(&b->of_view, c->n_classes + 1, sizeof *seen_class);
    size_t *seen_part = xmc_plan_get(&b->of_view, v->n_parts + 1, sizeof *seen_part);
    if (!v->class_offset || !seen_class || !seen_part)
        return xmc_no_memory(diag, n_cells * sizeof(size_t), "planning classes");
    for (int fill = 0; fill < 2; fill++) {
        memset(seen_class, 0, (c->n_classes + 1) * sizeof *seen_class);
        memset(seen_part, 0, (v->n_parts + 1) * sizeof *seen_part);
        size_t n = 0, k = 0;
        for (size_t cell = 0; cell < n_cells; cell++) {
            size_t first = n;
            uint32_t global = 0, parts = 0;
            for (size_t r = v->run_offset[cell]; r < v->run_offset[cell + 1]; r++) {
                const xmc_cat_run *run = &v->runs[r];
                if (run->class_id != NONE) {
                    k += run->run.n;
                    if (seen_class[run->class_id] != cell + 1) {
                        seen_class[run->class_id] = cell + 1;
                        if (fill)
                            v->cell_class[n] = run->class_id;
                        n++;
                    }
                    continue;
                }
                for (size_t i = 0; i < run->run.n; i++, k++) {
                    const xmc_location *l = location_at(c, b->active[k]);
                    const uint32_t part = find_part(b, v, keys, b->active[k]);
                    if (seen_part[part] == cell + 1)
                        continue;
                    seen_part[part] = cell + 1;
                    const xmc_cat_account *acc = &v->accounts[v->part_account[part]];
                    global += b->many[l->account] ? acc->part_rows : 0;
                    parts++;
                    for (uint32_t row = 0; row < acc->n_rows; row++) {
                        uint32_t id = v->part_class[acc->first_class + row * acc->n_parts + part -
                                                    acc->first_part];
                        if (seen_class[id] == cell + 1)
                            continue;
                        seen_class[id] = cell + 1;
                        do { /* with what is ceded of it */
                            if (fill)
                                v->cell_class[n] = id;
                            n++;
                        } while (++id < c->n_classes && c->class_treaty[id] != NONE);
                    }
                }
            }
            v->cell_global[cell] = global;
            v->cell_parts[cell] = parts;
            if (fill)
                qsort(v->cell_class + first, n - first, sizeof *v->cell_class, compare_classes);
            v->class_offset[cell + 1] = n;
        }
        if (!fill) {
            v->cell_class = xmc_plan_get(&c->arena, n + 1, sizeof(uint32_t));
            if (!v->cell_class)
                return xmc_no_memory(diag, n * sizeof(uint32_t), "planning classes");
        }
    }
    return XMC_OK;
}

/* ---- all of it ---- */

static xmc_status find_views(xmc_cat *c, xmc_diag *diag) {
    xmc_perils all = 0;
    for (size_t e = 0; e < c->a->events.n_events; e++)
        all |= c->a->events.peril[e];
    c->views = xmc_plan_get(&c->arena, 64, sizeof *c->views);
    if (!c->views)
        return xmc_no_memory(diag, 64 * sizeof *c->views, "planning catastrophe");
    if (c->a->events.hazard) { /* one view per distinct set of perils: at most 2^4 - 1 */
        for (size_t e = 0; e < c->a->events.n_events; e++) {
            const xmc_perils p = c->a->events.peril[e];
            size_t v = 0;
            while (v < c->n_views && c->views[v].peril != p)
                v++;
            if (v == c->n_views)
                c->views[c->n_views++] = (xmc_cat_view){
                    .peril = p, .bit = (unsigned)__builtin_ctzll(p), .group = xmc_group_of(p)};
        }
        return XMC_OK;
    }
    for (unsigned bit = 0; bit < 64; bit++)
        if (all >> bit & 1) {
            xmc_cat_view *v = &c->views[c->n_views++];
            v->bit = bit;
            v->peril = UINT64_C(1) << bit;
            v->group = xmc_group_of(v->peril);
        }
    return XMC_OK;
}

static xmc_status policy_terms(xmc_cat *c, xmc_diag *diag) {
    const xmc_book *book = &c->a->book;
    c->policy_terms = xmc_plan_get(&c->arena, book->n_policies, sizeof *c->policy_terms);
    c->policy_layers = xmc_plan_get(&c->arena, book->n_policies, sizeof *c->policy_layers);
    if (!c->policy_terms || !c->policy_layers)
        return xmc_no_memory(diag, book->n_policies * sizeof *c->policy_terms, "policy terms");
    for (size_t i = 0; i < book->n_policies; i++) {
        const xmc_policy *p = &book->policies[i];
        c->policy_terms[i] = terms_of(p->ded, p->min_ded, p->max_ded, p->limit, p->ded_type,
                                      p->limit_type, c->book.account_tiv[p->account]);
        c->policy_layers[i] = (xmc_layer){
            p->attachment, p->layer_limit > 0 ? p->layer_limit : INFINITY, p->participation};
    }
    return XMC_OK;
}

xmc_status xmc_cat_views_build(xmc_cat *c, const xmc_run_shape *shape, xmc_segments *segments,
                               xmc_diag *diag) {
    (void)shape;
    const xmc_book *book = &c->a->book;
    build b = {.c = c};
    xmc_status s;
    if ((s = find_views(c, diag)) || (s = check_policies(c, diag)) || (s = policy_terms(c, diag)) ||
        (s = name_lines(&b, diag)) || (s = xmc_cat_sets_build(c, &b.t, &b.sets, diag)))
        goto done;
    const size_t cells = b.n_lines * b.n_regions * XMC_N_GROUPS;
    b.class_map = xmc_plan_get(&b.t, cells * b.sets.n + 1, sizeof(uint32_t));
    b.exposure = xmc_plan_get(&b.t, cells + 1, sizeof(double));
    b.last_location = xmc_plan_get(&b.t, cells + 1, sizeof(uint32_t));
    b.active = xmc_plan_get(&b.t, c->book.n + 1, sizeof(uint32_t));
    b.mode = xmc_plan_get(&b.t, book->n_accounts + 1, 1);
    b.many = xmc_plan_get(&b.t, book->n_accounts + 1, 1);
    b.met = xmc_plan_get(&b.t, book->n_accounts + 1, sizeof(uint32_t));
    b.cell = xmc_plan_get(&b.t, book->n_accounts + 1, sizeof(uint32_t));
    b.needs = xmc_plan_get(&b.t, book->n_accounts + 1, 1);
    b.index = xmc_plan_get(&b.t, book->n_accounts + 1, sizeof(uint32_t));
    if ((s = xmc_terms_begin(&b.terms, c, diag)))
        goto done;
    if (!b.needs || !b.index || !b.class_map || !b.exposure || !b.last_location || !b.active ||
        !b.mode || !b.many || !b.met || !b.cell) {
        s = xmc_no_memory(diag, cells * b.sets.n * sizeof(uint32_t), "planning catastrophe");
        goto done;
    }
    mark_classes(&b);
    if ((s = register_segments(&b, segments, diag)) || (s = register_premium(c, segments, diag)))
        goto done;
    for (size_t v = 0; v < c->n_views; v++) {
        part_key *keys = NULL;
        found_run *runs = NULL;
        meet(&b, v);
        if (!(s = xmc_terms_compile(&b.terms, &c->views[v], b.needs, b.index, diag)) &&
            !(s = build_accounts(&b, v, &keys, diag)) &&
            !(s = build_runs(&b, v, keys, &runs, diag)))
            s = list_classes(&b, v, keys, diag);
        free(runs);
        xmc_plan_memory_free(&b.of_view);
        if (s)
            goto done;
    }
done:
    xmc_plan_memory_free(&b.terms.memory);
    xmc_plan_memory_free(&b.t);
    return s;
}
