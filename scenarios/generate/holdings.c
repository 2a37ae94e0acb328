/* A shares: instruments and the lots in which they were bought. Codes and names are fictitious. */
#include "scenarios/generate/parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One stock: price in fen (0.01 CNY), shares held in hundreds, so that its value in whole CNY is
 * price * hundreds exactly. */
typedef struct {
    uint32_t group;
    uint64_t fen, hundreds;
    double beta, idio_vol;
} stock;

typedef struct {
    uint32_t stock;
    int32_t date;
    int64_t hundreds; /* negative: a sale */
    double weight;    /* relative cost before scaling: price at the date over today's */
} lot;

typedef struct {
    const gen_spec *s;
    const char *purpose;
    size_t n_stocks, n_lots, capacity;
    stock *stocks;
    lot *lots;
    double cost_scale;
} portfolio;

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

/* Prices and values of the stocks; the last one is bent so that the whole is worth value exactly.
 */
static bool draw_stocks(portfolio *p, uint64_t value) {
    const gen_holdings *h = &p->s->holdings;
    double *weight = malloc(p->n_stocks * sizeof *weight), sum = 0;
    if (!weight)
        return false;
    double counts[64] = {0};
    uint64_t per_group[64];
    uint32_t groups = h->groups_count < 64 ? h->groups_count : 64;
    for (uint32_t g = 0; g < groups; g++)
        counts[g] = (double)h->groups[g].count;
    bool ok = gen_split(p->n_stocks, counts, groups, 1, per_group);
    size_t k = 0;
    for (uint32_t g = 0; ok && g < groups; g++) {
        const gen_stock_group *q = &h->groups[g];
        size_t first = k;
        double of_group = 0;
        for (uint64_t j = 0; j < per_group[g]; j++, k++) {
            xmc_stream d = gen_stream(p->s, p->purpose, k);
            stock *t = &p->stocks[k];
            t->group = g;
            t->fen = (uint64_t)floor(q->price_median * 100 * gen_lognormal(&d, 0.7)) + 200;
            t->beta = clamp(q->beta_mean + q->beta_sd * xmc_normal(&d), 0.2, 2);
            t->idio_vol = clamp(q->idio_vol_mean + q->idio_vol_sd * xmc_normal(&d), 0.1, 0.6);
            of_group += weight[k] = gen_lognormal(&d, 0.8);
        }
        for (size_t j = first; j < k; j++)
            weight[j] *= q->value_share / of_group;
    }
    for (size_t i = 0; i < p->n_stocks; i++)
        sum += weight[i];
    uint64_t placed = 0;
    for (size_t i = 0; ok && i + 1 < p->n_stocks; i++) {
        stock *t = &p->stocks[i];
        uint64_t hundreds = (uint64_t)floor((double)value * (weight[i] / sum) / (double)t->fen);
        t->hundreds = hundreds ? hundreds : 1;
        placed += t->hundreds * t->fen;
    }
    free(weight);
    /* The rest must be a number of hundreds times a price: look for a divisor near the drawn price,
     * and move the stock before it by a hundred shares where there is none. */
    for (int attempt = 0; ok && attempt < 1000; attempt++) {
        stock *t = &p->stocks[p->n_stocks - 1], *before = &p->stocks[p->n_stocks - 2];
        if (placed >= value)
            return false;
        uint64_t rest = value - placed;
        for (uint64_t fen = 500; fen <= 20000; fen++)
            if (rest % fen == 0) {
                t->fen = fen;
                t->hundreds = rest / fen;
                return true;
            }
        before->hundreds--;
        placed -= before->fen;
    }
    return false;
}

static bool add_lot(portfolio *p, lot l) {
    if (p->n_lots == p->capacity)
        return false;
    p->lots[p->n_lots++] = l;
    return true;
}

