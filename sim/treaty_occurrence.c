/* Treaties on occurrences: the class stage, hours clauses, reinstatements. */
#include "kernels/vmath.h"
#include "sim/programme.h"
#include <string.h>

#define GROSS UINT32_MAX /* a class of gross losses */

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

void xmc_allocate(double amount, const double *weight, double *part, size_t n, double grid,
                  double inv_grid) {
    double sum = 0, running = 0, given = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    for (size_t i = 0; i < n; i++) {
        if (sum == amount) {
            part[i] = weight[i];
            continue;
        }
        running += weight[i];
        double upto = sum > 0 ? xmc_to_grid(amount * (running / sum), grid, inv_grid) : 0;
        part[i] = upto - given;
        given = upto;
    }
}

/* ---- terms on an occurrence and on the year ---- */

static double limit_or_none(double limit) {
    return limit > 0 ? limit : INFINITY;
}

/* What a reinstatement restores. */
static double layer_limit(const xmc_treaty *t) {
    return t->type == XMC_TREATY_PR ? t->risk_limit : t->occ_limit;
}

/* Layer loss so far, after the year's attachment and limit. */
static double after_aggregate(const xmc_treaty *t, double used) {
    double limit = limit_or_none(t->agg_limit);
    if ((t->type == XMC_TREATY_CXL || t->type == XMC_TREATY_PR) &&
        t->reinstatements != XMC_UNLIMITED)
        limit = smaller(limit, ((double)t->reinstatements + 1) * layer_limit(t));
    return smaller(larger(used - t->agg_attachment, 0), limit);
}

/* Premium for what a growth of the layer loss from before to after restores; `rest` is the share of
 * the period that is left. */
static double reinstatement_premium(const xmc_programme *p, const xmc_treaty *t, double before,
                                    double after, double rest) {
    if (t->reinstatements == 0 || t->reinstatements == XMC_UNLIMITED || !(t->premium > 0) ||
        (t->type != XMC_TREATY_CXL && t->type != XMC_TREATY_PR))
        return 0;
    const double limit = layer_limit(t);
    double charged = 0; /* limits, weighted with their charges */
    if (!t->charges) {
        const double most = (double)t->reinstatements * limit;
        const double restored = smaller(after, most) - smaller(before, most);
        if (restored <= 0)
            return 0;
        double due = t->reinstatement_charge * t->premium * (restored / limit);
        if (t->pro_rata_time)
            due *= rest;
        return xmc_to_grid(due, p->grid, p->inv_grid);
    }
    for (uint32_t i = 0; i < t->reinstatements; i++) {
        const double from = larger(before, i * limit), to = smaller(after, (i + 1.0) * limit);
        if (to > from)
            charged += t->charges[i] * ((to - from) / limit);
    }
    double due = t->premium * charged;
    if (t->pro_rata_time)
        due *= rest;
    return xmc_to_grid(due, p->grid, p->inv_grid);
}

/* Loss of a subject to the layer of an occurrence. */
static double layer_of(const xmc_programme *p, const xmc_treaty *t, double subject) {
    if (subject < t->occ_franchise || (t->occ_reverse > 0 && subject > t->occ_reverse))
        return 0;
    double layer = smaller(larger(subject - t->occ_attachment, 0), limit_or_none(t->occ_limit));
    return xmc_to_grid(layer, p->grid, p->inv_grid);
}

/* What is paid on a layer loss, and the premium that follows. */
static double settle(const xmc_programme *p, size_t k, double layer, int32_t day,
                     xmc_treaty_state *state) {
    const xmc_treaty *t = xmc_programme_treaty(p, k);
    const double before = after_aggregate(t, state->layer_used[k]);
    state->layer_used[k] += layer;
    const double after = after_aggregate(t, state->layer_used[k]);
    const double rest = larger((p->ends[k] - day) / p->period[k], 0);
    state->reinstatement += reinstatement_premium(p, t, before, after, rest);
    return xmc_to_grid(t->placed * (after - before), p->grid, p->inv_grid);
}

/* ---- one treaty on one occurrence ---- */

/* The subject of a treaty in column i: base class and amount; false: the column is not its. */
static bool subject_at(const xmc_programme *p, const xmc_treaty_classes *c, const xmc_occurrence *o,
                       size_t k, size_t i, size_t *base, double *amount) {
    const uint32_t id = o->id[i];
    if (c->treaty[id] == GROSS) {
        *base = i;
        *amount = o->work[i];
        return xmc_in_set(c->set + id * p->n_words, k);
    }
    *amount = o->row[i];
    return c->treaty[id] == k;
}

