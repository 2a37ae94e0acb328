/* Directly held listed stock: Rule 8 Art. 26 with the notices of 2023 and 2025. */
#include "output/regulatory_build.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const boards[] = {"main_sh", "main_sz", "chinext", "star", "bse"};
enum { N_BOARDS = 5, MAX_TARGETS = 32 };

/* A holding time is an average of exact ages; the margin keeps rounding of the average from making
 * "three years" longer than three years. */
static const double margin = 1e-9;

/* One stock with what the rules look at. years[i] belongs to windows[i]. */
typedef struct {
    const char *id;
    int board;
    bool csi300, div_low_vol_100;
    double admitted, book_value, cost;
    double years[2];
    double k_concentration;
} stock;

typedef struct {
    const xmc_rule *targets[MAX_TARGETS];
    size_t n_targets;
    double windows[2];
    int n_windows;
    double boards_rf0[N_BOARDS];
    const xmc_rule *board_rules[N_BOARDS];
    double k1, k_min, k_max, rf_max, old_k2;
    bool clip_to_k2, strict, keep_old, short_as_csi300, higher;
    const xmc_rule *csi300_short;
} factors;

static int window_index(const factors *f, double window) {
    for (int i = 0; i < f->n_windows; i++)
        if (f->windows[i] == window)
            return i;
    return -1;
}

static void read_factors(xmc_reg_builder *b, factors *f) {
    size_t first, n_rules;
    const xmc_rule *all = xmc_rules_all(b->rules, &n_rules);
    size_t n = xmc_rules_under(b->rules, "market/equity/listed/k2/", &first);
    for (size_t i = first; i < first + n && f->n_targets < MAX_TARGETS; i++) {
        const xmc_rule *r = &all[i];
        if (r->kind != XMC_RULE_TARGET) {
            xmc_bad_input(b->diag, r->place, NULL, "expected index and board of a k2");
            continue;
        }
        f->targets[f->n_targets++] = r;
        if (r->window > 0 && window_index(f, r->window) < 0) {
            if (f->n_windows == 2)
                xmc_bad_input(b->diag, r->place, NULL, "expected at most two different windows");
            else
                f->windows[f->n_windows++] = r->window;
        }
        if (!strcmp(r->index, "csi300") && r->longer_than < 0 && r->has_target)
            f->csi300_short = r;
    }
    for (int i = 0; i < N_BOARDS; i++) {
        char path[96];
        snprintf(path, sizeof path, "market/equity/listed/boards/%s", boards[i]);
        f->board_rules[i] = xmc_reg_rule(b, path);
        f->boards_rf0[i] = xmc_reg_number(b, path);
    }
    f->k_min = xmc_reg_number(b, "market/k_min");
    f->k_max = xmc_reg_number(b, "market/k_max");
    f->rf_max = xmc_reg_number(b, "market/rf_max");
    f->old_k2 = xmc_reg_number(b, "market/equity/listed/old_csi300_k2");
    f->clip_to_k2 = !strcmp(xmc_reg_switch_choice(b, "k_cap"), "clip_to_k2");
    f->strict = !strcmp(xmc_reg_switch_choice(b, "k_cap"), "strict");
    f->keep_old = !strcmp(xmc_reg_switch_choice(b, "old_csi300_k2"), "kept");
    f->short_as_csi300 = !strcmp(xmc_reg_switch_choice(b, "div_low_vol_short"), "csi300");
    f->higher = !strcmp(xmc_reg_switch_choice(b, "overlapping_indices"), "higher");
}

static bool is_member(const stock *s, const xmc_rule *r) {
    if (strcmp(r->board, "any") != 0 && strcmp(r->board, boards[s->board]) != 0)
        return false;
    if (!strcmp(r->index, "csi300"))
        return s->csi300;
    if (!strcmp(r->index, "div_low_vol_100"))
        return s->div_low_vol_100;
    return true;
}

