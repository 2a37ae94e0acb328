/* The plan of the holdings: lots to instruments, segments, expectations. */
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "sim/equity_derivative.h"
#include "sim/equity_internal.h"
#include "sim/equity_law.h"
#include "sim/named.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = XMC_EQ_LANES, PILOT = 16384 };
const char *const xmc_eq_class_names[XMC_EQ_CLASSES] = {
    "csi300", "div_low_vol", "star", "chinext", "other", "fund", "preferred", "derivative"};
const char *const xmc_eq_board_names[XMC_EQ_BOARDS] = {"main_sh", "main_sz", "chinext", "star",
                                                       "bse"};

size_t xmc_eq_class_of(const xmc_instrument *i) {
    if (i->kind != XMC_KIND_STOCK)
        return i->kind == XMC_KIND_FUND ? 5 : 6;
    if (i->csi300)
        return 0;
    if (i->div_low_vol_100)
        return 1;
    return i->board == XMC_BOARD_STAR ? 2 : i->board == XMC_BOARD_CHINEXT ? 3 : 4;
}

typedef struct {
    const xmc_instrument *instrument;
    double quantity, value;
    uint32_t row;
} holding;

static xmc_status sum_lots(const xmc_book *book, holding *h, double grid, xmc_diag *diag) {
    double *quantity = malloc((book->n_instruments + 1) * sizeof *quantity);
    if (!quantity)
        return xmc_no_memory(diag, book->n_instruments * sizeof *quantity, "summing lots");
    xmc_status status = xmc_book_shares(book, quantity, diag);
    for (size_t i = 0; status == XMC_OK && i < book->n_instruments; i++)
        h[i] = (holding){.instrument = &book->instruments[i], .quantity = quantity[i]};
    free(quantity);
    if (status != XMC_OK)
        return status;
    for (size_t i = 0; i < book->n_instruments; i++) {
        const xmc_instrument *s = h[i].instrument;
        if (h[i].quantity < 0.0)
            status = xmc_error(diag, XMC_BAD_INPUT,
                               "instrument '%s': %.17g more sold than bought: short positions are "
                               "not simulated",
                               s->id, -h[i].quantity);
        h[i].value = xmc_to_grid(h[i].quantity * s->price, grid, 1.0 / grid);
    }
    return status;
}

/* Derivatives: their unsigned value (a future's: of its underlying) on board number kind. */
static double derivative_exposure(const xmc_derivative *d) {
    const double unit =
        d->kind == XMC_DERIVATIVE_FUTURE ? d->price : xmc_derivative_value(d, d->price, 0.0);
    const double x = fabs(d->quantity * unit);
    return x > 0.0 ? x : 0x1p-6;
}

static xmc_status register_segments(xmc_equity *p, const double *exposure, xmc_segments *segments,
                                    xmc_diag *diag) {
    for (size_t k = 0; k < XMC_EQ_SEGMENTS; k++) {
        p->cell_of_segment[k] = SIZE_MAX;
        if (!(exposure[k] > 0.0))
            continue;
        xmc_segment g = {.risk = XMC_RISK_EQUITY,
                         .line = XMC_N_LINES,
                         .lob = UINT32_MAX,
                         .cause = "market",
                         .exposure = exposure[k]};
        const size_t class = k / XMC_EQ_BOARDS, board = k % XMC_EQ_BOARDS;
        snprintf(g.line_name, sizeof g.line_name, "%s", xmc_eq_class_names[class]);
        snprintf(g.region, sizeof g.region, "%s",
                 class == XMC_EQ_DERIVATIVE ? xmc_derivative_names[board]
                                            : xmc_eq_board_names[board]);
        p->cell_of_segment[k] = p->n_segments;
        size_t number = xmc_segments_add(segments, &g);
        if (number == SIZE_MAX)
            return xmc_no_memory(diag, sizeof g, "registering segments");
        p->registered[p->n_segments++] = number;
    }
    return XMC_OK;
}

/* ---- expectations ---- */

/* Returns of pilot trials, whose numbers no run reaches; and E[(y - T)+] of the own Student t on a
 * grid of y. */
typedef struct {
    double *rows; /* [n_rows][PILOT], NULL where every stock has a closed form */
    double *shortfall;
    double nu;
} pilot;

