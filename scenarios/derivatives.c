/* Positions whose value is no linear function of their underlying: puts, calls, futures,
 * convertibles. */
#include "scenarios/load.h"

#include <math.h>
#include <string.h>

const char *const xmc_derivative_names[XMC_N_DERIVATIVES] = {"put", "call", "future",
                                                             "convertible"};

enum { ID, KIND, UNDERLYING, QUANTITY, PRICE, STRIKE, MATURITY, VOLATILITY, RATE, CURRENCY, N };

/* The index or the instrument of that name. */
static void read_underlying(xmc_loader *l, xmc_table *t, xmc_derivative *x) {
    size_t length;
    const char *s = xmc_cell_text(t, UNDERLYING, &length);
    x->index = x->instrument = UINT32_MAX;
    if (!length)
        return;
    if (l->equity_ok)
        x->index = xmc_names_find(&l->indices, s, length);
    if (x->index == UINT32_MAX && l->instruments_ok)
        x->instrument = xmc_names_find(&l->instruments, s, length);
    if (x->index == UINT32_MAX && x->instrument == UINT32_MAX && l->equity_ok && l->instruments_ok)
        xmc_cell_error(t, UNDERLYING, "an index of the equity model or an instrument_id");
}

static xmc_derivative read_derivative(xmc_loader *l, xmc_table *t) {
    xmc_derivative x = {.file_line = xmc_row_line(t)};
    x.id = xmc_load_text(l, t, ID);
    x.kind = (xmc_derivative_kind)xmc_cell_choice(t, KIND, XMC_DERIVATIVE_PUT, xmc_derivative_names,
                                                  XMC_N_DERIVATIVES);
    read_underlying(l, t, &x);
    x.quantity = xmc_cell_number(t, QUANTITY, 1, -INFINITY, INFINITY);
    if (x.quantity == 0)
        xmc_cell_error(t, QUANTITY, "a quantity other than 0");
    if (x.kind == XMC_DERIVATIVE_CONVERTIBLE && x.quantity < 0)
        xmc_cell_error(t, QUANTITY, "a quantity above 0: convertibles are held");
    const double cny = xmc_load_currency(l, t, CURRENCY);
    if (x.instrument != UINT32_MAX) {
        if (xmc_cell_given(t, PRICE))
            xmc_cell_error(t, PRICE, "nothing: the price of an instrument stands in its own file");
        x.price = l->book->instruments[x.instrument].price;
    } else {
        if (!xmc_cell_given(t, PRICE))
            xmc_cell_error(t, PRICE, "the index level at the valuation date, CNY a unit");
        x.price = cny * xmc_cell_positive(t, PRICE, 1, INFINITY);
    }
    x.strike = cny * xmc_cell_positive(t, STRIKE, 1, INFINITY);
    x.maturity = xmc_cell_positive(t, MATURITY, 1, 50);
    const bool option = x.kind == XMC_DERIVATIVE_PUT || x.kind == XMC_DERIVATIVE_CALL;
    x.volatility = xmc_cell_number(t, VOLATILITY, 0, 0, 5);
    if (option && !(x.volatility > 0))
        xmc_cell_error(t, VOLATILITY, "the volatility of an option, above 0");
    x.rate = xmc_cell_number(t, RATE, 0, -1, 1);
    return x;
}

xmc_status xmc_load_derivatives(xmc_loader *l, const xmc_file_ref *ref) {
    static const xmc_column columns[N] = {[ID] = {"position_id", true},
                                          [KIND] = {"kind", true},
                                          [UNDERLYING] = {"underlying", true},
                                          [QUANTITY] = {"quantity", true},
                                          [PRICE] = {"price", false},
                                          [STRIKE] = {"strike", true},
                                          [MATURITY] = {"maturity", true},
                                          [VOLATILITY] = {"volatility", false},
                                          [RATE] = {"rate", false},
                                          [CURRENCY] = {"currency", false}};
    xmc_book *b = l->book;
    size_t capacity = 0;
    xmc_names seen = {.arena = &l->scratch};
    xmc_table *t;
    xmc_status st = xmc_load_open(l, ref, columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        xmc_derivative x = read_derivative(l, t);
        bool fresh = true;
        if (x.id && *x.id)
            xmc_names_add(&seen, x.id, strlen(x.id), &fresh);
        if (!fresh)
            xmc_cell_error(t, ID, "each position_id once");
        if (!xmc_row_ok(t) || !l->instruments_ok || !l->equity_ok)
            continue;
        xmc_derivative *more =
            xmc_load_grow(l, b->derivatives, b->n_derivatives, &capacity, sizeof *more);
        if (!more)
            break;
        b->derivatives = more;
        more[b->n_derivatives++] = x;
    }
    xmc_names_free(&seen);
    return xmc_load_close(l, ref, t);
}