static double subject_of(const xmc_programme *p, const xmc_treaty_classes *c,
                         const xmc_occurrence *o, size_t k) {
    double sum = 0, amount;
    size_t base = 0;
    for (size_t i = 0; i < o->n; i++)
        if (subject_at(p, c, o, k, i, &base, &amount))
            sum += amount;
    return sum;
}

/* Hands `amount` to the classes in proportion to the subject, of which `running` has had `given`
 * before; no class gets more than it has left. Returns what was handed out. */
static double cede(const xmc_programme *p, const xmc_treaty_classes *c, const xmc_occurrence *o,
                   size_t k, double amount, double subject, double *running, double *given) {
    double total = 0, weight;
    size_t base = 0;
    for (size_t i = 0; i < o->n; i++) {
        if (!subject_at(p, c, o, k, i, &base, &weight) || weight <= 0)
            continue;
        *running += weight;
        const double upto = xmc_to_grid(amount * (*running / subject), p->grid, p->inv_grid);
        const double part = smaller(upto - *given, o->net[base]);
        *given = upto;
        o->net[base] -= part;
        total += part;
    }
    return total;
}

/* A share of each class, and what the risk stage has paid. */
static void proportional(const xmc_programme *p, const xmc_treaty_classes *c,
                         const xmc_occurrence *o, size_t k, xmc_treaty_state *state) {
    const xmc_treaty *t = xmc_programme_treaty(p, k);
    const double share = (t->ceded > 0 ? t->ceded : 1) * t->placed;
    size_t base = 0;
    double amount;
    for (size_t i = 0; i < o->n; i++) {
        if (!subject_at(p, c, o, k, i, &base, &amount) || amount <= 0)
            continue;
        const bool gross = c->treaty[o->id[i]] == GROSS;
        const double part = smaller(
            gross ? xmc_to_grid(share * amount, p->grid, p->inv_grid) : amount, o->net[base]);
        o->net[base] -= part;
        state->recovery[k] += part;
    }
}

/* Subject of the terms on sums: what the risk stage has found is ceded already. */
static double ceded_subject(const xmc_programme *p, size_t k, double subject) {
    const xmc_treaty *t = xmc_programme_treaty(p, k);
    return t->ceded > 0 && !(p->acts[k] & XMC_ACTS_ON_RISKS) ? t->ceded * subject : subject;
}

static bool in_force(const xmc_programme *p, size_t k, int32_t day) {
    return p->first_day[k] <= day && day <= p->last_day[k];
}

static bool has_sums(const xmc_programme *p, size_t k) {
    return p->acts[k] & XMC_ACTS_SUMMED ||
           (p->acts[k] & XMC_ACTS_DATED && p->acts[k] & XMC_ACTS_ON_RISKS);
}

static void act(const xmc_programme *p, const xmc_treaty_classes *c, const xmc_occurrence *o,
                size_t k, xmc_treaty_state *state) {
    if (!in_force(p, k, o->day) || xmc_programme_treaty(p, k)->type == XMC_TREATY_SL)
        return;
    if (!has_sums(p, k)) {
        proportional(p, c, o, k, state);
        return;
    }
    const double subject = subject_of(p, c, o, k);
    const double layer = layer_of(p, xmc_programme_treaty(p, k), ceded_subject(p, k, subject));
    if (layer <= 0)
        return;
    const double paid = settle(p, k, layer, o->day, state);
    double running = 0, given = 0;
    if (paid > 0)
        state->recovery[k] += cede(p, c, o, k, paid, subject, &running, &given);
}

/* Treaties that cover any class of the occurrence, word by word. */
static uint64_t touched(const xmc_programme *p, const xmc_treaty_classes *c,
                        const xmc_occurrence *o, size_t word) {
    uint64_t bits = 0;
    for (size_t i = 0; i < o->n; i++) {
        const uint32_t id = o->id[i];
        if (c->treaty[id] == GROSS)
            bits |= c->set[id * p->n_words + word];
        else if (c->treaty[id] / 64 == word)
            bits |= UINT64_C(1) << (c->treaty[id] % 64);
    }
    return bits;
}

static void begin(const xmc_occurrence *o) {
    memcpy(o->net, o->row, o->n * sizeof *o->net);
}

static void begin_level(const xmc_occurrence *o) {
    memcpy(o->work, o->net, o->n * sizeof *o->work);
}