enum { PILOT_LOW = -256, PILOT_HIGH = 32, PILOT_STEPS = 32 };

static xmc_status plan_pilot(const xmc_equity *p, double idio_nu, pilot *out, xmc_diag *diag) {
    const size_t knots = (PILOT_HIGH - PILOT_LOW) * PILOT_STEPS + 1;
    out->nu = idio_nu;
    out->rows = malloc(p->n_rows * PILOT * sizeof(double));
    out->shortfall = malloc(knots * sizeof(double));
    if (!out->rows || !out->shortfall)
        return xmc_no_memory(diag, p->n_rows * PILOT * sizeof(double), "the pilot of equity");
#pragma omp parallel for schedule(dynamic, 64) num_threads(p->threads)
    for (size_t k = 0; k < knots; k++)
        out->shortfall[k] = xmc_student_shortfall(PILOT_LOW + (double)k / PILOT_STEPS, idio_nu);
#pragma omp parallel for schedule(dynamic, 4) num_threads(p->threads)
    for (size_t t = 0; t < PILOT; t += LANES) {
        uint64_t trial[LANES];
        for (size_t l = 0; l < LANES; l++)
            trial[l] = (UINT64_C(1) << 63) + t + l;
        const int thread = omp_get_thread_num();
        double *rows = p->work + p->work_size * (size_t)thread, *macro = rows + p->n_rows * LANES;
        xmc_eq_returns(p, thread, trial, rows, macro);
        for (size_t r = 0; r < p->n_rows; r++)
            memcpy(out->rows + r * PILOT + t, rows + r * LANES, LANES * sizeof(double));
    }
    return XMC_OK;
}

static double pilot_growth(const pilot *o, uint32_t row, double beta, double idio) {
    const double *R = o->rows + (size_t)row * PILOT;
    double sum = 0.0;
    for (size_t t = 0; t < PILOT; t++) {
        const double c = -1.0 - beta * R[t];
        if (!(idio > 0.0)) {
            sum += c > 0.0 ? c : 0.0;
            continue;
        }
        double x = (c / idio - PILOT_LOW) * PILOT_STEPS;
        const double end = (PILOT_HIGH - PILOT_LOW) * PILOT_STEPS - 1;
        x = x > 0.0 ? x < end ? x : end : 0.0;
        const size_t k = (size_t)x;
        sum += idio * fma(x - (double)k, o->shortfall[k + 1] - o->shortfall[k], o->shortfall[k]);
    }
    return 1.0 + sum / PILOT;
}

/* E[growth] before expected price moves and delisting. idio: annual sd. */
static double expected_growth(const xmc_equity *p, const xmc_equity_model *m, const pilot *o,
                              uint32_t row, double beta, double idio) {
    const double nu = m->idio_degrees_of_freedom;
    if (o->rows)
        return pilot_growth(o, row, beta, idio * xmc_student_unit_scale(nu));
    const double volatility = m->volatility[xmc_index_law_number(p->law, row)];
    return xmc_stock_growth(volatility, p->nu, beta, idio, nu);
}

static double at(const double *x, size_t i) {
    return x ? x[i] : 0.0;
}

/* Expected price at the horizon over today's, and the year's dividends over today's price. */
static double expected_price(const xmc_equity_model *m, const xmc_instrument *s, double *dividend) {
    double drift = 0.0, yield = 0.0;
    for (size_t k = 0; k < m->n_indices; k++) {
        const double beta = s->betas ? s->betas[k] : k == s->index ? s->beta : 0.0;
        drift = fma(beta, at(m->drift, k), drift);
        yield = fma(beta, at(m->dividend_yield, k), yield);
    }
    *dividend = s->dividend_yield >= 0.0 ? s->dividend_yield : yield > 0.0 ? yield : 0.0;
    const double price = 1.0 + drift - *dividend;
    return price > 0.0 ? price : 0.0;
}

