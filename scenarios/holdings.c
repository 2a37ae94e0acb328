/* Instruments, corporate actions and lots. */
#include "scenarios/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    I_ID,
    I_NAME,
    I_BOARD,
    I_CSI300,
    I_LOW_VOL,
    I_INDEX,
    I_BETA,
    I_IDIO,
    I_PRICE,
    I_CURRENCY,
    I_KIND,
    I_DELISTING,
    I_DELISTING_LOSS,
    I_DIVIDEND,
    FIRST_BETA /* beta_NAME of every index of the model */
};

/* Betas to every index; NULL where none is given beyond `beta`. */
static const double *read_betas(xmc_loader *l, xmc_table *t, xmc_instrument *x) {
    const size_t n = l->indices.n;
    bool any = false;
    for (size_t k = 0; k < n; k++)
        any |= xmc_cell_given(t, FIRST_BETA + k);
    if (!any)
        return NULL;
    if (x->index < n && xmc_cell_given(t, FIRST_BETA + x->index))
        xmc_cell_error(t, FIRST_BETA + x->index,
                       "nothing here: the beta to '%s' stands in the column beta",
                       l->indices.name[x->index]);
    double *betas = xmc_arena_alloc(l->arena, n * sizeof *betas);
    if (!betas) {
        xmc_no_memory(l->diag, n * sizeof *betas, "instruments");
        return NULL;
    }
    for (size_t k = 0; k < n; k++)
        betas[k] = k == x->index ? x->beta : xmc_cell_number(t, FIRST_BETA + k, 0, -10, 10);
    return betas;
}

/* CNY per unit of each instrument's currency stands beside the instruments while loading. */
static xmc_instrument read_instrument(xmc_loader *l, xmc_table *t, double *cny) {
    static const char *const boards[] = {[XMC_BOARD_MAIN_SH] = "main_sh",
                                         [XMC_BOARD_MAIN_SZ] = "main_sz",
                                         [XMC_BOARD_CHINEXT] = "chinext",
                                         [XMC_BOARD_STAR] = "star",
                                         [XMC_BOARD_BSE] = "bse"};
    xmc_instrument x = {.file_line = xmc_row_line(t)};
    size_t length;
    bool fresh = true;
    const char *id = xmc_cell_text(t, I_ID, &length);
    uint32_t k = length ? xmc_names_add(&l->instruments, id, length, &fresh) : UINT32_MAX;
    if (!fresh)
        xmc_cell_error(t, I_ID, "each instrument_id once");
    x.id = k == UINT32_MAX ? NULL : l->instruments.name[k];
    x.name = xmc_cell_given(t, I_NAME) ? xmc_load_text(l, t, I_NAME) : x.id;
    x.board = (xmc_board)xmc_cell_choice(t, I_BOARD, XMC_BOARD_MAIN_SH, boards, 5);
    x.csi300 = xmc_cell_integer(t, I_CSI300, 0, 0, 1) != 0;
    x.div_low_vol_100 = xmc_cell_integer(t, I_LOW_VOL, 0, 0, 1) != 0;
    if (l->equity_ok)
        x.index = xmc_load_known(t, I_INDEX, &l->indices, "an index of the equity model");
    x.kind = (uint32_t)xmc_cell_choice(t, I_KIND, XMC_KIND_STOCK, xmc_kind_names, XMC_N_KINDS);
    x.beta = xmc_cell_number(t, I_BETA, 1, -10, 10);
    x.idio_vol = xmc_cell_number(t, I_IDIO, l->a->equity.kind_volatility[x.kind], 0, 3);
    x.delisting_probability = xmc_cell_number(t, I_DELISTING, 0, 0, 0.5);
    x.delisting_loss = xmc_cell_number(t, I_DELISTING_LOSS, 1, 0, 1);
    x.dividend_yield = (double)NAN;
    if (xmc_cell_given(t, I_DIVIDEND))
        x.dividend_yield = xmc_cell_number(t, I_DIVIDEND, 0, 0, 0.5);
    if (l->equity_ok)
        x.betas = read_betas(l, t, &x);
    *cny = xmc_load_currency(l, t, I_CURRENCY);
    x.price = *cny * xmc_cell_positive(t, I_PRICE, 1, INFINITY);
    return x;
}

