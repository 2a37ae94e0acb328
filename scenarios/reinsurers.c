/* Reinsurers and their signed shares: own files (docs/inputs.md). */
#include "scenarios/reinsurance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_id(const void *x, const void *y) {
    return strcmp(((const xmc_reinsurer *)x)->id, ((const xmc_reinsurer *)y)->id);
}

static int by_treaty(const void *x, const void *y) {
    const xmc_signed_share *a = x, *b = y;
    if (a->treaty != b->treaty)
        return a->treaty < b->treaty ? -1 : 1;
    return a->reinsurer < b->reinsurer ? -1 : a->reinsurer > b->reinsurer;
}

static xmc_status read_reinsurers(xmc_loader *l, const xmc_file_ref *ref, xmc_names *ids) {
    enum { ID, NAME, PROBABILITY, LOSS, CORRELATION, N };
    static const xmc_column columns[N] = {[ID] = {"reinsurer", true},
                                          [NAME] = {"name", false},
                                          [PROBABILITY] = {"probability", true},
                                          [LOSS] = {"loss_given_default", true},
                                          [CORRELATION] = {"correlation", true}};
    xmc_table *t;
    size_t capacity = 0;
    xmc_book *b = l->book;
    xmc_status st = xmc_load_open(l, ref, columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        bool fresh = false;
        xmc_reinsurer x = {.id = xmc_load_text(l, t, ID)};
        x.name = xmc_cell_given(t, NAME) ? xmc_load_text(l, t, NAME) : x.id;
        x.probability = xmc_cell_positive(t, PROBABILITY, 0.5, 1);
        if (x.probability >= 1)
            xmc_cell_error(t, PROBABILITY, "a probability below 1");
        x.loss_given_default = xmc_cell_positive(t, LOSS, 1, 1);
        x.correlation = xmc_cell_number(t, CORRELATION, 0, 0, 0.99);
        if (x.id && (!xmc_load_is_word(x.id, false) || strlen(x.id) > 40))
            xmc_cell_error(t, ID, "letters, digits and _, at most 40");
        if (x.id && *x.id) {
            xmc_names_add(ids, x.id, strlen(x.id), &fresh);
            if (!fresh)
                xmc_cell_error(t, ID, "each reinsurer once");
        }
        if (!xmc_row_ok(t))
            continue;
        xmc_reinsurer *more =
            xmc_load_grow(l, b->reinsurers, b->n_reinsurers, &capacity, sizeof *more);
        if (!more)
            break;
        b->reinsurers = more;
        more[b->n_reinsurers++] = x;
    }
    if (b->n_reinsurers) /* draws are numbered by the order of the ids */
        qsort(b->reinsurers, b->n_reinsurers, sizeof *b->reinsurers, by_id);
    return xmc_load_close(l, ref, t);
}

static xmc_status read_shares(xmc_loader *l, const xmc_file_ref *ref, const xmc_names *numbers,
                              const uint32_t *index) {
    enum { TREATY, REINSURER, SHARE, N };
    static const xmc_column columns[N] = {[TREATY] = {"ReinsNumber", true},
                                          [REINSURER] = {"reinsurer", true},
                                          [SHARE] = {"signed_share", true}};
    xmc_table *t;
    size_t capacity = 0;
    xmc_book *b = l->book;
    xmc_status st = xmc_load_open(l, ref, columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        const uint32_t number =
            xmc_load_known(t, TREATY, numbers, "a ReinsNumber of the reinsurance info file");
        const xmc_reinsurer key = {.id = xmc_cell_text(t, REINSURER, NULL)};
        const xmc_reinsurer *known =
            b->n_reinsurers ? bsearch(&key, b->reinsurers, b->n_reinsurers, sizeof key, by_id)
                            : NULL;
        if (!known && *key.id)
            xmc_cell_error(t, REINSURER, "a reinsurer of the file 'reinsurers'");
        xmc_signed_share s = {.share = xmc_cell_positive(t, SHARE, 1, 1)};
        if (!xmc_row_ok(t) || number == UINT32_MAX || index[number] == UINT32_MAX)
            continue;
        s.treaty = index[number];
        s.reinsurer = (uint32_t)(known - b->reinsurers);
        for (size_t i = 0; i < b->n_signed_shares; i++)
            if (!by_treaty(&s, &b->signed_shares[i]))
                xmc_cell_error(t, REINSURER, "each reinsurer once for a treaty");
        if (!xmc_row_ok(t))
            continue;
        xmc_signed_share *more =
            xmc_load_grow(l, b->signed_shares, b->n_signed_shares, &capacity, sizeof *more);
        if (!more)
            break;
        b->signed_shares = more;
        more[b->n_signed_shares++] = s;
    }
    if (b->n_signed_shares)
        qsort(b->signed_shares, b->n_signed_shares, sizeof *b->signed_shares, by_treaty);
    return xmc_load_close(l, ref, t);
}

xmc_status xmc_load_reinsurers(xmc_loader *l, const xmc_file_ref *ref, const xmc_file_ref *shares,
                               const xmc_file_ref *info, const xmc_names *numbers,
                               const uint32_t *index) {
    xmc_names ids = {.arena = &l->scratch};
    const xmc_book *b = l->book;
    xmc_status st = read_reinsurers(l, ref, &ids);
    if (st == XMC_OK)
        st = read_shares(l, shares, numbers, index);
    xmc_names_free(&ids);
    if (st != XMC_OK)
        return st;
    for (uint32_t k = 0; k < b->n_treaties; k++) {
        double sum = 0;
        for (size_t i = 0; i < b->n_signed_shares; i++)
            sum += b->signed_shares[i].treaty == k ? b->signed_shares[i].share : 0;
        if (fabs(sum - 1) <= 1e-9)
            continue;
        char text[32];
        snprintf(text, sizeof text, "%g", sum);
        st = xmc_bad_input(l->diag,
                           (xmc_place){info->path, b->treaties[k].file_line, 0, "ReinsNumber"},
                           b->treaties[k].number,
                           "signed shares of the treaty's reinsurers that sum to 1 in the file "
                           "'reinsurer_shares', not to %s",
                           text);
    }
    return st;
}
