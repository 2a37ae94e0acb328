/* The plan of the programme: which treaties act, in what order, on what. */
#include "sim/programme.h"
#include "kernels/vmath.h"
#include <stdlib.h>
#include <string.h>

enum { YEAR = 365 };
#define ANY UINT32_MAX

static const xmc_perils every_group =
    XMC_PERIL_QEQ | XMC_PERIL_WTC | XMC_PERIL_WSS | XMC_PERIL_ORF | XMC_PERIL_OSF;

static const xmc_treaty *treaty_of(const xmc_programme *p, size_t k) {
    return xmc_programme_treaty(p, k);
}

static xmc_place place_of(const xmc_programme *p, const xmc_treaty *t, const char *column) {
    return (xmc_place){p->info_file, t->file_line, 0, column};
}

xmc_place xmc_treaty_place(const xmc_programme *p, size_t k, const char *column) {
    return place_of(p, treaty_of(p, k), column);
}

/* ---- terms ---- */

static void check_amount(const xmc_programme *p, const xmc_treaty *t, const char *column,
                         double value, bool positive, xmc_diag *diag) {
    char text[32];
    snprintf(text, sizeof text, "%g", value);
    if (!(isfinite(value) && (positive ? value > 0 : value >= 0)))
        xmc_bad_input(diag, place_of(p, t, column), text, "an amount %s 0",
                      positive ? "greater than" : "not below");
}

static void check_share(const xmc_programme *p, const xmc_treaty *t, const char *column,
                        double value, bool zero, xmc_diag *diag) {
    char text[32];
    snprintf(text, sizeof text, "%g", value);
    if (!((value > 0 || (zero && value == 0)) && value <= 1))
        xmc_bad_input(diag, place_of(p, t, column), text, "a share in (0, 1]");
}

static void check_treaty(const xmc_programme *p, const xmc_treaty *t, xmc_diag *diag) {
    const bool counted = t->reinstatements != XMC_UNLIMITED;
    check_share(p, t, "PlacedPercent", t->placed, false, diag);
    check_share(p, t, "CededPercent", t->ceded, t->type != XMC_TREATY_QS, diag);
    check_amount(p, t, "RiskAttachment", t->risk_attachment, false, diag);
    check_amount(p, t, "RiskLimit", t->risk_limit, t->type == XMC_TREATY_PR && counted, diag);
    check_amount(p, t, "OccAttachment", t->occ_attachment, false, diag);
    check_amount(p, t, "OccLimit", t->occ_limit, t->type == XMC_TREATY_CXL && counted, diag);
    check_amount(p, t, "AggAttachment", t->agg_attachment, false, diag);
    check_amount(p, t, "AggLimit", t->agg_limit,
                 t->type == XMC_TREATY_SL || t->type == XMC_TREATY_AXL, diag);
    check_amount(p, t, "ReinstatementCharge", t->reinstatement_charge, false, diag);
    check_amount(p, t, "ReinsPremium", t->premium, false, diag);
    if ((t->risk_limit > 0 || t->risk_attachment > 0) && t->risk_level == XMC_LEVEL_NONE)
        xmc_bad_input(diag, place_of(p, t, "RiskLevel"), "",
                      "LOC, LGR, POL or ACC, since the "
                      "treaty has terms per risk");
}

/* ---- order ---- */

static int by_inuring(const void *x, const void *y, void *treaties) {
    uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
    const xmc_treaty *all = treaties, *a = &all[i], *b = &all[j];
    if (a->inuring_priority != b->inuring_priority)
        return a->inuring_priority < b->inuring_priority ? -1 : 1;
    int c = strcmp(a->number, b->number);
    return c ? c : i < j ? -1 : i > j;
}