static bool held_long_enough(const factors *f, const stock *s, const xmc_rule *r) {
    if (r->longer_than < 0)
        return true;
    double years = s->years[window_index(f, r->window)];
    return !isnan(years) && years > r->longer_than + margin;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* k2 and factor of one stock. Of the entries for one index and board, the one that asks for the
 * longest holding time supersedes the others; between indices the switch decides. */
static void charge(const factors *f, const stock *s, xmc_reg_stock_result *out) {
    double rf0 = f->boards_rf0[s->board], k2 = 0;
    const xmc_rule *chosen = NULL;
    bool div_rule = false, div_applies = false;
    *out = (xmc_reg_stock_result){.id = s->id,
                                  .board = (xmc_board)s->board,
                                  .csi300 = s->csi300,
                                  .div_low_vol_100 = s->div_low_vol_100,
                                  .admitted = s->admitted,
                                  .cost = s->cost,
                                  .holding_years = NAN,
                                  .rf0 = rf0,
                                  .k1 = f->k1,
                                  .k2_rule = ""};
    for (size_t i = 0; i < f->n_targets; i++) {
        const xmc_rule *r = f->targets[i];
        bool is_div = !strcmp(r->index, "div_low_vol_100");
        div_rule |= is_div;
        if (!is_member(s, r))
            continue;
        if (r->window > 0 && isnan(out->holding_years))
            out->holding_years = s->years[window_index(f, r->window)];
        if (!held_long_enough(f, s, r))
            continue;
        div_applies |= is_div;
        bool superseded = false;
        for (size_t j = 0; j < f->n_targets; j++) {
            const xmc_rule *o = f->targets[j];
            superseded |= o->longer_than > r->longer_than && !strcmp(o->index, r->index) &&
                          !strcmp(o->board, r->board) && held_long_enough(f, s, o);
        }
        if (superseded)
            continue;
        double candidate = r->has_target ? r->number / rf0 - 1 : r->number;
        if (!chosen || (f->higher ? candidate > k2 : candidate < k2)) {
            chosen = r;
            k2 = candidate;
        }
    }
    if (f->short_as_csi300 && div_rule && s->div_low_vol_100 && !s->csi300 && !div_applies &&
        f->csi300_short) {
        double candidate = f->csi300_short->number / rf0 - 1;
        if (!chosen || (f->higher ? candidate > k2 : candidate < k2)) {
            chosen = f->csi300_short;
            k2 = candidate;
        }
    }
    bool adjusted = chosen && chosen->has_target;
    if (adjusted && f->keep_old && s->csi300)
        k2 += f->old_k2;
    double k = f->k1 + k2;
    double lo = f->k_min, hi = f->k_max;
    if (adjusted && f->clip_to_k2 && k2 < lo)
        lo = k2;
    if (!adjusted || f->clip_to_k2 || f->strict)
        k = k < lo ? lo : k > hi ? hi : k;
    k += s->k_concentration;
    out->k2 = k2;
    out->k = k;
    out->factor = rf0 * (1 + k);
    if (out->factor > f->rf_max)
        out->factor = f->rf_max;
    out->amount = s->admitted * out->factor;
    if (chosen)
        out->k2_rule = last_part(chosen->path);
}

static stock *stocks_of_book(xmc_reg_builder *b, const factors *f, size_t *n) {
    const xmc_reg_book *book = b->book;
    stock *s = xmc_reg_alloc(b, book->n_stocks * sizeof *s);
    if (!s)
        return NULL;
    *n = book->n_stocks;
    xmc_holding *holdings = NULL;
    if (book->lots) {
        /* without windows (before 2025) the times are not used */
        double windows[2] = {f->n_windows > 0 ? f->windows[0] : INFINITY,
                             f->n_windows > 1 ? f->windows[1] : INFINITY};
        xmc_holding_weight weight = !strcmp(xmc_reg_switch_choice(b, "holding_weight"), "cost")
                                        ? XMC_WEIGHT_COST
                                        : XMC_WEIGHT_SHARES;
        holdings = malloc((book->n_stocks + 1) * sizeof *holdings);
        if (!holdings) {
            b->failed = true;
            xmc_no_memory(b->diag, book->n_stocks * sizeof *holdings, "holding times");
            return NULL;
        }
        if (xmc_holding_times(book->lots, book->n_lots, book->actions, book->n_actions,
                              book->n_stocks, book->valuation_date, windows, weight,
                              book->lots_file, holdings, b->diag) != XMC_OK) {
            free(holdings);
            return NULL;
        }
    }
    bool fifo = !strcmp(xmc_reg_switch_choice(b, "cost_basis"), "fifo");
    for (size_t i = 0; i < book->n_stocks; i++) {
        const xmc_reg_stock *in = &book->stocks[i];
        s[i] = (stock){.id = xmc_reg_text(b, "%s", in->id),
                       .board = (int)in->board,
                       .csi300 = in->csi300,
                       .div_low_vol_100 = in->div_low_vol_100,
                       .admitted = in->admitted,
                       .book_value = in->book_value,
                       .cost = in->cost,
                       .years = {in->holding_years, in->holding_years}};
        if (s[i].board < 0 || s[i].board >= N_BOARDS) {
            xmc_error(b->diag, XMC_BAD_INPUT, "%s: expected a board, got %d", in->id, s[i].board);
            s[i].board = 0;
        }
        if (!holdings) {
            /* one stated time is held against every window */
            for (int w = 0; w < f->n_windows; w++)
                if (in->holding_years > f->windows[w])
                    s[i].years[w] = f->windows[w];
            continue;
        }
        const xmc_holding *h = &holdings[i];
        s[i].cost = fifo ? h->cost_fifo : h->cost_average;
        s[i].years[0] = h->years;
        s[i].years[1] = h->years_short;
        if (isnan(in->admitted))
            s[i].admitted = h->quantity * book->prices[i];
        if (isnan(in->book_value))
            s[i].book_value = s[i].admitted;
    }
    free(holdings);
    return s;
}

static stock *stocks_of_sheet(xmc_reg_builder *b, const factors *f, size_t *n) {
    const xmc_company_asset *list = b->company->assets[XMC_ASSET_STOCK];
    size_t count = b->company->n_assets[XMC_ASSET_STOCK], no_book_value = 0;
    stock *s = xmc_reg_alloc(b, count * sizeof *s);
    if (!s)
        return NULL;
    *n = count;
    for (size_t i = 0; i < count; i++) {
        const xmc_company_asset *a = &list[i];
        s[i] = (stock){.id = xmc_reg_text(b, "%s", a->name ? a->name : a->class_name),
                       .csi300 = a->csi300,
                       .div_low_vol_100 = a->div_low_vol_100,
                       .admitted = a->amount,
                       .book_value = isnan(a->book_value) ? a->amount : a->book_value,
                       .cost = a->cost,
                       .years = {a->holding_years, a->holding_years}};
        no_book_value += isnan(a->book_value) ? 1 : 0;
        while (s[i].board + 1 < N_BOARDS && strcmp(boards[s[i].board], a->class_name) != 0)
            s[i].board++;
        for (int w = 0; w < f->n_windows; w++)
            if (a->holding_years > f->windows[w])
                s[i].years[w] = f->windows[w];
        xmc_reg_k k = {0};
        xmc_reg_add_concentration(b, a, false, &k);
        s[i].k_concentration = k.inside + k.beyond;
    }
    if (no_book_value)
        xmc_reg_assume(b, "1.3.2.1: book value of %zu stocks taken as their admitted value",
                       no_book_value);
    return s;
}

/* k1 of the whole directly held portfolio; x = (book value - cost) / cost. */
static double portfolio_k1(xmc_reg_builder *b, const stock *s, size_t n, char *text) {
    double value = 0, cost = 0, k1 = 0;
    size_t without = 0;
    for (size_t i = 0; i < n; i++) {
        value += s[i].book_value;
        cost += s[i].cost;
        without += isnan(s[i].cost) ? 1 : 0;
    }
    const xmc_rule *r = xmc_reg_rule(b, "market/equity/listed/k1");
    if (without || !(cost > 0) || !r) {
        xmc_reg_assume(b, "1.3.2.1: k1 = 0, %zu of %zu stocks have no cost", without, n);
        return 0;
    }
    double x = (value - cost) / cost;
    b->tree->k1_gain = x;
    if (!xmc_rule_at(r, x, &k1, NULL))
        xmc_error(b->diag, XMC_BAD_INPUT, "listed stocks: expected a gain of -1 or more, got %g",
                  x);
    xmc_reg_append(text, "k1: x = (%.10g - %.10g) / %.10g = %.6f, k1 = %+.6f", value, cost, cost, x,
                   k1);
    return k1;
}

void xmc_reg_build_stocks(xmc_reg_builder *b, size_t equity) {
    const xmc_company *c = b->company;
    if (!c->stocks_from_book && !c->n_assets[XMC_ASSET_STOCK])
        return;
    size_t node = xmc_reg_add(b, equity, "1.3.2.1", "market.equity.stocks", "直接持有上市普通股",
                              "listed stock, directly held", XMC_AGG_LEAF, NULL);
    if (b->failed || xmc_reg_blocked(b, node))
        return;
    if (c->stocks_from_book && (!b->book || !b->book->stocks)) {
        xmc_bad_input(b->diag, c->stocks_place, "book",
                      "a list of stocks: there is no book with holdings; an amount for this case "
                      "goes under given_without_book");
        return;
    }
    size_t errors = b->diag->n_errors, n = 0;
    factors f = {0};
    read_factors(b, &f);
    if (b->diag->n_errors > errors)
        return;
    stock *s = c->stocks_from_book ? stocks_of_book(b, &f, &n) : stocks_of_sheet(b, &f, &n);
    if (!s || b->failed || b->diag->n_errors > errors)
        return;
    char text[XMC_REG_TEXT] = "";
    f.k1 = portfolio_k1(b, s, n, text);
    xmc_reg_tree *t = b->tree;
    t->stocks = malloc((n + 1) * sizeof *t->stocks);
    if (!t->stocks) {
        b->failed = true;
        xmc_no_memory(b->diag, n * sizeof *t->stocks, "stocks");
        return;
    }
    t->n_stocks = n;
    double exposure = 0, amount = 0;
    size_t unknown = 0, bse = 0;
    for (size_t i = 0; i < n; i++) {
        charge(&f, &s[i], &t->stocks[i]);
        exposure += t->stocks[i].admitted;
        amount += t->stocks[i].amount;
        for (size_t j = 0; j < f.n_targets; j++)
            if (f.targets[j]->window > 0 && is_member(&s[i], f.targets[j]) &&
                isnan(s[i].years[window_index(&f, f.targets[j]->window)]) && s[i].admitted > 0) {
                unknown++;
                break;
            }
        bse += s[i].board == XMC_BOARD_BSE;
    }
    if (unknown)
        xmc_reg_assume(b, "1.3.2.1: holding time of %zu stocks not known, taken as not long enough",
                       unknown);
    if (bse)
        xmc_reg_assume(b,
                       "1.3.2.1: %zu stocks of the Beijing exchange, which Art. 26 does not "
                       "name, at the base factor %g",
                       bse, f.boards_rf0[XMC_BOARD_BSE]);
    xmc_reg_append(text, "%sK by stock, see the list of stocks", *text ? "; " : "");
    const char *articles = xmc_reg_origin(b, f.board_rules[0]);
    for (size_t j = 0; j < f.n_targets; j++) {
        const char *more = xmc_reg_origin(b, f.targets[j]);
        if (!strstr(articles, more))
            articles = xmc_reg_text(b, "%s; %s", articles, more);
    }
    xmc_reg_set_leaf(b, node, exposure, NAN, NAN, exposure > 0 ? amount / exposure : 0, text,
                     articles);
    t->nodes[node].amount = amount;
}