/* Purchases over the years, some of which were sold in part: n purchases of one stock. */
static bool draw_lots(portfolio *p, uint32_t i, size_t n) {
    const gen_holdings *h = &p->s->holdings;
    int32_t today = gen_date(p->s->valuation_date);
    uint64_t held = p->stocks[i].hundreds;
    if (n > held)
        n = held;
    xmc_stream d = gen_stream(p->s, p->purpose, (UINT64_C(1) << 40) + i);
    uint64_t sold = xmc_uniform(&d) < h->sale_share
                        ? (uint64_t)floor(0.25 * xmc_uniform(&d) * (double)held)
                        : 0;
    double weight[256];
    uint64_t hundreds[256];
    if (n > 256)
        n = 256;
    for (size_t k = 0; k < n; k++)
        weight[k] = gen_lognormal(&d, 0.6);
    if (!gen_split(held + sold, weight, n, 1, hundreds))
        return false;
    int32_t first = today;
    for (size_t k = 0; k < n; k++) {
        int32_t age = 1 + (int32_t)floor(xmc_uniform(&d) * (365.25 * (double)h->years - 1));
        double years = (double)age / 365.25;
        double cost = xmc_exp(-h->price_drift * years +
                              h->price_vol * sqrt(years < 1 ? years : 1) * xmc_normal(&d));
        first = today - age < first ? today - age : first;
        if (!add_lot(p, (lot){i, today - age, (int64_t)hundreds[k], cost}))
            return false;
    }
    /* a sale after the last purchase, so that it never outruns what is held */
    int32_t last = first;
    for (size_t k = p->n_lots - n; k < p->n_lots; k++)
        last = p->lots[k].date > last ? p->lots[k].date : last;
    int32_t when = last + 1 + (int32_t)floor(xmc_uniform(&d) * (double)(today - last));
    if (sold && when <= today &&
        !add_lot(p, (lot){i, when, -(int64_t)sold, xmc_exp(0.1 * xmc_normal(&d))}))
        return false;
    if (sold && when > today) /* no day left: nothing was sold, the largest lot is smaller */
        for (size_t k = p->n_lots - n; k < p->n_lots && sold; k++) {
            uint64_t take = (uint64_t)p->lots[k].hundreds - 1;
            take = take < sold ? take : sold;
            p->lots[k].hundreds -= (int64_t)take;
            sold -= take;
        }
    return sold == 0 || when <= today;
}

static int by_stock_date(const void *x, const void *y) {
    const lot *a = x, *b = y;
    if (a->stock != b->stock)
        return a->stock < b->stock ? -1 : 1;
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    if (a->hundreds != b->hundreds)
        return a->hundreds > b->hundreds ? -1 : 1;
    return a->weight < b->weight ? -1 : a->weight > b->weight;
}

/* Price of a lot in fen at a scale of costs. */
static uint64_t lot_fen(const portfolio *p, const lot *l, double scale) {
    double fen = floor((double)p->stocks[l->stock].fen * l->weight * scale + 0.5);
    return fen < 1 ? 1 : (uint64_t)fen;
}

/* Cost of what is held, first in first out: CNY. */
static uint64_t held_cost(const portfolio *p, double scale) {
    uint64_t cost = 0;
    for (size_t i = 0; i < p->n_lots;) {
        size_t end = i;
        uint64_t sold = 0;
        for (; end < p->n_lots && p->lots[end].stock == p->lots[i].stock; end++)
            if (p->lots[end].hundreds < 0)
                sold += (uint64_t)-p->lots[end].hundreds;
        for (; i < end; i++) {
            if (p->lots[i].hundreds < 0)
                continue;
            uint64_t q = (uint64_t)p->lots[i].hundreds, gone = q < sold ? q : sold;
            sold -= gone;
            cost += (q - gone) * lot_fen(p, &p->lots[i], scale);
        }
    }
    return cost;
}