/* The columns of the instrument file: those with fixed names, and a beta for every index. */
static xmc_column *instrument_columns(xmc_loader *l, size_t *n) {
    static const xmc_column fixed[FIRST_BETA] = {[I_ID] = {"instrument_id", true},
                                                 [I_NAME] = {"name", false},
                                                 [I_BOARD] = {"board", true},
                                                 [I_CSI300] = {"csi300", true},
                                                 [I_LOW_VOL] = {"div_low_vol_100", true},
                                                 [I_INDEX] = {"index", true},
                                                 [I_BETA] = {"beta", true},
                                                 [I_IDIO] = {"idio_vol", true},
                                                 [I_PRICE] = {"price", true},
                                                 [I_CURRENCY] = {"currency", false},
                                                 [I_KIND] = {"kind", false},
                                                 [I_DELISTING] = {"delisting_probability", false},
                                                 [I_DELISTING_LOSS] = {"delisting_loss", false},
                                                 [I_DIVIDEND] = {"dividend_yield", false}};
    *n = FIRST_BETA + l->indices.n;
    xmc_column *c = xmc_arena_alloc(&l->scratch, *n * sizeof *c);
    if (!c)
        return NULL;
    memcpy(c, fixed, sizeof fixed);
    for (size_t k = 0; k < l->indices.n; k++) {
        const size_t length = strlen(l->indices.name[k]);
        char *name = xmc_arena_copy_behind(&l->scratch, 5, l->indices.name[k], length);
        if (!name)
            return NULL;
        static const char prefix[5] = {'b', 'e', 't', 'a', '_'};
        name -= sizeof prefix;
        memcpy(name, prefix, sizeof prefix);
        c[FIRST_BETA + k] = (xmc_column){name, false};
    }
    /* the volatility of a kind may stand in the model */
    for (int k = 0; k < XMC_N_KINDS; k++)
        if (l->a->equity.kind_volatility[k] > 0)
            c[I_IDIO].required = false;
    return c;
}

xmc_status xmc_load_instruments(xmc_loader *l, const xmc_file_ref *ref) {
    xmc_book *b = l->book;
    size_t capacity = 0, n_cny = 0, n_columns;
    xmc_table *t;
    const xmc_column *columns = instrument_columns(l, &n_columns);
    if (!columns)
        return xmc_no_memory(l->diag, n_columns * sizeof *columns, "instruments");
    xmc_status st = xmc_load_open(l, ref, columns, n_columns, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        double cny;
        xmc_instrument x = read_instrument(l, t, &cny);
        if (!xmc_row_ok(t))
            continue;
        uint32_t k = xmc_names_find(&l->instruments, x.id, strlen(x.id));
        double *rates = xmc_load_grow(l, l->instrument_cny, k, &n_cny, sizeof *rates);
        xmc_instrument *more =
            xmc_load_grow(l, b->instruments, b->n_instruments, &capacity, sizeof *more);
        if (rates)
            l->instrument_cny = rates;
        if (more)
            b->instruments = more;
        if (!rates || !more)
            break;
        rates[k] = cny;
        more[b->n_instruments++] = x;
    }
    st = xmc_load_close(l, ref, t);
    if (st == XMC_OK && !b->n_instruments)
        st = xmc_yaml_bad(&l->yaml, ref->key, "at least one instrument");
    l->instruments_ok = st == XMC_OK;
    return st;
}

xmc_status xmc_load_corporate_actions(xmc_loader *l, const xmc_file_ref *ref) {
    enum { INSTRUMENT, DATE, RATIO, N };
    static const xmc_column columns[N] = {
        [INSTRUMENT] = {"instrument_id", true}, [DATE] = {"date", true}, [RATIO] = {"ratio", true}};
    xmc_book *b = l->book;
    size_t capacity = 0;
    xmc_key_set seen = {0};
    xmc_table *t;
    l->actions_failed = true; /* until they are read */
    xmc_status st = xmc_load_open(l, ref, columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        xmc_corporate_action x = {.file_line = xmc_row_line(t)};
        if (l->instruments_ok)
            x.instrument = xmc_load_known(t, INSTRUMENT, &l->instruments,
                                          "an instrument_id of the instrument file");
        x.date = xmc_cell_date(t, DATE, 0);
        x.ratio = xmc_cell_positive(t, RATIO, 1, INFINITY);
        if (x.date > b->valuation_date)
            xmc_cell_error(t, DATE, "a date not after the valuation date");
        if (!xmc_row_ok(t) || !l->instruments_ok)
            continue;
        bool known;
        if (!xmc_keys_add(&seen, &l->scratch, x.instrument, (uint32_t)x.date, "", 0, &known))
            xmc_cell_error(t, DATE,
                           known ? "one ratio for an instrument and date, in one row"
                                 : "room in memory");
        if (!xmc_row_ok(t))
            continue;
        xmc_corporate_action *more =
            xmc_load_grow(l, b->corporate_actions, b->n_corporate_actions, &capacity, sizeof *more);
        if (!more)
            break;
        b->corporate_actions = more;
        more[b->n_corporate_actions++] = x;
    }
    xmc_keys_free(&seen);
    st = xmc_load_close(l, ref, t);
    l->actions_failed = st != XMC_OK;
    return st;
}

/* Of a corporate action or a lot: by instrument and date, actions before trades, then file order.
 */
typedef struct {
    uint32_t instrument, row;
    int32_t date;
    bool trade;
} trade_key;