static int compare_text(const char *a, const char *b) {
    return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static int by_scope(const void *x, const void *y) {
    const xmc_treaty_scope *a = x, *b = y;
    int c;
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    if ((c = compare_text(a->loc_number, b->loc_number)) ||
        (c = compare_text(a->pol_number, b->pol_number)) ||
        (c = compare_text(a->portfolio, b->portfolio)))
        return c;
    if (a->lob != b->lob)
        return a->lob < b->lob ? -1 : 1;
    if (a->loc_group != b->loc_group)
        return a->loc_group < b->loc_group ? -1 : 1;
    if (a->reins_tag != b->reins_tag)
        return a->reins_tag < b->reins_tag ? -1 : 1;
    return a->country < b->country ? -1 : a->country > b->country;
}

static bool scope_overlaps(const xmc_programme *p, size_t j, size_t k) {
    for (size_t x = p->scope_offset[j]; x < p->scope_offset[j + 1]; x++)
        for (size_t y = p->scope_offset[k]; y < p->scope_offset[k + 1]; y++) {
            const xmc_treaty_scope *a = &p->scope[x], *b = &p->scope[y];
            if ((a->account == b->account || a->account == ANY || b->account == ANY) &&
                (a->lob == b->lob || a->lob == ANY || b->lob == ANY))
                return true;
        }
    return false;
}

/* A stop loss acts on what all other treaties of its lines have left. */
static void check_order(const xmc_programme *p, xmc_diag *diag) {
    for (size_t k = 0; k < p->n; k++) {
        const xmc_treaty *sl = treaty_of(p, k);
        if (sl->type != XMC_TREATY_SL)
            continue;
        for (size_t j = 0; j < p->n; j++) {
            const xmc_treaty *t = treaty_of(p, j);
            if (t->type != XMC_TREATY_SL && t->inuring_priority >= sl->inuring_priority &&
                scope_overlaps(p, j, k)) {
                char text[16];
                snprintf(text, sizeof text, "%u", sl->inuring_priority);
                xmc_bad_input(diag, place_of(p, sl, "InuringPriority"), text,
                              "a stop loss behind all other treaties of its lines, but treaty %s "
                              "has priority %u",
                              t->number, t->inuring_priority);
            }
        }
    }
    for (size_t k = 0; k < p->n;) {
        double share = 0;
        size_t first = k;
        for (; k < p->n && p->level[k] == p->level[first]; k++)
            if (treaty_of(p, k)->type == XMC_TREATY_QS)
                share += treaty_of(p, k)->ceded * treaty_of(p, k)->placed;
        if (share > 1)
            xmc_warn(
                diag, place_of(p, treaty_of(p, first), "CededPercent"),
                "quota shares of priority %u add up to %g: where they cover the same loss, the "
                "last one pays what is left",
                treaty_of(p, first)->inuring_priority, share);
    }
}

/* ---- days ---- */

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The simulated year begins on the day after the valuation; days of the year up to the valuation's
 * own lie in the next calendar year. */
static void number_days(xmc_programme *p, int32_t valuation) {
    int year = 1970, day = valuation; /* day of the year, from 0 */
    while (day < 0)
        day += is_leap(--year) ? 366 : 365;
    while (day >= (is_leap(year) ? 366 : 365))
        day -= is_leap(year++) ? 366 : 365;
    const int32_t own = day + 1, rest = (is_leap(year) ? 366 : 365) - own;
    for (int32_t d = 1; d < 367; d++)
        p->day_of_year[d] = rest == 0 ? d - 1 : d > own ? d - own - 1 : rest + d - 1;
}

static void set_days(xmc_programme *p, size_t k, int32_t valuation) {
    const xmc_treaty *t = treaty_of(p, k);
    const bool dated = t->use_dates && !t->risks_attaching;
    p->first_day[k] = 0;
    p->last_day[k] = YEAR;
    p->period[k] = YEAR;
    p->ends[k] = YEAR - 1;
    if (!dated)
        return;
    p->first_day[k] = t->inception - valuation - 1;
    p->last_day[k] = t->expiry - valuation - 1;
    p->ends[k] = p->last_day[k];
    p->period[k] = (double)t->expiry - t->inception + 1;
    if (p->first_day[k] > 0 || p->last_day[k] < YEAR - 1)
        p->acts[k] |= XMC_ACTS_DATED;
    else
        p->last_day[k] = p->last_day[k] > YEAR ? p->last_day[k] : YEAR;
}

/* ---- scopes ---- */

static bool is_cut(const xmc_treaty_scope *s) {
    return s->loc_number || s->loc_group || s->reins_tag || s->country;
}

static void classify(xmc_programme *p, size_t k) {
    const xmc_treaty *t = treaty_of(p, k);
    uint8_t acts = 0;
    bool shares = false;
    for (size_t i = p->scope_offset[k]; i < p->scope_offset[k + 1]; i++) {
        acts |= is_cut(&p->scope[i]) ? XMC_ACTS_CUT : 0;
        shares |= p->scope[i].ceded > 0 && p->scope[i].ceded != t->ceded;
    }
    const bool proportional = t->type != XMC_TREATY_CXL && t->type != XMC_TREATY_AXL;
    if (t->risk_limit > 0 || t->risk_attachment > 0 || shares)
        acts |= XMC_ACTS_ON_RISKS;
    if (!proportional || t->occ_limit > 0 || t->agg_limit > 0 || t->agg_attachment > 0 ||
        (t->type == XMC_TREATY_PR && t->reinstatements != XMC_UNLIMITED))
        acts |= XMC_ACTS_SUMMED;
    p->acts[k] = acts;
    p->any_hours |= t->hours > 0;
}

static void sort_scope(xmc_programme *p, const xmc_book *b, size_t k, size_t *rows,
                       xmc_diag *diag) {
    const xmc_treaty *t = treaty_of(p, k);
    xmc_treaty_scope *first = p->scope + *rows;
    p->scope_offset[k] = *rows;
    for (size_t i = 0; i < b->n_scopes; i++)
        if (b->scopes[i].treaty == p->treaty[k])
            p->scope[(*rows)++] = b->scopes[i];
    const size_t n = (size_t)(p->scope + *rows - first);
    qsort(first, n, sizeof *first, by_scope);
    for (size_t i = 1; i < n; i++) {
        const xmc_treaty_scope *s = &first[i];
        if (by_scope(s - 1, s))
            continue;
        const size_t line = s->file_line > s[-1].file_line ? s->file_line : s[-1].file_line;
        const xmc_place at = {p->scope_file, line, 0, "ReinsNumber"};
        if (s->ceded != s[-1].ceded)
            xmc_bad_input(diag, at, t->number,
                          "one share of a risk, but line %zu covers the same with another "
                          "CededPercent",
                          s->file_line + s[-1].file_line - line);
        else
            xmc_warn(diag, at, "the row of treaty %s says what line %zu says", t->number,
                     s->file_line + s[-1].file_line - line);
    }
    if (!n)
        xmc_warn(diag, place_of(p, t, "ReinsNumber"),
                 "treaty %s has no row in the reinsurance scope and covers nothing", t->number);
}

xmc_status xmc_programme_plan(const xmc_analysis *a, xmc_programme *out, xmc_diag *diag) {
    const xmc_book *b = &a->book;
    size_t errors = diag->n_errors, n_out = 0, n = b->n_treaties + 1;
    *out = (xmc_programme){.book = b, .grid = a->loss_grid, .inv_grid = 1 / a->loss_grid};
    for (size_t i = 0; i < a->n_inputs; i++) {
        if (!strcmp(a->inputs[i].role, "reinsurance_info"))
            out->info_file = a->inputs[i].path;
        if (!strcmp(a->inputs[i].role, "reinsurance_scope"))
            out->scope_file = a->inputs[i].path;
    }
    out->treaty = malloc(n * sizeof *out->treaty);
    out->level = malloc(n * sizeof *out->level);
    out->acts = calloc(n, sizeof *out->acts);
    out->first_day = calloc(n, sizeof *out->first_day);
    out->last_day = calloc(n, sizeof *out->last_day);
    out->ends = calloc(n, sizeof *out->ends);
    out->period = calloc(n, sizeof *out->period);
    out->scope_offset = calloc(n + 1, sizeof *out->scope_offset);
    out->scope = malloc((b->n_scopes + 1) * sizeof *out->scope);
    if (!out->treaty || !out->level || !out->acts || !out->first_day || !out->last_day ||
        !out->ends || !out->period || !out->scope_offset || !out->scope)
        return xmc_no_memory(diag, b->n_scopes * sizeof *out->scope, "planning reinsurance");
    number_days(out, a->valuation_date);
    for (uint32_t i = 0; i < b->n_treaties; i++) {
        const xmc_treaty *t = &b->treaties[i];
        if (t->use_dates || (t->inception <= a->valuation_date && a->valuation_date <= t->expiry)) {
            check_treaty(out, t, diag);
            out->treaty[out->n++] = i;
        } else {
            n_out++;
        }
    }
    if (n_out)
        xmc_note(diag, "%zu treaties are not in force at the valuation date and do not act", n_out);
    qsort_r(out->treaty, out->n, sizeof *out->treaty, by_inuring, b->treaties);
    out->n_words = (out->n + 63) / 64;
    size_t rows = 0;
    for (size_t k = 0; k < out->n; k++) {
        const xmc_treaty *t = treaty_of(out, k);
        out->level[k] = k == 0 ? 0
                               : out->level[k - 1] + (t->inuring_priority !=
                                                      treaty_of(out, k - 1)->inuring_priority);
        sort_scope(out, b, k, &rows, diag);
        out->scope_offset[k + 1] = rows;
        classify(out, k);
        set_days(out, k, a->valuation_date);
    }
    check_order(out, diag);
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

void xmc_programme_free(xmc_programme *p) {
    free(p->treaty);
    free(p->level);
    free(p->acts);
    free(p->first_day);
    free(p->last_day);
    free(p->ends);
    free(p->period);
    free(p->scope_offset);
    free(p->scope);
    *p = (xmc_programme){0};
}

void xmc_programme_digest(const xmc_programme *p, xmc_digest *d) {
    for (size_t k = 0; k < p->n; k++) {
        const xmc_treaty *t = treaty_of(p, k);
        const uint64_t whole[] = {p->treaty[k],
                                  p->level[k],
                                  (uint64_t)t->type,
                                  t->perils,
                                  t->reinstatements,
                                  t->pro_rata_time,
                                  (uint64_t)t->risk_level,
                                  p->acts[k],
                                  t->use_dates,
                                  t->risks_attaching,
                                  (uint64_t)p->first_day[k],
                                  (uint64_t)p->last_day[k]};
        const double real[] = {t->ceded,           t->placed,
                               t->occ_attachment,  t->occ_limit,
                               t->premium,         t->reinstatement_charge,
                               t->agg_attachment,  t->agg_limit,
                               t->risk_attachment, t->risk_limit,
                               t->occ_franchise,   t->occ_reverse,
                               t->hours,           p->ends[k],
                               p->period[k],       p->grid};
        xmc_digest_string(d, t->number);
        xmc_digest_u64(d, whole, sizeof whole / sizeof *whole);
        xmc_digest_f64(d, real, sizeof real / sizeof *real);
        if (t->charges)
            xmc_digest_f64(d, t->charges, t->reinstatements);
    }
}

/* ---- what a treaty covers ---- */

static bool row_covers(const xmc_treaty_scope *s, const xmc_policy *policy, const xmc_location *l) {
    if (s->lob != ANY && s->lob != policy->lob)
        return false;
    if (s->pol_number && strcmp(s->pol_number, policy->pol_number))
        return false;
    if (s->loc_number && strcmp(s->loc_number, l->loc_number))
        return false;
    if ((s->loc_group && s->loc_group != l->loc_group) ||
        (s->reins_tag && s->reins_tag != l->reins_tag) || (s->country && s->country != l->country))
        return false;
    if (s->portfolio) {
        const size_t n = strlen(s->portfolio);
        if (strncmp(s->portfolio, policy->account_name, n) || policy->account_name[n] != '\x1f')
            return false;
    }
    return true;
}

/* Rows of an account: [*first, *end). */
static void rows_of_account(const xmc_programme *p, size_t k, uint32_t account, size_t *first,
                            size_t *end) {
    size_t lo = p->scope_offset[k], hi = p->scope_offset[k + 1];
    *end = hi;
    while (lo < hi) {
        const size_t mid = (lo + hi) / 2;
        if (p->scope[mid].account < account)
            lo = mid + 1;
        else
            hi = mid;
    }
    *first = lo;
    size_t up = *end;
    while (lo < up) {
        const size_t mid = (lo + up) / 2;
        if (p->scope[mid].account <= account)
            lo = mid + 1;
        else
            up = mid;
    }
    *end = lo;
}

/* The row that names most: rows come with the most general first, accounts before any. */
static const xmc_treaty_scope *find_row(const xmc_programme *p, size_t k, const xmc_policy *policy,
                                        const xmc_location *l) {
    const uint32_t account[2] = {policy->account, ANY};
    for (int i = 0; i < 2; i++) {
        size_t first, end;
        rows_of_account(p, k, account[i], &first, &end);
        for (size_t s = end; s > first; s--)
            if (row_covers(&p->scope[s - 1], policy, l))
                return &p->scope[s - 1];
    }
    return NULL;
}

bool xmc_programme_covers(const xmc_programme *p, size_t k, const xmc_policy *policy,
                          const xmc_location *location, xmc_perils peril, double *ceded) {
    const xmc_treaty *t = treaty_of(p, k);
    if (!(t->perils & peril))
        return false;
    if (t->use_dates && t->risks_attaching &&
        (policy->inception < t->inception || policy->inception > t->expiry))
        return false;
    const xmc_treaty_scope *s = find_row(p, k, policy, location);
    if (s && ceded)
        *ceded = s->ceded > 0 ? s->ceded : t->ceded > 0 ? t->ceded : 1;
    return s != NULL;
}

bool xmc_programme_covers_line(const xmc_programme *p, size_t k, uint32_t lob, xmc_perils peril) {
    const xmc_treaty *t = treaty_of(p, k);
    if (peril ? !(t->perils & peril) : (t->perils & every_group) != every_group)
        return false;
    size_t first, end;
    rows_of_account(p, k, ANY, &first, &end);
    for (size_t i = first; i < end; i++) {
        const xmc_treaty_scope *s = &p->scope[i];
        if (!is_cut(s) && !s->portfolio && (s->lob == ANY || s->lob == lob))
            return true;
    }
    return false;
}

bool xmc_programme_cuts_account(const xmc_programme *p, size_t k, uint32_t account) {
    if (!(p->acts[k] & XMC_ACTS_CUT))
        return false;
    const uint32_t accounts[2] = {account, ANY};
    for (int i = 0; i < 2; i++) {
        size_t first, end;
        rows_of_account(p, k, accounts[i], &first, &end);
        for (size_t s = first; s < end; s++)
            if (is_cut(&p->scope[s]))
                return true;
    }
    return false;
}

bool xmc_programme_risk_stage(const xmc_programme *p, const uint64_t *set, uint64_t *risk,
                              size_t *blocked, size_t *blocking) {
    size_t last = SIZE_MAX;
    for (size_t k = 0; k < p->n; k++)
        if (xmc_in_set(set, k) && (p->acts[k] & XMC_ACTS_ON_RISKS))
            last = k;
    memset(risk, 0, p->n_words * sizeof *risk);
    if (last == SIZE_MAX)
        return true;
    size_t on_sums = SIZE_MAX; /* one whose outcome the risk stage does not know */
    for (size_t k = 0; k < p->n && p->level[k] <= p->level[last]; k++) {
        if (!xmc_in_set(set, k) || treaty_of(p, k)->type == XMC_TREATY_SL)
            continue;
        const bool own_level = p->level[k] == p->level[last];
        const bool sums = p->acts[k] & (XMC_ACTS_SUMMED | XMC_ACTS_DATED);
        if (sums && !own_level) {
            on_sums = k;
            break;
        }
        /* On the last level, what needs sums stays out unless it starts from risks. */
        if (!sums || (p->acts[k] & XMC_ACTS_ON_RISKS))
            risk[k / 64] |= UINT64_C(1) << (k % 64);
    }
    if (on_sums == SIZE_MAX)
        return true;
    *blocking = on_sums;
    *blocked = last;
    return false;
}