static xmc_status put_portfolio(const gen_spec *s, const char *dir, const char *suffix,
                                size_t n_stocks, size_t n_lots, uint64_t value,
                                gen_holdings_tally *tally, xmc_diag *diag) {
    const gen_holdings *h = &s->holdings;
    portfolio p = {.s = s,
                   .purpose = *suffix ? "stock load" : "stock",
                   .n_stocks = n_stocks,
                   .capacity = n_lots + 2 * n_stocks,
                   .stocks = calloc(n_stocks, sizeof(stock)),
                   .cost_scale = 1};
    p.lots = malloc(p.capacity * sizeof *p.lots);
    gen_file file = {0}, lots = {0};
    char name[64];
    xmc_status status = XMC_OK;
    bool ok = p.stocks && p.lots && n_stocks >= 2 && draw_stocks(&p, value);
    for (uint32_t i = 0; ok && i < n_stocks; i++) {
        size_t n = n_lots / n_stocks + (i < n_lots % n_stocks);
        ok = draw_lots(&p, i, n ? n : 1);
    }
    if (!ok)
        status = xmc_error(diag, XMC_FAILED,
                           "holdings: no portfolio of %zu stocks and %zu lots worth %" PRIu64
                           " CNY could be drawn (or no memory)",
                           n_stocks, n_lots, value);
    if (status == XMC_OK) {
        qsort(p.lots, p.n_lots, sizeof *p.lots, by_stock_date);
        /* One factor on all costs gives the portfolio its gain. */
        p.cost_scale = (double)value / (1 + h->gain) / (double)held_cost(&p, 1);
        snprintf(name, sizeof name, "instruments%s.csv", suffix);
        status = gen_open(&file, dir, name,
                          "instrument_id,name,board,csi300,div_low_vol_100,index,beta,idio_vol,"
                          "price,currency",
                          diag);
    }
    if (status == XMC_OK) {
        snprintf(name, sizeof name, "lots%s.csv", suffix);
        status = gen_open(&lots, dir, name, "instrument_id,date,quantity,price", diag);
    }
    *tally = (gen_holdings_tally){0};
    for (size_t i = 0; status == XMC_OK && i < n_stocks; i++) {
        const stock *t = &p.stocks[i];
        const gen_stock_group *g = &h->groups[t->group];
        fprintf(file.f,
                "S%05zu,Stock %zu (%s),%s,%d,%d,%s,%.3f,%.3f,%" PRIu64 ".%02" PRIu64 ",CNY\n",
                i + 1, i + 1, g->name, g->board, g->csi300, g->div_low_vol_100, g->index, t->beta,
                t->idio_vol, t->fen / 100, t->fen % 100);
        tally->instruments++;
    }
    for (size_t i = 0; status == XMC_OK && i < p.n_lots; i++) {
        const lot *l = &p.lots[i];
        uint64_t fen = lot_fen(&p, l, p.cost_scale);
        char date[16];
        gen_date_text(l->date, date);
        fprintf(lots.f, "S%05u,%s,%" PRId64 ",%" PRIu64 ".%02" PRIu64 "\n", l->stock + 1, date,
                l->hundreds * 100, fen / 100, fen % 100);
        tally->lots++;
        /* purchases less sales, in today's prices */
        tally->value += (uint64_t)l->hundreds * p.stocks[l->stock].fen;
    }
    tally->cost = status == XMC_OK ? held_cost(&p, p.cost_scale) : 0;
    xmc_status a = gen_close(&file), b = gen_close(&lots);
    free(p.stocks);
    free(p.lots);
    if (status == XMC_OK && tally->value != value)
        status =
            xmc_error(diag, XMC_FAILED, "holdings: generated %" PRIu64 " CNY, expected %" PRIu64,
                      tally->value, value);
    return status != XMC_OK ? status : a != XMC_OK ? a : b;
}

xmc_status gen_write_holdings(const gen_spec *s, const char *dir, bool full,
                              gen_holdings_tally *tally, xmc_diag *diag) {
    size_t n = 0;
    for (uint32_t g = 0; g < s->holdings.groups_count; g++)
        n += s->holdings.groups[g].count;
    xmc_status status = XMC_OK;
    if (full) {
        gen_holdings_tally load;
        status = put_portfolio(s, dir, "_load", s->holdings.load_instruments, s->holdings.load_lots,
                               s->holdings.load_value, &load, diag);
    }
    if (status == XMC_OK)
        status = put_portfolio(s, dir, "", n, s->holdings.lots, s->holdings.value, tally, diag);
    return status;
}