void xmc_programme_occurrence(const xmc_programme *p, const xmc_treaty_classes *c,
                              const xmc_occurrence *o, xmc_treaty_state *state) {
    uint32_t level = UINT32_MAX;
    begin(o);
    for (size_t word = 0; word < p->n_words; word++) {
        for (uint64_t rest = touched(p, c, o, word); rest; rest &= rest - 1) {
            const size_t k = word * 64 + (size_t)__builtin_ctzll(rest);
            if (p->level[k] != level)
                begin_level(o);
            level = p->level[k];
            act(p, c, o, k, state);
        }
    }
}

/* ---- a trial with hours clauses ---- */

/* Joins the occurrences of one peril into loss occurrences: runs of neighbours whose days lie less
 * than the clause's hours apart, cut so that their layer losses sum to the most; of equal cuts the
 * one with the shorter last run, and so on backwards. first[i] is the first of i's run; best[i + 1]
 * the most of occurrences 0 … i of the peril. */
static void join(const xmc_programme *p, const xmc_treaty_classes *c, const xmc_occurrence *o,
                 size_t n, size_t k, xmc_perils peril, uint32_t *first, double *best) {
    const xmc_treaty *t = xmc_programme_treaty(p, k);
    size_t before = SIZE_MAX; /* the last of the peril before i */
    for (size_t i = 0; i < n; i++) {
        if (o[i].peril != peril || !in_force(p, k, o[i].day))
            continue;
        double most = -1, subject = 0;
        for (size_t j = i + 1; j-- > 0;) {
            if (o[j].peril != peril || !in_force(p, k, o[j].day))
                continue;
            if (24.0 * (o[i].day - o[j].day) >= t->hours && j != i)
                break;
            subject += ceded_subject(p, k, subject_of(p, c, &o[j], k));
            double sum = layer_of(p, t, subject);
            for (size_t h = j; h-- > 0;) /* the one before the run */
                if (o[h].peril == peril && in_force(p, k, o[h].day)) {
                    sum += best[h];
                    break;
                }
            if (sum > most) {
                most = sum;
                first[i] = (uint32_t)j;
            }
        }
        best[i] = most;
        before = i;
    }
    /* From the end: the run that i ends; what lies inside belongs to it. */
    for (size_t i = before; i != SIZE_MAX;) {
        const uint32_t start = first[i];
        for (size_t j = start; j <= i; j++)
            if (o[j].peril == peril && in_force(p, k, o[j].day))
                first[j] = start;
        size_t next = SIZE_MAX;
        for (size_t h = start; h-- > 0;)
            if (o[h].peril == peril && in_force(p, k, o[h].day)) {
                next = h;
                break;
            }
        i = next;
    }
}

/* Runs in the order of their first occurrences; each run's recovery goes to its occurrences and
 * classes in proportion. */
static void act_joined(const xmc_programme *p, const xmc_treaty_classes *c, const xmc_occurrence *o,
                       size_t n, size_t k, xmc_treaty_state *state, const uint32_t *first) {
    for (size_t i = 0; i < n; i++) {
        if (first[i] != i)
            continue;
        double subject = 0, shares = 0;
        for (size_t j = i; j < n; j++)
            if (first[j] == i) {
                const double own = subject_of(p, c, &o[j], k);
                subject += own;
                shares += ceded_subject(p, k, own);
            }
        const double layer = layer_of(p, xmc_programme_treaty(p, k), shares);
        if (layer <= 0)
            continue;
        const double paid = settle(p, k, layer, o[i].day, state);
        double running = 0, given = 0;
        for (size_t j = i; j < n && paid > 0; j++)
            if (first[j] == i)
                state->recovery[k] += cede(p, c, &o[j], k, paid, subject, &running, &given);
    }
}

void xmc_programme_trial(const xmc_programme *p, const xmc_treaty_classes *c,
                         const xmc_occurrence *o, size_t n, xmc_treaty_state *state,
                         uint32_t *first, double *best) {
    for (size_t i = 0; i < n; i++)
        begin(&o[i]);
    for (size_t k = 0; k < p->n; k++) {
        if (k == 0 || p->level[k] != p->level[k - 1])
            for (size_t i = 0; i < n; i++)
                begin_level(&o[i]);
        if (!(xmc_programme_treaty(p, k)->hours > 0)) {
            for (size_t i = 0; i < n; i++)
                act(p, c, &o[i], k, state);
            continue;
        }
        for (size_t i = 0; i < n; i++)
            first[i] = UINT32_MAX;
        for (size_t i = 0; i < n; i++) { /* each peril, or set of perils that strike together */
            size_t same = 0;
            while (o[same].peril != o[i].peril)
                same++;
            if (same == i)
                join(p, c, o, n, k, o[i].peril, first, best);
        }
        act_joined(p, c, o, n, k, state, first);
    }
}