/* 1 + sum of beta R never falls below nothing, so no floor and no own draw is needed. */
static bool is_linear(const xmc_equity_model *m, const xmc_instrument *s) {
    if (s->kind == XMC_KIND_STOCK || s->idio_vol > 0.0 || s->delisting_probability > 0.0)
        return false;
    if (!s->betas)
        return s->beta >= 0.0 && s->beta <= 1.0;
    double sum = 0.0;
    for (size_t k = 0; k < m->n_indices; k++) {
        if (s->betas[k] < 0.0)
            return false;
        sum += s->betas[k];
    }
    return sum <= 1.0;
}

/* An own row of returns for every held or referenced instrument with betas to several indices. */
static xmc_status plan_rows(xmc_equity *p, const xmc_book *book, const xmc_named *order, holding *h,
                            const bool *wanted, xmc_diag *diag) {
    size_t n = 0;
    for (size_t i = 0; i < book->n_instruments; i++)
        n += wanted[i] && book->instruments[i].betas;
    p->n_rows = p->n_indices + n;
    p->combination = calloc(n * p->n_indices + 1, sizeof *p->combination);
    if (!p->combination)
        return xmc_no_memory(diag, n * p->n_indices * sizeof(double), "planning equity");
    size_t row = p->n_indices;
    for (size_t r = 0; r < book->n_instruments; r++) {
        const uint32_t i = order[r].number;
        const xmc_instrument *s = &book->instruments[i];
        h[i].row = xmc_index_law_rank(p->law, s->index);
        if (!wanted[i] || !s->betas)
            continue;
        for (size_t k = 0; k < p->n_indices; k++)
            p->combination[(row - p->n_indices) * p->n_indices + k] =
                s->betas[xmc_index_law_number(p->law, k)];
        h[i].row = (uint32_t)row++;
    }
    p->work_size = (p->n_rows + 1 + p->n_segments) * LANES;
    p->work = calloc(p->work_size * (size_t)p->threads, sizeof *p->work);
    return p->work ? XMC_OK : xmc_no_memory(diag, p->work_size * sizeof(double), "planning equity");
}

/* A stock drawn for itself; expected: the expectation of its floored growth. */
static xmc_eq_stock stock_of(const xmc_equity_model *m, const xmc_instrument *s, uint32_t row,
                             uint32_t rank, double expected) {
    double dividend;
    xmc_eq_stock x = {.row = row,
                      .rank = rank,
                      .beta = s->betas ? 1.0 : s->beta,
                      .idio = s->idio_vol * xmc_student_unit_scale(m->idio_degrees_of_freedom),
                      .delisting = s->delisting_probability,
                      .keep = 1.0 - s->delisting_loss};
    x.ratio =
        expected_price(m, s, &dividend) / (expected * (1.0 - x.delisting * s->delisting_loss));
    return x;
}

static void plan_linear_fund(xmc_equity *p, const xmc_equity_model *m, const holding *x,
                             uint32_t number, size_t cell) {
    double dividend;
    const double price = expected_price(m, x->instrument, &dividend), value = x->value;
    const double beta = x->instrument->betas ? 1.0 : x->instrument->beta;
    p->linear_number[p->n_linear] = number;
    p->linear_value[p->n_linear] = value;
    p->linear_dividend[p->n_linear] = dividend * value;
    p->linear[p->n_linear++] = (xmc_eq_linear){.segment = (uint32_t)cell,
                                               .row = x->row,
                                               .constant = value - value * price,
                                               .slope = value * price * beta};
}

static void plan_instruments(xmc_equity *p, const xmc_analysis *a, const xmc_named *order,
                             const holding *h) {
    uint32_t skipped = 0;
    for (size_t r = 0; r < a->book.n_instruments; r++) {
        const holding *x = &h[order[r].number];
        const xmc_instrument *s = x->instrument;
        if (!(x->value > 0.0)) {
            skipped++;
            continue;
        }
        const size_t cell = p->cell_of_segment[xmc_eq_class_of(s) * XMC_EQ_BOARDS + s->board];
        if (is_linear(&a->equity, s)) {
            plan_linear_fund(p, &a->equity, x, order[r].number, cell);
            skipped++;
            continue;
        }
        size_t i = p->n++;
        p->index[i] = x->row;
        p->skip[i] = skipped;
        p->rank[i] = (uint32_t)r;
        p->number[i] = order[r].number;
        p->segment[i] = (uint32_t)cell;
        p->beta[i] = s->betas ? 1.0 : s->beta;
        p->idio[i] = s->idio_vol; /* for now: the annual sd */
        p->value[i] = x->value;
        if (s->delisting_probability > 0.0) {
            p->delisting_probability[p->n_delisting] = s->delisting_probability;
            p->keep[p->n_delisting] = 1.0 - s->delisting_loss;
            p->delisting[p->n_delisting++] = (uint32_t)i;
        }
        skipped = 0;
    }
}