static int compare_trades(const void *x, const void *y) {
    const trade_key *a = x, *b = y;
    if (a->instrument != b->instrument)
        return a->instrument < b->instrument ? -1 : 1;
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    if (a->trade != b->trade)
        return a->trade ? 1 : -1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static xmc_status sold_too_much(xmc_loader *l, const xmc_file_refs *refs, const size_t *first,
                                size_t sale, double held) {
    const xmc_book *b = l->book;
    size_t f = refs->n - 1;
    while (f && first[f] > sale)
        f--;
    char quantity[40];
    snprintf(quantity, sizeof quantity, "%.15g", b->lots[sale].quantity);
    xmc_place at = {
        .file = refs->items[f].path, .line = b->lots[sale].file_line, .column_name = "quantity"};
    return xmc_bad_input(l->diag, at, quantity,
                         "a sale of no more than is held; instrument '%s' falls to %.15g",
                         b->instruments[b->lots[sale].instrument].id, held);
}

/* At the end of every day each instrument's quantity must be at least zero. first[k] is the first
 * lot of file k. */
static xmc_status check_sales(xmc_loader *l, const xmc_file_refs *refs, const size_t *first) {
    const xmc_book *b = l->book;
    size_t n = b->n_lots + b->n_corporate_actions;
    trade_key *keys = malloc((n + 1) * sizeof *keys);
    if (!keys)
        return xmc_no_memory(l->diag, n * sizeof *keys, "lots");
    for (size_t i = 0; i < b->n_lots; i++)
        keys[i] = (trade_key){b->lots[i].instrument, (uint32_t)i, b->lots[i].date, true};
    for (size_t i = 0; i < b->n_corporate_actions; i++)
        keys[b->n_lots + i] = (trade_key){b->corporate_actions[i].instrument, (uint32_t)i,
                                          b->corporate_actions[i].date, false};
    qsort(keys, n, sizeof *keys, compare_trades);
    xmc_status st = XMC_OK;
    double held = 0, bought = 0;
    for (size_t i = 0; i < n;) {
        if (i == 0 || keys[i].instrument != keys[i - 1].instrument)
            held = bought = 0;
        size_t day_begins = i, sale = SIZE_MAX;
        do {
            uint32_t row = keys[i].row;
            if (keys[i].trade) {
                double q = b->lots[row].quantity;
                held += q;
                bought += q > 0 ? q : 0;
                sale = q < 0 ? row : sale;
            } else {
                held *= b->corporate_actions[row].ratio;
                bought *= b->corporate_actions[row].ratio;
            }
            i++;
        } while (i < n && keys[i].instrument == keys[day_begins].instrument &&
                 keys[i].date == keys[day_begins].date);
        if (held < -XMC_SHARES_DUST * bought && sale != SIZE_MAX) {
            st = sold_too_much(l, refs, first, sale, held);
            held = 0;
        }
    }
    free(keys);
    return st;
}

xmc_status xmc_load_lots(xmc_loader *l, const xmc_file_refs *refs) {
    enum { INSTRUMENT, DATE, QUANTITY, PRICE, N };
    static const xmc_column columns[N] = {[INSTRUMENT] = {"instrument_id", true},
                                          [DATE] = {"date", true},
                                          [QUANTITY] = {"quantity", true},
                                          [PRICE] = {"price", true}};
    xmc_book *b = l->book;
    xmc_status worst = XMC_OK;
    size_t capacity = 0, *first = calloc(refs->n, sizeof *first);
    if (!first)
        return xmc_no_memory(l->diag, refs->n * sizeof *first, "lots");
    for (size_t f = 0; f < refs->n; f++) {
        xmc_table *t;
        first[f] = b->n_lots;
        xmc_status st = xmc_load_open(l, &refs->items[f], columns, N, &t);
        if (st == XMC_OK) {
            while (xmc_table_next(t)) {
                xmc_lot x = {.file_line = xmc_row_line(t)};
                if (l->instruments_ok)
                    x.instrument = xmc_load_known(t, INSTRUMENT, &l->instruments,
                                                  "an instrument_id of the instrument file");
                x.date = xmc_cell_date(t, DATE, 0);
                x.quantity = xmc_cell_number(t, QUANTITY, 1, -INFINITY, INFINITY);
                x.price = xmc_cell_positive(t, PRICE, 1, INFINITY);
                if (x.quantity == 0)
                    xmc_cell_error(t, QUANTITY, "a quantity other than 0");
                if (x.date > b->valuation_date)
                    xmc_cell_error(t, DATE, "a date not after the valuation date");
                if (!xmc_row_ok(t) || !l->instruments_ok)
                    continue;
                x.price *= l->instrument_cny[x.instrument];
                xmc_lot *more = xmc_load_grow(l, b->lots, b->n_lots, &capacity, sizeof *more);
                if (!more)
                    break;
                b->lots = more;
                more[b->n_lots++] = x;
            }
            st = xmc_load_close(l, &refs->items[f], t);
        }
        worst = worst == XMC_OK ? st : worst;
    }
    if (worst == XMC_OK && l->instruments_ok && !l->actions_failed)
        worst = b->n_lots ? check_sales(l, refs, first)
                          : xmc_yaml_bad(&l->yaml, refs->items[0].key, "at least one lot");
    free(first);
    return worst;
}