static void plan_expectations(xmc_equity *p, const xmc_analysis *a, const pilot *o) {
    const xmc_equity_model *m = &a->equity;
    const double unit = xmc_student_unit_scale(m->idio_degrees_of_freedom);
#pragma omp parallel for schedule(dynamic, 4)
    for (size_t i = 0; i < p->n; i++) {
        const xmc_instrument *s = &a->book.instruments[p->number[i]];
        const double growth = expected_growth(p, m, o, p->index[i], p->beta[i], p->idio[i]);
        double dividend, price = expected_price(m, s, &dividend);
        p->dividend[i] = dividend * p->value[i];
        p->scaled[i] =
            p->value[i] * price / (growth * (1.0 - s->delisting_probability * s->delisting_loss));
        p->idio[i] *= unit;
    }
}

static void plan_positions(xmc_equity *p, const xmc_analysis *a, const xmc_named *instrument_order,
                           const xmc_named *order, const holding *h, const pilot *o) {
    const xmc_book *book = &a->book;
    const xmc_equity_model *m = &a->equity;
    for (size_t j = 0; j < book->n_derivatives; j++) {
        const xmc_derivative *d = &book->derivatives[order[j].number];
        const uint32_t cell =
            (uint32_t)p->cell_of_segment[XMC_EQ_DERIVATIVE * XMC_EQ_BOARDS + d->kind];
        if (d->instrument == UINT32_MAX) {
            const double forward = 1.0 + at(m->drift, d->index) - at(m->dividend_yield, d->index);
            const uint32_t row = xmc_index_law_rank(p->law, d->index);
            if (d->kind == XMC_DERIVATIVE_FUTURE) { /* linear: futures on an index are one sum */
                const double slope =
                    d->quantity * (xmc_derivative_value(d, d->price * forward, 1.0) + d->strike);
                p->linear_number[p->n_linear] = UINT32_MAX;
                p->linear[p->n_linear++] =
                    (xmc_eq_linear){cell, row, d->quantity * d->strike - slope, slope};
                continue;
            }
            p->positions[p->n_positions++] =
                (xmc_eq_position){.derivative = d,
                                  .segment = cell,
                                  .row = row,
                                  .forward = forward,
                                  .start = xmc_derivative_value(d, d->price, 0.0)};
            continue;
        }
        const xmc_instrument *s = &book->instruments[d->instrument];
        uint32_t rank = 0;
        while (instrument_order[rank].number != d->instrument)
            rank++;
        const uint32_t row = h[d->instrument].row;
        const double growth = expected_growth(p, m, o, row, s->betas ? 1.0 : s->beta, s->idio_vol);
        p->positions[p->n_positions++] = (xmc_eq_position){
            .derivative = d,
            .segment = cell,
            .start =
                d->kind == XMC_DERIVATIVE_FUTURE ? 0.0 : xmc_derivative_value(d, d->price, 0.0),
            .on_stock = true,
            .stock = stock_of(m, s, row, rank, growth)};
    }
}

static xmc_status allocate(xmc_equity *p, const xmc_book *book, xmc_diag *diag) {
    const size_t n = book->n_instruments + 1, linear = n + book->n_derivatives;
    uint32_t **const numbers[] = {&p->skip, &p->index,  &p->segment,
                                  &p->rank, &p->number, &p->delisting};
    double **const values[] = {&p->beta,    &p->idio, &p->value,
                               &p->scaled,  &p->keep, &p->delisting_probability,
                               &p->dividend};
    bool room = true;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        room &= (*numbers[i] = calloc(n, sizeof(uint32_t))) != NULL;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        room &= (*values[i] = calloc(n, sizeof(double))) != NULL;
    room &= (p->linear = calloc(linear, sizeof *p->linear)) != NULL;
    room &= (p->linear_number = calloc(linear, sizeof *p->linear_number)) != NULL;
    room &= (p->linear_value = calloc(linear, sizeof(double))) != NULL;
    room &= (p->linear_dividend = calloc(linear, sizeof(double))) != NULL;
    room &= (p->linear_segment = calloc(linear, sizeof(uint32_t))) != NULL;
    room &= (p->position_segment = calloc(book->n_derivatives + 1, sizeof(uint32_t))) != NULL;
    room &= (p->positions = calloc(book->n_derivatives + 1, sizeof *p->positions)) != NULL;
    return room ? XMC_OK : xmc_no_memory(diag, n * 128, "planning equity");
}

static xmc_status plan(xmc_equity *p, const xmc_analysis *a, xmc_named *order,
                       xmc_named *derivatives, holding *h, bool *wanted, pilot *o,
                       xmc_segments *segments, xmc_diag *diag) {
    const xmc_book *book = &a->book;
    double exposure[XMC_EQ_SEGMENTS] = {0};
    xmc_status status = sum_lots(book, h, p->grid, diag);
    bool closed = a->equity.law == XMC_EQUITY_STUDENT || a->equity.law == XMC_EQUITY_GAUSSIAN;
    for (size_t i = 0; !status && i < book->n_instruments; i++) {
        const xmc_instrument *s = &book->instruments[i];
        order[i] = (xmc_named){(uint32_t)i, s->id};
        exposure[xmc_eq_class_of(s) * XMC_EQ_BOARDS + s->board] += h[i].value;
        wanted[i] = h[i].value > 0.0;
    }
    for (size_t j = 0; !status && j < book->n_derivatives; j++) {
        const xmc_derivative *d = &book->derivatives[j];
        derivatives[j] = (xmc_named){(uint32_t)j, d->id};
        exposure[XMC_EQ_DERIVATIVE * XMC_EQ_BOARDS + d->kind] += derivative_exposure(d);
        if (d->instrument != UINT32_MAX)
            wanted[d->instrument] = true;
    }
    if (!status) {
        xmc_sort_names(order, book->n_instruments);
        xmc_sort_names(derivatives, book->n_derivatives);
        status = register_segments(p, exposure, segments, diag);
    }
    for (size_t r = 1; !status && r < book->n_instruments; r++)
        if (strcmp(order[r].name, order[r - 1].name) == 0)
            status = xmc_error(diag, XMC_BAD_INPUT, "instrument '%s' stands twice", order[r].name);
    if (!status)
        status = plan_rows(p, book, order, h, wanted, diag);
    if (!status && (!closed || p->n_rows > p->n_indices))
        status = plan_pilot(p, a->equity.idio_degrees_of_freedom, o, diag);
    if (status)
        return status;
    plan_instruments(p, a, order, h);
    plan_expectations(p, a, o);
    plan_positions(p, a, order, derivatives, h, o);
    for (size_t j = 0; j < p->n_linear; j++)
        p->linear_segment[j] = p->linear[j].segment;
    for (size_t j = 0; j < p->n_positions; j++)
        p->position_segment[j] = p->positions[j].segment;
    return XMC_OK;
}

xmc_status xmc_eq_plan_holdings(xmc_equity *p, const xmc_analysis *a, xmc_segments *segments,
                                xmc_diag *diag) {
    const xmc_book *book = &a->book;
    xmc_named *order = calloc(book->n_instruments + 1, sizeof *order);
    xmc_named *derivatives = calloc(book->n_derivatives + 1, sizeof *derivatives);
    holding *h = calloc(book->n_instruments + 1, sizeof *h);
    bool *wanted = calloc(book->n_instruments + 1, sizeof *wanted);
    pilot o = {0};
    xmc_status status = allocate(p, book, diag);
    if (!status && (!order || !derivatives || !h || !wanted))
        status = xmc_no_memory(diag, book->n_instruments * 64, "planning equity");
    if (!status)
        status = plan(p, a, order, derivatives, h, wanted, &o, segments, diag);
    free(order);
    free(derivatives);
    free(h);
    free(wanted);
    free(o.rows);
    free(o.shortfall);
    return status;
}
